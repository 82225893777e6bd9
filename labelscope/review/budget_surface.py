"""Accuracy as a smooth function of the numbers of cheap and verified labels, with what is not known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.review.budget_grid import Grid
from labelscope.types import FloatArray, IntArray

_N_DRAWS = 300
_ROUNDS = 40
# Where cells leave no other trace, the surface is believed to half a point.
_LEAST_ERROR = 0.005
_REACH = 1.5
# Parameters: logit of the ceiling, then logarithms of the rest.
_TOP, _BIAS, _CHEAP, _CHEAP_RATE, _VERIFIED, _VERIFIED_RATE = range(6)


@dataclass(frozen=True)
class Surface:
    """Draws of the accuracy surface.

    Attributes
    ----------
    floor : float
        Accuracy without any label.
    parameters : (draws, 6) float64
    cells : (c, 2) float64
        Log of one plus the sizes that were trained at.
    rest : (draws, c) float64
        What the formula leaves of each cell.
    spread : float
        Standard deviation of what the formula leaves.
    noise : (c,) float64
        Variance of each cell's accuracy.
    random_state : int
    """

    floor: float
    parameters: FloatArray
    cells: FloatArray
    rest: FloatArray
    spread: float
    noise: FloatArray
    random_state: int

    def draws(self, sizes: IntArray | FloatArray) -> FloatArray:
        """Return (draws, m) accuracies of the given (m, 2) numbers of cheap and verified labels.

        A column's quantiles are the interval there; differences of columns have theirs.
        """
        sizes = np.asarray(sizes, dtype=np.float64).reshape(-1, 2)
        value = _formula(self.parameters, sizes, self.floor)
        if self.spread <= 0:
            return value
        at = np.log1p(sizes)
        among, across = _kernel(self.cells, self.cells), _kernel(at, self.cells)
        solved = np.linalg.solve(among + np.diag(self.noise / self.spread**2), across.T)
        left = _kernel(at, at) - across @ solved
        values, vectors = np.linalg.eigh(left)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        rng = np.random.default_rng([self.random_state, 0x5F])
        unknown = self.spread * rng.standard_normal((len(value), len(sizes))) @ root.T
        return np.asarray(np.clip(value + self.rest @ solved + unknown, 0.0, 1.0))

    def mean(self, sizes: IntArray | FloatArray) -> FloatArray:
        """Return (m,) float64: the accuracy expected at the given sizes."""
        return np.asarray(self.draws(sizes).mean(axis=0))


def fit_surface(grid: Grid, *, random_state: int = 0, n_draws: int = _N_DRAWS) -> Surface:
    """Fit the surface to a pilot.

    Parameters
    ----------
    grid : Grid
    random_state : int
    n_draws : int
        Bootstrap replicates.

    Returns
    -------
    Surface

    Notes
    -----
    The distance to a ceiling is one over the sum of three precisions: of no labels, of cheap ones,
    1 / (bias + a n**-g), and of verified ones, 1 / (b n**-h). It is how the errors of two independent
    estimates combine, one of them biased: both kinds saturate, and which of them is worth its money follows
    from the parameters. What the formula leaves is a Gaussian process over the logarithms of both numbers.
    Parameters are fitted by damped least squares with weak priors to each replicate of a bootstrap over rows
    and repeats.
    """
    sizes = grid.cells.astype(np.float64)
    seen = grid.accuracy
    copies = grid.resampled(n_draws, random_state)
    # What all cells have in common, such as easy rows, is no error of one of them.
    own = (copies - copies.mean(axis=1, keepdims=True)).std(axis=0)
    noise = own**2 + _LEAST_ERROR**2
    prior = _prior(seen, grid.floor)
    starts = prior[0] + prior[1] * np.random.default_rng([random_state, 1]).standard_normal((24, 6))
    fits, losses = _descend(starts, np.tile(seen, (24, 1)), sizes, noise, grid.floor, prior)
    best = fits[losses.argmin()]
    found, _ = _descend(np.tile(best, (n_draws, 1)), copies, sizes, noise, grid.floor, prior)
    left = seen - _formula(best[None], sizes, grid.floor)[0]
    spread = float(np.sqrt(max(np.mean(left**2 - own**2), _LEAST_ERROR**2)))
    rest = copies - _formula(found, sizes, grid.floor)
    return Surface(grid.floor, found, np.log1p(sizes), rest, spread, noise, random_state)


def _formula(parameters: FloatArray, sizes: FloatArray, floor: float) -> FloatArray:
    """Accuracies (p, m) of parameters (p, 6) at sizes (m, 2)."""
    top = floor + (1 - floor) / (1 + np.exp(-parameters[:, [_TOP]]))
    rest = np.exp(np.clip(parameters[:, 1:, None], -30, 30))
    bias, cheap, cheap_rate, verified, verified_rate = (rest[:, i] for i in range(5))
    logs = np.log(np.maximum(sizes, 1e-300)).T[:, None, :]
    cheap_risk = bias + cheap * np.exp(np.clip(-cheap_rate * logs[0], -50, 50))
    verified_risk = verified * np.exp(np.clip(-verified_rate * logs[1], -50, 50))
    precision = 1 / np.maximum(top - floor, 1e-6)
    precision = precision + np.where(sizes[:, 0] > 0, 1 / cheap_risk, 0.0)
    precision = precision + np.where(sizes[:, 1] > 0, 1 / np.maximum(verified_risk, 1e-9), 0.0)
    return np.asarray(top - 1 / precision)


def _prior(seen: FloatArray, floor: float) -> tuple[FloatArray, FloatArray]:
    """Means and deviations (6,) of parameters: weak, and centered where learning curves usually are."""
    best = float(np.clip((seen.max() - floor) / max(1 - floor, 1e-9), 0.02, 0.98))
    gap = max(seen.max() - floor, 0.02)
    # Most of what can be learned is seen; a bit more is expected beyond.
    top = np.log(best / (1 - best)) + 0.3
    center = np.array([top, np.log(gap / 2), np.log(5 * gap), np.log(0.7), np.log(5 * gap), np.log(0.7)])
    return center, np.array([0.5, 1.5, 1.5, 0.4, 1.5, 0.4])


def _descend(
    start: FloatArray,
    targets: FloatArray,
    sizes: FloatArray,
    noise: FloatArray,
    floor: float,
    prior: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Levenberg and Marquardt's method for all rows of ``start`` (p, 6) abreast; parameters and losses."""
    center, deviation = prior
    scale = 1 / np.sqrt(noise)

    def residuals(parameters: FloatArray) -> FloatArray:
        missed = (targets - _formula(parameters, sizes, floor)) * scale
        return np.hstack([missed, (center - parameters) / deviation])

    at, step = start.copy(), 1e-5
    damping = np.full(len(at), 1.0)
    left = residuals(at)
    loss = np.square(left).sum(axis=1)
    for _ in range(_ROUNDS):
        slopes = np.stack(
            [(residuals(at + step * unit) - left) / step for unit in np.eye(at.shape[1])], axis=2
        )
        square = np.einsum("pri,prj->pij", slopes, slopes)
        pull = -np.einsum("pri,pr->pi", slopes, left)
        ridge = damping[:, None, None] * np.eye(at.shape[1])
        move = np.linalg.solve(square + ridge, pull[:, :, None])[:, :, 0]
        trial = at + np.clip(move, -2, 2)
        other = residuals(trial)
        lower = np.square(other).sum(axis=1)
        better = lower < loss
        at, left = np.where(better[:, None], trial, at), np.where(better[:, None], other, left)
        loss = np.where(better, lower, loss)
        damping = np.where(better, damping / 3, damping * 4)
    return at, loss


def _kernel(a: FloatArray, b: FloatArray) -> FloatArray:
    distance = np.square(a[:, None, :] - b[None, :, :]).sum(axis=2)
    return np.asarray(np.exp(-distance / (2 * _REACH**2)))
