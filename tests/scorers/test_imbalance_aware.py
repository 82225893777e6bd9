"""Balanced heads and self-training: definitions, gradients, leaks, pools and hard inputs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.evidence.imbalance import setting
from labelscope.evidence.kernel_components import kernel_components
from labelscope.evidence.pool_relevance import relevance, trusted_weight
from labelscope.evidence.self_training import Regime, out_of_fold
from labelscope.evidence.weighted_probe import Standardized, effective_weights, fit, loss, one_hot, predict
from labelscope.scorers import ImbalanceAware, by_name
from labelscope.scorers.confident.imbalance_aware import tail_classes
from labelscope.testing import check_scorer
from labelscope.types import Evidence


def blobs(sizes=(60, 20, 6), pool=30, seed=0, apart=5.0):
    rng = np.random.default_rng(seed)
    true = np.concatenate([np.repeat(np.arange(len(sizes)), sizes), np.arange(pool) % len(sizes)])
    X = rng.normal(size=(len(true), 4)) + apart * np.eye(len(sizes), 4)[true]
    codes = np.where(np.arange(len(true)) < sum(sizes), true, -1)
    return X.astype(np.float32), codes, true


def evidence(X, codes, k=3, **more):
    return Evidence(given_labels=codes, classes=np.arange(k), features=X, **more)


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
@pytest.mark.parametrize(
    "scorer", [ImbalanceAware(), ImbalanceAware(representation="kernel"), ImbalanceAware(balance="none")]
)
def test_scorer_keeps_the_contract(scorer):
    check_scorer(scorer)


def test_it_has_a_name():
    assert by_name("imbalance_aware") == ImbalanceAware()


@given(st.lists(st.integers(0, 500), min_size=1, max_size=6), st.sampled_from([0.0, 0.9, 0.9999, 1.0]))
@settings(max_examples=50)
def test_effective_numbers_follow_the_definition(counts, beta):
    found = effective_weights(np.array(counts), beta)
    if not sum(counts):
        assert not found.any()
        return
    raw = [0.0 if not n else 1.0 / (n if beta == 1 else sum(beta**i for i in range(n))) for n in counts]
    mean = sum(r * n for r, n in zip(raw, counts, strict=True)) / sum(counts)
    assert found == pytest.approx([r / mean for r in raw], rel=1e-6)


def test_gradient_of_the_weighted_loss():
    rng = np.random.default_rng(0)
    inputs = np.hstack([rng.normal(size=(20, 3)), np.ones((20, 1))])
    targets = rng.dirichlet(np.ones(3), 20)
    importance, weights = rng.random(20), rng.normal(size=(3, 4))
    _, gradient = loss(weights, inputs, targets, importance, 0.7)
    for at in np.ndindex(weights.shape):
        step = np.zeros_like(weights)
        step[at] = 1e-6
        high, low = (loss(weights + sign * step, inputs, targets, importance, 0.7)[0] for sign in (1, -1))
        assert gradient[at] == pytest.approx((high - low) / 2e-6, abs=1e-6)


def test_the_fit_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    X, codes, _ = blobs(pool=0, apart=1.5)
    inputs, weight = Standardized.of(X).apply(X), effective_weights(np.bincount(codes))[codes]
    ours = predict(inputs, fit(inputs, one_hot(codes, 3), weight, penalty=2.0, n_steps=500))
    model = LogisticRegression(C=0.5, max_iter=2000, tol=1e-8).fit(
        inputs[:, :-1], codes, sample_weight=weight
    )
    assert ours == pytest.approx(model.predict_proba(inputs[:, :-1]), abs=5e-3)


def test_a_class_without_rows_is_never_predicted():
    X, codes, _ = blobs(pool=0)
    inputs = Standardized.of(X).apply(X)
    head = fit(inputs, one_hot(codes, 5), np.ones(len(codes)))
    assert predict(inputs, head)[:, 3:].max() == 0


def test_no_held_out_label_reaches_its_own_fit():
    """Every label of a fold is changed: what the others' head says of that fold stays the same to the bit."""
    X, codes, _ = blobs(apart=2.0)
    found = setting(X, codes, 3)
    assert len(found.spaces) == 2 and len(found.pool) == 30
    before = out_of_fold(found.spaces, codes, found.folds, found.pool, 3, Regime()).pred_probs
    for fold in range(3):
        changed = np.where(found.folds == fold, (codes + 1) % 3, codes)
        after = out_of_fold(found.spaces, changed, found.folds, found.pool, 3, Regime()).pred_probs
        held = found.folds == fold
        assert (after[held] == before[held]).all()
        assert (after[~held] != before[~held]).any()  # the same labels do matter to the other folds


def test_no_unlabelled_truth_reaches_a_fit():
    """Codes of the pool are not read at all, whatever stands there."""
    X, codes, true = blobs(apart=2.0)
    found = setting(X, codes, 3)
    told = np.where(found.folds < 0, true, codes)
    one = out_of_fold(found.spaces, codes, found.folds, found.pool, 3, Regime())
    other = out_of_fold(found.spaces, told, found.folds, found.pool, 3, Regime())
    assert (one.pred_probs == other.pred_probs).all()


def test_representations_do_not_see_labels():
    X, codes, _ = blobs()
    one, other = setting(X, codes, 3), setting(X, np.where(codes >= 0, 2 - codes, -1), 3)
    for first, second in zip(one.spaces, other.spaces, strict=True):
        assert (first == second).all()


