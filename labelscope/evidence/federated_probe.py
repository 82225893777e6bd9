"""Federated averaging of logistic regressions: parties share parameters and counts, never rows.

After McMahan et al., "Communication-efficient learning of deep networks from decentralized data" (2017), and
FedLabel (2023) for the choice between a local and a global expert.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.evidence.weighted_probe import Standardized, fit, one_hot
from labelscope.types import FloatArray, IntArray


@dataclass(frozen=True)
class Update:
    """What a party tells the others.

    Attributes
    ----------
    weights : (K, d + 1) float64
        Parameters of its probe; the last column holds the intercepts.
    counts : (K,) int64
        Labelled rows of each class.
    """

    weights: FloatArray
    counts: IntArray


@dataclass(frozen=True)
class Moments:
    """Sums over a party's rows from which all make the same standardization.

    Attributes
    ----------
    n : int
    total, squares : (d,) float64
        Sums of the features and of their squares.
    """

    n: int
    total: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, features: FloatArray) -> Moments:
        """Sum (n, d) features."""
        wide = np.asarray(features, dtype=np.float64)
        return cls(len(wide), wide.sum(axis=0), np.square(wide).sum(axis=0))


def shared_standardization(parts: Sequence[Moments]) -> Standardized:
    """Return the standardization of all rows together, from sums alone."""
    n = max(sum(part.n for part in parts), 1)
    mean = np.sum([part.total for part in parts], axis=0) / n
    variance = np.sum([part.squares for part in parts], axis=0) / n - mean**2
    deviation = np.sqrt(np.maximum(variance, 0.0))
    tiny = 1e-7 * np.maximum(np.abs(mean), 1e-12)
    return Standardized(mean, np.where(deviation > tiny, 1 / np.maximum(deviation, 1e-300), 0.0))


def average(updates: Sequence[Update]) -> FloatArray:
    """Average parameters, each party in proportion to its labelled rows.

    Parameters
    ----------
    updates : sequence of Update
        Of the same classes and features.

    Returns
    -------
    (K, d + 1) float64
        Zero where no party has a labelled row.

    Examples
    --------
    >>> one = Update(np.array([[1.0]]), np.array([3]))
    >>> other = Update(np.array([[5.0]]), np.array([1]))
    >>> average([one, other]).tolist()
    [[2.0]]
    """
    total = np.zeros_like(np.asarray(updates[0].weights, dtype=np.float64))
    n = sum(int(update.counts.sum()) for update in updates)
    for update in updates:
        total += update.weights * (int(update.counts.sum()) / max(n, 1))
    return total


def local_update(
    inputs: FloatArray,
    codes: IntArray,
    start: FloatArray,
    *,
    penalty: float = 1.0,
    n_steps: int = 8,
) -> Update:
    """Take a few steps on a party's own labelled rows, from the shared parameters.

    Parameters
    ----------
    inputs : (m, d + 1) float64
    codes : (m,) int
    start : (K, d + 1) float64
    penalty : float
    n_steps : int

    Returns
    -------
    Update
        Parameters of classes that the party does not have stay as they were: it knows nothing of them.
    """
    counts = np.bincount(codes, minlength=len(start)).astype(np.int64)
    if not len(codes) or np.count_nonzero(counts) < 2:
        return Update(np.array(start), np.zeros_like(counts))
    targets = one_hot(codes, len(start))
    found = fit(inputs, targets, np.ones(len(codes)), penalty=penalty, start=start, n_steps=n_steps)
    found[counts == 0] = start[counts == 0]
    return Update(found, counts)


def federated(
    parties: Sequence[tuple[FloatArray, IntArray]],
    n_classes: int,
    *,
    n_rounds: int = 10,
    n_steps: int = 8,
    penalty: float = 1.0,
) -> FloatArray:
    """Average the parties' updates for some rounds.

    Parameters
    ----------
    parties : sequence of (inputs (m, d + 1), codes (m,))
        Labelled rows of each.
    n_classes : int
    n_rounds, n_steps : int
        Rounds, and steps of each party in a round.
    penalty : float

    Returns
    -------
    (K, d + 1) float64
        The global probe.
    """
    shared: FloatArray = np.zeros((n_classes, parties[0][0].shape[1]))
    for _ in range(n_rounds):
        updates = [local_update(x, y, shared, penalty=penalty, n_steps=n_steps) for x, y in parties]
        if not any(update.counts.any() for update in updates):
            break
        shared = average([update for update in updates if update.counts.any()])
    return shared
