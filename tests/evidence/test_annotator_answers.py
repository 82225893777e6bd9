"""Reading people's answers: matrices, frames, long tables, and what cannot be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.evidence.annotators import answers_from_table, given_answers, read_answers
from labelscope.types import Evidence

TEXT = [["cat", None, "dog"], [None, None, None], ["dog", None, "dog"]]
CODES = [[0, -1, 1], [-1, -1, -1], [1, -1, 1]]


@pytest.mark.parametrize(
    "answers",
    [
        TEXT,
        np.array(TEXT, dtype=object),
        pd.DataFrame(TEXT, columns=["a", "b", "c"]),
        pl.DataFrame({"a": ["cat", None, "dog"], "b": [None] * 3, "c": ["dog", None, "dog"]}),
        pa.table({"a": ["cat", None, "dog"], "b": pa.nulls(3, pa.string()), "c": ["dog", None, "dog"]}),
    ],
    ids=["lists", "array", "pandas", "polars", "pyarrow"],
)
def test_matrices_of_text(answers: Any) -> None:
    read = read_answers(answers)
    assert read.matrix().tolist() == CODES
    assert read.classes.tolist() == ["cat", "dog"]
    assert read.per_row().tolist() == [2, 0, 2]
    assert read.per_annotator().tolist() == [2, 0, 2]
    assert read.votes().tolist() == [[1, 1], [0, 0], [0, 2]]
    assert read_answers(read) is read
    if hasattr(answers, "columns"):
        assert read.annotators.tolist() == ["a", "b", "c"]


def test_numbers_and_bools() -> None:
    gaps = np.array([[3, np.nan], [7, 3]])
    assert read_answers(gaps).matrix().tolist() == [[0, -1], [1, 0]]
    assert read_answers(gaps).classes.tolist() == [3, 7]
    assert read_answers(pd.DataFrame({"x": pd.array([3, None], dtype="Int64")})).matrix().tolist() == [
        [0],
        [-1],
    ]
    assert read_answers(np.array([[True, False]])).classes.tolist() == [False, True]
    # -1 is a class like any other; only None and NaN are missing.
    assert read_answers(np.array([[-1, 1]])).n_classes == 2
    wide = read_answers(np.array([[0, 2.0]]), width=4)
    assert wide.n_classes == 4 and wide.matrix().tolist() == [[0, 2]]
    assert read_answers(np.full((2, 3), np.nan), width=2).votes().shape == (2, 2)
    assert read_answers([[1, 0]], class_names=["no", "yes", "perhaps"]).n_classes == 3
    assert read_answers(np.empty((0, 3))).n == 0


@pytest.mark.parametrize(
    ("answers", "width", "match"),
    [
        ([["a", "b"], ["a"]], None, "different lengths"),
        (["a", "b"], None, "shape"),
        (np.zeros(3), None, "shape"),
        (np.array([[0.5, 1.0]]), None, "0.5"),
        ([["a", 3]], None, "str|text|type"),
        ([["a", "b"]], 3, "3 columns"),
        (read_answers([["a", "b"]]), 3, "3 columns"),
        (np.array([[0, 5]]), 3, "3 columns"),
    ],
)
def test_malformed_matrices(answers: Any, width: int | None, match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        read_answers(answers, width=width)


@pytest.mark.parametrize("answers", ["cat", {"a": 1}, 3])
def test_no_matrix_at_all(answers: Any) -> None:
    with pytest.raises(InvalidTypeError):
        read_answers(answers)


def test_long_tables() -> None:
    frame = pd.DataFrame(
        {
            "task": ["x", "y", "x", "x", "z", "x"],
            "who": ["bo", "ann", "ann", "ann", "cy", "di"],
            "label": ["b", "a", "a", "a", None, "b"],
        }
    )
    read = answers_from_table(frame["task"], frame["who"], frame["label"])
    assert read.row_ids.tolist() == ["x", "y", "z"]
    assert read.annotators.tolist() == ["bo", "ann", "cy", "di"]
    assert read.matrix().tolist() == [[1, 0, -1, 1], [-1, 0, -1, -1], [-1, -1, -1, -1]]
    chosen = answers_from_table(frame["task"], frame["who"], frame["label"], task_ids=["w", "z", "y", "x"])
    assert chosen.matrix()[[3, 2, 1]].tolist() == read.matrix().tolist()
    assert chosen.per_row().tolist() == [0, 0, 1, 3]


@pytest.mark.parametrize(
    ("columns", "ids", "match"),
    [
        ((["x"], ["a", "b"], [1]), None, "annotators"),
        ((["x", None], ["a", "b"], [1, 2]), None, "tasks is missing"),
        ((["x", "x"], ["a", "a"], [1, 2]), None, "both 1 and 2"),
        ((["task_1"], ["a"], [1]), ["task_2"], "task_1"),
        ((["x"], ["a"], [1]), ["x", "x"], "twice"),
    ],
)
def test_malformed_tables(columns: tuple[list[Any], ...], ids: Any, match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        answers_from_table(*columns, task_ids=ids)


def test_a_column_must_be_a_column() -> None:
    with pytest.raises(InvalidTypeError):
        answers_from_table("abc", ["a"], [1])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 6), st.integers(1, 4))
def test_a_table_and_its_matrix_agree(seed: int, n: int, people: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-1, classes, (n, people))
    rows, who = np.nonzero(matrix >= 0)
    order = rng.permutation(len(rows))
    rows, who = rows[order], who[order]
    table = answers_from_table(rows, who, matrix[rows, who], task_ids=range(n))
    wide = read_answers(np.where(matrix < 0, np.nan, matrix.astype(float)))
    back = np.full((n, people), -1)
    back[:, table.annotators.astype(int)] = table.matrix()
    assert (back == wide.matrix()).all()
    assert table.classes.tolist() == wide.classes.tolist()


def test_evidence_with_classes_holds_codes_or_values() -> None:
    classes, given_labels = np.array(["cat", "dog"]), np.array([0, -1, 1])
    for answers in (
        np.array(CODES),
        np.where(np.array(CODES) < 0, np.nan, CODES),
        np.array(TEXT, dtype=object),
    ):
        read, codes = given_answers(
            Evidence(annotator_labels=answers, classes=classes, given_labels=given_labels), by="test"
        )
        assert read.matrix().tolist() == CODES
        assert codes is not None and codes.tolist() == [0, -1, 1]
    for wrong, match in ((np.array([[0, 2]]), "2"), (np.array([["dgo"]], dtype=object), "dgo")):
        with pytest.raises(InvalidInputError, match=match):
            given_answers(Evidence(annotator_labels=wrong, classes=classes), by="test")


def test_evidence_without_classes_joins_labels_and_answers() -> None:
    read, codes = given_answers(
        Evidence(annotator_labels=np.array(TEXT, dtype=object), given_labels=["cat", None, "ant"]), by="test"
    )
    assert read.classes.tolist() == ["ant", "cat", "dog"]
    assert codes is not None and codes.tolist() == [1, -1, 0]
    assert read.matrix().tolist() == [[1, -1, 2], [-1, -1, -1], [2, -1, 2]]
    read, _ = given_answers(
        Evidence(annotator_labels=np.array([[0, np.nan]]), given_labels=[1], pred_probs=np.ones((1, 4)) / 4),
        by="test",
    )
    assert read.n_classes == 4
    read, codes = given_answers(Evidence(annotator_labels=np.array([["b"]]), given_labels=[None]), by="test")
    assert read.classes.tolist() == ["b"] and codes is not None and codes.tolist() == [-1]
    with pytest.raises(MissingEvidenceError, match="annotator_labels"):
        given_answers(Evidence(given_labels=[0]), by="test")
    with pytest.raises(InvalidInputError, match="annotator_labels"):
        given_answers(Evidence(annotator_labels=np.zeros((2, 2)), given_labels=[0]), by="test")


def test_providers_read_the_dataset() -> None:
    people = pd.DataFrame({"ann": ["cat", "dog", None], "bo": ["cat", None, None]})
    dataset = ls.Dataset(np.zeros((3, 2)), ["cat", "dog", "ant"], annotators=people)
    made = ls.providers.AnnotatorLabels().make(dataset, dataset.evidence)
    assert made.arrays["annotator_labels"].tolist() == [[1, 1], [2, -1], [-1, -1]]
    assert made.facts == {"annotators": ["ann", "bo"], "n_answers": 3}
    found = ls.providers.AnnotatorConsensus(method="majority").make(dataset, dataset.evidence)
    assert set(found.arrays) == set(ls.providers.AnnotatorConsensus.makes)
    assert found.arrays["consensus_labels"].tolist() == [1, 2, -1]
    assert found.facts["annotators"] == ["ann", "bo"] and found.facts["n_without_answers"] == 1
    with pytest.raises(MissingEvidenceError, match="annotators"):
        ls.providers.AnnotatorLabels().make(ls.Dataset(np.zeros((2, 2)), [0, 1]), Evidence())
    with pytest.raises(InvalidInputError, match="cow"):
        odd = ls.Dataset(np.zeros((1, 2)), ["cat"], annotators=[["cow"]])
        ls.providers.AnnotatorLabels().make(odd, odd.evidence)
    with pytest.raises(InvalidInputError, match="dawid_skene"):
        ls.providers.AnnotatorConsensus(method="dawid_sken")
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        ls.providers.AnnotatorConsensus(method="crowdlab").make(
            None, Evidence(annotator_labels=np.array([["a"]]))
        )
