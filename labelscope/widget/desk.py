"""Every message of a page comes here and leaves as exactly one answer, whatever happens in between."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labelscope.errors import LabelscopeError
from labelscope.widget import commands, messages
from labelscope.widget.answers import Answers
from labelscope.widget.messages import Json

if TYPE_CHECKING:
    from labelscope.review.session import Session

_log = logging.getLogger(__name__)
_REMEMBERED = 2_000
#: Shorter ids are counters, which start again when a page is loaded again; they say nothing about identity.
_UNIQUE = 16


class Desk:
    """Turns one message into one answer; knows nothing of widgets or comms.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.answers = Answers(session)
        # a page that lost its kernel sends unanswered commands again; an edit must not happen twice
        self._done: OrderedDict[str, Json] = OrderedDict()
        self._lock = threading.Lock()

    def handle(self, content: Any, buffers: Sequence[Any] | None = None) -> tuple[Json, list[bytes]]:
        """Answer one message.

        Parameters
        ----------
        content : Any
            JSON part as it came, trusted in nothing.
        buffers : sequence of memoryview or bytes, optional

        Returns
        -------
        answer : dict
            A ``reply`` or an ``error`` with the message's id.
        buffers : list of bytes
        """
        identity = messages.message_id(content)
        try:
            message = messages.parse(content, buffers, self.session.audit.n)
            data, attached = self._dispatch(message)
        except LabelscopeError as problem:
            return messages.error(identity, problem), []
        except KeyboardInterrupt:
            # Commands hold interrupts back, so that this was a question: it may be asked again.
            return messages.interrupted(identity), []
        except Exception as problem:  # a page must hear of it, and the comm must live on
            _log.exception("a message from the page could not be answered")
            return messages.error(identity, problem), []
        return messages.reply(identity, data), attached

    def _dispatch(self, message: messages.Message) -> tuple[Json, list[bytes]]:
        if message.type == "hello":
            return self.answers.welcome(), []
        if message.type == "request":
            return self.answers.request(message)
        return self._once(message), []

    def _once(self, message: messages.Message) -> Json:
        if len(message.id) < _UNIQUE:
            return commands.run(self.answers.shared, message)
        with self._lock:
            known = self._done.get(message.id)
        if known is not None:
            return known
        data = commands.run(self.answers.shared, message)
        with self._lock:
            self._done[message.id] = data
            if len(self._done) > _REMEMBERED:
                self._done.popitem(last=False)
        return data
