"""The wire between page and kernel: read what a page sends, word what it gets back. Pure, no widget in here.

``js/src/protocol.ts`` mirrors this file; traces in ``tests/contract/messages`` check both sides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, JournalError, LabelscopeError
from labelscope.types import IntArray

PROTOCOL = 1
#: Longer lists of rows travel as a uint32 buffer.
MAX_JSON_ROWS = 1000
#: Most cards that one request may ask for.
MAX_CARDS = 512
MAX_TEXT = 10_000
MAX_PIXELS = 4096
SOURCES = ("widget", "suggestion", "propagated", "teacher")

Json = dict[str, Any]


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
class Message:
    """One checked message from a page.

    Attributes
    ----------
    type : str
        ``"hello"``, ``"command"`` or ``"request"``.
    id : str
        Comes back with the answer.
    name : str
        Which command or request.
    args : dict
        Its checked arguments; rows are sorted, unique int64 arrays.
    """

    type: str
    id: str
    name: str = ""
    args: Json = field(default_factory=dict)


@dataclass(frozen=True)
class _Frame:
    """What reading an argument may need: the number of rows and the message's buffers."""

    n: int
    buffers: Sequence[Any]


Reader = Callable[[str, Any, _Frame], Any]
_REQUIRED = object()


def _read_row(name: str, value: Any, frame: _Frame) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise MessageError(f"{name} must be one row number, but is {value!r}.")
    if not 0 <= value < frame.n:
        raise MessageError(
            f"There is no row {value:,}.", f"Rows are 0 to {frame.n - 1:,}.", code="unknown_row"
        )
    return value


def _read_rows(name: str, value: Any, frame: _Frame) -> IntArray:
    rows = np.unique(_read_order(name, value, frame))
    return rows.astype(np.int64)


def _read_order(name: str, value: Any, frame: _Frame) -> IntArray:
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


def _rows_of_buffer(name: str, value: Mapping[str, Any], frame: _Frame) -> IntArray:
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


def _read_label(name: str, value: Any, frame: _Frame) -> Any:
    if value is not None and not isinstance(value, str | int | float):
        raise MessageError(
            f"{name} must be a label (text, number, true, false or null), but is {value!r:.60}."
        )
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise MessageError(f"A label of {len(value):,} characters is too long.")
    return value


def _read_text(name: str, value: Any, frame: _Frame) -> str:
    if not isinstance(value, str):
        raise MessageError(f"{name} must be text, but is {value!r:.60}.")
    if len(value) > MAX_TEXT:
        raise MessageError(f"{name} has {len(value):,} characters.", f"At most {MAX_TEXT:,} are taken.")
    return value


def _read_flag(name: str, value: Any, frame: _Frame) -> bool:
    if not isinstance(value, bool):
        raise MessageError(f"{name} must be true or false, but is {value!r:.60}.")
    return value


def _read_source(name: str, value: Any, frame: _Frame) -> str:
    if value not in SOURCES:
        raise MessageError(*_lines(InvalidInputError.unknown("source", value, SOURCES)))
    return str(value)


def _read_size(name: str, value: Any, frame: _Frame) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise MessageError(f"{name} must be a number of pixels, but is {value!r:.60}.")
    return int(min(max(value, 8), MAX_PIXELS))


def _read_cards(name: str, value: Any, frame: _Frame) -> IntArray:
    rows = _read_order(name, value, frame)
    if len(rows) > MAX_CARDS:
        raise MessageError(f"{len(rows):,} cards were asked for at once.", f"Ask for at most {MAX_CARDS}.")
    return rows


_Fields = Mapping[str, tuple[Reader, Any]]
_ROWS: _Fields = {"rows": (_read_rows, _REQUIRED)}
_ROW: _Fields = {"row": (_read_row, _REQUIRED)}

COMMANDS: Mapping[str, _Fields] = {
    "relabel": {
        **_ROWS,
        "to": (_read_label, _REQUIRED),
        "new_class": (_read_flag, False),
        "source": (_read_source, "widget"),
    },
    "accept": _ROWS,
    "keep": _ROWS,
    "unsure": _ROWS,
    "exclude": _ROWS,
    "note": {**_ROW, "text": (_read_text, _REQUIRED)},
    "undo": {},
    "redo": {},
}
REQUESTS: Mapping[str, _Fields] = {
    "cards": {"rows": (_read_cards, _REQUIRED), "size": (_read_size, 96)},
    "detail": _ROW,
    "media": {**_ROW, "size": (_read_size, 512)},
    "queue": {"policy": (_read_text, "")},
    "search": {"query": (_read_text, _REQUIRED)},
    "columns": {},
    "export": {"format": (_read_text, _REQUIRED)},
}


def message_id(content: Any) -> str:
    """Return the id that an answer must carry; empty when the page sent none."""
    found = content.get("id") if isinstance(content, Mapping) else None
    return found if isinstance(found, str) else "" if found is None else str(found)


