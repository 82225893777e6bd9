"""Sub-clusters: each given class cut into small groups of near rows."""

from __future__ import annotations

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

_POWER_STEPS = 8
_LLOYD_STEPS = 10


def sub_clusters(features: FloatArray, codes: IntArray, size: int) -> IntArray:
    """Cut the rows of each given class into groups of at most ``size`` by bisecting 2-means.

    Cuts run where a class falls apart most, so a tight group that lies away from the rest of its class is
    split off whole. Nothing is drawn at random: each cut starts at the direction of largest variance.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    codes : (n,) int
        Given labels; every unlabelled row (-1) is a group of its own.
    size : int
        Rows above which a group is cut; rows that are all equal stay together however many they are.

    Returns
    -------
    (n,) int64
        Group of each row, numbered from 0; rows of two classes never share a group.

    Examples
    --------
    >>> points = np.array([[0.0], [0.1], [5.0], [5.1], [0.0]], dtype=np.float32)
    >>> groups = sub_clusters(points, np.array([0, 0, 0, 0, 1]), 2)
    >>> bool(groups[0] == groups[1] != groups[2]), bool(groups[2] == groups[3]), len(set(groups.tolist()))
    (True, True, 3)
    """
    groups = np.empty(len(codes), dtype=np.int64)
    alone = np.flatnonzero(codes < 0)
    groups[alone] = np.arange(len(alone))
    n_groups = len(alone)
    for code in np.unique(codes[codes >= 0]):
        waiting = [np.flatnonzero(codes == code)]
        while waiting:
            rows = waiting.pop()
            if len(rows) > size:
                side = _halves(features[rows].astype(np.float64))
                if side.any():
                    waiting += [rows[side], rows[~side]]
                    continue
            groups[rows] = n_groups
            n_groups += 1
    return groups


def _halves(points: FloatArray) -> BoolArray:
    """Which points are in the second of two halves; none where all points are equal."""
    points = points - points.mean(axis=0)
    squares = np.einsum("ij,ij->i", points, points)
    farthest = int(squares.argmax())
    if squares[farthest] <= 1e-12:
        return np.zeros(len(points), dtype=bool)
    direction = points[farthest]
    for _ in range(_POWER_STEPS):
        direction = points.T @ (points @ direction)
        direction = direction / max(float(np.linalg.norm(direction)), 1e-300)
    side = points @ direction > 0
    for _ in range(_LLOYD_STEPS):
        if side.all() or not side.any():
            break
        low, high = points[~side].mean(axis=0), points[side].mean(axis=0)
        moved = points @ (high - low) > (high @ high - low @ low) / 2
        if (moved == side).all():
            break
        side = moved
    if side.all() or not side.any():
        side = np.asarray(squares >= squares[farthest])
    return np.zeros(len(points), dtype=bool) if side.all() else side
