"""Concepts: attributes beside the class of each row, read like tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from labelscope.data import frames
from labelscope.data.label_scope import rows_of
from labelscope.data.label_tasks import check_task
from labelscope.data.tag_output import snapshot_rows
from labelscope.data.tag_values import as_matrix, read_tags
from labelscope.data.tags import Tags
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError


def named_columns(concepts: Any) -> tuple[str, ...]:
    """Return the column names that ``concepts`` lists; empty when it holds the concepts themselves."""
    if isinstance(concepts, (list, tuple)) and concepts and all(isinstance(v, str) for v in concepts):
        return tuple(concepts)
    return ()


def held_concepts(concepts: Any, frame: Any) -> Any:
    """Return the container of concepts: columns that are named are looked up, a mapping becomes a frame.

    Raises
    ------
    InvalidTypeError
        Columns of data that is no frame.
    UnknownColumnError
        No such column.
    """
    columns = named_columns(concepts)
    if columns:
        if frame is None:
            raise InvalidTypeError(
                f"concepts={list(columns[:3])!r} names columns, but the data is not a frame.",
                "Pass a matrix or a frame with one column per attribute.",
            )
        return frames.select(frame, list(columns))
    if isinstance(concepts, Mapping):
        return frames.to_caller({str(name): _as_column(v) for name, v in concepts.items()})
    return None if concepts is None else snapshot_rows(concepts)


def read_concepts(concepts: Any, n: int) -> Tags | None:
    """Read attributes of rows.

    Parameters
    ----------
    concepts : (n, C) array or frame, or list of sets
        1 where a row has the attribute, 0 where not, NaN or None where unknown; None for no concepts.
    n : int
        Number of rows needed.

    Returns
    -------
    Tags or None
        ``negatives`` is True: an attribute that is 0 is known to be absent. Of a list of sets, what is not
        listed is absent.

    Raises
    ------
    InvalidTypeError
        No matrix.
    InvalidInputError
        Another number of rows, or values other than 0, 1 and NaN.

    Examples
    --------
    >>> tags = read_concepts([[1, 0], [0, None]], 2)
    >>> tags.names, tags.matrix.tolist()
    (('0', '1'), [[1, 0], [0, -1]])
    """
    if concepts is None:
        return None
    if rows_of(concepts) is None and as_matrix(concepts) is None:
        raise InvalidTypeError(
            f"concepts are given as {type(concepts).__name__} of the shape {np.shape(concepts)}.",
            "Pass a matrix (n, C) of 0, 1 and NaN, a frame with one column per attribute, or column names.",
        )
    tags = read_tags(concepts)
    if tags.n != n:
        raise InvalidInputError.wrong_length("concepts", tags.n, n)
    return replace(tags, negatives=True)


def check_with_concepts(task: str | None) -> str:
    """Return the task of a dataset with concepts; raises TaskError when another one is asked for."""
    name = check_task(task)
    if name in ("multilabel", "regression"):
        raise TaskError(
            f"concepts= is given together with task={task!r}, but goes with one class per row.",
            "Leave concepts out, or put the attributes among the tags.",
        )
    return "concepts"


def _as_column(values: Any) -> Any:
    return values if isinstance(values, np.ndarray) else list(values)


__all__ = ["check_with_concepts", "held_concepts", "named_columns", "read_concepts"]
