"""Out-of-sample probabilities under imbalance: balanced heads, and self-training inside each fold.

After Yang, Xu: Rethinking the value of labels for improving class-imbalanced learning, NeurIPS 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from labelscope.evidence.weighted_probe import Standardized, effective_weights, fit, one_hot, predict
from labelscope.types import BoolArray, FloatArray, IntArray

# A second representation must be better by so much, since the first is what the user gave.
_CLEARLY = 0.95
_MOST_COMPARED = 4000


@dataclass(frozen=True)
class Regime:
    """How a head is trained.

    Attributes
    ----------
    balanced : bool
        Whether classes are weighed by their effective number of rows.
    omega : float
        Weight of the pool's mean loss beside that of the labelled rows; 0 leaves the pool out.
    n_rounds : int
        How often pseudo-labels are made and learned from.
    beta : float
        Of the effective number.
    penalty : float
        Strength of the squared penalty; one over scikit-learn's C.
    """

    balanced: bool = True
    omega: float = 1.0
    n_rounds: int = 2
    beta: float = 0.9999
    penalty: float = 10.0


@dataclass(frozen=True)
class OutOfFold:
    """What the heads of all folds say.

    Attributes
    ----------
    pred_probs : (n, K) float64
        Labelled rows by the head of the fold that holds them out, other rows by the mean of all heads.
    unseen : (n,) bool
        Labelled rows of whose class their head has not seen a single row.
    chosen : tuple of int
        Representation that each fold's head was trained on.
    """

    pred_probs: FloatArray
    unseen: BoolArray
    chosen: tuple[int, ...]


def out_of_fold(
    spaces: Sequence[FloatArray],
    codes: IntArray,
    folds: IntArray,
    pool: IntArray,
    n_classes: int,
    regime: Regime,
) -> OutOfFold:
    """Predict every row by a head that has not seen its label, directly or through a pseudo-label.

    Parameters
    ----------
    spaces : sequence of (n, d) float
        Representations made without labels. Where there are several, each fold takes the one that predicts
        one half of its training rows best from the other half.
    codes : (n,) int
        Given labels; those of the pool and of rows with fold -1 are not read.
    folds : (n,) int
        Fold that holds each labelled row out, -1 for all other rows.
    pool : (m,) int
        Rows without a label that take part in self-training. In each fold their pseudo-labels come from a
        head that was trained on the other folds alone.
    n_classes : int
    regime : Regime

    Returns
    -------
    OutOfFold
    """
    inputs = [Standardized.of(points).apply(points) for points in spaces]
    n, others, n_folds = len(codes), np.flatnonzero(folds < 0), int(folds.max(initial=-1)) + 1
    probs, unseen, chosen = np.zeros((n, n_classes)), np.zeros(n, dtype=bool), []
    for fold in range(n_folds):
        held, train = np.flatnonzero(folds == fold), np.flatnonzero((folds >= 0) & (folds != fold))
        if not len(train):  # one fold holds all labels: nothing is left to learn from
            probs[held], probs[others], unseen[held] = 1 / n_classes, 1 / n_classes, True
            continue
        which = _best_space(inputs, train, codes[train], folds[train], n_classes, regime)
        head = self_trained(inputs[which], train, codes[train], pool, n_classes, regime)
        probs[held] = predict(inputs[which][held], head)
        probs[others] += predict(inputs[which][others], head) / n_folds
        seen = np.bincount(codes[train], minlength=n_classes) > 0
        unseen[held] = ~seen[codes[held]]
        chosen.append(which)
    return OutOfFold(probs, unseen, tuple(chosen))


def _best_space(
    inputs: Sequence[FloatArray],
    train: IntArray,
    labels: IntArray,
    folds: IntArray,
    n_classes: int,
    regime: Regime,
) -> int:
    """Choose by the balanced log-loss of one part of the training rows; the first unless clearly beaten."""
    if len(inputs) == 1:
        return 0
    step = -(-len(train) // _MOST_COMPARED)
    train, labels, folds = train[::step], labels[::step], folds[::step]
    part = folds % 2 == folds.min() % 2
    learn, check = np.flatnonzero(part), np.flatnonzero(~part)
    known = np.bincount(labels[learn], minlength=n_classes) > 0
    check = check[known[labels[check]]]
    if not len(check):
        return 0
    bare = replace(regime, omega=0.0, balanced=True)
    weight = effective_weights(np.bincount(labels[check], minlength=n_classes))[labels[check]]
    losses = []
    for one in inputs:
        head = self_trained(one, train[learn], labels[learn], train[:0], n_classes, bare)
        own = predict(one[train[check]], head)[np.arange(len(check)), labels[check]]
        losses.append(float((weight * -np.log(np.maximum(own, 1e-9))).sum() / weight.sum()))
    best = int(np.argmin(losses))
    return best if losses[best] < _CLEARLY * losses[0] else 0


def self_trained(
    inputs: FloatArray, train: IntArray, labels: IntArray, pool: IntArray, n_classes: int, regime: Regime
) -> FloatArray:
    """Fit a head on labelled rows, then on those and the pool with the labels that it gives them itself.

    Parameters
    ----------
    inputs : (n, d + 1) float64
        Standardized, see `labelscope.evidence.weighted_probe.Standardized`.
    train : (m,) int
        Labelled rows.
    labels : (m,) int
        Their codes.
    pool : (p,) int
    n_classes : int
    regime : Regime

    Returns
    -------
    (K, d + 1) float64
    """
    counts = np.bincount(labels, minlength=n_classes)
    own = effective_weights(counts, regime.beta)[labels] if regime.balanced else np.ones(len(train))
    targets = one_hot(labels, n_classes)
    head = fit(inputs[train], targets, own, penalty=regime.penalty)
    if not len(pool) or regime.omega <= 0:
        return head
    both, share = inputs[np.concatenate([train, pool])], regime.omega * len(train)
    for _ in range(regime.n_rounds):
        said = predict(inputs[pool], head)
        guess = said.argmax(axis=1)
        # Cubed, so that guesses count for next to nothing.
        lent = said.max(axis=1) ** 3
        if regime.balanced:
            lent = lent * effective_weights(np.bincount(guess, minlength=n_classes), regime.beta)[guess]
        head = fit(
            both,
            np.concatenate([targets, one_hot(guess, n_classes)]),
            np.concatenate([own, lent * (share / lent.sum())]),
            # More rows must not mean less restraint: they bring no truth of their own.
            penalty=regime.penalty * (1.0 + regime.omega),
            start=head,
        )
    return head
