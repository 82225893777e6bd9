"""Self-confidence, normalized margin and confidence-weighted entropy by their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from confident_reference import evidence_of, random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.data.model_mixture import combine_models
from labelscope.errors import LabelscopeWarning
from labelscope.scorers import ConfidenceWeightedEntropy, ConfidentLearning, NormalizedMargin, SelfConfidence

ALL = [SelfConfidence(), NormalizedMargin(), ConfidenceWeightedEntropy()]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 6), st.booleans(), st.booleans())
def test_scores_equal_their_definitions(seed: int, n: int, k: int, ties: bool, extreme: bool) -> None:
    labels, probs = random_case(seed, n, k, ties=ties, extreme=extreme)
    evidence = evidence_of(labels, probs)
    confidence, margin, entropy = (scorer.score(evidence).suspicion for scorer in ALL)
    for i in range(n):
        own = probs[i, labels[i]]
        other = max(probs[i, j] for j in range(k) if j != labels[i])
        assert math.isclose(confidence[i], 1 - own, abs_tol=1e-6)
        assert math.isclose(margin[i], (other - own + 1) / 2, abs_tol=1e-6)
        if own >= 1e-6:
            h = -sum(p * math.log(p) for p in probs[i] if p > 0) / math.log(k)
            x = h / own
            assert math.isclose(entropy[i], 1 - (math.log1p(x) / x if x > 0 else 1.0), abs_tol=1e-6)


def test_scores_equal_cleanlab() -> None:
    rank = pytest.importorskip("cleanlab.rank")
    labels, probs = random_case(1, 500, 5)
    for scorer in ALL:
        theirs = rank.get_label_quality_scores(labels, probs, method=scorer.name)
        np.testing.assert_allclose(1 - scorer.score(evidence_of(labels, probs)).suspicion, theirs, atol=2e-6)


@pytest.mark.parametrize("scorer", [SelfConfidence(adjust=True), NormalizedMargin(adjust=True)])
def test_adjusted_scores_order_as_cleanlab(scorer: SelfConfidence | NormalizedMargin) -> None:
    rank = pytest.importorskip("cleanlab.rank")
    labels, probs = random_case(2, 500, 5)
    theirs = rank.get_label_quality_scores(labels, probs, method=scorer.name, adjust_pred_probs=True)
    ours = scorer.score(evidence_of(labels, probs)).suspicion
    assert np.corrcoef(np.argsort(np.argsort(-ours)), np.argsort(np.argsort(theirs)))[0, 1] > 0.999


def test_adjusting_survives_an_absent_class() -> None:
    labels, probs = random_case(2, 300, 4, absent=True)
    suspicion = NormalizedMargin(adjust=True).score(evidence_of(labels, probs)).suspicion
    assert suspicion.max() - suspicion.min() > 0.5


@pytest.mark.parametrize("scorer", [*ALL, ConfidentLearning()])
def test_precisions_give_the_same_scores_and_flags(scorer: SelfConfidence) -> None:
    labels, probs = random_case(7, 4000, 6)
    half = probs.astype(np.float16)
    results = [scorer.score(evidence_of(labels, half))]
    for dtype in (np.float32, np.float64):
        with pytest.warns(LabelscopeWarning, match="renormalized"):
            results.append(scorer.score(evidence_of(labels, half.astype(dtype))))
    assert (np.abs(results[1].suspicion - results[2].suspicion) < 1e-6).all()
    assert (results[1].flagged == results[2].flagged).all()
    exact = [scorer.score(evidence_of(labels, probs.astype(dtype))) for dtype in (np.float32, np.float64)]
    assert (exact[0].flagged == exact[1].flagged).all()
    order = np.argsort(exact[1].suspicion, kind="stable")
    assert (np.diff(exact[0].suspicion[order]) > -1e-6).all()
    assert (np.diff(results[0].suspicion[order]) > -4e-3).all()


def test_log_odds_tell_saturated_rows_apart() -> None:
    probs = np.array([[1.0, 1e-12], [1.0, 1e-9], [1e-9, 1.0]])
    score = SelfConfidence().score(evidence_of(np.array([1, 1, 1]), probs))
    assert score.suspicion[0] == score.suspicion[1]
    assert score.details["log_odds"][0] > score.details["log_odds"][1] > 0 > score.details["log_odds"][2]


def test_several_models_are_averaged_by_skill() -> None:
    labels, one = random_case(1, 50, 3)
    other = random_case(2, 50, 3)[1]
    both = SelfConfidence().score(evidence_of(labels, one).including(pred_probs=[one, other]))
    mean = SelfConfidence().score(evidence_of(labels, combine_models([one, other], labels)[0]))
    np.testing.assert_allclose(both.suspicion, mean.suspicion, atol=1e-6)


def test_labels_come_back_in_the_users_type() -> None:
    probs = np.array([[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]])
    score = SelfConfidence().score(
        evidence_of(np.array([0, 0, 1]), probs).including(classes=np.array(["cat", "dog"]))
    )
    assert score.suggested.tolist() == ["dog", "cat", "dog"]
    assert score.flagged.tolist() == [True, False, False]
