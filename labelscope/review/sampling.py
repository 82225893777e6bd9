"""Looks by chance: which rows are drawn at random, and with what probability."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from labelscope.review.events import DECISIONS, MACHINES, Event
from labelscope.review.progress import never_seen_rows
from labelscope.review.state import UNREVIEWED, ReviewState
from labelscope.types import BoolArray, IntArray

#: With fewer labeled rows people look at all of them, and chance has nothing to add.
LEAST_ROWS = 100
RATE = 0.05
_CHUNK = 4096


class Sampler:
    """Hands out rows in one fixed random order, one look in twenty.

    The order is a permutation of the labeled rows that depends on nothing but the seed. Its first row
    without a decision is a uniform draw from all rows without one, flagged or not, whatever was looked at
    before, as long as nobody chooses rows by this order. A look is a person's decision about one row alone.
    Rows that methods decided about, or that were accepted in one go, and that nobody ever looked at are drawn
    in the same order, among themselves, where somebody asks for rows by chance.

    Parameters
    ----------
    given_codes : (n,) int
        Given labels; -1 is unlabelled.
    seed : int
    rate : float
        Share of the looks that are drawn by chance.

    Examples
    --------
    >>> sampler = Sampler(np.zeros(500, int), seed=0)
    >>> sampler.due, sampler.looks
    (False, 0)
    """

    def __init__(self, given_codes: Any, seed: int, rate: float = RATE) -> None:
        labeled = np.flatnonzero(np.asarray(given_codes) >= 0)
        self.order: IntArray = np.random.default_rng([seed, 0x5A]).permutation(labeled)
        self.rate = rate if len(labeled) >= LEAST_ROWS else 0.0
        self._looked: set[int] = set()
        self._drawn: set[int] = set()
        self._asked_for: set[int] = set()

    @property
    def looks(self) -> int:
        """Rows that were decided about one at a time."""
        return len(self._looked)

    @property
    def drawn(self) -> int:
        """Those of them that were drawn by chance."""
        return len(self._drawn)

    @property
    def drawn_rows(self) -> frozenset[int]:
        """Rows that were ever looked at by chance."""
        return frozenset(self._drawn)

    @property
    def due(self) -> bool:
        """Whether the next look is to be one by chance."""
        return self.due_after(0)

    def due_after(self, more: int, drawn: int = 0) -> bool:
        """Whether a look by chance is due after ``more`` looks, ``drawn`` of them by chance."""
        return self.drawn + drawn < int(self.rate * (self.looks + more + 1) + 0.5)

    def feed(self, events: Iterable[Event]) -> None:
        """Count the looks among events."""
        for event in events:
            if len(event.rows) == 1 and event.kind in DECISIONS and event.source not in MACHINES:
                self._looked.add(event.rows[0])
                if event.data.get("drawn") == "random":
                    self._drawn.add(event.rows[0])

    def upcoming(self, state: ReviewState, n: int) -> IntArray:
        """Return the next ``n`` rows without a decision in the random order."""
        states, found, count = state.state, [], 0
        for start in range(0, len(self.order), _CHUNK):
            part = self.order[start : start + _CHUNK]
            part = part[states[part] == UNREVIEWED]
            found.append(part)
            count += len(part)
            if count >= n:
                break
        return np.concatenate(found)[:n] if found else self.order[:0]

    def asked_for(self, rows: IntArray, state: ReviewState, n: int | None = None) -> IntArray:
        """Put rows into the random order, unseen ones first: who works through it draws by chance.

        Parameters
        ----------
        rows : (m,) int
            Any rows; unlabelled ones and those that people decided about keep their order behind the others.
        state : ReviewState
        n : int, optional
            How many rows are wanted.

        Returns
        -------
        (m,) int64
        """
        wanted = np.zeros(state.n, dtype=bool)
        wanted[rows] = True
        ahead = self.order[wanted[self.order] & self._unseen(state)[self.order]]
        self._asked_for.update(ahead[:n].tolist())
        wanted[ahead] = False
        return np.concatenate([ahead, rows[wanted[rows]]]).astype(np.int64)[:n]

    def mark(self, state: ReviewState, row: int) -> dict[str, Any]:
        """Return what an event about a row says of chance: empty unless it is the draw that is due.

        A draw is also due where somebody asked for rows by chance.

        Returns
        -------
        dict
            ``drawn`` and ``p``, the probability with which this row was drawn then: ``"random"`` from rows
            without a decision, ``"decided"`` from those with one that nobody looked at.
        """
        asked = row in self._asked_for
        if state.state[row] != UNREVIEWED:
            decided = self.order[never_seen_rows(state)[self.order]] if asked else self.order[:0]
            drawn = decided[:1].tolist() == [row]
            return {"drawn": "decided", "p": 1.0 / len(decided)} if drawn else {}
        if not (self.due or asked) or self.upcoming(state, 1).tolist() != [row]:
            return {}
        left = int(((state.state == UNREVIEWED) & (state.given >= 0)).sum())
        return {"drawn": "random", "p": 1.0 / left}

    def _unseen(self, state: ReviewState) -> BoolArray:
        return np.asarray((state.state == UNREVIEWED) | never_seen_rows(state))

    def interleave(self, rows: IntArray, state: ReviewState, n: int | None = None) -> IntArray:
        """Put rows by chance into a queue wherever one is due.

        Parameters
        ----------
        rows : (m,) int
            The queue.
        state : ReviewState
        n : int, optional
            How many rows are wanted.

        Returns
        -------
        (m,) int64
            The same rows, each once, and those drawn in their places.
        """
        wanted = len(rows) if n is None else min(n, len(rows))
        if not self.rate or not wanted:
            return rows[:wanted]
        goal = (self.rate * (self.looks + np.arange(wanted) + 1) + 0.5).astype(np.int64) - self.drawn
        goal = np.minimum(np.maximum.accumulate(np.maximum(goal, 0)), np.arange(wanted) + 1)
        n_drawn = int(goal[-1]) if wanted else 0
        chance = self.upcoming(state, n_drawn)
        # A draw takes its place where the number due rises; the queue fills the others.
        slots = np.flatnonzero(np.diff(goal, prepend=0) > 0)[: len(chance)]
        if goal[0] > 1 or (np.diff(goal, prepend=0) > 1).any():
            slots = np.arange(len(chance))
        taken = np.zeros(state.n, dtype=bool)
        taken[chance[: len(slots)]] = True
        rest = rows[~taken[rows]]
        found = np.empty(len(slots) + len(rest), dtype=np.int64)
        places = np.zeros(len(found), dtype=bool)
        places[slots[slots < len(found)]] = True
        found[places] = chance[: int(places.sum())]
        found[~places] = rest[: int((~places).sum())]
        return found[:wanted]
