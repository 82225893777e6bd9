"""What follows for all rows from calibrated suspicion: which to flag, and how many are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.scorers import noise_kinds
from labelscope.types import BoolArray, FloatArray

_LOWEST_FLAG = 0.25


def best_expected_f1(suspicion: FloatArray) -> BoolArray:
    """Return the rows whose flagging has the highest expected F1, given calibrated probabilities.

    Parameters
    ----------
    suspicion : (n,) float
        Probability that each row is wrong.

    Returns
    -------
    (n,) bool
        Rows with equal suspicion are treated alike, and none below .25 is flagged: where little can be told
        apart, flagging nearly everything would have the best expected F1 and help nobody.

    Examples
    --------
    >>> best_expected_f1(np.array([0.9, 0.1, 0.8, 0.0])).tolist()
    [True, False, True, False]
    """
    values = np.asarray(suspicion)
    # A little below, so that what rounds up to it is looked at.
    rows = np.flatnonzero(values >= _LOWEST_FLAG - 1e-6)
    rounded = np.round(values[rows].astype(np.float64), 6)
    candidates = -np.sort(-rounded[rounded >= _LOWEST_FLAG])
    flagged = np.zeros(len(values), dtype=bool)
    if len(candidates):
        total = float(values.sum(dtype=np.float64))
        expected = 2.0 * np.cumsum(candidates) / (np.arange(1, len(candidates) + 1) + total)
        flagged[rows[rounded >= candidates[int(expected.argmax())]]] = True
    return flagged


def noise_rate(
    suspicion: FloatArray, n_labelled: int, clear: float, following: float, level: float
) -> dict[str, Any]:
    """Return the rate with an interval for chance and for the model's own error.

    Parameters
    ----------
    suspicion : (n,) float32
        Of all rows, 0 for unlabelled ones.
    n_labelled : int
        How many rows have a label.
    clear, following : float
        See `labelscope.scorers.noise_kinds`.
    level : float
        Coverage of the interval.
    """
    total = float(suspicion.sum(dtype=np.float64))
    value = total / n_labelled
    chance = (total - float((suspicion * suspicion).sum(dtype=np.float64))) / n_labelled**2
    relative = float(np.sqrt(max(chance, 0.0))) / max(value, 1e-12)
    low, high = noise_kinds.count_interval(value, relative, clear, following, level)
    # Nothing expected is not nothing there: the rule of three, at this level.
    unseen = float(-np.log(1.0 - level)) / n_labelled
    return {
        "value": value,
        "low": low,
        "high": min(1.0, max(high, unseen)),
        "level": level,
        "measured": False,
    }


def expected_precision(suspicion: FloatArray, n_first: int = 100) -> float:
    """Return the mean suspicion of the first rows."""
    values = suspicion[suspicion >= _LOWEST_FLAG]
    if len(values) < n_first:
        values = suspicion
    return float(np.partition(values, max(len(values) - n_first, 0))[-n_first:].mean(dtype=np.float64))
