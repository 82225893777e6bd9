"""A label as HTML: a card like that on food, then the modules; no scripts, nothing to load, all escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from labelscope.reports.html import STYLE, THEMES, section_html
from labelscope.reports.nutrition.text import is_share, report_of, stated, text_of_figure
from labelscope.reports.report import Cell

_STYLE = """
.ls-label{border:2px solid var(--ink);padding:8px 14px 12px;max-width:420px;margin:0 0 20px}
.ls-label h1{font-size:26px;font-weight:800;margin:0;line-height:1.15;overflow-wrap:anywhere}
.ls-label h2{font-size:15px;margin:0;padding:6px 0 2px;border-top:8px solid var(--ink)}
.ls-label p{margin:2px 0 8px;font-size:13px;color:var(--ink2)}
.ls-label table{width:100%;margin:0;font-size:13px}
.ls-label td{border-bottom:0;border-top:1px solid var(--line);padding:3px 0 3px 6px;max-width:none}
.ls-label td:first-child{padding-left:0;font-weight:600}
.ls-label td:nth-child(2){text-align:right;font-variant-numeric:tabular-nums}
.ls-label td:nth-child(3){color:var(--ink2);text-align:right;width:5.2em}
.ls-label ul{margin:0;padding:0;list-style:none;font-size:13px}
.ls-label li{border-top:1px solid var(--line);padding:3px 0;overflow-wrap:anywhere}
.ls-label b.ls-high{color:#c0183a}.ls-label b.ls-medium{color:#9a5b00}
.ls-plot{display:inline-block;margin:8px 20px 8px 0;vertical-align:top}
.ls-plot figcaption{color:var(--ink2);font-size:12px}
.ls-plot text{fill:currentColor;font:10px system-ui,sans-serif}
"""
_STATED = ("source", "author", "license", "released", "description")
_MOST_ALERTS = 12
_CELL, _BAR, _LEFT = 26, 40, 110


def label_page(document: Mapping[str, Any]) -> str:
    """Return a document as a page of its own.

    Parameters
    ----------
    document : dict

    Returns
    -------
    str
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape('Nutrition label of ' + document['title'])}</title>"
        "<style>body{margin:0}@media (prefers-color-scheme:dark){body{background:#0f1317}}</style></head>"
        f"<body>{label_fragment(document)}</body></html>\n"
    )


def label_fragment(document: Mapping[str, Any]) -> str:
    """Return a document as a piece of HTML, as a notebook's output shows it."""
    report = report_of(document)
    parts = []
    for section in report.sections:
        made = section_html(section)
        if section.heading.startswith("5."):
            plots = "".join(_plot(plot) for plot in document["modules"]["pair_plots"]["plots"])
            made = made.replace("</h2>", f"</h2>{plots}", 1)
        parts.append(made)
    return (
        f"<style>{STYLE}{THEMES}{_STYLE}</style>"
        f'<article class="ls-report">{_card(document)}{"".join(parts)}</article>'
    )


def _card(document: Mapping[str, Any]) -> str:
    metadata, quality = document["modules"]["metadata"], document["label_quality"]
    said = {**metadata["stated"], **document["modules"]["provenance"]["stated"]}
    labels = document["modules"]["statistics"]["labels"]["figures"]
    facts = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(stated(said[name]))}</td><td>stated</td></tr>"
        for name in _STATED
    )
    return (
        f'<div class="ls-label"><h1>{escape(document["title"])}</h1>'
        f"<p>{escape(metadata['task'])} · {escape(metadata['modality'])}</p>"
        f"<h2>Contents</h2><table>{_rows({**metadata['counted'], **labels})}</table>"
        f"<h2>Label quality</h2><table>{_rows(quality['figures'])}</table><p>{escape(quality['basis'])}</p>"
        f"<h2>Alerts</h2>{_alerts(document['alerts'])}"
        f"<h2>Origin</h2><table>{facts}</table></div>"
    )


def _rows(figures: Mapping[str, Any]) -> str:
    rows = []
    for name, figure in figures.items():
        if figure["value"] is None and not is_share(name):
            continue
        text = text_of_figure(name, figure)
        key = f' data-rows="{escape(text.rows)}"' if isinstance(text, Cell) else ""
        said = text.value if isinstance(text, Cell) else text
        rows.append(
            f"<tr><td>{escape(name)}</td><td{key}>{escape(str(said))}</td><td>{escape(figure['basis'])}</td></tr>"
        )
    return "".join(rows)


def _alerts(alerts: list[dict[str, Any]]) -> str:
    if not alerts:
        return "<p>None.</p>"
    items = "".join(
        f'<li{_key(alert["rows"])}><b class="ls-{escape(alert["severity"])}">{escape(alert["severity"])}</b>'
        f" {escape(alert['message'])}</li>"
        for alert in alerts[:_MOST_ALERTS]
    )
    more = len(alerts) - _MOST_ALERTS
    return f"<ul>{items}{f'<li>and {more:,} more</li>' if more > 0 else ''}</ul>"


def _key(rows: str | None) -> str:
    return f' data-rows="{escape(rows)}"' if rows else ""


def _plot(plot: Mapping[str, Any]) -> str:
    """Draw two histograms and the cells between them, the darker the more rows."""
    n_x, n_y = len(plot["x_bins"]), len(plot["y_bins"])
    if not n_x or not n_y:
        return ""
    most = max(max(row) for row in plot["counts"]) or 1
    top, width = _BAR + 4, _LEFT + n_y * _CELL + _BAR + 8
    height = top + n_x * _CELL + 4
    parts = []
    for i in range(n_x):
        y = top + i * _CELL
        name = escape(plot["x_bins"][i][:18])
        parts.append(f'<text x="{_LEFT - 6}" y="{y + _CELL / 2 + 3:g}" text-anchor="end">{name}</text>')
        size = _BAR * plot["x_counts"][i] / (max(plot["x_counts"]) or 1)
        x = _LEFT + n_y * _CELL + 4
        parts.append(
            _rect(x, y + 3, size, _CELL - 6, 0.5, f"{plot['x_bins'][i]}: {plot['x_counts'][i]:,}", None)
        )
        for j in range(n_y):
            count = plot["counts"][i][j]
            said = f"{plot['x_bins'][i]}, {plot['y_bins'][j]}: {count:,} rows"
            shade = 0.05 + 0.85 * (count / most) ** 0.5 if count else 0.03
            parts.append(_rect(_LEFT + j * _CELL, y, _CELL - 1, _CELL - 1, shade, said, plot["rows"][i][j]))
    for j in range(n_y):
        size = _BAR * plot["y_counts"][j] / (max(plot["y_counts"]) or 1)
        said = f"{plot['y_bins'][j]}: {plot['y_counts'][j]:,}"
        parts.append(_rect(_LEFT + j * _CELL + 3, _BAR - size, _CELL - 7, size, 0.5, said, None))
    title = escape(f"{plot['x']} (down) against {plot['y']} (across)")
    return (
        f'<figure class="ls-plot"><svg role="img" aria-label="{title}" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}">{"".join(parts)}</svg><figcaption>{title}</figcaption></figure>'
    )


def _rect(x: float, y: float, w: float, h: float, shade: float, said: str, rows: str | None) -> str:
    return (
        f'<rect x="{x:g}" y="{y:.4g}" width="{w:.4g}" height="{h:.4g}" fill="currentColor"'
        f' fill-opacity="{shade:.2f}"{_key(rows)}><title>{escape(said)}</title></rect>'
    )
