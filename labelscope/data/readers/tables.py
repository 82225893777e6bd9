"""Frames, and files that hold a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data import frames
from labelscope.data.columns import find_media
from labelscope.data.files import read_table
from labelscope.data.label_tasks import MAX_INT_CLASSES
from labelscope.data.label_values import objects
from labelscope.data.media import TableMedia
from labelscope.data.readers.source import Source
from labelscope.errors import InvalidInputError, notify


def read(
    frame: Any,
    labels: Any,
    *,
    media: Any = None,
    taken: tuple[Any, ...] = (),
    name: str = "",
    base: Path | None = None,
) -> Source:
    """Read a frame.

    Parameters
    ----------
    frame : pandas, polars or pyarrow frame, or another that narwhals reads
    labels : column name, list of column names (one per tag), container of labels, or None
    media : column name, list of names, or kind, optional
    taken : tuple of column names
        Columns with ids or groups.
    name : str
    base : Path, optional
        Folder from which relative paths in a column start.

    Raises
    ------
    UnknownColumnError
        No such column; the near miss is named.
    """
    frame = frames.eager(frame)
    column = _column_of(frame, labels)
    several = columns_of(frames.column_names(frame), frames.n_rows(frame), labels)
    given = frames.column(frame, column) if column is not None else labels
    if several:
        given, taken = frames.select(frame, several), (*taken, *several)
    if not frames.n_rows(frame):
        raise InvalidInputError("data has no rows.", "Pass at least one row.")
    for other in taken:
        frames.column(frame, other)
    beside = (column, *taken) if column is not None else taken
    found, columns = find_media(frame, beside, media, base)
    if isinstance(found, TableMedia) and column is not None and not isinstance(media, (list, tuple)):
        found = _without_copies(frame, column, columns, found)
    index = frames.index_of(frame)
    return Source(found, given, name=name, frame=frame, ids=None, index=index)


def read_file(
    path: Path, labels: Any, *, media: Any = None, taken: tuple[Any, ...] = (), task: str | None = None
) -> Source:
    """Read a table from a file; its label column comes as a numpy array, objects where text or gaps are."""
    names = dict.fromkeys(taken, np.inf)
    if isinstance(labels, str) and task != "regression":
        names[labels] = MAX_INT_CLASSES if task is None else np.inf  # more may be amounts: that is asked
    table = read_table(path, names=names)
    source = read(
        table, labels, media=media, taken=taken, name=path.name.split(".")[0], base=path.absolute().parent
    )
    column = _column_of(table, labels)
    if column is None:
        return source  # several columns stay a table
    values, declared = as_numpy(frames.column(table, column))
    return Source(source.media, values, declared, None, source.name, table)


def of_mapping(data: Mapping[Any, Any]) -> Any:
    """Make a frame of a mapping from name to column."""
    if data and all(hasattr(v, "column_names") and hasattr(v, "features") for v in data.values()):
        raise InvalidInputError(
            f"data holds several splits: {', '.join(map(str, data))}.",
            f"Pass one, e.g. data[{next(iter(data))!r}].",
        )
    columns = {str(k): v for k, v in data.items()}
    lengths = {
        k: len(v) if hasattr(v, "__len__") and not isinstance(v, str) else -1 for k, v in columns.items()
    }
    if not columns or len(set(lengths.values())) != 1 or -1 in lengths.values():
        raise InvalidInputError(
            f"data is a mapping with entries of the lengths {lengths}.",
            "Pass columns of one length, by name.",
        )
    for name, column in columns.items():
        if len(np.shape(column) if isinstance(column, np.ndarray) else (1,)) != 1:
            raise InvalidInputError(
                f"The column {name!r} has the shape {np.shape(column)}, but a column has one axis.",
                "Pass a matrix as it is, or its columns by name.",
            )
    return frames.to_caller(columns)


def of_records(rows: Sequence[Any]) -> Any:
    """Make a frame of a list of mappings."""
    odd = next((i for i, r in enumerate(rows) if not isinstance(r, Mapping)), None)
    if odd is not None:
        raise InvalidInputError(f"Row {odd} of data is no mapping, unlike the first.", "Pass one per row.")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return frames.to_caller({str(name): [row.get(name) for row in rows] for name in names})


def _column_of(frame: Any, labels: Any) -> Any:
    """Return the column that ``labels`` names; other frames' columns and arrays are labels themselves."""
    if isinstance(labels, str):
        frames.column(frame, labels)
        return labels
    if isinstance(labels, (int, np.integer)) and not isinstance(labels, bool):
        frames.column(frame, labels)
        return labels
    return None


def columns_of(names: Sequence[Any], n: int, labels: Any) -> list[Any]:
    """Return the columns that ``labels`` names, one per tag; texts that are no columns are labels."""
    if not isinstance(labels, (list, tuple)) or not labels or len(labels) == n:
        return []
    known = set(names)
    return list(labels) if all(isinstance(v, str) and v in known for v in labels) else []


def as_numpy(column: Any) -> tuple[Any, list[Any] | None]:
    """Give an Arrow column as a numpy array, objects where text or gaps are, and its declared categories."""
    import pyarrow as pa

    declared = None
    if pa.types.is_dictionary(column.type):
        declared = column.unify_dictionaries().chunk(0).dictionary.to_pylist() if column.num_chunks else None
    if column.null_count == 0 and (
        pa.types.is_primitive(column.type) and not pa.types.is_temporal(column.type)
    ):
        return column.to_numpy(), declared
    return objects(column.to_pylist()), declared


def _without_copies(frame: Any, column: Any, columns: tuple[Any, ...], found: TableMedia) -> TableMedia:
    """Leave out columns that repeat the label under other names: they would prove every label right."""
    label = frames.column_list(frame, column)
    if any(isinstance(v, (list, set, np.ndarray)) for v in label[:1000]):
        return found
    classes = set(label)
    if not 2 <= len(classes) <= 1000 or len(label) < 3 * len(classes):
        return found
    start = frames.head(frame, 1000)  # which settles it for nearly every column
    likely = [
        n for n in columns if _repeats(label[:1000], frames.column_list(start, n), len(set(label[:1000])))
    ]
    copies = [name for name in likely if _repeats(label, frames.column_list(frame, name), len(classes))]
    if not copies or len(copies) == len(columns):
        return found
    notify(
        "columns_repeat_the_label",
        f"{', '.join(map(repr, copies))} says the same as {column!r} in every row and is left out.",
        "Pass media=[...] with the columns to use, if it should count.",
    )
    return TableMedia(frames.select(frame, [name for name in columns if name not in copies]))


def _repeats(label: Sequence[Any], other: Sequence[Any], n_classes: int) -> bool:
    try:
        pairs = set(zip(label, other, strict=True))
        return len(pairs) == n_classes and len({b for _, b in pairs}) == n_classes
    except TypeError:  # values that cannot be compared
        return False


__all__ = ["as_numpy", "columns_of", "of_mapping", "of_records", "read", "read_file"]
