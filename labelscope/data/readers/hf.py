"""Hugging Face datasets, read as Arrow: nothing is decoded before somebody looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from labelscope.data import frames
from labelscope.data.label_values import objects
from labelscope.data.media import AudioMedia, ImageMedia
from labelscope.data.readers import tables
from labelscope.data.readers.source import Source
from labelscope.data.readers.tables import columns_of
from labelscope.errors import InvalidInputError, InvalidTypeError, UnknownColumnError, notify


class HubItems(Sequence[Any]):
    """One encoded column of a Hugging Face dataset, fetched row by row.

    Parameters
    ----------
    dataset : datasets.Dataset
        Formatted as Arrow.
    column : str
    """

    def __init__(self, dataset: Any, column: str) -> None:
        self._dataset = dataset
        self._column = column

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, row: Any) -> Any:
        return self._dataset[int(row)][self._column][0].as_py()

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), 256):
            yield from self._dataset[start : start + 256][self._column].to_pylist()

    def content_digest(self) -> bytes:
        """Stand for the content by the dataset's own fingerprint, which spares reading all of it."""
        return f"{self._dataset._fingerprint}/{self._column}".encode()

    def path_at(self, row: int) -> str:
        """Return the file name that goes with a row."""
        value = self._dataset[int(row)][self._column][0]
        return str(value["path"].as_py() or "") if value.is_valid and "path" in value else ""


def is_hugging_face(data: Any) -> bool:
    """Say whether data is a dataset of the ``datasets`` package, by what it offers."""
    return hasattr(data, "column_names") and hasattr(data, "features") and hasattr(data, "with_format")


def read(data: Any, labels: Any, *, media: Any = None, taken: tuple[Any, ...] = ()) -> Source:
    """Read a Hugging Face dataset.

    Parameters
    ----------
    data : datasets.Dataset
    labels : column name, list of names (one per tag), container of labels, or None
        None takes the one ClassLabel column.
    media : column name, list of names, or kind, optional
    taken : tuple of column names

    Raises
    ------
    InvalidInputError
        Splits or a stream instead of rows; several ClassLabel columns and none named.
    UnknownColumnError
        No such column.
    """
    if isinstance(data, dict):
        raise InvalidInputError(
            f"data holds several splits: {', '.join(map(str, data))}.",
            f"Pass one, e.g. data[{next(iter(data))!r}].",
        )
    if not hasattr(data, "__len__"):
        raise InvalidTypeError(
            "data is a stream, which has no order to come back to.", "Load it with streaming=False."
        )
    if not len(data):
        raise InvalidInputError("data has no rows.", "Pass at least one row.")
    data = data.with_format("arrow")
    name = str(getattr(getattr(data, "info", None), "dataset_name", None) or "")
    column = _label_column(data, labels, media)
    given, classes, missing = labels, None, None
    if column is not None:
        given, classes, missing = _labels(data, column)
    several = columns_of(data.column_names, len(data), labels)
    if several:
        given = data.select_columns(several)[:]
    elif labels is not None and column is None:
        classes = _declared_names(data)
    beside = (*taken, *([column] if column is not None else several))
    chosen = _media_column(data, beside, media)
    rest = [c for c in data.column_names if _kind(data, c) in ("table", "label") and c != chosen]
    if chosen is not None:
        frame = frames.borrowed(data.select_columns(rest)[:]) if rest else None
        items = HubItems(data.select_columns([chosen]), chosen)
        found: Any = ImageMedia(items) if _kind(data, chosen) == "image" else AudioMedia(items)
        return Source(found, given, classes, name=name, frame=frame, missing=missing)
    source = tables.read(
        data.select_columns(rest)[:], column if column is not None else labels, media=media, taken=taken
    )
    return Source(
        source.media, given, classes, name=name, frame=frames.borrowed(source.frame), missing=missing
    )


def _kind(data: Any, column: str) -> str:
    """Name what a column's feature declares; the class name is read, so that the package is not imported."""
    feature = type(data.features[column]).__name__
    return {"Image": "image", "Audio": "audio", "ClassLabel": "label", "Video": "other"}.get(feature, "table")


def _label_column(data: Any, labels: Any, media: Any) -> str | None:
    if isinstance(labels, str):
        if labels not in data.column_names:
            raise UnknownColumnError.of(labels, data.column_names)
        return labels
    if labels is not None:
        return None
    declared = [c for c in data.column_names if _kind(data, c) == "label" and c != media]
    if len(declared) > 1:
        raise InvalidInputError(
            f"data has several columns of labels: {', '.join(declared)}.",
            f"Name one: labels={declared[0]!r}.",
        )
    return declared[0] if declared else None


def _declared_names(data: Any) -> list[str] | None:
    """Return the class names of the one ClassLabel column, for labels that come from elsewhere."""
    declared = [c for c in data.column_names if _kind(data, c) == "label"]
    names = data.features[declared[0]].names if len(declared) == 1 else None
    return list(names) if names else None


def _labels(data: Any, column: str) -> tuple[Any, Any, Any]:
    """Give the labels, the class names that the dataset declares, and the rows that it marks by -1."""
    values = data.select_columns([column])[:][column]
    feature = data.features[column]
    if _kind(data, column) != "label":
        given, _ = tables.as_numpy(values)
        inner: Any = getattr(feature, "feature", None)  # of a list of ClassLabel, for tags
        return given, list(inner.names) if getattr(inner, "names", None) else None, None
    names = list(feature.names) if feature.names else None
    if values.null_count:
        given = objects(values.to_pylist())
        missing = np.array([v is None or v == -1 for v in given])
    else:
        given = np.asarray(values.to_numpy())
        missing = given == -1
    hidden = np.flatnonzero(missing)
    if len(hidden):
        notify(
            "labels_hidden",
            f"{len(hidden):,} rows of {column!r} hold no class (-1 or none) and count as unlabelled.",
            "",
            hidden,
        )
    return given, names, missing


def _media_column(data: Any, beside: tuple[Any, ...], media: Any) -> str | None:
    kinds = {c: _kind(data, c) for c in data.column_names if c not in beside}
    if isinstance(media, (list, tuple)) and len(media) == 1:
        media = media[0]
    if isinstance(media, str) and media in data.column_names:
        return str(media) if _kind(data, media) in ("image", "audio") else None
    if isinstance(media, (list, tuple)):
        return None
    for kind in ("image", "audio"):
        if media in (None, kind):
            found = [c for c, k in kinds.items() if k == kind]
            if found:
                return str(found[0])
    return None


__all__ = ["HubItems", "is_hugging_face", "read"]
