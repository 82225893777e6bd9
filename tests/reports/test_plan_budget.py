"""The budget report: of arrays, evidence and a session, and what it says about its own numbers."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    MissingEvidenceError,
    TaskError,
)
from labelscope.reports import BudgetSettings, plan_budget
from labelscope.review.queues import Elicitation
from labelscope.types import Evidence

NAMES = np.array(["ham", "spam"])


def rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    X = (rng.normal(size=(n, 4)) + 1.5 * np.eye(2, 4)[y]).astype(np.float32)
    return X, NAMES[y], NAMES[np.where(rng.random(n) < 0.25, 1 - y, y)]


@pytest.fixture(scope="module")
def found():
    X, y, cheap = rows()
    return plan_budget(
        features=X, cheap_labels=cheap, verified_labels=y, verified=np.arange(600) < 150, budgets=(20, 80)
    )


def test_every_number_says_what_it_rests_on(found):
    text = found.to_markdown()
    for words in ("Recommendation", "The next label", "Cost against accuracy", "estimated", "measured"):
        assert words in text
    assert "150 verified rows" in text and "no probe was trained on" in text
    assert all(one.regime in text for one in found.advice)
    assert "<script" not in found.to_html()
    assert found.measured_on == "it is not known how they were chosen" and found.measured_on in text


def test_the_advice_becomes_a_queue(found):
    queue, n = found.queue(80)
    assert isinstance(queue, Elicitation) and n == 0 < found.at(80).best.n_verified
    X, y, cheap = rows()
    more = plan_budget(
        features=X, cheap_labels=cheap, verified_labels=y, verified=np.arange(600) < 150, budgets=(400,)
    )
    assert more.queue(400)[1] == more.at(400).best.n_verified - 150 > 0, "the pilot's 150 are paid for"
    with pytest.raises(InvalidInputError, match="no budget 30"):
        found.queue(30)


def test_a_panel_can_draw_it(found):
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert [one["budget"] for one in told["budgets"]] == [20, 80]
    costs = [one["cost"] for one in told["frontier"]]
    assert costs == sorted(costs) and told["n_tested"] == 150
    assert {one["accuracy"]["measured"] for one in told["budgets"][0]["splits"]} == {True, False}


def test_missing_entries_and_a_mask_say_the_same(found):
    X, y, cheap = rows()
    gaps = [label if row < 150 else None for row, label in enumerate(y)]
    again = plan_budget(features=X, cheap_labels=cheap, verified_labels=gaps, budgets=(20, 80))
    assert again.to_json() == found.to_json()
    codes = Evidence(
        features=X, classes=NAMES, given_labels=np.searchsorted(NAMES, cheap),
        current=np.searchsorted(NAMES, y), verified=np.arange(600) < 150,
    )  # fmt: skip
    assert plan_budget(codes, budgets=(20, 80)).to_json() == found.to_json()


def test_rows_chosen_with_known_chances_are_weighed():
    """Verified rows that are mostly hard ones: unweighed, accuracy is taken for lower than it is."""
    X, y, cheap = rows(3000, seed=2)
    codes = np.searchsorted(NAMES, y)
    hard = np.abs(X[:, 0] - X[:, 1]) < 0.7
    chance = np.where(hard, 0.4, 0.05)
    looked = np.random.default_rng(0).random(3000) < chance
    evidence = Evidence(
        features=X, classes=NAMES, given_labels=np.searchsorted(NAMES, cheap), current=codes, verified=looked
    )
    plain = plan_budget(evidence, budgets=(100,))
    fair = plan_budget(evidence.including(inclusion=chance), budgets=(100,))
    best = ((X[:, 1] > X[:, 0]) == codes).mean()
    gap = [abs(one.at(100).best.accuracy.value - best) for one in (plain, fair)]
    assert gap[1] < 0.06 < gap[0]


def test_of_a_session_the_review_is_the_verified_kind():
    X, y, cheap = rows(400, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        session = ls.Session(ls.audit(X, cheap), journal=None)
    session.relabel(np.arange(300, 400), y[300:].tolist(), source="teacher")
    with pytest.raises(InvalidInputError, match="0 rows are verified"), pytest.warns(LabelscopeWarning):
        plan_budget(session)
    order = np.random.default_rng(0).permutation(300)[:120]
    session.relabel(order, y[order].tolist())
    with pytest.warns(LabelscopeWarning, match="Fewer than twenty verified rows were drawn by chance"):
        found = plan_budget(session, budgets=(200,))
    assert found.measured_on == "chosen by people" and found.plan.n_tested == 120
    queue, n = found.queue(200)
    chosen = session.queue(queue, n)
    assert len(chosen) == n > 0 and not set(chosen.tolist()) & set(order.tolist())


def test_rows_drawn_by_chance_alone_are_measured_on():
    X, y, cheap = rows(500, seed=4)
    lucky = np.arange(500) < 60
    evidence = Evidence(
        features=X, classes=NAMES, given_labels=np.searchsorted(NAMES, cheap),
        current=np.searchsorted(NAMES, y), verified=np.arange(500) < 200, verified_by_chance=lucky,
    )  # fmt: skip
    with pytest.warns(LabelscopeWarning, match="60 verified rows"):
        found = plan_budget(evidence, budgets=(20,))
    assert found.measured_on == "drawn by chance" and found.plan.n_tested == 60


def test_prior_probabilities_are_where_the_probe_starts():
    X, y, cheap = rows()
    p = 1 / (1 + np.exp(-1.5 * (X[:, 1] - X[:, 0])))
    more = {"features": X, "cheap_labels": cheap, "verified_labels": y, "verified": np.arange(600) < 150}
    helped = plan_budget(**more, prior_probs=np.c_[1 - p, p], budgets=(16,))
    assert helped.plan.grids["sequential"].floor > 0.8
    for bad in (np.ones((600, 3)) / 3, np.ones(600), np.full((600, 2), np.nan), -np.ones((600, 2))):
        with pytest.raises(InvalidInputError, match="prior_probs"):
            plan_budget(**more, prior_probs=bad)


def test_what_is_refused():
    X, y, cheap = rows(100)
    whole = {"features": X, "cheap_labels": cheap, "verified_labels": y, "verified": np.arange(100) < 50}
    for name in ("features", "cheap_labels", "verified_labels"):
        with pytest.raises(MissingEvidenceError, match=name):
            plan_budget(**{**whole, name: None})
    with pytest.raises(InvalidInputError, match="verified_labels has 3"):
        plan_budget(**{**whole, "verified_labels": ["ham", "spam", "ham"]})
    with pytest.raises(InvalidInputError, match="verified has the shape"):
        plan_budget(**{**whole, "verified": [True]})
    with pytest.raises(InvalidInputError, match="buys nothing"):
        plan_budget(**whole, budgets=(0,))
    with pytest.raises(InvalidInputError, match="cost_verified is 0"):
        plan_budget(**whole, cost_verified=0)
    with pytest.raises(InvalidTypeError, match="BudgetSettings"):
        plan_budget(**whole, settings={"n_repeats": 3})
    with pytest.raises(InvalidTypeError, match="Both a source and arrays"):
        plan_budget(Evidence(features=X), features=X)
    with pytest.raises(InvalidTypeError, match="Session or Evidence"):
        plan_budget("labels.csv")
    with pytest.raises(MissingEvidenceError):
        plan_budget(Evidence(features=X))
    with pytest.raises(InvalidInputError, match="one class"):
        plan_budget(**{**whole, "verified_labels": ["ham"] * 100})
    with pytest.raises(InvalidInputError, match="inclusion"):
        plan_budget(
            Evidence(
                features=X, classes=NAMES, given_labels=np.zeros(100, int), current=np.zeros(100, int),
                verified=np.ones(100, bool), inclusion=np.zeros(100),
            )
        )  # fmt: skip


def test_tags_are_planned_one_at_a_time():
    X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        session = ls.Session(ls.audit(X, [{"a"} if row % 2 else {"b"} for row in range(40)]), journal=None)
    with pytest.raises(TaskError):
        plan_budget(session)


def test_settings_reach_the_plan():
    X, y, cheap = rows(300)
    found = plan_budget(
        features=X, cheap_labels=cheap, verified_labels=y, verified=np.arange(300) < 120, budgets=(5000,),
        settings=BudgetSettings(n_cheap_available=1000, n_verified_available=90, methods=("pooled",)),
    )  # fmt: skip
    one = found.at(5000)
    assert one.all_cheap.n_cheap == 1000 and one.all_verified.n_verified == 90 and one.best.method == "pooled"
    assert one.all_verified.cost == 90
