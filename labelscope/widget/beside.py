"""Files that a view writes beside the notebook: never over one that it did not write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from labelscope.errors import ExportError


def free_name(dataset: str, suffix: str, what: str = "labels") -> Path:
    """Return a file name in the working folder that is not taken.

    Parameters
    ----------
    dataset, what : str
        What it is called after.
    suffix : str
        With its dot.

    Returns
    -------
    Path
    """
    stem = "-".join(part for part in (_plain(dataset)[:80] or "dataset", _plain(what)[:60]) if part)
    folder = Path.cwd()  # kept absolute: a later chdir must not lead to another file of that name
    path = folder / f"{stem}{suffix}"
    count = 2
    while path.exists():
        path = folder / f"{stem}-{count}{suffix}"
        count += 1
    return path


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.")


def write_beside(target: Path, write: Callable[[Path], object]) -> tuple[str | None, bytes]:
    """Write a file, and return its path and bytes; the path is None where the folder cannot be written."""
    try:
        write(target)
        return str(target.resolve()), target.read_bytes()
    except ExportError:
        with TemporaryDirectory() as folder:
            other = Path(folder) / target.name
            write(other)
            return None, other.read_bytes()
