"""Probabilities of several models made one: each counts by what it knows about the labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labelscope.types import FloatArray, IntArray

_BLOCK_CELLS = 1 << 19
_TEMPERATURES = tuple(2.0**power for power in range(-3, 5))
_FLOOR = 1e-12


def combine_models(models: Sequence[FloatArray], codes: IntArray) -> tuple[FloatArray, FloatArray]:
    """Average the probabilities of several models, weighted by skill.

    A model's skill is 1 - L / H: L its log-loss against the given labels, H that of always predicting the
    shares of the classes. L is taken at the temperature that suits the model best, so that neither an
    overconfident nor a timid scale of probabilities decides what a model counts. Skill is at most 1: a model
    that repeats the labels cannot silence the others, and one without skill is left out.

    Parameters
    ----------
    models : sequence of (n, K) float
        Checked probabilities.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.

    Returns
    -------
    pred_probs : (n, K) float
        float64 if a model is, else float32.
    weights : (models,) float64
        They sum to one; equal when no model has skill or nothing is labelled.

    Examples
    --------
    >>> good, useless = np.array([[0.9, 0.1], [0.1, 0.9]]), np.full((2, 2), 0.5)
    >>> combine_models([good, useless], np.array([0, 1]))[1].tolist()
    [1.0, 0.0]
    """
    skills = np.array([_skill(np.asarray(model), np.asarray(codes)) for model in models])
    total = float(skills.sum())
    weights = skills / total if total > 0 else np.full(len(models), 1 / len(models))
    mixed = np.zeros(np.shape(models[0]), dtype=np.result_type(np.float32, *models))
    for model, weight in zip(models, weights, strict=True):
        mixed += np.asarray(weight * np.asarray(model), dtype=mixed.dtype)
    return mixed, weights


def _skill(model: FloatArray, codes: IntArray) -> float:
    labelled = np.flatnonzero(codes >= 0)
    counts = np.bincount(codes[labelled], minlength=model.shape[1])
    shares = counts[counts > 0] / max(len(labelled), 1)
    entropy = float(-(shares * np.log(shares)).sum())
    if entropy <= 0:
        return 0.0
    losses = np.zeros(len(_TEMPERATURES))
    step = max(1, _BLOCK_CELLS // model.shape[1])
    for start in range(0, len(labelled), step):
        rows = labelled[start : start + step]
        logs = np.log(np.maximum(model[rows].astype(np.float64), _FLOOR))
        own = np.arange(len(rows)), codes[rows]
        for place, temperature in enumerate(_TEMPERATURES):
            # The largest log is at least -log(K), so nothing overflows and no sum is zero.
            scaled = (logs - logs.max(axis=1, keepdims=True)) / temperature
            losses[place] += float((np.log(np.exp(scaled).sum(axis=1)) - scaled[own]).sum())
    return max(0.0, 1.0 - _lowest(losses / len(labelled)) / entropy)


def _lowest(losses: FloatArray) -> float:
    """Least loss between temperatures: the vertex of a parabola through the best one and those beside it."""
    best = int(losses.argmin())
    if 0 < best < len(losses) - 1:
        before, middle, after = (float(loss) for loss in losses[best - 1 : best + 2])
        curvature = before - 2 * middle + after
        if curvature > 0:
            return max(0.0, middle - (before - after) ** 2 / (8 * curvature))
    return float(losses[best])
