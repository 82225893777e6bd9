"""A map from coarse to fine: a sample is laid out, the others are placed among it by the graph and settle.

What takes a layout most rounds is to unfold, and a tenth of the rows unfolds in a tenth of the time. Samples
have samples of their own until few enough rows are left to be laid out at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.evidence.map_descent import descend
from labelscope.evidence.map_start import starting_positions
from labelscope.types import FloatArray, IntArray

# Chosen on digits, MNIST and mixtures of Gaussians, 10k to 200k rows, by trustworthiness and label accuracy
# in the plane: laid out at once, classes that touch stay apart a little better, but it takes longer.
_ALL_AT_ONCE = 100_000
_SHARE = 10
_PACE = 0.5
_ROUNDS = 100
_ROUNDS_OF_MANY = 40
_MANY = 300_000
_SPREADING_ROUNDS = 50


def usual_fit_rows(n: int) -> int:
    """Rows to lay out before the others: all up to 100,000, else every tenth."""
    return n if n <= _ALL_AT_ONCE else n // _SHARE


def lay_out(
    graph: Any,
    rng: np.random.Generator,
    *,
    min_dist: float,
    fit_rows: int | None = None,
    n_rounds: int | None = None,
) -> FloatArray:
    """Lay out a graph in the plane.

    Parameters
    ----------
    graph : (n, n) scipy.sparse.csr_matrix
        Symmetric edge weights in [0, 1].
    rng : numpy.random.Generator
        Draws the samples and the pairs that repel.
    min_dist : float
        As in UMAP.
    fit_rows : int, optional
        Size of the sample, see :func:`usual_fit_rows`; n lays all rows out at once.
    n_rounds : int, optional
        Rounds of the layout of each sample, and of settling.

    Returns
    -------
    (n, 2) float32
    """
    n = graph.shape[0]
    sample = min(fit_rows or usual_fit_rows(n), n)
    if sample == n:
        return descend(graph, starting_positions(graph, rng), rng, min_dist=min_dist, n_rounds=n_rounds)
    chosen = np.sort(rng.permutation(n)[:sample])
    fitted = lay_out(two_steps(graph, chosen), rng, min_dist=min_dist, n_rounds=n_rounds)
    rounds = n_rounds or (_ROUNDS if n <= _MANY else _ROUNDS_OF_MANY)
    positions = spread(graph, chosen, fitted, rng)
    return descend(graph, positions, rng, min_dist=min_dist, n_rounds=rounds, pace=_PACE)


def two_steps(graph: Any, chosen: IntArray, *, most: int = 15) -> Any:
    """Connect sampled nodes by walks of one or two steps through the whole graph.

    Parameters
    ----------
    graph : (n, n) scipy.sparse.csr_matrix
        Symmetric weights.
    chosen : (m,) int
        Sampled nodes.
    most : int
        Strongest connections that each node keeps of its own.

    Returns
    -------
    (m, m) scipy.sparse.csr_matrix of float32
        Symmetric weights in [0, 1], 1 for the strongest connection of a node.
    """
    from scipy.sparse import csr_matrix

    out = graph[chosen].tocsr()
    walks = (out @ out.T + out[:, chosen]).tocsr()
    walks.setdiag(0)
    walks.eliminate_zeros()
    strongest = np.maximum(np.asarray(walks.max(axis=1).todense()).ravel(), 1e-12)
    counts = np.diff(walks.indptr)
    rows = np.repeat(np.arange(len(chosen)), counts)
    order = np.lexsort((-walks.data, rows))
    kept = order[np.arange(len(order)) - np.repeat(walks.indptr[:-1], counts) < most]
    weights = (walks.data[kept] / strongest[rows[kept]]).astype(np.float32)
    one_way = csr_matrix((weights, (rows[kept], walks.indices[kept])), shape=walks.shape)
    other = one_way.T.tocsr()
    union = (one_way + other - one_way.multiply(other)).tocsr()
    union.sort_indices()
    return union


def spread(graph: Any, chosen: IntArray, fitted: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Place every node at the weighted mean of those of its neighbors that are placed, round by round.

    Parameters
    ----------
    graph : (n, n) scipy.sparse.csr_matrix
        Symmetric weights.
    chosen : (m,) int
        Nodes that are placed already; they stay.
    fitted : (m, 2) float32
        Where.
    rng : numpy.random.Generator
        Places what no path leads to, around the rest, and parts equal positions.

    Returns
    -------
    (n, 2) float32
    """
    n = graph.shape[0]
    known = np.zeros((n, 3), dtype=np.float32)
    known[chosen, :2], known[chosen, 2] = fitted, 1
    for _ in range(_SPREADING_ROUNDS):
        missing = np.flatnonzero(known[:, 2] == 0)
        if not len(missing):
            break
        sums = graph[missing] @ known
        reached = sums[:, 2] > 0
        if not reached.any():
            break
        known[missing[reached], :2] = sums[reached, :2] / sums[reached, 2:]
        known[missing[reached], 2] = 1
    positions = known[:, :2].copy()
    extent = float(np.abs(fitted).max(initial=1.0))
    lost = np.flatnonzero(known[:, 2] == 0)
    if len(lost):
        positions[lost] = _around(graph[lost][:, lost], extent)
    return np.asarray(positions + rng.normal(scale=1e-3 * extent, size=(n, 2)), dtype=np.float32)


def _around(graph: Any, extent: float) -> FloatArray:
    """Positions on a circle around the map, one for each component of what is not connected with it."""
    from scipy.sparse.csgraph import connected_components

    count, component = connected_components(graph, directed=False)
    angle = 2 * np.pi * component / count
    return np.asarray(1.2 * extent * np.column_stack([np.cos(angle), np.sin(angle)]), dtype=np.float32)
