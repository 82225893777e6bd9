"""The multi-focal loss for tags of which many are not annotated, and what corrects and weighs it."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.multilabel.heads import log_sigmoid, sigmoid
from labelscope.types import BoolArray, FloatArray

_TINY = 1e-8


def rarity_weights(counts: FloatArray, power: float) -> FloatArray:
    """Weights (K,) of tags: 1 for the most frequent, growing with rarity.

    Parameters
    ----------
    counts : (K,) float
        Rows of each tag; below one counts as one.
    power : float
        Of one minus the logarithm of the count over the largest count.

    Examples
    --------
    >>> rarity_weights(np.array([100.0, 10.0]), 1 / 3).round(2).tolist()
    [1.0, 1.49]
    """
    counts = np.maximum(counts, 1.0)
    return np.asarray((1.0 - np.log(counts / counts.max(initial=1.0))) ** power)


def multi_focal_loss(
    logits: FloatArray,
    targets: BoolArray,
    weights: FloatArray,
    *,
    gamma_pos: float = 0.0,
    gamma_neg: float = 3.0,
    clip: float = 0.05,
    focus: FloatArray | None = None,
) -> tuple[float, FloatArray]:
    """Loss of a batch and its gradient by the logits.

    Present tags add -(1 - p) ** gamma_pos log p; all others -(q) ** (gamma_neg + weight) log(1 - q) with
    q = max(p - clip, 0), so that easy and likely mislabelled entries count little; both times the weight of
    the tag. The focal factors count as constants.

    Parameters
    ----------
    logits : (m, K) float
    targets : (m, K) bool
    weights : (K,) float
        Of the tags; 1 or more.
    gamma_pos, gamma_neg : float
        Exponents of focus.
    clip : float
        How far the probabilities of absent tags are moved.
    focus : (m, K) float, optional
        Focal factors to use instead, for checks of the gradient.

    Returns
    -------
    loss : float
        Mean over rows, summed over tags.
    gradient : (m, K) float
    """
    p = sigmoid(logits)
    q = np.maximum(p - clip, 0.0)
    if focus is None:
        focus = focal_factors(p, q, targets, weights, gamma_pos, gamma_neg)
    scale = focus * weights / max(len(logits), 1)
    entry = np.where(targets, -np.log(p + _TINY), -np.log(1 - q + _TINY))
    slope = np.where(targets, p - 1, np.where(q > 0, p * (1 - p) / (1 - q + _TINY), 0.0))
    return float((scale * entry).sum()), np.asarray(scale * slope)


def focal_factors(
    p: FloatArray,
    q: FloatArray,
    targets: BoolArray,
    weights: FloatArray,
    gamma_pos: float,
    gamma_neg: float,
) -> FloatArray:
    """Factors (m, K) by which entries count; ``gamma_neg`` of 0 is no focus at all on absent tags."""
    rare = weights if gamma_neg > 0 else 0.0
    return np.asarray(np.where(targets, (1 - p) ** gamma_pos, q ** (gamma_neg + rare) if gamma_neg else 1.0))


def corrected(p: FloatArray, positive: BoolArray, mean: FloatArray, tau: float) -> BoolArray:
    """Entries that are not given and taken to be present: above ``tau`` and above the tag's own average.

    Parameters
    ----------
    p : (m, K) float
        Probabilities.
    positive : (m, K) bool
        Given tags.
    mean : (K,) float
        Running average of each tag's probability.
    tau : float
    """
    return np.asarray(~positive & (p > np.maximum(tau, mean)))


def distillation_loss(logits: FloatArray, teacher: FloatArray) -> tuple[float, FloatArray]:
    """Cross-entropy from a teacher's probabilities (m, K), less its own entropy, and the gradient."""
    m = max(len(logits), 1)
    own = np.clip(teacher, 1e-6, 1 - 1e-6)
    present, absent = log_sigmoid(logits), log_sigmoid(-logits)
    gap = own * (np.log(own) - present) + (1 - own) * (np.log1p(-own) - absent)
    return float(gap.sum() / m), np.asarray((sigmoid(logits) - own) / m)


__all__ = [
    "corrected",
    "distillation_loss",
    "focal_factors",
    "multi_focal_loss",
    "rarity_weights",
]
