"""Bytes of pictures and sounds."""

import io
import wave

import numpy as np
import pytest

from labelscope.errors import UnreadableMediaError
from labelscope.widget.thumbnails import Blob, Cache, Thumbnails, encode_picture, encode_sound, envelope

Image = pytest.importorskip("PIL.Image")


def opened(blob):
    return Image.open(io.BytesIO(blob.data))


def test_tiny_pictures_are_enlarged_pixel_by_pixel():
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    blob = encode_picture(Image.fromarray(pixels), 100)
    assert blob.mime == "image/png"
    assert (np.asarray(opened(blob)) == np.kron(pixels, np.ones((12, 12), np.uint8))).all()


def test_small_pictures_are_lossless_and_not_enlarged():
    pixels = np.random.default_rng(0).integers(0, 255, (32, 40, 3), dtype=np.uint8)
    blob = encode_picture(Image.fromarray(pixels), 128)
    assert (np.asarray(opened(blob)) == pixels).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "CMYK"])
def test_large_pictures_of_any_mode_are_fitted(mode):
    picture = Image.new("L", (600, 300), 90) if mode == "I;16" else Image.new(mode, (600, 300))
    if mode == "I;16":
        picture = picture.convert("I").convert("I;16")
    blob = encode_picture(picture, 128)
    assert blob.mime == "image/jpeg"
    assert opened(blob).size == (128, 64) == (blob.info["width"], blob.info["height"])


def test_the_cache_is_capped_by_bytes_and_forgets_the_longest_unused():
    cache = Cache(10)
    for name in "ab":
        cache.put((name,), Blob(b"1234", "x"))
    assert cache.get(("a",)) is not None
    cache.put(("c",), Blob(b"1234", "x"))
    assert cache.get(("b",)) is None
    assert cache.get(("a",)) is not None
    cache.put(("big",), Blob(b"x" * 11, "x"))
    assert cache.get(("big",)) is None
    cache.put(("a",), Blob(b"12", "x"))
    assert (len(cache), cache.n_bytes) == (2, 6)


def test_envelope():
    assert envelope(np.zeros(100), 4) == [0, 0, 0, 0]
    assert envelope(np.empty(0), 4) == [0, 0, 0, 0]
    assert len(envelope(np.array([1.0, 0.5]), 64)) == 64
    assert max(envelope(np.sin(np.arange(1000)) / 9)) == 255


def test_sound_is_wav_that_others_read():
    tone = np.sin(np.arange(8_000) / 9).astype(np.float32) * 2
    blob = encode_sound(tone, 8_000)
    with wave.open(io.BytesIO(blob.data)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8_000)
        samples = np.frombuffer(file.readframes(8_000), "<i2")
    assert np.abs(samples / 32_767 - np.clip(tone, -1, 1)).max() < 1e-4
    assert (blob.info["duration"], blob.info["truncated"]) == (1.0, False)


def test_long_sound_is_cut_and_says_so():
    blob = encode_sound(np.zeros(130 * 100, np.float32), 100)
    assert blob.info["truncated"] is True
    assert blob.info["duration"] == 130


class Features:
    kind = "features"


def test_rows_of_features_have_no_thumbnail():
    thumbnails = Thumbnails(Features())
    assert thumbnails.thumb(0, 96) == b""
    with pytest.raises(UnreadableMediaError, match="no media"):
        thumbnails.large(0, 96)
