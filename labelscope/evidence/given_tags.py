"""Tags as the methods read them: one int8 matrix, whatever the numbers came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.types import Evidence, IntArray

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


def as_tags(given: Any, name: str = "given_labels") -> IntArray:
    """Read a matrix of tags.

    Parameters
    ----------
    given : (n, K) array
        1 present, 0 absent; NaN or -1 unknown. Bool, int or float.
    name : str
        How messages call the matrix.

    Returns
    -------
    (n, K) int8
        1, 0 and -1.

    Raises
    ------
    InvalidTypeError
        The entries are no numbers.
    InvalidInputError
        Another shape, or other numbers.

    Examples
    --------
    >>> as_tags(np.array([[1.0, np.nan], [0.0, 1.0]])).tolist()
    [[1, -1], [0, 1]]
    """
    try:
        matrix = np.asarray(given)
        if matrix.dtype == object:
            matrix = matrix.astype(np.float64)  # None becomes NaN
    except (TypeError, ValueError):
        matrix = np.asarray(None)
    if matrix.dtype.kind not in "biuf":
        raise InvalidTypeError(
            f"{name} holds something that is no number, but tags are a matrix of 1, 0 and NaN.",
            "Pass one row per row of data and one column per tag; ls.audit also takes lists of sets.",
        )
    if matrix.ndim != 2:
        raise InvalidInputError(
            f"{name} has the shape {matrix.shape}, but tags are a matrix (n, K).",
            "Pass one column per tag: 1 where a row has it, 0 where not, NaN where nobody knows.",
        )
    if matrix.dtype.kind == "f":
        matrix = np.where(np.isnan(matrix), -1.0, matrix)
    if matrix.dtype != bool and not np.isin(matrix, (-1, 0, 1)).all():
        odd = matrix[~np.isin(matrix, (-1, 0, 1))][0]
        raise InvalidInputError(
            f"{name} holds {odd}, but tags are 1 (present), 0 (absent) and NaN or -1 (unknown).",
            "Pass probabilities as pred_probs=, and tags as 0 and 1.",
        )
    return matrix.astype(np.int8)


def given_tags(dataset: Dataset | None, evidence: Evidence, *, by: str) -> IntArray:
    """Read the given tags from the evidence, else from the dataset, (n, K) int8.

    Raises
    ------
    MissingEvidenceError
        There are none.
    """
    if "given_labels" in evidence and np.ndim(evidence["given_labels"]) == 2:
        return as_tags(evidence["given_labels"])
    tags = getattr(getattr(dataset, "labels", None), "tags", None)
    if tags is None:
        raise MissingEvidenceError.of("given_labels", by=by, present=evidence)
    return np.asarray(tags.matrix)
