from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.review.pages import open_page, page_done
from labelscope.review.planning import UNCHECKED, caught_share, moved_by_verdicts
from labelscope.review.queues import ReviewPlan, by_name
from labelscope.testing import check_policy
from labelscope.types import Evidence


def evidence_of(n=3000, k=6, seed=21, **more):
    rng = np.random.default_rng(seed)
    given = rng.choice(k, n, p=(w := 1 / np.arange(1, k + 1)) / w.sum())
    return Evidence(
        given_labels=given, suggested=(given + (rng.random(n) < 0.3)) % k, suspicion=rng.beta(0.3, 4, n),
        flagged=rng.random(n) < 0.1, state=np.zeros(n, np.uint8), **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    "policy",
    [
        ReviewPlan(),
        ReviewPlan(budget=50, page=7, reviewers=3, overlap=0.5, self_overlap=0.5),
        ReviewPlan(target_accuracy=0.9, tail_quota=0.3, group_by="given"),
    ],
)
def test_the_contract_of_queues(policy):
    with pytest.warns(LabelscopeWarning) if policy.reviewers == ("reviewer 1",) else nullcontext():
        check_policy(policy)
    assert by_name("review_plan") == ReviewPlan()


def test_pages_are_of_one_class_and_hold_the_most_suspicious_rows():
    evidence = evidence_of()
    plan = ReviewPlan(budget=600, reviewers=["ada", "bob", "eve"]).plan(evidence)
    assert plan.reviewers == ("ada", "bob", "eve") and plan.mean == "suggested"
    doubt = evidence["suspicion"]
    assert plan.rows.tolist() == np.argsort(-doubt, kind="stable")[:600].tolist()
    firsts = []
    for page in plan.pages:
        assert len(page.rows) <= 60 and len(np.unique(page.rows)) == len(page.rows)
        assert (evidence["suggested"][page.rows] == page.label).all()
        assert page.expected_errors == pytest.approx(doubt[page.rows].sum())
        firsts += page.rows[~page.copies].tolist()
    assert sorted(firsts) == sorted(plan.rows.tolist())  # everybody's pages together, each row once
    shares = [sum((~page.copies).sum() for page in plan.pages_of(name)) for name in plan.reviewers]
    assert max(shares) - min(shares) <= 60
    assert plan.n_looks == 600 + plan.n_copies + plan.n_self


def test_copies_are_hidden_and_never_near():
    evidence = evidence_of()
    plan = ReviewPlan(budget=1200, page=30, overlap=0.2, self_overlap=0.25, reviewers=3).plan(evidence)
    assert plan.n_copies == 180 and plan.n_self == 60
    seen: dict[int, list[tuple[str, int]]] = {}
    for name in plan.reviewers:
        for place, page in enumerate(plan.pages_of(name)):
            for row in page.rows.tolist():
                seen.setdefault(row, []).append((name, place))
    twice = [looks for looks in seen.values() if len(looks) > 1]
    assert all(len(looks) == 2 for looks in twice) and len(twice) == 240
    same = [looks for looks in twice if looks[0][0] == looks[1][0]]
    assert len(same) == 60 and all(abs(a[1] - b[1]) >= 2 for a, b in same)
    # Places on the page tell nothing: copies are as early as others.
    places = [np.flatnonzero(page.copies) / len(page.rows) for page in plan.pages if page.copies.any()]
    assert abs(np.concatenate(places).mean() - 0.5) < 0.08


def test_the_seed_decides():
    evidence = evidence_of()
    one, two = (ReviewPlan(budget=300, reviewers=2, random_state=seed).plan(evidence) for seed in (1, 1))
    other = ReviewPlan(budget=300, reviewers=2, random_state=2).plan(evidence)
    assert [page.rows.tolist() for page in one.pages] == [page.rows.tolist() for page in two.pages]
    assert [page.rows.tolist() for page in one.pages] != [page.rows.tolist() for page in other.pages]
    assert one.rows.tolist() == other.rows.tolist()


