"""Bounds that hold: exact ones for shares, and for totals ones that hold however often one looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from labelscope.types import BoolArray, FloatArray

# Stakes and the wealth laid on each, fixed in advance. Against too many errors most looks say "none", which
# calls for high stakes; against too few each error is a rare and loud event, which calls for low ones.
_AGAINST_MANY = ((0.99, 0.35), (0.85, 0.2), (0.7, 0.15), (0.5, 0.12), (0.35, 0.08), (0.2, 0.05), (0.08, 0.05))
_AGAINST_FEW = ((0.003, 0.1), (0.01, 0.15), (0.03, 0.2), (0.08, 0.2), (0.2, 0.15), (0.45, 0.1), (0.8, 0.1))
_GRID, _ROUNDS = 33, 4


@dataclass(frozen=True)
class Draws:
    """Looks by chance, in order; each drawn uniformly from the rows that were left then.

    Attributes
    ----------
    wrong : (s,) float64
        1 for an error, 0 for none, one half for unsure.
    said : (s,) float64
        Prediction for the row drawn, made before.
    n_left : (s,) float64
        Rows that could have been drawn.
    found : (s,) float64
        Errors among the rows that could not be drawn any more.
    predicted : (s,) float64
        Sum of the predictions over the rows that could have been drawn.
    lowest, highest : float
        Range of the predictions.
    """

    wrong: FloatArray
    said: FloatArray
    n_left: FloatArray
    found: FloatArray
    predicted: FloatArray
    lowest: float
    highest: float

    def trusting(self, trust: float) -> Draws:
        """Return the same draws with predictions taken at a share of what they say."""
        return Draws(
            self.wrong,
            trust * self.said,
            self.n_left,
            self.found,
            trust * self.predicted,
            trust * self.lowest,
            trust * self.highest,
        )


def total_interval(draws: Draws, least: float, most: float, level: float = 0.9) -> tuple[float, float]:
    """Bound the number of errors among all rows, valid at every look.

    Parameters
    ----------
    draws : Draws
    least, most : float
        Bounds that are certain: errors seen, and rows not seen to be right.
    level : float
        Probability with which all intervals of a review, taken together, cover the truth.

    Returns
    -------
    low, high : float

    Notes
    -----
    Testing by betting (Waudby-Smith and Ramdas 2024, also without replacement) on the residual of each draw,
    verdict less prediction, whose mean is known for each candidate total. The wealth of a bettor who stakes a
    fixed share is a martingale under the true total, and so is an average over stakes, and over predictions
    believed and not believed. By Ville's inequality it ever reaches 2 / (1 - level) with probability of at
    most (1 - level) / 2. Stakes do not depend on the candidate, so that wealth is monotone in it and the
    bound can be found by halving. Predictions may be wrong: that widens the interval and nothing else.
    """
    if not len(draws.wrong) or most <= least:
        return least, most
    error = (1.0 - level) / 2
    low, high = lowest_total(draws, least, most, error), highest_total(draws, least, most, error)
    return (low, high) if low <= high else (least, most)


def lowest_total(draws: Draws, least: float, most: float, error: float) -> float:
    """Return the lower end alone: candidates below it are refuted, wrongly so with probability ``error``."""
    return _edge(lambda totals: _wealth(draws, totals, many=False) < math.log(1.0 / error), least, most)


def highest_total(draws: Draws, least: float, most: float, error: float) -> float:
    """Return the upper end alone: candidates above it are refuted, wrongly so with probability ``error``."""
    return -_edge(lambda totals: _wealth(draws, -totals, many=True) < math.log(1.0 / error), -most, -least)


def _edge(holds: Callable[[FloatArray], BoolArray], start: float, stop: float) -> float:
    """Return where ``holds`` begins to hold between two ends, rounded toward the start."""
    for _ in range(_ROUNDS):
        grid = np.linspace(start, stop, _GRID)
        held = np.flatnonzero(holds(grid))
        if not len(held):
            return start
        if held[0] == 0:
            return float(grid[0])
        start, stop = float(grid[held[0] - 1]), float(grid[held[0]])
    return start


def _wealth(one: Draws, totals: FloatArray, *, many: bool) -> FloatArray:
    """Log wealth (t,) of betting that the total is lower than each of ``totals`` (many), or higher."""
    variants = [one] if one.highest <= 0 else [one, one.trusting(0.0)]
    stakes = np.array(_AGAINST_MANY if many else _AGAINST_FEW)
    logs = []
    for draws in variants:
        rest = draws.wrong - draws.said
        mean = (totals[:, None] - draws.found - draws.predicted) / draws.n_left
        edge = 1.0 - draws.lowest if many else -draws.highest
        # Both are distances from the edge that residuals cannot pass.
        ratio = (np.abs(edge - rest) + 1e-12) / (np.maximum((edge - mean) * (1 if many else -1), 0) + 1e-12)
        gain = np.minimum(ratio, 1e12) - 1.0
        grown = [np.log1p(stake * gain).sum(axis=1) + math.log(share) for stake, share in stakes]
        logs.extend(grown)
    every = np.stack(logs)
    top = every.max(axis=0)
    return np.asarray(top + np.log(np.exp(every - top).sum(axis=0)) - math.log(len(variants)))
