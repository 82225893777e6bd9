"""Two normal distributions fitted to one number a row, and whether there really are two."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from labelscope.types import FloatArray

_STEPS = 300
# Rows looked at: quantiles of more rows than this tell the same.
_MOST = 20_000
_LEAST_ROWS = 5.0
_STARTS = (0.5, 0.75, 0.9, 0.97)
# Twice the gain in log-likelihood, less three more parameters times log n, has to exceed this (Raftery 1995).
_LEAST_GAIN = 10.0
_LEAST_DISTANCE = 2.0


@dataclass(frozen=True)
class TwoNormals:
    """A mixture of a low and a high normal distribution.

    Attributes
    ----------
    weight : float
        Share of the high one.
    low, high : float
        Means.
    low_deviation, high_deviation : float
        Standard deviations.
    gain : float
        By how much the BIC of one normal distribution exceeds that of the two.
    distance : float
        Distance of the means in pooled standard deviations.
    gate : float
        Where the weighted densities cross between the means; infinite where they do not.
    separated : bool
        Whether there are two modes: ``gain`` above 10, ``distance`` above 2, a crossing between the means and
        at least five rows in each.
    """

    weight: float
    low: float
    high: float
    low_deviation: float
    high_deviation: float
    gain: float
    distance: float
    gate: float
    separated: bool

    def log_odds(self, values: FloatArray) -> FloatArray:
        """Log of how much likelier the high distribution is than the low one.

        Beyond the means it goes on in a straight line. Of two unequal normal distributions the wider one
        wins on both sides, and rows that are as clear as can be would belong to the wrong ones.
        """
        inside = np.clip(values, self.low, self.high)
        slopes = (self._slope(self.low), self._slope(self.high))
        beyond = (
            np.minimum(values - self.low, 0.0) * slopes[0] + np.maximum(values - self.high, 0.0) * slopes[1]
        )
        return np.asarray(self._log_odds(inside) + beyond)

    def facts(self) -> dict[str, float | bool | None]:
        """Return the numbers by name, None for those that are not finite."""
        found = asdict(self)
        return {name: value if math.isfinite(value) else None for name, value in found.items()}

    def _log_odds(self, values: FloatArray) -> FloatArray:
        above = _log_normal(values, self.high, self.high_deviation) + math.log(self.weight)
        below = _log_normal(values, self.low, self.low_deviation) + math.log1p(-self.weight)
        return np.asarray(above - below)

    def _slope(self, at: float) -> float:
        return (at - self.low) / self.low_deviation**2 - (at - self.high) / self.high_deviation**2


def fit_two_normals(values: FloatArray) -> TwoNormals | None:
    """Fit by expectation-maximization.

    Parameters
    ----------
    values : (m,) float
        Finite numbers.

    Returns
    -------
    TwoNormals or None
        None where there are fewer than ten values or all are equal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = fit_two_normals(np.r_[rng.normal(-3, 1, 900), rng.normal(3, 1, 100)])
    >>> found.separated, round(found.weight, 2), fit_two_normals(rng.normal(size=1000)).separated
    (True, 0.1, False)
    """
    n = len(values)
    x = np.sort(np.asarray(values, dtype=np.float64))
    if n > _MOST:
        x = x[np.linspace(0, n - 1, _MOST).astype(np.int64)]
    spread = float(x.std()) if n else 0.0
    if n < 2 * _LEAST_ROWS or not spread > 1e-12 * max(1.0, float(np.abs(x).max())):
        return None
    one = float(_log_normal(x, float(x.mean()), spread).sum())
    # The high mode may be small: several starts, since from the middle it is not always found. The likeliest
    # fit may be a skewed single mode in two parts; a valley beside it counts for more.
    fits = [_judged(_climbed(x, start, spread), one, n, len(x)) for start in _STARTS]
    return max(fits, key=lambda fit: (fit.separated, fit.gain))


def _judged(
    climbed: tuple[float, float, float, float, float, float], one: float, n: int, n_used: int
) -> TwoNormals:
    both, weight, low, high, below, above = climbed
    gain = 2 * (both - one) * n / n_used - 3 * math.log(n)
    distance = (high - low) / math.sqrt((1 - weight) * below**2 + weight * above**2)
    gate = _crossing(weight, low, high, below, above)
    enough = _LEAST_ROWS / n < weight < 1 - _LEAST_ROWS / n
    separated = gain > _LEAST_GAIN and distance > _LEAST_DISTANCE and math.isfinite(gate) and enough
    return TwoNormals(weight, low, high, below, above, gain, distance, gate, separated)


def _climbed(x: FloatArray, start: float, spread: float) -> tuple[float, float, float, float, float, float]:
    """Log-likelihood, weight, means and deviations, the low one first."""
    # No narrower than this, or a handful of equal values would be a mode of its own.
    floor = 0.02 * spread
    belongs = np.where(x > np.quantile(x, start), 0.95, 0.05)
    last = -math.inf
    for _ in range(_STEPS):
        weight = float(np.clip(belongs.mean(), 1e-6, 1 - 1e-6))
        low, below = _moments(x, 1 - belongs, floor)
        high, above = _moments(x, belongs, floor)
        high_part = _log_normal(x, high, above) + math.log(weight)
        mixed = np.logaddexp(high_part, _log_normal(x, low, below) + math.log1p(-weight))
        both = float(mixed.sum())
        belongs = np.exp(high_part - mixed)
        if both - last < 1e-8 * len(x):
            break
        last = both
    if high < low:
        return both, 1 - weight, high, low, above, below
    return both, weight, low, high, below, above


def _moments(x: FloatArray, weight: FloatArray, floor: float) -> tuple[float, float]:
    total = max(float(weight.sum()), 1e-9)
    mean = float(weight @ x) / total
    return mean, max(math.sqrt(float(weight @ (x - mean) ** 2) / total), floor)


def _log_normal(x: FloatArray, mean: float, deviation: float) -> FloatArray:
    return np.asarray(
        -0.5 * ((x - mean) / deviation) ** 2 - math.log(deviation) - 0.5 * math.log(2 * math.pi)
    )


def _crossing(weight: float, low: float, high: float, below: float, above: float) -> float:
    """The only place between the means where the weighted densities are equal, by bisection."""

    def higher(at: float) -> bool:
        own = math.log(weight / above) - 0.5 * ((at - high) / above) ** 2
        return own > math.log((1 - weight) / below) - 0.5 * ((at - low) / below) ** 2

    if higher(low) or not higher(high):
        return math.inf
    left, right = low, high
    for _ in range(80):
        middle = (left + right) / 2
        left, right = (left, middle) if higher(middle) else (middle, right)
    return right
