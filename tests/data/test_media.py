"""Media decode one row at a time; a damaged row is an error of that row."""

from __future__ import annotations

import io
import pickle
import struct
import time
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from PIL import Image

from labelscope.data.media import (
    AudioMedia,
    FeatureMedia,
    ImageMedia,
    TableMedia,
    TextMedia,
    is_media,
    make_media,
)
from labelscope.data.sniff import kind_of_bytes
from labelscope.errors import InvalidInputError, UnreadableMediaError


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def wav(samples: np.ndarray, rate: int = 8000, width: int = 2, channels: int = 1) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def float_wav(samples: np.ndarray, rate: int = 8000) -> bytes:
    raw = samples.astype("<f4").tobytes()
    head = struct.pack("<HHIIHH", 3, 1, rate, rate * 4, 4, 32)
    body = b"WAVE" + b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(raw)) + raw
    return b"RIFF" + struct.pack("<I", len(body)) + body


RED = Image.new("RGB", (6, 4), (200, 10, 10))


@pytest.mark.parametrize(
    "make",
    [
        lambda tmp: encoded(RED),
        lambda tmp: encoded(RED, "BMP"),
        lambda tmp: RED,
        lambda tmp: np.asarray(RED),
        lambda tmp: np.moveaxis(np.asarray(RED), 2, 0),
        lambda tmp: {"bytes": encoded(RED), "path": "red.png"},
        lambda tmp: _saved(tmp / "red.png", encoded(RED)),
        lambda tmp: {"bytes": None, "path": str(_saved(tmp / "red.png", encoded(RED)))},
        lambda tmp: memoryview(encoded(RED)),
    ],
)
def test_images_of_all_kinds_decode_alike(make: Callable[[Path], object], tmp_path: Path) -> None:
    media = ImageMedia([make(tmp_path)])
    assert media.pil(0).mode == "RGB"
    assert np.array_equal(media.array(0), np.asarray(RED))


def _saved(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("mode", "result"),
    [
        ("1", "L"),
        ("L", "L"),
        ("P", "RGB"),
        ("RGBA", "RGB"),
        ("LA", "L"),
        ("CMYK", "RGB"),
        ("I;16", "L"),
        ("F", "L"),
        ("I", "L"),
        ("HSV", "RGB"),
    ],
)
def test_modes(mode: str, result: str) -> None:
    assert ImageMedia([Image.new(mode, (3, 2))]).pil(0).mode == result


def test_transparency_lies_on_white() -> None:
    clear = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
    assert ImageMedia([encoded(clear)]).array(0).min() == 255
    palette = Image.new("P", (2, 2), 0)
    palette.info["transparency"] = 0
    assert ImageMedia([encoded(palette, transparency=0)]).array(0).min() == 255


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert ImageMedia([encoded(RED, "JPEG", exif=exif)]).pil(0).size == (4, 6)


def test_one_scale_for_all_arrays() -> None:
    digits = np.zeros((2, 8, 8))
    digits[0, 0, 0], digits[1, 0, 0] = 16, 4
    media = ImageMedia(digits)
    assert media.array(0)[0, 0] == 255
    assert media.array(1)[0, 0] == 64
    assert ImageMedia(list(digits)).array(1)[0, 0] == 64
    assert ImageMedia(np.full((1, 2, 2), 128, np.uint8)).array(0).max() == 128
    assert ImageMedia(np.array([[[0.0, 0.5], [1.0, np.nan]]])).array(0).tolist() == [[0, 128], [255, 0]]
    assert ImageMedia(np.array([[[-1.0, 1.0]]])).array(0).tolist() == [[0, 255]]
    assert ImageMedia(np.array([[[False, True]]])).array(0).tolist() == [[0, 255]]
    assert ImageMedia(np.array([[[0, 4095]]], np.uint16)).array(0).max() == 255
    assert ImageMedia(np.full((1, 2, 2), np.nan)).array(0).max() == 0


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


