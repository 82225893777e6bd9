"""Pages of a review plan in the widget: which plan, whose pages, the next one, and the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.events import to_scalar
from labelscope.review.planned import (
    PLANNED,
    Turn,
    has_put,
    holders,
    plan_in_force,
    take_seat,
    turn_of,
    withdraw_plan,
)
from labelscope.review.planned_pages import ShownPage, ending_of, open_planned
from labelscope.review.plans import Plan, taken_by
from labelscope.review.state import UNREVIEWED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labelscope.review.events import Event
    from labelscope.types import IntArray
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

Answer = tuple["Json", list[bytes]]
QUEUE = "review_plan"
_MAX_ROWS = 1_000


class Planning:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._drafts: dict[int, tuple[Any, Plan]] = {}
        self._passed: Any = None

    def plan(self, queue: bool, of: str, page: int | None) -> Answer:
        """Return where this person is in the plan, and open a page: the one asked for, else the next one.

        Parameters
        ----------
        queue : bool
            Whether the page's queue is the review plan: then there is one, made now if need be.
        of : str
            Id of the plan that ``page`` is of.
        page : int or None
        """
        plan = self.current(queue)
        if plan is None or not plan.pages:
            return {"plan": None, "open": None}, []
        session = self._shared.session
        turn = turn_of(session, plan)
        number = turn.at
        if page is not None and of == plan.id and page < len(turn.pages) and turn.shown[page].any():
            number = page
        shown = None
        if turn.seat is not None and number is not None:
            shown = open_planned(session, turn, number, self._shared.controls())
        return {
            "plan": self._state(turn, queue),
            "open": None if shown is None else _page_json(turn, shown),
        }, []

    def plan_seat(self, plan: str, reviewer: str) -> tuple[Event, ...]:
        """Take the pages of one of the plan's reviewers."""
        for found in self._known():
            if found.id == plan:
                return take_seat(self._shared.session, found, reviewer)
        raise InvalidInputError("There is no such plan any more.", "Open the pages again.")

    def plan_withdraw(self, plan: str) -> tuple[Event, ...]:
        """Take the plan out of force; one that nobody put cannot be withdrawn."""
        return withdraw_plan(self._shared.session, "widget", plan)

    def current(self, queue: bool) -> Plan | None:
        """Return the plan to go by; None without one.

        Pages that a report showed are the plan once its queue is taken, else the session's plan is, else the
        queue makes one by default.
        """
        session = self._shared.session
        shown = self._shown()
        if queue and shown is not None and shown is not self._passed:
            return self._draft(shown)
        put = plan_in_force(session)
        if put is not None or not queue:
            return put
        if 0 not in self._drafts:
            from labelscope.review.queues import ReviewPlan

            self._drafts[0] = (None, taken_by(session, ReviewPlan().plan(session.evidence())))
        return self._drafts[0][1]

    def listed(self) -> IntArray:
        """Return the rows of this person's pages without a decision, in the order of the pages."""
        session = self._shared.session
        plan = self.current(True)
        if plan is None:
            return np.zeros(0, dtype=np.int64)
        pages = turn_of(session, plan).pages or plan.pages
        rows = np.concatenate([np.zeros(0, np.int64), *(page.rows for page in pages)])
        rows = rows[np.sort(np.unique(rows, return_index=True)[1])]
        return np.asarray(rows[session.state.state[rows] == UNREVIEWED], dtype=np.int64)

    def heard(self, events: Sequence[Event]) -> None:
        """Note that a plan was put: what a report showed before is older."""
        me = self._shared.session.reviewer
        if any(event.kind == PLANNED and event.reviewer == me for event in events):
            self._passed = self._shown()
            self._drafts.clear()

    def _shown(self) -> Plan | None:
        found = self._shared.reporting.plans().get(QUEUE)
        return found if isinstance(found, Plan) else None

    def _draft(self, shown: Plan) -> Plan:
        made, bound = self._drafts.get(1, (None, shown))
        if made is not shown:
            bound = taken_by(self._shared.session, shown)
            self._drafts[1] = (shown, bound)
        return bound

    def _known(self) -> list[Plan]:
        put = plan_in_force(self._shared.session)
        return [*(plan for _, plan in self._drafts.values()), *([] if put is None else [put])]

    def _state(self, turn: Turn, queue: bool) -> Json:
        session, plan = self._shared.session, turn.plan
        taken = holders(session, plan)
        begun = turn.at is not None if turn.seat is not None else has_put(session)
        over = turn.seat is not None and turn.at is None
        found = ending_of(session) if over else None
        ending = None
        if found is not None:
            ending = {
                "others": [found.same_others, found.n_others],
                "own": [found.same_own, found.n_own],
                "differ": list(found.differ[:_MAX_ROWS]),
            }
        return {
            "id": plan.id,
            "mean": plan.mean,
            "put": getattr(plan_in_force(session), "id", None) == plan.id,
            "first": queue or begun,
            "mine": turn.seat,
            "seats": [
                {"name": name, "pages": len(plan.pages_of(name)), "holder": taken.get(name, "")}
                for name in plan.reviewers
            ],
            "done": list(turn.done),
            "end": ending,
        }


def _page_json(turn: Turn, shown: ShownPage) -> Json:
    control = shown.page.control
    wire = None
    if control is not None:
        wire = {"row": int(control.row), "suggested": to_scalar(control.suggested)}
    return {
        "page": shown.page.number,
        "token": shown.page.token,
        "label": turn.pages[shown.page.number].label,
        "rows": shown.rows.tolist(),
        "labels": shown.labels.tolist(),
        "others": shown.others.tolist(),
        "left_out": shown.left_out,
        "marks": [[row, code] for row, code in sorted(shown.marks.items())],
        "control": wire,
    }
