"""The weighted graph that UMAP lays out (McInnes, Healy and Melville 2018, section 3.1)."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.types import FloatArray, IntArray

_SEARCH_STEPS = 40
_BLOCK_ROWS = 65_536


def membership(distances: FloatArray) -> FloatArray:
    """Turn distances to neighbors into membership strengths in [0, 1].

    Parameters
    ----------
    distances : (n, k) float
        Nearest first, the row itself excluded.

    Returns
    -------
    (n, k) float32
        1 for the nearest neighbor; each row sums to about log2(k + 1), as in umap-learn, which counts the
        row itself among its neighbors.
    """
    out = np.empty(distances.shape, dtype=np.float32)
    for start in range(0, len(distances), _BLOCK_ROWS):
        out[start : start + _BLOCK_ROWS] = _block(distances[start : start + _BLOCK_ROWS].astype(np.float64))
    return out


def _block(distances: FloatArray) -> FloatArray:
    n, k = distances.shape
    target = np.log2(k + 1)
    positive = np.where(distances > 0, distances, np.inf).min(axis=1, initial=np.inf)
    nearest = np.where(np.isfinite(positive), positive, 0.0)
    excess = np.maximum(distances - nearest[:, None], 0)
    low, high, width = np.zeros(n), np.full(n, np.inf), np.maximum(excess.mean(axis=1), 1e-12)
    for _ in range(_SEARCH_STEPS):
        over = np.exp(-excess / width[:, None]).sum(axis=1) > target
        high = np.where(over, width, high)
        low = np.where(over, low, width)
        # Doubling stops where all neighbors are equally far and no width reaches the target.
        width = np.where(np.isinf(high), np.minimum(2 * width, 1e30), (low + high) / 2)
    width = np.maximum(width, np.maximum(1e-3 * distances.mean(axis=1), 1e-12))
    return np.asarray(np.exp(-excess / width[:, None]), dtype=np.float32)


def fuzzy_union(knn_ids: IntArray, knn_distances: FloatArray) -> Any:
    """Build the symmetric graph of edge weights.

    Parameters
    ----------
    knn_ids : (n, k) int
        Neighbors, the row itself excluded.
    knn_distances : (n, k) float
        Their distances.

    Returns
    -------
    (n, n) scipy.sparse.csr_matrix of float32
        a + b - ab of the memberships a and b in both directions; sorted indices.
    """
    from scipy.sparse import csr_matrix

    n, k = knn_ids.shape
    weights = membership(knn_distances)
    one_way = csr_matrix((weights.ravel(), knn_ids.ravel(), np.arange(0, n * k + 1, max(k, 1))), shape=(n, n))
    other = one_way.T.tocsr()
    graph = (one_way + other - one_way.multiply(other)).tocsr()
    graph.eliminate_zeros()
    graph.sort_indices()
    return graph
