"""Agreement from counted kinds of items is that of their definitions, item by item and pair by pair."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.evidence.agreement import (
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise_kappas,
    percent_agreement,
)
from labelscope.evidence.agreement.answers import kinds_of, read
from labelscope.scorers.judges.pooling import Heard, disagreement, pooled

answers = st.integers(2, 5).flatmap(
    lambda raters: st.lists(
        st.lists(st.integers(-1, 3), min_size=raters, max_size=raters), min_size=1, max_size=40
    )
)


def said(item):
    return [one for one in item if one >= 0]


def shared(items):
    return [said(item) for item in items if len(said(item)) >= 2]


def alike(item):
    return np.mean([one == other for one, other in permutations(item, 2)])


def ratio(observed, expected):
    return 1 - observed / expected if expected > 1e-12 else np.nan


def slow_fleiss(items):
    every = [one for item in items for one in item]
    expected = 1 - sum((every.count(value) / len(every)) ** 2 for value in set(every))
    return ratio(1 - np.mean([alike(item) for item in items]), expected)


def slow_alpha(items, far):
    every = [one for item in items for one in item]
    found = sum(sum(far(a, b) for a, b in permutations(item, 2)) / (len(item) - 1) for item in items)
    chance = sum(far(a, b) for a, b in permutations(every, 2)) / (len(every) - 1)
    return ratio(found, chance)


def slow_cohen(first, second):
    both = [(a, b) for a, b in zip(first, second, strict=True) if a >= 0 and b >= 0]
    if not both:
        return np.nan
    chance = np.mean([a == b for a, _ in both for _, b in both])
    return ratio(np.mean([a != b for a, b in both]), 1 - chance)


def near(found, expected):
    assert found == pytest.approx(expected, abs=1e-9, nan_ok=True)


@given(answers)
@settings(max_examples=150, deadline=None)
def test_values_are_those_of_the_definitions(rows):
    matrix, items = np.array(rows), shared(rows)
    kappas = pairwise_kappas(matrix)
    for one, other in combinations(range(matrix.shape[1]), 2):
        expected = slow_cohen(matrix[:, one].tolist(), matrix[:, other].tolist())
        near(kappas[one, other], expected)
        near(cohen_kappa(matrix[:, one], matrix[:, other]).value, expected)
    if not items:
        assert not fleiss_kappa(matrix).defined
        return
    near(percent_agreement(matrix).value, np.mean([alike(item) for item in items]))
    near(fleiss_kappa(matrix).value, slow_fleiss(items))
    near(krippendorff_alpha(matrix, n_bootstrap=1).value, slow_alpha(items, lambda a, b: a != b))
    squared = krippendorff_alpha(matrix, metric="interval", n_bootstrap=1).value
    near(squared, slow_alpha(items, lambda a, b: (a - b) ** 2))
    assert fleiss_kappa(matrix).n_items == len(items)
    seen = [k for k in range(matrix.shape[1]) if any(r[k] >= 0 and len(said(r)) >= 2 for r in rows)]
    assert fleiss_kappa(matrix).n_raters == len(seen)


@given(answers, st.permutations(range(4)))
@settings(max_examples=60, deadline=None)
def test_neither_order_nor_type_nor_repetition_of_items_changes_anything(rows, names):
    matrix = np.array(rows)
    texts = np.array(["ant", "bee", "cat", "dog", None], dtype=object)[matrix]
    turned = np.array([*names, -1])[matrix][::-1]
    for measure in (fleiss_kappa, percent_agreement):
        one = measure(matrix)
        for other in (measure(texts), measure(texts.tolist()), measure(turned), measure(matrix[:, ::-1])):
            near([other.value, other.low, other.high], [one.value, one.low, one.high])
    # The delta method's error falls with the root of the number of items, however they are counted.
    once, many = (fleiss_kappa(np.tile(matrix, (times, 1))) for times in (1, 4))
    near(many.value, once.value)
    if once.defined and once.value < 1 and once.low > -1 and once.high < 1:
        near(many.high - many.low, (once.high - once.low) / 2)


@given(answers, st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_kinds_are_all_rows_again(rows, repeats):
    codes = np.tile(np.array(rows), (repeats, 1))
    kinds, places = kinds_of(codes, 4)
    np.testing.assert_array_equal(kinds.codes[places], codes)
    np.testing.assert_array_equal(kinds.weights, np.bincount(places))
    assert len(np.unique(kinds.codes, axis=0)) == len(kinds.codes)


def test_kinds_whose_number_would_not_fit_are_told_apart():
    rng = np.random.default_rng(0)
    few = rng.integers(-1, 1000, (50, 40))
    codes = few[rng.integers(0, 50, 400)]
    kinds, places = kinds_of(codes, 1000)
    np.testing.assert_array_equal(kinds.codes[places], codes)
    assert len(kinds.codes) == len(np.unique(codes, axis=0))


@given(answers)
@settings(max_examples=60, deadline=None)
def test_votes_are_averaged_as_they_are_when_each_is_looked_at(rows):
    votes = np.array(rows)
    votes = np.tile(votes, (4, 1))
    models = ["x", "y", "x", "z", "y"][: votes.shape[1]]
    codes, classes = np.zeros(len(votes), int), np.arange(4)
    fast = pooled(Heard(votes, codes, classes), models)
    sure = Heard(votes, codes, classes, np.ones(votes.shape))  # the same, said with probabilities
    slow = pooled(sure, models)
    np.testing.assert_allclose(fast.probs, slow.probs, atol=1e-12)
    np.testing.assert_array_equal(fast.n_answered, slow.n_answered)
    np.testing.assert_array_equal(fast.model_votes, slow.model_votes)
    expected = [
        np.mean([a != b for a, b in combinations(said(v), 2)]) if len(said(v)) > 1 else np.nan for v in rows
    ]
    np.testing.assert_allclose(disagreement(votes), np.tile(expected, 4), atol=1e-6)


def test_whole_numbers_of_any_type_and_range_keep_their_values():
    for given_ in (
        np.array([[3, 250], [250, 3]], np.uint8),
        np.array([[-(2**62), 2**62], [5, 5]]),
        np.array([[2**64 - 1, 7], [7, 7]], np.uint64),
    ):
        found = read(given_, None)
        np.testing.assert_array_equal(found.values[found.codes], given_)
        assert found.values.dtype == given_.dtype
