from __future__ import annotations

import csv
import json
import os
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import labelscope as ls
from labelscope.errors import ExportError, InvalidInputError, InvalidTypeError, LabelscopeError
from labelscope.exports import FORMATS, issues_frame, write, write_issues
from labelscope.review import files

COLUMNS = ["id", "given", "current", "state", "reviewer", "time", "source"]


def make_audit(labels, data=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((len(labels), 2)) if data is None else data, labels, **options)
    n = dataset.n
    codes = dataset.labels.codes
    return ls.Audit.from_arrays(
        dataset,
        suspicion=np.linspace(0.9, 0.1, n),
        suggested_codes=np.where(codes == 0, len(dataset.labels.classes) - 1, np.minimum(codes, 0)),
    )


@pytest.fixture
def session():
    audit = make_audit(["cat", "dog", None, "cat", "dog"], ids=["a", "b", "c", "d", 'é,\n"x"'])
    session = ls.Session(audit, journal=None, reviewer="ada")
    session.relabel([0, 2], "dog")
    session.exclude(3)
    session.relabel(4, None)
    return session


def rows_of(path):
    suffix = path.suffix
    if suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    if suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_tables(session, tmp_path, suffix):
    path = tmp_path / f"clean{suffix}"
    assert write(session, path) == path and [p.name for p in tmp_path.iterdir()] == [path.name]
    rows = rows_of(path)
    assert list(rows[0]) == COLUMNS
    assert [row["id"] for row in rows] == session.audit.dataset.ids.tolist()
    assert [row["given"] for row in rows] == ["cat", "dog", None, "cat", "dog"]
    assert [row["current"] for row in rows] == ["dog", "dog", "dog", "cat", None]
    assert [row["state"] for row in rows] == [
        "relabelled",
        "unreviewed",
        "relabelled",
        "excluded",
        "relabelled",
    ]
    assert [row["reviewer"] for row in rows] == ["ada", None, "ada", "ada", "ada"]
    time = rows[0]["time"]
    assert rows[1]["time"] is None
    assert pd.Timestamp(time) == pd.Timestamp(session.events[0].at)
    assert [row["source"] for row in rows] == ["api", None, "api", "api", "api"]


def test_what_a_method_decided_is_told_from_what_a_person_did(tmp_path):
    session = ls.Session(make_audit(["cat", "dog", "cat"]), journal=None, reviewer="ada")
    session.relabel(0, "dog", source="judge")
    session.relabel(1, "cat")
    rows = rows_of(write(session, tmp_path / "clean.csv"))
    assert [row["source"] for row in rows] == ["judge", "api", None]
    assert list(session.changes()["source"]) == ["judge", "api"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_excluded_rows_can_be_dropped(session, tmp_path, suffix):
    rows = rows_of(ls.export(session, tmp_path / f"clean{suffix}", drop_excluded=True))
    assert len(rows) == 4 and "excluded" not in {row["state"] for row in rows}


def test_an_audit_has_its_given_labels(session, tmp_path):
    rows = rows_of(ls.export(session.audit, tmp_path / "clean.csv"))
    assert {row["state"] for row in rows} == {"unreviewed"}
    assert [row["current"] for row in rows] == [row["given"] for row in rows]


def test_parquet_keeps_types(tmp_path):
    labels = [3, 1, None, 3]
    session = ls.Session(make_audit(labels), journal=None)
    session.relabel(0, 7, new_class=True)
    table = pq.read_table(write(session, tmp_path / "x.parquet"))
    types = {name: str(table.schema.field(name).type) for name in COLUMNS}
    assert types["given"] == types["current"] == "int64" and types["time"] == "timestamp[us, tz=UTC]"
    assert types["state"] == types["reviewer"] == "string" and types["id"] == "int64"
    assert table["current"].to_pylist() == [7, 1, None, 3]
    back = ls.Dataset(pd.read_parquet(tmp_path / "x.parquet").drop(columns=["time"]), "current")
    assert back.labels.codes.tolist() == [2, 0, -1, 1]


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.array([3, 1, 3], np.int8), "int8"),
        (np.array([3, 1, 3], np.uint16), "uint16"),
        (np.array([0, 1, np.nan], np.float32), "float"),
        (pd.Series([3, 1, None], dtype="Int8"), "int8"),
        (pl.Series([3, 1, None], dtype=pl.Int8), "int8"),
        (pa.array([3, 1, None], pa.int16()), "int16"),
        (np.array([True, False, True]), "bool"),
        (["b", None, "a"], "string"),
    ],
)
def test_parquet_keeps_the_width_of_numbers(tmp_path, labels, kind):
    table = pq.read_table(write(make_audit(labels), tmp_path / "x.parquet"))
    assert {str(table.schema.field(name).type) for name in ("given", "current")} == {kind}
    session = ls.Session(make_audit(np.array([3, 1, 3], np.int8)), journal=None)
    session.relabel(0, 300, new_class=True)
    table = pq.read_table(write(session, tmp_path / "x.parquet"))
    assert table["current"].to_pylist() == [300, 1, 3]  # wider where a new class needs it


