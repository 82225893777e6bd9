"""ConR: pair sets, weights, loss, gradient and shares, against loops written from the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, MissingEvidenceError
from labelscope.scorers import ContrastiveRegression, conr_loss, cross_predict_conr_head, fit_conr_head
from labelscope.scorers.regression import contrastive
from labelscope.scorers.regression.confusions import Pairing, find_confusions
from labelscope.scorers.regression.conr_head import loss_and_gradient
from labelscope.scorers.regression.conr_loss import conr_gradient, pair_sets
from labelscope.scorers.regression.density import density_weights, label_density
from labelscope.scorers.regression.targets import step_of, usual_window
from labelscope.testing import check_scorer
from labelscope.types import Evidence


def batch(seed, n, d=1):
    rng = np.random.default_rng(seed)
    targets = 3 * rng.normal(size=(n, d))
    return rng.normal(size=(n, 4)), targets, targets + 2 * rng.normal(size=(n, d)), rng.uniform(0.3, 3, n)


def anchors_by_loops(features, targets, predictions, window, temperature, e, weights):
    """Loss, negative share and suggestion of each anchor, straight from the published formula."""
    n = len(features)
    z = features / np.linalg.norm(features, axis=1, keepdims=True)
    losses, shares, advice = np.zeros(n), np.zeros(n), np.full((n, targets.shape[1]), np.nan)
    for i in range(n):

        def apart(values, j, i=i):
            return max(abs(values[i, c] - values[j, c]) for c in range(values.shape[1]))

        P = [j for j in range(n) if j != i and apart(targets, j) <= window]
        N = [j for j in range(n) if apart(targets, j) > window and apart(predictions, j) <= window]
        similar = [np.exp(z[i] @ z[j] / temperature) for j in range(n)]
        push = sum(weights[i] * np.exp(e * apart(targets, q)) * similar[q] for q in N)
        total = sum(similar[p] for p in P) + push
        if N:
            shares[i] = push / total
            advice[i] = sum(similar[q] * targets[q] for q in N) / sum(similar[q] for q in N)
        if N and P:
            losses[i] = weights[i] * -np.mean([np.log(similar[j] / total) for j in P])
    return losses, shares, advice


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 14), st.integers(1, 2))
def test_loss_is_the_published_one_and_anchors_without_positives_are_guarded(seed, n, d):
    features, targets, predictions, weights = batch(seed, n, d)
    setting = {"window": 1.0, "temperature": 0.3, "e": 0.2}
    losses, _, _ = anchors_by_loops(features, targets, predictions, weights=weights, **setting)
    found = conr_loss(features, targets, predictions, weights=weights, **setting)
    assert float(found) == pytest.approx(losses.mean(), abs=1e-9)
    assert conr_gradient(features, targets, predictions, weights=weights, **setting)[0] == pytest.approx(
        losses.mean(), abs=1e-9
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(2, 14), st.integers(1, 2))
def test_shares_and_suggestions_follow_the_definition(seed, n, d):
    features, targets, predictions, weights = batch(seed, n, d)
    unit = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    losses, shares, advice = anchors_by_loops(unit, targets, predictions, 1.0, 0.3, 0.2, weights)
    found = find_confusions(Pairing(unit, targets, predictions, weights, 0.3, 0.2))
    assert found.share == pytest.approx(shares, abs=1e-4)
    assert found.loss == pytest.approx(losses, rel=1e-3, abs=1e-4)
    np.testing.assert_allclose(found.suggested, advice, atol=1e-4)


def test_pairs_are_alike_or_confused_and_never_the_row_itself():
    positive, negative = pair_sets(np.array([1.0, 1.4, 9.0, 9.2]), np.array([1.0, 5.0, 1.2, 9.0]), 0.5)
    assert positive.tolist() == [[False, True, False, False], [True, False, False, False],
                                 [False, False, False, True], [False, False, True, False]]  # fmt: skip
    assert np.argwhere(negative).tolist() == [[0, 2], [2, 0]]


def test_no_negatives_no_loss():
    z = np.random.default_rng(0).normal(size=(6, 3))
    y = np.arange(6.0)
    assert float(conr_loss(z, y, y, window=0.5)) == 0.0  # all differ, none is confused
    assert float(conr_loss(z, np.zeros(6), y, window=0.5)) == 0.0  # all alike
    assert float(conr_loss(z, y, np.zeros(6), window=0.5)) == 0.0  # all confused, but nobody pulls


@pytest.mark.parametrize("temperature", [0.2, 0.01])
def test_gradient_of_the_loss_is_the_numerical_one(temperature):
    features, targets, predictions, weights = batch(3, 12)
    named = {"window": 1.5, "temperature": temperature, "e": 0.3, "weights": weights}
    _, slope = conr_gradient(features, targets, predictions, **named)
    assert np.abs(slope).max() > 1e-3
    for i, j in [(0, 0), (3, 2), (7, 1), (11, 3)]:
        moved = []
        for step in (1e-6, -1e-6):
            other = features.copy()
            other[i, j] += step
            moved.append(float(conr_loss(other, targets, predictions, **named)))
        assert slope[i, j] == pytest.approx((moved[0] - moved[1]) / 2e-6, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("beta", [0.0, 4.0])
def test_gradient_of_the_head_is_the_numerical_one(beta):
    rng = np.random.default_rng(1)
    points, goals, omega = rng.normal(size=(20, 3)), 0.2 * rng.normal(size=(20, 1)), rng.uniform(0.5, 2, 20)
    weights = {"in": rng.normal(size=(3, 5)), "bias": 0.1 * rng.normal(size=5), "out": rng.normal(size=(5, 1)),
               "offset": np.zeros(1)}  # fmt: skip
    setting = {"beta": beta, "temperature": 0.2, "e": 1.0}
    _, slopes = loss_and_gradient(points, goals, omega, weights, setting)

    def total(changed):
        """No gradient passes through the predictions: they are held where they were."""
        hidden = np.maximum(points @ changed["in"] + changed["bias"], 0)
        made = hidden @ changed["out"] + changed["offset"]
        held = np.maximum(points @ weights["in"] + weights["bias"], 0) @ weights["out"] + weights["offset"]
        fit = (np.abs(made - goals) * omega[:, None]).mean()
        extra = conr_loss(hidden, goals, held, window=0.05, temperature=0.2, e=1.0, weights=omega)
        return fit + beta * float(extra)

    for name, slope in slopes.items():
        for at in np.ndindex(slope.shape):
            values = []
            for step in (1e-7, -1e-7):
                changed = {key: value.copy() for key, value in weights.items()}
                changed[name][at] += step
                values.append(total(changed))
            assert slope[at] == pytest.approx((values[0] - values[1]) / 2e-7, rel=1e-3, abs=1e-5), name


def test_torch_and_numpy_agree_in_value_and_gradient():
    torch = pytest.importorskip("torch")
    for d in (1, 2):
        features, targets, predictions, weights = batch(5, 16, d)
        named = {"window": 1.0, "temperature": 0.1, "e": 0.2}
        loss, slope = conr_gradient(features, targets, predictions, weights=weights, **named)
        tensor = torch.tensor(features, requires_grad=True)
        guess = torch.tensor(predictions, requires_grad=True)
        found = conr_loss(tensor, torch.tensor(targets), guess, weights=torch.tensor(weights), **named)
        found.backward()
        assert found.item() == pytest.approx(loss) and guess.grad is None
        np.testing.assert_allclose(tensor.grad.numpy(), slope, atol=1e-10)
    lonely = torch.zeros((3, 2), dtype=torch.float32, requires_grad=True)  # no directions, no positives
    conr_loss(lonely, np.arange(3.0), np.zeros(3), window=0.5, temperature=0.01).backward()
    assert torch.isfinite(lonely.grad).all()


@pytest.mark.parametrize("narrow", ["float16", "bfloat16"])
def test_features_of_mixed_precision_do_not_narrow_the_targets(narrow):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    features = torch.tensor(rng.normal(size=(16, 8))).to(getattr(torch, narrow))
    prices = rng.integers(100_000, 400_000, 16).astype(np.float64)  # beyond what half precision holds
    named = {"targets": prices, "predictions": rng.permutation(prices), "window": 5e4, "e": 1e-6}
    own = features.clone().requires_grad_()
    found = conr_loss(own, **named)
    found.backward()
    wide = conr_loss(features.float().numpy(), **named)
    assert found.item() == pytest.approx(float(wide), rel=1e-5) and wide > 1
    assert own.grad.dtype == features.dtype and own.grad.abs().max() > 0
    still = torch.zeros((4, 2), dtype=features.dtype, requires_grad=True)
    conr_loss(still, np.array([1.0, 1, 9, 9]), np.ones(4)).backward()
    assert torch.isfinite(still.grad).all()
    if narrow == "float16":
        half = conr_loss(features.numpy(), **named)
        assert half == pytest.approx(float(wide), rel=1e-5)


def test_small_temperatures_and_far_targets_do_not_overflow():
    z = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.05]], dtype=np.float32)
    loss = conr_loss(z, np.array([0.0, 0.0, 1e6]), np.zeros(3), temperature=0.001, e=1.0)
    assert np.isfinite(loss) and loss > 0


def test_density_is_that_of_a_kernel_and_rare_targets_weigh_more():
    rng = np.random.default_rng(0)
    t = np.concatenate([rng.normal(30, 3, 400), rng.uniform(60, 80, 20)])[:, None]
    exact = np.exp(-0.5 * ((t - t.T) / 2.0) ** 2).sum(axis=1)
    assert np.corrcoef(np.log(exact), np.log(label_density(t, np.array([2.0]))))[0, 1] > 0.98
    weights = density_weights(t, np.array([2.0]))
    assert weights[400:].min() > weights[:400].mean() and weights.min() >= 0.1 and weights.max() <= 10
    far = density_weights(np.append(t, [[1e9]], axis=0), np.array([2.0]))
    assert np.corrcoef(far[:-1], weights)[0, 1] > 0.99  # one outlier does not coarsen the others


def test_window_grows_with_the_noise_and_keeps_to_the_grid_of_the_targets():
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 100, (500, 1))
    assert usual_window(t, t)[0] == pytest.approx(6.0, rel=0.1)
    assert usual_window(t, t + rng.normal(0, 20, t.shape))[0] == pytest.approx(20, rel=0.15)
    whole = rng.integers(0, 30, (500, 1)).astype(float)
    assert step_of(whole[:, 0]) == 1.0 and step_of(t[:, 0]) == 0.0
    assert usual_window(whole, whole + rng.normal(0, 1.7, whole.shape))[0] == pytest.approx(2.0, rel=1e-6)
    assert usual_window(np.array([[5.0]] * 9 + [[6.0]]), np.full((10, 1), 5.0))[0] > 0


def ages(seed=0, n=300):
    rng = np.random.default_rng(seed)
    t = 20 + 60 * rng.beta(1.2, 5, n)
    u = (t - 20) / 60
    X = np.column_stack([np.sin(3 * u), np.cos(3 * u), u]) @ rng.normal(size=(3, 12))
    return X + 0.05 * rng.normal(size=X.shape), t


def test_a_wrong_age_is_found_with_its_evidence():
    X, t = ages()
    y = t.copy()
    y[4] = t[4] + 35 if t[4] < 40 else t[4] - 25
    score = ls.score("contrastive_regression", given_labels=y, features=X)
    assert score.suspicion.argmax() == 4 and score.flagged[4]
    assert abs(score.suggested[4] - t[4]) < 0.15 * abs(y[4] - t[4])
    rows = score.details["negatives"][4]
    assert (rows >= 0).all() and 4 not in rows and np.abs(t[rows] - t[4]).max() < 6
    pull = score.details["positives"][4]
    assert all(abs(y[row] - y[4]) <= score.meta["window"] for row in pull[pull >= 0])
    assert score.details["negative_weights"][4].sum() <= score.suspicion[4] + 1e-6
    assert score.details["density"].shape == (300,)
    assert 0 <= score.meta["tail_flag_rate"] <= 1 and score.meta["n_tail"] == 30


def test_rare_anchors_are_pushed_harder():
    X, t = ages(1)
    X = X + 0.4 * np.random.default_rng(2).normal(
        size=X.shape
    )  # so that most rows are both pulled and pushed
    evidence = Evidence(given_labels=t, features=X)
    plain = ContrastiveRegression(density_weight=False).score(evidence)
    weighed = ContrastiveRegression().score(evidence)
    open_ = (plain.suspicion > 1e-4) & (plain.suspicion < 1 - 1e-4)
    order = np.argsort(weighed.details["density"])
    rare, common = (part[open_[part]] for part in (order[:60], order[-60:]))
    assert len(rare) > 5 and (weighed.suspicion[rare] > plain.suspicion[rare]).all()
    assert len(common) > 5 and (weighed.suspicion[common] < plain.suspicion[common]).all()


def test_given_predictions_are_used_and_holes_in_them_filled():
    X, t = ages(2)
    y = t.copy()
    y[7] = 79.0
    given = np.full(300, np.nan)
    given[:] = t
    whole = ContrastiveRegression().score(Evidence(given_labels=y, features=X, predictions=given))
    given[::10] = np.nan
    partly = ContrastiveRegression().score(Evidence(given_labels=y, features=X, predictions=given))
    assert whole.suspicion.argmax() == 7 and partly.suspicion[7] > 0.9
    memorized = ContrastiveRegression().score(Evidence(given_labels=y, features=X, predictions=y))
    assert memorized.suspicion[7] < 0.5  # why predictions must be out of fold


def test_several_targets_and_unlabelled_rows():
    X, t = ages(3)
    both = np.column_stack([t, 100 - 2 * t])
    both[5, 1] += 80
    both[9] = np.nan
    score = ContrastiveRegression().score(Evidence(given_labels=both, features=X))
    assert score.suggested.shape == (300, 2) and len(score.meta["window"]) == 2
    assert score.suspicion.argmax() == 5 and abs(score.suggested[5, 1] - (100 - 2 * t[5])) < 12
    assert score.suspicion[9] == 0 and np.isfinite(score.suggested[9]).all()
    codes = np.round(t).astype(int)
    classes = np.unique(codes).astype(float)
    coded = Evidence(given_labels=np.searchsorted(classes, codes), classes=classes, features=X)
    plain = Evidence(given_labels=codes.astype(float), features=X)
    assert (
        ContrastiveRegression().score(coded).suspicion == ContrastiveRegression().score(plain).suspicion
    ).all()


def test_restricted_pairs_agree_with_all_pairs(monkeypatch):
    X, t = ages(4, 900)
    y = t.copy()
    wrong = np.arange(0, 900, 18)
    y[wrong] = 20 + (t[wrong] - 20 + 30) % 60
    evidence = Evidence(given_labels=y, features=X)
    whole = ContrastiveRegression().score(evidence)
    monkeypatch.setattr(contrastive, "ALL_PAIRS", 500)
    near = ContrastiveRegression().score(evidence)
    assert whole.meta["all_pairs"] and not near.meta["all_pairs"]
    assert np.corrcoef(whole.suspicion, near.suspicion)[0, 1] > 0.95
    assert set(np.argsort(-near.suspicion)[:40]) <= set(wrong)


def test_scorer_keeps_the_contract():
    check_scorer(ContrastiveRegression())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"given_labels": np.r_[np.inf, np.arange(49.0)]}, InvalidInputError),
        ({"given_labels": ["old"] * 50}, InvalidTypeError),
        ({"predictions": np.zeros(49)}, InvalidInputError),
        ({"predictions": np.zeros((50, 2))}, InvalidInputError),
        ({"given_labels": np.zeros((50, 0))}, InvalidInputError),
        ({"features": np.zeros((49, 2))}, InvalidInputError),
        ({"given_labels": np.arange(50), "classes": np.arange(3.0)}, InvalidInputError),
    ],
)
def test_bad_input_is_refused(change, error):
    named = {
        "given_labels": np.arange(50.0),
        "features": np.random.default_rng(0).normal(size=(50, 2)),
        **change,
    }
    with pytest.raises(error):
        ContrastiveRegression().score(Evidence(named))


@pytest.mark.parametrize(
    "setting", [{"window": -1.0}, {"temperature": 0.0}, {"e": -1.0}, {"window": (1.0, 0.0)}]
)
def test_bad_settings_are_refused(setting):
    with pytest.raises(InvalidInputError):
        ContrastiveRegression(**setting)


def test_too_few_or_constant_targets_are_told_and_nothing_is_suspected():
    X = np.random.default_rng(0).normal(size=(30, 3))
    for y, code in ((np.r_[np.arange(9.0), np.full(21, np.nan)], "few"), (np.full(30, 2.0), "constant")):
        with ls.errors.collect_notices() as said, pytest.warns(LabelscopeWarning):
            score = ContrastiveRegression().score(Evidence(given_labels=y, features=X))
        assert said[0].code == f"{code}_targets" and not score.suspicion.any() and not score.flagged.any()
        assert np.isfinite(score.suggested).all()
    with pytest.raises(MissingEvidenceError):
        ContrastiveRegression().score(Evidence(given_labels=np.arange(30.0)))


def test_head_learns_transforms_and_predicts_out_of_fold():
    X, t = ages(6)
    y = t.copy()
    y[3] = np.nan
    head = fit_conr_head(X, y, n_epochs=40, random_state=1)
    again = fit_conr_head(X, y, n_epochs=40, random_state=1)
    assert (head.predictions == again.predictions).all()
    assert np.abs(head.predictions - t).mean() < 3 and abs(head.predictions[3] - t[3]) < 10
    assert head.features.shape == (300, 32)
    assert np.linalg.norm(head.features, axis=1) == pytest.approx(1, abs=1e-4)
    np.testing.assert_allclose(head.predict(X[:5]), head.predictions[:5], rtol=1e-4)
    held = cross_predict_conr_head(X, y, n_folds=3, n_epochs=40)
    assert held.shape == (300,) and np.abs(held - t).mean() < 5
    wrong = t.copy()
    wrong[8] = 80.0
    assert abs(cross_predict_conr_head(X, wrong, n_folds=3, n_epochs=40)[8] - t[8]) < 15


@pytest.mark.parametrize(
    "named",
    [{"beta": -1}, {"hidden": 0}, {"window": 0.0}, {"weights": -np.ones(40)}, {"weights": np.ones(3)}, {"weights": "rarity"},
     {"targets": np.full(40, 1.0)}, {"targets": np.r_[np.arange(5.0), np.full(35, np.nan)]}],
)  # fmt: skip
def test_head_refuses_what_it_cannot_use(named):
    targets = named.pop("targets", np.arange(40.0))
    with pytest.raises(InvalidInputError):
        fit_conr_head(np.random.default_rng(0).normal(size=(40, 3)), targets, n_epochs=1, **named)


@pytest.mark.parametrize(
    "named", [{"window": 0.0}, {"temperature": -1.0}, {"e": -0.1}, {"weights": np.ones(2)}]
)
def test_loss_refuses_what_it_cannot_use(named):
    with pytest.raises(InvalidInputError):
        conr_loss(np.eye(3), np.arange(3.0), np.arange(3.0), **named)
    with pytest.raises(InvalidInputError):
        conr_loss(np.eye(3), np.arange(3.0), np.zeros((3, 2)))
