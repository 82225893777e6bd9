"""Sources without columns: arrays, lists and folders."""

from __future__ import annotations

import io
import warnings
import wave
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    UnreadableMediaError,
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


# Arrays and lists ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (np.zeros((4, 3)), "features"),
        (np.zeros((4, 3), np.int8), "features"),
        (np.zeros((4, 5, 6)), "image"),
        (np.zeros((4, 5, 6, 3), np.uint8), "image"),
        (np.zeros((4, 3, 5, 6), np.float32), "image"),
        ([np.zeros((5, 6))] * 4, "image"),
        ([np.zeros(3)] * 4, "features"),
        ([[1, 2], [3, 4], [5, 6], [7, None]], "features"),
        ([(1, 2), (3, 4), (5, 6), (7, 8)], "features"),
        ([Image.new("L", (3, 3))] * 4, "image"),
        (PNGS, "image"),
        ([PNGS[0], b"broken", None, PNGS[1]], "image"),
        ([WAV] * 4, "audio"),
        ([(np.zeros(9), 8000)] * 4, "audio"),
        (SENTENCES, "text"),
        (tuple(SENTENCES), "text"),
        (np.array(SENTENCES), "text"),
        (np.array(SENTENCES, object), "text"),
        (pd.Series(SENTENCES), "text"),
        (pl.Series(SENTENCES), "text"),
        (pa.array(SENTENCES), "text"),
        ([{"bytes": d, "path": None} for d in PNGS], "image"),
        ([{"array": np.zeros(5), "sampling_rate": 8000}] * 4, "audio"),
        ([{"text": s, "n": 1} for s in SENTENCES], "text"),
        ([{"v": 1, "w": "x"}] * 4, "table"),
        ({"v": [1, 2, 3, 4], "w": [1, 2, 3, 4]}, "table"),
        (["photo.jpg", "a picture", "b.png", "c"], "text"),
    ],
)
def test_kinds(data: object, kind: str) -> None:
    dataset = ls.Dataset(data, Y)
    assert dataset.media.kind == kind
    assert dataset.n == 4
    dataset.media.caption(0)
    dataset.media.content_key()


def test_damaged_rows_are_found_when_shown_not_when_loaded() -> None:
    media = ls.Dataset([PNGS[0], b"broken", None, PNGS[1]], Y).media
    assert media.pil(0).size == (6, 5)
    for row in (1, 2):
        with pytest.raises(UnreadableMediaError, match=f"Row {row}"):
            media.pil(row)


def test_media_kind_can_be_forced() -> None:
    assert ls.Dataset(np.zeros((4, 5, 6)), Y, media="features").media.raw().shape == (4, 30)
    assert ls.Dataset([1, 2, 3, 4], Y, media="text").media.text(0) == "1"
    assert ls.Dataset(["a.png"] * 4, Y, media="image").media.kind == "image"
    assert ls.Dataset([b"x"] * 4, Y, media="image").media.kind == "image"
    with pytest.raises(InvalidInputError, match="Did you mean 'image'"):
        ls.Dataset(PNGS, Y, media="imgae")


