"""A probe trained twice: on many cheap labels, and then on few verified ones, anchored where it stands."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.lbfgs import Descent
from labelscope.types import FloatArray, IntArray

# Verified labels may move the probe more easily than cheap ones made it.
_ANCHOR = 0.3
_INTERCEPT = 0.02
_N_STEPS = 60


def anchored_loss(
    weights: FloatArray, inputs: FloatArray, codes: IntArray, offset: FloatArray, penalty: FloatArray
) -> tuple[float, FloatArray]:
    """Return the mean log-loss of logits beyond an offset, with its penalty, and the gradient.

    Parameters
    ----------
    weights : (K, d + 1) float
        The change from where the offset stands.
    inputs : (m, d + 1) float
        The last column is 1.
    codes : (m,) int
    offset : (m, K) float
        Logits before the change.
    penalty : (d + 1,) float
        Half of it times the squared weights is added to the sum of the losses.

    Returns
    -------
    float, (K, d + 1) array
    """
    rows, m = np.arange(len(codes)), len(codes)
    logits = inputs @ weights.T
    logits += offset
    logits -= logits.max(axis=1, keepdims=True)
    own = logits[rows, codes].astype(np.float64)
    np.exp(logits, out=logits)
    sums = logits.sum(axis=1)
    value = float(np.log(sums, dtype=np.float64).sum() - own.sum())
    logits /= sums[:, None]
    logits[rows, codes] -= 1
    pull = penalty * weights
    value += 0.5 * float(np.vdot(pull, weights))
    return value / m, np.asarray((logits.T @ inputs + pull) / m)


def moved(
    inputs: FloatArray,
    codes: IntArray,
    start: FloatArray,
    *,
    penalty: float,
    prior: FloatArray | None = None,
    first: FloatArray | None = None,
) -> FloatArray:
    """Move a linear model toward labels; without rows it stays.

    Parameters
    ----------
    inputs : (m, d + 1) float32
    codes : (m,) int
    start : (K, d + 1) float32
        Where the model stands; distance from it is penalized, also of the intercepts, so that one label alone
        cannot decide for a class.
    penalty : float
        Strength of the anchor, on the scale of summed losses.
    prior : (m, K) float32, optional
        Logits that are known beforehand.
    first : (K, d + 1) float32, optional
        Where to begin the descent, such as a solution on fewer rows.

    Returns
    -------
    (K, d + 1) float32
    """
    if not len(codes):
        return start
    offset = inputs @ start.T
    if prior is not None:
        offset += prior
    strength = np.full(inputs.shape[1], penalty, dtype=np.float32)
    strength[-1] = max(_INTERCEPT * penalty, 1.0)
    begin = np.zeros_like(start) if first is None else first - start
    descent = Descent(begin, n_steps=_N_STEPS)
    while not descent.done:
        descent.tell(*anchored_loss(descent.trial, inputs, codes, offset, strength))
    return np.asarray(start + descent.best)


def scaled(features: FloatArray, most: int = 128) -> FloatArray:
    """Return (n, d + 1) float32 inputs: standardized, of wide features the principal directions, and ones.

    Parameters
    ----------
    features : (n, d) float
    most : int
        Directions kept.

    Returns
    -------
    (n, min(d, most) + 1) float32
    """
    from labelscope.evidence.probe import principal_directions
    from labelscope.evidence.weighted_probe import Standardized

    inputs = Standardized.of(features).apply(features)[:, :-1].astype(np.float32)
    if inputs.shape[1] > most:
        sample = inputs[:: max(1, len(inputs) // 20_000)]
        inputs = inputs @ principal_directions(sample, most, 0)[1].astype(np.float32)
    return np.hstack([inputs, np.ones((len(inputs), 1), dtype=np.float32)])


def default_penalty(inputs: FloatArray) -> float:
    """Return the penalty under which the logits of a row deviate by about 1.4 before there are labels."""
    return max(float(np.square(inputs[:, :-1], dtype=np.float64).sum(axis=1).mean()) / 2, 1.0)


def anchor_of(penalty: float) -> float:
    """Return the strength of the second stage's anchor."""
    return _ANCHOR * penalty
