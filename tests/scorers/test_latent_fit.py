"""Fitting in single precision follows the definition, written with whole tables in double precision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from labelscope.scorers import latent
from labelscope.scorers.latent import Component, expectation
from labelscope.scorers.latent_fit import Sideways, fitted, mean_doubt


def drawn(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = 2.0 * rng.gumbel(size=(n, k))
    logits -= logits.max(axis=1, keepdims=True)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    true = (np.cumsum(probs, axis=1) > rng.random((n, 1))).argmax(axis=1)
    codes = np.where(rng.random(n) < 0.15, rng.integers(0, k, n), true)
    return np.log(np.maximum(probs, 1e-8)), codes


def next_tau(component: Component, believed: Any, codes: np.ndarray) -> np.ndarray:
    n, k = believed.true.shape
    shares = believed.true / believed.total
    if component.tau.shape == (1, 1):
        right = sum(believed.true[i, codes[i]] for i in range(n))
        exposed = (shares * believed.pull).sum()
        others = sum(shares[i, a] * believed.pull[i, j] for i in range(n) for a in range(k) for j in range(k))
        rate = (n - right + 1) / (others - exposed + 20) / ((right + 1) / (exposed + 1))
        return np.array([[rate]])
    seen = np.zeros((k, k))
    for i in range(n):
        seen[:, codes[i]] += believed.true[i]
    exposed = shares.T @ believed.pull
    other = ~np.eye(k, dtype=bool)
    common = (seen[other].sum() + 1) / (exposed[other].sum() + 20)
    tau = (seen + 10 * common) / (exposed + 10) / ((np.diag(seen) + 1) / (np.diag(exposed) + 1))[:, None]
    np.fill_diagonal(tau, 1.0)
    return np.asarray(tau)


def next_beta(component: Component, believed: Any, part: np.ndarray, codes: np.ndarray) -> float:
    shares = believed.true / component.spread(believed.pull)
    chosen = component.spread(shares, over_true=True) * believed.pull
    gradient = curvature = 0.0
    for i, own in enumerate(codes):
        prior, picked = believed.prior[i] @ part[i], chosen[i] @ part[i]
        gradient += believed.true[i] @ part[i] - prior + component.kappa * (part[i, own] - picked)
        curvature += believed.prior[i] @ part[i] ** 2 - prior**2
        curvature += component.kappa**2 * (chosen[i] @ part[i] ** 2 - picked**2)
    step = (gradient - 2 * (component.beta[0] - 1)) / (curvature + 2)
    return float(np.clip(component.beta[0] + np.clip(step, -0.5, 0.5), 0, 20))


@pytest.mark.parametrize("kappa", [0.0, 0.4])
@pytest.mark.parametrize("pairwise", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_steps_follow_the_definition(kappa: float, pairwise: bool, seed: int) -> None:
    part, codes = drawn(300, 5, seed)
    tau = np.where(np.eye(5), 1.0, 0.02) if pairwise else np.array([[0.02]])
    start = Component(kappa, np.array([0.8]), tau)
    expected = start
    for _ in range(4):
        believed = expectation(expected, [part], codes)
        expected = replace(
            expected, tau=next_tau(expected, believed, codes), log_likelihood=believed.log_likelihood
        )
        expected = replace(expected, beta=np.array([next_beta(expected, believed, part, codes)]))
    rows = Sideways.of(part, codes, pairwise=pairwise)
    found = fitted(start, rows, 4, precision=0.0)
    np.testing.assert_allclose(found.tau, expected.tau, rtol=2e-4)
    np.testing.assert_allclose(found.beta, expected.beta, rtol=2e-4)
    np.testing.assert_allclose(found.log_likelihood, expected.log_likelihood, rtol=1e-5)
    doubt = 1 - expectation(found, [part], codes).true[np.arange(300), codes].mean()
    np.testing.assert_allclose(mean_doubt(found, rows), doubt, rtol=1e-4)


def test_extreme_evidence_stays_finite() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 200)
    sure = np.where(np.eye(4)[codes] == 1, 0.0, np.log(1e-8))
    for part in (sure, sure[::-1], np.zeros((200, 4))):
        for pairwise in (True, False):
            model = latent.fit([part], codes, pairwise=pairwise)
            assert all(np.isfinite(one.tau).all() and np.isfinite(one.beta).all() for one in model.components)
            assert np.isclose(model.weights.sum(), 1) and 0 <= model.clear <= 1
