"""The fold: current labels and states, as a pure function of the given labels and the events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labelscope.review.batches import Batches
from labelscope.review.events import DECISIONS, TAGGING, Event, scalar_key
from labelscope.review.tag_sets import Attributes, TagEdit, TagSets

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset
    from labelscope.data.tags import Tags

#: Names of the states by number, as in ``js/src/store/types.ts``.
STATES = ("unreviewed", "relabelled", "kept", "unsure", "excluded", "accepted_set")
UNREVIEWED, RELABELLED, KEPT, UNSURE, EXCLUDED, ACCEPTED_SET = range(6)
_NUMBER = {
    **dict(zip(DECISIONS, (RELABELLED, KEPT, UNSURE, EXCLUDED, ACCEPTED_SET), strict=False)),
    **dict.fromkeys(TAGGING, RELABELLED),
}

Codes = npt.NDArray[np.int32]


@dataclass(frozen=True)
class _Entry:
    """An event that decides, with labels as codes."""

    place: int
    batch: str
    number: int
    rows: npt.NDArray[np.int64]
    codes: Codes | None
    edit: TagEdit | None = None


class ReviewState:
    """What is decided about every row; grows by :meth:`apply`.

    Rules, the same in the page: events count in the order of (``at``, ``id``); a batch counts unless a later
    batch that counts reverts it; the last decision on a row wins. ``relabelled`` and ``kept`` set the label
    to ``after`` and the state to kept where that is the given label, else to relabelled. Values of ``after``
    and of an accepted set that are unknown so far become classes, in order of appearance, reverted or not.

    ``tags_added`` and ``tags_removed`` change the set of tags that a row has by then, and so its class, where
    classes are sets; beside classes, they change its attributes. New sets become classes as events come.

    Parameters
    ----------
    given_codes : (n,) int
        Given labels; -1 is unlabelled.
    classes : sequence of K values
        What the codes stand for.
    sets : Tags, optional
        The tags of which the classes are sets.
    attributes : Tags, optional
        Attributes beside the class, as given.

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

    def __init__(
        self,
        given_codes: npt.ArrayLike,
        classes: Iterable[Any],
        *,
        sets: Tags | None = None,
        attributes: Tags | None = None,
    ) -> None:
        self._sets = None if sets is None else TagSets(sets)
        self._attributes = None if attributes is None else Attributes(attributes)
        self._given = np.asarray(given_codes, dtype=np.int32)
        self._first_classes = tuple(classes)
        self._derived: dict[str, npt.NDArray[Any]] = {}
        self._version = 0
        self._reset()

    @classmethod
    def of(cls, dataset: Dataset) -> ReviewState:
        """Return the state of a dataset that nobody reviewed."""
        labels = dataset.labels
        attributes = dataset.concepts
        return cls(labels.codes, labels.classes.tolist(), sets=labels.tags, attributes=attributes)

    def _reset(self) -> None:
        self._touching: dict[int, list[int]] = {}
        self._classes = list(self._first_classes)
        self._code_of = {scalar_key(value): code for code, value in enumerate(self._classes)}
        self._events: list[Event] = []
        self._ids: set[str] = set()
        self._entries: list[_Entry] = []
        self._batches = Batches()
        self._clear()

    def _clear(self) -> None:
        self._current = self._given.copy()
        self._state = np.zeros(len(self._given), dtype=np.uint8)
        self._last = np.full(len(self._given), -1, dtype=np.int32)
        self._first = np.full(len(self._given), -1, dtype=np.int32)
        if self._attributes is not None:
            self._attributes.clear()

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
    def sets(self) -> TagSets | None:
        """What classes are sets of; None where they are none."""
        return self._sets

    @property
    def tag_names(self) -> tuple[str, ...]:
        """K tags of which classes are sets, or attributes beside the class; empty where there are none."""
        found = self._sets or self._attributes
        return () if found is None else found.names

    @property
    def tags(self) -> npt.NDArray[np.int8]:
        """(n, K) int8: 1 present, 0 absent, -1 unknown, as they are now."""
        if self._attributes is not None:
            return _read_only(self._attributes.matrix)
        if "tags" not in self._derived:
            self._derived["tags"] = self._tags_of(self._current)
        return _read_only(self._derived["tags"])

    @property
    def given_tags(self) -> npt.NDArray[np.int8]:
        """(n, K) int8: as :attr:`tags`, before the review."""
        beside = self._attributes
        return _read_only(self._tags_of(self._given) if beside is None else beside.given)

    def _tags_of(self, codes: Codes) -> npt.NDArray[np.int8]:
        if self._sets is None:
            return np.zeros((self.n, 0), dtype=np.int8)
        return self._sets.table(self._classes)[codes]

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

    def first_of(self, chosen: npt.NDArray[np.bool_]) -> Codes:
        """Return (n,) int32: as :attr:`first`, of the events that are ``chosen`` (n_events,) alone."""
        found = np.full(self.n, -1, dtype=np.int32)
        for entry in reversed(self._entries):
            if chosen[entry.place] and entry.batch not in self._batches.inactive:
                found[entry.rows] = entry.place
        return found

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
        return self._batches.counts(batch)

    def active_events(self) -> list[Event]:
        """Return the events that count, in order."""
        return [event for event in self._events if event.batch not in self._batches.inactive]

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
        if self._sets is None:
            self._take(added)
            return
        # Which sets there ever were depends on what counted by then, not on how many events come at once.
        for event in added:
            self._take([event])

    def _take(self, added: Sequence[Event]) -> None:
        start = len(self._entries)
        reverting = [self._admit(event) for event in added]
        if any(reverting):
            toggled = self._batches.settle()
            if toggled and self._sets is not None:
                self._fold_rows(toggled)
                return
            if toggled:
                self._clear()
                start = 0
        self._fold(self._entries[start:])

    def _admit(self, event: Event) -> bool:
        """Take an event into the books; whether it reverts a batch."""
        place = len(self._events)
        self._events.append(event)
        self._ids.add(event.id)
        if event.kind == "accepted_set":
            named = event.data.get("labels")
            for value in named if isinstance(named, list) else ():
                self._code(value)
        number = _NUMBER.get(event.kind)
        tagging = event.kind in TAGGING and not self.tag_names
        if number is not None and event.rows and not tagging:
            labeled = event.kind in ("relabelled", "kept") and len(event.after) == len(event.rows)
            codes = np.fromiter(map(self._code, event.after), np.int32, len(event.after)) if labeled else None
            rows = np.array(event.rows, dtype=np.int64)
            edit = self._edit(event)
            if self._sets is not None:
                for row in event.rows:
                    self._touching.setdefault(row, []).append(len(self._entries))
            self._entries.append(_Entry(place, event.batch, number, rows, codes, edit))
        return self._batches.admit(event, place)

    def _edit(self, event: Event) -> TagEdit | None:
        found, named = self._sets or self._attributes, event.data.get("tags")
        if found is None or event.kind not in TAGGING or not isinstance(named, list):
            return None
        return found.edit(named, 1 if event.kind == "tags_added" else 0)

    def _code(self, value: Any) -> int:
        if value is None:
            return -1
        key = scalar_key(value)
        code = self._code_of.get(key)
        if code is None:
            code = self._code_of[key] = len(self._classes)
            self._classes.append(value)
        return code

    def _fold_rows(self, batches: frozenset[str]) -> None:
        """Fold again the rows that batches are about, and no others."""
        chosen = np.zeros(self.n, dtype=bool)
        for entry in self._entries:
            if entry.batch in batches:
                chosen[entry.rows] = True
        rows = np.flatnonzero(chosen)
        self._current[rows], self._state[rows] = self._given[rows], UNREVIEWED
        self._last[rows] = self._first[rows] = -1
        places = sorted({place for row in rows.tolist() for place in self._touching[row]})
        parts = []
        for entry in (self._entries[place] for place in places):
            inside = chosen[entry.rows]
            codes = None if entry.codes is None else entry.codes[inside]
            parts.append(replace(entry, rows=entry.rows[inside], codes=codes))
        self._fold(parts)

    def _write(self, entry: _Entry) -> None:
        if entry.codes is not None:
            self._current[entry.rows] = entry.codes
        elif entry.edit is None:
            return
        elif self._sets is not None:
            old = self._current[entry.rows]
            self._current[entry.rows] = self._sets.edited(old, entry.edit, self._classes, self._code)
        elif self._attributes is not None:
            self._attributes.write(entry.rows, entry.edit)

    def _fold(self, entries: Sequence[_Entry]) -> None:
        touched = []
        for entry in entries:
            if entry.batch in self._batches.inactive:
                continue
            self._write(entry)
            self._state[entry.rows] = entry.number
            self._last[entry.rows] = entry.place
            self._first[entry.rows[self._first[entry.rows] < 0]] = entry.place
            touched.append(entry.rows)
        if touched:
            rows = np.concatenate(touched)
            confirmed = rows[(self._state[rows] == RELABELLED) | (self._state[rows] == KEPT)]
            same = self._current[confirmed] == self._given[confirmed]
            if self._attributes is not None:
                same &= self._attributes.as_given(confirmed)
            self._state[confirmed] = np.where(same, KEPT, RELABELLED)

    def __repr__(self) -> str:
        counts = np.bincount(self._state, minlength=len(STATES))
        shown = ", ".join(f"{name} {count:,}" for name, count in zip(STATES, counts, strict=True) if count)
        return f"<ReviewState of {self.n:,} rows: {shown}>"


def fold(
    given_codes: npt.ArrayLike,
    classes: Iterable[Any],
    events: Iterable[Event],
    *,
    sets: Tags | None = None,
    attributes: Tags | None = None,
) -> ReviewState:
    """Fold events over the given labels.

    Parameters
    ----------
    given_codes, classes, sets, attributes
        As for `ReviewState`.
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
    state = ReviewState(given_codes, classes, sets=sets, attributes=attributes)
    state.apply(events)
    return state


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view
