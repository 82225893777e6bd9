"""The type in which labels came, for files that can keep it."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.label_values import library_of


def arrow_type(original: Any) -> Any:
    """Return the Arrow type of a column of labels.

    Parameters
    ----------
    original : object
        Labels in the caller's container.

    Returns
    -------
    pyarrow.DataType or None
        Of numbers, truth values and categories; None where the values themselves say it.

    Examples
    --------
    >>> import numpy as np
    >>> arrow_type(np.zeros(3, dtype=np.int8)), arrow_type(["a", "b"])
    (DataType(int8), None)
    """
    import pyarrow as pa

    library, kind = library_of(original), None
    if getattr(original, "ndim", 1) != 1 or not (hasattr(original, "dtype") or library == "pyarrow"):
        return None
    if isinstance(original, np.ndarray):
        kind = pa.from_numpy_dtype(original.dtype) if original.dtype.kind in "iufb" else None
    elif library == "pandas":
        try:
            kind = pa.Array.from_pandas(original[:0]).type
        except pa.ArrowException:  # sparse columns, for instance
            return None
    elif library == "polars":
        kind = original[:0].to_arrow().type
    elif isinstance(original, (pa.Array, pa.ChunkedArray)):
        kind = original.type
    number = kind is not None and (pa.types.is_primitive(kind) and not pa.types.is_temporal(kind))
    return kind if kind is not None and (number or pa.types.is_dictionary(kind)) else None


def categories_of(original: Any) -> list[Any]:
    """List the categories that a column declares, in their order, used or not; empty without any."""
    library = library_of(original)
    if library == "pandas" and hasattr(getattr(original, "dtype", None), "categories"):
        return list(original.dtype.categories)
    if library == "polars" and str(getattr(original, "dtype", "")).startswith("Enum"):
        return list(original.dtype.categories)
    if library == "pyarrow":
        chunks = original.chunks if hasattr(original, "chunks") else [original]
        return list(dict.fromkeys(value for chunk in chunks for value in chunk.dictionary.to_pylist()))
    return []


def typed(columns: dict[str, Any], original: Any) -> dict[str, Any]:
    """Bring columns of labels to the type in which the labels came, if all of them fit it.

    Parameters
    ----------
    columns : dict of str to pyarrow.Array
    original : object
        Labels in the caller's container.

    Returns
    -------
    dict of str to pyarrow.Array
        As given where a value does not fit, such as a class that was added.
    """
    import pyarrow as pa

    kind = arrow_type(original)
    if kind is None:
        return columns
    try:
        if pa.types.is_dictionary(kind):
            return {name: _categorical(column, kind, original) for name, column in columns.items()}
        return {name: column.cast(kind) for name, column in columns.items()}
    except pa.ArrowException:
        return columns


def _categorical(column: Any, kind: Any, original: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    words = dict.fromkeys([*categories_of(original), *column.drop_null().to_pylist()])
    dictionary = pa.array(list(words), column.type)
    index = pa.int32() if len(words) > 127 else pa.int8()
    places = pc.index_in(column, value_set=dictionary).cast(index)
    return pa.DictionaryArray.from_arrays(places, dictionary, ordered=kind.ordered)


__all__ = ["arrow_type", "categories_of", "typed"]
