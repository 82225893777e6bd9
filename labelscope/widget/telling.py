"""Tells one view's pages of what others did: scores, settings and problems, in the thread that may send."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any

from labelscope.widget import messages
from labelscope.widget.answers import Answers
from labelscope.widget.loops import LoopPost
from labelscope.widget.scores import ScoreColumns, scores_message
from labelscope.widget.shared import Member

if TYPE_CHECKING:
    from labelscope.widget.view import View

#: The order of more rows than this is sent when asked for only: it is four bytes a row and edit.
_MAX_ORDER = 200_000


class Teller(Member):
    """A view's ear: hears in any thread, and speaks through the view while there is one.

    Parameters
    ----------
    view : View
        Held weakly.
    answers : Answers
        Knows how the page orders its queue.
    post : LoopPost
    """

    def __init__(self, view: View, answers: Answers, post: LoopPost) -> None:
        self._view = weakref.ref(view)
        self._answers = answers
        self._post = post
        self._lock = threading.Lock()
        self._columns: ScoreColumns | None = None
        self._sent = 0
        self._waiting: deque[tuple[messages.Json, list[bytes] | None]] = deque()

    def greeted(self) -> None:
        """A page said hello: it must hear of scores that came before it, and of later ones."""
        shared = self._answers.shared
        self.shown = True
        with self._lock:
            if self._columns is None:
                self._columns = ScoreColumns(self._answers.session)
        if shared.seq:
            self._tell(shared.seq, shared.last_rescored, whole=True)

    def told_scores(self, seq: int, rescored: Any) -> None:
        """Send what changed to the page; without a page there is nothing to tell."""
        self._tell(seq, rescored, whole=False)

    def told_settings(self) -> None:
        """Send the options and saved filters."""
        self._send({"type": "options", **self._answers.shared.settings.to_json()})

    def told_columns(self, infos: list[messages.Json]) -> None:
        """Send what the columns of a large frame are, once they were read."""
        self._send({"type": "options", **self._answers.shared.settings.to_json(), "columns": infos})

    def told_report(self, job: messages.Json) -> None:
        """Send how far a report is; the page asks for the report itself."""
        self._send({"type": "report", **job})

    def told_problem(self, problem: Exception) -> None:
        """Send a notice."""
        self._send(messages.notice(problem))

    def _tell(self, seq: int, rescored: Any, *, whole: bool) -> None:
        session = self._answers.session
        with self._lock:
            if self._columns is None or (seq <= self._sent and not whole):
                return
            self._sent = max(seq, self._sent)
            columns = self._columns.changed(whole=whole)
            order = None
            if self._answers.policy is not None and session.audit.n <= _MAX_ORDER:
                order = self._answers.ordered(self._answers.policy)
            message, buffers = scores_message(
                session, columns, seq=self._sent, rescored=rescored, order=order
            )
            # Under the lock: what is sent keeps the order in which it was made, for it builds on each other.
            self._send(message, buffers)

    def _send(self, message: messages.Json, buffers: list[bytes] | None = None) -> None:
        self._waiting.append((message, buffers))
        self._post(self._flush)

    def _flush(self) -> None:
        """Send what waits, oldest first: a call at once must not overtake one that was posted."""
        view = self._view()
        while self._waiting:
            message, buffers = self._waiting.popleft()
            if view is not None and view.comm is not None:
                view.send(message, buffers or None)
                if "reveal" in message and message["reveal"] != view._options.get("reveal"):
                    # A page without a kernel must not show what is hidden with one.
                    view._options = {**view._options, "reveal": message["reveal"]}
