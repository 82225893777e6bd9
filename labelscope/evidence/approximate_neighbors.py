"""Nearest neighbors of many rows, a few of them missed.

Where the leading principal components already tell who is near, they name the candidates, and only these are
compared in full; a look at some rows says beforehand whether that is so. Else pynndescent searches, which
compiles for many seconds in every fresh process but grows almost linearly with the rows.
"""

from __future__ import annotations

import numpy as np

from labelscope.evidence import exact_neighbors
from labelscope.types import FloatArray, IntArray

_COMPILE_SECONDS = 25.0
_COMPONENTS = 64
_LOOKED_AT = 256
_NEEDED_RECALL = 0.95
_EXTRA = 10


def is_small(n: int, width: int) -> bool:
    """Whether the exact search ends before anything else would."""
    return n <= 20_000 or _seconds(n, width) < _COMPILE_SECONDS / 4


def _seconds(n: int, width: int) -> float:
    """Rough time of an exact search, at 50 GFLOP/s and 1 ns a candidate."""
    return n * n * (2 * width / 50e9 + 1e-9)


def search(points: FloatArray, k: int, *, random_state: int = 0) -> tuple[IntArray, FloatArray]:
    """Find about the k nearest rows of every row by Euclidean distance.

    Parameters
    ----------
    points : (n, d) float32
        Finite numbers.
    k : int
        Between 1 and n - 1.
    random_state : int
        Seed.

    Returns
    -------
    ids : (n, k) int32
        Nearest first; the row itself is not among them.
    distances : (n, k) float32
    """
    n, width = points.shape
    if width > 2 * _COMPONENTS and _seconds(n, _COMPONENTS) < 2 * _COMPILE_SECONDS:
        guide = _guide(points, random_state)
        if guided_recall(points, guide, k, random_state=random_state) >= _NEEDED_RECALL:
            return exact_neighbors.search(points, k, guide=guide)
    return _by_descent(points, k, random_state)


def _guide(points: FloatArray, random_state: int) -> FloatArray:
    from labelscope.evidence.embeddings.reduction import principal_components

    return principal_components(points, _COMPONENTS, random_state=random_state)


def guided_recall(points: FloatArray, guide: FloatArray, k: int, *, random_state: int = 0) -> float:
    """Share of the k nearest rows that are among the candidates of ``guide``, by a look at some rows."""
    n = len(points)
    rows = np.sort(np.random.default_rng(random_state).permutation(n)[:_LOOKED_AT])
    wanted = min(n - 1, exact_neighbors.GUIDED * k)

    def nearest(of: FloatArray, count: int) -> IntArray:
        gaps = np.einsum("ij,ij->i", of, of) - 2 * (of[rows] @ of.T)
        gaps[np.arange(len(rows)), rows] = np.inf
        return np.asarray(np.argpartition(gaps, count - 1, axis=1)[:, :count])

    true, found = nearest(points, k), nearest(guide, wanted)
    return float(np.mean([np.isin(one, other).mean() for one, other in zip(true, found, strict=True)]))


def _by_descent(points: FloatArray, k: int, random_state: int) -> tuple[IntArray, FloatArray]:
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
    # The row itself goes last and is cut off; where it fills in for neighbors not found, the next row does.
    order = np.argsort(found == rows, axis=1, kind="stable")[:, : k + _EXTRA]
    found = np.take_along_axis(found, order, axis=1)
    own = found == rows[:, : k + _EXTRA]
    found[own] = (rows[:, : k + _EXTRA][own] + 1) % n
    return exact_neighbors.ranked(points, found, k)
