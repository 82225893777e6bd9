"""UMAP's layout in plain numpy: the whole map moves at once, with no compilation.

The forces are those of UMAP (McInnes, Healy and Melville 2018, appendix C): each edge attracts, random pairs
repel. umap-learn follows single edges one after the other. Here all edges of a point act together, and the
step is implicit in them: a point moves toward the weighted mean of its neighbors and never beyond, which is
stable at any step size. Repulsion is the same sum over random pairs in expectation, from fewer pairs.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from labelscope.evidence.progress import progress
from labelscope.types import FloatArray

_PUSHES_PER_PULL = 5.0
_PAIRS = 10
_FEW = 5_000
_STRONGEST_PUSH = 1.0
_TINY = np.float32(1e-8)


@lru_cache(maxsize=8)
def fitted_curve(min_dist: float) -> tuple[np.float32, np.float32]:
    """Fit a and b of 1 / (1 + a d^2b) to a curve that is flat up to ``min_dist``, then falls off."""
    from scipy.optimize import curve_fit

    distance = np.linspace(0, 3, 300)
    wanted = np.where(distance < min_dist, 1.0, np.exp(min_dist - distance))
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), distance, wanted)
    return np.float32(a), np.float32(b)


def default_rounds(n: int) -> int:
    """Rounds after which a map of n points has settled."""
    if n <= _FEW:
        return 800
    return 300 if n <= 50_000 else 150


def descend(
    graph: Any,
    start: FloatArray,
    rng: np.random.Generator,
    *,
    min_dist: float = 0.1,
    n_rounds: int | None = None,
    pace: float | None = None,
) -> FloatArray:
    """Lay out a graph in the plane.

    Parameters
    ----------
    graph : (n, n) scipy.sparse.csr_matrix
        Symmetric edge weights in [0, 1].
    start : (n, 2) float32
        Starting positions.
    rng : numpy.random.Generator
        Source of the pairs that repel.
    min_dist : float
        Distance below which neighbors no longer attract, in units of the map.
    n_rounds : int, optional
        By default 800 up to 5,000 points, then 300, and 150 above 50,000.
    pace : float, optional
        Step size at the start; it falls to zero linearly. By default 0.1 up to 5,000 points, which end up in
        finer detail, then 0.3, which lets large maps unfold.

    Returns
    -------
    (n, 2) float32
    """
    n = graph.shape[0]
    rounds = n_rounds or default_rounds(n)
    pace = (0.1 if n <= _FEW else 0.3) if pace is None else pace
    x: FloatArray = np.ascontiguousarray(start[:, 0], dtype=np.float32)
    y: FloatArray = np.ascontiguousarray(start[:, 1], dtype=np.float32)
    if n < 2 or graph.nnz == 0:
        return np.column_stack([x, y])
    curve = fitted_curve(min_dist)
    pull = _Pull(graph, curve)
    push = (_PUSHES_PER_PULL / _PAIRS * pull.degree).astype(np.float32)
    for done in progress(range(rounds), "drawing the map"):
        step = np.float32(pace * (1 - done / rounds))
        pulled_x, pulled_y = pull.move(x, y, step)
        pushed_x, pushed_y = _pushed(x, y, curve, rng)
        x = x + pulled_x + step * push * pushed_x
        y = y + pulled_y + step * push * pushed_y
    return np.column_stack([x, y])


class _Pull:
    """Attraction along the edges."""

    def __init__(self, graph: Any, curve: tuple[np.float32, np.float32]) -> None:
        self._a, self._b = curve
        self._weights = (graph.data / graph.data.max()).astype(np.float32)
        self._heads = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr))
        self._tails = graph.indices
        self._springs = graph.astype(np.float32)
        self._columns = np.ones((graph.shape[0], 3), dtype=np.float32)
        self.degree = np.bincount(self._heads, self._weights, minlength=graph.shape[0])

    def move(self, x: FloatArray, y: FloatArray, step: np.float32) -> tuple[FloatArray, FloatArray]:
        dx, dy = x[self._heads], y[self._heads]
        dx -= x[self._tails]
        dy -= y[self._tails]
        dx *= dx
        dy *= dy
        dx += dy
        np.maximum(dx, _TINY, out=dx)
        # d^(2b-2) by logarithm and exponential, which vectorize in float32 where a power does not.
        power = np.log(dx)
        power *= self._b - 1
        np.exp(power, out=power)
        dx *= power
        dx *= self._a
        dx += 1
        # Every edge is stored in both directions and umap-learn moves both ends each time: hence 4, not 2.
        power *= 4 * self._a * self._b * self._weights
        power /= dx
        self._springs.data = power
        self._columns[:, 0], self._columns[:, 1] = x, y
        sums = self._springs @ self._columns
        # Both ends move toward each other, so each goes at most half the way.
        share = step / (1 + 2 * step * sums[:, 2])
        return (sums[:, 0] - sums[:, 2] * x) * share, (sums[:, 1] - sums[:, 2] * y) * share


def _pushed(
    x: FloatArray, y: FloatArray, shape: tuple[np.float32, np.float32], rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Summed repulsion of every point from a few random ones."""
    a, b = shape
    n = len(x)
    total_x, total_y = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
    for _ in range(_PAIRS):
        other = rng.integers(0, n, n)
        dx, dy = x - x[other], y - y[other]
        gap = dx * dx
        gap += dy * dy
        curve = np.log(np.maximum(gap, _TINY))
        curve *= b
        np.exp(curve, out=curve)
        curve *= a
        curve += 1
        gap += np.float32(0.001)
        curve *= gap
        force = 2 * b / curve
        dx *= force
        dy *= force
        total_x += np.clip(dx, -_STRONGEST_PUSH, _STRONGEST_PUSH, out=dx)
        total_y += np.clip(dy, -_STRONGEST_PUSH, _STRONGEST_PUSH, out=dy)
    return total_x, total_y
