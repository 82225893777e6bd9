"""What is left of the suspicion of single tags after decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.review.events import TAGGING
from labelscope.review.state import EXCLUDED, ReviewState
from labelscope.review.suggestions import tag_detail
from labelscope.types import Array, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session


@dataclass(frozen=True)
class TagSuspicion:
    """What is left of the suspicion of each tag of each row.

    Attributes
    ----------
    audited_missing, audited_spurious : (n, K) float
        That a tag is missing where it is not given, and wrong where it is, before the review.
    decided : (n, K) bool
        Tags that somebody decided about.
    """

    audited_missing: Array
    audited_spurious: Array
    decided: BoolArray

    @property
    def missing(self) -> FloatArray:
        """(n, K): 0 where it was decided."""
        return np.where(self.decided, 0, self.audited_missing)

    @property
    def spurious(self) -> FloatArray:
        """(n, K): 0 where it was decided."""
        return np.where(self.decided, 0, self.audited_spurious)

    def at(self, where: Any) -> tuple[FloatArray, FloatArray]:
        """Return missing and spurious at some rows, or at any other place of the matrix."""
        settled = self.decided[where]
        missing, spurious = self.audited_missing[where], self.audited_spurious[where]
        return np.where(settled, 0, missing), np.where(settled, 0, spurious)


def tag_suspicion(session: Session) -> TagSuspicion | None:
    """Return the suspicion of tags with decisions taken into account; None where the audit has none.

    Parameters
    ----------
    session : Session
        Of tags, or of concepts: there, an attribute that is given counts as spurious, another as missing.
    """
    state, audit = session.state, session.audit
    shape = state.tags.shape
    missing, spurious = (tag_detail(audit, name, shape) for name in ("missing", "spurious"))
    if missing is None and spurious is None:
        either = tag_detail(audit, "attribute_suspicion", shape)
        if either is None:
            return None
        given = state.given_tags == 1
        missing, spurious = np.where(given, 0, either), np.where(given, either, 0)
    none = np.broadcast_to(np.float32(0), shape)
    return TagSuspicion(
        none if missing is None else missing, none if spurious is None else spurious, decided_tags(state)
    )


def decided_tags(state: ReviewState, *, whole: bool = True) -> BoolArray:
    """Return (n, K) bool: tags that somebody decided about, one by one or as part of a whole set.

    Parameters
    ----------
    state : ReviewState
    whole : bool
        False leaves out what was decided about whole rows.
    """
    decided = np.zeros(state.tags.shape, dtype=bool)
    if not decided.size:
        return decided
    place = {name: column for column, name in enumerate(state.tag_names)}
    sets = state.sets is not None
    for event in state.active_events():
        rows = list(event.rows)
        if event.kind in TAGGING:
            named = event.data.get("tags")
            columns = [place[n] for n in named if n in place] if isinstance(named, list) else []
            decided[np.ix_(rows, columns)] = True
        elif (event.kind in ("relabelled", "kept", "accepted_set") and sets) or event.kind == "excluded":
            if whole:
                decided[rows] = True
        elif event.kind == "unsure":
            decided[rows] = False
    return decided


def decided_classes(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows about whose class somebody decided, not only about attributes beside it."""
    decided = np.zeros(state.n, dtype=bool)
    for event in state.active_events():
        if event.kind in ("relabelled", "kept", "accepted_set", "excluded", "unsure"):
            decided[list(event.rows)] = event.kind != "unsure"
    return decided


def tag_thresholds(audit: Audit, state: ReviewState) -> tuple[FloatArray, IntArray]:
    """Return the mean probability of each tag over the rows that have it now (NaN: none), and their number.

    Returns
    -------
    thresholds : (K,) float64
    counts : (K,) int64
    """
    present = (state.tags == 1) & (state.state != EXCLUDED)[:, None]
    counts = present.sum(axis=0).astype(np.int64)
    probs = audit.evidence.get("pred_probs")
    if probs is None or np.shape(probs) != present.shape:
        return np.full(present.shape[1], np.nan), counts
    sums = np.where(present, np.asarray(probs, dtype=np.float64), 0.0).sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), counts
