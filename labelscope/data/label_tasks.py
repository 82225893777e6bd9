"""What kind of task labels belong to: decided where it is plain, asked where two readings are possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.label_values import MULTILABEL, LabelValues, library_of, read_values
from labelscope.errors import InvalidInputError, TaskError

TASKS = ("classification", "multilabel", "regression")
MAX_INT_CLASSES = 30


def decide_task(labels: Any, *, task: str | None = None) -> str:
    """Say which task labels belong to.

    Parameters
    ----------
    labels : sequence
        As given by the user.
    task : str, optional
        ``"classification"``, ``"multilabel"`` or ``"regression"``, which settles it.

    Returns
    -------
    str
        ``"classification"``: the one task that is handled so far.

    Raises
    ------
    InvalidInputError
        Two readings are possible; the message shows both and the ``task=`` line to write.
    TaskError
        The labels are multi-label or numeric targets, which is not handled yet.

    Examples
    --------
    >>> decide_task(["cat", "dog", None])
    'classification'
    """
    check_matrix(labels, task)
    return task_of_values(read_values(labels), task)


def check_task(task: str | None) -> str | None:
    """Return the canonical name of a task that is handled; refuse others."""
    if task is None:
        return None
    name = str(task).lower().replace("-", "").replace("_", "").replace(" ", "")
    name = {"multiclass": "classification", "binary": "classification"}.get(name, name)
    if name not in TASKS:
        raise InvalidInputError.unknown("task", task, TASKS)
    if name != "classification":
        raise TaskError(
            f"task={task!r} is not handled yet.",
            'Classification is: pass one label per row and, if needed, task="classification".',
        )
    return name


def check_matrix(labels: Any, task: str | None) -> None:
    """Refuse labels with several columns, with all readings of the matrix."""
    shape = _shape(labels)
    if len(shape) < 2:
        return
    if len(shape) > 2 or shape[1] == 1:
        raise InvalidInputError(
            f"labels have the shape {shape}, but one label per row, shape (n,), is needed.",
            "Pass the one column: labels.ravel(), labels[:, 0] or frame['name'].",
        )
    check_task(task)
    if task is not None:
        raise InvalidInputError(
            f"labels have the shape {shape}, but {task} needs one label per row, shape (n,).",
            "Use labels.argmax(axis=1) when each row marks its one class with a 1.",
        )
    array = np.asarray(labels) if library_of(labels) != "polars" else labels.to_numpy()
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError):
        raise TaskError(
            f"labels have the shape {shape}: the answers of several people, or several labels per row (which"
            " is not handled yet).",
            'Write task="annotators" when each column is a person, or pass one label per row.',
        ) from None
    raise _matrix_error(numbers)


def _matrix_error(numbers: np.ndarray[Any, np.dtype[np.float64]]) -> InvalidInputError:
    shape = numbers.shape
    present = numbers[~np.isnan(numbers)]
    if not np.isin(present, (0.0, 1.0)).all() and np.allclose(np.nansum(numbers, axis=1), 1, atol=0.02):
        return InvalidInputError(
            f"labels have the shape {shape} and rows that sum to 1: these are probabilities, not labels.",
            "Pass them as pred_probs=, and one label per row as labels.",
        )
    one_hot = not np.isnan(numbers).any() and (numbers.sum(axis=1) == 1).all()
    extra = " Every row marks one class: labels.argmax(axis=1) gives one label per row." if one_hot else ""
    return InvalidInputError(
        f"labels have the shape {shape}, which can be read in two ways: each column is a tag that a row has"
        " or not (multi-label), or each column is a person who gave the row a label.",
        f'Write task="multilabel" for tags (not handled yet), or task="annotators" for people.{extra}',
    )


def task_of_values(read: LabelValues, task: str | None, *, settled: bool = False) -> str:
    """Decide from values that were read; ``settled`` when class names or probabilities prove classes."""
    name = check_task(task)
    if name is not None or settled or read.declared is not None:
        return "classification"
    if read.kind == "float":
        raise TaskError(
            "labels are fractional numbers: targets of a regression, which is not handled yet.",
            'Write task="classification" if every distinct number is a class.',
        )
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


def _shape(labels: Any) -> tuple[int, ...]:
    shape = getattr(labels, "shape", None)
    if shape is not None and not callable(shape):
        return tuple(int(s) for s in shape)
    if isinstance(labels, (list, tuple)) and labels:
        first = labels[0]
        if isinstance(first, (list, tuple, np.ndarray)):
            numeric = all(isinstance(v, (int, float, np.number)) or v is None for v in first)
            equal = all(hasattr(row, "__len__") and len(row) == len(first) for row in labels)
            if numeric and equal and len(first):
                return (len(labels), len(first))
            raise TaskError(f"{MULTILABEL} It is not handled yet.", "Pass one label per row.")
    return ()


__all__ = ["MAX_INT_CLASSES", "TASKS", "check_matrix", "check_task", "decide_task", "task_of_values"]
