"""Targets of a regression as the methods read them: float64, NaN where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.types import Evidence, FloatArray

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


def as_targets(given: Any, name: str = "given_labels") -> FloatArray:
    """Read targets or predictions of them.

    Parameters
    ----------
    given : (n,) or (n, d) array
        Numbers; None or NaN where there is none.
    name : str
        How messages call them.

    Returns
    -------
    (n,) or (n, d) float64

    Raises
    ------
    InvalidTypeError
        Something is no number.
    InvalidInputError
        Infinite values, or more than two axes.

    Examples
    --------
    >>> as_targets([1, None, 2.5]).tolist()
    [1.0, nan, 2.5]
    """
    try:
        targets = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidTypeError(
            f"{name} holds something that is no number, but the targets of a regression are.",
            "Pass numbers, and None or NaN where there is none.",
        ) from None
    if targets.ndim not in (1, 2):
        raise InvalidInputError(
            f"{name} has the shape {targets.shape}, but (n,) or (n, d) is needed.",
            "Pass one target per row, or one column per target.",
        )
    if np.isinf(targets).any():
        bad = int(np.isinf(targets).sum())
        raise InvalidInputError(
            f"{name} holds {bad:,} infinite values.", "Replace them by NaN, which counts as unlabelled."
        )
    return targets


def given_targets(dataset: Dataset | None, evidence: Evidence, *, by: str) -> FloatArray:
    """Read targets from the evidence, else from the dataset; raises MissingEvidenceError without any."""
    if "given_labels" in evidence and "classes" not in evidence:
        return as_targets(evidence["given_labels"])
    labels = getattr(dataset, "labels", None)
    if labels is None or labels.task != "regression":
        raise MissingEvidenceError.of("given_labels", by=by, present=evidence)
    return np.asarray(labels.targets)
