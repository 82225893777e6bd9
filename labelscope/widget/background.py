"""Work that a page waits for: done in a thread of its own, told about as it goes, and given up when asked."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from labelscope.errors import collect_notices
from labelscope.evidence.progress import told_to

_log = logging.getLogger(__name__)
#: Seconds between two words about how far the work is.
_EVERY = 0.25

RUNNING, DONE, FAILED, CANCELED = "running", "done", "failed", "canceled"


class CanceledError(Exception):
    """Somebody gave the work up."""


@dataclass
class Job:
    """One piece of work.

    Attributes
    ----------
    name : str
        A second one of the same name takes the place of the first.
    id : str
    state : {"running", "done", "failed", "canceled"}
    what : str
        What is done now.
    done, total : int
        How far it is; total 0 where that is not known.
    result : object
    problem : Exception or None
    """

    name: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: str = RUNNING
    what: str = ""
    done: int = 0
    total: int = 0
    result: Any = None
    problem: Exception | None = None
    notices: list[Any] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    finished: threading.Event = field(default_factory=threading.Event)

    def to_json(self) -> dict[str, Any]:
        """Return what a page shows of it."""
        return {
            "job": self.id,
            "name": self.name,
            "state": self.state,
            "what": self.what,
            "done": self.done,
            "total": self.total,
            "seconds": round(time.monotonic() - self.started, 2),
        }


class Jobs:
    """Runs work in the background.

    Parameters
    ----------
    told : callable
        Gets a job when it is further, or at its end; in the thread of the work.
    """

    def __init__(self, told: Callable[[Job], None]) -> None:
        self._told = told
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def start(self, name: str, work: Callable[[], Any]) -> Job:
        """Start work; one of that name that still runs is given up.

        Parameters
        ----------
        name : str
        work : callable
            Its loops over `labelscope.evidence.progress.progress` tell how far it is, and end when it is
            given up.

        Returns
        -------
        Job
        """
        job = Job(name)
        with self._lock:
            before = self._jobs.get(name)
            self._jobs[name] = job
        if before is not None:
            self._give_up(before)
        threading.Thread(target=self._run, args=(job, work), name=f"labelscope-{name}", daemon=True).start()
        return job

    def cancel(self, id: str) -> bool:
        """Give work up; whether it was still going on."""
        with self._lock:
            found = [job for job in self._jobs.values() if job.id == id]
        return bool(found) and self._give_up(found[0])

    def of(self, name: str) -> Job | None:
        """Return the last job of a name."""
        with self._lock:
            return self._jobs.get(name)

    def _give_up(self, job: Job) -> bool:
        if not self._end(job, CANCELED):
            return False
        self._tell(job)
        return True

    def _end(self, job: Job, state: str) -> bool:
        with self._lock:
            if job.state != RUNNING:
                return False
            job.state = state
            job.finished.set()
            return True

    def _run(self, job: Job, work: Callable[[], Any]) -> None:
        last = time.monotonic()

        def heard(what: str, done: int, total: int) -> None:
            nonlocal last
            if job.state != RUNNING:
                raise CanceledError
            job.what, job.done, job.total = what, done, total
            if time.monotonic() - last >= _EVERY:
                last = time.monotonic()
                self._tell(job)

        try:
            with collect_notices() as notices, told_to(heard):
                found = work()
            with self._lock:
                job.result, job.notices = found, list(notices)
            ended = self._end(job, DONE)
        except CanceledError:
            return
        except Exception as problem:
            job.problem = problem
            ended = self._end(job, FAILED)
        if ended:
            self._tell(job)

    def _tell(self, job: Job) -> None:
        try:
            self._told(job)
        except Exception:
            _log.exception("a page could not be told of its report")
