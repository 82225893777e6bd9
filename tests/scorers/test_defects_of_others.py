"""Defects that were measured in other libraries, by name; those of the confident family are here."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from confident_reference import evidence_of, random_case

from labelscope.errors import InvalidInputError, LabelscopeWarning
from labelscope.scorers import (
    ConfidenceWeightedEntropy,
    ConfidentLearning,
    ConfusionPairPrior,
    LogRatio,
    NormalizedMargin,
    SelfConfidence,
    confident_family,
)
from labelscope.scorers.blockwise import Block, Shape, Step, Stepped, drive, gathered
from labelscope.scorers.confident.selection import SELECTIONS

QUALITY = [
    SelfConfidence(),
    NormalizedMargin(),
    ConfidenceWeightedEntropy(),
    LogRatio(),
    ConfusionPairPrior(),
]
ALL = [*QUALITY, *(ConfidentLearning(select=how) for how in SELECTIONS)]


def batched(scorer: Any, labels: Any, probs: Any, size: int) -> Any:
    """Score in batches of some size, as from a file."""
    ends = [*range(0, len(labels), size), len(labels)]

    def run(step: Step) -> Stepped:
        blocks = [
            Block(start, stop, labels[start:stop], probs.shape[1], probs[start:stop])
            for start, stop in itertools.pairwise(ends)
        ]
        return gathered(step, map(step.function, blocks))

    shape = Shape(labels, np.arange(probs.shape[1]), frozenset({"pred_probs"}), str(probs.dtype))
    return drive(scorer.plan(shape), run)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3, 60])
def test_perfectly_confident_correct_label_gets_best_entropy_score(dtype: type, n_classes: int) -> None:
    probs = np.eye(n_classes, dtype=dtype)
    suspicion = ConfidenceWeightedEntropy().score(evidence_of(np.arange(n_classes), probs)).suspicion
    assert not suspicion.any()


def test_nearly_confident_correct_labels_get_nearly_the_best_entropy_score() -> None:
    doubt = 10.0 ** -np.arange(2, 12)
    probs = np.stack([1 - doubt, doubt], axis=1)
    zeros = np.zeros(len(doubt), dtype=np.int64)
    suspicion = ConfidenceWeightedEntropy().score(evidence_of(zeros, probs)).suspicion
    assert (np.diff(suspicion) < 0).all()
    assert suspicion[0] < 0.06


def test_among_several_confident_classes_the_paper_rule_takes_a_confident_one() -> None:
    for seed in range(20):
        labels, probs = random_case(seed, 300, 5)
        score = ConfidentLearning().score(evidence_of(labels, probs))
        guess, limits = score.details["guess"], np.array(score.meta["thresholds"])
        guessed = np.flatnonzero(guess >= 0)
        assert (probs[guessed, guess[guessed]] >= limits[guess[guessed]] - 1e-6).all()
        assert ((probs >= limits - 1e-6).any(axis=1) == (guess >= 0)).all()


@pytest.mark.parametrize("how", ["prune_by_noise_rate", "prune_by_class"])
@pytest.mark.parametrize("asked", [[50, 0, 10], [0, 0, 1], [5, 5, 5]])
def test_removal_counts_per_class_are_honored_to_the_row(how: str, asked: list[int]) -> None:
    labels, probs = random_case(1, 3000, 3)
    doubted = np.bincount(labels[probs.argmax(axis=1) != labels], minlength=3)
    assert (doubted >= asked).all()
    flagged = ConfidentLearning(select=how, remove_per_class=asked).score(evidence_of(labels, probs)).flagged
    assert np.bincount(labels[flagged], minlength=3).tolist() == asked


@pytest.mark.parametrize("estimate", ["off_diagonal", "off_diagonal_calibrated"])
def test_batched_count_of_errors_does_not_depend_on_batches(estimate: str) -> None:
    labels, probs = random_case(2, 21_000, 4)
    scorer = ConfidentLearning(estimate=estimate)
    whole = scorer.score(evidence_of(labels, probs))
    for size in (1000, 5001, 10_000, 20_000):
        parts = batched(scorer, labels, probs, size)
        assert parts.meta["n_errors"] == whole.meta["n_errors"]
        assert (parts.flagged == whole.flagged).all()


@pytest.mark.parametrize("scorer", ALL, ids=repr)
def test_batched_absent_class_is_treated_as_in_memory(scorer: Any) -> None:
    labels, probs = random_case(3, 2000, 4, absent=True)
    whole, parts = scorer.score(evidence_of(labels, probs)), batched(scorer, labels, probs, 300)
    assert (whole.suspicion == parts.suspicion).all()
    assert (whole.flagged == parts.flagged).all()
    assert parts.meta.get("thresholds", [None])[-1] is None


def test_batched_path_holds_no_copy_of_the_probabilities() -> None:
    labels, probs = random_case(4, 20_000, 100)
    for scorer in (ConfidentLearning(), ConfidenceWeightedEntropy()):
        batched(scorer, labels, probs, 1000)
        tracemalloc.start()
        result = batched(scorer, labels, probs, 1000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < probs.nbytes / 2
        del result


@pytest.mark.parametrize("scorer", ALL, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_ties_do_not_depend_on_the_order_of_rows(scorer: Any, seed: int) -> None:
    labels, probs = random_case(seed, 500, 4, ties=True)
    order = np.random.default_rng(seed).permutation(500)
    one = scorer.score(evidence_of(labels, probs))
    other = scorer.score(evidence_of(labels[order], probs[order]))
    assert (one.flagged[order] == other.flagged).all()
    assert (one.suspicion[order] == other.suspicion).all()


@pytest.mark.parametrize("scorer", ALL, ids=repr)
@pytest.mark.parametrize(
    ("spoil", "message"), [(np.nan, "NaN"), (np.inf, "NaN"), (-0.2, "negative"), (1.7, "sum to one")]
)
@pytest.mark.parametrize("n_classes", [4, 60])
def test_impossible_probabilities_are_not_accepted_silently(
    scorer: Any, spoil: float, message: str, n_classes: int
) -> None:
    labels, probs = random_case(5, 90, n_classes)
    probs[77, 0] = spoil
    with pytest.raises(InvalidInputError, match=message) as raised:
        scorer.score(evidence_of(labels, probs))
    assert "77" in str(raised.value)


def test_unnormalized_probabilities_are_repaired_with_a_notice() -> None:
    labels, probs = random_case(5, 90, 4)
    for scorer in ALL:
        with pytest.warns(LabelscopeWarning, match="renormalized"):
            score = scorer.score(evidence_of(labels, probs * 1.003))
        exact = scorer.score(evidence_of(labels, probs))
        np.testing.assert_allclose(score.suspicion, exact.suspicion, atol=1e-6)


def test_half_precision_of_the_same_values_changes_no_flag() -> None:
    labels, probs = random_case(6, 20_000, 10)
    half = probs.astype(np.float16)
    one = confident_family(evidence_of(labels, half))
    # The same values in single precision are off by rounding, and must not be repaired for this comparison.
    exact = np.floor(probs * 1024) / 1024
    exact[np.arange(len(exact)), exact.argmax(axis=1)] += 1 - exact.sum(axis=1)
    kept = (exact.astype(np.float16) == exact).all(axis=1)
    for dtype in (np.float32, np.float64):
        other = confident_family(evidence_of(labels[kept], exact[kept].astype(dtype)))
        halves = confident_family(evidence_of(labels[kept], exact[kept].astype(np.float16)))
        for name in other:
            assert (other[name].flagged == halves[name].flagged).all()
    full = confident_family(evidence_of(labels, probs))
    for name, score in one.items():
        assert (score.flagged != full[name].flagged).mean() < 0.002


@pytest.mark.parametrize("scorer", ALL, ids=repr)
def test_nothing_wrong_returns_nothing_and_not_everything(scorer: Any) -> None:
    probs = np.tile(np.eye(3) * 0.94 + 0.02, (30, 1))
    assert not scorer.score(evidence_of(np.tile(np.arange(3), 30), probs)).flagged.any()


@pytest.mark.parametrize("scorer", ALL, ids=repr)
def test_a_final_batch_of_one_row_is_scored_like_any_other(scorer: Any) -> None:
    labels, probs = random_case(7, 201, 5)
    whole = scorer.score(evidence_of(labels, probs))
    parts = batched(scorer, labels, probs, 100)
    assert (whole.suspicion == parts.suspicion).all()
    assert (whole.flagged == parts.flagged).all()


@pytest.mark.parametrize("scorer", ALL, ids=repr)
def test_an_unlabelled_row_is_never_suspicious_and_gets_the_prediction(scorer: Any) -> None:
    labels, probs = random_case(8, 120, 4)
    labels[::6] = -1
    score = scorer.score(evidence_of(labels, probs))
    assert not score.suspicion[::6].any()
    assert not score.flagged[::6].any()
    if not isinstance(scorer, ConfidentLearning):
        assert (score.suggested[::6] == probs[::6].argmax(axis=1)).all()
