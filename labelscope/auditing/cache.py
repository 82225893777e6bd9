"""A folder of arrays keyed by content hash, so that the same data is never embedded or projected twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.errors import notify
from labelscope.types import Array, Made

logger = logging.getLogger(__name__)

DEFAULT_LIMIT = 2 * 1024**3


def default_folder() -> Path:
    """Return the user's cache folder for labelscope; ``LABELSCOPE_CACHE`` moves it."""
    moved = os.environ.get("LABELSCOPE_CACHE")
    if moved:
        return Path(moved).expanduser()
    if sys.platform == "win32":
        return (
            Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "labelscope" / "Cache"
        )
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "labelscope"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "labelscope"


def content_key(*parts: object) -> str:
    """Hash arrays, strings and JSON-like values into one key.

    Parameters
    ----------
    *parts : array, str, bytes, or anything with a stable ``repr``
        Arrays are hashed by dtype, shape and content.

    Returns
    -------
    str
        32 hexadecimal characters.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"array{part.dtype.str}{part.shape}".encode())
            if part.dtype.kind in "OT":  # of a long one, repr shows the ends only
                digest.update(repr(part.tolist()).encode("utf-8", "surrogatepass"))
            else:
                digest.update(np.ascontiguousarray(part).view(np.uint8).data if part.size else b"")
        elif isinstance(part, bytes):
            digest.update(b"bytes" + part)
        else:
            digest.update(f"{type(part).__name__}:{part!r}".encode("utf-8", "surrogatepass"))
        digest.update(b"\x00")
    return digest.hexdigest()


@dataclass(frozen=True)
class Cache:
    """What providers made, one ``.npz`` file an entry; holds no raw media.

    Parameters
    ----------
    folder : Path, optional
        Where the entries live; by default the user's cache folder.
    limit : int
        Size cap in bytes; the entries unused for longest go first.
    """

    folder: Path = field(default_factory=default_folder)
    limit: int = DEFAULT_LIMIT

    def get(self, key: str) -> Made | None:
        """Return what was stored under ``key``, or None; a damaged entry is dropped."""
        path = self._path(key)
        try:
            # np.load leaves its own handle open when the file is damaged, so the handle is ours.
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files if name != "__facts__"}
                facts: dict[str, Any] = json.loads(str(stored["__facts__"]))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except Exception as error:
            logger.warning("dropping the damaged cache entry %s: %s", path, error)
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return Made(arrays, facts)

    def put(self, key: str, made: Made) -> bool:
        """Store ``made``; returns False, without an error, where it cannot be stored."""
        storable: dict[str, Array] = {k: v for k, v in made.arrays.items() if np.asarray(v).dtype != object}
        if len(storable) != len(made.arrays):
            return False
        try:
            facts = json.dumps(made.facts)
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.folder, suffix=".part")
            with os.fdopen(handle, "wb") as stream:
                np.savez(stream, __facts__=np.array(facts), **storable)  # type: ignore[arg-type]
            Path(temporary).replace(self._path(key))
        except OSError as error:
            notify(
                "cache_unwritable",
                f"The cache folder {self.folder} cannot be written ({error.strerror or error}); results are "
                "made anew each time.",
                "Set LABELSCOPE_CACHE to a folder that can be written.",
            )
            return False
        except (TypeError, ValueError) as error:
            logger.warning("a result could not be cached: %s", error)
            return False
        self._shrink()
        return True

    def clear(self) -> int:
        """Delete every entry and return the number of bytes freed."""
        freed = 0
        for path in self._entries():
            with contextlib.suppress(OSError):
                size = path.stat().st_size
                path.unlink()
                freed += size
        return freed

    def size(self) -> int:
        """Return the bytes in use."""
        return sum(path.stat().st_size for path in self._entries())

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.npz"

    def _entries(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if path.suffix in {".npz", ".part"}]

    def _shrink(self) -> None:
        with contextlib.suppress(OSError):
            entries = sorted(
                ((p.stat().st_mtime, p.stat().st_size, p) for p in self._entries()), reverse=True
            )
            used = 0
            for _, size, path in entries:
                used += size
                if used > self.limit:
                    path.unlink()
