"""Ranks, and how well an order finds what it should."""

from __future__ import annotations

import numpy as np

from labelscope.types import BoolArray, FloatArray


def auroc(scores: FloatArray, positive: BoolArray) -> float:
    """Return the probability that a positive row scores higher than a negative one, ties counting half."""
    ranked = ranks(scores)
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return float("nan")
    return float((ranked[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def ranks(values: FloatArray) -> FloatArray:
    """Return the rank of each value, from 1; ties share their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse])
