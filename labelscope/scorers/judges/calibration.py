"""What a judge's confidence is worth: the share of such verdicts that people confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import FloatArray

#: From so few reviewed rows nothing is learned about confidence.
FEWEST_REVIEWED = 10


@dataclass(frozen=True)
class ConfidenceCalibration:
    """A rising map from confidence to the share of verdicts that were right.

    Attributes
    ----------
    knots : (m,) float64
        Confidences, rising.
    shares : (m,) float64
        Shares at the knots, never falling; straight lines between them, level beyond.
    n_reviewed : int
    """

    knots: FloatArray
    shares: FloatArray
    n_reviewed: int

    def __call__(self, confidence: Any) -> FloatArray:
        """Return calibrated confidences of the same shape."""
        return np.asarray(np.interp(np.asarray(confidence, dtype=np.float64), self.knots, self.shares))


def calibrate_confidence(confidence: Any, right: Any, *, weights: Any = None) -> ConfidenceCalibration:
    """Fit an isotonic calibration on reviewed rows.

    Parameters
    ----------
    confidence : (m,) float
        What the judges said of reviewed rows.
    right : (m,) bool
        Whether people agreed with the judges.
    weights : (m,) float, optional
        1 over the probability with which a row was chosen for review, where that was not by chance.

    Returns
    -------
    ConfidenceCalibration
        One more row of each outcome is laid over all, so that no confidence is called 0 or 1.

    Raises
    ------
    InvalidInputError
        No rows, lengths that differ, or values that are no confidences.

    Notes
    -----
    Pool adjacent violators: Ayer et al., An empirical distribution function for sampling with incomplete
    information, 1955.

    Examples
    --------
    >>> found = calibrate_confidence([0.5, 0.6, 0.7, 0.8, 0.9, 1.0], [0, 1, 0, 1, 1, 1])
    >>> found([0.5, 1.0]).round(2).tolist()
    [0.31, 0.91]
    """
    said = np.asarray(confidence, dtype=np.float64)
    hits = np.asarray(right, dtype=np.float64)
    weight = np.ones(len(said)) if weights is None else np.asarray(weights, dtype=np.float64)
    if said.ndim != 1 or not len(said) or hits.shape != said.shape or weight.shape != said.shape:
        raise InvalidInputError(
            f"confidence has the shape {said.shape}, right {hits.shape} and weights {weight.shape}.",
            "Pass one entry of each per reviewed row, at least one.",
        )
    in_range = ((said >= 0) & (said <= 1) & ((hits == 0) | (hits == 1)) & (weight > 0)).all()
    if not in_range:
        raise InvalidInputError(
            "confidence must lie between 0 and 1, right must be true or false, weights positive.",
            "Pass the confidence of the ensemble and whether people agreed.",
        )
    knots, place = np.unique(said, return_inverse=True)
    mass = np.asarray(np.bincount(place, weights=weight), dtype=np.float64)
    shares = np.bincount(place, weights=weight * hits) / mass
    level, sizes = _pooled(shares, mass)
    prior = float((weight @ hits + 1) / (weight.sum() + 2))
    shrunk = (np.array(level) * np.array(sizes) + prior) / (np.array(sizes) + 1)
    return ConfidenceCalibration(knots, np.maximum.accumulate(shrunk), len(said))


def _pooled(shares: FloatArray, mass: FloatArray) -> tuple[list[float], list[float]]:
    """Level shares that fall; returns the level and the mass of the block of each knot."""
    blocks: list[list[float]] = []  # level, mass, knots
    for share, weight in zip(shares.tolist(), mass.tolist(), strict=True):
        blocks.append([share, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            level, size, count = blocks.pop()
            before = blocks[-1]
            total = before[1] + size
            blocks[-1] = [(before[0] * before[1] + level * size) / total, total, before[2] + count]
    each = [block for block in blocks for _ in range(int(block[2]))]
    return [block[0] for block in each], [block[1] for block in each]
