"""A matrix in a Zarr array, of format 2 or 3."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data.content import content_key, path_stamp
from labelscope.data.matrices import check_axes
from labelscope.errors import InvalidInputError, MissingExtraError
from labelscope.types import Array


class ZarrMatrix:
    """A Zarr array, opened in each process that reads it.

    Parameters
    ----------
    path : str or None
        Folder of the array; None for an array that is not on a local disk.
    name : str
        How messages call it.
    array : zarr.Array
        The open array.
    """

    def __init__(self, path: str | None, name: str, array: Any) -> None:
        self.path, self.name = path, name
        self.shape = check_axes(array.shape, "pred_probs" if path else name, path or name)
        self.dtype: np.dtype[Any] = np.dtype(array.dtype)
        self._array = array

    def __reduce__(self) -> tuple[Any, ...]:
        if self.path is None:
            return ZarrMatrix, (None, self.name, self._array)
        return _reopened, (self.path, self.name)

    @classmethod
    def open(cls, path: Path, name: str) -> ZarrMatrix:
        """Open the array at a path.

        Raises
        ------
        InvalidInputError
            No array is there; the arrays of a group are named.
        MissingExtraError
            The package zarr is not installed.
        """
        try:
            import zarr
        except ImportError:
            raise MissingExtraError.of("zarr", "dask", "Reading a .zarr array") from None
        try:
            found = zarr.open(str(path), mode="r")
        except Exception as error:  # the kinds of errors differ between versions of zarr
            raise InvalidInputError(
                f"{name} in {str(path)!r} is no Zarr array: {error}", "Pass the folder of one array."
            ) from None
        if not hasattr(found, "dtype"):
            names = sorted(found.array_keys())
            raise InvalidInputError(
                f"{name} in {str(path)!r} is a group of the arrays {', '.join(names) or '(none)'}.",
                f"Pass the path of one, such as {str(path / names[0])!r}."
                if names
                else "Save an array in it.",
            )
        return cls(str(path), path.name, found)

    @classmethod
    def of(cls, array: Any, name: str) -> ZarrMatrix:
        """Take an open array, by its path where it has one."""
        place = getattr(array, "store_path", None)
        store = getattr(place, "store", getattr(array, "store", None))
        root = getattr(store, "root", None)
        inner = getattr(place, "path", getattr(array, "path", ""))
        path = None if root is None else str(Path(str(root), str(inner)).absolute())
        return cls(path, name, array)

    @property
    def shared(self) -> bool:
        """Whether other processes can open it: not when it lies in this one's memory."""
        return self.path is not None

    def read(self, start: int, stop: int) -> Array:
        """Read the chunks that hold the rows."""
        return np.asarray(self._array[start:stop])

    def content_key(self) -> str:
        """Digest of names, sizes and times of change of the array's files."""
        if self.path is None:
            return content_key("zarr", [self.read(row, row + 1) for row in range(self.shape[0])])
        parts = []
        for folder, _, names in os.walk(self.path):
            parts += [path_stamp(Path(folder, name)) for name in names]
        return content_key("zarr", sorted(parts))


def _reopened(path: str, name: str) -> ZarrMatrix:
    made = ZarrMatrix.open(Path(path), "The matrix")
    made.name = name
    return made
