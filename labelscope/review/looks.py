"""Looks: who said what about which row, on which page, and how long it took; read from the journal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from labelscope.errors import notify
from labelscope.review.events import DECISIONS, MACHINES, TAGGING, Event, scalar_key
from labelscope.review.state import ReviewState
from labelscope.types import BoolArray, FloatArray, IntArray

#: Answers that are no label; sets of right labels get numbers from the number of classes on.
NO_LABEL, NOTHING, OUT_OF_SCOPE, EDITED = -1, -2, -3, -4
#: What a look comes to.
OUTCOMES = ("corrected", "agreed", "uncertain", "no label", "out of scope", "several right", "tags changed")
CORRECTED, AGREED, UNCERTAIN, WITHOUT, SCOPE, SEVERAL, TAGS = range(7)
# Taken over in one step: nobody looked at each of these rows.
_NOT_LOOKED_AT = (*MACHINES, "suggestion")
# A page cannot have taken longer than it is since the same person's last one, but for the way to the disk.
_LATE_SECONDS = 5.0


@dataclass(frozen=True, eq=False)
class Pages:
    """Pages that were closed and stand, in order.

    Attributes
    ----------
    seconds : (p,) float64
        As the page's own clock had it; NaN where that is no usable number.
    n : (p,) int64
        Looks on each.
    reviewer : (p,) int64
        Position in ``Looks.reviewers``.
    at : (p,) float64
        When it was closed, in seconds since 1970; NaN where that cannot be read.
    mean : tuple of str
        What an untouched row said.
    """

    seconds: FloatArray
    n: IntArray
    reviewer: IntArray
    at: FloatArray
    mean: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.seconds)


@dataclass(frozen=True, eq=False)
class Looks:
    """Each look of a person at a row, in order of time.

    Attributes
    ----------
    row, reviewer : (m,) int64
    answer : (m,) int64
        Code of the label that the row has by this look; -1 no label, -2 nothing but a doubt, -3 out of
        scope, -4 tags that were changed; from the number of classes on, sets of labels that are right.
    unsure : (m,) bool
        Whether the person flagged the row as unsure, with or without an answer.
    page : (m,) int64
        Position in ``pages``; -1 for a row looked at alone.
    at : (m,) float64
        Seconds since 1970, NaN where that cannot be read.
    reviewers : tuple of str
    pages : Pages
    n_classes : int
    left_out : dict of str to int
        What is not counted, by reason: ``taken_over`` rows, ``revised`` answers, ``settled`` ones,
        ``duplicates``, ``untimed`` pages, ``empty`` pages, ``skewed`` pages (these are counted), ``tags``
        events.
    """

    row: IntArray
    reviewer: IntArray
    answer: IntArray
    unsure: BoolArray
    page: IntArray
    at: FloatArray
    reviewers: tuple[str, ...]
    pages: Pages
    n_classes: int
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.row)

    def outcome(self, given: IntArray) -> IntArray:
        """Return (m,) int64: position in ``OUTCOMES`` of what each look came to.

        Parameters
        ----------
        given : (n,) int
            Codes of the given labels.
        """
        answer = self.answer
        cases = [
            self.unsure,
            (answer == given[self.row]) & (answer >= NO_LABEL),
            (answer >= 0) & (answer < self.n_classes),
            answer == NO_LABEL,
            answer == OUT_OF_SCOPE,
            answer >= self.n_classes,
        ]
        order = [UNCERTAIN, AGREED, CORRECTED, WITHOUT, SCOPE, SEVERAL]
        return np.select(cases, order, default=TAGS).astype(np.int64)

    def called_wrong(self, given: IntArray) -> BoolArray:
        """Return (m,) bool: looks after which the row has not the given label, or is out of scope."""
        return np.isin(self.outcome(given), (CORRECTED, WITHOUT, SCOPE, TAGS))

    def agreed(self, given: IntArray) -> BoolArray:
        """Return (m,) bool: looks that confirmed the given label."""
        return np.asarray(self.outcome(given) == AGREED)


@dataclass
class _Reading:
    """Columns in the making."""

    state: ReviewState
    rows: list[IntArray] = field(default_factory=list)
    answers: list[IntArray] = field(default_factory=list)
    unsure: list[BoolArray] = field(default_factory=list)
    batch: list[IntArray] = field(default_factory=list)
    sets: dict[tuple[int, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.codes = {scalar_key(value): code for code, value in enumerate(self.state.classes)}

    def add(self, event: Event, batch: int) -> None:
        """Take an event in."""
        self.rows.append(np.array(event.rows, dtype=np.int64))
        self.answers.append(self._answers(event))
        self.unsure.append(np.full(len(event.rows), event.kind == "unsure"))
        self.batch.append(np.full(len(event.rows), batch))

    def _answers(self, event: Event) -> IntArray:
        m = len(event.rows)
        if event.kind in ("relabelled", "kept"):
            said = event.after or event.before
            if len(said) == m:
                found = [-1 if value is None else self.codes.get(scalar_key(value), -1) for value in said]
                return np.array(found, dtype=np.int64)
            return self.state.given[list(event.rows)].astype(np.int64)
        if event.kind == "accepted_set":
            named = event.data.get("labels")
            labels = named if isinstance(named, list) else []
            known = tuple(sorted({self.codes.get(scalar_key(value), -1) for value in labels}))
            code = len(self.state.classes) + self.sets.setdefault(known, len(self.sets))
            return np.full(m, code, dtype=np.int64)
        code = {"unsure": NOTHING, "excluded": OUT_OF_SCOPE}.get(event.kind, EDITED)
        return np.full(m, code, dtype=np.int64)


def looks_of(state: ReviewState) -> Looks:
    """Read the looks that stand.

    Parameters
    ----------
    state : ReviewState

    Returns
    -------
    Looks
        All that one batch says of a row is one look: a doubt and a guess, for instance. Every page is a look
        of its own. A row decided about alone is one look per person, whose last word counts; after a page,
        it revises what the same person said there. It settles a difference, and is no look, where that
        person said it on two pages, or somebody else looked since: what was said before stands. Rows
        taken over in one step without a page, from suggestions, propagations or teachers, are no looks.

    Examples
    --------
    >>> import labelscope as ls
    >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
    >>> session = ls.Session(audit, journal=None, reviewer="ada")
    >>> _ = session.relabel(2, "-"), session.keep(0)
    >>> found = looks_of(session.state)
    >>> found.row.tolist(), found.answer.tolist(), found.reviewers
    ([2, 0], [1, 0], ('ada',))
    """
    events, n_duplicates = _once(state.active_events())
    reviewers = tuple(sorted({event.reviewer for event in events}))
    batches = list(dict.fromkeys(event.batch for event in events))
    number = {batch: place for place, batch in enumerate(batches)}
    timed: dict[int, Event] = {}
    for event in events:
        if event.kind == "page_timed":
            timed.setdefault(number[event.batch], event)
    reading, who, when = _Reading(state), np.zeros(len(batches), int), np.full(len(batches), np.nan)
    n_taken = 0
    for event in events:
        batch = number[event.batch]
        who[batch], when[batch] = reviewers.index(event.reviewer), seconds_since_1970(event.at)
        if event.kind not in DECISIONS or not event.rows:
            continue
        alone = len(event.rows) == 1 and event.source == "suggestion"
        if event.source in _NOT_LOOKED_AT and batch not in timed and not alone:
            n_taken += len(event.rows)
        else:
            reading.add(event, batch)
    row, answer, unsure, batch_of = _merged(reading)
    left_out = {"taken_over": n_taken, "duplicates": n_duplicates}
    pages, page_of, told = _pages(timed, batch_of, who, when)
    kept, answer, unsure, page, revised = _last_words(
        who[batch_of], row, max(state.n, 1), answer, unsure, page_of[batch_of]
    )
    left_out |= {**told, **revised}
    left_out["tags"] = sum(event.kind in TAGGING for event in events)
    batch_of = batch_of[kept]
    return Looks(
        row[kept],
        who[batch_of],
        answer,
        unsure,
        page,
        when[batch_of],
        reviewers,
        pages,
        len(state.classes),
        left_out,
    )


def tell_of(looks: Looks) -> None:
    """Say what is not counted, or counted with a doubt."""
    said = {
        "duplicates": "events are in the journal twice and count once",
        "untimed": "pages have no usable time and count for what was said, not for how long it took",
    }
    for reason, words in said.items():
        if looks.left_out.get(reason):
            notify(f"looks_{reason}", f"{looks.left_out[reason]:,} {words}.", "Nothing needs to be done.")
    if looks.left_out.get("skewed"):
        notify(
            "clock_skew",
            f"{looks.left_out['skewed']:,} pages took longer than it was since the same person's page before:"
            " clocks disagree, or two pages were open at once.",
            "Times are those of the pages' own clocks; orders by time may be wrong.",
        )


def seconds_since_1970(at: Any) -> float:
    """Return a moment as a number; NaN where it cannot be read. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(at)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError):
        return float("nan")


