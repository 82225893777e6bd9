"""Answers of several people to the same rows, kept as triples: few people answer every row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.data.label_values import is_missing, library_of, plain
from labelscope.data.labels import Labels, encode
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array, BoolArray, FloatArray, IntArray

_MATRIX = "Pass one row per item and one column per person, with None or NaN where a person did not answer."


@dataclass(frozen=True)
class Answers:
    """Who answered what, ordered by row and then by person.

    Attributes
    ----------
    rows, people, codes : (m,) int64
        Row, person and class code of each answer.
    n : int
        Rows, those without answers included.
    classes : (K,) array
        Label values in the user's own type.
    annotators : (A,) array
        Names of the people, those without answers included.
    row_ids : (n,) array
        Names of the rows.
    """

    rows: IntArray
    people: IntArray
    codes: IntArray
    n: int
    classes: Array
    annotators: Array
    row_ids: Array

    @property
    def n_annotators(self) -> int:
        """Number of people."""
        return len(self.annotators)

    @property
    def n_classes(self) -> int:
        """Number of classes, absent ones included."""
        return len(self.classes)

    def votes(self) -> FloatArray:
        """Return (n, K) float64 numbers of answers for each class."""
        cells = np.bincount(self.rows * self.n_classes + self.codes, minlength=self.n * self.n_classes)
        return np.asarray(cells.reshape(self.n, self.n_classes), dtype=np.float64)

    def per_row(self) -> IntArray:
        """Return (n,) numbers of answers."""
        return np.bincount(self.rows, minlength=self.n).astype(np.int64)

    def per_annotator(self) -> IntArray:
        """Return (A,) numbers of answers."""
        return np.bincount(self.people, minlength=self.n_annotators).astype(np.int64)

    def matrix(self) -> IntArray:
        """Return (n, A) int64 class codes, -1 where a person did not answer."""
        matrix = np.full((self.n, self.n_annotators), -1, dtype=np.int64)
        matrix[self.rows, self.people] = self.codes
        return matrix

    def values(self, codes: IntArray) -> Array:
        """Return (n,) label values of codes; None where the code is -1."""
        missing = codes < 0
        if not self.n_classes:
            return np.full(len(codes), None, dtype=object)
        found = np.asarray(self.classes)[np.where(missing, 0, codes)]
        if missing.any():
            found = found.astype(object)
            found[missing] = None
        return np.asarray(found)


def read_answers(
    answers: Any, *, class_names: Sequence[Any] | None = None, width: int | None = None
) -> Answers:
    """Read a matrix of answers.

    Parameters
    ----------
    answers : (n, A) array, frame, list of lists, or Answers
        Label values, one column per person; None or NaN where a person did not answer.
    class_names : sequence, optional
        Names of int labels in range(K), or all label values in the order wanted; by default the sorted
        labels that occur.
    width : int, optional
        Number of columns of ``pred_probs``: column j is label j for ints in range(width), else the j-th
        class.

    Returns
    -------
    Answers

    Raises
    ------
    InvalidInputError
        Not a matrix, labels of mixed types, or classes that do not fit ``width``.
    InvalidTypeError
        Not a container of labels.

    Examples
    --------
    >>> read_answers([["cat", None], ["dog", "cat"]]).matrix().tolist()
    [[0, -1], [1, 0]]
    """
    if isinstance(answers, Answers):
        if width is not None and width != answers.n_classes:
            raise _wrong_width(width, answers.n_classes)
        return answers
    matrix, names = as_matrix(answers)
    present = present_in(matrix)
    rows, people = np.nonzero(present)
    labels = encode_values(matrix[present], class_names)
    if width is not None:
        labels = labels.aligned_to(width)
    return Answers(
        rows.astype(np.int64),
        people.astype(np.int64),
        np.asarray(labels.codes, dtype=np.int64),
        len(matrix),
        np.asarray(labels.classes),
        names,
        np.arange(len(matrix)),
    )


def answers_from_table(
    tasks: Any,
    annotators: Any,
    labels: Any,
    *,
    task_ids: Iterable[Any] | None = None,
    class_names: Sequence[Any] | None = None,
) -> Answers:
    """Read a long table with one answer per line.

    Parameters
    ----------
    tasks, annotators, labels : (m,) columns
        What was asked, who answered, and the answer; lines without a label are dropped.
    task_ids : (n,) iterable, optional
        Rows wanted, in their order, those without answers included; by default in order of appearance.
    class_names : sequence, optional
        As in `read_answers`.

    Returns
    -------
    Answers
        ``row_ids`` and ``annotators`` are the names found.

    Raises
    ------
    InvalidInputError
        Columns of different lengths, a task that is not among ``task_ids``, or two different answers of one
        person to one task (equal ones count once).

    Examples
    --------
    >>> answers_from_table(["x", "x", "y"], ["ann", "bo", "bo"], ["cat", "dog", "cat"]).matrix().tolist()
    [[0, 1], [-1, 0]]
    """
    columns = {"tasks": _column(tasks), "annotators": _column(annotators), "labels": _column(labels)}
    m = len(columns["tasks"])
    for name, column in columns.items():
        if len(column) != m:
            raise InvalidInputError.wrong_length(name, len(column), m, "tasks")
    keep = np.array([not is_missing(value) for value in columns["labels"]], dtype=bool)
    for name in ("tasks", "annotators"):
        unnamed = [line for line, value in enumerate(columns[name]) if is_missing(value)]
        if unnamed:
            raise InvalidInputError(
                f"{name} is missing in {len(unnamed):,} lines, first in line {unnamed[0]}.",
                "Name the task and the person of every answer, or drop those lines.",
            )
    known: dict[Any, int] = {}
    wanted = list(columns["tasks"]) if task_ids is None else [plain(one) for one in task_ids]
    for task in wanted:
        known.setdefault(task, len(known))
    if task_ids is not None:
        if len(known) < len(wanted):
            raise InvalidInputError("task_ids holds some tasks twice.", "Name each row once.")
        for task in columns["tasks"]:
            if task not in known:
                raise InvalidInputError.unknown("task", task, wanted)
    people: dict[Any, int] = {}
    for person in columns["annotators"]:
        people.setdefault(person, len(people))
    encoded = encode_values(
        _objects([v for v, k in zip(columns["labels"], keep, strict=True) if k]), class_names
    )
    rows = np.array([known[task] for task in columns["tasks"]], dtype=np.int64)[keep]
    who = np.array([people[person] for person in columns["annotators"]], dtype=np.int64)[keep]
    return _once(rows, who, encoded, _objects(list(known)), _objects(list(people)))


def _once(rows: IntArray, who: IntArray, labels: Labels, row_ids: Array, names: Array) -> Answers:
    """Sort answers by row and person; equal repetitions count once and different ones are refused."""
    codes = np.asarray(labels.codes, dtype=np.int64)
    order = np.lexsort((codes, who, rows))
    rows, who, codes = rows[order], who[order], codes[order]
    again = np.zeros(len(rows), dtype=bool)
    again[1:] = (rows[1:] == rows[:-1]) & (who[1:] == who[:-1])
    clash = np.flatnonzero(again & (codes != np.roll(codes, 1)))
    if len(clash):
        first = clash[0]
        raise InvalidInputError(
            f"{names[who[first]]!r} answered {row_ids[rows[first]]!r} with both"
            f" {plain(labels.classes[codes[first - 1]])!r} and {plain(labels.classes[codes[first]])!r}.",
            "Keep one answer of each person to each task, for instance the last.",
        )
    kept = ~again
    return Answers(
        rows[kept], who[kept], codes[kept], len(row_ids), np.asarray(labels.classes), names, row_ids
    )


def as_matrix(answers: Any) -> tuple[Array, Array]:
    """Return answers as an (n, A) array, and the names (A,) of the people."""
    library = library_of(answers)
    if library in ("pandas", "polars", "pyarrow") and hasattr(answers, "columns"):
        names = answers.column_names if library == "pyarrow" else list(answers.columns)
        columns = [_column(answers[name]) for name in names]
        matrix = np.empty((len(answers), len(columns)), dtype=object)
        for place, column in enumerate(columns):
            matrix[:, place] = _objects(column)
        return matrix, _objects(names)
    if isinstance(answers, str | bytes | Mapping) or not hasattr(answers, "__len__"):
        raise InvalidTypeError(f"Answers are given as {type(answers).__name__}.", _MATRIX)
    if isinstance(answers, np.ndarray):
        matrix = answers
    elif hasattr(answers, "__array__"):
        matrix = np.asarray(answers)
    else:
        # A list of equally long lists; dtype=object keeps None and text beside numbers as they are.
        lengths = {
            len(one) if hasattr(one, "__len__") and not isinstance(one, str) else -1 for one in answers
        }
        if len(lengths) > 1:
            raise InvalidInputError("The rows of answers have different lengths.", _MATRIX)
        matrix = np.array(answers, dtype=object)
    if matrix.ndim != 2:
        raise InvalidInputError(f"Answers have shape {matrix.shape}, but (n, annotators) is needed.", _MATRIX)
    return matrix, np.arange(matrix.shape[1])


def present_in(matrix: Array) -> BoolArray:
    """Return (n, A) bool, True where a person answered."""
    if matrix.dtype.kind == "f":
        return ~np.isnan(matrix)
    if matrix.dtype == object:
        flat = [not is_missing(value) for value in matrix.ravel()]
        return np.array(flat, dtype=bool).reshape(matrix.shape)
    return np.ones(matrix.shape, dtype=bool)


def encode_values(values: Array, class_names: Sequence[Any] | None = None) -> Labels:
    """Encode answers that are there; whole floats are ints, as a column with gaps holds ints as floats."""
    if values.dtype == object:
        listed = [plain(value) for value in values]
        if listed and all(isinstance(one, int | float) and not isinstance(one, bool) for one in listed):
            values = np.array(listed)
        else:
            values = _objects(listed)
    if values.dtype.kind == "f":
        uneven = values[values != np.floor(values)]
        if len(uneven):
            raise InvalidInputError(
                f"Answers hold the number {uneven[0]!s}, but labels are whole numbers, text or bool.",
                "Averaged scores are no labels; pass what each person chose.",
            )
        values = values.astype(np.int64)
    if not len(values):
        values = np.empty(0, dtype=np.int64)
    return encode(values, task="classification", class_names=class_names)


def _wrong_width(width: int, n_classes: int) -> InvalidInputError:
    return InvalidInputError(
        f"pred_probs has {width:,} columns, but the answers have {n_classes:,} classes.",
        "Pass one column per class; class_names= names classes that nobody chose.",
    )


def _column(values: Any) -> list[Any]:
    if isinstance(values, str | bytes | Mapping) or not hasattr(values, "__len__"):
        raise InvalidTypeError(
            f"A column is given as {type(values).__name__}.",
            "Pass one value per line: a list, an array or a column.",
        )
    if hasattr(values, "to_pylist"):
        return list(values.to_pylist())
    return [plain(value) for value in values]


def _objects(values: Sequence[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
