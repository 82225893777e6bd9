"""Labels in: any container of labels becomes plain values, a mask of the missing ones and their kind."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from numbers import Number
from typing import Any

import numpy as np

from labelscope.data.decimals import is_decimal_nan, without_decimals
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError
from labelscope.types import Array, BoolArray

KINDS = ("int", "bool", "str", "float")


@dataclass(frozen=True)
class LabelValues:
    """Labels without their container.

    Attributes
    ----------
    values : (n,) array
        int64, bool, float64, or object holding str; meaningless where missing.
    missing : (n,) bool
        Rows without a label.
    kind : str
        ``"int"``, ``"bool"``, ``"str"``, ``"float"`` (fractional values) or ``"none"`` (all missing).
    declared : tuple or None
        Categories in the order in which the container declares them, used or not.
    """

    values: Array
    missing: BoolArray
    kind: str
    declared: tuple[Any, ...] | None = None


def library_of(value: object) -> str:
    """Name the package that defines ``value``'s type, such as ``"pandas"``, without importing it."""
    return (type(value).__module__ or "").partition(".")[0]


def plain(value: Any) -> Any:
    """Return a numpy scalar as the Python scalar it stands for."""
    return value.item() if isinstance(value, np.generic) else value


def is_missing(value: Any) -> bool:
    """Say whether a single label means "no label": None, NaN, pandas' NA and NaT."""
    if value is None:
        return True
    if isinstance(value, (float, np.floating)):
        return bool(value != value)
    if is_decimal_nan(value):
        return True
    return type(value).__name__ in ("NAType", "NaTType") and library_of(value) == "pandas"


def read_values(labels: Any) -> LabelValues:
    """Read labels of any supported container.

    Parameters
    ----------
    labels : list, tuple, numpy array, pandas, polars or pyarrow column, tensor
        One label per row: int, str, bool, integral float; None or NaN where there is none.

    Returns
    -------
    LabelValues

    Raises
    ------
    InvalidTypeError
        The container is not one of those above.
    InvalidInputError
        Labels of mixed or unusable types.
    TaskError
        Several labels per row.
    """
    array, mask, declared = _to_array(labels)
    if array.ndim != 1:
        raise InvalidInputError(
            f"labels have the shape {array.shape}, but one label per row, shape (n,), is needed.",
            "Use labels.ravel() for a single column.",
        )
    if array.dtype == object:
        values, missing, kind = _read_objects(array, mask)
    else:
        values, missing, kind = _read_numbers(array, mask)
    if declared is not None:
        declared = tuple(plain(v) for v in declared)
    return LabelValues(values, missing, kind, declared)


def _to_array(labels: Any) -> tuple[Array, BoolArray | None, Sequence[Any] | None]:
    """Give (array, missing or None, declared categories or None); strings come as object arrays."""
    library = library_of(labels)
    if isinstance(labels, np.ndarray):
        return _from_numpy(labels)
    if library == "pandas":
        return _from_pandas(labels)
    if library == "polars":
        return _from_polars(labels)
    if library == "pyarrow":
        return _from_pyarrow(labels)
    if hasattr(labels, "detach") and hasattr(labels, "cpu"):  # a tensor
        return np.asarray(labels.detach().cpu().numpy()), None, None
    if isinstance(labels, (str, bytes, Mapping, Set, Iterator)):
        raise InvalidTypeError(
            f"labels are given as {type(labels).__name__}, but one label per row, in order, is needed.",
            "Pass a list, an array or a column; a column name works when data is a frame or a file.",
        )
    if not isinstance(labels, (list, tuple)) and hasattr(labels, "__array__"):
        return _from_numpy(np.asarray(labels))
    if isinstance(labels, Iterable) and hasattr(labels, "__len__"):
        return objects(labels), None, None
    raise InvalidTypeError(
        f"labels are given as {type(labels).__name__}, which is not a list, an array or a column.",
        "Pass one label per row: list(labels) often does it.",
    )


def objects(values: Iterable[Any]) -> Array:
    """Hold values in a 1-D object array, even when they are sequences themselves."""
    items = list(values)
    return np.fromiter(items, dtype=object, count=len(items))


