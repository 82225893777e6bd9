"""Answers about a review as a whole: errors left, the gate, checks of a cell, previews, and controls."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.events import to_scalar
from labelscope.widget.messages import plain_number

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.review.session import Session
    from labelscope.types import IntArray
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

_MAX_ROWS = 200

Answer = tuple["Json", list[bytes]]


class Judging:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    @property
    def session(self) -> Session:
        """The session that is reviewed."""
        return self._shared.session

    # -- requests ---------------------------------------------------------------------------------------

    def gate(self) -> Answer:
        """Return the gate and the fitted mixture."""
        return gate_json(self.session), []

    def estimate(self) -> Answer:
        """Return the errors that are left."""
        return estimate_json(self.session), []

    def check(self, given: Any, suggested: Any, precision: float) -> Answer:
        """Draw rows of a cell to look at, so that the rest may be accepted."""
        from labelscope.review.checking import start_check

        check = start_check(self.session, given, suggested, precision)
        return {
            "token": check.token,
            "given": to_scalar(given),
            "suggested": to_scalar(suggested),
            "precision": plain_number(precision),
            "rows": [int(row) for row in check.rows],
            "k": int(check.k),
            "n": int(check.n),
            "needed": str(check.needed),
            "expected_wrong": plain_number(check.expected_wrong),
        }, []

    def check_state(self, token: str) -> Answer:
        """Return how far a check is."""
        from labelscope.review.checking import open_check

        return as_json(open_check(self.session, token).state()), []

    def preview(self, rows: IntArray, to: Any) -> Answer:
        """Return what relabeling rows would change."""
        from labelscope.review.previewing import preview

        found = as_json(preview(self.session, rows, to))
        contradicting = found["contradict"]
        return {**found, "contradict": len(contradicting), "contradicting": contradicting[:_MAX_ROWS]}, []

    def page_control(self, rows: IntArray, mean: str) -> Answer:
        """Open a grid page: its control is one more row, which must be marked wrong for the page to count."""
        from labelscope.review.pages import open_page

        page = open_page(self.session, rows, mean, self._shared.controls())
        control = page.control
        shown = None
        if control is not None:
            shown = {"row": int(control.row), "suggested": to_scalar(control.suggested)}
        return {"token": page.token, "control": shown}, []

    # -- commands ---------------------------------------------------------------------------------------

    def accept_rest(self, token: str) -> tuple[Event, ...]:
        """Relabel the unchecked rows of a checked cell, in one batch."""
        from labelscope.review.checking import accept_rest

        return accept_rest(self.session, token)

    def page_done(
        self, rows: IntArray, wrong: dict[int, Any], mean: str, seconds: float, token: str, idle: float = 0.0
    ) -> tuple[Event, ...]:
        """Record a page of the grid: what was not marked wrong was agreed with."""
        from labelscope.review.pages import page_done

        return page_done(self.session, rows, wrong, mean, seconds, token, idle)

    def control_answer(self, id: str, row: int, verdict: str, to: Any) -> Json:
        """Record what a reviewer said of a control; the label of its row stays as it is."""
        controls = self._shared.controls()
        result = controls.answer(id, verdict, to)
        acceptance = result.acceptance
        return {
            "passed": bool(result.passed),
            "kind": str(result.kind),
            "acceptance": None if acceptance is None else as_json(acceptance),
            "noticed": controls.noticed,
        }

    def next_control(self) -> Json | None:
        """Return the control that is due, without its kind: nothing in the page may give it away."""
        control = self._shared.controls().next()
        if control is None:
            return None
        return {"id": control.id, "row": int(control.row), "suggested": to_scalar(control.suggested)}


def gate_json(session: Session) -> Json:
    """Return the gate as JSON."""
    from labelscope.review.gates import gate_of

    return as_json(gate_of(session))


def estimate_json(session: Session) -> Json:
    """Return the errors left as JSON."""
    from labelscope.review.estimating import left_estimate

    return as_json(left_estimate(session))


def as_json(found: Any) -> Json:
    """Return a dataclass as JSON: arrays become lists, and no number is NaN.

    Raises
    ------
    InvalidInputError
        When it is none.
    """
    if not is_dataclass(found) or isinstance(found, type):
        raise InvalidInputError(f"Expected a dataclass, but got {type(found).__name__}.")
    plain: Json = _plain(asdict(found))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    return plain_number(value) if isinstance(value, int | float | np.number) else str(value)
