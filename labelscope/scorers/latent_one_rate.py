"""Steps of the fit where labelers slip whatever the row, and one rate holds for all pairs of classes.

Then all that a step needs are a few sums over classes: the given label is taken out of them, and what is
left is multiplied by one number for each row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from labelscope.types import FloatArray

if TYPE_CHECKING:
    from labelscope.scorers.latent import Component
    from labelscope.scorers.latent_fit import Sideways

# Below it the exponential of float32 is subnormal, and no longer quick.
_LOWEST = np.float32(-80.0)
NOTHING = np.float32(1e-35)


def fits(component: Component) -> bool:
    """Say whether a component is of this kind."""
    return component.kappa == 0.0 and component.tau.shape == (1, 1)


def sharpened(component: Component, rows: Sideways, out: FloatArray) -> FloatArray:
    """Write the evidence times its weight (K, n), as far as it matters.

    Parameters
    ----------
    component : Component
        With one part.
    rows : Sideways
    out : (K, n) float
    """
    beta = float(component.beta[0])
    np.multiply(rows.part, rows.part.dtype.type(beta), out=out)
    if rows.lowest * beta < _LOWEST:
        np.clip(out, _LOWEST, 0.0, out=out)  # several times faster than the maximum
    return out


@dataclass(frozen=True)
class _Believed:
    """One expectation; of n rows each.

    Attributes
    ----------
    others : (K, n) float
        Prior of the classes that are not given, not normalized.
    own, level : (n,) float
        The same of the given class, and of all together.
    rest, right : (n,) float
        By what ``others`` are multiplied to be shares given the label, and the share of the given class.
    log_likelihood : float
    """

    others: FloatArray
    own: FloatArray
    level: FloatArray
    rest: FloatArray
    right: FloatArray
    log_likelihood: float


def _expected(component: Component, rows: Sideways) -> _Believed:
    rate = rows.part.dtype.type(component.tau[0, 0])
    others = sharpened(component, rows, rows.room[0])
    np.exp(others, out=others)
    own = rows.take_out(others)
    apart = others.sum(axis=0)
    level = apart + own
    evidence = np.maximum((rate * apart + own) / level, NOTHING)
    total = evidence * level
    every = float(np.log1p(component.tau[0, 0] * (len(others) - 1)))
    likelihood = float(np.log(evidence).mean(dtype=np.float64)) - every
    return _Believed(others, own, level, rate / total, own / total, likelihood)


def mean_right(component: Component, rows: Sideways) -> float:
    """Return the mean probability that a given label is right."""
    return float(_expected(component, rows).right.mean(dtype=np.float64))


def stepped(component: Component, rows: Sideways) -> Component:
    """Update the rate and the weight of the evidence.

    Parameters
    ----------
    component : Component
        Of the kind that `fits`.
    rows : Sideways
        Evidence and labels; its room is written to.

    Returns
    -------
    Component
        Its log-likelihood is that of the parameters given.
    """
    believed, part = _expected(component, rows), rows.part
    n_classes, n = part.shape
    right = float(believed.right.sum(dtype=np.float64))
    exposed = n / (1.0 + component.tau[0, 0] * (n_classes - 1))
    # A weak belief of one mistake in twenty labels keeps tiny data sets away from 0 and from 1.
    rate = (n - right + 1.0) / (exposed * (n_classes - 1) + 20.0) / ((right + 1.0) / (exposed + 1.0))
    given = rows.at_given(part)
    first = np.einsum("ij,ij->j", believed.others, part)
    second = np.einsum("ij,ij,ij->j", believed.others, part, part)
    weighted = believed.own * given
    mean = (first + weighted) / believed.level
    spread = (second + weighted * given) / believed.level - mean * mean
    told = believed.rest * first + believed.right * given - mean
    up = float(told.sum(dtype=np.float64)) - 2.0 * (component.beta[0] - 1.0)
    step = np.clip(up / (float(spread.sum(dtype=np.float64)) + 2.0), -0.5, 0.5)
    beta = np.clip(component.beta + step, 0.0, 20.0)
    tau = np.clip(np.array([[rate]]), 1e-9, 1e3)
    return replace(component, beta=beta, tau=tau, log_likelihood=believed.log_likelihood)
