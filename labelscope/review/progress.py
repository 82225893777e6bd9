"""How far the review is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.review.events import DECISIONS, MACHINES
from labelscope.review.state import EXCLUDED, KEPT, RELABELLED, UNREVIEWED, UNSURE, ReviewState
from labelscope.types import BoolArray


@dataclass(frozen=True)
class Progress:
    """Counts of a review.

    Attributes
    ----------
    n, n_labeled : int
        Rows, and rows with a given label.
    reviewed, taken_over, by_machine : int
        Rows with a decision, by what the last one rests on: a person looked at the row; a person accepted
        suggestions of several rows in one go; a method (a teacher, judges, a propagation) decided.
    relabelled, kept, unsure, excluded : int
        Rows by what was decided last, whoever decided.
    flagged, flagged_left : int
        Rows that the audit flagged, and those of them without a decision.
    per_100 : float
        Wrong given labels that people found per 100 labeled rows they looked at; 0 before the first look.

    Notes
    -----
    ``reviewed`` is looked at. A page that was closed is a look at each of its rows; accepting suggestions in
    one go, without a page, is a look at none of them.
    """

    n: int
    n_labeled: int
    reviewed: int
    relabelled: int
    kept: int
    unsure: int
    excluded: int
    flagged: int
    flagged_left: int
    per_100: float
    by_machine: int = 0
    taken_over: int = 0


def progress_of(state: ReviewState, flagged: BoolArray) -> Progress:
    """Count.

    Parameters
    ----------
    state : ReviewState
    flagged : (n,) bool

    Returns
    -------
    Progress
    """
    states, labeled = state.state, state.given >= 0
    decided, machine, together = states != UNREVIEWED, machine_rows(state), taken_over_rows(state)
    seen = decided & ~machine & ~together
    looks = int((seen & labeled).sum())
    errors = int(((states == RELABELLED) & labeled & seen).sum())
    counts = np.bincount(states, minlength=6)
    return Progress(
        n=state.n,
        n_labeled=int(labeled.sum()),
        reviewed=int(seen.sum()),
        relabelled=int(counts[RELABELLED]),
        kept=int(counts[KEPT]),
        unsure=int(counts[UNSURE]),
        excluded=int(counts[EXCLUDED]),
        flagged=int(flagged.sum()),
        flagged_left=int((flagged & ~decided).sum()),
        per_100=100.0 * errors / looks if looks else 0.0,
        by_machine=int(machine.sum()),
        taken_over=int(together.sum()),
    )


def machine_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose last decision a method took, and no person."""
    return _decided_by(state, _by_machine(state))


def taken_over_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose label a person took over from suggestions together with others.

    Accepting all suggestions at once is a decision, and no look at each row: what is measured on such rows is
    how far a method agrees with itself. Rows of a page that was closed were before a person's eyes.
    """
    return _decided_by(state, _in_one_go(state))


def look_events(state: ReviewState) -> BoolArray:
    """Return (n_events,) bool: decisions of people who looked at the rows."""
    decided = np.array([event.kind in DECISIONS for event in state.events], dtype=bool)
    return decided & ~_by_machine(state) & ~_in_one_go(state)


def _by_machine(state: ReviewState) -> BoolArray:
    return np.array([event.source in MACHINES for event in state.events], dtype=bool)


def _in_one_go(state: ReviewState) -> BoolArray:
    """Whether each event is of a gesture that took over suggestions of several rows, not of a page."""
    first: dict[str, int] = {}
    several: set[str] = set()
    events = state.events
    pages = {event.batch for event in events if event.kind == "page_timed"}
    found = np.array([event.source == "suggestion" for event in events], dtype=bool)
    for event in (events[place] for place in np.flatnonzero(found).tolist()):
        # A gesture may write several events: rows that get a label, and rows that have it already.
        if event.rows and event.kind in DECISIONS:
            one = first.setdefault(event.batch, event.rows[0])
            if any(row != one for row in event.rows):
                several.add(event.batch)
    several -= pages
    return np.asarray(found & np.array([event.batch in several for event in events], dtype=bool))


def _decided_by(state: ReviewState, taken: BoolArray) -> BoolArray:
    """Rows whose last decision is one of some events."""
    found = (state.state != UNREVIEWED) & (state.last >= 0)
    rows = np.flatnonzero(found)
    found[rows] = taken[state.last[rows]] if len(rows) else False
    return np.asarray(found)


def unseen_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows with a decision that rests on nobody's look at the row."""
    return machine_rows(state) | taken_over_rows(state)


def seen_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose last decision rests on a person's look at the row."""
    return np.asarray((state.state != UNREVIEWED) & ~unseen_rows(state))


def never_seen_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows with a decision at which no person ever looked."""
    return np.asarray((state.state != UNREVIEWED) & (state.first_of(look_events(state)) < 0))
