"""What regimes under imbalance share: folds, the pool and its relevance, label-free representations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.evidence.folds import deal, matrix_keys
from labelscope.evidence.given import group_codes
from labelscope.evidence.kernel_components import kernel_components
from labelscope.evidence.pool_relevance import relevance
from labelscope.evidence.probe_input import units_of
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray

REPRESENTATIONS = ("auto", "given", "kernel")
# With fewer labelled rows the choice between representations is chance.
_ENOUGH_TO_CHOOSE = 50


@dataclass(frozen=True)
class Setting:
    """Where regimes are compared.

    Attributes
    ----------
    codes : (n,) int64
        Given labels, -1 for rows without one and for rows that are left out.
    folds : (n,) int64
        Fold that holds each labelled row out, -1 for other rows.
    pool : (p,) int64
        Unlabelled rows that are in scope.
    spaces : tuple of (n, d) float
        Representations to choose from.
    n_classes : int
    relevance : float
        Estimated share of the pool in the support of the labelled rows; NaN without a pool.
    """

    codes: IntArray
    folds: IntArray
    pool: IntArray
    spaces: tuple[FloatArray, ...]
    n_classes: int
    relevance: float


def setting(
    features: FloatArray,
    codes: IntArray,
    n_classes: int,
    *,
    excluded: BoolArray | None = None,
    evidence: Evidence | None = None,
    representation: str = "auto",
    n_folds: int = 5,
    random_state: int = 0,
) -> Setting:
    """Deal folds, gather the pool, and make representations; copies and groups of rows share a fold.

    Parameters
    ----------
    features : (n, d) float32
        Finite, made without labels.
    codes : (n,) int
        -1 is unlabelled.
    n_classes : int
    excluded : (n,) bool, optional
        Rows out of scope: neither labelled nor in the pool.
    evidence : Evidence, optional
        ``groups`` and ``duplicates``, where there are any.
    representation : {"auto", "given", "kernel"}
    n_folds, random_state : int

    Returns
    -------
    Setting
    """
    out = np.zeros(len(codes), dtype=bool) if excluded is None else excluded
    own = np.where(out, -1, np.asarray(codes, dtype=np.int64))
    labelled, pool = np.flatnonzero(own >= 0), np.flatnonzero((own < 0) & ~out)
    keys = matrix_keys(features, random_state=random_state)
    known, exact = evidence or Evidence(), np.unique(keys, return_inverse=True)[1]
    units = units_of(own >= 0, exact, known, group_codes(None, known, len(own)), n_folds)
    folds = deal(own, keys, n_folds, units=units)
    wide: tuple[FloatArray, ...] = (features,)
    if representation == "kernel" or (representation == "auto" and len(labelled) >= _ENOUGH_TO_CHOOSE):
        curved = kernel_components(features, width=2.0)
        wide = (curved,) if representation == "kernel" else (features, curved)
    return Setting(own, folds, pool, wide, n_classes, relevance(features, own, labelled, pool))