def _once(events: Sequence[Event]) -> tuple[list[Event], int]:
    """Leave out events that say the same, of the same moment, under another id."""
    seen: dict[Any, str] = {}
    kept = []
    for event in events:
        key = (event.reviewer, event.at, event.kind, event.rows, event.after, repr(event.data))
        if seen.setdefault(key, event.id) == event.id:
            kept.append(event)
    return kept, len(events) - len(kept)


def _merged(reading: _Reading) -> tuple[IntArray, IntArray, BoolArray, IntArray]:
    """Bring together what one batch says of a row; the last answer of a batch counts."""
    empty = np.zeros(0, dtype=np.int64)
    row, answer, batch = (
        np.concatenate([empty, *parts]).astype(np.int64)
        for parts in (reading.rows, reading.answers, reading.batch)
    )
    unsure = np.concatenate([empty.astype(bool), *reading.unsure])
    key = batch * max(reading.state.n, 1) + row
    groups, place = np.unique(key, return_inverse=True)
    said = np.full(len(groups), NOTHING, dtype=np.int64)
    named = answer != NOTHING
    said[place[named]] = answer[named]
    doubt = np.zeros(len(groups), dtype=bool)
    np.logical_or.at(doubt, place, unsure)
    return groups % max(reading.state.n, 1), said, doubt, groups // max(reading.state.n, 1)


