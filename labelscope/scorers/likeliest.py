"""The few likeliest classes of every row, where there are many."""

from __future__ import annotations

import numpy as np

from labelscope.types import FloatArray, IntArray

# From so many columns for each one kept, it pays to look for the best groups of columns first.
_GROUPED_FROM = 12
_MEMBERS = 4
# Up to so many classes, a class's number fits beside what is needed of a probability's digits.
_NARROW_UP_TO = 4096


def likeliest(values: FloatArray, codes: IntArray, n_kept: int) -> IntArray:
    """Return the given class first, and then the likeliest others.

    Parameters
    ----------
    values : (n, K) float
        Probabilities ≥ 0, K at least ``n_kept``.
    codes : (n,) int
        Given labels; unlabelled rows (-1) have no class that comes first.
    n_kept : int
        How many classes to return.

    Returns
    -------
    (n, n_kept) int
        The likeliest first. Among equals the lower code is first; up to 4,096 classes, what differs by less
        than K / 2 ** 22 of it counts as equal. What is returned for a row depends on that row only.

    Examples
    --------
    >>> P = np.array([[0.1, 0.5, 0.1, 0.3]])
    >>> likeliest(P, np.array([2]), 2).tolist()
    [[2, 1]]
    """
    n_classes = values.shape[1]
    grouped = n_classes >= _GROUPED_FROM * n_kept
    # Filled up to whole groups with what is below everything.
    n_columns = -(-n_classes // _MEMBERS) * _MEMBERS if grouped else n_classes
    mask = (1 << max(n_classes - 1, 1).bit_length()) - 1
    keys = _keys(values, n_columns, mask)
    labelled = np.flatnonzero(codes >= 0)
    # Above all others, whatever their probabilities.
    keys[labelled, codes[labelled]] |= np.array(~mask & np.iinfo(keys.dtype).max, keys.dtype)
    if grouped:
        keys = _of_best_groups(keys, n_kept, mask)
    keys.sort(axis=1)
    return np.asarray(mask - (keys[:, : -n_kept - 1 : -1] & mask))


def _keys(values: FloatArray, n_columns: int, mask: int) -> IntArray:
    """Return whole numbers in the order of the values, with the class in the last bits, lower ones higher."""
    n, n_classes = values.shape
    # Bits of numbers ≥ 0 have the order of the numbers.
    bits: IntArray = np.ascontiguousarray(values, dtype=np.float32).view(np.int32)
    kind = np.int32 if n_classes <= _NARROW_UP_TO else np.int64
    keys = np.empty((n, n_columns), dtype=kind)
    own = keys[:, :n_classes]
    if kind is np.int32:
        np.bitwise_and(bits, np.int32(~mask), out=own)
    else:
        own[...] = bits
        own <<= mask.bit_length()
    own |= (mask - np.arange(n_classes)).astype(kind)
    keys[:, n_classes:] = np.iinfo(kind).min
    return keys


def _of_best_groups(keys: IntArray, n_kept: int, mask: int) -> IntArray:
    """Return keys (n, 4 · n_kept) of the groups whose best ones are highest: the highest keys are there."""
    n, n_columns = keys.shape
    n_groups = n_columns // _MEMBERS
    best = keys.reshape(n, _MEMBERS, n_groups).max(axis=1)
    best.partition(n_groups - n_kept, axis=1)
    group = mask - (best[:, n_groups - n_kept :] & mask)
    group -= group // n_groups * n_groups  # quicker than the remainder
    first = group + np.arange(0, n * n_columns, n_columns)[:, None]
    members = np.arange(0, n_columns, n_groups)[:, None]
    found: IntArray = keys.reshape(-1).take(first[:, None] + members).reshape(n, -1)
    found.partition(found.shape[1] - n_kept, axis=1)
    return found[:, -n_kept:].copy()
