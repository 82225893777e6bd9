"""Maximum likelihood of the latent-label model's parameters: single precision, classes along rows of memory.

What a step computes is defined by `labelscope.scorers.latent.expectation`; here the same sums are taken over
tables that lie on their side, so that every operation runs along all rows, and nothing is computed twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.types import FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.scorers.latent import Component

_PRECISION = 1e-7
_PAIR_STRENGTH = 10.0
# Below it the exponential of float32 is subnormal, and no longer quick.
_LOWEST = -80.0
_NOTHING = np.float32(1e-35)


@dataclass(frozen=True)
class Sideways:
    """Evidence of the rows that are fitted.

    Attributes
    ----------
    part : (K, n) float32
        Log evidence, 0 for each row's likeliest class.
    codes : (n,) int64
        Given labels.
    own : (n,) int64
        Where the given labels lie in a flat table.
    chosen : (n, K) float32
        1 at the given label.
    """

    part: FloatArray
    codes: IntArray
    own: IntArray
    chosen: FloatArray

    @classmethod
    def of(cls, part: FloatArray, codes: IntArray) -> Sideways:
        """Turn a table (n, K) of log evidence on its side."""
        turned = np.array(part.T, dtype=np.float32, order="C")
        turned -= turned.max(axis=0)
        n_classes, n = turned.shape
        chosen = np.zeros((n, n_classes), dtype=np.float32)
        chosen[np.arange(n), codes] = 1.0
        return cls(turned, codes, codes * n + np.arange(n), chosen)


@dataclass(frozen=True)
class _Believed:
    """One expectation: (K, n) shares of the true class, with and without the label, and what labelers see."""

    true: FloatArray
    prior: FloatArray
    shares: FloatArray
    pull: FloatArray | None
    log_likelihood: float


def fitted(component: Component, rows: Sideways, n_steps: int) -> Component:
    """Fit a component of one part to rows, from where it stands.

    Parameters
    ----------
    component : Component
        Start; its ``kappa`` stays.
    rows : Sideways
        Evidence and labels.
    n_steps : int
        At most so many steps; fewer where the likelihood no longer grows.

    Returns
    -------
    Component
    """
    likelihood = -np.inf
    for _ in range(n_steps):
        believed = _expected(component, rows)
        before, likelihood = likelihood, believed.log_likelihood
        beta = _stepped_beta(component, believed, rows)
        tau = _updated_tau(component, believed, rows)
        component = replace(component, tau=tau, beta=beta, log_likelihood=likelihood)
        if abs(likelihood - before) < _PRECISION:
            break
    return component


def mean_doubt(component: Component, rows: Sideways) -> float:
    """Return the mean probability that a given label is wrong."""
    believed = _expected(component, rows)
    return 1.0 - float(believed.true.reshape(-1)[rows.own].mean(dtype=np.float64))


def _expected(component: Component, rows: Sideways) -> _Believed:
    kappa, tau = component.kappa, component.tau.astype(np.float32)
    scores = rows.part * np.float32(component.beta[0])
    np.maximum(scores, np.float32(_LOWEST), out=scores)
    pull = np.exp(scores * np.float32(kappa)) if kappa else None
    prior = np.exp(scores, out=scores)
    prior /= prior.sum(axis=0)
    total = _spread(tau, pull, len(rows.part))
    shares = prior / total
    if tau.shape == (1, 1):
        true = shares * tau[0, 0]
        true.reshape(-1)[rows.own] = shares.reshape(-1)[rows.own]
    else:
        true = tau.take(rows.codes, axis=1)
        true *= shares
    evidence = np.maximum(true.sum(axis=0), _NOTHING)
    true /= evidence
    if pull is not None:
        evidence *= pull.reshape(-1)[rows.own]
    np.divide(true, total, out=shares)
    return _Believed(true, prior, shares, pull, float(np.log(evidence).mean(dtype=np.float64)))


def _spread(tau: FloatArray, pull: FloatArray | None, n_classes: int) -> FloatArray:
    """Return the normalizer of the labeler's choice for each true class, one for all rows without a pull."""
    if tau.shape == (1, 1):
        rate = tau[0, 0]
        if pull is None:
            return np.full((n_classes, 1), 1.0 + rate * (n_classes - 1), dtype=np.float32)
        return np.asarray(pull * (1 - rate) + rate * pull.sum(axis=0))
    return np.asarray(tau.sum(axis=1, keepdims=True) if pull is None else tau @ pull)


