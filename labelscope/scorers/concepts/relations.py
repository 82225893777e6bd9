"""Fitting the relations of class and attributes by pseudo-likelihood, and choosing their weight."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labelscope.scorers.concepts.energy import JointEnergy, Relations, one_hot, sigmoid, softmax
from labelscope.types import FloatArray, IntArray

_FLIPPED_ROWS, _FLIPPED_TAGS = 0.2, 0.2
_N_FOLDS = 3
WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.25)
_N_STEPS = 200


def fit_relations(
    concepts: FloatArray,
    codes: IntArray,
    filled: FloatArray,
    classes: FloatArray,
    *,
    flips: bool = False,
    random_state: int = 0,
) -> Relations:
    """Fit coupling, table and biases: every variable is predicted from all others.

    Parameters
    ----------
    concepts : (n, C) float
        1, 0, NaN where unknown.
    codes : (n,) int
        Classes; -1 where unknown.
    filled : (n, C) float
        Probability of each attribute, read where it is unknown.
    classes : (n, K) float
        Probability of each class, read where it is unknown.
    flips : bool
        Turn a fifth of the attributes around in a fifth of the rows, where they predict others, so that no
        single one is relied upon.
    random_state : int
        Seed of the flips.

    Returns
    -------
    Relations
    """
    from scipy.optimize import minimize

    spins = spins_of(concepts, filled)
    known = one_hot(codes, classes.shape[1], classes)
    seen = _flipped(spins, random_state) if flips else spins
    n_concepts, n_classes = spins.shape[1], classes.shape[1]
    problem = (np.nan_to_num(concepts), ~np.isnan(concepts), codes, seen, known)
    start = np.zeros(n_concepts * n_concepts + n_concepts * n_classes + n_concepts + n_classes)
    found = minimize(
        pseudo_loss, start, args=problem, jac=True, method="L-BFGS-B", options={"maxiter": _N_STEPS}
    )
    return unpacked(np.asarray(found.x), n_concepts, n_classes)


def pseudo_loss(
    flat: FloatArray,
    targets: FloatArray,
    asked: FloatArray,
    codes: IntArray,
    spins: FloatArray,
    classes: FloatArray,
) -> tuple[float, FloatArray]:
    """Penalized negative log-pseudo-likelihood of a row, and its gradient.

    Parameters
    ----------
    flat : (C * C + C * K + C + K,) float
        Coupling, table, bias and prior; of the coupling only the part above the diagonal counts.
    targets : (n, C) float
        1 or 0.
    asked : (n, C) bool
        Where the target is known.
    codes : (n,) int
        -1 where the class is unknown.
    spins : (n, C) float
        What the other attributes are predicted from.
    classes : (n, K) float

    Returns
    -------
    float, array like ``flat``
    """
    n, n_concepts = targets.shape
    n_classes = classes.shape[1]
    model = unpacked(flat, n_concepts, n_classes)
    logits = model.attribute_logits(spins, classes)
    level = np.logaddexp(0.0, logits) - targets * logits
    slope = (sigmoid(logits) - targets) * asked / n
    labelled = np.flatnonzero(codes >= 0)
    class_logits = model.class_logits(spins[labelled])
    probs = softmax(class_logits)
    own = probs[np.arange(len(labelled)), codes[labelled]]
    value = float((level * asked).sum() - np.log(np.maximum(own, 1e-300)).sum()) / n
    gap = probs.copy()
    gap[np.arange(len(labelled)), codes[labelled]] -= 1.0
    gap /= n
    across = 2.0 * slope.T @ spins
    on_coupling = np.triu(across + across.T, 1)
    on_table = 2.0 * slope.T @ classes + spins[labelled].T @ gap
    # One row's worth of a normal prior on every relation: rare pairs must not run away.
    upper = np.triu(model.coupling, 1)
    value += 0.5 * float((upper**2).sum() + (model.table**2).sum() + 0.01 * (model.prior**2).sum()) / n
    parts = (
        on_coupling + upper / n,
        on_table + model.table / n,
        2.0 * slope.sum(axis=0),
        gap.sum(axis=0) + 0.01 * model.prior / n,
    )
    return value, np.concatenate([part.ravel() for part in parts])


def unpacked(flat: FloatArray, n_concepts: int, n_classes: int) -> Relations:
    """Read relations from one vector; see `pseudo_loss`."""
    cuts = np.cumsum([n_concepts * n_concepts, n_concepts * n_classes, n_concepts])
    coupling, table, bias, prior = np.split(flat, cuts)
    upper = np.triu(coupling.reshape(n_concepts, n_concepts), 1)
    return Relations(upper + upper.T, table.reshape(n_concepts, n_classes), bias, prior)


@dataclass(frozen=True)
class FoldRelations:
    """Relations for each fold of the rows, fitted on all others.

    Attributes
    ----------
    folds : (n,) int64
    fitted : tuple of Relations
    """

    folds: IntArray
    fitted: tuple[Relations, ...]


def fit_folds(
    concepts: FloatArray,
    codes: IntArray,
    filled: FloatArray,
    classes: FloatArray,
    *,
    flips: bool = False,
    random_state: int = 0,
) -> FoldRelations:
    """Fit relations three times, each time without a third of the rows; see `fit_relations`."""
    folds = np.random.default_rng(random_state).permutation(len(codes)) % _N_FOLDS
    fitted = []
    for fold in range(_N_FOLDS):
        train = folds != fold
        own = (concepts[train], codes[train], filled[train], classes[train])
        fitted.append(fit_relations(*own, flips=flips, random_state=random_state))
    return FoldRelations(folds, tuple(fitted))


def choose_weight(
    parts: FoldRelations,
    concepts: FloatArray,
    codes: IntArray,
    heads: JointEnergy,
    unary: FloatArray,
    class_unary: FloatArray,
) -> tuple[float, dict[float, float]]:
    """Pick the weight of the relations by how well rows are told that they were not fitted on.

    Parameters
    ----------
    parts : FoldRelations
    concepts : (n, C) float
        1, 0, NaN where unknown.
    codes : (n,) int
        -1 where unknown.
    heads : JointEnergy
        Its ``base`` and ``class_base`` are read.
    unary : (n, C) float
        Log-odds of attributes, out of sample.
    class_unary : (n, K) float
        Log-probabilities of classes, out of sample.

    Returns
    -------
    float, dict of float to float
        The weight, and the mean log-likelihood per variable of each weight that was tried.
    """
    totals = dict.fromkeys(WEIGHTS, 0.0)
    for fold, fitted in enumerate(parts.fitted):
        held = parts.folds == fold
        for weight in WEIGHTS:
            joint = replace(heads, relations=fitted, weight=weight)
            totals[weight] += _likelihood(joint, concepts[held], codes[held], unary[held], class_unary[held])
    n_variables = max(int((~np.isnan(concepts)).sum() + (codes >= 0).sum()), 1)
    means = {weight: total / n_variables for weight, total in totals.items()}
    return max(WEIGHTS, key=lambda weight: means[weight]), means


def _likelihood(
    joint: JointEnergy, concepts: FloatArray, codes: IntArray, unary: FloatArray, class_unary: FloatArray
) -> float:
    spins = spins_of(concepts, sigmoid(unary))
    known = one_hot(codes, class_unary.shape[1], softmax(class_unary))
    logits = joint.attribute_logits(unary, spins, known)
    there = ~np.isnan(concepts)
    level = np.nan_to_num(concepts) * logits - np.logaddexp(0.0, logits)
    labelled = np.flatnonzero(codes >= 0)
    probs = softmax(joint.class_logits(class_unary, spins)[labelled])
    own = probs[np.arange(len(labelled)), codes[labelled]]
    return float((level * there).sum() + np.log(np.maximum(own, 1e-12)).sum())


def spins_of(concepts: FloatArray, filled: FloatArray) -> FloatArray:
    """Turn attributes into spins; where they are unknown, what is expected."""
    return np.asarray(2.0 * np.where(np.isnan(concepts), filled, concepts) - 1.0)


def _flipped(spins: FloatArray, random_state: int) -> FloatArray:
    rng = np.random.default_rng(random_state)
    rows = rng.random(len(spins)) < _FLIPPED_ROWS
    turned = rows[:, None] & (rng.random(spins.shape) < _FLIPPED_TAGS)
    return np.where(turned, -spins, spins)
