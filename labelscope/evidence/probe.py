"""A fast multinomial logistic regression on whitened features: the probe behind pred_probs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labelscope.types import FloatArray, IntArray

_BLOCK = 4096


@dataclass(frozen=True)
class Whitening:
    """A linear map onto directions of about unit variance, made from features alone.

    Attributes
    ----------
    mean : (d,) float32
        Center of the features.
    directions : (d, r) float32
        ``(features - mean) @ directions`` are the whitened features.
    """

    mean: FloatArray
    directions: FloatArray

    def apply(self, features: FloatArray, rows: IntArray) -> FloatArray:
        """Whiten the given rows: (m, r) float32."""
        out = np.empty((len(rows), self.directions.shape[1]), dtype=np.float32)
        for start in range(0, len(rows), _BLOCK):
            part = features[rows[start : start + _BLOCK]] - self.mean
            np.matmul(part, self.directions, out=out[start : start + _BLOCK])
        return out


def whiten(
    features: FloatArray, *, shrinkage: float = 0.03, most: int = 512, random_state: int = 0
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
    random_state : int
        Seed of the sketch that is used for very wide features.

    Returns
    -------
    Whitening
    """
    n = len(features)
    # Columns in other units must not decide which directions count, so each is scaled by its deviation first.
    mean = features.mean(axis=0, dtype=np.float64)
    step = max(1, n // 20_000)
    sample = (features[::step] - mean).astype(np.float32)
    deviation = sample.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 0, 1 / np.maximum(deviation, 1e-30), 0.0).astype(np.float32)
    sample *= scale
    values, vectors = principal_directions(sample, most, random_state)
    floor = shrinkage * max(float(values.mean()), 1e-12)
    keep = values > 1e-6 * max(float(values.max(initial=0.0)), 1e-12)
    if not keep.any():
        keep = np.arange(len(values)) == 0
    directions = scale[:, None] * vectors[:, keep] / np.sqrt(np.maximum(values[keep], 0) + floor)
    return Whitening(mean.astype(np.float32), directions.astype(np.float32))


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


def fit(
    parts: list[tuple[FloatArray, IntArray]], start: FloatArray, penalty: float, *, n_steps: int = 15
) -> FloatArray:
    """Fit the weights of a multinomial logistic regression by L-BFGS.

    Parameters
    ----------
    parts : list of ((m, r) float32, (m,) int)
        Whitened features and classes of the training rows, in one or several pieces.
    start : (r + 1, K) float32
        Where to start, such as :func:`centers`.
    penalty : float
        Half this number times the squared weights (not the intercepts) is added to the mean loss.
    n_steps : int
        Most iterations.

    Returns
    -------
    (r + 1, K) float32
        Weights, the last row holds the intercepts.
    """
    total = sum(len(codes) for _, codes in parts)

    def loss(weights: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = 0.0, np.zeros_like(start)
        for features, codes in parts:
            for begin in range(0, len(codes), _BLOCK):
                value += _block_loss(
                    features[begin : begin + _BLOCK], codes[begin : begin + _BLOCK], weights, gradient
                )
        gradient /= total
        gradient[:-1] += penalty * weights[:-1]
        return value / total + 0.5 * penalty * float(np.vdot(weights[:-1], weights[:-1])), gradient

    return _minimize(loss, start, n_steps)


def centers(parts: list[tuple[FloatArray, IntArray]], n_classes: int, scale: float) -> FloatArray:
    """Weights (r + 1, K) of nearest means: logits fall with half the squared distance times ``scale``."""
    weights = _class_means(parts, n_classes)
    weights[-1] -= np.float32(scale / 2) * np.square(weights[:-1]).sum(axis=0)
    weights[:-1] *= np.float32(scale)
    return weights


def _class_means(parts: list[tuple[FloatArray, IntArray]], n_classes: int) -> FloatArray:
    """Weights that point at the class means: a better start than a discriminant, which overshoots."""
    width = parts[0][0].shape[1]
    counts = np.zeros(n_classes)
    sums = np.zeros((n_classes, width), dtype=np.float32)
    for features, codes in parts:
        counts += np.bincount(codes, minlength=n_classes)
        order = np.argsort(codes, kind="stable")
        present, first = np.unique(codes[order], return_index=True)
        sums[present] += np.add.reduceat(features[order], first, axis=0)
    means = sums / np.maximum(counts, 1)[:, None]
    prior = np.log(np.maximum(counts, 0.5) / counts.sum())
    return np.asarray(np.vstack([means.T, prior[None, :]]), dtype=np.float32)


def _block_loss(features: FloatArray, codes: IntArray, weights: FloatArray, gradient: FloatArray) -> float:
    """Add this block's gradient and return its summed log-loss."""
    logits = features @ weights[:-1]
    logits += weights[-1]
    logits -= logits.max(axis=1, keepdims=True)
    rows = np.arange(len(codes))
    own = logits[rows, codes].astype(np.float64)
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1)
    logits /= sums[:, None]
    logits[rows, codes] -= 1
    gradient[:-1] += features.T @ logits
    gradient[-1] += logits.sum(axis=0)
    return float(np.log(sums, dtype=np.float64).sum() - own.sum())


def _minimize(
    loss: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray, n_steps: int, memory: int = 8
) -> FloatArray:
    """L-BFGS with backtracking (Liu and Nocedal 1989); numpy only, in float32."""
    weights = start
    value, gradient = loss(weights)
    history: list[tuple[FloatArray, FloatArray, float]] = []
    for _ in range(n_steps):
        step = _direction(gradient, history)
        slope = float(np.vdot(step, gradient))
        if not slope < -1e-9:
            break
        size = 1.0
        while True:
            trial = weights + np.float32(size) * step
            trial_value, trial_gradient = loss(trial)
            if trial_value <= value + 1e-4 * size * slope or size < 1e-3:
                break
            size *= 0.35
        if not trial_value < value:
            break
        moved, turned = trial - weights, trial_gradient - gradient
        curvature = float(np.vdot(moved, turned))
        if curvature > 1e-12:
            history = [*history[1 - memory :], (moved, turned, curvature)]
        done = value - trial_value < 1e-5 * max(abs(value), 1e-3)
        weights, value, gradient = trial, trial_value, trial_gradient
        if done:
            break
    return weights


def _direction(gradient: FloatArray, history: list[tuple[FloatArray, FloatArray, float]]) -> FloatArray:
    step = -gradient
    if not history:
        return step * np.float32(2.0)
    shares = []
    for moved, turned, curvature in reversed(history):
        share = float(np.vdot(moved, step)) / curvature
        shares.append(share)
        step = step - np.float32(share) * turned
    _, turned, curvature = history[-1]
    step = step * np.float32(curvature / float(np.vdot(turned, turned)))
    for (moved, turned, curvature), share in zip(history, reversed(shares), strict=True):
        step = step + np.float32(share - float(np.vdot(turned, step)) / curvature) * moved
    return step


def predict(features: FloatArray, weights: FloatArray) -> FloatArray:
    """Class probabilities (m, K) float32 of whitened features under fitted weights."""
    out = np.empty((len(features), weights.shape[1]), dtype=np.float32)
    for start in range(0, len(features), _BLOCK):
        logits = features[start : start + _BLOCK] @ weights[:-1]
        logits += weights[-1]
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        out[start : start + _BLOCK] = logits
    return out