@pytest.mark.parametrize(
    ("item", "match"),
    [
        (b"not an image", "no image format"),
        (encoded(Image.effect_noise((64, 64), 50))[:-900], "cannot be decoded"),
        (encoded(RED, "JPEG")[:200], "cannot be decoded"),
        (b"", "cannot be decoded"),
        (None, "no image"),
        (float("nan"), "no image"),
        (Path("gone.png"), "no file"),
        (SVG, "(?s)SVG.*Rasterize"),
        (b"  <svg></svg>", "SVG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "EPS|cannot be decoded"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "(?s)HEIC.*pillow-heif"),
        (np.zeros((2, 2, 7)), "shape"),
        (np.zeros((0, 2)), "shape"),
        (3.5, "not an image"),
        ({"bytes": None, "path": None}, "neither"),
    ],
)
def test_unreadable_images_name_their_row(item: object, match: str) -> None:
    media = ImageMedia([encoded(RED), item])
    with pytest.raises(
        UnreadableMediaError, match=f"Row 1: .*{match}" if not match.startswith("(") else match
    ):
        media.pil(1)
    assert media.pil(0).size == (6, 4)
    media.caption(1)
    assert len(media.content_key()) == 32


def test_decompression_bombs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = encoded(Image.new("L", (300, 300)))
    for limit in (100, 60_000, 89_999):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(UnreadableMediaError, match="Row 0"):
            ImageMedia([bomb]).pil(0)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert ImageMedia([bomb]).pil(0).size == (300, 300)


def test_small_copies_keep_the_shape() -> None:
    big = ImageMedia([encoded(Image.new("RGB", (800, 400)), "JPEG")])
    assert big.pil(0, max_size=100).size == (100, 50)
    assert big.pil(0).size == (800, 400)
    own = Image.new("L", (50, 50))
    ImageMedia([own]).pil(0, max_size=10)
    assert own.size == (50, 50)


def test_captions(tmp_path: Path) -> None:
    assert ImageMedia([Path("pets") / "cat.png"]).caption(0) == "cat.png"
    assert ImageMedia([{"bytes": b"", "path": "a/b.jpg"}]).caption(0) == "b.jpg"
    assert ImageMedia(np.zeros((1, 2, 2))).caption(0) == "image 0"
    assert TextMedia(["word " * 500]).caption(0).endswith("…")
    assert len(TextMedia(["word " * 500]).caption(0)) == 300
    assert FeatureMedia(np.arange(10.0).reshape(2, 5)).caption(1) == "x0 5, x1 6, x2 7, x3 8, …"


def test_texts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("héllo", encoding="utf-8")
    media = TextMedia(["a", None, float("nan"), 3, tmp_path / "a.txt", tmp_path / "gone.txt"])
    assert [media.text(row) for row in range(5)] == ["a", "", "", "3", "héllo"]
    with pytest.raises(UnreadableMediaError, match="Row 5"):
        media.text(5)


@pytest.mark.parametrize(
    ("data", "peak"),
    [
        (wav(np.array([0, 16384, -16384], np.int16)), 0.5),
        (wav(np.array([128, 192, 64], np.uint8), width=1), 0.5),
        (wav(np.array([0, 2**30, -(2**30)], np.int32), width=4), 0.5),
        (wav(np.frombuffer(b"\0\0\0\0\0\x40\0\0\xc0", np.uint8), width=3), 0.5),
        (float_wav(np.array([0.0, 0.5, -0.5])), 0.5),
    ],
)
def test_wav_of_all_widths(data: bytes, peak: float, tmp_path: Path) -> None:
    path = _saved(tmp_path / "a.wav", data)
    for item in (data, path, {"bytes": data}, {"path": str(path)}):
        samples, rate = AudioMedia([item]).waveform(0)
        assert samples.dtype == np.float32
        assert rate == 8000
        assert samples.tolist() == pytest.approx([0, peak, -peak])


def test_channels_are_averaged_and_arrays_take_a_rate() -> None:
    stereo = wav(np.array([[0, 16384], [16384, 16384]], np.int16), channels=2)
    assert AudioMedia([stereo]).waveform(0)[0].tolist() == [0.25, 0.5]
    assert AudioMedia([(np.array([16384], np.int16), 16000)]).waveform(0)[1] == 16000
    assert AudioMedia([{"array": [0.5], "sampling_rate": 22050}]).waveform(0)[1] == 22050
    assert AudioMedia([np.zeros((2, 100))], rate=8000).waveform(0)[0].shape == (100,)
    with pytest.raises(UnreadableMediaError, match="rate"):
        AudioMedia([np.zeros(9)]).waveform(0)
    with pytest.raises(InvalidInputError, match="rate"):
        AudioMedia([np.zeros(9)], rate=0)


@pytest.mark.parametrize(
    "item",
    [b"RIFF\0\0\0\0WAVE", b"OggS....", b"noise", None, Path("gone.wav"), wav(np.zeros(2, np.int16))[:30]],
)
def test_unreadable_sounds_name_their_row(item: object) -> None:
    with pytest.raises(UnreadableMediaError, match="Row 0") as caught:
        AudioMedia([item]).waveform(0)
    assert " at 0x" not in str(caught.value), "people read this in the widget"


def test_a_sound_that_breaks_off_is_read_as_far_as_it_goes() -> None:
    whole = wav(np.arange(100, dtype=np.int16))
    assert len(AudioMedia([whole[:-21]]).waveform(0)[0]) == 89


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_tables(library: str) -> None:
    columns = {"age": [31, None], "city": ["Rome", None], "raw": [b"abc", None]}
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}[library](columns)
    media = TableMedia(frame)
    assert len(media) == 2
    assert media.record(0) == {"age": 31, "city": "Rome", "raw": "3 bytes"}
    assert media.record(1) == {"age": None, "city": None, "raw": None}
    assert media.columns == ("age", "city", "raw")
    assert type(media.frame) is type(frame)
    assert "city Rome" in media.caption(0)
    assert media.content_key() == TableMedia(frame).content_key()
    assert pickle.loads(pickle.dumps(media)).record(0)["age"] == 31
    assert hasattr(media.raw(), "columns")


