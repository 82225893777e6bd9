"""What a review can be expected to catch, from suspicion alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.scorers.confident.imbalance_aware import tail_classes
from labelscope.types import Array, BoolArray, Estimate, Evidence, FloatArray, IntArray

#: From so many verdicts on, suspicion is moved to what they say.
_FEWEST_VERDICTS = 30
_WRONG, _JUDGED = (1, 4), (1, 2, 4)  # relabelled, excluded; and kept
# Spreads of the prior: verdicts of people who err move the map as far as they are many.
_LEVEL_SPREAD, _SLOPE_SPREAD = 0.5, 0.3
_STEPS = 25


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far suspicion can be trusted as a probability: ``logit p = level + bend logit s``.

    Attributes
    ----------
    level, bend : float
    covariance : (2, 2) float64
        Of the two; before there are verdicts that of the prior.
    """

    level: float
    bend: float
    covariance: FloatArray

    def __call__(self, suspicion: FloatArray) -> FloatArray:
        """Return suspicion (n,) as a probability; 0 and 1 stay, and what is ``UNCHECKED`` as it is."""
        if self is UNCHECKED:
            return suspicion
        inside = (suspicion > 0) & (suspicion < 1)
        safe = np.clip(suspicion, 1e-6, 1 - 1e-6)
        found = 1 / (1 + np.exp(-(self.level + self.bend * np.log(safe / (1 - safe)))))
        return np.where(inside, found, suspicion)


#: Of suspicion that no verdict was compared with.
UNCHECKED = Calibration(0.0, 1.0, np.diag([_LEVEL_SPREAD**2, _SLOPE_SPREAD**2]))


def caught_share(risk: FloatArray, rows: IntArray, calibration: Calibration | None = None) -> Estimate:
    """Estimate the share of wrong labels that lies among rows, as far as risk is a probability.

    Parameters
    ----------
    risk : (n,) float
        Probability that each row's label is wrong.
    rows : (m,) int
    calibration : Calibration, optional
        What ``risk`` came from: the interval then allows for what it may be off by, too.

    Returns
    -------
    Estimate
        ``measured`` is False. The interval is of 90 %; without ``calibration`` it is what chance alone allows
        for (labels are wrong independently).

    Examples
    --------
    >>> round(caught_share(np.array([0.9, 0.8, 0.1, 0.1, 0.1]), np.array([0, 1])).value, 2)
    0.85
    """
    inside = np.zeros(len(risk), dtype=bool)
    inside[rows] = True
    near, far = float(risk[inside].sum()), float(risk[~inside].sum())
    if near + far <= 0:
        return Estimate(0.0, 0.0, 1.0, measured=False)
    spread = risk * (1 - risk)
    # Of a logit that moves by a little, chances move by their spread.
    safe = np.clip(risk, 1e-6, 1 - 1e-6)
    logit = np.log(safe / (1 - safe))
    variance = (far**2 * spread[inside].sum() + near**2 * spread[~inside].sum()) / (near + far) ** 4
    if calibration is not None:
        by_bend = spread * (logit - calibration.level) / calibration.bend
        slopes = [(far * one[inside].sum() - near * one[~inside].sum()) for one in (spread, by_bend)]
        slope = np.array(slopes) / (near + far) ** 2
        variance += float(slope @ calibration.covariance @ slope)
    value, half = near / (near + far), 1.645 * float(np.sqrt(variance))
    return Estimate(value, max(0.0, value - half), min(1.0, value + half), level=0.9, measured=False)


def moved_by_verdicts(
    suspicion: FloatArray, given: IntArray, state: Array, reviewer_error: float = 0.0
) -> FloatArray:
    """Return suspicion as the verdicts so far say that it should be.

    Parameters
    ----------
    suspicion : (n,) float64
    given : (n,) int
    state : (n,) int
        Numbers as in `review.state.STATES`.
    reviewer_error : float
        Share of looks that end with a wrong label: people change right labels, too, which would look like
        errors of the model.

    Returns
    -------
    (n,) float64
        ``suspicion`` itself with fewer than 30 verdicts.

    Notes
    -----
    A logistic map ``logit p = a + b logit s`` by penalized maximum likelihood, with a normal prior around
    a = 0 and b = 1. Verdicts y of people who err count as ``(y - e) / (1 - e)``, whose mean is that of the
    truth.

    Examples
    --------
    >>> s = np.tile([0.02, 0.3, 0.9], 200)
    >>> state = np.where(np.arange(600) < 300, np.where(s > 0.5, 1, 2), 0)
    >>> moved = moved_by_verdicts(s, np.zeros(600, int), state)
    >>> bool(moved[1] < 0.2), bool(moved[2] > 0.95)
    (True, True)
    """
    return calibration_of(suspicion, given, state, reviewer_error)(suspicion)


def calibration_of(
    suspicion: FloatArray, given: IntArray, state: Array, reviewer_error: float = 0.0
) -> Calibration:
    """Fit what :func:`moved_by_verdicts` applies; ``UNCHECKED`` with fewer than 30 verdicts."""
    inside = (suspicion > 0) & (suspicion < 1)
    rows = np.flatnonzero(np.isin(state, _JUDGED) & (given >= 0) & inside)
    if len(rows) < _FEWEST_VERDICTS:
        return UNCHECKED
    said = (np.isin(np.asarray(state)[rows], _WRONG) - reviewer_error) / (1 - reviewer_error)
    safe = np.clip(suspicion, 1e-6, 1 - 1e-6)
    logit = np.log(safe / (1 - safe))
    basis = np.column_stack([np.ones(len(rows)), logit[rows]])
    prior = np.array([1 / _LEVEL_SPREAD**2, 1 / _SLOPE_SPREAD**2])
    theta, center, curve = np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.diag(prior)
    for _ in range(_STEPS):
        found = 1 / (1 + np.exp(-basis @ theta))
        slope = basis.T @ (found - said) + prior * (theta - center)
        curve = (basis * (found * (1 - found))[:, None]).T @ basis + np.diag(prior)
        step = np.linalg.solve(curve, slope)
        theta = theta - np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return Calibration(float(theta[0]), max(float(theta[1]), 0.05), np.linalg.inv(curve))


def tail_chance(evidence: Evidence, given: IntArray, risk: FloatArray) -> FloatArray:
    """Probability (n,) that a row is wrongly labelled and of a small class, or is given one wrongly."""
    known = np.maximum(given, 0)
    width = int(max(given.max(initial=-1) + 1, len(evidence.get("classes", ())), 1))
    small: BoolArray = tail_classes(np.bincount(given[given >= 0], minlength=width))
    probs = evidence.get("pred_probs")
    if isinstance(probs, np.ndarray) and probs.shape == (len(given), width):
        own = probs[np.arange(len(given)), known]
        mass = probs[:, small].sum(axis=1) - np.where(small[known], own, 0)
        hidden = mass / np.maximum(1 - own, 1e-9)
    elif "suggested" in evidence:
        suggested = np.asarray(evidence["suggested"], dtype=np.int64)
        hidden = (small[np.clip(suggested, 0, width - 1)] & (suggested != given)).astype(np.float64)
    else:
        hidden = np.zeros(len(given))
    return np.asarray(risk * np.where(small[known], 1.0, np.clip(hidden, 0, 1)))
