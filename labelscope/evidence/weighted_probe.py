"""A multinomial logistic regression whose rows have weights and whose targets may be soft.

The probe of labels that are not all worth the same: rare classes, pseudo-labels, parts of a federation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.evidence.lbfgs import Descent
from labelscope.types import FloatArray, IntArray

_UNSEEN = -1e9


@dataclass(frozen=True)
class Standardized:
    """Columns of mean 0 and deviation 1, with a column of ones at the end.

    Attributes
    ----------
    mean, scale : (d,) float64
        ``(features - mean) * scale`` are the standardized features.
    """

    mean: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, features: FloatArray) -> Standardized:
        """Find means and deviations of (n, d) features; constant columns count for nothing."""
        mean = features.mean(axis=0, dtype=np.float64)
        deviation = features.std(axis=0, dtype=np.float64)
        tiny = 1e-9 * max(float(np.abs(mean).max(initial=0.0)), float(deviation.max(initial=0.0)), 1e-300)
        return cls(mean, np.where(deviation > tiny, 1 / np.maximum(deviation, 1e-300), 0.0))

    def apply(self, features: FloatArray) -> FloatArray:
        """Return (n, d + 1) float64."""
        inputs = np.ones((len(features), features.shape[1] + 1))
        inputs[:, :-1] = (features - self.mean) * self.scale
        return inputs


def effective_weights(counts: IntArray, beta: float = 0.9999) -> FloatArray:
    """Weigh classes by the inverse of their effective number of rows.

    Parameters
    ----------
    counts : (K,) int
        Rows of each class.
    beta : float
        Near 1; n rows count as (1 - beta**n) / (1 - beta). 1 is the plain inverse of the counts, 0 none.

    Returns
    -------
    (K,) float64
        Their mean over all rows is 1; 0 for classes without rows.

    Notes
    -----
    Cui et al.: Class-balanced loss based on effective number of samples, CVPR 2019.

    Examples
    --------
    >>> effective_weights(np.array([30, 10]), beta=1.0).round(3).tolist()
    [0.667, 2.0]
    """
    counts = np.asarray(counts, dtype=np.float64)
    effective = counts if beta >= 1 else (1.0 - beta**counts) / (1.0 - beta)
    raw = np.where(counts > 0, 1.0 / np.maximum(effective, 1e-300), 0.0)
    total = float((raw * counts).sum())
    return np.asarray(raw * counts.sum() / total) if total else raw


def one_hot(codes: IntArray, n_classes: int) -> FloatArray:
    """Return (m, K) float64 targets of codes ≥ 0."""
    targets = np.zeros((len(codes), n_classes))
    targets[np.arange(len(codes)), codes] = 1.0
    return targets


def loss(
    weights: FloatArray, inputs: FloatArray, targets: FloatArray, importance: FloatArray, penalty: float
) -> tuple[float, FloatArray]:
    """Return the mean weighted cross-entropy with its penalty, and the gradient.

    Parameters
    ----------
    weights : (K, d + 1) float64
        The last column holds the intercepts, which have no penalty. Intercepts of -1e9 mark classes that
        the model cannot name.
    inputs : (m, d + 1) float64
    targets : (m, K) float64
        Rows sum to 1.
    importance : (m,) float64
        Weight of each row.
    penalty : float
        Half of it times the squared weights is added to the sum of the losses.

    Returns
    -------
    float, (K, d + 1) float64
    """
    total = max(float(importance.sum()), 1e-300)
    logits = inputs @ weights.T
    logits -= logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    value = -float((importance[:, None] * targets * logs).sum()) / total
    pull = penalty / total * weights
    pull[:, -1] = 0.0
    residual = (np.exp(logs) - targets) * (importance / total)[:, None]
    value += 0.5 * float((pull * weights).sum())
    return value, residual.T @ inputs + pull


def fit(
    inputs: FloatArray,
    targets: FloatArray,
    importance: FloatArray,
    *,
    penalty: float = 1.0,
    start: FloatArray | None = None,
    n_steps: int = 100,
) -> FloatArray:
    """Fit a weighted multinomial logistic regression.

    Parameters
    ----------
    inputs : (m, d + 1) float64
        Features with a last column of ones, see `Standardized`.
    targets : (m, K) float64
        Classes that no row with a weight has get a logit of -1e9.
    importance : (m,) float64
    penalty : float
        As in `loss`; one over scikit-learn's C.
    start : (K, d + 1) float64, optional
    n_steps : int
        Most steps of L-BFGS.

    Returns
    -------
    (K, d + 1) float64
    """
    seen = (importance[:, None] * targets).sum(axis=0) > 0
    first = np.zeros((targets.shape[1], inputs.shape[1])) if start is None else np.array(start)
    first[seen & (first[:, -1] < _UNSEEN / 2), -1] = 0.0
    own = first[seen]
    if seen.sum() > 1:
        descent = Descent(own, n_steps=n_steps, tolerance=1e-6)
        while not descent.done:
            descent.tell(*loss(descent.trial, inputs, targets[:, seen], importance, penalty))
        own = descent.best
    found = np.zeros_like(first)
    found[seen] = own
    found[~seen, -1] = _UNSEEN
    return found


def predict(inputs: FloatArray, weights: FloatArray) -> FloatArray:
    """Return (m, K) float64 probabilities."""
    logits = inputs @ weights.T
    logits -= logits.max(axis=1, keepdims=True, initial=-np.inf)
    np.exp(logits, out=logits)
    return np.asarray(logits / logits.sum(axis=1, keepdims=True))
