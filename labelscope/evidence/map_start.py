"""Where the points of the map start: the slowest waves of the graph, component by component."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.types import FloatArray

_DENSE = 200
_WIDTH = 8
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def starting_positions(graph: Any, rng: np.random.Generator, *, extent: float = 10.0) -> FloatArray:
    """Place the nodes of a graph by its normalized Laplacian.

    Parameters
    ----------
    graph : (n, n) scipy.sparse.csr_matrix
        Symmetric weights ≥ 0.
    rng : numpy.random.Generator
        Source of the start of the iteration and of a jitter that parts equal positions.
    extent : float
        Half the side of the square that the map starts in.

    Returns
    -------
    (n, 2) float32
        Components do not overlap: the largest is in the middle, the others around it.
    """
    from scipy.sparse.csgraph import connected_components

    n = graph.shape[0]
    count, component = connected_components(graph, directed=False)
    positions = np.zeros((n, 2), dtype=np.float32)
    if count == 1:
        positions = _waves(graph, rng) * np.float32(extent)
    else:
        order = np.argsort(component, kind="stable")
        ends = np.cumsum(np.bincount(component))
        # Sorted by component, each is a block of its own, and taking it does not touch the others.
        sorted_graph = graph[order][:, order].tocsr()
        blocks = [
            (int(end - size), int(end)) for end, size in zip(ends, np.diff(np.r_[0, ends]), strict=True)
        ]
        blocks.sort(key=lambda block: (block[0] - block[1], int(order[block[0]])))
        before = 0
        for place, (low, high) in enumerate(blocks):
            rows = order[low:high]
            radius = extent * np.sqrt(len(rows) / n)
            # Areas add up from the middle outwards, turned by the golden angle (a sunflower's packing).
            away = 0.0 if place == 0 else extent * np.sqrt((before + len(rows) / 2) / n) + 0.3 * radius
            center = away * np.array([np.cos(place * _GOLDEN_ANGLE), np.sin(place * _GOLDEN_ANGLE)])
            inside = _waves(_block(sorted_graph, low, high), rng) if len(rows) > 1 else np.zeros((1, 2))
            positions[rows] = center + 0.7 * radius * inside
            before += len(rows)
    return np.asarray(positions + rng.normal(scale=1e-4 * extent, size=(n, 2)), dtype=np.float32)


def _block(graph: Any, low: int, high: int) -> Any:
    """The block from ``low`` to ``high`` on the diagonal of a block-diagonal matrix."""
    from scipy.sparse import csr_matrix

    inner = slice(graph.indptr[low], graph.indptr[high])
    pointers = graph.indptr[low : high + 1] - graph.indptr[low]
    return csr_matrix((graph.data[inner], graph.indices[inner] - low, pointers), shape=(high - low,) * 2)


def _waves(graph: Any, rng: np.random.Generator) -> FloatArray:
    """Two slowest waves of a connected graph, scaled into [-1, 1]: (n, 2) float32."""
    n = graph.shape[0]
    if n <= 3:
        angle = 2 * np.pi * np.arange(n) / n
        return np.column_stack([np.cos(angle), np.sin(angle)]).astype(np.float32)
    degree = np.maximum(np.asarray(graph.sum(axis=1)).ravel(), 1e-12)
    scale = 1 / np.sqrt(degree)
    normal = graph.multiply(scale[:, None]).multiply(scale[None, :]).tocsr().astype(np.float32)
    if n <= _DENSE:
        vectors = np.linalg.eigh(normal.toarray())[1][:, ::-1][:, 1:3]
    else:
        vectors = _slowest(normal, np.sqrt(degree), rng)[:, 1:3]
    vectors = vectors - vectors.mean(axis=0)
    # The sign of an eigenvector is arbitrary; fix it, so that all machines draw the same map.
    strongest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.where(vectors[strongest, [0, 1]] < 0, -1, 1)
    # A few far-out nodes on the end of a chain must not squeeze the rest into a point.
    size = np.maximum(np.quantile(np.abs(vectors), 0.98, axis=0), 1e-12)
    return np.asarray(np.clip(vectors / size, -1.5, 1.5) / 1.5, dtype=np.float32)


def _slowest(normal: Any, trivial: FloatArray, rng: np.random.Generator, rounds: int = 4) -> FloatArray:
    """Leading eigenvectors of a normalized adjacency by Chebyshev-filtered subspace iteration (Saad 2011).

    A map needs them only roughly, and this costs some ninety sparse products, whatever the spectrum.
    """
    vectors = rng.standard_normal((normal.shape[0], _WIDTH)).astype(np.float32)
    vectors[:, 0] = trivial
    for _ in range(rounds):
        vectors, values = _rayleigh_ritz(normal, np.linalg.qr(vectors)[0])
        edge = float(np.clip(values[-1], 0.5, 0.98))
        half, center = np.float32((edge + 1) / 2), np.float32((edge - 1) / 2)
        before, now = vectors, (normal @ vectors - center * vectors) / half
        for _ in range(20):
            before, now = now, 2 / half * (normal @ now - center * now) - before
        vectors = now / np.maximum(np.abs(now).max(axis=0), 1e-30)
    return _rayleigh_ritz(normal, np.linalg.qr(vectors)[0])[0]


def _rayleigh_ritz(normal: Any, basis: FloatArray) -> tuple[FloatArray, FloatArray]:
    projected = basis.T @ (normal @ basis)
    values, turn = np.linalg.eigh((projected + projected.T) / 2)
    return basis @ turn[:, ::-1], values[::-1]
