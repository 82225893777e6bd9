"""Counting the labels of neighbors."""

from __future__ import annotations

import numpy as np

from labelscope.types import FloatArray, IntArray

_BLOCK_CELLS = 1 << 20


def count_votes(
    knn_ids: IntArray, codes: IntArray, n_classes: int, weights: FloatArray | None = None
) -> FloatArray:
    """Sum the votes of labelled neighbors for each class.

    Parameters
    ----------
    knn_ids : (n, k) int
        Neighbors; -1 stands for none.
    codes : (n,) int
        Given labels; -1 (unlabelled) casts no vote.
    n_classes : int
        Number of classes K.
    weights : (n, k) float, optional
        Weight of each vote; 1 by default.

    Returns
    -------
    (n, K) float64
    """
    n, k = knn_ids.shape
    votes = np.empty((n, n_classes))
    step = max(1, _BLOCK_CELLS // max(k, n_classes, 1))
    for start in range(0, n, step):
        ids = knn_ids[start : start + step]
        cast = np.where(ids >= 0, codes[ids], -1)
        valid = cast >= 0
        cells = (np.arange(len(ids))[:, None] * n_classes + cast)[valid]
        weight = None if weights is None else weights[start : start + step][valid]
        counted = np.bincount(cells, weights=weight, minlength=len(ids) * n_classes)
        votes[start : start + step] = counted.reshape(len(ids), n_classes)
    return votes


def distance_weights(knn_distances: FloatArray) -> FloatArray:
    """Weigh neighbors by a Gaussian whose width is the row's own farthest distance.

    Parameters
    ----------
    knn_distances : (n, k) float
        Distances, nearest first; NaN and infinite ones get no weight.

    Returns
    -------
    (n, k) float64
        In [exp(-1), 1]; all ones where every distance is 0, so that duplicates count alike.
    """
    distances = np.asarray(knn_distances, dtype=np.float64)
    usable = np.isfinite(distances)
    farthest = np.where(usable, distances, 0.0).max(axis=1, keepdims=True) if distances.shape[1] else 1.0
    scaled = np.divide(distances, farthest, out=np.zeros_like(distances), where=usable & (farthest > 0))
    return np.asarray(np.where(usable, np.exp(-(scaled**2)), 0.0))
