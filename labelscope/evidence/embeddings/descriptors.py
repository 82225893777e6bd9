"""Image features from numpy and Pillow alone: strokes, colors and a small picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.types import Array, FloatArray

_BINS = 8


def orientation_histograms(images: FloatArray, n_cells: int) -> FloatArray:
    """Histograms of gradient directions on a grid (after Dalal and Triggs 2005).

    Parameters
    ----------
    images : (n, side, side) float32
        Gray images.
    n_cells : int
        Cells along each side; pixels count for the cells around them by distance.

    Returns
    -------
    (n, 8 * n_cells ** 2) float32
        Square roots of shares, so that each row has unit length (or is zero where the image is flat).
    """
    side = images.shape[1]
    down, right = np.gradient(images, axis=(1, 2))
    size = np.hypot(down, right)
    angle = np.mod(np.arctan2(down, right), 2 * np.pi) * (_BINS / (2 * np.pi))
    lower = np.floor(angle).astype(np.int64) % _BINS
    upper_share = (angle - np.floor(angle)) * size
    lower_share = size - upper_share
    place = (np.arange(side) + 0.5) / side * n_cells - 0.5
    near = np.maximum(0, 1 - np.abs(np.clip(place, 0, n_cells - 1)[:, None] - np.arange(n_cells)))
    near = near.astype(np.float32)
    cells = np.empty((len(images), _BINS, n_cells, n_cells), dtype=np.float32)
    for which in range(_BINS):
        here = lower_share * (lower == which) + upper_share * ((lower + 1) % _BINS == which)
        cells[:, which] = near.T @ here.astype(np.float32) @ near
    flat = cells.reshape(len(images), -1)
    total = flat.sum(axis=1, keepdims=True)
    return np.sqrt(flat / np.where(total > 1e-6, total, 1))


def describe_small_gray(pixels: FloatArray) -> FloatArray:
    """Describe small gray images of one size, such as digits of 8 x 8 or 28 x 28.

    Parameters
    ----------
    pixels : (n, side, side) float32
        In [0, 1].

    Returns
    -------
    (n, d) float32
        Strokes (orientation histograms) and, with less weight, the pixels themselves.
    """
    parts = [orientation_histograms(pixels, 4)]
    if pixels.shape[1] >= 16:
        parts.append(orientation_histograms(pixels, 7))
    flat = pixels.reshape(len(pixels), -1)
    # One scale for all rows: brightness may be what tells the classes apart.
    parts.append(flat * np.float32(0.3 / max(float(np.sqrt(np.square(flat).sum(axis=1).mean())), 1e-6)))
    return np.hstack(parts)


def describe(images: list[Any]) -> FloatArray:
    """Describe images of any size.

    Parameters
    ----------
    images : list of PIL.Image.Image
        Mode L or RGB.

    Returns
    -------
    (n, d) float32
        Orientation histograms at two scales, color histograms of the whole and of four quarters, and a
        picture of 12 x 12 pixels.
    """
    from PIL import Image

    gray = np.empty((len(images), 64, 64), dtype=np.float32)
    color = np.empty((len(images), 32, 32, 3), dtype=np.float32)
    for row, image in enumerate(images):
        gray[row] = np.asarray(
            image.convert("L").resize((64, 64), Image.Resampling.BILINEAR, reducing_gap=2.0)
        )
        color[row] = np.asarray(
            image.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR, reducing_gap=2.0)
        )
    small = gray[:, :60, :60].reshape(len(gray), 12, 5, 12, 5).mean(axis=(2, 4)).reshape(len(gray), -1)
    small = (small - small.mean(axis=1, keepdims=True)) / 255
    parts = [orientation_histograms(gray, 4), 0.7 * orientation_histograms(gray, 8), _color_histograms(color)]
    return np.hstack([*parts, 0.15 * small]).astype(np.float32)


def _color_histograms(color: Array) -> FloatArray:
    n = len(color)
    levels = np.minimum((color / 64).astype(np.int64), 3)
    codes = levels[..., 0] * 16 + levels[..., 1] * 4 + levels[..., 2]
    out = []
    for top, left, size, weight in (
        (0, 0, 32, 1.0),
        (0, 0, 16, 0.4),
        (0, 16, 16, 0.4),
        (16, 0, 16, 0.4),
        (16, 16, 16, 0.4),
    ):
        part = codes[:, top : top + size, left : left + size].reshape(n, -1)
        flat = (part + 64 * np.arange(n)[:, None]).ravel()
        counts = np.bincount(flat, minlength=64 * n).reshape(n, 64)
        out.append(weight * np.sqrt(counts / part.shape[1]))
    return np.hstack(out).astype(np.float32)
