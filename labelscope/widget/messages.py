"""The wire between page and kernel: read what a page sends, word what it gets back. Pure, no widget in here.

``js/src/protocol.ts`` mirrors this file; traces in ``tests/contract/messages`` check both sides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from labelscope.errors import JournalError, LabelscopeError
from labelscope.widget.readers import MAX_CARDS, MAX_PIXELS, REQUIRED, Frame, MessageError, as_bytes, unknown
from labelscope.widget.schemas import COMMANDS, REQUESTS, Fields

PROTOCOL = 1

Json = dict[str, Any]


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
        return _named("command", identity, content.get("command"), COMMANDS, Frame(n, buffers or ()))
    if kind == "request":
        return _named("request", identity, content.get("request"), REQUESTS, Frame(n, buffers or ()))
    raise unknown("message type", kind, ("hello", "command", "request"), code="unknown_message")


def _hello(identity: str, content: Mapping[str, Any]) -> Message:
    spoken = content.get("protocol")
    if spoken != PROTOCOL:
        raise MessageError(
            f"The page speaks protocol {spoken!r}, the kernel {PROTOCOL}.",
            "Save the notebook, reload the page, and run the cell again.",
            code="protocol",
        )
    return Message("hello", identity)


def _named(kind: str, identity: str, body: Any, known: Mapping[str, Fields], frame: Frame) -> Message:
    if not isinstance(body, Mapping):
        raise MessageError(f"A {kind} must be an object, but is {body!r:.60}.")
    name = body.get("name")
    if not isinstance(name, str) or name not in known:
        raise unknown(kind, name, known, code=f"unknown_{kind}")
    args: Json = {}
    for key, (read, default) in known[name].items():
        value = body.get(key, default)
        if value is REQUIRED:
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
    worded: Json = {"type": "error", "id": identity, "code": code, "message": message, "hint": hint}
    position = getattr(problem, "position", None)
    if isinstance(position, int):
        worded["position"] = position
    return worded


def interrupted(identity: str) -> Json:
    """Word that the kernel was interrupted before it had an answer."""
    return {
        "type": "error",
        "id": identity,
        "code": "interrupted",
        "message": "The kernel was interrupted before it had the answer.",
        "hint": "Ask again; no label was changed.",
    }


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
    return {key: plain_number(value) for key, value in asdict(progress).items()}


def plain_number(value: Any) -> float | int:
    """Return a finite Python number; JSON has no NaN, and a page must not meet one."""
    number = float(value)
    if not np.isfinite(number):
        return 0
    return int(number) if isinstance(value, int | np.integer) else number


__all__ = [
    "COMMANDS",
    "MAX_CARDS",
    "MAX_PIXELS",
    "PROTOCOL",
    "REQUESTS",
    "Json",
    "Message",
    "MessageError",
    "as_bytes",
    "describe",
    "error",
    "events",
    "interrupted",
    "message_id",
    "notice",
    "parse",
    "plain_number",
    "progress_json",
    "reply",
]
