"""Steps of one reviewer: each is recorded as one batch, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from labelscope.errors import notify
from labelscope.review.events import DECISIONS, MACHINES, Draft, Event
from labelscope.review.ledger import Ledger


class Steps:
    """Records gestures, and takes them back.

    Parameters
    ----------
    ledger : Ledger

    Attributes
    ----------
    reviewer : str
    ledger : Ledger
    """

    def __init__(self, ledger: Ledger) -> None:
        self.reviewer = ledger.reviewer
        self.ledger = ledger

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

    def _record(self, plan: Callable[[], Sequence[Draft]], source: str) -> tuple[Event, ...]:
        return self.ledger.record(lambda: self._marked(plan(), source), source)

    def _marked(self, drafts: Sequence[Draft], source: str) -> Sequence[Draft]:
        """Say of a person's look by chance that it is one: what is left is estimated from these."""
        if source in MACHINES:
            return drafts
        if len(drafts) == 1 and len(drafts[0].rows) == 1 and drafts[0].kind in DECISIONS:
            drafts[0].data.update(self.ledger.sampler.mark(self.ledger.state, int(drafts[0].rows[0])))
        return drafts

    def _rows_of(self, batch: str) -> list[int]:
        rows = (row for event in self.ledger.state.events if event.batch == batch for row in event.rows)
        return list(dict.fromkeys(rows))

    def _decided_later(self, batch: str, rows: list[int]) -> list[int]:
        events, last = self.ledger.state.events, self.ledger.state.last
        first = next(place for place, event in enumerate(events) if event.batch == batch)
        others = {place for place in set(last[rows].tolist()) if place > first}
        others = {place for place in others if events[place].reviewer != self.reviewer}
        return [row for row in rows if int(last[row]) in others]
