"""Tags out: new sets of tags written into a copy of the container in which the given ones came."""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data import frames
from labelscope.data.label_output import rebuild_labels, snapshot
from labelscope.data.label_scope import COLLECTIONS, rows_of
from labelscope.data.label_values import is_missing, library_of, objects
from labelscope.data.tag_values import plain_tags, split_text
from labelscope.data.tags import Tags
from labelscope.types import Array, BoolArray, IntArray

Values = npt.NDArray[np.int8]


def snapshot_rows(labels: Any) -> Any:
    """Copy labels in their container, and each set in it, so that later changes do not reach the copy."""
    if hasattr(labels, "toarray"):
        return labels.copy()
    rows = rows_of(labels)
    if rows is None or library_of(labels) in ("polars", "pyarrow"):  # immutable
        return snapshot(labels)
    return _contain(labels, [copy.copy(row) for row in rows], None)


def rebuild_tags(original: Any, tags: Tags, rows: IntArray, wanted: Values, keep: BoolArray | None) -> Any:
    """Return a copy of ``original`` with other tags in ``rows``, cut to the rows in ``keep``.

    Parameters
    ----------
    original : container
        The given tags, left as they are.
    tags : Tags
        The given tags as they were read.
    rows : (m,) int
        Positions to change.
    wanted : (m, K) int8
        1 present, 0 absent, -1 unknown; a row of -1 alone becomes unlabelled.
    keep : (n,) bool or None
        Rows to return; None for all.
    """
    if tags.form == "column":
        return rebuild_labels(original, rows, _texts(original, tags, rows, wanted), keep)
    items = rows_of(original)
    if items is None:
        return _matrix(original, tags, rows, wanted, keep)
    items = list(items)
    if tags.form == "sets":
        model = next((row for row in items if isinstance(row, COLLECTIONS)), [])
        for row, values in zip(rows.tolist(), wanted, strict=True):
            items[row] = _set(items[row], model, tags, values)
    else:
        for row, values in zip(rows.tolist(), wanted, strict=True):
            items[row] = _vector(items[row], tags.matrix[row], values)
    return _contain(original, items, keep)


def _texts(original: Any, tags: Tags, rows: IntArray, wanted: Values) -> list[str | None]:
    given = listed(original)
    texts: list[str | None] = []
    for row, values in zip(rows.tolist(), wanted, strict=True):
        old = given[row]
        before = [] if is_missing(old) else split_text(old, tags.separator)
        unlabelled = tags.n_tags > 0 and (values < 0).all()
        texts.append(None if unlabelled else tags.separator.join(_ordered(before, tags, values)))
    return texts


def listed(column: Any) -> list[Any]:
    """Return the rows of any column as Python values."""
    if hasattr(column, "to_pylist"):
        return list(column.to_pylist())
    return column.tolist() if hasattr(column, "tolist") else list(column)


def _ordered(before: Sequence[Any], tags: Tags, values: Values) -> list[Any]:
    """List the tags wanted: those that were there in their order and as they were, then the new ones."""
    wanted = {tags.values[j] for j in np.flatnonzero(values > 0).tolist()}
    kept = [tag for tag, value in zip(before, plain_tags(before), strict=True) if value in wanted]
    new = [v for v in tags.values if v in wanted - set(plain_tags(kept))]
    return kept + new


def _set(old: Any, model: Any, tags: Tags, values: Values) -> Any:
    if tags.n_tags and (values < 0).all():
        return None
    unlabelled = not isinstance(old, COLLECTIONS)
    kind = model if unlabelled else old
    before = [] if unlabelled else list(old)
    chosen = _ordered(before, tags, values)
    if isinstance(kind, np.ndarray):
        return np.array(chosen, dtype=None if kind.dtype.kind == "U" and chosen else kind.dtype)
    return type(kind)(chosen)


def _vector(old: Any, before: Values, values: Values) -> Any:
    """Write the changed places of a row that is a vector."""
    if (values < 0).all() and len(values):
        return None
    if not isinstance(old, (list, tuple, np.ndarray)):
        return [None if v < 0 else int(v) for v in values]
    changed = np.flatnonzero(before != values)
    if isinstance(old, np.ndarray):
        return _written(old, (changed,), values[changed])
    items = list(old)
    kinds = {type(v) for v in items if not is_missing(v)}
    for j in changed.tolist():
        items[j] = _scalar(kinds.pop() if len(kinds) == 1 else int, int(values[j]))
        kinds = {type(v) for v in items if not is_missing(v)}
    return type(old)(items)


def _scalar(kind: type, value: int) -> Any:
    if value < 0:
        return float("nan") if issubclass(kind, (float, np.floating)) else None
    return kind(value) if issubclass(kind, (bool, np.bool_, int, float, np.number)) else value


