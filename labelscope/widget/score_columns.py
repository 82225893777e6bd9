"""One scorer at a time: the suspicion of each as a column to color by, and as an order of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.derived import SCORE, suspicion_of
from labelscope.review.state import EXCLUDED, UNREVIEWED, UNSURE
from labelscope.types import Array, IntArray

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

Json = dict[str, Any]

#: How the page names a column and an order of one scorer.
COLUMN, POLICY = SCORE, "score:"


def scorers_json(audit: Audit) -> Json:
    """Return ``scorers``, the names of all scores of an audit; empty where there is but one."""
    return {"scorers": [str(name) for name in audit.scores]} if len(audit.scores) > 1 else {}


def scorer_of(policy: str) -> str | None:
    """Return the scorer that an order of the queue names, such as ``"score:margin"``; None for any other."""
    return policy.removeprefix(POLICY) if policy.startswith(POLICY) else None


def by_scorer(session: Session, name: str) -> IntArray:
    """Return all rows by falling suspicion of one scorer; rows that are decided come last.

    Raises
    ------
    InvalidInputError
        The audit has no such score; the near miss is named.
    """
    found = suspicion_of(session.audit, name)
    state = session.state.state
    done = (state != UNREVIEWED) & (state != UNSURE) | (state == EXCLUDED)
    return np.lexsort((-found, done)).astype(np.int64)


def score_info(audit: Audit, column: str) -> tuple[Json, Array]:
    """Return what the column of a scorer is, and its (n,) float32 values."""
    values = suspicion_of(audit, column.removeprefix(COLUMN)).astype(np.float32)
    info = {"name": column, "kind": "numeric", "format": "number", "n_missing": 0, "min": 0.0, "max": 1.0}
    return info, values
