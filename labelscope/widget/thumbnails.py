"""Bytes of pictures and sounds as a page shows them: small, re-encoded, and kept in a size-capped cache.

Nothing of a file but its decoded content leaves the kernel, and SVG or HTML never does: a page gets rasters.
"""

from __future__ import annotations

import io
import threading
import wave
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.errors import UnreadableMediaError
from labelscope.types import Array

#: Pictures below this side are enlarged pixel by pixel, so that 8×8 digits stay crisp.
_TINY = 32
#: Up to this side lossless PNG is as small as JPEG, and sharper.
_SMALL = 64
_MAX_SECONDS = 120
_ENVELOPE = 64


@dataclass(frozen=True)
class Blob:
    """Encoded media and facts about it.

    Attributes
    ----------
    data : bytes
    mime : str
    info : dict
        ``width`` and ``height`` of pictures, ``rate`` and ``duration`` (seconds) of sounds.
    """

    data: bytes
    mime: str
    info: dict[str, Any] = field(default_factory=dict)


class Cache:
    """Least-recently-used blobs, capped by their bytes; safe to use from several threads.

    Parameters
    ----------
    max_bytes : int
        Most bytes to hold; a larger single blob is not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._held: OrderedDict[tuple[Any, ...], Blob] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[Any, ...]) -> Blob | None:
        """Return a blob and mark it as used, or None."""
        with self._lock:
            blob = self._held.get(key)
            if blob is not None:
                self._held.move_to_end(key)
            return blob

    def put(self, key: tuple[Any, ...], blob: Blob) -> None:
        """Keep a blob, forgetting the longest unused ones."""
        with self._lock:
            old = self._held.pop(key, None)
            self.n_bytes -= len(old.data) if old is not None else 0
            if len(blob.data) > self.max_bytes:
                return
            self._held[key] = blob
            self.n_bytes += len(blob.data)
            while self.n_bytes > self.max_bytes:
                _, dropped = self._held.popitem(last=False)
                self.n_bytes -= len(dropped.data)

    def __len__(self) -> int:
        return len(self._held)


class Thumbnails:
    """Thumbnails and large media of a dataset's rows.

    Parameters
    ----------
    media : ImageMedia, TextMedia, AudioMedia, TableMedia or FeatureMedia
    max_bytes : int
        Size of the cache.
    """

    def __init__(self, media: Any, max_bytes: int = 64 << 20) -> None:
        self.media = media
        self.cache = Cache(max_bytes)
        self._waves: OrderedDict[int, tuple[list[int], float]] = OrderedDict()

    def thumb(self, row: int, size: int) -> bytes:
        """Return the encoded thumbnail of a row, empty for media that has none.

        Parameters
        ----------
        row : int
        size : int
            Longest side in pixels.

        Raises
        ------
        UnreadableMediaError
            When the picture cannot be decoded.
        """
        if self.media.kind != "image":
            return b""
        return self._picture(row, size, quality=82).data

    def large(self, row: int, size: int) -> Blob:
        """Return the media of a row for the inspector.

        Parameters
        ----------
        row : int
        size : int
            Longest side of a picture in pixels.

        Returns
        -------
        Blob
            A picture, 16-bit WAV (at most two minutes, ``info["truncated"]`` tells), or plain text.

        Raises
        ------
        UnreadableMediaError
            When it cannot be decoded, or the row has no media.
        """
        if self.media.kind == "image":
            return self._picture(row, size, quality=92)
        if self.media.kind == "audio":
            return self._sound(row)
        if self.media.kind == "text":
            return Blob(str(self.media.text(row)).encode(errors="replace"), "text/plain; charset=utf-8")
        raise UnreadableMediaError(
            f"Row {row:,} has no media to show.", "Rows of a table are shown by their values."
        )

    def wave(self, row: int) -> tuple[list[int], float]:
        """Return the loudness curve of a sound (64 values in 0…255) and its length in seconds."""
        known = self._waves.get(row)
        if known is None:
            samples, rate = self._waveform(row)
            known = (envelope(samples), len(samples) / rate)
            self._waves[row] = known
            if len(self._waves) > 20_000:
                self._waves.popitem(last=False)
        return known

    def spectrogram(self, row: int, width: int, height: int) -> Blob:
        """Return a sound as a picture: loudness by time and frequency.

        Raises
        ------
        UnreadableMediaError
            When the row has no sound, or it cannot be decoded.
        """
        if self.media.kind != "audio":
            raise UnreadableMediaError(f"Row {row:,} has no sound.", "Spectrograms are drawn of audio.")
        key = ("spectrogram", row, width, height)
        blob = self.cache.get(key)
        if blob is None:
            from labelscope.widget.spectrogram import spectrogram

            blob = spectrogram(*self._waveform(row), width, height)
            self.cache.put(key, blob)
        return blob

    def _picture(self, row: int, size: int, quality: int) -> Blob:
        key = ("image", row, size, quality)
        blob = self.cache.get(key)
        if blob is None:
            blob = encode_picture(self.media.pil(row, max_size=size), size, quality)
            self.cache.put(key, blob)
        return blob

    def _sound(self, row: int) -> Blob:
        key = ("audio", row)
        blob = self.cache.get(key)
        if blob is None:
            blob = encode_sound(*self._waveform(row))
            self.cache.put(key, blob)
        return blob

    def _waveform(self, row: int) -> tuple[Array, int]:
        samples, rate = self.media.waveform(row)
        sound = np.asarray(samples, dtype=np.float32)
        if sound.ndim == 2:
            sound = sound.mean(axis=1)
        return np.nan_to_num(sound), max(int(rate), 1)


def encode_picture(picture: Any, size: int, quality: int = 82) -> Blob:
    """Fit a picture into a square and encode it.

    Parameters
    ----------
    picture : PIL.Image.Image
    size : int
        Longest side in pixels. Tiny pictures are enlarged by a whole factor without blurring; others are
        only made smaller.
    quality : int
        JPEG quality of pictures above 64 pixels.

    Returns
    -------
    Blob
        PNG or JPEG.

    Examples
    --------
    >>> from PIL import Image
    >>> from labelscope.widget.thumbnails import encode_picture
    >>> blob = encode_picture(Image.new("L", (8, 8)), 96)
    >>> blob.mime, blob.info["width"]
    ('image/png', 96)
    """
    from PIL import Image

    if picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    side = max(picture.size)
    tiny = side < _TINY
    if tiny:
        factor = max(size // max(side, 1), 1)
        shown = (picture.width * factor, picture.height * factor)
        picture = picture.resize(shown, Image.Resampling.NEAREST)
    elif side > size:
        picture = picture.copy()
        picture.thumbnail((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
    out = io.BytesIO()
    if tiny or max(picture.size) <= _SMALL:
        picture.save(out, "PNG", compress_level=6 if tiny else 1)
        mime = "image/png"
    else:
        picture.save(out, "JPEG", quality=quality)
        mime = "image/jpeg"
    return Blob(out.getvalue(), mime, {"width": picture.width, "height": picture.height})


def envelope(samples: Array, n_bins: int = _ENVELOPE) -> list[int]:
    """Return the peak of each of ``n_bins`` equal parts of a sound, 255 for the loudest.

    Examples
    --------
    >>> import numpy as np
    >>> from labelscope.widget.thumbnails import envelope
    >>> envelope(np.array([0., .5, -1., 0.]), 2)
    [128, 255]
    """
    if not len(samples):
        return [0] * n_bins
    loud = np.abs(samples)
    edges = np.linspace(0, len(loud), n_bins + 1).astype(np.int64)[:-1]
    peaks = np.maximum.reduceat(loud, np.minimum(edges, len(loud) - 1))
    return [int(v) for v in np.rint(peaks / (float(peaks.max()) or 1.0) * 255)]


def encode_sound(samples: Array, rate: int) -> Blob:
    """Encode a mono sound as 16-bit WAV, at most two minutes of it.

    Parameters
    ----------
    samples : (samples,) float32
        In [-1, 1]; louder ones are clipped.
    rate : int
        Samples per second.

    Returns
    -------
    Blob
    """
    duration = len(samples) / rate
    kept = samples[: rate * _MAX_SECONDS]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.clip(kept, -1, 1) * 32_767).astype("<i2").tobytes())
    info = {"rate": rate, "duration": duration, "truncated": len(kept) < len(samples)}
    return Blob(out.getvalue(), "audio/wav", info)
