"""Flags of judges by confidence: how many there are, and how many of the reviewed ones are real errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.data.arguments import as_array, check_numbers
from labelscope.errors import InvalidInputError
from labelscope.reports.labels_against import share_estimate
from labelscope.types import Estimate

EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True)
class ConfidenceBin:
    """Flags of about one confidence.

    Attributes
    ----------
    low, high : float
        Confidences from ``low``, and below ``high`` (the last bin includes it).
    n_flagged, n_reviewed, n_errors : int
        Flags, those that people looked at, and the real errors among these.
    precision : Estimate or None
        Share of real errors with its exact interval; None where nobody looked.
    """

    low: float
    high: float
    n_flagged: int
    n_reviewed: int
    n_errors: int
    precision: Estimate | None


def precision_by_confidence(
    confidence: Any,
    flagged: Any,
    is_error: Any,
    *,
    verified: Any = None,
    edges: Sequence[float] = EDGES,
    level: float = 0.95,
) -> tuple[ConfidenceBin, ...]:
    """Count real errors among flags, bin by bin of confidence.

    Parameters
    ----------
    confidence : (n,) float
        Of the judges, ``score.details["confidence"]``.
    flagged, is_error : (n,) bool
        Whether a row is flagged, and whether its given label is wrong (read where people looked).
    verified : (n,) bool, optional
        Rows that people looked at; all by default.
    edges : sequence of float
        Borders of bins, rising. Empty bins are left out.
    level : float
        Coverage of the Clopper-Pearson intervals.

    Returns
    -------
    tuple of ConfidenceBin

    Raises
    ------
    InvalidInputError
        Lengths that differ, or edges that do not rise.

    Examples
    --------
    >>> found = precision_by_confidence([.95, .92, .6], [1, 1, 1], [1, 1, 0])
    >>> [(one.low, one.n_errors, one.precision.value) for one in found]
    [(0.6, 0, 0.0), (0.9, 2, 1.0)]
    """
    check_numbers(level=level)
    sure = as_array("confidence", confidence, np.float64)
    if sure.ndim != 1:
        raise InvalidInputError(f"confidence has the shape {sure.shape}.", "Pass one number for each row.")
    given = {"flagged": flagged, "is_error": is_error, "verified": verified}
    if verified is None:
        given["verified"] = np.ones(len(sure), dtype=bool)
    masks = [as_array(name, one, bool) for name, one in given.items()]
    for name, one in zip(given, masks, strict=True):
        if one.shape != sure.shape:
            raise InvalidInputError.wrong_length(name, len(one), len(sure), "confidence")
    borders = as_array("edges", edges, np.float64)
    if borders.ndim != 1 or len(borders) < 2 or not (np.diff(borders) > 0).all():
        raise InvalidInputError(f"edges is {list(edges)}.", "Pass two or more rising confidences.")
    place = np.clip(np.searchsorted(borders, sure, side="right") - 1, 0, len(borders) - 2)
    bins = []
    for at in range(len(borders) - 1):
        mine = masks[0] & (place == at)
        seen = mine & masks[2]
        if mine.any():
            hits, n = int((seen & masks[1]).sum()), int(seen.sum())
            ends = float(borders[at]), float(borders[at + 1])
            bins.append(ConfidenceBin(*ends, int(mine.sum()), n, hits, share_estimate(hits, n, level)))
    return tuple(bins)
