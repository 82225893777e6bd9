"""A teacher's answers: kept in the journal apart from what people decide, and taken over on request.

Answers are events of source ``"teacher"``. As ``proposed`` they change nothing; taken over they relabel or
keep rows, and still count as verified by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.corrected import check_classes
from labelscope.review.current_evidence import verified_rows
from labelscope.review.drafting import label_drafts, label_values
from labelscope.review.events import Draft, Event, scalar_key, to_scalar
from labelscope.review.label_arguments import once
from labelscope.review.rows import as_rows
from labelscope.review.state import EXCLUDED, UNREVIEWED, UNSURE
from labelscope.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

_SOURCE = "teacher"


@dataclass(frozen=True)
class Answers:
    """What a teacher said so far.

    Attributes
    ----------
    codes : (n,) int64
        Its last answer about each row; -1 where it has none.
    inclusion : (n,) float64
        Probability with which it was asked; NaN where that is not known.
    taken : (n,) bool
        Rows whose label now is one that was taken over from it.
    """

    codes: IntArray
    inclusion: FloatArray
    taken: BoolArray


def answers_of(session: Session) -> Answers:
    """Read a teacher's answers from the journal.

    Parameters
    ----------
    session : Session
        Of classes.

    Returns
    -------
    Answers
        Also of answers that were recorded by ``session.relabel(..., source="teacher")``. Answers that name no
        class are left out.
    """
    check_classes(session)
    with session.ledger.lock:
        state = session.state
        known = {scalar_key(to_scalar(value)): code for code, value in enumerate(state.classes)}
        codes, chances = np.full(state.n, -1, dtype=np.int64), np.full(state.n, np.nan)
        for event in state.active_events():
            if event.source != _SOURCE or event.kind not in ("proposed", "relabelled", "kept"):
                continue
            if len(event.after) != len(event.rows) or max(event.rows, default=-1) >= state.n:
                continue
            drawn = event.data.get("inclusion")
            drawn = drawn if isinstance(drawn, list) and len(drawn) == len(event.rows) else None
            for place, (row, value) in enumerate(zip(event.rows, event.after, strict=True)):
                codes[row] = known.get(scalar_key(value), -1)
                if drawn is not None:
                    chances[row] = _chance(drawn[place])
        last, events = state.last, state.events
        taken = np.zeros(state.n, dtype=bool)
        for row in np.flatnonzero((codes >= 0) & (last >= 0)).tolist():
            taken[row] = events[int(last[row])].source == _SOURCE
    return Answers(codes, chances, taken)


def record_answers(
    session: Session, rows: Any, labels: Any, *, inclusion: Any = None, name: str = "teacher"
) -> tuple[Event, ...]:
    """Note a teacher's answers in the journal; no label changes, and there is nothing to undo.

    Parameters
    ----------
    session : Session
        Of classes.
    rows : int, ints, slice or mask
        Also rows that a person verified: that is what the error is measured on.
    labels : sequence of m labels
        One a row; None for no answer. What names no class is left out, with a notice.
    inclusion : (m,) float, optional
        Probability with which each row was drawn.
    name : str
        Of the teacher.

    Returns
    -------
    tuple of Event

    Raises
    ------
    InvalidInputError
        The number of labels or probabilities is not that of the rows, or a row is named twice.
    """
    check_classes(session)
    positions = as_rows(rows, session.audit.n)
    if len(once(positions)) != len(positions):
        raise InvalidInputError("A row is named twice.", "Pass each row once, with one answer.")
    given = list(labels) if hasattr(labels, "__len__") and not isinstance(labels, str) else [labels]
    if len(given) != len(positions):
        raise InvalidInputError.wrong_length("labels", len(given), len(positions), "the question")
    chances = (
        np.full(len(positions), np.nan) if inclusion is None else np.asarray(inclusion, dtype=np.float64)
    )
    if chances.shape != (len(positions),):
        raise InvalidInputError.wrong_length("inclusion", chances.size, len(positions), "the question")
    codes = _read(session, positions, given)
    heard = codes >= 0
    if not heard.any():
        return ()
    data = {
        "teacher": str(name),
        "inclusion": [None if np.isnan(p) else round(float(p), 9) for p in chances[heard]],
    }

    def plan() -> list[Draft]:
        state = session.ledger.state
        before = label_values(state.classes, state.current[positions[heard]])
        after = label_values(state.classes, codes[heard])
        return [Draft("proposed", positions[heard].tolist(), before, after, data=data)]

    return session.ledger.record(plan, _SOURCE)


def accept_answers(session: Session, rows: Any = None) -> tuple[Event, ...]:
    """Take over recorded answers as labels: one undo step, and verified by nobody.

    Parameters
    ----------
    session : Session
    rows : int, ints, slice or mask, optional
        By default all rows with an answer.

    Returns
    -------
    tuple of Event
        Rows that a person decided about keep their label, with a notice where they were named.
    """
    check_classes(session)
    asked = np.arange(session.audit.n) if rows is None else once(as_rows(rows, session.audit.n))
    passed: list[int] = []

    def plan() -> list[Draft]:
        passed.clear()
        state, answers = session.ledger.state, answers_of(session)
        open_ = np.isin(state.state, (UNREVIEWED, UNSURE))
        chosen = asked[(answers.codes[asked] >= 0) & open_[asked]]
        passed.extend(asked[(answers.codes[asked] < 0) | (~open_ & ~answers.taken)[asked]].tolist())
        drafts = label_drafts(state, chosen, answers.codes[chosen], session.suspicion)
        return [_with_chances(draft, answers.inclusion) for draft in drafts]

    happened = session.ledger.record(plan, _SOURCE)
    if rows is not None and passed:
        notify(
            "teacher_passed_over",
            f"{len(passed):,} of {len(asked):,} rows keep their label: the teacher has no answer about them,"
            " or a person decided already.",
            "Ask the teacher about them, or relabel them by hand.",
            passed,
        )
    return happened


def contradictions(session: Session) -> IntArray:
    """Return (m,) int64 rows whose verified label differs from the teacher's answer."""
    answers = answers_of(session)
    with session.ledger.lock:
        state, sure = session.state, verified_rows(session.state)
        wrong = (state.state == EXCLUDED) | (state.current != answers.codes)
    return np.flatnonzero(sure & (answers.codes >= 0) & wrong).astype(np.int64)


