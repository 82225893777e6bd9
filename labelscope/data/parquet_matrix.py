"""A matrix in a Parquet file: one list column, or one column of numbers for each column of the matrix."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.data.content import content_key, path_stamp
from labelscope.data.matrices import Stamp
from labelscope.errors import InvalidInputError
from labelscope.types import Array, IntArray

_BATCH_CELLS = 1 << 19
_BUFFER_BYTES = 1 << 23
_NUMBERED = re.compile(r"^(.*?)(\d+)$")


class ParquetMatrix:
    """A matrix whose rows are decoded a batch at a time, forward from where the last reading ended.

    Pages of a row group can only be decoded in order, so a reader stays open between calls and reading the
    file from front to back decodes every page once. Copies that are sent to other processes start anew.

    Parameters
    ----------
    stamp : Stamp
        The file.
    columns : tuple of str
        Names of the columns, in the order of the matrix; one name when ``listed``.
    listed : bool
        Whether the one column holds lists.
    shape : (int, int)
    dtype : numpy dtype
    starts : (n_groups + 1,) int
        First row of each row group, and the number of rows.
    """

    shared = True

    def __init__(
        self,
        stamp: Stamp,
        columns: tuple[str, ...],
        listed: bool,
        shape: tuple[int, int],
        dtype: np.dtype[Any],
        starts: IntArray,
    ) -> None:
        self.stamp, self.columns, self.listed = stamp, columns, listed
        self.shape, self.dtype, self.starts = shape, dtype, starts
        self._lock = threading.Lock()
        self._batches: Iterator[Array] | None = None
        self._held = np.empty((0, shape[1]), dtype=dtype)
        self._at = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return ParquetMatrix, (self.stamp, self.columns, self.listed, self.shape, self.dtype, self.starts)

    @classmethod
    def open(cls, path: Path, name: str) -> ParquetMatrix:
        """Find the columns that are the matrix.

        Parameters
        ----------
        path : Path
        name : str
            What the matrix is called in messages.

        Raises
        ------
        InvalidInputError
            Not a Parquet file, or it cannot be told which columns are meant.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise InvalidInputError(
                f"{name} in {str(path)!r} cannot be read: {error}", "Pass a Parquet file."
            ) from None
        with file:
            schema = file.schema_arrow
            columns, listed = _columns(schema, path, name)
            sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
            n = file.metadata.num_rows
            types = [schema.field(column).type for column in columns]
            width = _list_width(file, columns[0], types[0]) if listed else len(columns)
        values = [kind.value_type for kind in types] if listed else types
        dtype = np.result_type(*(_dtype_of(kind) for kind in values))
        starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
        return cls(Stamp.of(str(path)), columns, listed, (n, width), dtype, starts)

    @property
    def name(self) -> str:
        """Name of the file."""
        return Path(self.stamp.path).name

    def content_key(self) -> str:
        """Digest of the file's name, size and time of change, and of the columns."""
        return content_key("parquet", [path_stamp(self.stamp.path)], self.columns)

    def read(self, start: int, stop: int) -> Array:
        """Decode rows ``start`` to ``stop``; missing numbers are NaN."""
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        rows = np.empty((max(stop - start, 0), self.shape[1]), dtype=self.dtype)
        if not len(rows):
            return rows
        with self._lock:
            self.stamp.check()
            self._seek(start)
            done = 0
            while done < len(rows):
                if not len(self._held):
                    self._held = self._next()
                skipped = start + done - self._at
                taken = self._held[skipped : skipped + len(rows) - done]
                rows[done : done + len(taken)] = taken
                used = min(skipped + len(taken), len(self._held))
                self._held, self._at = self._held[used:], self._at + used
                done += len(taken)
            if self._at >= self.shape[0]:
                self._close()
        return rows

    def _seek(self, start: int) -> None:
        """Go on with the open reader, or open one at the row group that holds ``start``."""
        group = int(np.searchsorted(self.starts, start, side="right")) - 1
        if self._batches is None or start < self._at or self._at < self.starts[group]:
            self._close()
            self._batches, self._at = self._decoded(group), int(self.starts[group])

    def _close(self) -> None:
        self._batches, self._held = None, self._held[:0].copy()

    def _next(self) -> Array:
        try:
            if self._batches is None:
                raise StopIteration
            return next(self._batches)
        except StopIteration:
            raise InvalidInputError(
                f"{self.stamp.path!r} ends after row {self._at:,}, but says that it has {self.shape[0]:,}.",
                "The file is damaged: write it again.",
            ) from None

    def _decoded(self, group: int) -> Iterator[Array]:
        import pyarrow.parquet as pq

        width = max(self.shape[1], 1)
        buffer = int(np.clip(_BUFFER_BYTES // (1 if self.listed else width), 1 << 12, 1 << 20))
        with pq.ParquetFile(self.stamp.path, buffer_size=buffer, pre_buffer=False) as file:
            batches = file.iter_batches(
                batch_size=max(1, _BATCH_CELLS // width),
                row_groups=list(range(group, len(self.starts) - 1)),
                columns=list(self.columns),
                use_threads=False,
            )
            at = int(self.starts[group])
            for batch in batches:
                if batch.num_rows:
                    yield self._matrix(batch, at)
                at += batch.num_rows

    def _matrix(self, batch: Any, at: int) -> Array:
        made = np.empty((batch.num_rows, self.shape[1]), dtype=self.dtype)
        if not self.listed:
            for place, column in enumerate(self.columns):
                made[:, place] = batch.column(column).to_numpy(zero_copy_only=False)
            return made
        lists = batch.column(self.columns[0])
        lengths = np.asarray(lists.value_lengths().fill_null(0).to_numpy(zero_copy_only=False))
        other = np.flatnonzero(lengths != self.shape[1])
        missing = np.flatnonzero(lists.is_null().to_numpy(zero_copy_only=False))
        if len(other) or len(missing):
            row = int(min(other[:1].tolist() + missing[:1].tolist()))
            raise InvalidInputError(
                f"Row {at + row:,} of the column {self.columns[0]!r} in {self.stamp.path!r} does not have "
                f"{self.shape[1]:,} numbers.",
                "Write lists of one length, without missing ones.",
            )
        flat = lists.flatten().to_numpy(zero_copy_only=False)
        return np.asarray(flat, dtype=self.dtype).reshape(made.shape)


def _columns(schema: Any, path: Path, name: str) -> tuple[tuple[str, ...], bool]:
    """Choose the columns: numbered ones, else a single list, else all if all are floats."""
    import pyarrow.types as kinds

    lists = [one.name for one in schema if _is_list(one.type) and _is_number(one.type.value_type)]
    numbers = [one.name for one in schema if _is_number(one.type)]
    series: dict[str, dict[int, str]] = {}
    for column in numbers:
        found = _NUMBERED.match(column)
        if found is not None:
            series.setdefault(found[1], {})[int(found[2])] = column
    whole = [one for one in series.values() if len(one) > 1 and sorted(one) == list(range(len(one)))]
    if len(lists) + len(whole) == 1:
        if lists:
            return (lists[0],), True
        return tuple(whole[0][place] for place in range(len(whole[0]))), False
    if numbers and not lists and not whole and all(kinds.is_floating(one.type) for one in schema):
        return tuple(numbers), False
    shown = ", ".join(schema.names[:12]) + (", …" if len(schema.names) > 12 else "")
    raise InvalidInputError(
        f"{name} in {str(path)!r}: which columns are the matrix cannot be told from {shown or 'no columns'}.",
        "Write one list column, or columns numbered from 0 such as p0, p1, p2.",
    )


def _is_list(kind: Any) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind))


def _is_number(kind: Any) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_floating(kind) or kinds.is_integer(kind))


def _dtype_of(kind: Any) -> np.dtype[Any]:
    import pyarrow.types as kinds

    if kinds.is_floating(kind):
        found: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
        return found
    # Whole numbers may be missing, and then become NaN.
    return np.dtype(np.float64)


def _list_width(file: Any, column: str, kind: Any) -> int:
    import pyarrow.types as kinds

    if kinds.is_fixed_size_list(kind):
        return int(kind.list_size)
    for batch in file.iter_batches(batch_size=1, columns=[column], use_threads=False):
        return int(batch.column(0).value_lengths()[0].as_py() or 0)
    return 0
