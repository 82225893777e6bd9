"""A folder with one subfolder per class."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

from labelscope.data.label_values import objects
from labelscope.data.media import make_media
from labelscope.data.readers.source import Source
from labelscope.data.sniff import kind_of_path
from labelscope.errors import InvalidInputError, notify

SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "dev"})
_SKIPPED = frozenset({"__MACOSX", "__pycache__"})


def read_folder(folder: Path, *, media: Any = None) -> Source:
    """Read a folder laid out by class: ``folder/cat/1.jpg`` is a row with the label ``"cat"``.

    Parameters
    ----------
    folder : Path
    media : str, optional
        ``"image"``, ``"audio"`` or ``"text"``: which files to take where there are several kinds.

    Returns
    -------
    Source
        Ids are paths relative to the folder, rows are ordered by them; files directly in the folder are
        unlabelled, and a folder without subfolders brings no labels.

    Raises
    ------
    InvalidInputError
        No media file, an unknown kind, or splits (train, test) where classes are expected.
    """
    files = _files(folder)
    by_kind: dict[str, list[Path]] = {}
    for path in files:
        kind = kind_of_path(path)
        if kind is not None:
            by_kind.setdefault(kind, []).append(path)
    kind = _wanted(folder, by_kind, media, len(files))
    chosen = by_kind[kind]
    if len(chosen) < len(files):
        others = [p for p in files if kind_of_path(p) != kind]
        notify(
            "files_skipped",
            f"{len(others):,} files in {folder.name!r} are not of the kind {kind} and are left out, e.g."
            f" {others[0].relative_to(folder).as_posix()!r}.",
            'media="image", "audio" or "text" picks another kind.',
        )
    relative = [path.relative_to(folder) for path in chosen]
    _refuse_splits(folder, relative)
    labels = [path.parts[0] if len(path.parts) > 1 else None for path in relative]
    _warn_about_one_level(folder, relative)
    loose = [row for row, label in enumerate(labels) if label is None]
    if loose and len(loose) < len(labels):
        notify(
            "files_without_class",
            f"{len(loose):,} files lie directly in {folder.name!r} and are unlabelled.",
            "Move them into the subfolder of their class, or label them in the widget.",
            loose,
        )
    return Source(
        make_media(kind, chosen),
        labels if len(loose) < len(labels) else None,
        ids=objects(path.as_posix() for path in relative),
        name=folder.resolve().name,
    )


def not_found(path: Path) -> InvalidInputError:
    """Build the error for a path that does not exist, with a near miss beside it named."""
    parent = path.parent
    names = [p.name for p in parent.iterdir()] if parent.is_dir() else []
    near = difflib.get_close_matches(path.name, names, n=1)
    hint = f"Did you mean {str(parent / near[0])!r}? " if near else ""
    return InvalidInputError(
        f"There is no file or folder {str(path)!r}.",
        f"{hint}Paths start from the current folder. A single text goes in a list.",
    )


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f not in _SKIPPED)
        found += [Path(root, name) for name in names if not name.startswith(".")]
    return sorted(found, key=lambda p: p.relative_to(folder).as_posix())


def _wanted(folder: Path, by_kind: dict[str, list[Path]], media: Any, n_files: int) -> str:
    if media is not None and media not in ("image", "audio", "text"):
        raise InvalidInputError.unknown("media kind", media, ("image", "audio", "text"))
    if not by_kind or (media is not None and media not in by_kind):
        wanted = media or "image, audio or text"
        raise InvalidInputError(
            f"None of the {n_files:,} files in {str(folder)!r} is {wanted}."
            if n_files
            else f"{str(folder)!r} holds no files.",
            "Lay it out by class: folder/cat/1.jpg, folder/dog/2.jpg; or pass the path of a table.",
        )
    return media or max(by_kind, key=lambda kind: (len(by_kind[kind]), kind))


def _refuse_splits(folder: Path, relative: list[Path]) -> None:
    heads = {path.parts[0] for path in relative if len(path.parts) > 1}
    deep = all(len(path.parts) > 2 for path in relative)
    if heads and deep and {h.lower() for h in heads} <= SPLITS:
        first = sorted(heads)[0]
        raise InvalidInputError(
            f"The folder {str(folder)!r} holds splits ({', '.join(sorted(heads))}), not classes.",
            f"Pass one of them: {str(folder / first)!r}.",
        )


def _warn_about_one_level(folder: Path, relative: list[Path]) -> None:
    """Name the folder inside where all files are one level deeper, as archives often unpack."""
    outer = {path.parts[0] for path in relative}
    inner = {path.parts[1] for path in relative if len(path.parts) > 2}
    if len(outer) == 1 and len(inner) > 1 and all(len(path.parts) > 2 for path in relative):
        name = outer.pop()
        notify(
            "folder_in_folder",
            f"{folder.name!r} holds one folder only, {name!r}, which makes one class of all rows; inside are"
            f" {len(inner):,} folders, such as {min(inner)!r}.",
            f"If those are the classes, pass {str(folder / name)!r}.",
        )


__all__ = ["not_found", "read_folder"]
