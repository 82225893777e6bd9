from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeError, LabelscopeWarning


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    data = load_digits()
    noisy, wrong = ls.testing.symmetric(data.target, rate=0.05, random_state=3)
    return data.images, noisy, wrong


@pytest.fixture(scope="module")
def audit(digits: tuple[np.ndarray, np.ndarray, np.ndarray]) -> ls.Audit:
    return ls.audit(digits[0], digits[1])


def test_everything_in_the_contract_is_there(audit: ls.Audit) -> None:
    n = audit.n
    assert n == 1797
    assert audit.suspicion.shape == (n,) and audit.suspicion.dtype == np.float32
    assert audit.suspicion.min() >= 0 and audit.suspicion.max() <= 1
    assert audit.suggested.shape == (n,) and audit.suggested.dtype == np.int64
    assert audit.flagged.dtype == bool
    assert audit.map.shape == (n, 2) and audit.map.dtype == np.float32 and np.isfinite(audit.map).all()
    assert audit.joint.shape == (10, 10)
    assert audit.has_probability
    assert 0 < audit.noise_rate.low <= audit.noise_rate.value <= audit.noise_rate.high < 0.2
    assert not audit.noise_rate.measured
    assert {
        "auto",
        "confident_learning",
        "self_confidence",
        "normalized_margin",
        "neighbor_agreement",
    } <= set(audit.scores)
    assert {"features", "pred_probs", "knn_ids", "knn_distances", "given_labels"} <= set(audit.evidence)


def test_the_evidence_line_names_what_it_rests_on(audit: ls.Audit) -> None:
    for words in ("Features:", "probe accuracy", "neighbor accuracy", "expected to be wrong"):
        assert words in audit.summary
    assert audit.summary in repr(audit) and audit.summary in audit._repr_html_()


def test_issues_are_the_flagged_rows_in_order(audit: ls.Audit) -> None:
    frame = audit.issues()
    assert list(frame.columns) == ["row", "id", "given", "suggested", "suspicion", "reasons"]
    assert len(frame) == audit.flagged.sum()
    assert (np.diff(frame["suspicion"]) <= 0).all()
    assert (frame["given"] != frame["suggested"]).all()
    assert frame["reasons"].str.len().min() > 20
    assert len(audit.issues(top=5)) == 5


def test_rows_explain_themselves(audit: ls.Audit) -> None:
    row = int(audit.order()[0])
    assert audit.reasons(row)
    candidates = audit.candidates(row)
    assert candidates[0][0] == audit.suggested_codes[row]
    assert [p for _, p in candidates] == sorted((p for _, p in candidates), reverse=True)
    assert row not in audit.neighbors(row) and len(audit.neighbors(row, k=5)) == 5
    with pytest.raises(InvalidInputError, match="Rows are 0 to 1,796"):
        audit.reasons(1797)


def test_same_data_same_answer(digits: tuple[np.ndarray, ...], audit: ls.Audit) -> None:
    again = ls.audit(digits[0], digits[1])
    np.testing.assert_array_equal(again.suspicion, audit.suspicion)
    audit.map
    third = ls.audit(digits[0], digits[1])
    assert third.has_map  # read from the cache
    np.testing.assert_array_equal(third.map, audit.map)