@pytest.mark.parametrize(
    "labels",
    [
        pd.Series(pd.Categorical(["b", "a", None], categories=["b", "a", "never"], ordered=True)),
        pl.Series(["b", "a", None], dtype=pl.Enum(["b", "a", "never"])),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["b", "a", "never"])),
    ],
)
def test_parquet_keeps_categories(tmp_path, labels):
    session = ls.Session(make_audit(labels), journal=None)
    frame = pd.read_parquet(write(session, tmp_path / "x.parquet"))
    for name in ("given", "current"):
        assert frame[name].cat.categories.tolist() == ["b", "a", "never"]
        assert frame[name].tolist()[:2] == ["b", "a"] and frame[name].isna().tolist() == [False, False, True]
    session.relabel(2, "new", new_class=True)
    frame = pd.read_parquet(write(session, tmp_path / "x.parquet"))
    assert frame["current"].tolist() == ["b", "a", "new"]


@pytest.mark.parametrize("labels", [pd.Series([{"a"}, {"b"}]), pd.Series([1, 0], dtype="Sparse[int8]")])
def test_parquet_of_odd_columns(tmp_path, labels):
    table = pq.read_table(write(make_audit(labels), tmp_path / "x.parquet"))
    assert table["current"].to_pylist() == table["given"].to_pylist() and table.num_rows == 2


def test_all_unlabelled_is_text(tmp_path):
    table = pq.read_table(write(make_audit([None, None]), tmp_path / "x.parquet"))
    assert str(table.schema.field("given").type) == "string"


def test_odd_text_survives(tmp_path):
    session = ls.Session(make_audit(["=1+1", 'a,b\n"c"', "\ud800", "é\u2028"]), journal=None)
    rows = rows_of(write(session, tmp_path / "x.jsonl"))
    assert [row["given"] for row in rows[:2]] == ["=1+1", 'a,b\n"c"']
    assert json.loads((tmp_path / "x.jsonl").read_text().split("\n")[2])["given"] == "\ud800"
    assert rows_of(write(session, tmp_path / "x.csv"))[1]["given"] == 'a,b\n"c"'
    assert rows_of(write(session, tmp_path / "x.parquet"))[2]["given"] == "\\ud800"


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 1, 3], np.int8),
        np.array([True, False, True]),
        np.array(["cat", "dog", "cat"]),
        [3, 1, 3],
        ["cat", "dog", "cat"],
        pd.Series(["cat", "dog", "cat"], dtype="category"),
        np.array([0.0, np.nan, 1.0], np.float32),
        [3, None, 1],
    ],
    ids=lambda labels: f"{type(labels).__name__}-{getattr(labels, 'dtype', type(labels[0]).__name__)}",
)
def test_npy(labels, tmp_path):
    session = ls.Session(make_audit(labels), journal=None)
    found = np.load(write(session, tmp_path / "y.npy"), allow_pickle=False)
    if isinstance(labels, np.ndarray):
        assert found.dtype == labels.dtype
    np.testing.assert_array_equal(found, np.array([np.nan if v is None else v for v in labels]))
    session.exclude(0)
    assert len(np.load(write(session, tmp_path / "y.npy", drop_excluded=True))) == 2


def test_npy_widens_for_a_longer_class(tmp_path):
    session = ls.Session(make_audit(np.array(["a", "b"])), journal=None)
    session.relabel(0, "a longer name", new_class=True)
    assert np.load(write(session, tmp_path / "y.npy")).tolist() == ["a longer name", "b"]


@pytest.mark.parametrize("labels", [["cat", None], np.array(["cat", None], object), [True, None]])
def test_npy_cannot_hold_missing_text(labels, tmp_path):
    with pytest.raises(InvalidInputError, match=r"(?s)1 rows are unlabelled.*\.parquet"):
        write(make_audit(labels), tmp_path / "y.npy")
    assert list(tmp_path.iterdir()) == []


def test_cleanlab_frame(session):
    frame = issues_frame(session)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["is_label_issue", "label_score", "given_label", "predicted_label"]
    assert frame["is_label_issue"].dtype == bool
    np.testing.assert_allclose(frame["label_score"], 1 - session.suspicion, rtol=1e-6)
    assert frame["given_label"].tolist()[:4] == ["dog", "dog", "dog", "cat"]
    assert frame["predicted_label"].tolist()[0] == "dog" and pd.isna(frame["predicted_label"][2])
    assert len(issues_frame(session, drop_excluded=True)) == 4
    assert issues_frame(session.audit)["given_label"].tolist()[0] == "cat"


