"""Answer what a page asks: welcome, cards, details, media, order, search, columns, export."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from labelscope.errors import ExportError, InvalidInputError
from labelscope.exports import FORMATS, write
from labelscope.types import IntArray
from labelscope.widget.cards import cards, detail
from labelscope.widget.columns import MAX_POINTS, columns
from labelscope.widget.messages import PROTOCOL, Json, Message, progress_json
from labelscope.widget.search import TextIndex
from labelscope.widget.thumbnails import Thumbnails

if TYPE_CHECKING:
    from labelscope.review.session import Session

Answer = tuple[Json, list[bytes]]

#: Media types by the last suffix of a file.
_MIMES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".jsonl": "application/x-ndjson",
}


class Answers:
    """Reads a session for a view; changes nothing but its own caches.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.thumbnails = Thumbnails(session.audit.dataset.media)
        self._index = TextIndex(session.audit.dataset)
        self._ranks: IntArray | None = None
        self._exported: dict[str, Path] = {}
        self._lock = threading.Lock()

    def welcome(self) -> Json:
        """Return all that happened so far: ``Welcome`` of ``protocol.ts``."""
        session = self.session
        session.poll()
        return {
            "protocol": PROTOCOL,
            "events": [event.to_json() for event in session.events],
            "progress": progress_json(session.progress()),
            "journal": None if session.journal_path is None else str(session.journal_path),
            "reviewer": str(session.reviewer or ""),
            "can_undo": bool(session.can_undo),
            "can_redo": bool(session.can_redo),
            "export_formats": list(FORMATS),
            "more": session.audit.n > MAX_POINTS or not session.audit.has_map,
        }

    def request(self, message: Message) -> Answer:
        """Answer a request.

        Parameters
        ----------
        message : Message

        Returns
        -------
        data : dict
        buffers : list of bytes

        Raises
        ------
        LabelscopeError
            When it cannot be answered.
        """
        known: dict[str, Callable[..., Answer]] = {
            "cards": self.cards,
            "detail": self.detail,
            "media": self.media,
            "queue": self.queue,
            "search": self.search,
            "columns": self.columns,
            "export": self.export,
        }
        return known[message.name](**message.args)

    def cards(self, rows: IntArray, size: int) -> Answer:
        """Return cards, and one thumbnail a card (empty when there is none) in the order of ``thumbs``."""
        shown, thumbs = cards(self.session.audit, rows, size, self.thumbnails)
        return {"cards": shown, "thumbs": [int(row) for row in rows]}, thumbs

    def detail(self, row: int) -> Answer:
        """Return what the inspector shows."""
        return detail(self.session, row, self._all_ranks(), self.thumbnails), []

    def media(self, row: int, size: int) -> Answer:
        """Return the large picture, sound or text of a row."""
        blob = self.thumbnails.large(row, size)
        return {"mime": blob.mime, **blob.info}, [blob.data]

    def queue(self, policy: str) -> Answer:
        """Return all rows, what the policy puts first, the rest by suspicion."""
        audit = self.session.audit
        first = np.asarray(self.session.queue(policy or None), dtype=np.int64)
        if len(first) < audit.n:
            rest = np.ones(audit.n, dtype=bool)
            rest[first] = False
            by_suspicion = audit.order()
            first = np.concatenate([first, by_suspicion[rest[by_suspicion]]])
        return {"policy": policy}, [first.astype("<u4").tobytes()]

    def search(self, query: str) -> Answer:
        """Return the rows whose caption, id, text or record contains the query."""
        rows = self._index.find(query)
        return {"query": query, "rows": len(rows)}, [rows.astype("<u4").tobytes()]

    def columns(self) -> Answer:
        """Return the full columns; ``x`` and ``y`` are null while the map is being made."""
        named: Json = {}
        buffers: list[bytes] = []
        for name, column in columns(self.session.audit, with_map=self.session.audit.has_map).items():
            if column is None:
                named[name] = None
                continue
            named[name] = {"buffer": len(buffers), "dtype": str(column.dtype.name)}
            buffers.append(column.tobytes())
        return {"columns": named, "n": self.session.audit.n}, buffers

    def export(self, format: str) -> Answer:
        """Write the labels beside the notebook and return the same bytes.

        A file that this view did not write is never overwritten; where the folder cannot be written, ``path``
        is null and the bytes still come.
        """
        if format not in FORMATS:
            raise InvalidInputError.unknown("export format", format, FORMATS)
        with self._lock:
            target = self._exported.get(format) or _free_name(
                self.session.audit.dataset.name, FORMATS[format]
            )
        try:
            path: Path | None = Path(write(self.session, target, format)).resolve()
            data = target.read_bytes()
            self._exported[format] = target
        except ExportError:
            path = None
        if path is None:
            with TemporaryDirectory() as folder:
                data = Path(write(self.session, Path(folder) / target.name, format)).read_bytes()
        shown = None if path is None else str(path)
        mime = _MIMES.get(target.suffix, "application/octet-stream")
        return {"path": shown, "filename": target.name, "mime": mime, "rows": self.session.audit.n}, [data]

    def _all_ranks(self) -> IntArray:
        with self._lock:
            if self._ranks is None:
                order = self.session.audit.order()
                ranks = np.empty(len(order), dtype=np.int64)
                ranks[order] = np.arange(1, len(order) + 1)
                self._ranks = ranks
            return self._ranks


def _free_name(dataset: str, suffix: str) -> Path:
    """Return a file name in the working folder that is not taken."""
    stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in dataset).strip("-.")[:80] or "dataset"
    folder = Path.cwd()  # kept absolute: a later chdir must not lead to another file of that name
    path = folder / f"{stem}-labels{suffix}"
    count = 2
    while path.exists():
        path = folder / f"{stem}-labels-{count}{suffix}"
        count += 1
    return path
