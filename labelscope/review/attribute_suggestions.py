"""Attributes beside a class, as accepting a suggestion makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelscope.review.drafting import tag_drafts
from labelscope.review.events import Draft
from labelscope.review.live_tags import decided_tags
from labelscope.review.rows import Rows
from labelscope.review.suggestions import tag_detail
from labelscope.types import Array, BoolArray

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.decisions import Decisions
    from labelscope.review.state import ReviewState


def suggested_attributes(
    audit: Audit, state: ReviewState, rows: Rows, decided: BoolArray | None = None
) -> Array | None:
    """Return the attributes that rows have once their suggestion is accepted.

    Parameters
    ----------
    audit : Audit
    state : ReviewState
    rows : (m,) int
    decided : (m, C) bool, optional
        Attributes of these rows that somebody decided about, where the caller has them.

    Returns
    -------
    (m, C) int8 or None
        Suggested where an attribute is known and nobody decided about it, else as it is now. None where the
        audit suggests no attributes.
    """
    if audit.dataset.labels.tags is not None or not state.tag_names:
        return None
    wanted = tag_detail(audit, "suggested_concepts", state.tags.shape)
    if wanted is None:
        return None
    now = state.tags[rows]
    settled = decided_tags(state)[rows] if decided is None else decided
    return np.where((now >= 0) & ~settled, wanted[rows], now).astype(np.int8)


def attribute_drafts(session: Decisions, rows: Rows) -> list[Draft]:
    """Draft the suggested attributes of rows, where they are others than now."""
    state = session.ledger.state
    chosen = suggested_attributes(session.audit, state, rows) if len(rows) else None
    if chosen is None:
        return []
    now = state.tags[rows]
    drafts = []
    for kind, value in (("tags_added", 1), ("tags_removed", 0)):
        for pattern, some in _alike((now != value) & (chosen == value)):
            names = [state.tag_names[column] for column in np.flatnonzero(pattern)]
            drafts += tag_drafts(kind, state, rows[some], session.suspicion, names)
    return drafts


def _alike(differs: Array) -> list[tuple[Array, Array]]:
    """Part rows by their pattern, empty ones left out."""
    patterns, place = np.unique(differs, axis=0, return_inverse=True)
    place = place.reshape(-1)
    return [(p, np.flatnonzero(place == k)) for k, p in enumerate(patterns) if p.any()]


__all__ = ["attribute_drafts", "suggested_attributes"]
