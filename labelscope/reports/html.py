"""Reports as HTML: self-contained, escaped, light and dark."""

from __future__ import annotations

from html import escape
from typing import Any

from labelscope.reports.report import Cell, Report, Section, Table, cell_text, is_number

STYLE = """
.ls-report{--bg:#fff;--ink:#1b1f24;--ink2:#59636e;--line:#d8dee4;--soft:#f5f7f9;
 font:14px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;color:var(--ink);background:var(--bg);
 max-width:960px;margin:0 auto;padding:24px}
.ls-report h1{font-size:22px;margin:0 0 16px}
.ls-report h2{font-size:16px;margin:28px 0 8px;padding-top:12px;border-top:1px solid var(--line)}
.ls-report p{margin:6px 0;overflow-wrap:anywhere}
.ls-report dl{display:flex;flex-wrap:wrap;gap:12px;margin:12px 0}
.ls-report dl div{background:var(--soft);border:1px solid var(--line);border-radius:8px;padding:8px 14px}
.ls-report dt{color:var(--ink2);font-size:12px}
.ls-report dd{margin:0;font-size:20px;font-weight:600;font-variant-numeric:tabular-nums}
.ls-report .ls-scroll{overflow-x:auto}
.ls-report table{border-collapse:collapse;margin:8px 0;color:inherit;background:none}
.ls-report caption{text-align:left;color:var(--ink2);padding:4px 0;white-space:nowrap}
.ls-report th,.ls-report td{padding:4px 12px 4px 0;border-bottom:1px solid var(--line);text-align:left;
 vertical-align:top;background:none}
.ls-report td{max-width:42ch;overflow-wrap:anywhere}
.ls-report th{color:var(--ink2);font-weight:600}
.ls-report .ls-n{text-align:right;font-variant-numeric:tabular-nums}
"""
_DARK = "--bg:#0f1317;--ink:#e6eaee;--ink2:#9aa6b2;--line:#2b333b;--soft:#171c22"
# Notebooks say themselves whether they are dark; elsewhere the reader's system does.
THEMES = (
    f"@media (prefers-color-scheme:dark){{.ls-report{{{_DARK}}}}}"
    f"body.vscode-dark .ls-report,[data-jp-theme-light=false] .ls-report,html.dark .ls-report{{{_DARK}}}"
    "[data-jp-theme-light=true] .ls-report,body.vscode-light .ls-report"
    "{--bg:#fff;--ink:#1b1f24;--ink2:#59636e;--line:#d8dee4;--soft:#f5f7f9}"
)


def page(report: Report) -> str:
    """Return a report as a page of its own.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(report.title)}</title>"
        "<style>body{margin:0}@media (prefers-color-scheme:dark){body{background:#0f1317}}</style></head>"
        f"<body>{fragment(report)}</body></html>\n"
    )


def fragment(report: Report) -> str:
    """Return a report as a piece of HTML, as a notebook's output shows it.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
    """
    sections = "".join(section_html(section) for section in report.sections)
    return (
        f"<style>{STYLE}{THEMES}</style>"
        f'<article class="ls-report"><h1>{escape(report.title)}</h1>{sections}</article>'
    )


def section_html(section: Section) -> str:
    """Return one section as HTML, all text escaped."""
    parts = [f"<section><h2>{escape(section.heading)}</h2>"]
    parts += [f"<p>{escape(text)}</p>" for text in section.paragraphs]
    if section.figures:
        parts.append("<dl>")
        parts += [
            f"<div><dt>{escape(name)}</dt><dd{_rows_of(value)}>{escape(cell_text('', value))}</dd></div>"
            for name, value in section.figures
        ]
        parts.append("</dl>")
    parts += [_table(table) for table in section.tables]
    return "".join([*parts, "</section>"])


def _table(table: Table) -> str:
    numeric = [
        any(is_number(row[k]) for row in table.rows)
        and all(is_number(row[k]) or row[k] is None for row in table.rows)
        for k in range(len(table.header))
    ]
    mark = [' class="ls-n"' if number else "" for number in numeric]
    head = "".join(
        f'<th scope="col"{attribute}>{escape(name)}</th>'
        for name, attribute in zip(table.header, mark, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{attribute}{_rows_of(value)}>{escape(cell_text(name, value))}</td>"
            for name, value, attribute in zip(table.header, row, mark, strict=True)
        )
        + "</tr>"
        for row in table.rows
    )
    caption = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    inner = f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="ls-scroll"><table>{inner}</table></div>'


def _rows_of(value: Any) -> str:
    return f' data-rows="{escape(value.rows)}"' if isinstance(value, Cell) else ""
