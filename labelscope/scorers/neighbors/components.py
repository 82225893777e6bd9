"""Connected components of graphs of neighbors."""

from __future__ import annotations

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray


def connected(n: int, knn_ids: IntArray, kept: BoolArray) -> IntArray:
    """Number the connected components of the graph whose edges are the kept entries of ``knn_ids``.

    Parameters
    ----------
    n : int
        Number of rows.
    knn_ids : (n, k) int
        Neighbors; entries of -1 must not be kept.
    kept : (n, k) bool
        Which of them are edges, in either direction.

    Returns
    -------
    (n,) int64
        Component of each row, numbered from 0 in order of first appearance.
    """
    if not kept.any():
        return np.arange(n, dtype=np.int64)
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    row, place = np.nonzero(kept)
    links = (np.ones(len(row), dtype=np.int8), (row, knn_ids[row, place]))
    found = connected_components(coo_matrix(links, shape=(n, n)), directed=False)[1]
    return numbered(found)


def numbered(parts: IntArray) -> IntArray:
    """Number parts (n,) from 0 in order of first appearance."""
    _, first, inverse = np.unique(parts, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)


def close_and_mutual(knn_ids: IntArray, distances: FloatArray | None, cut: float) -> BoolArray:
    """Entries (n, k) of ``knn_ids`` between rows that list each other and are close.

    Parameters
    ----------
    knn_ids : (n, k) int
        Neighbors, nearest first; -1 stands for none.
    distances : (n, k) float, optional
        Without them all mutual neighbors count as close.
    cut : float
        Largest distance, as a multiple of the median distance to the nearest neighbor.

    Returns
    -------
    (n, k) bool
    """
    n, k = knn_ids.shape
    valid = np.asarray(knn_ids >= 0)
    rows = np.broadcast_to(np.arange(n)[:, None], (n, k))
    there = rows * np.int64(n) + knn_ids
    back = knn_ids * np.int64(n) + rows
    kept = valid & np.isin(back, there[valid])
    if distances is None or k == 0:
        return kept
    nearest = distances[:, 0][valid[:, 0] & np.isfinite(distances[:, 0])]
    if len(nearest) == 0:
        return kept & False
    return np.asarray(kept & (distances <= cut * float(np.median(nearest))))


def counts_by_part(parts: IntArray, codes: IntArray, n_classes: int) -> tuple[IntArray, IntArray, IntArray]:
    """Count labels in the part of each row, without a table of parts times classes.

    Parameters
    ----------
    parts : (n,) int
        Part of each row, numbered from 0.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.
    n_classes : int
        Number of classes.

    Returns
    -------
    size : (n,) int64
        Labelled rows in the row's part.
    same : (n,) int64
        Those with the row's label; 0 for unlabelled rows.
    other : (n,) int64
        Those with the most frequent label that is not the row's.
    """
    labelled = np.flatnonzero(codes >= 0)
    n_parts = int(parts.max(initial=-1)) + 1
    cell = parts.astype(np.int64) * max(n_classes, 1) + np.maximum(codes, 0)
    cells, inverse, counts = np.unique(cell[labelled], return_inverse=True, return_counts=True)
    size = np.bincount(parts[labelled], minlength=n_parts)
    same = np.zeros(len(codes), dtype=np.int64)
    same[labelled] = counts[inverse]
    # The two largest counts of every part: cells sorted by part, then from the largest count.
    part = cells // max(n_classes, 1)
    order = np.lexsort((-counts, part))
    starts = np.searchsorted(part[order], np.arange(n_parts))
    padded = np.r_[counts[order], 0, 0]
    owner = np.r_[part[order], -1, -1]
    here = np.arange(n_parts)
    first = np.where(owner[starts] == here, padded[starts], 0)
    second = np.where(owner[starts + 1] == here, padded[starts + 1], 0)
    top = first[parts]
    tied = top == second[parts]
    other = np.where((codes >= 0) & (same == top) & ~tied, second[parts], top)
    return size[parts], same, other


def most_frequent(parts: IntArray, codes: IntArray, n_classes: int) -> IntArray:
    """Most frequent label (n,) in the part of each row, the first of equals; -1 where none is labelled."""
    labelled = np.flatnonzero(codes >= 0)
    n_parts = int(parts.max(initial=-1)) + 1
    cell = parts[labelled].astype(np.int64) * max(n_classes, 1) + codes[labelled]
    cells, counts = np.unique(cell, return_counts=True)
    part = cells // max(n_classes, 1)
    order = np.lexsort((cells, -counts, part))
    winner = np.full(n_parts, -1, dtype=np.int64)
    present, first = np.unique(part[order], return_index=True)
    winner[present] = cells[order][first] % max(n_classes, 1)
    return np.asarray(winner[parts])