def _updated_tau(component: Component, believed: _Believed, rows: Sideways) -> FloatArray:
    """One step of iterative scaling, each pair shrunk toward one noise rate for all pairs."""
    tau, (n_classes, n) = component.tau, believed.true.shape
    if tau.shape == (1, 1):
        right = _total(believed.true.reshape(-1)[rows.own])
        if believed.pull is None:
            exposed = _total(believed.shares)
            others = exposed * (n_classes - 1)
        else:
            exposed = _dot(believed.shares, believed.pull)
            others = _dot(believed.shares.sum(axis=0), believed.pull.sum(axis=0)) - exposed
        rate = (n - right + 1.0) / (others + 20.0) / ((right + 1.0) / (exposed + 1.0))
        return np.asarray(np.clip(np.array([[rate]]), 1e-9, 1e3))
    seen = (believed.true @ rows.chosen).astype(np.float64)
    if believed.pull is None:
        exposed_by = np.repeat(believed.shares.sum(axis=1, keepdims=True), n_classes, axis=1)
    else:
        exposed_by = believed.shares @ believed.pull.T
    exposures = exposed_by.astype(np.float64)
    other = ~np.eye(n_classes, dtype=bool)
    # A weak belief of one mistake in twenty labels keeps tiny data sets away from 0 and from 1.
    common = (seen[other].sum() + 1.0) / (exposures[other].sum() + 20.0)
    rates = (seen + _PAIR_STRENGTH * common) / (exposures + _PAIR_STRENGTH)
    stay = (np.diag(seen) + 1.0) / (np.diag(exposures) + 1.0)
    updated = np.clip(rates / stay[:, None], 1e-9, 1e3)
    np.fill_diagonal(updated, 1.0)
    return np.asarray(updated)


def _stepped_beta(component: Component, believed: _Believed, rows: Sideways) -> FloatArray:
    """One Newton step on the weight of the evidence, with a weak pull toward 1."""
    kappa, part = component.kappa, rows.part
    weighted = believed.prior * part
    mean = weighted.sum(axis=0)
    curvature = _dot(weighted, part) - _dot(mean, mean)
    gradient = _dot(believed.true, part) - _total(mean)
    if believed.pull is not None:
        tau = component.tau.astype(np.float32)
        if tau.shape == (1, 1):
            chosen = believed.shares * (1 - tau[0, 0])
            chosen += tau[0, 0] * believed.shares.sum(axis=0)
        else:
            chosen = tau.T @ believed.shares
        chosen *= believed.pull
        chosen *= part
        picked = chosen.sum(axis=0)
        gradient += kappa * (_total(part.reshape(-1)[rows.own]) - _total(picked))
        curvature += kappa**2 * (_dot(chosen, part) - _dot(picked, picked))
    step = (gradient - 2.0 * (component.beta[0] - 1.0)) / (curvature + 2.0)
    return np.asarray(np.clip(component.beta + np.clip(step, -0.5, 0.5), 0.0, 20.0))


def _dot(one: Any, other: Any) -> float:
    # Summed in pairs, not one by one: single precision keeps six digits of millions.
    return float((one * other).sum(dtype=np.float32) if one.ndim == 1 else (one * other).sum(axis=1).sum())


def _total(values: Any) -> float:
    return float(values.sum(dtype=np.float64))
