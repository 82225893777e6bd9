"""Which neighbors may speak for a row in the default mix."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.feature_checks import check_features
from labelscope.scorers.neighbors.held_out import foreign_neighbors
from labelscope.scorers.neighbors.sub_clusters import sub_clusters
from labelscope.types import FloatArray, IntArray

_LARGEST = 12
# A class falls into at least about this many groups, so that nobody in a rare one is left without a voice.
_GROUPS = 8
_WIDTH = 48


def voters(knn_ids: IntArray, codes: IntArray, n_classes: int, features: FloatArray) -> IntArray:
    """Silence neighbors that share a row's label and its small cluster.

    People's mistakes come in clusters: rows that look alike get the same wrong label, and then each is the
    best witness of the others. See `labelscope.scorers.ClusterHeldOut`, which also holds them out of the
    model.

    Parameters
    ----------
    knn_ids : (n, k) int
        Neighbors; -1 stands for none.
    codes : (n,) int
        Given labels; -1 is unlabelled.
    n_classes : int
        Number of classes.
    features : (n, d) float
        Where the rows are.

    Returns
    -------
    (n, k) int
        ``knn_ids`` with -1 for those that do not vote.

    Examples
    --------
    >>> X = np.concatenate([np.arange(20), np.arange(20) + 100])[:, None].astype(np.float32)
    >>> ids = np.abs(np.arange(40)[:, None] + [-1, 1]) % 40
    >>> heard = voters(ids, np.repeat([0, 1], 20), 2, X)
    >>> bool((heard == -1).any() and (heard >= 0).any())
    True
    """
    points = _narrowed(check_features(features, len(codes)))
    groups = np.arange(len(codes))
    first = len(codes)
    sizes = np.bincount(codes[codes >= 0], minlength=n_classes)
    largest = np.clip(sizes // _GROUPS, 1, _LARGEST)
    for size in np.unique(largest[sizes > 0]):
        rows = np.flatnonzero((codes >= 0) & (largest[codes] == size))
        if size > 1:
            found = sub_clusters(points[rows], codes[rows], int(size))
            groups[rows] = first + found
            first += len(rows)
    return foreign_neighbors(knn_ids, groups)


def heads(knn_ids: IntArray, codes: IntArray) -> tuple[IntArray, IntArray]:
    """Count the labelled neighbors (n,) that carry the same label, and those that carry another one.

    All of them are counted, also those that do not vote; an unlabelled row has none that agree.
    """
    agreeing = np.zeros(len(codes), dtype=np.int32)
    labelled = np.zeros(len(codes), dtype=np.int32)
    for ids in knn_ids.T:  # a column at a time needs no (n, k) copy
        cast = np.where(ids >= 0, codes[ids], -1)
        labelled += cast >= 0
        agreeing += (cast >= 0) & (cast == codes)
    return agreeing, labelled - agreeing


def _narrowed(features: FloatArray) -> FloatArray:
    """Project wide features at random, which keeps distances well enough to find small groups."""
    width = features.shape[1]
    if width <= _WIDTH:
        return features
    draw = np.random.default_rng(0).standard_normal((width, _WIDTH), dtype=np.float32)
    return np.asarray(features @ draw)
