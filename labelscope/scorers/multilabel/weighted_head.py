"""Cross-fitted heads with positive weights on features, and their confidence once the weights are undone."""

from __future__ import annotations

import numpy as np

from labelscope.evidence import probe, tag_probe
from labelscope.scorers.multilabel.soft_prompt import positive_weights
from labelscope.types import FloatArray, IntArray

_PENALTIES = (0.3, 0.1, 0.03, 0.01, 0.003)
_STEPS = 30
_TRUST = 10.0


def head_logits(
    features: FloatArray, tags: IntArray, folds: IntArray, *, weighted: bool = True, random_state: int = 0
) -> tuple[FloatArray, FloatArray, float]:
    """Logits of every row by heads that have not seen its tags.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers, in any units.
    tags : (n, K) int8
        1 present, 0 absent, -1 unknown.
    folds : (n,) int
        -1 for rows that are not dealt, which get the mean of all heads.
    weighted : bool
        Whether present tags weigh the largest count over their own.
    random_state : int
        Seed of the whitening of very wide features.

    Returns
    -------
    logits : (n, K) float64
        With the shift that the weights bring.
    weights : (K,) float32
        Of present tags.
    penalty : float
        The one with the lowest weighted loss out of fold. With it there is no learning rate to get wrong.
    """
    known = np.flatnonzero(folds >= 0)
    weights = positive_weights(tags) if weighted else np.ones(tags.shape[1], dtype=np.float32)
    map_ = probe.whiten(features, shrinkage=0.1, random_state=random_state)
    whitened = map_.apply(features)
    own, fold_of = tags[known], folds[known]
    n_folds = int(folds.max()) + 1
    best: tuple[float, FloatArray, float] = (np.inf, np.zeros(0), 0.0)
    fitted = tag_probe.start(own, fold_of, n_folds, whitened.shape[1])
    for penalty in _PENALTIES:
        ridge = np.float32(penalty) * map_.ridge
        # Each fit starts from the one before, which was pulled harder.
        fitted = tag_probe.fit_tags(
            whitened[known], own, fold_of, fitted, ridge, n_steps=_STEPS, balance=weights
        )
        logits = np.einsum("nr,fkr->fnk", whitened, fitted, dtype=np.float64)
        held = np.where(folds[:, None] >= 0, logits[folds.clip(0), np.arange(len(tags))], logits.mean(axis=0))
        loss = weighted_log_loss(held, tags, weights)
        if loss < best[0]:
            best = (loss, held, penalty)
    return best[1], weights, best[2]


def weighted_log_loss(logits: FloatArray, tags: IntArray, weights: FloatArray) -> float:
    """Mean binary cross-entropy of the known entries, present ones times their weight.

    Examples
    --------
    >>> tags = np.array([[1], [0], [-1]])
    >>> round(weighted_log_loss(np.zeros((3, 1)), tags, np.array([3.0])) / float(np.log(2)), 6)
    2.0
    """
    signs = np.where(tags == 1, 1.0, -1.0)
    each = np.logaddexp(0.0, -signs * logits) * np.where(tags == 1, weights, 1.0)
    known = tags >= 0
    return float(each[known].mean()) if known.any() else 0.0


def calibrated(logits: FloatArray, tags: IntArray, folds: IntArray, weights: FloatArray) -> FloatArray:
    """Turn weighted logits into probabilities.

    A present tag that weighs w times moves the log-odds by log w, which is taken off; what is still too bold
    or too timid is set right by a slope and a level, learned from the other folds.

    Parameters
    ----------
    logits : (n, K) float
        Out of fold, as trained with ``weights``.
    tags : (n, K) int8
    folds : (n,) int
    weights : (K,) float

    Returns
    -------
    (n, K) float32
    """
    bare = logits - np.log(weights.astype(np.float64))
    out = np.empty(logits.shape, dtype=np.float32)
    n_folds = int(folds.max(initial=-1)) + 1
    for fold in range(-1, n_folds):
        own = folds == fold
        others = (folds >= 0) & ~own
        level, slope = _platt(bare[others], tags[others])
        out[own] = 1 / (1 + np.exp(-np.clip(level + slope * bare[own], -30, 30)))
    return out


def _platt(logits: FloatArray, tags: IntArray) -> tuple[float, float]:
    """Level and slope by penalized maximum likelihood around (0, 1) (Platt 1999), by Newton's steps."""
    known = tags >= 0
    z, y = logits[known], (tags[known] == 1).astype(np.float64)
    design = np.stack([np.ones_like(z), z])
    theta, start = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    for _ in range(25):
        p = 1 / (1 + np.exp(-np.clip(theta @ design, -30, 30)))
        gradient = design @ (p - y) + _TRUST * (theta - start)
        curvature = (design * (p * (1 - p))) @ design.T + _TRUST * np.eye(2)
        step = np.clip(np.linalg.solve(curvature, gradient), -0.5, 0.5)
        theta = theta - step
        if np.abs(step).max() < 1e-6:
            break
    return float(theta[0]), float(np.clip(theta[1], 0.05, 5.0))
