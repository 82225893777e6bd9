"""Predictors of numbers that a few wrong targets cannot bend: robust linear fits, medians of neighbors."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.lbfgs import Descent
from labelscope.types import BoolArray, FloatArray, IntArray

_ROWS = 4096
# Errors beyond this many robust deviations pull no harder than ones that lie just there (Huber 1964).
_BEND = 1.35
_PER_DEVIATION = 1.4826
_NEAREST = 2.0


def spread_of(values: FloatArray) -> float:
    """Robust standard deviation of numbers around zero; the usual one where most are zero."""
    size = np.abs(values)
    middle = float(np.median(size)) * _PER_DEVIATION if len(size) else 0.0
    return middle if middle > 0 else float(np.sqrt(np.square(values).mean())) if len(size) else 0.0


def fit_targets(
    whitened: FloatArray,
    targets: FloatArray,
    folds: IntArray,
    begin: FloatArray,
    penalty: FloatArray,
    *,
    scale: float,
    n_steps: int = 25,
) -> FloatArray:
    """Fit linear models by Huber's loss, one for each fold, on the rows outside of it.

    Parameters
    ----------
    whitened : (m, r + 1) float32
        Whitened features, the last column is 1.
    targets : (m,) float32
    folds : (m,) int
        Fold that each row is held out of; -1 for rows that only train.
    begin : (folds, r + 1) float32
        Where to start.
    penalty : (r,) float32
        Half of these times the squared weights (not the intercepts) is added to the mean loss.
    scale : float
        Robust standard deviation of the errors.
    n_steps : int
        Most steps.

    Returns
    -------
    (folds, r + 1) float32
    """
    pull = np.append(penalty, 0).astype(np.float32)
    totals = len(targets) - np.bincount(folds[folds >= 0], minlength=len(begin))
    bend = np.float32(_BEND * max(scale, 1e-12))
    descents = [Descent(own, n_steps=n_steps) for own in begin]
    while True:
        active = np.array([fold for fold, descent in enumerate(descents) if not descent.done])
        if not len(active):
            return np.stack([descent.best for descent in descents])
        trials = np.stack([descents[fold].trial for fold in active])
        losses, gradients = np.zeros(len(active)), np.zeros_like(trials)
        for start in range(0, len(targets), _ROWS):
            block = whitened[start : start + _ROWS]
            error = trials @ block.T - targets[start : start + _ROWS]
            trains = folds[start : start + _ROWS] != active[:, None]
            bent = np.clip(error, -bend, bend) * trains
            losses += (bent * (error - bent / 2)).sum(axis=1, dtype=np.float64)
            gradients += bent @ block
        for place, fold in enumerate(active):
            total = max(int(totals[fold]), 1)
            drawn = pull * trials[place]
            value = losses[place] / total + 0.5 * float(np.vdot(drawn, trials[place]))
            descents[fold].tell(value, gradients[place] / np.float32(total) + drawn)


def neighbor_medians(
    targets: FloatArray, ids: IntArray, distances: FloatArray, allowed: BoolArray
) -> FloatArray:
    """Predict each row by the median of its neighbors' targets, near ones weighing more.

    Parameters
    ----------
    targets : (n,) float
        NaN where there is none.
    ids : (n, k) int
        -1 for a neighbor that is not there.
    distances : (n, k) float
    allowed : (n, k) bool
        Neighbors that may vote.

    Returns
    -------
    (n,) float64
        The median of all targets where no neighbor votes.
    """
    values = np.where(ids >= 0, targets[ids], np.nan)
    votes = allowed & ~np.isnan(values)
    farthest = np.maximum(np.where(votes, distances, 0).max(axis=1, initial=0), 1e-12)
    weights = np.where(votes, np.exp(-_NEAREST * np.square(distances / farthest[:, None])), 0.0)
    order = np.argsort(np.where(votes, values, np.inf), axis=1, kind="stable")
    values = np.take_along_axis(np.where(votes, values, 0.0), order, axis=1)
    weights = np.take_along_axis(weights, order, axis=1)
    passed = np.cumsum(weights, axis=1)
    half = passed[:, -1:] / 2
    rows = np.arange(len(values))
    upper = (passed > half).argmax(axis=1)
    lower = (passed >= half).argmax(axis=1)
    middle = (values[rows, lower] + values[rows, upper]) / 2
    present = targets[~np.isnan(targets)]
    usual = float(np.median(present)) if len(present) else 0.0
    return np.where(votes.any(axis=1), middle, usual)


def best_blend(predictions: list[FloatArray], targets: FloatArray, *, most: int = 20_000) -> list[float]:
    """Find the shares (steps of a tenth) of predictors whose blend has the lowest mean absolute error."""
    step = max(1, -(-len(targets) // most))
    thinned = [one[::step] for one in predictions]
    wanted = targets[::step]
    best = (np.inf, [1.0 / len(predictions)] * len(predictions))
    for shares in _shares(len(predictions), 10):
        parts = [share / 10 * one for share, one in zip(shares, thinned, strict=True)]
        error = float(np.abs(np.sum(parts, axis=0) - wanted).mean())
        if error < best[0] - 1e-12:
            best = (error, [share / 10 for share in shares])
    return best[1]


def _shares(n: int, total: int) -> list[tuple[int, ...]]:
    if n == 1:
        return [(total,)]
    return [(first, *rest) for first in range(total + 1) for rest in _shares(n - 1, total - first)]