def test_the_pool_changes_the_heads_and_excluded_rows_do_not():
    X, codes, _ = blobs(apart=2.0)
    with_pool = ImbalanceAware().score(evidence(X, codes))
    out = codes < 0
    without = ImbalanceAware().score(evidence(X, codes, excluded=out))
    assert with_pool.meta["n_pool"] == 30 and with_pool.meta["omega"] == 1.0
    assert without.meta["n_pool"] == 0 and without.meta["omega"] == 0.0
    assert (with_pool.suspicion != without.suspicion).any()
    assert not with_pool.suspicion[out].any() and with_pool.details["pool"].tolist() == out.tolist()


def test_kernel_components_part_classes_that_share_a_center():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 150)
    X = rng.normal(size=(300, 10)) * np.where(y, 1.0, 2.0)[:, None]
    points = kernel_components(X.astype(np.float32), width=2.0)
    first = points[:, 0]
    apart = abs(first[y == 0].mean() - first[y == 1].mean()) / first.std()
    assert apart > 1.5 and points.shape == (300, 20)
    order = rng.permutation(300)
    assert kernel_components(X[order].astype(np.float32), width=2.0) == pytest.approx(points[order], abs=1e-6)
    assert not kernel_components(np.ones((5, 2), dtype=np.float32)).any()


def test_relevance_of_own_half_and_foreign_pools():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(900, 5))
    X[600:] += 9
    codes = np.where(np.arange(900) < 300, np.arange(900) % 3, -1)
    labelled = np.arange(300)
    assert relevance(X, codes, labelled, np.arange(300, 600)) > 0.85
    assert relevance(X, codes, labelled, np.arange(300, 900)) == pytest.approx(0.5, abs=0.1)
    assert relevance(X, codes, labelled, np.arange(600, 900)) < 0.1
    assert np.isnan(relevance(X, codes, labelled, np.arange(0)))


def test_relevance_of_many_rows_does_not_depend_on_their_order(monkeypatch):
    """Rows often come class by class: the first of them know nothing of the other classes."""
    monkeypatch.setattr("labelscope.evidence.pool_relevance._MOST", 200)
    rng = np.random.default_rng(2)
    true = np.concatenate([np.repeat(np.arange(4), 150), rng.integers(0, 4, 400)])
    X = (rng.normal(size=(1000, 5)) + 12 * np.eye(4, 5)[true]).astype(np.float32)
    codes = np.where(np.arange(1000) < 600, true, -1)
    found = relevance(X, codes, np.arange(600), np.arange(600, 1000))
    assert found > 0.8
    mixed = rng.permutation(1000)
    again = relevance(
        X[mixed], codes[mixed], np.flatnonzero(codes[mixed] >= 0), np.flatnonzero(codes[mixed] < 0)
    )
    assert again == found


def test_weight_of_the_pool():
    assert trusted_weight(1.0, 0.9) == 1.0 and trusted_weight(2.0, 0.5) == pytest.approx(1.0)
    assert trusted_weight(1.0, 0.3) == 0.0 and trusted_weight(1.0, float("nan")) == 1.0


def test_a_foreign_pool_is_refused_with_a_notice():
    X, codes, _ = blobs(pool=60)
    X[codes < 0] += 20
    with pytest.warns(LabelscopeWarning, match="not learned from"):
        score = ImbalanceAware().score(evidence(X, codes))
    assert score.meta["omega"] < 0.3 and score.meta["relevance"] < 0.3
    with pytest.warns(LabelscopeWarning):
        plain = ImbalanceAware(omega=0.0).score(evidence(X, codes))
    assert (score.suspicion == plain.suspicion).all()


def test_tail_classes():
    assert tail_classes(np.array([100, 90, 10, 3, 0])).tolist() == [False, False, True, True, False]
    assert not tail_classes(np.array([50, 50, 50])).any() and not tail_classes(np.zeros(2, dtype=int)).any()


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_classes_of_a_few_rows(size):
    X, codes, _ = blobs(sizes=(40, 40, size), pool=0)
    score = ImbalanceAware().score(evidence(X, codes))
    if size == 1:
        row = int(np.flatnonzero(codes == 2)[0])
        assert score.suspicion[row] == 0.5 and not score.flagged[row]
    assert np.isfinite(score.suspicion).all()


@pytest.mark.parametrize(
    ("codes", "said"), [(np.full(20, -1), "0 classes"), (np.zeros(20, dtype=int), "1 class has")]
)
def test_without_two_classes_nothing_is_suspected(codes, said):
    X = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    with pytest.warns(LabelscopeWarning, match=said):
        score = ImbalanceAware().score(evidence(X, codes))
    assert not score.suspicion.any() and not score.flagged.any()


def test_hundreds_of_copies_and_rows_that_are_not_numbers():
    X, codes, _ = blobs(sizes=(200, 60, 20), pool=40)
    X[:150] = X[0]
    X[-1, 0] = np.nan
    with pytest.warns(LabelscopeWarning, match="NaN"):
        score = ImbalanceAware().score(evidence(X, codes))
    assert np.isfinite(score.suspicion).all() and score.meta["relevance"] > 0.5


def test_bad_arguments():
    X, codes, _ = blobs()
    with pytest.raises(MissingEvidenceError, match="features"):
        ImbalanceAware().score(Evidence(given_labels=codes, classes=np.arange(3)))
    with pytest.raises(InvalidInputError, match="excluded"):
        ImbalanceAware().score(evidence(X, codes, excluded=np.zeros(3)))
    for wrong in (
        {"balance": "equal"},
        {"omega": -1.0},
        {"representation": "kernal"},
        {"n_folds": 1},
        {"beta": 2.0},
        {"penalty": 0.0},
        {"n_rounds": -1},
    ):
        with pytest.raises(InvalidInputError):
            ImbalanceAware(**wrong)
