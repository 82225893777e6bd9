"""RCAL: robust Gaussians, borrowing, and what happens at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.evidence.class_gaussians import (
    GaussianSettings,
    fit_gaussians,
    head_classes,
    normality,
    principal_components,
)
from labelscope.scorers.representation.calibration import RepresentationCalibration
from labelscope.testing import check_scorer
from labelscope.types import Evidence


def blobs(counts, seed=0, d=5, apart=4.0):
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(len(counts)), counts)
    centers = rng.normal(size=(len(counts), d)) * apart
    return centers[codes] + rng.normal(size=(len(codes), d)), codes


def test_scorer_keeps_the_contract():
    check_scorer(RepresentationCalibration())


def test_tail_classes_borrow_covariance_from_their_nearest_heads():
    points, codes = blobs([200, 150, 120, 8, 6])
    made = fit_gaussians(points, codes, 5, GaussianSettings(n_borrowed=2, head_share=0.6))
    assert made.is_head.tolist() == [True, True, True, False, False]
    assert (made.borrowed_from[:3] == 0).all()
    for code in (3, 4):
        weights = made.borrowed_from[code]
        assert weights.sum() == pytest.approx(1) and (weights > 0).sum() == 2
        far = np.linalg.norm(made.means[:3] - made.means[code], axis=1)
        nearest = np.argsort(far)[:2]
        raw = made.counts[nearest] / far[nearest]
        assert weights[nearest] == pytest.approx(raw / raw.sum())


def test_borrowing_changes_the_tail_only():
    points, codes = blobs([200, 150, 8])
    with_it, without = (
        fit_gaussians(points, codes, 3, GaussianSettings(borrow=b, head_share=0.6)) for b in (0.5, 0.0)
    )
    assert (with_it.covariances[:2] == without.covariances[:2]).all()
    assert (with_it.covariances[2] != without.covariances[2]).any()
    assert (with_it.means == without.means).all()


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.lists(st.integers(1, 12), min_size=2, max_size=5))
def test_covariances_can_always_be_inverted(seed, counts):
    points, codes = blobs(counts, seed)
    made = fit_gaussians(points, codes, len(counts), GaussianSettings(shrink=0.0))
    for code in range(len(counts)):
        assert np.linalg.eigvalsh(made.covariances[code]).min() > 0
    posterior = made.posterior(points)
    assert posterior.sum(axis=1) == pytest.approx(1) and np.isfinite(posterior).all()


def test_the_prior_is_flat():
    points, codes = blobs([300, 30], apart=0.0)
    made = fit_gaussians(points, codes, 2, GaussianSettings(borrow=1.0, shrink=1.0, outliers=False))
    assert abs(float(made.posterior(points)[:, 0].mean()) - 0.5) < 0.1


def test_normality_holds_for_gaussians_and_fails_for_rings():
    points, codes = blobs([600, 600])
    settings_ = GaussianSettings(shrink=0.0, outliers=False)
    good = normality(fit_gaussians(points, codes, 2, settings_), points, codes)
    assert good["50"] == pytest.approx([0.5, 0.5], abs=0.07) and good["90"] == pytest.approx(
        [0.9] * 2, abs=0.05
    )
    ring = np.random.default_rng(1).normal(size=(1200, 5))
    ring /= np.linalg.norm(ring, axis=1, keepdims=True)
    bad = normality(fit_gaussians(ring, codes * 0, 1, settings_), ring, codes * 0)
    assert abs(bad["50"][0] - 0.5) > 0.07


def test_outliers_are_left_out_and_marked():
    points, codes = blobs([80, 80])
    points[3] += 60
    made = fit_gaussians(points, codes, 2, GaussianSettings())
    assert made.outlier[3] and made.kept[0] < made.counts[0]


@pytest.mark.parametrize("n_copies", [30, 150, 170])
@pytest.mark.filterwarnings("error")
def test_copies_by_the_hundred_make_nobody_an_outlier(n_copies):
    points, codes = blobs([200, 60], seed=7)
    points[:n_copies] = points[0]
    made = fit_gaussians(points, codes, 2, GaussianSettings())
    assert made.outlier.mean() <= 0.02
    points[199] += 60
    assert fit_gaussians(points, codes, 2, GaussianSettings()).outlier[199]


def test_never_more_than_a_fifth_of_a_class_is_left_out():
    points, codes = blobs([100, 60], seed=8)
    points[:50] = points[0] + 80  # half the class stands elsewhere, in copies
    made = fit_gaussians(points, codes, 2, GaussianSettings())
    assert made.outlier[codes == 0].mean() <= 0.2


def test_head_is_the_largest_share_ties_included():
    assert head_classes(np.array([10, 5, 5, 0, 1]), 0.5).tolist() == [True, True, True, False, False]


def test_classes_that_are_about_equal_have_no_tail():
    """Digits have 174 to 183 rows a class: none of them borrows, and none is marked on the map."""
    counts = np.array([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    assert head_classes(counts, 0.5).all()
    points, codes = blobs([60, 58, 57, 55])
    made = fit_gaussians(points, codes, 4, GaussianSettings())
    assert made.is_head.all() and not made.borrowed_from.any()
    score = RepresentationCalibration().score(Evidence(given_labels=codes, features=points))
    assert not score.details["tail"].any() and score.meta["borrowed_from"] == {}


def test_components_ignore_the_order_of_rows():
    X = np.random.default_rng(3).normal(size=(50, 6)) * [5, 4, 3, 2, 1, 0.5]
    order = np.random.default_rng(4).permutation(50)
    assert principal_components(X, 3)[order] == pytest.approx(principal_components(X[order], 3), abs=1e-8)


def test_swapped_majorities_are_told():
    points, codes = blobs([60, 60, 60], seed=5)
    given_ = codes.copy()
    given_[codes == 0] = np.where(np.arange(60) < 36, 1, 0)
    score = RepresentationCalibration(outliers=False).score(Evidence(given_labels=given_, features=points))
    assert isinstance(score.meta["ambiguous"], list)
    assert set(score.meta["borrowed_from"]) <= {0, 1, 2}


@pytest.mark.parametrize("wrong", [{"borrow": 1.5}, {"n_components": 0}, {"shrink": -0.1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        RepresentationCalibration(**wrong)


def test_sampling_follows_the_gaussians():
    points, codes = blobs([400, 300])
    made = fit_gaussians(points, codes, 2, GaussianSettings(outliers=False))
    drawn, drawn_codes = made.sample(np.array([2000, 0]), np.random.default_rng(0))
    assert (drawn_codes == 0).all() and len(drawn) == 2000
    assert drawn.mean(axis=0) == pytest.approx(made.means[0], abs=0.15)
    assert np.cov(drawn.T) == pytest.approx(made.covariances[0], abs=0.25)
