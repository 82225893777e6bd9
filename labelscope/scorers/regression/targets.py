"""Targets, predictions and the window within which targets are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.given_targets import as_targets
from labelscope.types import BoolArray, Evidence, FloatArray

_PER_DEVIATION = 1.4826
_LEAST_SHARE = 0.075
_ON_GRID = 0.8


@dataclass(frozen=True)
class Targets:
    """Targets in the shape in which scorers compute.

    Attributes
    ----------
    values : (n, d) float64
        NaN where a target is unknown.
    predictions : (n, d) float64 or None
        NaN where there is none.
    single : bool
        Whether targets were given as (n,).
    """

    values: FloatArray
    predictions: FloatArray | None
    single: bool

    @property
    def labelled(self) -> BoolArray:
        """(n,) bool: rows all of whose targets are there."""
        return np.asarray(~np.isnan(self.values).any(axis=1))

    def shaped(self, values: FloatArray) -> FloatArray:
        """Give (n, d) values the shape in which targets were given."""
        return values[:, 0] if self.single else values


def read_targets(evidence: Evidence, by: str) -> Targets:
    """Read ``given_labels`` and, where there are any, ``predictions``.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` (n,) or (n, d) numbers, NaN where unlabelled; or (n,) codes into ``classes`` (K,)
        numbers, -1 where unlabelled.
    by : str
        Name of the scorer, for messages.

    Returns
    -------
    Targets

    Raises
    ------
    MissingEvidenceError
        No ``given_labels``.
    InvalidTypeError, InvalidInputError
        Not numbers, infinite, or shapes that do not fit.
    """
    if "given_labels" not in evidence:
        raise MissingEvidenceError.of("given_labels", by, evidence)
    given = np.asarray(evidence["given_labels"])
    if evidence.get("classes") is not None and given.ndim == 1 and given.dtype.kind in "iu":
        known = np.append(as_targets(evidence["classes"], "classes"), np.nan)
        if len(given) and not -1 <= given.min() <= given.max() < len(known) - 1:
            raise InvalidInputError(
                f"given_labels holds codes from {given.min()} to {given.max()}, but there are "
                f"{len(known) - 1:,} classes.",
                "Pass positions in classes, -1 where a row is unlabelled, or numbers without classes.",
            )
        given = known[given]
    values = as_targets(given)
    single = values.ndim == 1
    values = values[:, None] if single else values
    if values.shape[1] == 0:
        raise InvalidInputError(f"given_labels has the shape {values.shape}.", "Pass at least one column.")
    predictions = None
    if evidence.get("predictions") is not None:
        predictions = as_targets(evidence["predictions"], "predictions")
        predictions = predictions[:, None] if predictions.ndim == 1 else predictions
        if predictions.shape != values.shape:
            raise InvalidInputError(
                f"predictions has the shape {predictions.shape}, but the targets have {values.shape}.",
                "Pass one out-of-fold prediction per target, in the same order.",
            )
    return Targets(values, predictions, single)


def usual_window(targets: FloatArray, predictions: FloatArray) -> FloatArray:
    """Choose a window for each column: how far targets of look-alikes differ anyway.

    Parameters
    ----------
    targets, predictions : (m, d) float64
        Of labelled rows, m at least 1.

    Returns
    -------
    (d,) float64
        A robust standard deviation of the residuals, and at least 7.5 % of the interdecile range; where most
        targets are the same, 5 % of the range, and 1 where all are. Where targets lie on a grid, such as
        whole years, a whole number of steps: with half a step more, predictions but no targets would count as
        alike that did not before.

    Examples
    --------
    >>> t = np.arange(1001.0)[:, None] / 10 + np.array([[0.0, 1000.0]])
    >>> usual_window(t, t + 1.0).round(3).tolist()
    [6.0, 6.0]
    """
    low, high = np.quantile(targets, (0.1, 0.9), axis=0)
    spread = _PER_DEVIATION * np.median(np.abs(targets - predictions), axis=0)
    width = np.maximum(_LEAST_SHARE * (high - low), spread)
    width = np.where(width > 0, width, 0.05 * np.ptp(targets, axis=0))
    width = np.where(width > 0, width, 1.0)
    return np.array([_whole_steps(one, step_of(own)) for one, own in zip(width, targets.T, strict=True)])


def step_of(column: FloatArray) -> float:
    """Find the step of the grid on which targets lie, 0 where they do not.

    Examples
    --------
    >>> step_of(np.array([20.0, 25.0, 25.0, 30.0, 30.0, 20.0]))
    5.0
    """
    values, counts = np.unique(column, return_counts=True)
    often = values[counts > 1]
    if len(often) < 2 or counts[counts > 1].sum() < _ON_GRID * len(column):
        return 0.0
    step = float(np.median(np.diff(often)))
    places = (often - often[0]) / step
    near = np.abs(places - np.round(places)) < 1e-6
    return step if counts[counts > 1][near].sum() >= _ON_GRID * len(column) else 0.0


def _whole_steps(width: float, step: float) -> float:
    # The small excess keeps differences of exactly so many steps inside, whatever their rounding.
    return width if step == 0.0 else max(1.0, float(np.round(width / step))) * step * (1.0 + 1e-9)


def given_window(window: float | tuple[float, ...], n_columns: int) -> FloatArray:
    """Give a window that the user chose one entry for each column."""
    several = np.atleast_1d(np.asarray(window, dtype=np.float64))
    if len(several) not in (1, n_columns) or not (np.isfinite(several) & (several > 0)).all():
        raise InvalidInputError(
            f"window is {window}, but there are {n_columns} columns of targets.",
            "Pass a positive number, or one for each column, in units of the targets.",
        )
    return np.broadcast_to(several, (n_columns,)).copy()
