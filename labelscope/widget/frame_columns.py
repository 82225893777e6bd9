"""Columns of the user's frame as the page filters and colors by them: numbers, categories or text."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np

from labelscope.data import frames
from labelscope.errors import InvalidInputError, UnknownColumnError
from labelscope.types import Array
from labelscope.widget.cards import format_value
from labelscope.widget.columns import little

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset
    from labelscope.widget.task_columns import TaskColumns

#: A column with more different values is text: nobody chooses from a longer list.
MAX_CATEGORIES = 1_000
#: Code of a missing value among categories.
MISSING = 65_535
#: Whole numbers beyond this do not survive as float32.
_EXACT = 1 << 24
_MAX_COLUMNS = 500
#: Cells of a frame that are read while a page waits.
_AT_ONCE = 2_000_000
_CLUSTER = ":cluster"
#: Columns of the task that are described while a page waits.
_MAX_AT_ONCE = 100

Json = dict[str, Any]


@dataclass(frozen=True)
class FrameColumn:
    """One column, ready for the wire.

    Attributes
    ----------
    info : dict
        ``ColumnInfo`` of ``protocol.ts``.
    values : (n,) float32, float64 or uint16, or None
        NaN or 65,535 is missing; None for text.
    """

    info: Json
    values: Array | None


class FrameColumns:
    """The columns of a dataset's frame, read when first asked for and kept.

    Parameters
    ----------
    dataset : Dataset
        Without a frame there are no columns but facts about the rows, such as ``:cluster``.
    task : TaskColumns, optional
        Further columns, such as ``"tag: joy"`` and ``"target"``, read anew each time.

    Examples
    --------
    >>> import labelscope as ls, pyarrow as pa
    >>> frame = pa.table({"text": ["a", "b"], "label": ["x", "y"], "age": [3, None]})
    >>> columns = FrameColumns(ls.Dataset(frame, "label"))
    >>> columns.one("age").info
    {'name': 'age', 'kind': 'numeric', 'format': 'integer', 'n_missing': 1, 'min': 3.0, 'max': 3.0}
    """

    def __init__(self, dataset: Dataset, task: TaskColumns | None = None) -> None:
        self._dataset = dataset
        self._task = task
        self._read: dict[str, FrameColumn] = {}
        self._lock = threading.Lock()
        frame = dataset.frame
        self._own: dict[str, Any] = {} if frame is None else {str(n): n for n in frames.column_names(frame)}

    @property
    def names(self) -> list[str]:
        """Column names, at most 500 of the frame and 500 of the task, facts about rows last."""
        found = list(self._own)[:_MAX_COLUMNS] + self._of_task[:_MAX_COLUMNS]
        return [*found, _CLUSTER] if self._clusters() is not None else found

    @property
    def _of_task(self) -> list[str]:
        """Columns of the task; one of the user's frame goes before one of the same name."""
        return [] if self._task is None else [name for name in self._task.names if name not in self._own]

    def known_infos(self) -> list[Json]:
        """Describe all columns when that takes no time, else those that were read already.

        Large frames are read by :meth:`infos` in the background.
        """
        if self._dataset.n * max(len(self.names), 1) <= _AT_ONCE:
            return self.infos()
        with self._lock:
            own = [self._read[name].info for name in self.names if name in self._read]
        return own + [self.one(name).info for name in self._of_task[:_MAX_AT_ONCE]]

    @property
    def complete(self) -> bool:
        """Whether :meth:`known_infos` says all there is to say."""
        few = self._dataset.n * len(self.names) <= _AT_ONCE
        n_task = len(self._of_task)
        return few or (len(self._read) >= len(self.names) - n_task and n_task <= _MAX_AT_ONCE)

    def infos(self) -> list[Json]:
        """Describe all columns; one that cannot be read is left out."""
        found = []
        for name in self.names:
            try:
                found.append(self.one(name).info)
            except Exception:  # a column of an odd type must not take the view down
                continue
        return found

    def one(self, name: str) -> FrameColumn:
        """Return a column.

        Raises
        ------
        UnknownColumnError
            There is no such column; the near miss is named.
        """
        scored = name.startswith(":score ") and name not in self._own
        if self._task is not None and (scored or name in self._of_task):
            info, values = self._task.values(name)
            wide = values.dtype.kind == "f" and info.get("max", 0) > _EXACT
            return FrameColumn(info, little(values if wide or values.dtype.kind != "f" else _narrow(values)))
        if name not in self._own and not (name == _CLUSTER and self._clusters() is not None):
            raise UnknownColumnError.of(name, self.names)
        with self._lock:
            found = self._read.get(name)
            if found is None:
                found = self._facts() if name not in self._own else self._column(name)
                self._read[name] = found
            return found

    def packed(self, name: str) -> tuple[Json, Array]:
        """Return a column that has values to send.

        Raises
        ------
        InvalidInputError
            It holds text.
        """
        column = self.one(name)
        if column.values is None:
            raise InvalidInputError(
                f"The column {name!r} holds text, or more than {MAX_CATEGORIES:,} different values.",
                f'Search it instead: `{name}` contains "…".',
            )
        return column.info, column.values

    def _column(self, name: str) -> FrameColumn:
        series = nw.from_native(frames.column(self._dataset.frame, self._own[name]), series_only=True)
        dtype = series.dtype
        if dtype.is_numeric():
            return _numbers(name, _floats(series), "integer" if dtype.is_integer() else "number")
        if dtype in (nw.Datetime, nw.Date):
            whole = series.cast(nw.Datetime("ms")) if dtype == nw.Date else series
            return _numbers(name, _floats(whole.dt.timestamp("ms")), "date")
        if dtype in (nw.Boolean, nw.String, nw.Categorical, nw.Enum):
            return _encoded(name, series, "boolean" if dtype == nw.Boolean else "text")
        values = series.to_list()
        kinds = {type(v) for v in values if not _is_gap(v)}
        if kinds == {bool}:
            return _categories(name, values, "boolean")
        if kinds and kinds <= {int, float}:
            floats = np.array([np.nan if _is_gap(v) else float(v) for v in values])
            return _numbers(name, floats, "number")
        if kinds and kinds <= {datetime, date}:
            return _numbers(name, np.array([_milliseconds(v) for v in values]), "date")
        return _categories(name, values, "text")

    def _clusters(self) -> Any:
        return self._dataset.groups

    def _facts(self) -> FrameColumn:
        return _categories(_CLUSTER, [str(v) for v in self._clusters().tolist()], "text")


