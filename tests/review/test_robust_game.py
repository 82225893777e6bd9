"""The game behind robust distillation, against a linear program and against enumeration."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from labelscope.errors import InvalidInputError
from labelscope.review.queues import RobustDistillation
from labelscope.review.robust_game import game_value, robust_game, worst_case

gains_of = st.lists(st.floats(0.001, 1.0), min_size=1, max_size=30)


def linear_program(gains, m):
    """The largest z such that the n - m smallest q_i g_i sum to z, by duality of the adversary's choice.

    The adversary takes away at most the m largest of q_i g_i: m t plus the sum of what exceeds t.
    """
    n = len(gains)
    cost = np.concatenate([-np.asarray(gains), [m], np.ones(n)])
    above = np.hstack([np.diag(gains), -np.ones((n, 1)), -np.eye(n)])
    whole = np.concatenate([np.ones(n), [0], np.zeros(n)])[None]
    bounds = [(0, None)] * n + [(0, None)] + [(0, None)] * n
    tight = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    found = linprog(cost, A_ub=above, b_ub=np.zeros(n), A_eq=whole, b_eq=[1.0], bounds=bounds, options=tight)
    assert found.status == 0
    return -found.fun


@pytest.mark.parametrize("seed", range(30))
def test_the_closed_form_is_the_optimum_of_the_linear_program(seed):
    rng = np.random.default_rng(7000 + seed)
    n = int(rng.integers(2, 60))
    gains = rng.uniform(0.001, 1, n) ** rng.choice([0.3, 1, 3])
    if seed % 5 == 0:
        gains[rng.random(n) < 0.3] = 0.0
    m = int(rng.integers(0, n))
    assert abs(game_value(gains, m) - linear_program(gains, m)) < 1e-9
    assert RobustDistillation.game_value(gains, m) == game_value(gains, m)


@pytest.mark.parametrize("m", range(6))
def test_the_shares_reach_the_value_against_every_adversary(m):
    gains = np.array([0.9, 0.8, 0.75, 0.5, 0.3, 0.05])
    game = robust_game(gains, m)
    every = [
        sum(game.shares[i] * gains[i] for i in range(6) if i not in wrong)
        for wrong in combinations(range(6), m)
    ]
    assert min(every) == pytest.approx(game.value, abs=1e-12)
    assert worst_case(game.shares, gains, m) == pytest.approx(min(every), abs=1e-12)
    assert game.shares.sum() == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(gains_of, st.integers(0, 5), st.randoms(use_true_random=False))
def test_no_other_shares_do_better(gains, m, random):
    gains = np.array(gains)
    game = robust_game(gains, m)
    other = np.array([random.random() for _ in gains]) + 1e-9
    assert worst_case(other / other.sum(), gains, m) <= game.value + 1e-12
    assert worst_case(np.full(len(gains), 1 / len(gains)), gains, m) <= game.value + 1e-12


@settings(max_examples=60, deadline=None)
@given(gains_of)
def test_more_mistakes_widen_the_support_and_lower_the_value(gains):
    games = [robust_game(gains, m) for m in range(len(gains))]
    supports = [game.support for game in games]
    assert supports == sorted(supports)
    values = [game.value for game in games]
    assert all(later <= earlier + 1e-12 for earlier, later in pairwise(values))


def test_within_the_support_larger_gains_are_drawn_less():
    gains = np.array([1.0, 0.5, 0.25, 0.9])
    game = robust_game(gains, 2)
    worth = (game.shares * gains)[game.shares > 0]
    assert np.allclose(worth, worth[0])
    assert game.curve.max() == pytest.approx(game.value)
    assert int(np.flatnonzero(game.curve >= game.value - 1e-12)[-1]) + 1 == game.support


def test_equal_gains_are_drawn_alike():
    for m in (0, 3):
        game = robust_game(np.full(8, 0.4), m)
        assert game.support == 8 and np.allclose(game.shares, 1 / 8)
        assert game.value == pytest.approx(0.4 * (8 - m) / 8)


def test_nothing_can_be_won():
    for gains, m in (([0.5, 0.2], 2), ([0.5, 0.2], 9), ([0.0, 0.0], 0)):
        game = robust_game(gains, m)
        assert game.value == 0 and game.support == 0 and not game.shares.any()


@pytest.mark.parametrize(
    ("gains", "m"),
    [
        ([], 0),
        ([[0.1]], 0),
        ([np.nan], 0),
        ([-0.1], 0),
        ([np.inf], 0),
        ([0.5], -1),
        ([0.5], 0.5),
        ([0.5], True),
    ],
)
def test_bad_games_are_refused(gains, m):
    with pytest.raises(InvalidInputError):
        robust_game(gains, m)


def test_shares_of_another_length():
    with pytest.raises(InvalidInputError, match="shares has 1 entries"):
        worst_case([1.0], [0.5, 0.2], 0)
