"""What one reviewer can undo and redo, restarts included."""

from __future__ import annotations

from collections.abc import Iterable

from labelscope.review.events import Event


class UndoStacks:
    """Batches of one reviewer that stand, and those taken back since the last decision.

    Parameters
    ----------
    reviewer : str

    Examples
    --------
    >>> stacks = UndoStacks("ada")
    >>> stacks.can_undo, stacks.can_redo
    (False, False)
    """

    def __init__(self, reviewer: str) -> None:
        self.reviewer = reviewer
        self._standing: list[str] = []
        self._undone: list[tuple[str, str]] = []
        self._seen: set[str] = set()

    @property
    def can_undo(self) -> bool:
        """Whether there is a batch to take back."""
        return bool(self._standing)

    @property
    def can_redo(self) -> bool:
        """Whether an undo can be taken back."""
        return bool(self._undone)

    @property
    def next_undo(self) -> str:
        """The batch that undo would revert."""
        return self._standing[-1]

    @property
    def next_redo(self) -> tuple[str, str]:
        """The batch of the undo that redo would revert, and the batch that stands again then."""
        return self._undone[-1]

    def feed(self, events: Iterable[Event]) -> None:
        """Follow events in order; those of other reviewers do not matter."""
        for event in events:
            if event.reviewer == self.reviewer and event.is_step:
                self._follow(event)

    def _follow(self, event: Event) -> None:
        if event.batch in self._seen:
            return
        self._seen.add(event.batch)
        if not event.reverts:
            self._standing.append(event.batch)
            self._undone.clear()
        elif event.reverts in self._standing:
            self._standing.remove(event.reverts)
            self._undone.append((event.batch, event.reverts))
        else:
            for pair in self._undone:
                if pair[0] == event.reverts:
                    self._undone.remove(pair)
                    self._standing.append(pair[1])
                    break
