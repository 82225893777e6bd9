"""Maximum likelihood of the latent-label model's parameters: single precision, classes along rows of memory.

What a step computes is defined by `labelscope.scorers.latent.expectation`; here the same sums are taken over
tables that lie on their side, so that every operation runs along all rows, and nothing is computed twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labelscope.scorers.latent_one_rate import NOTHING, fits, mean_right, sharpened, stepped
from labelscope.types import FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.scorers.latent import Component

# Of many classes, each pair is seen less often.
_PAIR_STRENGTH, _STRENGTH_OF_MANY, _MANY = 10.0, 30.0, 64
# Few rows are fitted in double precision: it costs nothing there, and the last digits of single precision,
# which depend on the order of the classes, would be seen.
_DOUBLE_UP_TO = 20_000


@dataclass(frozen=True)
class Sideways:
    """Evidence of the rows that are fitted.

    Attributes
    ----------
    part : (K, n) float32, float64 where there are few rows
        Log evidence, 0 for each row's likeliest class.
    own : (n,) int64
        Where the given labels lie in a flat table.
    chosen : (K, n) float32 or None
        1 at the given label, where each pair of classes has a rate of its own.
    lowest : float
        The lowest evidence.
    room : (5, K, n) float
        Room to work in: memory that is asked for in every step is slow.
    """

    part: FloatArray
    own: IntArray
    chosen: FloatArray | None
    lowest: float
    room: FloatArray

    @classmethod
    def of(cls, part: FloatArray, codes: IntArray, *, pairwise: bool) -> Sideways:
        """Turn a table (n, K) of log evidence on its side."""
        precision = np.float64 if part.size <= _DOUBLE_UP_TO else np.float32
        turned: FloatArray = np.array(part.T, dtype=precision, order="C")
        turned -= turned.max(axis=0)
        own = codes * len(codes) + np.arange(len(codes))
        chosen = None
        if pairwise:
            chosen = np.zeros(turned.shape, dtype=turned.dtype)
            chosen.reshape(-1)[own] = 1.0
        room = np.empty((5, *turned.shape), dtype=turned.dtype)
        return cls(turned, own, chosen, float(turned.min(initial=0.0)), room)

    def at_given(self, table: FloatArray) -> FloatArray:
        """Return (n,) entries of a table (K, n) at the given labels."""
        return np.asarray(table.reshape(-1).take(self.own))

    def take_out(self, table: FloatArray) -> FloatArray:
        """Return (n,) entries of a table (K, n) at the given labels, and leave 0 in their place."""
        at = self.at_given(table)
        table.reshape(-1)[self.own] = 0.0
        return at


@dataclass(frozen=True)
class _Pull:
    """Pull of classes on the labeler: (K, n) float32 of each, (n,) of all together."""

    each: FloatArray
    all: FloatArray

    @classmethod
    def of(cls, scores: FloatArray, kappa: float, room: FloatArray) -> _Pull:
        each = np.multiply(scores, scores.dtype.type(kappa), out=room)
        np.exp(each, out=each)
        return cls(each, each.sum(axis=0))


@dataclass(frozen=True)
class _Believed:
    """One expectation.

    Attributes
    ----------
    true, prior : (K, n) float32
        Shares of the true class, with and without the label.
    total : (K, 1) or (K, n) float32
        Normalizer of the labeler's choice.
    pull : _Pull or None
        None where there is none.
    log_likelihood : float
    """

    true: FloatArray
    prior: FloatArray
    total: FloatArray
    pull: _Pull | None
    log_likelihood: float


def fitted(component: Component, rows: Sideways, n_steps: int, *, precision: float = 1e-7) -> Component:
    """Fit a component of one part to rows, from where it stands.

    Parameters
    ----------
    component : Component
        Start; its ``kappa`` stays.
    rows : Sideways
        Evidence and labels.
    n_steps : int
        At most so many steps.
    precision : float
        Fewer steps where the mean log-likelihood changes by less.

    Returns
    -------
    Component
    """
    likelihood = -np.inf
    for _ in range(n_steps):
        before = likelihood
        component = stepped(component, rows) if fits(component) else _stepped(component, rows)
        likelihood = component.log_likelihood
        if abs(likelihood - before) < precision:
            break
    return component


def mean_doubt(component: Component, rows: Sideways) -> float:
    """Return the mean probability that a given label is wrong."""
    if fits(component):
        return 1.0 - mean_right(component, rows)
    return 1.0 - float(rows.at_given(_expected(component, rows).true).mean(dtype=np.float64))


def _stepped(component: Component, rows: Sideways) -> Component:
    believed = _expected(component, rows)
    pull, shares = believed.pull, None
    if pull is not None:
        shares = np.divide(believed.true, believed.total, out=rows.room[3])
    if rows.chosen is not None:
        tau = _updated_tau(believed, shares, rows.chosen)
    elif pull is not None and shares is not None:
        tau = _updated_rate(believed, shares, pull, rows)
    else:
        raise ValueError("one rate without a pull is stepped by latent_one_rate")
    component = replace(component, tau=tau, log_likelihood=believed.log_likelihood)
    return replace(component, beta=_stepped_beta(component, believed, rows))


def _expected(component: Component, rows: Sideways) -> _Believed:
    kind, room = rows.part.dtype.type, rows.room
    kappa, tau = component.kappa, component.tau.astype(kind)
    prior = sharpened(component, rows, room[0])
    pull = _Pull.of(prior, kappa, room[1]) if kappa else None
    np.exp(prior, out=prior)
    prior /= prior.sum(axis=0)
    total = _spread(tau, pull, room[4])
    true = np.divide(prior, total, out=room[2])
    if rows.chosen is None:
        at = rows.at_given(true)
        true *= tau[0, 0]
        true.reshape(-1)[rows.own] = at
    else:
        true *= np.matmul(tau, rows.chosen, out=room[3])
    evidence = np.maximum(true.sum(axis=0), NOTHING)
    true /= evidence
    if pull is not None:
        evidence *= rows.at_given(pull.each)
    return _Believed(true, prior, total, pull, float(np.log(evidence).mean(dtype=np.float64)))


def _spread(tau: FloatArray, pull: _Pull | None, room: FloatArray) -> FloatArray:
    """Return the normalizer of the labeler's choice for each true class, one for all rows without a pull."""
    if pull is None:
        return np.asarray(tau.sum(axis=1, keepdims=True))
    if tau.shape == (1, 1):
        spread = np.multiply(pull.each, 1 - tau[0, 0], out=room)
        spread += tau[0, 0] * pull.all
        return np.asarray(spread)
    return np.asarray(np.matmul(tau, pull.each, out=room))


