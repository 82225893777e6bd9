"""Work in the background: rescoring, one run at a time, and looking at the journal for what others write."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labelscope.review.session import Session

_log = logging.getLogger(__name__)

Told = Callable[[], None]
Failed = Callable[[Exception], None]


class Rescorer:
    """Calls ``session.rescore()`` in a thread that lives only while there is something to do.

    Parameters
    ----------
    session : Session
    failed : callable
        Gets the exception of a run that did not work; what it raises is logged.
    """

    def __init__(self, session: Session, failed: Failed) -> None:
        self._session = session
        self._failed = failed
        self._lock = threading.Lock()
        self._waiting = False
        self._thread: threading.Thread | None = None

    def want(self) -> None:
        """Ask for a rescore; however many ask while one runs, one more follows."""
        with self._lock:
            if self._thread is not None:
                self._waiting = True
                return
            self._thread = threading.Thread(target=self._work, name="labelscope-rescore", daemon=True)
            self._thread.start()

    def wait(self, timeout: float) -> bool:
        """Wait until nothing runs; whether that happened in time."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
            return not thread.is_alive()
        return True

    def _work(self) -> None:
        while True:
            try:
                self._session.rescore()
            except Exception as problem:
                try:
                    self._failed(problem)
                except Exception:
                    _log.exception("a failed rescore could not be told")
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return
                self._waiting = False


class Watch:
    """Looks at the journal for what others append, while somebody looks at the page.

    Parameters
    ----------
    poll : callable
        Looks once; what it returns says whether to go on.
    failed : callable
        Gets the exception of a look that did not work, once until a look works again.
    every : float
        Seconds between looks.
    idle : float
        Seconds without a sign of life after which looking stops.
    """

    def __init__(
        self, poll: Callable[[], bool], failed: Failed, every: float = 1.0, idle: float = 900.0
    ) -> None:
        self._poll = poll
        self._failed = failed
        self._every = every
        self._idle = idle
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._left = 0.0
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it looks now."""
        return self._thread is not None

    def alive(self) -> None:
        """Note a sign of life of a page; looking starts, or goes on."""
        with self._lock:
            self._left = self._idle
            if self._thread is None:
                self._wake.clear()
                self._thread = threading.Thread(target=self._work, name="labelscope-watch", daemon=True)
                self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        """Stop looking; a later sign of life starts it again."""
        thread = self._thread
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _work(self) -> None:
        broken = False
        while not self._wake.wait(self._every):
            with self._lock:
                self._left -= self._every
                if self._left <= 0:
                    break
            try:
                if not self._poll():
                    break
                broken = False
            except Exception as problem:
                if not broken:
                    self._tell(problem)
                broken = True
        with self._lock:
            self._thread = None

    def _tell(self, problem: Exception) -> None:
        try:
            self._failed(problem)
        except Exception:
            _log.exception("a failed look at the journal could not be told")
