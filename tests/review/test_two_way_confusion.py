"""Rows between two classes come pair by pair."""

from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.review.queues import TwoWayConfusion, by_name
from labelscope.scorers import ShrunkClassSpace
from labelscope.testing import check_policy
from labelscope.types import Evidence


def evidence(seed=0, n=80, **more):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(4, 0.25), n)
    state = rng.integers(0, 2, n)
    return Evidence(
        classes=np.array(["a", "b", "c", "d"]), pred_probs=probs, suspicion=rng.random(n), state=state, **more
    )


def test_queue_keeps_the_contract():
    check_policy(TwoWayConfusion())
    check_policy(TwoWayConfusion(between=(0, 2)))
    assert by_name("two_way_confusion") == by_name("TwoWayConfusion") == TwoWayConfusion()


def test_order_equals_a_slow_sort():
    given = evidence()
    codes = np.zeros(80, dtype=int)
    found = ShrunkClassSpace().score(Evidence(given_labels=codes, pred_probs=given["pred_probs"]))
    sets = [tuple(np.flatnonzero(row)) for row in found.details["candidates"]]
    left = {s: sum(t == s and given["state"][i] == 0 for i, t in enumerate(sets)) for s in sets}
    rows = [i for i in range(80) if len(sets[i]) == 2]
    rows.sort(key=lambda i: (-left[sets[i]], sets[i], given["state"][i] != 0, -given["suspicion"][i]))
    ranking = TwoWayConfusion().order(given)
    assert len(rows) > 10 and ranking.rows.tolist() == rows
    assert ranking.meta["n_left"] == sum(given["state"][i] == 0 for i in rows)
    assert TwoWayConfusion().order(given, 3).rows.tolist() == rows[:3]
    by_score = given.including(candidates=found.details["candidates"])
    assert TwoWayConfusion(tau=0.6).order(by_score).rows.tolist() == rows
    pair = ranking.meta["pairs"][0][:2]
    one = TwoWayConfusion(between=pair[::-1]).order(given)
    assert {sets[i] for i in one.rows} == {tuple("abcd".index(name) for name in pair)}
    assert one.rows.tolist() == [i for i in rows if sets[i] == sets[one.rows[0]]]


def test_of_two_classes_every_uncertain_row_is_between_them():
    given = Evidence(
        classes=np.array([0, 1]), pred_probs=np.array([[0.6, 0.4], [0.99, 0.01]]), suspicion=np.ones(2)
    )
    assert TwoWayConfusion().order(given).rows.tolist() == [0]


def test_what_cannot_be_asked_is_refused():
    for wrong in ({"tau": 0.5}, {"between": ("a", "a")}):
        with pytest.raises(InvalidInputError):
            TwoWayConfusion(**wrong)
    with pytest.raises(InvalidInputError, match="label"):
        TwoWayConfusion(between=("a", "x")).order(evidence())
    with pytest.raises(MissingEvidenceError):
        TwoWayConfusion().order(Evidence(classes=np.arange(2), suspicion=np.ones(2)))
    with pytest.raises(InvalidInputError, match="classes"):
        TwoWayConfusion().order(evidence().including(classes=np.array(["a"])))


def test_a_session_lists_rows_between_two_classes():
    rng = np.random.default_rng(7)
    true = np.arange(150) % 3
    probs = 0.02 + 0.96 * np.eye(3)[true]
    torn = np.arange(0, 60, 3)  # of class 0, which look like class 1 as well
    probs[torn] = [0.5, 0.49, 0.01]
    audit = ls.audit(rng.normal(size=(150, 4)), true, pred_probs=probs / probs.sum(axis=1, keepdims=True))
    session = ls.Session(audit, journal=None)
    assert sorted(session.queue("two_way_confusion").tolist()) == torn.tolist()
    session.keep([0])
    assert session.queue(TwoWayConfusion(between=(1, 0)))[-1] == 0
