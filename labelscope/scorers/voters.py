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
# As many as every class is given before logs are taken.
_EXTRA_VOTES = 0.5


def voters(knn_ids: IntArray, codes: IntArray, n_classes: int, features: FloatArray) -> IntArray:
    """Silence some of the neighbors that share a row's label and its small cluster.

    People's mistakes come in clusters: rows that look alike get the same wrong label, and then each is the
    best witness of the others. See `labelscope.scorers.ClusterHeldOut`, which also holds them out of the
    model. Without any of them more of such mistakes are found, but what is left is biased against every
    label, and the number of errors with it. So many keep their vote, nearest first, that the votes for the
    label lie halfway in logs between all of them and none.

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
    foreign = foreign_neighbors(knn_ids, groups)
    kin = (foreign < 0) & (knn_ids >= 0)
    vouching = ((foreign >= 0) & (codes[foreign] == codes[:, None])).sum(axis=1) + _EXTRA_VOTES
    kept = np.rint(np.sqrt(vouching * (vouching + kin.sum(axis=1))) - vouching)
    return np.where(kin & (np.cumsum(kin, axis=1) <= kept[:, None]), knn_ids, foreign)


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