def _read(session: Session, rows: IntArray, labels: list[Any]) -> IntArray:
    """Codes of answers; -1 for none, and for what names no class."""
    state = session.state
    known = {scalar_key(to_scalar(value)): code for code, value in enumerate(state.classes)}
    names = session.audit.dataset.labels.names
    by_name = {str(name).strip().casefold(): code for code, name in enumerate(names)}
    codes, strange = np.full(len(labels), -1, dtype=np.int64), []
    for place, label in enumerate(labels):
        try:
            value = to_scalar(label)
        except InvalidTypeError:
            strange.append(place)
            continue
        if value is None:
            continue
        code = known.get(scalar_key(value), -1)
        if code < 0 and isinstance(value, str):
            code = by_name.get(value.strip().casefold(), -1)
        codes[place] = code
        if code < 0:
            strange.append(place)
    if strange:
        notify(
            "teacher_off_taxonomy",
            f"{len(strange):,} of {len(labels):,} answers name no class, such as {labels[strange[0]]!r:.60},"
            " and are left out.",
            "Answers must be classes; add a class by session.relabel(row, label, new_class=True) first.",
            rows[strange],
        )
    return codes


def _with_chances(draft: Draft, inclusion: FloatArray) -> Draft:
    drawn = [None if np.isnan(p) else float(p) for p in inclusion[list(draft.rows)]]
    return replace(draft, data={**draft.data, "inclusion": drawn})


def _chance(value: Any) -> float:
    """Journals are written by others, too."""
    fine = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1
    return float(value) if fine else float("nan")
