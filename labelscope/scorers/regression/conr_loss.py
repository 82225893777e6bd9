"""The contrastive regularizer for imbalanced regression: pairs, pushing weights, loss and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import BoolArray, FloatArray

# exp of more would leave float32; a pair so far apart is pushed hard enough.
_STRONGEST = 60.0
_TINY = 1e-12


def conr_loss(
    features: Any,
    targets: Any,
    predictions: Any,
    *,
    window: float = 1.0,
    temperature: float = 0.2,
    e: float = 0.01,
    weights: Any = None,
) -> Any:
    """Contrastive regularizer (ConR) of a batch, to be added to any regression loss.

    Rows whose targets are alike pull each other; rows that are predicted alike although their targets differ
    push each other, the harder the more they differ:
    ``loss = L1(predictions, targets) + 4 * conr_loss(...)``.

    Parameters
    ----------
    features : (n, c) array or torch tensor
        Features of the layer before the output; they are scaled to length 1 here. With tensors, the result
        carries the gradient. Half precision is widened to single.
    targets : (n,) or (n, d)
        Targets; of several columns the largest difference counts.
    predictions : (n,) or (n, d)
        Predictions of the batch; no gradient passes through them.
    window : float
        Targets within it are alike, in units of the targets.
    temperature : float
        Similarities are divided by it. The published code names 0.2 and computes with 0.07.
    e : float
        Pushing weights are ``weights * exp(e * |y_i - y_q|)``.
    weights : (n,), optional
        Weights of the anchors, such as those of `labelscope.scorers.regression.density.density_weights`.

    Returns
    -------
    float, or tensor ()
        Mean over the batch; 0 for rows without negatives, and for rows without positives, where the published
        code divides by zero.

    Raises
    ------
    InvalidInputError
        Shapes that do not fit, or a window or temperature that is not positive.

    References
    ----------
    Keramati, Meng, Evans: ConR: Contrastive regularizer for deep imbalanced regression, ICLR 2024.

    Examples
    --------
    >>> z = np.array([[1.0, 0.0], [0.9, 0.1], [1.0, 0.1]])
    >>> alike = conr_loss(z, np.array([1.0, 1.0, 1.0]), np.array([1.0, 1.0, 1.0]))
    >>> confused = conr_loss(z, np.array([1.0, 1.0, 9.0]), np.array([1.0, 1.0, 1.0]))
    >>> float(alike), bool(confused > 0)
    (0.0, True)
    """
    check_settings(window, temperature, e)
    is_torch = hasattr(features, "detach")
    if is_torch:
        import torch

        xp: Any = torch
        # Half precision holds neither large targets nor the sums.
        narrow = features.dtype in (torch.float16, torch.bfloat16)
        features = features.float() if narrow else features
        goals: Any = torch.as_tensor(targets, device=features.device, dtype=features.dtype).detach()
        guesses: Any = torch.as_tensor(predictions, device=features.device, dtype=features.dtype).detach()
        scale: Any = None if weights is None else torch.as_tensor(weights).to(features).detach()
    else:
        xp, features = np, np.asarray(features)
        features = features.astype(np.promote_types(features.dtype, np.float32), copy=False)
        goals = np.asarray(targets, dtype=np.float64)
        guesses = np.asarray(predictions, dtype=np.float64)
        scale = None if weights is None else np.asarray(weights, dtype=np.float64)
    n = len(features)
    _check_shapes(features, goals, guesses, scale)
    if n < 2:
        return (features * 0.0).sum()
    apart = _gaps(goals.reshape(n, -1))
    positive, negative = _sets(xp, apart, _gaps(guesses.reshape(n, -1)), window)
    length = ((features**2).sum(1) + _TINY) ** 0.5
    unit = features / length[:, None]
    similar = unit @ unit.T / temperature
    push = xp.clip(e * apart, 0.0, _STRONGEST)
    if scale is not None:
        push = push + xp.log(xp.clip(scale, _TINY, None))[:, None]
    logits = xp.where(negative, similar + push, similar)
    each = _anchors(xp, similar, logits, positive, negative)
    return (each if scale is None else each * scale).mean()


def _anchors(xp: Any, similar: Any, logits: Any, positive: Any, negative: Any) -> Any:
    """Loss of each anchor, 0 where it has no negatives or no positives."""
    n_positive = positive.sum(1)
    counts = negative.any(1) & (n_positive > 0)
    allowed = (positive | negative) & counts[:, None]
    # Entries outside of both sets are 0 after exp, not before it; the row maximum keeps exp finite.
    top = xp.amax(xp.where(allowed, logits, -np.inf), 1)
    top = xp.where(counts, top.detach() if hasattr(top, "detach") else top, 0.0)
    total = xp.exp(xp.where(allowed, logits - top[:, None], -np.inf)).sum(1)
    total = xp.where(counts, total, 1.0)
    pulled = xp.where(positive, similar, 0.0).sum(1) / xp.clip(n_positive, 1, None)
    return xp.where(counts, xp.log(total) + top - pulled, 0.0)


def conr_gradient(
    features: FloatArray,
    targets: FloatArray,
    predictions: FloatArray,
    *,
    window: float = 1.0,
    temperature: float = 0.2,
    e: float = 0.01,
    weights: FloatArray | None = None,
) -> tuple[float, FloatArray]:
    """Return `conr_loss` and its gradient with respect to the features, (n, c) float64, without torch.

    Parameters
    ----------
    features, targets, predictions, window, temperature, e, weights
        As for `conr_loss`; arrays.

    Examples
    --------
    >>> z = np.array([[1.0, 0.0], [0.9, 0.1], [1.0, 0.1]])
    >>> loss, gradient = conr_gradient(z, np.array([1.0, 1.0, 9.0]), np.ones(3))
    >>> bool(loss > 0), gradient.shape
    (True, (3, 2))
    """
    n = len(features)
    apart = _gaps(targets.reshape(n, -1))
    positive, negative = _sets(np, apart, _gaps(predictions.reshape(n, -1)), window)
    length = np.sqrt((features**2).sum(axis=1) + _TINY)
    unit = features / length[:, None]
    similar = unit @ unit.T / temperature
    omega = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    push = np.minimum(e * apart, _STRONGEST) + np.log(np.maximum(omega, _TINY))[:, None]
    logits = np.where(positive | negative, np.where(negative, similar + push, similar), -np.inf)
    n_positive = positive.sum(axis=1)
    counts = negative.any(axis=1) & (n_positive > 0)
    logits = np.where(counts[:, None], logits, -np.inf)
    top = np.where(counts, logits.max(axis=1, initial=-np.inf), 0.0)
    shares = np.exp(logits - top[:, None])
    total = np.where(counts, shares.sum(axis=1), 1.0)
    pulled = positive / np.maximum(n_positive, 1)[:, None]
    own = np.where(counts, np.log(total) + top - (pulled * similar).sum(axis=1), 0.0)
    slope = np.where(counts, omega, 0.0)[:, None] * (shares / total[:, None] - pulled) / n
    on_unit = (slope + slope.T) @ unit / temperature
    along = (on_unit * unit).sum(axis=1, keepdims=True) * unit
    return float((own * omega).mean()), (on_unit - along) / length[:, None]


def pair_sets(targets: FloatArray, predictions: FloatArray, window: float) -> tuple[BoolArray, BoolArray]:
    """Return the positive and negative pairs of every anchor.

    Parameters
    ----------
    targets, predictions : (n,) or (n, d) float
    window : float
        Targets, or predictions, within it are alike.

    Returns
    -------
    positive : (n, n) bool
        Another row with a target alike.
    negative : (n, n) bool
        A row with a different target that is predicted alike.

    Examples
    --------
    >>> positive, negative = pair_sets(np.array([1.0, 1.5, 9.0]), np.array([1.0, 5.0, 1.0]), 1.0)
    >>> positive[0].tolist(), negative[0].tolist()
    ([False, True, False], [False, False, True])
    """
    n = len(targets)
    gaps = _gaps(np.asarray(predictions).reshape(n, -1))
    positive, negative = _sets(np, _gaps(np.asarray(targets).reshape(n, -1)), gaps, window)
    return np.asarray(positive), np.asarray(negative)


def check_settings(window: float | None, temperature: float, e: float) -> None:
    """Refuse a window or temperature that is not positive and a weight that falls with distance."""
    named = (("temperature", temperature), *([] if window is None else [("window", window)]))
    for name, value in named:
        if not (np.isfinite(value) and value > 0):
            raise InvalidInputError(f"{name} is {value}.", "Pass a positive number.")
    if not (np.isfinite(e) and e >= 0):
        raise InvalidInputError(f"e is {e}.", "Pass 0 or more.")


def _gaps(values: Any) -> Any:
    """Largest absolute difference over the columns, (n, n)."""
    gaps = abs(values[:, None, 0] - values[None, :, 0])
    for column in range(1, values.shape[1]):
        more = abs(values[:, None, column] - values[None, :, column])
        gaps = gaps + (more - gaps) * (more > gaps)
    return gaps


def _sets(xp: Any, apart: Any, predicted_apart: Any, window: float) -> tuple[Any, Any]:
    alike = apart <= window
    itself = xp.eye(len(apart)) > 0
    itself = itself.to(alike.device) if hasattr(itself, "to") and xp is not np else itself
    return alike & ~itself, ~alike & (predicted_apart <= window)


def _check_shapes(features: Any, targets: Any, predictions: Any, weights: Any) -> None:
    n = len(features)
    if features.ndim != 2:
        raise InvalidInputError(f"features has the shape {tuple(features.shape)}.", "Pass (n, c).")
    for name, value in (("targets", targets), ("predictions", predictions), ("weights", weights)):
        if value is not None and len(value) != n:
            raise InvalidInputError.wrong_length(name, len(value), n, "the batch")
    if tuple(targets.reshape(n, -1).shape) != tuple(predictions.reshape(n, -1).shape):
        raise InvalidInputError(
            f"targets has the shape {tuple(targets.shape)}, but predictions {tuple(predictions.shape)}.",
            "Pass one prediction per target.",
        )
