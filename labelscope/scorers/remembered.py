"""Evidence read once for the many questions that are asked about single rows."""

from __future__ import annotations

import weakref
from dataclasses import dataclass

from labelscope.scorers.confident.joint import thresholds
from labelscope.scorers.confident.margins import margins
from labelscope.scorers.inputs import Inputs, read
from labelscope.types import Evidence, FloatArray


@dataclass(frozen=True)
class Remembered:
    """What was read of some evidence.

    Attributes
    ----------
    inputs : Inputs
        Checked arrays.
    limits : (K,) float64 or None
        Confident thresholds, where there are probabilities.
    """

    inputs: Inputs
    limits: FloatArray | None


_READ: dict[int, tuple[weakref.ref[Evidence], Remembered]] = {}


def remembered(evidence: Evidence) -> Remembered:
    """Read evidence, or return what was read of this very object before.

    Evidence never changes, and what was read is forgotten together with it.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` and what else there is.

    Returns
    -------
    Remembered
    """
    key = id(evidence)
    known = _READ.get(key)
    if known is not None and known[0]() is evidence:
        return known[1]
    inputs = read(evidence, "An explanation")
    limits = None
    if inputs.pred_probs is not None:
        limits = thresholds(inputs.codes, margins(inputs).given, inputs.n_classes)
    made = Remembered(inputs, limits)
    _READ[key] = (weakref.ref(evidence), made)
    weakref.finalize(evidence, _forget, key)
    return made


def _forget(key: int) -> None:
    known = _READ.get(key)
    # The number of a dead object may have been given to a new one.
    if known is not None and known[0]() is None:
        del _READ[key]
