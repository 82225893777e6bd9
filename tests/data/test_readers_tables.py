"""Sources with columns: frames and files."""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    UnknownColumnError,
)

Y = ["a", "b", "a", "b"]
PIXELS = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
PNGS = []
for _pixels in PIXELS:
    _buffer = io.BytesIO()
    Image.fromarray(_pixels).save(_buffer, "PNG")
    PNGS.append(_buffer.getvalue())
_buffer = io.BytesIO()
with wave.open(_buffer, "wb") as _file:
    _file.setparams((1, 2, 8000, 0, "NONE", ""))
    _file.writeframes(np.zeros(80, np.int16).tobytes())
WAV = _buffer.getvalue()
SENTENCES = ["the first of all", "then came a second", "there was a third", "and so a fourth"]


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{i}.png" for i in range(4)]
    for path, data in zip(paths, PNGS, strict=True):
        path.write_bytes(data)
    return paths


# Frames ----------------------------------------------------------------------------------------------

LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("columns", "kind", "used"),
    [
        ({"photo": PNGS, "words": SENTENCES, "size": [1, 2, 3, 4]}, "image", None),
        ({"photo": [None, *PNGS[:2], b"bad"], "size": [1, 2, 3, 4]}, "image", None),
        ({"photo": [{"bytes": d, "path": "x.png"} for d in PNGS]}, "image", None),
        ({"clip": [WAV] * 4}, "audio", None),
        ({"body": SENTENCES, "size": [1, 2, 3, 4]}, "text", None),
        ({"short": ["x", "y", "z", "w"], "size": [1, 2, 3, 4]}, "table", ("short", "size")),
        ({"text": ["x", "y", "z", "w"], "size": [1, 2, 3, 4]}, "text", None),
        ({"u": [1.0, 2, 3, 4], "v": [1, 2, 3, 4]}, "table", ("u", "v")),
        (
            {"who": SENTENCES, "u": [1, 2, 3, 5], "v": [1, 2, 3, 4], "w": [1, 2, 3, 4]},
            "table",
            ("who", "u", "v", "w"),
        ),
        ({"ok": [True, False, True, True], "v": [1, 2, 3, 4]}, "table", ("ok", "v")),
    ],
)
def test_media_of_frames(library: str, columns: dict[str, list[object]], kind: str, used: object) -> None:
    frame = LIBRARIES[library]({**columns, "label": Y})
    dataset = ls.Dataset(frame, "label")
    assert dataset.media.kind == kind
    assert getattr(dataset.media, "columns", None) == used
    given = dataset.labels.rebuild(dataset.labels.codes)
    assert type(given) is type(frame["label"])
    assert dataset.frame is frame
    assert ls.Dataset(frame, Y).n == 4
    if kind == "image":
        row = 1 if columns["photo"][0] is None else 0
        assert dataset.media.pil(row).size == (6, 5)
    dataset.media.caption(0)
    assert len(dataset.media.content_key()) == 32


def test_columns_of_pictures_and_arrays() -> None:
    pictures = [Image.fromarray(p) for p in PIXELS]
    for frame in (
        pd.DataFrame({"img": pictures, "y": Y}),
        pd.DataFrame({"img": list(PIXELS), "y": Y}),
        pl.DataFrame({"img": pl.Series(pictures, dtype=pl.Object), "y": Y}),
    ):
        assert ls.Dataset(frame, "y").media.pil(0).size == (6, 5)


@pytest.mark.parametrize("library", LIBRARIES)
def test_paths_in_frames(library: str, images: list[Path]) -> None:
    frame = LIBRARIES[library]({"file": [str(p) for p in images], "y": Y})
    assert np.array_equal(ls.Dataset(frame, "y").media.array(1), PIXELS[1])
    images[3].unlink()
    with pytest.raises(InvalidInputError, match="1 of 4 do not exist"):
        ls.Dataset(frame, "y")
    assert ls.Dataset(frame, "y", media="table").media.kind == "table"


def test_media_option_of_frames() -> None:
    frame = pd.DataFrame({"title": SENTENCES, "code": list("wxyz"), "v": [1, 2, 3, 4], "y": Y})
    assert ls.Dataset(frame, "y", media="code").media.text(0) == "w"
    assert ls.Dataset(frame, "y", media=["title"]).media.kind == "text"
    assert ls.Dataset(frame, "y", media=["code", "v"]).media.columns == ("code", "v")
    assert ls.Dataset(frame, "y", media="table").media.columns == ("title", "code", "v")
    assert ls.Dataset(frame[["code", "y"]], "y", media="text").media.kind == "text"
    with pytest.raises(InvalidInputError, match="no column or media kind 'titel'"):
        ls.Dataset(frame, "y", media="titel")
    with pytest.raises(InvalidInputError, match="holds image media"):
        ls.Dataset(frame, "y", media="image")
    with pytest.raises(UnknownColumnError):
        ls.Dataset(frame, "y", media=["code", "w"])
    with pytest.raises(InvalidTypeError):
        ls.Dataset(frame, "y", media=3)


