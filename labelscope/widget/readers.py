"""Readers: each takes one argument of a page's message, trusts nothing, and returns it checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import IntArray

#: Longer lists of rows travel as a uint32 buffer.
MAX_JSON_ROWS = 1000
#: Most cards that one request may ask for.
MAX_CARDS = 512
MAX_TEXT = 10_000
MAX_PIXELS = 4096
MAX_LABELS = 1000
SOURCES = ("widget", "suggestion", "propagated", "teacher")
SEVERITIES = ("minor", "major", "borderline")


class MessageError(InvalidInputError):
    """A page sent something that does not follow the protocol.

    Parameters
    ----------
    message, hint : str
        What came and what is expected.
    code : str
        Stable name of the mistake, sent along with the error.
    """

    def __init__(self, message: str, hint: str = "", code: str = "bad_message") -> None:
        super().__init__(message, hint)
        self.code = code


@dataclass(frozen=True)
class Frame:
    """What reading an argument may need: the number of rows and the message's buffers."""

    n: int
    buffers: Sequence[Any]


Reader = Callable[[str, Any, Frame], Any]
REQUIRED = object()


def read_row(name: str, value: Any, frame: Frame) -> int:
    """Read one row number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise MessageError(f"{name} must be one row number, but is {value!r}.")
    if not 0 <= value < frame.n:
        raise MessageError(
            f"There is no row {value:,}.", f"Rows are 0 to {frame.n - 1:,}.", code="unknown_row"
        )
    return value


def read_rows(name: str, value: Any, frame: Frame) -> IntArray:
    """Read rows: sorted, unique int64."""
    rows = np.unique(read_order(name, value, frame))
    return rows.astype(np.int64)


def read_order(name: str, value: Any, frame: Frame) -> IntArray:
    """Read rows as given: JSON list or buffer of uint32."""
    if isinstance(value, Mapping):
        rows = _rows_of_buffer(name, value, frame)
    elif isinstance(value, list):
        if any(isinstance(row, bool) or not isinstance(row, int) for row in value):
            raise MessageError(f"{name} must hold row numbers only.")
        rows = np.array(value, dtype=object)
    else:
        raise MessageError(f"{name} must be a list of row numbers or {{buffer: k}}, but is {value!r:.60}.")
    if len(rows) and (rows.min() < 0 or rows.max() >= frame.n):
        bad = next(int(row) for row in rows if not 0 <= row < frame.n)
        raise MessageError(f"There is no row {bad:,}.", f"Rows are 0 to {frame.n - 1:,}.", code="unknown_row")
    return rows.astype(np.int64)


def _rows_of_buffer(name: str, value: Mapping[str, Any], frame: Frame) -> IntArray:
    position = value.get("buffer")
    if isinstance(position, bool) or not isinstance(position, int) or not 0 <= position < len(frame.buffers):
        raise MessageError(
            f"{name} names buffer {position!r}, but the message carries {len(frame.buffers)}.",
            "Send rows as uint32, little-endian, in the named buffer.",
        )
    raw = as_bytes(frame.buffers[position])
    if len(raw) % 4:
        raise MessageError(f"The buffer of {name} has {len(raw)} bytes, which are no whole uint32 numbers.")
    return np.frombuffer(raw, dtype="<u4").astype(np.int64)


def as_bytes(buffer: Any) -> bytes:
    """Return the bytes of what a front end calls binary.

    JupyterLab hands over memoryviews, marimo bytes; both may be read-only and of any item format.

    Parameters
    ----------
    buffer : bytes, bytearray or memoryview

    Returns
    -------
    bytes

    Raises
    ------
    MessageError
        For anything else.

    Examples
    --------
    >>> from labelscope.widget.messages import as_bytes
    >>> as_bytes(memoryview(b"ab"))
    b'ab'
    """
    if isinstance(buffer, memoryview | bytes | bytearray):
        return bytes(buffer)
    raise MessageError(f"Expected binary data, but got {type(buffer).__name__}.")


def read_label(name: str, value: Any, frame: Frame) -> Any:
    """Read a label value."""
    if value is not None and not isinstance(value, str | int | float):
        raise MessageError(
            f"{name} must be a label (text, number, true, false or null), but is {value!r:.60}."
        )
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise MessageError(f"A label of {len(value):,} characters is too long.")
    return value


def read_text(name: str, value: Any, frame: Frame) -> str:
    """Read a text of at most 10,000 characters."""
    if not isinstance(value, str):
        raise MessageError(f"{name} must be text, but is {value!r:.60}.")
    if len(value) > MAX_TEXT:
        raise MessageError(f"{name} has {len(value):,} characters.", f"At most {MAX_TEXT:,} are taken.")
    return value


def read_flag(name: str, value: Any, frame: Frame) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise MessageError(f"{name} must be true or false, but is {value!r:.60}.")
    return value


def read_source(name: str, value: Any, frame: Frame) -> str:
    """Read what a decision came from."""
    if value not in SOURCES:
        raise unknown("source", value, SOURCES)
    return str(value)


def read_size(name: str, value: Any, frame: Frame) -> int:
    """Read a size in pixels; too large ones are cut."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise MessageError(f"{name} must be a number of pixels, but is {value!r:.60}.")
    return int(min(max(value, 8), MAX_PIXELS))