def test_tensors_and_sparse_matrices() -> None:
    torch = pytest.importorskip("torch")
    assert ls.Dataset(torch.zeros(4, 3), torch.tensor([0, 1, 0, 1])).media.kind == "features"
    assert ls.Dataset(torch.zeros(4, 3, 8, 8), Y).media.pil(0).size == (8, 8)
    assert ls.Dataset(torch.zeros(4, 3, dtype=torch.bfloat16), Y).media.kind == "features"
    from scipy import sparse

    assert ls.Dataset(sparse.eye(4, format="csr"), Y).media.raw().dtype == np.float32
    with pytest.raises(InvalidInputError, match="TruncatedSVD"):
        ls.Dataset(sparse.csr_matrix((10**6, 10**5)), Y)


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        (np.zeros(4), InvalidInputError, "reshape"),
        (np.zeros((4, 5, 6, 7)), InvalidInputError, "channels"),
        (np.zeros((4, 2, 3, 4, 5)), InvalidInputError, "images are needed"),
        (np.array([["a", "b"]] * 4), InvalidInputError, "not of numbers"),
        ([1, 2, 3, 4], InvalidInputError, "single values"),
        ([[1], [1, 2]], InvalidInputError, "different lengths"),
        ([np.zeros(3), np.zeros(4)], InvalidInputError, "different lengths"),
        (["a", 1, "b", "c"], InvalidInputError, "row 1: 1"),
        ([b"plain words"] * 4, InvalidInputError, "decode"),
        ([PNGS[0], WAV], InvalidInputError, "audio and image"),
        ([None] * 4, InvalidInputError, "missing"),
        ([object()] * 4, InvalidTypeError, "list of object"),
        ([("a", "b", "c")] * 4, InvalidInputError, "tuples"),
        ([Path("a.xyz")] * 4, InvalidInputError, r"\.xyz"),
        (iter([1]), InvalidTypeError, "no order"),
        (7, InvalidTypeError, "int"),
        ({1, 2, 3, 4}, InvalidTypeError, "set"),
        ({"a": [1], "b": [1, 2]}, InvalidInputError, "lengths"),
        ([{"a": 1}, 3], InvalidInputError, "Row 1"),
        ("no/such/file.csv", InvalidInputError, "no file or folder"),
        ("https://example.org/x.csv", InvalidInputError, "Download"),
    ],
)
def test_bad_data(data: object, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        ls.Dataset(data, Y)


def test_strings_are_paths_only_if_every_one_exists(
    images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [str(p) for p in images]
    media = ls.Dataset(names, Y).media
    assert media.kind == "image"
    assert media.caption(0) == "0.png"
    assert np.array_equal(media.array(2), PIXELS[2])
    assert ls.Dataset(images, Y).media.kind == "image"
    assert ls.Dataset([*names[:3], "a text"], Y).media.kind == "text"
    with pytest.raises(InvalidInputError, match=r"1 do not exist.*gone\.png"):
        ls.Dataset([*names[:3], "gone.png"], Y)
    with pytest.warns(LabelscopeWarning, match="none exists"):
        assert ls.Dataset(["a.png", "b.png", "c.png", "d.png"], Y).media.kind == "text"
    lost = ls.Dataset([*images[:3], Path("gone.png")], Y).media
    with pytest.raises(UnreadableMediaError, match="Row 3"):
        lost.pil(3)
    monkeypatch.chdir(images[0].parent)
    assert ls.Dataset([p.name for p in images], Y).media.kind == "image"


def test_drawings_are_rows_to_rasterize(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.warns(LabelscopeWarning):
        media = ls.Dataset([str(path)], ["a"]).media
    with pytest.raises(UnreadableMediaError, match="Rasterize"):
        media.pil(0)


def test_npy_files(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((4, 3)))
    dataset = ls.Dataset(tmp_path / "x.npy", Y)
    assert dataset.name == "x"
    assert isinstance(dataset.media.raw().base, np.ndarray)
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    with pytest.raises(InvalidInputError, match="cannot be read"):
        ls.Dataset(tmp_path / "bad.npy", Y)
    np.savez(tmp_path / "x.npz", a=np.ones(3))
    with pytest.raises(InvalidInputError, match=r"np\.load"):
        ls.Dataset(tmp_path / "x.npz", Y)


# Folders ---------------------------------------------------------------------------------------------


def _folder(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNGS[0])
    return root


def test_folder_by_class(tmp_path: Path) -> None:
    root = _folder(
        tmp_path / "pets",
        ["dog/2.PNG", "cat/b/1.png", "cat/1.png", ".git/x.png", "cat/.hidden.png", "dog/3.png"],
    )
    dataset = ls.Dataset(str(root))
    assert dataset.name == "pets"
    assert dataset.ids.tolist() == ["cat/1.png", "cat/b/1.png", "dog/2.PNG", "dog/3.png"]
    assert dataset.labels.rebuild(dataset.labels.codes) == ["cat", "cat", "dog", "dog"]
    assert dataset.class_names == ("cat", "dog")
    assert dataset.media.caption(0) == "1.png"
    assert ls.Dataset.from_folder(root).fingerprint == dataset.fingerprint
    assert ls.Dataset(root, ["x", "x", "y", "y"]).class_names == ("x", "y")


def test_folder_notices(tmp_path: Path) -> None:
    root = _folder(tmp_path, ["a/1.png", "a/2.png", "b/1.png", "b/2.png", "loose.png"])
    (root / "readme.md").write_text("x")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        dataset = ls.Dataset(root)
    assert ["left out" in str(w.message) or "unlabelled" in str(w.message) for w in caught] == [True, True]
    assert dataset.labels.codes.tolist() == [0, 0, 1, 1, -1]


def test_folders_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="Lay it out by class"):
        ls.Dataset(tmp_path)
    _folder(tmp_path, ["train/cat/1.png", "test/cat/1.png"])
    with pytest.raises(InvalidInputError, match=r"(?s)splits.*train"):
        ls.Dataset(tmp_path)
    with pytest.raises(InvalidTypeError, match="folder"):
        ls.Dataset(tmp_path, "label")
    with pytest.raises(InvalidInputError, match="Did you mean"):
        ls.Dataset(tmp_path / "trian")


def test_folder_of_texts(tmp_path: Path) -> None:
    for name in ("ham/1.txt", "ham/2.txt", "spam/1.txt", "spam/2.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"text of {name}")
    media = ls.Dataset(tmp_path).media
    assert media.kind == "text"
    assert media.text(2) == "text of spam/1.txt"


def test_a_folder_inside_the_folder_is_named(tmp_path: Path) -> None:
    folder = _folder(tmp_path / "photos", [f"photos/{one}/{i}.png" for one in ("cat", "dog") for i in (1, 2)])
    with pytest.warns(LabelscopeWarning, match=r"one folder only, 'photos'.*pass '.*photos/photos'"):
        assert ls.Dataset(folder).class_names == ("photos",)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ls.Dataset(folder / "photos").labels.codes.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_in_any_form(kind: type) -> None:
    dataset = ls.Dataset([kind(png) for png in PNGS], Y)
    assert dataset.media.kind == "image" and dataset.media.array(0).shape == PIXELS[0].shape
