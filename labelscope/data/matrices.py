"""Matrices that are read by ranges of rows, so that they may be larger than memory and on a shared disk."""

from __future__ import annotations

import difflib
import mmap
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from labelscope.data.content import content_key, path_stamp
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array

_SUFFIXES = (".npy", ".parquet", ".zarr")


@runtime_checkable
class MatrixSource(Protocol):
    """An (n, K) matrix of numbers that is read by ranges of rows.

    Attributes
    ----------
    name : str
        How messages call it.
    shape : (int, int)
    dtype : numpy dtype
        Of what `read` returns.
    shared : bool
        Whether another process can open it by itself; otherwise rows have to be sent to it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def shape(self) -> tuple[int, int]: ...  # noqa: D102
    @property
    def dtype(self) -> np.dtype[Any]: ...  # noqa: D102
    @property
    def shared(self) -> bool: ...  # noqa: D102

    def read(self, start: int, stop: int) -> Array:
        """Return rows ``start`` to ``stop`` as an array (stop - start, K)."""
        ...

    def content_key(self) -> str:
        """Return a short digest that changes when the content does."""
        ...


@dataclass(frozen=True)
class ArrayMatrix:
    """A matrix in memory.

    Attributes
    ----------
    array : (n, K) array
    """

    array: Array
    name: str = "array"
    shared: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.array.shape[0]), int(self.array.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the entries."""
        return self.array.dtype

    def read(self, start: int, stop: int) -> Array:
        """Return the rows as a view."""
        return self.array[start:stop]

    def content_key(self) -> str:
        """Digest of the entries."""
        return content_key("matrix", self.array)


@dataclass(frozen=True)
class Stamp:
    """Size and time of change of a file, to notice that somebody writes to it meanwhile."""

    path: str
    size: int
    changed: int

    @classmethod
    def of(cls, path: str) -> Stamp:
        """Take the stamp of a file that is there now."""
        status = Path(path).stat()
        return cls(path, status.st_size, status.st_mtime_ns)

    def check(self) -> None:
        """Raise InvalidInputError when the file is not here or not the same as it was."""
        try:
            now = Stamp.of(self.path)
        except OSError:
            raise InvalidInputError(
                f"{self.path!r} cannot be opened in this process, though it could where the call was made.",
                "Workers open files themselves: put it on a disk that all of them see by the same path.",
            ) from None
        if now != self:
            raise InvalidInputError(
                f"{self.path!r} has changed since the call began.", "Write to another file, and call again."
            )


@dataclass(frozen=True)
class MappedMatrix:
    """Rows of plain numbers in a file, as in ``.npy``.

    Attributes
    ----------
    stamp : Stamp
        The file.
    shape : (int, int)
    dtype : numpy dtype
    offset : int
        Byte at which the first entry lies.
    order : {"C", "F"}
        Whether rows or columns are contiguous.
    """

    stamp: Stamp
    shape: tuple[int, int]
    dtype: np.dtype[Any]
    offset: int
    order: str = "C"
    shared: bool = True

    @property
    def name(self) -> str:
        """Name of the file."""
        return Path(self.stamp.path).name

    def read(self, start: int, stop: int) -> Array:
        """Copy the rows out of the file; nothing stays mapped."""
        self.stamp.check()
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        if stop <= start or not self.shape[1]:
            return np.empty((max(stop - start, 0), self.shape[1]), dtype=self.dtype)
        if self.order == "C":
            # Read, not mapped: pages of a mapping count as memory of the process until they are dropped.
            width = self.shape[1]
            with Path(self.stamp.path).open("rb", buffering=0) as file:
                skipped = self.offset + start * width * self.dtype.itemsize
                file.seek(skipped)
                flat = np.fromfile(file, dtype=self.dtype, count=(stop - start) * width)
            return flat.reshape(stop - start, width)
        mapped = np.memmap(
            self.stamp.path, dtype=self.dtype, mode="r", offset=self.offset, shape=self.shape, order="F"
        )
        return np.array(mapped[start:stop], order="C")

    def mapped(self) -> Array:
        """Return the whole matrix as a read-only memory-mapped array."""
        if not self.shape[0] or not self.shape[1]:
            return np.empty(self.shape, dtype=self.dtype)
        self.stamp.check()
        order: Any = self.order
        return np.memmap(
            self.stamp.path, dtype=self.dtype, mode="r", offset=self.offset, shape=self.shape, order=order
        )

    def content_key(self) -> str:
        """Digest of the file's name, size and time of change."""
        return content_key("mapped", [path_stamp(self.stamp.path)], self.offset, self.shape, self.dtype.str)


def is_file_backed(value: Any) -> bool:
    """Whether ``value`` is a matrix on a disk: a path, a memory map, a Zarr array, or a source of rows."""
    return (
        isinstance(value, (str, os.PathLike))
        or (isinstance(value, np.ndarray) and _of_memmap(value) is not None)
        or _is_zarr(value)
        or (isinstance(value, MatrixSource) and not isinstance(value, np.ndarray))
    )