def _updated_rate(believed: _Believed, shares: FloatArray, pull: _Pull, rows: Sideways) -> FloatArray:
    """One step of iterative scaling of the rate of all pairs."""
    right, n = _total(rows.at_given(believed.true)), believed.true.shape[1]
    exposed = _dot(shares, pull.each)
    others = _dot(shares.sum(axis=0), pull.all) - exposed
    rate = (n - right + 1.0) / (others + 20.0) / ((right + 1.0) / (exposed + 1.0))
    return np.asarray(np.clip(np.array([[rate]]), 1e-9, 1e3))


def _updated_tau(believed: _Believed, shares: FloatArray | None, chosen: FloatArray) -> FloatArray:
    """One step of iterative scaling, each pair shrunk toward one noise rate for all pairs."""
    n_classes = len(chosen)
    seen = (believed.true @ chosen.T).astype(np.float64)
    if believed.pull is None or shares is None:
        exposures = np.repeat(seen.sum(axis=1, keepdims=True) / believed.total, n_classes, axis=1)
    else:
        exposures = (shares @ believed.pull.each.T).astype(np.float64)
    other = ~np.eye(n_classes, dtype=bool)
    # A weak belief of one mistake in twenty labels keeps tiny data sets away from 0 and from 1.
    common = (seen[other].sum() + 1.0) / (exposures[other].sum() + 20.0)
    strength = _PAIR_STRENGTH if n_classes <= _MANY else _STRENGTH_OF_MANY
    rates = (seen + strength * common) / (exposures + strength)
    stay = (np.diag(seen) + 1.0) / (np.diag(exposures) + 1.0)
    updated = np.clip(rates / stay[:, None], 1e-9, 1e3)
    np.fill_diagonal(updated, 1.0)
    return np.asarray(updated)


def _stepped_beta(component: Component, believed: _Believed, rows: Sideways) -> FloatArray:
    """One Newton step on the weight of the evidence, with a weak pull toward 1; ``tau`` has been updated."""
    kappa, part, room = component.kappa, rows.part, rows.room
    weighted = np.multiply(believed.prior, part, out=room[0])
    mean = weighted.sum(axis=0)
    curvature = _dot(weighted, part) - _dot(mean, mean)
    gradient = _dot(believed.true, part) - _total(mean)
    if believed.pull is not None:
        tau = component.tau.astype(part.dtype)
        chosen = np.divide(believed.true, _spread(tau, believed.pull, room[4]), out=room[3])
        if rows.chosen is None:
            everywhere = tau[0, 0] * chosen.sum(axis=0)
            chosen *= 1 - tau[0, 0]
            chosen += everywhere
        else:
            chosen = np.matmul(tau.T, chosen, out=room[4])
        chosen *= believed.pull.each
        chosen *= part
        picked = chosen.sum(axis=0)
        gradient += kappa * (_total(rows.at_given(part)) - _total(picked))
        curvature += kappa**2 * (_dot(chosen, part) - _dot(picked, picked))
    step = (gradient - 2.0 * (component.beta[0] - 1.0)) / (curvature + 2.0)
    return np.asarray(np.clip(component.beta + np.clip(step, -0.5, 0.5), 0.0, 20.0))


def _dot(one: FloatArray, other: FloatArray) -> float:
    """Sum products; rows of single precision are short enough for it, and are summed in double precision."""
    if one.ndim == 1:
        return float(np.dot(one, other))
    return float(sum(np.matmul(one[:, None, :], other[:, :, None]).reshape(-1).tolist()))


def _total(values: FloatArray) -> float:
    return float(values.sum(dtype=np.float64))
