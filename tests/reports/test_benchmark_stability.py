"""Models ranked by given and corrected labels: figures by hand, crossings, intervals, and who flagged."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning
from labelscope.reports import Report, ValidationSession, benchmark_stability
from labelscope.reports.ranking import Answers, accuracy_at, crossover, kendall_tau, ranks_of

values = st.lists(st.integers(0, 5), min_size=2, max_size=7)


@given(st.data())
def test_kendall_tau_equals_scipy(data):
    first = np.array(data.draw(values), dtype=float)
    second = np.array(data.draw(st.lists(st.integers(0, 5), min_size=len(first), max_size=len(first))), float)
    ours, theirs = float(kendall_tau(first, second)), float(kendalltau(first, second).statistic)
    assert (np.isnan(ours) and np.isnan(theirs)) or ours == pytest.approx(theirs, abs=1e-12)


@given(values)
def test_ranks_count_who_is_better(numbers):
    found = ranks_of(np.array(numbers, dtype=float)).tolist()
    assert found == [1 + sum(other > one for other in numbers) for one in numbers]


share = st.floats(0, 1)


@given(share, share, share, share)
def test_lines_meet_where_the_closed_form_says(b1, c1, b2, c2):
    at = crossover((b1, c1), (b2, c2))
    grid = np.linspace(0, 1, 4001)
    lines = accuracy_at(grid, np.array([b1, b2]), np.array([c1, c2]))
    ahead = lines[0] - lines[1]
    if at is None:
        assert (ahead >= -1e-12).all() or (ahead <= 1e-12).all()
    else:
        assert 0 <= at <= 1
        here = accuracy_at(np.array([at]), np.array([b1, b2]), np.array([c1, c2]))
        assert here[0, 0] == pytest.approx(here[1, 0], abs=1e-12)


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_draws_equal_resampled_rows_on_average(seed):
    """Drawing rows one by one and drawing kinds of rows are the same lottery: same mean and spread."""
    rng = np.random.default_rng(seed)
    n = 40
    wrong = rng.random(n) < 0.3
    wrong[:2] = [True, False]
    first = rng.random((2, n)) < 0.7
    second = np.where(wrong, rng.random((2, n)) < 0.5, first)
    answers = Answers(first, second, wrong)
    parts = [np.concatenate(part) for part in zip(*answers.resampled(4000, seed), strict=True)]
    rows = rng.integers(n, size=(4000, n))
    slow = second[:, rows].mean(axis=2).T
    assert np.abs(parts[1].mean(axis=0) - slow.mean(axis=0)).max() < 0.02
    assert np.abs(parts[1].std(axis=0) - slow.std(axis=0)).max() < 0.02
    drift = parts[1][:, 0] - parts[1][:, 1]
    assert abs(drift.std() - (slow[:, 0] - slow[:, 1]).std()) < 0.02  # paired


def planted(n=400, n_wrong=100, seed=0):
    """Given labels that are wrong in the first rows; a model that learned the noise, and one that did not."""
    rng = np.random.default_rng(seed)
    right = rng.integers(3, size=n)
    wrong = np.arange(n) < n_wrong
    labels = np.where(wrong, (right + 1) % 3, right)
    flexible = np.where(wrong, np.where(rng.random(n) < 0.6, labels, right), right)
    flexible = np.where(~wrong & (rng.random(n) < 0.05), (right + 1) % 3, flexible)
    stiff = np.where(rng.random(n) < 0.85, right, (right + 2) % 3)
    return labels, right, {"flexible": flexible, "stiff": stiff}


def test_figures_by_hand():
    labels, right, models = planted()
    unknown = np.arange(400) % 7 == 0
    corrected = [None if gone else int(value) for gone, value in zip(unknown, right, strict=True)]
    report = benchmark_stability(models, corrected, given_labels=labels)
    assert isinstance(report, Report)
    in_c, in_b = ~unknown & (labels != right), ~unknown & (labels == right)
    facts = report.facts
    assert (facts["n_benign"], facts["n_correctable"]) == (in_b.sum(), in_c.sum())
    assert facts["n_unknown"] == unknown.sum() and facts["prevalence"] == in_c.sum() / (~unknown).sum()
    for name, said in models.items():
        one = report.models[name]
        assert one.benign == pytest.approx((said == right)[in_b].mean())
        assert one.correctable_original == pytest.approx((said == labels)[in_c].mean())
        assert one.correctable_corrected == pytest.approx((said == right)[in_c].mean())
        n = facts["prevalence"]
        assert one.corrected == pytest.approx((1 - n) * one.benign + n * one.correctable_corrected)
        assert one.original == pytest.approx((said == labels)[~unknown].mean())
    flexible, stiff = report.models["flexible"], report.models["stiff"]
    (cross,) = report.crossings
    ahead, behind = (
        flexible.benign - stiff.benign,
        flexible.correctable_corrected - stiff.correctable_corrected,
    )
    assert cross.at == pytest.approx(ahead / (ahead - behind)) and cross.low <= cross.at <= cross.high
    assert (cross.below, cross.above) == ("flexible", "stiff")
    assert cross.passed == (facts["prevalence"] > cross.at)
    assert "Crossovers" in report.to_html() and "| stiff" in report.to_markdown()
    grid = report.curve["prevalence"]
    at = int(np.abs(grid - 0.5).argmin())
    assert report.curve["corrected"][0, at] == pytest.approx(
        0.5 * flexible.benign + 0.5 * flexible.correctable_corrected
    )


def test_a_change_beyond_chance_is_told_from_one_within():
    labels, right, models = planted(n=4000, n_wrong=1400)
    report = benchmark_stability(models, right, given_labels=labels)
    assert set(report.facts["changed"]) == {"flexible", "stiff"}
    assert report.facts["kendall"].value == -1 and "does not stand" in report.to_markdown()
    n = 200
    labels, right, _ = planted(n=n, n_wrong=20)
    one, other = right.copy(), right.copy()
    one[20:24], other[0:3], other[20:23] = (right[20:24] + 1) % 3, labels[0:3], (right[20:23] + 1) % 3
    report = benchmark_stability({"one": one, "other": other}, right, given_labels=labels)
    assert report.facts["changed"] == () and report.models["one"].rank_change.value == 1
    assert "no more than chance" in report.to_markdown()


def test_the_same_seed_gives_the_same_intervals():
    labels, right, models = planted()
    first, second = (benchmark_stability(models, right, given_labels=labels, random_state=3) for _ in "ab")
    assert first.models == second.models and first.crossings == second.crossings
    third = benchmark_stability(models, right, given_labels=labels, n_bootstrap=0)
    assert third.models["stiff"].rank_change.low == third.models["stiff"].rank_change.value


def test_models_that_are_all_alike_get_a_clear_answer():
    labels, right, models = planted()
    report = benchmark_stability(
        {"a": models["stiff"], "b": models["stiff"].copy()}, right, given_labels=labels
    )
    assert report.facts["identical"] and report.facts["kendall"] is None and report.crossings == ()
    assert {one.rank_original for one in report.models.values()} == {1} and report.facts["changed"] == ()
    assert "nothing to rank" in report.to_markdown()
    alone = benchmark_stability({"a": models["stiff"]}, right, given_labels=labels)
    assert not alone.facts["identical"] and "one model only" in alone.to_markdown()


def test_without_corrected_rows_nothing_changes():
    labels, _, models = planted()
    report = benchmark_stability(models, labels, given_labels=labels)
    assert report.facts["n_correctable"] == 0 and report.crossings == ()
    assert np.isnan(report.models["stiff"].correctable_corrected)
    assert report.models["stiff"].rank_correctable_corrected is None
    assert "No label was corrected" in report.to_markdown() and "nan" not in report.to_html().lower()


def reviewed(models, labels, right, probs=None):
    flagged = labels != right
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.arange(2 * len(labels)).reshape(-1, 2), labels)
    evidence = {} if probs is None else {"pred_probs": probs}
    return ls.Session(
        ls.Audit.from_arrays(
            dataset,
            suspicion=np.where(flagged, 0.9, 0.01),
            suggested_codes=np.where(flagged, right, labels),
            evidence=evidence,
        ),
        journal=None,
        reviewer="ada",
    )


def test_a_session_and_a_study_say_what_is_right():
    labels, right, models = planted(n=200, n_wrong=40)
    session = reviewed(models, labels, right)
    session.relabel(range(30), right[:30])
    report = benchmark_stability(models, session)
    assert report.facts["n_correctable"] == 30 and report.facts["n_unknown"] == 10
    study = ValidationSession(session, raters_per_item=2)
    for who in ("ada", "bob"):
        study.vote(range(30, 40), "suggested", reviewer=who)
        study.vote(range(5), "given", reviewer=who)
    report = benchmark_stability(models, study)
    assert report.facts["n_correctable"] == 35 and report.correctable[30:40].all() and report.benign[:5].all()
    text = report.to_markdown()
    assert "Measured on rows whose right label is known" in text and "are wrong, estimated" in text
    from_labels = benchmark_stability(models, study.corrected_labels())
    assert from_labels.models == report.models
    assert benchmark_stability(models, session).facts["n_correctable"] == 35


def test_the_flagger_is_named():
    labels, right, models = planted(n=300, n_wrong=60)
    probs = np.eye(3)[right] * 0.8 + 0.1
    session = reviewed(models, labels, right, probs)
    session.relabel(range(60), right[:60])
    models["flagging"] = right.copy()
    with pytest.warns(LabelscopeWarning, match="'flagging' predicts as the audit's model"):
        report = benchmark_stability(models, session)
    assert list(report.facts["flaggers"]) == ["flagging"] and "flagging (flagger)" in report.to_markdown()
    quiet = reviewed(models, labels, right)
    quiet.relabel(range(60), right[:60])
    with pytest.warns(LabelscopeWarning, match="'flagging' agrees with 100 % of the suggestions"):
        benchmark_stability(models, quiet)
    del models["flagging"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert benchmark_stability(models, quiet).facts["flaggers"] == {}
    with pytest.warns(LabelscopeWarning, match="named as the one that flagged"):
        benchmark_stability(models, right, given_labels=labels, flagger="stiff")
    with pytest.raises(InvalidInputError, match="Did you mean 'stiff'"):
        benchmark_stability(models, right, given_labels=labels, flagger="stif")


def test_probabilities_names_and_strange_predictions():
    labels = ["cat", "dog", "dog", "cat"]
    right = ["cat", "dog", "cat", None]
    probs = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]])
    report = benchmark_stability({"p": probs, "l": ["cat", "dog", "cat", "cat"]}, right, given_labels=labels)
    assert report.facts["identical"]
    with pytest.warns(LabelscopeWarning, match="no class"):
        report = benchmark_stability({"l": ["cat", None, "cow", "cat"]}, right, given_labels=labels)
    assert report.models["l"].benign == 0.5


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda m, r, y: benchmark_stability(m, r[:-1], given_labels=y), InvalidInputError, "399 entries"),
        (
            lambda m, r, y: benchmark_stability({"a": r[:9]}, r, given_labels=y),
            InvalidInputError,
            r"models\['a'\]",
        ),
        (lambda m, r, y: benchmark_stability(m, r), InvalidInputError, "given_labels"),
        (lambda m, r, y: benchmark_stability(m), InvalidTypeError, "source is None"),
        (lambda m, r, y: benchmark_stability([r], r, given_labels=y), InvalidTypeError, "models is a list"),
        (lambda m, r, y: benchmark_stability({}, r, given_labels=y), InvalidInputError, "empty"),
        (lambda m, r, y: benchmark_stability(m, (y + 1) % 3, given_labels=y), InvalidInputError, "No row"),
        (
            lambda m, r, y: benchmark_stability({"a": r + 9}, r, given_labels=y),
            InvalidInputError,
            "is a class",
        ),
        (
            lambda m, r, y: benchmark_stability({"a": np.zeros((400, 7))}, r, given_labels=y),
            InvalidInputError,
            "3 classes",
        ),
        (lambda m, r, y: benchmark_stability({"a": None}, r, given_labels=y), InvalidTypeError, "'a'"),
        (
            lambda m, r, y: benchmark_stability({"a": [[1]] * 399 + [[]]}, r, given_labels=y),
            InvalidInputError,
            "ragged",
        ),
        (
            lambda m, r, y: benchmark_stability(m, r, given_labels=y, n_bootstrap=-1),
            InvalidInputError,
            "n_boot",
        ),
        (lambda m, r, y: benchmark_stability(m, r, given_labels=y, level=95), InvalidInputError, "level"),
    ],
)
def test_bad_input_is_refused(call, error, match):
    labels, right, models = planted()
    with pytest.raises(error, match=match):
        call(models, right, labels)


def test_an_audit_holds_no_corrections():
    labels, right, models = planted()
    session = reviewed(models, labels, right)
    with pytest.raises(InvalidTypeError, match="an Audit"):
        benchmark_stability(models, session.audit)
    with pytest.raises(InvalidInputError, match="given_labels is passed beside a Session"):
        benchmark_stability(models, session, given_labels=labels)
