"""The variational loss for positive and unlabelled tags, and mixup in its logarithms."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.multilabel.heads import log_sigmoid, sigmoid
from labelscope.types import BoolArray, FloatArray, IntArray

#: Bunched logits are sharpened no further than tenfold.
LOWEST_TEMPERATURE = 0.1
_TINY = 1e-10


def temperatures(logits: FloatArray, alpha: float) -> FloatArray:
    """Temperature of each tag, (K,): alpha times the deviation of its logits (m, K), from .1 to 1."""
    return np.asarray(np.clip(alpha * logits.std(axis=0), LOWEST_TEMPERATURE, 1.0), dtype=logits.dtype)


def variational_loss(
    logits: FloatArray,
    positive: BoolArray,
    *,
    negative: BoolArray | None = None,
    alpha: float = 1.0,
    gamma: float = 0.55,
    held: tuple[FloatArray, FloatArray] | None = None,
) -> tuple[float, FloatArray]:
    """Loss of a batch and its gradient by the logits.

    For tag c with Phi = sigmoid(z / T): w log(mean of Phi over all rows) - mean of log Phi over its
    positives. The temperature T and the weight w = (mean of Phi) ** gamma count as constants. Tags of which
    a person said no add, with the same weight, minus the mean of log(1 - Phi) over those rows.

    Parameters
    ----------
    logits : (m, K) float
    positive : (m, K) bool
        Tags that are given. All others are unlabelled; so are, in this loss, the positives.
    negative : (m, K) bool, optional
        Tags that a person said are absent.
    alpha : float
        Temperature per deviation of the logits.
    gamma : float
        How much the unlabelled term of rare tags is damped; 0 not at all.
    held : pair of (K,), optional
        Temperatures and weights to use instead, for checks of the gradient.

    Returns
    -------
    loss : float
        Summed over tags.
    gradient : (m, K) float
    """
    heat, weight = held if held is not None else constants(logits, alpha, gamma)
    scaled = logits / heat
    phi, log_phi = sigmoid(scaled), log_sigmoid(scaled)
    n_positive = positive.sum(axis=0)
    mean = phi.mean(axis=0) + _TINY
    per_positive = np.where(n_positive > 0, 1.0 / np.maximum(n_positive, 1), 0.0).astype(logits.dtype)
    loss = (weight * np.log(mean)).sum() - ((log_phi * positive).sum(axis=0) * per_positive).sum()
    gradient = (weight / (mean * len(logits))) * phi * (1 - phi)
    gradient -= per_positive * positive * (1 - phi)
    if negative is not None and negative.any():
        n_negative = negative.sum(axis=0)
        share = np.where(n_negative > 0, weight / np.maximum(n_negative, 1), 0.0).astype(logits.dtype)
        loss -= ((log_phi - scaled) * negative * share).sum()
        gradient += share * negative * phi
    return float(loss), gradient / heat


def constants(logits: FloatArray, alpha: float, gamma: float) -> tuple[FloatArray, FloatArray]:
    """Temperatures and weights of the unlabelled terms, both (K,)."""
    heat = temperatures(logits, alpha)
    weight = (sigmoid(logits / heat).mean(axis=0) + _TINY) ** gamma
    return heat, weight.astype(logits.dtype)


def mixed_targets(phi: FloatArray, positive: BoolArray, order: IntArray, share: float) -> FloatArray:
    """Soft targets (m // 2, K) of mixed rows: 1 where a tag is given, the model's own opinion elsewhere.

    Parameters
    ----------
    phi : (m, K) float
        The model's opinion.
    positive : (m, K) bool
    order : (m // 2,) int
        Order of the first half.
    share : float
        Of the first half; the rest is the second half's.
    """
    half = len(order)
    soft = np.where(positive, np.asarray(1, dtype=phi.dtype), phi)
    return np.asarray(share * soft[:half][order] + (1 - share) * soft[len(soft) - half :])


def mixed_features(features: FloatArray, order: IntArray, share: float) -> FloatArray:
    """Mix the first half of a batch, reordered, with the second half: (m // 2, d)."""
    half = len(order)
    return np.asarray(share * features[:half][order] + (1 - share) * features[len(features) - half :])


def mixup_loss(logits: FloatArray, targets: FloatArray) -> tuple[float, FloatArray]:
    """Mean squared difference of logarithms, summed over tags, and its gradient by the logits.

    Parameters
    ----------
    logits : (m, K) float
        Of mixed rows, divided by the temperature.
    targets : (m, K) float
        In [0, 1]; constants.
    """
    gap = log_sigmoid(logits) - np.log(targets + _TINY)
    m = max(len(logits), 1)
    return float((gap * gap).sum() / m), (2.0 / m) * gap * (1 - sigmoid(logits))


__all__ = [
    "LOWEST_TEMPERATURE",
    "constants",
    "mixed_features",
    "mixed_targets",
    "mixup_loss",
    "temperatures",
    "variational_loss",
]
