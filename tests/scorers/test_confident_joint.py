"""Thresholds, guesses, the joint and what follows from it, against slow loops and cleanlab."""

from __future__ import annotations

import numpy as np
import pytest
from confident_reference import evidence_of, guesses, joint, random_case, thresholds
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.scorers import ConfidentLearning
from labelscope.scorers.confident import joint as counting
from labelscope.scorers.confident.noise import class_health, noise, overlapping_classes

CASES = st.tuples(
    st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 6), st.booleans(), st.booleans(), st.booleans()
)


def _case(case: tuple[int, int, int, bool, bool, bool]) -> tuple[np.ndarray, np.ndarray]:
    seed, n, k, absent, ties, extreme = case
    return random_case(seed, n, k, absent=absent, ties=ties, extreme=extreme)


@settings(max_examples=300, deadline=None)
@given(CASES, st.sampled_from(["paper", "library"]))
def test_counting_equals_the_definition(case: tuple[int, int, int, bool, bool, bool], rule: str) -> None:
    labels, probs = _case(case)
    k = probs.shape[1]
    own = probs[np.arange(len(labels)), labels]
    limits = counting.thresholds(labels, own, k)
    np.testing.assert_allclose(limits, thresholds(labels, probs), atol=1e-12)
    guess = counting.confident_guess(probs, limits, rule=rule)  # type: ignore[arg-type]
    assert guess.tolist() == guesses(probs, limits.tolist(), rule)
    counted = counting.confident_joint(labels, guess, k)
    assert (counted == joint(labels, guess.tolist(), k)).all()
    calibrated = counting.calibrate(counted, np.bincount(labels, minlength=k))
    assert (calibrated.sum(axis=1) == np.bincount(labels, minlength=k)).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_library_rule_equals_cleanlab(seed: int, k: int) -> None:
    count = pytest.importorskip("cleanlab.count")
    labels, probs = random_case(seed, 80, k)
    score = ConfidentLearning(rule="library").score(evidence_of(labels, probs))
    raw, calibrated = (count.compute_confident_joint(labels, probs, calibrate=how) for how in (False, True))
    present = np.bincount(labels, minlength=k) > 0
    assert (score.meta["confident_joint"][present] == raw[present]).all()
    # Equal remainders are rounded in an order that cleanlab leaves open.
    assert (np.abs(score.meta["joint"] - calibrated) <= 1).all()
    assert (score.meta["joint"].sum(axis=1) == calibrated.sum(axis=1)).all()
    for estimate, slack in (("off_diagonal", 0), ("off_diagonal_calibrated", 2)):
        ours = ConfidentLearning(rule="library", estimate=estimate).score(evidence_of(labels, probs))
        theirs = count.num_label_issues(labels, probs, estimation_method=estimate)
        assert abs(ours.meta["n_errors"] - theirs) <= slack


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("count", "cnt"), ("equation", "eqn"), ("marginal", "marginal"), ("marginal_given", "marginal_ps")],
)
def test_latent_quantities_equal_cleanlab(ours: str, theirs: str) -> None:
    count = pytest.importorskip("cleanlab.count")
    labels, probs = random_case(3, 400, 4)
    calibrated = count.compute_confident_joint(labels, probs)
    prior, matrix, inverse = count.estimate_latent(calibrated, labels, py_method=theirs)
    found = noise(calibrated, prior=ours)
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-12)
    np.testing.assert_allclose(found.inverse, inverse, atol=1e-12)
    np.testing.assert_allclose(found.prior, prior, atol=1e-9)


def test_class_health_and_pairs_equal_cleanlab() -> None:
    dataset = pytest.importorskip("cleanlab.dataset")
    count = pytest.importorskip("cleanlab.count")
    labels, probs = random_case(5, 500, 4)
    calibrated = count.compute_confident_joint(labels, probs)
    health = class_health(calibrated)
    table = dataset.rank_classes_by_label_quality(labels, probs).sort_values("Class Index")
    np.testing.assert_allclose(health["noise"], table["Label Noise"])
    np.testing.assert_allclose(health["inverse_noise"], table["Inverse Label Noise"])
    np.testing.assert_allclose(health["quality"], table["Label Quality Score"])
    pairs = dataset.find_overlapping_classes(labels, probs)
    first = pairs.iloc[0]
    assert overlapping_classes(calibrated)[0] == (
        first["Class Index A"],
        first["Class Index B"],
        first["Num Overlapping Examples"],
    )


def test_absent_and_unlabelled_classes_are_defined() -> None:
    labels, probs = random_case(1, 50, 3, absent=True)
    labels[:5] = -1
    score = ConfidentLearning().score(evidence_of(labels, probs))
    assert score.meta["thresholds"][2] is None
    assert score.meta["joint"][2].sum() == 0
    assert score.meta["joint"].sum() == 45
    assert np.isfinite(score.meta["noise_matrix"]).all()
    np.testing.assert_allclose(score.meta["noise_matrix"].sum(axis=0), 1)
    assert not score.flagged[:5].any()
    assert not score.suspicion[:5].any()
    assert (score.details["guess"] != 2).all()


def test_a_joint_of_ones_own_is_used() -> None:
    labels, probs = random_case(2, 100, 3)
    own = np.array([[8, 1, 1], [0, 9, 1], [2, 0, 8]])
    score = ConfidentLearning(estimate="off_diagonal_custom").score(
        evidence_of(labels, probs).including(confident_joint=own)
    )
    expected = counting.calibrate(own, np.bincount(labels, minlength=3))
    assert (score.meta["joint"] == expected).all()
    assert score.meta["n_errors"] == expected.sum() - np.trace(expected)
    with pytest.raises(InvalidInputError, match="confident_joint"):
        ConfidentLearning(estimate="off_diagonal_custom").score(evidence_of(labels, probs))


def test_sums_do_not_depend_on_the_order_of_rows() -> None:
    rng = np.random.default_rng(0)
    values, codes = rng.random(50_000).astype(np.float32), rng.integers(0, 7, 50_000)
    order = rng.permutation(50_000)
    one, other = counting.class_sums(values, codes, 7), counting.class_sums(values[order], codes[order], 7)
    assert (one == other).all()
    np.testing.assert_allclose(one, np.bincount(codes, weights=values.astype(float)), rtol=1e-12)


def test_rounding_keeps_row_totals() -> None:
    matrix = np.array([[0.5, 0.5, 0.0], [1.4, 1.3, 1.3], [2.0, 0.0, 0.0]])
    rounded = counting.round_rows(matrix)
    assert rounded.sum(axis=1).tolist() == [1, 4, 2]
    assert rounded[1].tolist() == [2, 1, 1]


def test_health_and_pairs_by_hand() -> None:
    counts = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    assert class_health(counts)["noise"].tolist() == [0.2, 0.1, 0.0]
    assert overlapping_classes(counts) == [(0, 1, 3.0)]
    assert overlapping_classes(counts, directed=True) == [(0, 1, 2.0), (1, 0, 1.0)]


@pytest.mark.parametrize(
    "settings_",
    [
        {"select": "prune_by_clas"},
        {"rank": "x"},
        {"rule": "x"},
        {"estimate": "x"},
        {"prior": "x"},
        {"frac_noise": 0.0},
        {"min_examples_per_class": -1},
    ],
)
def test_wrong_settings_are_refused_early(settings_: dict[str, object]) -> None:
    with pytest.raises(InvalidInputError):
        ConfidentLearning(**settings_)  # type: ignore[arg-type]
