"""Sounds as pictures: loudness by time and frequency, on a scale that ears would use."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np

from labelscope.types import Array
from labelscope.widget.thumbnails import Blob

_RANGE_DB = 70.0
_MAX_SECONDS = 120
#: A perceptually even ramp (viridis), so that louder always looks brighter, in gray as well.
_RAMP = (
    (68, 1, 84),
    (71, 44, 122),
    (59, 81, 139),
    (44, 113, 142),
    (33, 144, 141),
    (39, 173, 129),
    (92, 200, 99),
    (170, 220, 50),
    (253, 231, 37),
)


def spectrogram(samples: Array, rate: int, width: int, height: int) -> Blob:
    """Draw a sound.

    Parameters
    ----------
    samples : (m,) float32
    rate : int
        Samples per second.
    width, height : int
        Pixels.

    Returns
    -------
    Blob
        PNG; ``info`` holds ``width``, ``height``, ``seconds`` and the highest frequency ``hertz``.

    Examples
    --------
    >>> import numpy as np
    >>> blob = spectrogram(np.sin(np.arange(8000) / 5).astype(np.float32), 8000, 64, 32)
    >>> blob.mime, blob.info["hertz"]
    ('image/png', 4000)
    """
    from PIL import Image

    sound = np.asarray(samples, dtype=np.float32)[: _MAX_SECONDS * rate]
    decibels = _resampled(_power(sound, width), width, height)
    top = float(decibels.max()) if decibels.size else 0.0
    shade = np.clip((decibels - top + _RANGE_DB) / _RANGE_DB, 0, 1)
    ramp = np.array(_RAMP, dtype=np.float64)
    steps = np.linspace(0, 1, len(ramp))
    pixels = np.stack([np.interp(shade, steps, ramp[:, channel]) for channel in range(3)], axis=-1)
    out = io.BytesIO()
    Image.fromarray(np.rint(pixels[::-1]).astype(np.uint8)).save(out, "PNG", compress_level=3)
    facts = {"width": width, "height": height, "seconds": len(sound) / rate, "hertz": rate // 2}
    return Blob(out.getvalue(), "image/png", facts)


def _power(sound: Array, width: int) -> Array:
    """Return (frequencies, frames) loudness in decibels."""
    window = 512 if len(sound) >= 2048 else 128
    sound = np.pad(sound, (0, max(0, window - len(sound))))
    frames = min(4 * width, 1 + (len(sound) - window) // (window // 4))
    starts = np.linspace(0, len(sound) - window, max(frames, 1)).astype(np.int64)
    pieces = sound[starts[:, None] + np.arange(window)] * np.hanning(window).astype(np.float32)
    power = np.abs(np.fft.rfft(pieces, axis=1)) ** 2
    found: Array = 10 * np.log10(power.T + 1e-10)
    return found


def _resampled(decibels: Array, width: int, height: int) -> Array:
    """Spread frames over the width; frequencies so that low ones get room: an octave is an octave."""
    n_bins, n_frames = decibels.shape
    columns = np.minimum((np.arange(width) * n_frames) // width, n_frames - 1)
    edges = np.geomspace(1, n_bins, height + 1) - 1
    rows = [
        decibels[int(low) : max(int(np.ceil(high)), int(low) + 1)].max(axis=0)
        for low, high in pairwise(edges)
    ]
    return np.stack(rows)[:, columns]
