"""How good labels are against other ones: accuracy and weighted F1, each with an interval."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.proportions import exact_interval
from labelscope.types import Estimate, FloatArray, IntArray


def weighted_f1(true: IntArray, said: IntArray) -> float:
    """Return the F1 of each class, averaged by how frequent it truly is; NaN without rows.

    Examples
    --------
    >>> round(weighted_f1(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])), 3)
    0.733
    """
    if not len(true):
        return float("nan")
    k = int(max(true.max(), said.max())) + 1
    cells, counts = np.unique(true * k + said, return_counts=True)
    return float(_f1(counts[None, :].astype(np.float64), cells // k, cells % k, k)[0])


def _f1(counts: FloatArray, true: IntArray, said: IntArray, k: int) -> FloatArray:
    """Weighted F1 (b,) of confusion counts (b, cells)."""
    eye = np.eye(k)
    is_true, is_said = counts @ eye[true], counts @ eye[said]
    hits = counts @ (eye[true] * (true == said)[:, None])
    both = is_true + is_said
    f1 = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    return np.asarray((f1 * is_true).sum(axis=1) / is_true.sum(axis=1))


def f1_estimate(
    true: IntArray, said: IntArray, *, level: float, n_bootstrap: int, random_state: int
) -> Estimate | None:
    """Return the weighted F1 with a bootstrap interval; None without rows."""
    if not len(true):
        return None
    k = int(max(true.max(), said.max())) + 1
    cells, counts = np.unique(true * k + said, return_counts=True)
    drawn = np.random.default_rng(random_state).multinomial(len(true), counts / len(true), size=n_bootstrap)
    values = _f1(drawn.astype(np.float64), cells // k, cells % k, k)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    value = weighted_f1(true, said)
    return Estimate(value, float(min(low, value)), float(max(high, value)), level, measured=True)


def share_estimate(hits: int, n: int, level: float) -> Estimate | None:
    """Return a share with its exact interval; None without trials."""
    if not n:
        return None
    low, high = exact_interval(hits, n, level)
    return Estimate(hits / n, low, high, level, measured=True)


def percent(estimate: Estimate | None) -> str:
    """Write an estimated share as a cell."""
    if estimate is None:
        return "–"
    return f"{100 * estimate.value:.1f} % ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def decimal(estimate: Estimate | None) -> str:
    """Write an estimate as a cell."""
    if estimate is None or np.isnan(estimate.value):
        return "–"
    return f"{estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
