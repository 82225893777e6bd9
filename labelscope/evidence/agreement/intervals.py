"""Intervals of statistics that are functions of sums over items: by the delta method, or by resampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from labelscope.data.arguments import check_counts, check_numbers
from labelscope.errors import InvalidInputError
from labelscope.types import Array, FloatArray, IntArray

#: From sums (b, s) to what was observed and what chance would give, (b,) each: shares of disagreement.
Statistic = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
_STEP = 1e-5
_BLOCK = 1 << 22
METHODS = ("analytic", "bootstrap")


@dataclass(frozen=True)
class Sums:
    """Items by what they add to the sums; items that add the same are counted together.

    Attributes
    ----------
    parts : (u, s) float64
        What an item of each kind adds.
    counts : (u,) int64
        Items of each kind.
    """

    parts: FloatArray
    counts: IntArray

    @classmethod
    def of(cls, parts: FloatArray, weights: IntArray) -> Sums:
        """Bring equal items together, of which there are ``weights`` (u,) each."""
        found, places = np.unique(parts, axis=0, return_inverse=True)
        counts = np.bincount(places.ravel(), weights=weights, minlength=len(found))
        return cls(found, counts.astype(np.int64))

    @property
    def n(self) -> int:
        """Number of items."""
        return int(self.counts.sum())

    def total(self) -> FloatArray:
        """Return the sums (1, s) over all items."""
        return np.asarray(self.counts @ self.parts)[None, :]


def agreement_of(observed: Array, expected: Array) -> FloatArray:
    """Return 1 minus observed over expected disagreement; NaN where chance allows no disagreement."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(expected > 1e-12, 1.0 - observed / expected, np.nan))


def check_interval(level: float, interval: str, n_bootstrap: int) -> None:
    """Refuse a coverage, a method or a number of resamples that cannot be used."""
    check_numbers(level=level)
    if not 0 < level < 1:
        raise InvalidInputError(f"level is {level}.", "Pass a coverage between 0 and 1, such as 0.95.")
    if interval not in METHODS:
        raise InvalidInputError.unknown("kind of interval", interval, METHODS)
    check_counts(n_bootstrap=n_bootstrap)
    if n_bootstrap < 1:
        raise InvalidInputError(f"n_bootstrap is {n_bootstrap}.", "Pass 1 or more, such as 1000.")


def interval_of(
    statistic: Statistic,
    sums: Sums,
    *,
    level: float,
    interval: str,
    n_bootstrap: int,
    random_state: int,
    largest: float,
) -> tuple[float, float]:
    """Bound an agreement.

    Parameters
    ----------
    statistic : callable
    sums : Sums
    level : float
        Coverage.
    interval : {"analytic", "bootstrap"}
        The delta method, or percentiles of the statistic on resampled items.
    n_bootstrap, random_state : int
        Resamples and their seed.
    largest : float
        The largest disagreement of two answers.

    Returns
    -------
    low, high : float
        NaN where the statistic is. Without any disagreement both methods would give no width at all; then
        the lower end is what the exact bound on the share of items with a disagreement leaves.
    """
    observed, expected = statistic(sums.total())
    value = float(agreement_of(observed, expected)[0])
    if np.isnan(value):
        return float("nan"), float("nan")
    if observed[0] <= 1e-12:
        unseen = 1.0 - ((1.0 - level) / 2) ** (1.0 / sums.n)
        return max(-1.0, 1.0 - unseen * largest / float(expected[0])), 1.0
    if interval == "analytic":
        half = NormalDist().inv_cdf((1 + level) / 2) * _error(statistic, sums)
        return max(-1.0, value - half), min(1.0, value + half)
    values = _resampled(statistic, sums, n_bootstrap, random_state)
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(min(low, value)), float(max(high, value))


def _error(statistic: Statistic, sums: Sums) -> float:
    """Standard error by the delta method: the spread of what one more item of each kind would change."""
    total, step = sums.total(), _STEP * sums.n
    more, less = (
        agreement_of(*statistic(total * (1 - sign * _STEP) + sign * step * sums.parts)) for sign in (1, -1)
    )
    influence = (more - less) / (2 * _STEP)
    return float(np.sqrt(np.nansum(sums.counts * influence**2)) / sums.n)


def _resampled(statistic: Statistic, sums: Sums, n_bootstrap: int, random_state: int) -> FloatArray:
    rng, values = np.random.default_rng(random_state), []
    step = max(1, _BLOCK // max(sums.parts.size, len(sums.counts), 1))
    for start in range(0, n_bootstrap, step):
        size = min(step, n_bootstrap - start)
        drawn = rng.multinomial(sums.n, sums.counts / sums.n, size=size).astype(np.float64)
        values.append(agreement_of(*statistic(drawn @ sums.parts)))
    return np.concatenate(values)
