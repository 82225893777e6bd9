"""How near every row is to the labelled rows of each class, by cosine, itself left out."""

from __future__ import annotations

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

_BLOCK_CELLS = 1 << 22


def directions(features: FloatArray) -> FloatArray:
    """Return (n, d) float32 unit vectors from the center of all rows; rows at the center stay 0."""
    if not len(features):
        return np.asarray(features, dtype=np.float32)
    centered = features - features.mean(axis=0, dtype=np.float64).astype(features.dtype)
    length = np.sqrt(np.einsum("ij,ij->i", centered, centered, dtype=np.float64))
    return np.asarray(centered / np.maximum(length, 1e-12)[:, None], dtype=np.float32)


def class_similarity(
    units: FloatArray, codes: IntArray, trusted: BoolArray, n_classes: int, n_nearest: int = 1
) -> FloatArray:
    """Return the similarity of every row to each class.

    Parameters
    ----------
    units : (n, d) float32
        Unit vectors, see `directions`.
    codes : (n,) int
        Labels; only those of trusted rows are read.
    trusted : (n,) bool
        Rows whose labels speak; a row never speaks for itself.
    n_classes : int
    n_nearest : int
        Mean of so many largest similarities: 1 is the published rule, more is robust to a wrong label
        among the trusted ones.

    Returns
    -------
    (n, K) float32
        Cosines; -1 for classes in which nobody is trusted.
    """
    found = np.full((len(units), n_classes), -1.0, dtype=np.float32)
    for code in range(n_classes):
        members = np.flatnonzero(trusted & (codes == code))
        if not len(members):
            continue
        place = np.full(len(units), -1, dtype=np.int64)
        place[members] = np.arange(len(members))
        step = max(1, _BLOCK_CELLS // len(members))
        for start in range(0, len(units), step):
            rows = slice(start, start + step)
            cosines = units[rows] @ units[members].T
            own = np.flatnonzero(place[rows] >= 0)
            cosines[own, place[rows][own]] = -np.inf
            found[rows, code] = _mean_of_largest(cosines, n_nearest)
    return found


def _mean_of_largest(values: FloatArray, n: int) -> FloatArray:
    """Mean (b,) of the n largest finite entries of each row; -1 where there is none."""
    if n == 1 or values.shape[1] == 1:
        top = values.max(axis=1)
        return np.where(np.isfinite(top), top, -1.0)
    n = min(n, values.shape[1])
    largest = np.partition(values, values.shape[1] - n, axis=1)[:, -n:]
    finite = np.isfinite(largest)
    total = np.where(finite, largest, 0.0).sum(axis=1)
    return np.where(finite.any(axis=1), total / np.maximum(finite.sum(axis=1), 1), -1.0)
