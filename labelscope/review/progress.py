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
    reviewed, relabelled, kept, unsure, excluded : int
        Rows with a decision, and by what was decided last.
    flagged, flagged_left : int
        Rows that the audit flagged, and those of them without a decision.
    per_100 : float
        Wrong given labels found per 100 labeled rows looked at; 0 before the first look.
    by_machine : int
        Rows among ``reviewed`` whose last decision a teacher or a propagation made, and no person.
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
    looked = states != UNREVIEWED
    looks = int((looked & labeled).sum())
    errors = int(((states == RELABELLED) & labeled).sum())
    counts = np.bincount(states, minlength=6)
    places, rows = np.unique(state.last[looked], return_counts=True)
    events = state.events
    by_machine = sum(
        n
        for place, n in zip(places.tolist(), rows.tolist(), strict=True)
        if place >= 0 and events[place].source in MACHINES
    )
    return Progress(
        n=state.n,
        n_labeled=int(labeled.sum()),
        reviewed=int(looked.sum()),
        relabelled=int(counts[RELABELLED]),
        kept=int(counts[KEPT]),
        unsure=int(counts[UNSURE]),
        excluded=int(counts[EXCLUDED]),
        flagged=int(flagged.sum()),
        flagged_left=int((flagged & ~looked).sum()),
        per_100=100.0 * errors / looks if looks else 0.0,
        by_machine=by_machine,
    )
