"""When to stop: how many more rows are worth a look, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.break_even import BreakEven
from labelscope.review.planning import moved_by_verdicts
from labelscope.review.progress import seen_rows
from labelscope.review.state import UNREVIEWED, ReviewState
from labelscope.types import Array, Estimate, FloatArray, IntArray

#: A stopping point is called settled when its interval is within this of it.
SETTLED = 0.15


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
        None where the reviewers' error is not known.
    model_error : float or None
        Expected share of wrong labels on the next page; estimated. None where nothing is left.
    reviewer_error : Estimate or None
        Measured on hidden duplicates alone.
    n_worth : int or None
        Rows still worth a look, in whole pages; estimated.
    n_left : int
        Labelled rows without a decision.
    error : Estimate or None
        The reviewers' error by duplicates and verdicts together; estimated.
    n_low, n_high : int or None
        Ends of the interval of ``n_worth``, in rows.
    n_reviewed : int
        Rows looked at so far.
    n_more : int or None
        Roughly how many more rows two people have to look at until the point is known within 15 %; 0 where it
        is.
    page : int
        Rows of a page.
    n_mended : float
        Labels mended less labels broken by these rows; estimated.
    """

    stop: bool | None
    model_error: float | None
    reviewer_error: Estimate | None
    n_worth: int | None
    n_left: int
    error: Estimate | None = None
    n_low: int | None = None
    n_high: int | None = None
    n_reviewed: int = 0
    n_more: int | None = None
    page: int = 60
    n_mended: float = 0.0

    @property
    def pages(self) -> tuple[int, int] | None:
        """How many more pages to look at, at least and at most; None where it is not known."""
        if self.n_low is None or self.n_high is None:
            return None
        return self.n_low // self.page, -(-self.n_high // self.page)


def open_rows(suspicion: Array, state: ReviewState) -> IntArray:
    """Return labelled rows without a decision (m,), most suspicious first."""
    rows = np.flatnonzero((state.given >= 0) & (state.state == UNREVIEWED))
    doubt = np.asarray(suspicion, dtype=np.float64)[rows]
    return np.asarray(rows[np.argsort(-doubt, kind="stable")], dtype=np.int64)


def stop_advice(
    suspicion: FloatArray,
    found: BreakEven | None,
    *,
    reviewer_error: Estimate | None = None,
    expected: float | None = None,
    n_reviewed: int = 0,
    page: int = 60,
    level: float = 0.95,
) -> StopAdvice:
    """Say how many more rows are worth a look.

    Parameters
    ----------
    suspicion : (m,) float
        Of labelled rows without a decision, largest first.
    found : BreakEven or None
        What is known of both errors; without it there is no advice.
    reviewer_error : Estimate or None
        Measured on duplicates alone.
    expected : float, optional
        Share of wrong labels on the next page, for when ``found`` is None.
    n_reviewed : int
        Rows looked at so far.
    page : int
        Rows that are looked at together.
    level : float
        Coverage of the interval.

    Returns
    -------
    StopAdvice

    Notes
    -----
    A look is worth it while the label is wrong more often than a look ends with a wrong label. The point is
    the median of where that ends, to the nearest page.
    """
    n_left = len(suspicion)
    if not n_left:
        return StopAdvice(True, None, reviewer_error, 0, 0, None, 0, 0, n_reviewed, 0, page)
    if found is None:
        return StopAdvice(None, expected, reviewer_error, None, n_left, n_reviewed=n_reviewed, page=page)
    tails = 0.5 - level / 2, 0.5 + level / 2
    low, count, high, least, most = found.worth(suspicion, (tails[0], 0.5, tails[1], 0.05, 0.95))
    worth = n_left if count > n_left - page / 2 else round(count / page) * page
    # Whole pages: the point may be rounded out of a narrow interval.
    low, high = min(low, worth), max(high, worth)
    error, chance = found.reviewer_error(level), found.chance(suspicion[: max(worth, page)])
    return StopAdvice(
        worth == 0,
        float(chance[:page].mean()),
        reviewer_error,
        worth,
        n_left,
        error,
        low,
        high,
        n_reviewed,
        _copies(found.n_pairs, n_reviewed + worth, n_reviewed + least, n_reviewed + most),
        page,
        float(chance[:worth].sum() - error.value * worth),
    )


def _copies(n_pairs: int, point: int, low: int, high: int) -> int:
    """Widths shrink with the root of the pairs, as long as these are what is scarce."""
    off = max(high - point, point - low) / max(point, 1)
    return 0 if off <= SETTLED else round(n_pairs * ((off / SETTLED) ** 2 - 1))


def expected_on_page(suspicion: Array, state: ReviewState, *, probability: bool, page: int) -> float | None:
    """Return the share of wrong labels on the next page, if reviewers never err; None where nothing is left.

    Parameters
    ----------
    suspicion : (n,) float
    state : ReviewState
    probability : bool
        Whether suspicion is a probability, which is then taken at its word. Else 30 or more verdicts move it.
    page : int
    """
    doubt = np.asarray(suspicion, dtype=np.float64)
    said = np.where(seen_rows(state), state.state, UNREVIEWED)
    moved = doubt if probability else moved_by_verdicts(doubt, state.given, said)
    rows = open_rows(doubt, state)[:page]
    return float(moved[rows].mean()) if len(rows) else None
