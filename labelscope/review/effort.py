"""What looking brings: accuracy per item and per hour, and when to stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.planning import moved_by_verdicts
from labelscope.review.state import UNREVIEWED, ReviewState
from labelscope.types import Array, Estimate, FloatArray, IntArray

_POINTS = 100


@dataclass(frozen=True)
class EffortPoint:
    """Where a review is after some items.

    Attributes
    ----------
    items : int
        Rows reviewed, in the order of suspicion.
    hours : float or None
        At the measured seconds per item; None without times.
    corrected : int
        Rows whose label was changed; measured.
    gained_if_right : float
        Accuracy gained if every correction is right; measured in that sense.
    gained : float or None
        Accuracy gained after the reviewers' own errors; estimated, None where these are not measured.
    per_item, per_hour : float or None
        Accuracy gained by one more item, or one more hour, around this rank; of ``gained`` where it is known,
        else of ``gained_if_right``.
    """

    items: int
    hours: float | None
    corrected: int
    gained_if_right: float
    gained: float | None
    per_item: float
    per_hour: float | None


def effort_points(
    changed: Array,
    n_labelled: int,
    *,
    seconds_per_item: float | None = None,
    reviewer_error: float | None = None,
) -> tuple[EffortPoint, ...]:
    """Compute the accuracy gained as a function of the rank.

    Parameters
    ----------
    changed : (m,) bool
        Whether the review changed the label, of reviewed rows, most suspicious first.
    n_labelled : int
        Labelled rows of the data set.
    seconds_per_item : float, optional
    reviewer_error : float, optional
        Share of looks that end with a wrong label.

    Returns
    -------
    tuple of EffortPoint
        At most 100, at equal distances.

    Notes
    -----
    Of k rows reviewed, c were changed. Reviewers change right labels, too, with the probability e, so that
    (c - k e) / (1 - e) labels were wrong; k e are wrong afterwards.

    Examples
    --------
    >>> points = effort_points([True, True, False, False], 100, reviewer_error=0.0)
    >>> [(point.items, round(point.gained, 3)) for point in points]
    [(1, 0.01), (2, 0.02), (3, 0.02), (4, 0.02)]
    """
    flags = np.asarray(changed, dtype=np.float64)
    if not len(flags):
        return ()
    n = max(int(n_labelled), 1)
    k = np.arange(1, len(flags) + 1)
    count = np.cumsum(flags)
    raw = count / n
    net = None if reviewer_error is None else net_gain(count, k, reviewer_error) / n
    best = raw if net is None else net
    at = np.unique(np.linspace(1, len(flags), min(_POINTS, len(flags))).round().astype(int)) - 1
    before = np.concatenate([[0], at[:-1] + 1])
    start = np.where(before > 0, best[np.maximum(before - 1, 0)], 0.0)
    slope = (best[at] - start) / (at + 1 - before)
    points = []
    for place, here in enumerate(at.tolist()):
        step = float(slope[place])
        points.append(
            EffortPoint(
                here + 1,
                None if seconds_per_item is None else (here + 1) * seconds_per_item / 3600,
                int(count[here]),
                float(raw[here]),
                None if net is None else float(net[here]),
                step,
                None if not seconds_per_item else step * 3600 / seconds_per_item,
            )
        )
    return tuple(points)


def net_gain(changed: Array, looked: Array, reviewer_error: float) -> FloatArray:
    """Return labels mended less labels broken, from how many of those looked at were changed."""
    wrong = true_wrong(np.asarray(changed, dtype=np.float64), np.asarray(looked), reviewer_error)
    return np.asarray(wrong - np.asarray(looked) * reviewer_error)


def true_wrong(changed: Array, looked: Array, reviewer_error: float) -> FloatArray:
    """Return how many labels were wrong, if reviewers change right ones, too."""
    found = (np.asarray(changed) - np.asarray(looked) * reviewer_error) / max(1 - reviewer_error, 1e-9)
    return np.asarray(np.clip(found, 0, looked))


def stopping_point(model_errors: Array, reviewer_error: float, *, page: int = 60) -> int:
    """Return after how many items to stop: before the first page on which reviewers err more than the model.

    Parameters
    ----------
    model_errors : (m,) float
        Probability that the label is wrong, in the order of the review.
    reviewer_error : float
        Share of looks that end with a wrong label.
    page : int
        Items that are looked at together.

    Returns
    -------
    int

    Raises
    ------
    InvalidInputError
        ``page`` is below 1.

    Examples
    --------
    >>> stopping_point([0.9, 0.5, 0.2, 0.1, 0.02, 0.01], 0.05, page=2)
    4
    """
    if isinstance(page, bool) or page < 1:
        raise InvalidInputError(f"page is {page!r}.", "Pass the items of a page, such as 60.")
    errors = np.asarray(model_errors, dtype=np.float64)
    if not len(errors):
        return 0
    starts = np.arange(0, len(errors), page)
    means = np.add.reduceat(errors, starts) / np.diff(np.append(starts, len(errors)))
    below = np.flatnonzero(means < reviewer_error)
    return int(starts[below[0]]) if len(below) else len(errors)


@dataclass(frozen=True)
class StopAdvice:
    """Whether to go on.

    Attributes
    ----------
    stop : bool or None
        None where the reviewers' error is not measured.
    model_error : float or None
        Expected share of wrong labels on the next page; estimated. None where nothing is left.
    reviewer_error : Estimate or None
        Measured on hidden duplicates.
    n_worth : int or None
        Rows still worth a look; estimated.
    n_left : int
        Labelled rows without a decision.
    """

    stop: bool | None
    model_error: float | None
    reviewer_error: Estimate | None
    n_worth: int | None
    n_left: int


def expected_errors(
    suspicion: Array, state: ReviewState, *, probability: bool, reviewer_error: float = 0.0
) -> tuple[IntArray, FloatArray]:
    """Return labelled rows without a decision, most suspicious first, and the chance that each is wrong.

    Parameters
    ----------
    suspicion : (n,) float
    state : ReviewState
    probability : bool
        Whether suspicion is a probability. It is then taken at its word: verdicts of people who err would
        move it by the very error that it is to be compared with. Else 30 or more verdicts move it.
    reviewer_error : float
        Share of looks that end with a wrong label, which is taken out of these verdicts.

    Returns
    -------
    rows : (m,) int64
    chance : (m,) float64
    """
    doubt = np.asarray(suspicion, dtype=np.float64)
    moved = doubt if probability else moved_by_verdicts(doubt, state.given, state.state, reviewer_error)
    open_ = np.flatnonzero((state.given >= 0) & (state.state == UNREVIEWED))
    rows = open_[np.argsort(-doubt[open_], kind="stable")]
    return rows.astype(np.int64), moved[rows]


def stop_advice(chance: FloatArray, reviewer_error: Estimate | None, *, page: int = 60) -> StopAdvice:
    """Say whether the next page is worth a look.

    Parameters
    ----------
    chance : (m,) float
        As from :func:`expected_errors`.
    reviewer_error : Estimate or None
    page : int

    Returns
    -------
    StopAdvice
    """
    n_left = len(chance)
    following = float(chance[:page].mean()) if n_left else None
    if reviewer_error is None:
        return StopAdvice(True if not n_left else None, following, None, None if n_left else 0, n_left)
    worth = stopping_point(chance, reviewer_error.value, page=page)
    return StopAdvice(worth == 0, following, reviewer_error, worth, n_left)
