"""Exemplars: rows that show what a class looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelscope.types import IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session


def exemplars_of(session: Session, code: int, n: int, but: int = -1) -> IntArray:
    """Return up to ``n`` rows that are most surely of a class, surest first; flagged ones are none."""
    state = session.state
    fits = (np.asarray(state.current) == code) & ~np.asarray(session.flagged, dtype=bool)
    rows = np.setdiff1d(np.flatnonzero(fits), [but])
    sure = 1.0 - np.asarray(session.suspicion, dtype=np.float64)[rows]
    probs = session.audit.evidence.get("pred_probs")
    if isinstance(probs, np.ndarray) and probs.ndim == 2 and code < probs.shape[1]:
        sure = np.asarray(probs, dtype=np.float64)[rows, code]
    return rows[np.argsort(-sure, kind="stable")[:n]]
