"""Lists: of texts, paths, bytes, pictures, arrays, numbers, records or pairs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data.columns import kind_of_item
from labelscope.data.label_values import is_missing
from labelscope.data.media import KINDS, AudioMedia, FeatureMedia, ImageMedia, TextMedia, make_media
from labelscope.data.readers import arrays
from labelscope.data.readers.source import Source
from labelscope.data.sniff import kind_of_path, kind_of_paths
from labelscope.errors import InvalidInputError, InvalidTypeError, notify

_KIND_HINT = 'Say what they are: media="image", "text", "audio" or "features".'


def read(items: Sequence[Any], *, media: Any = None) -> Source:
    """Read a list; what it holds is found from its values.

    Raises
    ------
    InvalidInputError
        No row, rows of mixed or unknown kinds, or paths of which only some exist.
    """
    rows = [bytes(v) if isinstance(v, (bytearray, memoryview)) else v for v in items]
    if media is not None and media not in KINDS:
        raise InvalidInputError.unknown("media kind", media, KINDS)
    if media == "text":
        return Source(TextMedia([_text(v) for v in rows]))
    if media in ("image", "audio"):
        return Source(make_media(media, [_path(v) for v in rows]))
    present = [v for v in rows if not is_missing(v)]
    if not present:
        if not rows:
            raise InvalidInputError("data has no rows.", "Pass at least one row.")
        raise InvalidInputError(f"All {len(rows):,} rows of data are missing.", "Pass one entry per row.")
    first = present[0]
    if media == "features" or _is_number(first) or isinstance(first, (list, range)):
        return _numbers(rows)
    if isinstance(first, str):
        return _strings(rows, present)
    if isinstance(first, os.PathLike):
        return _paths(rows, present)
    if isinstance(first, tuple):
        return _pairs(rows, first)
    if hasattr(first, "shape") and not hasattr(first, "getbands"):
        return _arrays(rows, first)
    return _media_rows(rows, present)


def are_records(data: Any) -> bool:
    """Say whether data is a list of mappings from column name to value."""
    return (
        isinstance(data, (list, tuple))
        and bool(data)
        and isinstance(data[0], Mapping)
        and not _encoded(data[0])
    )


def _media_rows(rows: list[Any], present: list[Any]) -> Source:
    kinds = {kind_of_item(v) for v in present}
    known = kinds - {None}
    if len(known) == 1:  # rows that cannot be recognized are shown as broken
        return Source(make_media(str(known.pop()), rows))
    if known:
        raise InvalidInputError(f"data mixes {' and '.join(sorted(map(str, known)))} rows.", _KIND_HINT)
    if isinstance(present[0], (bytes, bytearray, memoryview)):
        raise InvalidInputError(
            f"data holds bytes that begin with {bytes(present[0][:8])!r}, which is no known image or sound.",
            'Decode texts with b.decode(), or say media="image" or media="audio".',
        )
    raise InvalidTypeError(
        f"data is a list of {type(present[0]).__name__}, which cannot be read.", _KIND_HINT
    )


def _strings(rows: list[Any], present: list[Any]) -> Source:
    odd = next((v for v in present if not isinstance(v, str)), None)
    if odd is not None:
        row = next(i for i, v in enumerate(rows) if v is odd)
        raise InvalidInputError(
            f"data mixes texts with {type(odd).__name__} (row {row}: {odd!r:.60}).",
            'Pass media="text" to take every row as text.',
        )
    kind = _kind_of_names(present)
    if kind is None or len(present) < len(rows):
        return Source(TextMedia(rows))
    exist = [Path(v).is_file() for v in present]
    if all(exist):
        return Source(make_media(kind, [Path(v) for v in rows]))
    lost = rows[exist.index(False)]
    if any(exist):
        raise InvalidInputError(
            f"data names {len(rows):,} {kind} files, but {exist.count(False):,} do not exist, e.g. {lost!r}.",
            f'Correct the paths, or pass media="{kind}" to see those rows as unreadable.',
        )
    notify(
        "paths_not_found",
        f"All {len(rows):,} rows look like names of {kind} files, but none exists in {Path.cwd().name!r},"
        f" e.g. {lost!r}; they are read as texts.",
        f'Correct the paths, or pass media="{kind}".',
    )
    return Source(TextMedia(rows))


def _kind_of_names(names: list[str]) -> str | None:
    if any(len(v) > 4096 or "\n" in v or "\0" in v for v in names):
        return None
    return kind_of_paths(names)


def _paths(rows: list[Any], present: list[Any]) -> Source:
    kinds = {kind_of_path(Path(v)) for v in present if isinstance(v, (str, os.PathLike))}
    known = kinds - {None}
    if len(known) != 1:
        given = sorted({Path(v).suffix or "none" for v in present})[:6]
        raise InvalidInputError(
            f"data holds paths of {'mixed' if known else 'unknown'} kinds: {', '.join(given)}.",
            'Pass one kind only, or say media="image", "audio" or "text".',
        )
    return Source(make_media(str(known.pop()), [_path(v) for v in rows]))


def _pairs(rows: list[Any], first: tuple[Any, ...]) -> Source:
    """Pairs of (item, label), as torch datasets give them; or (samples, rate)."""
    if all(_is_number(v) or is_missing(v) for v in first) and len(first):
        return _numbers(rows)
    if len(first) != 2 or not all(isinstance(v, tuple) and len(v) == 2 for v in rows):
        raise InvalidInputError(
            f"data is a list of tuples of {len(first)} entries, which can mean many things.",
            "Pass the items and the labels as two lists.",
        )
    if (
        np.ndim(first[0]) in (1, 2)
        and hasattr(first[0], "dtype")
        and _is_number(first[1])
        and first[1] > 1000
    ):
        return Source(AudioMedia(rows))
    inner = read([item for item, _ in rows])
    return Source(inner.media, [label for _, label in rows])


def _arrays(rows: list[Any], first: Any) -> Source:
    if first.ndim == 1:
        lengths = {len(v) for v in rows if v is not None}
        if len(lengths) > 1:
            raise InvalidInputError(
                f"data is a list of arrays of different lengths ({min(lengths):,} to {max(lengths):,}).",
                "For sounds pass (samples, rate) pairs; for features give all rows the same length.",
            )
        return _numbers(rows)
    return Source(ImageMedia([v.detach().cpu().numpy() if hasattr(v, "detach") else v for v in rows]))


def _numbers(rows: list[Any]) -> Source:
    try:
        array = np.asarray([v.detach().cpu().numpy() if hasattr(v, "detach") else v for v in rows])
    except ValueError:
        raise InvalidInputError(
            "data is a list of rows of different lengths.", "Give every row the same number of values."
        ) from None
    if array.ndim == 1:
        raise InvalidInputError(
            f"data is a list of {len(rows):,} single values, which show little of a row.",
            'Pass one list of values per row, or media="text" to show each as text.',
        )
    if array.ndim > 2:
        return arrays.read(array)
    return Source(FeatureMedia(array.astype(np.float64) if array.dtype.kind == "O" else array))


def _encoded(item: Mapping[str, Any]) -> bool:
    return set(item) <= {"bytes", "path", "array", "sampling_rate"} and bool(set(item) - {"sampling_rate"})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number, np.bool_)) and not isinstance(value, np.ndarray)


def _path(value: Any) -> Any:
    return Path(value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, (str, os.PathLike)) or is_missing(value) else str(value)


__all__ = ["are_records", "read"]
