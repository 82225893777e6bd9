"""Labels out: new labels written into a copy of the container in which the given ones came."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.data.decimals import as_decimals, digits_before
from labelscope.data.label_values import is_missing, library_of, objects, plain
from labelscope.types import Array, BoolArray, IntArray


def snapshot(labels: Any) -> Any:
    """Copy labels in their container, so that later changes by the caller do not reach the copy."""
    if isinstance(labels, np.ndarray):
        kept = labels.copy()
        kept.flags.writeable = False
        return kept
    library = library_of(labels)
    if library == "pandas":
        return labels.copy()
    if library in ("polars", "pyarrow"):  # immutable
        return labels
    if hasattr(labels, "detach") and hasattr(labels, "clone"):
        return labels.detach().clone()
    if type(labels) is tuple:
        return labels
    return list(labels)


def rebuild_labels(original: Any, rows: IntArray, wanted: Sequence[Any], keep: BoolArray | None) -> Any:
    """Return a copy of ``original`` with ``wanted`` in ``rows``, cut to the rows in ``keep``.

    Parameters
    ----------
    original : list, tuple, numpy array, pandas, polars or pyarrow column, tensor
        The given labels, left as they are.
    rows : (m,) int
        Positions to change.
    wanted : sequence of m values
        Python scalars, None for no label.
    keep : (n,) bool or None
        Rows to return; None for all.
    """
    library, wanted = library_of(original), as_decimals(original, wanted) if len(rows) else wanted
    if isinstance(original, np.ndarray):
        result = _numpy(original, rows, wanted)
        return result if keep is None else result[keep]
    if library == "pandas":
        result = _pandas(original, rows, wanted)
        return result if keep is None else result[keep]
    if library == "polars":
        result = _polars(original, rows, wanted)
        return result if keep is None else result.filter(keep)
    if library == "pyarrow":
        return _pyarrow(original, rows, wanted, keep)
    if hasattr(original, "detach"):
        result = _tensor(original, rows, wanted)
        return result if keep is None else result[np.flatnonzero(keep)]
    items = _sequence(original, rows, wanted)
    if keep is not None:
        items = [value for value, kept in zip(items, keep, strict=True) if kept]
    return tuple(items) if type(original) is tuple else items


def _sequence(original: Sequence[Any], rows: IntArray, wanted: Sequence[Any]) -> list[Any]:
    items = list(original)
    # A list of numpy scalars or of str subclasses stays one: reuse the objects of the rows that have them.
    kinds = set(map(type, items)) - {type(None)}
    if len(kinds) > 1:  # NaN may stand for "no label" among other types
        kinds = {type(v) for v in items if not is_missing(v)}
    kind: Any = kinds.pop() if len(kinds) == 1 else None
    exemplar: dict[Any, Any] = {}
    if kind not in (None, str, int, bool, float):
        for value in items:
            if not is_missing(value):
                exemplar.setdefault(plain(value), value)
    for row, value in zip(rows.tolist(), wanted, strict=True):
        items[row] = exemplar.get(value, value) if exemplar else _like(value, kind)
    return items


def _like(value: Any, kind: type | None) -> Any:
    """A list of floats (1.0, nan) takes floats: its labels are read as whole numbers."""
    return float(value) if kind is float and isinstance(value, int) else value


def _numpy(original: Array, rows: IntArray, wanted: Sequence[Any]) -> Array:
    if isinstance(original, np.ma.MaskedArray):
        masked = original.astype(_widened(original.dtype, wanted))
        for row, value in zip(rows.tolist(), wanted, strict=True):
            masked[row] = np.ma.masked if value is None else value
        return masked
    result = np.array(original.astype(_widened(original.dtype, wanted)), subok=False)
    if len(rows):
        gap = np.nan if result.dtype.kind == "f" else None
        result[rows] = objects(gap if v is None else v for v in wanted)
    return result


def _widened(dtype: np.dtype[Any], wanted: Sequence[Any]) -> np.dtype[Any]:
    """Return the smallest dtype that holds what ``dtype`` holds and the wanted values, uncut."""
    values = {v for v in wanted if v is not None}
    gaps = any(v is None for v in wanted)
    kinds = {type(v) for v in values}
    if dtype.kind == "O" or not wanted:
        return dtype
    if dtype.kind == "U" and kinds <= {str} and not gaps:
        width = max(dtype.itemsize // 4, *(len(v) for v in values))
        return np.dtype(f"<U{width}") if width * 4 > dtype.itemsize else dtype
    if dtype.kind == "T" and kinds <= {str} and (not gaps or hasattr(dtype, "na_object")):
        return dtype
    if dtype.kind == "b" and kinds <= {bool} and not gaps:
        return dtype
    if dtype.kind in "iu" and kinds <= {int, float} and float in kinds:  # a target
        return np.dtype(np.float64)
    if dtype.kind in "iu" and kinds <= {int}:
        if gaps:
            return np.dtype(np.float64) if all(abs(v) < 2**53 for v in values) else np.dtype(object)
        return _fitting_int(dtype, values)
    if dtype.kind == "f" and kinds <= {int, float}:
        exact = all(v != v or float(dtype.type(v)) == v for v in values)
        return dtype if exact else np.dtype(np.float64)
    return np.dtype(object)


def _fitting_int(dtype: np.dtype[Any], values: set[Any]) -> np.dtype[Any]:
    limits = np.iinfo(dtype)
    low, high = min(values | {int(limits.min)}), max(values | {int(limits.max)})
    for kind in "ui" if dtype.kind == "u" else "i":
        for width in (1, 2, 4, 8):
            wide = np.dtype(f"{kind}{width}")
            if np.iinfo(wide).min <= low and high <= np.iinfo(wide).max:
                return wide
    return np.dtype(object)


def _pandas(original: Any, rows: IntArray, wanted: Sequence[Any]) -> Any:
    import pandas as pd

    if isinstance(original, pd.Index):
        return pd.Index(_pandas(original.to_series(), rows, wanted), name=original.name)
    if not isinstance(original, pd.Series):  # a bare extension array
        return _pandas(pd.Series(original), rows, wanted).array
    if not len(rows):
        return original.copy()
    dtype = original.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        values: Any = _categorical(original, rows, wanted)
    elif isinstance(dtype, np.dtype):
        values = _numpy(original.to_numpy(), rows, wanted)
    elif isinstance(dtype, pd.SparseDtype):
        dense = _numpy(np.asarray(original.array.to_dense(), dtype=dtype.subtype), rows, wanted)
        values = pd.arrays.SparseArray(dense, fill_value=dtype.fill_value)
    elif isinstance(dtype, pd.ArrowDtype):
        import pyarrow as pa

        chunked = pa.chunked_array(original.array.__arrow_array__())
        values = pd.arrays.ArrowExtensionArray(_pyarrow(chunked, rows, wanted, None))
    else:
        values = original.astype(_nullable(dtype, wanted)).array.copy()
        values[rows] = pd.array(list(wanted), dtype=values.dtype)
    # The dtype is stated because pandas would turn an object column of str into its string dtype.
    return pd.Series(values, index=original.index, name=original.name, dtype=values.dtype, copy=False)


def _categorical(original: Any, rows: IntArray, wanted: Sequence[Any]) -> Any:
    import pandas as pd

    categories = original.cat.categories
    position = {plain(v): i for i, v in enumerate(categories)}
    new = [v for v in dict.fromkeys(wanted) if v is not None and v not in position]
    if new:
        position.update({v: len(categories) + i for i, v in enumerate(new)})
        categories = categories.append(pd.Index(new))
    codes = np.array(original.cat.codes, dtype=np.int64)
    codes[rows] = [-1 if v is None else position[v] for v in wanted]
    dtype = pd.CategoricalDtype(categories, ordered=original.cat.ordered)
    return pd.Categorical.from_codes(codes, dtype=dtype)


def _nullable(dtype: Any, wanted: Sequence[Any]) -> Any:
    """Return the pandas extension dtype that the wanted values fit in: Int8 may become Int16, or object."""
    values = {v for v in wanted if v is not None}
    base = getattr(dtype, "numpy_dtype", None)
    if base is None:  # text
        return dtype if all(isinstance(v, str) for v in values) else object
    wide = _widened(np.dtype(base), list(values))
    if wide == base:
        return dtype
    if wide.kind in "iu":
        return wide.name.replace("uint", "UInt").replace("int", "Int")
    return "Float64" if wide.kind == "f" else object


def _polars(original: Any, rows: IntArray, wanted: Sequence[Any]) -> Any:
    import polars as pl

    if not len(rows):
        return original
    dtype, values = original.dtype, [v for v in dict.fromkeys(wanted) if v is not None]
    items = original.to_list()
    for row, value in zip(rows.tolist(), wanted, strict=True):
        items[row] = value
    if isinstance(dtype, pl.Enum):
        known = dtype.categories.to_list()
        dtype = pl.Enum(known + [v for v in values if v not in set(known)])
    elif dtype.is_integer() and all(type(v) is int for v in values):
        base = np.dtype(str(dtype).lower())
        dtype = getattr(
            pl, _fitting_int(base, set(values)).name.replace("uint", "UInt").replace("int", "Int")
        )
    elif dtype.is_integer() and all(type(v) in (int, float) for v in values):
        dtype = pl.Float64
    elif dtype.is_float() and all(type(v) in (int, float) for v in values):
        exact = all(float(np.float32(v)) == v for v in values)
        dtype = dtype if exact else pl.Float64
    elif dtype.is_decimal():
        dtype = pl.Decimal(None, dtype.scale)
    elif dtype == pl.Null:
        dtype = None
    elif not _fits_polars(dtype, values):
        dtype = pl.Object
    return pl.Series(original.name, items, dtype=dtype)


def _fits_polars(dtype: Any, values: Sequence[Any]) -> bool:
    import polars as pl

    kind = bool if dtype == pl.Boolean else str if dtype in (pl.String, pl.Categorical) else object
    return all(isinstance(v, kind) for v in values)


def _pyarrow(original: Any, rows: IntArray, wanted: Sequence[Any], keep: BoolArray | None) -> Any:
    import pyarrow as pa

    if len(rows):
        chunked = isinstance(original, pa.ChunkedArray)
        items = original.to_pylist()
        for row, value in zip(rows.tolist(), wanted, strict=True):
            items[row] = value
        values = [v for v in dict.fromkeys(wanted) if v is not None]
        if pa.types.is_dictionary(original.type):
            array = _dictionary(original, items, values)
        else:
            array = pa.array(items, type=_arrow_type(original.type, values))
        original = pa.chunked_array([array]) if chunked else array
    return original if keep is None else original.filter(pa.array(keep))


def _arrow_type(kind: Any, values: Sequence[Any]) -> Any:
    import pyarrow as pa

    if pa.types.is_integer(kind) and all(type(v) is int for v in values):
        return pa.from_numpy_dtype(_fitting_int(np.dtype(kind.to_pandas_dtype()), set(values)))
    if pa.types.is_integer(kind) and all(type(v) in (int, float) for v in values):
        return pa.float64()
    if pa.types.is_floating(kind):
        wide = _widened(np.dtype(kind.to_pandas_dtype()), list(values))
        return pa.from_numpy_dtype(wide) if wide.kind == "f" else pa.string()
    if pa.types.is_decimal(kind):
        digits = max(kind.precision, digits_before(values) + kind.scale)
        wide = pa.decimal256 if digits > 38 or kind.bit_width > 128 else pa.decimal128
        return kind if digits == kind.precision else wide(digits, kind.scale)
    return None if pa.types.is_null(kind) else kind


def _dictionary(original: Any, items: list[Any], values: Sequence[Any]) -> Any:
    """Extend the dictionary rather than rebuild it: declared categories keep their order, used or not."""
    import pyarrow as pa

    if isinstance(original, pa.ChunkedArray):
        original = original.unify_dictionaries().combine_chunks()
        original = original.chunk(0) if isinstance(original, pa.ChunkedArray) else original
    known = original.dictionary.to_pylist()
    words = known + [v for v in values if v not in set(known)]
    position = {word: i for i, word in enumerate(words)}
    index = original.type.index_type
    if len(words) - 1 > np.iinfo(index.to_pandas_dtype()).max:
        index = pa.int32()
    codes = pa.array([None if v is None else position[v] for v in items], type=index)
    dictionary = pa.array(words, type=_arrow_type(original.type.value_type, values))
    return pa.DictionaryArray.from_arrays(codes, dictionary, ordered=original.type.ordered)


def _tensor(original: Any, rows: IntArray, wanted: Sequence[Any]) -> Any:
    array = _numpy(np.asarray(original.detach().cpu().numpy()), rows, wanted)
    torch = sys.modules.get(library_of(original))  # loaded already, or there would be no tensor
    if array.dtype == object or torch is None or not hasattr(torch, "as_tensor"):
        return array
    return torch.as_tensor(array).to(original.device)


__all__ = ["rebuild_labels", "snapshot"]
