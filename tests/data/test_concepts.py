"""Datasets of every task: tags, targets, and classes with concepts."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import labelscope as ls
from labelscope.data.tag_output import rebuild_tags
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    TaskError,
    UnknownColumnError,
)

TEXTS = [f"the text of row number {i} of these" for i in range(6)]
CLASSES = ["x", "x", "y", "y", "x", "y"]
CONCEPTS = np.array([[1, 0], [0, 1], [1, np.nan], [0, 0], [0, 1], [1, 1]])
TAGS = [["a"], ["b", "a"], ["c"], None, ["c"], ["a"]]


def codes_of(caught: Any) -> list[str]:
    assert all(issubclass(w.category, LabelscopeWarning) for w in caught)
    return [str(w.message) for w in caught]


FORMS: dict[str, Any] = {
    "array": CONCEPTS,
    "lists": [[None if v != v else int(v) for v in row] for row in CONCEPTS.tolist()],
    "frame": pd.DataFrame(CONCEPTS, columns=["fur", "wings"]),
    "polars": pl.DataFrame({"fur": [1, 0, 1, 0, 0, 1], "wings": [0, 1, None, 0, 1, 1]}),
    "arrow": pa.table({"fur": [1, 0, 1, 0, 0, 1], "wings": [0, 1, None, 0, 1, 1]}),
    "mapping": {"fur": [1, 0, 1, 0, 0, 1], "wings": [0, 1, None, 0, 1, 1]},
}


@pytest.mark.parametrize("case", FORMS)
def test_concepts_are_read(case: str) -> None:
    dataset = ls.Dataset(TEXTS, CLASSES, concepts=FORMS[case])
    assert dataset.task == dataset.labels.task == "concepts"
    assert dataset.concepts is not None
    assert dataset.concepts.names == (("0", "1") if case in ("array", "lists") else ("fur", "wings"))
    assert dataset.concepts.negatives
    assert dataset.concepts.knows_unknown
    np.testing.assert_array_equal(dataset.evidence["concepts"], CONCEPTS)
    assert dataset.evidence["concepts"].dtype == np.float64
    assert "concepts=2" in repr(dataset)
    again = pickle.loads(pickle.dumps(dataset))
    assert again.concepts.matrix.tolist() == dataset.concepts.matrix.tolist()
    back = rebuild_tags(
        dataset.concepts_original, dataset.concepts, np.array([2]), np.array([[0, 1]], np.int8), None
    )
    if case != "mapping":
        assert type(back) is type(FORMS[case])
    changed = ls.Dataset(TEXTS, CLASSES, concepts=back)
    assert changed.concepts.matrix[2].tolist() == [0, 1]
    assert (
        np.delete(changed.concepts.matrix, 2, axis=0).tolist()
        == np.delete(dataset.concepts.matrix, 2, axis=0).tolist()
    )


def test_concepts_are_columns_of_the_frame(tmp_path: Path) -> None:
    table = pa.table(
        {"text": TEXTS, "label": CLASSES, "fur": [1, 0, 1, 0, 0, 1], "wings": [0, 1, None, 0, 1, 1]}
    )
    path = tmp_path / "animals.parquet"
    pq.write_table(table, path)
    for data in (table, path, table.to_pandas(), pl.from_arrow(table)):
        dataset = ls.Dataset(data, "label", concepts=["fur", "wings"])
        assert dataset.concepts.names == ("fur", "wings")
        assert dataset.media.kind == "text"
        assert list(dataset.concepts_original.columns) if hasattr(data, "columns") else True
    with pytest.raises(UnknownColumnError, match="wings"):
        ls.Dataset(table, "label", concepts=["fur", "winks"])
    with pytest.raises(InvalidTypeError, match="not a frame"):
        ls.Dataset(TEXTS, CLASSES, concepts=["fur", "wings"])


def test_concepts_count_in_the_fingerprint() -> None:
    prints = {
        ls.Dataset(TEXTS, CLASSES, concepts=concepts).fingerprint
        for concepts in (CONCEPTS, np.abs(CONCEPTS - 1), FORMS["frame"], None)
    }
    assert len(prints) == 4
    assert ls.Dataset(TEXTS, CLASSES, concepts=FORMS["frame"]).fingerprint == (
        ls.Dataset(TEXTS, CLASSES, concepts=FORMS["polars"]).fingerprint
    )


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"concepts": CONCEPTS[:5]}, InvalidInputError, "5 entries, but the data has 6"),
        ({"concepts": CONCEPTS * 2}, InvalidInputError, "holds 2"),
        ({"concepts": np.arange(6)}, InvalidTypeError, "concepts are given as ndarray"),
        ({"concepts": CONCEPTS, "task": "regression"}, TaskError, "one class per row"),
    ],
)
def test_bad_concepts(options: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        ls.Dataset(TEXTS, CLASSES, **options)


def test_notices_of_concepts() -> None:
    concepts = {"same": [1, 1, 0, 0, 1, 0], "one": [1] * 6, "nobody": [None] * 6, "fine": [1, 0, 1, 0, 0, 1]}
    with pytest.warns(LabelscopeWarning) as caught:
        dataset = ls.Dataset(TEXTS, CLASSES, concepts=concepts)
    said = codes_of(caught)
    assert len(said) == 3
    assert any("unknown in every row: nobody" in text for text in said)
    assert any("same value in every row: one" in text for text in said)
    assert any(text.startswith("same says the same as the class") for text in said)
    assert dataset.concepts.names == tuple(concepts)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "parquet", "mapping"])
def test_frames_bring_tags_targets_and_columns_of_tags(library: str, tmp_path: Path) -> None:
    columns = {
        "text": TEXTS,
        "tags": TAGS,
        "joined": ["a", "a,b", "c", None, "c", "a"],
        "y": [0.5, 1, 2, None, 3, 4],
        "m": [0, 1, 0, 1, None, 1],
        "k": [1, 1, 0, 1, None, 1],
    }
    table = pa.table(columns)
    path = tmp_path / "t.parquet"
    pq.write_table(table, path)
    data: Any = {
        "pandas": pd.DataFrame(columns),
        "polars": pl.DataFrame(columns),
        "pyarrow": table,
        "parquet": path,
        "mapping": columns,
    }[library]
    sets = ls.Dataset(data, "tags")
    assert (sets.task, sets.media.kind, sets.labels.codes.tolist()) == (
        "multilabel",
        "text",
        [0, 1, 2, -1, 2, 0],
    )
    assert "tags=3" in repr(sets)
    joined = ls.Dataset(data, "joined", task="multilabel")
    assert joined.labels.codes.tolist() == sets.labels.codes.tolist()
    assert joined.fingerprint == sets.fingerprint
    targets = ls.Dataset(data, "y", media="text")
    assert (targets.task, targets.labels.missing.sum()) == ("regression", 1)
    with pytest.warns(LabelscopeWarning, match="1 row has no tag"):
        several = ls.Dataset(data, ["m", "k"], task="multilabel", media="table")
    assert several.labels.tags.names == ("m", "k")
    assert not {"m", "k"} & set(
        map(str, several.media.frame.columns if hasattr(several.media, "frame") else ())
    )
    back = several.labels.rebuild(several.labels.codes)
    assert list(np.ravel([list(back.column_names if hasattr(back, "column_names") else back.columns)])) == [
        "m",
        "k",
    ]


def test_notices_of_tags() -> None:
    matrix = np.array([[1, 0, np.nan, 1], [1, 0, np.nan, 0], [0, 0, np.nan, 0], [1, 0, np.nan, 1]])
    with pytest.warns(LabelscopeWarning) as caught:
        dataset = ls.Dataset(TEXTS[:4], matrix, class_names=["joy", "awe", "fear", "rage"], task="tags")
    said = codes_of(caught)
    assert any("unknown in every row: fear" in text for text in said)
    assert any("in no row: awe" in text for text in said)
    assert any("1 row has no tag (first: row 2)" in text for text in said)
    assert len(said) == 3
    assert dataset.labels.tags.n_tags == 4
    with pytest.warns(LabelscopeWarning, match="in every labelled row: a"):
        ls.Dataset(TEXTS[:3], [{"a"}, {"a", "b"}, None])
    with pytest.warns(LabelscopeWarning, match="None of the 2 rows"):
        ls.Dataset(TEXTS[:2], [None, None], task="multilabel")


def test_ones_and_gaps_alone_teach_nothing_and_it_is_said() -> None:
    matrix = np.array([[1, 0, np.nan], [np.nan, 1, 1], [1, 0, 1]])
    with pytest.warns(LabelscopeWarning) as caught:
        ls.Dataset(TEXTS[:3], matrix, class_names=["joy", "awe", "rage"], task="tags")
    (said,) = codes_of(caught)
    assert "2 tags are present or unknown, but absent in no row: joy, rage" in said and "nan_to_num" in said


def test_notices_of_targets() -> None:
    with pytest.warns(LabelscopeWarning, match="only target is 2.5, in 3 of 4 rows"):
        ls.Dataset(TEXTS[:4], [2.5, 2.5, None, 2.5])
    ages = np.r_[np.arange(20.0, 80.0, 0.25), -999.0]
    with pytest.warns(
        LabelscopeWarning, match=r"1 target lies very far from all others \(first: row 240, -999;"
    ):
        ls.Dataset(ages[:, None] + [[0.0, 1.0, 2.0]], ages)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ls.Dataset(ages[:-1, None], ages[:-1])


def test_evidence_settles_what_whole_numbers_are() -> None:
    amounts = np.arange(40)
    assert ls.Dataset(amounts[:, None], amounts, evidence={"predictions": amounts * 1.0}).task == "regression"
    probs = np.full((40, 40), 1 / 40)
    with pytest.warns(LabelscopeWarning, match="one row only"):
        assert ls.Dataset(amounts[:, None], amounts, evidence={"pred_probs": probs}).task == "classification"
    with pytest.warns(LabelscopeWarning, match="1 tag is in no row: 3"):
        sets = ls.Dataset(TEXTS[:3], [{0}, {2}, {0, 1}], evidence={"pred_probs": np.full((3, 4), 0.5)})
    assert sets.labels.tags.n_tags == 4


def test_with_labels_keeps_the_concepts() -> None:
    dataset = ls.Dataset(TEXTS, CLASSES, concepts=CONCEPTS)
    other = dataset.with_labels(dataset.labels.with_classes(["y", "x"]))
    assert other.concepts is dataset.concepts
    assert other.fingerprint == dataset.fingerprint
