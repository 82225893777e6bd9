"""What a review cost and brought: outcomes, agreement, time, the effort curve, when to stop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports.effort_advice import with_advice
from labelscope.reports.effort_sections import sections_of
from labelscope.reports.report import Report
from labelscope.review.class_errors import ClassErrors, class_errors, size_curve
from labelscope.review.effort import EffortPoint, effort_points
from labelscope.review.looks import OUTCOMES, Looks, looks_of, tell_of
from labelscope.review.pace import (
    IDLE_SECONDS,
    ClassTime,
    TimeSpent,
    class_times,
    time_spent,
    times_in_order,
)
from labelscope.review.reviewers import (
    AgreementOfPeople,
    Pairs,
    ReviewerRow,
    agreement_of_people,
    pairs_of,
    reviewer_rows,
)
from labelscope.review.schemes import Advice
from labelscope.review.session import Session
from labelscope.review.stopping import StopAdvice
from labelscope.review.uninformative import Uninformative, tell_of_reviewers, uninformative
from labelscope.scorers.proportions import measured_share
from labelscope.types import Estimate, FloatArray, IntArray


@dataclass(frozen=True)
class PairShares:
    """What two looks at the same rows came to; measured.

    Attributes
    ----------
    n : int
        Pairs of looks; two people's, or one person's.
    agree, differ, uncertain : Estimate or None
        Shares of the pairs; None without any. A doubt with a guess falls under two headings.
    n_both : int
        Pairs under two headings.
    agree_on_given, differ_with_given : Estimate or None
        Share of the agreeing pairs that confirm the given label, and of the differing ones where one does.
    """

    n: int
    agree: Estimate | None
    differ: Estimate | None
    uncertain: Estimate | None
    n_both: int
    agree_on_given: Estimate | None
    differ_with_given: Estimate | None


@dataclass(frozen=True, repr=False)
class EffortReport(Report):
    """The report, with what a picture of it needs.

    Attributes
    ----------
    n_looks, n_rows : int
        Looks, and rows looked at.
    outcomes : dict of str to (int, Estimate)
        Looks and their share by outcome, see `review.looks.OUTCOMES`; measured.
    between, within : PairShares
        Of two people, and of one person who saw a row twice.
    agreement : AgreementOfPeople or None
        Beyond chance; None where no row was answered by two people.
    reviewer_error : Estimate or None
        Share of looks that end with a wrong label, from hidden duplicates; measured, on an assumption (see
        `review.reviewers.Pairs.error`). None without duplicates.
    error_basis : {"two people", "one person", "none"}
        Whose duplicates; one person repeats own mistakes, so that these are a lower bound.
    reviewers : tuple of ReviewerRow
    time : TimeSpent
    times : (p,) float64
        Seconds per item of each page that counts, in order.
    times_smoothed : (p,) float64
    by_class : tuple of ClassTime
    classes : tuple of ClassErrors
    size_curve : tuple of (int, float)
        Share corrected against class size.
    curve : tuple of EffortPoint
    stop : StopAdvice
    advice : Advice or None
        None where rates are not measured.
    not_used : Uninformative
        People whose looks count for outcomes, agreement and time, but not for ``stop`` and ``advice``.
    left_out : dict of str to int
        What is not counted, by reason.
    """

    n_looks: int = 0
    n_rows: int = 0
    outcomes: dict[str, tuple[int, Estimate]] = field(default_factory=dict)
    between: PairShares = PairShares(0, None, None, None, 0, None, None)
    within: PairShares = PairShares(0, None, None, None, 0, None, None)
    agreement: AgreementOfPeople | None = None
    reviewer_error: Estimate | None = None
    error_basis: str = "none"
    reviewers: tuple[ReviewerRow, ...] = ()
    time: TimeSpent | None = None
    times: FloatArray = field(default_factory=lambda: np.zeros(0))
    times_smoothed: FloatArray = field(default_factory=lambda: np.zeros(0))
    by_class: tuple[ClassTime, ...] = ()
    classes: tuple[ClassErrors, ...] = ()
    size_curve: tuple[tuple[int, float], ...] = ()
    curve: tuple[EffortPoint, ...] = ()
    stop: StopAdvice | None = None
    advice: Advice | None = None
    not_used: Uninformative = field(default_factory=Uninformative)
    left_out: dict[str, int] = field(default_factory=dict)


def effort(
    session: Session,
    *,
    idle: float = IDLE_SECONDS,
    page: int = 60,
    n_looks: int | None = None,
    level: float = 0.95,
) -> EffortReport:
    """Report what a review cost and brought, from the events of its journal alone.

    Parameters
    ----------
    session : Session
        Journals of several people are brought together by ``session.merge(path)``.
    idle : float
        Seconds from which on a page is a break and its time does not count.
    page : int
        Rows that are looked at together, for the stopping rule.
    n_looks : int, optional
        Looks to spend, for the advice on one or two reviewers; by default as many as were spent.
    level : float
        Coverage of the intervals.

    Returns
    -------
    EffortReport

    Raises
    ------
    InvalidTypeError
        ``session`` is none.
    InvalidInputError
        ``idle``, ``page``, ``n_looks`` or ``level`` make no sense.

    Notes
    -----
    Notices tell of reviewers who answer everything the same, of reviews by one person or without overlap, of
    clocks that disagree, of events that are there twice and of pages without a usable time. Pedersen et al.,
    More efficient manual review of automatically transcribed tabular data, 2024.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> session = ls.Session(ls.audit(X, y), journal=None, reviewer="ada")
    >>> _ = session.relabel([70, 106], [2, 1]), session.keep([0, 1])
    >>> found = effort(session)
    >>> found.n_looks, found.outcomes["corrected"][0], found.reviewer_error is None
    (4, 2, True)
    """
    _check(session, page, n_looks, level)
    with session.ledger.lock:
        looks = looks_of(session.state)
        given = np.asarray(session.state.given, dtype=np.int64)
        doubt = np.asarray(session.audit.suspicion, dtype=np.float64)
        spent = time_spent(looks, idle=idle, level=level)
        between, within = pairs_of(looks), pairs_of(looks, same=True)
        rows = reviewer_rows(
            looks, given, between=between, within=within, timed=spent.counted, level=level
        )  # fmt: skip
        error, basis = _error(between, within, level)
        silent = uninformative(rows, looks, given, doubt)
        report = EffortReport(
            f"Effort of the review of {session.audit.dataset.name}",
            n_looks=len(looks),
            n_rows=len(np.unique(looks.row)),
            outcomes=_outcomes(looks, given, level),
            between=_shares(between, looks, given, level),
            within=_shares(within, looks, given, level),
            agreement=agreement_of_people(looks, between, level=level) if len(between) else None,
            reviewer_error=error,
            error_basis=basis,
            reviewers=rows,
            time=spent,
            not_used=silent,
            left_out=looks.left_out,
        )
        report = _with_costs(report, session, looks, spent)
        report = with_advice(report, session, looks, page, n_looks, level)
    tell_of(looks)
    tell_of_reviewers(silent, looks, len(rows), one_only=not len(between))
    return replace(report, sections=sections_of(report, class_names(session)))


def class_names(session: Session) -> list[str]:
    """Return what classes are called, new ones included."""
    names = list(session.audit.dataset.labels.names)
    return [*names, *(str(value) for value in session.state.classes[len(names) :])]


def _check(session: Any, page: Any, n_looks: Any, level: Any) -> None:
    if not isinstance(session, Session):
        raise InvalidTypeError(
            f"This report is about a Session, but this is a {type(session).__name__}.",
            "Write reports.effort(ls.Session(audit, journal=path)).",
        )
    if isinstance(page, bool) or not isinstance(page, int) or page < 1:
        raise InvalidInputError(f"page is {page!r}.", "Pass the rows of a page, such as 60.")
    whole = isinstance(n_looks, int) and not isinstance(n_looks, bool) and n_looks >= 0
    if n_looks is not None and not whole:
        raise InvalidInputError(f"n_looks is {n_looks!r}.", "Pass how many looks are to be spent.")
    if isinstance(level, bool) or not isinstance(level, float) or not 0 < level < 1:
        raise InvalidInputError(f"level is {level!r}.", "Pass a coverage between 0 and 1, such as 0.95.")


def _error(between: Pairs, within: Pairs, level: float) -> tuple[Estimate | None, str]:
    found = between.error(level)
    if found is not None:
        return found, "two people"
    found = within.error(level)
    return found, "none" if found is None else "one person"


def _outcomes(looks: Looks, given: IntArray, level: float) -> dict[str, tuple[int, Estimate]]:
    counts = np.bincount(looks.outcome(given), minlength=len(OUTCOMES)).tolist()
    found = {}
    for name, count in zip(OUTCOMES, counts, strict=True):
        share = measured_share(count, len(looks), level)
        if share is not None:
            found[name] = (count, share)
    return found


def _shares(pairs: Pairs, looks: Looks, given: IntArray, level: float) -> PairShares:
    own = given[pairs.row]
    one, other = looks.answer[pairs.first] == own, looks.answer[pairs.second] == own
    agree, differ = int(pairs.agree.sum()), int(pairs.differ.sum())
    n = len(pairs)
    return PairShares(
        n,
        measured_share(agree, n, level),
        measured_share(differ, n, level),
        measured_share(int(pairs.uncertain.sum()), n, level),
        pairs.n_both,
        measured_share(int((pairs.agree & one).sum()), agree, level),
        measured_share(int((pairs.differ & (one | other)).sum()), differ, level),
    )


def _with_costs(report: EffortReport, session: Session, looks: Looks, spent: TimeSpent) -> EffortReport:
    """Add time by class and over time, class sizes and the effort curve."""
    given = np.asarray(session.state.given, dtype=np.int64)
    doubt = np.asarray(session.audit.suspicion, dtype=np.float64)
    suggested = np.asarray(session.audit.suggested_codes, dtype=np.int64)
    times, smooth = times_in_order(looks, spent)
    first = np.unique(looks.row, return_index=True)[1]
    first = first[given[looks.row[first]] >= 0]
    order = first[np.argsort(-doubt[looks.row[first]], kind="stable")]
    whole = report.reviewer_error
    classes = class_errors(looks, given, doubt)
    return replace(
        report,
        times=times,
        times_smoothed=smooth,
        by_class=class_times(looks, spent, given=given, suggested=suggested),
        classes=classes,
        size_curve=size_curve(classes),
        curve=effort_points(
            looks.called_wrong(given)[order],
            int((given >= 0).sum()),
            seconds_per_item=None if spent.seconds_per_item is None else spent.seconds_per_item.value,
            reviewer_error=None if whole is None else whole.value,
        ),
    )
