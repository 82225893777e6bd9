"""Higher-order consensus: how labels turn into others, read off rows and their two nearest neighbors.

Source: Zhu, Song & Liu, "Clusterability as an alternative to anchor points when learning with noisy labels",
ICML 2021. Where a row and its two nearest neighbors share their true class, the three given labels are
independent draws from one row of the transition matrix, and how often each triple of labels occurs
determines the matrix. The paper matches the frequencies of single labels, pairs and triples by gradient
descent; here the likelihood of the triples is maximized by expectation and maximization: the same
information without a step size and without a tensor of K cubed entries.
"""

from __future__ import annotations

import numpy as np

from labelscope.types import FloatArray, IntArray

_BLOCK_CELLS = 1 << 21


def label_triples(knn_ids: IntArray, codes: IntArray, own: IntArray | None = None) -> IntArray:
    """Collect the labels of each labelled row and of its two nearest labelled neighbors.

    Parameters
    ----------
    knn_ids : (n, k) int
        Neighbors, nearest first; -1 stands for none.
    codes : (n,) int
        Given labels; unlabelled rows (-1) are passed over.
    own : (b,) int, optional
        Labels of the rows of ``knn_ids``, where these are not all rows.

    Returns
    -------
    (m, 3) int64
        Rows with fewer than two labelled neighbors are left out.

    Examples
    --------
    >>> label_triples(np.array([[1, 2], [0, 2], [1, 0]]), np.array([0, 0, 1])).tolist()
    [[0, 0, 1], [0, 0, 1], [1, 0, 0]]
    """
    codes = np.asarray(codes, dtype=np.int64)
    own = codes if own is None else np.asarray(own, dtype=np.int64)
    if knn_ids.shape[1] < 2:
        return np.empty((0, 3), dtype=np.int64)
    labels = np.where(knn_ids >= 0, codes[knn_ids], -1)
    first = np.argsort(labels < 0, axis=1, kind="stable")[:, :2]
    triples = np.hstack([own[:, None], np.take_along_axis(labels, first, axis=1)])
    return np.asarray(triples[(triples >= 0).all(axis=1)], dtype=np.int64)


def consensus(transition: FloatArray, prior: FloatArray, triples: IntArray) -> FloatArray:
    """Probability (m,) of each triple of labels: the sum over k of prior[k] T[k, a] T[k, b] T[k, c]."""
    return np.asarray(_joint(transition, prior, triples).sum(axis=1))


def _joint(transition: FloatArray, prior: FloatArray, triples: IntArray) -> FloatArray:
    given = transition.T
    return np.asarray(prior * given[triples[:, 0]] * given[triples[:, 1]] * given[triples[:, 2]])


def estimate_transition(
    triples: IntArray, n_classes: int, *, n_steps: int = 200, diagonal: float = 0.8, prior_count: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Estimate how true classes turn into given labels.

    Parameters
    ----------
    triples : (m, 3) int
        From `label_triples`.
    n_classes : int
        Number of classes K.
    n_steps : int
        Most steps; fewer when nothing moves any more.
    diagonal : float
        Where the diagonal starts: labels are assumed to be right more often than not.
    prior_count : float
        Right labels that every class is assumed to have besides those seen; they keep rare classes sane.

    Returns
    -------
    transition : (K, K) float64
        Row k holds P(given = j | true = k); a class that never occurs keeps a row of the identity.
    prior : (K,) float64
        P(true = k).
    """
    eye = np.eye(n_classes)
    if n_classes < 2 or len(triples) == 0:
        return eye, np.full(n_classes, 1.0 / max(n_classes, 1))
    # The likelihood does not mind the order within a triple, so sorted triples are counted once.
    found, counts = np.unique(np.sort(triples, axis=1), axis=0, return_counts=True)
    transition = eye * diagonal + (1 - eye) * (1 - diagonal) / (n_classes - 1)
    seen = np.bincount(triples[:, 0], minlength=n_classes).astype(np.float64)
    prior = seen / seen.sum()
    for _ in range(n_steps):
        mass, weight = _expected(transition, prior, found, counts)
        moved = (mass + prior_count * eye) / (mass.sum(axis=1, keepdims=True) + max(prior_count, 1e-300))
        moved = np.where(weight[:, None] > 0, moved, eye)
        change = float(np.abs(moved - transition).max())
        transition, prior = moved, weight / weight.sum()
        if change < 1e-6:
            break
    return transition, prior


def _expected(
    transition: FloatArray, prior: FloatArray, triples: IntArray, counts: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Expected labels (K, K) by true class and given label, and expected triples (K,) by true class."""
    n_classes = len(prior)
    mass, weight = np.zeros((n_classes, n_classes)), np.zeros(n_classes)
    step = max(1, _BLOCK_CELLS // n_classes)
    for start in range(0, len(triples), step):
        part, times = triples[start : start + step], counts[start : start + step]
        joint = _joint(transition, prior, part)
        total = joint.sum(axis=1, keepdims=True)
        share = np.divide(joint, total, out=np.zeros_like(joint), where=total > 0) * times[:, None]
        weight += share.sum(axis=0)
        for place in range(3):
            order = np.argsort(part[:, place], kind="stable")
            present, first = np.unique(part[order, place], return_index=True)
            mass[:, present] += np.add.reduceat(share[order], first, axis=0).T
    return mass, weight


def right_given(transition: FloatArray, prior: FloatArray) -> FloatArray:
    """Probability (K,) that a given label k is right, P(true = k | given = k); 1 for labels never given."""
    given = prior @ transition
    right = prior * np.diag(transition)
    return np.clip(np.divide(right, given, out=np.ones(len(prior)), where=given > 0), 0.0, 1.0)
