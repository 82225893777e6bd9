"""The rule by which scorers read labels and pred_probs."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.data.labels import encode_evidence
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.types import Evidence


def test_codes_with_classes() -> None:
    codes, classes, probs = encode_evidence(
        Evidence(given_labels=np.array([1, -1]), classes=np.array(["a", "b"]))
    )
    assert codes.tolist() == [1, -1]
    assert classes.tolist() == ["a", "b"]
    assert probs is None


def test_column_j_is_label_j_for_small_ints() -> None:
    codes, classes, probs = encode_evidence(
        Evidence(given_labels=[0, 2, None], pred_probs=np.full((3, 4), 0.25))
    )
    assert codes.tolist() == [0, 2, -1]
    assert classes.tolist() == [0, 1, 2, 3]
    assert probs is not None
    assert probs.shape == (3, 4)


def test_columns_are_sorted_labels_otherwise() -> None:
    codes, classes, _ = encode_evidence({"given_labels": ["b", "a"], "pred_probs": np.full((2, 2), 0.5)})
    assert codes.tolist() == [1, 0]
    assert classes.tolist() == ["a", "b"]
    codes, classes, _ = encode_evidence({"given_labels": [1, 2], "pred_probs": np.full((2, 2), 0.5)})
    assert classes.tolist() == [1, 2]
    assert codes.tolist() == [0, 1]


def test_many_ints_are_classes_here() -> None:
    codes, _, _ = encode_evidence({"given_labels": list(range(100))})
    assert codes.tolist() == list(range(100))


def test_several_models_are_averaged() -> None:
    models = [np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])]
    _, _, probs = encode_evidence({"given_labels": [0], "pred_probs": models})
    assert probs is not None
    assert probs.tolist() == [[0.5, 0.5]]
    _, _, half = encode_evidence({"given_labels": [0], "pred_probs": models[0].astype(np.float16)})
    assert half is not None
    assert half.dtype == np.float32


@pytest.mark.parametrize(
    ("evidence", "match"),
    [
        ({"given_labels": ["a", "b"], "pred_probs": np.ones((2, 3))}, "3 columns, but the labels have 2"),
        ({"given_labels": [-1, 0, 1], "pred_probs": np.ones((3, 2))}, "-1 counts as a class"),
        ({"given_labels": [0, 1], "pred_probs": np.ones((3, 2))}, "3 entries"),
        ({"given_labels": [0, 1], "pred_probs": np.ones(2)}, r"shape \(n, K\)"),
        ({"given_labels": [0, 1], "pred_probs": [np.ones((2, 2)), np.ones((2, 3))]}, "different shapes"),
        ({"given_labels": [0, 5], "classes": ["a", "b"]}, "range from 0 to 5"),
        ({"given_labels": [0.5, 1], "classes": ["a", "b"]}, "whole codes"),
        ({"given_labels": [0, 1], "classes": ["a", "b"], "pred_probs": np.ones((2, 3))}, "2 classes"),
    ],
)
def test_what_does_not_fit_is_refused(evidence: dict[str, object], match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        encode_evidence(evidence)


def test_labels_are_needed() -> None:
    with pytest.raises(MissingEvidenceError, match="given_labels"):
        encode_evidence({})
