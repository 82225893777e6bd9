"""The editing half of a session: each method is one gesture, one batch and one undo step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.drafting import label_drafts, plain_drafts
from labelscope.review.events import DECISIONS, Draft, Event, to_scalar
from labelscope.review.label_arguments import once, unique, wanted
from labelscope.review.ledger import Ledger
from labelscope.review.live import Live
from labelscope.review.new_labels import LabelReader
from labelscope.review.rows import Rows, as_rows
from labelscope.types import FloatArray, IntArray


class Decisions:
    """What a person can decide. Every method returns the new events, which are on disk by then.

    ``rows`` is a position, several of them, a slice, or a mask of n truth values. ``source`` says what the
    decision came from: ``"api"``, ``"widget"``, ``"suggestion"``, ``"teacher"`` or ``"propagated"``.
    """

    def __init__(self, audit: Audit, ledger: Ledger) -> None:
        self.audit = audit
        self.reviewer = ledger.reviewer
        self.ledger = ledger
        self.live = Live(audit, ledger)

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
        labels, per_row = wanted(to, len(positions))
        positions, labels = unique(positions, labels, per_row)

        def plan() -> list[Draft]:
            reader = LabelReader(self.audit.dataset.labels, self.ledger.state.classes, new_class)
            if per_row:
                codes = np.fromiter(map(reader.code, labels), np.int64, len(labels))
            else:
                codes = np.full(len(positions), reader.code(labels[0]), dtype=np.int64)
            return self._labels(positions, codes, reader.classes)

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
        positions = once(as_rows(rows, self.audit.n))
        codes = np.asarray(self.suggested_codes, dtype=np.int64)[positions]
        without = positions[codes < 0]
        if len(without):
            notify(
                "no_suggestion",
                f"{len(without):,} of {len(positions):,} rows have no suggested label and stay as they are.",
                "Relabel them by hand.",
                without,
            )
        chosen, named = positions[codes >= 0], codes[codes >= 0]
        return self._record(lambda: self._labels(chosen, named, self.ledger.state.classes), source)

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
        positions = once(as_rows(rows, self.audit.n))

        def plan() -> list[Draft]:
            return self._labels(positions, self.ledger.state.current[positions], self.ledger.state.classes)

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
            reader = LabelReader(self.audit.dataset.labels, self.ledger.state.classes, new_class)
            codes = sorted({reader.code(label) for label in given})
            data = {"labels": [to_scalar(reader.classes[code]) for code in codes]}
            return self._plain("accepted_set", positions, data)

        positions = once(as_rows(rows, self.audit.n))
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
        positions = once(as_rows(rows, self.audit.n))
        if not tags:
            raise InvalidInputError("No tags are given.", 'Name them: session.tag(rows, severity="high").')
        data = {"tags": {name: to_scalar(value) for name, value in tags.items()}}
        return self._record(lambda: self._plain("tagged", positions, data, labeled=False), source)

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
        return self._record(lambda: self._plain("noted", positions, data, labeled=False), source)

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
            if not self.ledger.stacks.can_undo:
                return []
            target = self.ledger.stacks.next_undo
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
            if not self.ledger.stacks.can_redo:
                return []
            revert, target = self.ledger.stacks.next_redo
            return [Draft("reverted", self._rows_of(target), data={"reverts": revert})]

        return self._record(plan, source)

    @property
    def can_undo(self) -> bool:
        """Whether this reviewer has a gesture to take back."""
        return self.ledger.stacks.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether an undo can be taken back."""
        return self.ledger.stacks.can_redo

    @property
    def suspicion(self) -> FloatArray:
        """(n,) float32: the audit's suspicion, or the last rescore's with 0 for settled rows."""
        return self.live.suspicion

    @property
    def suggested_codes(self) -> IntArray:
        """(n,) codes of the suggested labels, as the last rescore has them."""
        return self.live.suggested_codes

    def _record(self, plan: Callable[[], Sequence[Draft]], source: str) -> tuple[Event, ...]:
        return self.ledger.record(lambda: self._marked(plan()), source)

    def _marked(self, drafts: Sequence[Draft]) -> Sequence[Draft]:
        """Say of a look by chance that it is one: what is left is estimated from these."""
        if len(drafts) == 1 and len(drafts[0].rows) == 1 and drafts[0].kind in DECISIONS:
            drafts[0].data.update(self.ledger.sampler.mark(self.ledger.state, int(drafts[0].rows[0])))
        return drafts

    def _mark(self, kind: str, rows: Any, source: str) -> tuple[Event, ...]:
        positions = once(as_rows(rows, self.audit.n))
        return self._record(lambda: self._plain(kind, positions, {}), source)

    def _plain(self, kind: str, rows: Rows, data: dict[str, Any], labeled: bool = True) -> list[Draft]:
        return plain_drafts(kind, self.ledger.state, rows, self.suspicion, data, labeled=labeled)

    def _labels(self, rows: Rows, codes: IntArray, classes: Sequence[Any] | None = None) -> list[Draft]:
        return label_drafts(self.ledger.state, rows, codes, self.suspicion, classes)

    def _rows_of(self, batch: str) -> list[int]:
        rows = (row for event in self.ledger.state.events if event.batch == batch for row in event.rows)
        return list(dict.fromkeys(rows))

    def _decided_later(self, batch: str, rows: list[int]) -> list[int]:
        events, last = self.ledger.state.events, self.ledger.state.last
        first = next(place for place, event in enumerate(events) if event.batch == batch)
        others = {place for place in set(last[rows].tolist()) if place > first}
        others = {place for place in others if events[place].reviewer != self.reviewer}
        return [row for row in rows if int(last[row]) in others]
