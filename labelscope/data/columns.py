"""Which columns of a frame are the media, and of what kind."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from labelscope.data import frames
from labelscope.data.label_values import is_missing, library_of
from labelscope.data.media import KINDS, AudioMedia, ImageMedia, Media, TableMedia, TextMedia
from labelscope.data.mixed_media import MixedMedia
from labelscope.data.sniff import kind_of_bytes, kind_of_path
from labelscope.errors import InvalidInputError, InvalidTypeError

SAMPLE = 64
TEXT_NAMES = frozenset(
    [
        "text",
        "texts",
        "sentence",
        "sentences",
        "content",
        "document",
        "review",
        "comment",
        "body",
        "message",
        "query",
        "utterance",
        "question",
        "prompt",
        "description",
        "tweet",
        "post",
        "abstract",
        "headline",
        "title",
        "caption",
        "transcript",
    ]
)
# A frame with this many columns of numbers is a table, unless a text column is named as one.
NUMBERS_OF_A_TABLE = 3


class ArrowItems(Sequence[Any]):
    """An Arrow column of bytes, or of bytes and paths, read one row at a time without a copy of all.

    Parameters
    ----------
    column : pyarrow.ChunkedArray or Array
    base : Path, optional
        Folder that relative paths start from.
    """

    def __init__(self, column: Any, base: Path | None = None) -> None:
        self._column = column
        self._base = base

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, row: Any) -> Any:
        return self._placed(self._column[int(row)].as_py())

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), 1024):
            for value in self._column.slice(start, 1024).to_pylist():
                yield self._placed(value)

    def path_at(self, row: int) -> str:
        """Return the path that goes with a row, without reading its bytes."""
        import pyarrow as pa

        if not pa.types.is_struct(self._column.type) or self._column.type.get_field_index("path") < 0:
            return ""
        value = self._column[int(row)]
        return str(value["path"].as_py() or "") if value.is_valid else ""

    def _placed(self, value: Any) -> Any:
        if (
            self._base is not None
            and isinstance(value, Mapping)
            and not value.get("bytes")
            and value.get("path")
        ):
            return {**value, "path": os.fspath(resolve(value["path"], self._base))}
        return value


def resolve(path: str, base: Path | None) -> Path:
    """Find a relative path from the current folder, else from ``base``."""
    found = Path(path)
    if base is None or found.is_absolute() or found.exists():
        return found
    return base / found


def find_media(
    frame: Any, taken: Sequence[Any], media: Any, base: Path | None = None
) -> tuple[Media, tuple[Any, ...]]:
    """Choose the media of a frame.

    Parameters
    ----------
    frame : native frame
    taken : sequence of column names
        Columns that hold labels, ids or groups.
    media : str or sequence of str, optional
        Column name or names, or a kind.
    base : Path, optional
        Folder from which relative paths start.

    Returns
    -------
    media : Media
    columns : tuple of column names
        Where it comes from.
    """
    names = frames.column_names(frame)
    wanted: str | None = None
    if isinstance(media, (list, tuple)):
        if len(media) != 1:
            return _several(frame, list(media), base), tuple(media)
        frames.column(frame, media[0])
        candidates = list(media)
    elif media is not None and media in names:
        candidates = [media]
    elif media is None or media in KINDS:
        wanted = media
        candidates = [name for name in names if name not in taken]
    elif isinstance(media, str):
        raise InvalidInputError.unknown("column or media kind", media, [*names, *KINDS])
    else:
        raise InvalidTypeError(
            f"media is given as {type(media).__name__}.", "Pass a column name, a list of them, or a kind."
        )
    if not candidates:
        raise InvalidInputError(
            f"The frame has no column besides {_list(taken)}: nothing shows what a row is.",
            "Add a column with the image, the text or the values of each row.",
        )
    if wanted == "table":
        return TableMedia(frames.select(frame, candidates)), tuple(candidates)
    kinds = {name: _kind(frame, name, base) for name in candidates}
    named = len(candidates) == 1 and wanted is None and media is not None
    if named and kinds[candidates[0]] == "other" and frames.is_text(frame, candidates[0]):
        kinds[candidates[0]] = "text"
    return _choose(frame, candidates, kinds, wanted, base)


def _several(frame: Any, names: list[Any], base: Path | None) -> Media:
    """A picture or a sound with the other columns beside it; without one of these, a table."""
    for name in names:
        frames.column(frame, name)
        kind = _kind(frame, name, base).removesuffix("-path")
        if kind in ("image", "audio"):
            rest = [other for other in names if other != name]
            return MixedMedia(column_media(frame, name, kind, base), TableMedia(frames.select(frame, rest)))
    return TableMedia(frames.select(frame, names))


def _choose(
    frame: Any, candidates: list[Any], kinds: Mapping[Any, str], wanted: str | None, base: Path | None
) -> tuple[Media, tuple[Any, ...]]:
    for kind in ("image", "audio"):
        found = [name for name in candidates if kinds[name] in (kind, f"{kind}-path")]
        if found and wanted in (None, kind):
            return column_media(frame, found[0], kind, base), (found[0],)
    texts = [name for name in candidates if kinds[name] == "text"]
    if wanted == "text":
        texts = texts or [name for name in candidates if frames.is_text(frame, name)]
    if wanted in ("image", "audio") or (wanted == "text" and not texts):
        raise InvalidInputError(
            f"No column of the frame holds {wanted} media; the columns are {_list(candidates)}.",
            "Name the column: media='...'. Bytes, PIL images and paths of existing files are recognized.",
        )
    if wanted in (None, "text") and texts:
        best = max(texts, key=lambda name: (_named_text(name), _length(frame, name)))
        numbers = sum(frames.is_numeric(frame, name) for name in candidates)
        if wanted == "text" or _named_text(best) or numbers < NUMBERS_OF_A_TABLE:
            return column_media(frame, best, "text"), (best,)
    return TableMedia(frames.select(frame, candidates)), tuple(candidates)


def column_media(frame: Any, name: Any, kind: str, base: Path | None = None) -> Media:
    """Hold one column as image, audio or text media."""
    if kind == "text":
        return TextMedia(frames.column_list(frame, name))
    hold = ImageMedia if kind == "image" else AudioMedia
    native = frames.column(frame, name)
    if library_of(native) == "polars" and str(native.dtype) != "Object":
        native = native.to_arrow()
    if library_of(native) == "pyarrow" and not _is_string(native.type):
        return hold(ArrowItems(native, base))
    items = native.to_pylist() if hasattr(native, "to_pylist") else native.to_list()
    return hold([resolve(v, base) if isinstance(v, str) else None if is_missing(v) else v for v in items])


def _is_string(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or "string_view" in str(kind))


def _kind(frame: Any, name: Any, base: Path | None) -> str:
    """Name what a column holds: image, audio, text, or other; paths count only if all of them exist."""
    if frames.is_numeric(frame, name):
        return "other"
    present = [v for v in _head(frame, name) if not is_missing(v)]
    if not present:
        return "other"
    if all(isinstance(v, str) for v in present):
        kind = _kind_of_strings(frame, name, present, base)
        return kind or ("text" if _reads_as_text(name, present) else "other")
    kinds = {kind_of_item(v) for v in present}
    # Damaged bytes among good ones are shown as broken rows; only when none is known is it no media.
    kinds.discard(None)
    return str(kinds.pop()) if len(kinds) == 1 else "other"


def kind_of_item(value: Any) -> str | None:
    """Name the media kind of one value: bytes, a path, a picture, or a mapping of these."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return kind_of_bytes(bytes(value[:512]))
    if isinstance(value, os.PathLike):
        return kind_of_path(Path(value))
    if isinstance(value, Mapping):
        if value.get("bytes"):
            return kind_of_bytes(value["bytes"])
        if "sampling_rate" in value:
            return "audio"
        return kind_of_path(str(value["path"])) if value.get("path") else None
    if hasattr(value, "getbands") and hasattr(value, "convert"):
        return "image"
    shape = getattr(value, "shape", ())
    return "image" if len(shape) in (2, 3) else None


