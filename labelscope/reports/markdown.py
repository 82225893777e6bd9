"""Reports as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from labelscope.reports.report import Report, Section, Table, cell_text, is_number

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$!&])")


def document(report: Report) -> str:
    """Return a report as Markdown.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        Text that came from data is escaped, so that it stays text.
    """
    blocks = [f"# {_escape(report.title)}"]
    for section in report.sections:
        blocks += _section(section)
    return "\n\n".join(blocks) + "\n"


def _section(section: Section) -> list[str]:
    blocks = [f"## {_escape(section.heading)}", *map(_escape, section.paragraphs)]
    if section.figures:
        blocks.append(
            "\n".join(
                f"- {_escape(name)}: **{_escape(cell_text('', value))}**" for name, value in section.figures
            )
        )
    for table in section.tables:
        if table.caption:
            blocks.append(_escape(table.caption))
        blocks.append(_table(table))
    return blocks


def _table(table: Table) -> str:
    columns = list(zip(*table.rows, strict=True)) or [() for _ in table.header]
    rules = ["---:" if any(map(is_number, column)) else "---" for column in columns]
    lines = [_line(table.header), _line(rules, escaped=True)]
    lines += [
        _line(cell_text(name, value) for name, value in zip(table.header, row, strict=True))
        for row in table.rows
    ]
    return "\n".join(lines)


def _line(cells: Iterable[str], escaped: bool = False) -> str:
    texts = list(cells)
    return "| " + " | ".join(texts if escaped else map(_escape, texts)) + " |"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
