"""Out-of-fold logits: each row is judged by a model that has not seen it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.folds import joined, matrix_keys
from labelscope.evidence.tag_folds import deal_tags
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray


class Predictor(Protocol):
    """What a fit returns."""

    def logits(self, features: FloatArray) -> FloatArray:
        """Logits (m, K); NaN where the model has no opinion."""
        ...


def content_order(features: FloatArray, positive: BoolArray, random_state: int) -> IntArray:
    """Order of the rows by their content, so that training does not depend on the order given."""
    keys = matrix_keys(features, random_state=random_state)
    return np.lexsort((positive.sum(axis=1), keys))


def cross_fitted(
    features: FloatArray,
    positive: BoolArray,
    fit: Callable[[IntArray], Predictor],
    *,
    n_folds: int = 5,
    units: IntArray | None = None,
    random_state: int = 0,
) -> tuple[FloatArray, IntArray]:
    """Fit on the rows outside of each fold and predict those inside.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    positive : (n, K) bool
        Tags that are given; every fold gets its share of each.
    fit : callable
        From row positions to a model.
    n_folds : int
        Fewer are used when there are fewer rows (or units).
    units : (n,) int, optional
        Rows of one unit share a fold.
    random_state : int
        Seed of the folds, which are dealt by the content of rows.

    Returns
    -------
    logits : (n, K) float64
        NaN where the model had no opinion; everywhere when there are not two folds to be had.
    folds : (n,) int64
    """
    n, n_tags = positive.shape
    logits = np.full((n, n_tags), np.nan)
    order = content_order(features, positive, random_state)
    keys = matrix_keys(features, random_state=random_state)
    folds = deal_tags(positive.astype(np.int8), keys, n_folds, units=units)
    if n == 0 or n_tags == 0 or folds.max(initial=-1) < 1:
        return logits, folds
    for fold in range(int(folds.max()) + 1):
        held_out = np.flatnonzero(folds == fold)
        model = fit(order[folds[order] != fold])
        logits[held_out] = model.logits(features[held_out])
    return logits, folds


def units_of(evidence: Evidence, n: int) -> IntArray | None:
    """Rows that must share a fold, by ``groups`` and ``duplicates``, where the evidence has them."""
    given = [_ids(evidence, name, n) for name in ("groups", "duplicates") if evidence.get(name) is not None]
    return joined(n, *given) if given else None


def _ids(evidence: Evidence, name: str, n: int) -> IntArray:
    values = np.asarray(evidence[name])
    if values.shape != (n,):
        raise InvalidInputError(f"{name} has the shape {values.shape}.", f"Pass ({n},) ids, one a row.")
    return np.asarray(np.unique(values, return_inverse=True)[1], dtype=np.int64)


__all__ = ["Predictor", "content_order", "cross_fitted", "units_of"]
