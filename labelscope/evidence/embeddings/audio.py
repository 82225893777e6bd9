"""Features of sounds."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidTypeError, UnreadableMediaError
from labelscope.evidence.embeddings.batches import embed_rows
from labelscope.evidence.embeddings.encoders import call_encoder
from labelscope.types import Array, Evidence, FloatArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_BANDS = 40
_SEGMENTS = 6
_COEFFICIENTS = 13
_WINDOW_SECONDS, _HOP_SECONDS = 0.025, 0.010
_LONGEST_SECONDS = 60.0
_HIGHEST_RATE = 16_000


@dataclass(frozen=True, kw_only=True)
class AudioFeatures:
    """Statistics of log-mel spectra, or any encoder given.

    Parameters
    ----------
    model : callable or object with ``encode``, optional
        From a list of (samples, rate) pairs to an (n, d) array.
    batch_size : int
        Sounds per call of ``model``.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> from labelscope.data.media import AudioMedia
    >>> tones = [np.sin(np.arange(4000) * f).astype(np.float32) for f in (0.1, 0.2, 0.9)]
    >>> data = ls.Dataset(AudioMedia(tones, 8000), [0, 0, 1])
    >>> len(ls.providers.AudioFeatures().make(data, ls.Evidence()).arrays["features"])
    3
    """

    name: ClassVar[str] = "audio_features"
    makes: ClassVar[tuple[str, ...]] = ("features",)
    needs: ClassVar[tuple[str, ...]] = ()

    model: Any = None
    batch_size: int = 64

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``features`` (n, d) float32.

        Parameters
        ----------
        dataset : Dataset
            Its media are sounds.
        evidence : Evidence
            Not used.
        random_state : int
            Not used.

        Returns
        -------
        Made
            Facts: ``encoder``, ``n_columns``.

        Raises
        ------
        UnreadableMediaError
            No sound can be read; single damaged ones get the mean of the others, with a notice.
        """
        if dataset is None:
            raise InvalidTypeError("AudioFeatures needs a dataset of sounds, but dataset is None.")
        media: Any = dataset.media
        n = len(media)
        if self.model is not None:
            encode = functools.partial(call_encoder, self.model)
            features = embed_rows(n, media.waveform, encode, batch_size=self.batch_size, what="sounds")
            encoder = str(getattr(self.model, "__name__", type(self.model).__name__))
        else:
            rate = _common_rate(media, n)
            features = embed_rows(
                n,
                media.waveform,
                lambda sounds: np.stack([describe(wave, own, rate) for wave, own in sounds]),
                batch_size=64,
                what="sounds",
            )
            features = _standardized(features)
            encoder = f"log-mel statistics at {rate:,} Hz"
        return Made({"features": features}, {"encoder": encoder, "n_columns": int(features.shape[1])})


def _common_rate(media: Any, n: int) -> int:
    """The lowest rate among some of the sounds: bands above half of it would be empty for these."""
    rates = []
    for row in np.unique(np.linspace(0, n - 1, min(n, 32)).astype(np.int64)) if n else ():
        try:
            rates.append(int(media.waveform(int(row))[1]))
        except UnreadableMediaError:
            continue
    return max(1000, min([*rates, _HIGHEST_RATE]))


def describe(samples: FloatArray, rate: int, target_rate: int) -> FloatArray:
    """Describe one sound.

    Parameters
    ----------
    samples : (m,) float32
        In [-1, 1].
    rate : int
        Samples per second.
    target_rate : int
        Rate at which sounds are compared.

    Returns
    -------
    (d,) float32
        Cepstral means of six successive parts of the sound, means and deviations of the mel bands and of
        their changes over time, and the logarithm of the duration.
    """
    samples = np.asarray(samples, dtype=np.float32)[: int(_LONGEST_SECONDS * rate)]
    samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    bands = log_mel(resampled(samples, rate, target_rate), target_rate)
    change = np.diff(bands, axis=0) if len(bands) > 1 else np.zeros_like(bands)
    cepstra = bands @ _cosines()
    parts = np.array_split(_active(cepstra, bands), _SEGMENTS)
    means = [part.mean(axis=0) if len(part) else cepstra.mean(axis=0) for part in parts]
    length = np.float32(np.log(max(len(samples), 1) / rate + 1e-3))
    statistics = [bands.mean(axis=0), bands.std(axis=0), change.std(axis=0), cepstra.std(axis=0)]
    return np.concatenate([np.concatenate(means), *statistics, [length]]).astype(np.float32)


def log_mel(samples: FloatArray, rate: int) -> FloatArray:
    """Log energies in mel bands: (frames, 40) float32, loudness taken out."""
    window, hop = int(_WINDOW_SECONDS * rate), int(_HOP_SECONDS * rate)
    if len(samples) < window:
        samples = np.pad(samples, (0, window - len(samples)))
    peak = float(np.abs(samples).max(initial=0.0))
    samples = samples / max(peak, 1e-6)
    frames = np.lib.stride_tricks.sliding_window_view(samples, window)[::hop]
    size = 1 << (window - 1).bit_length()
    power = np.square(np.abs(np.fft.rfft(frames * np.hanning(window).astype(np.float32), size))).astype(
        np.float32
    )
    return np.asarray(np.log(power @ _mel_bank(rate, size) + np.float32(1e-4)))


@functools.lru_cache(maxsize=8)
def _mel_bank(rate: int, size: int) -> Array:
    """Triangular filters (size // 2 + 1, 40) on the mel scale from 60 Hz to half the rate."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    low = 2595 * np.log10(1 + 60 / 700)
    edges = 700 * (10 ** (np.linspace(low, top, _BANDS + 2) / 2595) - 1)
    frequencies = np.fft.rfftfreq(size, 1 / rate)
    rise = (frequencies[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - frequencies[:, None]) / np.diff(edges)[1:]
    bank = np.maximum(0, np.minimum(rise, fall)).astype(np.float32)
    bank.flags.writeable = False
    return bank


@functools.lru_cache(maxsize=1)
def _cosines() -> Array:
    """The cosine transform (40, 13) that turns bands into cepstra."""
    angle = np.pi / _BANDS * (np.arange(_BANDS) + 0.5)[:, None] * np.arange(_COEFFICIENTS)
    transform = (np.cos(angle) * np.sqrt(2 / _BANDS)).astype(np.float32)
    transform.flags.writeable = False
    return np.asarray(transform)


def _active(cepstra: FloatArray, bands: FloatArray) -> FloatArray:
    """The part between the first and the last frame that is not silence, so that pauses do not shift it."""
    loud = bands.mean(axis=1)
    kept = np.flatnonzero(loud > loud.min() + 0.2 * (loud.max() - loud.min()))
    return cepstra[kept[0] : kept[-1] + 1] if len(kept) else cepstra


def resampled(samples: FloatArray, rate: int, target_rate: int) -> FloatArray:
    """Bring a sound to another rate of samples per second."""
    if rate == target_rate or len(samples) == 0:
        return samples
    from math import gcd

    from scipy.signal import resample_poly

    common = gcd(rate, target_rate)
    return np.asarray(resample_poly(samples, target_rate // common, rate // common), dtype=np.float32)


def _standardized(features: FloatArray) -> FloatArray:
    """Statistics in different units count alike; none counts more than five deviations."""
    if len(features) < 2:
        return features
    deviation = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(deviation > 1e-6, deviation, 1)
    return np.asarray(np.clip(scaled, -5, 5), dtype=np.float32)
