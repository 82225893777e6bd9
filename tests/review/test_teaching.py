"""Ask a teacher: from the first draw to people who contradict it, and every way in which it can go wrong."""

from __future__ import annotations

import json
import math
import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, MissingEvidenceError
from labelscope.review.current_evidence import verified_rows
from labelscope.review.distilling import distill, distilled
from labelscope.review.queues import RobustDistillation, by_name
from labelscope.review.teacher_error import teacher_error as measure
from labelscope.review.teacher_error import wilson
from labelscope.review.teaching import (
    accept_answers,
    answers_of,
    ask,
    contradictions,
    plan_teaching,
    record_answers,
    teacher_error,
    teaching_evidence,
)
from labelscope.testing import check_policy
from labelscope.types import Evidence

NAMES = np.array(["ant", "bee", "cat"])


def drawn(n=240, seed=0, labelled=60):
    rng = np.random.default_rng(seed)
    true = np.arange(n) % 3
    X = (rng.normal(size=(n, 4)) + 2.0 * np.eye(3, 4)[true]).astype(np.float32)
    given = [NAMES[code] if row < labelled else None for row, code in enumerate(true)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return ls.Session(ls.audit(X, given), journal=None, reviewer="ada"), NAMES[true]


@pytest.fixture
def scene():
    return drawn()


# -- the error -------------------------------------------------------------------------------------------


def test_wilson_is_the_root_of_its_definition():
    for share, n, level in ((0.1, 40, 0.95), (0.5, 25, 0.9), (0.02, 300, 0.99)):
        low, high = wilson(share, n, level)
        z = {0.95: 1.6448536, 0.9: 1.2815516, 0.99: 2.3263479}[level]
        for bound in (low, high):
            assert abs(share - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / n), rel=1e-5)
    assert wilson(1.0, 30, 0.95)[1] == 1.0 and wilson(0.0, 30, 0.95)[0] == 0.0


def test_the_upper_bound_holds_as_often_as_it_says():
    rng, held = np.random.default_rng(5), []
    for _ in range(600):
        truth = rng.uniform(0.02, 0.5)
        answers = (rng.random(60) < truth).astype(int)
        found = measure(answers, np.zeros(60, int), np.ones(60, bool))
        held.append(truth <= found.upper)
    assert np.mean(held) >= 0.93


def test_rows_asked_with_unequal_chances_count_by_the_inverse():
    """A teacher that fails on hard rows, which were asked about ten times as often as the others."""
    rng, shares, plain = np.random.default_rng(8), [], []
    for _ in range(200):
        hard = rng.random(2000) < 0.2
        wrong = hard & (rng.random(2000) < 0.8)
        chance = np.where(hard, 0.3, 0.03)
        asked = rng.random(2000) < chance
        found = measure(np.where(asked, wrong, -1), np.zeros(2000, int), asked, inclusion=chance)
        shares.append(found.estimate.value)
        plain.append(measure(np.where(asked, wrong, -1), np.zeros(2000, int), asked).estimate.value)
        assert found.estimate.low <= found.estimate.value <= found.estimate.high
    assert np.mean(shares) == pytest.approx(0.16, abs=0.01)
    assert np.mean(plain) > 0.5


def test_rows_verified_by_chance_are_preferred():
    answers, labels = np.zeros(100, int), np.zeros(100, int)
    labels[:30] = 1
    chosen = measure(answers, labels, np.ones(100, bool), by_chance=np.arange(100) >= 90)
    assert chosen.basis == "chosen by people" and chosen.estimate.value == pytest.approx(0.3)
    lucky = measure(answers, labels, np.ones(100, bool), by_chance=np.arange(100) >= 60)
    assert lucky.basis == "drawn by chance" and lucky.estimate.value == 0 and lucky.n_overlap == 40


def test_too_little_overlap_is_not_measured():
    found = measure(np.zeros(50, int), np.zeros(50, int), np.arange(50) < 19)
    assert found.estimate is None and found.upper is None and found.n_overlap == 19
    assert "not measured" in found.words
    assert measure(np.zeros(50, int), np.zeros(50, int), np.arange(50) < 20).estimate is not None


@pytest.mark.parametrize(
    "bad",
    [
        {"labels": [0]}, {"verified": [True]}, {"inclusion": [0.5]}, {"inclusion": np.zeros(30)},
        {"inclusion": np.full(30, 1.5)}, {"by_chance": [True]}, {"level": 0.4}, {"level": 1.0},
    ],
)  # fmt: skip
def test_bad_arguments_of_the_error(bad):
    good = {"labels": np.zeros(30, int), "verified": np.ones(30, bool), **bad}
    with pytest.raises(InvalidInputError):
        measure(np.zeros(30, int), good.pop("labels"), good.pop("verified"), **good)


