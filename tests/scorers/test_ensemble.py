"""The default mix: a probability, honest about what it rests on."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from confident_reference import evidence_of, random_case

from labelscope.errors import MissingEvidenceError
from labelscope.scorers import Ensemble, latent
from labelscope.scorers.ensemble import best_expected_f1
from labelscope.testing import asymmetric, symmetric
from labelscope.testing.sample import nearest, planted
from labelscope.types import Evidence


def simulated(
    n: int = 4000,
    k: int = 5,
    *,
    rate: float = 0.1,
    kind: str = "symmetric",
    sharp: float = 4.0,
    seed: int = 0,
) -> tuple[Evidence, np.ndarray, np.ndarray]:
    """Draw true labels from calibrated probabilities, then spoil a share of them."""
    rng = np.random.default_rng(seed)
    logits = sharp * rng.gumbel(size=(n, k))
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    true = (np.cumsum(probs, axis=1) > rng.random((n, 1))).argmax(axis=1)
    make = {"symmetric": symmetric, "asymmetric": asymmetric}[kind]
    given, wrong = make(true, rate=rate, random_state=seed)
    return Evidence(given_labels=given, pred_probs=probs, classes=np.arange(k)), wrong, true


@pytest.mark.parametrize("kind", ["symmetric", "asymmetric"])
@pytest.mark.parametrize("rate", [0.02, 0.1, 0.3])
def test_suspicion_is_a_probability_when_the_model_holds(kind: str, rate: float) -> None:
    evidence, wrong, true = simulated(rate=rate, kind=kind)
    score = Ensemble().score(evidence)
    estimate = score.meta["noise_rate"]
    assert estimate["low"] <= wrong.mean() <= estimate["high"]
    if rate < 0.05:
        # Fifteen rows in a hundred are ambiguous here: two errors might be seven, and the interval says so.
        assert estimate["high"] > 3 * estimate["low"]
        return
    assert abs(estimate["value"] - wrong.mean()) < 0.25 * wrong.mean() + 0.005
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        bin_ = (score.suspicion >= low) & (score.suspicion < high)
        if bin_.sum() >= 50:
            assert abs(score.suspicion[bin_].mean() - wrong[bin_].mean()) < 0.15
    found = score.flagged & wrong
    assert (score.suggested[found] == true[found]).mean() > 0.85


def test_sharpening_or_flattening_the_probabilities_changes_little() -> None:
    evidence, wrong, _ = simulated(rate=0.1)
    rates = []
    for power in (0.5, 1.0, 2.0):
        probs = np.asarray(evidence["pred_probs"]) ** power
        flat = evidence.including(pred_probs=probs / probs.sum(axis=1, keepdims=True))
        rates.append(Ensemble().score(flat).meta["noise_rate"]["value"])
    assert max(rates) - min(rates) < 0.02
    assert abs(rates[0] - wrong.mean()) < 0.02


def test_everything_that_the_contract_names_is_there() -> None:
    evidence, _ = planted(300)
    score = Ensemble().score(evidence)
    assert set(score.details) == {
        "p_given",
        "p_suggested",
        "model",
        "neighbors",
        "neighbors_for",
        "neighbors_against",
    }
    assert score.meta["scale"] == "probability"
    assert score.meta["parts"] == ["model", "neighbors"]
    np.testing.assert_allclose(score.meta["joint"].sum(), 300)
    np.testing.assert_allclose(score.meta["joint"].sum(axis=1), np.bincount(evidence["given_labels"]))
    rate = score.meta["noise_rate"]
    assert rate["low"] <= rate["value"] <= rate["high"]
    assert rate["measured"] is False
    np.testing.assert_allclose(score.meta["n_errors"], score.suspicion.sum(), rtol=1e-4)
    np.testing.assert_allclose(
        score.meta["expected_precision_100"], np.sort(score.suspicion)[-100:].mean(), rtol=1e-4
    )
    assert (score.details["neighbors_for"] + score.details["neighbors_against"] == 10).all()
    assert (score.suggested != evidence["given_labels"])[score.flagged].all()


def test_it_works_with_what_there_is() -> None:
    evidence, wrong = planted(400)
    for names in (("pred_probs",), ("knn_ids",), ("knn_ids", "knn_distances"), ("pred_probs", "knn_ids")):
        score = Ensemble().score(Evidence({name: evidence[name] for name in ("given_labels", *names)}))
        assert (score.flagged & wrong).sum() / wrong.sum() > 0.6
        assert (score.flagged & wrong).sum() / score.flagged.sum() > 0.6
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        Ensemble().score(Evidence(given_labels=evidence["given_labels"]))
    with pytest.raises(MissingEvidenceError, match="given_labels"):
        Ensemble().score(Evidence(pred_probs=evidence["pred_probs"]))


def test_many_classes_are_scored_by_their_candidates() -> None:
    evidence, wrong, _ = simulated(6000, 100, rate=0.1, sharp=3.0)
    score = Ensemble().score(evidence)
    assert abs(score.meta["noise_rate"]["value"] - wrong.mean()) < 0.03
    assert (score.flagged & wrong).sum() / score.flagged.sum() > 0.7
    np.testing.assert_allclose(
        score.meta["joint"].sum(axis=1), np.bincount(evidence["given_labels"], minlength=100)
    )
    ids, distances = nearest(np.asarray(evidence["pred_probs"])[:500], 5)
    small = Evidence({k: v[:500] for k, v in evidence.items() if k != "classes"}, classes=np.arange(100))
    both = Ensemble().score(small.including(knn_ids=ids, knn_distances=distances))
    assert both.meta["parts"] == ["model", "neighbors"]
    tied = Ensemble().score(small.including(pred_probs=np.full((500, 100), 0.01)))
    assert np.isfinite(tied.suspicion).all()


def test_large_data_are_fitted_on_a_part_chosen_by_content() -> None:
    evidence, wrong, _ = simulated(9000, rate=0.1)
    order = np.random.default_rng(5).permutation(9000)
    moved = evidence.including(
        given_labels=evidence["given_labels"][order], pred_probs=evidence["pred_probs"][order]
    )
    one, other = (Ensemble(max_fit_rows=3000).score(e) for e in (evidence, moved))
    np.testing.assert_allclose(one.suspicion[order], other.suspicion, atol=1e-6)
    assert abs(one.meta["noise_rate"]["value"] - wrong.mean()) < 0.03


def test_unlabelled_rows_and_constant_evidence_are_harmless() -> None:
    labels, probs = random_case(3, 120, 3)
    labels[::4] = -1
    score = Ensemble().score(evidence_of(labels, probs))
    assert not score.suspicion[::4].any()
    assert not score.flagged[::4].any()
    np.testing.assert_allclose(score.meta["joint"].sum(), 90)
    flat = Ensemble().score(evidence_of(np.arange(60) % 3, np.full((60, 3), 1 / 3)))
    assert not flat.flagged.any()
    nobody = Ensemble().score(evidence_of(np.full(20, -1), np.full((20, 3), 1 / 3)))
    assert not nobody.suspicion.any()
    assert pickle.loads(pickle.dumps(score)).suspicion.shape == (120,)


def test_flags_maximize_expected_f1() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        suspicion = rng.beta(0.3, 1.5, size=40)
        flagged = best_expected_f1(suspicion)
        ordered = np.sort(suspicion)[::-1]
        allowed = range(1, int((ordered >= 0.25).sum()) + 1)
        best = max((2 * ordered[:m].sum() / (m + ordered.sum()) for m in allowed), default=0.0)
        ours = 2 * suspicion[flagged].sum() / (flagged.sum() + suspicion.sum())
        assert ours >= best - 1e-5
    assert not best_expected_f1(np.zeros(5)).any()
    assert not best_expected_f1(np.full(5, 0.2)).any()


def test_the_likelihood_never_falls() -> None:
    evidence, _, _ = simulated(1500, rate=0.2)
    parts, codes = [np.log(np.asarray(evidence["pred_probs"]))], np.asarray(evidence["given_labels"])
    model = latent.fit(parts, codes)
    assert np.isclose(model.weights.sum(), 1)
    fitted = model.components[0]
    start = latent.Component(fitted.kappa, np.ones(1), np.where(np.eye(5), 1.0, 0.0125))
    assert latent.expectation(start, parts, codes).log_likelihood < fitted.log_likelihood