def _kind_of_strings(frame: Any, name: Any, present: Sequence[str], base: Path | None) -> str | None:
    kinds = {kind_of_path(v) if len(v) < 4096 and "\n" not in v else None for v in present}
    if len(kinds) != 1 or kinds & {None, "text"}:
        return None
    values = [v for v in frames.column_list(frame, name) if not is_missing(v)]
    exist = [resolve(v, base).is_file() for v in values]
    if all(exist):
        return f"{kinds.pop()}-path"
    if not any(exist):
        return None
    missing = values[exist.index(False)]
    raise InvalidInputError(
        f"Column {name!r} names files, but {len(exist) - sum(exist):,} of {len(exist):,} do not exist, e.g."
        f" {missing!r}.",
        "Correct the paths (they start from the current folder or the table's), or pass media='table'.",
    )


def _list(names: Sequence[Any]) -> str:
    return ", ".join(repr(name) for name in names[:12]) + (", …" if len(names) > 12 else "")


def _head(frame: Any, name: Any) -> list[Any]:
    """The first present values: a column may begin with gaps."""
    native = frames.column(frame, name)
    head = native.iloc[:SAMPLE] if library_of(native) == "pandas" else native[:SAMPLE]
    values = head.to_pylist() if hasattr(head, "to_pylist") else head.to_list()
    if all(is_missing(v) for v in values):
        rest = frames.column_list(frame, name)
        values = [v for v in rest if not is_missing(v)][:SAMPLE]
    return list(values)


def _named_text(name: Any) -> bool:
    return str(name).lower() in TEXT_NAMES


def _reads_as_text(name: Any, present: Sequence[str]) -> bool:
    """Tell sentences from categories: named as text, or mostly different and several words long."""
    words = sum(len(v.split()) for v in present) / len(present)
    different = len(set(present)) / len(present)
    return _named_text(name) or (words >= 3 and different > 0.5)


def _length(frame: Any, name: Any) -> float:
    present = [v for v in _head(frame, name) if isinstance(v, str)]
    return sum(map(len, present)) / max(1, len(present))


__all__ = ["ArrowItems", "column_media", "find_media", "kind_of_item", "resolve"]