def test_bad_frames() -> None:
    frame = pd.DataFrame({"value": [1, 2, 3, 4], "label": Y})
    with pytest.raises(UnknownColumnError, match="Did you mean 'label'"):
        ls.Dataset(frame, "lable")
    with pytest.raises(UnknownColumnError):
        ls.Dataset(frame, "label", ids="key")
    with pytest.raises(InvalidInputError, match="no column besides 'label'"):
        ls.Dataset(frame[["label"]], "label")
    with pytest.raises(InvalidInputError, match="more than one column 'label'"):
        ls.Dataset(pd.concat([frame, frame[["label"]]], axis=1), "label")
    with pytest.raises(InvalidInputError, match="mixed types"):
        ls.Dataset(pd.DataFrame({"v": [1, 2], "y": pd.Series(["a", 1], dtype=object)}), "y")
    assert ls.Dataset(pd.DataFrame({0: [1, 2, 3, 4], 1: Y}), 1).n == 4
    assert ls.Dataset(frame.astype({"label": "category"}).iloc[[3, 2, 1, 0]], "label").n == 4


def test_lazy_frames_are_collected() -> None:
    lazy = pl.LazyFrame({"v": [1, 2, 3, 4], "y": Y})
    assert isinstance(ls.Dataset(lazy, "y").frame, pl.DataFrame)


def test_columns_that_repeat_the_label_are_left_out() -> None:
    frame = pd.DataFrame({"v": np.arange(8), "y": [0, 1] * 4, "name": ["no", "yes"] * 4})
    with pytest.warns(LabelscopeWarning, match="'name' says the same as 'y'"):
        assert ls.Dataset(frame, "y").media.columns == ("v",)
    frame.loc[0, "name"] = "yes"
    assert ls.Dataset(frame, "y").media.columns == ("v", "name")


# Files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "suffix", [".parquet", ".csv", ".tsv", ".jsonl", ".json", ".feather", ".csv.gz", ";.csv"]
)
def test_files(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"text": SENTENCES, "n": [1, 2, 3, 4], "label": ["a", "b", None, "b"]})
    path = tmp_path / f"data{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".feather":
        frame.to_feather(path)
    elif suffix.startswith(".json"):
        frame.to_json(path, orient="records", lines=suffix == ".jsonl")
    else:
        frame.to_csv(path, index=False, sep={".tsv": "\t", ";.csv": ";"}.get(suffix, ","))
    with pytest.warns(LabelscopeWarning, match="one row"):
        dataset = ls.Dataset(path, "label")
    assert dataset.media.kind == "text"
    assert dataset.media.text(1) == SENTENCES[1]
    assert dataset.name == ("data;" if suffix.startswith(";") else "data")
    assert dataset.labels.codes.tolist() == [0, 1, -1, 1]
    back = dataset.labels.rebuild(dataset.labels.codes)
    assert isinstance(back, np.ndarray)
    assert back.tolist() == ["a", "b", None, "b"]
    assert dataset.column("n").tolist() == [1, 2, 3, 4]
    with pytest.raises(UnknownColumnError, match="Did you mean 'label'"):
        ls.Dataset(path, "labels")


