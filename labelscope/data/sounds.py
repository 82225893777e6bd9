"""Decoding one sound into float32 samples: WAV here, other formats through soundfile where installed."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.errors import UnreadableMediaError
from labelscope.types import Array

Waveform = tuple[npt.NDArray[np.float32], int]
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE


def open_sound(item: Any, rate: int | None = None) -> Waveform:
    """Decode a sound to one channel.

    Parameters
    ----------
    item : bytes, path, (samples, rate), samples, or mapping
        A mapping holds ``bytes``, ``path``, or ``array`` and ``sampling_rate``.
    rate : int, optional
        Samples per second, for arrays that come without it.

    Returns
    -------
    samples : (m,) float32
        In [-1, 1] for integer sources; channels are averaged.
    rate : int
        Samples per second.

    Raises
    ------
    UnreadableMediaError
        It cannot be decoded, or its rate is unknown.
    """
    if item is None or (isinstance(item, float) and item != item):
        raise UnreadableMediaError("The row has no sound.", "Pass a sound, or leave the row out.")
    if isinstance(item, Mapping):
        if item.get("array") is not None:
            return open_sound(np.asarray(item["array"]), item.get("sampling_rate") or rate)
        return open_sound(item["bytes"] if item.get("bytes") is not None else item.get("path"), rate)
    if isinstance(item, (str, os.PathLike)):
        try:
            data = Path(item).read_bytes()
        except OSError as error:
            raise UnreadableMediaError(f"There is no file {os.fspath(item)!r}.", "Check the path.") from error
        return _decode(data, Path(item).name)
    if isinstance(item, (bytes, bytearray, memoryview)):
        return _decode(bytes(item), f"of {len(item):,} bytes")
    if isinstance(item, tuple) and len(item) == 2 and np.ndim(item[1]) == 0:
        return open_sound(item[0], int(item[1]))
    if hasattr(item, "detach"):
        item = item.detach().cpu().numpy()
    if rate is None:
        raise UnreadableMediaError(
            "An array of samples comes without its rate.",
            "Pass (samples, rate), or AudioMedia(items, rate=...).",
        )
    return to_mono(np.asarray(item)), int(rate)


def to_mono(samples: Array) -> npt.NDArray[np.float32]:
    """Scale integers to [-1, 1] and average the channels, the shorter axis of two."""
    if samples.dtype.kind not in "iuf" or samples.ndim not in (1, 2):
        raise UnreadableMediaError(
            f"An array of the shape {samples.shape} and dtype {samples.dtype} is not a sound.",
            "Pass numbers of the shape (samples,) or (samples, channels).",
        )
    if samples.dtype.kind == "f":
        values = samples.astype(np.float32)
    else:
        half = float(2 ** (8 * samples.dtype.itemsize - 1))
        values = (samples.astype(np.float64) / half - (samples.dtype.kind == "u")).astype(np.float32)
    if values.ndim == 2:
        values = values.mean(axis=int(values.shape[0] > values.shape[1]), dtype=np.float32)
    return np.nan_to_num(values, copy=False)


def _decode(data: bytes, name: str) -> Waveform:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        found = _wav(data, name)
        if found is not None:
            return found
    try:
        import soundfile
    except ImportError:
        raise UnreadableMediaError(
            f"The sound {name} is not PCM WAV, and reading other formats needs the package 'soundfile'.",
            "pip install 'labelscope[audio]'",
        ) from None
    try:
        samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except Exception as error:  # libsndfile's errors, whatever their class in this version
        why = getattr(error, "error_string", error)  # without the object that it was read from
        raise UnreadableMediaError(f"The sound {name} cannot be decoded: {why}", "Replace it.") from error
    return samples.mean(axis=1, dtype=np.float32), int(rate)


def _wav(data: bytes, name: str) -> Waveform | None:
    """Read PCM and float WAV; None for compressed ones.

    The standard library's reader knows no floats.
    """
    coding = channels = rate = bits = 0
    position = 12
    while position + 8 <= len(data):
        tag, size = data[position : position + 4], struct.unpack_from("<I", data, position + 4)[0]
        body = position + 8
        if tag == b"fmt " and body + 16 <= len(data):
            coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", data, body)
            if coding == _EXTENSIBLE and size >= 26 and body + 26 <= len(data):
                coding = struct.unpack_from("<H", data, body + 24)[0]
        elif tag == b"data":
            if not channels or not rate:
                break
            # Streamed files state no true size: what is there is the sound.
            return _samples(data[body : body + size], coding, channels, bits, rate)
        position = body + size + (size & 1)
    raise UnreadableMediaError(f"The WAV sound {name} is damaged: it has no samples.", "Replace it.")


def _samples(raw: bytes, coding: int, channels: int, bits: int, rate: int) -> Waveform | None:
    width = bits // 8
    raw = raw[: len(raw) - len(raw) % max(1, width * channels)]
    if coding == _FLOAT and bits in (32, 64):
        values: Array = np.frombuffer(raw, dtype=f"<f{width}")
    elif coding == _PCM and bits == 8:
        values = np.frombuffer(raw, dtype=np.uint8)
    elif coding == _PCM and bits in (16, 32):
        values = np.frombuffer(raw, dtype=f"<i{width}")
    elif coding == _PCM and bits == 24:
        padded = np.zeros((len(raw) // 3, 4), dtype=np.uint8)
        padded[:, 1:] = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 3)
        values = padded.view("<i4")[:, 0]
    else:
        return None
    values = values.reshape(-1, channels)
    half = float(2 ** (8 * values.dtype.itemsize - 1))
    floats = values.astype(np.float64)
    if values.dtype.kind != "f":
        floats = floats / half - (values.dtype.kind == "u")
    return np.nan_to_num(floats.mean(axis=1)).astype(np.float32), rate


__all__ = ["Waveform", "open_sound", "to_mono"]
