"""The session: an audit and a journal; labels are a pure fold of the given labels and the journal."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data.frames import to_caller
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.decisions import Decisions
from labelscope.review.events import Event
from labelscope.review.journal import read_journal
from labelscope.review.ledger import Ledger, Listener
from labelscope.review.live import Rescored
from labelscope.review.merging import MergeReport, conflicts_of
from labelscope.review.opening import journal_path, reviewer_name
from labelscope.review.progress import Progress, progress_of
from labelscope.review.queues import MostSuspicious, RandomRows, checked_policy
from labelscope.review.records import review_columns
from labelscope.review.state import EXCLUDED, ReviewState
from labelscope.review.suggestions import concepts_now
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray, Policy

if TYPE_CHECKING:
    from labelscope.review.charts import Charts
    from labelscope.review.plans import Plan
    from labelscope.review.queues.review_plan import ReviewPlan


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
        path = journal_path(journal, audit)
        super().__init__(audit, Ledger(audit.dataset, path, reviewer_name(reviewer)))

    # -- reading ----------------------------------------------------------------------------------------

    @property
    def state(self) -> ReviewState:
        """Current codes, states and classes."""
        return self.ledger.state

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, in order."""
        return self.ledger.state.events

    @property
    def journal_path(self) -> Path | None:
        """Where decisions are written; None when they are in memory only."""
        return self.ledger.journal.path

    @property
    def flagged(self) -> BoolArray:
        """(n,) bool: the audit's flags, or those of the last :meth:`rescore`."""
        return self.live.flagged

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
        with self.ledger.lock:
            state = self.ledger.state
            keep = state.state != EXCLUDED if drop_excluded else None
            # A journal may name tags that there are not: they cannot be written into the labels.
            classes = state.classes if state.sets is None else [*map(state.sets.cleaned, state.classes)]
            return self.audit.dataset.labels.rebuild(state.current, classes, keep=keep)

    def concepts(self, drop_excluded: bool = False) -> Any:
        """Return the concepts as they are now.

        Parameters
        ----------
        drop_excluded : bool
            Whether to leave excluded rows out.

        Returns
        -------
        array or frame
            As given: container, dtype and gaps.

        Raises
        ------
        TaskError
            The dataset has no concepts.
        """
        with self.ledger.lock:
            return concepts_now(self, drop_excluded)

    def changes(self) -> Any:
        """List the rows with a decision.

        Returns
        -------
        frame
            Columns row, id, given, current, state, reviewer, time, source; in the library of the data given,
            else pandas if it is installed, else pyarrow.
        """
        with self.ledger.lock:
            rows = np.flatnonzero(self.ledger.state.last >= 0)
            columns = {"row": rows, **review_columns(self.audit.dataset, self.ledger.state, rows)}
        return to_caller(columns, self.audit.dataset.frame)

    def progress(self) -> Progress:
        """Count what is done and what is left.

        Returns
        -------
        Progress
        """
        with self.ledger.lock:
            return progress_of(self.ledger.state, np.asarray(self.audit.flagged, dtype=bool))

    def queue(self, policy: Policy | str | None = None, n: int | None = None) -> IntArray:
        """Return rows in the order in which to look at them.

        Parameters
        ----------
        policy : Policy or str, optional
            From ``ls.queues``, or its name; by default the most suspicious undecided rows come first, and
            one row in twenty is drawn by chance, which is what the number of errors left is estimated from.
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
            chosen = checked_policy(policy)
        plain, chance = policy is None or policy == MostSuspicious.name, policy == RandomRows.name
        with self.ledger.lock:
            # Rows by chance take places of others: a few more must be there to choose from.
            more = (plain or chance) * self.audit.n
            ranking = chosen.order(self.evidence(), None if n is None else int(n) + more)
            rows: IntArray = np.asarray(ranking.rows, dtype=np.int64)
            if plain:
                rows = self.ledger.sampler.interleave(rows, self.ledger.state, n)
            elif chance:
                # The order of the looks by chance, so that what is found on the way counts as measured.
                rows = self.ledger.sampler.asked_for(rows, self.ledger.state, n)
        return rows

    def rows(self, query: str) -> IntArray:
        """Return (m,) int64 rows that a query finds, such as ``"suspicion > .5 and foreign > .8"``.

        Parameters
        ----------
        query : str
            In the language of the widget; `review.querying.parse` says which names there are.

        Raises
        ------
        InvalidInputError
            The query cannot be understood; the message names the near miss.
        """
        from labelscope.review.querying import parse

        return parse(query).rows(self)

    @overload
    def plan(self, plan: None = None) -> Plan | None: ...
    @overload
    def plan(self, plan: Plan | ReviewPlan | str | os.PathLike[str]) -> Plan: ...
    def plan(self, plan: Plan | ReviewPlan | str | os.PathLike[str] | None = None) -> Plan | None:
        """Put a review plan in force, or return the one that is.

        The journal keeps it, so that pages are the same after a restart; in the widget, ``g`` goes through
        this reviewer's. Others start from the same plan by its file: ``plan.save(path)``.

        Parameters
        ----------
        plan : queues.ReviewPlan, queues.Plan or path, optional
            How to make one from the evidence of now, one that was made, or where one was saved.

        Returns
        -------
        queues.Plan or None
            None without a plan.

        Raises
        ------
        InvalidInputError
            The plan is of another dataset, empty, or was changed since it was saved.
        """
        from labelscope.review.planned import plan_in_force, put_plan

        return plan_in_force(self) if plan is None else put_plan(self, plan)

    def withdraw_plan(self, *, source: str = "api") -> tuple[Event, ...]:
        """Take the review plan out of force; what was decided on its pages stays, and undo brings it back.

        In merged journals it counts for all plans that this reviewer put before, whoever goes by them: who
        closed a page of one has put it, too, and goes on. The plan itself stays out for this reviewer,
        whoever puts it, until they put it again. Somebody else's plan may come in force in its place.

        Returns
        -------
        tuple of Event

        Raises
        ------
        InvalidInputError
            No plan is in force.
        """
        from labelscope.review.planned import withdraw_plan

        return withdraw_plan(self, source)

    def evidence(self) -> Evidence:
        """Return the audit's evidence with the review so far, as queues read it.

        Returns
        -------
        Evidence
            Adds ``suspicion``, ``flagged``, ``current``, ``suggested`` and ``first_labels`` (codes),
            ``state``, ``verified`` and ``excluded`` (bool), ``gate``, and ``cluster`` and ``clusters`` where
            a score names them; ``classes`` include those that were added.
        """
        from labelscope.review.current_evidence import reviewed_evidence

        return reviewed_evidence(self)

    def note_of(self, row: int) -> str:
        """Return the note of a row, empty when there is none."""
        found = ""
        for event in self.ledger.state.active_events():
            if event.kind == "noted" and row in event.rows:
                found = str(event.data.get("text") or "")
        return found

    def tags_of(self, row: int) -> dict[str, Any]:
        """Return the tags of a row by name."""
        found: dict[str, Any] = {}
        for event in self.ledger.state.active_events():
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
        return self.live.rescore().suspicion

    def subscribe_scores(self, callback: Callable[[Rescored], object]) -> Callable[[], None]:
        """Call back with each :class:`Rescored`; returns what to call to stop."""
        return self.live.subscribe(callback)

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
        brought = read_journal(path, self.ledger.journal.header)
        with self.ledger.lock:
            # A file that was copied together holds events twice; each counts once.
            events = {event.id: event for event in brought}.values()
            added = self.ledger.append(lambda: [e for e in events if not self.ledger.state.knows(e.id)])
            verdicts = conflicts_of(self.ledger.state)
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
        return self.ledger.poll()

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
        return self.ledger.subscribe(callback)

    def __repr__(self) -> str:
        counts = self.progress()
        where = self.journal_path or "in memory only"
        return (
            f"<Session of {self.audit.dataset.name!r}: {counts.reviewed:,} of {counts.n:,} reviewed; {where}>"
        )
