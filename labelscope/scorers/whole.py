"""What the probabilities of rows say of all of them together."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.scorers.flagging import expected_precision
from labelscope.types import BoolArray, FloatArray

# How far the number of wrong rows may be off where no person has looked: a factor, either way.
_UNSURE = 2.0


def overall(suspicion: FloatArray, labelled: BoolArray, level: float) -> dict[str, Any]:
    """Return ``noise_rate``, ``n_errors`` and ``expected_precision_100`` for a score's ``meta``.

    Parameters
    ----------
    suspicion : (n,) float32
        Probability that each row is wrong.
    labelled : (n,) bool
    level : float
        Coverage of the interval. It is for the model's own error, which no statistics of the given labels
        bound: a factor of two either way.
    """
    n = int(np.count_nonzero(labelled))
    if not n:
        return {}
    total = float(suspicion[labelled].sum(dtype=np.float64))
    unseen = float(-np.log(1.0 - level))
    return {
        "noise_rate": {
            "value": total / n,
            "low": total / n / _UNSURE,
            "high": min(1.0, max(total * _UNSURE, unseen) / n),
            "level": level,
            "measured": False,
        },
        "n_errors": total,
        "expected_precision_100": expected_precision(suspicion[labelled]),
    }
