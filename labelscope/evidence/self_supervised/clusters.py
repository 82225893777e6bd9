"""Clusters of a representation: how pure they are by the labels at hand, and whether it is worth having."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

_NEAR = 10
_BLOCK = 1024


@dataclass(frozen=True)
class Members:
    """Rows by cluster, for drawing partners.

    Attributes
    ----------
    clusters : (n,) int
        -1 for rows that are in none.
    order : (m,) int
        Rows sorted by cluster.
    starts, sizes : (k,) int
    """

    clusters: IntArray
    order: IntArray
    starts: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, clusters: IntArray, rows: IntArray, n: int) -> Members:
        """Sort ``rows`` (m,), of n in all, by their ``clusters`` (m,)."""
        sizes, everyone = np.bincount(clusters), np.full(n, -1, dtype=np.int64)
        everyone[rows] = clusters
        return cls(everyone, rows[np.argsort(clusters, kind="stable")], np.cumsum(sizes) - sizes, sizes)

    def partners(self, rows: IntArray, chance: FloatArray) -> IntArray:
        """Return a row of the same cluster for each of ``rows``, maybe itself, by numbers in [0, 1)."""
        own = self.clusters[rows]
        return np.asarray(self.order[self.starts[own] + (chance * self.sizes[own]).astype(np.int64)])


def k_means(points: FloatArray, k: int, random_state: int) -> IntArray:
    """Cluster unit vectors: (n,) int64."""
    from sklearn.cluster import KMeans

    k = max(1, min(k, len(np.unique(points, axis=0))))
    found = KMeans(k, n_init=1, max_iter=50, random_state=random_state).fit_predict(points)
    return np.asarray(found, dtype=np.int64)


def purity(clusters: IntArray, codes: IntArray) -> float | None:
    """Estimate how often rows of one cluster have one label.

    Parameters
    ----------
    clusters : (n,) int
    codes : (n,) int
        Labels, -1 for unlabelled rows.

    Returns
    -------
    float or None
        Share of the labelled rows whose label is the most frequent one among the *other* labelled rows of
        their cluster, ties counting as a share. Rows alone in a cluster say nothing, however pure that looks;
        None where all are.

    Examples
    --------
    >>> purity(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 1, 2, 1]))
    0.6
    """
    labelled = np.flatnonzero(codes >= 0)
    if not len(labelled):
        return None
    own, place = codes[labelled], np.unique(clusters[labelled], return_inverse=True)[1]
    table = np.zeros((int(place.max()) + 1, int(own.max()) + 1))
    np.add.at(table, (place, own), 1)
    company = np.flatnonzero(table.sum(axis=1)[place] > 1)
    if not len(company):
        return None
    others = table[place[company]]
    others[np.arange(len(company)), own[company]] -= 1
    best = others == others.max(axis=1, keepdims=True)
    return float((best[np.arange(len(company)), own[company]] / best.sum(axis=1)).mean())


@dataclass(frozen=True)
class Agreement:
    """How well neighbors among verified rows agree in two representations.

    Attributes
    ----------
    before, after : float
        Mean share of the nearest verified rows that have the same label.
    rises : bool
        Whether ``after`` exceeds ``before`` by more than the standard error of the difference.
    """

    before: float
    after: float
    rises: bool


def compare(before: FloatArray, after: FloatArray, codes: IntArray, verified: BoolArray) -> Agreement | None:
    """Compare two representations by the labels that a person has verified.

    Parameters
    ----------
    before, after : (n, d) float
    codes : (n,) int
        Labels.
    verified : (n,) bool

    Returns
    -------
    Agreement or None
        None where fewer than two verified rows of each of two classes are there.
    """
    rows = np.flatnonzero(verified & (codes >= 0))
    counts = np.bincount(codes[rows]) if len(rows) else np.zeros(0, dtype=np.int64)
    if (counts >= 2).sum() < 2:
        return None
    shares = [_same_label(points[rows], codes[rows]) for points in (before, after)]
    difference = shares[1] - shares[0]
    error = float(difference.std(ddof=1)) / np.sqrt(len(rows))
    means = [float(one.mean()) for one in shares]
    return Agreement(means[0], means[1], bool(difference.mean() > max(error, 1e-9)))


def _same_label(points: FloatArray, codes: IntArray) -> FloatArray:
    """Share of each row's nearest others that have its label; fewer than ten where there are fewer rows."""
    k = min(_NEAR, len(points) - 1)
    x = np.asarray(points, dtype=np.float64)
    squares = (x**2).sum(axis=1)
    shares = np.zeros(len(x))
    for start in range(0, len(x), _BLOCK):
        block = slice(start, min(start + _BLOCK, len(x)))
        far = squares[block, None] + squares - 2 * x[block] @ x.T
        far[np.arange(block.stop - start), np.arange(start, block.stop)] = np.inf
        near = np.argpartition(far, k - 1, axis=1)[:, :k]
        shares[block] = (codes[near] == codes[block, None]).mean(axis=1)
    return shares
