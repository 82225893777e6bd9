"""Datasets in torch's shape, known by what they offer: nothing of torch is imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data.media import make_media
from labelscope.data.readers import arrays, sequences
from labelscope.data.readers.source import Source
from labelscope.data.sniff import kind_of_paths
from labelscope.errors import InvalidInputError, UnreadableMediaError, notify


class PairItems(Sequence[Any]):
    """The first entries of a dataset's (item, label) pairs, fetched when somebody looks."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, row: Any) -> Any:
        return _entry(self._dataset, int(row))[0]

    def __iter__(self) -> Iterator[Any]:
        return (_entry_or_none(self._dataset, row)[0] for row in range(len(self)))


def is_dataset(data: Any) -> bool:
    """Say whether data has a length and rows by number, as map-style datasets do."""
    return not isinstance(data, type) and hasattr(data, "__len__") and hasattr(data, "__getitem__")


def read(data: Any, *, media: Any = None, labelled: bool = False) -> Source:
    """Read a map-style dataset.

    Files (``samples``), arrays (``data`` or ``tensors``) and labels (``targets`` or ``labels``) are taken
    where the dataset shows them; otherwise it is gone through once, unless the caller has the labels
    (``labelled``) and the rows are pictures.

    Raises
    ------
    InvalidInputError
        It is empty, or its rows are of an unknown kind.
    """
    if not len(data):
        raise InvalidInputError("data has no rows.", "Pass at least one row.")
    inner, rows = _unwrapped(data)
    labels = _targets(inner, rows)
    classes = _classes(inner)
    name = "" if rows is not None else type(inner).__name__.lower()
    samples: Any = getattr(inner, "samples", None)
    if _are_files(samples):
        chosen = samples if rows is None else [samples[i] for i in rows]
        files = [Path(path) for path, _ in chosen]
        kind = media or kind_of_paths(files) or "image"
        labels = labels if labels is not None else [int(label) for _, label in chosen]
        return Source(make_media(kind, files), labels, classes, name=name)
    held = _held(inner, media)
    if held is not None and labels is not None:
        array = np.asarray(held) if rows is None else np.asarray(held)[rows]
        return Source(arrays.read(array, media=media).media, labels, classes, name=name)
    return _walk(data, labels, classes, media, name, labelled)


def _walk(data: Any, labels: Any, classes: Any, media: Any, name: str, labelled: bool) -> Source:
    first, _ = _first_entry(data)
    is_picture = hasattr(first, "getbands") or getattr(first, "ndim", 0) in (2, 3)
    if is_picture and media in (None, "image"):
        if labels is None and not labelled:
            labels = [label for _, label in _entries(data, "and count as unlabelled")]
        found: Any = make_media("image", PairItems(data))
    else:
        alone = labels is None and not labelled
        pairs = _entries(data, "and count as unlabelled" if alone else "and are shown as empty")
        labels = labels if labels is not None else [label for _, label in pairs]
        found = sequences.read([item for item, _ in pairs], media=media).media
    return Source(found, _scalars(labels), classes, name=name)


def _entry(data: Any, row: int) -> tuple[Any, Any]:
    """Take one entry; what the dataset's own code raises says that this row cannot be read."""
    try:
        entry = data[row]
    except Exception as error:
        raise UnreadableMediaError(
            f"The dataset gives no entry: {type(error).__name__}: {error}.",
            f"Look at it with dataset[{row}], and repair or leave out the row.",
        ) from error
    return _split(entry)


def _entry_or_none(data: Any, row: int) -> tuple[Any, Any]:
    try:
        return _entry(data, row)
    except UnreadableMediaError:
        return None, None


def _first_entry(data: Any) -> tuple[Any, Any]:
    """Return the first entry that can be read; raises UnreadableMediaError where there is none."""
    first: UnreadableMediaError | None = None
    for row in range(len(data)):
        try:
            return _entry(data, row)
        except UnreadableMediaError as error:
            first = first or error
    assert first is not None  # there is at least one row
    raise UnreadableMediaError(
        f"None of the {len(data):,} rows of the dataset can be read. Row 0: {first.message}", first.hint
    ) from first


