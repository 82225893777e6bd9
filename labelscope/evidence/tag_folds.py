"""Folds for rows with several tags: every fold gets its share of every tag."""

from __future__ import annotations

import numpy as np

from labelscope.types import Array, IntArray


def deal_tags(tags: IntArray, keys: Array, n_folds: int, *, units: IntArray | None = None) -> IntArray:
    """Deal rows into folds by iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011).

    The rarest tag is dealt first, because it can go wrong most easily: its rows go, one by one, to the fold
    that still lacks most of it. Ties go to the fold that lacks most rows. Where the published method draws at
    random, rows here come in the order of a hash of their content.

    Parameters
    ----------
    tags : (n, K) int8
        1 present, 0 absent, -1 unknown. Rows with unknown entries only are not dealt.
    keys : (n,) uint64
        Content hashes; they decide who goes where, so that the order of the rows does not.
    n_folds : int
        Number of folds; fewer are used when there are fewer units.
    units : (n,) int, optional
        Rows of one unit share a fold.

    Returns
    -------
    (n,) int64
        Fold of each row, -1 for rows that are not dealt.

    Examples
    --------
    >>> import numpy as np
    >>> tags = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [-1, -1]], dtype=np.int8)
    >>> folds = deal_tags(tags, np.arange(5, dtype=np.uint64), 2)
    >>> sorted(folds[:2].tolist()), sorted(folds[2:4].tolist()), int(folds[4])
    ([0, 1], [0, 1], -1)
    """
    folds = np.full(len(tags), -1, dtype=np.int64)
    dealt = np.flatnonzero((tags >= 0).any(axis=1))
    if not len(dealt):
        return folds
    own = np.arange(len(dealt)) if units is None else np.unique(units[dealt], return_inverse=True)[1]
    n_units = int(own.max()) + 1
    n_folds = max(1, min(n_folds, n_units))
    first = np.full(n_units, np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(first, own, np.asarray(keys, dtype=np.uint64)[dealt])
    sizes = np.bincount(own, minlength=n_units)
    # Large units first: what is left to place at the end must be small enough to even things out.
    order = np.lexsort((first, -sizes))
    place = np.empty(n_units, dtype=np.int64)
    place[order] = np.arange(n_units)
    folds[dealt] = _dealt(tags[dealt], place[own], sizes[order], n_folds)[place[own]]
    return folds


def _dealt(tags: IntArray, unit: IntArray, sizes: IntArray, n_folds: int) -> IntArray:
    """Return the fold of each unit; units are numbered in the order in which they are dealt."""
    rows, columns = np.nonzero(tags == 1)
    pairs, counts = np.unique(unit[rows].astype(np.int64) * tags.shape[1] + columns, return_counts=True)
    holder, tag = (pairs // max(tags.shape[1], 1)).tolist(), (pairs % max(tags.shape[1], 1)).tolist()
    tags_of: list[list[tuple[int, int]]] = [[] for _ in sizes]
    units_of: list[list[int]] = [[] for _ in range(tags.shape[1])]
    for which, column, count in zip(holder, tag, counts.tolist(), strict=True):
        tags_of[which].append((column, count))
        units_of[column].append(which)
    left = np.bincount(columns, minlength=tags.shape[1])
    lacking = [[count / n_folds] * n_folds for count in left.tolist()]
    room = [float(sizes.sum()) / n_folds] * n_folds
    fold_of = [-1] * len(sizes)
    among = range(n_folds)

    def put(which: int, fold: int) -> None:
        fold_of[which] = fold
        room[fold] -= float(sizes[which])
        for column, count in tags_of[which]:
            lacking[column][fold] -= count
            left[column] -= count

    while (left > 0).any():
        rarest = int(left[left > 0].min())
        # Of equally rare tags the one whose first unit comes first: columns may be in any order.
        open_tags = [int(column) for column in np.flatnonzero(left == rarest)]
        chosen = min(open_tags, key=lambda column: [u for u in units_of[column] if fold_of[u] < 0])
        lacks = lacking[chosen]
        for which in units_of[chosen]:
            if fold_of[which] < 0:
                put(which, max(among, key=lambda fold: (round(lacks[fold], 9), round(room[fold], 9))))
    for which in range(len(sizes)):
        if fold_of[which] < 0:
            put(which, max(among, key=lambda fold: round(room[fold], 9)))
    return np.array(fold_of, dtype=np.int64)
