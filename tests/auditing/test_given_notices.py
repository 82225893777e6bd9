from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_predict

import labelscope as ls
from labelscope.errors import LabelscopeWarning, Notice, collect_notices
from labelscope.evidence import check_pred_probs

Made = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@cache
def digits() -> Made:
    X, y = load_digits(return_X_y=True)
    X, y = X[:900], y[:900]
    given, _ = ls.testing.symmetric(y, rate=0.1, random_state=0)
    model = RandomForestClassifier(40, random_state=0)
    honest = cross_val_predict(model, X, given, cv=4, method="predict_proba")
    return X, given, honest, model.fit(X, given).predict_proba(X)


def quiet(*args: Any, **options: Any) -> ls.Audit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return ls.audit(*args, **options)


def notices(audit: ls.Audit) -> dict[str, Notice]:
    return {notice.code: notice for notice in audit.notices}


def test_in_sample_probabilities_are_a_notice() -> None:
    X, given, honest, fitted = digits()
    found = notices(quiet(X, given, pred_probs=fitted))["pred_probs_in_sample"]
    assert "100.0 %" in found.message and "cross_val_predict" in found.hint and len(found.rows) > 20
    for evidence in ({}, {"pred_probs": honest}):
        assert "pred_probs_in_sample" not in notices(quiet(X, given, evidence=evidence))


def test_training_dynamics_are_meant_to_be_in_sample() -> None:
    _, given, _, fitted = digits()
    recorded = np.stack([np.log(fitted + 1e-3)] * 3, axis=1)
    with collect_notices() as found:
        ls.score("area_under_margin", given_labels=given, training_dynamics=recorded)
    assert not [notice for notice in found if notice.code == "pred_probs_in_sample"]


def test_several_models_are_kept_weighted_and_shown() -> None:
    X, given, honest, fitted = digits()
    useless = np.full_like(honest, 0.1)
    audit = quiet(X, given, pred_probs=[honest, useless])
    assert [model.shape for model in audit.evidence["model_probs"]] == [honest.shape, honest.shape]
    np.testing.assert_allclose(audit.evidence["pred_probs"], honest, atol=1e-6)
    assert audit.facts["model_weights"] == [1.0, 0.0]
    assert "model_disagreement" in audit.scores and next(iter(audit.scores)) == "auto"
    assert "pred_probs_in_sample" not in notices(audit)
    mixed = quiet(X, given, pred_probs=[honest, fitted])
    assert "pred_probs[1]" in notices(mixed)["pred_probs_in_sample"].message
    alone = quiet(X, given, pred_probs=[honest])
    assert "model_probs" not in alone.evidence and "model_disagreement" not in alone.scores


def test_small_classes_are_named_with_their_counts() -> None:
    X, given, _, _ = digits()
    labels = given.astype(object)
    labels[:3], labels[3:7], labels[7], labels[8:13] = "three", "four", "one", "five"
    labels = np.array([str(label) for label in labels])
    found = notices(quiet(X, labels))
    assert "'three' (3)" in found["classes_too_small"].message
    assert "'four' (4)" in found["classes_too_small"].message
    assert "'five'" not in found["classes_too_small"].message
    assert sorted(found["classes_too_small"].rows) == list(range(7))
    assert "one" in found["class_with_one_row"].message
    assert "classes_too_small" not in notices(quiet(X, given))


def test_conflicting_duplicates_are_a_notice_beside_given_probabilities() -> None:
    X, given, honest, _ = digits()
    X, given = X.copy(), given.copy()
    X[1], given[0], given[1] = X[0], 3, 5
    X[3], given[3] = X[2], given[2]
    found = notices(quiet(X, given, pred_probs=honest))["pred_probs_duplicates"]
    assert set(found.rows) >= {0, 1} and not {2, 3} & set(found.rows)
    assert "pred_probs_duplicates" not in notices(quiet(X, given))
    given[1] = 3
    assert "pred_probs_duplicates" not in notices(quiet(X, given, pred_probs=honest))


def test_saturated_probabilities_in_half_precision_with_ties() -> None:
    exact = np.array([[1 - 1e-9, 1e-9], [1 - 2e-9, 2e-9], [0.9, 0.1], [0.2, 0.8]])
    with collect_notices() as found, pytest.warns(LabelscopeWarning):
        checked = check_pred_probs(exact.astype(np.float16), np.array([0, 0, 0, 1]), ["a", "b"])
    saturated = [notice for notice in found if notice.code == "pred_probs_saturated"]
    assert saturated[0].rows == (0, 1) and "2 of 4" in saturated[0].message
    assert checked.dtype == np.float32
    np.testing.assert_allclose(checked.sum(axis=1), 1, atol=1e-6)
    # Rows that float16 cannot tell apart stay tied, whatever their order.
    scores = [
        ls.score("self_confidence", given_labels=np.array([0, 0, 0, 1])[order], pred_probs=checked[order])
        for order in (np.arange(4), np.arange(4)[::-1])
    ]
    np.testing.assert_array_equal(scores[0].suspicion, scores[1].suspicion[::-1])
    assert scores[0].suspicion[0] == scores[0].suspicion[1]


def test_saturated_probabilities_in_single_precision() -> None:
    codes = np.arange(40) % 2
    hard = np.eye(2, dtype=np.float32)[codes]
    soft = np.where(hard == 1, np.float32(0.75), np.float32(0.25))
    for probs, expected in ((hard, True), (soft, False), (np.vstack([hard[:10], soft[10:]]), False)):
        with collect_notices() as found, warnings.catch_warnings():
            warnings.simplefilter("ignore", LabelscopeWarning)
            check_pred_probs(probs, codes, ["a", "b"])
        assert ("pred_probs_saturated" in [notice.code for notice in found]) is expected