def _from_numpy(array: Array) -> tuple[Array, BoolArray | None, None]:
    mask: BoolArray | None = None
    if isinstance(array, np.ma.MaskedArray):
        mask, array = np.ma.getmaskarray(array), np.asarray(array.data)
    if array.dtype.kind in "UT":
        array = array.astype(object)
    elif array.dtype.kind == "S":
        raise InvalidInputError(
            "labels are bytes (numpy dtype S), but text labels must be str.",
            'Use np.char.decode(labels, "utf-8").',
        )
    elif array.dtype.kind in "mMcV":
        raise InvalidInputError(
            f"labels have the dtype {array.dtype}, which cannot name classes.",
            "Use labels.astype(str) to take every distinct value as a class.",
        )
    return array, mask, None


def _from_pandas(labels: Any) -> tuple[Array, BoolArray | None, Sequence[Any] | None]:
    if getattr(labels, "ndim", 1) != 1:
        return np.asarray(labels.to_numpy()), None, None
    if not hasattr(labels, "dtype"):
        raise InvalidTypeError(
            f"labels are given as a pandas {type(labels).__name__}, but a column is needed.",
            'Pass a Series such as df["label"].',
        )
    dtype = labels.dtype
    declared = list(dtype.categories) if hasattr(dtype, "categories") else None
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return _from_numpy(np.asarray(labels))
    return objects(labels.astype(object)), None, declared


def _from_polars(labels: Any) -> tuple[Array, BoolArray | None, Sequence[Any] | None]:
    if not hasattr(labels, "dtype"):
        if hasattr(labels, "columns"):
            return np.empty((len(labels), len(labels.columns))), None, None
        raise InvalidTypeError("labels are given as a polars expression.", "Pass a collected Series.")
    declared = labels.dtype.categories.to_list() if str(labels.dtype).startswith("Enum") else None
    simple = labels.null_count() == 0 and not str(labels.dtype).startswith("Decimal")
    if simple and (labels.dtype.is_numeric() or str(labels.dtype) == "Boolean"):
        return np.asarray(labels.to_numpy()), None, None
    return objects(labels.to_list()), None, declared


