"""Rows that nobody looked at, decided about or not, and what looks by chance say of their errors."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from labelscope.review.confidence import Draws, highest_total, lowest_total
from labelscope.review.events import DECISIONS, Event, scalar_key
from labelscope.review.learning import wrong_rows
from labelscope.review.progress import look_events
from labelscope.review.state import ACCEPTED_SET, EXCLUDED, UNREVIEWED, UNSURE, ReviewState
from labelscope.types import Array, BoolArray, FloatArray, IntArray

#: Looks by chance that what is expected without them counts for in an estimate (not in its interval).
PRIOR_DRAWS = 20.0
#: Latest changes from which on looks are counted apart; earlier ones are not tried.
_MOST_STARTS = 3
#: How far the number of rows that a draw was made from may be off what the journal comes to.
_OFF, _OFF_ROWS = 0.02, 5.0


@dataclass(frozen=True, eq=False)
class Population:
    """Labeled rows of one kind that nobody looked at.

    Attributes
    ----------
    n : int
        Rows now.
    expected : float
        Errors among them as the audit's suspicion has it.
    draws : Draws
        Looks by chance; what was found, and the prediction of what could not be drawn any more, by looks.
    found : float
        Errors that looks found, by chance or not.
    grown, shrunk : (s,) float64
        How many errors methods may have put in and taken out since each draw, at most: rows that they
        decided about since then.
    moved : (s,) float64
        Errors that methods took out since each draw, as suspicion has it.
    """

    n: int
    expected: float
    draws: Draws
    found: float
    grown: FloatArray
    shrunk: FloatArray
    moved: FloatArray

    def interval(self, level: float) -> tuple[float, float]:
        """Bound the errors among the rows, valid at every look.

        Parameters
        ----------
        level : float

        Returns
        -------
        low, high : float

        Notes
        -----
        What methods do between two draws moves an unknown number of errors. The upper end takes it that all
        that may have come have come, the lower end that all that may have gone have gone: each makes the
        bettor's wealth smaller than the martingale that it is under the truth (see `confidence`). Draws from
        before a great change then say little, so that bounds are also made from the draws after each change;
        the j-th of them may err with a share 1 / (j (j + 1)) of what all may.
        """
        low, high = 0.0, float(self.n)
        for share, start in _starts(self.grown + self.shrunk):
            error = (1.0 - level) * share / 2
            found = self.found - (self.draws.found[start] if start else 0.0)
            most = found + self.n
            if len(self.draws.wrong) and self.n:
                less, more = (_since(self.draws, start, shift) for shift in (-self.shrunk, self.grown))
                low = max(low, lowest_total(less, found, most, error) - found)
                high = min(high, highest_total(more, found, most, error) - found)
        return (low, high) if low <= high else (0.0, float(self.n))

    def guess(self) -> float:
        """Return the errors among the rows: what draws say, and with few of them also suspicion."""
        draws = self.draws
        if not len(draws.wrong):
            return self.expected
        # Each draw's own unbiased guess of the total; draws from fewer rows vary less.
        guesses = draws.found + draws.predicted + draws.n_left * (draws.wrong - draws.said) - self.moved
        share = 1.0 / draws.n_left**2
        measured = float(share @ guesses / share.sum()) - self.found
        weight = len(guesses) / (len(guesses) + PRIOR_DRAWS)
        return weight * measured + (1 - weight) * self.expected


def _starts(moved: FloatArray) -> list[tuple[float, int]]:
    """Return the first draw and those before which methods moved something, each after its share."""
    starts = [0, *(np.flatnonzero(np.diff(moved) != 0) + 1).tolist()]
    if len(starts) == 1:
        return [(1.0, 0)]
    shared = [(1.0 / (j * (j + 1)), start) for j, start in enumerate(starts, 1)]
    return shared[:1] + shared[1:][-_MOST_STARTS:]


def _since(draws: Draws, start: int, shift: FloatArray) -> Draws:
    """Return the draws from one on, with what was found since, moved by ``shift``."""
    before = draws.found[start] if start else 0.0
    kept = {name: getattr(draws, name)[start:] for name in ("wrong", "said", "n_left", "predicted")}
    return replace(draws, **kept, found=draws.found[start:] - before + shift[start:])


@dataclass(frozen=True, eq=False)
class Places:
    """When rows were decided about, as positions in the events; -1 for never.

    Attributes
    ----------
    looked : (n,) int32
        First decision of a person who looked at the row.
    taken : (n,) int32
        First decision without a look: a method's, or one of many accepted in one go.
    """

    looked: Array
    taken: Array

    @classmethod
    def of(cls, state: ReviewState) -> Places:
        """Read them."""
        looks = look_events(state)
        others = np.array([event.kind in DECISIONS for event in state.events], dtype=bool) & ~looks
        return cls(state.first_of(looks), state.first_of(others))

    @property
    def decided(self) -> BoolArray:
        """(n,) bool: rows that were decided about before anybody looked."""
        return np.asarray((self.taken >= 0) & ((self.looked < 0) | (self.taken < self.looked)))


def undecided(state: ReviewState, places: Places, said: FloatArray, expected: FloatArray) -> Population:
    """Return the labeled rows without a decision.

    Parameters
    ----------
    state : ReviewState
    places : Places
    said : (n,) float64
        Predictions that were made before the review.
    expected : (n,) float64
        Suspicion as it is now.
    """
    labeled = state.given >= 0
    looked = labeled & (places.looked >= 0) & ~places.decided
    wrong = wrong_rows(state).astype(np.float64)
    wrong[state.state == UNSURE] = 0.5
    drawn = _drawn(state.events, places.looked, looked, "random")
    gone = np.sort(places.taken[labeled & places.decided])
    order = np.flatnonzero(looked)[np.argsort(places.looked[looked], kind="stable")]
    at, wrongs, saids = places.looked[order], _sums(wrong[order]), _sums(said[order])
    taken = np.flatnonzero(labeled & places.decided)
    taken = taken[np.argsort(places.taken[taken], kind="stable")]
    doubts = _sums(said[taken])
    when = places.looked[drawn]
    before, left = np.searchsorted(at, when), np.searchsorted(gone, when)
    n_left = (int(labeled.sum()) - before - left).astype(np.float64)
    fits = _fits(state.events, when, n_left)
    drawn, before, left, n_left = drawn[fits], before[fits], left[fits], n_left[fits]
    total = float(said[labeled].sum())
    draws = Draws(
        wrong[drawn],
        said[drawn],
        n_left,
        wrongs[before],
        total - saids[before] - doubts[left],
        float(said[labeled].min(initial=0.0)),
        float(said[labeled].max(initial=0.0)),
    )
    now = labeled & (state.state == UNREVIEWED)
    since = (len(gone) - left).astype(np.float64)
    none = np.zeros(len(drawn))
    moved = doubts[-1] - doubts[left]
    return Population(int(now.sum()), float(expected[now].sum()), draws, wrongs[-1], none, since, moved)


def decided_unseen(state: ReviewState, places: Places, said: FloatArray) -> Population:
    """Return the labeled rows with a decision that nobody looked at; an error is a label as it is now.

    Parameters
    ----------
    state : ReviewState
    places : Places
    said : (n,) float64
        Suspicion of given labels: a label that a method kept is wrong as likely as that, one that it changed
        at least where the given one was right.
    """
    labeled = state.given >= 0
    rows = labeled & places.decided
    now = rows & (places.looked < 0)
    changed = (state.current != state.given) | (state.state == EXCLUDED)
    doubt = np.where(changed, 1.0 - said, said)
    looked = np.flatnonzero(rows & (places.looked >= 0))
    looked = looked[np.argsort(places.looked[looked], kind="stable")]
    wrong = np.zeros(state.n)
    wrong[looked] = _contradicted(state, places, looked)
    drawn = _drawn(state.events, places.looked, rows & (places.looked >= 0), "decided")
    when, at = places.looked[drawn], places.looked[looked]
    joined, again = np.sort(places.taken[rows]), np.sort(state.last[now][state.last[now] > places.taken[now]])
    before, there = np.searchsorted(at, when), np.searchsorted(joined, when)
    n_left = (there - before).astype(np.float64)
    fits = _fits(state.events, when, n_left)
    drawn, when, before, there = drawn[fits], when[fits], before[fits], there[fits]
    sums, none = _sums(wrong[looked]), np.zeros(len(drawn))
    draws = Draws(wrong[drawn], none, n_left[fits], sums[before], none, 0.0, 0.0)
    # Labels of a row may change again before anybody looks.
    revised = (len(again) - np.searchsorted(again, when)).astype(np.float64)
    grown = (len(joined) - there) + revised
    return Population(int(now.sum()), float(doubt[now].sum()), draws, sums[-1], grown, revised, none)


def guess_of_decided(found: Population) -> float:
    """Return the errors among rows that methods decided about: suspicion, moved by what looks found."""
    n_draws, errors = len(found.draws.wrong), float(found.draws.wrong.sum())
    usual = found.expected / max(found.n, 1)
    return found.n * (errors + PRIOR_DRAWS * usual) / (n_draws + PRIOR_DRAWS)


def _contradicted(state: ReviewState, places: Places, rows: IntArray) -> FloatArray:
    """Whether people found the decision of a method wrong, a row each; one half where they are unsure."""
    events, classes = state.events, state.classes
    found = np.zeros(len(rows))
    at: dict[int, dict[int, int]] = {}
    for k, row in enumerate(rows.tolist()):
        place, code = int(places.looked[row]), int(state.current[row])
        event = events[place]
        order = at.setdefault(place, {one: number for number, one in enumerate(event.rows)})
        was = event.before[order[row]] if len(event.before) == len(event.rows) else None
        out, state_now = events[int(places.taken[row])].kind == "excluded", int(state.state[row])
        if state_now == UNSURE:
            found[k] = 0.5
        elif out or state_now == EXCLUDED:
            found[k] = out != (state_now == EXCLUDED)
        elif state_now == ACCEPTED_SET:
            labels = events[int(state.last[row])].data.get("labels")
            found[k] = not (isinstance(labels, list) and was in labels)
        else:
            now = None if code < 0 else classes[code]
            found[k] = scalar_key(was) != scalar_key(now)
    return found


def _drawn(events: tuple[Event, ...], looked: Array, among: BoolArray, how: str) -> IntArray:
    """Rows whose first look was by chance, in order."""
    rows = np.flatnonzero(among)
    rows = rows[np.argsort(looked[rows], kind="stable")]
    chosen = [
        row
        for row, place in zip(rows.tolist(), looked[rows].tolist(), strict=True)
        if len(events[place].rows) == 1 and events[place].data.get("drawn") == how
    ]
    return np.array(chosen, dtype=np.int64)


def _fits(events: tuple[Event, ...], when: Array, n_left: FloatArray) -> BoolArray:
    """Whether draws were made from about the rows that there were by what counts now.

    Where something great was undone since, or methods' rows could be drawn, they were not.
    """
    fits = n_left >= 1
    for k, place in enumerate(when.tolist()):
        p = events[place].data.get("p")
        if isinstance(p, int | float) and 0 < p <= 1:
            fits[k] &= abs(1.0 / p - n_left[k]) <= _OFF * n_left[k] + _OFF_ROWS
    return np.asarray(fits)


def _sums(values: FloatArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(values)])
