"""Both errors at once, and where looking stops to pay."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from labelscope.review.break_even import (
    FEWEST_PAIRS,
    Verdicts,
    break_even,
    chances_of_answers,
    counted,
    log_odds,
    verdicts_of,
)
from labelscope.review.looks import EDITED, NOTHING, Looks, Pages
from labelscope.review.reviewers import pairs_of
from labelscope.review.state import fold
from labelscope.review.stopping import SETTLED, expected_on_page, open_rows, stop_advice
from labelscope.types import Estimate

SHARES = st.floats(0, 1)


def looks_of_people(row, who, answer, n_classes=3):
    """Looks in the order given, without pages."""
    m, none = len(row), np.zeros(0)
    pages = Pages(none, none.astype(int), none.astype(int), none, ())
    return Looks(np.array(row, dtype=int), np.array(who, dtype=int), np.array(answer, dtype=int), np.zeros(m, bool),
                 np.full(m, -1), np.arange(m, dtype=float), ("ada", "bob", "eve"), pages, n_classes, {})  # fmt: skip


def expected(level, slope, error, n=200_000, twice=0.2, clustered=1.0):
    """What is said of very many rows, at its expectation."""
    logit = np.linspace(2.5, -6.0, 80)
    p = 1 / (1 + np.exp(-(level + slope * logit)))
    right, wrong = chances_of_answers(np.array([error]), clustered)
    share = (1 - p)[:, None] * right + p[:, None] * wrong
    share[:, :2] *= (1 - twice) * n / 80
    share[:, 2:] *= twice * n / 80
    return Verdicts(logit, share)


@drawn(st.floats(0, 1), st.floats(0, 5), SHARES, SHARES)
def test_chances_of_what_is_said_add_up(error, clustered, same, missed):
    for found in chances_of_answers(np.array([error, error / 2]), clustered, same, missed):
        assert found.shape == (2, 6) and found.min() >= -1e-12
        assert np.allclose(found[:, :2].sum(axis=1), 1) and np.allclose(found[:, 2:].sum(axis=1), 1)


def test_chances_by_simulation():
    rng, m, e = np.random.default_rng(1), 400_000, 0.1
    hard = rng.random(m) < 0.1
    error = np.where(hard, 0.5, (e - 0.05) / 0.9)
    clustered = (error**2).mean() / e**2 - 1
    for wrong in (False, True):
        given = 1 if wrong else 0
        answers = []
        for _ in range(2):
            other = np.where(rng.random(m) < 0.5**0.5, 1, rng.integers(2, 10**9, m))
            answers.append(np.where(rng.random(m) < error, other, 0))
        one, two = answers
        kept, again = one == given, two == given
        pair = np.select([kept & again, kept ^ again, one == two], [0, 1, 2], default=3)
        # For a wrong label the mistake that lies near is the given one, and no other is made twice.
        table = chances_of_answers(np.array([e]), clustered, 0.0 if wrong else 0.5, 0.5**0.5)[int(wrong)][0]
        found = [(kept).mean(), (~kept).mean(), *(np.bincount(pair, minlength=4) / m)]
        assert found == pytest.approx(table, abs=0.004)


@pytest.mark.parametrize(
    ("level", "slope", "error"), [(0, 1, 0.03), (0, 1, 0.15), (-0.6, 1.2, 0.06), (0.7, 0.8, 0.06)]
)
@pytest.mark.parametrize("probability", [True, False])
def test_both_errors_are_recovered(level, slope, error, probability):
    found = break_even(expected(level, slope, error), probability=probability)
    said = found.reviewer_error()
    assert (
        said.value == pytest.approx(error, rel=0.05) and said.low <= error <= said.high and not said.measured
    )
    s = np.array([0.9, 0.5, 0.1, 0.02])
    assert found.chance(s) == pytest.approx(1 / (1 + np.exp(-(level + slope * log_odds(s)))), rel=0.1)
    assert found.weight.sum() == pytest.approx(1)


def test_one_look_a_row_cannot_tell_both_errors_apart():
    assert break_even(expected(0, 1, 0.05, twice=0.0), probability=True) is None
    few = counted(np.linspace(0.9, 0.1, FEWEST_PAIRS), np.full(FEWEST_PAIRS, 2))
    assert break_even(few, probability=True) is not None
    assert break_even(counted(np.linspace(0.9, 0.1, 9), np.full(9, 2)), probability=True) is None
    assert break_even(counted(np.zeros(0), np.zeros(0, int)), probability=True) is None


def test_more_rows_make_it_sharper():
    s = np.geomspace(0.9, 0.001, 20_000)
    widths = []
    for n in (2_000, 20_000, 200_000):
        low, high = break_even(expected(0, 1, 0.05, n=n), probability=True).worth(s, (0.025, 0.975))
        assert low <= int((s > 0.05).sum()) <= high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True) and widths[-1] < widths[0] / 4


@settings(max_examples=30, deadline=None)
@drawn(st.lists(st.floats(0, 1), max_size=50), st.floats(0.001, 0.4), st.integers(1, 9))
def test_rows_worth_a_look_by_a_loop(suspicion, error, page):
    s = np.sort(np.array(suspicion, dtype=float))[::-1]
    found = break_even(expected(0, 1, 0.05, n=3_000), probability=True)
    counts = [
        sum(level + slope * one > log_odds(np.array([e]))[0] for one in log_odds(s))
        for e, level, slope in zip(found.error, found.level, found.slope, strict=True)
    ]
    order = np.argsort(counts, kind="stable")
    below = np.cumsum(found.weight[order])
    for part in (0.1, 0.5, 0.9):
        wanted = counts[order[min(np.searchsorted(below, part), len(order) - 1)]]
        assert abs(found.worth(s, (part,))[0] - wanted) <= 1
    advice = stop_advice(s, found, page=page)
    assert 0 <= advice.n_low <= advice.n_high <= len(s) and 0 <= advice.n_worth <= len(s)
    assert advice.n_worth == len(s) or advice.n_worth % page == 0
    assert advice.stop is (advice.n_worth == 0)
    low, high = advice.pages
    assert low * page <= advice.n_low and high * page >= advice.n_high


def test_verdicts_by_a_loop():
    rng = np.random.default_rng(2)
    n, m = 60, 200
    given, s = rng.integers(-1, 3, n), np.round(rng.random(n), 1)
    row, who = rng.integers(n, size=m), rng.integers(3, size=m)
    answer = rng.choice([0, 1, 2, -1, NOTHING, EDITED], m)
    looks = looks_of_people(row, who, answer)
    found = verdicts_of(looks, pairs_of(looks), given, s)
    wanted = np.zeros(6, int)
    for one in range(n):
        if given[one] < 0 or not 0 < s[one] < 1:
            continue
        said, people = [], set()
        for place in np.flatnonzero(row == one):
            if answer[place] != EDITED and who[place] not in people:
                people.add(who[place])
                said.append(answer[place])
        pair = said[:2]
        if len(pair) == 2 and NOTHING not in pair:
            kept = [a == given[one] for a in pair]
            wanted[2 if all(kept) else 3 if any(kept) else 4 if pair[0] == pair[1] else 5] += 1
            continue
        alone = [a for a in answer[row == one] if a not in (NOTHING, EDITED)]
        if alone:
            wanted[int(alone[0] != given[one])] += 1
    assert found.counts.sum(axis=0).tolist() == wanted.tolist() and found.n_pairs == wanted[2:].sum()


def test_what_is_said_does_not_depend_on_clocks():
    # Two people look at a row each: whoever's clock is ahead, the pair is the same.
    rng = np.random.default_rng(3)
    row = np.repeat(np.arange(40), 2)
    who, answer = np.tile([0, 1], 40), rng.integers(3, size=80)
    given, s = rng.integers(3, size=40), np.linspace(0.9, 0.1, 40)
    tables = []
    for order in (np.arange(80), np.argsort(who, kind="stable"), np.argsort(-who, kind="stable")):
        looks = looks_of_people(row[order], who[order], answer[order])
        tables.append(verdicts_of(looks, pairs_of(looks), given, s).counts)
    assert all((one == other).all() for one, other in itertools.pairwise(tables))


def test_stop_advice():
    found = break_even(expected(0, 1, 0.05), probability=True)
    s = np.array([0.5] * 60 + [0.2] * 60 + [0.01] * 60)
    going = stop_advice(s, found, n_reviewed=30)
    assert going.stop is False and going.n_worth == 120 and going.model_error == pytest.approx(0.5, abs=0.02)
    assert (going.n_low, going.n_high, going.pages) == (120, 120, (2, 2)) and going.n_more == 0
    assert going.error.value == pytest.approx(0.05, abs=0.005) and going.n_left == 180
    assert going.n_mended == pytest.approx(60 * 0.45 + 60 * 0.15, abs=1.5)
    here = stop_advice(s[120:], found)
    assert here.stop is True and here.n_worth == 0 and here.pages == (0, 0) and here.n_mended == 0
    measured = Estimate(0.05, 0.03, 0.08, 0.95, measured=True)
    unknown = stop_advice(s, None, reviewer_error=measured, expected=0.4)
    assert unknown.stop is None and unknown.n_worth is None and unknown.pages is None
    assert unknown.model_error == 0.4 and unknown.reviewer_error == measured
    assert stop_advice(s[:0], None).stop is True
    few = stop_advice(
        np.geomspace(0.5, 0.001, 9_000), break_even(expected(0, 1, 0.05, n=900), probability=True)
    )
    assert few.n_high > few.n_low and few.n_more > 50
    assert (few.n_high - few.n_worth) / few.n_worth > SETTLED


def test_rows_that_are_left_and_what_is_expected_of_them():
    s, given = np.linspace(0.9, 0.1, 100), np.arange(100) % 2
    state = fold(given, [0, 1], [])
    assert open_rows(s[::-1], state)[0] == 99
    assert expected_on_page(s, state, probability=True, page=10) == pytest.approx(s[:10].mean())
    assert expected_on_page(s[:0], fold(given[:0], [0, 1], []), probability=True, page=10) is None