def as_source(value: Any, name: str = "pred_probs") -> MatrixSource:
    """Return a source of rows for a matrix in a file or in memory.

    Parameters
    ----------
    value : path, memory map, zarr.Array, array or MatrixSource
        A path ends in ``.npy``, ``.parquet`` or ``.zarr`` (or leads into a ``.zarr`` group). A Parquet file
        holds one list column, or one column of numbers for each column of the matrix.
    name : str
        What the matrix is called in messages.

    Returns
    -------
    MatrixSource

    Raises
    ------
    InvalidInputError
        No such file, an unknown suffix, or not a matrix of two axes.
    InvalidTypeError
        Not a matrix of numbers.

    Examples
    --------
    >>> as_source(np.eye(3)).read(1, 3).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    source: MatrixSource
    if isinstance(value, (str, os.PathLike)):
        source = _opened(Path(value), name)
    elif isinstance(value, np.ndarray):
        source = _of_memmap(value) or ArrayMatrix(np.asarray(value), name)
    elif _is_zarr(value):
        from labelscope.data.zarr_matrix import ZarrMatrix

        source = ZarrMatrix.of(value, name)
    elif isinstance(value, MatrixSource):
        source = value
    else:
        source = ArrayMatrix(_as_array(value, name), name)
    if source.dtype.kind not in "biuf":
        raise InvalidTypeError(
            f"{name} has entries of type {source.dtype}, but numbers are needed.",
            "Save it as float32, for instance np.save(path, array.astype('float32')).",
        )
    return source


def check_rows(source: MatrixSource, name: str, n: int) -> None:
    """Raise InvalidInputError when the source does not have one row for each of the n labels."""
    if source.shape[0] != n:
        raise InvalidInputError.wrong_length(name, source.shape[0], n, "given_labels")


def check_axes(shape: tuple[int, ...], name: str, where: str) -> tuple[int, int]:
    """Return the shape of a matrix; raises InvalidInputError for anything but two axes."""
    if len(shape) == 2:
        return int(shape[0]), int(shape[1])
    hint = "Save an array of shape (n, K): one row per row of data, one column per class."
    if len(shape) == 3 and name == "pred_probs":
        hint = "For several models save one file each; a matrix in a file is of one model."
    raise InvalidInputError(f"{name} in {where!r} has the shape {shape}, but two axes are needed.", hint)


def _as_array(value: Any, name: str) -> Array:
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise InvalidInputError(f"{name} is not a matrix ({error}).", "Pass an (n, K) array.") from None
    if array.dtype.kind not in "biuf":
        raise InvalidTypeError(
            f"{name} is a {type(value).__name__}, but a matrix of numbers is needed.",
            f"Pass an (n, K) array, a memory map, or a path that ends in {', '.join(_SUFFIXES)}.",
        )
    check_axes(array.shape, name, type(value).__name__)
    return array


def _opened(path: Path, name: str) -> MatrixSource:
    path = path.expanduser().absolute()
    inside = next((parent for parent in (path, *path.parents) if parent.suffix == ".zarr"), None)
    suffix = ".zarr" if inside is not None else path.suffix
    if suffix not in _SUFFIXES:
        _refuse_suffix(path, name)
    if not (inside or path).exists():
        raise InvalidInputError(f"{name} is the path {str(path)!r}, where nothing is.", _near_file(path))
    if suffix == ".npy":
        return _npy(path, name)
    if suffix == ".parquet":
        from labelscope.data.parquet_matrix import ParquetMatrix

        return ParquetMatrix.open(path, name)
    from labelscope.data.zarr_matrix import ZarrMatrix

    return ZarrMatrix.open(path, name)


def _refuse_suffix(path: Path, name: str) -> None:
    near = difflib.get_close_matches(path.suffix.lower(), _SUFFIXES, n=1, cutoff=0.4)
    if path.suffix == ".npz":
        hint = "An archive cannot be read by ranges: np.save('probs.npy', np.load(path)['name'])."
    elif near:
        hint = f"Did you mean {path.with_suffix(near[0]).name!r}?"
    else:
        hint = "Save the matrix with np.save, or pass it as an array."
    raise InvalidInputError(
        f"{name} is the path {str(path)!r}, but matrices are read from {', '.join(_SUFFIXES)}.", hint
    )


def _near_file(path: Path) -> str:
    beside = path.parent
    if not beside.is_dir():
        return f"There is no folder {str(beside)!r} either."
    names = sorted(entry.name for entry in beside.iterdir() if entry.suffix in _SUFFIXES)
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"The folder holds {', '.join(names[:8]) or 'no matrices'}."


def _npy(path: Path, name: str) -> MatrixSource:
    try:
        mapped = np.load(path, mmap_mode="r")
    except (ValueError, EOFError, OSError) as error:
        raise InvalidInputError(
            f"{name} in {str(path)!r} cannot be read by ranges of rows: {error}",
            "Save numbers with np.save(path, array.astype('float32')).",
        ) from None
    shape = check_axes(mapped.shape, name, path.name)
    # An empty array is not mapped.
    return _of_memmap(mapped) or ArrayMatrix(np.empty(shape, dtype=mapped.dtype), path.name)


def _of_memmap(value: Array) -> MappedMatrix | None:
    """Find file and place of an array that lies in a memory map; None where rows are not contiguous."""
    root: Any = value
    while isinstance(root, np.ndarray) and not isinstance(root.base, mmap.mmap):
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or value.ndim != 2 or not value.size:
        return None
    order = "C" if value.flags.c_contiguous else "F" if value.flags.f_contiguous else ""
    if not order or root.mode == "c":
        return None  # what a copy-on-write map holds need not be in the file
    if root.mode != "r":
        root.flush()
    address = value.__array_interface__["data"][0] - root.__array_interface__["data"][0]
    shape = int(value.shape[0]), int(value.shape[1])
    stamp = Stamp.of(str(Path(root.filename).absolute()))
    return MappedMatrix(stamp, shape, value.dtype, int(root.offset) + int(address), order)


def _is_zarr(value: Any) -> bool:
    kind = type(value)
    return kind.__module__.split(".")[0] == "zarr" and hasattr(value, "dtype") and hasattr(value, "shape")


__all__ = [
    "ArrayMatrix",
    "MappedMatrix",
    "MatrixSource",
    "Stamp",
    "as_source",
    "check_rows",
    "is_file_backed",
]
