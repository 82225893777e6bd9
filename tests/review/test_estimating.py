from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.review.confidence import Draws, total_interval
from labelscope.review.estimating import draws_of, left_estimate
from labelscope.scorers.proportions import exact_interval, exact_lower

SUSPICION = {
    "calibrated": lambda p, rng: p,
    "far too high": lambda p, rng: np.clip(3 * p + 0.1, 0, 1),
    "upside down": lambda p, rng: 1 - p,
    "noise": lambda p, rng: rng.random(len(p)),
}


def review(seed, suspicion, n=600, looks=300, rate=0.05):
    """Yield, after each look by chance: the true total, its interval, and the rows left."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 3, n)
    wrong = (rng.random(n) < p).astype(float)
    said = SUSPICION[suspicion](p, rng)
    ranked, chance = iter(np.argsort(-said)), iter(rng.permutation(n))
    seen = np.zeros(n, dtype=bool)
    columns: list[list[float]] = [[], [], [], [], []]
    drawn = 0
    for look in range(looks):
        is_chance = drawn < int(rate * (look + 1) + 0.5)
        row = next(r for r in (chance if is_chance else ranked) if not seen[r])
        if is_chance:
            drawn += 1
            facts = (wrong[row], said[row], (~seen).sum(), wrong[seen].sum(), said[~seen].sum())
            for column, fact in zip(columns, facts, strict=True):
                column.append(float(fact))
        seen[row] = True
        if is_chance:
            draws = Draws(*(np.array(c) for c in columns), float(said.min()), float(said.max()))
            found, left = wrong[seen].sum(), (~seen).sum()
            low, high = total_interval(draws, found, found + left)
            yield wrong.sum(), low, high, left


@pytest.mark.parametrize("suspicion", SUSPICION)
def test_the_interval_holds_at_every_look_of_most_reviews(suspicion):
    held, widths = 0, []
    for seed in range(200):
        looks = list(review(seed, suspicion))
        held += all(low - 1e-6 <= total <= high + 1e-6 for total, low, high, _ in looks)
        _, low, high, left = looks[-1]
        widths.append((high - low) / left)
    assert held >= 180
    # Fifteen looks by chance cannot say much; what they say is far from nothing all the same.
    assert np.mean(widths) < 0.75


def test_more_looks_by_chance_make_it_narrow():
    looks = list(review(0, "calibrated", n=2000, looks=1000, rate=0.3))
    _, low, high, left = looks[-1]
    assert (high - low) / left < 0.06


def test_bounds_that_are_certain_are_kept():
    none = Draws(*(np.zeros(0) for _ in range(5)), 0.0, 0.0)
    assert total_interval(none, 3, 10) == (3, 10)
    one = Draws(*(np.array([v]) for v in (1.0, 0.0, 10.0, 0.0, 0.0)), 0.0, 0.0)
    low, high = total_interval(one, 1, 10)
    assert 1 <= low <= high <= 10


def test_exact_bounds():
    assert exact_lower(29, 29, 0.05) == pytest.approx(0.05 ** (1 / 29))
    assert exact_lower(28, 29, 0.05) < 0.9 < exact_lower(29, 29, 0.05)
    low, high = exact_interval(0, 20)
    assert low == 0 and high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert exact_interval(0, 0) == (0.0, 1.0)


@pytest.fixture
def reviewed(build):
    """400 rows with errors at 1 in 10, looked at in the order of the queue."""
    rng = np.random.default_rng(1)
    true = rng.integers(0, 3, 400)
    wrong = rng.random(400) < 0.1
    given = np.where(wrong, (true + 1) % 3, true)
    suspicion = np.clip(np.where(wrong, 0.8, 0.05) + rng.normal(0, 0.1, 400), 0, 1)
    audit = build(given, suspicion=suspicion, suggested=true)
    session = ls.Session(audit, journal=None, reviewer="ada")
    for _ in range(120):
        row = int(session.queue(n=1)[0])
        session.relabel(row, int(true[row]))
    return session, wrong


def test_one_look_in_twenty_is_by_chance_and_says_so(reviewed):
    session, _ = reviewed
    marked = [event for event in session.events if event.data.get("drawn") == "random"]
    assert len(marked) == 6 == session.ledger.sampler.drawn
    left = 400
    for event in session.events:
        if event in marked:
            assert event.data["p"] == pytest.approx(1 / left)
        left -= 1


def test_what_the_journal_says_is_what_happened(reviewed):
    session, wrong = reviewed
    draws, found = draws_of(session.audit, session.ledger)
    looked = [event.rows[0] for event in session.events]
    places = [k for k, event in enumerate(session.events) if "drawn" in event.data]
    assert found == wrong[looked].sum()
    np.testing.assert_array_equal(draws.wrong, wrong[[looked[k] for k in places]])
    np.testing.assert_array_equal(draws.n_left, [400 - k for k in places])
    np.testing.assert_array_equal(draws.found, [wrong[looked[:k]].sum() for k in places])


def test_the_estimate(reviewed):
    session, wrong = reviewed
    found = left_estimate(session)
    left = wrong.sum() - sum(wrong[event.rows[0]] for event in session.events)
    assert found.measured and found.looks == 120 and found.random_looks == 6
    assert found.low <= left <= found.high and found.low <= found.left <= found.high <= 280
    assert found.effort[0] == (1, 1) and found.effort[-1] == (120, wrong.sum() - left)
    assert len(found.effort) <= 100 and "per 100" in found.advice


def test_an_estimate_survives_a_restart_and_undo(build, path):
    audit = build(n=200)
    session = ls.Session(audit, journal=path, reviewer="ada")
    for _ in range(40):
        session.keep(int(session.queue(n=1)[0]))
    before = left_estimate(session)
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert left_estimate(again) == before and before.random_looks == 2
    for _ in range(40):
        again.undo()
    assert not left_estimate(again).measured and left_estimate(again).effort == ()


def test_without_looks_by_chance_nothing_is_measured(session):
    session.keep(0)
    found = left_estimate(session)
    assert not found.measured and (found.low, found.high) == (0.0, 11.0)
    assert "not measured" in found.advice


def test_rows_that_are_not_the_draw_are_not_marked(build):
    session = ls.Session(build(n=200), journal=None)
    for _ in range(9):
        session.keep(int(session.queue(n=1)[0]))
    draw = int(session.ledger.sampler.upcoming(session.state, 1)[0])
    other = next(row for row in range(200) if row != draw and session.state.state[row] == 0)
    session.keep(other)
    assert "drawn" not in session.events[-1].data
    session.keep([draw, other])
    assert "drawn" not in session.events[-1].data


def test_pauses_are_cut(build):
    session = ls.Session(build(n=20), journal=None)
    for row in range(8):
        session.relabel(row, "fox" if row % 3 != 2 else "cat")
    assert left_estimate(session).per_minute > 100


def test_a_clock_far_ahead_does_not_hide_the_pace(build):
    from labelscope.review.events import Event

    session = ls.Session(build(n=20), journal=None)
    ahead = Event("noted", "z", "z", "9998-01-31T09:30:00.000000Z", "eve", "api", (0,), data={"text": "!"})
    session.ledger.state.apply([ahead])
    for row in range(8):
        session.relabel(row, "fox" if row % 3 != 2 else "cat")
    assert left_estimate(session).per_minute > 100
