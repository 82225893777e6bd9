"""Checks of a neighbor graph that somebody else made."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, notify
from labelscope.types import BoolArray, FloatArray, IntArray


def whole_graph(ids: Any, distances: Any, n: int) -> tuple[IntArray, FloatArray]:
    """Check a neighbor graph that is to serve an audit: both halves, without gaps, no row its own neighbor.

    Parameters
    ----------
    ids : (n, k) int array or None
    distances : (n, k) float array or None
    n : int

    Returns
    -------
    ids : (n, k) int array
        One column less where rows were listed as their own neighbors, with a notice.
    distances : (n, k) float array

    Raises
    ------
    InvalidInputError
        As for :func:`check_neighbors`, and where something is missing.

    Examples
    --------
    >>> whole_graph([[1], [0]], [[0.5], [0.5]], 2)[1].tolist()
    [[0.5], [0.5]]
    """
    if ids is None or distances is None:  # else it would be completed by the half of another graph
        given, lacking = ("knn_ids", "knn_distances") if distances is None else ("knn_distances", "knn_ids")
        raise InvalidInputError(
            f"{given} is given without {lacking}.", "Pass both, (n, k) each, or leave both out."
        )
    ids, checked = check_neighbors(ids, distances, n)
    assert checked is not None
    if ids.size and ids.min() < 0:
        rows = np.flatnonzero((ids < 0).any(axis=1))
        raise InvalidInputError(
            f"{len(rows):,} of {n:,} rows have fewer than {ids.shape[1]} neighbors (first: row {rows[0]}).",
            "Pass fewer columns, so that each row has all of them; or leave knn_ids and knn_distances out.",
        )
    own: BoolArray = ids == np.arange(n)[:, None]
    if not own.any():
        return ids, checked
    notify(
        "neighbors_hold_the_row",
        f"knn_ids lists {int(own.any(axis=1).sum()):,} of {n:,} rows as their own neighbors, whose label"
        " would vote for itself; these entries are left out.",
        "In scikit-learn, kneighbors() without an argument leaves them out.",
    )
    own[~own.any(axis=1), -1] = True  # the farthest goes where the row itself is not listed
    twice = own.sum(axis=1) > 1
    own[twice] = np.arange(ids.shape[1]) == own[twice].argmax(axis=1)[:, None]
    return ids[~own].reshape(n, -1), checked[~own].reshape(n, -1)


def check_neighbors(ids: Any, distances: Any, n: int) -> tuple[IntArray, FloatArray | None]:
    """Check the neighbors of n rows.

    Parameters
    ----------
    ids : (n, k) int array
        Positions of neighboring rows, nearest first; -1 where there is none.
    distances : (n, k) float array or None
    n : int

    Returns
    -------
    ids : (n, k) int array
    distances : (n, k) float array or None

    Raises
    ------
    InvalidInputError
        Other shapes, ids that are no rows, or distances that are no numbers.

    Examples
    --------
    >>> check_neighbors([[1], [0]], [[0.5], [0.5]], 2)[0].tolist()
    [[1], [0]]
    """
    ids = np.asarray(ids)
    if ids.ndim != 2 or len(ids) != n:
        raise InvalidInputError(
            f"knn_ids has shape {ids.shape}, but there are {n:,} rows.",
            "Pass an (n, k) array of row positions, the row itself left out.",
        )
    if ids.size and ids.dtype.kind not in "iu":
        raise InvalidInputError(
            f"knn_ids holds {ids.dtype} numbers, but positions of rows are needed.",
            "Pass whole numbers, such as the indices of sklearn.neighbors.NearestNeighbors.kneighbors().",
        )
    if ids.size and (ids.min() < -1 or ids.max() >= n):
        raise InvalidInputError(
            f"knn_ids holds positions from {ids.min()} to {ids.max()}, but rows go from 0 to {n - 1}.",
            "Pass row positions; -1 stands for a neighbor that is not there.",
        )
    if distances is None:
        return ids, None
    distances = np.asarray(distances)
    if distances.shape != ids.shape:
        raise InvalidInputError(
            f"knn_distances has shape {distances.shape}, but knn_ids has {ids.shape}.",
            "Pass one distance for each entry of knn_ids.",
        )
    unknown = np.isnan(distances) if distances.dtype.kind in "fiu" else np.ones(ids.shape, dtype=bool)
    if unknown.any() and (unknown & (ids >= 0)).any():
        raise InvalidInputError(
            f"knn_distances ({distances.dtype}) holds entries that are no numbers.",
            "Pass one distance for each entry of knn_ids.",
        )
    return ids, distances


__all__ = ["check_neighbors", "whole_graph"]
