"""COMIC: each part does what it should and can be switched off; accounting; edges."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.scorers import LongTailPartial, by_name
from labelscope.scorers.multilabel.heads import sigmoid
from labelscope.scorers.multilabel.long_tail_fit import LongTailSettings, fit_long_tail
from labelscope.scorers.multilabel.long_tail_partial import accounting, shot
from labelscope.scorers.multilabel.multi_focal import (
    corrected,
    distillation_loss,
    focal_factors,
    multi_focal_loss,
    rarity_weights,
)
from labelscope.testing import check_scorer
from labelscope.types import Evidence

RATES = np.array([0.5, 0.25, 0.1, 0.04])


def case(n=300, kept=0.6, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    true = rng.random((n, len(RATES))) < RATES
    X = true @ (3 * np.eye(len(RATES), len(RATES) + 2)) + noise * rng.normal(size=(n, len(RATES) + 2))
    return X.astype(np.float32), true & (rng.random(true.shape) < kept), true


def numerical(function, at, step=1e-6):
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up) - function(down)) / (2 * step)
    return found


def test_scorer_keeps_the_contract():
    check_scorer(LongTailPartial())


def test_it_is_found_by_its_name():
    assert by_name("long_tail_partial") == LongTailPartial() == by_name("LongTailPartial")


# Losses


def test_multi_focal_loss_is_its_definition():
    rng = np.random.default_rng(1)
    z, targets, weights = rng.normal(size=(5, 3)), rng.random((5, 3)) < 0.4, np.array([1.0, 1.3, 1.7])
    value, _ = multi_focal_loss(z, targets, weights, gamma_pos=0.5, gamma_neg=3.0, clip=0.05)
    slow = 0.0
    for i in range(5):
        for c in range(3):
            p = 1 / (1 + np.exp(-z[i, c]))
            if targets[i, c]:
                slow -= weights[c] * (1 - p) ** 0.5 * np.log(p)
            else:
                q = max(p - 0.05, 0.0)
                slow -= weights[c] * q ** (3.0 + weights[c]) * np.log(1 - q)
    assert value == pytest.approx(slow / 5, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(0, 2), st.floats(2, 4), st.sampled_from([0.0, 0.05]))
def test_gradient_of_the_multi_focal_loss(seed, gamma_pos, gamma_neg, clip):
    rng = np.random.default_rng(seed)
    z, targets, weights = rng.normal(size=(6, 3)), rng.random((6, 3)) < 0.4, 1 + rng.random(3)
    p = sigmoid(z)
    held = focal_factors(p, np.maximum(p - clip, 0), targets, weights, gamma_pos, gamma_neg)
    _, slope = multi_focal_loss(z, targets, weights, clip=clip, focus=held)
    slow = numerical(lambda at: multi_focal_loss(at, targets, weights, clip=clip, focus=held)[0], z)
    assert slope == pytest.approx(slow, abs=1e-5)


def test_without_focus_it_is_cross_entropy():
    rng = np.random.default_rng(2)
    z, targets = rng.normal(size=(6, 3)), rng.random((6, 3)) < 0.4
    value, slope = multi_focal_loss(z, targets, np.ones(3), gamma_pos=0, gamma_neg=0, clip=0)
    p = sigmoid(z)
    assert value == pytest.approx(-np.log(np.where(targets, p, 1 - p)).sum() / 6, abs=1e-6)
    assert slope == pytest.approx((p - targets) / 6, abs=1e-6)


def test_gradient_of_distillation():
    rng = np.random.default_rng(3)
    z, teacher = rng.normal(size=(5, 2)), rng.random((5, 2))
    value, slope = distillation_loss(z, teacher)
    assert value > 0 and distillation_loss(np.log(teacher / (1 - teacher)), teacher)[0] == pytest.approx(0)
    assert slope == pytest.approx(numerical(lambda at: distillation_loss(at, teacher)[0], z), abs=1e-5)
    assert np.isfinite(distillation_loss(z.astype(np.float32) * 100, np.array([[0, 1]] * 5, np.float32))[0])


def test_rare_tags_weigh_more():
    found = rarity_weights(np.array([1000, 100, 10, 0]), 1 / 3)
    assert found[0] == 1 and (np.diff(found) > 0).all()
    assert found[1] == pytest.approx((1 + np.log(10)) ** (1 / 3))


def test_correction_needs_both_thresholds():
    p = np.array([[0.75, 0.75, 0.95, 0.95]])
    positive = np.array([[False, False, False, True]])
    assert corrected(p, positive, np.array([0.1, 0.8, 0.1, 0.1]), 0.7).tolist() == [
        [True, False, True, False]
    ]


# Parts


def test_each_part_can_be_switched_off_and_changes_something():
    X, tags, _ = case()
    full = LongTailPartial().score(Evidence(given_labels=tags, features=X))
    for part in ("corrector", "modifier", "balancer"):
        less = LongTailPartial(**{part: False}).score(Evidence(given_labels=tags, features=X))
        assert not np.array_equal(full.details["probability"], less.details["probability"]), part
        one_model = np.array_equal(less.details["head_probability"], less.details["tail_probability"])
        assert one_model == (part == "balancer")
        assert (sum(less.meta["corrections"]) == 0) == (part == "corrector")


def test_the_tail_model_thinks_more_of_rare_tags():
    X, tags, _ = case(600, noise=1.5)
    score = LongTailPartial().score(Evidence(given_labels=tags, features=X))
    head, tail = score.details["head_probability"], score.details["tail_probability"]
    assert tail[:, 3].mean() > head[:, 3].mean()


def test_without_parts_it_is_cross_entropy_that_recovers_next_to_nothing():
    X, tags, true = case(600, kept=0.4)
    off = LongTailPartial(corrector=False, modifier=False, balancer=False)
    plain, full = (s.score(Evidence(given_labels=tags, features=X)) for s in (off, LongTailPartial()))
    hidden = true & ~tags
    assert plain.details["recovered"][hidden].mean() < 0.3 < full.details["recovered"][hidden].mean()


def test_the_corrector_starts_after_the_first_epoch():
    X, tags, _ = case()
    model = fit_long_tail(X, tags, LongTailSettings())
    assert not model.corrections[0].any() and model.corrections.sum() > 0
    assert len(model.snapshots) == len(model.corrections)


def test_epoch_of_recovery_belongs_to_recovered_tags_alone():
    X, tags, _ = case()
    score = LongTailPartial().score(Evidence(given_labels=tags, features=X))
    recovered, first = score.details["recovered"], score.details["first_recovered"]
    assert recovered.any() and (first[recovered] > 0).all() and not first[~recovered].any()
    assert not (recovered & tags).any()
    assert (score.details["probability"][recovered] > 0.7).all()
    assert np.array_equal(score.suggested == 1, tags | recovered)
    assert np.array_equal(score.flagged, recovered.any(axis=1))


def test_zeros_and_unknown_entries_are_the_same():
    X, tags, _ = case(150)
    partly = np.where(tags, 1.0, np.nan)
    partly[~tags.any(axis=1), 0] = 0
    one = LongTailPartial(n_folds=2).score(Evidence(given_labels=tags, features=X))
    other = LongTailPartial(n_folds=2).score(Evidence(given_labels=partly, features=X))
    assert np.array_equal(one.suspicion, other.suspicion) and one.meta == other.meta


# Accounting


def test_accounting_adds_up():
    X, tags, _ = case(600)
    score = LongTailPartial().score(Evidence(given_labels=tags, features=X))
    recovered = score.details["recovered"]
    for column, tag in enumerate(score.meta["tags"]):
        assert tag["given"] == tags[:, column].sum() and tag["recovered"] == recovered[:, column].sum()
        assert tag["corrected"] == tag["given"] + tag["recovered"]
        assert tag["group"] == shot(tag["given"]) and tag["group_after"] == shot(tag["corrected"])
    groups = score.meta["groups"].values()
    assert sum(g["tags"] for g in groups) == 4 == sum(g["tags_after"] for g in groups)
    assert sum(g["given"] for g in groups) == tags.sum()
    assert sum(g["corrected"] for g in groups) == tags.sum() + recovered.sum()


def test_accounting_of_nothing():
    found = accounting(np.zeros((0, 2), dtype=bool), np.zeros((0, 2), dtype=bool))
    assert found["groups"]["few"] == {"tags": 2, "given": 0, "corrected": 0, "tags_after": 2}


# Edges


def quiet(scorer, **evidence):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return scorer.score(Evidence(**evidence))


def fine(score, n, n_tags):
    assert score.suspicion.shape == (n,) and score.suggested.shape == (n, n_tags)
    assert np.isfinite(score.suspicion).all()
    for name, array in score.details.items():
        assert array.shape == (n, n_tags) and np.isfinite(array).all(), name


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_fewer_rows_than_folds(n):
    X, tags, _ = case(8)
    fine(quiet(LongTailPartial(), given_labels=tags[:n], features=X[:n]), n, 4)


def test_unused_tags_unknown_columns_and_rows_are_kept():
    X, tags, _ = case(120)
    given_labels = tags.astype(float)
    given_labels[:, 1] = 0
    given_labels[:, 2] = np.nan
    given_labels[5] = np.nan
    with pytest.warns(LabelscopeWarning, match="2 of 4 tags are given to no row"):
        score = LongTailPartial(n_folds=2).score(Evidence(given_labels=given_labels, features=X))
    fine(score, 120, 4)
    assert score.suspicion[5] == 0 and not score.details["missing"][:, 1:3].any()


def test_one_tag_and_odd_features():
    X, tags, _ = case(120)
    fine(LongTailPartial(n_folds=2).score(Evidence(given_labels=tags[:, :1], features=X)), 120, 1)
    X[::9, 0] = np.nan
    fine(quiet(LongTailPartial(n_folds=2), given_labels=tags, features=X), 120, 4)
    fine(quiet(LongTailPartial(n_folds=2), given_labels=tags, features=np.ones((120, 2))), 120, 4)


@pytest.mark.parametrize("name", ["given_labels", "features"])
def test_missing_evidence_is_named(name):
    evidence = {"given_labels": np.ones((4, 1)), "features": np.eye(4)}
    del evidence[name]
    with pytest.raises(MissingEvidenceError, match=name):
        LongTailPartial().score(Evidence(evidence))


@pytest.mark.parametrize(
    "wrong",
    [{"tau": 1.5}, {"clip": -0.1}, {"alpha": -1}, {"gamma_neg": 1, "gamma_pos": 2}, {"n_folds": 1}, {"tau": float("nan")}],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        LongTailPartial(**wrong)
