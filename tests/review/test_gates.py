from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.gates import BINS, fit_mixture, gate_of, set_gate


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
