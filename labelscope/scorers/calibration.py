"""What human verdicts say about suspicion: recalibrated probabilities and a measured number of errors."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import Array, BoolArray, Estimate, FloatArray

# Standard deviations of the prior: 30 verdicts move the map little, 300 nearly as far as they say.
_LEVEL_SPREAD = 0.5
_SLOPE_SPREAD = 0.3
_EDGE = 1e-6
_NEWTON_STEPS = 40


def recalibrate(
    suspicion: Any, rows: Any, wrong: Any, weights: Any = None, *, strength: float = 1.0
) -> FloatArray:
    """Move suspicion to where verdicts say that it should be, without changing the order of the rows.

    Parameters
    ----------
    suspicion : (n,) float
        Suspicion of every row, in [0, 1].
    rows : (m,) int
        Rows that somebody judged.
    wrong : (m,) bool
        Whether the given label of each was wrong.
    weights : (m,) float, optional
        One over the probability with which each row was drawn, up to a constant. Without it all verdicts
        count alike, which is right when rows were drawn by their suspicion or uniformly.
    strength : float
        Strength of the pull toward the suspicion as it was; 0 believes the verdicts alone.

    Returns
    -------
    (n,) float32
        In [0, 1]. Suspicion that is exactly 0 (unlabelled rows) or 1 stays; the rest moves by a map that
        rises strictly, up to rounding.

    Raises
    ------
    InvalidInputError
        Lengths differ, rows do not exist, or a value is outside of its range.

    Notes
    -----
    Beta calibration (Kull, Silva Filho and Flach 2017), ``logit q = c + a log s - b log(1 - s)``, by
    penalized maximum likelihood. The penalty is a normal prior around ``a = b = 1``, ``c = 0``, where
    nothing moves; ``a`` and ``b`` are fitted by their logarithms and so stay positive.

    Examples
    --------
    >>> s = np.tile([0.02, 0.3, 0.9], 200)
    >>> rows = np.arange(300)
    >>> moved = recalibrate(s, rows, s[rows] > 0.5)
    >>> bool(moved[1] < 0.15), bool(moved[2] > 0.95)
    (True, True)
    """
    values, rows, wrong = _judged(suspicion, rows, wrong)
    if not len(rows):
        return values.astype(np.float32)
    # Weights add up to the number of equally weighted verdicts that would say as much (Kish 1965).
    weight = _positive("weights", weights, len(rows))
    weight = weight * weight.sum() / (weight @ weight)
    low, high = _logs(values)
    theta = _fitted(low[rows], high[rows], wrong.astype(np.float64), weight, strength)
    level = theta[0] + np.exp(theta[1]) * low + np.exp(theta[2]) * high
    moved = 1.0 / (1.0 + np.exp(-level))
    return np.where((values <= 0) | (values >= 1), values, moved).astype(np.float32)


def noise_estimate(
    suspicion: Any, rows: Any, wrong: Any, inclusion: Any = None, *, level: float = 0.9
) -> Estimate:
    """Estimate the share of wrong labels from verdicts on rows drawn with known probabilities.

    Parameters
    ----------
    suspicion : (n,) float
        Suspicion of every labelled row. It need not be right: it only makes the interval narrower where it
        is.
    rows : (m,) int
        Rows that were drawn and judged.
    wrong : (m,) bool
        Whether the given label of each was wrong.
    inclusion : (m,) float, optional
        Probability with which each of these rows was drawn, in (0, 1]; every row of the data must have had
        a chance. By default all rows had the same, m / n.
    level : float
        Coverage of the interval.

    Returns
    -------
    Estimate
        ``measured`` is True unless there are no verdicts at all.

    Raises
    ------
    InvalidInputError
        Lengths differ, rows do not exist, or a value is outside of its range.

    Notes
    -----
    The difference estimator of survey sampling (Särndal, Swensson and Wretman 1992), also called
    prediction-powered inference (Angelopoulos et al. 2023): the mean suspicion plus the weighted mean
    of what verdicts differ from it. The weight of the suspicion is tuned to the least variance. The interval
    is a score interval, which is skewed as the differences are, and each end allows for one surprise more
    than was seen: thirty rows without an error do not prove that there is none.

    Examples
    --------
    >>> s = np.tile([0.05, 0.05, 0.05, 0.9], 250)
    >>> rows = np.arange(0, 1000, 5)
    >>> found = noise_estimate(s, rows, s[rows] > 0.5)
    >>> found.measured, bool(found.low < 0.25 < found.high)
    (True, True)
    """
    values, rows, wrong = _judged(suspicion, rows, wrong)
    n, m = len(values), len(rows)
    if not m:
        mean = float(values.mean()) if n else 0.0
        return Estimate(mean, 0.0, 1.0, level, measured=False)
    chance = np.full(m, m / n) if inclusion is None else _positive("inclusion", inclusion, m)
    if chance.max() > 1:
        raise InvalidInputError(
            f"inclusion goes up to {chance.max():.3g}.", "Pass probabilities, at most 1 each."
        )
    share = 1.0 / chance
    share /= share.sum()
    error, said = wrong.astype(np.float64), values[rows]
    tuned = _tuned(error, said, share)
    rest = error - tuned * said
    gap = float(share @ rest)
    value = tuned * float(values.mean()) + gap
    z, unseen = _quantile(level, 1.0 / float(share @ share)), 1.0 - chance
    # What may have been missed: an error where nobody expected it, and a good row under typical suspicion.
    false_alarm = tuned * float(values @ values) / max(float(values.sum()), 1e-12)
    high = _score_end(rest - gap, share, unseen, z, 1.0)
    low = -_score_end(gap - rest, share, unseen, z, false_alarm)
    # Errors that were seen exist, and so do the rows that were seen to be right.
    least, most = float(error.sum()) / n, 1.0 - float((1.0 - error).sum()) / n
    value = min(max(value, least), most)
    low, high = max(least, min(value, value + low)), min(most, max(value, value + high))
    return Estimate(value, low, high, level, measured=True)


def _score_end(rest: FloatArray, share: FloatArray, unseen: FloatArray, z: float, missed: float) -> float:
    """Upper end of the interval of ``share @ rest`` around 0, skewed as Wilson's interval of a proportion."""
    m = len(rest)
    second = float((share**2 * unseen) @ rest**2) * m / max(m - 1, 1)
    third = float((share**3 * unseen) @ rest**3)
    # One more than was seen, of the weight of the least likely row.
    heavy = missed * float((share * np.sqrt(unseen)).max())
    size = (third + heavy**3) / (second + heavy**2) if heavy > 0 else 0.0
    return size * z**2 / 2 + z * float(np.sqrt(second + (size * z) ** 2 / 4))


