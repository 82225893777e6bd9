"""Kappas and alpha against slow loops from their definitions, against scikit-learn, and on bad input."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import cohen_kappa_score

from labelscope.errors import InvalidInputError
from labelscope.review.agreement import (
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise_kappas,
    percent_agreement,
)

ANSWERS = hnp.arrays(np.int64, st.tuples(st.integers(2, 12), st.integers(2, 5)), elements=st.integers(-1, 3))


def slow_alpha(matrix: Any, metric: str) -> float:
    """Krippendorff 2011: the coincidence matrix, pair by pair."""
    units = [[v for v in row if not math.isnan(v)] for row in matrix]
    units = [unit for unit in units if len(unit) >= 2]
    values = sorted({v for unit in units for v in unit})
    met = dict.fromkeys(itertools.product(values, values), 0.0)
    for unit in units:
        for i, j in itertools.permutations(range(len(unit)), 2):
            met[unit[i], unit[j]] += 1 / (len(unit) - 1)
    n_of = {v: sum(met[v, w] for w in values) for v in values}
    n = sum(n_of.values())

    def far(v: float, w: float) -> float:
        if metric == "nominal":
            return float(v != w)
        if metric == "interval":
            return (v - w) ** 2
        low, high = min(v, w), max(v, w)
        return (sum(n_of[g] for g in values if low <= g <= high) - (n_of[low] + n_of[high]) / 2) ** 2

    found = sum(met[v, w] * far(v, w) for v in values for w in values) / n if n else 0
    chance = sum(n_of[v] * n_of[w] * far(v, w) for v in values for w in values)
    return 1 - found * n * (n - 1) / chance if n and chance else float("nan")


def slow_fleiss(matrix: Any) -> float:
    items = [[v for v in row if v >= 0] for row in matrix]
    items = [item for item in items if len(item) >= 2]
    every = [v for item in items for v in item]
    alike = [
        sum(a == b for a, b in itertools.permutations(item, 2)) / (len(item) * (len(item) - 1))
        for item in items
    ]
    chance = sum((every.count(v) / len(every)) ** 2 for v in set(every)) if every else 1.0
    return (np.mean(alike) - chance) / (1 - chance) if chance < 1 - 1e-12 else float("nan")


def rated(seed: int, n: int = 60, raters: int = 4, k: int = 4, gaps: float = 0.2) -> Any:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    answers = np.where(rng.random((n, raters)) < 0.7, true[:, None], rng.integers(0, k, (n, raters)))
    return np.where(rng.random((n, raters)) < gaps, -1, answers)


@given(ANSWERS)
def test_fleiss_equals_its_definition(answers: Any) -> None:
    assert fleiss_kappa(answers).value == pytest.approx(slow_fleiss(answers), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("metric", ["nominal", "ordinal", "interval"])
@given(answers=ANSWERS)
def test_alpha_equals_its_definition(metric: str, answers: Any) -> None:
    numbers = np.where(answers < 0, np.nan, answers * answers + 1.0)  # unequal steps
    found = krippendorff_alpha(numbers, metric=metric, n_bootstrap=2)
    assert found.value == pytest.approx(slow_alpha(numbers, metric), abs=1e-9, nan_ok=True)


def test_alpha_of_the_published_example() -> None:
    """Krippendorff 2011, example C: four observers, twelve units, missing answers."""
    nan = float("nan")
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]
    units = np.array(observers).T
    for metric, published in (("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)):
        found = krippendorff_alpha(units, metric=metric)
        assert round(found.value, 3) == published
        assert found.n_items == 11 and found.n_raters == 4
        assert found.low < published < found.high


def test_fleiss_of_the_published_example() -> None:
    """Fleiss 1971's measure on the worked example of ten subjects and fourteen raters."""
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    answers = [np.repeat(np.arange(5), row) for row in table]
    assert round(fleiss_kappa(answers).value, 3) == 0.210


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@pytest.mark.parametrize("seed", range(5))
def test_cohen_equals_scikit_learn(seed: int, weights: str | None) -> None:
    answers = rated(seed, gaps=0.0)
    for one, other in itertools.combinations(range(4), 2):
        found = cohen_kappa(answers[:, one], answers[:, other], weights=weights).value
        expected = cohen_kappa_score(answers[:, one], answers[:, other], weights=weights)
        assert found == pytest.approx(expected, abs=1e-12)
        if weights is None:
            assert pairwise_kappas(answers)[one, other] == pytest.approx(expected, abs=1e-12)


def test_cohen_with_missing_answers_is_that_of_the_common_items() -> None:
    answers = rated(3)
    both = (answers[:, :2] >= 0).all(axis=1)
    found = cohen_kappa(answers[:, 0], answers[:, 1])
    assert found.value == pytest.approx(cohen_kappa_score(answers[both, 0], answers[both, 1]))
    assert found.n_items == both.sum() < len(answers)


def test_the_analytic_interval_of_kappa_is_the_one_of_fleiss_cohen_and_everitt() -> None:
    answers = rated(7, n=200, gaps=0.0)
    table = np.zeros((4, 4))
    np.add.at(table, (answers[:, 0], answers[:, 1]), 1 / 200)
    row, column = table.sum(axis=1), table.sum(axis=0)
    seen, chance = np.trace(table), row @ column
    kappa = (seen - chance) / (1 - chance)
    within = sum(table[i, i] * (1 - (row[i] + column[i]) * (1 - kappa)) ** 2 for i in range(4))
    across = (1 - kappa) ** 2 * sum(
        table[i, j] * (column[i] + row[j]) ** 2 for i in range(4) for j in range(4) if i != j
    )
    rest = (kappa - chance * (1 - kappa)) ** 2
    error = math.sqrt((within + across - rest) / ((1 - chance) ** 2 * 200))
    found = cohen_kappa(answers[:, 0], answers[:, 1])
    assert (found.high - found.low) / 2 / 1.959964 == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize("measure", [fleiss_kappa, krippendorff_alpha, percent_agreement])
