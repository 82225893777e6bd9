from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import combine_models
from labelscope.scorers import ModelDisagreement, by_name
from labelscope.testing import check_scorer, sample
from labelscope.types import Evidence


@pytest.mark.parametrize("weights", ["skill", "equal"])
def test_keeps_the_contract(weights):
    check_scorer(ModelDisagreement(weights=weights))


def test_against_a_slow_loop():
    evidence, _ = sample.planted(80)
    models, codes = evidence["model_probs"], np.asarray(evidence["given_labels"])
    score = ModelDisagreement().score(evidence)
    weights = score.meta["weights"]
    for row in range(80):
        own = [model[row] for model in models]
        mean = sum(w * p for w, p in zip(weights, own, strict=True))
        others = [j for j in range(3) if j != codes[row]]
        rival = max(others, key=lambda j: mean[j])
        doubts = [p[rival] / (p[rival] + p[codes[row]]) for p in own]
        assert score.suspicion[row] == pytest.approx(np.dot(weights, doubts), abs=1e-6)
        assert score.details["models_against"][row] == sum(d > 0.5 for d in doubts)
        entropy = [-(p * np.log(p)).sum() for p in (mean, *own)]
        most = -np.dot(weights, np.log(weights))
        found = (entropy[0] - np.dot(weights, entropy[1:])) / most
        assert score.details["disagreement"][row] == pytest.approx(max(found, 0), abs=1e-5)


def test_models_that_differ_fully_disagree_fully():
    evidence = Evidence(given_labels=np.array([0, 1]), model_probs=(np.eye(2), np.eye(2)[::-1]))
    score = ModelDisagreement(weights="equal").score(evidence)
    assert score.details["disagreement"].tolist() == [1.0, 1.0]
    assert score.suspicion.tolist() == [0.5, 0.5] and not score.flagged.any()


def test_what_does_not_fit_is_refused():
    labels = np.array([0, 1])
    with pytest.raises(MissingEvidenceError, match="model_probs"):
        ModelDisagreement().score(Evidence(given_labels=labels))
    with pytest.raises(InvalidInputError, match="empty"):
        ModelDisagreement().score(Evidence(given_labels=labels, model_probs=()))
    with pytest.raises(InvalidInputError, match="1 dimensions"):
        ModelDisagreement().score(Evidence(given_labels=labels, model_probs=np.eye(2)))
    with pytest.raises(InvalidInputError, match="3 columns"):
        ModelDisagreement().score(
            Evidence(given_labels=labels, model_probs=(np.eye(2), np.full((2, 3), 1 / 3)))
        )
    with pytest.raises(InvalidInputError, match="skill"):
        ModelDisagreement(weights="skil").score(Evidence(given_labels=labels, model_probs=(np.eye(2),)))


def test_score_takes_a_list_of_probabilities():
    evidence, is_wrong = sample.planted()
    labels, models = evidence["given_labels"], list(evidence["model_probs"])
    found = ls.score("model_disagreement", given_labels=labels, pred_probs=models)
    again = by_name("ModelDisagreement").score(evidence)
    np.testing.assert_array_equal(found.suspicion, again.suspicion)
    assert ls.score("auto", given_labels=labels, pred_probs=models).suspicion[is_wrong].mean() > 0.5


def test_the_mix_is_better_than_its_worst_and_ignores_noise():
    evidence, _ = sample.planted(600)
    codes = np.asarray(evidence["given_labels"])
    rng = np.random.default_rng(0)
    useless = rng.dirichlet(np.ones(3), 600)
    mixed, weights = combine_models([*evidence["model_probs"], useless], codes)
    assert weights[3] < 0.02 and weights[0] > weights[2]
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-9)
    accuracies = [(np.argmax(p, axis=1) == codes).mean() for p in (mixed, *evidence["model_probs"])]
    assert accuracies[0] > min(accuracies[1:]) + 0.005


def test_weights_do_not_depend_on_the_scale_of_confidence():
    evidence, _ = sample.planted(600)
    codes, probs = np.asarray(evidence["given_labels"]), np.asarray(evidence["pred_probs"])
    bold = probs**2 / (probs**2).sum(axis=1, keepdims=True)
    timid = probs**0.5 / (probs**0.5).sum(axis=1, keepdims=True)
    weights = combine_models([probs, bold, timid], codes)[1]
    np.testing.assert_allclose(weights, 1 / 3, atol=0.01)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.integers(1, 30), st.integers(1, 4), st.integers(0, 10_000))
def test_the_mix_is_never_nan(n_models, n, k, seed):
    rng = np.random.default_rng(seed)
    models = [np.eye(k)[rng.integers(0, k, n)] if rng.random() < 0.5 else rng.dirichlet(np.ones(k), n)
              for _ in range(n_models)]  # fmt: skip
    mixed, weights = combine_models(models, rng.integers(-1, k, n))
    assert np.isfinite(mixed).all() and np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    np.testing.assert_allclose(mixed.sum(axis=1), 1, rtol=1e-6)