# -- the queue -------------------------------------------------------------------------------------------


def some(n=90, k=3, seed=1, **more):
    probs = np.random.default_rng(seed).dirichlet(np.ones(k), n)
    return Evidence(pred_probs=probs, given_labels=np.full(n, -1), classes=np.arange(k), **more)


@pytest.mark.parametrize("policy", [RobustDistillation(), RobustDistillation(teacher_error=0.2)])
def test_the_contract_of_queues(policy):
    check_policy(policy)
    assert by_name("robust_distillation") == RobustDistillation()


def test_without_a_known_error_rows_are_drawn_uniformly():
    ranking = RobustDistillation().order(some(), 10)
    meta = ranking.meta
    assert meta["method"] == "uniform" and "not measured" in meta["why"]
    assert np.allclose(meta["inclusion"], 10 / 90) and len(ranking.rows) == 10
    assert meta["teacher_error"].estimate is None


def test_a_teacher_that_is_always_wrong_is_not_asked():
    ranking = RobustDistillation(teacher_error=1.0).order(some(), 10)
    assert not len(ranking.rows) and ranking.meta["why"].startswith("Not worth")
    labels = np.full(120, -1)
    labels[:30] = 0
    found = RobustDistillation().order(
        some(
            120,
            current=labels,
            teacher_labels=np.where(labels >= 0, 1, -1),
            verified=labels >= 0,
            state=np.where(labels >= 0, 2, 0),
        ),
        10,
    )
    assert not len(found.rows) and found.meta["teacher_error"].estimate.value == 1.0
    tiny = RobustDistillation(teacher_error=0.9).order(some(2), 1)
    assert len(tiny.rows) == 1 and tiny.meta["m"] == 1


def test_one_class_and_equal_gains_are_drawn_alike():
    one = RobustDistillation(teacher_error=0.1).order(some(40, 1), 8)
    assert np.allclose(one.meta["shares"], 1 / 40) and len(one.rows) == 8
    same = RobustDistillation(teacher_error=0.1).order(some(40, 3, gains=np.full(40, 0.5)), 8)
    assert np.allclose(same.meta["inclusion"], 8 / 40)


def test_a_perfect_teacher_is_asked_by_margin():
    evidence = some()
    probs = np.sort(np.asarray(evidence["pred_probs"]), axis=1)
    by_margin = np.argsort(probs[:, -1] - probs[:, -2])[:12]
    ranking = RobustDistillation(teacher_error=0.0).order(evidence, 12)
    assert set(ranking.rows.tolist()) == set(by_margin.tolist())
    assert ranking.meta["m"] == 0 and ranking.meta["support"] == 1


def test_the_draw_is_the_best_of_three_in_the_worst_case():
    for error in (0.05, 0.2, 0.5):
        worst = RobustDistillation(teacher_error=error).order(some(300), 20).meta["worst_case"]
        assert worst["rad"] >= worst["uniform"] - 1e-9 and worst["rad"] >= worst["margin"] - 1e-9


def test_decided_answered_and_labelled_rows_are_not_asked_about():
    state = np.arange(90) % 6
    answers = np.where(np.arange(90) < 30, 1, -1)
    found = RobustDistillation(teacher_error=0.1).order(some(state=state, teacher_labels=answers))
    assert sorted(found.rows.tolist()) == [r for r in range(30, 90) if state[r] in (0, 3)]
    labelled = np.where(np.arange(90) < 50, 0, -1)
    only = RobustDistillation(teacher_error=0.1, unlabelled=True).order(some(current=labelled), 100)
    assert sorted(only.rows.tolist()) == list(range(50, 90))


@pytest.mark.parametrize(
    "bad", [{"teacher_error": -0.1}, {"teacher_error": 1.5}, {"floor": 0}, {"level": 0.5}, {"level": 1}]
)
def test_bad_settings_of_the_queue(bad):
    with pytest.raises(InvalidInputError):
        RobustDistillation(**bad)


