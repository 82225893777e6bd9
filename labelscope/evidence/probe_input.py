"""What is fitted and predicted in folds: the model's input, content hashes, and rows that stay together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import MissingEvidenceError, notify
from labelscope.evidence import estimators
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.folds import content_keys, joined, matrix_keys, small_sets
from labelscope.types import Array, BoolArray, Evidence, IntArray

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


def model_input(
    model: Any, dataset: Dataset | None, evidence: Evidence, n: int, *, by: str, random_state: int
) -> tuple[Any, Array, IntArray]:
    """Return what a model takes, content hashes (n,) and ids of exactly equal rows (n,).

    A pipeline takes the data as the user passed it, anything else the features; raises MissingEvidenceError
    where there are none.
    """
    raw = dataset.media.raw() if dataset is not None and estimators.takes_raw_input(model) else None
    if raw is not None and "features" not in evidence:
        items = raw if isinstance(raw, list) else list(map(repr, np.asarray(raw)))
        keys = content_keys(items, random_state=random_state)
        return raw, keys, np.unique(keys, return_inverse=True)[1]
    if "features" not in evidence:
        raise MissingEvidenceError.of("features", by=by, present=evidence)
    features = check_features(evidence["features"], n)
    keys = matrix_keys(features, random_state=random_state)
    return (features if raw is None else raw), keys, np.unique(keys, return_inverse=True)[1]


def units_of(
    labelled: BoolArray, exact: IntArray, evidence: Evidence, groups: IntArray | None, n_folds: int
) -> IntArray:
    """Return the unit (n,) of each row: groups and copies must not be torn apart by folds.

    Parameters
    ----------
    labelled : (n,) bool
        Rows that are dealt.
    exact : (n,) int
        Ids of exactly equal rows, for want of ``duplicates`` in the evidence.
    evidence : Evidence
    groups : (n,) int or None
    n_folds : int
    """
    n = len(labelled)
    if groups is not None and len(np.unique(groups[labelled])) < 2:
        notify(
            "one_group",
            "All labelled rows are in one group, so groups cannot be kept apart; the folds ignore them.",
            "Pass groups= that tell apart, for example, patients, sessions or sources.",
        )
        groups = None
    limit = max(4, int(labelled.sum()) // (4 * n_folds))
    copies = np.asarray(evidence["duplicates"]) if "duplicates" in evidence else exact
    units = joined(n, groups, small_sets(copies, limit))
    if len(np.unique(units[labelled])) < 2:
        units = joined(n, groups)
    return units
