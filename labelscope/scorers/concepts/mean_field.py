"""Mean field: the lowest energy of what is not clamped, from two starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.scorers.concepts.energy import JointEnergy, one_hot, sigmoid, softmax
from labelscope.types import BoolArray, FloatArray, IntArray

_N_SWEEPS = 30
_TOLERANCE = 1e-3
_EDGE = 1e-12


@dataclass(frozen=True)
class Beliefs:
    """What is believed of some rows.

    Attributes
    ----------
    concepts : (m, C) float64
        Probability of each attribute; exactly 0 or 1 where it is clamped.
    classes : (m, K) float64
        Probability of each class; exactly 0 or 1 where it is clamped.
    energy : (m,) float64
        Expected energy less entropy; the lower of both starts.
    """

    concepts: FloatArray
    classes: FloatArray
    energy: FloatArray


def minimize(
    joint: JointEnergy,
    unary: FloatArray,
    class_unary: FloatArray,
    *,
    fixed: FloatArray | None = None,
    fixed_class: IntArray | None = None,
) -> Beliefs:
    """Minimize the energy over everything that is not clamped.

    Parameters
    ----------
    joint : JointEnergy
    unary : (m, C) float
        Log-odds of the attributes from elsewhere: heads, given values.
    class_unary : (m, K) float
        Log-probabilities of the classes from elsewhere.
    fixed : (m, C) float, optional
        0 or 1 where an attribute is clamped, NaN elsewhere.
    fixed_class : (m,) int, optional
        A class where it is clamped, -1 elsewhere.

    Returns
    -------
    Beliefs
        One start believes the heads, the other the attributes that are usual for the most likely class;
        where they end apart, the lower energy is kept.
    """
    m, n_concepts = unary.shape
    n_classes = class_unary.shape[1]
    clamped = np.full((m, n_concepts), np.nan) if fixed is None else np.asarray(fixed, dtype=np.float64)
    codes = np.full(m, -1) if fixed_class is None else np.asarray(fixed_class)
    first = one_hot(codes, n_classes, softmax(class_unary))
    alone = sigmoid(unary)
    usual = sigmoid(
        2.0 * (one_hot(first.argmax(axis=1), n_classes) @ joint.relations.table.T + joint.relations.bias)
    )
    starts = np.concatenate([alone, usual])
    doubled = np.concatenate([clamped, clamped])
    starts = np.where(np.isnan(doubled), starts, doubled)
    both = _swept(
        joint,
        np.concatenate([unary, unary]),
        np.concatenate([class_unary, class_unary]),
        starts,
        np.concatenate([first, first]),
        np.isnan(doubled),
        np.concatenate([codes, codes]) < 0,
    )
    second = both.energy[m:] < both.energy[:m] - 1e-9
    kept = np.where(second, np.arange(m) + m, np.arange(m))
    return Beliefs(both.concepts[kept], both.classes[kept], both.energy[kept])


def _swept(
    joint: JointEnergy,
    unary: FloatArray,
    class_unary: FloatArray,
    concepts: FloatArray,
    classes: FloatArray,
    free: BoolArray,
    free_class: BoolArray,
) -> Beliefs:
    """Update one variable after the other, each to its exact conditional: the energy never rises."""
    own, weight = joint.relations, joint.weight
    spins = 2.0 * concepts - 1.0
    field = spins @ own.coupling
    offset = 0.5 * unary + weight * (own.bias - 0.5 * joint.base)
    class_offset = class_unary + weight * (own.prior - joint.class_base)
    free_columns = np.flatnonzero(free.any(axis=0))
    for _ in range(_N_SWEEPS):
        before = spins.copy()
        if free_class.any():
            logits = class_offset + weight * (spins @ own.table)
            classes = np.where(free_class[:, None], softmax(logits), classes)
        said = classes @ own.table.T
        for k in free_columns:
            new = np.tanh(offset[:, k] + weight * (field[:, k] + said[:, k]))
            change = np.where(free[:, k], new - spins[:, k], 0.0)
            spins[:, k] += change
            field += change[:, None] * own.coupling[k]
        if not free_columns.size or np.abs(spins - before).max() < _TOLERANCE:
            break
    concepts = np.where(free, (spins + 1.0) / 2.0, concepts)
    energy = joint.energy(unary, class_unary, 2.0 * concepts - 1.0, classes)
    return Beliefs(concepts, classes, energy - _entropy(concepts, classes))


def _entropy(concepts: FloatArray, classes: FloatArray) -> FloatArray:
    inside = np.clip(concepts, _EDGE, 1.0 - _EDGE)
    binary = -(concepts * np.log(inside) + (1.0 - concepts) * np.log1p(-inside)).sum(axis=1)
    return np.asarray(binary - (classes * np.log(np.maximum(classes, _EDGE))).sum(axis=1))