def parse(content: Any, buffers: Sequence[Any] | None, n: int) -> Message:
    """Read and check one message from a page.

    Parameters
    ----------
    content : Any
        The JSON part as it came.
    buffers : sequence of memoryview or bytes, or None
        The binary part.
    n : int
        Number of rows of the dataset.

    Returns
    -------
    Message

    Raises
    ------
    MessageError
        When it does not follow the protocol; unknown names come with the near miss.

    Examples
    --------
    >>> from labelscope.widget.messages import parse
    >>> sent = {"type": "command", "id": "1", "command": {"name": "keep", "rows": [2, 0]}}
    >>> parse(sent, [], n=3).args["rows"]
    array([0, 2])
    """
    if not isinstance(content, Mapping):
        raise MessageError(f"A message must be an object, but is {content!r:.60}.")
    identity = message_id(content)
    kind = content.get("type")
    if kind == "hello":
        return _hello(identity, content)
    if kind == "command":
        return _named("command", identity, content.get("command"), COMMANDS, _Frame(n, buffers or ()))
    if kind == "request":
        return _named("request", identity, content.get("request"), REQUESTS, _Frame(n, buffers or ()))
    raise MessageError(
        *_lines(InvalidInputError.unknown("message type", kind, ("hello", "command", "request"))),
        code="unknown_message",
    )


def _hello(identity: str, content: Mapping[str, Any]) -> Message:
    spoken = content.get("protocol")
    if spoken != PROTOCOL:
        raise MessageError(
            f"The page speaks protocol {spoken!r}, the kernel {PROTOCOL}.",
            "Save the notebook, reload the page, and run the cell again.",
            code="protocol",
        )
    return Message("hello", identity)


def _named(kind: str, identity: str, body: Any, known: Mapping[str, _Fields], frame: _Frame) -> Message:
    if not isinstance(body, Mapping):
        raise MessageError(f"A {kind} must be an object, but is {body!r:.60}.")
    name = body.get("name")
    if not isinstance(name, str) or name not in known:
        raise MessageError(*_lines(InvalidInputError.unknown(kind, name, known)), code=f"unknown_{kind}")
    args: Json = {}
    for key, (read, default) in known[name].items():
        value = body.get(key, default)
        if value is _REQUIRED:
            raise MessageError(f"The {kind} {name!r} needs {key!r}.", f"It came with {', '.join(body)} only.")
        args[key] = read(key, value, frame)
    return Message(kind, identity, name, args)


def reply(identity: str, data: Json | None = None) -> Json:
    """Word the answer to a hello, command or request."""
    return {"type": "reply", "id": identity, "data": data or {}}


def error(identity: str, problem: BaseException) -> Json:
    """Word a Python exception for the page: code, message and how to fix it.

    Parameters
    ----------
    identity : str
        Id of the message that led to it.
    problem : BaseException

    Returns
    -------
    dict
    """
    code, message, hint = describe(problem)
    return {"type": "error", "id": identity, "code": code, "message": message, "hint": hint}


def describe(problem: BaseException) -> tuple[str, str, str]:
    """Return code, message and hint of an exception."""
    if isinstance(problem, LabelscopeError):
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(problem).__name__.removesuffix("Error")).lower()
        code = "journal" if isinstance(problem, JournalError) else getattr(problem, "code", name)
        return str(code), problem.message, problem.hint
    said = f"{type(problem).__name__}: {problem}"[:2000]
    if isinstance(problem, OSError):
        return (
            "disk",
            said,
            "Nothing was recorded. Check that the disk has room and the folder can be written.",
        )
    return "internal", said, "This is a fault of labelscope, your labels are unchanged; please report it."


def events(happened: Iterable[Json], progress: Any, *, can_undo: bool, can_redo: bool, saved: bool) -> Json:
    """Word events for every page.

    Parameters
    ----------
    happened : iterable of dict
        Events as JSON, in order.
    progress : Progress
        Counts after them.
    can_undo, can_redo, saved : bool
        ``saved`` is True once they are on disk.

    Returns
    -------
    dict
    """
    return {
        "type": "events",
        "events": list(happened),
        "progress": progress_json(progress),
        "can_undo": can_undo,
        "can_redo": can_redo,
        "saved": saved,
    }


def notice(problem: BaseException, level: str = "error") -> Json:
    """Word something that no message asked for."""
    code, message, hint = describe(problem)
    return {"type": "notice", "code": code, "message": message, "hint": hint, "level": level}


def progress_json(progress: Any) -> Json:
    """Return the counts as JSON; numbers that are not finite become 0."""
    found = asdict(progress)
    return {key: plain_number(value) for key, value in found.items()}


def plain_number(value: Any) -> float | int:
    """Return a finite Python number; JSON has no NaN, and a page must not meet one."""
    number = float(value)
    if not np.isfinite(number):
        return 0
    return int(number) if isinstance(value, int | np.integer) else number


def _lines(problem: LabelscopeError) -> tuple[str, str]:
    return problem.message, problem.hint
