"""Consensus against slow loops written from the definitions, and against cleanlab where the rule is the same."""

from __future__ import annotations

import itertools
import warnings
from typing import Any
from unittest import mock

import numpy as np
import pytest
from cleanlab import multiannotator
from cleanlab.internal.multiannotator_utils import find_best_temp_scaler
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.evidence.annotators import (
    METHODS,
    active_lab,
    consensus_by,
    crowdlab,
    dawid_skene,
    glad,
    majority,
    read_answers,
)
from labelscope.evidence.annotators.dawid_skene import expect, maximize
from labelscope.evidence.annotators.glad import expect as glad_expect
from labelscope.evidence.annotators.glad import objective

seeds = st.integers(0, 100_000)


def right_counts() -> Any:
    """Count answers under their own class: cleanlab counts float answers from class 0 on, whatever they are."""

    def count(labels: Any, *, num_classes: int) -> Any:
        return np.bincount(labels.astype(int), minlength=num_classes)

    return mock.patch("cleanlab.internal.multiannotator_utils.value_counts", count)


def crowd(seed: int, n: int, people: int, classes: int, gaps: float = 0.3) -> tuple[Any, Any, Any]:
    """Return codes with NaN, a model's probabilities, and the truth."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, n)
    skill = rng.uniform(0.5, 0.95, people)
    answers = np.where(rng.random((n, people)) < skill, true[:, None], rng.integers(0, classes, (n, people)))
    answers = answers.astype(float)
    answers[rng.random((n, people)) < gaps] = np.nan
    level = rng.normal(size=(n, classes)) + 2.0 * np.eye(classes)[true]
    probs = np.exp(level)
    return answers, probs / probs.sum(axis=1, keepdims=True), true


def full(seed: int, n: int, people: int, classes: int) -> tuple[Any, Any, Any]:
    """Return a crowd that cleanlab accepts: every row and every person has answers, and people overlap."""
    answers, probs, true = crowd(seed, n, people, classes)
    rng = np.random.default_rng(seed + 1)
    for row in range(n):
        if np.isnan(answers[row]).all():
            answers[row, rng.integers(people)] = true[row]
    answers[0] = true[0]
    return answers, probs, true


def slow_majority(answers: Any, probs: Any, classes: int) -> list[int]:
    n, people = answers.shape
    left: list[list[int]] = []
    for i in range(n):
        count = [int((answers[i] == k).sum()) for k in range(classes)]
        left.append([k for k in range(classes) if count[k] == max(count)] if max(count) else [])
    clear = {i: one[0] for i, one in enumerate(left) if len(one) == 1}
    total = [int((answers == k).sum()) for k in range(classes)]
    trust = []
    for j in range(people):
        mine = [answers[i, j] == k for i, k in clear.items() if not np.isnan(answers[i, j])]
        trust.append(np.mean(mine) if mine else np.nan)
    known = [t for t in trust if not np.isnan(t)]
    trust = [(np.mean(known) if known else 1.0) if np.isnan(t) else t for t in trust]
    result = []
    for i in range(n):
        ks = left[i]
        if probs is not None and len(ks) > 1:
            ks = [k for k in ks if probs[i, k] == max(probs[i, k] for k in ks)]
        if len(ks) > 1:
            ks = [k for k in ks if total[k] == min(total[k] for k in ks)]
        if len(ks) > 1:
            mean = {k: np.mean([trust[j] for j in range(people) if answers[i, j] == k]) for k in ks}
            ks = [k for k in ks if mean[k] >= max(mean.values()) - 1e-12]
        result.append(ks[0] if ks else -1)
    return result


@settings(max_examples=300, deadline=None)
@given(seeds, st.integers(1, 10), st.integers(1, 5), st.integers(1, 4), st.booleans())
def test_majority_equals_the_definition(seed: int, n: int, people: int, classes: int, model: bool) -> None:
    answers, probs, _true = crowd(seed, n, people, classes)
    # A model with ties, so that later steps are reached.
    probs = np.where(np.arange(n)[:, None] % 2, probs, 1 / classes) if model else None
    names = [str(k) for k in range(classes)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = majority(answers, pred_probs=probs, class_names=names)
    assert found.codes.tolist() == slow_majority(answers, probs, classes)
    for i in range(n):
        there = answers[i][~np.isnan(answers[i])]
        if len(there):
            share = [float((there == k).mean()) for k in range(classes)]
            np.testing.assert_allclose(found.probabilities[i], share)
            assert np.isclose(found.quality[i], share[found.codes[i]])
        else:
            assert found.quality[i] == 0 and found.codes[i] == -1 and found.labels[i] is None


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(4, 40), st.integers(2, 6), st.integers(2, 5))
def test_majority_equals_cleanlab(seed: int, n: int, people: int, classes: int) -> None:
    answers, probs, _true = full(seed, n, people, classes)
    theirs = multiannotator.get_majority_vote_label(answers, probs, verbose=False)
    names = [str(k) for k in range(classes)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert majority(answers, pred_probs=probs, class_names=names).codes.tolist() == theirs.tolist()


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 8), st.integers(1, 4), st.integers(1, 4))
def test_dawid_skene_steps_equal_the_definition(seed: int, n: int, people: int, classes: int) -> None:
    codes, posterior, _true = crowd(seed, n, people, classes)
    answers = read_answers(codes, class_names=[str(k) for k in range(classes)])
    matrix, s = answers.matrix(), 0.01
    prior, confusion = maximize(answers, posterior, s)
    answered = [i for i in range(n) if (matrix[i] >= 0).any()]
    mass = [s + sum(posterior[i, k] for i in answered) for k in range(classes)]
    np.testing.assert_allclose(prior, np.array(mass) / sum(mass))
    for j in range(people):
        for k in range(classes):
            cells = [
                s + sum(posterior[i, k] for i in range(n) if matrix[i, j] == label)
                for label in range(classes)
            ]
            np.testing.assert_allclose(confusion[j, k], np.array(cells) / sum(cells))
    found = expect(answers, prior, confusion)
    for i in range(n):
        weight = [
            prior[k] * np.prod([confusion[j, k, matrix[i, j]] for j in range(people) if matrix[i, j] >= 0])
            for k in range(classes)
        ]
        np.testing.assert_allclose(found[i], np.array(weight) / sum(weight), atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(seeds, st.integers(2, 25), st.integers(1, 5), st.integers(2, 4))
def test_dawid_skene_never_gets_less_probable(seed: int, n: int, people: int, classes: int) -> None:
    codes, _probs, _true = crowd(seed, n, people, classes)
    answers = read_answers(codes, class_names=[str(k) for k in range(classes)])
    matrix, s = answers.matrix(), 0.01

    def objective_of(rounds: int) -> float:
        meta = dawid_skene(answers, n_iter=rounds, tol=0.0, smoothing=s).meta
        prior, confusion = meta["prior"], meta["confusion"]
        level = s * (np.log(prior).sum() + np.log(confusion).sum())
        for i in range(n):
            if (matrix[i] >= 0).any():
                weight = np.log(prior)
                for j in range(people):
                    if matrix[i, j] >= 0:
                        weight = weight + np.log(confusion[j, :, matrix[i, j]])
                level += np.logaddexp.reduce(weight)
        return float(level)

    values = [objective_of(rounds) for rounds in (1, 2, 4, 8)]
    assert all(later >= earlier - 1e-8 for earlier, later in itertools.pairwise(values))


def test_dawid_skene_turns_an_adversary_around() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 2, 400)
    good = [np.where(rng.random(400) < 0.85, true, 1 - true) for _ in range(3)]
    liars = [np.where(rng.random(400) < 0.95, 1 - true, true) for _ in range(2)]
    answers = np.stack([*good, *liars], axis=1)
    assert (majority(answers).labels == true).mean() < 0.75
    for method in (dawid_skene, glad):
        found = method(answers)
        assert (found.labels == true).mean() > 0.97
        assert found.annotator_quality[:3].min() > 0.8 and found.annotator_quality[3:].max() < 0.2


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(1, 6), st.integers(1, 4), st.integers(2, 4))
def test_glad_steps_equal_the_definition(seed: int, n: int, people: int, classes: int) -> None:
    codes, posterior, _true = crowd(seed, n, people, classes)
    answers = read_answers(codes, class_names=[str(k) for k in range(classes)])
    rng, matrix = np.random.default_rng(seed), answers.matrix()
    ability, log_ease = rng.normal(1, 1, people), rng.normal(0, 1, n)
    prior = rng.dirichlet(np.ones(classes))
    found = glad_expect(answers, prior, ability, log_ease)
    value = -((ability - 1) ** 2).sum() / 2 - ((log_ease - 1) ** 2).sum() / 2
    for i in range(n):
        weight = prior.copy()
        for j in range(people):
            if matrix[i, j] < 0:
                continue
            strength = ability[j] * np.exp(log_ease[i])
            right, log_wrong = 1 / (1 + np.exp(-strength)), -np.logaddexp(0, strength)
            for k in range(classes):
                weight[k] *= right if matrix[i, j] == k else (1 - right) / (classes - 1)
            share = posterior[i, matrix[i, j]]
            value += share * np.log(right) + (1 - share) * log_wrong
        np.testing.assert_allclose(found[i], weight / weight.sum(), atol=1e-9)
    level, by_ability, by_ease = objective(answers, posterior, ability, log_ease)
    assert np.isclose(level, value)
    step = 1e-5
    for at, slopes in ((0, by_ability), (1, by_ease)):
        for place, slope in enumerate(slopes):
            moved = [ability.copy(), log_ease.copy()]
            moved[at][place] += step
            up = objective(answers, posterior, *moved)[0]
            moved[at][place] -= 2 * step
            down = objective(answers, posterior, *moved)[0]
            assert np.isclose((up - down) / (2 * step), slope, rtol=1e-3, atol=1e-4)


def slow_trust(answers: Any, probs: Any, codes: Any, classes: int) -> tuple[float, list[float], float]:
    """Follow section by section what CROWDLAB says."""
    n, people = answers.shape
    count = [int((~np.isnan(answers[i])).sum()) for i in range(n)]
    several = [i for i in range(n) if count[i] > 1]
    likelihood = np.mean([(answers[i] == codes[i]).sum() / count[i] for i in several])
    tally = [sum(codes[i] == k for i in several) for k in range(classes)]
    common = max(1 - max(tally) / len(several), 1e-6)
    agree = []
    for j in range(people):
        same = others = 0
        for i in several:
            for other in range(people):
                if other != j and not np.isnan(answers[i, j]) and not np.isnan(answers[i, other]):
                    same, others = same + (answers[i, j] == answers[i, other]), others + 1
        agree.append(same / others if others else np.nan)
    agree = np.where(np.isnan(agree), np.nanmean(agree), agree)
    error = np.mean([probs[i].argmax() != codes[i] for i in several])
    scale = np.sqrt(np.mean([c for c in count if c]))
    model = max(1 - error / common, 1e-6) * scale
    return model, [max(1 - (1 - a) / common, 1e-6) for a in agree], float(likelihood)


def slow_posterior(answers: Any, probs: Any, trust: tuple[float, list[float], float], classes: int) -> Any:
    model, people, likelihood = trust
    result = np.zeros(probs.shape)
    for i in range(len(answers)):
        there = [j for j in range(answers.shape[1]) if not np.isnan(answers[i, j])]
        for k in range(classes):
            says = [
                people[j] * (likelihood if answers[i, j] == k else (1 - likelihood) / (classes - 1))
                for j in there
            ]
            result[i, k] = (model * probs[i, k] + sum(says)) / (model + sum(people[j] for j in there))
    return result


@settings(max_examples=100, deadline=None)
@given(seeds, st.integers(6, 20), st.integers(2, 5), st.integers(2, 4))
def test_crowdlab_equals_the_definition(seed: int, n: int, people: int, classes: int) -> None:
    answers, probs, true = crowd(seed, n, people, classes)
    answers[:2] = true[:2, None]
    names = [str(k) for k in range(classes)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = crowdlab(answers, probs, class_names=names)
    if found.meta["baseline"] != "most_common":
        return
    first = slow_majority(answers, probs, classes)
    first = [int(probs[i].argmax()) if k < 0 else k for i, k in enumerate(first)]
    posterior = slow_posterior(answers, probs, slow_trust(answers, probs, first, classes), classes)
    best = posterior.argmax(axis=1)
    # Where two classes differ by rounding alone, either is right.
    sure = np.sort(posterior, axis=1)[:, -1] - np.sort(posterior, axis=1)[:, -2] > 1e-9
    assert (found.codes == best)[sure].all()
    model, weights, likelihood = slow_trust(answers, probs, found.codes, classes)
    answered = (~np.isnan(answers)).any(axis=0)
    assert np.isclose(found.meta["model_weight"], model)
    assert np.isclose(found.meta["likelihood"], likelihood)
    np.testing.assert_allclose(found.meta["annotator_weights"][answered], np.array(weights)[answered])
    expected = slow_posterior(answers, probs, (model, weights, likelihood), classes)
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-12)
    np.testing.assert_allclose(found.quality, expected[np.arange(n), found.codes])


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(20, 60), st.integers(3, 6), st.integers(2, 5), st.booleans())
def test_crowdlab_equals_cleanlab(seed: int, n: int, people: int, classes: int, calibrate: bool) -> None:
    answers, probs, _true = full(seed, n, people, classes)
    with warnings.catch_warnings(), right_counts():
        warnings.simplefilter("ignore")
        theirs = multiannotator.get_label_quality_multiannotator(
            answers, probs, calibrate_probs=calibrate, return_weights=True, verbose=False
        )
        names = [str(k) for k in range(classes)]
        ours = crowdlab(answers, probs, class_names=names, calibrate=calibrate)
    if ours.meta["baseline"] != "most_common":
        return
    table = theirs["label_quality"]
    assert ours.codes.tolist() == table["consensus_label"].tolist()
    np.testing.assert_allclose(ours.quality, table["consensus_quality_score"], atol=1e-6)
    np.testing.assert_allclose(ours.meta["model_weight"], theirs["model_weight"], atol=1e-6)
    np.testing.assert_allclose(ours.meta["annotator_weights"], theirs["annotator_weight"], atol=1e-9)
    people_table = theirs["annotator_stats"].sort_index()["annotator_quality"].to_numpy()
    np.testing.assert_allclose(ours.annotator_quality, people_table, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(seeds, st.integers(20, 60), st.integers(3, 6), st.integers(2, 5))
def test_active_lab_equals_cleanlab(seed: int, n: int, people: int, classes: int) -> None:
    answers, probs, _true = full(seed, n, people, classes)
    fresh = crowd(seed + 7, 9, people, classes)[1]
    with warnings.catch_warnings(), right_counts():
        warnings.simplefilter("ignore")
        theirs = multiannotator.get_active_learning_scores(answers, probs, fresh)
        more = np.vstack([answers, np.full((9, people), np.nan)])
        read = read_answers(more, class_names=[str(k) for k in range(classes)])
        ours, facts = active_lab(read, np.vstack([probs, fresh]))
    if facts["baseline"] != "most_common":
        return
    np.testing.assert_allclose(ours, np.concatenate(theirs), atol=1e-6)


def test_active_lab_of_one_answer_a_row_equals_cleanlab() -> None:
    _answers, probs, true = crowd(3, 30, 1, 3)
    fresh = crowd(4, 5, 1, 3)[1]
    theirs = multiannotator.get_active_learning_scores(true[:, None].astype(float), probs, fresh)
    more = read_answers(np.concatenate([true.astype(float), np.full(5, np.nan)])[:, None])
    ours, facts = active_lab(more, np.vstack([probs, fresh]))
    np.testing.assert_allclose(ours, np.concatenate(theirs), atol=1e-9)
    assert facts["baseline"] == "none" and facts["temperature"] == 1.0


def test_temperature_follows_the_classes_that_were_chosen() -> None:
    """The model is right and too timid; counting answers under other classes would make it softer yet."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 300)
    probs = np.where(true[:, None] == np.arange(3), 0.5, 0.25)
    answers = np.repeat(true[:, None].astype(float), 2, axis=1)
    assert crowdlab(answers, probs).meta["temperature"] == 1.0
    assert crowdlab(answers, probs, calibrate=True).meta["temperature"] < 0.2
    assert find_best_temp_scaler(answers, probs) > 1
    with right_counts():
        assert find_best_temp_scaler(answers, probs) < 0.2


