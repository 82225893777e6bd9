"""Targets of a regression: numbers in, their names, and numbers as the caller's container has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.label_output import rebuild_labels
from labelscope.data.label_tasks import column_of
from labelscope.data.label_values import LabelValues, library_of, plain
from labelscope.errors import InvalidInputError
from labelscope.types import Array, BoolArray, FloatArray, IntArray


def targets_of(read: LabelValues) -> FloatArray:
    """Return labels that were read as (n,) float64, NaN where missing; refuse what is no number."""
    if read.kind in ("str", "bool"):
        raise InvalidInputError(
            f"labels are {read.kind}, but the targets of a regression are numbers.",
            "Convert them, e.g. pandas.to_numeric(labels) or numpy.asarray(labels, dtype=float).",
        )
    numbers = np.asarray(read.values, dtype=np.float64).copy()
    numbers[read.missing] = np.nan
    return numbers + 0.0  # -0.0 is no target of its own


def number_names(classes: Array) -> tuple[str, ...]:
    """Write distinct numbers so that they stay distinct: whole ones without a point."""
    numbers = np.asarray(classes, dtype=np.float64)
    whole = bool((numbers == np.floor(numbers)).all()) and float(np.abs(numbers).max(initial=0)) < 2**53
    return tuple(str(int(v)) if whole else repr(v) for v in numbers.tolist())


def as_target(value: Any) -> float:
    """Return a number, or a text that holds one, as a target; raises InvalidInputError for anything else."""
    given = plain(value)
    try:
        number = float(given) if not isinstance(given, bool) else np.nan
    except (TypeError, ValueError, OverflowError):
        number = np.nan
    if not np.isfinite(number):
        raise InvalidInputError(f"The target {value!r} is no finite number.", "Give a number such as 3.5.")
    return float(number) + 0.0


def rebuild_targets(original: Any, rows: IntArray, wanted: list[Any], keep: BoolArray | None) -> Any:
    """Return a copy of targets (n,) or (n, 1) with others in some rows, cut to the rows in ``keep``.

    Whole numbers are written as ints where the container holds ints.
    """
    if not _is_column(original):
        return rebuild_labels(original, rows, _fitting(original, wanted), keep)
    column = column_of(original)
    column = rebuild_labels(column, rows, _fitting(column, wanted), keep)
    library = library_of(original)
    if library == "pandas":
        return column.to_frame(original.columns[0])
    if library == "polars":
        return column.to_frame()
    if library == "pyarrow":
        kept = original if keep is None else original.filter(keep)
        return kept.set_column(0, original.column_names[0], column)
    if hasattr(column, "shape"):
        return column.reshape(-1, 1)
    outer = tuple if isinstance(original, tuple) else list
    cut = original if keep is None else [row for row, kept in zip(original, keep, strict=True) if kept]
    return outer(
        row if row is not None and _same(row[0], value) else _like(row, value)
        for row, value in zip(cut, column, strict=True)
    )


def _is_column(original: Any) -> bool:
    shape = getattr(original, "shape", None)
    if shape is not None and not callable(shape):
        return len(shape) == 2
    return any(isinstance(row, (list, tuple, np.ndarray)) for row in original)


def _same(one: Any, other: Any) -> bool:
    return one is other or bool(one == other)


def _like(row: Any, value: Any) -> Any:
    return np.array([value], dtype=np.float64) if isinstance(row, np.ndarray) else type(row or [])([value])


def _fitting(original: Any, wanted: list[Any]) -> list[Any]:
    """Return numbers as ``original`` holds them: whole ones as int where it holds whole numbers."""
    if _holds_floats(original):
        narrow = _narrow(original)
        return wanted if narrow is None else [v if v is None else _rounded(v, narrow) for v in wanted]
    return [int(v) if v is not None and v == int(v) else v for v in wanted]


def _narrow(original: Any) -> type | None:
    """Return the float type of a container that is narrower than 64 bits."""
    name = str(getattr(original, "dtype", None) or getattr(original, "type", "")).lower()
    if "16" in name or name == "halffloat":
        return np.float16
    return np.float32 if "float32" in name or name in ("float", "float[pyarrow]") else None


def _rounded(value: float, narrow: Any) -> float:
    """Round a target to the container's precision, unless it is too large for it."""
    with np.errstate(over="ignore"):
        rounded = float(narrow(value))
    return rounded if np.isfinite(rounded) else value


def _holds_floats(original: Any) -> bool:
    dtype = getattr(original, "dtype", None)
    kind = getattr(dtype, "kind", "")
    if kind and kind in "iufb":
        return bool(kind == "f")
    if dtype is not None or hasattr(original, "type"):
        name = str(dtype if dtype is not None else original.type).lower()
        return "float" in name or "double" in name or "decimal" in name
    return any(isinstance(v, (float, np.floating)) and v == v for v in original)


__all__ = ["as_target", "number_names", "rebuild_targets", "targets_of"]
