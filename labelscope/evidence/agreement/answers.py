"""Answers of several raters, read from whatever holds them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from labelscope.data.label_values import is_missing
from labelscope.errors import InvalidInputError
from labelscope.types import Array, BoolArray, FloatArray, IntArray

#: Keys of so many values are counted in a table rather than sorted, whatever the number of items.
_LEAST_TABLE = 1 << 16


@dataclass(frozen=True)
class Kinds:
    """Items by their answers; items of the same answers are counted together.

    Attributes
    ----------
    codes : (u, r) int64
        Answers of each kind, -1 for none.
    weights : (u,) int64
        Items of each kind.
    """

    codes: IntArray
    weights: IntArray

    def where(self, kept: BoolArray) -> Kinds:
        """Return some of the kinds."""
        return Kinds(self.codes[kept], self.weights[kept])


@dataclass(frozen=True)
class Answers:
    """Answers as codes: (n, r) int64 with -1 for none, and the K values in order."""

    codes: IntArray
    values: Array

    @cached_property
    def kinds(self) -> Kinds:
        """Items of the same answers by the same raters together."""
        return kinds_of(self.codes, len(self.values))[0]

    def shared(self) -> Kinds:
        """Return kinds of two or more answers, whoever gave which."""
        kinds = self.kinds.where((self.kinds.codes >= 0).sum(axis=1) >= 2)
        return kinds_of(np.sort(kinds.codes, axis=1), len(self.values), kinds.weights)[0]

    def counts(self) -> tuple[FloatArray, IntArray]:
        """Count answers per kind of item and value (u, K), and items of each kind (u,)."""
        kinds, k = self.shared(), max(len(self.values), 1)
        rows, raters = np.nonzero(kinds.codes >= 0)
        cells = rows * k + kinds.codes[rows, raters]
        counts = np.bincount(cells, minlength=len(kinds.codes) * k).reshape(-1, k).astype(np.float64)
        return counts, kinds.weights

    @property
    def n_raters(self) -> int:
        """Raters with an answer on an item that someone else answered, too."""
        known = self.kinds.codes >= 0
        return int(known[known.sum(axis=1) >= 2].any(axis=0).sum())


def kinds_of(codes: IntArray, k: int, weights: IntArray | None = None) -> tuple[Kinds, IntArray]:
    """Bring equal rows of codes together: each row is one number, and numbers are counted.

    Parameters
    ----------
    codes : (n, r) int
        From -1 to k - 1.
    k : int
    weights : (n,) int, optional
        Items of each row; one by default.

    Returns
    -------
    kinds : Kinds
    places : (n,) int64
        Kind of each row.

    Examples
    --------
    >>> kinds, places = kinds_of(np.array([[1, 0], [-1, 1], [1, 0]]), 2)
    >>> kinds.codes.tolist(), kinds.weights.tolist(), places.tolist()
    ([[-1, 1], [1, 0]], [1, 2], [1, 0, 1])
    """
    key, most = np.zeros(len(codes), dtype=np.int64), 1
    for column in codes.T:
        if most > (1 << 62) // (k + 1):  # the number would not fit: those that there are, counted through
            found, key = np.unique(key, return_inverse=True)
            most = max(len(found), 1)
        key = key * (k + 1) + (column + 1)
        most *= k + 1
    if most <= max(_LEAST_TABLE, 2 * len(codes)):
        there = np.bincount(key, minlength=most) > 0
        places = (np.cumsum(there) - 1)[key]
    else:
        places = np.unique(key, return_inverse=True)[1].astype(np.int64)
    counts = np.bincount(places, weights=weights).astype(np.int64)
    first = np.zeros(len(counts), dtype=np.int64)
    first[places[::-1]] = np.arange(len(codes))[::-1]
    return Kinds(codes[first], counts), places


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
        return _of_objects(matrix, missing)
    known = ~np.isnan(matrix) if matrix.dtype.kind == "f" else np.ones(matrix.shape, dtype=bool)
    if missing is not None:
        known[known] = np.asarray(matrix[known] != missing, dtype=bool)
    found = np.full(matrix.shape, -1, dtype=np.int64)
    values, found[known] = _coded(matrix[known])
    return Answers(found, values)


def _coded(given: Array) -> tuple[Array, IntArray]:
    """Return the values in order, and the place of each; whole numbers of a small range are not sorted."""
    if given.dtype.kind in "iu" and len(given):
        low, high = int(given.min()), int(given.max())
        if high - low < max(_LEAST_TABLE, len(given)) and high < 1 << 62:
            places = given.astype(np.int64) - low
            there = np.bincount(places, minlength=high - low + 1) > 0
            values = (np.flatnonzero(there) + low).astype(given.dtype)
            return values, (np.cumsum(there) - 1)[places]
    values, codes = np.unique(given, return_inverse=True)
    return values, codes.astype(np.int64)


def _of_objects(matrix: Array, missing: Any) -> Answers:
    """Read answers of any type; what is said more than once is looked at once."""
    listed = matrix.ravel().tolist()
    kinds = set(map(type, listed))
    if any(issubclass(kind, np.ndarray | list | tuple | set) for kind in kinds):
        raise InvalidInputError(
            "An answer of several values is given, so that the shape is not (items, raters).",
            "Pass one label per item and rater.",
        )
    try:
        place = {one: number for number, one in enumerate(dict.fromkeys(listed))}
        places = np.fromiter(map(place.__getitem__, listed), np.int64, len(listed))
        said = [not is_missing(one) and (missing is None or bool(one != missing)) for one in place]
        known = np.array(said, dtype=bool)
        distinct = as_objects(place)[known]
        values, codes = np.unique(distinct, return_inverse=True)
    except TypeError:
        names = sorted(kind.__name__ for kind in kinds if kind is not type(None))
        raise InvalidInputError(
            f"Answers are of the types {' and '.join(names)}, which cannot be put in an order.",
            "Pass labels of one type.",
        ) from None
    table = np.full(len(place), -1, dtype=np.int64)
    table[known] = codes
    return Answers(table[places].reshape(matrix.shape), values)
