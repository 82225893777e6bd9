"""Folds for out-of-sample predictions: stratified, dealt by content, and never through a group."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.types import Array, FloatArray, IntArray


def matrix_keys(features: FloatArray, *, random_state: int = 0) -> Array:
    """Hash every row of a matrix, so that a row's key does not depend on where the row stands.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    random_state : int
        Seed of the hash.

    Returns
    -------
    (n,) uint64
        Equal rows have equal keys; other rows practically never do.

    Examples
    --------
    >>> import numpy as np
    >>> keys = matrix_keys(np.array([[1, 2], [3, 4], [1, 2]], dtype=np.float32))
    >>> bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
    (True, False)
    """
    # Adding zero turns -0.0, which is equal to 0.0 but has other bits, into 0.0.
    bits = (np.ascontiguousarray(features, dtype=np.float32) + np.float32(0)).view(np.uint32)
    rng = np.random.default_rng([random_state % 2**32, 0x1AB])
    weights = rng.integers(1, 2**64, size=bits.shape[1], dtype=np.uint64) | np.uint64(1)
    keys = np.empty(len(bits), dtype=np.uint64)
    step = max(1, 4_000_000 // max(1, bits.shape[1]))
    for start in range(0, len(bits), step):
        keys[start : start + step] = _mixed(bits[start : start + step].astype(np.uint64)) @ weights
    return _mixed(keys)


def content_keys(items: Sequence[Any], *, random_state: int = 0) -> Array:
    """Hash every item of a sequence, texts for instance, into (n,) uint64 by its content."""
    salt = str(random_state).encode()
    keys = np.empty(len(items), dtype=np.uint64)
    for row, item in enumerate(items):
        content = item if isinstance(item, bytes) else repr(item).encode("utf-8", "surrogatepass")
        keys[row] = int.from_bytes(hashlib.blake2b(content, digest_size=8, key=salt[:64]).digest(), "little")
    return keys


def _mixed(values: Array) -> Array:
    """Spread 64-bit numbers evenly (the finalizer of splitmix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))


def joined(n: int, *partitions: IntArray | None) -> IntArray:
    """Join partitions of the rows: rows that share a part anywhere end in one unit.

    Parameters
    ----------
    n : int
        Number of rows.
    *partitions : (n,) int or None
        Ids of the parts, such as groups and sets of duplicates.

    Returns
    -------
    (n,) int64
        Unit of each row, numbered from 0 in order of first appearance.
    """
    given = [np.unique(part, return_inverse=True)[1] for part in partitions if part is not None]
    if not given:
        return np.arange(n, dtype=np.int64)
    unit = np.asarray(given[0], dtype=np.int64)
    for part in given[1:]:
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        size = int(unit.max(initial=0)) + 1
        ends = int(part.max(initial=0)) + 1
        link = coo_matrix((np.ones(n, dtype=np.int8), (unit, size + part)), shape=(size + ends, size + ends))
        unit = connected_components(link, directed=False)[1][unit].astype(np.int64)
    return _numbered(unit)


def _numbered(unit: IntArray) -> IntArray:
    _, first, inverse = np.unique(unit, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)


def small_sets(duplicates: IntArray | None, limit: int) -> IntArray | None:
    """Split sets of duplicates above ``limit`` rows into single rows.

    A few copies of a row would leak its label between folds and must stay together. Hundreds of equal rows
    only mean that the features are coarse (one column with ten values, say); holding all of them out at once
    would leave nothing to learn from.
    """
    if duplicates is None or len(duplicates) == 0:
        return None
    _, inverse, counts = np.unique(duplicates, return_inverse=True, return_counts=True)
    if counts.max() == 1:
        return None
    large = counts[inverse] > limit
    return np.where(large, len(counts) + np.arange(len(inverse)), inverse)


