"""RCAL's classifier: balanced by drawn points, out of sample, held near the label-free representation."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import CalibratedProbabilities
from labelscope.evidence.calibrated_probabilities import held_near
from labelscope.scorers import RepresentationCalibration, SelfConfidence
from labelscope.types import Evidence


def tailed(seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat([0, 1, 2], [200, 100, 12])
    return (rng.normal(size=(312, 5)) + 4 * np.eye(3, 5)[y]).astype(np.float32), y


def made(X, y, **settings):
    evidence = Evidence(given_labels=y, features=X, classes=np.arange(3))
    return CalibratedProbabilities(**settings).make(None, evidence)


def test_rare_classes_are_filled_up():
    X, y = tailed()
    found = made(X, y)
    probs = found.arrays["pred_probs"]
    assert probs.shape == (312, 3) and probs.dtype == np.float32
    assert probs.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found.facts["n_drawn"][0] == 0 and found.facts["n_drawn"][2] > 120
    assert (probs.argmax(axis=1) == y).mean() > 0.9
    assert (found.arrays["pred_probs"] == made(X, y).arrays["pred_probs"]).all()


def test_no_label_has_a_say_in_its_own_rows_probabilities():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(150, 40)).astype(np.float32), rng.integers(0, 3, 150)
    assert (made(X, y).arrays["pred_probs"].argmax(axis=1) == y).mean() < 0.5


def test_unlabelled_rows_get_probabilities():
    X, y = tailed()
    codes = np.where(np.arange(312) % 7 == 0, -1, y)
    probs = made(X, codes).arrays["pred_probs"]
    assert probs.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (probs.argmax(axis=1) == y)[codes < 0].mean() > 0.85


def test_the_representation_is_held_near():
    pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
    X, y = tailed()
    free = held_near(X, y, X[:20], hold=0.0, mixup=0.0)
    near = held_near(X, y, X[:20], hold=10.0, mixup=1.0)
    assert near[1] < 0.3 * free[1]
    assert near[0].sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert (held_near(X, y, X[:20])[0] == held_near(X, y, X[:20])[0]).all()
    assert (made(X, y, individual=True).arrays["pred_probs"].argmax(axis=1) == y).mean() > 0.85


def test_the_scorer_hands_them_on():
    X, y = tailed()
    evidence = Evidence(given_labels=y, features=X, classes=np.arange(3))
    plain = RepresentationCalibration().score(evidence)
    score = RepresentationCalibration(classify=True).score(evidence)
    assert (plain.suspicion == score.suspicion).all() and "pred_probs" not in plain.details
    probs = score.details["pred_probs"]
    assert SelfConfidence().score(evidence.including(pred_probs=probs)).suspicion.shape == (312,)


def test_bad_input():
    X, y = tailed()
    with pytest.raises(MissingEvidenceError):
        CalibratedProbabilities().make(None, Evidence(given_labels=y, classes=np.arange(3)))
    with pytest.raises(InvalidInputError, match="two classes"):
        made(X, np.zeros(312, dtype=np.int64))
    for settings in ({"n_folds": 1}, {"hold": -1.0}, {"mixup": float("inf")}):
        with pytest.raises(InvalidInputError):
            CalibratedProbabilities(**settings)
    copies = np.repeat(X[::30], 40, axis=0)
    assert np.isfinite(made(copies, np.repeat(y[::30], 40)).arrays["pred_probs"]).all()
    few = np.zeros(312, dtype=np.int64)
    few[:3], few[3] = 1, 2
    assert np.isfinite(made(X, few).arrays["pred_probs"]).all()
