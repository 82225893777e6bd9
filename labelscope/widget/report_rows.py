"""Reports as a page shows them: text as it is printed, and behind numbers the rows that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.reports.report import Cell, Report, Table, cell_text, is_number
from labelscope.review.state import EXCLUDED, KEPT, RELABELLED, UNREVIEWED, UNSURE
from labelscope.types import Array, BoolArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

Json = dict[str, Any]
#: Returns (n,) bool or (m,) int.
Find = Callable[[], Array]
#: Of a section's heading, a column and a table's row by column: which rows a number stands for.
More = Callable[[str, str, dict[str, Any]], Find | None]

_NAMES = ("class", "given", "now", "probably is", "label", "prediction")
_PAIRS = {"probably is": "suggested", "now": "current", "prediction": "suggested"}


@dataclass
class Rows:
    """Rows behind the numbers of one report, looked for when somebody asks."""

    found: dict[str, Find] = field(default_factory=dict)

    def add(self, find: Find) -> str:
        """Keep a question, and return its key."""
        key = f"r{len(self.found)}"
        self.found[key] = find
        return key

    def of(self, key: str) -> IntArray:
        """Return (m,) int64 rows in ascending order.

        Raises
        ------
        InvalidInputError
            The report has no such number any more.
        """
        if key not in self.found:
            raise InvalidInputError("This number is of an earlier report.", "Open the report again.")
        rows = np.asarray(self.found[key]())
        return np.flatnonzero(rows) if rows.dtype == bool else np.unique(rows.astype(np.int64))


class Facts:
    """What numbers of reports are about: classes, suggestions, decisions; as they are when asked.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        names = list(session.audit.dataset.labels.names)
        values = session.state.classes
        shown = [*names, *(str(value) for value in values[len(names) :])]
        self.codes = {str(value): code for code, value in enumerate(values)} | {
            name: code for code, name in enumerate(shown)
        }
        self.places: dict[str, int] = {str(v): k for k, v in enumerate(session.audit.dataset.ids)}

    def given(self, code: int) -> BoolArray:
        """Rows that came with a label."""
        return np.asarray(self.session.state.given == code)

    def current(self, code: int) -> BoolArray:
        """Rows that have a label now, those out of scope left out."""
        state = self.session.state
        return np.asarray((state.current == code) & (state.state != EXCLUDED))

    def suggested(self, code: int) -> BoolArray:
        """Rows that look like a class."""
        return np.asarray(np.asarray(self.session.suggested_codes) == code)

    def flagged(self) -> BoolArray:
        """Rows that the audit flags."""
        return np.asarray(self.session.audit.flagged, dtype=bool)

    def state(self, *states: int) -> BoolArray:
        """Rows in a state of the review."""
        return np.isin(self.session.state.state, states)

    def reviewed_by(self, name: str) -> BoolArray:
        """Rows that a person decided about."""
        rows = np.zeros(self.session.audit.n, dtype=bool)
        for event in self.session.state.active_events():
            if event.reviewer == name and event.rows:
                rows[[row for row in event.rows if row < len(rows)]] = True
        return rows


def figure_rows(facts: Facts, name: str) -> Find | None:
    """Return the rows behind a large figure, such as ``flagged``; None where it counts no rows."""
    known: dict[str, Find] = {
        "flagged": facts.flagged,
        "unlabelled": lambda: np.asarray(facts.session.state.given < 0),
        "unlabelled rows": lambda: np.asarray(facts.session.state.given < 0),
        "reviewed": lambda: ~facts.state(UNREVIEWED, UNSURE),
        "relabelled": lambda: facts.state(RELABELLED),
        "kept": lambda: facts.state(KEPT),
        "unsure": lambda: facts.state(UNSURE),
        "excluded": lambda: facts.state(EXCLUDED),
        "flagged, not reviewed": lambda: facts.flagged() & facts.state(UNREVIEWED),
    }
    return known.get(name)


