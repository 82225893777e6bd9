"""What labels say about two readings of them: where mistakes go, and on which rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nst
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

import labelscope as ls
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.scorers import Ensemble, noise_kinds
from labelscope.scorers.latent import Component, expectation
from labelscope.scorers.latent_fit import Sideways
from labelscope.scorers.reading_evidence import ReadingEvidence, one_way
from labelscope.types import Evidence

COUNTS = nst.arrays(np.float64, (4, 4), elements=st.floats(0, 1e4))


@settings(deadline=None)
@given(COUNTS)
def test_one_way_is_a_share_that_does_not_care_about_the_order_of_the_axes(joint: np.ndarray) -> None:
    share = one_way(joint)
    assert 0.0 <= share <= 1.0
    assert one_way(joint.T) == pytest.approx(share)
    assert one_way(joint + joint.T) == 0.0
    changed = joint.copy()
    np.fill_diagonal(changed, 7e5)
    assert one_way(changed) == share


def test_one_way_equals_its_definition() -> None:
    joint = np.random.default_rng(0).gamma(0.5, 40.0, (5, 5))
    found = []
    for a in range(5):
        apart = square = 0.0
        for b in range(5):
            if a != b:
                both, gap = joint[a, b] + joint[b, a], joint[a, b] - joint[b, a]
                apart += max(gap**2 - both, 0.0)
                square += both**2
        found.append(apart / (square + 25.0))
    assert one_way(joint) == pytest.approx(float(np.mean(found)))
    habit = np.roll(np.eye(5), 1, axis=1)
    assert one_way(habit) == 0.0
    assert one_way(2 * habit) < 0.2 < 0.9 < one_way(100 * habit)


@pytest.mark.parametrize("pairwise", [True, False])
def test_readings_are_compared_as_a_loop_would(pairwise: bool) -> None:
    rng = np.random.default_rng(1)
    part = np.log(rng.dirichlet(np.full(4, 0.3), 60))
    codes = rng.integers(0, 4, 60)
    tau = rng.uniform(0.01, 0.3, (4, 4))
    np.fill_diagonal(tau, 1.0)
    tau = tau if pairwise else np.array([[0.1]])
    slips, following = (Component(kappa, np.array([1.3]), tau) for kappa in (0.0, 0.4))
    told = ReadingEvidence.of(slips, following, Sideways.of(part, codes, pairwise=pairwise))
    gain, joint, flat = 0.0, np.zeros((4, 4)), 0
    for row in range(60):
        one, code = part[row : row + 1], codes[row : row + 1]
        seen = expectation(slips, [one], code)
        joint[:, code[0]] += seen.true[0]
        if noise_kinds.flatness(one)[0] > 0.5:
            flat += 1
            gain += expectation(following, [one], code).log_likelihood - seen.log_likelihood
    assert 5 < flat < 55
    assert told.flat_gain == pytest.approx(gain / 60, rel=1e-4)
    assert told.one_way == pytest.approx(one_way(joint) if pairwise else 0.0, rel=1e-4)


def seen_in(features: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Suspicion by probabilities alone, and which kind of noise is seen."""
    bare = Evidence(given_labels=codes, classes=np.arange(codes.max() + 1), features=features)
    probs = PredictedProbabilities().make(None, bare).arrays["pred_probs"]
    score = Ensemble().score(Evidence(given_labels=codes, classes=bare["classes"], pred_probs=probs))
    return score.suspicion, score.meta["noise_kind"]


def test_mistakes_in_clusters_are_not_taken_for_items_from_outside() -> None:
    data = load_digits()
    features = (data.data / 16).astype(np.float32)
    codes, _ = ls.testing.cluster_shaped(data.target, features, rate=0.03, random_state=900)
    assert seen_in(features, codes)[1]["outside"] < 0.3
    # Digits whose class is not in the set get any label: these are from outside.
    rng = np.random.default_rng(5)
    outside = data.target >= 8
    kept = ~outside | (rng.random(len(outside)) < 0.5)
    strange = np.where(outside, rng.integers(0, 8, len(outside)), data.target)[kept]
    suspicion, kind = seen_in(features[kept], strange)
    assert kind["outside"] > 0.7
    assert average_precision_score(outside[kept], suspicion) > 0.97


def test_habits_that_the_model_has_learned_do_not_follow_the_ambiguity() -> None:
    data = load_digits()
    features = (data.data / 16).astype(np.float32)
    found = []
    for seed in (900, 901, 902):
        codes, wrong = ls.testing.asymmetric(data.target, rate=0.3, random_state=seed)
        suspicion, kind = seen_in(features, codes)
        assert kind["outside"] < 0.05
        assert kind["ambiguous"] < 0.5
        found.append(average_precision_score(wrong, suspicion))
    assert np.mean(found) > 0.93