def read_cards(name: str, value: Any, frame: Frame) -> IntArray:
    """Read at most 512 rows, in the order given."""
    rows = read_order(name, value, frame)
    if len(rows) > MAX_CARDS:
        raise MessageError(f"{len(rows):,} cards were asked for at once.", f"Ask for at most {MAX_CARDS}.")
    return rows


def unknown(what: str, name: Any, known: Iterable[str], code: str = "bad_message") -> MessageError:
    """Return the error for a name that is not known; it names the near miss."""
    problem = InvalidInputError.unknown(what, name, known)
    return MessageError(problem.message, problem.hint, code)


def read_number(name: str, value: Any, frame: Frame) -> float:
    """Read a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise MessageError(f"{name} must be a number, but is {value!r:.60}.")
    return float(value)


def read_share(name: str, value: Any, frame: Frame) -> float:
    """Read a number from 0 to 1."""
    found = read_number(name, value, frame)
    if not 0 <= found <= 1:
        raise MessageError(f"{name} must be from 0 to 1, but is {found:g}.")
    return found


def read_count(name: str, value: Any, frame: Frame) -> int:
    """Read a whole number from 0 to 10,000."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_TEXT:
        raise MessageError(f"{name} must be a whole number from 0 to {MAX_TEXT:,}, but is {value!r:.60}.")
    return value


def read_labels(name: str, value: Any, frame: Frame) -> list[Any]:
    """Read a list of 1 to 1,000 labels."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LABELS:
        raise MessageError(f"{name} must be a list of 1 to {MAX_LABELS:,} labels, but is {value!r:.60}.")
    return [read_label(name, label, frame) for label in value]


def read_wrong(name: str, value: Any, frame: Frame) -> dict[int, Any]:
    """Read labels by row: JSON knows text keys only."""
    if not isinstance(value, Mapping):
        raise MessageError(f"{name} must map rows to labels, but is {value!r:.60}.")
    found: dict[int, Any] = {}
    for key, label in value.items():
        if not isinstance(key, str) or not key.isascii() or not key.isdigit() or len(key) > 15:
            raise MessageError(f"{name} must map row numbers to labels, but has {key!r:.60}.")
        found[read_row(name, int(key), frame)] = read_label(name, label, frame)
    return found


def read_tags(name: str, value: Any, frame: Frame) -> dict[str, Any]:
    """Read severity and category; null takes one away."""
    if not isinstance(value, Mapping) or not value or not set(value) <= {"severity", "category"}:
        raise MessageError(f"{name} must hold severity or category, but is {value!r:.60}.")
    severity, category = value.get("severity"), value.get("category")
    if severity is not None and severity not in SEVERITIES:
        raise unknown("severity", severity, SEVERITIES)
    if category is not None:
        read_text("category", category, frame)
    return dict(value)


def read_names(name: str, value: Any, frame: Frame) -> list[str]:
    """Read a list of 1 to 1,000 names."""
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_LABELS:
        raise MessageError(f"{name} must be a list of 1 to {MAX_LABELS:,} names, but is {value!r:.60}.")
    return [read_text(name, one, frame) for one in value]


def read_fix(name: str, value: Any, frame: Frame) -> dict[str, Any]:
    """Read what was changed about a row: scalars, or lists of them, by name."""
    if not isinstance(value, Mapping) or not value or len(value) > MAX_LABELS:
        raise MessageError(f"{name} must hold what was changed, but is {value!r:.60}.")
    for part in value.values():
        for one in part if isinstance(part, list) else [part]:
            read_label(name, one, frame)
    return {str(key): part for key, part in value.items()}


def read_options(name: str, value: Any, frame: Frame) -> dict[str, Any]:
    """Read settings: scalars by name."""
    if not isinstance(value, Mapping) or len(value) > MAX_LABELS:
        raise MessageError(f"{name} must hold settings by name, but is {value!r:.60}.")
    return {read_text(name, key, frame): read_label(name, one, frame) for key, one in value.items()}


def one_of(*known: str) -> Reader:
    """Return a reader for one of some names."""

    def read(name: str, value: Any, frame: Frame) -> str:
        if value not in known:
            raise unknown(name, value, known)
        return str(value)

    return read


def maybe(read: Reader) -> Reader:
    """Return a reader that also takes null."""

    def read_maybe(name: str, value: Any, frame: Frame) -> Any:
        return None if value is None else read(name, value, frame)

    return read_maybe