@pytest.mark.parametrize(
    "bad",
    [
        {"pred_probs": np.full((9, 3), np.nan)}, {"pred_probs": np.ones(9)}, {"gains": np.full(9, -1.0)},
        {"teacher_labels": np.zeros(9)}, {"teacher_labels": np.zeros(3, int)}, {"state": np.zeros(3, int)},
    ],
)  # fmt: skip
def test_bad_evidence_of_the_queue(bad):
    with pytest.raises(InvalidInputError):
        RobustDistillation(teacher_error=0.1).order(some(9).including(**bad))


def test_evidence_that_is_missing():
    with pytest.raises(MissingEvidenceError):
        RobustDistillation().order(Evidence(given_labels=np.zeros(3, int)))


# -- a session -------------------------------------------------------------------------------------------


def test_the_whole_way(scene):
    session, truth = scene
    assert teacher_error(session).estimate is None
    first = plan_teaching(session, 60)
    assert first.ranking.meta["method"] == "uniform" and any("not measured" in said for said in first.advice)

    def teacher(rows):
        # Wrong about every fifth row, whatever it is.
        return [NAMES[(list(NAMES).index(truth[row]) + (row % 5 == 0)) % 3] for row in rows.tolist()]

    before = session.labels()
    ask(session, first, teacher, name="big model")
    assert session.labels() == before and session.progress().reviewed == 0
    assert (answers_of(session).codes[first.rows] >= 0).all()
    assert np.allclose(answers_of(session).inclusion[first.rows], first.inclusion)

    events = accept_answers(session)
    assert {event.source for event in events} == {"teacher"} and len({event.batch for event in events}) == 1
    assert sum(len(event.rows) for event in events) == 60
    assert not verified_rows(session.state).any()
    assert teacher_error(session).n_overlap == 0

    session.relabel(first.rows[:40], truth[first.rows[:40]].tolist())
    found, wrong = teacher_error(session), first.rows[:40][first.rows[:40] % 5 == 0]
    assert found.n_overlap == 40 and found.n_wrong == len(wrong) and found.estimate.measured
    assert contradictions(session).tolist() == sorted(wrong.tolist())

    second = plan_teaching(session, 30)
    assert second.ranking.meta["method"] == "rad" and not set(second.rows) & set(first.rows)
    assert second.error.upper == pytest.approx(found.upper)
    rest = first.rows[40:]
    session.relabel(rest, NAMES[(np.searchsorted(NAMES, answers_labels(session, rest)) + 1) % 3].tolist())
    third = plan_teaching(session, 30)
    assert third.error.upper > second.error.upper and third.ranking.meta["m"] > second.ranking.meta["m"]
    assert third.ranking.meta["support"] >= second.ranking.meta["support"]
    json.dumps(third.to_json(), allow_nan=False)


def answers_labels(session, rows):
    return np.array([session.state.classes[code] for code in answers_of(session).codes[rows]])


def test_undo_takes_labels_back_and_keeps_the_answers(scene):
    session, truth = scene
    rows = np.arange(100, 130)
    record_answers(session, rows, truth[rows].tolist())
    assert not session.can_undo
    accept_answers(session, rows)
    assert session.labels()[100] == truth[100] and answers_of(session).taken[rows].all()
    session.undo()
    assert session.labels()[100] is None and not answers_of(session).taken.any()
    assert (answers_of(session).codes[rows] >= 0).all()
    assert not set(plan_teaching(session, 200).rows) & set(rows.tolist())


def test_people_are_never_overruled(scene):
    session, _ = scene
    session.relabel(100, "ant")
    session.exclude(101)
    session.unsure(102)
    record_answers(session, [100, 101, 102, 103], ["bee"] * 4)
    with pytest.warns(LabelscopeWarning, match="3 of 5 rows keep their label"):
        accept_answers(session, [100, 101, 102, 103, 104])
    labels = session.labels()
    assert labels[100] == "ant" and labels[102] == labels[103] == "bee"
    assert contradictions(session).tolist() == [100, 101]


def test_an_excluded_row_makes_every_answer_wrong(scene):
    session, truth = scene
    rows = np.arange(60, 90)
    record_answers(session, rows, truth[rows].tolist())
    session.exclude(rows)
    assert teacher_error(session).estimate.value == 1.0
    plan = plan_teaching(session, 10)
    assert not len(plan.rows) and any(said.startswith("Not worth") for said in plan.advice)
    assert ask(session, plan, lambda rows: []) == ()


def test_answers_that_name_no_class_are_left_out_with_a_word(scene):
    session, _ = scene
    with pytest.warns(LabelscopeWarning, match="3 of 6 answers name no class, such as 'dog'"):
        record_answers(session, np.arange(100, 106), ["ant", "dog", None, "BEE ", {"label": "cat"}, "ignore"])
    assert (answers_of(session).codes[100:106] >= 0).tolist() == [True, False, False, True, False, False]
    assert record_answers(session, [110], [None]) == ()


