"""How often attributes go with classes and with each other, as tables with their counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.scorers.concepts.energy import JointEnergy, sigmoid, softmax
from labelscope.types import FloatArray, IntArray

_SMOOTHING = 1.0
_MOST_STATES = 1 << 14
_N_CHAINS, _N_BURNED, _N_KEPT = 200, 60, 60


@dataclass(frozen=True)
class Conditionals:
    """Tables of probabilities, smoothed, beside the numbers of rows they rest on.

    Attributes
    ----------
    given_class : (K, C) float64
        p(attribute | class), counted.
    class_counts : (K, C) int64
        Rows of the class whose attribute is known.
    given_class_and_concept : (K, C, C) float64
        ``[y, k, j]`` is p(attribute j | attribute k, class y), counted.
    pair_counts : (K, C, C) int64
        Rows of the class that have attribute k and whose attribute j is known.
    by_energy : (K, C) float64
        p(attribute | class) by the relations of the energy alone, whatever rows look like.
    """

    given_class: FloatArray
    class_counts: IntArray
    given_class_and_concept: FloatArray
    pair_counts: IntArray
    by_energy: FloatArray


def count_conditionals(concepts: FloatArray, codes: IntArray, joint: JointEnergy) -> Conditionals:
    """Count and smooth the tables.

    Parameters
    ----------
    concepts : (n, C) float
        1, 0, NaN where unknown.
    codes : (n,) int
        -1 where unknown; such rows do not count.
    joint : JointEnergy
        For ``by_energy``.

    Returns
    -------
    Conditionals
        Of a pair, one row's worth of p(attribute | class) is added, of which one row's worth of the
        attribute's share over all rows is part: rare pairs say little of their own.
    """
    n_classes, n_concepts = len(joint.class_base), concepts.shape[1]
    share = sigmoid(joint.base)
    known, present = (~np.isnan(concepts)).astype(np.float64), (concepts == 1).astype(np.float64)
    given, counts = np.empty((n_classes, n_concepts)), np.zeros((n_classes, n_concepts), dtype=np.int64)
    pairs = np.empty((n_classes, n_concepts, n_concepts))
    pair_counts = np.zeros(pairs.shape, dtype=np.int64)
    for y in range(n_classes):
        rows = codes == y
        seen, hits = known[rows].sum(axis=0), present[rows].sum(axis=0)
        given[y] = (hits + _SMOOTHING * share) / (seen + _SMOOTHING)
        both, base = present[rows].T @ present[rows], present[rows].T @ known[rows]
        pairs[y] = (both + _SMOOTHING * given[y]) / (base + _SMOOTHING)
        counts[y], pair_counts[y] = seen, base
        np.fill_diagonal(pairs[y], 1.0)
    return Conditionals(given, counts, pairs, pair_counts, energy_conditionals(joint))


def energy_conditionals(joint: JointEnergy, *, random_state: int = 0) -> FloatArray:
    """Return p(attribute | class) under the relations, (K, C).

    Up to 14 attributes all combinations are added up; of more, rows are drawn by Gibbs sampling.
    """
    own = joint.relations
    n_concepts, n_classes = own.table.shape
    if 1 << n_concepts <= _MOST_STATES:
        states = (np.arange(1 << n_concepts)[:, None] >> np.arange(n_concepts)) & 1
        spins = 2.0 * states - 1.0
        level = 0.5 * ((spins @ own.coupling) * spins).sum(axis=1) + spins @ own.bias
        shares = softmax((level[:, None] + spins @ own.table).T)
        return np.asarray(shares @ states)
    rng = np.random.default_rng(random_state)
    spins = np.where(rng.random((n_classes, _N_CHAINS, n_concepts)) < 0.5, 1.0, -1.0)
    field = spins @ own.coupling
    said = own.table.T[:, None, :] + own.bias
    total = np.zeros((n_classes, n_concepts))
    for sweep in range(_N_BURNED + _N_KEPT):
        for k in range(n_concepts):
            p = sigmoid(2.0 * (field[:, :, k] + said[:, :, k]))
            new = np.where(rng.random(p.shape) < p, 1.0, -1.0)
            field += (new - spins[:, :, k])[:, :, None] * own.coupling[k]
            spins[:, :, k] = new
            if sweep >= _N_BURNED:
                total[:, k] += p.mean(axis=1) / _N_KEPT
    return total
