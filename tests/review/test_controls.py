from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError
from labelscope.review.controls import HIDDEN, Controls


@pytest.fixture
def large(build):
    """400 rows of 4 classes; one row in ten is flagged, and its suggestion is right."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 400)
    wrong = rng.random(400) < 0.1
    given = np.where(wrong, (true + 1) % 4, true)
    suspicion = np.where(wrong, 0.9, 0.02) + rng.uniform(0, 0.05, 400)
    return build(given, suspicion=suspicion, suggested=true)


def walk(audit, answer, looks, seed, rate=0.03):
    """Decide `looks` rows; return after how many nodding was noticed, or None, and the session."""
    session = ls.Session(audit, journal=None, reviewer="ada")
    controls = Controls(session, rate, seed)
    for look, row in enumerate(session.queue()[:looks].tolist(), start=1):
        session.accept(row)
        control = controls.next()
        if control is not None:
            controls.answer(control.id, *answer(control))
            if controls.noticed:
                return look, session, controls
    return None, session, controls


def test_a_reviewer_who_only_presses_enter_is_noticed_within_100_decisions(large):
    found = [walk(large, lambda control: ("accept",), 100, seed)[0] for seed in range(200)]
    assert sum(look is not None for look in found) >= 190


def test_a_careful_reviewer_is_not(large):
    alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        alarms += (
            walk(large, lambda _, rng=rng: ("accept" if rng.random() < 0.02 else "keep",), 150, seed)[0]
            is not None
        )
    assert alarms <= 4


def test_who_starts_to_nod_later_is_noticed_as_fast(large):
    for seed in range(8):
        session = ls.Session(large, journal=None, reviewer="ada")
        controls, noticed = Controls(session, 0.03, seed), None
        for look, row in enumerate(session.queue().tolist()[:320]):
            session.accept(row)
            control = controls.next()
            if control is not None:
                controls.answer(control.id, "keep" if look < 200 else "accept")
            if controls.noticed and noticed is None:
                noticed = look
        assert noticed is not None and noticed < 310


def test_a_control_never_changes_a_label(large):
    _, session, controls = walk(large, lambda _: ("accept",), 100, 0)
    told = [event for event in session.events if event.kind == "voted"]
    assert told and controls.acceptance().wrong_accepted == len(told)
    for event in told:
        assert session.state.state[event.rows[0]] == 0
        assert session.state.current[event.rows[0]] == session.state.given[event.rows[0]]
        assert event.after != event.before and not event.data["passed"]
    session.undo()
    assert session.events[-1].data["reverts"] != told[-1].batch


def test_planted_suggestions_are_wrong_and_their_rows_sure(large):
    for seed in range(30):
        session = ls.Session(large, journal=None)
        controls = Controls(session, 0.03, seed)
        session.keep(list(range(2)))
        while (control := controls.next()) is None:
            session.keep(int(session.queue(n=1)[0]))
        label = session.state.classes[session.state.current[control.row]]
        assert control.suggested != label and not session.flagged[control.row]


def test_hidden_and_known_ones_come_later(large):
    kinds = set()
    for seed in range(12):
        _, session, _ = walk(large, lambda _: ("keep",), 300, seed)
        kinds |= {event.data["control"] for event in session.events if event.kind == "voted"}
        for event in session.events:
            if event.kind == "voted" and event.data["control"] == HIDDEN:
                assert event.data["suggested"] is None
    assert kinds == {"planted_suggestion", "known_label", "hidden_suggestion"}


def test_acceptance_with_its_interval(large):
    _, _, controls = walk(large, lambda _: ("keep",), 200, 0)
    found = controls.acceptance()
    assert found.wrong_accepted == 0 == found.low and found.n >= 3 and 0.3 < found.high < 0.75


def test_what_was_noticed_survives_a_restart(large, path):
    session = ls.Session(large, journal=path, reviewer="ada")
    controls = Controls(session, 0.03, 0)
    for row in session.queue().tolist()[:100]:
        session.accept(row)
        control = controls.next()
        if control is not None:
            controls.answer(control.id, "accept")
    again = Controls(ls.Session(large, journal=path, reviewer="ada"), 0.03, 0)
    assert again.noticed and again.noticed == controls.noticed and again.acceptance() == controls.acceptance()
    other = Controls(ls.Session(large, journal=path, reviewer="bo"), 0.03, 0)
    assert other.noticed is None and other.acceptance() is None


def test_after_answers_that_pass_it_is_forgiven(large):
    _, session, controls = walk(large, lambda _: ("accept",), 100, 0)
    assert controls.noticed
    for row in session.queue().tolist()[:300]:
        session.accept(row)
        control = controls.next()
        if control is not None:
            controls.answer(control.id, "keep")
    assert controls.noticed is None


def test_forged_and_replayed_answers_are_refused(large):
    session = ls.Session(large, journal=None)
    controls = Controls(session, 0.03, 0)
    with pytest.raises(InvalidInputError, match="no control"):
        controls.answer("0" * 24, "keep")
    while (control := controls.next()) is None:
        session.keep(int(session.queue(n=1)[0]))
    assert controls.next() is control
    with pytest.raises(InvalidInputError, match="verdict"):
        controls.answer(control.id, "agree")
    with pytest.raises(InvalidInputError, match="label"):
        controls.answer(control.id, "relabel", "cow")
    assert not any(event.kind == "voted" for event in session.events)
    label = session.state.classes[session.state.current[control.row]]
    assert controls.answer(control.id, "relabel", label).passed
    with pytest.raises(InvalidInputError, match="closed"):
        controls.answer(control.id, "keep")


@pytest.mark.parametrize("rate", [-0.1, 0.6, float("nan"), "0.03", True, None])
def test_rates_that_are_none(session, rate):
    with pytest.raises(InvalidInputError):
        Controls(session, rate)


def test_without_a_rate_or_without_sure_rows_there_are_none(large, session):
    assert walk(large, lambda _: ("accept",), 100, 0, rate=0)[2].acceptance() is None
    for row in range(12):
        session.keep(row)
        assert Controls(session, 0.5).next() is None or row < 11