def test_bad_answers_are_refused_before_anything_is_written(scene):
    session, _ = scene
    plan = plan_teaching(session, 5)
    for bad in (lambda rows: ["ant"], lambda rows: ["ant"] * 6):
        with pytest.raises(InvalidInputError, match="labels has"):
            ask(session, plan, bad)
    with pytest.raises(InvalidTypeError, match="Pass a function"):
        ask(session, plan, ["ant"] * 5)
    with pytest.raises(InvalidInputError, match="named twice"):
        record_answers(session, [1, 1], ["ant", "bee"])
    with pytest.raises(InvalidInputError, match="inclusion"):
        record_answers(session, [1, 2], ["ant", "bee"], inclusion=[0.5])
    for n in (0, -1, 2.5, True):
        with pytest.raises(InvalidInputError, match="n is"):
            plan_teaching(session, n)
    assert not session.events


def test_answers_recorded_by_relabelling_count_too(scene):
    session, truth = scene
    rows = np.arange(100, 125)
    session.relabel(rows, truth[rows].tolist(), source="teacher")
    assert answers_of(session).taken[rows].all() and np.isnan(answers_of(session).inclusion[rows]).all()
    session.keep(rows[:20])
    assert teacher_error(session).n_overlap == 20 and teacher_error(session).n_wrong == 0


def test_the_journal_holds_answers_and_their_chances(tmp_path):
    X = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    labels = np.array(["a", "b"])[(X[:, 0] > 0).astype(int)]
    audit = ls.audit(X, labels)
    session = ls.Session(audit, journal=tmp_path / "j.jsonl")
    plan = plan_teaching(session, 20, policy=RobustDistillation(teacher_error=0.1))
    ask(session, plan, lambda rows: labels[rows].tolist())
    accept_answers(session)
    again = ls.Session(audit, journal=tmp_path / "j.jsonl")
    for name in ("codes", "inclusion", "taken"):
        assert np.array_equal(
            getattr(answers_of(again), name), getattr(answers_of(session), name), equal_nan=True
        )
    assert np.allclose(answers_of(again).inclusion[plan.rows], plan.inclusion, atol=1e-8)
    evidence = teaching_evidence(again)
    assert (evidence["teacher_labels"][plan.rows] >= 0).all() and not evidence["verified"].any()


def test_tags_have_no_teacher():
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    tags = [{"x"} if row % 2 else {"y"} for row in range(30)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        session = ls.Session(ls.audit(X, tags), journal=None)
    with pytest.raises(ls.errors.TaskError):
        plan_teaching(session, 5)


# -- what answers are worth ------------------------------------------------------------------------------


def test_distilling_is_measured_on_rows_that_no_probe_saw(scene):
    session, truth = scene
    rows = np.arange(60, 160)
    record_answers(session, rows, truth[rows].tolist())
    found = distill(session)
    assert found.change is None and found.basis == "not measured" and found.n_answers == 100
    looked = np.arange(160, 240)
    session.relabel(looked, truth[looked].tolist())
    found = distill(session)
    assert found.n_scored == 80 and found.basis == "chosen by people" and found.change.measured
    assert found.change.low <= found.change.value <= found.change.high
    assert found.after.value - found.before.value == pytest.approx(found.change.value)


def test_wrong_answers_are_no_gain():
    rng = np.random.default_rng(4)
    y = np.arange(600) % 2
    X = rng.normal(size=(600, 3)) + 1.5 * y[:, None]
    scored = np.arange(600) < 200
    few = np.where(np.arange(600) < 260, y, -1)
    good = distilled(X, np.where(scored, y, -1), y, scored)
    bad = distilled(X, few, np.where(few >= 0, few, 1 - y), scored)
    assert bad.change.high < -0.05 and bad.n_answers == 340
    assert good.change.value > -0.03


def test_bad_arguments_of_distilling():
    X, y = np.random.default_rng(0).normal(size=(40, 2)), np.arange(40) % 2
    for before, after, scored in (
        (y[:5], y, np.ones(40, bool)), (y, 1 - y, np.ones(40, bool)), (y - 1, y - 1, np.ones(40, bool))
    ):  # fmt: skip
        with pytest.raises(InvalidInputError):
            distilled(X, before, after, scored)
