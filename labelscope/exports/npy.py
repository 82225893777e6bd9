"""NumPy's .npy: the array of current labels, never pickled."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.errors import InvalidInputError
from labelscope.exports.table import rows_of, state_of
from labelscope.review.records import label_values
from labelscope.review.session import Session
from labelscope.types import Array


def label_array(source: Audit | Session, drop_excluded: bool = False) -> Array:
    """Return the current labels as an array that needs no pickle.

    Parameters
    ----------
    source : Audit or Session
    drop_excluded : bool
        Whether to leave excluded rows out.

    Returns
    -------
    (m,) or (m, K) array
        As given where labels came as an array of numbers, truth values or text; otherwise int64, bool,
        float64 or text. Numbers become float64 with NaN where rows are unlabelled. Tags are a matrix of int8,
        one column a tag in the order of their names; float32 with NaN where one is unknown.

    Raises
    ------
    InvalidInputError
        Rows are unlabelled, and the labels are text or truth values.
    """
    audit, state = state_of(source)
    labels = audit.dataset.labels
    rows = rows_of(state, drop_excluded)
    codes = state.current[rows]
    if isinstance(labels.original, np.ndarray) and labels.original.dtype.kind not in "OV":
        found = np.asarray(labels.rebuild(state.current, state.classes))[rows]
        if found.dtype != object:
            return found
    if labels.tags is not None:
        matrix = state.tags[rows]
        return matrix if (matrix >= 0).all() else np.where(matrix < 0, np.nan, matrix).astype(np.float32)
    missing = int((codes < 0).sum())
    if missing and not all(type(value) in (int, float) for value in state.classes):
        raise InvalidInputError(
            f"{missing:,} rows are unlabelled, and .npy has no missing value for labels that are no numbers.",
            "Write .parquet, .csv or .jsonl instead, or label those rows.",
        )
    values = label_values(state.classes, codes)
    if missing:
        return np.array([np.nan if value is None else value for value in values.tolist()], dtype=np.float64)
    return np.array(values.tolist()) if len(values) else np.zeros(0, dtype=np.int64)


def write_npy(array: Array, file: BinaryIO) -> None:
    """Write an array.

    Parameters
    ----------
    array : (m,) array
        Numbers, truth values or text.
    file : binary file
    """
    np.save(file, array, allow_pickle=False)
