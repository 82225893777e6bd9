"""Ask a teacher: draw rows, hear its answers, see how often it errs, and what they are worth.

What a person decides later contradicts or confirms an answer, and the next draw reckons with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.corrected import check_classes
from labelscope.review.current_evidence import current_evidence
from labelscope.review.events import Event
from labelscope.review.queues.robust_distillation import RobustDistillation
from labelscope.review.teacher_answers import (
    Answers,
    accept_answers,
    answers_of,
    contradictions,
    record_answers,
)
from labelscope.review.teacher_error import TeacherError
from labelscope.review.teacher_error import teacher_error as measured_error
from labelscope.types import Evidence, FloatArray, IntArray, Ranking

if TYPE_CHECKING:
    from labelscope.review.session import Session

_HEDGED = (
    "The draw is a hedge for the worst case: where a teacher's mistakes are not concentrated on hard rows, a"
    " uniform draw can be as good or slightly better."
)


@dataclass(frozen=True)
class TeacherPlan:
    """Rows to ask a teacher about.

    Attributes
    ----------
    rows : (m,) int64
        In an order by chance.
    inclusion : (m,) float64
        Probability with which each was drawn.
    error : TeacherError
        Measured, assumed or unknown.
    ranking : Ranking
        As `queues.RobustDistillation` made it; ``ranking.meta`` holds the shares of all rows.
    advice : tuple of str
        What a person should know before money is spent.
    """

    rows: IntArray
    inclusion: FloatArray
    error: TeacherError
    ranking: Ranking
    advice: tuple[str, ...] = field(default_factory=tuple)

    def __repr__(self) -> str:
        return f"<TeacherPlan: {len(self.rows):,} rows to ask about; {' '.join(self.advice)}>"

    def to_json(self) -> dict[str, Any]:
        """Return what a panel draws: the value curve with its maximum, the error, shares and rows."""
        meta = self.ranking.meta
        shares, found = np.asarray(meta["shares"]), self.error.estimate
        support = np.flatnonzero(shares > 0)
        return {
            "rows": self.rows.tolist(),
            "inclusion": self.inclusion.round(6).tolist(),
            "method": meta["method"],
            "curve": [[k, round(value, 6)] for k, value in meta["curve"]],
            "support": meta["support"],
            "m": meta["m"],
            "value": meta["value"],
            "worst_case": dict(meta["worst_case"]),
            "support_rows": support.tolist(),
            "shares": shares[support].tolist(),
            "error": None if found is None else {
                "value": found.value, "low": found.low, "high": found.high, "measured": found.measured
            },
            "n_overlap": self.error.n_overlap,
            "n_wrong": self.error.n_wrong,
            "basis": self.error.basis,
            "n_left": meta["n_left"],
            "advice": list(self.advice),
        }  # fmt: skip


def teaching_evidence(session: Session) -> Evidence:
    """Return what `queues.RobustDistillation` reads: the review so far, and the teacher's answers.

    Parameters
    ----------
    session : Session

    Returns
    -------
    Evidence
        `labelscope.review.current_evidence`, and ``teacher_labels`` (n,) codes, ``teacher_inclusion`` (n,)
        and ``verified_by_chance`` (n,) bool.
    """
    with session.ledger.lock:
        answers = answers_of(session)
        chance = np.zeros(session.audit.n, dtype=bool)
        chance[sorted(session.ledger.sampler.drawn_rows)] = True
        return current_evidence(session).including(
            teacher_labels=answers.codes, teacher_inclusion=answers.inclusion, verified_by_chance=chance
        )


def teacher_error(session: Session, *, level: float = 0.95) -> TeacherError:
    """Measure the teacher of a session where people verified rows that it answered about.

    Parameters
    ----------
    session : Session
    level : float
        Confidence of the upper bound.

    Returns
    -------
    TeacherError
        Rows that a person called out of scope count as wrong, whatever the answer.
    """
    evidence = teaching_evidence(session)
    return measured_error(
        evidence["teacher_labels"],
        np.where(np.asarray(evidence["excluded"]), -1, evidence["current"]),
        evidence["verified"],
        inclusion=evidence["teacher_inclusion"],
        by_chance=evidence["verified_by_chance"],
        level=level,
    )


def plan_teaching(session: Session, n: int, *, policy: RobustDistillation | None = None) -> TeacherPlan:
    """Draw rows to ask the teacher about.

    Parameters
    ----------
    session : Session
        Of classes, with ``pred_probs``.
    n : int
        Answers that can be paid for, 1 or more.
    policy : RobustDistillation, optional
        With ``teacher_error`` set, an error is assumed in place of the measured one.

    Returns
    -------
    TeacherPlan

    Raises
    ------
    InvalidInputError
        n is no whole number above 0.
    MissingEvidenceError
        The audit has no ``pred_probs``.

    Examples
    --------
    >>> import labelscope as ls
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["a", "b"], 40)
    >>> X = rng.normal(size=(80, 2)) + 3 * (y == "b")[:, None]
    >>> session = ls.Session(ls.audit(X, y), journal=None)
    >>> plan = plan_teaching(session, 10, policy=RobustDistillation(teacher_error=0.1))
    >>> len(plan.rows), plan.error.basis
    (10, 'given')
    """
    check_classes(session)
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise InvalidInputError(f"n is {n!r}.", "Pass how many answers to ask for: 1 or more.")
    chosen = RobustDistillation() if policy is None else policy
    ranking = chosen.order(teaching_evidence(session), int(n))
    error: TeacherError = ranking.meta["teacher_error"]
    return TeacherPlan(ranking.rows, ranking.weights, error, ranking, _advice(ranking, error, int(n)))


def ask(
    session: Session,
    plan: TeacherPlan,
    teacher: Callable[[IntArray], Sequence[Any]],
    *,
    name: str = "teacher",
) -> tuple[Event, ...]:
    """Call a teacher about the rows of a plan, and record its answers; labels stay as they are.

    Parameters
    ----------
    session : Session
    plan : TeacherPlan
    teacher : callable
        Gets (m,) int64 rows and returns one label a row; None where it has no answer.
    name : str

    Returns
    -------
    tuple of Event
        Empty where there is nothing to ask about.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        It cannot be called, or returns another number of labels.
    """
    if not callable(teacher):
        raise InvalidTypeError(
            f"teacher is a {type(teacher).__name__}.", "Pass a function of rows that returns their labels."
        )
    if not len(plan.rows):
        return ()
    return record_answers(session, plan.rows, teacher(plan.rows.copy()), inclusion=plan.inclusion, name=name)


def _advice(ranking: Ranking, error: TeacherError, n: int) -> tuple[str, ...]:
    meta = ranking.meta
    why = str(meta["why"])
    said = [why] if why.startswith(error.words) else [error.words, *([why] if why else [])]
    if error.basis == "chosen by people":
        said.append(
            "These rows were not drawn by chance, so the bound holds only if the teacher errs as often on"
            " others."
        )
    if len(ranking.rows) and len(ranking.rows) < n:
        said.append(f"Only {len(ranking.rows):,} rows are left to ask about.")
    if meta["method"] == "rad":
        worst = meta["worst_case"]
        said.append(
            f"If the worst {meta['m']:,} answers are wrong, this draw still brings"
            f" {worst['rad']:.1f} rows' worth of right answers; by margin alone it is {worst['margin']:.1f},"
            f" by chance {worst['uniform']:.1f} (computed from the model's probabilities, not measured)."
        )
        said.append(_HEDGED)
    return tuple(said)


__all__ = [
    "Answers",
    "TeacherPlan",
    "accept_answers",
    "answers_of",
    "ask",
    "contradictions",
    "plan_teaching",
    "record_answers",
    "teacher_error",
    "teaching_evidence",
]