def test_the_model_keeps_its_weight_with_one_consensus_class() -> None:
    rng = np.random.default_rng(0)
    answers = np.zeros((60, 3))
    probs = np.tile([0.9, 0.1], (60, 1))
    probs[:3] = [0.3, 0.7]
    theirs = multiannotator.get_label_quality_multiannotator(
        answers, probs, return_weights=True, verbose=False
    )
    assert theirs["model_weight"] < 1e-5
    ours = crowdlab(answers, probs)
    assert ours.meta["baseline"] == "balanced"
    assert ours.meta["model_weight"] > 0.5 and ours.meta["annotator_weights"].min() > 0.5
    assert (ours.codes == 0).all()
    # A model that is no better than chance is not trusted for being spared.
    noise = rng.dirichlet([1, 1], 60)
    noise[::2] = noise[::2][:, ::-1]
    assert crowdlab(answers, noise).meta["model_weight"] < 0.5


def test_the_model_keeps_its_weight_under_imbalance() -> None:
    rng = np.random.default_rng(1)
    n = 2000
    true = (rng.random(n) < 0.02).astype(int)
    answers = np.where(rng.random((n, 3)) < 0.85, true[:, None], 1 - true[:, None]).astype(float)
    answers[rng.random((n, 3)) < 0.3] = np.nan
    answers[np.isnan(answers).all(axis=1), 0] = 0
    says = np.where(rng.random(n) < 0.93, true, 1 - true)
    probs = np.where(says[:, None] == np.arange(2), 0.9, 0.1)
    theirs = multiannotator.get_label_quality_multiannotator(
        answers, probs, return_weights=True, verbose=False
    )
    ours = crowdlab(answers, probs)
    always = crowdlab(answers, np.tile([0.98, 0.02], (n, 1)))
    assert theirs["model_weight"] < 1e-5
    assert ours.meta["baseline"] == "balanced" and ours.meta["model_weight"] > 0.5
    assert (ours.codes == true).mean() > (majority(answers, pred_probs=probs).codes == true).mean() + 0.01
    # Balanced errors do not fall for a model that always says the common class.
    assert always.meta["model_weight"] < 0.1