def test_labels_of_files_keep_their_dtype(tmp_path: Path) -> None:
    table = pa.table(
        {
            "v": [1.0, 2, 3, 4],
            "i": pa.array([1, 2, 1, 2], pa.int8()),
            "b": [True, False, True, False],
            "c": pa.array(["lo", "hi", "lo", "hi"]).dictionary_encode(),
            "gap": [1, None, 1, 1],
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    media = ["v"]
    assert ls.Dataset(tmp_path / "t.parquet", "i", media=media).labels.original.dtype == np.int8
    assert ls.Dataset(tmp_path / "t.parquet", "b", media=media).labels.original.dtype == bool
    assert ls.Dataset(tmp_path / "t.parquet", "c", media=media).class_names == ("lo", "hi")
    with pytest.warns(LabelscopeWarning):
        assert ls.Dataset(tmp_path / "t.parquet", "gap", media=media).labels.codes.tolist() == [0, -1, 0, 0]


def test_paths_in_a_file_start_from_its_folder(images: list[Path]) -> None:
    table = images[0].parent / "labels.csv"
    pd.DataFrame({"file": [p.name for p in images], "y": Y}).to_csv(table, index=False)
    assert np.array_equal(ls.Dataset(table, "y").media.array(3), PIXELS[3])


def test_csv_keeps_words_that_look_like_gaps(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('v,text,y\n1,"two\nlines here",NA\n2,"","NA"\n3,c,None\n4,d,None\n', encoding="utf-8-sig")
    with pytest.warns(LabelscopeWarning) as caught:
        dataset = ls.Dataset(path, "y")
    assert ["counts" in str(w.message) for w in caught] == [True, False]
    assert dataset.class_names == ("NA", "None")
    assert dataset.media.text(0) == "two\nlines here"
    assert dataset.media.text(1) == ""


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.parquet", b"nothing", "complete"),
        ("a.csv", b"a,b\n1\n", "same number of fields"),
        ("a.csv", "a,b\nä,ü\n".encode("latin-1"), "UTF-8"),
        ("a.csv", b"", "cannot be read"),
        ("a.csv", b"a,a\n1,2\n", "more than one column 'a'"),
        ("a.csv", b"a,y\n", "no rows"),
        ("a.jsonl", b'{"y": 1}\n{"y":', "line 2"),
        ("a.jsonl", b"[1]\n", "line 1: list"),
        ("a.jsonl", b'{"v": 1, "y": "a"}\n{"v": 1, "y": 2}\n', "mixed types: 2 in row 1"),
        ("a.json", b"3", "list of objects"),
        ("a.xlsx", b"", "not a table"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, content: bytes, match: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError, match=match):
        ls.Dataset(tmp_path / name, "y")


def test_nested_json_becomes_text(tmp_path: Path) -> None:
    rows = [
        {"v": {"a": 1}, "w": 1, "y": "a"},
        {"v": [1], "w": 2, "y": "b"},
        {"w": 3, "y": "a"},
        {"w": 3, "y": "b"},
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert ls.Dataset(tmp_path / "x.jsonl", "y").media.record(0)["v"] == '{"a": 1}'


# Real data -------------------------------------------------------------------------------------------


def test_real_files(shared_data: Path) -> None:
    images = ls.Dataset(shared_data / "cifar10_test.parquet", "label", ids="id")
    assert (images.n, images.media.kind, images.labels.n_classes) == (10_000, "image", 10)
    assert images.media.pil(9_999).size == (32, 32)
    texts = ls.Dataset(shared_data / "banking77.parquet", "category")
    assert (texts.media.kind, texts.labels.n_classes) == ("text", 77)
    assert ls.Dataset(shared_data / "20news_test_text.parquet", "label_name").media.kind == "text"
    assert ls.Dataset(shared_data / "abalone.parquet", "Sex").media.kind == "table"


def _csv(path: Path, rows: list[str], header: str = "uid,text,label") -> Path:
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    return path


def test_digits_of_names_in_csv_stay_as_they_are_written(tmp_path: Path) -> None:
    path = _csv(tmp_path / "codes.csv", [f"{i:04d},{SENTENCES[i]},{i % 2:03d}" for i in range(4)])
    dataset = ls.Dataset(path, "label", ids="uid")
    assert dataset.ids.tolist() == ["0000", "0001", "0002", "0003"]
    assert dataset.class_names == ("000", "001") and list(dataset.labels.original) == ["000", "001"] * 2
    assert ls.Dataset(path, "label", task="regression").labels.original.dtype == np.int64
    plain = ls.Dataset(_csv(tmp_path / "n.csv", [f"{i},{SENTENCES[i]},{i % 2}" for i in range(4)]), "label")
    assert plain.labels.original.dtype == np.int64


def test_long_ids_in_csv_lose_no_digit(tmp_path: Path) -> None:
    ids = [str(12345678901234567890 + i) for i in range(4)]
    path = _csv(tmp_path / "long.csv", [f"{one},{text},a" for one, text in zip(ids, SENTENCES, strict=True)])
    with pytest.warns(LabelscopeWarning, match="only label"):
        assert ls.Dataset(path, "label", ids="uid").ids.tolist() == ids


def test_many_padded_numbers_in_csv_are_still_asked_about(tmp_path: Path) -> None:
    path = _csv(tmp_path / "amounts.csv", [f"{i},a text,{i:02d}" for i in range(60)])
    with pytest.raises(InvalidInputError, match=r"(?s)read in two ways.*task="):
        ls.Dataset(path, "label")


@pytest.mark.parametrize(
    "content", ["größe,label\n1,a\n2,b\n".encode("latin-1"), "a,label\n1,x\n".encode("utf-16")]
)
def test_column_names_that_are_no_utf8(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"(?s)column names.*UTF-8"):
        ls.Dataset(path, "label")
