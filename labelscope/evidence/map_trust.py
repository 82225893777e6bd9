"""How far the neighbors that a map shows are neighbors in truth, estimated on some of the rows."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.exact_neighbors import prepared
from labelscope.evidence.partitioned_neighbors import nearest_of
from labelscope.types import FloatArray, IntArray

QUERIES = 256
_BLOCK_CELLS = 4_000_000


def trustworthiness(points: FloatArray, positions: FloatArray, rows: IntArray, *, k: int = 15) -> float:
    """Estimate the trustworthiness of a map (Venna and Kaski 2001) from some rows, compared with all others.

    Parameters
    ----------
    points : (n, d) float32
        What was mapped, such that Euclidean distance counts.
    positions : (n, 2) float32
        The map.
    rows : (m,) int
        Rows to look at.
    k : int
        Neighbors in the map that are judged.

    Returns
    -------
    float
        1 where each neighbor in the map is one of the k true neighbors; .5 is what a random map gets. NaN
        where there are too few rows.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    >>> trustworthiness(x, x, np.arange(60), k=5)
    1.0
    """
    n = len(points)
    if len(rows) == 0 or 3 * k + 1 >= 2 * n:
        return float("nan")
    shown = nearest_of(np.ascontiguousarray(positions, dtype=np.float32), rows, k)
    own = points[rows].astype(np.float32)
    reach = np.sort(_gaps(own, points[shown]), axis=1)
    before = np.zeros(shown.shape, dtype=np.int64)
    step = max(1, _BLOCK_CELLS // len(rows))
    for start in range(0, n, step):
        block = points[start : start + step]
        gaps = np.einsum("ij,ij->i", block, block) - 2 * own @ block.T
        gaps += np.einsum("ij,ij->i", own, own)[:, None]
        inside = np.flatnonzero((rows >= start) & (rows < start + len(block)))
        gaps[inside, rows[inside] - start] = np.inf
        for place, line in enumerate(gaps):
            near = np.sort(line[line < reach[place, -1]])
            # A hair nearer, so that rounding does not count a row before itself.
            before[place] += np.searchsorted(near, reach[place] * (1 - 2e-6))
    excess = np.maximum(before + 1 - k, 0).sum(axis=1).mean()
    return float(1 - 2 * excess / (k * (2 * n - 3 * k - 1)))


def _gaps(own: FloatArray, others: FloatArray) -> FloatArray:
    difference = others - own[:, None, :]
    return np.asarray(np.einsum("ijk,ijk->ij", difference, difference))


def points_of_graph(features: FloatArray, ids: IntArray, distances: FloatArray) -> FloatArray | None:
    """Points in which the graph's distances are Euclidean or cosine ones, or None where they are neither."""
    rows = np.linspace(0, len(ids) - 1, 20).astype(np.int64)
    for metric in ("cosine", "euclidean"):
        # As for the graph, but for these rows alone: all would have to be prepared for both metrics.
        few = prepared(features[np.r_[rows, ids[rows, -1]]], metric)
        length = np.linalg.norm(few[: len(rows)] - few[len(rows) :], axis=1)
        length = np.square(length) / 2 if metric == "cosine" else length
        if np.allclose(length, distances[rows, -1], rtol=1e-2, atol=1e-6):
            return prepared(features, metric)
    return None