def deal(codes: IntArray, keys: Array, n_folds: int, *, units: IntArray | None = None) -> IntArray:
    """Deal labelled rows into folds.

    Parameters
    ----------
    codes : (n,) int
        Classes, -1 for unlabelled rows.
    keys : (n,) uint64
        Content hashes; they decide who goes where, so that the order of the rows does not.
    n_folds : int
        Number of folds; fewer are used when there are fewer units.
    units : (n,) int, optional
        Rows of one unit share a fold.

    Returns
    -------
    (n,) int64
        Fold of each row, -1 for unlabelled rows. The counts of a class differ by at most one between
        folds where all units are single rows.

    Examples
    --------
    >>> import numpy as np
    >>> folds = deal(np.array([0, 0, 1, 1, -1]), np.arange(5, dtype=np.uint64), 2)
    >>> sorted(folds[:2].tolist()), sorted(folds[2:4].tolist()), int(folds[4])
    ([0, 1], [0, 1], -1)
    """
    folds = np.full(len(codes), -1, dtype=np.int64)
    labelled = np.flatnonzero(codes >= 0)
    if len(labelled) == 0:
        return folds
    classes = np.unique(codes[labelled], return_inverse=True)[1]
    own = labelled if units is None else units[labelled]
    _, unit, sizes = np.unique(own, return_inverse=True, return_counts=True)
    n_folds = max(1, min(n_folds, len(sizes)))
    counts = np.zeros((n_folds, int(classes.max()) + 1), dtype=np.int64)
    dealt = np.full(len(labelled), -1, dtype=np.int64)
    single = sizes[unit] == 1
    if not single.all():
        _deal_units(dealt, counts, classes, unit, keys[labelled], ~single)
    _deal_rows(dealt, counts, classes, keys[labelled], np.flatnonzero(single))
    folds[labelled] = dealt
    return folds


def _deal_units(
    dealt: IntArray, counts: IntArray, classes: IntArray, unit: IntArray, keys: Array, among: Array
) -> None:
    """Place units of several rows, large ones first, each where its classes are rarest so far."""
    rows = np.flatnonzero(among)
    rows = rows[np.lexsort((keys[rows], unit[rows]))]
    starts = np.flatnonzero(np.r_[True, unit[rows][1:] != unit[rows][:-1]])
    members = np.split(rows, starts[1:])
    order = np.lexsort((keys[rows][starts], -np.diff(np.r_[starts, len(rows)])))
    size_of_class = np.bincount(classes, minlength=counts.shape[1])
    for which in order:
        mine = members[which]
        own = np.bincount(classes[mine], minlength=counts.shape[1])
        present = np.flatnonzero(own)
        share = (counts[:, present] / size_of_class[present] * own[present]).sum(axis=1)
        fold = int(np.lexsort((counts.sum(axis=1), share))[0])
        dealt[mine] = fold
        counts[fold] += own


def _deal_rows(dealt: IntArray, counts: IntArray, classes: IntArray, keys: Array, rows: IntArray) -> None:
    """Deal single rows class by class in order of their keys, always to the fold that has fewest."""
    rows = rows[np.lexsort((keys[rows], classes[rows]))]
    starts = (
        np.flatnonzero(np.r_[True, classes[rows][1:] != classes[rows][:-1]])
        if len(rows)
        else np.empty(0, int)
    )
    members = np.split(rows, starts[1:]) if len(rows) else []
    # Small classes first, then by content: the order must not depend on how classes are numbered.
    order = sorted(range(len(members)), key=lambda i: (len(members[i]), int(keys[members[i][0]])))
    n_folds = len(counts)
    for which in order:
        mine = members[which]
        code = int(classes[mine[0]])
        have = counts[:, code]
        totals = counts.sum(axis=1)
        reach = -(-len(mine) // n_folds) + int(have.max() - have.min()) + 1
        level = have[:, None] + np.arange(reach)[None, :]
        fold = np.repeat(np.arange(n_folds), reach)
        best = np.lexsort((fold, np.repeat(totals, reach), level.ravel()))[: len(mine)]
        dealt[mine] = fold[best]
        counts[:, code] += np.bincount(fold[best], minlength=n_folds)