def test_bootstrap_and_analytic_intervals_are_alike(measure: Any) -> None:
    answers = rated(11, n=300)
    one, other = (measure(answers, interval=how, random_state=1) for how in ("analytic", "bootstrap"))
    assert one.value == other.value
    assert one.low == pytest.approx(other.low, abs=0.025) and one.high == pytest.approx(other.high, abs=0.025)
    assert other == measure(answers, interval="bootstrap", random_state=1)
    wide = measure(answers, level=0.99)
    assert wide.low < one.low and wide.high > one.high


def test_intervals_cover_what_many_items_would_show() -> None:
    """95 % intervals of 80 items hold the value of 100,000 in about 95 of 100 cases."""
    true = fleiss_kappa(rated(1, n=100_000)).value
    hits = 0
    for seed in range(200):
        found = fleiss_kappa(rated(1000 + seed, n=80))
        hits += found.low <= true <= found.high
    assert 0.90 <= hits / 200 <= 0.985


def test_interval_scale_far_from_zero_keeps_its_digits() -> None:
    answers = rated(5, gaps=0.0).astype(float)
    far = krippendorff_alpha(answers + 1e6, metric="interval", missing=None).value
    near = krippendorff_alpha(answers, metric="interval", missing=None).value
    assert far == pytest.approx(near, abs=1e-6)


def test_values_of_any_type_and_container() -> None:
    codes = rated(2)
    names = np.array(["ant", "bee", "cat", "dog"], dtype=object)
    texts = np.where(codes < 0, None, names[codes])
    expected = fleiss_kappa(codes).value
    assert fleiss_kappa(texts).value == fleiss_kappa(texts.tolist()).value == expected
    assert fleiss_kappa(pd.DataFrame(texts)).value == expected
    assert fleiss_kappa(pd.DataFrame(texts).astype("string")).value == expected
    assert fleiss_kappa(np.where(codes < 0, np.nan, codes)).value == expected
    assert percent_agreement(np.array([["a", "a"], ["b", "a"]])).value == 0.5
    with_minus_one = krippendorff_alpha([[-1, -1], [1, 1], [1, -1]], missing=None)
    assert with_minus_one.n_items == 3


@pytest.mark.parametrize("measure", [fleiss_kappa, krippendorff_alpha])
def test_everyone_the_same_has_no_agreement_beyond_chance(measure: Any) -> None:
    found = measure(np.ones((20, 3), dtype=int))
    assert not found.defined and "same" in found.note and math.isnan(found.low)
    assert "same" in str(found)
    assert percent_agreement(np.ones((20, 3), dtype=int)).value == 1.0


def test_one_rater_or_no_overlap_is_said_and_not_counted() -> None:
    for answers in ([[1], [2]], [[1, -1], [-1, 2]], np.full((3, 2), -1), np.zeros((0, 3), dtype=int)):
        for measure in (fleiss_kappa, krippendorff_alpha, percent_agreement):
            found = measure(answers)
            assert found.n_items == 0 and not found.defined and "no item" in found.note
    assert not cohen_kappa([1, None], [None, 1]).defined
    assert np.isnan(pairwise_kappas([[1, -1], [-1, 2]])[0, 1])


def test_without_any_disagreement_the_interval_is_not_a_point() -> None:
    answers = np.repeat([[0, 0], [1, 1]], 10, axis=0)
    for how in ("analytic", "bootstrap"):
        found = cohen_kappa(answers[:, 0], answers[:, 1], interval=how)
        # 20 items without a disagreement: at most 1 - .025 ** (1 / 20) of all items have one.
        assert found.value == found.high == 1.0
        assert found.low == pytest.approx(1 - (1 - 0.025 ** (1 / 20)) / 0.5)
    few = cohen_kappa([0, 1], [0, 1])
    assert few.low < 0.1 < few.high


def test_adversaries_are_below_chance() -> None:
    assert cohen_kappa([0, 1, 0, 1], [1, 0, 1, 0]).value == -1.0


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: fleiss_kappa([0, 1, 1]), "one column per rater"),
        (lambda: cohen_kappa([0, 1], [0]), "one answer of each"),
        (lambda: cohen_kappa([0, 1], [0, 1], weights="lineal"), "linear"),
        (lambda: krippendorff_alpha([[0, 1]], metric="ordnal"), "ordinal"),
        (lambda: krippendorff_alpha([["a", "b"]], metric="interval"), "no numbers"),
        (lambda: fleiss_kappa([[0, 1]], level=1.2), "between 0 and 1"),
        (lambda: fleiss_kappa([[0, 1]], interval="bayes"), "bootstrap"),
        (lambda: fleiss_kappa([[0, 1]], n_bootstrap=0), "1 or more"),
        (lambda: fleiss_kappa([["a", 1], [2, "b"]]), "one type"),
        (lambda: fleiss_kappa(np.zeros((2, 2, 2))), "one column per rater"),
        (lambda: fleiss_kappa([[{"a"}, {"b"}], [{"a"}, {"a"}]]), "several values"),
    ],
)
def test_bad_input_is_refused(call: Any, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        call()