def test_given_evidence_is_used_as_it_is(digits: tuple[np.ndarray, ...]) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1797, 7)).astype(np.float32)
    place = rng.normal(size=(1797, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        found = ls.audit(digits[0], digits[1], features=features, evidence={"map": place})
    np.testing.assert_array_equal(found.evidence["features"], features)
    assert found.has_map
    np.testing.assert_allclose(found.map, place, rtol=1e-6)


def test_low_accuracy_says_so_and_names_the_way_out(digits: tuple[np.ndarray, ...]) -> None:
    noise = np.random.default_rng(1).normal(size=(1797, 5))
    with pytest.warns(LabelscopeWarning, match="model="):
        found = ls.audit(digits[0], digits[1], features=noise)
    notice = next(n for n in found.notices if n.code == "low_accuracy")
    assert "features=" in notice.hint


def test_moderate_accuracy_leaves_the_question_open() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 4, 600)
    blurred = np.eye(4)[y] * 1.6 + rng.normal(size=(600, 4))
    with pytest.warns(LabelscopeWarning, match="first 20 suspects"):
        found = ls.audit(blurred, y)
    assert {"moderate_accuracy"} <= {notice.code for notice in found.notices}


def test_estimators_and_pipelines_as_model() -> None:
    X, y = load_iris(return_X_y=True)
    found = ls.audit(X, y, model=make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)))
    assert found.evidence["pred_probs"].shape == (150, 3)
    with pytest.raises(InvalidTypeError, match="neither be fitted nor called"):
        ls.audit(X, y, model=3)


def test_scorers_by_name_and_lists() -> None:
    X, y = load_iris(return_X_y=True)
    one = ls.audit(X, y, scorers="self_confidence")
    assert list(one.scores) == ["self_confidence"] and not one.has_probability
    two = ls.audit(X, y, scorers=["self_confidence", ls.scorers.NeighborAgreement()])
    assert next(iter(two.scores)) == "mean rank" and two.suspicion.max() <= 1
    with pytest.raises(InvalidInputError, match="self_confidence"):
        ls.audit(X, y, scorers="self_confidense")
    with pytest.raises(InvalidInputError, match="empty"):
        ls.audit(X, y, scorers=[])


def test_given_probabilities_count_in_the_evidence_line() -> None:
    X, y = load_iris(return_X_y=True)
    sure = np.full((150, 3), 0.02)
    sure[np.arange(150), y] = 0.96
    noise = np.random.default_rng(0).normal(size=(150, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        found = ls.audit(X, y, pred_probs=sure, features=noise)
    assert "accuracy of the given probabilities 100.0 %" in found.summary
    assert not {"low_accuracy", "moderate_accuracy"} & {notice.code for notice in found.notices}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (LogisticRegression, r"LogisticRegression\(\.\.\.\)"),
        (LinearRegression(), "no probabilities of classes"),
    ],
    ids=["class", "regressor"],
)
def test_models_that_cannot_serve_are_named(model: object, words: str) -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.raises(InvalidTypeError, match=words):
        ls.audit(X, y, model=model)


def test_a_frame_is_a_map_and_text_is_none() -> None:
    X, y = load_iris(return_X_y=True)
    frame = pd.DataFrame(X[:, :2], columns=["x", "y"])
    np.testing.assert_allclose(ls.audit(X, y, evidence={"map": frame}).map, X[:, :2], rtol=1e-6)
    with pytest.raises(InvalidInputError, match="not numbers"):
        ls.audit(X, y, evidence={"map": [["a", "b"]] * 150})


def test_a_frame_with_map_columns_and_ids() -> None:
    X, y = load_iris(return_X_y=True)
    frame = pd.DataFrame(X, columns=list("abcd"), index=[f"flower {i}" for i in range(150)])
    frame["kind"] = np.array(["setosa", "versicolor", "virginica"])[y]
    found = ls.audit(frame, "kind", evidence={"map": ("a", "b")})
    np.testing.assert_allclose(found.map, X[:, :2], rtol=1e-6)
    assert found.issues(top=1)["id"].iloc[0].startswith("flower")
    with pytest.raises(LabelscopeError, match="kind"):
        ls.audit(frame, "kinds")
    with pytest.raises(InvalidInputError, match="cleanlab"):
        ls.audit(frame, "kind", evidence={"cleanlap": frame})


