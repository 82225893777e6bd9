"""Exports of sets of tags, numbers, and concepts beside a class."""

from __future__ import annotations

import csv
import json
import warnings

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.exports import issues_frame, write

MATRIX = np.array([[1, 0], [0, np.nan], [np.nan, np.nan], [1, 1]])


def session_of(labels, task=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset([f"text {k}" for k in range(len(labels))], labels, task=task, **options)
    n = dataset.n
    audit = ls.Audit.from_arrays(dataset, suspicion=np.linspace(1, 0, n), suggested_codes=np.zeros(n, int))
    return ls.Session(audit, journal=None, reviewer="ada")


def tags_session():
    session = session_of([{"joy"}, {"fear", "joy"}, set(), None], "multilabel")
    session.add_tags(0, "fear")
    session.remove_tags(1, ["fear", "joy"])
    return session


def lines(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_sets_are_lists_in_parquet_and_jsonl_and_joined_text_in_csv(tmp_path):
    session = tags_session()
    table = pq.read_table(write(session, tmp_path / "a.parquet"))
    assert pa.types.is_list(table.schema.field("given").type)
    assert table["given"].to_pylist() == [["joy"], ["fear", "joy"], [], None]
    assert table["current"].to_pylist() == [["fear", "joy"], [], [], None]
    assert table["state"].to_pylist()[:3] == ["relabelled", "relabelled", "unreviewed"]
    rows = [json.loads(line) for line in write(session, tmp_path / "a.jsonl").read_text().splitlines()]
    assert [row["current"] for row in rows] == [["fear", "joy"], [], [], None]
    assert rows[0]["reviewer"] == "ada" and rows[2]["reviewer"] is None
    assert [row["current"] for row in lines(write(session, tmp_path / "a.csv"))] == ["fear|joy", "", "", ""]
    found = np.load(write(session, tmp_path / "a.npy"))
    assert np.isnan(found[3]).all() and found[:3].tolist() == [[1, 1], [0, 0], [0, 0]]
    session.relabel(3, {"fear"})
    assert np.load(write(session, tmp_path / "a.npy")).tolist() == [[1, 1], [0, 0], [0, 0], [1, 0]]


def test_bars_in_tags_are_escaped_in_csv_and_numbers_stay_numbers(tmp_path):
    session = session_of([{"a|b", "c"}, {"c"}], "multilabel")
    assert lines(write(session, tmp_path / "a.csv"))[0]["given"] == "a\\|b|c"
    session = session_of([{3, 5}, {5}], "multilabel")
    assert pq.read_table(write(session, tmp_path / "a.parquet"))["given"].to_pylist() == [[3, 5], [5]]


def test_empty_sets_alone_are_still_lists(tmp_path):
    session = session_of([{"joy"}, {"fear"}], "multilabel")
    session.relabel([0, 1], set())
    table = pq.read_table(write(session, tmp_path / "a.parquet"))
    assert table["current"].to_pylist() == [[], []]


def test_joined_texts_stay_joined(tmp_path):
    session = session_of(["joy; fear", "fear", "joy"], "multilabel")
    session.add_tags(1, "joy")
    rows = lines(write(session, tmp_path / "a.csv"))
    assert [row["current"] for row in rows] == ["fear; joy", "fear; joy", "joy"]


def test_a_matrix_has_a_column_a_tag(tmp_path):
    session = session_of(MATRIX, "multilabel", class_names=["joy", "fear"])
    session.remove_tags(1, "fear")
    table = pq.read_table(write(session, tmp_path / "a.parquet"))
    assert table["given.fear"].to_pylist() == [0, None, None, 1]
    assert table["current.fear"].to_pylist() == [0, 0, None, 1]
    assert table["current.joy"].to_pylist() == [1, 0, None, 1]
    assert table["current"].to_pylist() == [["joy"], [], None, ["joy", "fear"]]
    found = np.load(write(session, tmp_path / "a.npy"))
    assert np.array_equal(found, [[1, 0], [0, 0], [np.nan, np.nan], [1, 1]], equal_nan=True)


def test_numbers_are_numbers_and_gaps_are_gaps(tmp_path):
    session = session_of(np.array([1.5, np.nan, 3.25]), "regression")
    session.relabel(2, 7)
    table = pq.read_table(write(session, tmp_path / "a.parquet"))
    assert table["current"].to_pylist() == [1.5, None, 7.0] and table["given"].type == pa.float64()
    assert [row["current"] for row in lines(write(session, tmp_path / "a.csv"))] == ["1.5", "", "7.0"]
    assert json.loads(write(session, tmp_path / "a.jsonl").read_text().splitlines()[1])["given"] is None
    assert np.array_equal(np.load(write(session, tmp_path / "a.npy")), [1.5, np.nan, 7], equal_nan=True)
    frame = issues_frame(session)
    assert frame["given_label"].tolist()[2] == 7 and frame["predicted_label"].dtype == np.float64


def test_concepts_are_further_columns(tmp_path):
    frame = pd.DataFrame({"webbed": [1.0, 0.0, np.nan], "white": [0.0, 0.0, 1.0]})
    session = session_of(["gull", "tern", "gull"], concepts=frame)
    session.add_tags(2, "webbed")
    session.relabel(0, "tern")
    table = pq.read_table(write(session, tmp_path / "a.parquet"))
    assert table.column_names[:7] == ["id", "given", "current", "state", "reviewer", "time", "source"]
    assert table["given.webbed"].to_pylist() == [1, 0, None]
    assert table["current.webbed"].to_pylist() == [1, 0, 1]
    assert table["current"].to_pylist() == ["tern", "tern", "gull"]
    assert table["state"].to_pylist() == ["relabelled", "unreviewed", "relabelled"]
    row = lines(write(session, tmp_path / "a.csv"))[2]
    assert (row["given.webbed"], row["current.webbed"], row["current.white"]) == ("", "1", "1")
    assert session.concepts()["webbed"].tolist() == [1, 0, 1]


def test_audits_and_dropped_rows(tmp_path):
    session = tags_session()
    session.exclude(0)
    table = pq.read_table(write(session, tmp_path / "a.parquet", drop_excluded=True))
    assert table["given"].to_pylist() == [["fear", "joy"], [], None]
    assert len(lines(write(session.audit, tmp_path / "b.csv"))) == 4
    frame = issues_frame(session)
    assert frame["given_label"].tolist()[:2] == ["fear|joy", ""] and len(frame) == 4
    assert session.labels(drop_excluded=True) == [set(), set(), None]
