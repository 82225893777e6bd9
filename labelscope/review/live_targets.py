"""Suspicion of the targets of a regression after targets around them changed."""

from __future__ import annotations

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.review.records import target_values
from labelscope.review.state import EXCLUDED, ReviewState
from labelscope.types import FloatArray, IntArray

_BLOCK = 20_000


class TargetModel:
    """How far targets are from those of their neighbors, before and after edits.

    A row whose neighbors were corrected is suspected by as much more or less as it is now farther from, or
    nearer to, their median, beside the spread that is usual between neighbors.

    Parameters
    ----------
    audit : Audit
        Of a regression; without ``knn_ids`` nothing ever moves.
    """

    def __init__(self, audit: Audit) -> None:
        ids = audit.evidence.get("knn_ids")
        self._ids = None if ids is None or np.ndim(ids) != 2 or not np.shape(ids)[1] else np.asarray(ids)
        self._audited = np.asarray(audit.suspicion, dtype=np.float64)
        self._given = target_values(audit.dataset.labels.classes.tolist(), audit.given_codes)
        self._first: FloatArray = np.empty(0)
        self._spread = 0.0
        if self._ids is not None:
            self._first = self._residuals(np.arange(audit.n), self._given)
            known = self._first[np.isfinite(self._first)]
            self._spread = float(np.median(known)) if len(known) else 0.0

    def suspicion(self, state: ReviewState) -> FloatArray:
        """Return (n,) float64 suspicion with the targets as they are now; 0 where there is none."""
        now = target_values(state.classes, state.current)
        now[state.state == EXCLUDED] = np.nan
        out = np.where(np.isnan(now), 0.0, self._audited)
        changed = ~((now == self._given) | (np.isnan(now) & np.isnan(self._given)))
        if self._ids is None or not changed.any() or not self._spread:
            return out
        told = np.append(changed, False)
        seen = changed.copy()
        for column in self._ids.T:
            seen |= told[column]
        rows = np.flatnonzero(seen & ~np.isnan(now))
        ratio = (self._residuals(rows, now) + self._spread) / (self._first[rows] + self._spread)
        was = self._audited[rows]
        moved = was * ratio / (1 - was + was * ratio)
        out[rows] = np.where(np.isfinite(moved), moved, was)
        return out

    def _residuals(self, rows: IntArray, targets: FloatArray) -> FloatArray:
        """Return the distance of rows from the median of their neighbors; NaN where it is not known."""
        assert self._ids is not None
        known = np.append(targets, np.nan)
        found = np.full(len(rows), np.nan)
        for start in range(0, len(rows), _BLOCK):
            part = rows[start : start + _BLOCK]
            near = np.sort(known[self._ids[part]], axis=1)  # NaN comes last
            n, at = np.isfinite(near).sum(axis=1), np.arange(len(part))
            middle = (near[at, np.maximum(n - 1, 0) // 2] + near[at, n // 2 * (n > 1)]) / 2
            found[start : start + _BLOCK] = np.abs(targets[part] - middle)
        return found
