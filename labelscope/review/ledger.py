"""The ledger: journal, fold and undo stacks that move together, under one lock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidTypeError
from labelscope.review.events import Draft, Event, finish
from labelscope.review.happened import Happened
from labelscope.review.journal import Journal
from labelscope.review.journal_lines import Header
from labelscope.review.sampling import Sampler
from labelscope.review.state import ReviewState
from labelscope.review.undo import UndoStacks

Listener = Callable[[tuple[Event, ...]], object]
_log = logging.getLogger(__name__)


class Ledger:
    """What is written about a dataset, and what follows from it at once.

    Parameters
    ----------
    dataset : Dataset
        Rows and given labels.
    path : path or None
        The journal; None keeps events in memory.
    reviewer : str
        Who decides here.

    Attributes
    ----------
    lock : RLock
        Held while events are written and folded.
    state : ReviewState
    stacks : UndoStacks
    sampler : Sampler
        Says which rows are looked at by chance.
    journal : Journal

    Raises
    ------
    JournalError, WrongJournalError
        As the journal says.

    Examples
    --------
    >>> import labelscope as ls
    >>> ledger = Ledger(ls.Dataset(["good film", "bad film"], ["+", "-"]), None, "ada")
    >>> _ = ledger.record(lambda: [Draft("kept", [1], ["-"], ["-"])], "api")
    >>> ledger.state.state.tolist()
    [0, 2]
    """

    def __init__(self, dataset: Dataset, path: Path | None, reviewer: str) -> None:
        self.reviewer = reviewer
        self.lock = threading.RLock()
        self.journal = Journal(path, Header.of(dataset))
        self.state = ReviewState.of(dataset)
        self.stacks = UndoStacks(reviewer)
        self.sampler = Sampler(dataset.labels.codes, seed=int(dataset.fingerprint[:8], 16))
        self._listeners: list[Listener] = []
        self._fold(self.journal.events)

    def record(self, plan: Callable[[], Sequence[Draft]], source: str) -> tuple[Event, ...]:
        """Write what a gesture does; ``plan`` sees the state with all that others wrote by then.

        Parameters
        ----------
        plan : callable
            Returns drafts; no drafts, no events.
        source : str

        Returns
        -------
        tuple of Event
            On the disk by now.

        Raises
        ------
        JournalError
            Nothing was recorded.
        """
        if not isinstance(source, str) or not source:
            raise InvalidTypeError(f"source is {source!r}.", 'Name it: "api", "widget", "suggestion" ….')
        return self.append(lambda: finish(plan(), self.reviewer, source, self.state.last_key[0]))

    def append(self, make: Callable[[], Iterable[Event]]) -> tuple[Event, ...]:
        """Append what ``make`` makes of the state, which includes what others wrote by then."""
        with self.lock:
            told: tuple[Event, ...] = ()
            try:
                with self.journal.turn() as turn:
                    self._fold(turn.others)
                    told = turn.others
                    events = Happened(make())
                    if events:
                        turn.write(events)
                        self._fold(events)
                        told += events
            finally:
                self._tell(told)
        return events

    def poll(self) -> tuple[Event, ...]:
        """Fold in what others appended, and return it."""
        with self.lock:
            others = self.journal.tail()
            self._fold(others)
            self._tell(others)
            return others

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Call back with each tuple of new events; returns what to call to stop."""
        with self.lock:
            self._listeners.append(callback)

        def stop() -> None:
            with self.lock:
                if callback in self._listeners:
                    self._listeners.remove(callback)

        return stop

    def _fold(self, events: Sequence[Event]) -> None:
        fresh = [event for event in events if not self.state.knows(event.id)]
        before = self.state.last_key
        self.state.apply(fresh)
        self.sampler.feed(fresh)
        if fresh and min(event.key for event in fresh) < before:
            self.stacks = UndoStacks(self.reviewer)
            self.stacks.feed(self.state.events)
        else:
            self.stacks.feed(sorted(fresh, key=lambda event: event.key))

    def _tell(self, events: tuple[Event, ...]) -> None:
        for listener in tuple(self._listeners) if events else ():
            try:
                listener(events)
            except Exception:
                _log.exception("a listener of the session failed; the decision stands")
