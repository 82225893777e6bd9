"""Reading tables from files: Parquet, Feather, CSV, TSV, JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labelscope.data.frames import borrowed, check_columns
from labelscope.errors import InvalidInputError

# What stands for "nothing" in CSV. "NA" and "None" are left out: they are labels in real data, and a
# notice names them when they turn up among the labels.
CSV_GAPS = ("", "NaN", "nan", "NULL", "null", "N/A", "#N/A", "<NA>")


def read_table(path: Path, *, names: Mapping[Any, float] | None = None) -> Any:
    """Read a file into a pyarrow table.

    Parameters
    ----------
    path : Path
        ``.parquet``, ``.pq``, ``.feather``, ``.arrow``, ``.csv``, ``.tsv`` (these two also with ``.gz``),
        ``.jsonl``, ``.ndjson``, or ``.json`` with a list of objects.
    names : mapping of column name to number, optional
        Columns of names, such as labels and ids: in CSV, digits like ``007`` stay the text that they are,
        up to so many different values.

    Returns
    -------
    pyarrow.Table
        Marked as read from a file.

    Raises
    ------
    InvalidInputError
        The format is unknown, or the file is damaged; the line is named where it is known.
    """
    suffix = path.suffix.lower() if path.suffix.lower() != ".gz" else Path(path.stem).suffix.lower()
    reader = READERS.get(suffix)
    if reader is None:
        raise InvalidInputError(
            f"{path.name!r} is not a table that can be read here.",
            f"Known are {', '.join(sorted(READERS))}, a folder with one subfolder per class, and .npy.",
        )
    try:
        table = _csv(path, names or {}) if reader is _csv else reader(path)
    except InvalidInputError:
        raise
    except PermissionError as error:
        raise InvalidInputError(f"{str(path)!r} may not be read.", "Check its permissions.") from error
    # Arrow reports damaged files by ValueError and OSError, and bad text by UnicodeDecodeError.
    except (ValueError, OSError) as error:
        raise InvalidInputError(
            f"{path.name!r} cannot be read: {str(error).strip()}", _advice(suffix, str(error))
        ) from error
    check_columns(table)
    return borrowed(table)


def _parquet(path: Path) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(path)


def _feather(path: Path) -> Any:
    import pyarrow.feather as feather

    return feather.read_table(path)


def _csv(path: Path, names: Mapping[Any, float]) -> Any:
    from pyarrow import csv

    header = _first_line(path)
    if header.startswith("\ufffd\ufffd"):  # the byte order mark of UTF-16, which spreadsheets write
        raise ValueError("the line of column names is not UTF8 text")
    tabs = path.name.lower().removesuffix(".gz").endswith(".tsv")
    delimiter = "\t" if tabs else max(",;\t|", key=header.count) if header else ","

    def read(**options: Any) -> Any:
        return csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                null_values=list(CSV_GAPS),
                **options,
            ),
        )

    table = read()
    try:
        known = table.column_names
    except UnicodeDecodeError:
        raise ValueError("the line of column names is not UTF8 text") from None
    garbled = [field.name for field in table.schema if str(field.type) == "binary"]
    if garbled:  # Arrow's way of saying that a text column is not UTF-8
        raise ValueError(f"column {garbled[0]!r} is not UTF8 text")
    return _as_written(table, {name: most for name, most in names.items() if name in known}, read)


def _as_written(table: Any, names: Mapping[str, float], read: Callable[..., Any]) -> Any:
    """Take columns of names as text where numbers would lose a digit: leading zeros, or more than 15."""
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = [name for name in names if pa.types.is_integer(table.schema.field(name).type)]
    numbers += [name for name in names if pa.types.is_floating(table.schema.field(name).type)]
    if not numbers or len(set(table.column_names)) < table.num_columns:
        return table
    texts = read(include_columns=numbers, column_types=dict.fromkeys(numbers, pa.string()))
    for name in numbers:
        digits = pc.match_substring_regex(texts[name], r"^(0\d+|\d{16,})$")
        if pc.any(digits).as_py() and pc.count_distinct(texts[name]).as_py() <= names[name]:
            table = table.set_column(table.column_names.index(name), name, texts[name])
    return table


def _first_line(path: Path) -> str:
    import gzip

    with path.open("rb") as plain:
        file = gzip.GzipFile(fileobj=plain) if path.suffix.lower() == ".gz" else plain
        return bytes(file.readline(1 << 16)).decode("utf-8", "replace")


def _jsonl(path: Path) -> Any:
    rows: list[dict[str, Any]] = []
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                rows.append(_object(_parsed(line, path, number), path, f"line {number}"))
    return _table(rows, path)


def _json(path: Path) -> Any:
    with path.open(encoding="utf-8-sig") as file:
        text = file.read()
    if text.lstrip().startswith("{"):
        return _jsonl(path)
    found = _parsed(text, path, 1)
    if not isinstance(found, list):
        raise InvalidInputError(f"{path.name!r} holds no list of objects.", "Write one JSON object per line.")
    return _table([_object(v, path, f"entry {i}") for i, v in enumerate(found)], path)


def _parsed(text: str, path: Path, line: int) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"{path.name!r}, line {line + error.lineno - 1}: this is not JSON ({error.msg}).",
            "Every line must hold one complete JSON object; a file that was cut off ends in a torn one.",
        ) from error


def _object(value: Any, path: Path, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInputError(
            f"{path.name!r}, {where}: {type(value).__name__} instead of an object with column names.",
            'Write {"text": ..., "label": ...}.',
        )
    return value


def _table(rows: list[dict[str, Any]], path: Path) -> Any:
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns[name] = pa.array([_as_text(v, name, i, values, path) for i, v in enumerate(values)])
    return pa.table(columns)


def _as_text(value: Any, name: str, row: int, values: list[Any], path: Path) -> str | None:
    """Nested values of unequal shape become JSON text; scalars of mixed types are refused."""
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    if value is None or isinstance(value, str):
        return value
    other = next((i for i, v in enumerate(values) if v is not None and type(v) is not type(value)), row)
    raise InvalidInputError(
        f"Column {name!r} of {path.name!r} is of mixed types: {value!r} in row {row} and {values[other]!r} in"
        f" row {other}.",
        "Make all of its values text, or all numbers.",
    )


def _advice(suffix: str, message: str) -> str:
    if "UTF8" in message or "utf-8" in message:
        return "Save it as UTF-8."
    if suffix in (".csv", ".tsv"):
        return "Check that every line has the same number of fields, or pass pandas.read_csv(...) instead."
    return "Check that the file is complete and of the format that its name says."


READERS: dict[str, Callable[..., Any]] = {
    ".parquet": _parquet,
    ".pq": _parquet,
    ".feather": _feather,
    ".arrow": _feather,
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".json": _json,
}

__all__ = ["CSV_GAPS", "READERS", "read_table"]
