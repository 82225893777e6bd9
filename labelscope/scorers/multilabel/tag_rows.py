"""From entries to rows: one suspicion for a whole set of tags, which rows to flag, and what to suggest."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.flagging import best_expected_f1
from labelscope.types import BoolArray, FloatArray, IntArray

POOLINGS = ("any", "max", "moving_average")
_LIKELY = 0.5


def pooled(wrong: FloatArray, pooling: str, alpha: float = 0.8) -> FloatArray:
    """Pool the suspicion of entries into one for each row.

    Parameters
    ----------
    wrong : (n, K) float
        Suspicion of each entry, 0 where it is unknown.
    pooling : {"any", "max", "moving_average"}
        ``"any"`` is the probability that at least one entry is wrong, taking entries as independent;
        ``"max"`` the worst entry; ``"moving_average"`` an exponential one over the entries from the best to
        the worst, so that the worst weighs ``alpha`` (Thyagarajan et al. 2022).
    alpha : float

    Returns
    -------
    (n,) float32

    Raises
    ------
    InvalidInputError
        Another pooling.

    Examples
    --------
    >>> wrong = np.array([[0.5, 0.5], [0.9, 0.0]])
    >>> pooled(wrong, "any").round(2).tolist(), pooled(wrong, "max").round(2).tolist()
    ([0.75, 0.8999999761581421], [0.5, 0.8999999761581421])
    """
    n, n_tags = wrong.shape
    if pooling not in POOLINGS:
        raise InvalidInputError.unknown("pooling", pooling, POOLINGS)
    if not n_tags:
        return np.zeros(n, dtype=np.float32)
    if pooling == "max":
        return np.asarray(wrong.max(axis=1), dtype=np.float32)
    if pooling == "any":
        right = np.log1p(-np.minimum(wrong.astype(np.float64), 1 - 1e-9)).sum(axis=1)
        return np.asarray(-np.expm1(right), dtype=np.float32)
    ordered = np.sort(wrong, axis=1)
    average = ordered[:, 0].astype(np.float64)
    for column in ordered.T[1:]:
        average = alpha * column + (1 - alpha) * average
    return average.astype(np.float32)


def judged(
    tags: IntArray, missing: FloatArray, spurious: FloatArray, likely: FloatArray
) -> tuple[IntArray, BoolArray, BoolArray]:
    """Say which rows to flag and which set each row should have.

    Parameters
    ----------
    tags : (n, K) int8
    missing, spurious : (n, K) float32
        Probabilities that an absent tag should be there, and that a present one should not.
    likely : (n, K) float
        Probabilities of the tags, which decide where nothing is given.

    Returns
    -------
    suggested : (n, K) int8
        The given set, with the entries turned that are more likely wrong than right; of a flagged row
        without any, the likeliest one.
    flagged : (n,) bool
        Rows with an entry above the cut that has the best expected F1 over all entries.
    entries : (n, K) bool
        Those entries.
    """
    wrong = np.maximum(missing, spurious)
    entries = np.asarray(best_expected_f1(wrong.ravel()).reshape(wrong.shape))
    flagged = np.asarray(entries.any(axis=1))
    turned = wrong >= _LIKELY
    if wrong.shape[1]:
        alone = np.flatnonzero(flagged & ~turned.any(axis=1))
        turned[alone, wrong[alone].argmax(axis=1)] = True
    known = np.where(tags >= 0, tags, likely >= _LIKELY)
    suggested = np.where(turned, 1 - known, known).astype(np.int8)
    return suggested, flagged, entries


def counted(tags: IntArray, missing: FloatArray, spurious: FloatArray) -> dict[str, Any]:
    """Given and estimated number of rows for each tag, JSON-like."""
    lacking, excess = missing.sum(axis=0, dtype=np.float64), spurious.sum(axis=0, dtype=np.float64)
    given = (tags == 1).sum(axis=0)
    return {
        "given": [int(value) for value in given],
        "estimated": [float(value) for value in given + lacking - excess],
        "missing": [float(value) for value in lacking],
        "spurious": [float(value) for value in excess],
    }