def cell_rows(facts: Facts, column: str, row: dict[str, Any]) -> Find | None:
    """Return the rows behind a number in a table; None where it counts none.

    Parameters
    ----------
    facts : Facts
    column : str
        Of the number.
    row : dict
        All cells of its row by column.
    """
    named = {name: facts.codes.get(str(row[name])) for name in _NAMES if isinstance(row.get(name), str)}
    if column == "rows" or column.startswith("rows,"):
        pair = [(name, code) for name, code in named.items() if code is not None]
        if len(pair) == 2 and pair[0][0] in ("given", "label"):
            (_, first), (word, second) = pair
            other = facts.current if _PAIRS.get(word) == "current" else facts.suggested
            return lambda: facts.given(first) & other(second)
    code = named.get("class")
    if code is not None:
        of_class: dict[str, Find] = {
            "given": lambda: facts.given(code),
            "rows": lambda: facts.given(code),
            "labelled": lambda: facts.given(code),
            "flagged": lambda: facts.given(code) & facts.flagged(),
            "relabelled": lambda: facts.given(code) & facts.state(RELABELLED),
            "now": lambda: facts.current(code),
            "looked at": lambda: facts.given(code) & ~facts.state(UNREVIEWED),
            "called wrong": lambda: facts.given(code) & facts.state(RELABELLED, EXCLUDED),
        }
        return of_class.get(column)
    if column == "looks" and isinstance(row.get("reviewer"), str):
        return lambda: facts.reviewed_by(row["reviewer"])
    return None


def report_json(
    session: Session, report: Report, rows: Rows, more: More, find: Callable[[str], Array] | None = None
) -> Json:
    """Return a report as JSON: text cells as they are printed, and ``rows_of`` keys of their rows.

    Parameters
    ----------
    session : Session
    report : Report
    rows : Rows
        Keeps the rows behind the numbers.
    more : callable
        Of a section's heading, a column and a table's row: what this kind of report knows of its numbers.
    find : callable, optional
        Returns the rows of a key of a `reports.report.Cell`.

    Returns
    -------
    dict
        ``title`` and ``sections``: ``ReportJson`` of ``js/src/reportWire.ts``.
    """
    reading = _Reading(Facts(session), rows, more, find)
    sections = [
        {
            "heading": section.heading,
            "paragraphs": list(section.paragraphs),
            "figures": [reading.figure(section.heading, *figure) for figure in section.figures],
            "tables": [reading.table(section.heading, table) for table in section.tables],
        }
        for section in report.sections
    ]
    return {"title": report.title, "sections": sections}


@dataclass(frozen=True)
class _Reading:
    """Turns the parts of a report into JSON."""

    facts: Facts
    rows: Rows
    more: More
    find: Callable[[str], Array] | None

    def figure(self, heading: str, name: str, value: Any) -> list[str | None]:
        """Name, value and key of a large figure."""
        found = self._own(value) or self.more(heading, name, {}) or figure_rows(self.facts, name)
        return [name, cell_text("", value), self._key(found)]

    def table(self, heading: str, table: Table) -> Json:
        """A table, and the keys of its cells."""
        keys = []
        for cells in table.rows:
            row = dict(zip(table.header, map(_bare, cells), strict=False))
            keys.append(
                [self._key(self._cell(heading, column, row, v)) for column, v in _pairs(table, cells)]
            )
        numeric = [
            any(is_number(cells[k]) for cells in table.rows)
            and all(is_number(cells[k]) or cells[k] is None for cells in table.rows)
            for k in range(len(table.header))
        ]
        return {
            "header": list(table.header),
            "rows": [[cell_text(column, v) for column, v in _pairs(table, cells)] for cells in table.rows],
            "caption": table.caption,
            "numeric": numeric,
            "rows_of": keys,
        }

    def _cell(self, heading: str, column: str, row: dict[str, Any], value: Any) -> Find | None:
        own, places = self._own(value), self.facts.places
        if own is not None:
            return own
        if column == "id" and str(value) in places:
            place = places[str(value)]
            return lambda: np.array([place], dtype=np.int64)
        if not is_number(value) or not value:
            return None
        return self.more(heading, column, row) or cell_rows(self.facts, column, row)

    def _own(self, value: Any) -> Find | None:
        find = self.find
        if find is None or not isinstance(value, Cell):
            return None
        return lambda: find(value.rows)

    def _key(self, found: Find | None) -> str | None:
        return None if found is None else self.rows.add(found)


def _bare(value: Any) -> Any:
    return value.value if isinstance(value, Cell) else value


def _pairs(table: Table, cells: tuple[Any, ...]) -> Iterable[tuple[str, Any]]:
    return zip(table.header, cells, strict=True)
