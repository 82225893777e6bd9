"""Plans in a session: which one is in force, whose pages a person takes, and which of them are done.

The journal keeps a plan as an event ``planned``: what is suspicious changes with each verdict, but pages
that people have begun must not. A later ``planned`` event withdraws it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.dealing import PlannedPage
from labelscope.review.events import Draft, Event
from labelscope.review.plan_files import plan_json, read_plan
from labelscope.review.plans import Plan, classes_of, taken_by
from labelscope.review.state import UNREVIEWED
from labelscope.types import BoolArray

if TYPE_CHECKING:
    from labelscope.review.queues.review_plan import ReviewPlan
    from labelscope.review.session import Session

PLANNED = "planned"
_READ: WeakKeyDictionary[Session, dict[str, Plan]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class Turn:
    """Where one person is in a plan.

    Attributes
    ----------
    plan : Plan
    seat : str or None
        The plan's reviewer whose pages this person takes; None before that is settled.
    pages : tuple of PlannedPage
        Of the seat, in order.
    batches : tuple of str
        For each page, the step by which this person closed it; empty while it is open.
    shown : tuple of (m,) bool
        For each page, which of its rows there are to see: others decided about the rest meanwhile.
    """

    plan: Plan
    seat: str | None
    pages: tuple[PlannedPage, ...]
    batches: tuple[str, ...]
    shown: tuple[BoolArray, ...]

    @cached_property
    def done(self) -> tuple[bool, ...]:
        """For each page, whether it was closed or nothing is left to see on it."""
        return tuple(
            bool(batch) or not shown.any() for batch, shown in zip(self.batches, self.shown, strict=True)
        )

    @property
    def at(self) -> int | None:
        """The first page that is not done."""
        return self.done.index(False) if False in self.done else None


def put_plan(session: Session, plan: Plan | ReviewPlan | str | os.PathLike[str]) -> Plan:
    """Make a plan the one in force; see `Session.plan`."""
    taken = ready_plan(session, plan)
    record_plan(session, taken)
    return plan_in_force(session) or taken


def ready_plan(session: Session, plan: Plan | ReviewPlan | str | os.PathLike[str]) -> Plan:
    """Return a plan in terms of a session, made or read where need be; raises as `Session.plan`."""
    from labelscope.review.queues.review_plan import ReviewPlan

    if isinstance(plan, ReviewPlan):
        plan = plan.plan(session.evidence())
    elif isinstance(plan, str | os.PathLike):
        plan = Plan.load(plan)
    if not isinstance(plan, Plan):
        raise InvalidTypeError(
            f"plan is a {type(plan).__name__}.",
            "Pass a queues.ReviewPlan, a plan that it made, or the path of a saved one.",
        )
    taken = taken_by(session, plan)
    if not taken.pages:
        raise InvalidInputError("The plan has no pages.", "Nothing is left to review: raise the budget.")
    return taken


def record_plan(session: Session, plan: Plan, *, again: bool = True) -> tuple[Event, ...]:
    """Write a plan to the journal, unless it is there.

    Parameters
    ----------
    session : Session
    plan : Plan
    again : bool
        Whether to write it once more where this person put another one since.

    Returns
    -------
    tuple of Event
    """

    def draft() -> list[Draft]:
        # Under one's own name: another person's next plan must not take the place of pages that are begun.
        own = [event for event in _plans(session) if event.reviewer == session.reviewer]
        ids = [event.data["plan"].get("id") for event in own]
        known = plan.id in (ids[-1:] if again else ids)
        return [] if known else [Draft(PLANNED, [], data={"plan": plan_json(plan)})]

    return session.ledger.record(draft, "api")


def plan_in_force(session: Session) -> Plan | None:
    """Return the plan that was put last by this person, else by anyone; None without a readable one."""
    plans = _plans(session)
    mine = [event for event in plans if event.reviewer == session.reviewer]
    for event in (*reversed(mine), *reversed(plans)):
        found = _read(session, event)
        if found is not None:
            return found
    return None


def withdraw_plan(session: Session, source: str, plan: str = "") -> tuple[Event, ...]:
    """Take the plan out of force; see `Session.withdraw_plan`. With ``plan``, an id, only that one."""

    def draft() -> list[Draft]:
        found = plan_in_force(session)
        if found is None or found.id != (plan or found.id):
            raise InvalidInputError(
                f"The plan {plan} is not in force." if plan else "No plan is in force.",
                "session.plan() is the one to withdraw; session.plan(...) puts one.",
            )
        return [Draft(PLANNED, [], data={"withdrawn": found.id})]

    return session.ledger.record(draft, source)


def withdrawals_of(session: Session, plan: Plan) -> frozenset[str]:
    """Return the ids of the events by which this person withdrew a plan."""
    mine = [event for event in session.state.active_events() if event.reviewer == session.reviewer]
    return frozenset(event.id for event in mine if _withdrawn(event) == plan.id)


def has_put(session: Session) -> bool:
    """Whether this person put a plan."""
    return any(event.reviewer == session.reviewer for event in _plans(session))


def take_seat(session: Session, plan: Plan, name: Any) -> tuple[Event, ...]:
    """Take the pages of one of the plan's reviewers, under one's own name.

    Parameters
    ----------
    session : Session
    plan : Plan
    name : str
        A reviewer of the plan.

    Returns
    -------
    tuple of Event

    Raises
    ------
    InvalidInputError
        There is no such reviewer, or somebody else took these pages.
    """
    if name not in plan.reviewers:
        raise InvalidInputError.unknown("reviewer of the plan", name, plan.reviewers)
    taken = holders(session, plan).get(name)
    if taken is not None:
        raise InvalidInputError(f"{taken} has the pages of {name}.", "Take the pages of somebody else.")
    record_plan(session, plan, again=False)
    return session.ledger.record(lambda: [Draft(PLANNED, [], data={"seat": name, "of": plan.id})], "widget")


def seat_of(session: Session, plan: Plan) -> str | None:
    """Return whose pages this person takes: as was said, else by name; None where that is not clear."""
    names = plan.reviewers
    for event in reversed(session.state.active_events()):
        if event.reviewer == session.reviewer and _seat(event, plan) is not None:
            return _seat(event, plan)
    if session.reviewer in names:
        return session.reviewer
    alike = [name for name in names if name.strip().casefold() == session.reviewer.casefold()]
    if len(alike) == 1:
        return alike[0]
    return names[0] if names == ("reviewer 1",) else None


def holders(session: Session, plan: Plan) -> dict[str, str]:
    """Return who else has the pages of which of the plan's reviewers, as far as the journal says."""
    found: dict[str, str] = {}
    for event in session.state.active_events():
        if event.reviewer == session.reviewer:
            continue
        if _withdrawn(event) == plan.id:
            found = {name: who for name, who in found.items() if who != event.reviewer}
            continue
        seat = _seat(event, plan)
        if seat is None and event.reviewer in plan.reviewers:
            seat = event.reviewer
        if seat is not None:
            found.setdefault(seat, event.reviewer)
    return found


