"""Ranks, and how well an order finds what it should."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.types import FloatArray


def ranks(values: FloatArray) -> FloatArray:
    """Return the rank of each value, from 1; ties share their mean rank.

    Examples
    --------
    >>> ranks(np.array([0.2, 0.9, 0.2])).tolist()
    [1.5, 3.0, 1.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])


def auroc(values: FloatArray, positive: Any) -> float | None:
    """Return the area under the receiver operating characteristic.

    Parameters
    ----------
    values : (n,) float
    positive : (n,) bool

    Returns
    -------
    float or None
        How often a positive row has the greater value, ties counted half; None where one side is empty.

    Examples
    --------
    >>> auroc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
    0.875
    """
    n_positive = int(np.count_nonzero(positive))
    n_negative = len(values) - n_positive
    if not n_positive or not n_negative:
        return None
    total = float(ranks(values)[positive].sum())
    return (total - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative)


__all__ = ["auroc", "ranks"]
