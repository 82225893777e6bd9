"""The one room that knows frames: pandas, polars, pyarrow and whatever else narwhals reads."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np

from labelscope.data.label_values import library_of, objects, plain
from labelscope.errors import InvalidInputError, InvalidTypeError, UnknownColumnError
from labelscope.types import Array

_BORROWED = {b"labelscope": b"borrowed"}


def is_frame(value: object) -> bool:
    """Say whether a value is a frame of a known library, eager or lazy.

    Examples
    --------
    >>> import pyarrow as pa
    >>> is_frame(pa.table({"a": [1]})), is_frame([1])
    (True, False)
    """
    if isinstance(value, (str, bytes, list, tuple, dict, np.ndarray)):
        return False
    if _has_repeated(value):
        return True
    wrapped = nw.from_native(value, pass_through=True)
    return isinstance(wrapped, (nw.DataFrame, nw.LazyFrame))


def eager(frame: Any) -> Any:
    """Return a native frame whose rows are in memory; lazy frames are collected."""
    check_columns(frame)
    wrapped = nw.from_native(frame, pass_through=True)
    if isinstance(wrapped, nw.LazyFrame):
        return wrapped.collect().to_native()
    return frame


def check_columns(frame: Any) -> None:
    """Refuse a frame that has two columns of one name."""
    repeated = _has_repeated(frame)
    if repeated:
        raise InvalidInputError(
            f"The frame has more than one column {repeated[0]!r}.",
            "Rename or drop the others, so that names are unique.",
        )


def n_rows(frame: Any) -> int:
    """Count the rows of an eager frame."""
    return len(_wrap(frame))


def column_names(frame: Any) -> list[Any]:
    """List the column names of a native frame."""
    return list(_wrap(frame).columns)


def column(frame: Any, name: Any) -> Any:
    """Return a column in the frame's own library: a Series or a ChunkedArray.

    Raises
    ------
    UnknownColumnError
        There is no such column; the near miss is named.
    """
    wrapped = _wrap(frame)
    if name not in wrapped.columns:
        raise UnknownColumnError.of(name, wrapped.columns)
    return wrapped.get_column(name).to_native()


def column_values(frame: Any, name: Any) -> Array:
    """Return a column as a numpy array; text and columns with gaps come as objects.

    Parameters
    ----------
    frame : pandas, polars or pyarrow frame
    name : str

    Returns
    -------
    (n,) array

    Raises
    ------
    UnknownColumnError
        There is no such column.

    Examples
    --------
    >>> import pyarrow as pa
    >>> column_values(pa.table({"x": [1.0, 2.0]}), "x")
    array([1., 2.])
    """
    column(frame, name)
    series = _wrap(frame).get_column(name)
    if series.dtype.is_numeric() or series.dtype == nw.Boolean:
        return np.asarray(series.to_numpy())
    return objects(series.to_list())


def column_list(frame: Any, name: Any) -> list[Any]:
    """Return a column as Python values, None where there is none (NaN stays in float columns)."""
    return list(_wrap(frame).get_column(name).to_list())


def is_numeric(frame: Any, name: Any) -> bool:
    """Say whether a column holds numbers."""
    return bool(_wrap(frame).get_column(name).dtype.is_numeric())


def is_text(frame: Any, name: Any) -> bool:
    """Say whether a column may hold str: a string column, or Python objects."""
    return _wrap(frame).get_column(name).dtype in (nw.String, nw.Object, nw.Unknown)


def select(frame: Any, names: Sequence[Any]) -> Any:
    """Return a native frame of the columns named, in that order."""
    wrapped = _wrap(frame)
    for name in names:
        if name not in wrapped.columns:
            raise UnknownColumnError.of(name, wrapped.columns)
    return wrapped.select(list(names)).to_native() if library_of(frame) != "pandas" else frame[list(names)]


def record(frame: Any, row: int) -> dict[str, Any]:
    """Return one row as Python values by column name; gaps are None."""
    wrapped = _wrap(frame)
    values = wrapped.row(row)
    return {str(k): _shown(v) for k, v in zip(wrapped.columns, values, strict=True)}


def head(frame: Any, n: int) -> Any:
    """Return the first n rows."""
    return _wrap(frame).head(n).to_native()


def borrowed(table: Any) -> Any:
    """Mark a pyarrow table as ours: its caller holds no frame that results should resemble."""
    return table.replace_schema_metadata({**(table.schema.metadata or {}), **_BORROWED})


def index_of(frame: Any) -> Any:
    """Return the index of a pandas frame or column that its owner set, else None."""
    index = getattr(frame, "index", None) if library_of(frame) == "pandas" else None
    # The default index counts from 0; after a filter a RangeIndex may have gaps, which are the owner's.
    if index is None or (type(index).__name__ == "RangeIndex" and (index.start, index.step) == (0, 1)):
        return None
    return index


def to_caller(columns: Mapping[str, Any], like: Any = None) -> Any:
    """Make a frame in the library of ``like``, else pandas if it is installed, else pyarrow.

    Parameters
    ----------
    columns : mapping of str to (n,) array or list
        The columns, in order.
    like : frame, optional
        A frame of the caller's.

    Returns
    -------
    frame
        pandas, polars or pyarrow.

    Examples
    --------
    >>> import pyarrow as pa
    >>> to_caller({"row": [0, 1]}, pa.table({"a": [1]})).column_names
    ['row']
    """
    library = library_of(like) if like is not None else ""
    if library == "pyarrow" and dict(like.schema.metadata or {}).items() >= _BORROWED.items():
        library = ""
    if library == "polars":
        import polars as pl

        return pl.DataFrame({name: _tidy(values) for name, values in columns.items()}, strict=False)
    if library != "pyarrow" and importlib.util.find_spec("pandas") is not None:
        import pandas as pd

        return pd.DataFrame(dict(columns))
    import pyarrow as pa

    return pa.table({name: pa.array(_tidy(values), from_pandas=True) for name, values in columns.items()})


def for_estimator(frame: Any) -> Any:
    """Return the frame as scikit-learn takes it: pyarrow tables become pandas frames if pandas is there."""
    if library_of(frame) == "pyarrow" and importlib.util.find_spec("pandas") is not None:
        return frame.to_pandas()
    return frame


def _tidy(values: Any) -> Any:
    """Lists for object arrays: polars and pyarrow then find out themselves what the objects are."""
    return values.tolist() if isinstance(values, np.ndarray) and values.dtype.kind in "OU" else values


def _wrap(frame: Any) -> nw.DataFrame[Any]:
    wrapped = nw.from_native(frame, pass_through=True)
    if isinstance(wrapped, nw.LazyFrame):
        wrapped = wrapped.collect()
    if not isinstance(wrapped, nw.DataFrame):
        raise InvalidTypeError(
            f"A {type(frame).__name__} is not a frame.", "Pass a pandas, polars or pyarrow frame."
        )
    return wrapped


def _has_repeated(frame: Any) -> list[Any]:
    if library_of(frame) == "pandas":
        names = list(getattr(frame, "columns", ()))
    elif library_of(frame) == "pyarrow":
        names = list(getattr(frame, "column_names", ()))
    else:
        return []  # the others do not allow it
    return [] if len(set(names)) == len(names) else sorted({n for n in names if names.count(n) > 1}, key=str)


def _shown(value: Any) -> Any:
    if hasattr(value, "as_py"):
        value = value.as_py()
    value = plain(value)
    if isinstance(value, (bytes, bytearray)):
        return f"{len(value):,} bytes"
    gap = value is None or type(value).__name__ in ("NAType", "NaTType")
    return None if gap or (isinstance(value, float) and value != value) else value


__all__ = [
    "borrowed",
    "check_columns",
    "column",
    "column_list",
    "column_names",
    "column_values",
    "eager",
    "for_estimator",
    "head",
    "index_of",
    "is_frame",
    "is_numeric",
    "is_text",
    "n_rows",
    "record",
    "select",
    "to_caller",
]
