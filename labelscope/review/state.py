"""The fold: current labels and states, as a pure function of the given labels and the events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.review.events import DECISIONS, Event, scalar_key

#: Names of the states by number, as in ``js/src/store/types.ts``.
STATES = ("unreviewed", "relabelled", "kept", "unsure", "excluded", "accepted_set")
UNREVIEWED, RELABELLED, KEPT, UNSURE, EXCLUDED, ACCEPTED_SET = range(6)
_NUMBER = dict(zip(DECISIONS, (RELABELLED, KEPT, UNSURE, EXCLUDED, ACCEPTED_SET), strict=True))

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class _Entry:
    """An event that decides, with labels as codes."""

    place: int
    batch: str
    number: int
    rows: npt.NDArray[np.int64]
    codes: Codes | None


class ReviewState:
    """What is decided about every row; grows by :meth:`apply`.

    Rules, the same in the page: events count in the order of (``at``, ``id``); a batch counts unless a later
    batch that counts reverts it; the last decision on a row wins. ``relabelled`` and ``kept`` set the label
    to ``after`` and the state to kept where that is the given label, else to relabelled. Values of ``after``
    and of an accepted set that are unknown so far become classes, in order of appearance, reverted or not.

    Parameters
    ----------
    given_codes : (n,) int
        Given labels; -1 is unlabelled.
    classes : sequence of K values
        What the codes stand for.

    Attributes
    ----------
    current : (n,) int32
        Codes of the labels as they are now. Read-only.
    state : (n,) uint8
        Number in ``STATES``. Read-only.
    last : (n,) int32
        Position in ``events`` of the decision that holds, -1 where there is none. Read-only.

    Examples
    --------
    >>> state = ReviewState([0, 1], ["cat", "dog"])
    >>> cow = Event("relabelled", "1", "b", "2025-01-31T09:30:00.000000Z", "ada", "api", (0,), (), ("cow",))
    >>> state.apply([cow])
    >>> state.current.tolist(), state.state.tolist(), state.classes
    ([2, 1], [1, 0], ('cat', 'dog', 'cow'))
    """

    def __init__(self, given_codes: npt.ArrayLike, classes: Iterable[Any]) -> None:
        self._given = np.asarray(given_codes, dtype=np.int32)
        self._first_classes = tuple(classes)
        self._derived: dict[str, npt.NDArray[Any]] = {}
        self._version = 0
        self._reset()

    def _reset(self) -> None:
        self._classes = list(self._first_classes)
        self._code_of = {scalar_key(value): code for code, value in enumerate(self._classes)}
        self._events: list[Event] = []
        self._ids: set[str] = set()
        self._entries: list[_Entry] = []
        self._first_place: dict[str, int] = {}
        self._reverters: dict[str, list[str]] = {}
        self._inactive: frozenset[str] = frozenset()
        self._clear()

    def _clear(self) -> None:
        self._current = self._given.copy()
        self._state = np.zeros(len(self._given), dtype=np.uint8)
        self._last = np.full(len(self._given), -1, dtype=np.int32)
        self._first = np.full(len(self._given), -1, dtype=np.int32)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self._given)

    @property
    def given(self) -> Codes:
        """(n,) int32: codes of the given labels."""
        return _read_only(self._given)

    @property
    def current(self) -> Codes:
        """(n,) int32: codes of the labels as they are now."""
        return _read_only(self._current)

    @property
    def state(self) -> npt.NDArray[np.uint8]:
        """(n,) uint8: number in ``STATES``."""
        return _read_only(self._state)

    @property
    def last(self) -> npt.NDArray[np.int32]:
        """(n,) int32: position in ``events`` of the decision that holds, -1 where there is none."""
        return _read_only(self._last)

    @property
    def first(self) -> npt.NDArray[np.int32]:
        """(n,) int32: position in ``events`` of the first decision that counts, -1 where there is none."""
        return _read_only(self._first)

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """(n_events,) int64: rows of each event."""
        if "sizes" not in self._derived:
            sizes = np.fromiter((len(event.rows) for event in self._events), np.int64, len(self._events))
            self._derived["sizes"] = sizes
        return _read_only(self._derived["sizes"])

    @property
    def classes(self) -> tuple[Any, ...]:
        """Label values: the given ones, then those added in review."""
        return tuple(self._classes)

    @property
    def events(self) -> tuple[Event, ...]:
        """All events, reverted ones included, in the order of (``at``, ``id``)."""
        return tuple(self._events)

    @property
    def version(self) -> int:
        """Number that grows whenever events are folded in."""
        return self._version

    @property
    def last_key(self) -> tuple[str, str]:
        """Place of the last event in the order of all events; empty texts when there is none."""
        return self._events[-1].key if self._events else ("", "")

    def knows(self, event_id: str) -> bool:
        """Whether an event is folded in."""
        return event_id in self._ids

    def is_active(self, batch: str) -> bool:
        """Whether a batch counts, that is: is known and not reverted."""
        return batch in self._first_place and batch not in self._inactive

    def active_events(self) -> list[Event]:
        """Return the events that count, in order."""
        return [event for event in self._events if event.batch not in self._inactive]

    def apply(self, events: Iterable[Event]) -> None:
        """Fold in events; known ones are passed over, late ones take their place in the order.

        Parameters
        ----------
        events : iterable of Event
        """
        fresh: dict[str, Event] = {}
        for event in events:
            if event.id not in self._ids:
                fresh.setdefault(event.id, event)
        if not fresh:
            return
        self._derived.clear()
        self._version += 1
        added = sorted(fresh.values(), key=lambda event: event.key)
        if added[0].key < self.last_key:
            added = sorted([*self._events, *added], key=lambda event: event.key)
            self._reset()
        start = len(self._entries)
        reverting = [self._admit(event) for event in added]
        if any(reverting):
            inactive = self._find_inactive()
            if inactive != self._inactive:
                self._inactive = inactive
                self._clear()
                start = 0
        self._fold(self._entries[start:])

    def _admit(self, event: Event) -> bool:
        """Take an event into the books; whether it reverts a batch."""
        place = len(self._events)
        self._events.append(event)
        self._ids.add(event.id)
        self._first_place.setdefault(event.batch, place)
        if event.kind == "accepted_set":
            named = event.data.get("labels")
            for value in named if isinstance(named, list) else ():
                self._code(value)
        number = _NUMBER.get(event.kind)
        if number is not None and event.rows:
            labeled = event.kind in ("relabelled", "kept") and len(event.after) == len(event.rows)
            codes = np.fromiter(map(self._code, event.after), np.int32, len(event.after)) if labeled else None
            rows = np.array(event.rows, dtype=np.int64)
            self._entries.append(_Entry(place, event.batch, number, rows, codes))
        if event.reverts:
            self._reverters.setdefault(event.reverts, []).append(event.batch)
        return bool(event.reverts)

    def _code(self, value: Any) -> int:
        if value is None:
            return -1
        key = scalar_key(value)
        code = self._code_of.get(key)
        if code is None:
            code = self._code_of[key] = len(self._classes)
            self._classes.append(value)
        return code

    def _find_inactive(self) -> frozenset[str]:
        place = self._first_place
        inactive: set[str] = set()
        # Whether a revert counts is settled by later ones only, so go backwards.
        known = (batch for batch in self._reverters if batch in place)
        for batch in sorted(known, key=place.__getitem__, reverse=True):
            if any(place[by] > place[batch] and by not in inactive for by in self._reverters[batch]):
                inactive.add(batch)
        return frozenset(inactive)

    def _fold(self, entries: Sequence[_Entry]) -> None:
        touched = []
        for entry in entries:
            if entry.batch in self._inactive:
                continue
            if entry.codes is not None:
                self._current[entry.rows] = entry.codes
            self._state[entry.rows] = entry.number
            self._last[entry.rows] = entry.place
            self._first[entry.rows[self._first[entry.rows] < 0]] = entry.place
            touched.append(entry.rows)
        if touched:
            rows = np.concatenate(touched)
            confirmed = rows[(self._state[rows] == RELABELLED) | (self._state[rows] == KEPT)]
            same = self._current[confirmed] == self._given[confirmed]
            self._state[confirmed] = np.where(same, KEPT, RELABELLED)

    def __repr__(self) -> str:
        counts = np.bincount(self._state, minlength=len(STATES))
        shown = ", ".join(f"{name} {count:,}" for name, count in zip(STATES, counts, strict=True) if count)
        return f"<ReviewState of {self.n:,} rows: {shown}>"


def fold(given_codes: npt.ArrayLike, classes: Iterable[Any], events: Iterable[Event]) -> ReviewState:
    """Fold events over the given labels.

    Parameters
    ----------
    given_codes : (n,) int
        Positions in ``classes``; -1 is unlabelled.
    classes : sequence of K values
    events : iterable of Event
        In any order.

    Returns
    -------
    ReviewState

    Examples
    --------
    >>> fold([0, -1], ["cat"], []).current.tolist()
    [0, -1]
    """
    state = ReviewState(given_codes, classes)
    state.apply(events)
    return state


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
