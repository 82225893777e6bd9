"""The editing half of a session: each method is one gesture, one batch and one undo step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.auditing.audit import Audit
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.events import Draft, Event, to_scalar
from labelscope.review.new_labels import LabelReader
from labelscope.review.rows import Rows, as_rows
from labelscope.review.state import ReviewState
from labelscope.review.undo import UndoStacks
from labelscope.types import FloatArray


class Decisions:
    """What a person can decide. Every method returns the new events, which are on disk by then.

    ``rows`` is a position, several of them, a slice, or a mask of n truth values. ``source`` says what the
    decision came from: ``"api"``, ``"widget"``, ``"suggestion"``, ``"teacher"`` or ``"propagated"``.
    """

    audit: Audit
    reviewer: str
    _state: ReviewState
    _stacks: UndoStacks

    def relabel(
        self, rows: Any, to: Any, new_class: bool = False, *, source: str = "api"
    ) -> tuple[Event, ...]:
        """Give rows another label.

        Parameters
        ----------
        rows : int, ints, slice or mask
        to : label or sequence of labels
            One label, or one a row in the order of ``rows``; None takes the label away. Rows that have the
            label already are recorded as kept.
        new_class : bool
            Whether a label that is no class yet becomes one.
        source : str

        Returns
        -------
        tuple of Event
            Empty when there are no rows.

        Raises
        ------
        InvalidInputError
            A row that does not exist, or a label that is no class while ``new_class`` is False.
        JournalError
            The journal cannot be written; nothing was recorded.

        Examples
        --------
        >>> import labelscope as ls
        >>> dataset = ls.Dataset(["good film", "bad film", "bad cut"], ["+", "-", "+"])
        >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0, 0.9], suggested_codes=[0, 1, 1])
        >>> session = ls.Session(audit, journal=None)
        >>> _ = session.relabel(2, "-")
        >>> session.labels()
        ['+', '-', '-']
        """
        positions = as_rows(rows, self.audit.n)
        wanted, per_row = _wanted(to, len(positions))
        positions, wanted = _unique(positions, wanted, per_row)

        def plan() -> list[Draft]:
            reader = LabelReader(self.audit.dataset.labels, self._state.classes, new_class)
            if per_row:
                codes = np.fromiter(map(reader.code, wanted), np.int64, len(wanted))
            else:
                codes = np.full(len(positions), reader.code(wanted[0]), dtype=np.int64)
            return self._label_drafts(positions, codes, reader.classes)

        return self._record(plan, source)

    def accept(self, rows: Any, *, source: str = "suggestion") -> tuple[Event, ...]:
        """Give rows their suggested label; rows that have it already are recorded as kept.

        Parameters
        ----------
        rows : int, ints, slice or mask
        source : str

        Returns
        -------
        tuple of Event
        """
        positions = _once(as_rows(rows, self.audit.n))
        codes = np.asarray(self.audit.suggested_codes, dtype=np.int64)[positions]
        without = positions[codes < 0]
        if len(without):
            notify(
                "no_suggestion",
                f"{len(without):,} of {len(positions):,} rows have no suggested label and stay as they are.",
                "Relabel them by hand.",
                without,
            )
        chosen, wanted = positions[codes >= 0], codes[codes >= 0]
        return self._record(lambda: self._label_drafts(chosen, wanted, self._state.classes), source)

    def keep(self, rows: Any, *, source: str = "api") -> tuple[Event, ...]:
        """Confirm the labels that rows have now.

        Parameters
        ----------
        rows : int, ints, slice or mask
        source : str

        Returns
        -------
        tuple of Event
        """
        positions = _once(as_rows(rows, self.audit.n))

        def plan() -> list[Draft]:
            return self._label_drafts(positions, self._state.current[positions], self._state.classes)

        return self._record(plan, source)

    def unsure(self, rows: Any, *, source: str = "api") -> tuple[Event, ...]:
        """Leave rows for a second look; their labels stay.

        Parameters
        ----------
        rows : int, ints, slice or mask
        source : str

        Returns
        -------
        tuple of Event
        """
        return self._mark("unsure", rows, source)

    def exclude(self, rows: Any, *, source: str = "api") -> tuple[Event, ...]:
        """Say that rows do not belong into the dataset; ``labels(drop_excluded=True)`` leaves them out.

        Parameters
        ----------
        rows : int, ints, slice or mask
        source : str

        Returns
        -------
        tuple of Event
        """
        return self._mark("excluded", rows, source)

    def accept_set(
        self, rows: Any, labels: Sequence[Any], *, new_class: bool = False, source: str = "api"
    ) -> tuple[Event, ...]:
        """Say that several labels are right for rows; the current label stays.

        Parameters
        ----------
        rows : int, ints, slice or mask
        labels : sequence of labels
            At least one.
        new_class : bool
            Whether a label that is no class yet becomes one.
        source : str

        Returns
        -------
        tuple of Event

        Raises
        ------
        InvalidInputError
            No labels, or one that is no class.
        """
        if isinstance(labels, str) or not hasattr(labels, "__iter__"):
            raise InvalidTypeError(
                f"labels is {labels!r:.60}.", 'Pass several labels, such as ["cat", "dog"].'
            )
        given = list(labels)
        if not given or any(to_scalar(label) is None for label in given):
            raise InvalidInputError(f"labels is {given!r:.60}.", "Name the labels that are right.")

        def plan() -> list[Draft]:
            reader = LabelReader(self.audit.dataset.labels, self._state.classes, new_class)
            codes = sorted({reader.code(label) for label in given})
            data = {"labels": [to_scalar(reader.classes[code]) for code in codes]}
            return self._plain_drafts("accepted_set", positions, data)

        positions = _once(as_rows(rows, self.audit.n))
        return self._record(plan, source)

    def tag(self, rows: Any, *, source: str = "api", **tags: Any) -> tuple[Event, ...]:
        """Attach named values to rows, such as ``severity="high"``; None takes one away.

        Parameters
        ----------
        rows : int, ints, slice or mask
        source : str
        **tags : str, number, bool or None

        Returns
        -------
        tuple of Event

        Raises
        ------
        InvalidInputError
            No tags.
        """
        positions = _once(as_rows(rows, self.audit.n))
        if not tags:
            raise InvalidInputError("No tags are given.", 'Name them: session.tag(rows, severity="high").')
        data = {"tags": {name: to_scalar(value) for name, value in tags.items()}}
        return self._record(lambda: self._plain_drafts("tagged", positions, data, labeled=False), source)

    def note(self, row: Any, text: str, *, source: str = "api") -> tuple[Event, ...]:
        """Write a note about a row, in place of the one before; an empty text takes it away.

        Parameters
        ----------
        row : int
        text : str
        source : str

        Returns
        -------
        tuple of Event
        """
        positions = as_rows(row, self.audit.n)
        if len(positions) != 1:
            raise InvalidInputError(
                f"A note is about one row, but {len(positions):,} are given.", "Pass one row."
            )
        if not isinstance(text, str):
            raise InvalidTypeError(f"text is a {type(text).__name__}.", "Pass the note as text.")
        data = {"text": str(text)}
        return self._record(lambda: self._plain_drafts("noted", positions, data, labeled=False), source)

    def undo(self, *, source: str = "api") -> tuple[Event, ...]:
        """Take back this reviewer's last gesture that stands, also one from before a restart.

        Where another reviewer decided about the same rows later, that decision stays.

        Returns
        -------
        tuple of Event
            Empty when there is nothing to undo.
        """
        overlaid: list[int] = []

        def plan() -> list[Draft]:
            if not self._stacks.can_undo:
                return []
            target = self._stacks.next_undo
            rows = self._rows_of(target)
            overlaid.extend(self._decided_later(target, rows))
            return [Draft("reverted", rows, data={"reverts": target})]

        happened = self._record(plan, source)
        if overlaid:
            notify(
                "undo_overlaid",
                f"{len(overlaid):,} of {len(happened[0].rows):,} rows keep what others decided later.",
                "Relabel them if that is wrong, too.",
                overlaid,
            )
        return happened

    def redo(self, *, source: str = "api") -> tuple[Event, ...]:
        """Put back what was undone last, as long as this reviewer decided nothing since.

        Returns
        -------
        tuple of Event
            Empty when there is nothing to redo.
        """

        def plan() -> list[Draft]:
            if not self._stacks.can_redo:
                return []
            revert, target = self._stacks.next_redo
            return [Draft("reverted", self._rows_of(target), data={"reverts": revert})]

        return self._record(plan, source)

    @property
    def can_undo(self) -> bool:
        """Whether this reviewer has a gesture to take back."""
        return self._stacks.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether an undo can be taken back."""
        return self._stacks.can_redo

    # -- for the other half -----------------------------------------------------------------------------

    @property
    def suspicion(self) -> FloatArray:
        """(n,) float32: suspicion as it is now."""
        raise NotImplementedError

    def _record(self, plan: Callable[[], Sequence[Draft]], source: str) -> tuple[Event, ...]:
        raise NotImplementedError

    def _mark(self, kind: str, rows: Any, source: str) -> tuple[Event, ...]:
        positions = _once(as_rows(rows, self.audit.n))
        return self._record(lambda: self._plain_drafts(kind, positions, {}), source)

    def _plain_drafts(self, kind: str, rows: Rows, data: dict[str, Any], labeled: bool = True) -> list[Draft]:
        if not len(rows):
            return []
        before = _values(self._state.classes, self._state.current[rows]) if labeled else ()
        return [Draft(kind, rows.tolist(), before, (), self._suspicion_of(rows), data)]

    def _label_drafts(self, rows: Rows, codes: npt.NDArray[Any], classes: Sequence[Any]) -> list[Draft]:
        current = self._state.current[rows]
        known = len(self._state.classes)
        drafts = []
        for kind, chosen in (("relabelled", codes != current), ("kept", codes == current)):
            if chosen.any():
                before, after = current[chosen], codes[chosen]
                data = {"new_class": True} if (after >= known).any() else {}
                drafts.append(
                    Draft(
                        kind,
                        rows[chosen].tolist(),
                        _values(classes, before),
                        _values(classes, after),
                        self._suspicion_of(rows[chosen]),
                        data,
                    )
                )
        return drafts

    def _suspicion_of(self, rows: Rows) -> list[float]:
        # Six decimals say all that a probability can, in a third of the bytes.
        found: list[float] = np.round(self.suspicion[rows].astype(np.float64), 6).tolist()
        return found

    def _rows_of(self, batch: str) -> list[int]:
        rows = (row for event in self._state.events if event.batch == batch for row in event.rows)
        return list(dict.fromkeys(rows))

    def _decided_later(self, batch: str, rows: list[int]) -> list[int]:
        events, last = self._state.events, self._state.last
        first = next(place for place, event in enumerate(events) if event.batch == batch)
        others = {place for place in set(last[rows].tolist()) if place > first}
        others = {place for place in others if events[place].reviewer != self.reviewer}
        return [row for row in rows if int(last[row]) in others]


