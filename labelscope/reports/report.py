"""A report: a title and sections, without a look of its own until it is rendered."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labelscope.data.arguments import as_path
from labelscope.errors import InvalidInputError
from labelscope.review.files import replacing

_SUFFIXES = (".html", ".htm", ".md")


@dataclass(frozen=True)
class Cell:
    """A value that stands for rows of the data.

    Attributes
    ----------
    value : text or number
    rows : str
        Key of the rows, which HTML carries as ``data-rows``, so that a page can select them.
    """

    value: Any
    rows: str


@dataclass(frozen=True)
class Table:
    """Rows of cells under a header.

    Attributes
    ----------
    header : tuple of str
    rows : tuple of tuples
        Text, numbers, or a Cell of either; floats between 0 and 1 in a column named with "share" or "rate"
        are shown in %.
    caption : str
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Section:
    """A part of a report.

    Attributes
    ----------
    heading : str
    paragraphs : tuple of str
    figures : tuple of (name, value)
        Shown large, side by side; the value is text or a Cell of it.
    tables : tuple of Table
    """

    heading: str
    paragraphs: tuple[str, ...] = ()
    figures: tuple[tuple[str, str | Cell], ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Report:
    """What :func:`labelscope.report` returns; shows itself in a notebook.

    Attributes
    ----------
    title : str
    sections : tuple of Section

    Examples
    --------
    >>> report = Report("Labels", (Section("Counts", ("Two rows.",)),))
    >>> print(report.to_markdown())
    # Labels
    <BLANKLINE>
    ## Counts
    <BLANKLINE>
    Two rows.
    <BLANKLINE>
    """

    title: str
    sections: tuple[Section, ...] = field(default_factory=tuple)

    def to_html(self) -> str:
        """Return a page of its own: no network, no scripts, light or dark as the reader has it.

        Returns
        -------
        str
            All text that came from data is escaped.
        """
        from labelscope.reports.html import page

        return page(self)

    def to_markdown(self) -> str:
        """Return Markdown with tables.

        Returns
        -------
        str
            All text that came from data is escaped.
        """
        from labelscope.reports.markdown import document

        return document(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the report.

        Parameters
        ----------
        path : path
            ``.html`` or ``.md``.

        Returns
        -------
        Path

        Raises
        ------
        InvalidInputError
            Another suffix.
        ExportError
            The file cannot be written.
        """
        target = Path(path).expanduser()
        makers = {".html": self.to_html, ".htm": self.to_html, ".md": self.to_markdown}
        check_path(target)
        text = makers[target.suffix.lower()]()
        with replacing(target) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        return target

    def _repr_html_(self) -> str:
        from labelscope.reports.html import fragment

        return fragment(self)

    def __str__(self) -> str:
        return self.to_markdown()

    def __repr__(self) -> str:
        return f"<Report {self.title!r}: {', '.join(section.heading for section in self.sections)}>"


def cell_text(header: str, value: Any) -> str:
    """Return a cell as text: numbers with separators, shares in %."""
    if isinstance(value, Cell):
        return cell_text(header, value.value)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        share = "share" in header.lower() or "rate" in header.lower()
        return f"{100 * value:.1f} %" if share else number_text(value)
    return str(value)


def number_text(value: float, digits: int = 3) -> str:
    """Return a number with so many digits, and all of those before the point.

    Examples
    --------
    >>> number_text(0.0123456), number_text(1023.6), number_text(12.5, digits=4)
    ('0.0123', '1,024', '12.5')
    """
    if 10**digits - 0.5 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def is_number(value: Any) -> bool:
    """Whether a cell is set flush right."""
    if isinstance(value, Cell):
        return is_number(value.value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_path(path: str | os.PathLike[str]) -> None:
    """Refuse a path that no report can be saved to, before work is done for it.

    Raises
    ------
    InvalidInputError
        Another suffix than ``.html``, ``.htm`` and ``.md``.
    """
    suffix = as_path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise InvalidInputError.unknown("suffix of reports", suffix, _SUFFIXES)