def _narrow(values: Array) -> Array:
    return np.where(np.isfinite(values), values, np.nan).astype(np.float32)


def _floats(series: Any) -> Array:
    """Return numbers as float64 with NaN for gaps, in the library's own time."""
    return np.asarray(series.cast(nw.Float64).to_numpy(), dtype=np.float64)


def _numbers(name: str, values: Array, format: str) -> FrameColumn:
    array = np.where(np.isfinite(values), values, np.nan)
    present = array[~np.isnan(array)]
    info: Json = {
        "name": name,
        "kind": "numeric",
        "format": format,
        "n_missing": int(len(array) - len(present)),
    }
    if len(present):
        info["min"], info["max"] = float(present.min()), float(present.max())
    wide = format == "date" or (len(present) and float(np.abs(present).max()) > _EXACT)
    return FrameColumn(info, little(array if wide else array.astype(np.float32)))


def _encoded(name: str, series: Any, format: str) -> FrameColumn:
    """Encode a column of one type without a Python object a row: a million rows take a tenth of a second."""
    import pyarrow.compute as pc

    values = pc.dictionary_encode(series.cast(nw.String).to_arrow())
    values = values.combine_chunks() if hasattr(values, "combine_chunks") else values
    if len(values.dictionary) > MAX_CATEGORIES:
        return FrameColumn(_text_info(name, format, int(values.null_count)), None)
    texts = [_category(text) for text in values.dictionary.to_pylist()]
    if format == "boolean":
        texts = [text.lower() for text in texts]
    codes = values.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return _ranked(name, texts, codes, format)


def _categories(name: str, values: Sequence[Any], format: str) -> FrameColumn:
    texts = [None if _is_gap(value) else _category(value) for value in values]
    place = {
        text: code for code, text in enumerate(dict.fromkeys(text for text in texts if text is not None))
    }
    codes = np.array([-1 if text is None else place[text] for text in texts], dtype=np.int64)
    return _ranked(name, list(place), codes, format)


def _ranked(name: str, texts: list[str], codes: Array, format: str) -> FrameColumn:
    """Order categories by count; too many different values make a text column."""
    gaps = int((codes < 0).sum())
    info = _text_info(name, format, gaps)
    if len(texts) > MAX_CATEGORIES or (len(texts) > 20 and len(texts) == len(codes) - gaps):
        return FrameColumn(info, None)  # ids and sentences are no categories, however few they are
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    order = sorted(range(len(texts)), key=lambda code: (-counts[code], texts[code]))
    new = np.full(len(texts) + 1, MISSING, dtype=np.uint16)
    new[order] = np.arange(len(texts), dtype=np.uint16)
    info |= {
        "kind": "categorical",
        "categories": [texts[code] for code in order],
        "counts": [int(counts[code]) for code in order],
    }
    return FrameColumn(info, little(new[codes]))  # code -1 is the last entry, MISSING


def _text_info(name: str, format: str, gaps: int) -> Json:
    return {"name": name, "kind": "text", "format": format, "n_missing": gaps}


def _category(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray):
        return f"{len(value):,} bytes"
    return format_value(value)


def _is_gap(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def _milliseconds(value: Any) -> float:
    if _is_gap(value):
        return float("nan")
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    start = datetime(1970, 1, 1, tzinfo=value.tzinfo)
    return float((value - start) / timedelta(milliseconds=1))
