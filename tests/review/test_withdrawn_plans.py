"""A plan is withdrawn: for oneself, for others, over restarts and merges, and back again by undo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, RefusedError
from labelscope.review.controls import Controls
from labelscope.review.events import Draft
from labelscope.review.pages import page_done
from labelscope.review.planned import has_put, holders, seat_of, take_seat, turn_of
from labelscope.review.planned_pages import open_planned
from labelscope.review.queues import ReviewPlan

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
N = 120
TWO = ReviewPlan(budget=40, page=8, overlap=0.3, reviewers=["ada", "bob"])
ONE = ReviewPlan(budget=20, page=5, overlap=0, reviewers=["ada", "bob"])


@pytest.fixture(scope="module")
def audit():
    rng = np.random.default_rng(5)
    given_ = rng.integers(3, size=N)
    suggested = (given_ + (rng.random(N) < 0.4)) % 3
    dataset = ls.Dataset([f"text {row}" for row in range(N)], [f"class {code}" for code in given_])
    return ls.Audit.from_arrays(
        dataset, suspicion=rng.beta(1, 4, N), suggested_codes=suggested, flagged=suggested != given_
    )


@pytest.fixture
def people(audit, tmp_path):
    """Make sessions of people, each with a journal of their own."""
    return lambda name: ls.Session(audit, journal=tmp_path / f"{name}.jsonl", reviewer=name)


def opened(session):
    turn = turn_of(session, session.plan())
    return open_planned(session, turn, turn.at, Controls(session, 0))


def close(session, shown):
    return page_done(session, shown.rows, {}, shown.page.mean, 3.0, shown.page.token)


def test_a_withdrawn_plan_is_out_of_force_and_undo_brings_it_back(people):
    ada = people("ada")
    plan = ada.plan(TWO)
    close(ada, opened(ada))
    decided = ada.state.current.copy(), ada.state.state.copy()
    events = ada.withdraw_plan()
    assert repr(events) == "<1 event: planned>" and events[0].data == {"withdrawn": plan.id}
    assert ada.plan() is None and not has_put(ada)
    assert (ada.state.current == decided[0]).all() and (ada.state.state == decided[1]).all()
    assert people("ada").plan() is None, "after a restart, too"
    ada.undo()
    assert ada.plan().id == plan.id and turn_of(ada, ada.plan()).at == 1 == turn_of(ada, plan).at
    ada.redo()
    assert ada.plan() is None
    again = people("ada")
    again.undo()
    assert again.plan().id == plan.id
    again.undo()
    assert (again.state.state == 0).all(), "the next undo is that of the page"


def test_there_must_be_a_plan(people):
    ada = people("ada")
    with pytest.raises(InvalidInputError, match="No plan is in force"):
        ada.withdraw_plan()
    ada.plan(TWO)
    ada.withdraw_plan()
    with pytest.raises(InvalidInputError, match="No plan is in force"):
        ada.withdraw_plan()
    assert len(ada.events) == 2


def test_what_it_replaced_stays_out_and_it_can_be_put_again_where_it_was(people):
    ada = people("ada")
    ada.plan(ONE)
    plan = ada.plan(TWO)
    take_seat(ada, plan, "bob")
    close(ada, opened(ada))
    ada.withdraw_plan()
    assert ada.plan() is None
    assert ada.plan(plan).id == plan.id
    assert seat_of(ada, plan) == "bob" and turn_of(ada, plan).at == 1


def test_a_page_that_was_open_is_refused_and_does_not_bring_the_plan_back(people):
    ada = people("ada")
    plan = ada.plan(TWO)
    shown = opened(ada)
    ada.withdraw_plan()
    before = len(ada.events)
    with pytest.raises(RefusedError, match="withdrawn") as refused:
        close(ada, shown)
    assert refused.value.code == "plan_withdrawn" and len(ada.events) == before and ada.plan() is None
    ada.undo()
    close(ada, shown)
    assert turn_of(ada, ada.plan()).at == 1
    ada.withdraw_plan()
    # Opened after that, as the queue does that makes the same plan once more: meant as it is.
    turn = turn_of(ada, plan)
    close(ada, open_planned(ada, turn, turn.at, Controls(ada, 0)))
    assert ada.plan().id == plan.id


def test_who_goes_by_anothers_plan_keeps_what_was_begun(people):
    ada, bob, eve = people("ada"), people("bob"), people("eve")
    plan = ada.plan(TWO)
    for other in (bob, eve):
        other.merge(ada.journal_path)
    close(bob, opened(bob))
    ada.withdraw_plan()
    for other in (bob, eve):
        other.merge(ada.journal_path)
    assert bob.plan().id == plan.id and turn_of(bob, bob.plan()).at == 1
    assert eve.plan() is None
    # A page of Bob's puts the plan in his name: that is no reason for Ada to have it again.
    ada.merge(bob.journal_path)
    assert ada.plan() is None
    eve.merge(bob.journal_path)
    assert eve.plan().id == plan.id


def test_a_merged_plan_can_be_withdrawn_and_anothers_takes_its_place(people):
    ada, bob = people("ada"), people("bob")
    theirs = bob.plan(ONE)
    ada.merge(bob.journal_path)
    mine = ada.plan(TWO)
    ada.withdraw_plan()
    assert ada.plan().id == theirs.id != mine.id
    ada.withdraw_plan()
    assert ada.plan() is None
    bob.merge(ada.journal_path)
    assert bob.plan().id == theirs.id


def test_a_seat_is_free_again(people):
    ada, eve, max_ = people("ada"), people("eve"), people("max")
    plan = ada.plan(TWO)
    for other in (eve, max_):
        other.plan(plan)
    take_seat(eve, plan, "bob")
    max_.merge(eve.journal_path)
    assert holders(max_, plan) == {"bob": "eve"}
    eve.withdraw_plan()
    max_.merge(eve.journal_path)
    assert holders(max_, plan) == {}
    take_seat(max_, plan, "bob")


@pytest.mark.parametrize(
    "data", [{"withdrawn": 3}, {"withdrawn": ""}, {"withdrawn": ["x"]}, {"withdrawn": None}]
)
def test_damaged_withdrawals_are_passed_over(people, data):
    ada = people("ada")
    plan = ada.plan(TWO)
    ada.ledger.record(lambda: [Draft("planned", [], data=data)], "api")
    assert ada.plan().id == plan.id


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob"]), st.sampled_from(["one", "two", "drop", "undo", "redo", "merge"])
    ),
    max_size=14,
)


def in_words(events, me):
    """Who has which plan in force, by the rule as it is documented, told from the events alone."""
    reverted = set()
    for event in reversed(events):
        if event.kind == "reverted" and event.batch not in reverted:
            reverted.add(event.data["reverts"])
    put, out = [], set()
    for event in events:
        if event.batch in reverted or event.kind != "planned":
            continue
        if "plan" in event.data:
            put.append((event.reviewer, event.data["plan"]["id"]))
            if event.reviewer == me:
                out.discard(event.data["plan"]["id"])
        else:
            put = [one for one in put if one[0] != event.reviewer]
            if event.reviewer == me:
                out.add(event.data["withdrawn"])
    left = [one for one in put if one[1] not in out]
    own = [one for one in left if one[0] == me]
    return (own or left or [(None, None)])[-1][1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS)
def test_merged_journals_say_the_same_whatever_comes_first(audit, tmp_path_factory, acts):
    folder = tmp_path_factory.mktemp("acts")
    of = {name: ls.Session(audit, journal=folder / f"{name}.jsonl", reviewer=name) for name in ("ada", "bob")}
    plans = {"one": ONE.plan(of["ada"].evidence()), "two": TWO.plan(of["ada"].evidence())}
    for name, act in acts:
        session, other = of[name], of["bob" if name == "ada" else "ada"]
        if act in plans:
            session.plan(plans[act])
        elif act == "drop":
            if session.plan() is not None:
                session.withdraw_plan()
        elif act == "merge":
            session.merge(other.journal_path) if other.events else None
        else:
            getattr(session, act)()
        found = session.plan()
        assert (found and found.id) == in_words(session.events, name)
    if not (of["ada"].events and of["bob"].events):
        return
    of["ada"].merge(of["bob"].journal_path)
    of["bob"].merge(of["ada"].journal_path)
    assert [event.id for event in of["ada"].events] == [event.id for event in of["bob"].events]
    for name, session in of.items():
        again = ls.Session(audit, journal=session.journal_path, reviewer=name)
        wanted = in_words(session.events, name)
        assert [(one.plan() and one.plan().id) for one in (session, again)] == [wanted, wanted]
