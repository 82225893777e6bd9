"""Whose label speaks for a class: verified rows each alone, given ones in company, doubted ones never."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.class_similarity import class_similarity
from labelscope.types import BoolArray, FloatArray, IntArray

# From so many verified rows of two classes on, they alone judge the given labels of both.
_ENOUGH = 10
TOP_SHARE = 0.99


def heard_similarity(
    units: FloatArray,
    codes: IntArray,
    usable: BoolArray,
    verified: BoolArray,
    n_classes: int,
    n_nearest: int | None = None,
) -> tuple[FloatArray, BoolArray]:
    """Return how near every row is to each class, given labels trusted as far as verified ones bear them out.

    Parameters
    ----------
    units : (n, d) float32
        Unit vectors, see `labelscope.evidence.class_similarity.directions`.
    codes : (n,) int
        Labels.
    usable : (n,) bool
        Rows with a label that are in scope.
    verified : (n,) bool
        Rows whose label a person confirmed.
    n_classes : int
    n_nearest : int, optional
        Mean of so many largest similarities; by default 1 among verified rows and 3 among all.

    Returns
    -------
    similar : (n, K) float64
        The larger of the similarity to verified rows and of that to all rows that speak; -1 for classes
        without any.
    heard : (n,) bool
        Rows that speak for their class. A given label falls silent where another class leads over its own by
        more than ``1 - trust`` of a clear lead, with the lead measured on verified rows to the share
        ``trust``, which rises to 1 with the number of verified rows in the one of both classes that has
        fewer. So no verified row silences a class by itself, and many of them overrule given labels.

    Examples
    --------
    >>> units = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float32)
    >>> codes, everyone = np.array([0, 0, 1, 0]), np.ones(4, dtype=bool)
    >>> verified = np.array([True, True, True, False])
    >>> heard_similarity(units, codes, everyone, verified, 2)[1].tolist()
    [True, True, True, False]
    """
    trusted = usable & verified
    given = given_nearest(usable, verified, n_nearest)
    if not trusted.any():
        return class_similarity(units, codes, usable, n_classes, given).astype(np.float64), usable
    sure = class_similarity(units, codes, trusted, n_classes, n_nearest or 1).astype(np.float64)
    if (trusted == usable).all():
        return sure, usable
    mixed = np.maximum(sure, class_similarity(units, codes, usable, n_classes, given))
    heard = usable & (trusted | ~_contradicted(sure, mixed, codes, usable, trusted))
    if (heard == usable).all():
        return mixed, heard
    return np.maximum(sure, class_similarity(units, codes, heard, n_classes, given)), heard


def given_nearest(usable: BoolArray, verified: BoolArray, n_nearest: int | None) -> int:
    """Return of how many largest similarities the mean is taken, among all rows that speak."""
    return n_nearest or (1 if usable.any() and verified[usable].all() else 3)


def _contradicted(
    sure: FloatArray, mixed: FloatArray, codes: IntArray, usable: BoolArray, trusted: BoolArray
) -> BoolArray:
    """Return (n,) bool: rows over whose class another one leads, as far as both have verified rows."""
    n_classes = sure.shape[1]
    own = np.maximum(codes, 0)
    counts = np.bincount(codes[usable], minlength=n_classes)
    share = np.bincount(codes[trusted], minlength=n_classes) / np.clip(counts, 1, _ENOUGH)
    trust = np.minimum(np.minimum(share, share[own][:, None]), 1.0)
    rows = np.arange(len(codes))
    led = np.zeros(sure.shape)
    for part, values in ((trust, sure), (1 - trust, mixed)):
        clipped = np.maximum(values, 0.0)
        led += part * (clipped - clipped[rows, own][:, None])
    clear = float(np.quantile(weights(mixed)[0], TOP_SHARE))
    return np.asarray(((trust > 0) & (led > (1 - trust) * clear)).any(axis=1))


def weights(similar: FloatArray) -> tuple[FloatArray, IntArray, FloatArray]:
    """Return s(1) - s(2), the nearest class and s(1) of (n, K) similarities; below 0 counts as 0.

    With one class there is no runner-up, and the weight is s(1).
    """
    clipped = np.maximum(similar, 0.0)
    best = similar.argmax(axis=1)
    top = np.take_along_axis(similar, best[:, None], axis=1)[:, 0]
    if similar.shape[1] == 1:
        return clipped[:, 0], best, top
    ranked = np.partition(clipped, clipped.shape[1] - 2, axis=1)
    return ranked[:, -1] - ranked[:, -2], best, top
