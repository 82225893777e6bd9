"""What kind of task labels belong to: decided where it is plain, asked where two readings are possible."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import numpy as np

from labelscope.data.label_scope import check_scope, rows_of
from labelscope.data.label_values import LabelValues, is_missing, library_of, read_values
from labelscope.data.printed_lists import check_not_printed
from labelscope.data.tag_values import as_matrix
from labelscope.errors import InvalidInputError, TaskError
from labelscope.types import FloatArray

TASKS = ("classification", "multilabel", "regression", "concepts")
MAX_INT_CLASSES = 30
_SPELLINGS = {"multiclass": "classification", "binary": "classification", "tags": "multilabel"}


def decide_task(labels: Any, *, task: str | None = None) -> str:
    """Say which task labels belong to.

    Parameters
    ----------
    labels : sequence
        As given by the user.
    task : str, optional
        ``"classification"``, ``"multilabel"``, ``"regression"`` or ``"concepts"``, which settles it.

    Returns
    -------
    str
        One of these four; ``"concepts"`` only when it is given.

    Raises
    ------
    InvalidInputError
        Two readings are possible; the message shows both and the ``task=`` line to write.
    TaskError
        Labels of parts of a row (boxes, masks, spans, tokens), or several targets a row.

    Examples
    --------
    >>> decide_task(["cat", "dog", None]), decide_task([{"joy"}, set()]), decide_task([0.5, 2.25])
    ('classification', 'multilabel', 'regression')
    """
    return settle(labels, task)[0]


def settle(labels: Any, task: str | None = None, *, settled: bool = False) -> tuple[str, LabelValues | None]:
    """Decide the task; ``settled`` when class names or probabilities prove classes.

    Returns
    -------
    task : str
    read : LabelValues or None
        The labels, unless they are several a row.
    """
    name = check_task(task)
    rows = rows_of(labels)
    check_scope(labels, rows)
    shape = _shape(labels, rows)
    if len(shape) == 2:
        name = _task_of_matrix(labels, shape, name)
    elif rows is not None:
        name = _task_of_rows(rows, name)
    if name == "multilabel":
        return name, None
    read = read_values(column_of(labels) if len(shape) == 2 else labels)
    return _task_of_values(read, name, settled=settled), read


def holds_several(labels: Any) -> bool:
    """Say whether labels are several a row: a matrix, or a collection per row."""
    rows = rows_of(labels)
    return len(_shape(labels, rows)) > 1 or rows is not None


def check_task(task: str | None) -> str | None:
    """Return the canonical name of a task; refuse what is none."""
    if task is None:
        return None
    name = str(task).lower().replace("-", "").replace("_", "").replace(" ", "")
    name = _SPELLINGS.get(name, name)
    if name not in TASKS:
        raise InvalidInputError.unknown("task", task, TASKS)
    return name


def column_of(labels: Any) -> Any:
    """Return the one column of labels of the shape (n, 1), in its own library."""
    if library_of(labels) in ("pandas", "polars", "pyarrow") and hasattr(labels, "columns"):
        if library_of(labels) == "pandas":
            return labels.iloc[:, 0]
        return labels.columns[0] if library_of(labels) == "pyarrow" else labels.get_columns()[0]
    if hasattr(labels, "toarray"):
        labels = labels.toarray()
    if hasattr(labels, "shape"):
        return labels[:, 0]
    return [row[0] if isinstance(row, (list, tuple, np.ndarray)) else row for row in labels]


def _shape(labels: Any, rows: Sequence[Any] | None) -> tuple[int, ...]:
    """Return (n, K) of a matrix of any kind; rows of vectors of numbers are one."""
    shape = getattr(labels, "shape", None)
    if shape is not None and not callable(shape) and (rows is None or len(shape) > 1):
        return tuple(int(s) for s in shape)
    if rows is None:
        return ()
    present = [row for row in rows if not _gap(row)]
    widths = {len(row) if isinstance(row, (list, tuple, np.ndarray)) else -1 for row in present}
    numbers = all(
        isinstance(v, (int, float, np.number, np.bool_)) or v is None
        for row in present
        if isinstance(row, (list, tuple, np.ndarray))
        for v in row
    )
    width = widths.pop() if len(widths) == 1 else -1
    return (len(rows), width) if width > 0 and numbers else ()


def _gap(row: Any) -> bool:
    return not isinstance(row, (Set, list, tuple, np.ndarray)) and is_missing(row)


def _task_of_matrix(labels: Any, shape: tuple[int, ...], name: str | None) -> str | None:
    """Say what a matrix of labels is, or show all readings of it."""
    if name == "multilabel":
        return name
    numbers = _matrix_numbers(labels, shape)
    if shape[1] == 1:
        if name == "regression" or (name is None and _fractional(numbers)):
            return "regression"
        raise InvalidInputError(
            f"labels have the shape {shape}, but one label per row, shape (n,), is needed.",
            "Pass the one column: labels.ravel(), labels[:, 0] or frame['name'].",
        )
    if name == "regression":
        raise TaskError(
            f"labels have the shape {shape}: {shape[1]} targets a row, but one at a time can be audited.",
            "Audit one column at a time: labels[:, 0]. ls.score(...) takes all of them at once.",
        )
    if name is not None:
        raise InvalidInputError(
            f"labels have the shape {shape}, but {name} needs one label per row, shape (n,).",
            "Use labels.argmax(axis=1) when each row marks its one class with a 1.",
        )
    if numbers is None:
        raise InvalidInputError(
            f"labels have the shape {shape}, which can be read in two ways: the answers of several people,"
            " or several labels per row.",
            'Write task="annotators" when each column is a person; for tags pass a list of sets.',
        )
    raise _matrix_error(labels, numbers)


def _matrix_numbers(labels: Any, shape: tuple[int, ...]) -> FloatArray | None:
    """Return a matrix as float64, None when it does not hold numbers."""
    if isinstance(labels, (list, tuple)) or rows_of(labels) is not None:
        items = [[np.nan] * shape[1] if _gap(row) else list(row) for row in rows_of(labels) or ()]
        return np.array(items, dtype=np.float64)  # None is NaN
    try:
        return as_matrix(labels)
    except (InvalidInputError, TypeError, ValueError):
        return None


def _fractional(numbers: FloatArray | None) -> bool:
    if numbers is None:
        return False
    present = numbers[~np.isnan(numbers)]
    return bool((present != np.floor(present)).any())


def _matrix_error(labels: Any, numbers: FloatArray) -> InvalidInputError:
    shape = numbers.shape
    present = numbers[~np.isnan(numbers)]
    binary = bool(np.isin(present, (0.0, 1.0)).all())
    if not binary and np.allclose(np.nansum(numbers, axis=1), 1, atol=0.02):
        return InvalidInputError(
            f"labels have the shape {shape} and rows that sum to 1: these are probabilities, not labels.",
            "Pass them as pred_probs=, and one label per row as labels.",
        )
    if _fractional(numbers):
        return InvalidInputError(
            f"labels have the shape {shape} and hold fractional numbers, which can be read in two ways: as"
            " several targets of a regression, or as the numbers that several people gave.",
            'Audit one column of targets at a time: labels[:, 0]; write task="annotators" for people.',
        )
    one_hot = not np.isnan(numbers).any() and binary and (numbers.sum(axis=1) == 1).all()
    extra = " Every row marks one class: labels.argmax(axis=1) gives one label per row." if one_hot else ""
    listed = not binary and isinstance(labels, (list, tuple))
    reading = (
        "each row lists its tags" if listed else "each column is a tag that a row has or not (multi-label)"
    )
    return InvalidInputError(
        f"labels have the shape {shape}, which can be read in two ways: {reading}, or each column is a"
        " person who gave the row a label.",
        f'Write task="multilabel" for tags, or task="annotators" for people.{extra}',
    )


def _task_of_rows(rows: Sequence[Any], name: str | None) -> str:
    """Say what a collection per row is: several tags, unless it could be tokens or people."""
    if name not in (None, "multilabel"):
        raise TaskError(
            f"labels are sets or lists, several labels per row, but task={name!r} needs one.",
            'Write task="multilabel" (or leave task out), or pass one label per row.',
        )
    if name == "multilabel":
        return name
    ordered = [row for row in rows if isinstance(row, (list, tuple, np.ndarray))]
    repeated = next((i for i, row in enumerate(rows) if _repeats(row)), None)
    if repeated is not None:
        raise InvalidInputError(
            f"Row {repeated} lists the same label twice, which can be read in two ways: as tags of a row, or"
            " as labels of its tokens or the answers of several people.",
            'Write task="multilabel" for tags; labels of tokens are out of scope (Argilla, doccano and'
            ' Prodigy do those); task="annotators" takes a matrix with one column per person.',
        )
    widths = {len(row) for row in ordered}
    if len(ordered) == len(rows) > 1 and len(widths) == 1 and min(widths) > 1:
        raise InvalidInputError(
            f"labels hold {min(widths)} entries in every row, which can be read in two ways: as tags of a"
            " row, or as the answers of several people.",
            'Write task="multilabel" for tags, or task="annotators" for people.',
        )
    return "multilabel"


def _repeats(row: Any) -> bool:
    if not isinstance(row, (list, tuple, np.ndarray)):
        return False
    try:
        return len(set(row)) < len(row)
    except TypeError:  # unhashable: refused when the tags are read
        return False


def _task_of_values(read: LabelValues, name: str | None, *, settled: bool = False) -> str:
    if name == "regression":
        return name
    if name is not None or settled or read.declared is not None:
        return name or "classification"
    if read.kind == "float":
        return "regression"
    if read.kind == "str":
        check_not_printed(None if gone else v for v, gone in zip(read.values, read.missing, strict=True))
    if read.kind == "int":
        distinct = np.unique(read.values[~read.missing])
        if len(distinct) > MAX_INT_CLASSES:
            raise InvalidInputError(
                f"labels are {len(distinct):,} different whole numbers from {distinct[0]} to {distinct[-1]},"
                " which can be read in two ways: as numbers of classes, or as amounts (regression).",
                'Write task="classification" (or pass class_names=) if they are classes,'
                ' task="regression" if they are amounts.',
            )
    return "classification"


__all__ = ["MAX_INT_CLASSES", "TASKS", "check_task", "column_of", "decide_task", "holds_several", "settle"]
