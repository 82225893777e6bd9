"""Label arguments: one label for all rows, or one a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.labels import Labels
from labelscope.data.tags import Tags
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.events import to_scalar
from labelscope.review.new_labels import set_text
from labelscope.review.rows import Rows


def wanted(to: Any, n_rows: int, given: Labels | None = None) -> tuple[list[Any], bool]:
    """Return labels and whether there is one a row; sets of tags as their texts."""
    if given is not None and given.tags is not None:
        return _wanted_sets(to, n_rows, given.tags)
    if isinstance(to, dict | set | frozenset | bytes):
        raise InvalidTypeError(f"to is {to!r:.60}.", "Pass one label, or a list with one label per row.")
    if isinstance(to, str) or not hasattr(to, "__len__") or getattr(to, "ndim", 1) == 0:
        return [to.item() if getattr(to, "ndim", None) == 0 else to], False
    # NumPy, pandas and torch; polars; pyarrow: each makes Python values its own way.
    makers = (getattr(to, name, None) for name in ("tolist", "to_list", "to_pylist"))
    labels = next((make() for make in makers if make is not None), None)
    labels = list(to) if labels is None else labels
    _check_length(labels, n_rows)
    return labels, True


def _wanted_sets(to: Any, n_rows: int, tags: Tags) -> tuple[list[Any], bool]:
    """Tell one set for all rows from one a row: a list of tags is a set, a list of sets is one a row."""
    if to is None:
        return [None], False
    if hasattr(to, "to_numpy") and hasattr(to, "columns"):  # a frame: one column a tag
        to = to.to_numpy()
    if isinstance(to, np.ndarray) and to.ndim == 2:
        several = list(to)
    elif isinstance(to, str | set | frozenset) or not hasattr(to, "__len__"):
        return [set_text(tags, to)], False
    else:
        if not isinstance(to, list | tuple | np.ndarray):
            makers = (getattr(to, name, None) for name in ("tolist", "to_list", "to_pylist"))
            to = next((make() for make in makers if make is not None), to)
        several = list(to)
        if not any(_is_set(item) for item in several):
            return [set_text(tags, to)], False
    _check_length(several, n_rows)
    return [None if item is None else set_text(tags, item) for item in several], True


def _is_set(item: Any) -> bool:
    return item is None or isinstance(item, set | frozenset | list | tuple | np.ndarray)


def _check_length(labels: list[Any], n_rows: int) -> None:
    if len(labels) != n_rows:
        raise InvalidInputError(
            f"to has {len(labels):,} labels, but {n_rows:,} rows are given.",
            "Pass one label for all, or one per row in the order of rows (for a mask: of its True rows).",
        )


def once(rows: Rows) -> Rows:
    """Return rows without repetition, in the order of first appearance."""
    found, first = np.unique(rows, return_index=True)
    return rows if len(found) == len(rows) else rows[np.sort(first)]


def unique(rows: Rows, labels: list[Any], per_row: bool) -> tuple[Rows, list[Any]]:
    """Return each row once, with its label; a row with two labels is refused."""
    single = once(rows)
    if not per_row or len(single) == len(rows):
        return single, labels
    said: dict[int, Any] = {}
    for row, label in zip(rows.tolist(), labels, strict=True):
        if to_scalar(said.setdefault(row, label)) != to_scalar(label):
            raise InvalidInputError(
                f"Row {row} is given twice, with the labels {said[row]!r} and {label!r}.",
                "Name each row once.",
            )
    return single, list(said.values())
