"""Datasets: ids, fingerprints, notices, and what is refused."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import labelscope as ls
from labelscope.data.media import AudioMedia
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, collect_notices

X = np.arange(12.0).reshape(4, 3)
Y = ["a", "b", "a", "b"]


def codes_of(*arguments: object, **options: object) -> list[str]:
    with collect_notices() as notices, warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        ls.Dataset(*arguments, **options)
    return [notice.code for notice in notices]


def test_attributes() -> None:
    dataset = ls.Dataset(X, Y)
    assert (dataset.n, len(dataset), dataset.name, dataset.task) == (4, 4, "dataset", "classification")
    assert dataset.ids.tolist() == [0, 1, 2, 3]
    assert dataset.class_names == ("a", "b")
    assert dataset.media.kind == "features"
    assert dataset.groups is None
    assert dataset.frame is None
    assert dict(dataset.evidence) == {}
    assert len(dataset.fingerprint) == 16
    int(dataset.fingerprint, 16)
    assert "n=4" in repr(dataset)


def test_immutable() -> None:
    dataset = ls.Dataset(X, Y)
    with pytest.raises(AttributeError, match="immutable"):
        dataset.n = 3
    with pytest.raises(AttributeError, match="immutable"):
        dataset.other = 3
    with pytest.raises(AttributeError, match="immutable"):
        del dataset.ids
    with pytest.raises(ValueError, match="read-only"):
        dataset.ids[0] = 9
    with pytest.raises(ValueError, match="read-only"):
        dataset.media.raw()[0, 0] = 9


def test_pickles() -> None:
    frame = pd.DataFrame({"text": ["a b c", "d e f"], "y": [0, 1]}, index=["p", "q"])
    with pytest.warns(LabelscopeWarning):
        dataset = ls.Dataset(frame, "y", groups=[1, 1], evidence={"features": X[:2]})
    again = pickle.loads(pickle.dumps(dataset))
    assert again.fingerprint == dataset.fingerprint
    assert again.ids.tolist() == ["p", "q"]
    assert again.labels.rebuild(again.labels.codes).index.tolist() == ["p", "q"]
    assert again.evidence["features"].shape == (2, 3)
    assert again.media.text(0) == "a b c"
    with pytest.raises(ValueError, match="read-only"):
        again.ids[0] = "z"


def test_fingerprint() -> None:
    base = ls.Dataset(X, Y).fingerprint
    assert ls.Dataset(X + 1, np.array(Y)).fingerprint == base
    assert ls.Dataset(X, pd.Series(Y), class_names=["b", "a"]).fingerprint == base
    assert ls.Dataset(X, ["b", "b", "a", "a"]).fingerprint != base
    assert ls.Dataset(X, Y, ids=[4, 5, 6, 7]).fingerprint != base


def test_ids() -> None:
    frame = pd.DataFrame({"v": [1.0, 2.0, 3.0, 4.0], "y": Y, "key": ["k1", "k2", "k3", "k4"]})
    assert ls.Dataset(frame, "y").ids.tolist() == [0, 1, 2, 3]
    dataset = ls.Dataset(frame, "y", ids="key")
    assert dataset.ids.tolist() == ["k1", "k2", "k3", "k4"]
    assert "key" not in dataset.media.columns
    assert ls.Dataset(frame.set_index("key"), "y").ids.tolist() == ["k1", "k2", "k3", "k4"]
    assert ls.Dataset(frame.iloc[::-1], "y").ids.tolist() == [3, 2, 1, 0]
    assert ls.Dataset(X, Y, ids=np.array([5.0, 6, 7, 8])).ids.tolist() == [5, 6, 7, 8]
    assert ls.Dataset(X, Y, ids=pa.array(["x", "y", "z", "w"])).ids.tolist() == ["x", "y", "z", "w"]
    assert ls.Dataset(X, Y, ids=[1, "a", 2, "b"]).ids.tolist() == ["1", "a", "2", "b"]
    multi = frame.set_index(["key", "v"])
    multi["z"] = [1, 2, 3, 5]
    assert ls.Dataset(multi, "y").ids[0] == "k1/1.0"


@pytest.mark.parametrize(
    ("ids", "match"),
    [
        (["a", "b", "a", "c"], r"'a' \(rows 0, 2\)"),
        ([1, 2, 3], "ids has 3 entries"),
        ([1, None, 3, 4], "missing in 1 rows"),
        ([1, 1.0, 2, 3], "more than once"),
    ],
)
def test_bad_ids(ids: list[object], match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        ls.Dataset(X, Y, ids=ids)


def test_repeated_index_says_how_to_fix_it() -> None:
    frame = pd.DataFrame({"v": [1.0, 2, 3, 4], "y": Y}, index=[0, 0, 1, 1])
    with pytest.raises(InvalidInputError, match="reset_index"):
        ls.Dataset(frame, "y")
    assert ls.Dataset(frame, "y", ids=[1, 2, 3, 4]).n == 4


def test_column_names_need_a_frame() -> None:
    for option in ({"ids": "key"}, {"groups": "key"}):
        with pytest.raises(InvalidTypeError, match="not a frame"):
            ls.Dataset(X, Y, **option)
    with pytest.raises(InvalidTypeError, match="names a column"):
        ls.Dataset(X, "label")


def test_groups() -> None:
    some = ls.Dataset(X, Y, groups=["g", "f", "g", None])
    assert some.groups.tolist() == [0, 1, 0, 2]
    assert some.group_names == ("g", "f", "no group (row 3)")  # in the order of their codes
    assert pickle.loads(pickle.dumps(some)).group_names == some.group_names
    assert some.with_labels(some.labels).group_names == some.group_names
    assert ls.Dataset(X, Y).group_names == ()
    with pytest.raises(AttributeError, match="immutable"):
        some.group_names = ()
    frame = pl.DataFrame({"v": [1.0, 2, 3, 4], "y": Y, "film": ["f", "f", "g", "g"]})
    dataset = ls.Dataset(frame, "y", groups="film")
    assert dataset.groups.tolist() == [0, 0, 1, 1] and dataset.group_names == ("f", "g")
    assert dataset.media.columns == ("v",)
    with pytest.raises(InvalidInputError, match="groups has 2"):
        ls.Dataset(X, Y, groups=[1, 2])


def test_lengths() -> None:
    with pytest.raises(InvalidInputError, match="labels has 3 entries, but the data has 4 rows"):
        ls.Dataset(X, [0, 1, 0])
    for name in ("features", "map", "pred_probs"):
        with pytest.raises(InvalidInputError, match=f"{name} has 3"):
            ls.Dataset(X, Y, evidence={name: np.ones((3, 2))})
    with pytest.raises(InvalidInputError, match="concepts has 3"):
        ls.Dataset(X, Y, concepts=np.ones((3, 2)))
    with pytest.raises(InvalidInputError, match="annotators has 3"):
        ls.Dataset(X, Y, annotators=np.ones((3, 2)))


def test_pred_probs_settle_the_classes() -> None:
    dataset = ls.Dataset(X, [0, 2, 0, 2], evidence={"pred_probs": np.full((4, 5), 0.2)})
    assert dataset.labels.classes.tolist() == [0, 1, 2, 3, 4]
    many = np.arange(80) % 40
    probs = np.full((80, 40), 1 / 40)
    assert ls.Dataset(np.ones((80, 2)), many, evidence={"pred_probs": [probs, probs]}).labels.n_classes == 40
    with pytest.raises(InvalidInputError, match="5 columns"):
        ls.Dataset(X, Y, evidence={"pred_probs": np.full((4, 5), 0.2)})


def test_index_in_another_order_is_refused() -> None:
    frame = pd.DataFrame({"v": [1.0, 2, 3, 4]}, index=list("pqrs"))
    with pytest.raises(InvalidInputError, match="another order"):
        ls.Dataset(frame, pd.Series(Y, index=list("qprs")))
    assert ls.Dataset(frame, pd.Series(Y, index=list("pqrs"))).n == 4


@pytest.mark.parametrize("data", [[], np.empty((0, 3)), pd.DataFrame({"y": []}), np.empty((0, 4, 4))])
def test_no_rows(data: object) -> None:
    with pytest.raises(InvalidInputError, match="no rows"):
        ls.Dataset(data, [] if not isinstance(data, pd.DataFrame) else "y")


def test_notices() -> None:
    assert codes_of(X, Y) == []
    assert codes_of(X, ["a"] * 4) == ["one_class"]
    assert codes_of(X[:1], ["a"]) == ["one_class"]
    assert codes_of(X[:2], ["a", "b"]) == ["class_with_one_row"]
    assert codes_of(X, ["a", "a", "a", "b"]) == ["class_with_one_row"]
    assert codes_of(X, [None] * 4) == codes_of(X) == ["no_labels"]
    assert codes_of(X, ["a", "", "a", ""]) == ["empty_label"]
    assert codes_of(X, np.array(["a", np.nan, "a", np.nan])) == ["label_reads_as_missing"]
    assert codes_of(X, ["Cat", "cat ", "Cat", "cat "]) == ["classes_differ_by_case_or_space"]
    assert codes_of(["x", "", None, "y"], Y) == ["empty_texts"]


def test_notices_name_rows() -> None:
    with collect_notices() as notices, pytest.warns(LabelscopeWarning):
        ls.Dataset(["x", "", None, "y"], Y)
    assert notices[0].rows == (1, 2)


def test_unlabelled_data_with_class_names() -> None:
    with pytest.warns(LabelscopeWarning, match="None of the 4 rows"):
        dataset = ls.Dataset(X, class_names=["cat", "dog"])
    assert dataset.class_names == ("cat", "dog")
    assert dataset.labels.codes.tolist() == [-1] * 4
    assert dataset.labels.rebuild([0, -1, -1, 1], [*dataset.labels.classes]) == ["cat", None, None, "dog"]


def test_with_labels() -> None:
    dataset = ls.Dataset(X, [0, 1, 0, 1])
    wide = dataset.with_labels(dataset.labels.aligned_to(3))
    assert wide.labels.n_classes == 3
    assert dataset.labels.n_classes == 2
    assert wide.fingerprint == dataset.fingerprint


def test_media_can_be_given_ready_made() -> None:
    dataset = ls.Dataset(AudioMedia([np.zeros(80)] * 4, rate=8000), Y)
    assert dataset.media.waveform(0)[1] == 8000


def test_from_methods_check_what_they_get() -> None:
    with pytest.raises(InvalidInputError, match="not a folder"):
        ls.Dataset.from_folder("nowhere")
    with pytest.raises(InvalidTypeError, match="not a frame"):
        ls.Dataset.from_frame([1, 2])
    with pytest.raises(InvalidTypeError, match="Hugging Face"):
        ls.Dataset.from_huggingface([1])
    with pytest.raises(InvalidTypeError, match="map-style"):
        ls.Dataset.from_torch(3)


def test_column() -> None:
    dataset = ls.Dataset(pd.DataFrame({"x": [1.0, 2, 3, 4], "y": Y}), "y")
    assert dataset.column("x").tolist() == [1, 2, 3, 4]
    with pytest.raises(KeyError, match="Did you mean"):
        dataset.column("xx")
    with pytest.raises(InvalidInputError, match="not a frame"):
        ls.Dataset(X, Y).column("x")
