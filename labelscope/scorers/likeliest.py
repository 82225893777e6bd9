"""The few likeliest classes of every row, where there are many."""

from __future__ import annotations

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

# From so many columns for each one kept, it pays to bound the cut by maxima of groups first.
_FOLDED_FROM = 6
_GROUPS = 4


def likeliest(values: FloatArray, codes: IntArray, n_kept: int) -> IntArray:
    """Return the given class and others among the likeliest.

    Parameters
    ----------
    values : (n, K) float32 or float64
        Probabilities ≥ 0, K at least ``n_kept``.
    codes : (n,) int
        Given labels; unlabelled rows (-1) have none that must be among them.
    n_kept : int
        How many classes to return.

    Returns
    -------
    (n, n_kept) int64
        Classes in ascending order. Among equals the lower code is kept. What is returned for a row depends
        on that row only.

    Examples
    --------
    >>> P = np.array([[0.1, 0.5, 0.1, 0.3]])
    >>> likeliest(P, np.array([2]), 2).tolist()
    [[1, 2]]
    """
    n, n_classes = values.shape
    level, starts = values.copy(), np.arange(0, n * n_classes, n_classes)
    labelled = np.flatnonzero(codes >= 0)
    level.reshape(-1)[starts[labelled] + codes[labelled]] = np.inf
    # Bits of numbers ≥ 0 have the order of the numbers, and are partitioned faster.
    bits: IntArray = level.view(np.int32 if level.dtype == np.float32 else np.int64)
    cut = _cut(bits, n_kept)
    over = bits >= cut[:, None]
    flat = np.flatnonzero(over)
    if len(flat) != n * n_kept:
        # No row has fewer; where one has more, its last ones are equal.
        tied = np.flatnonzero(np.count_nonzero(over, axis=1) > n_kept)
        over[tied] = _first_of_equals(bits[tied], cut[tied], n_kept)
        flat = np.flatnonzero(over)
    places: IntArray = flat.reshape(n, n_kept)
    places -= starts[:, None]
    return places


def _cut(bits: IntArray, n_kept: int) -> IntArray:
    """Return the ``n_kept``-th highest entry of every row."""
    n, n_classes = bits.shape
    if n_classes < _FOLDED_FROM * n_kept:
        return np.asarray(np.partition(bits, n_classes - n_kept, axis=1)[:, n_classes - n_kept])
    # Each of the highest of some disjoint groups' maxima stands for an entry of its own.
    width = _GROUPS * n_kept
    maxima = bits[:, :width].copy()
    for start in range(width, n_classes, width):
        part = bits[:, start : start + width]
        np.maximum(maxima[:, : part.shape[1]], part, out=maxima[:, : part.shape[1]])
    bound = np.partition(maxima, width - n_kept, axis=1)[:, width - n_kept]
    flat = np.flatnonzero(bits >= bound[:, None])
    row = flat // n_classes
    counts = np.bincount(row, minlength=n)
    few = np.zeros((n, int(counts.max(initial=n_kept))), dtype=bits.dtype)
    few[row, np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)] = bits.reshape(-1)[flat]
    last = few.shape[1] - n_kept
    return np.asarray(np.partition(few, last, axis=1)[:, last])


def _first_of_equals(bits: IntArray, cut: IntArray, n_kept: int) -> BoolArray:
    higher, equal = bits > cut[:, None], bits == cut[:, None]
    room = n_kept - np.count_nonzero(higher, axis=1)
    return np.asarray(higher | (equal & (equal.cumsum(axis=1) <= room[:, None])))
