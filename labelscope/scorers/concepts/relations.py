"""Fitting the relations of class and attributes by pseudo-likelihood, and choosing their weight."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from labelscope.scorers.concepts.energy import JointEnergy, Relations, one_hot, sigmoid, softmax
from labelscope.types import FloatArray, IntArray

_FLIPPED_ROWS, _FLIPPED_TAGS = 0.2, 0.2
_N_FOLDS = 3
HEAD_WEIGHTS = (1.0, 0.75, 0.5, 0.25, 0.1)
WEIGHTS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, 1.25)
_N_STEPS, _N_MORE_STEPS = 150, 50


def fit_relations(
    concepts: FloatArray,
    codes: IntArray,
    filled: FloatArray,
    classes: FloatArray,
    *,
    flips: bool = False,
    start: Relations | None = None,
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
    start : Relations, optional
        Where to start, such as relations fitted on more rows.
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
    if start is None:
        begin = np.zeros(n_concepts * n_concepts + n_concepts * n_classes + n_concepts + n_classes)
    else:
        parts = (np.triu(start.coupling, 1), start.table, start.bias, start.prior)
        begin = np.concatenate([part.ravel() for part in parts])
    steps = {"maxiter": _N_STEPS if start is None else _N_MORE_STEPS, "ftol": 1e-7}
    found = minimize(pseudo_loss, begin, args=problem, jac=True, method="L-BFGS-B", options=steps)
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
    whole: Relations,
    flips: bool = False,
    random_state: int = 0,
) -> FoldRelations:
    """Fit relations three times, each time without a third of the rows; see `fit_relations`.

    The fits start from ``whole``, the relations of all rows, and go on until they have forgotten the rows
    that they leave out.
    """
    folds = np.random.default_rng(random_state).permutation(len(codes)) % _N_FOLDS
    fitted = []
    for fold in range(_N_FOLDS):
        train = folds != fold
        own = (concepts[train], codes[train], filled[train], classes[train])
        fitted.append(fit_relations(*own, flips=flips, start=whole, random_state=random_state))
    return FoldRelations(folds, tuple(fitted))


@dataclass(frozen=True)
class Weights:
    """Weights of the three parts of the energy.

    Attributes
    ----------
    relations : float
        lambda_g.
    attributes : float
        Of what the features say of attributes, beyond how common they are.
    classes : float
        Of what the features say of the class, beyond how common it is.
    """

    relations: float
    attributes: float = 1.0
    classes: float = 1.0


def choose_weights(
    parts: FoldRelations,
    concepts: FloatArray,
    codes: IntArray,
    heads: JointEnergy,
    unary: FloatArray,
    class_unary: FloatArray,
) -> tuple[Weights, dict[float, float]]:
    """Pick the weights by how well rows are told that the relations were not fitted on.

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
    Weights
    dict of float to float
        Mean log-likelihood per variable for each weight of the relations that was tried.
    """
    of_tags: dict[tuple[float, float], float] = {}
    of_classes: dict[tuple[float, float], float] = {}
    for fold, fitted in enumerate(parts.fitted):
        held = np.flatnonzero(parts.folds == fold)
        if not len(held):
            continue
        spins = spins_of(concepts[held], sigmoid(unary[held]))
        known = one_hot(codes[held], class_unary.shape[1], softmax(class_unary[held]))
        said, said_class = fitted.attribute_logits(spins, known), fitted.class_logits(spins)
        for weight, share in product(WEIGHTS, HEAD_WEIGHTS):
            logits = heads.base + share * (unary[held] - heads.base) + weight * (said - heads.base)
            named = heads.class_base + share * (class_unary[held] - heads.class_base)
            named = named + weight * (said_class - heads.class_base)
            key = (weight, share)
            of_tags[key] = of_tags.get(key, 0.0) + _tag_likelihood(logits, concepts[held])
            of_classes[key] = of_classes.get(key, 0.0) + _class_likelihood(named, codes[held])
    n_variables = max(int((~np.isnan(concepts)).sum() + (codes >= 0).sum()), 1)
    best: dict[float, tuple[float, Weights]] = {}
    for weight in WEIGHTS:
        tags = max(HEAD_WEIGHTS, key=lambda share: of_tags[weight, share])
        classes = max(HEAD_WEIGHTS, key=lambda share: of_classes[weight, share])
        level = (of_tags[weight, tags] + of_classes[weight, classes]) / n_variables
        best[weight] = (level, Weights(weight, tags, classes))
    chosen = max(WEIGHTS, key=lambda weight: best[weight][0])
    return best[chosen][1], {weight: level for weight, (level, _) in best.items()}


def _tag_likelihood(logits: FloatArray, concepts: FloatArray) -> float:
    level = np.nan_to_num(concepts) * logits - np.logaddexp(0.0, logits)
    return float((level * ~np.isnan(concepts)).sum())


def _class_likelihood(logits: FloatArray, codes: IntArray) -> float:
    labelled = np.flatnonzero(codes >= 0)
    own = softmax(logits[labelled])[np.arange(len(labelled)), codes[labelled]]
    return float(np.log(np.maximum(own, 1e-12)).sum())


def spins_of(concepts: FloatArray, filled: FloatArray) -> FloatArray:
    """Turn attributes into spins; where they are unknown, what is expected."""
    return np.asarray(2.0 * np.where(np.isnan(concepts), filled, concepts) - 1.0)


def _flipped(spins: FloatArray, random_state: int) -> FloatArray:
    rng = np.random.default_rng(random_state)
    rows = rng.random(len(spins)) < _FLIPPED_ROWS
    turned = rows[:, None] & (rng.random(spins.shape) < _FLIPPED_TAGS)
    return np.where(turned, -spins, spins)
