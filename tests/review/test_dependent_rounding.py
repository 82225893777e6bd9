"""Draws of a fixed size with probabilities of their own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.review.dependent_rounding import dependent_rounding, inclusion_probabilities


def by_hand(weights, n):
    """Cap the heaviest one at a time, and deal the rest in proportion."""
    weights = np.asarray(weights, dtype=float)
    certain = set()
    while True:
        left = [i for i in range(len(weights)) if i not in certain]
        share = {i: (n - len(certain)) * weights[i] / weights[left].sum() for i in left}
        over = [i for i in left if share[i] > 1]
        if not over:
            return np.array([1.0 if i in certain else share[i] for i in range(len(weights))])
        certain.add(max(over, key=share.get))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=20), st.data())
def test_inclusion_probabilities_are_those_of_capping_by_hand(weights, data):
    n = data.draw(st.integers(1, len(weights)))
    found = inclusion_probabilities(weights, n)
    assert found.sum() == pytest.approx(n)
    assert found.max() <= 1
    if n < len(weights):
        assert np.allclose(found, by_hand(weights, n), atol=1e-9)


def test_without_caps_they_are_in_proportion():
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    assert np.allclose(inclusion_probabilities(weights, 2), 2 * weights)
    assert inclusion_probabilities([1e-320, 1.0, 0.0], 2).tolist() == [1.0, 1.0, 0.0]
    assert inclusion_probabilities([1.0, 2.0], 0).tolist() == [0.0, 0.0]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=0, max_size=40), st.integers(0, 10_000))
def test_the_number_of_rows_is_that_of_the_sum(chances, seed):
    drawn = dependent_rounding(chances, random_state=seed)
    total = sum(chances)
    assert np.floor(total - 1e-5) <= len(drawn) <= np.ceil(total + 1e-5)
    assert len(set(drawn.tolist())) == len(drawn)
    assert all(chances[row] > 0 for row in drawn)
    assert {row for row, p in enumerate(chances) if p == 1} <= set(drawn.tolist())
    assert drawn.tolist() == dependent_rounding(chances, random_state=seed).tolist()


def test_exactly_n_rows_with_the_wanted_chances_and_negative_correlation():
    chances = inclusion_probabilities(np.random.default_rng(3).uniform(0.05, 1, 14) ** 2, 5)
    n_draws = 6000
    taken = np.zeros((n_draws, 14))
    for seed in range(n_draws):
        drawn = dependent_rounding(chances, random_state=seed)
        assert len(drawn) == 5
        taken[seed, drawn] = 1
    error = np.sqrt(chances * (1 - chances) / n_draws)
    # 14 marginals: four standard errors are passed by chance once in a thousand such tests.
    assert (np.abs(taken.mean(axis=0) - chances) <= 4 * error + 1e-12).all()
    together = taken.T @ taken / n_draws
    apart = np.outer(chances, chances)
    open_ = (chances > 0) & (chances < 1)
    pairs = np.triu(np.outer(open_, open_), 1)
    noise = np.sqrt(apart * (1 - apart) / n_draws)
    assert (together - apart - 4 * noise)[pairs].max() <= 0
    assert (together - apart)[pairs].mean() < -0.005


def test_a_sum_that_is_not_whole_is_rounded_by_chance():
    sizes = [len(dependent_rounding([0.5, 0.4, 0.4], random_state=seed)) for seed in range(3000)]
    assert set(sizes) == {1, 2}
    assert np.mean(sizes) == pytest.approx(1.3, abs=0.035)


@pytest.mark.parametrize("bad", [[1.5], [-0.2], [np.nan], [[0.5]]])
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(InvalidInputError, match="from 0 to 1"):
        dependent_rounding(bad)


@pytest.mark.parametrize(
    ("weights", "n"),
    [([1.0, 0.0], 2), ([1.0], -1), ([1.0], 0.5), ([np.inf], 1), ([-1.0, 1.0], 1), ([1.0], True)],
)
def test_weights_that_cannot_be_drawn_by(weights, n):
    with pytest.raises(InvalidInputError):
        inclusion_probabilities(weights, n)


def test_no_rows():
    assert dependent_rounding([]).tolist() == []
