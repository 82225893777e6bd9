"""One logistic regression for each tag and fold, fitted abreast: the probe behind tag probabilities.

Each step passes over the features once, for all tags and folds together; see `labelscope.evidence.probe` for
the whitening that makes steps short work.
"""

from __future__ import annotations

import numpy as np

from labelscope.evidence.lbfgs import Descent
from labelscope.types import FloatArray, IntArray

_FIT_CELLS = 500_000
_BLOCK = 4096
# From so many rows on, a quarter of them leads most of the way, at a quarter of the cost.
_MANY_ROWS = 20_000
_SHARE = 4
_LAST_STEPS = 5


def base_rates(tags: IntArray, folds: IntArray, n_folds: int) -> FloatArray:
    """Share of each tag outside of each fold, (folds, K), among its known entries and drawn toward the mean.

    A tag without a known entry has a share of zero; others are strictly between 0 and 1.
    """
    positive = np.zeros((n_folds + 1, tags.shape[1]))
    known = np.zeros((n_folds + 1, tags.shape[1]))
    np.add.at(positive, folds + 1, tags == 1)
    np.add.at(known, folds + 1, tags >= 0)
    seen, hits = known.sum(axis=0) - known[1:], positive.sum(axis=0) - positive[1:]
    return np.where(known.sum(axis=0) > 0, (hits + 0.5) / (seen + 1.0), 0.0)


def start(tags: IntArray, folds: IntArray, n_folds: int, width: int) -> FloatArray:
    """Weights (folds, K, width) float32 that give every row the tag's base rate."""
    weights = np.zeros((n_folds, tags.shape[1], width), dtype=np.float32)
    rates = np.clip(base_rates(tags, folds, n_folds), 1e-6, 1 - 1e-6)
    weights[:, :, -1] = np.log(rates / (1 - rates))
    return weights


def fit_tags(
    whitened: FloatArray,
    tags: IntArray,
    folds: IntArray,
    begin: FloatArray,
    penalty: FloatArray,
    *,
    n_steps: int = 20,
    balance: FloatArray | None = None,
) -> FloatArray:
    """Fit a logistic regression for each tag and fold, on the known entries of the rows outside of the fold.

    Parameters
    ----------
    whitened : (m, r + 1) float32
        Whitened features, the last column is 1.
    tags : (m, K) int8
        1 present, 0 absent, -1 unknown: it pulls at nothing.
    folds : (m,) int
        Fold that each row is held out of; -1 for rows that only train.
    begin : (folds, K, r + 1) float32
        Where to start, such as :func:`start`.
    penalty : (r,) float32
        Half of these times the squared weights (not the intercepts) is added to the mean loss.
    n_steps : int
        Most steps.
    balance : (K,) float32, optional
        How much a present tag weighs against an absent one.

    Returns
    -------
    (folds, K, r + 1) float32
    """
    if len(tags) >= _MANY_ROWS:
        few = np.sort(np.random.default_rng(0).permutation(len(tags))[: len(tags) // _SHARE])
        begin = _descended(whitened[few], tags[few], folds[few], begin, penalty, n_steps, balance)
        n_steps = min(n_steps, _LAST_STEPS)
    return _descended(whitened, tags, folds, begin, penalty, n_steps, balance)


def _descended(
    whitened: FloatArray,
    tags: IntArray,
    folds: IntArray,
    begin: FloatArray,
    penalty: FloatArray,
    n_steps: int,
    balance: FloatArray | None,
) -> FloatArray:
    pull = np.append(penalty, 0).astype(np.float32)
    totals = len(tags) - np.bincount(folds[folds >= 0], minlength=len(begin))
    descents = [Descent(own, n_steps=n_steps) for own in begin]
    while True:
        active = [fold for fold, descent in enumerate(descents) if not descent.done]
        if not active:
            return np.stack([descent.best for descent in descents])
        trials = np.stack([descents[fold].trial for fold in active])
        losses, gradients = _loss(whitened, tags, folds, trials, np.array(active), balance)
        for place, fold in enumerate(active):
            drawn = pull * trials[place]
            total = max(int(totals[fold]), 1)
            value = losses[place] / total + 0.5 * float(np.vdot(drawn, trials[place]))
            descents[fold].tell(value, gradients[place] / np.float32(total) + drawn)


def _loss(
    whitened: FloatArray,
    tags: IntArray,
    folds: IntArray,
    weights: FloatArray,
    active: IntArray,
    balance: FloatArray | None,
) -> tuple[FloatArray, FloatArray]:
    """Summed log-loss (f,) and gradient (f, K, r + 1) of the models of the active folds."""
    f, k, width = weights.shape
    flat = weights.reshape(f * k, width)
    gradient = np.zeros_like(flat)
    losses = np.zeros(f)
    partly = bool((tags < 0).any())
    step = int(np.clip(_FIT_CELLS // (f * k), 128, 2048))
    for begin in range(0, len(tags), step):
        block = whitened[begin : begin + step]
        given = tags[begin : begin + step].T
        target = (given == 1).astype(np.float32)
        trains = (folds[begin : begin + step] != active[:, None]).astype(np.float32)
        share = (given >= 0).astype(np.float32) if partly else np.ones_like(target)
        if balance is not None:
            share = share * np.where(given == 1, balance[:, None], np.float32(1))
        counted = trains[:, None, :] * share
        logits = (flat @ block.T).reshape(f, k, len(block))
        small = np.exp(-np.abs(logits))
        bent = np.log1p(small) + np.maximum(logits, 0) - target * logits
        losses += np.einsum("fkm,fkm->f", bent, counted, dtype=np.float64)
        small = np.where(logits >= 0, 1, small) / (1 + small)
        small -= target
        small *= counted
        gradient += small.reshape(f * k, -1) @ block
    return losses, gradient.reshape(f, k, width)


def predict_tags(whitened: FloatArray, weights: FloatArray) -> FloatArray:
    """Tag probabilities (m, K) float32 of whitened features (m, r + 1) under weights (K, r + 1)."""
    out = np.empty((len(whitened), len(weights)), dtype=np.float32)
    for begin in range(0, len(whitened), _BLOCK):
        logits = np.clip(whitened[begin : begin + _BLOCK] @ weights.T, -30, 30)
        out[begin : begin + _BLOCK] = 1 / (1 + np.exp(-logits))
    return out


def log_loss(probs: FloatArray, tags: IntArray) -> float:
    """Mean log-loss of the known entries."""
    known = tags >= 0
    own = np.where(tags == 1, probs, 1 - probs)[known]
    return float(-np.log(np.maximum(own, 1e-7), dtype=np.float64).mean()) if own.size else 0.0
