"""Answer what a page asks: welcome, cards, details, media, order, search, columns; others answer the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labelscope.errors import ExportError, InvalidInputError
from labelscope.exports import FORMATS, write
from labelscope.review.files import replacing
from labelscope.types import Array, IntArray
from labelscope.widget.beside import free_name, write_beside
from labelscope.widget.cards import cards, detail, rank_of
from labelscope.widget.columns import MAX_POINTS, columns
from labelscope.widget.derived_columns import expert_json
from labelscope.widget.judge_strip import judges_json
from labelscope.widget.judging import estimate_json, gate_json
from labelscope.widget.messages import PROTOCOL, Json, Message, progress_json
from labelscope.widget.score_columns import by_scorer, scorer_of, scorers_json
from labelscope.widget.search import TextIndex
from labelscope.widget.shared import shared_of
from labelscope.widget.task_cards import of_cards
from labelscope.widget.task_columns import pack_attributes, task_json
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


#: More rows than anybody walks through; the page orders the others by suspicion itself.
_MAX_QUEUE = 20_000


class Answers:
    """Reads a session for a view; changes nothing but its own caches.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shared = shared_of(session)
        #: how the page wants its queue ordered
        self.policy: str | None = None
        self.thumbnails = Thumbnails(session.audit.dataset.media)
        self._index = TextIndex(session.audit.dataset)
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
            "more": session.audit.n > MAX_POINTS
            or not session.audit.has_map
            or session.audit.dataset.concepts is not None,
            "columns": self.shared.columns.known_infos(),
            "can_query": True,
            **scorers_json(session.audit),
            **task_json(session.audit.dataset),
            "gate": gate_json(session),
            "estimate": estimate_json(session),
            **self.shared.settings.to_json(),
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
        shared = self.shared
        finding, judging, tagging = shared.finding, shared.judging, shared.tagging
        reporting = shared.reporting
        known: dict[str, Callable[..., Answer]] = {
            "cards": self.cards,
            "detail": self.detail,
            "media": self.media,
            "spectrogram": self.spectrogram,
            "queue": self.queue,
            "search": self.search,
            "similar": finding.similar,
            "exemplars": finding.exemplars,
            "columns": self.columns,
            "column": finding.column,
            "query": finding.query,
            "complete": finding.complete,
            "rescore": self.rescore,
            "gate": judging.gate,
            "estimate": judging.estimate,
            "check": judging.check,
            "check_state": judging.check_state,
            "preview": judging.preview,
            "page_control": judging.page_control,
            "plan": shared.planning.plan,
            "tag_counts": tagging.tag_counts,
            "accept_tag_cut": tagging.accept_tag_cut,
            "tag_check": tagging.tag_check,
            "conditionals": tagging.conditionals,
            "propagate": tagging.propagate,
            "similar_fixes": tagging.similar_fixes,
            "accept_preview": tagging.accept_preview,
            "reports": reporting.reports,
            "report": reporting.report,
            "report_state": reporting.report_state,
            "report_cancel": reporting.report_cancel,
            "report_rows": reporting.report_rows,
            "report_file": reporting.report_file,
            "bulk": reporting.bulk,
            "queues": shared.queueing.queues,
            "overlay": shared.overlaying.overlay,
            "ballot": shared.voting.ballot,
            "mistake": shared.mistaken.mistake,
            "major_slice": shared.mistaken.major_slice,
            "export": self.export,
            "packet": self.packet,
        }
        return known[message.name](**message.args)

    def cards(self, rows: IntArray, size: int) -> Answer:
        """Return cards, and one thumbnail a card (empty when there is none) in the order of ``thumbs``."""
        shown, thumbs = cards(self.session.audit, rows, size, self.thumbnails)
        for card, more in zip(shown, of_cards(self.session, rows), strict=True):
            card.update(more)
        return {"cards": shown, "thumbs": [int(row) for row in rows]}, thumbs

    def detail(self, row: int) -> Answer:
        """Return what the inspector shows."""
        rank = rank_of(np.asarray(self.session.suspicion), row)
        found = detail(self.session, row, rank, self.thumbnails, self.shared.facts)
        return {**found, **expert_json(self.session, row), **judges_json(self.session, row)}, []

    def media(self, row: int, size: int) -> Answer:
        """Return the large picture, sound or text of a row."""
        blob = self.thumbnails.large(row, size)
        return {"mime": blob.mime, **blob.info}, [blob.data]

    def spectrogram(self, row: int, width: int, height: int) -> Answer:
        """Return a sound as a picture."""
        blob = self.thumbnails.spectrogram(row, width, height)
        return {"mime": blob.mime, **blob.info}, [blob.data]

    def queue(self, policy: str) -> Answer:
        """Return the rows in the order of a policy; of very many the first ones, the page knows the rest."""
        listed = self.shared.queueing.listed(policy)
        order = self.ordered(policy) if listed is None else self._completed(listed)
        self.policy = policy  # after it worked: a name that is not known must not stick
        found: Json = {"policy": policy} if listed is None else {"policy": policy, "listed": len(listed)}
        return found, [order.astype("<u4").tobytes()]

    def ordered(self, policy: str) -> IntArray:
        """Return all rows in the order of a policy, the rest by suspicion; of very many the first 20,000."""
        session = self.session
        scorer = scorer_of(policy)
        if scorer is not None:
            order = by_scorer(session, scorer)
            return order[:_MAX_QUEUE] if session.audit.n > MAX_POINTS else order
        listed = self.shared.queueing.listed(policy)
        if listed is not None:
            return self._completed(listed)
        if session.audit.n > MAX_POINTS:
            return np.asarray(session.queue(policy or None, n=_MAX_QUEUE), dtype=np.int64)
        return self._completed(np.asarray(session.queue(policy or None), dtype=np.int64))

    def _completed(self, first: IntArray) -> IntArray:
        """Return the rows of a queue, then all others by suspicion."""
        session = self.session
        if session.audit.n > MAX_POINTS:
            return first[:_MAX_QUEUE]
        if len(first) < session.audit.n:
            rest = np.ones(session.audit.n, dtype=bool)
            rest[first] = False
            by_suspicion = np.argsort(-np.asarray(session.suspicion), kind="stable")
            first = np.concatenate([first, by_suspicion[rest[by_suspicion]]])
        return first

    def rescore(self) -> Answer:
        """Score again in the background; the scores come as a message of their own, to all pages."""
        self.shared.rescorer.want()
        return {}, []

    def search(self, query: str) -> Answer:
        """Return the rows whose caption, id, text or record contains the query."""
        rows = self._index.find(query)
        return {"query": query, "rows": len(rows)}, [rows.astype("<u4").tobytes()]

    def columns(self) -> Answer:
        """Return the full columns; ``x`` and ``y`` are null while the map is being made."""
        named: Json = {}
        buffers: list[bytes] = []
        audit = self.session.audit
        packed = columns(audit, with_map=audit.has_map, session=self.session)
        if audit.n > MAX_POINTS:
            found = _differing(packed)
            if found is not None:
                rows, packed["suggested"] = found
                buffers.append(rows.astype("<u4").tobytes())
        for name, column in packed.items():
            if column is None:
                named[name] = None
                continue
            named[name] = {"buffer": len(buffers), "dtype": str(column.dtype.name)}
            buffers.append(column.tobytes())
        if packed["suggested"] is not None and len(packed["suggested"]) < audit.n:
            named["suggested"]["rows"] = {"buffer": 0, "dtype": "uint32"}
        data: Json = {"columns": named, "n": audit.n, **task_json(audit.dataset)}
        attributes = pack_attributes(audit.dataset)
        if attributes is not None:
            data["attributes"] = {"buffer": len(buffers), "dtype": "uint8"}
            buffers.append(attributes)
        return data, buffers

    def export(self, format: str) -> Answer:
        """Write the labels beside the notebook and return the same bytes.

        A file that this view did not write is never overwritten; where the folder cannot be written, ``path``
        is null and the bytes still come.
        """
        if format not in FORMATS:
            raise InvalidInputError.unknown("export format", format, FORMATS)
        with self._lock:
            target = self._exported.get(format) or free_name(self.session.audit.dataset.name, FORMATS[format])
        shown, data = write_beside(target, lambda path: write(self.session, path, format))
        if shown is not None:
            self._exported[format] = target
        mime = _MIMES.get(target.suffix, "application/octet-stream")
        return {"path": shown, "filename": target.name, "mime": mime, "rows": self.session.audit.n}, [data]

    def packet(self) -> Answer:
        """Write one HTML file in which a colleague reviews without a kernel, and return the same bytes."""
        from labelscope.widget.packet import packet_html

        data = packet_html(self.session).encode("utf-8", "backslashreplace")
        with self._lock:
            target = self._exported.get("packet") or free_name(
                self.session.audit.dataset.name, ".html", "packet"
            )
        try:
            with replacing(target) as file:
                file.write(data)
            self._exported["packet"] = target
            path: str | None = str(target.resolve())
        except ExportError:
            path = None
        return {"path": path, "filename": target.name, "mime": "text/html", "rows": self.session.audit.n}, [
            data
        ]


def _differing(packed: dict[str, Array | None]) -> tuple[IntArray, Array] | None:
    """Return the rows whose suggestion is not the given label, and it; None where these are many."""
    given, suggested = packed["given"], packed["suggested"]
    if given is None or suggested is None:
        return None
    rows = np.flatnonzero(given != suggested)
    return (rows, suggested[rows]) if len(rows) < len(given) // 8 else None
