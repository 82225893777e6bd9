"""Pages for several reviewers: one class a page, and copies hidden among the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

#: Pages that lie between a row and its copy for the same person, counted from the row's own page.
APART = 2


@dataclass(frozen=True, eq=False)
class PlannedPage:
    """A page of a plan.

    Attributes
    ----------
    reviewer : str
    label : int
        Code of the class that all rows are grouped by; -1 where rows are not grouped.
    rows : (m,) int64
        In random order.
    copies : (m,) bool
        Rows that somebody sees elsewhere, too; not for the reviewer's eyes.
    expected_errors : float
        Sum of the suspicion.
    """

    reviewer: str
    label: int
    rows: IntArray
    copies: BoolArray
    expected_errors: float


@dataclass
class _Sheet:
    """A page in the making."""

    label: int
    rows: list[int] = field(default_factory=list)
    copies: list[bool] = field(default_factory=list)

    def add(self, row: int, copy: bool) -> None:
        self.rows.append(row)
        self.copies.append(copy)


@dataclass(frozen=True, eq=False)
class Dealt:
    """Pages of all reviewers, each one's in the order to take them.

    Attributes
    ----------
    pages : tuple of PlannedPage
    n_copies, n_self : int
        Copies for another person, and for the same one.
    """

    pages: tuple[PlannedPage, ...]
    n_copies: int
    n_self: int


def deal_pages(
    rows: IntArray,
    labels: IntArray,
    suspicion: FloatArray,
    reviewers: Sequence[str],
    *,
    page: int,
    overlap: float,
    self_overlap: float,
    rng: np.random.Generator,
) -> Dealt:
    """Deal rows to pages, pages to reviewers, and copies to pages.

    Parameters
    ----------
    rows : (m,) int
        Each once, most suspicious first.
    labels : (m,) int
        Class of each, by which pages are grouped.
    suspicion : (m,) float
    reviewers : sequence of str
    page : int
        Most rows of a page.
    overlap : float
        Copies per row.
    self_overlap : float
        Share of the copies that come back to the same person.
    rng : Generator

    Returns
    -------
    Dealt
        Pages of one class each, most suspicious first, as evenly among reviewers as pages allow. A copy for
        the same person lies two pages or more away, on a page of the same class; where there is none, on a
        page at the end.

    Examples
    --------
    >>> found = deal_pages(
    ...     np.arange(6), np.array([0, 0, 1, 1, 0, 0]), np.linspace(0.9, 0.4, 6), ["ada", "bob"],
    ...     page=3, overlap=0.0, self_overlap=0.0, rng=np.random.default_rng(0),
    ... )
    >>> [(one.reviewer, one.label, len(one.rows)) for one in found.pages]
    [('ada', 0, 3), ('bob', 1, 2), ('bob', 0, 1)]
    """
    doubt = dict(zip(rows.tolist(), np.asarray(suspicion, dtype=np.float64).tolist(), strict=True))
    of_class = dict(zip(rows.tolist(), labels.tolist(), strict=True))
    own = _dealt(rows, labels, doubt, len(reviewers), max(1, int(page / (1 + overlap))))
    total = round(overlap * len(rows))
    n_self = round(self_overlap * total)
    n_others = total - n_self if len(reviewers) > 1 else 0
    pool = rng.permutation(rows).tolist()
    _copy_to_others(own, pool[:n_others], of_class, doubt, page, rng)
    placed = _copy_to_same(own, pool[n_others:], n_self, of_class, page, rng)
    pages = []
    for who, sheets in zip(reviewers, own, strict=True):
        for sheet in sheets:
            order = rng.permutation(len(sheet.rows))
            members = np.array(sheet.rows, dtype=np.int64)[order]
            copies = np.array(sheet.copies, dtype=bool)[order]
            errors = sum(doubt[row] for row in sheet.rows)
            pages.append(PlannedPage(who, sheet.label, members, copies, float(errors)))
    return Dealt(tuple(pages), n_others, placed)


def _dealt(
    rows: IntArray, labels: IntArray, doubt: dict[int, float], n_reviewers: int, size: int
) -> list[list[_Sheet]]:
    """Cut each class into pages, and give each page to whom has the fewest rows."""
    sheets = []
    for label in np.unique(labels).tolist():
        members = rows[labels == label].tolist()
        for start in range(0, len(members), size):
            part = members[start : start + size]
            sheets.append(_Sheet(label, part, [False] * len(part)))
    sheets.sort(key=lambda sheet: -_mean(sheet, doubt))
    own: list[list[_Sheet]] = [[] for _ in range(n_reviewers)]
    load = [0] * n_reviewers
    for sheet in sheets:
        least = load.index(min(load))
        own[least].append(sheet)
        load[least] += len(sheet.rows)
    return own


def _copy_to_others(
    own: list[list[_Sheet]],
    chosen: list[int],
    of_class: dict[int, int],
    doubt: dict[int, float],
    page: int,
    rng: np.random.Generator,
) -> None:
    home = {row: who for who, sheets in enumerate(own) for sheet in sheets for row in sheet.rows}
    free: dict[tuple[int, int], list[_Sheet]] = {}
    for who, sheets in enumerate(own):
        for sheet in sheets:
            free.setdefault((who, sheet.label), []).append(sheet)
    for row in chosen:
        others = [who for who in range(len(own)) if who != home[row]]
        who = others[int(rng.integers(len(others)))]
        near = free.setdefault((who, of_class[row]), [])
        open_ = [sheet for sheet in near if len(sheet.rows) < page]
        if not open_:
            open_ = [_Sheet(of_class[row])]
            near.extend(open_)
            own[who].extend(open_)
        open_[int(rng.integers(len(open_)))].add(row, True)
    for sheets in own:
        sheets.sort(key=lambda sheet: -_mean(sheet, doubt))


def _copy_to_same(
    own: list[list[_Sheet]],
    pool: list[int],
    wanted: int,
    of_class: dict[int, int],
    page: int,
    rng: np.random.Generator,
) -> int:
    """Bring rows back to the same person, at some distance; returns how many could be."""
    place = {
        row: (who, at)
        for who, sheets in enumerate(own)
        for at, sheet in enumerate(sheets)
        for row, copy in zip(sheet.rows, sheet.copies, strict=True)
        if not copy
    }
    by_class: dict[tuple[int, int], list[int]] = {}
    for who, sheets in enumerate(own):
        for at, sheet in enumerate(sheets):
            by_class.setdefault((who, sheet.label), []).append(at)
    left, placed = [], 0
    for row in pool:
        if placed == wanted:
            return placed
        who, at = place[row]
        there = by_class[who, of_class[row]]
        far = [one for one in there if abs(one - at) >= APART and len(own[who][one].rows) < page]
        if far:
            own[who][far[int(rng.integers(len(far)))]].add(row, True)
            placed += 1
        else:
            left.append(row)
    last = [len(sheets) - 1 for sheets in own]
    more: dict[tuple[int, int], _Sheet] = {}
    for row in left:
        who, at = place[row]
        if placed == wanted or at == last[who]:
            continue
        key = who, of_class[row]
        if key not in more or len(more[key].rows) >= page:
            more[key] = _Sheet(of_class[row])
            own[who].append(more[key])
        more[key].add(row, True)
        placed += 1
    return placed


def _mean(sheet: _Sheet, doubt: dict[int, float]) -> float:
    return sum(doubt[row] for row in sheet.rows) / len(sheet.rows)
