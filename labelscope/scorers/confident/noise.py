"""What a joint of given and true labels says: noise matrices, prior, class health, overlapping classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import Array, FloatArray

PRIORS = ("count", "equation", "marginal", "marginal_given")
_FLOOR = 1e-6


@dataclass(frozen=True)
class Noise:
    """The latent quantities of confident learning.

    Attributes
    ----------
    matrix : (K, K) float64
        P(given = a | true = b) at [a, b]; columns sum to one.
    inverse : (K, K) float64
        P(true = b | given = a) at [b, a]; columns sum to one.
    prior : (K,) float64
        P(true).
    """

    matrix: FloatArray
    inverse: FloatArray
    prior: FloatArray


def noise(joint: Array, *, prior: str = "count") -> Noise:
    """Derive noise matrices and the prior of true labels.

    Parameters
    ----------
    joint : (K, K)
        Counts of given (rows) × true (columns).
    prior : {"count", "equation", "marginal", "marginal_given"}
        ``count``: (diagonal of inverse) / (diagonal of noise) × given prior. ``equation``: noise matrix⁻¹ ×
        given prior. ``marginal``: columns of the joint. ``marginal_given``: inverse × given prior.

    Returns
    -------
    Noise
        A class that is never given (or never true) counts as given correctly, so that columns sum to one.

    Examples
    --------
    >>> noise(np.array([[8, 2], [0, 10]])).matrix.tolist()
    [[1.0, 0.16666666666666666], [0.0, 0.8333333333333334]]
    """
    if prior not in PRIORS:
        raise InvalidInputError.unknown("prior", prior, PRIORS)
    counts = np.asarray(joint)
    given, true = counts.sum(axis=1, dtype=np.float64), counts.sum(axis=0, dtype=np.float64)
    total = max(float(given.sum()), 1e-100)
    matrix = np.divide(counts, np.where(true > 0, true, 1.0))
    inverse = np.divide(counts.T, np.where(given > 0, given, 1.0))
    for found, sums in ((matrix, true), (inverse, given)):
        absent = np.flatnonzero(sums <= 0)
        found[:, absent] = 0.0
        found[absent, absent] = 1.0
    share = given / total
    if prior == "count":
        believed = np.diag(inverse) / np.maximum(np.diag(matrix), 1e-100) * share
    elif prior == "equation":
        believed = np.linalg.pinv(matrix) @ share
    elif prior == "marginal":
        believed = true / total
    else:
        believed = inverse @ share
    believed = np.clip(believed, _FLOOR, 1.0)
    return Noise(matrix, inverse, believed / max(float(believed.sum()), 1e-100))


def class_health(joint: Array) -> dict[str, Any]:
    """Say for each class how many labels are wrong and how many are elsewhere.

    Parameters
    ----------
    joint : (K, K)
        Counts of given (rows) × true (columns).

    Returns
    -------
    dict of str to (K,) array
        ``n_given``, ``wrong`` (given so, but something else), ``missed`` (so, but given as something else),
        ``noise``, ``inverse_noise`` and ``quality`` = 1 - noise.
    """
    counts = np.asarray(joint)
    given, true = counts.sum(axis=1, dtype=np.float64), counts.sum(axis=0, dtype=np.float64)
    right = np.diag(counts).astype(np.float64)
    wrong, missed = given - right, true - right
    rate = np.divide(wrong, given, out=np.zeros_like(wrong), where=given > 0)
    inverse = np.divide(missed, true, out=np.zeros_like(missed), where=true > 0)
    return {
        "n_given": given,
        "wrong": wrong,
        "missed": missed,
        "noise": rate,
        "inverse_noise": inverse,
        "quality": 1.0 - rate,
    }


def overlapping_classes(
    joint: Array, *, directed: bool = False, top: int | None = None
) -> list[tuple[int, int, float]]:
    """List the pairs of classes that are confused most.

    Parameters
    ----------
    joint : (K, K)
        Counts of given (rows) × true (columns).
    directed : bool
        Keep (given a, true b) apart from (given b, true a).
    top : int, optional
        How many pairs to return; all with a positive count by default.

    Returns
    -------
    list of (int, int, float)
        Class codes and the count, largest first, ties by codes.
    """
    counts = np.asarray(joint)
    # Most pairs of many classes are empty.
    first, second = np.nonzero(counts)
    apart = first != second
    first, second = first[apart], second[apart]
    values = counts[first, second].astype(np.float64)
    if not directed:
        first, second = np.minimum(first, second), np.maximum(first, second)
        pairs, place = np.unique(first * len(counts) + second, return_inverse=True)
        values = np.bincount(place, weights=values, minlength=len(pairs))
        first, second = np.divmod(pairs, max(len(counts), 1))
    order = np.lexsort((second, first, -values))[:top]
    return [(int(first[i]), int(second[i]), float(values[i])) for i in order]
