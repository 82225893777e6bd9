from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.gates import (
    BINS,
    LOSS_GATE,
    fit_mixture,
    fitted_gate,
    gate_history,
    gate_of,
    reset_gate,
    set_gate,
)


@pytest.fixture
def two_groups(build):
    rng = np.random.default_rng(0)
    wrong = np.arange(1000) < 100
    suspicion = np.where(wrong, rng.beta(12, 3, 1000), rng.beta(2, 30, 1000))
    return ls.Session(build(n=1000, suspicion=suspicion), journal=None, reviewer="ada")


def test_two_groups_are_told_apart(two_groups):
    gate = gate_of(two_groups)
    assert len(gate.counts) == len(gate.clean) == len(gate.wrong) == BINS and sum(gate.counts) == 1000
    assert sum(gate.wrong) == pytest.approx(100, rel=0.1)
    assert sum(gate.clean) + sum(gate.wrong) == pytest.approx(1000)


@pytest.mark.parametrize(("a", "b"), [(2, 30), (1, 1), (4, 4)])
def test_one_group_is_not_parted(a, b):
    counts = np.histogram(np.random.default_rng(1).beta(a, b, 2000), bins=BINS, range=(0, 1))[0]
    assert [len(part) for part in fit_mixture(counts)] == [0, 0]


@pytest.mark.parametrize("counts", [np.zeros(64), np.eye(1, 64)[0] * 500, np.r_[3, np.zeros(62), 3]])
def test_too_little_is_not_parted(counts):
    assert [len(part) for part in fit_mixture(counts)] == [0, 0]


def test_the_gate_is_kept_in_the_journal_and_is_no_undo_step(build, path):
    audit = build(n=100)
    session = ls.Session(audit, journal=path, reviewer="ada")
    start = gate_of(session).at
    assert start == pytest.approx(0.7)
    session.keep(0)
    set_gate(session, 0.25)
    (event,) = set_gate(session, np.float32(0.5))
    assert event.kind == "gate_set" and event.data == {"at": 0.5, "before": 0.25} and event.rows == ()
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert gate_of(again).at == 0.5
    again.undo()
    assert again.state.state[0] == 0 and gate_of(again).at == 0.5 and not again.can_undo


def test_what_is_above(two_groups):
    set_gate(two_groups, 0.5)
    gate = gate_of(two_groups)
    rows = two_groups.queue("gate")
    assert gate.n_above == len(rows) == (two_groups.suspicion >= 0.5).sum()
    assert (np.diff(two_groups.suspicion[rows]) <= 0).all()
    assert 0 <= gate.expected_right < 20
    two_groups.keep(rows[:10])
    assert gate_of(two_groups).n_above == len(rows) - 10
    assert two_groups.queue("gate")[-10:].tolist() == rows[:10].tolist()
    set_gate(two_groups, 0)
    assert len(two_groups.queue("gate")) == 1000
    set_gate(two_groups, 1)
    assert gate_of(two_groups).n_above == 0


@pytest.mark.parametrize("at", [-0.01, 1.01, float("nan"), float("inf")])
def test_outside(session, at):
    with pytest.raises(InvalidInputError):
        set_gate(session, at)
    with pytest.raises(InvalidInputError):
        ls.queues.AboveGate(at=at)
    assert session.events == ()


@pytest.mark.parametrize("at", ["0.5", None, True, [0.5]])
def test_no_number(session, at):
    with pytest.raises(InvalidTypeError):
        set_gate(session, at)


@pytest.fixture(scope="module")
def noisy():
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1, 2], 100)
    X = rng.normal(size=(300, 4)) + 5 * np.eye(3, 4)[y]
    wrong = rng.random(300) < 0.15
    return X, np.where(wrong, (y + 1) % 3, y), wrong


def test_the_loss_gate_is_the_gate(noisy):
    X, y, wrong = noisy
    session = ls.Session(ls.audit(X, y, scorers="dynamic_loss_gate"), journal=None, reviewer="ada")
    score = session.audit.scores[LOSS_GATE]
    gate = gate_of(session)
    assert gate.at == fitted_gate(session) == score.meta["gate"]
    assert gate.n_above == score.flagged.sum() == pytest.approx(wrong.sum(), abs=4)
    assert sum(gate.wrong) == pytest.approx(wrong.sum(), rel=0.15)
    assert np.add(gate.clean, gate.wrong) == pytest.approx(gate.counts)
    found = gate_history(session)
    assert [entry["kind"] for entry in found] == ["fitted"] * len(score.meta["history"])
    assert {"gate", "weight", "low", "high", "low_deviation", "high_deviation"} <= set(found[0])


def test_a_moved_loss_gate_is_reset_to_where_it_was_fitted(noisy, path):
    X, y, _ = noisy
    audit = ls.audit(X, y, scorers="dynamic_loss_gate")
    session = ls.Session(audit, journal=path, reviewer="ada")
    start = gate_of(session).at
    set_gate(session, 0.9)
    assert gate_of(session).at == 0.9 and gate_of(ls.Session(audit, journal=path)).at == 0.9
    (event,) = reset_gate(session)
    assert event.data["before"] == 0.9 and event.data["at"] == start
    assert gate_of(session).at == start and gate_of(ls.Session(audit, journal=path)).at == start
    set_gate(session, 0.2)
    assert gate_of(session).at == 0.2
    assert [(one["kind"], one["at"]) for one in gate_history(session)[-3:]] == [
        ("set", 0.9),
        ("reset", start),
        ("set", 0.2),
    ]
    assert not session.can_undo


def test_a_gate_set_by_hand_holds_until_the_next_fit(noisy, path):
    X, y, _ = noisy
    first = ls.Session(ls.audit(X, y, scorers="dynamic_loss_gate"), journal=path)
    set_gate(first, 0.8)
    again = ls.Session(ls.audit(X, y, scorers="dynamic_loss_gate"), journal=path)
    assert gate_of(again).at == 0.8
    other = ls.audit(X, y, scorers=ls.scorers.DynamicLossGate(statistic="log_loss", n_rounds=1, cap=False))
    refitted = ls.Session(other, journal=path)
    assert gate_of(refitted).at == fitted_gate(refitted)
    set_gate(refitted, 0.7)
    assert gate_of(refitted).at == 0.7


def test_beside_another_order_the_gate_lets_as_many_rows_pass(noisy):
    X, y, _ = noisy
    session = ls.Session(ls.audit(X, y, scorers=["auto", "dynamic_loss_gate"]), journal=None)
    n_above = int(session.audit.scores[LOSS_GATE].flagged.sum())
    assert session.audit.main is session.audit.scores["auto"]
    assert gate_of(session).n_above == n_above


def test_without_a_second_mode_the_gate_is_what_it_was(noisy):
    X, _, _ = noisy
    y = np.repeat([0, 1, 2], 100)
    session = ls.Session(ls.audit(X, y, scorers="dynamic_loss_gate"), journal=None)
    assert not session.audit.main.meta["second_mode"]
    assert gate_of(session).at == 0.5 and gate_of(session).n_above == 0
