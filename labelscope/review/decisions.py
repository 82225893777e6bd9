"""The editing half of a session: each method is one gesture, one batch and one undo step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError, notify
from labelscope.review.attribute_suggestions import attribute_drafts
from labelscope.review.drafting import label_drafts, plain_drafts
from labelscope.review.events import Draft, Event, to_scalar
from labelscope.review.implied import closed_drafts, tell_contradictions
from labelscope.review.label_arguments import once, unique, wanted
from labelscope.review.ledger import Ledger
from labelscope.review.live import Live
from labelscope.review.new_labels import LabelReader
from labelscope.review.rows import Rows, as_rows
from labelscope.review.staying import counted, kept_as_decided, staying_attributes, tell_staying
from labelscope.review.steps import Steps
from labelscope.review.suggestions import checked_tags, suggested_labels
from labelscope.types import FloatArray, IntArray


class Decisions(Steps):
    """What a person can decide. Every method returns the new events, which are on disk by then.

    ``rows`` is a position, several of them, a slice, or a mask of n truth values. ``source`` says what the
    decision came from: ``"api"``, ``"widget"``, ``"suggestion"``, ``"teacher"``, ``"judge"`` or
    ``"propagated"``; the last three are no person's look.
    """

    def __init__(self, audit: Audit, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.audit = audit
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
            label already are recorded as kept. A set or list of tags is one label, a list of them one a row;
            of a regression, any finite number is a label.
        new_class : bool
            Whether a label that is no class yet becomes one; sets of tags and numbers always may.
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
        labels, per_row = wanted(to, len(positions), self.audit.dataset.labels)
        positions, labels = unique(positions, labels, per_row)

        def plan() -> list[Draft]:
            reader = LabelReader(self.audit.dataset.labels, self.ledger.state.classes, new_class)
            if per_row:
                codes = np.fromiter(map(reader.code, labels), np.int64, len(labels))
            else:
                codes = np.full(len(positions), reader.code(labels[0]), dtype=np.int64)
            return self._labels(positions, codes, reader.classes)

        happened = self._record(plan, source)
        tell_contradictions(self.audit, self.ledger.state, positions)
        return happened

    def accept(self, rows: Any, *, source: str = "suggestion") -> tuple[Event, ...]:
        """Give rows their suggested label; rows that have it already are recorded as kept.

        Single tags that somebody decided about stay as decided, as do attributes beside a class, which get
        their suggestion too; a notice names them. Of several rows, sets decided as a whole stay as well.

        Parameters
        ----------
        rows : int, ints, slice or mask
        source : str

        Returns
        -------
        tuple of Event
        """
        positions = once(as_rows(rows, self.audit.n))
        codes = np.asarray(self.suggested_codes)
        labels = suggested_labels(self.audit, codes, self.ledger.state, positions)
        labels, stays = kept_as_decided(self.ledger.state, positions, labels)
        named = np.fromiter((label is not None for label in labels), bool, len(labels))
        without, chosen = positions[~named], positions[named]
        if len(without):
            notify(
                "no_suggestion",
                f"{len(without):,} of {len(positions):,} rows have no suggested label and stay as they are.",
                "Relabel them by hand.",
                without,
            )

        stays |= staying_attributes(self, positions) & named[:, None]
        tell_staying(counted(self.ledger.state, stays), positions[stays.any(axis=1)])

        def plan() -> list[Draft]:
            reader = LabelReader(self.audit.dataset.labels, self.ledger.state.classes, False)
            wanted_codes = [reader.code(label) for label in labels if label is not None]
            drafts = self._labels(chosen, np.array(wanted_codes, dtype=np.int64), reader.classes)
            return drafts + attribute_drafts(self, chosen)

        happened = self._record(plan, source)
        tell_contradictions(self.audit, self.ledger.state, chosen)
        return happened

    def add_tags(self, rows: Any, tags: Any, *, source: str = "api") -> tuple[Event, ...]:
        """Put tags into the sets of rows, or say of concepts that they hold.

        Under a taxonomy all tags above come along, but for those that somebody took out of a row.

        Parameters
        ----------
        rows : int, ints, slice or mask
        tags : tag or several
        source : str

        Returns
        -------
        tuple of Event

        Raises
        ------
        InvalidInputError
            A tag that there is not, or a row that does not exist.
        TaskError
            Rows have a class or a number, and no concepts.

        Examples
        --------
        >>> import labelscope as ls
        >>> dataset = ls.Dataset(["so happy", "so angry"], [{"joy"}, {"joy", "anger"}], task="multilabel")
        >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0.9], suggested_codes=[0, 0])
        >>> session = ls.Session(audit, journal=None)
        >>> _ = session.add_tags(0, "anger"), session.remove_tags(1, "joy")
        >>> [sorted(tags) for tags in session.labels()]
        [['anger', 'joy'], ['anger']]
        """
        return self._tag_sets("tags_added", rows, tags, source)

    def remove_tags(self, rows: Any, tags: Any, *, source: str = "api") -> tuple[Event, ...]:
        """Take tags out of the sets of rows, or say of concepts that they do not hold.

        Under a taxonomy all tags below go along.

        Parameters
        ----------
        rows : int, ints, slice or mask
        tags : tag or several
        source : str

        Returns
        -------
        tuple of Event

        Raises
        ------
        InvalidInputError, TaskError
            As for :meth:`add_tags`.
        """
        return self._tag_sets("tags_removed", rows, tags, source)

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
        TaskError
            Labels are sets of tags or numbers.
        """
        if self.audit.dataset.labels.is_open:
            raise TaskError(
                f"Several right labels are for classes, but the task is {self.audit.dataset.labels.task}.",
                "Give the rows their label with relabel(rows, to).",
            )
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

    @property
    def suspicion(self) -> FloatArray:
        """(n,) float32: the audit's suspicion, or the last rescore's with 0 for settled rows."""
        return self.live.suspicion

    @property
    def suggested_codes(self) -> IntArray:
        """(n,) codes of the suggested labels, as the last rescore has them."""
        return self.live.suggested_codes

    def _mark(self, kind: str, rows: Any, source: str) -> tuple[Event, ...]:
        positions = once(as_rows(rows, self.audit.n))
        return self._record(lambda: self._plain(kind, positions, {}), source)

    def _tag_sets(self, kind: str, rows: Any, tags: Any, source: str) -> tuple[Event, ...]:
        positions = once(as_rows(rows, self.audit.n))
        names = checked_tags(self.audit.dataset, tags)
        happened = self._record(
            lambda: closed_drafts(self.audit, kind, self.ledger.state, positions, self.suspicion, names),
            source,
        )
        tell_contradictions(self.audit, self.ledger.state, positions, happened)
        return happened

    def _plain(self, kind: str, rows: Rows, data: dict[str, Any], labeled: bool = True) -> list[Draft]:
        return plain_drafts(kind, self.ledger.state, rows, self.suspicion, data, labeled=labeled)

    def _labels(self, rows: Rows, codes: IntArray, classes: Sequence[Any] | None = None) -> list[Draft]:
        return label_drafts(self.ledger.state, rows, codes, self.suspicion, classes)
