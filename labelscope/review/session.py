"""The session: an audit and a journal; labels are a pure fold of the given labels and the journal."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data.frames import to_caller
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.decisions import Decisions
from labelscope.review.events import Draft, Event, finish
from labelscope.review.journal import Journal, read_journal
from labelscope.review.journal_lines import Header
from labelscope.review.live import rescore, settle
from labelscope.review.merging import MergeReport, conflicts_of
from labelscope.review.progress import Progress, progress_of
from labelscope.review.queues import MostSuspicious, by_name
from labelscope.review.records import review_columns
from labelscope.review.state import EXCLUDED, ReviewState
from labelscope.review.undo import UndoStacks
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray, Policy, Score

if TYPE_CHECKING:
    from labelscope.review.charts import Charts

Listener = Callable[[tuple[Event, ...]], object]
_log = logging.getLogger(__name__)


class Session(Decisions):
    """Review the labels of an audit; every decision is on disk before a method returns.

    Parameters
    ----------
    audit : Audit
    journal : {"auto"}, path or None
        ``"auto"`` writes ``.labelscope/<name>-<fingerprint>.jsonl`` in the working folder and resumes from
        it; None keeps decisions in memory.
    reviewer : str, optional
        Who decides; by default ``LABELSCOPE_REVIEWER`` of the environment, else the login name.

    Attributes
    ----------
    audit : Audit
    reviewer : str

    Raises
    ------
    JournalError
        The journal cannot be written; the message says where else it could be.
    WrongJournalError
        The journal belongs to another dataset.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> session = ls.Session(ls.audit(X, y), journal=None)
    >>> _ = session.relabel([70, 106], [2, 1])
    >>> session.progress().relabelled
    2
    >>> _ = session.undo()
    >>> bool((session.labels() == y).all())
    True
    """

    def __init__(
        self, audit: Audit, journal: str | os.PathLike[str] | None = "auto", reviewer: str | None = None
    ) -> None:
        if not isinstance(audit, Audit):
            raise InvalidTypeError(
                f"A session reviews an Audit, but this is a {type(audit).__name__}.",
                "Write ls.Session(ls.audit(data, labels)).",
            )
        self.audit = audit
        self.reviewer = _reviewer(reviewer)
        self._lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._rescored: Score | None = None
        self._journal = Journal(_journal_path(journal, audit), Header.of(audit.dataset))
        self._state = ReviewState(audit.given_codes, audit.classes.tolist())
        self._stacks = UndoStacks(self.reviewer)
        self._fold(self._journal.events)

    # -- reading ----------------------------------------------------------------------------------------

    @property
    def state(self) -> ReviewState:
        """Current codes, states and classes."""
        return self._state

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        return self._state.events

    @property
    def journal_path(self) -> Path | None:
        """Where decisions are written; None when they are in memory only."""
        return self._journal.path

    @property
    def suspicion(self) -> FloatArray:
        """(n,) float32: the audit's suspicion, or the last :meth:`rescore`'s with 0 for settled rows."""
        return (
            self.audit.suspicion if self._rescored is None else settle(self._rescored, self._state).suspicion
        )

    @property
    def flagged(self) -> BoolArray:
        """(n,) bool: the audit's flags, or those of the last :meth:`rescore`."""
        if self._rescored is None:
            return self.audit.flagged
        return np.asarray(settle(self._rescored, self._state).flagged)

    @property
    def charts(self) -> Charts:
        """Altair charts of this review."""
        from labelscope.review.charts import Charts

        return Charts(self)

    def labels(self, drop_excluded: bool = False) -> Any:
        """Return the labels as they are now.

        Parameters
        ----------
        drop_excluded : bool
            Whether to leave excluded rows out; else they keep their label.

        Returns
        -------
        list, numpy array, pandas, polars or pyarrow column, tensor
            Container, dtype, index and order as given; the given entries themselves where nothing changed.
        """
        with self._lock:
            state = self._state
            keep = state.state != EXCLUDED if drop_excluded else None
            return self.audit.dataset.labels.rebuild(state.current, state.classes, keep=keep)

    def changes(self) -> Any:
        """List the rows with a decision.

        Returns
        -------
        frame
            Columns row, id, given, current, state, reviewer, time; in the library of the data given, else
            pandas if it is installed, else pyarrow.
        """
        with self._lock:
            rows = np.flatnonzero(self._state.last >= 0)
            columns = {"row": rows, **review_columns(self.audit.dataset, self._state, rows)}
        return to_caller(columns, self.audit.dataset.frame)

    def progress(self) -> Progress:
        """Count what is done and what is left.

        Returns
        -------
        Progress
        """
        with self._lock:
            return progress_of(self._state, np.asarray(self.audit.flagged, dtype=bool))

    def queue(self, policy: Policy | str | None = None, n: int | None = None) -> IntArray:
        """Return rows in the order in which to look at them.

        Parameters
        ----------
        policy : Policy or str, optional
            From ``ls.queues``, or its name; by default the most suspicious undecided rows come first.
        n : int, optional
            How many; by default all that the policy lists.

        Returns
        -------
        (m,) int64
        """
        if n is not None and (isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 0):
            raise InvalidInputError(f"n is {n!r}.", "Give the number of rows wanted, or None for all.")
        chosen: Policy = MostSuspicious()
        if policy is not None:
            chosen = by_name(policy) if isinstance(policy, str) else policy
        with self._lock:
            ranking = chosen.order(self.evidence(), None if n is None else int(n))
        return np.asarray(ranking.rows, dtype=np.int64)

    def evidence(self) -> Evidence:
        """Return the audit's evidence with the review so far, as queues read it.

        Returns
        -------
        Evidence
            Adds ``suspicion``, ``flagged``, ``current``, ``suggested`` (codes) and ``state``; ``classes``
            include those that were added.
        """
        classes = np.empty(len(self._state.classes), dtype=object)
        classes[:] = self._state.classes
        known = len(classes) == len(self.audit.classes)
        return self.audit.evidence.including(
            classes=self.audit.classes if known else classes,
            given_labels=self.audit.given_codes,
            current=self._state.current.astype(np.int64),
            suggested=self.audit.suggested_codes,
            suspicion=self.suspicion,
            flagged=self.flagged,
            state=self._state.state.copy(),
        )

    def note_of(self, row: int) -> str:
        """Return the note of a row, empty when there is none."""
        found = ""
        for event in self._state.active_events():
            if event.kind == "noted" and row in event.rows:
                found = str(event.data.get("text") or "")
        return found

    def tags_of(self, row: int) -> dict[str, Any]:
        """Return the tags of a row by name."""
        found: dict[str, Any] = {}
        for event in self._state.active_events():
            if event.kind == "tagged" and row in event.rows and isinstance(event.data.get("tags"), dict):
                found.update(event.data["tags"])
        return {name: value for name, value in found.items() if value is not None}

    # -- together with others ---------------------------------------------------------------------------

    def rescore(self) -> FloatArray:
        """Score again with the labels and verdicts as they are now, without retraining.

        Returns
        -------
        (n,) float32
            The new suspicion, which :attr:`suspicion` and :meth:`queue` use from now on: 0 for rows that are
            settled; unsure rows stay in question.
        """
        with self._lock:
            self._rescored = rescore(self.audit, self._state)
            return self.suspicion

    def merge(self, path: str | os.PathLike[str]) -> MergeReport:
        """Take over the decisions of another journal of the same dataset; that file is left as it is.

        Events of both are put in the order of time. Merging twice changes nothing.

        Parameters
        ----------
        path : path

        Returns
        -------
        MergeReport
            Rows on which reviewers differ are reported, never settled silently.

        Raises
        ------
        JournalError
            The file cannot be read, or this session's journal cannot be written.
        WrongJournalError
            The journal belongs to another dataset.
        """
        brought = read_journal(path, self._journal.header)
        with self._lock:
            added = self._append(lambda: [e for e in brought if not self._state.knows(e.id)])
            verdicts = conflicts_of(self._state)
        if verdicts:
            notify(
                "merge_conflicts",
                f"Reviewers differ on {len(verdicts):,} rows; the later decision is in force there.",
                "Look at the conflicts of the report and settle them.",
                verdicts,
            )
        return MergeReport(len(added), tuple(verdicts), verdicts)

    def poll(self) -> tuple[Event, ...]:
        """Fold in what other sessions appended to the journal.

        Returns
        -------
        tuple of Event
            What is new.
        """
        with self._lock:
            others = self._journal.tail()
            self._fold(others)
            self._tell(others)
            return others

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call back with each tuple of new events, own and others', once they are on disk.

        Parameters
        ----------
        callback : callable
            Gets a tuple of Event. What it raises is logged; the decision stands.

        Returns
        -------
        callable
            Call it to stop.
        """
        with self._lock:
            self._listeners.append(callback)

        def stop() -> None:
            with self._lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return stop

    # -- the way to the disk ----------------------------------------------------------------------------

    def _record(self, plan: Callable[[], Sequence[Draft]], source: str) -> tuple[Event, ...]:
        if not isinstance(source, str) or not source:
            raise InvalidTypeError(f"source is {source!r}.", 'Name it: "api", "widget", "suggestion" ….')
        return self._append(lambda: finish(plan(), self.reviewer, source, self._state.last_key[0]))

    def _append(self, make: Callable[[], Iterable[Event]]) -> tuple[Event, ...]:
        """Append what ``make`` makes of the state, which includes what others wrote by then."""
        with self._lock:
            told: tuple[Event, ...] = ()
            try:
                with self._journal.turn() as turn:
                    self._fold(turn.others)
                    told = turn.others
                    events = tuple(make())
                    if events:
                        turn.write(events)
                        self._fold(events)
                        told += events
            finally:
                self._tell(told)
        return events

    def _fold(self, events: Sequence[Event]) -> None:
        fresh = [event for event in events if not self._state.knows(event.id)]
        before = self._state.last_key
        self._state.apply(fresh)
        if fresh and min(event.key for event in fresh) < before:
            self._stacks = UndoStacks(self.reviewer)
            self._stacks.feed(self._state.events)
        else:
            self._stacks.feed(sorted(fresh, key=lambda event: event.key))

    def _tell(self, events: tuple[Event, ...]) -> None:
        for listener in tuple(self._listeners) if events else ():
            try:
                listener(events)
            except Exception:
                _log.exception("a listener of the session failed; the decision stands")

    def __repr__(self) -> str:
        counts = self.progress()
        where = self.journal_path or "in memory only"
        return (
            f"<Session of {self.audit.dataset.name!r}: {counts.reviewed:,} of {counts.n:,} reviewed; {where}>"
        )


def _reviewer(given: str | None) -> str:
    if given is None:
        given = os.environ.get("LABELSCOPE_REVIEWER") or _login()
    if not isinstance(given, str) or not given.strip():
        raise InvalidTypeError(f"reviewer is {given!r}.", 'Pass a name, such as reviewer="ada".')
    return given.strip()


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no login name in some containers
        return "reviewer"


def _journal_path(given: Any, audit: Audit) -> Path | None:
    if given is None:
        return None
    if not isinstance(given, str | os.PathLike) or not str(given):
        raise InvalidTypeError(
            f"journal is {given!r:.60}.", 'Pass "auto", a path, or None to keep decisions in memory.'
        )
    if given != "auto":
        return Path(given)
    name = "".join(c if c.isalnum() or c in "-_." else "-" for c in audit.dataset.name).strip("-.")[:60]
    return Path.cwd() / ".labelscope" / f"{name or 'dataset'}-{audit.dataset.fingerprint}.jsonl"
