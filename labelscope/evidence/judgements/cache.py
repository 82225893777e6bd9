"""Answers of models on disk: by content hash, one line each, so that nothing is asked or paid for twice."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from pathlib import Path
from typing import Any

from labelscope.errors import JournalError

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def request_key(*parts: object) -> str:
    """Hash what is asked into 32 hexadecimal digits.

    Examples
    --------
    >>> request_key("model", ["text"]) == request_key("model", ["text"]), len(request_key("a"))
    (True, 32)
    """
    content = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


class AnswerLog:
    """A file of answers that grows; what was asked is kept as a hash only, never as a text.

    Parameters
    ----------
    folder : path or None
        Where the file lies; None keeps answers in memory.
    name : str
        Of the file, such as host and model.

    Raises
    ------
    JournalError
        The file cannot be read or written. Nothing was sent then.

    Examples
    --------
    >>> log = AnswerLog(None, "memory")
    >>> log.put("key", {"label": "joy"})
    >>> log.get("key"), log.get("other")
    ({'label': 'joy'}, None)
    """

    def __init__(self, folder: str | Path | None, name: str) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, Any]] = {}
        self.path: Path | None = None
        if folder is not None:
            tag = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
            self.path = Path(folder).expanduser() / f"{_UNSAFE.sub('_', name)[:80]}-{tag}.jsonl"
            self._open()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the answer to what has this hash, or None."""
        return self._known.get(key)

    def put(self, key: str, record: dict[str, Any]) -> None:
        """Write an answer down before it counts; those with ``"again": True`` are written but not reused."""
        line = json.dumps({"key": key, **record}, ensure_ascii=False)
        with self._lock:
            if self.path is not None:
                try:
                    with self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
                        file.write(line + "\n")
                except OSError as error:
                    raise _unwritable(self.path, error) from error
            if not record.get("again"):
                self._known[key] = record

    def _open(self) -> None:
        assert self.path is not None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            content = self.path.read_bytes() if self.path.exists() else b""
            with self.path.open("ab") as file:
                if content and not content.endswith(b"\n"):
                    file.write(b"\n")  # the torn line of a run that was killed
        except OSError as error:
            raise _unwritable(self.path, error) from error
        for line in content.decode("utf-8", "replace").splitlines():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(record, dict) and isinstance(record.get("key"), str) and not record.get("again"):
                self._known[record.pop("key")] = record


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(
        f"The answers cannot be kept in {path} ({error.strerror or error}); nothing more is sent.",
        "Pass folder= of a place that can be written, or folder=None to keep them in memory.",
    )