def turn_of(session: Session, plan: Plan) -> Turn:
    """Say where this person is in a plan.

    Parameters
    ----------
    session : Session
    plan : Plan

    Returns
    -------
    Turn
        A row that stands on two pages is to be seen on both, whatever was decided about it: that is what
        agreement is measured from. Another one that somebody decided about elsewhere is left out.
    """
    seat = seat_of(session, plan)
    if seat is None:
        return Turn(plan, None, (), (), ())
    pages = plan.pages_of(seat)
    batches = [""] * len(pages)
    for event in session.state.active_events():
        page = event.data.get("page") if event.kind == "page_timed" else None
        if event.reviewer != session.reviewer or event.data.get("plan") != plan.id:
            continue
        if isinstance(page, int) and 0 <= page < len(pages):
            batches[page] = event.batch
    state, events = session.state, session.state.events
    kept = np.asarray(state.state == UNREVIEWED)
    kept[plan.twice] = True
    shown = []
    for page_, batch in zip(pages, batches, strict=True):
        last = state.last[page_.rows].tolist()
        own = [bool(batch) and place >= 0 and events[place].batch == batch for place in last]
        shown.append(kept[page_.rows] | np.array(own, dtype=bool))
    return Turn(plan, seat, pages, tuple(batches), tuple(shown))


def _plans(session: Session) -> list[Event]:
    """Return the events that put a plan which nobody withdrew since, as far as this person is concerned."""
    standing: list[Event] = []
    out = set()
    for event in session.state.active_events():
        mine = event.reviewer == session.reviewer
        withdrawn = _withdrawn(event)
        if withdrawn:
            standing = [one for one in standing if one.reviewer != event.reviewer]
            out |= {withdrawn} if mine else set()
        elif _id_of(event):
            standing.append(event)
            out -= {_id_of(event)} if mine else set()
    return [event for event in standing if _id_of(event) not in out]


def _id_of(event: Event) -> str:
    """Return the id of the plan that an event puts; empty for others."""
    plan = event.data.get("plan") if event.kind == PLANNED else None
    found = plan.get("id") if isinstance(plan, Mapping) else None
    return found if isinstance(found, str) else ""


def _withdrawn(event: Event) -> str:
    found = event.data.get("withdrawn") if event.kind == PLANNED else None
    return found if isinstance(found, str) else ""


def _seat(event: Event, plan: Plan) -> str | None:
    if event.kind != PLANNED or event.data.get("of") != plan.id:
        return None
    name = event.data.get("seat")
    return name if isinstance(name, str) and name in plan.reviewers else None


def _read(session: Session, event: Event) -> Plan | None:
    """Read the plan of an event, once; None where it is damaged, or of something else."""
    known = _READ.setdefault(session, {})
    found = known.get(event.id)
    # Codes of classes that were added move when journals are merged.
    if found is None or found.classes != classes_of(session):
        try:
            known[event.id] = taken_by(session, found or read_plan(event.data["plan"], "the journal"))
        except InvalidInputError:
            # A class may be told of later, by another journal.
            return None
    return known[event.id]