def _quantile(level: float, m: float) -> float:
    """Student's quantile for so many equally weighted verdicts, by its first-order expansion."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    return z * (1.0 + (z**2 + 1.0) / (4.0 * max(m - 1.0, 1.0)))


def _tuned(error: FloatArray, said: FloatArray, share: FloatArray) -> float:
    """How far to trust suspicion, from 0 to 1: what makes the variance least, drawn toward 1."""
    square = share**2
    square /= square.sum()
    off = said - square @ said
    # Ten verdicts' worth of trust in it.
    prior = 10.0 * 0.02 / len(error)
    both = float(square @ (off * (error - square @ error)))
    return float(np.clip((both + prior) / (float(square @ off**2) + prior), 0.0, 1.0))


def _logs(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The two features of beta calibration; both rise with suspicion."""
    inside = np.clip(values, _EDGE, 1.0 - _EDGE)
    return np.log(inside), -np.log1p(-inside)


def _fitted(
    low: FloatArray, high: FloatArray, wrong: FloatArray, weight: FloatArray, strength: float
) -> FloatArray:
    """Return (c, log a, log b) by Newton steps with halving."""
    ridge = max(strength, 1e-6) / np.array([_LEVEL_SPREAD**2, _SLOPE_SPREAD**2, _SLOPE_SPREAD**2])

    def loss(theta: FloatArray) -> float:
        level = theta[0] + np.exp(theta[1]) * low + np.exp(theta[2]) * high
        return float(weight @ (np.logaddexp(0.0, level) - wrong * level) + 0.5 * ridge @ theta**2)

    theta = np.zeros(3)
    value = loss(theta)
    for _ in range(_NEWTON_STEPS):
        slope = np.stack([np.ones_like(low), np.exp(theta[1]) * low, np.exp(theta[2]) * high])
        share = 1.0 / (1.0 + np.exp(-slope.sum(axis=0) + (1.0 - theta[0])))
        gradient = slope @ (weight * (share - wrong)) + ridge * theta
        curvature = (slope * (weight * share * (1.0 - share))) @ slope.T + np.diag(ridge)
        step = np.clip(np.linalg.solve(curvature, gradient), -1.0, 1.0)
        size = 1.0
        while (trial := loss(theta - size * step)) > value and size > 1e-4:
            size /= 2
        if trial >= value - 1e-10:
            break
        theta, value = theta - size * step, trial
    return theta


def _judged(suspicion: Any, rows: Any, wrong: Any) -> tuple[FloatArray, Array, BoolArray]:
    values = np.asarray(suspicion, dtype=np.float64)
    at, verdicts = np.asarray(rows).astype(np.int64), np.asarray(wrong).astype(bool)
    if values.ndim != 1 or not ((values >= 0) & (values <= 1)).all():
        raise InvalidInputError(
            f"suspicion of shape {values.shape} must be one number from 0 to 1 for each row.",
            "Pass score.suspicion or audit.suspicion.",
        )
    if at.ndim != 1 or at.shape != verdicts.shape:
        raise InvalidInputError(
            f"rows has shape {at.shape} and wrong {verdicts.shape}.", "Pass one verdict for each row judged."
        )
    if len(at) and not (at.min() >= 0 and at.max() < len(values)):
        raise InvalidInputError(
            f"rows go from {at.min()} to {at.max()}, but there are {len(values):,}.",
            "Pass positions of rows, from 0.",
        )
    return values, at, verdicts


def _positive(name: str, values: Any, m: int) -> FloatArray:
    given = np.ones(m) if values is None else np.asarray(values, dtype=np.float64)
    if given.shape != (m,) or not (np.isfinite(given) & (given > 0)).all():
        raise InvalidInputError(
            f"{name} of shape {given.shape} must be one positive number for each of {m} verdicts.",
            "Rows that could not have been drawn say nothing about the others: leave their verdicts out.",
        )
    return given
