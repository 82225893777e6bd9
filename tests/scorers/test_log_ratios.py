"""The log ratio of the best other class, and the same with the prior of the pair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from confident_reference import evidence_of, random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.scorers import ConfidentLearning, ConfusionPairPrior, LogRatio, NormalizedMargin, by_name
from labelscope.scorers.confident.confusion_prior import PairRates
from labelscope.testing import check_scorer


@pytest.mark.parametrize(
    "scorer", [LogRatio(), LogRatio(adjust=True), ConfusionPairPrior(), ConfusionPairPrior(rule="library")]
)
def test_they_keep_the_contract_and_have_names(scorer: LogRatio) -> None:
    check_scorer(scorer)
    assert by_name(scorer.name) == type(scorer)()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 6), st.booleans(), st.booleans())
def test_log_ratios_equal_their_definition(seed: int, n: int, k: int, ties: bool, extreme: bool) -> None:
    labels, probs = random_case(seed, n, k, ties=ties, extreme=extreme)
    labels[::7] = -1
    score = LogRatio().score(evidence_of(labels, probs))
    for i in range(n):
        if labels[i] < 0:
            assert score.suspicion[i] == score.details["log_ratio"][i] == 0
            continue
        own = max(probs[i, labels[i]], 1e-300)
        other = max(max(probs[i, j] for j in range(k) if j != labels[i]), 1e-300)
        ratio = math.log(other) - math.log(own)
        assert math.isclose(score.details["log_ratio"][i], ratio, abs_tol=1e-9)
        assert math.isclose(score.suspicion[i], (1 + ratio / (1 + abs(ratio))) / 2, abs_tol=1e-6)


def test_an_offset_is_a_ratio_to_the_threshold() -> None:
    labels, probs = random_case(2, 400, 4)
    plain = LogRatio().score(evidence_of(labels, probs)).details
    moved = LogRatio(adjust=True).score(evidence_of(labels, probs)).details
    limits = np.array(ConfidentLearning().score(evidence_of(labels, probs)).meta["thresholds"])
    expected = plain["log_ratio"] - np.log(limits[plain["rival"]]) + np.log(limits[labels])
    np.testing.assert_allclose(moved["log_ratio"], expected, atol=1e-12)


def test_an_offset_survives_an_absent_class() -> None:
    labels, probs = random_case(2, 300, 4, absent=True)
    suspicion = LogRatio(adjust=True).score(evidence_of(labels, probs)).suspicion
    assert np.isfinite(suspicion).all()
    assert suspicion.max() - suspicion.min() > 0.5


def test_certain_models_keep_their_order_in_float32() -> None:
    probs = np.array([[10.0**-e, 1.0] for e in range(7, 38)], dtype=np.float32)
    zeros = np.zeros(len(probs), dtype=np.int64)
    assert len(np.unique(NormalizedMargin().score(evidence_of(zeros, probs)).suspicion)) == 2
    assert (np.diff(LogRatio().score(evidence_of(zeros, probs)).suspicion) > 0).all()


def test_common_confusions_are_more_suspicious() -> None:
    rng = np.random.default_rng(0)
    true = np.repeat([0, 1, 2], 400)
    probs = np.full((1200, 3), 0.03)
    probs[np.arange(1200), true] = 0.94
    labels = true.copy()
    # Twos are often called 0 and never 1.
    labels[rng.choice(np.arange(800, 1200), 80, replace=False)] = 0
    rows = np.array([0, 400])
    probs[rows] = [[0.5, 0.05, 0.45], [0.05, 0.5, 0.45]]
    evidence = evidence_of(labels, probs)
    plain, informed = LogRatio().score(evidence), ConfusionPairPrior().score(evidence)
    assert plain.suspicion[0] == plain.suspicion[400]
    assert informed.suspicion[0] > informed.suspicion[400]
    np.testing.assert_allclose(
        informed.details["log_ratio"][rows], plain.details["log_ratio"][rows], atol=1e-12
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(2, 5), st.booleans())
def test_the_prior_of_a_pair_equals_its_definition(seed: int, n: int, k: int, absent: bool) -> None:
    labels, probs = random_case(seed, n, k, absent=absent)
    score = ConfusionPairPrior().score(evidence_of(labels, probs))
    joint = ConfidentLearning().score(evidence_of(labels, probs)).meta["joint"]
    common = (joint.sum() - np.trace(joint) + 1) / (joint.sum() + 20)
    for i in range(n):
        y, j = int(labels[i]), int(score.details["rival"][i])
        wrong = (joint[y, j] + 10 * common / (k - 1)) / (joint[:, j].sum() + 10)
        right = (joint[y, y] + 10 * (1 - common)) / (joint[:, y].sum() + 10)
        assert math.isclose(score.details["pair_prior"][i], math.log(wrong / right), abs_tol=1e-9)
        total = score.details["log_ratio"][i] + score.details["pair_prior"][i]
        assert math.isclose(score.suspicion[i], (1 + total / (1 + abs(total))) / 2, abs_tol=1e-6)
        assert score.flagged[i] == (total > 0)


def test_rates_of_a_class_that_nobody_has_are_finite() -> None:
    rates = PairRates(np.array([[5, 0], [0, 0]]))
    assert np.isfinite(rates.log_odds(np.array([0, 1]), np.array([1, 0]))).all()
