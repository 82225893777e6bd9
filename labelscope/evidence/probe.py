"""A fast multinomial logistic regression on whitened features: the probe behind pred_probs.

The models of all folds are fitted abreast: each step passes over the features once, for all of them. The
penalty is the usual one, squared weights of standardized features; the whitening only makes steps short work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.evidence.lbfgs import Descent
from labelscope.types import FloatArray, IntArray

_BLOCK = 4096
_FIT_CELLS = 500_000
_ABSENT = np.float32(-1e9)
# From so many rows of each class on, a quarter of them leads most of the way, at a quarter of the cost.
_MANY_ROWS = 20_000
_MANY_OF_A_CLASS = 100
_SHARE = 4
_LAST_STEPS = 4


@dataclass(frozen=True)
class Whitening:
    """A linear map onto directions of about unit variance, made from features alone.

    Attributes
    ----------
    mean : (d,) float32
        Center of the features.
    directions : (d, r) float32
        ``(features - mean) @ directions`` are the whitened features.
    ridge : (r,) float32
        A weight of one in each direction is this much in squared weights of standardized features.
    """

    mean: FloatArray
    directions: FloatArray
    ridge: FloatArray

    def apply(self, features: FloatArray, rows: IntArray | None = None) -> FloatArray:
        """Whiten the given rows, or all of them: (m, r + 1) float32, the last column is 1."""
        n, width = len(features) if rows is None else len(rows), self.directions.shape[1]
        out = np.empty((n, width + 1), dtype=np.float32)
        out[:, -1] = 1
        for start in range(0, n, _BLOCK):
            block = slice(start, start + _BLOCK)
            part = features[block if rows is None else rows[block]] - self.mean
            out[block, :-1] = part @ self.directions
        return out


def whiten(
    features: FloatArray,
    *,
    shrinkage: float = 0.03,
    most: int = 512,
    one_unit: bool = False,
    random_state: int = 0,
) -> Whitening:
    """Find the whitening map of features.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    shrinkage : float
        Share of the mean variance that is added to each, so that directions of noise are not blown up.
    most : int
        Largest number of directions kept, those of largest variance.
    one_unit : bool
        Whether all columns are in the same unit, so that those of small variance say little. Otherwise each
        is scaled by its deviation: columns in other units must not decide which directions count.
    random_state : int
        Seed of the sketch that is used for very wide features.

    Returns
    -------
    Whitening
    """
    n = len(features)
    mean = features.mean(axis=0, dtype=np.float64)
    step = max(1, n // 20_000)
    sample = (features[::step] - mean).astype(np.float32)
    deviation = sample.std(axis=0, dtype=np.float64)
    if one_unit:
        deviation = np.full_like(deviation, np.sqrt(np.square(deviation).mean()))
    scale = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-30), 0.0).astype(np.float32)
    sample *= scale
    values, vectors = principal_directions(sample, most, random_state)
    floor = shrinkage * max(float(values.mean()), 1e-12)
    keep = values > 1e-6 * max(float(values.max(initial=0.0)), 1e-12)
    if not keep.any():
        keep = np.arange(len(values)) == 0
    stretched = np.maximum(values[keep], 0) + floor
    directions = scale[:, None] * vectors[:, keep] / np.sqrt(stretched)
    return Whitening(
        mean.astype(np.float32), directions.astype(np.float32), (1 / stretched).astype(np.float32)
    )


def principal_directions(sample: FloatArray, most: int, random_state: int) -> tuple[FloatArray, FloatArray]:
    """Variances (r,) and directions (d, r) of centered rows, largest first."""
    m, d = sample.shape
    if d <= 2048 and d <= 4 * m:
        values, vectors = np.linalg.eigh(sample.T @ sample / m)
        return values[::-1][:most], vectors[:, ::-1][:, :most]
    if m <= 2048:
        values, left = np.linalg.eigh(sample @ sample.T / m)
        values, left = values[::-1][:most], left[:, ::-1][:, :most]
        size = np.sqrt(np.maximum(values * m, 1e-20))
        return values, sample.T @ (left / size)
    rng = np.random.default_rng(random_state)
    width = min(most + 16, m, d)
    basis = sample @ rng.standard_normal((d, width), dtype=np.float32)
    for _ in range(2):
        basis = sample @ (sample.T @ np.linalg.qr(basis)[0])
    small = np.linalg.qr(basis)[0].T @ sample
    _, sizes, right = np.linalg.svd(small, full_matrices=False)
    return sizes[:most] ** 2 / m, right[:most].T


def centers(
    whitened: FloatArray, codes: IntArray, folds: IntArray, n_classes: int, scale: float
) -> FloatArray:
    """Nearest class means as a linear model for each fold, made from the rows outside of it.

    Parameters
    ----------
    whitened : (m, r + 1) float32
        Whitened features, the last column is 1.
    codes : (m,) int
        Classes.
    folds : (m,) int
        Fold that each row is held out of; -1 for rows that only train.
    n_classes : int
        K.
    scale : float
        Logits fall with half the squared distance times this.

    Returns
    -------
    (folds, K, r + 1) float32
        Weights. A class that a fold's model has not seen has a logit of -1e9.
    """
    from scipy.sparse import csr_matrix

    n_folds = max(int(folds.max()) + 1, 1)
    # One cell for each pair of fold and class; what a model has seen are all cells but those of its fold.
    cell = (folds + 1) * n_classes + codes
    shape = ((n_folds + 1) * n_classes, len(codes))
    member = csr_matrix((np.ones(len(codes), np.float32), (cell, np.arange(len(codes)))), shape=shape)
    sums = (member @ whitened).astype(np.float64)
    sums = sums.reshape(n_folds + 1, n_classes, -1)
    seen = sums.sum(axis=0) - sums[1:]
    counts = seen[:, :, -1].round()
    weights = seen / np.maximum(counts, 1)[:, :, None]
    lengths = np.square(weights[:, :, :-1]).sum(axis=2)
    prior = np.log(np.maximum(counts, 0.5) / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    weights[:, :, :-1] *= scale
    weights[:, :, -1] = np.where(counts > 0, prior - scale / 2 * lengths, _ABSENT)
    return np.asarray(weights, dtype=np.float32)


def fit(
    whitened: FloatArray,
    codes: IntArray,
    folds: IntArray,
    start: FloatArray,
    penalty: FloatArray,
    *,
    n_steps: int = 15,
) -> FloatArray:
    """Fit multinomial logistic regressions, one for each fold, on the rows outside of it.

    Where there are many rows, a random quarter of them is fitted first, and all of them from there.

    Parameters
    ----------
    whitened : (m, r + 1) float32
        Whitened features, the last column is 1.
    codes : (m,) int
        Classes.
    folds : (m,) int
        Fold that each row is held out of; -1 for rows that only train.
    start : (folds, K, r + 1) float32
        Where to start, such as :func:`centers`.
    penalty : (r,) float32
        Half of these times the squared weights (not the intercepts) is added to the mean loss.
    n_steps : int
        Most steps.

    Returns
    -------
    (folds, K, r + 1) float32
    """
    if len(codes) >= _MANY_ROWS and np.bincount(codes, minlength=start.shape[1]).min() >= _MANY_OF_A_CLASS:
        few = np.sort(np.random.default_rng(0).permutation(len(codes))[: len(codes) // _SHARE])
        start = _descended(whitened[few], codes[few], folds[few], start, penalty, n_steps)
        n_steps = min(n_steps, _LAST_STEPS)
    return _descended(whitened, codes, folds, start, penalty, n_steps)


def _descended(
    whitened: FloatArray,
    codes: IntArray,
    folds: IntArray,
    start: FloatArray,
    penalty: FloatArray,
    n_steps: int,
) -> FloatArray:
    penalty = np.append(penalty, 0).astype(np.float32)
    totals = len(codes) - np.bincount(folds[folds >= 0], minlength=len(start))
    descents = [Descent(own, n_steps=n_steps) for own in start]
    while True:
        active = [fold for fold, descent in enumerate(descents) if not descent.done]
        if not active:
            return np.stack([descent.best for descent in descents])
        trials = np.stack([descents[fold].trial for fold in active])
        losses, gradients = _loss(whitened, codes, folds, trials, np.array(active))
        for place, fold in enumerate(active):
            pull = penalty * trials[place]
            value = losses[place] / totals[fold] + 0.5 * float(np.vdot(pull, trials[place]))
            descents[fold].tell(value, gradients[place] / np.float32(totals[fold]) + pull)


def _loss(
    whitened: FloatArray, codes: IntArray, folds: IntArray, weights: FloatArray, active: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Summed log-loss (f,) and gradient (f, K, r + 1) of the models of the active folds."""
    f, k, width = weights.shape
    flat = weights.reshape(f * k, width)
    gradient = np.zeros_like(flat)
    losses = np.zeros(f)
    step = int(np.clip(_FIT_CELLS // (f * k), 128, 2048))
    for begin in range(0, len(codes), step):
        block = whitened[begin : begin + step]
        target, fold = codes[begin : begin + step], folds[begin : begin + step]
        # Rows run along the last axis, so that sums over few classes are sums of long vectors.
        logits = (flat @ block.T).reshape(f, k, len(block))
        logits -= logits.max(axis=1, keepdims=True)
        rows = np.arange(len(block))
        own = logits[:, target, rows].astype(np.float64)
        np.exp(logits, out=logits)
        sums = logits.sum(axis=1)
        trains = fold != active[:, None]
        losses += np.where(trains, np.log(sums, dtype=np.float64) - own, 0).sum(axis=1)
        logits *= (trains / sums)[:, None, :]
        logits[:, target, rows] -= trains
        gradient += logits.reshape(f * k, -1) @ block
    return losses, gradient.reshape(f, k, width)


def predict(whitened: FloatArray, weights: FloatArray) -> FloatArray:
    """Class probabilities (m, K) float32 of whitened features (m, r + 1) under weights (K, r + 1)."""
    out = np.empty((len(whitened), len(weights)), dtype=np.float32)
    for start in range(0, len(whitened), _BLOCK):
        logits = whitened[start : start + _BLOCK] @ weights.T
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        out[start : start + _BLOCK] = logits
    return out


def sharpness(pred_probs: FloatArray, codes: IntArray, *, most: int = 1_000_000) -> float:
    """Find the power of probabilities that lowers their log-loss most: temperature scaling (Guo et al. 2017).

    Parameters
    ----------
    pred_probs : (m, K) float
        Probabilities of rows that the model has not seen.
    codes : (m,) int
        Their classes.
    most : int
        Entries looked at; every so many rows are taken where there are more.

    Returns
    -------
    float
        One over the temperature, between .2 and 5; 1 where nothing can be told.
    """
    step = max(1, -(-pred_probs.size // most))
    logs = np.log(np.maximum(pred_probs[::step].astype(np.float64), 1e-12))
    target = codes[::step]
    if len(target) < 30 or logs.shape[1] < 2:
        return 1.0
    own, power = logs[np.arange(len(target)), target].mean(), 1.0
    for _ in range(20):
        scaled = power * logs
        scaled -= scaled.max(axis=1, keepdims=True)
        np.exp(scaled, out=scaled)
        scaled /= scaled.sum(axis=1, keepdims=True)
        mean = (scaled * logs).sum(axis=1)
        slope = float(mean.mean() - own)
        curvature = float(((scaled * np.square(logs)).sum(axis=1) - np.square(mean)).mean())
        change = slope / max(curvature, 1e-9)
        power = float(np.clip(power - np.clip(change, -0.5, 0.5), 0.2, 5.0))
        if abs(change) < 1e-4:
            break
    return power
