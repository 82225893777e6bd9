"""What every sample needs: nearest rows, and rows in another order."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.types import Evidence, FloatArray, IntArray

# Evidence that has no entry per row.
WHOLE = ("classes",)


def rows_of(array: Any, rows: Any) -> Any:
    """Take rows of an array, or of each one in a tuple of arrays."""
    return tuple(one[rows] for one in array) if isinstance(array, tuple) else array[rows]


def nearest(features: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
    """Return the k nearest other rows of each row and their distances, nearest first."""
    squares = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    np.fill_diagonal(squares, np.inf)
    ids = np.argsort(squares, axis=1, kind="stable")[:, :k].astype(np.int32)
    return ids, np.sqrt(np.take_along_axis(squares, ids.astype(np.int64), axis=1)).astype(np.float32)


def permuted(evidence: Evidence, order: IntArray) -> Evidence:
    """Put the rows into another order: row i of the result is row ``order[i]`` of the given evidence."""
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    moved = {}
    for name, array in evidence.items():
        if name in WHOLE:
            moved[name] = array
        elif name == "knn_ids":
            moved[name] = position[array[order]].astype(array.dtype)
        else:
            moved[name] = rows_of(array, order)
    return Evidence(moved)