def test_cleanlab_frame_comes_back_as_evidence():
    audit = make_audit(["cat", "dog", "cat", "dog"] * 10)
    frame = issues_frame(audit)
    again = ls.audit(audit.dataset, evidence={"cleanlab": frame})
    np.testing.assert_allclose(again.scores["cleanlab"].suspicion, audit.suspicion, atol=1e-6)
    np.testing.assert_array_equal(again.scores["cleanlab"].flagged, audit.flagged)


def test_cleanlab_in_the_callers_library():
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [0.0, 1.0]})
    assert isinstance(issues_frame(make_audit(["x", "y"], frame)), pl.DataFrame)


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("x.cleanlab.csv", None),
        ("x.csv", "cleanlab"),
        ("x.cleanlab.parquet", None),
        ("x.jsonl", "cleanlab"),
        ("x", "cleanlab"),
    ],
)
def test_cleanlab_files(session, tmp_path, name, format):
    path = write(session, tmp_path / name, format)
    first = rows_of(path)[0]
    assert list(first)[:2] == ["is_label_issue", "label_score"] and len(rows_of(path)) == 5
    assert float(first["label_score"]) == pytest.approx(0.1)


def test_formats_without_a_suffix_of_their_own(session, tmp_path):
    for format in FORMATS:
        if format != "npy":
            assert write(session, tmp_path / f"labels-{format}.dat", format).stat().st_size > 0
    assert pq.read_table(tmp_path / "labels-parquet.dat").num_rows == 5


@pytest.mark.parametrize(
    ("name", "format", "said"),
    [
        ("x.parqet", None, "'.parqet'.*'.parquet'"),
        ("x.cvs", None, "'.cvs'.*'.csv'"),
        ("x", None, "no suffix.*format="),
        ("x.csv", "parqet", "'parqet'.*'parquet'"),
        ("x.csv", "parquet", "means csv.*x.parquet"),
        ("x.npy", "cleanlab", "means npy"),
        ("none/x.csv", None, "no folder"),
        ("", "csv", "is a folder"),
    ],
)
def test_bad_names_say_how_to_fix_it(session, tmp_path, name, format, said):
    with pytest.raises(InvalidInputError, match=f"(?s){said}"):
        write(session, tmp_path / name, format)
    assert list(tmp_path.iterdir()) == []


def test_bad_source(tmp_path):
    with pytest.raises(InvalidTypeError, match="list"):
        write([1, 2], tmp_path / "x.csv")
    session = ls.Session(make_audit(["a", "b"]), journal=None)
    with pytest.raises(InvalidTypeError, match=r"View.\n.*ls.export\(view.session"):
        ls.export(ls.view(session), tmp_path / "x.csv")
    with pytest.raises(InvalidTypeError, match="path is a NoneType"):
        ls.export(session, None)


def test_files_are_replaced_as_a_whole(session, tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    write(session, path)
    before = path.read_bytes()
    session.keep(1)

    def fail(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "sync", fail)
    with pytest.raises(ExportError, match="No space left") as error:
        write(session, path)
    assert isinstance(error.value, PermissionError) and isinstance(error.value, LabelscopeError)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1
    monkeypatch.undo()
    write(session, path)
    assert path.read_bytes() != before


def test_a_read_only_folder(session, tmp_path, monkeypatch):
    def refuse(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.Path, "open", refuse)
    with pytest.raises(ExportError, match=r"(?s)Permission denied.*Choose a folder"):
        write(session, tmp_path / "x.csv")


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="no links")
def test_links_are_followed(session, tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    write(session, link)
    assert link.is_symlink() and real.read_text().startswith("id,")


def test_home_is_understood(session, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert write(session, "~/x.csv") == tmp_path / "x.csv"


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_issues(session, tmp_path, suffix):
    path = write_issues(session.audit, tmp_path / f"issues{suffix}", top=2)
    rows = rows_of(path)
    assert list(rows[0]) == ["row", "id", "given", "suggested", "suspicion", "reasons"]
    assert len(rows) == 2 and rows[0]["id"] == "a"
    with pytest.raises(InvalidInputError, match=r"Known: \.parquet"):
        write_issues(session.audit, tmp_path / "issues.npy")


def test_no_rows(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            audit = make_audit([], data=np.zeros((0, 2)))
        except LabelscopeError:
            pytest.skip("datasets without rows are refused")
    for suffix in (".parquet", ".csv", ".jsonl", ".npy"):
        write(audit, tmp_path / f"x{suffix}")
    assert rows_of(tmp_path / "x.csv") == [] and len(np.load(tmp_path / "x.npy")) == 0
