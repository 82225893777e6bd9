"""Defects that were found in other libraries and that must not come back here."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from confident_reference import evidence_of, random_case

from labelscope.errors import InvalidInputError, LabelscopeWarning
from labelscope.scorers import ConfidenceWeightedEntropy, ConfidentLearning, Ensemble, SelfConfidence
from labelscope.scorers.confident.selection import SELECTIONS


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_certain_and_right_label_is_not_suspicious_under_weighted_entropy(dtype: type) -> None:
    probs = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0]], dtype=dtype)
    suspicion = ConfidenceWeightedEntropy().score(evidence_of(np.array([0, 1, 2]), probs)).suspicion
    assert suspicion[:2].tolist() == [0, 0]
    assert suspicion[2] > 0.99


def test_saturated_float32_probabilities_keep_correct_labels_low() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(500, 5)) + 20 * np.eye(5)[np.arange(500) % 5]
    probs = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    probs /= probs.sum(axis=1, keepdims=True)
    score = ConfidenceWeightedEntropy().score(evidence_of(np.arange(500) % 5, probs))
    assert score.suspicion.max() < 0.5


def test_the_paper_rule_stays_inside_the_confident_set() -> None:
    # Thresholds become (.5, .2, .2): class 0 is the most probable of row 0, but not confident.
    probs = np.array([[0.4, 0.31, 0.29], [0.5, 0.25, 0.25], [0.7, 0.09, 0.21], [0.7, 0.15, 0.15]])
    labels = np.array([1, 0, 1, 2])
    for rule, expected in (("paper", 1), ("library", 0)):
        guess = ConfidentLearning(rule=rule).score(evidence_of(labels, probs)).details["guess"]  # type: ignore[arg-type]
        assert guess[0] == expected


@pytest.mark.parametrize("how", ["prune_by_noise_rate", "prune_by_class"])
def test_requested_counts_per_class_are_honored(how: str) -> None:
    labels, probs = random_case(0, 3000, 3)
    doubted = np.bincount(labels[probs.argmax(axis=1) != labels], minlength=3)
    asked = [50, 0, 10]
    assert (doubted >= asked).all()
    flagged = ConfidentLearning(select=how, remove_per_class=asked).score(evidence_of(labels, probs)).flagged
    assert np.bincount(labels[flagged], minlength=3).tolist() == asked


def test_a_class_that_nobody_has_changes_nothing() -> None:
    labels, probs = random_case(3, 2000, 4, absent=True)
    score = ConfidentLearning().score(evidence_of(labels, probs))
    assert (score.details["guess"] != 3).all()
    assert score.meta["thresholds"][3] is None


@pytest.mark.parametrize("how", SELECTIONS)
def test_flags_do_not_depend_on_the_order_of_rows_even_with_ties(how: str) -> None:
    labels, probs = random_case(5, 500, 4, ties=True)
    order = np.random.default_rng(0).permutation(500)
    one = ConfidentLearning(select=how).score(evidence_of(labels, probs))
    other = ConfidentLearning(select=how).score(evidence_of(labels[order], probs[order]))
    assert (one.flagged[order] == other.flagged).all()
    assert (one.suspicion[order] == other.suspicion).all()


@pytest.mark.parametrize("scorer", [SelfConfidence(), ConfidentLearning(), Ensemble()])
def test_impossible_probabilities_are_refused(scorer: SelfConfidence) -> None:
    labels, probs = random_case(5, 40, 4)
    for spoil, message in ((np.nan, "NaN"), (-0.2, "negative"), (1.7, "sum to one")):
        spoiled = probs.copy()
        spoiled[7, 0] = spoil
        with pytest.raises(InvalidInputError, match=message):
            scorer.score(evidence_of(labels, spoiled))


def test_slightly_unnormalized_probabilities_are_renormalized_with_a_notice() -> None:
    labels, probs = random_case(5, 40, 4)
    with pytest.warns(LabelscopeWarning, match="renormalized"):
        score = SelfConfidence().score(evidence_of(labels, probs * 1.002))
    np.testing.assert_allclose(
        score.suspicion, SelfConfidence().score(evidence_of(labels, probs)).suspicion, atol=1e-6
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SelfConfidence().score(evidence_of(labels, probs))


def test_half_precision_keeps_the_flags() -> None:
    labels, probs = random_case(8, 20_000, 10)
    exact = ConfidentLearning().score(evidence_of(labels, probs)).flagged
    half = ConfidentLearning().score(evidence_of(labels, probs.astype(np.float16))).flagged
    assert (exact != half).mean() < 0.001


def test_results_do_not_depend_on_internal_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probs = random_case(8, 3000, 7)
    evidence = evidence_of(labels, probs)
    whole = [scorer.score(evidence) for scorer in (SelfConfidence(), ConfidentLearning(), Ensemble())]
    monkeypatch.setattr("labelscope.scorers.blockwise._CHUNK_CELLS", 7 * 13)
    monkeypatch.setattr("labelscope.scorers.blockwise._CHUNKS_TOGETHER", 1)
    monkeypatch.setattr("labelscope.scorers.confident.kernels._TILE_CELLS", 7 * 5)
    monkeypatch.setattr("labelscope.scorers.confident.margins._CHUNK", 17)
    monkeypatch.setattr("labelscope.scorers.inputs._BLOCK_CELLS", 7 * 13)
    monkeypatch.setattr("labelscope.scorers.latent._BLOCK_CELLS", 7 * 13)
    parts = [scorer.score(evidence) for scorer in (SelfConfidence(), ConfidentLearning(), Ensemble())]
    for one, other in zip(whole, parts, strict=True):
        assert (one.suspicion == other.suspicion).all()
        assert (one.flagged == other.flagged).all()


def test_nothing_flagged_flags_nothing() -> None:
    probs = np.tile(np.eye(3) * 0.94 + 0.02, (30, 1))
    labels = np.tile(np.arange(3), 30)
    for scorer in (ConfidentLearning(), Ensemble(), SelfConfidence()):
        assert not scorer.score(evidence_of(labels, probs)).flagged.any()


def test_an_unlabelled_row_with_a_confident_prediction_is_neither_suspicious_nor_flagged() -> None:
    labels, probs = random_case(5, 60, 3)
    labels[:10] = -1
    for scorer in (SelfConfidence(), ConfidentLearning(), Ensemble()):
        score = scorer.score(evidence_of(labels, probs))
        assert not score.suspicion[:10].any()
        assert (score.suggested[:10] == probs[:10].argmax(axis=1)).all()
