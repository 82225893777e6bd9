"""How far the review is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.review.sampling import MACHINES
from labelscope.review.state import EXCLUDED, KEPT, RELABELLED, UNREVIEWED, UNSURE, ReviewState
from labelscope.types import BoolArray


@dataclass(frozen=True)
class Progress:
    """Counts of a review.

    Attributes
    ----------
    n, n_labeled : int
        Rows, and rows with a given label.
    reviewed, by_machine : int
        Rows with a decision whose last one a person took, or a method (a teacher, judges, a propagation).
    relabelled, kept, unsure, excluded : int
        Rows by what was decided last, whoever decided.
    flagged, flagged_left : int
        Rows that the audit flagged, and those of them without a decision.
    per_100 : float
        Wrong given labels that people found per 100 labeled rows they looked at; 0 before the first look.
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
    decided, seen = states != UNREVIEWED, seen_rows(state)
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
        by_machine=int((decided & ~seen).sum()),
    )


def machine_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose last decision a method took, and no person."""
    found = (state.state != UNREVIEWED) & (state.last >= 0)
    rows = np.flatnonzero(found)
    taken = np.array([event.source in MACHINES for event in state.events], dtype=bool)
    found[rows] = taken[state.last[rows]] if len(rows) else False
    return np.asarray(found)


def taken_over_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose label a person took over from suggestions together with others.

    Accepting all suggestions at once is a decision, and no look at each row: what is measured on such rows is
    how far a method agrees with itself.
    """
    found = (state.state != UNREVIEWED) & (state.last >= 0)
    rows = np.flatnonzero(found)
    taken = np.array([event.source == "suggestion" for event in state.events], dtype=bool)
    found[rows] = (taken & (state.sizes > 1))[state.last[rows]] if len(rows) else False
    return np.asarray(found)


def unseen_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows with a decision that rests on nobody's look at the row."""
    return machine_rows(state) | taken_over_rows(state)


def seen_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose last decision a person took."""
    return np.asarray((state.state != UNREVIEWED) & ~machine_rows(state))