def _written(array: Array, where: tuple[Any, ...], values: Array) -> Array:
    """Write 1, 0 and unknown into a copy of an array, which becomes float where it cannot hold NaN."""
    if isinstance(array, np.ma.MaskedArray):
        masked = array.copy()
        masked[where] = np.ma.masked_array(np.maximum(values, 0), values < 0)
        return masked
    result = array.copy()
    result.flags.writeable = True
    if (values < 0).any() and result.dtype.kind in "biu":
        result = result.astype(np.float64)
    gap = None if result.dtype.kind == "O" else np.nan
    result[where] = objects(gap if v < 0 else v for v in values.tolist()) if gap is None else np.where(
        values < 0, np.nan, values
    )  # fmt: skip
    return result


def _matrix(original: Any, tags: Tags, rows: IntArray, wanted: Values, keep: BoolArray | None) -> Any:
    if library_of(original) in ("pandas", "polars", "pyarrow"):
        return _frame(original, tags, rows, wanted, keep)
    at, columns = np.nonzero(wanted != tags.matrix[rows])
    where, values = (rows[at], columns), wanted[at, columns]
    if hasattr(original, "toarray"):
        dense = _written(original.toarray(), where, values)
        sparse = type(original)(dense, shape=dense.shape)
        return sparse if keep is None else type(original)(sparse.tocsr()[np.flatnonzero(keep)])
    if hasattr(original, "detach"):
        array = _written(np.asarray(original.detach().cpu().numpy()), where, values)
        torch: Any = sys.modules.get(library_of(original))  # loaded already, or there would be no tensor
        array = array if keep is None else array[keep]
        return torch.as_tensor(array).to(original.device) if torch is not None else array
    result = _written(original, where, values)
    return result if keep is None else result[keep]


def _frame(original: Any, tags: Tags, rows: IntArray, wanted: Values, keep: BoolArray | None) -> Any:
    """Write changed columns one at a time, so that each keeps its own type."""
    changed = wanted != tags.matrix[rows]
    columns: dict[Any, Any] = {}
    for j, name in enumerate(frames.column_names(original)):
        at = np.flatnonzero(changed[:, j])
        if len(at):
            column = frames.column(original, name)
            flags = _is_flag(column)
            values = [None if v < 0 else bool(v) if flags else int(v) for v in wanted[at, j].tolist()]
            columns[name] = rebuild_labels(column, rows[at], values, keep)
    library = library_of(original)
    if library == "pandas":
        result = original.copy() if keep is None else original[keep].copy()
        for place, name in enumerate(original.columns):
            if name in columns:
                result.isetitem(place, columns[name])
        return result
    if library == "polars":
        cut = original if keep is None else original.filter(keep)
        return cut.with_columns(list(columns.values()))
    table = original if keep is None else original.filter(keep)
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _is_flag(column: Any) -> bool:
    kind = str(getattr(column, "dtype", None) or getattr(column, "type", "")).lower()
    if kind == "object":
        return any(isinstance(v, (bool, np.bool_)) for v in column)
    return kind.startswith(("bool", "sparse[bool"))


def _contain(original: Any, items: list[Any], keep: BoolArray | None) -> Any:
    """Put one collection per row into the container they came from."""
    library = library_of(original)
    if keep is not None:
        items = [row for row, kept in zip(items, keep, strict=True) if kept]
    if isinstance(original, np.ndarray):
        return objects(items)
    if library == "pandas":
        import pandas as pd

        index = original.index if keep is None else original.index[keep]
        if isinstance(original.dtype, np.dtype):
            return pd.Series(objects(items), index=index, name=original.name, dtype=object)
        values: Any = pd.arrays.ArrowExtensionArray(_arrow(original.array.__arrow_array__(), _lists(items)))
        return pd.Series(values, index=index, name=original.name)
    if library == "polars":
        import polars as pl

        dtype = original.dtype
        if isinstance(dtype, pl.Array) and any(row is not None and len(row) != dtype.size for row in items):
            dtype = pl.List(dtype.inner)
        given = items if dtype == pl.Object else _lists(items)
        return pl.Series(original.name, given, dtype=dtype)
    if library == "pyarrow":
        return _arrow(original, _lists(items))
    return tuple(items) if type(original) is tuple else items


def _lists(items: Sequence[Any]) -> list[list[Any] | None]:
    return [list(row) if isinstance(row, COLLECTIONS) else None for row in items]


def _arrow(original: Any, items: list[Any]) -> Any:
    import pyarrow as pa

    kind = original.type
    if pa.types.is_fixed_size_list(kind) and any(r is not None and len(r) != kind.list_size for r in items):
        kind = pa.list_(kind.value_field)
    array = pa.array(items, type=kind)
    return pa.chunked_array([array]) if isinstance(original, pa.ChunkedArray) else array


__all__ = ["listed", "rebuild_tags", "snapshot_rows"]
