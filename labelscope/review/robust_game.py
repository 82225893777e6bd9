"""A game against the worst teacher: which rows to ask about when some answers are wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import FloatArray

# Sizes of support whose values differ by less than this are as good; the largest hedges most.
_TIE = 1e-12


@dataclass(frozen=True)
class RobustGame:
    """The solved game.

    Attributes
    ----------
    value : float
        Gain expected of a row drawn by ``shares`` when the adversary makes the worst ``m`` answers wrong.
    support : int
        How many rows may be drawn: those with the largest gains. 0 where nothing can be won.
    shares : (n,) float64
        Probability of each row; sums to 1, or is all 0 where nothing can be won.
    curve : (n,) float64
        Value of spreading over the k rows with the largest gains, k from 1 to n.
    m : int
        Answers that are wrong.
    """

    value: float
    support: int
    shares: FloatArray
    curve: FloatArray
    m: int


def robust_game(gains: Any, m: int) -> RobustGame:
    """Solve the game in which a learner draws a row and an adversary makes ``m`` answers wrong.

    Parameters
    ----------
    gains : (n,) float
        What a right answer about each row is worth, 0 or more; a wrong answer is worth nothing.
    m : int
        From 0. With m of n or more nothing can be won.

    Returns
    -------
    RobustGame

    Raises
    ------
    InvalidInputError
        Gains that are negative or not finite, no row, or an m that is no whole number from 0.

    Notes
    -----
    With the gains in decreasing order and H_k the sum of 1 / g_i over the first k, the value is the largest
    of (k - m) / H_k, and the shares are 1 / (H_k g_i) over the first k: all of them are worth the same to
    the adversary, so that rows of the largest gain, where a teacher errs most easily, are drawn least.
    Baykal et al.: Robust active distillation, ICLR 2023.

    Examples
    --------
    >>> game = robust_game([1.0, 0.5, 0.5], m=1)
    >>> round(game.value, 3), game.support, game.shares.round(2).tolist()
    (0.4, 3, [0.2, 0.4, 0.4])
    """
    values = _checked(gains, m)
    n = len(values)
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    k = np.arange(1, n + 1)
    with np.errstate(divide="ignore", over="ignore"):
        inverse = 1.0 / ordered
    # A row without gain can never be worth a draw: it makes H infinite, and the value 0.
    curve = np.maximum(k - m, 0) / np.cumsum(inverse)
    best = float(curve.max())
    shares = np.zeros(n)
    if best <= 0:
        return RobustGame(0.0, 0, shares, curve, int(m))
    support = int(np.flatnonzero(curve >= best * (1 - _TIE))[-1]) + 1
    shares[order[:support]] = inverse[:support] / inverse[:support].sum()
    return RobustGame(best, support, shares, curve, int(m))


def game_value(gains: Any, m: int) -> float:
    """Return what the learner gains in `robust_game`, for the worst placement of ``m`` wrong answers.

    Parameters
    ----------
    gains : (n,) float
    m : int

    Returns
    -------
    float

    Examples
    --------
    >>> round(game_value([1.0, 1.0, 1.0, 1.0], m=1), 3)
    0.75
    """
    return robust_game(gains, m).value


def worst_case(shares: Any, gains: Any, m: int) -> float:
    """Return the gain of drawing by any shares when the worst ``m`` answers are wrong.

    Parameters
    ----------
    shares : (n,) float
        Probabilities of a draw, or of being among those drawn.
    gains : (n,) float
    m : int

    Returns
    -------
    float
        Sum of share × gain over the rows that the adversary leaves alone.

    Examples
    --------
    >>> worst_case([0.5, 0.5, 0.0], [1.0, 0.5, 0.5], m=1)
    0.25
    """
    values = _checked(gains, m)
    worth = np.asarray(shares, dtype=np.float64)
    if worth.shape != values.shape:
        raise InvalidInputError.wrong_length("shares", len(worth.reshape(-1)), len(values), "the gains")
    worth = np.sort(worth * values)
    return float(worth[: max(len(worth) - int(m), 0)].sum())


def _checked(gains: Any, m: Any) -> FloatArray:
    values = np.asarray(gains, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise InvalidInputError(f"Gains have the shape {values.shape}.", "Pass (n,) numbers, one a row.")
    if not np.isfinite(values).all() or values.min() < 0:
        raise InvalidInputError(
            "Gains must be finite and 0 or more.", "Take 1 - margin of the student's probabilities."
        )
    if isinstance(m, bool | np.bool_) or not isinstance(m, int | np.integer) or m < 0:
        raise InvalidInputError(
            f"m is {m!r}, but it counts wrong answers.", "Pass a whole number from 0, such as 12."
        )
    return values