def test_a_cleanlab_frame_is_evidence() -> None:
    X, y = load_iris(return_X_y=True)
    quality = np.linspace(0, 1, 150)
    issues = pd.DataFrame(
        {
            "is_label_issue": quality < 0.1,
            "label_score": quality,
            "given_label": y,
            "predicted_label": (y + 1) % 3,
        }
    )
    found = ls.audit(X, y, evidence={"cleanlab": issues})
    np.testing.assert_allclose(found.scores["cleanlab"].suspicion, 1 - quality, rtol=1e-5)
    alone = ls.audit(X, y, scorers="cleanlab", evidence={"cleanlab": issues})
    assert next(iter(alone.scores)) == "cleanlab"
    assert alone.flagged.sum() == (quality < 0.1).sum()
    assert (alone.suggested == (y + 1) % 3).all()
    with pytest.raises(InvalidInputError, match="150 rows"):
        ls.audit(X, y, evidence={"cleanlab": issues.iloc[:10]})


def test_unlabelled_rows_are_not_suspects() -> None:
    X, y = load_iris(return_X_y=True)
    labels = y.astype(object)
    labels[::10] = None
    found = ls.audit(X, labels)
    assert (found.suspicion[::10] == 0).all() and not found.flagged[::10].any()
    assert found.evidence["pred_probs"].shape == (150, 3)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_tiny_data_never_crashes(n: int) -> None:
    X = np.random.default_rng(0).normal(size=(n, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        found = ls.audit(X, np.arange(n) % 2)
        assert found.map.shape == (n, 2) and np.isfinite(found.map).all()
        assert found.suspicion.shape == (n,)


def test_no_rows_is_an_error() -> None:
    with pytest.raises(LabelscopeError, match=r"(?i)no rows|0 rows|empty"):
        ls.audit(np.empty((0, 3)), [])


def test_one_class_is_a_notice() -> None:
    with pytest.warns(LabelscopeWarning, match="at least two classes"):
        found = ls.audit(np.random.default_rng(0).normal(size=(30, 3)), ["a"] * 30)
    assert not found.flagged.any()
    assert "one_class" in {notice.code for notice in found.notices}


def test_wrong_lengths_say_both_numbers() -> None:
    with pytest.raises(ValueError, match=r"29.*30|30.*29"):
        ls.audit(np.zeros((30, 3)), [0] * 29)
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"149.*150"):
        ls.audit(X, y, features=X[:149])
    with pytest.raises(ValueError, match="149"):
        ls.audit(X, y, pred_probs=np.full((149, 3), 1 / 3))


def test_bad_maps_are_refused() -> None:
    X, y = load_iris(return_X_y=True)
    with pytest.raises(InvalidInputError, match=r"\(150, 2\)"):
        ls.audit(X, y, evidence={"map": X})
    bad = np.zeros((150, 2))
    bad[3, 0] = np.nan
    with pytest.raises(InvalidInputError, match="1 rows"):
        ls.audit(X, y, evidence={"map": bad})


def test_audit_from_arrays_checks_them() -> None:
    dataset = ls.Dataset(np.zeros((4, 2)), ["a", "b", "a", "b"])
    made = ls.Audit.from_arrays(
        dataset, suspicion=np.array([0.9, 0, 0, 0.6]), suggested_codes=np.array([1, 1, 0, 1])
    )
    assert made.flagged.tolist() == [True, False, False, False]
    assert made.joint.tolist() == [[1, 1], [0, 2]]
    with pytest.raises(InvalidInputError, match=r"\[0, 1\]"):
        ls.Audit.from_arrays(dataset, suspicion=np.full(4, 2.0), suggested_codes=np.zeros(4))
    with pytest.raises(InvalidInputError, match="3 entries"):
        ls.Audit.from_arrays(dataset, suspicion=np.zeros(3), suggested_codes=np.zeros(4))


def test_read_only_cache_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("LABELSCOPE_CACHE", str(blocked / "cache"))
    X, y = load_iris(return_X_y=True)
    assert ls.audit(X, y).n == 150


@pytest.mark.parametrize("name", ["suspicion", "suggested_codes", "flagged"])
def test_what_was_found_cannot_be_written_over(audit: ls.Audit, name: str) -> None:
    with pytest.raises(ValueError, match="read-only"):
        getattr(audit, name)[0] = 1