def _pages(
    timed: dict[int, Event], batch_of: IntArray, who: IntArray, when: FloatArray
) -> tuple[Pages, IntArray, dict[str, int]]:
    """Read the pages, and where each batch's page is; -1 for a batch without one."""
    counts = np.bincount(batch_of, minlength=len(who))
    filled = [batch for batch in sorted(timed) if counts[batch]]
    page_of = np.full(len(who), -1, dtype=np.int64)
    page_of[filled] = np.arange(len(filled))
    seconds = np.array([_seconds(timed[batch].data.get("seconds")) for batch in filled], dtype=np.float64)
    mean = tuple(str(timed[batch].data.get("mean", "")) for batch in filled)
    pages = Pages(seconds, counts[filled].astype(np.int64), who[filled], when[filled], mean)
    earlier = [_seconds(timed[batch].data.get("earlier")) for batch in filled]
    told = {
        "untimed": int(np.isnan(seconds).sum()),
        "empty": len(timed) - len(filled),
        "skewed": _skewed(pages, np.nan_to_num(np.array(earlier, dtype=np.float64))),
    }
    return pages, page_of, told


def _seconds(value: Any) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and value > 0 else float("nan")


def _skewed(pages: Pages, earlier: FloatArray) -> int:
    found = 0
    for one in np.unique(pages.reviewer).tolist():
        own = np.flatnonzero(pages.reviewer == one)
        gaps = np.diff(pages.at[own])
        spent = (pages.seconds - earlier)[own][1:]
        found += int((spent > gaps + _LATE_SECONDS).sum())
    return found


def _last_words(
    who: IntArray, row: IntArray, n: int, answer: IntArray, unsure: BoolArray, page: IntArray
) -> tuple[IntArray, IntArray, BoolArray, IntArray, dict[str, int]]:
    """Let a row decided about alone revise what the same person said of it before."""
    key = who * n + row
    order = np.argsort(key, kind="stable")
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = (np.diff(key[order]) != 0) | (page[order[1:]] >= 0)
    group = np.cumsum(starts) - 1
    first = order[starts]
    last = np.zeros(len(first), dtype=np.int64)
    last[group] = order
    n_settled = _settle(who, row, page, first, last, order, group)
    by_time = np.argsort(first, kind="stable")
    first, last = first[by_time], last[by_time]
    told = {"revised": len(order) - len(first) - n_settled, "settled": n_settled}
    return first, answer[last], unsure[last], page[first], told


def _settle(
    who: IntArray,
    row: IntArray,
    page: IntArray,
    first: IntArray,
    last: IntArray,
    order: IntArray,
    group: IntArray,
) -> int:
    """Take revisions of pages back that settle a difference; returns how many, and changes ``last``."""
    changed = np.flatnonzero((page[first] >= 0) & (last != first))
    if not len(changed):
        return 0
    watched = np.isin(row, row[first[changed]])
    others: dict[int, list[int]] = {}
    for at in np.flatnonzero(watched).tolist():
        others.setdefault(int(row[at]), []).append(at)
    n_settled = 0
    for one in changed.tolist():
        start = int(first[one])
        looks = others[int(row[start])]
        twice = any(at < start and who[at] == who[start] and page[at] >= 0 for at in looks)
        since = min((at for at in looks if at > start and who[at] != who[start]), default=len(row))
        words = order[np.searchsorted(group, one) : np.searchsorted(group, one, side="right")]
        standing = words[:1] if twice else words[words < since]
        last[one] = standing[-1]
        n_settled += len(words) - len(standing)
    return n_settled


def names_of(reviewers: Iterable[str], most: int = 5) -> str:
    """List names, the first few of them."""
    listed = list(reviewers)
    more = f" and {len(listed) - most:,} others" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
