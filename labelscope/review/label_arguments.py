"""Label arguments: one label for all rows, or one a row."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.events import to_scalar
from labelscope.review.rows import Rows


def wanted(to: Any, n_rows: int) -> tuple[list[Any], bool]:
    """Return labels and whether there is one a row."""
    if isinstance(to, dict | set | frozenset | bytes):
        raise InvalidTypeError(f"to is {to!r:.60}.", "Pass one label, or a list with one label per row.")
    if isinstance(to, str) or not hasattr(to, "__len__") or getattr(to, "ndim", 1) == 0:
        return [to.item() if getattr(to, "ndim", None) == 0 else to], False
    # NumPy, pandas and torch; polars; pyarrow: each makes Python values its own way.
    makers = (getattr(to, name, None) for name in ("tolist", "to_list", "to_pylist"))
    labels = next((make() for make in makers if make is not None), None)
    labels = list(to) if labels is None else labels
    if len(labels) != n_rows:
        raise InvalidInputError(
            f"to has {len(labels):,} labels, but {n_rows:,} rows are given.",
            "Pass one label for all, or one per row in the order of rows (for a mask: of its True rows).",
        )
    return labels, True


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
