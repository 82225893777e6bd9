"""Parquet: labels in their own type, times as timestamps."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO

from labelscope.exports.label_types import typed
from labelscope.exports.table import Table

_TEXT = ("state", "reviewer")


def write_parquet(table: Table, file: BinaryIO, *, original: Any = None) -> None:
    """Write a table as Parquet.

    Parameters
    ----------
    table : Table
        ``time`` becomes a timestamp in UTC.
    file : binary file
    original : object, optional
        Labels in the caller's container; ``given`` and ``current`` take its type where all values fit it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {}
    for name, values in table.items():
        if name == "time":
            moments = [None if value is None else datetime.fromisoformat(value) for value in values]
            columns[name] = pa.array(moments, pa.timestamp("us", tz="UTC"))
        elif name in _TEXT:
            columns[name] = pa.array(values, pa.string())
        else:
            columns[name] = _column(values)
    given, current = columns.get("given"), columns.get("current")
    if given is not None and current is not None and given.type != current.type:
        wider = _column([*table["given"], *table["current"]])
        columns["given"], columns["current"] = wider[: len(given)], wider[len(given) :]
    columns |= typed({name: columns[name] for name in ("given", "current") if name in columns}, original)
    pq.write_table(pa.table(columns), file)


def _column(values: list[Any]) -> Any:
    import pyarrow as pa

    try:
        column = pa.array(values)
    except (
        pa.ArrowException,
        UnicodeEncodeError,
        OverflowError,
    ):  # mixed types, lone surrogates, huge numbers
        texts = [None if v is None else str(v).encode("utf-8", "backslashreplace").decode() for v in values]
        column = pa.array(texts, pa.string())
    if pa.types.is_list(column.type) and pa.types.is_null(column.type.value_type):
        return column.cast(pa.list_(pa.string()))
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column
