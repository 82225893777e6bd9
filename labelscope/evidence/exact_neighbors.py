"""Exact nearest neighbors by blocked matrix products; numpy only.

Candidates come from one float32 product per block; the distances of the few that remain are computed again by
differences, so that equal rows are at distance 0 exactly and ties are settled by row, not by rounding.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from labelscope.evidence.progress import progress
from labelscope.types import FloatArray, IntArray

_BLOCK_BYTES = 32_000_000
_FOLD = 32
FEW_COLUMNS = 8
GUIDED = 4


def prepared(features: FloatArray, metric: Literal["cosine", "euclidean"]) -> FloatArray:
    """Turn features into points whose Euclidean distance orders rows as ``metric`` does.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    metric : {"cosine", "euclidean"}
        For cosine the points have unit length and cosine distance is half the squared Euclidean one.

    Returns
    -------
    (n, d) or (n, d + 1) float32
    """
    if len(features) == 0:
        return features
    if metric == "euclidean":
        # Centered points lose fewer digits when squared lengths are subtracted.
        return np.ascontiguousarray(features - features.mean(axis=0, dtype=np.float64).astype(np.float32))
    size = np.abs(features).max(axis=1, keepdims=True)
    zero = size[:, 0] == 0
    points = features / np.where(size == 0, 1, size)
    points /= np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-30)
    if zero.any():
        # Rows of zeros have no direction; one of their own puts them at distance 1 from all others.
        points = np.hstack([points, zero[:, None].astype(np.float32)])
    return np.ascontiguousarray(points, dtype=np.float32)


def search(points: FloatArray, k: int, *, guide: FloatArray | None = None) -> tuple[IntArray, FloatArray]:
    """Find the k nearest rows of every row by Euclidean distance.

    Parameters
    ----------
    points : (n, d) float32
        Finite numbers.
    k : int
        Between 1 and n - 1.
    guide : (n, c) float32, optional
        Fewer columns that find the candidates, of which the nearest in ``points`` are kept; the result is
        then no longer exact.

    Returns
    -------
    ids : (n, k) int32
        Nearest first, ties by row; the row itself is not among them.
    distances : (n, k) float32
    """
    n = len(points)
    ids = np.empty((n, k), dtype=np.int32)
    distances = np.empty((n, k), dtype=np.float32)
    seen = points if guide is None else guide
    fine = seen.shape[1] <= FEW_COLUMNS
    columns = _Columns(seen, np.float64 if fine else np.float32)
    step = int(np.clip(_BLOCK_BYTES // (4 * n), 16, 1024))
    # A few more than k: rounding may put the k-th and the next in the wrong order.
    wanted = min(n - 1, k + 4 if guide is None else GUIDED * k)
    for start in progress(range(0, n, step), "finding neighbors"):
        block = slice(start, min(start + step, n))
        near, certain = columns.candidates(block, wanted)
        if not (certain or fine):
            # Points far from the center but close to each other: float32 cannot order them, float64 can.
            fine, columns = True, _Columns(seen, np.float64)
            near, _ = columns.candidates(block, wanted)
        ids[block], distances[block] = ranked(points, near, k, first=block.start)
    return ids, distances


def search_tree(points: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Do the same as :func:`search` by a k-d tree, which is faster for many rows of few columns."""
    from scipy.spatial import cKDTree

    n = len(points)
    rows = np.arange(n)[:, None]
    near = cKDTree(points).query(points, min(n, k + 5))[1].reshape(n, -1)
    # The row itself goes last and is cut off; among many equal rows it may not be there.
    last = np.argsort(near == rows, axis=1, kind="stable")[:, :-1]
    return ranked(points, np.take_along_axis(near, last, axis=1), k)


