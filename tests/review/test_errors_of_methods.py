"""Errors left where methods decided about rows: their decisions are no looks, and are not taken at their word."""

from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.review.confidence import Draws
from labelscope.review.estimating import left_estimate, noise_rate_of
from labelscope.review.populations import Places, Population, decided_unseen, undecided

N, LOOKS = 400, 96
#: After which looks a method decides, about how many rows, and how often it is right.
REVIEWS = {
    "a teacher that is right": ((40,), 120, 0.97),
    "a teacher that errs": ((20, 70), 90, 0.6),
    "many small steps": (tuple(range(12, 90, 12)), 8, 0.8),
}


class Simulated:
    """A review of rows with known errors; what is counted here is counted look by look."""

    def __init__(self, seed, right):
        self.rng = rng = np.random.default_rng(seed)
        doubt = rng.beta(0.3, 3, N)
        self.wrong = rng.random(N) < doubt
        self.said = np.clip(doubt + rng.normal(0, 0.1, N), 0, 1)
        self.right = right
        self.bad = self.wrong.copy()  # labels as they are now
        self.open, self.closed = set(range(N)), set()
        self.found = [0.0, 0.0]
        self.taken, self.doubts, self.columns = 0, 0.0, ([], [])

    def method(self, n):
        rows = sorted(self.open, key=lambda row: -self.said[row])[:n]
        for row in rows:
            self.bad[row] = self.rng.random() > self.right
            self.doubts += self.said[row]
        self.open -= set(rows)
        self.closed |= set(rows)
        self.taken += len(rows)

    def look(self, where, by_chance):
        """Look at a row without a decision (0), or at one that a method decided about (1)."""
        among = (self.open, self.closed)[where]
        if by_chance:
            row = int(self.rng.choice(sorted(among)))
            said = self.said[row] if where == 0 else 0.0
            predicted = sum(self.said[one] for one in among) if where == 0 else 0.0
            facts = (self.bad[row], said, len(among), self.found[where], predicted, self.taken, self.doubts)
            self.columns[where].append(facts)
        else:
            row = max(among, key=lambda one: self.said[one])
        self.found[where] += float(self.bad[row])
        among.discard(row)

    def populations(self):
        for where, among in enumerate((self.open, self.closed)):
            values = np.array(self.columns[where], dtype=float).reshape(-1, 7).T
            ends = (self.said.min(), self.said.max()) if where == 0 else (0.0, 0.0)
            since, none = self.taken - values[5], np.zeros(values.shape[1])
            changes = (none, since) if where == 0 else (since, none)
            yield Population(len(among), 0.0, Draws(*values[:5], *ends), self.found[where], *changes, none)

    def truth(self):
        return sum(self.bad[row] for row in (*self.open, *self.closed))


def intervals(seed, when, size, right):
    """Yield after each look by chance, and each decision of a method: the truth and the interval."""
    review = Simulated(seed, right)
    for look in range(1, LOOKS + 1):
        chance = look % 4 == 0
        where = int(look % 8 == 4 and bool(review.closed))
        review.look(where, chance)
        if look in when:
            review.method(size)
        if chance or look in when or look == LOOKS:
            level = 0.95 if review.taken else 0.9
            ends = np.sum([one.interval(level) for one in review.populations()], axis=0)
            yield review.truth(), *ends, len(review.open) + len(review.closed)


@pytest.mark.parametrize("review", REVIEWS)
def test_the_interval_holds_at_every_look_of_most_reviews(review):
    held, widths = 0, []
    for seed in range(200):
        looks = list(intervals(seed, *REVIEWS[review]))
        held += all(low - 1e-6 <= truth <= high + 1e-6 for truth, low, high, _ in looks)
        _, low, high, n = looks[-1]
        widths.append((high - low) / n)
    assert held >= 180
    # Two dozen looks by chance at two kinds of rows cannot say much; what they say is far from nothing.
    assert np.mean(widths) < 0.85


@pytest.fixture
def helped(build):
    """A teacher that errs on one row in five, then looks by chance at all that nobody had seen."""
    rng = np.random.default_rng(5)
    true = rng.integers(0, 3, N)
    wrong = rng.random(N) < 0.2
    given = np.where(wrong, (true + 1) % 3, true)
    suspicion = np.clip(np.where(wrong, 0.8, 0.1) + rng.normal(0, 0.1, N), 0, 1)
    session = ls.Session(build(given, suspicion=suspicion), journal=None, reviewer="ada")
    for row in session.queue(n=40).tolist():
        session.relabel(row, int(true[row]))
    rows = session.queue(n=150)[:120]
    said = np.where(rng.random(120) < 0.2, (true[rows] + 2) % 3, true[rows])
    session.relabel(rows, said.tolist(), source="teacher")
    return session, true


