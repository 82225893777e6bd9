"""Confidence of judges against the share of their flags that people confirm: as said, and calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.reports.confidence_bins import ConfidenceBin, precision_by_confidence
from labelscope.scorers.judges import ConfidenceCalibration, calibrate_confidence
from labelscope.scorers.judges.calibration import FEWEST_REVIEWED
from labelscope.types import BoolArray, FloatArray

_FOLDS = 5


@dataclass(frozen=True, eq=False)
class Reliability:
    """What confidence is worth.

    Attributes
    ----------
    raw, calibrated : tuple of ConfidenceBin
        Flags by confidence as judges say it, and by calibrated confidence; the latter is empty with too few
        reviewed flags. Each reviewed row is calibrated by the others.
    calibration : ConfidenceCalibration or None
        Fitted on all reviewed flags.
    sure : (n,) float64
        Calibrated confidence, or the raw one where nothing could be calibrated.
    apart : (n,) float64
        The same, each reviewed flag calibrated by the others: what ``calibrated`` counts.
    """

    raw: tuple[ConfidenceBin, ...]
    calibrated: tuple[ConfidenceBin, ...]
    calibration: ConfidenceCalibration | None
    sure: FloatArray
    apart: FloatArray


def reliability(
    confidence: Any, flagged: Any, hit: Any, *, verified: Any, level: float = 0.95, random_state: int = 0
) -> Reliability:
    """Compare confidence with what people made of flags.

    Parameters
    ----------
    confidence : (n,) float
    flagged, hit, verified : (n,) bool
        Flags, whether a flag was right, and rows that people decided about.
    level : float
        Coverage of the intervals.
    random_state : int
        Seed of the folds of the calibration.

    Returns
    -------
    Reliability

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> said = rng.uniform(0.5, 1.0, 400)
    >>> every = np.ones(400, bool)
    >>> found = reliability(said, every, rng.random(400) < said - 0.3, verified=every)
    >>> bool(abs(found.sure.mean() - 0.45) < 0.05)
    True
    """
    said = np.asarray(confidence, dtype=np.float64)
    flags, hits, seen = (np.asarray(one, dtype=bool) for one in (flagged, hit, verified))
    raw = precision_by_confidence(said, flags, hits, verified=seen, level=level)
    rows = np.flatnonzero(flags & seen)
    # Each fold is calibrated by the others, which must be enough as well.
    if len(rows) * (_FOLDS - 1) < FEWEST_REVIEWED * _FOLDS:
        return Reliability(raw, (), None, said, said)
    calibration = calibrate_confidence(said[rows], hits[rows])
    sure = calibration(said)
    apart = sure.copy()
    order = np.random.default_rng(random_state).permutation(rows)
    for fold in range(_FOLDS):
        out = order[fold::_FOLDS]
        kept = np.setdiff1d(rows, out)
        apart[out] = calibrate_confidence(said[kept], hits[kept])(said[out])
    calibrated = precision_by_confidence(apart, flags, hits, verified=seen, level=level)
    return Reliability(raw, calibrated, calibration, sure, apart)


def bin_rows(one: ConfidenceBin, confidence: FloatArray, flagged: BoolArray) -> BoolArray:
    """Return (n,) bool: the flags of a bin."""
    below = confidence <= one.high if one.high >= 1 else confidence < one.high
    return np.asarray(flagged & (confidence >= one.low) & below)