def test_features() -> None:
    media = FeatureMedia(np.array([[1, 2], [3, 4]]), names=["a", "b"])
    assert media.record(1) == {"a": 3, "b": 4}
    for bad in (np.zeros(3), np.zeros((2, 2, 2)), np.array([["a"]])):
        with pytest.raises(InvalidInputError, match="features"):
            FeatureMedia(bad)


def test_content_keys_tell_content_apart(tmp_path: Path) -> None:
    same = [TextMedia(["ab", "c"]).content_key(), TextMedia(["ab", "c"]).content_key()]
    assert len(set(same)) == 1
    keys = {
        TextMedia(["ab", "c"]).content_key(),
        TextMedia(["a", "bc"]).content_key(),
        TextMedia(["ab", None]).content_key(),
        ImageMedia([b"ab", b"c"]).content_key(),
        ImageMedia(np.zeros((1, 2, 2))).content_key(),
        ImageMedia(np.zeros((1, 2, 2), np.uint8)).content_key(),
        FeatureMedia(np.zeros((1, 4))).content_key(),
        FeatureMedia(np.ones((1, 4))).content_key(),
        ImageMedia([Image.new("L", (2, 2))]).content_key(),
        ImageMedia([Image.new("P", (2, 2))]).content_key(),
        AudioMedia([np.zeros(4)], rate=1).content_key(),
        AudioMedia([np.zeros(4)], rate=2).content_key(),
    }
    assert len(keys) == 12
    path = _saved(tmp_path / "a.png", b"1")
    before = ImageMedia([path]).content_key()
    _saved(path, b"12")
    assert ImageMedia([path]).content_key() != before
    strided = np.arange(40.0).reshape(4, 10)[:, ::2]
    assert FeatureMedia(strided).content_key() == FeatureMedia(strided.copy()).content_key()


def test_content_keys_are_fast() -> None:
    rng = np.random.default_rng(0)
    images = [rng.bytes(1200) for _ in range(10_000)]
    start = time.perf_counter()
    ImageMedia(images).content_key()
    assert time.perf_counter() - start < 0.2
    block = rng.random((50_000, 384), dtype=np.float32)
    start = time.perf_counter()
    FeatureMedia(block).content_key()
    assert time.perf_counter() - start < 0.5


def test_sniffing() -> None:
    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"):
        assert kind_of_bytes(encoded(RED, form)) == "image", form
    assert kind_of_bytes(wav(np.zeros(3, np.int16))) == "audio"
    assert kind_of_bytes(b"fLaC") == kind_of_bytes(b"OggS") == "audio"
    assert kind_of_bytes(SVG) == "image"
    assert kind_of_bytes(b"Plain words") is None


def test_media_pickle_and_raw() -> None:
    for kind, items in (
        ("image", [RED]),
        ("text", ["a"]),
        ("audio", [(np.zeros(3), 8000)]),
        ("features", np.ones((1, 2))),
    ):
        media = make_media(kind, items)
        assert is_media(media)
        again = pickle.loads(pickle.dumps(media))
        assert again.content_key() == media.content_key()
        assert len(again.raw()) == 1
    with pytest.raises(InvalidInputError, match="video"):
        make_media("video", [])
    assert not is_media([RED])


def test_flac_needs_the_extra_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(UnreadableMediaError, match=r"labelscope\[audio\]"):
        AudioMedia([b"fLaC...."]).waveform(0)
