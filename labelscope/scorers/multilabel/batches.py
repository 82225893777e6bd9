"""Batches that hold their share of every tag, and features on one scale."""

from __future__ import annotations

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray


def standardizing(features: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Center (d,) and factor (d,) that bring each column of (m, d) to mean 0 and deviation 1."""
    center = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    scale = np.where(deviation > 1e-12, 1.0 / np.maximum(deviation, 1e-12), 0.0)
    return center.astype(np.float32), scale.astype(np.float32)


def standardized(features: FloatArray, center: FloatArray, scale: FloatArray) -> FloatArray:
    """Bring features to the scale that :func:`standardizing` found; far outliers are pulled in to 20."""
    return np.clip((features - center) * scale, -20, 20).astype(np.float32, copy=False)


def deal_batches(positive: BoolArray, n_batches: int, rng: np.random.Generator) -> list[IntArray]:
    """Deal all rows into batches so that each gets its share of the rows of every rare tag.

    Parameters
    ----------
    positive : (m, K) bool
        Tags that are given.
    n_batches : int
        Number of batches.
    rng : Generator
        Draws the order within.

    Returns
    -------
    list of (b,) int
        Sizes differ by one at most.

    Examples
    --------
    >>> positive = np.zeros((6, 1), dtype=bool)
    >>> positive[:2] = True
    >>> [int(positive[rows].sum()) for rows in deal_batches(positive, 2, np.random.default_rng(0))]
    [1, 1]
    """
    counts = positive.sum(axis=0)
    # Rows by their rarest tag; rows without one come last.
    rarity = np.where(positive, counts, len(positive) + 1)
    rarest = np.where(positive.any(axis=1), rarity.argmin(axis=1) if positive.shape[1] else 0, -1)
    shuffled = rng.permutation(len(positive))
    order = shuffled[np.argsort(rarest[shuffled], kind="stable")]
    dealt = (order[start::n_batches] for start in range(n_batches))
    return [rng.permutation(rows) for rows in dealt if len(rows)]


__all__ = ["deal_batches", "standardized", "standardizing"]