def test_budget_and_target():
    evidence = evidence_of()
    risk = np.sort(evidence["suspicion"])[::-1]
    assert len(ReviewPlan(budget=0.1, reviewers=2).plan(evidence).rows) == 300
    assert len(ReviewPlan(budget=0, reviewers=2).plan(evidence).rows) == 0
    assert len(ReviewPlan(budget=99_999, reviewers=2).plan(evidence).rows) == 3000
    assert len(ReviewPlan(reviewers=2).plan(evidence).rows) == evidence["flagged"].sum()
    assert len(ReviewPlan(budget=500, reviewers=2).order(evidence, 20).rows) == 20
    for error in (0.0, 0.01):
        plan = ReviewPlan(target_accuracy=0.97, reviewer_error=error, reviewers=2).plan(evidence)
        n = len(plan.rows)
        after = [1 - (risk[m:].sum() + error * m) / 3000 for m in (n - 1, n)]
        assert after[0] < 0.97 <= after[1] and plan.accuracy_after == pytest.approx(after[1])
    quota = ReviewPlan(target_accuracy=0.97, tail_quota=0.5, reviewers=2).plan(evidence)
    assert quota.accuracy_after >= 0.97 - 1e-9
    with pytest.warns(LabelscopeWarning, match="out of reach"):
        plan = ReviewPlan(target_accuracy=0.9999, reviewer_error=0.02, reviewers=2).plan(evidence)
    assert (risk[: len(plan.rows)] > 0.0199).all() and risk[len(plan.rows)] < 0.0201


def test_what_is_planned_is_the_sum_of_suspicion():
    evidence = evidence_of()
    plan = ReviewPlan(budget=300, reviewers=2).plan(evidence)
    risk = evidence["suspicion"]
    assert plan.caught.value == pytest.approx(risk[plan.rows].sum() / risk.sum())
    assert plan.caught.low < plan.caught.value < plan.caught.high and not plan.caught.measured
    assert plan.accuracy_before == pytest.approx(1 - risk.mean())
    items, caught, after = map(np.array, zip(*plan.curve, strict=True))
    assert items[0] == 0 and caught[0] == 0 and items[-1] == 3000 and caught[-1] == pytest.approx(1)
    assert (np.diff(caught) >= 0).all() and after[-1] == pytest.approx(1)
    assert np.interp(300, items, caught) == pytest.approx(plan.caught.value, abs=0.02)
    assert caught_share(np.zeros(3), np.array([0])).high == 1.0


def test_the_interval_of_the_catch_covers():
    rng = np.random.default_rng(22)
    risk = rng.beta(0.4, 6, 4000)
    rows = np.argsort(-risk)[:400]
    found = caught_share(risk, rows)
    inside = 0
    for _ in range(400):
        wrong = rng.random(4000) < risk
        inside += found.low <= wrong[rows].sum() / wrong.sum() <= found.high
    assert 0.86 < inside / 400 < 0.94


def test_small_classes_get_their_quota():
    rng = np.random.default_rng(23)
    n, k = 4000, 10
    true = rng.choice(k, n, p=(w := 1 / np.arange(1, k + 1) ** 2) / w.sum())
    small = true >= 6
    probs = np.full((n, k), 0.02) + rng.random((n, k)) * 0.01
    given = np.where(small & (rng.random(n) < 0.5), 0, true)  # swallowed by the largest class
    probs[np.arange(n), given] += 0.6
    probs[np.arange(n), true] += 0.25
    probs /= probs.sum(axis=1, keepdims=True)
    evidence = Evidence(
        given_labels=given, suggested=given, pred_probs=probs, classes=np.arange(k),
        suspicion=np.clip(1 - probs[np.arange(n), given] + rng.normal(0, 0.1, n), 0.01, 0.99),
    )  # fmt: skip
    wrong = given != true
    plain = ReviewPlan(budget=150, reviewers=2).plan(evidence)
    fair = ReviewPlan(budget=150, tail_quota=0.5, reviewers=2).plan(evidence)
    assert plain.n_tail == 0 and 0 < fair.n_tail <= 75 and len(fair.rows) == 150
    assert (wrong & small)[fair.rows].sum() > 1.3 * (wrong & small)[plain.rows].sum()


def test_verdicts_move_the_plan():
    rng = np.random.default_rng(24)
    suspicion = rng.beta(0.5, 3, 4000)
    wrong = rng.random(4000) < suspicion / 3  # three times fewer than it says
    state = np.where(np.arange(4000) < 1500, np.where(wrong, 1, 2), 0).astype(np.uint8)
    given = rng.integers(5, size=4000)
    rest = state == 0
    moved = moved_by_verdicts(suspicion, given, state)
    assert (
        abs(moved[rest].mean() / wrong[rest].mean() - 1)
        < 0.15
        < suspicion[rest].mean() / wrong[rest].mean() - 1
    )
    assert moved_by_verdicts(suspicion, given, np.zeros(4000, int)) is suspicion
    # People who break a tenth of the right labels make the model look worse than it is.
    said = wrong ^ (rng.random(4000) < 0.1)
    state = np.where(np.arange(4000) < 1500, np.where(said, 1, 2), 0).astype(np.uint8)
    naive, fair = (moved_by_verdicts(suspicion, given, state, error)[rest].mean() for error in (0.0, 0.1))
    assert abs(fair - wrong[rest].mean()) < 0.5 * abs(naive - wrong[rest].mean())


