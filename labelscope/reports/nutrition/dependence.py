"""Whether something depends on a column: mutual information against its permutations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.types import FloatArray, IntArray

#: More rows say nothing new about whether a column matters, and permuting them takes time.
MOST_ROWS = 60_000
_FEW_EXCEEDED = 10


@dataclass(frozen=True)
class Dependence:
    """What a test of one column found.

    Attributes
    ----------
    bits : float
        Mutual information.
    threshold : float
        What chance alone stays below in 99 of 100 permutations.
    p : float
        Of a permutation test.
    q : float
        The same with the false-discovery rule of Benjamini and Hochberg over all columns.
    """

    bits: float
    threshold: float
    p: float
    q: float


def rate_dependence(
    rates: FloatArray, groups: Sequence[IntArray], *, n_permutations: int = 199, random_state: int = 0
) -> list[Dependence]:
    """Test whether a rate differs between the groups of each of several columns.

    Parameters
    ----------
    rates : (n,) float
        In [0, 1]: errors, or their probabilities.
    groups : sequence of (n,) int
        Each from 0, without gaps.
    n_permutations : int
    random_state : int

    Returns
    -------
    list of Dependence

    Notes
    -----
    All columns are tested against the same permutations of the rows. Where rates are probabilities, what is
    permuted are errors drawn from them: a model's probabilities vary smoothly with the columns that it was
    made of, which alone is no finding. p-values smaller than permutations can
    tell come from a gamma distribution with the mean and variance of the permuted values, which mutual
    information follows under independence.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> site, coin = rng.integers(0, 2, 500), rng.integers(0, 2, 500)
    >>> found = rate_dependence((rng.random(500) < 0.1 + 0.5 * site) * 1.0, [site, coin])
    >>> found[0].q < 0.001, found[1].q > 0.01
    (True, True)
    """
    rng = np.random.default_rng([random_state, 0xDEB])
    rows = _some(len(rates), rng)
    rates, groups = rates[rows], [own[rows] for own in groups]
    sizes = [np.bincount(own).astype(np.float64) for own in groups]

    def bits(values: FloatArray) -> FloatArray:
        found = np.full(len(groups), _entropy(values.mean(keepdims=True))[0] if len(values) else 0.0)
        for k, own in enumerate(groups):
            sums = np.bincount(own, weights=values, minlength=len(sizes[k]))
            with np.errstate(invalid="ignore", divide="ignore"):
                means = np.where(sizes[k] > 0, sums / sizes[k], 0.0)
            found[k] -= sizes[k] @ _entropy(np.clip(means, 0, 1)) / max(len(values), 1)
        return np.asarray(np.maximum(found, 0.0))

    null = np.array(
        [bits(rng.permutation(1.0 * (rng.random(len(rates)) < rates))) for _ in range(n_permutations)]
    )
    return _judged(bits(rates), null.reshape(n_permutations, len(groups)))


def code_dependence(
    codes: IntArray, groups: Sequence[IntArray], *, n_permutations: int = 99, random_state: int = 0
) -> list[Dependence]:
    """Test whether classes (n,) int from 0 differ between the groups of columns; as `rate_dependence`."""
    rng = np.random.default_rng([random_state, 0xDEC])
    rows = _some(len(codes), rng, 20_000)
    codes, groups = codes[rows], [own[rows] for own in groups]
    k = int(codes.max(initial=0)) + 1

    def bits(values: IntArray) -> FloatArray:
        return np.array([mutual_information(values, own, k) for own in groups])

    null = np.array([bits(rng.permutation(codes)) for _ in range(n_permutations)])
    return _judged(bits(codes), null.reshape(n_permutations, len(groups)))


def mutual_information(first: IntArray, second: IntArray, n_first: int) -> float:
    """Return the mutual information of two codings in bits; 0 without rows.

    Examples
    --------
    >>> float(mutual_information(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), 2))
    1.0
    """
    if not len(first):
        return 0.0
    m = int(second.max()) + 1
    cells = np.bincount(first * m + second, minlength=n_first * m).reshape(n_first, m) / len(first)
    both = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0, keepdims=True)
    filled = cells > 0
    return max(0.0, float((cells[filled] * np.log2(cells[filled] / both[filled])).sum()))


def cramers_v(first: IntArray, second: IntArray) -> float:
    """Return the bias-corrected Cramér's V of two codings, in [0, 1].

    Notes
    -----
    Bergsma: A bias-correction for Cramér's V and Tschuprow's T, 2013.

    Examples
    --------
    >>> round(cramers_v(np.array([0, 0, 1, 1] * 9), np.array([1, 1, 0, 0] * 9)), 6)
    1.0
    """
    n = len(first)
    if n < 2:
        return 0.0
    r, c = int(first.max()) + 1, int(second.max()) + 1
    cells = np.bincount(first * c + second, minlength=r * c).reshape(r, c).astype(np.float64)
    cells = cells[cells.any(axis=1)][:, cells.any(axis=0)]
    r, c = cells.shape
    if min(r, c) < 2:
        return 0.0
    expected = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0, keepdims=True) / n
    phi = float(((cells - expected) ** 2 / expected).sum()) / n
    fair = max(0.0, phi - (r - 1) * (c - 1) / (n - 1))
    r_fair, c_fair = r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)
    return float(np.sqrt(min(1.0, fair / max(min(r_fair, c_fair) - 1.0, 1e-12))))


def false_discovery(p: FloatArray) -> FloatArray:
    """Adjust p-values after Benjamini and Hochberg.

    Examples
    --------
    >>> false_discovery(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(-p, kind="stable")
    ranks = np.arange(len(p), 0, -1)
    found = np.empty(len(p))
    found[order] = np.minimum.accumulate(np.minimum(1.0, p[order] * len(p) / ranks))
    return found


def _judged(found: FloatArray, null: FloatArray) -> list[Dependence]:
    from scipy.special import gammaincc

    if not len(found):
        return []
    n = len(null)
    exceeded = (null >= found - 1e-15).sum(axis=0)
    p = (1.0 + exceeded) / (n + 1.0)
    mean, variance = null.mean(axis=0), null.var(axis=0, ddof=1)
    for k in np.flatnonzero((exceeded < _FEW_EXCEEDED) & (variance > 0) & (mean > 0)):
        tail = float(gammaincc(mean[k] ** 2 / variance[k], found[k] * mean[k] / variance[k]))
        # A value that chance did reach cannot be rarer than the tail makes of it by more than chance allows.
        p[k] = min(p[k], tail) if exceeded[k] == 0 else p[k]
    q = false_discovery(p)
    limits = np.quantile(null, 0.99, axis=0)
    return [
        Dependence(float(found[k]), float(limits[k]), float(p[k]), float(q[k])) for k in range(len(found))
    ]


def _some(n: int, rng: np.random.Generator, most: int = MOST_ROWS) -> IntArray:
    return np.arange(n) if n <= most else np.sort(rng.choice(n, most, replace=False))


def _entropy(shares: FloatArray) -> FloatArray:
    inside = np.clip(shares, 1e-12, 1 - 1e-12)
    return np.asarray(-(inside * np.log2(inside) + (1 - inside) * np.log2(1 - inside)))
