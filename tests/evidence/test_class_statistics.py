import numpy as np
import pytest

from labelscope import Evidence
from labelscope.errors import MissingEvidenceError
from labelscope.evidence import ClassStatistics


def test_counts():
    evidence = Evidence(given_labels=np.array([0, 0, 0, 2, -1]), classes=np.array(["a", "b", "c"]))
    made = ClassStatistics().make(None, evidence)
    assert made.arrays["class_counts"].tolist() == [3, 0, 1]
    assert made.arrays["class_shares"].tolist() == [0.75, 0, 0.25]
    assert made.facts == {
        "n_rows": 5,
        "n_labelled": 4,
        "n_unlabelled": 1,
        "n_classes": 3,
        "smallest_class": ("c", 1),
        "largest_class": ("a", 3),
        "imbalance": 3.0,
        "empty_classes": ["b"],
    }


def test_labels_as_the_user_has_them():
    made = ClassStatistics().make(None, Evidence(given_labels=np.array(["x", "y", "x"])))
    assert made.arrays["class_counts"].tolist() == [2, 1]


def test_no_labels():
    made = ClassStatistics().make(None, Evidence(given_labels=np.array([-1, -1]), classes=np.array(["a"])))
    assert made.arrays["class_shares"].tolist() == [0.0]
    with pytest.raises(MissingEvidenceError):
        ClassStatistics().make(None, Evidence())
