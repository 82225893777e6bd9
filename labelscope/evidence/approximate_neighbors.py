"""Nearest neighbors of many rows, a few of them missed: which search, and how much of the truth it finds.

Rows are compared within cells (:mod:`labelscope.evidence.partitioned_neighbors`); where there are very many
columns, leading principal components find the candidates if a look at some rows says that they can.
pynndescent is there by name; it compiles for many seconds in every fresh process.
"""

from __future__ import annotations

import numpy as np

from labelscope.evidence import exact_neighbors, partitioned_neighbors
from labelscope.evidence.partitioned_neighbors import LOOKED_AT, Found, nearest_of, recall_of
from labelscope.types import FloatArray, IntArray

SMALL = 20_000
_WIDE = 512
_COMPONENTS = 128
_EXTRA = 10


def is_small(n: int) -> bool:
    """Whether an exact search takes only seconds."""
    return n <= SMALL


def search(
    points: FloatArray, k: int, *, random_state: int = 0, cell_size: int | None = None, wide: int = _WIDE
) -> Found:
    """Find about the k nearest rows of every row by Euclidean distance.

    Parameters
    ----------
    points : (n, d) float32
        Finite numbers.
    k : int
        Between 1 and n - 1.
    random_state : int
        Seed.
    cell_size : int, optional
        Rows in a cell, about.
    wide : int
        Columns above which principal components are tried as a guide.

    Returns
    -------
    Found
        Nearest first; the row itself is not among them.
    """
    guide = None
    if points.shape[1] > wide:
        leading = _guide(points, min(_COMPONENTS, wide), random_state)
        if guided_recall(points, leading, k, random_state=random_state) > partitioned_neighbors.WANTED_RECALL:
            guide = leading
    return partitioned_neighbors.search(
        points, k, guide=guide, random_state=random_state, cell_size=cell_size
    )


def _guide(points: FloatArray, width: int, random_state: int) -> FloatArray:
    from labelscope.evidence.embeddings.reduction import principal_components

    return principal_components(points, width, random_state=random_state)


def guided_recall(points: FloatArray, guide: FloatArray, k: int, *, random_state: int = 0) -> float:
    """Share of the k nearest rows that are among the candidates of ``guide``, by a look at some rows."""
    n = len(points)
    rows = np.sort(np.random.default_rng(random_state).permutation(n)[:LOOKED_AT])
    wanted = min(n - 1, exact_neighbors.GUIDED * k)
    return recall_of(nearest_of(guide, rows, wanted), nearest_of(points, rows, k))


def search_by_descent(points: FloatArray, k: int, *, random_state: int = 0) -> Found:
    """Do the same as :func:`search` by pynndescent (Dong, Moses and Li 2011)."""
    from pynndescent import NNDescent

    # A wider graph than asked for is searched: the k best of it are right more often.
    index = NNDescent(
        points,
        metric="euclidean",
        n_neighbors=k + 1 + _EXTRA,
        random_state=random_state % 2**32,
        low_memory=True,
    )
    found = index.neighbor_graph[0].astype(np.int64)
    n = len(points)
    rows = np.broadcast_to(np.arange(n)[:, None], found.shape)
    found = np.where(found < 0, rows, found)
    # The row itself goes last and is cut off; where it fills in for neighbors not found, other rows do.
    order = np.argsort(found == rows, axis=1, kind="stable")[:, : min(k + _EXTRA, n - 1)]
    found = np.take_along_axis(found, order, axis=1)
    for row in np.flatnonzero((found == rows[:, : found.shape[1]]).any(axis=1)):
        known = np.unique(found[row][found[row] != row])
        others = np.setdiff1d(np.arange(min(n, 2 * found.shape[1] + 2)), [*known, row])
        found[row] = np.r_[known, others][: found.shape[1]]
    ids, distances = exact_neighbors.ranked(points, found, k)
    return Found(ids, distances, _recall(points, ids, k, random_state))


def _recall(points: FloatArray, ids: IntArray, k: int, random_state: int) -> float:
    rows = np.sort(np.random.default_rng(random_state).permutation(len(points))[:LOOKED_AT])
    return recall_of(ids[rows], nearest_of(points, rows, k))
