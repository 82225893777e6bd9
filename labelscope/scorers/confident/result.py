"""From margins and a suspicion to a `Score`, the same way for the whole family."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.scorers.confident.joint import thresholds
from labelscope.scorers.confident.margins import Margins
from labelscope.scorers.inputs import Inputs, blocks, labels_of
from labelscope.types import Array, FloatArray, Score

_SMALLEST = 1e-300


def log_odds(rows: Margins) -> FloatArray:
    """Return (n,) float64 log(rival / given), finite where float32 suspicion saturates."""
    return np.asarray(np.log(np.maximum(rows.other, _SMALLEST)) - np.log(np.maximum(rows.given, _SMALLEST)))


def rank_score(inputs: Inputs, rows: Margins, suspicion: FloatArray, **meta: Any) -> Score:
    """Build the score of a method whose suspicion is an order.

    Parameters
    ----------
    inputs : Inputs
        What was read.
    rows : Margins
        Margins of every row.
    suspicion : (n,) float
        Suspicion; set to 0 for unlabelled rows and where there is only one class.
    **meta
        Facts to keep.

    Returns
    -------
    Score
    """
    labelled = inputs.labelled
    meaningful = labelled & (inputs.n_classes > 1)
    details: dict[str, Array] = {
        "log_odds": np.where(meaningful, log_odds(rows), 0.0),
        "rival": np.where(inputs.n_classes > 1, rows.rival, -1),
    }
    return Score(
        suspicion=np.where(meaningful, np.clip(suspicion, 0.0, 1.0), 0.0).astype(np.float32),
        suggested=labels_of(rows.predicted(inputs.codes), inputs.classes),
        flagged=np.asarray(meaningful & ~rows.agrees),
        details=details,
        meta={"scale": "rank", **meta},
    )


def adjusted_margins(inputs: Inputs, rows: Margins) -> tuple[FloatArray, FloatArray]:
    """Return thresholds and (n,) rival - given after subtracting them; absent classes are not shifted."""
    limits = thresholds(inputs.codes, rows.given, inputs.n_classes)
    limits = np.where(np.isfinite(limits), limits, 0.0)
    probs, difference = inputs.probabilities(), np.zeros(inputs.n)
    for chunk in blocks(*probs.shape):
        block = probs[chunk].astype(np.float64) - limits
        position, own = np.arange(len(block)), inputs.codes[chunk]
        labelled = own >= 0
        given = block[position[labelled], own[labelled]]
        block[position[labelled], own[labelled]] = -np.inf
        difference[chunk][labelled] = block[labelled].max(axis=1) - given if block.shape[1] > 1 else -1.0
    return limits, difference
