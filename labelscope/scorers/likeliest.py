"""The few likeliest classes of every row, where there are many."""

from __future__ import annotations

import numpy as np

from labelscope.types import FloatArray, IntArray

# From so many columns for each one kept, it pays to bound the cut by maxima of groups first.
_FOLDED_FROM = 6
_GROUPS = 4
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
    n, n_classes = values.shape
    narrow = n_classes <= _NARROW_UP_TO
    single: FloatArray = np.ascontiguousarray(values, dtype=np.float32)
    # Bits of numbers ≥ 0 have the order of the numbers.
    bits: IntArray = single.view(np.int32)
    mask = (1 << max(n_classes - 1, 1).bit_length()) - 1
    labelled = np.flatnonzero(codes >= 0)
    own = labelled * n_classes + codes[labelled]
    if n_classes < _FOLDED_FROM * n_kept:
        keys = _keys(bits, np.arange(n_classes), mask, narrow=narrow)
        # Above all others, whatever their probabilities.
        keys.reshape(-1)[own] |= _highest(keys, mask)
    else:
        over = bits >= _bound(bits, n_kept, mask if narrow else 0)[:, None]
        over.reshape(-1)[own] = True
        flat = np.flatnonzero(over)
        row = flat // n_classes
        some = _keys(bits.reshape(-1)[flat], flat - row * n_classes, mask, narrow=narrow)
        some[np.searchsorted(flat, own)] |= _highest(some, mask)
        counts = np.bincount(row, minlength=n)
        keys = np.zeros((n, int(counts.max(initial=n_kept))), dtype=some.dtype)
        keys[row, np.arange(len(flat)) - np.repeat(np.cumsum(counts) - counts, counts)] = some
    keys = np.sort(keys, axis=1)[:, : -n_kept - 1 : -1]
    return np.asarray(mask - (keys & mask))


def _keys(bits: IntArray, classes: IntArray, mask: int, *, narrow: bool) -> IntArray:
    """Return whole numbers in the order of the values, with the class in the last bits, lower ones higher."""
    keys: IntArray = bits & ~mask if narrow else bits.astype(np.int64) << mask.bit_length()
    keys |= (mask - classes).astype(keys.dtype)
    return keys


def _highest(keys: IntArray, mask: int) -> IntArray:
    return np.array(~mask & np.iinfo(keys.dtype).max, dtype=keys.dtype)


def _bound(bits: IntArray, n_kept: int, mask: int) -> IntArray:
    """Return what at least ``n_kept`` entries of every row reach, and few more."""
    n_classes = bits.shape[1]
    # Each of the highest of some disjoint groups' maxima stands for an entry of its own.
    width = _GROUPS * n_kept
    maxima = bits[:, :width].copy()
    for start in range(width, n_classes, width):
        part = bits[:, start : start + width]
        np.maximum(maxima[:, : part.shape[1]], part, out=maxima[:, : part.shape[1]])
    return np.asarray(np.partition(maxima, width - n_kept, axis=1)[:, width - n_kept] & ~mask)