def test_one_reviewer_gets_own_copies_and_is_told():
    with pytest.warns(LabelscopeWarning, match="nobody else"):
        plan = ReviewPlan(budget=600, page=20, overlap=0.2).plan(evidence_of())
    assert plan.n_copies == 0 and plan.n_self == round(0.14 * 120)
    with pytest.warns(LabelscopeWarning) as told:
        plan = ReviewPlan(budget=10, self_overlap=1.0, overlap=1.0, group_by=None).plan(evidence_of())
    assert plan.n_self == 0 and any("0 of 10 copies" in str(one.message) for one in told)


def test_bad_input():
    for wrong in (
        {"budget": -1}, {"budget": True}, {"target_accuracy": 0}, {"target_accuracy": 1.2}, {"page": 0},
        {"budget": 3, "target_accuracy": 0.9}, {"group_by": "sugested"}, {"overlap": 1.5}, {"reviewers": 0},
        {"reviewers": ["ada", "ada"]}, {"reviewers": "ada"}, {"reviewers": []}, {"reviewer_error": 1.0},
        {"tail_quota": -0.1},
    ):  # fmt: skip
        with pytest.raises(InvalidInputError):
            ReviewPlan(**wrong)
    with pytest.raises(InvalidInputError, match="predicted"):
        ReviewPlan(group_by="predict")
    bare = Evidence(given_labels=np.zeros(3, int), suspicion=np.zeros(3))
    with pytest.raises(MissingEvidenceError, match="suggested"):
        ReviewPlan().plan(bare)
    with pytest.raises(InvalidInputError, match="NaN"):
        ReviewPlan(group_by="given").plan(bare.including(suspicion=np.array([0, np.nan, 1])))
    with pytest.raises(InvalidInputError, match="no codes"):
        ReviewPlan().plan(bare.including(given_labels=np.zeros((3, 2), int)))
    plan = ReviewPlan(budget=3, reviewers=["ada", "bob"], group_by="given").plan(bare)
    with pytest.raises(InvalidInputError, match="eve"):
        plan.pages_of("eve")


def test_unlabelled_and_decided_rows_are_left_out():
    evidence = evidence_of()
    given = evidence["given_labels"].copy()
    given[:500] = -1
    state = np.zeros(3000, np.uint8)
    state[500:1000] = 2
    plan = ReviewPlan(budget=5000, reviewers=2).plan(evidence.including(given_labels=given, state=state))
    assert sorted(plan.rows.tolist()) == list(range(1000, 3000))


def test_pages_can_be_opened_and_closed(build):
    given = np.arange(240) % 3
    audit = build(given, suspicion=np.linspace(0.9, 0.1, 240), suggested=(given + 1) % 3)
    session = ls.Session(audit, journal=None, reviewer="ada")
    from labelscope.review.controls import Controls

    plan = ReviewPlan(budget=120, page=20, reviewers=["ada", "bob"]).plan(session.evidence())
    for page in plan.pages_of("ada"):
        opened = open_page(session, page.rows, plan.mean, Controls(session, 0))
        page_done(session, page.rows, {}, plan.mean, 30.0, opened.token)
        assert (session.state.current[page.rows] == page.label).all()
    assert len(session.queue(ReviewPlan(budget=120, reviewers=2))) == 120


def test_the_interval_allows_for_suspicion_that_is_off():
    rng = np.random.default_rng(26)
    said = rng.beta(0.4, 6, 4000)
    rows = np.argsort(-said)[:400]
    logit = np.log(said / (1 - said))
    inside, blind = 0, 0
    for _ in range(300):
        truth = 1 / (1 + np.exp(-(rng.normal(0, 0.5) + rng.normal(1, 0.3) * logit)))
        wrong = rng.random(4000) < truth
        caught = wrong[rows].sum() / wrong.sum()
        for_sure, found = caught_share(said, rows), caught_share(said, rows, UNCHECKED)
        inside += found.low <= caught <= found.high
        blind += for_sure.low <= caught <= for_sure.high
    assert 0.85 < inside / 300 < 0.97 and blind / 300 < 0.6


def test_verdicts_narrow_the_interval_and_those_of_methods_do_not():
    rng = np.random.default_rng(27)
    suspicion = rng.beta(0.5, 3, 4000)
    wrong = rng.random(4000) < suspicion
    state = np.where(np.arange(4000) < 1500, np.where(wrong, 1, 2), 0).astype(np.uint8)
    evidence = Evidence(
        given_labels=np.zeros(4000, int), suggested=np.ones(4000, int), suspicion=suspicion, state=state
    )
    plan = ReviewPlan(budget=200, reviewers=2)
    wide = plan.plan(evidence.including(verified=np.zeros(4000, bool))).caught
    narrow = plan.plan(evidence.including(verified=state > 0)).caught
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)
