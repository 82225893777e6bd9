"""Content keys: a short digest of what rows hold, so that evidence can be cached and found again."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.types import Array

BLOCK_BYTES = 1 << 24
BLOCK_ITEMS = 1024


def new_digest(*tags: object) -> hashlib.blake2b:
    """Start a digest that begins with what is digested, so that kinds of content never collide."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(tags).encode())
    return digest


def add_array(digest: hashlib.blake2b, array: Array) -> None:
    """Add an array, in blocks of rows, so that memory-mapped and strided ones need little memory."""
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    if array.dtype == object:
        add_items(digest, array.ravel().tolist())
        return
    if array.ndim == 0 or array.size == 0:
        digest.update(array.tobytes())
        return
    step = max(1, BLOCK_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        block = np.ascontiguousarray(array[start : start + step])
        digest.update(block.view(np.uint8).data if block.dtype.kind not in "UTmM" else block.tobytes())


def add_items(digest: hashlib.blake2b, items: Iterable[Any]) -> None:
    """Add values one after another: bytes, str, paths, pictures, arrays, mappings of these, numbers."""
    parts: list[bytes] = []
    for item in items:
        parts.append(_bytes_of(item))
        if len(parts) == BLOCK_ITEMS:
            _add_parts(digest, parts)
            parts = []
    _add_parts(digest, parts)


def content_key(kind: str, items: Sequence[Any] | Array, *more: object) -> str:
    """Digest items of one kind.

    Parameters
    ----------
    kind : str
        Part of the key.
    items : array or sequence
        What the rows hold. Paths count by name, size and time of change, not by their content.
    *more : object
        Settings that are part of the key.

    Returns
    -------
    str
        32 hex digits, the same in every process.

    Examples
    --------
    >>> content_key("text", ["a"]) == content_key("text", ["a"]) != content_key("text", ["b"])
    True
    """
    digest = new_digest(kind, len(items), *more)
    if isinstance(items, np.ndarray):
        add_array(digest, items)
    else:
        known = getattr(items, "content_digest", None)
        if known is not None:
            digest.update(known())
        else:
            add_items(digest, items)
    return digest.hexdigest()


def _add_parts(digest: hashlib.blake2b, parts: list[bytes]) -> None:
    # The lengths come first: without them ["ab", "c"] and ["a", "bc"] would be alike.
    digest.update(np.fromiter(map(len, parts), dtype="<i8", count=len(parts)).tobytes())
    digest.update(b"".join(parts))


def _bytes_of(item: Any) -> bytes:
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode("utf-8", "surrogatepass")
    if isinstance(item, (bytearray, memoryview)):
        return bytes(item)
    if isinstance(item, os.PathLike):
        return path_stamp(item)
    if isinstance(item, np.ndarray) or hasattr(item, "__array_interface__"):
        # Pillow images show their pixels through the array interface; the mode tells P from L.
        digest = new_digest(getattr(item, "mode", ""))
        add_array(digest, np.asarray(item))
        return digest.digest()
    if hasattr(item, "detach"):
        return _bytes_of(np.asarray(item.detach().cpu().numpy()))
    digest = new_digest(type(item).__name__)
    if isinstance(item, Mapping):
        add_items(digest, [part for pair in sorted(item.items(), key=lambda p: str(p[0])) for part in pair])
    elif isinstance(item, (list, tuple)):
        add_items(digest, item)
    else:
        return repr(item).encode()
    return digest.digest()


def path_stamp(path: os.PathLike[str] | str) -> bytes:
    """Stand for a file's content: absolute name, size and time of change; the name alone if it is gone."""
    absolute = Path(path).absolute()
    try:
        status = absolute.stat()
    except OSError:
        return f"{absolute}|gone".encode("utf-8", "surrogateescape")
    return f"{absolute}|{status.st_size}|{status.st_mtime_ns}".encode("utf-8", "surrogateescape")


__all__ = ["add_array", "add_items", "content_key", "new_digest", "path_stamp"]
