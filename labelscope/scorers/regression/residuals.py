"""How far a target is from its prediction, in units of what is usual for rows like it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.given_targets import as_targets
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray

_PER_DEVIATION = 1.4826
# So many rows' worth of the global spread stands in where neighbors are few.
_SHRINKAGE = 10.0
_LEAST = 0.1
_WINDOW = 101
_DIGITS = 6


@dataclass(frozen=True)
class Residuals:
    """Targets against predictions, one column per target.

    Attributes
    ----------
    targets, predictions : (n, d) float64
        NaN where there is none.
    scale : (n, d) float64
        Robust standard deviation of the residuals of rows like this one, above 0.
    single : bool
        Whether targets were given as (n,).
    """

    targets: FloatArray
    predictions: FloatArray
    scale: FloatArray
    single: bool

    @property
    def known(self) -> BoolArray:
        """(n, d) bool: there is something to compare."""
        return np.asarray(~np.isnan(self.targets) & ~np.isnan(self.predictions))

    @property
    def values(self) -> FloatArray:
        """(n, d) target minus prediction, 0 where there is nothing to compare."""
        return np.where(self.known, self.targets - self.predictions, 0.0)

    def suggested(self) -> FloatArray:
        """Return (n, d) predictions, written with the digits that the given targets have."""
        pairs = zip(self.predictions.T, self.targets.T, strict=True)
        columns = [rounded_like(own, given) for own, given in pairs]
        return np.column_stack(columns) if columns else self.predictions

    def shaped(self, values: Any) -> Any:
        """Give (n, d) values the shape of the targets."""
        return values[:, 0] if self.single else values


def read_residuals(evidence: Evidence, by: str) -> Residuals:
    """Read targets and predictions, and find the local scale of their differences.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` and ``predictions``, (n,) or (n, d); ``knn_ids`` (n, k) where there are any.
    by : str
        Name of the scorer, for messages.

    Raises
    ------
    MissingEvidenceError
        Targets or predictions are absent.
    InvalidInputError
        Their shapes differ.
    """
    for name in ("given_labels", "predictions"):
        if name not in evidence:
            raise MissingEvidenceError.of(name, by, evidence)
    targets = as_targets(evidence["given_labels"])
    predictions = as_targets(evidence["predictions"], "predictions")
    if predictions.ndim == 2 and targets.ndim == 1 and predictions.shape[1] == 1:
        predictions = predictions[:, 0]
    if predictions.shape != targets.shape:
        raise InvalidInputError(
            f"predictions has the shape {predictions.shape}, but the targets have {targets.shape}.",
            "Pass one prediction for each target, made without it.",
        )
    single = targets.ndim == 1
    if single:
        targets, predictions = targets[:, None], predictions[:, None]
    ids = np.asarray(evidence["knn_ids"]) if "knn_ids" in evidence else None
    if ids is not None and (ids.ndim != 2 or len(ids) != len(targets)):
        raise InvalidInputError(
            f"knn_ids has shape {ids.shape}, but there are {len(targets):,} rows.",
            "Pass an (n, k) array of row positions, the row itself left out.",
        )
    scales = [local_scale(own, given, ids) for own, given in zip(targets.T, predictions.T, strict=True)]
    scale = np.column_stack(scales) if scales else np.ones_like(targets)
    return Residuals(targets, predictions, scale, single)


def local_scale(targets: FloatArray, predictions: FloatArray, knn_ids: IntArray | None) -> FloatArray:
    """Find the robust standard deviation of residuals around each row.

    Parameters
    ----------
    targets, predictions : (n,) float
        NaN where there is none.
    knn_ids : (n, k) int or None
        Neighbors, -1 where there is none. Without neighbors, rows with about the same prediction.

    Returns
    -------
    (n,) float64
        Above 0: the median size among neighbors, drawn toward that of all rows. The row's own residual has no
        say, except where there are no neighbors.
    """
    size = np.abs(targets - predictions)
    known = ~np.isnan(size)
    usual = float(np.median(size[known])) if known.any() else 0.0
    if usual <= 0:  # most predictions are exact: any positive number will do as the unit
        usual = float(np.mean(size[known])) if known.any() and size[known].any() else 1.0
    if knn_ids is not None and knn_ids.shape[1]:
        heard = np.where(knn_ids >= 0, size[knn_ids], np.nan)
        votes = (~np.isnan(heard)).sum(axis=1)
        around = _row_medians(heard)
    else:
        around, votes = _along(predictions, size, usual), np.full(len(size), _WINDOW)
    mixed = (votes * np.where(votes > 0, around, 0.0) + _SHRINKAGE * usual) / (votes + _SHRINKAGE)
    return np.asarray(np.maximum(mixed, _LEAST * usual) * _PER_DEVIATION)


def _row_medians(values: FloatArray) -> FloatArray:
    """Median of the numbers in each row; 0 where there are none."""
    ordered = np.sort(values, axis=1)  # NaN comes last
    count = (~np.isnan(ordered)).sum(axis=1)
    rows = np.arange(len(ordered))
    low, high = np.maximum(count - 1, 0) // 2, np.maximum(count, 1) // 2
    middle = (ordered[rows, low] + ordered[rows, np.minimum(high, np.maximum(count - 1, 0))]) / 2
    found: FloatArray = np.where(count > 0, middle, 0.0)
    return found


def _along(predictions: FloatArray, size: FloatArray, usual: float) -> FloatArray:
    """Median size among the rows with the nearest predictions."""
    known = np.flatnonzero(~np.isnan(size))
    around = np.full(len(size), usual)
    if len(known) < _WINDOW:
        return around
    order = known[np.argsort(predictions[known], kind="stable")]
    windows = np.lib.stride_tricks.sliding_window_view(size[order], _WINDOW)
    middle = np.median(windows, axis=1)
    half = _WINDOW // 2
    around[order] = np.concatenate([np.full(half, middle[0]), middle, np.full(half, middle[-1])])
    return around


def rounded_like(numbers: FloatArray, given: FloatArray) -> FloatArray:
    """Round numbers to the digits after the point that given ones have: at most six, or three of a spread.

    Examples
    --------
    >>> rounded_like(np.array([4.7]), np.array([1.0, 9.0])).tolist()
    [5.0]
    """
    present = given[~np.isnan(given)]
    if not len(present):
        return numbers
    for digits in range(_DIGITS + 1):
        if (np.abs(np.round(present, digits) - present) <= 1e-7 * np.abs(present)).all():
            return np.round(numbers, digits) + 0.0
    spread = float(np.std(present))
    digits = int(np.clip(3 - np.floor(np.log10(max(spread, 1e-12))), 0, 12))
    return np.round(numbers, digits) + 0.0
