"""The shrunk probe: its targets, its gradient against differences, and the provider around them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.shrinking import (
    Settings,
    initial,
    loss_and_gradient,
    main_probs,
    shrink,
    softmax,
    train,
)
from labelscope.evidence.shrunk_probe import ShrunkProbe
from labelscope.scorers.confident.candidate_sets import candidate_sets
from labelscope.types import Evidence

FEW = {"n_steps": 40, "width": 16, "n_folds": 3}


def settings(**changed):
    values = {
        "tau": 0.9,
        "shrink": True,
        "momentum": 0.9,
        "n_steps": 60,
        "width": 12,
        "noise": 0.2,
        "mask": 0.1,
        "learning_rate": 0.03,
        "weight_decay": 1e-4,
        "batch_size": 10,
        "unlabelled_ratio": 3,
    }
    return Settings(**{**values, **changed})


def blobs(n=150, seed=0, known=4):
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 3, n)
    features = 2.2 * np.eye(3)[true] + rng.normal(size=(n, 3))
    codes = np.where(np.arange(n) % known == 0, true, -1)
    return Evidence(features=features.astype(np.float32), given_labels=codes, classes=np.arange(3)), true


@given(st.integers(1, 7), st.integers(0, 10**6), st.floats(0.55, 0.99))
def test_targets_are_the_complement_of_the_candidate_sets(k, seed, tau):
    probs = np.random.default_rng(seed).dirichlet(np.full(k, 0.4), 8)
    found, sets = shrink(probs, tau), candidate_sets(probs, tau)
    top = np.eye(k, dtype=bool)[found.top]
    assert (found.certain == sets.certain).all()
    assert (found.kept == (~sets.candidates | top)).all()
    if k > 2:
        np.testing.assert_allclose(found.weight, np.where(found.certain, 0, sets.weight))
    else:
        assert not found.weight.any()


def test_gradient_equals_differences():
    rng = np.random.default_rng(3)
    weights = {name: array.astype(np.float64) for name, array in initial(4, 5, 6, rng).items()}
    for name in weights:
        if name.endswith("_bias"):
            weights[name] = rng.normal(scale=0.3, size=weights[name].shape)
    labelled, strong = rng.normal(size=(3, 4)), rng.normal(size=(8, 4))
    targets = np.eye(5)[[0, 3, 4]]
    probs = rng.dirichlet(np.full(5, 0.3), 8)
    probs[0] = [0.97, 0.01, 0.01, 0.005, 0.005]
    probs[1] = [0.45, 0.42, 0.11, 0.01, 0.01]
    taught = shrink(probs, 0.9)
    assert taught.certain.any() and (taught.weight > 0).any()
    batch = (labelled, targets, strong, probs, taught, 0.7)
    _, gradient = loss_and_gradient(weights, *batch)
    assert set(gradient) == set(weights)
    for name, array in weights.items():
        for place in rng.integers(0, array.size, 6):
            at = np.unravel_index(place, array.shape)
            values = []
            for step in (1e-5, -1e-5):
                array[at] += step
                values.append(loss_and_gradient(weights, *batch)[0])
                array[at] -= step
            assert (values[0] - values[1]) / 2e-5 == pytest.approx(gradient[name][at], abs=1e-6)


def test_loss_follows_the_definition():
    rng = np.random.default_rng(5)
    weights = initial(3, 4, 6, rng)
    x = rng.normal(size=(6, 3)).astype(np.float32)
    probs = np.array([[0.96, 0.02, 0.01, 0.01], [0.5, 0.46, 0.03, 0.01], [0.3, 0.28, 0.22, 0.2]])
    loss, _ = loss_and_gradient(weights, x[:3], np.eye(4)[[0, 1, 2]], x[3:], probs, shrink(probs, 0.95), 0.5)
    out = main_probs(weights, x)
    expected = -np.log(out[[0, 1, 2], [0, 1, 2]]).mean() - probs[0] @ np.log(out[3]) / 3
    layers = np.maximum(x[4:] @ weights["in"], 0)
    for name in ("aux1", "aux2"):
        layers = np.maximum(layers @ weights[name], 0)
    logits = layers @ weights["aux3"]
    # Removing the runner-up, then also rank 3 of the second row, leaves rank 4 below 5 %.
    kept = np.array([[True, False, False, True], [True, False, False, False]])
    if 0.5 / (0.5 + 0.03 + 0.01) < 0.95:
        expected -= 0.5 * 0.5 * np.log(softmax(logits, kept)[0, 0]) / 3
    assert loss == pytest.approx(float(expected), rel=1e-4)


def test_factor_is_the_moving_average_and_is_carried_on():
    evidence, true = blobs()
    x, codes = np.asarray(evidence["features"]), np.asarray(evidence["given_labels"])
    found = train(x[codes >= 0], codes[codes >= 0], 3, x[codes < 0], settings(), 0)
    factor = 0.0
    for share, got in zip(found.certain_share, found.factor, strict=True):
        factor = 0.9 * factor + 0.1 * share
        assert got == pytest.approx(factor)
    assert found.factor[-1] > 0.3
    assert (main_probs(found.weights, x).argmax(axis=1) == true).mean() > 0.75


def test_uncertain_rows_teach_only_when_asked():
    evidence, _ = blobs()
    x, codes = np.asarray(evidence["features"]), np.asarray(evidence["given_labels"])
    parts = (x[codes >= 0], codes[codes >= 0], 3, x[codes < 0])
    without = train(*parts, settings(shrink=False), 0).weights
    with_ = train(*parts, settings(), 0).weights
    start = initial(3, 3, 12, np.random.default_rng(0))
    # The auxiliary head moves by weight decay alone unless the shrunk loss is there.
    drift = np.abs(without["aux3"] - start["aux3"]).max()
    assert drift < 0.01 < np.abs(with_["aux3"] - without["aux3"]).max()
    assert not np.array_equal(with_["main"], without["main"])


def test_provider_predicts_out_of_sample():
    evidence, true = blobs(240)
    made = ls.providers.ShrunkProbe(n_steps=150).make(None, evidence)
    probs = made.arrays["pred_probs"]
    assert probs.shape == (240, 3) and probs.dtype == np.float32
    np.testing.assert_allclose(probs.sum(axis=1), 1, atol=1e-4)
    assert (probs.argmax(axis=1) == true).mean() > 0.75
    assert made.facts["n_folds"] == 5 and 0 < made.facts["certain_share"] <= 1
    # A label has no say in its own row: turning it leaves the row's probabilities nearly as they were.
    codes = np.array(evidence["given_labels"])
    row = int(np.flatnonzero(codes >= 0)[7])
    codes[row] = (codes[row] + 1) % 3
    turned = ls.providers.ShrunkProbe(n_steps=150).make(None, evidence.including(given_labels=codes))
    assert turned.arrays["pred_probs"][row].argmax() == probs[row].argmax()


def test_provider_feeds_other_scorers():
    evidence, true = blobs(200, known=1)
    codes = np.array(true)
    wrong = np.random.default_rng(1).choice(200, 20, replace=False)
    codes[wrong] = (codes[wrong] + 1) % 3
    evidence = evidence.including(given_labels=codes)
    probs = ShrunkProbe(**FEW).make(None, evidence).arrays["pred_probs"]
    score = ls.score("self_confidence", given_labels=codes, pred_probs=probs)
    inside = np.isin(np.arange(200), wrong)
    assert score.suspicion[inside].mean() > score.suspicion[~inside].mean() + 0.3


def test_same_seed_same_result_and_rows_in_any_order():
    evidence, _ = blobs()
    one = ShrunkProbe(**FEW).make(None, evidence).arrays["pred_probs"]
    assert np.array_equal(one, ShrunkProbe(**FEW).make(None, evidence).arrays["pred_probs"])
    assert not np.array_equal(
        one, ShrunkProbe(**FEW).make(None, evidence, random_state=1).arrays["pred_probs"]
    )
    order = np.random.default_rng(2).permutation(150)
    moved = Evidence(
        features=evidence["features"][order],
        given_labels=evidence["given_labels"][order],
        classes=np.arange(3),
    )
    np.testing.assert_allclose(
        ShrunkProbe(**FEW).make(None, moved).arrays["pred_probs"], one[order], atol=1e-3
    )


def test_few_rows_one_class_and_no_unlabelled_rows():
    x = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    for codes in ([0] * 9, [0, 1] + [-1] * 7, [0, 1, 2] * 3, [2] + [-1] * 8):
        with np.errstate(all="raise", under="ignore"):
            made = ShrunkProbe(**FEW).make(
                None, Evidence(features=x, given_labels=np.array(codes), classes=np.arange(3))
            )
        assert np.isfinite(made.arrays["pred_probs"]).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"tau": 0.5},
        {"momentum": 1.0},
        {"mask": -0.1},
        {"noise": -1.0},
        {"n_steps": 0},
        {"n_folds": 1},
        {"learning_rate": 0.0},
        {"unlabelled_ratio": -1},
    ],
)
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidInputError, match=next(iter(wrong))):
        ShrunkProbe(**wrong)


def test_what_is_missing_is_named():
    x = np.zeros((4, 2), dtype=np.float32)
    with pytest.raises(InvalidInputError, match="None of the 4 rows"):
        ShrunkProbe().make(None, Evidence(features=x, given_labels=np.full(4, -1), classes=np.arange(2)))
    with pytest.raises(MissingEvidenceError, match="features"):
        ShrunkProbe().make(None, Evidence(given_labels=np.arange(2), classes=np.arange(2)))
    with pytest.raises(InvalidInputError, match="No row"):
        ShrunkProbe().fit(x, np.full(4, -1), 2)
