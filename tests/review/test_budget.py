"""Two stages of training, the pilot's bookkeeping, the surface, and what a budget can buy."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, MissingEvidenceError
from labelscope.review.budget import BudgetSettings, plan
from labelscope.review.budget_grid import Grid, Pilot, deal, pilot_cells, run
from labelscope.review.budget_options import Split, check_budgets, check_costs, frontier, options
from labelscope.review.budget_surface import fit_surface
from labelscope.review.queues import Elicitation, by_name
from labelscope.review.queues.elicitation import shares_of_entropy
from labelscope.review.two_stage import anchored_loss, moved, scaled
from labelscope.testing import check_policy
from labelscope.types import Estimate, Evidence


def blobs(n=600, seed=0, k=2, wrong=0.25):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, k, n)
    X = rng.normal(size=(n, 4)) + 1.5 * np.eye(k, 4)[y]
    cheap = np.where(rng.random(n) < wrong, rng.integers(0, k, n), y)
    return X, y, cheap


def pilot(n=600, n_verified=120, **more):
    X, y, cheap = blobs(n, **more)
    return Pilot.of(X, cheap, np.where(np.arange(n) < n_verified, y, -1), int(y.max()) + 1)


# -- two stages ------------------------------------------------------------------------------------------


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(1)
    inputs, codes = np.c_[rng.normal(size=(9, 3)), np.ones(9)], rng.integers(0, 3, 9)
    offset, weights = rng.normal(size=(9, 3)), rng.normal(size=(3, 4))
    penalty = np.array([2.0, 0.5, 1.0, 0.1])
    value, gradient = anchored_loss(weights, inputs, codes, offset, penalty)
    logits = inputs @ weights.T + offset
    by_hand = (
        sum(np.log(np.exp(logits[i]).sum()) - logits[i, codes[i]] for i in range(9))
        + 0.5 * (penalty * weights**2).sum()
    )
    assert value == pytest.approx(by_hand / 9)
    for i, j in np.ndindex(3, 4):
        step = np.zeros((3, 4))
        step[i, j] = 1e-6
        up = anchored_loss(weights + step, inputs, codes, offset, penalty)[0]
        down = anchored_loss(weights - step, inputs, codes, offset, penalty)[0]
        assert gradient[i, j] == pytest.approx((up - down) / 2e-6, abs=1e-7)


def test_the_second_stage_is_anchored_where_the_first_stands():
    X, y, cheap = blobs()
    inputs = scaled(X)
    start = moved(inputs, cheap, np.zeros((2, 5), np.float32), penalty=2.0)
    near = moved(inputs[:50], y[:50], start, penalty=1e6)
    far = moved(inputs[:50], y[:50], start, penalty=0.1)
    # The intercepts are held a fiftieth as strongly as the weights.
    assert np.abs(near - start)[:, :-1].max() < 1e-3 < np.abs(far - start).max()
    assert moved(inputs[:0], y[:0], start, penalty=1.0) is start
    one = moved(inputs[:1], y[:1], start, penalty=2.0)
    assert np.abs(one - start).max() < 1.0


def test_wide_features_are_reduced_and_constant_ones_count_for_nothing():
    X = np.random.default_rng(0).normal(size=(50, 300))
    X[:, 7] = 4.0
    inputs = scaled(X, most=20)
    assert inputs.shape == (50, 21) and (inputs[:, -1] == 1).all() and np.isfinite(inputs).all()
    assert not scaled(X[:, 7:9])[:, 0].any()


# -- the pilot -------------------------------------------------------------------------------------------


def test_no_row_is_in_two_parts_and_each_is_scored_once():
    found = deal(pilot(), 4, 3)
    assert np.array_equal(np.sort(np.concatenate([one.test for one in found])), np.arange(120))
    for one in found:
        parts = [set(part.tolist()) for part in (one.test, one.cheap, one.verified)]
        assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
        assert parts[0] | parts[2] == set(range(120)) and parts[1] == set(range(120, 600))


def test_only_tested_rows_are_scored():
    X, y, cheap = blobs()
    lucky = np.arange(600) < 40
    made = Pilot.of(X, cheap, np.where(np.arange(600) < 120, y, -1), 2, tested=lucky)
    for one in deal(made, 4, 0):
        assert set(one.test.tolist()) <= set(range(40))
        assert set(range(40, 120)) <= set(one.verified.tolist())


def test_labels_that_are_not_counted_are_not_seen():
    """Changing labels beyond the size of a cell, or of the rows to test, changes no prediction."""
    made, cells = pilot(), np.array([(0, 10), (30, 0), (30, 10)])
    deals = deal(made, 2, 0)
    first = run(made, deals, cells)
    used = np.zeros(600, dtype=bool)
    for one in deals:
        used[one.cheap[:30]] = used[one.verified[:10]] = True
    cheap, verified = np.where(used, made.cheap, 1 - made.cheap), made.verified.copy()
    test = deals[0].test
    other = Pilot(made.inputs, cheap, verified, made.tested, made.weights, 2)
    assert all(np.array_equal(a, b) for a, b in zip(first.right, run(other, deals, cells).right, strict=True))
    flipped = verified.copy()
    flipped[test] = 1 - flipped[test]
    alone = [deals[0]]
    again = run(Pilot(made.inputs, cheap, flipped, made.tested, made.weights, 2), alone, cells)
    assert np.array_equal(again.right[0], ~first.right[0])


def test_cells_stay_within_the_rows_that_there_are():
    deals = deal(pilot(), 4, 0)
    cells = pilot_cells(deals, np.array([(10, 20), (0, 0), (100_000, 5), (5, 91), (480, 90)]))
    assert cells[:, 0].max() == 480 and cells[:, 1].max() == 90
    listed = [tuple(cell) for cell in cells.tolist()]
    assert (10, 20) in listed and (0, 0) not in listed and len(set(listed)) == len(listed)


def test_weights_of_rows_count():
    right = [np.array([[True, False], [False, False]]), np.array([[True], [True]])]
    grid = Grid(np.array([(0, 1), (1, 0)]), right, [np.array([1.0, 3.0]), np.array([4.0])], 0.5)
    assert grid.accuracy.tolist() == [5 / 8, 4 / 8]
    copies = grid.resampled(4000, 0)
    assert copies.shape == (4000, 2) and (copies >= 0).all() and (copies <= 1).all()


def test_pooled_training_is_one_fit_on_both():
    made = pilot()
    deals = deal(made, 2, 0)
    cells = np.array([(0, 40), (40, 0), (40, 40)])
    grid = run(made, deals, cells, "pooled")
    assert grid.accuracy.min() > 0.6 and grid.floor == 0.5


# -- the surface -----------------------------------------------------------------------------------------


def known_grid(seed=0, m=4000, cells=None):
    """Cells whose true accuracy follows a law that is not the formula."""
    cells = (
        np.array([(c, v) for c in (0, 10, 60, 400) for v in (0, 5, 40, 300)][1:]) if cells is None else cells
    )
    truth = 0.5 + 0.2 * (1 - np.exp(-cells[:, 0] / 80)) + 0.15 * (1 - np.exp(-cells[:, 1] / 60))
    rng = np.random.default_rng(seed)
    right = [rng.random((len(cells), m)) < truth[:, None] for _ in range(4)]
    return Grid(cells, right, [np.ones(m)] * 4, 0.5), truth


def test_the_surface_passes_near_its_cells_and_rises_with_labels():
    grid, truth = known_grid()
    surface = fit_surface(grid)
    assert np.abs(surface.mean(grid.cells) - truth).max() < 0.02
    more = surface.mean(np.array([(0, 0), (10, 5), (60, 40), (400, 300)]))
    assert (np.diff(more) > 0).all() and more[0] == pytest.approx(0.5, abs=0.05)
    draws = surface.draws(np.array([(100, 100)]))
    assert draws.shape == (300, 1) and (draws >= 0).all() and (draws <= 1).all()
    assert np.array_equal(draws, fit_surface(grid).draws(np.array([(100, 100)])))


def test_intervals_widen_beyond_the_pilot_and_with_fewer_rows():
    grid, _ = known_grid(m=150)
    surface = fit_surface(grid)
    inside, beyond = surface.draws(np.array([(60, 40), (0, 30_000)])).std(axis=0)
    assert beyond > inside
    assert inside > fit_surface(known_grid(m=4000)[0]).draws(np.array([(60, 40)])).std()


# -- what money buys -------------------------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.floats(0.5, 5000), st.floats(0.01, 5), st.floats(0.01, 5), st.integers(1, 500), st.integers(1, 500))
def test_no_option_costs_more_than_the_budget(budget, cheap, verified, most_cheap, most_verified):
    found = options(budget, (cheap, verified), (most_cheap, most_verified))
    assert (found @ np.array([cheap, verified]) <= budget * (1 + 1e-9) + 1e-6).all()
    assert (found >= 0).all() and (found <= [most_cheap, most_verified]).all()
    assert found[0, 0] == 0 and found[-1, 1] == 0
    assert len({tuple(one) for one in found.tolist()}) == len(found)


def split(cost, value):
    return Split("sequential", cost, cost, 0, 0, 0.0, Estimate(value, value, value), None)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30))
def test_the_frontier_is_one(pairs):
    every = [split(float(cost), value / 10) for cost, value in pairs]
    kept = frontier(every)

    def beats(a, b):
        better = a.cost <= b.cost and a.accuracy.value >= b.accuracy.value
        return better and (a.cost < b.cost or a.accuracy.value > b.accuracy.value)

    assert not any(beats(a, b) for a in every for b in kept)
    points = {(one.cost, one.accuracy.value) for one in kept}
    assert len(points) == len(kept)
    for one in every:
        assert (one.cost, one.accuracy.value) in points or any(beats(a, one) for a in kept)


def test_a_plan_adds_up():
    found = plan(
        pilot(), cost_cheap=0.5, budgets=(20, 60), settings=BudgetSettings(methods=("sequential", "pooled"))
    )
    seen = {tuple(cell): float(a) for cell, a in zip(
        found.grids["sequential"].cells.tolist(), found.grids["sequential"].accuracy, strict=True
    )}  # fmt: skip
    for one in found.advice:
        assert one.best in one.splits and one.all_verified.n_cheap == 0 and one.all_cheap.n_verified == 0
        assert one.best.accuracy.value == max(s.accuracy.value for s in one.splits)
        for s in one.splits:
            assert s.cost == pytest.approx(0.5 * s.n_cheap + s.n_verified) and s.cost <= one.budget + 1e-9
            assert s.share_cheap == pytest.approx(0.5 * s.n_cheap / s.cost)
            assert s.accuracy.measured == ((s.n_cheap, s.n_verified) in seen)
            assert s.piloted == seen.get((s.n_cheap, s.n_verified))
            assert s.accuracy.low <= s.accuracy.value <= s.accuracy.high
        assert not one.gain.measured
    assert {one.method for one in found.frontier} <= {"sequential", "pooled"}
    assert found.n_tested == 120 and set(found.marginal) == {"cheap", "verified"}
    assert (found.present.n_cheap, found.present.n_verified) == (480, 120)


def test_free_cheap_labels_come_with_every_split():
    found = plan(pilot(), cost_cheap=0, budgets=(40,))
    (one,) = found.advice
    assert {s.n_verified for s in one.splits[:-1]} == {40} and one.all_cheap.n_cheap == 600
    assert one.all_cheap.cost == 0


def test_more_classes_than_two():
    found = plan(pilot(n=700, n_verified=200, k=4), budgets=(50,))
    assert found.advice[0].best.accuracy.value > 0.6 and found.grids["sequential"].floor == 0.25


@pytest.mark.parametrize(
    ("costs", "error"),
    [((-1, 1), InvalidInputError), ((np.nan, 1), InvalidInputError), ((1, 0), InvalidInputError),
     ((1, np.inf), InvalidInputError), (("1", 1), InvalidTypeError), ((True, 1), InvalidTypeError)],
)  # fmt: skip
def test_bad_costs(costs, error):
    with pytest.raises(error):
        check_costs(*costs)


@pytest.mark.parametrize(
    ("budgets", "error"),
    [((), InvalidInputError), ((0,), InvalidInputError), ((-3,), InvalidInputError), ((np.nan,), InvalidInputError),
     (("many",), InvalidTypeError), ((True,), InvalidTypeError)],
)  # fmt: skip
def test_bad_budgets(budgets, error):
    with pytest.raises(error):
        check_budgets(budgets)


def test_budgets_come_in_order_and_once():
    assert check_budgets([64, 16.0, 64]) == (16.0, 64.0) and check_budgets(5) == (5.0,)


def test_pilots_that_no_plan_can_rest_on():
    X, y, cheap = blobs()
    first = np.arange(600) < 120
    for verified, given_, message in (
        (np.full(600, -1), cheap, "0 rows are verified"),
        (np.where(np.arange(600) < 19, y, -1), cheap, "19 rows are verified"),
        (np.where(first & (y == 0), y, -1), cheap, "one class"),
        (y, cheap, "cannot be tried"),
        (np.where(first, y, -1), np.full(600, -1), "cannot be tried"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            plan(Pilot.of(X, given_, verified, 2))
    with pytest.raises(InvalidInputError, match="buys no label"):
        plan(pilot(), cost_cheap=2, cost_verified=3, budgets=(1,))


def test_a_small_pilot_says_so():
    with pytest.warns(LabelscopeWarning, match="30 verified rows, so its intervals are wide"):
        found = plan(pilot(n=200, n_verified=30), budgets=(16,))
    assert found.advice[0].best.accuracy.high - found.advice[0].best.accuracy.low > 0.05


@pytest.mark.parametrize(
    "bad", [{"methods": ()}, {"methods": ("sequentiall",)}, {"n_repeats": 1}, {"level": 1}]
)
def test_bad_settings(bad):
    with pytest.raises(InvalidInputError):
        BudgetSettings(**bad)


# -- the queue -------------------------------------------------------------------------------------------


def guesses(n=400, k=3, seed=0, **more):
    return Evidence(pred_probs=np.random.default_rng(seed).dirichlet(np.ones(k), n), **more)


@pytest.mark.parametrize("policy", [Elicitation(), Elicitation(temperature=0), Elicitation(uniform=1.0)])
def test_the_contract_of_queues(policy):
    check_policy(policy)
    assert by_name("elicitation") == Elicitation()


def test_entropy_by_hand():
    probs = np.random.default_rng(0).dirichlet(np.ones(4), 20)
    by_hand = [-sum(p * np.log(p) for p in row) / np.log(4) for row in probs]
    assert np.allclose(shares_of_entropy(probs), by_hand)
    assert shares_of_entropy(np.ones((3, 1))).tolist() == [0.0, 0.0, 0.0]


def test_without_temperature_the_largest_entropy_comes_first():
    evidence = guesses()
    ranking = Elicitation(temperature=0).order(evidence, 30)
    entropy = shares_of_entropy(np.asarray(evidence["pred_probs"]))
    assert ranking.rows.tolist() == np.argsort(-entropy, kind="stable")[:30].tolist()


def test_first_draws_follow_the_weights():
    evidence = guesses(12)
    count, n_draws = np.zeros(12), 4000
    for seed in range(n_draws):
        ranking = Elicitation(random_state=seed, uniform=0.2).order(evidence)
        count[ranking.rows[0]] += 1
    chances = np.zeros(12)
    chances[ranking.rows] = ranking.weights
    entropy = shares_of_entropy(np.asarray(evidence["pred_probs"]))
    soft = np.exp(entropy / 0.25) / np.exp(entropy / 0.25).sum()
    assert np.allclose(chances, 0.8 * soft + 0.2 / 12)
    assert (np.abs(count / n_draws - chances) < 4 * np.sqrt(chances * (1 - chances) / n_draws)).all()


def test_rows_keep_their_order_while_others_are_decided():
    before = Elicitation().order(guesses(state=np.zeros(400, int))).rows
    state = np.zeros(400, dtype=int)
    state[before[:100:2]] = 2
    after = Elicitation().order(guesses(state=state))
    assert after.rows.tolist() == [row for row in before.tolist() if state[row] == 0]
    assert after.meta["n_left"] == 350


def test_cheap_probs_come_before_pred_probs():
    other = np.random.default_rng(9).dirichlet(np.ones(3), 400)
    ranking = Elicitation(temperature=0).order(guesses(cheap_probs=other), 5)
    assert ranking.rows.tolist() == np.argsort(-shares_of_entropy(other), kind="stable")[:5].tolist()


def test_bad_input_of_the_queue():
    with pytest.raises(MissingEvidenceError):
        Elicitation().order(Evidence(state=np.zeros(3)))
    for bad in ({"pred_probs": np.ones(3)}, {"pred_probs": np.full((3, 2), np.nan)}, {"state": np.zeros(4)}):
        with pytest.raises(InvalidInputError):
            Elicitation().order(guesses(3).including(**bad))
    for bad in ({"temperature": -1}, {"temperature": np.nan}, {"uniform": 2}):
        with pytest.raises(InvalidInputError):
            Elicitation(**bad)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not len(Elicitation().order(guesses(5, state=np.full(5, 2))).rows)
