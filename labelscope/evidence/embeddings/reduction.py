"""Fewer columns with little lost: principal components."""

from __future__ import annotations

import numpy as np

from labelscope.types import FloatArray


def principal_components(features: FloatArray, n_components: int, *, random_state: int = 0) -> FloatArray:
    """Project centered features onto their directions of largest variance.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    n_components : int
        Most components kept; directions without variance are left out.
    random_state : int
        Seed of the sketch that is used above 2,048 columns.

    Returns
    -------
    (n, c) float32
        Largest variance first; the sign of each column is such that its largest entry is positive.
    """
    from labelscope.evidence.probe import principal_directions

    n = len(features)
    if n < 2:
        return np.asarray(features, dtype=np.float32)
    centered = (features - features.mean(axis=0, dtype=np.float64)).astype(np.float32)
    step = max(1, n // 20_000)
    values, directions = principal_directions(centered[::step], n_components, random_state)
    keep = values > 1e-7 * max(float(values.max(initial=0.0)), 1e-30)
    directions = directions[:, keep] if keep.any() else directions[:, :1]
    strongest = np.abs(directions).argmax(axis=0)
    signs = np.where(directions[strongest, np.arange(directions.shape[1])] < 0, -1, 1)
    return np.ascontiguousarray(centered @ (directions * signs).astype(np.float32), dtype=np.float32)
