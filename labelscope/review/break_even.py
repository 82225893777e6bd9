"""Where looking stops to pay: what verdicts and doubly seen rows say of both errors at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.review.looks import EDITED, NOTHING, Looks
from labelscope.review.reviewers import Pairs
from labelscope.types import Estimate, FloatArray, IntArray

#: Fewer pairs of answers say too little of the reviewers' error.
FEWEST_PAIRS = 10
# How far probabilities may be off: spreads of the level in logits, each as likely as the others.
_SPREADS_PROBABILITY, _SPREADS_RANK = (0.05, 0.2, 0.6), (0.2, 0.6, 1.5)
_SLOPE = 0.4  # spread of the slope, in spreads of the level
_ERRORS = (
    0.001,
    0.6,
)  # range of the reviewers' error; as many points on it, closer where the verdicts say more
_GRID, _FEWEST_POINTS, _REFINED = 41, 10, 5
#: Assumed of mistakes, see `chances_of_answers`.
CLUSTERED, SAME_MISTAKE, MISSED = 1.0, 0.3, 0.5
_BINS, _STEPS, _DRAWS, _POINTS = 80, 25, 24, 257
_KEPT, _CHANGED, _BOTH_KEPT, _APART, _SAME, _TWO_LABELS = range(6)


@dataclass(frozen=True, eq=False)
class Verdicts:
    """Rows looked at by what was said of them, in groups of similar suspicion.

    Attributes
    ----------
    logit : (g,) float64
        Mean log-odds of the suspicion in each group.
    counts : (g, 6) float64
        Rows seen once and kept, or changed; rows seen twice and kept by both, by one, changed to the same
        label, to two labels.
    """

    logit: FloatArray
    counts: FloatArray

    @property
    def n_pairs(self) -> int:
        """Rows with two answers."""
        return int(self.counts[:, _BOTH_KEPT:].sum())


def verdicts_of(looks: Looks, pairs: Pairs, given: IntArray, suspicion: FloatArray) -> Verdicts:
    """Count what was said, by suspicion.

    Parameters
    ----------
    looks : Looks
    pairs : Pairs
        Two looks at a row each; other rows count by their first answer.
    given : (n,) int
        Codes of the given labels.
    suspicion : (n,) float
        Rows at 0 and 1 are left out.

    Returns
    -------
    Verdicts
    """
    changed = looks.called_wrong(given)
    usable = (suspicion > 0) & (suspicion < 1) & (given >= 0)
    said = (pairs.agree | pairs.differ) & usable[pairs.row]
    one, other = changed[pairs.first[said]], changed[pairs.second[said]]
    two = np.select(
        [~one & ~other, one != other, pairs.agree[said]], [_BOTH_KEPT, _APART, _SAME], default=_TWO_LABELS
    )
    answered = np.flatnonzero((looks.answer != NOTHING) & (looks.answer != EDITED))
    rows, first = np.unique(looks.row[answered], return_index=True)
    alone = usable[rows] & ~np.isin(rows, pairs.row[said])
    once = np.where(changed[answered[first[alone]]], _CHANGED, _KEPT)
    return counted(suspicion[np.concatenate([pairs.row[said], rows[alone]])], np.concatenate([two, once]))


def counted(suspicion: FloatArray, kind: IntArray) -> Verdicts:
    """Group rows of similar suspicion and count kinds 0 to 5, as in `Verdicts.counts`."""
    logit = log_odds(suspicion)
    groups = np.array_split(np.argsort(logit, kind="stable"), max(1, min(_BINS, len(logit))))
    counts = np.array([np.bincount(kind[rows], minlength=6) for rows in groups], dtype=np.float64)
    center = [float(logit[rows].mean()) if len(rows) else 0.0 for rows in groups]
    return Verdicts(np.array(center), counts.reshape(-1, 6))


def log_odds(suspicion: FloatArray) -> FloatArray:
    """Return log-odds, finite at 0 and 1."""
    safe = np.clip(np.asarray(suspicion, dtype=np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(safe) - np.log1p(-safe))


@dataclass(frozen=True, eq=False)
class BreakEven:
    """What is known of the reviewers' error and of the map from suspicion to the chance of an error.

    Attributes
    ----------
    error, level, slope, weight : (d,) float64
        Draws: the reviewers' error e, the map ``logit p = level + slope logit s``, and their weights.
    n_pairs : int
        Rows with two answers.
    """

    error: FloatArray
    level: FloatArray
    slope: FloatArray
    weight: FloatArray
    n_pairs: int

    def reviewer_error(self, coverage: float = 0.95) -> Estimate:
        """Return the share of looks that end with a wrong label, by verdicts and pairs together."""
        low, mid, high = _quantiles(self.error, self.weight, (0.5 - coverage / 2, 0.5, 0.5 + coverage / 2))
        return Estimate(mid, low, high, coverage, measured=False)

    def chance(self, suspicion: FloatArray) -> FloatArray:
        """Return the expected chance (m,) that labels of this suspicion are wrong."""
        logit = log_odds(suspicion)
        if not len(logit):
            return logit
        at = np.linspace(logit.min(), logit.max(), _POINTS)
        found = 1 / (1 + np.exp(-(self.level[:, None] + self.slope[:, None] * at)))
        return np.asarray(np.interp(logit, at, self.weight @ found))

    def worth(self, suspicion: FloatArray, levels: tuple[float, ...]) -> tuple[int, ...]:
        """Return how many rows are worth a look, at some levels of their distribution.

        Parameters
        ----------
        suspicion : (m,) float
            Of rows without a decision, largest first.
        levels : tuple of float
            From 0 to 1.

        Returns
        -------
        tuple of int
        """
        even = (log_odds(self.error) - self.level) / self.slope
        count = np.searchsorted(-log_odds(suspicion), -even)
        return tuple(round(one) for one in _quantiles(count.astype(np.float64), self.weight, levels))


def break_even(verdicts: Verdicts, *, probability: bool) -> BreakEven | None:
    """Weigh what verdicts say of the model's errors and of the reviewers' own, at once.

    Parameters
    ----------
    verdicts : Verdicts
    probability : bool
        Whether suspicion is meant as a probability; the verdicts decide how far it is one.

    Returns
    -------
    BreakEven or None
        None with fewer than 10 rows that have two answers: then both errors look the same.

    Notes
    -----
    A label of suspicion s is wrong with the probability p, ``logit p = a + b logit s``; a look ends with a
    wrong label with the probability e, more often on hard rows, which two looks share. One look then changes
    a label with the probability ``p (1 - e/2) + (1 - p) e``, and two looks agree or differ in four ways with
    probabilities of their own: where labels are hardly suspected, changes are the reviewers' mistakes, and
    where two people differ, one of them is wrong. The posterior of (a, b, e) is a grid over e and over the
    spread of (a, b) around (0, 1), with a normal approximation of (a, b) at each point; e is uniform before.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> s = np.geomspace(0.9, 0.002, 4000)
    >>> wrong, once = rng.random(4000) < s, rng.random((4000, 2)) < 0.05
    >>> one, other = (wrong ^ once.T)
    >>> twice = rng.random(4000) < 0.2
    >>> pair = np.select([~one & ~other, one != other], [2, 3], default=4)
    >>> found = break_even(counted(s, np.where(twice, pair, one)), probability=True)
    >>> bool(abs(found.reviewer_error().value - 0.05) < 0.015)
    True
    """
    if verdicts.n_pairs < FEWEST_PAIRS:
        return None
    spreads = _SPREADS_PROBABILITY if probability else _SPREADS_RANK
    spread, (low, high) = np.repeat(spreads, _GRID), _ERRORS
    for _ in range(_REFINED):
        grid = np.geomspace(low, high, _GRID)
        error = np.tile(grid, len(spreads))
        theta, curve, fit = _peaks(verdicts, error, spread)
        # Uniform in e: the grid is uniform in log e.
        weight = np.exp(fit - fit.max()) * error
        weight /= weight.sum()
        held = np.flatnonzero(weight.reshape(len(spreads), _GRID).sum(axis=0) > 1e-4)
        if len(held) >= _FEWEST_POINTS:
            break
        low, high = grid[max(held[0] - 1, 0)], grid[min(held[-1] + 1, _GRID - 1)]
    used = np.flatnonzero(weight > 1e-5)
    normal = np.random.default_rng(0).standard_normal((_DRAWS // 2, 2))
    normal = np.concatenate([normal, -normal])
    root = np.linalg.cholesky(np.linalg.inv(curve[used]))
    drawn = theta[used][:, None] + np.einsum("gij,dj->gdi", root, normal)
    share = np.repeat(weight[used], _DRAWS) / _DRAWS
    return BreakEven(
        np.repeat(error[used], _DRAWS),
        drawn[..., 0].ravel(),
        np.maximum(drawn[..., 1].ravel(), 0.05),
        share / share.sum(),
        verdicts.n_pairs,
    )


def chances_of_answers(
    error: FloatArray, clustered: float = CLUSTERED, same: float = SAME_MISTAKE, missed: float = MISSED
) -> tuple[FloatArray, FloatArray]:
    """Return how likely each kind of `Verdicts.counts` is for a right label, and for a wrong one.

    Parameters
    ----------
    error : (k,) float
        Share of looks that end with a wrong label.
    clustered : float
        How far the mean square of the error lies above the square of its mean, in parts of the latter:
        mistakes cluster on hard rows.
    same : float
        Share of pairs of mistakes about a row that are the same mistake.
    missed : float
        Share of mistakes about a wrong label that confirm it.

    Returns
    -------
    right, wrong : (k, 6) float64
        The first two kinds add up to 1, and so do the other four.
    """
    e = np.asarray(error, dtype=np.float64)
    both = np.maximum(np.minimum(e**2 * (1 + clustered), 0.95 * e), 2 * e - 1)
    one = e - both
    none = 1 - e - one
    right = [1 - e, e, none, 2 * one, both * same, both * (1 - same)]
    apart = both * (1 - missed) ** 2
    wrong = [
        e * missed,
        1 - e * missed,
        both * missed**2,
        2 * one * missed + both * 2 * missed * (1 - missed),
        none + apart * same,
        2 * one * (1 - missed) + apart * (1 - same),
    ]
    return np.stack(right, axis=1), np.stack(wrong, axis=1)


def _peaks(
    verdicts: Verdicts, error: FloatArray, spread: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Peaks (k, 2) of level and slope, curvature and log evidence there, for each e and spread."""
    right, wrong = chances_of_answers(error)
    more = (wrong - right)[:, None]
    basis = np.column_stack([np.ones(len(verdicts.logit)), verdicts.logit])
    looks = np.column_stack([verdicts.counts[:, :2].sum(axis=1), verdicts.counts[:, 2:].sum(axis=1)])
    prior = np.stack([spread**-2.0, (_SLOPE * spread) ** -2.0], axis=1)
    theta = np.tile([0.0, 1.0], (len(error), 1))
    curve = np.zeros((len(error), 2, 2))
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-theta @ basis.T))
        q = right[:, None] + p[..., None] * more
        move = p * (1 - p)
        slope = (verdicts.counts * more / q).sum(axis=2) * move
        known = more**2 / q
        # Expected information: it stays positive where the observed one does not.
        sharp = looks[:, 0] * known[..., :2].sum(axis=2) + looks[:, 1] * known[..., 2:].sum(axis=2)
        gradient = slope @ basis - prior * (theta - [0.0, 1.0])
        curve = np.einsum("kg,gi,gj->kij", sharp * move**2, basis, basis)
        curve[:, 0, 0] += prior[:, 0]
        curve[:, 1, 1] += prior[:, 1]
        step = np.clip(np.linalg.solve(curve, gradient[..., None])[..., 0], -1, 1)
        theta = theta + step
        if np.abs(step).max() < 1e-6:
            break
    q = right[:, None] + (1 / (1 + np.exp(-theta @ basis.T)))[..., None] * more
    fit = (verdicts.counts * np.log(q)).sum(axis=(1, 2))
    fit -= 0.5 * (prior * (theta - [0.0, 1.0]) ** 2).sum(axis=1)
    fit += 0.5 * (np.log(prior).sum(axis=1) - np.linalg.slogdet(curve)[1])
    return theta, curve, fit


def _quantiles(values: FloatArray, weight: FloatArray, levels: tuple[float, ...]) -> tuple[float, ...]:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    at = np.minimum(np.searchsorted(below, levels), len(values) - 1)
    return tuple(float(one) for one in values[order[at]])
