"""How often attributes go with classes and with each other, as tables with their counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.scorers.concepts.energy import JointEnergy, sigmoid, softmax
from labelscope.types import FloatArray, IntArray

_SMOOTHING = 1.0
_MOST_STATES = 1 << 14
_MOST_LISTED = 256
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
    given_concept : (C, C) float64
        ``[k, j]`` is p(attribute j | attribute k), of all classes together, counted.
    concept_counts : (C, C) int64
        Rows that have attribute k and whose attribute j is known.
    configurations : (S, C) int8
        Combinations of attributes, 1 or 0, that rows hold whose attributes are all known; most frequent
        first, at most 256.
    configurations_given_class : (K, S) float64
        p(attributes | class), counted, and smoothed by the energy.
    configuration_counts : (K, S) int64
        Rows of the class that hold the combination.
    configurations_by_energy : (K, S) float64
        p(attributes | class) by the relations of the energy alone.
    """

    given_class: FloatArray
    class_counts: IntArray
    given_class_and_concept: FloatArray
    pair_counts: IntArray
    by_energy: FloatArray
    given_concept: FloatArray
    concept_counts: IntArray
    configurations: IntArray
    configurations_given_class: FloatArray
    configuration_counts: IntArray
    configurations_by_energy: FloatArray


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
        attribute's share over all rows is part: rare pairs say little of their own. Of a combination, one
        row's worth of what the energy says.
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
    both, base = present.T @ present, present.T @ known
    alone = (both + _SMOOTHING * share) / (base + _SMOOTHING)
    np.fill_diagonal(alone, 1.0)
    states, state_counts = _configurations(concepts, codes, n_classes)
    by_energy, of_states = energy_conditionals(joint, states)
    held = state_counts.sum(axis=1, keepdims=True) + _unlisted(concepts, codes, state_counts)
    shares = (state_counts + _SMOOTHING * of_states) / (held + _SMOOTHING)
    return Conditionals(
        given,
        counts,
        pairs,
        pair_counts,
        by_energy,
        alone,
        base.astype(np.int64),
        states,
        shares,
        state_counts,
        of_states,
    )


def _configurations(concepts: FloatArray, codes: IntArray, n_classes: int) -> tuple[IntArray, IntArray]:
    """Return combinations that rows hold, most frequent first, and their rows by class, (K, S)."""
    whole = np.flatnonzero(~np.isnan(concepts).any(axis=1) & (codes >= 0))
    held = concepts[whole].astype(np.int8)
    states, place, counts = np.unique(held, axis=0, return_inverse=True, return_counts=True)
    table = np.zeros((n_classes, len(states)), dtype=np.int64)
    np.add.at(table, (codes[whole], place.reshape(-1)), 1)
    most = np.argsort(-counts, kind="stable")[:_MOST_LISTED]
    return states[most], table[:, most]


def _unlisted(concepts: FloatArray, codes: IntArray, listed: IntArray) -> IntArray:
    """Return (K, 1): rows of each class, all attributes known, whose combination is too rare to be listed."""
    whole = ~np.isnan(concepts).any(axis=1) & (codes >= 0)
    every = np.bincount(codes[whole], minlength=len(listed))
    return np.asarray(every - listed.sum(axis=1))[:, None]


def energy_conditionals(
    joint: JointEnergy, configurations: IntArray, *, random_state: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Return p(attribute | class) under the relations, (K, C), and p(attributes | class) of S combinations.

    Up to 14 attributes all combinations are added up; of more, rows are drawn by Gibbs sampling, and
    combinations are counted among them.

    Parameters
    ----------
    joint : JointEnergy
    configurations : (S, C) int
        1 or 0.
    random_state : int

    Returns
    -------
    (K, C) float64
    (K, S) float64
    """
    own = joint.relations
    n_concepts, n_classes = own.table.shape
    if 1 << n_concepts <= _MOST_STATES:
        states = (np.arange(1 << n_concepts)[:, None] >> np.arange(n_concepts)) & 1
        spins = 2.0 * states - 1.0
        level = 0.5 * ((spins @ own.coupling) * spins).sum(axis=1) + spins @ own.bias
        shares = softmax((level[:, None] + spins @ own.table).T)
        bits = configurations.astype(np.int64) @ (1 << np.arange(n_concepts))
        return np.asarray(shares @ states), np.asarray(shares[:, bits])
    found: FloatArray = np.zeros((n_classes, len(configurations)))
    wanted = {row.tobytes(): place for place, row in enumerate(configurations.astype(np.int8))}
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
        if sweep >= _N_BURNED and wanted:
            for code, chains in enumerate((spins > 0).astype(np.int8)):
                places = [wanted.get(chain.tobytes(), -1) for chain in chains]
                np.add.at(found[code], [place for place in places if place >= 0], 1.0)
    return total, found / (_N_CHAINS * _N_KEPT)