class _Columns:
    """All points, laid out for products with blocks of them."""

    def __init__(self, points: FloatArray, dtype: type) -> None:
        points = points.astype(dtype, copy=False)
        squares = np.einsum("ij,ij->i", points, points)
        # One more column adds the squared lengths inside the product: no further pass over the block.
        self._left = np.hstack([-2 * points, np.ones((len(points), 1), dtype=dtype)])
        self._right = np.ascontiguousarray(np.hstack([points, squares[:, None]]).T)
        self._squares = squares
        self._rounding = 1e-6 if dtype is np.float32 else 1e-14

    def candidates(self, block: slice, wanted: int) -> tuple[IntArray, bool]:
        """Ids (m, wanted) of the nearest rows in no order, and whether rounding left their order certain."""
        gaps = self._left[block] @ self._right
        gaps[np.arange(gaps.shape[0]), np.arange(block.start, block.stop)] = np.inf
        near, pool, minima = smallest(gaps, wanted)
        edge = np.take_along_axis(gaps, near, axis=1).max(axis=1)
        own = self._squares[block]
        slack = (self._rounding * (np.abs(edge) + own)).astype(gaps.dtype)
        high = (edge + slack)[:, None]
        crowded = ((pool <= high).sum(axis=1) > wanted) | ((minima <= high).sum(axis=1) > wanted)
        _settle_ties(gaps, near, edge - slack, edge + slack, np.flatnonzero(crowded))
        return near, bool((slack < 0.01 * (edge + own)).mean() > 0.9)


def smallest(gaps: FloatArray, wanted: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Column ids (m, wanted) of the smallest entries of each row in no order, and where they were found.

    The ``wanted`` smallest entries lie in the ``wanted`` groups whose minima are smallest, so most columns
    are looked at only once, by a minimum over strided groups that vectorizes well. Returned besides are the
    entries of these groups (m, c) and all minima (m, g).
    """
    m, n = gaps.shape
    width = n // _FOLD
    if width < 4 * wanted:
        return np.argpartition(gaps, wanted - 1, axis=1)[:, :wanted], gaps, gaps[:, :0]
    minima = gaps[:, : width * _FOLD].reshape(m, _FOLD, width).min(axis=1)
    groups = np.argpartition(minima, wanted - 1, axis=1)[:, :wanted]
    columns = (groups[:, None, :] + width * np.arange(_FOLD)[None, :, None]).reshape(m, -1)
    if n > width * _FOLD:
        rest = np.broadcast_to(np.arange(width * _FOLD, n), (m, n - width * _FOLD))
        columns = np.hstack([columns, rest])
    inside = np.take_along_axis(gaps, columns, axis=1)
    best = np.argpartition(inside, wanted - 1, axis=1)[:, :wanted]
    return np.take_along_axis(columns, best, axis=1), inside, minima


def _settle_ties(gaps: FloatArray, near: IntArray, low: FloatArray, high: FloatArray, rows: IntArray) -> None:
    """Where many rows tie for the last place (many equal rows), take those of smallest id, in place."""
    wanted = near.shape[1]
    for row in rows:
        sure = np.flatnonzero(gaps[row] < low[row])[:wanted]
        tied = np.flatnonzero((gaps[row] >= low[row]) & (gaps[row] <= high[row]))
        near[row] = np.r_[sure, tied][:wanted]


def ranked(
    points: FloatArray, near: IntArray, k: int, *, first: int = 0, names: IntArray | None = None
) -> tuple[IntArray, FloatArray]:
    """Order candidates by their distance, computed by differences.

    Parameters
    ----------
    points : (n, d) float32
        All points.
    near : (m, c) int
        Candidates of the m rows that start at ``first``.
    k : int
        How many to keep.
    first : int
        Row of the first line of ``near``.
    names : (n,) int, optional
        What to call each of the points in the result; by default its position.

    Returns
    -------
    ids : (m, k) int32
    distances : (m, k) float32
    """
    m, c = near.shape
    exact = np.empty((m, c), dtype=np.float32)
    step = max(1, 4_000_000 // (c * points.shape[1]))
    for start in range(0, m, step):
        rows = slice(start, min(start + step, m))
        difference = points[near[rows]] - points[first + rows.start : first + rows.stop, None, :]
        exact[rows] = np.einsum("ijk,ijk->ij", difference, difference)
    near = near if names is None else names[near]
    order = np.lexsort((near, exact), axis=1)[:, :k]
    ids = np.take_along_axis(near, order, axis=1).astype(np.int32)
    return ids, np.sqrt(np.take_along_axis(exact, order, axis=1))
