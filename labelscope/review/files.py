"""Files that are replaced as a whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from labelscope.errors import ExportError, InvalidInputError
from labelscope.review.locking import sync, sync_folder


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file beside ``path`` that takes its place at the end of the block.

    Parameters
    ----------
    path : Path
        A link is followed.

    Yields
    ------
    binary file
        To write to; when the block fails, ``path`` is as it was before.

    Raises
    ------
    InvalidInputError
        Its folder does not exist.
    ExportError
        It cannot be written.
    """
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise InvalidInputError(f"There is no folder {path.parent}.", "Make it first, or choose another one.")
    temporary = target.with_name(f".{target.name[:80]}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                sync(file.fileno())
            temporary.replace(target)
            sync_folder(target.parent)
        except OSError as problem:
            raise ExportError(
                f"{path} cannot be written: {problem.strerror or problem}. What was there before is as it"
                " was.",
                f"Choose a folder that can be written, such as your home folder: '~/{path.name}'.",
            ) from problem
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