@pytest.mark.parametrize("method", METHODS)
def test_gaps_are_defined(method: str) -> None:
    answers, probs, _true = crowd(5, 60, 4, 3)
    answers[:5] = np.nan
    answers[5:9, 1:] = np.nan
    base = consensus_by(method, read_answers(answers, width=3), probs)
    for found in (base, consensus_by(method, read_answers(np.full((4, 2), np.nan), width=3), probs[:4])):
        assert np.isfinite(found.probabilities).all() and np.isfinite(found.quality).all()
        np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    if base.meta["method"] == "crowdlab":
        np.testing.assert_allclose(base.probabilities[:5], probs[:5])
        assert (base.codes[:5] == probs[:5].argmax(axis=1)).all()
    else:
        assert (base.codes[:5] == -1).all() and all(one is None for one in base.labels[:5])
        assert (base.quality[:5] == 0).all()
    # A column without answers changes nothing but itself.
    wider = consensus_by(method, read_answers(np.insert(answers, 2, np.nan, axis=1), width=3), probs)
    np.testing.assert_allclose(wider.probabilities, base.probabilities, atol=1e-4)
    np.testing.assert_allclose(np.delete(wider.annotator_quality, 2), base.annotator_quality, atol=1e-4)
    assert np.isnan(wider.annotator_quality[2])
    assert len(consensus_by(method, read_answers(np.empty((0, 2)), width=3), np.empty((0, 3))).codes) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        single = consensus_by(method, read_answers([["x", "x"], ["x", None]]), np.ones((2, 1)))
    assert single.labels.tolist() == ["x", "x"] and single.quality.tolist() == [1, 1]
    alone = consensus_by(method, read_answers(np.array([[0], [1], [2]])), np.eye(3))
    assert alone.labels.tolist() == [0, 1, 2]


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(METHODS))
def test_order_of_rows_and_people_does_not_matter(seed: int, method: str) -> None:
    answers, probs, _true = crowd(seed, 30, 4, 3)
    rng = np.random.default_rng(seed)
    rows, people = rng.permutation(30), rng.permutation(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = consensus_by(method, read_answers(answers, width=3), probs)
        other = consensus_by(method, read_answers(answers[rows][:, people], width=3), probs[rows])
    atol = 1e-2 if method == "glad" else 1e-3 if method == "dawid_skene" else 1e-9
    np.testing.assert_allclose(other.probabilities, one.probabilities[rows], atol=atol)
    np.testing.assert_allclose(other.annotator_quality, one.annotator_quality[people], atol=atol)


def test_inputs_are_untouched_and_results_frozen() -> None:
    answers, probs, _true = crowd(1, 20, 3, 3)
    before = answers.copy(), probs.copy()
    for method in METHODS:
        found = consensus_by(method, read_answers(answers, width=3), probs)
        with pytest.raises(AttributeError):
            found.labels = None  # type: ignore[misc]
    crowdlab(answers, probs, calibrate=True)
    np.testing.assert_array_equal(answers, before[0])
    np.testing.assert_array_equal(probs, before[1])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda a, p: dawid_skene(a, smoothing=0), "smoothing"),
        (lambda a, p: dawid_skene(a, n_iter=0), "n_iter"),
        (lambda a, p: glad(a, tol=-1), "tol"),
        (lambda a, p: glad(a, prior=[1.0, 0.0, 1.0]), "prior"),
        (lambda a, p: crowdlab(a, p[:-1]), "pred_probs"),
        (lambda a, p: crowdlab(a, p[:, :2]), "columns"),
        (lambda a, p: crowdlab(a, p[:, 0]), "pred_probs"),
        (lambda a, p: crowdlab(a, p * np.nan), "pred_probs"),
        (lambda a, p: active_lab(read_answers(a), p[:3]), "pred_probs"),
        (lambda a, p: consensus_by("crowdlb", read_answers(a), p), "crowdlab"),
    ],
)
def test_wrong_settings_are_refused(call: Any, match: str) -> None:
    answers, probs, _true = crowd(1, 30, 3, 3)
    with pytest.raises(InvalidInputError, match=match):
        call(answers, probs)