def _from_pyarrow(labels: Any) -> tuple[Array, BoolArray | None, Sequence[Any] | None]:
    import pyarrow as pa

    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks() if labels.num_chunks != 1 else labels.chunk(0)
        if isinstance(labels, pa.ChunkedArray):  # no chunk at all, in some versions
            labels = pa.array([], labels.type)
    if not isinstance(labels, pa.Array):
        raise InvalidTypeError(f"labels are a pyarrow {type(labels).__name__}.", "Pass one of its columns.")
    kind = labels.type
    declared = labels.dictionary.to_pylist() if pa.types.is_dictionary(kind) else None
    if labels.null_count == 0 and (pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
        return np.asarray(labels.to_numpy(zero_copy_only=False)), None, None
    return objects(labels.to_pylist()), None, declared


def _read_numbers(array: Array, mask: BoolArray | None) -> tuple[Array, BoolArray, str]:
    missing = np.zeros(len(array), dtype=bool) if mask is None else mask.copy()
    if array.dtype.kind == "b":
        return array, missing, "bool" if (~missing).any() else "none"
    if array.dtype.kind in "iu":
        return _int64(array, missing), missing, "int" if (~missing).any() else "none"
    missing |= np.isnan(array)
    return _read_floats(array.astype(np.float64), missing)


def _read_floats(array: Array, missing: BoolArray) -> tuple[Array, BoolArray, str]:
    """Floats that hold whole numbers are int labels that some missing values turned into floats."""
    present = array[~missing]
    if not len(present):
        return np.zeros(len(array), dtype=np.int64), missing, "none"
    if np.isinf(present).any():
        rows = np.flatnonzero(np.isinf(array))
        raise InvalidInputError(
            f"labels are infinite in {len(rows):,} rows: {', '.join(map(str, rows[:8]))}"
            f"{', …' if len(rows) > 8 else ''}.",
            "Use None or NaN where there is no label.",
        )
    if (present == np.floor(present)).all() and np.abs(present).max() < 2**53:
        return np.where(missing, 0, array).astype(np.int64), missing, "int"
    return array, missing, "float"


def _int64(array: Array, missing: BoolArray) -> Array:
    if array.dtype.kind == "u" and array.dtype.itemsize == 8:
        present = array[~missing]
        if len(present) and present.max() > np.iinfo(np.int64).max:
            raise InvalidInputError(
                "labels are whole numbers beyond 2**63 - 1, which cannot name classes exactly.",
                "Use labels.astype(str).",
            )
    return array.astype(np.int64)


def _read_objects(array: Array, mask: BoolArray | None) -> tuple[Array, BoolArray, str]:
    items = array.tolist()
    # Most lists hold one type without gaps: one pass in C over the types then says so.
    types = set(map(type, items))
    if types <= {str, int, bool}:
        missing = np.zeros(len(items), dtype=bool)
    else:
        missing = np.fromiter(map(is_missing, items), dtype=bool, count=len(items))
    if mask is not None:
        missing = missing | mask
    present = [v for v, gone in zip(items, missing, strict=True) if not gone] if missing.any() else items
    if any(issubclass(kind, Decimal) for kind in types) and _kinds_of(present) <= {"int", "float"}:
        present = without_decimals(present)
    kinds = _kinds_of(present)
    if not kinds:
        return np.zeros(len(items), dtype=np.int64), missing, "none"
    if kinds <= {"int", "float"}:
        numbers = np.zeros(len(items), dtype=np.float64 if "float" in kinds else np.int64)
        try:
            numbers[~missing] = present
        except OverflowError:
            raise InvalidInputError(
                "labels are whole numbers beyond 64 bits, which cannot name classes here.",
                "Use [str(label) for label in labels].",
            ) from None
        return _read_floats(numbers, missing) if "float" in kinds else (numbers, missing, "int")
    if len(kinds) > 1:
        raise _mixed(items, missing)
    kind = kinds.pop()
    if kind == "bool":
        flags = np.zeros(len(items), dtype=bool)
        flags[~missing] = present
        return flags, missing, "bool"
    if not types <= {str}:
        array = objects(None if gone else str.__str__(v) for v, gone in zip(items, missing, strict=True))
    return array, missing, "str"


def kind_of_type(kind: type) -> str:
    """Name the kind of label that a Python or numpy type is, or raise because it cannot be one."""
    if issubclass(kind, (bool, np.bool_)):
        return "bool"
    if issubclass(kind, (int, np.integer)):
        return "int"
    if issubclass(kind, (float, np.floating, Decimal)):
        return "float"
    if issubclass(kind, str):
        return "str"
    if issubclass(kind, (Set, list, tuple, np.ndarray)):
        raise TaskError(
            "labels are sets or lists: several per row, where one is needed.",
            'Write task="multilabel" where tags are meant, or pass one label per row.',
        )
    if issubclass(kind, (bytes, bytearray)):
        raise InvalidInputError("labels are bytes, but text labels must be str.", "Use label.decode().")
    if issubclass(kind, (datetime.date, datetime.time, datetime.timedelta, np.datetime64)):
        raise InvalidInputError("labels are dates or times.", "Use str(label) to take each one as a class.")
    to_number = issubclass(kind, Number) and not issubclass(kind, (complex, np.complexfloating))
    raise InvalidInputError(
        f"labels of the type {kind.__name__} cannot name classes; int, str and bool can.",
        "Use [float(label) for label in labels] for targets, [str(label) for label in labels] for classes."
        if to_number
        else "Use [str(label) for label in labels].",
    )


def _kinds_of(present: Iterable[Any]) -> set[str]:
    return {kind_of_type(t) for t in set(map(type, present))}


def _mixed(items: Sequence[Any], missing: BoolArray) -> InvalidInputError:
    found: dict[str, list[int]] = {}
    for row, (value, gone) in enumerate(zip(items, missing, strict=True)):
        if not gone:
            found.setdefault(kind_of_type(type(value)), []).append(row)
    parts = [
        f"{kind} ({len(rows):,} rows, first: row {rows[0]} = {items[rows[0]]!r})"
        for kind, rows in found.items()
    ]
    return InvalidInputError(
        f"labels are of mixed types: {' and '.join(parts)}.",
        "Make them one type, e.g. [None if label is None else str(label) for label in labels].",
    )
