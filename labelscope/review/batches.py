"""Which batches count: undone ones do not, redone ones do again."""

from __future__ import annotations

from labelscope.review.events import Event


class Batches:
    """Batches in order, and those among them that are reverted by a later one that counts.

    Attributes
    ----------
    inactive : frozenset of str
        Batches that do not count, as of the last :meth:`settle`.
    """

    def __init__(self) -> None:
        self.inactive: frozenset[str] = frozenset()
        self._first_place: dict[str, int] = {}
        self._reverters: dict[str, list[str]] = {}

    def admit(self, event: Event, place: int) -> bool:
        """Take an event at its place in the order; whether it reverts a batch."""
        self._first_place.setdefault(event.batch, place)
        if event.reverts:
            self._reverters.setdefault(event.reverts, []).append(event.batch)
        return bool(event.reverts)

    def counts(self, batch: str) -> bool:
        """Whether a batch is known and not reverted."""
        return batch in self._first_place and batch not in self.inactive

    def settle(self) -> frozenset[str]:
        """Say anew which batches count, and return those for which that changed."""
        place = self._first_place
        inactive: set[str] = set()
        # Whether a revert counts is settled by later ones only, so go backwards.
        known = (batch for batch in self._reverters if batch in place)
        for batch in sorted(known, key=place.__getitem__, reverse=True):
            if any(place[by] > place[batch] and by not in inactive for by in self._reverters[batch]):
                inactive.add(batch)
        before, self.inactive = self.inactive, frozenset(inactive)
        return before ^ self.inactive
