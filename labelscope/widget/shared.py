"""What all views of one session have in common: settings, columns, controls, and who is told of scores."""

from __future__ import annotations

import logging
import secrets
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labelscope.widget.finding import Finding
from labelscope.widget.frame_columns import FrameColumns
from labelscope.widget.giving import Given
from labelscope.widget.judging import Judging
from labelscope.widget.mistake_voting import MistakeVoting
from labelscope.widget.overlaying import Overlaying
from labelscope.widget.planning import Planning
from labelscope.widget.queueing import Queueing
from labelscope.widget.reporting import Reporting
from labelscope.widget.rescoring import Rescorer, Watch
from labelscope.widget.row_facts import RowFacts
from labelscope.widget.settings import Settings
from labelscope.widget.tagging import Tagging
from labelscope.widget.task_columns import TaskColumns
from labelscope.widget.voting import Voting

if TYPE_CHECKING:
    from labelscope.review.controls import Controls
    from labelscope.review.events import Event
    from labelscope.review.session import Session

_log = logging.getLogger(__name__)
_making = threading.Lock()


class Member:
    """A view, as far as what is shared knows it. Methods are called from any thread.

    Attributes
    ----------
    shown : bool
        Whether a page has said hello.
    """

    shown = False

    def told_scores(self, seq: int, rescored: Any) -> None:
        """Scores changed."""

    def told_settings(self) -> None:
        """Options or saved filters changed."""

    def told_report(self, job: dict[str, Any]) -> None:
        """A report is further, or at its end."""

    def told_columns(self, infos: list[dict[str, Any]]) -> None:
        """There are other columns."""

    def told_problem(self, problem: Exception) -> None:
        """Something that no message asked for went wrong."""


class Shared:
    """Belongs to a session; get it with :func:`shared_of`.

    Parameters
    ----------
    session : Session
    """

    def __init__(self, session: Session) -> None:
        self.session: Session = session
        self.settings = Settings(session)
        of_task = TaskColumns(session)
        self.derived = of_task.derived
        self.columns = FrameColumns(session.audit.dataset, of_task)
        self.facts = RowFacts(session.audit)
        self.finding = Finding(self)
        self.judging = Judging(self)
        self.tagging = Tagging(self)
        self.given: Given = Given(session)
        self.reporting = Reporting(self)
        self.queueing = Queueing(self)
        self.planning = Planning(self)
        self.voting = Voting(self)
        self.mistaken = MistakeVoting(self)
        self.overlaying = Overlaying(self)
        self.rescorer = Rescorer(session, self._failed)
        self.watch = Watch(_looker(self), self._failed)
        self.seq = 0
        self.last_rescored: Any = None
        self._controls: Controls | None = None
        self._members: weakref.WeakSet[Member] = weakref.WeakSet()
        self._lock = threading.RLock()
        session.subscribe(self._heard)
        session.subscribe_scores(self._scored)

    def controls(self) -> Controls:
        """The controls of this session; their rate follows the settings."""
        from labelscope.review.controls import Controls

        with self._lock:
            if self._controls is None:
                # Another seed each time: who has seen a control before a restart must not know the next one.
                seed = secrets.randbits(32)
                self._controls = Controls(self.session, self.settings.control_rate, seed)
            self._controls.rate = self.settings.control_rate
            return self._controls

    @property
    def veil(self) -> str:
        """What a picture of rows must not show: as `Veil` of ``js/src/store/sight.ts``.

        ``"labels"``: which label a row was given, in a blind study; ``"hint"``: suggestions and suspicions of
        rows that nobody decided, where people answer first; else ``"none"``.
        """
        study = self.given.get("validation")
        if study is not None and study.blind:
            return "labels"
        return "hint" if self.settings.reveal == "after_answer" else "none"

    def join(self, member: Member) -> None:
        """Tell a view of what happens from now on."""
        self._members.add(member)

    def leave(self, member: Member) -> None:
        """Tell it no more; with the last view, looking at the journal ends."""
        self._members.discard(member)
        if not len(self._members):
            self.watch.stop()

    def alive(self) -> None:
        """Note that somebody looks: what other processes write to the journal is to be seen."""
        if self.session.journal_path is not None and len(self._members):
            self.watch.alive()

    def tell_settings(self) -> None:
        """Tell all views what the settings are."""
        self._each(lambda member: member.told_settings())

    def tell_report(self, job: dict[str, Any]) -> None:
        """Tell all views how far a report is."""
        self._each(lambda member: member.told_report(job))

    def tell_columns(self) -> None:
        """Tell all views which columns there are now."""
        infos = self.columns.known_infos()
        self._each(lambda member: member.told_columns(infos))

    def _heard(self, events: tuple[Event, ...]) -> None:
        self.planning.heard(events)
        if self.settings.follow(events):
            self.tell_settings()
        # A script that makes a view and never shows it is not to be slowed down.
        decided = any(event.rows for event in events)
        if decided and self.settings.live and any(member.shown for member in list(self._members)):
            self.rescorer.want()

    def look(self) -> bool:
        """Fold in what others wrote; False when nobody is left to tell."""
        if not len(self._members):
            return False
        self.session.poll()
        return True

    def _scored(self, rescored: Any) -> None:
        with self._lock:
            # Numbered under the lock: a slower thread must not bring an older state as a newer one.
            self.seq += 1
            self.last_rescored = rescored
            seq = self.seq
        self._each(lambda member: member.told_scores(seq, rescored))

    def _failed(self, problem: Exception) -> None:
        self._each(lambda member: member.told_problem(problem))

    def _each(self, call: Callable[[Member], None]) -> None:
        for member in list(self._members):
            try:
                call(member)
            except Exception:
                _log.exception("a view could not be told")


def _looker(shared: Shared) -> Callable[[], bool]:
    """Return a look that does not keep a session alive that its owner let go of."""
    reference = weakref.ref(shared)

    def look() -> bool:
        found = reference()
        return found is not None and found.look()

    return look


def shared_of(session: Session) -> Shared:
    """Return what the views of a session share; made once, and gone with the session."""
    with _making:
        found = vars(session).get("_shared_by_views")
        if found is None:
            found = Shared(session)
            vars(session)["_shared_by_views"] = found
        return found
