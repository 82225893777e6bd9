"""Label quantity against quality in simulated worlds: regimes are found, and what is recommended is worth it."""

from __future__ import annotations

import budget_worlds as worlds
import numpy as np
import pytest

from labelscope.reports import BudgetSettings
from labelscope.review.budget import plan
from labelscope.review.budget_grid import FRACTIONS, Pilot
from labelscope.review.budget_options import options

pytestmark = pytest.mark.acceptance
ENDLESS = {"n_cheap_available": 10**6, "n_verified_available": 10**6}


def planned(world, seed, *, n=9000, n_verified=1500, cost_cheap=0.1, **more):
    X, y, cheap = (array[:n] for array in world(seed, max(n, 6000)))
    settings = BudgetSettings(random_state=seed, **ENDLESS)
    return plan(worlds.pilot_of(X, y, cheap, n_verified), cost_cheap=cost_cheap, settings=settings, **more)


def sizes(*splits):
    return np.array([(one.n_cheap, one.n_verified) for one in splits])


def test_weak_labels_are_worth_it_while_few_verified_ones_can_be_paid_for():
    """Quantity at the smallest budget, quality at the largest; hardly ever worse than the better pure strategy."""
    behind, ahead, regimes, mixed = [], {16: [], 4096: []}, {16: [], 4096: []}, []
    for seed in range(511, 516):
        found = planned(worlds.weak_world, seed, n=12_000, n_verified=5400, budgets=(16, 64, 256, 4096))
        for one in found.advice:
            verified, best, cheap = worlds.true_accuracies(
                worlds.weak_world, seed, sizes(one.all_verified, one.best, one.all_cheap),
                n_repeats=16 if one.budget < 100 else 1,
            )  # fmt: skip
            behind.append(max(verified, cheap) - best)
            if one.regime == "mixed":
                mixed.append(best - max(verified, cheap))
            if one.budget in ahead:
                ahead[one.budget].append(best - min(verified, cheap))
                regimes[one.budget].append(one.regime)
    assert set(regimes[4096]) == {"quality"}
    assert regimes[16].count("quantity") >= 4 and "quality" not in regimes[16]
    assert np.mean(np.array(behind) <= 0.01) >= 0.9
    # A mix that is no better than either alone is not called a regime.
    assert len(mixed) <= 5 and all(gain > 0 for gain in mixed)
    assert np.mean(ahead[16]) >= 0.04 and np.mean(ahead[4096]) >= 0.03


def test_the_mixed_regime_is_found_where_it_is():
    """Cheap labels that know the order and not the border, at a fiftieth of the cost."""
    gains = []
    for seed in (602, 603):
        found = planned(worlds.eager_world, seed, cost_cheap=0.02, budgets=(64,), n_verified=1000)
        (one,) = found.advice
        assert one.regime == "mixed" and one.gain.low > 0
        verified, best, cheap = worlds.true_accuracies(
            worlds.eager_world, seed, sizes(one.all_verified, one.best, one.all_cheap), n_repeats=8
        )
        gains.append(best - max(verified, cheap))
    assert np.mean(gains) >= 0.02


@pytest.mark.parametrize("seed", [621, 622])
def test_other_worlds_have_other_regimes(seed):
    """Labels that say nothing are bought in no budget, and those of experts in every one that is small."""
    found = planned(worlds.chance_world, seed, n=5000, n_verified=1000, budgets=(64, 1024))
    assert [one.regime for one in found.advice] == ["quality", "quality"]
    assert all(one.gain.value < 0.01 for one in found.advice)
    assert found.marginal["verified"].value > found.marginal["cheap"].value
    found = planned(worlds.expert_world, seed, n=5000, n_verified=1000, budgets=(16, 64))
    assert [one.regime for one in found.advice] == ["quantity", "quantity"]
    # The same labels at the price of verified ones are not worth more than these.
    dear = planned(worlds.expert_world, seed, n=5000, n_verified=1000, cost_cheap=2.0, budgets=(64,))
    assert dear.advice[0].regime != "quantity" and dear.advice[0].p_cheap_better < 0.5


def test_a_small_pilot_plans_for_a_larger_budget():
    """Fitted on budgets up to 256, the split picked for 1,024 is within a point of the best cell of the grid."""
    missed = []
    for seed in range(631, 635):
        n_verified = 342
        found = planned(
            worlds.weak_world, seed, n=2560 + n_verified, n_verified=n_verified, budgets=(16, 64, 256, 1024)
        )
        one = found.advice[-1]
        assert one.extrapolated and not one.best.accuracy.measured
        cells = options(1024, (0.1, 1.0), (10**6, 10**6), FRACTIONS)
        truth = worlds.true_accuracies(
            worlds.weak_world, seed, np.vstack([sizes(one.best), cells]), n_repeats=2
        )
        missed.append(truth[1:].max() - truth[0])
    assert max(missed) <= 0.01


def test_prior_probabilities_help_a_small_budget():
    """What needs no label at all is worth two points or more where few can be paid for."""
    gains = []
    for seed in range(641, 644):
        X, y = worlds.rows_of(seed, 9000)
        logits = worlds.small_model(X, y, seed)
        p = 1 / (1 + np.exp(-logits))
        probs = np.column_stack([1 - p, p])
        at = np.array([(0, 16)])

        def world(seed, n, X=X, y=y):
            return X[:n], y[:n], y[:n]

        plain, helped = (
            worlds.true_accuracies(world, seed, at, n_repeats=12, n_test=4000, prior_probs=prior)
            for prior in (None, probs[: 4000 + 16 + 3000])
        )
        gains.append(helped[0] - plain[0])
        verified = np.where(np.arange(9000) < 400, y, -1)
        pilots = [Pilot.of(X, y, verified, 2, prior_probs=prior) for prior in (None, probs)]
        without, with_prior = (
            plan(one, budgets=(16,), settings=BudgetSettings(**ENDLESS)).advice[0].all_verified.accuracy
            for one in pilots
        )
        assert with_prior.value > without.value
    assert np.mean(gains) >= 0.02


def test_intervals_of_the_surface_cover():
    """90 % intervals at sizes that were not trained at, within and beyond the pilot."""
    covered, width = [], []
    at = np.array([(30, 0), (900, 0), (0, 40), (0, 150), (60, 60), (700, 100), (1500, 700), (4000, 500)])
    for seed in range(651, 659):
        found = planned(worlds.weak_world, seed, n=3000, n_verified=500, budgets=(16, 64))
        draws = found.surfaces["sequential"].draws(at)
        low, high = np.quantile(draws, [0.05, 0.95], axis=0)
        truth = worlds.true_accuracies(worlds.weak_world, seed, at, n_repeats=6, n_test=4000)
        covered.append((low <= truth) & (truth <= high))
        width.append(high - low)
    assert np.mean(covered) >= 0.8
    assert np.mean(width) < 0.12