def _values(classes: Sequence[Any], codes: npt.NDArray[Any]) -> list[Any]:
    table = np.empty(len(classes) + 1, dtype=object)
    table[:-1] = [to_scalar(value) for value in classes]
    found: list[Any] = table[codes].tolist()  # code -1 is the last entry, None
    return found


def _wanted(to: Any, n_rows: int) -> tuple[list[Any], bool]:
    """Return labels and whether there is one a row."""
    if isinstance(to, dict | set | frozenset | bytes):
        raise InvalidTypeError(f"to is {to!r:.60}.", "Pass one label, or a list with one label per row.")
    if isinstance(to, str) or not hasattr(to, "__len__") or getattr(to, "ndim", 1) == 0:
        return [to.item() if getattr(to, "ndim", None) == 0 else to], False
    # NumPy, pandas and torch; polars; pyarrow: each makes Python values its own way.
    makers = (getattr(to, name, None) for name in ("tolist", "to_list", "to_pylist"))
    labels = next((make() for make in makers if make is not None), None)
    labels = list(to) if labels is None else labels
    if len(labels) != n_rows:
        raise InvalidInputError(
            f"to has {len(labels):,} labels, but {n_rows:,} rows are given.",
            "Pass one label for all, or one per row in the order of rows (for a mask: of its True rows).",
        )
    return labels, True


def _once(rows: Rows) -> Rows:
    """Return rows without repetition, in the order of first appearance."""
    found, first = np.unique(rows, return_index=True)
    return rows if len(found) == len(rows) else rows[np.sort(first)]


def _unique(rows: Rows, labels: list[Any], per_row: bool) -> tuple[Rows, list[Any]]:
    once = _once(rows)
    if not per_row or len(once) == len(rows):
        return once, labels
    said: dict[int, Any] = {}
    for row, label in zip(rows.tolist(), labels, strict=True):
        if to_scalar(said.setdefault(row, label)) != to_scalar(label):
            raise InvalidInputError(
                f"Row {row} is given twice, with the labels {said[row]!r} and {label!r}.",
                "Name each row once.",
            )
    return once, list(said.values())