def _entries(data: Any, outcome: str) -> list[tuple[Any, Any]]:
    """Go through the dataset once; rows that cannot be read have neither item nor label, with a notice."""
    pairs: list[tuple[Any, Any]] = []
    broken: list[int] = []
    first = ""
    for row in range(len(data)):
        try:
            pairs.append(_entry(data, row))
        except UnreadableMediaError as error:
            pairs.append((None, None))
            broken.append(row)
            first = first or error.message
    if broken:
        notify(
            "dataset_rows_unreadable",
            f"{len(broken):,} of {len(pairs):,} rows of the dataset cannot be read {outcome}."
            f" Row {broken[0]}: {first}",
            "Repair these rows or leave them out; labels= for all rows is taken as it is.",
            broken,
        )
    return pairs


def _split(entry: Any) -> tuple[Any, Any]:
    """Take an entry apart into item and label; an entry that is no pair has no label."""
    if isinstance(entry, (tuple, list)) and len(entry) >= 2:
        return entry[0], entry[1]
    if isinstance(entry, dict):
        item = next((entry[k] for k in ("image", "pixel_values", "text", "audio", "x") if k in entry), None)
        label = next((entry[k] for k in ("label", "labels", "target", "y") if k in entry), None)
        if item is not None:
            return item, label
    return entry, None


def _scalars(labels: Any) -> Any:
    """Single-entry tensors become Python numbers; all missing means that there are none."""
    if not isinstance(labels, list):
        return labels
    if all(v is None for v in labels):
        return None
    return [v.item() if hasattr(v, "item") and getattr(v, "ndim", 0) == 0 else v for v in labels]


def _unwrapped(data: Any) -> tuple[Any, list[int] | None]:
    """Look through subsets (``dataset`` and ``indices``) at the dataset that holds the rows."""
    rows: list[int] | None = None
    while hasattr(data, "dataset") and hasattr(data, "indices"):
        own = [int(i) for i in data.indices]
        rows = own if rows is None else [own[i] for i in rows]
        data = data.dataset
    return data, rows


def _targets(inner: Any, rows: list[int] | None) -> Any:
    found = next((getattr(inner, k) for k in ("targets", "labels") if _full(inner, k)), None)
    if found is None and _are_tensors(inner) and len(inner.tensors) == 2:
        found = inner.tensors[1]
    if found is None or rows is None:
        return found
    return [found[i] for i in rows] if isinstance(found, (list, tuple)) else found[rows]


def _held(inner: Any, media: Any) -> Any:
    """The array behind the dataset, before any random or normalizing transform of it."""
    if _are_tensors(inner):
        return inner.tensors[0]
    held: Any = getattr(inner, "data", None)
    fits = arrays.is_array(held) and len(held) == len(inner) and held.ndim >= 2
    return held if fits and media in (None, "image", "features") else None


def _full(inner: Any, name: str) -> bool:
    value = getattr(inner, name, None)
    return (
        value is not None and not callable(value) and hasattr(value, "__len__") and len(value) == len(inner)
    )


def _are_files(samples: Any) -> bool:
    return (
        isinstance(samples, (list, tuple))
        and bool(samples)
        and all(
            isinstance(s, (tuple, list)) and len(s) == 2 and isinstance(s[0], (str, Path)) for s in samples
        )
    )


def _are_tensors(inner: Any) -> bool:
    tensors = getattr(inner, "tensors", None)
    return isinstance(tensors, tuple) and bool(tensors) and all(hasattr(t, "shape") for t in tensors)


def _classes(inner: Any) -> list[str] | None:
    classes = getattr(inner, "classes", None)
    return [str(c) for c in classes] if isinstance(classes, (list, tuple)) and classes else None


__all__ = ["PairItems", "is_dataset", "read"]
