"""Verdicts: they move suspicion without changing its order, and they measure the number of errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.scorers.calibration import noise_estimate, recalibrate


def drawn(n: int = 20_000, shift: float = 0.0, slope: float = 1.0, seed: int = 0):
    """Suspicion, and errors whose true probabilities lie off it by a shift and a slope in log odds."""
    rng = np.random.default_rng(seed)
    level = rng.normal(-3.5, 2.5, n)
    true = 1 / (1 + np.exp(-level))
    said = 1 / (1 + np.exp(-(level - shift) / slope))
    return said, rng.random(n) < true, true


def brier(suspicion, wrong) -> float:
    return float(((suspicion - wrong) ** 2).mean())


@pytest.mark.parametrize(("shift", "slope"), [(1.0, 1.0), (-1.0, 1.0), (0.0, 0.5), (0.7, 2.0)])
def test_three_hundred_uniform_verdicts_take_most_of_the_error_away(shift: float, slope: float) -> None:
    before, after = [], []
    for seed in range(10):
        said, wrong, true = drawn(shift=shift, slope=slope, seed=seed)
        rows = np.random.default_rng(seed).choice(len(said), 300, replace=False)
        moved = recalibrate(said, rows, wrong[rows])
        before.append(float(np.abs(said - true).mean()))
        after.append(float(np.abs(moved - true).mean()))
    assert np.mean(after) < 0.6 * np.mean(before)


def test_calibrated_suspicion_is_hardly_moved() -> None:
    before, after = [], []
    for seed in range(20):
        said, wrong, _ = drawn(seed=seed)
        rows = np.random.default_rng(seed).choice(len(said), 100, replace=False)
        before.append(brier(said, wrong))
        after.append(brier(recalibrate(said, rows, wrong[rows]), wrong))
    assert np.mean(after) < 1.05 * np.mean(before)


def test_few_verdicts_move_little_and_many_move_fully() -> None:
    said = np.full(5000, 0.2)
    moves = [float(recalibrate(said, np.arange(m), np.arange(m) % 2 == 0)[0]) for m in (3, 30, 300, 3000)]
    assert 0.2 < moves[0] < moves[1] < moves[2] < moves[3] < 0.5
    assert moves[0] < 0.3
    assert moves[1] < 0.43
    assert moves[2] > 0.45
    free = recalibrate(said, np.arange(30), np.arange(30) % 2 == 0, strength=0.0)
    assert abs(free[0] - 0.5) < 0.01


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_the_order_stays_and_so_do_zero_and_one(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    said = rng.random(60) ** 3
    said[:3], said[3] = 0.0, 1.0
    rows = rng.choice(60, m, replace=False)
    moved = recalibrate(said, rows, rng.random(m) < 0.3, rng.random(m) + 0.01)
    assert moved.dtype == np.float32
    assert not moved[:3].any()
    assert moved[3] == 1
    assert (np.diff(moved[np.argsort(said)]) >= 0).all()


def test_weights_undo_a_lopsided_draw() -> None:
    errors = {True: [], False: []}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        n = 10_000
        said = np.full(n, 0.1)
        wrong = rng.random(n) < 0.1
        # Wrong rows were five times as likely to be looked at, for a reason that suspicion does not know.
        chance = np.where(wrong, 0.1, 0.02)
        rows = np.flatnonzero(rng.random(n) < chance)
        for weighted in (True, False):
            weights = 1 / chance[rows] if weighted else None
            errors[weighted].append(float(recalibrate(said, rows, wrong[rows], weights)[0]) - 0.1)
    assert abs(np.mean(errors[True])) < 0.015
    assert np.mean(errors[False]) > 0.1


def coverage(m: int, *, shift: float = 0.0, uniform: bool = True, rate_of: int = 200) -> tuple[float, float]:
    hit, width = [], []
    for seed in range(rate_of):
        said, wrong, _ = drawn(4000, shift=shift, seed=seed)
        rng = np.random.default_rng(seed + 999)
        if uniform:
            rows = rng.choice(4000, m, replace=False)
            found = noise_estimate(said, rows, wrong[rows])
        else:
            chance = np.clip(m / 2 / 4000 + m / 2 * said / said.sum(), 0, 1)
            rows = np.flatnonzero(rng.random(4000) < chance)
            found = noise_estimate(said, rows, wrong[rows], chance[rows])
        hit.append(found.low <= wrong.mean() <= found.high)
        width.append(found.high - found.low)
    return float(np.mean(hit)), float(np.mean(width))


@pytest.mark.parametrize("m", [30, 100, 400])
@pytest.mark.parametrize("shift", [0.0, 1.5, -2.0])
@pytest.mark.parametrize("uniform", [True, False])
def test_the_interval_covers_whatever_the_suspicion(m: int, shift: float, uniform: bool) -> None:
    assert coverage(m, shift=shift, uniform=uniform)[0] >= 0.85


def test_good_suspicion_makes_the_interval_narrower_than_counting_alone() -> None:
    _, width = coverage(400)
    counting = []
    for seed in range(50):
        _, wrong, _ = drawn(4000, seed=seed)
        rows = np.random.default_rng(seed).choice(4000, 400, replace=False)
        found = noise_estimate(np.zeros(4000), rows, wrong[rows])
        counting.append(found.high - found.low)
    assert width < 0.8 * np.mean(counting)


def test_thirty_good_rows_do_not_prove_that_all_are() -> None:
    found = noise_estimate(np.zeros(10_000), np.arange(30), np.zeros(30, dtype=bool))
    assert found.value == found.low == 0
    assert 0.05 < found.high < 0.15
    assert found.measured


def test_having_seen_everything_leaves_no_doubt() -> None:
    wrong = np.arange(50) % 5 == 0
    found = noise_estimate(np.full(50, 0.3), np.arange(50), wrong)
    np.testing.assert_allclose([found.value, found.low, found.high], 0.2, atol=1e-9)


def test_no_verdicts_change_nothing_and_measure_nothing() -> None:
    said = np.array([0.1, 0.4], dtype=np.float32)
    np.testing.assert_array_equal(recalibrate(said, [], []), said)
    found = noise_estimate(said, [], [])
    assert not found.measured
    assert (found.low, found.high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: recalibrate([0.1, 2.0], [0], [True]), "from 0 to 1"),
        (lambda: recalibrate([0.1, np.nan], [0], [True]), "from 0 to 1"),
        (lambda: recalibrate([0.1], [1], [True]), "there are 1"),
        (lambda: recalibrate([0.1], [0], [True, False]), "one verdict"),
        (lambda: recalibrate([0.1], [0], [True], [0.0]), "positive"),
        (lambda: noise_estimate([0.1], [0], [True], [1.5]), "at most 1"),
        (lambda: noise_estimate([0.1, 0.2], [0], [True], [0.5, 0.5]), "positive"),
    ],
)
def test_bad_arguments_are_named(call, match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        call()
