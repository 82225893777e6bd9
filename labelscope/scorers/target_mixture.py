"""Two kinds of targets: right ones near their prediction, wrong ones anywhere in the range."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma, log, pi

import numpy as np

from labelscope.scorers.regression.density import label_density
from labelscope.types import BoolArray, FloatArray

_FREEDOMS = (3.0, 4.0, 6.0, 10.0, 30.0)
_STEPS = 60
_MOST = 0.5
_BINS = 12
# Wrong targets lie anywhere in the range, and such a part of them are those of other rows.
_OF_OTHERS = 0.3
# Silverman's rule for the width of the kernel.
_WIDTH, _POWER = 1.06, -0.2
_TRUSTS = (0.0, 0.1, 0.25, 0.5, 1.0)
#: What a second opinion is trusted where nothing says how much it adds.
USUAL_TRUST = 0.25


@dataclass(frozen=True)
class Mixture:
    """A fitted mixture.

    Attributes
    ----------
    posterior : (m,) float64
        Probability that each target is wrong.
    share : float
        Of wrong targets.
    below, above : float
        How many local scales the right targets scatter below and above their predictions.
    freedom : float
        Degrees of freedom of Student's t; few are heavy tails.
    """

    posterior: FloatArray
    share: float
    below: float
    above: float
    freedom: float


def fit_mixture(residuals: FloatArray, scales: FloatArray, density: FloatArray | float) -> Mixture:
    """Fit the mixture by expectation maximization.

    Parameters
    ----------
    residuals : (m,) float
        Target minus out-of-sample prediction.
    scales : (m,) float
        Local scale of each.
    density : (m,) float or float
        Of wrong targets at the targets, see `density_of_wrong`.

    Returns
    -------
    Mixture

    Notes
    -----
    Right targets follow Student's t around the prediction, with a scale of its own on either side, because
    counts, prices and ages scatter farther up than down. The degrees of freedom are those of the
    highest likelihood.
    """
    ratio = residuals / scales
    best: tuple[float, Mixture] | None = None
    for freedom in _FREEDOMS:
        share, below, above = 0.05, 1.0, 1.0
        for _ in range(_STEPS):
            width = np.where(ratio < 0, below, above)
            right = (1 - share) * np.exp(_log_density(ratio, width, (below + above) / 2, freedom)) / scales
            wrong = share * density
            posterior = wrong / (wrong + right)
            belief = 1 - posterior
            share = float(np.clip(posterior.mean(), 1e-4, _MOST))
            # Weights of Student's t by which far residuals pull less (Lange, Little and Taylor 1989).
            pull = belief * (freedom + 1) / (freedom + np.square(ratio / width))
            for side in (False, True):
                mine = ratio >= 0 if side else ratio < 0
                if belief[mine].sum() > 1:
                    found = float(np.sqrt((pull * np.square(ratio))[mine].sum() / belief[mine].sum()))
                    below, above = (below, max(found, 0.05)) if side else (max(found, 0.05), above)
        likelihood = float(np.log(np.maximum(wrong + right, 1e-300)).sum())
        if best is None or likelihood > best[0]:
            best = (likelihood, Mixture(posterior, share, below, above, freedom))
    assert best is not None
    return best[1]


def density_of_wrong(targets: FloatArray) -> FloatArray:
    """Return (m,) how densely wrong targets lie at each target: over the range, and where right ones do.

    Values that slipped from another row are frequent ones, values that were mistyped are anything.

    Parameters
    ----------
    targets : (m,) float
        Not all equal.
    """
    span = max(float(np.ptp(targets)), 1e-12)
    width = max(_WIDTH * float(np.std(targets)) * len(targets) ** _POWER, 1e-6 * span)
    there = label_density(targets[:, None], np.array([width])) / (len(targets) * width * np.sqrt(2 * pi))
    return np.asarray((1 - _OF_OTHERS) / span + _OF_OTHERS * there)


def trust_by_trial(posterior: FloatArray, values: FloatArray, planted: BoolArray) -> float:
    """Return how much of a second opinion helps to find errors that were planted.

    Two orders of the rows have causes in common: their evidence adds up only as far as the trial says.

    Parameters
    ----------
    posterior : (m,) float
        With the planted errors.
    values : (m,) float
        Of the other method, with the planted errors.
    planted : (m,) bool

    Returns
    -------
    float
        The least share of its log-likelihood ratio with the highest average precision.
    """
    if planted.sum() < _BINS or planted.all():
        return USUAL_TRUST
    found = [_precision(second_opinion(posterior, values, trust=trust), planted) for trust in _TRUSTS]
    return _TRUSTS[int(np.argmax(found))]


def _precision(level: FloatArray, hits: BoolArray) -> float:
    """Average precision of an order; ties in the order of the rows' hits, the least favorable."""
    order = np.lexsort((hits, -level))
    found = np.flatnonzero(hits[order])
    return float(((np.arange(len(found)) + 1) / (found + 1)).mean())


def _log_density(ratio: FloatArray, width: FloatArray, mean_width: float, freedom: float) -> FloatArray:
    constant = lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(freedom * pi)
    bent = np.log1p(np.square(ratio / width) / freedom)
    return np.asarray(constant - log(mean_width) - (freedom + 1) / 2 * bent)


def second_opinion(posterior: FloatArray, values: FloatArray, *, trust: float = 1.0) -> FloatArray:
    """Let another order of the rows correct a posterior.

    Parameters
    ----------
    posterior : (m,) float
        Probability that each row is wrong.
    values : (m,) float
        Higher where another method suspects the row more.
    trust : float
        Share of its log-likelihood ratio that is believed: 1 where both methods err independently of each
        other, see `trust_by_trial`.

    Returns
    -------
    (m,) float64
        How much more often wrong than right rows have such a value is read off the posterior itself, in bins
        of the values, rising throughout. The expected number of wrong rows stays: the other method has an
        order and no level of its own.
    """
    wrong, right = posterior.sum(), (1 - posterior).sum()
    if len(values) < 10 * _BINS or wrong < 1 or right < 1:
        return posterior
    # Bins are narrow where the wrong ones are: half of the edges are quantiles of the suspected rows.
    order = np.sort(values)
    upper = np.sort(values[np.argsort(-posterior, kind="stable")[: max(int(wrong), _BINS)]])
    edges = np.unique(
        np.concatenate(
            [np.quantile(order, np.linspace(0, 1, _BINS + 1)[1:-1]), np.quantile(upper, [0.25, 0.5, 0.75])]
        )
    )
    place = np.searchsorted(edges, values, side="right")
    n_bins = len(edges) + 1
    hits = np.bincount(place, posterior, n_bins) + wrong / len(values)
    others = np.bincount(place, 1 - posterior, n_bins) + right / len(values)
    ratio = np.maximum.accumulate(np.log(hits / wrong) - np.log(others / right))
    inside = np.clip(posterior, 1e-9, 1 - 1e-9)
    level = np.log(inside) - np.log1p(-inside) + trust * ratio[place]
    low, high = -40.0, 40.0
    for _ in range(50):
        middle = (low + high) / 2
        above = float((1 / (1 + np.exp(-np.clip(level + middle, -60, 60)))).sum()) > wrong
        low, high = (low, middle) if above else (middle, high)
    return np.asarray(1 / (1 + np.exp(-np.clip(level + low, -60, 60))))
