"""Predictions of targets: out of sample, and unmoved by a few wrong targets."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.evidence import TargetPredictions, target_probe
from labelscope.evidence.given_targets import as_targets


def planted(n: int = 500, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5)).astype(np.float32)
    return features, 10 + 3 * features[:, 0] + np.sin(2 * features[:, 1]) + rng.normal(0, 0.3, n)


def made(features: np.ndarray, targets: np.ndarray, **options: object) -> np.ndarray:
    provider = TargetPredictions(**options)  # type: ignore[arg-type]
    return provider.make(None, ls.Evidence(features=features, given_labels=targets)).arrays["predictions"]


def slow_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values)
    passed = np.cumsum(weights[order])
    half = passed[-1] / 2
    lower = values[order][np.flatnonzero(passed >= half)[0]]
    upper = values[order][np.flatnonzero(passed > half)[0]]
    return float(lower + upper) / 2


def test_medians_of_neighbors_are_weighted_medians() -> None:
    rng = np.random.default_rng(0)
    targets = rng.normal(size=40)
    targets[3] = np.nan
    ids = np.array([rng.choice(np.setdiff1d(np.arange(40), [row]), 7, replace=False) for row in range(40)])
    distances = np.sort(rng.random((40, 7)), axis=1)
    allowed = rng.random((40, 7)) < 0.8
    found = target_probe.neighbor_medians(targets, ids, distances, allowed)
    for row in range(40):
        votes = allowed[row] & ~np.isnan(targets[ids[row]])
        farthest = distances[row][votes].max()
        weights = np.exp(-2 * np.square(distances[row][votes] / farthest))
        assert found[row] == pytest.approx(slow_median(targets[ids[row]][votes], weights))


def test_the_robust_fit_is_the_minimum_of_its_loss() -> None:
    rng = np.random.default_rng(1)
    whitened = np.column_stack([rng.normal(size=(80, 2)), np.ones(80)]).astype(np.float32)
    targets = (whitened @ [1.0, -2.0, 0.5]).astype(np.float32)
    targets[:5] += 50
    folds = np.full(80, -1)
    found = target_probe.fit_targets(
        whitened,
        targets,
        folds,
        np.zeros((1, 3), np.float32),
        np.zeros(2, np.float32),
        scale=0.1,
        n_steps=200,
    )
    assert np.abs(found[0] - [1.0, -2.0, 0.5]).max() < 0.05

    def loss(weights: np.ndarray) -> float:
        size = np.abs(whitened.astype(np.float64) @ weights - targets)
        bend = 1.35 * 0.1
        return float(np.where(size <= bend, size**2 / 2, bend * (size - bend / 2)).mean())

    for axis in range(3):
        step = np.zeros(3)
        step[axis] = 0.02
        assert loss(found[0].astype(float)) <= min(loss(found[0] + step), loss(found[0] - step)) + 1e-6


def test_wrong_targets_do_not_bend_the_predictions() -> None:
    features, targets = planted()
    rng = np.random.default_rng(2)
    wrong = rng.random(len(targets)) < 0.1
    noisy = np.where(wrong, targets + 40, targets)
    clean, bent = (np.abs(made(features, y) - targets).mean() for y in (targets, noisy))
    assert clean < 0.8
    assert bent < clean + 0.15


def test_a_row_has_no_say_in_its_own_prediction() -> None:
    features, targets = planted(200)
    moved = targets.copy()
    moved[7] += 1000
    before, after = made(features, targets), made(features, moved)
    assert abs(before[7] - after[7]) < 0.5


def test_copies_do_not_vote_for_each_other() -> None:
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(60, 4)), 2, axis=0).astype(np.float32)
    targets = np.repeat(rng.normal(size=60), 2)  # noise: only a copy could tell
    found = made(features, targets)
    assert abs(np.corrcoef(found, targets)[0, 1]) < 0.5


def test_rows_without_a_target_are_predicted() -> None:
    features, targets = planted()
    partly = targets.copy()
    partly[:50] = np.nan
    found = made(features, partly)
    assert np.abs(found[:50] - targets[:50]).mean() < 1.0


def test_the_order_of_rows_does_not_matter() -> None:
    features, targets = planted()
    order = np.random.default_rng(3).permutation(len(targets))
    assert np.abs(made(features, targets)[order] - made(features[order], targets[order])).max() < 0.05


def test_several_targets() -> None:
    features, targets = planted()
    both = np.column_stack([targets, -targets])
    found = made(features, both)
    assert found.shape == both.shape
    assert np.abs(found - both).mean() < 0.8


@pytest.mark.parametrize(
    "model",
    [Ridge(), HistGradientBoostingRegressor(max_iter=50), make_pipeline(StandardScaler(), Ridge())],
    ids=lambda model: type(model).__name__,
)
def test_regressors_of_the_user(model: object) -> None:
    features, targets = planted()
    assert np.abs(made(features, targets, model=model) - targets).mean() < 1.2


def test_odd_targets() -> None:
    features, targets = planted(60)
    assert (made(features, np.full(60, 4.0)) == 4.0).all()
    few = np.full(60, np.nan)
    few[:3] = [1, 2, 3]
    assert np.isfinite(made(features, few)).all()
    assert np.isfinite(made(features[:2], targets[:2])).all()


def test_what_cannot_be_used_is_refused() -> None:
    features, targets = planted(30)
    with pytest.raises(InvalidInputError, match="None of the 30 rows has a target"):
        made(features, np.full(30, np.nan))
    with pytest.raises(InvalidInputError, match="at least 2"):
        made(features, targets, n_folds=1)
    with pytest.raises(InvalidTypeError, match="no fit and predict"):
        made(features, targets, model=object())
    with pytest.raises(MissingEvidenceError, match="features"):
        TargetPredictions().make(None, ls.Evidence(given_labels=targets))
    with pytest.raises(InvalidInputError, match="infinite"):
        as_targets([1.0, np.inf])
    with pytest.raises(InvalidTypeError, match="no number"):
        as_targets(["a"])
