"""Answers of several raters, read from whatever holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.data.label_values import is_missing
from labelscope.errors import InvalidInputError
from labelscope.types import Array, FloatArray, IntArray


@dataclass(frozen=True)
class Answers:
    """Answers as codes: (n, r) int64 with -1 for none, and the K values in order."""

    codes: IntArray
    values: Array

    def counts(self) -> FloatArray:
        """Count answers per item and value (m, K), items with fewer than two answers left out."""
        n, k = len(self.codes), max(len(self.values), 1)
        rows, raters = np.nonzero(self.codes >= 0)
        cells = rows * k + self.codes[rows, raters]
        counts = np.bincount(cells, minlength=n * k).reshape(n, k).astype(np.float64)
        return np.asarray(counts[counts.sum(axis=1) >= 2])

    @property
    def n_raters(self) -> int:
        """Raters with an answer on an item that someone else answered, too."""
        shared = (self.codes >= 0).sum(axis=1) >= 2
        return int((self.codes[shared] >= 0).any(axis=0).sum())


def as_objects(answers: Any) -> Array:
    """Hold answers as they are, without a type in common."""
    array = np.empty(len(answers), dtype=object)
    array[:] = list(answers)
    return array


def read(answers: Any, missing: Any) -> Answers:
    """Read a matrix of answers of any one type.

    Parameters
    ----------
    answers : (n, r) array, list of lists or frame
        None, NaN and ``missing`` are no answer.
    missing : object
        None where all other values are answers.

    Raises
    ------
    InvalidInputError
        Not a matrix, or answers of types that cannot be ordered together.
    """
    matrix = np.asarray(answers.to_numpy() if hasattr(answers, "to_numpy") else answers)
    if matrix.dtype.kind in "US" and not isinstance(answers, np.ndarray):
        matrix = np.asarray(answers, dtype=object)  # None would have become a text
    if matrix.ndim != 2:
        raise InvalidInputError(
            f"answers has the shape {matrix.shape}.", "Pass (items, raters): one column per rater."
        )
    if matrix.dtype.kind == "O":
        listed = list(matrix.ravel())
        if any(isinstance(one, np.ndarray | list | tuple | set) for one in listed):
            raise InvalidInputError(
                "An answer of several values is given, so that the shape is not (items, raters).",
                "Pass one label per item and rater.",
            )
        known = np.array([not is_missing(one) for one in listed], dtype=bool).reshape(matrix.shape)
    else:
        known = ~np.isnan(matrix) if matrix.dtype.kind == "f" else np.ones(matrix.shape, dtype=bool)
    if missing is not None:
        known[known] = np.asarray(matrix[known] != missing, dtype=bool)
    given = matrix[known]
    try:
        values, codes = np.unique(
            given.astype(object) if given.dtype.kind == "O" else given, return_inverse=True
        )
    except TypeError:
        kinds = sorted({type(one).__name__ for one in given.tolist()})
        raise InvalidInputError(
            f"Answers are of the types {' and '.join(kinds)}, which cannot be put in an order.",
            "Pass labels of one type.",
        ) from None
    found = np.full(matrix.shape, -1, dtype=np.int64)
    found[known] = codes
    return Answers(found, values)
