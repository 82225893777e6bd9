"""Rows as small networks read them: pixels, log-mel spectra, or standardized numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, UnreadableMediaError
from labelscope.evidence.embeddings.audio import log_mel, resampled
from labelscope.evidence.embeddings.batches import embed_rows
from labelscope.evidence.feature_checks import check_features
from labelscope.types import BoolArray, Evidence, FloatArray

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

IMAGES, SOUNDS, VECTORS = "images", "sounds", "vectors"
_FEWEST = 10
_LARGEST_SIDE = 32
_LOOKED_AT = 64
_RATE = 16_000
_MOST_FRAMES = 96
_CLIP = 5.0


@dataclass(frozen=True)
class Prepared:
    """Rows of one kind.

    Attributes
    ----------
    kind : {"images", "sounds", "vectors"}
    rows : float32
        (n, channels, side, side) in [0, 1]; (n, 40, frames) log-mel bands of zero mean and unit deviation; or
        (n, d) standardized columns.
    learns : (n,) bool
        Rows that are learned from; the others only get features.
    """

    kind: str
    rows: FloatArray
    learns: BoolArray

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def learned(self) -> Any:
        """(m,) int64 positions of the rows that are learned from."""
        return np.flatnonzero(self.learns)


def prepare(dataset: Dataset | None, evidence: Evidence, by: str) -> Prepared:
    """Read the rows of a dataset of images or sounds, else ``features``.

    Parameters
    ----------
    dataset : Dataset or None
    evidence : Evidence
        ``features`` (n, d), for other media or where there is no dataset; ``held_out`` (n,) bool, rows that
        are not learned from.
    by : str
        Who asks, for messages.

    Returns
    -------
    Prepared

    Raises
    ------
    InvalidInputError
        Fewer than ten rows to learn from, or rows that are neither images, sounds nor numbers.
    UnreadableMediaError
        Nothing can be read; single damaged rows get the mean of the others, with a notice.
    """
    media: Any = None if dataset is None else dataset.media
    kind = "features" if media is None else str(media.kind)
    n = len(media) if media is not None else len(evidence["features"]) if "features" in evidence else 0
    learns = _learns(evidence, n)
    if learns.sum() < _FEWEST:
        raise InvalidInputError(
            f"{by} learns from the rows, but there are only {int(learns.sum())}.",
            f"Pass a dataset or features= of at least {_FEWEST} rows that are not held out.",
        )
    if kind == "image":
        return Prepared(IMAGES, _pixels(media, n), learns)
    if kind == "audio":
        return Prepared(SOUNDS, _spectra(media, n, learns), learns)
    if "features" in evidence:
        return Prepared(VECTORS, _standardized(check_features(evidence["features"], n), learns), learns)
    if kind == "features":
        return Prepared(VECTORS, _standardized(check_features(media.raw(), n), learns), learns)
    raise InvalidInputError(
        f"{by} learns from images, sounds and numbers, but the rows are of the kind {kind!r}.",
        f"Make features first, such as {kind.capitalize()}Features(), and pass them as features=.",
    )


def _learns(evidence: Evidence, n: int) -> BoolArray:
    if evidence.get("held_out") is None:
        return np.ones(n, dtype=bool)
    held = np.asarray(evidence["held_out"])
    if held.shape != (n,):
        raise InvalidInputError(f"held_out has the shape {held.shape}.", f"Pass ({n},) bool, one a row.")
    return np.asarray(~held.astype(bool))


def _standardized(features: FloatArray, learns: BoolArray) -> FloatArray:
    deviation = features[learns].std(axis=0, dtype=np.float64)
    center = features[learns].mean(axis=0, dtype=np.float64)
    scaled = (features - center) / np.where(deviation > 1e-9, deviation, 1)
    return np.asarray(np.clip(scaled, -_CLIP, _CLIP), dtype=np.float32)


def _pixels(media: Any, n: int) -> FloatArray:
    looked = [image for image in map(_peek(media.pil), _some(n)) if image is not None]
    gray = all(image.mode == "L" for image in looked)
    side = min(_LARGEST_SIDE, max((max(image.size) for image in looked), default=_LARGEST_SIDE))

    def read(row: int) -> FloatArray:
        image = media.pil(row).convert("L" if gray else "RGB")
        if image.size != (side, side):
            image = image.resize((side, side))
        pixels = np.asarray(image, dtype=np.float32) / np.float32(255)
        return pixels[None] if gray else pixels.transpose(2, 0, 1)

    flat = embed_rows(n, read, np.stack, batch_size=256, what="images")
    return flat.reshape(n, 1 if gray else 3, side, side)


def _spectra(media: Any, n: int, learns: BoolArray) -> FloatArray:
    lengths, rates = [], []
    for found in map(_peek(media.waveform), _some(n)):
        if found is not None:
            lengths.append(len(found[0]) / found[1])
            rates.append(int(found[1]))
    rate = max(1000, min([*rates, _RATE]))
    # Shorter sounds are repeated, longer ones cut: nearly all fit whole.
    frames = int(np.clip(100 * np.quantile(lengths or [1.0], 0.9), 16, _MOST_FRAMES))

    def read(row: int) -> FloatArray:
        samples, own = media.waveform(row)
        bands = log_mel(resampled(samples, own, rate), rate)
        repeats = -(-frames // len(bands))
        return np.tile(bands, (repeats, 1))[:frames].T

    flat = embed_rows(n, read, np.stack, batch_size=256, what="sounds")
    spectra = flat.reshape(n, -1, frames)
    spread = spectra[learns].std(axis=(0, 2), keepdims=True)
    center = spectra[learns].mean(axis=(0, 2), keepdims=True)
    scaled = (spectra - center) / np.where(spread > 1e-6, spread, 1)
    return np.asarray(np.clip(scaled, -_CLIP, _CLIP), dtype=np.float32)


def _some(n: int) -> list[int]:
    return [int(row) for row in np.unique(np.linspace(0, n - 1, min(n, _LOOKED_AT)).astype(np.int64))]


def _peek(read: Callable[[int], Any]) -> Callable[[int], Any]:
    def peek(row: int) -> Any:
        try:
            return read(row)
        except UnreadableMediaError:
            return None

    return peek