def truth_of(session, true):
    seen = {row for event in session.events if event.source == "api" for row in event.rows}
    unseen = np.setdiff1d(np.arange(N), sorted(seen))
    return int((session.state.current[unseen] != true[unseen]).sum())


def test_what_nobody_looked_at_is_assumed_and_said_to_be(helped):
    session, true = helped
    found = left_estimate(session)
    assert found.unseen == 120 and found.unseen_looks == 0 and found.assumed
    assert "120 rows that methods decided about" in found.advice and "is an assumption" in found.advice
    # All and none of the teacher's labels may be wrong.
    assert found.high >= 120 and found.low <= truth_of(session, true) <= found.high
    assert 0 < found.left < found.high


def test_looks_by_chance_at_what_a_teacher_said_measure_it(helped):
    session, true = helped
    before = left_estimate(session)
    for row in session.queue("random", n=150).tolist():
        session.relabel(row, int(true[row]))
    found = left_estimate(session)
    decided = [event for event in session.events if event.data.get("drawn") == "decided"]
    assert len(decided) == found.unseen_looks and 25 < len(decided) < 65
    assert not found.assumed and found.measured and "looks by chance" in found.advice
    assert found.low <= truth_of(session, true) <= found.high
    assert found.high - found.low < 0.75 * (before.high - before.low)
    places = Places.of(session.state)
    closed = decided_unseen(session.state, places, np.zeros(N))
    # Draws are those of the events, one by one.
    assert [1 / event.data["p"] for event in decided] == pytest.approx(closed.draws.n_left)
    hits = [float(event.before[0] != int(true[event.rows[0]])) for event in decided]
    assert closed.draws.wrong.tolist() == hits
    assert closed.draws.found.tolist() == np.concatenate([[0.0], np.cumsum(hits)])[:-1].tolist()
    assert closed.n == 120 - len(decided) and not closed.grown.any()
    opened = undecided(session.state, places, np.zeros(N), np.zeros(N))
    assert opened.shrunk.tolist() == [120.0] * 2 + [0.0] * (len(opened.shrunk) - 2)


def test_the_noise_rate_counts_what_a_teacher_mended_as_far_as_it_was_right(helped):
    session, true = helped
    for row in session.queue("random", n=150).tolist():
        session.relabel(row, int(true[row]))
    rate = noise_rate_of(session.audit, session.ledger, session.suspicion)
    share = float((session.state.given != true).mean())
    assert rate.measured and rate.low <= share <= rate.high
    assert abs(rate.value - share) < 0.06


def test_suggestions_accepted_in_one_go_are_no_looks(build):
    session = ls.Session(build(n=200), journal=None, reviewer="ada")
    for row in session.queue(n=40).tolist():
        session.keep(row)
    before = left_estimate(session)
    session.accept(session.queue(n=60))
    found = left_estimate(session)
    assert (session.progress().reviewed, session.progress().taken_over) == (40, 60)
    assert found.unseen == 60 and found.assumed and found.high >= before.high
    session.undo()
    assert left_estimate(session) == before


def test_a_look_at_a_chosen_row_that_a_method_decided_about_is_none_by_chance(helped):
    session, true = helped
    row = int(np.flatnonzero(Places.of(session.state).decided)[0])
    session.relabel(row, int(true[row]))
    assert "drawn" not in session.events[-1].data
    found = left_estimate(session)
    assert found.unseen == 119 and found.unseen_looks == 0


def test_draws_from_before_a_great_undoing_do_not_count_as_draws_from_all(helped):
    session, true = helped
    teachers = session.events[-1].batch
    n_before = len(undecided(session.state, Places.of(session.state), np.zeros(N), np.zeros(N)).draws.wrong)
    for row in session.queue("random", n=60).tolist():
        session.relabel(row, int(true[row]))
    while session.state.is_active(teachers):
        session.undo()
    found = undecided(session.state, Places.of(session.state), np.zeros(N), np.zeros(N))
    assert len(found.draws.wrong) <= n_before
