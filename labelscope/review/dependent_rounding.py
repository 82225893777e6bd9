"""Draws of a fixed number of rows, each with a probability of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import FloatArray, IntArray

_WHOLE = 1e-6


def inclusion_probabilities(weights: Any, n: int) -> FloatArray:
    """Turn weights into probabilities of being among n rows drawn.

    Parameters
    ----------
    weights : (rows,) float
        0 or more, in any unit.
    n : int
        Rows to draw.

    Returns
    -------
    (rows,) float64
        Sum to n. Proportional to the weights, where that gives no more than 1; what is above 1 is dealt to
        the others in proportion.

    Raises
    ------
    InvalidInputError
        Weights are negative or not finite, or fewer than n of them are above 0.

    Examples
    --------
    >>> inclusion_probabilities([4.0, 1.0, 1.0], 2).tolist()
    [1.0, 0.5, 0.5]
    """
    given = np.asarray(weights, dtype=np.float64)
    if given.ndim != 1 or not np.isfinite(given).all() or (given < 0).any():
        raise InvalidInputError(
            f"Weights of shape {given.shape} must be one a row, finite and 0 or more.",
            "Replace NaN, infinite and negative weights.",
        )
    most = int((given > 0).sum())
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 0 <= n <= most:
        raise InvalidInputError(
            f"{n!r} rows are wanted, but {most:,} have a weight above 0.",
            f"Pass a whole number from 0 to {most:,}.",
        )
    if not n:
        return np.zeros(len(given))
    order = np.argsort(-given, kind="stable")
    # Scaled, so that neither huge nor tiny weights leave the range of floats.
    ordered = np.where(given[order] > 0, np.maximum(given[order] / given[order[0]], 1e-300), 0.0)
    rest = np.cumsum(ordered[::-1])[::-1]
    # The heaviest j rows are certain, the others share n - j; j is the smallest number that keeps all at 1.
    j = int(np.argmax((n - np.arange(n)) * ordered[:n] <= rest[:n]))
    chances = np.ones(len(given))
    chances[order[j:]] = np.minimum((n - j) * ordered[j:] / rest[j], 1.0)
    return chances


def dependent_rounding(inclusion: Any, *, random_state: int = 0) -> IntArray:
    """Draw rows without replacement so that each is among them with its own probability.

    Parameters
    ----------
    inclusion : (rows,) float
        Probabilities of being drawn.
    random_state : int

    Returns
    -------
    (m,) int64
        Rows drawn, in order of position. m is exactly the sum of the probabilities where that is a whole
        number, else it is rounded up or down by chance. No two draws are positively correlated.

    Raises
    ------
    InvalidInputError
        A probability below 0 or above 1.

    Notes
    -----
    The pivotal method: two rows play until one of them is in or out, and the other carries on with what is
    left of both (Deville and Tillé 1998; Srinivasan 2001). Rows play in an order by chance.

    Examples
    --------
    >>> dependent_rounding([1.0, 0.5, 0.5, 0.0]).tolist() in ([0, 1], [0, 2])
    True
    """
    chances = np.array(inclusion, dtype=np.float64)
    if chances.ndim != 1 or not bool(((chances >= -_WHOLE) & (chances <= 1 + _WHOLE)).all()):
        raise InvalidInputError(
            f"Probabilities of shape {chances.shape} must be one a row, from 0 to 1.",
            "Use inclusion_probabilities(weights, n) to make them.",
        )
    rng = np.random.default_rng(random_state)
    open_ = rng.permutation(np.flatnonzero((chances > 0) & (chances < 1)))
    chosen = chances >= 1
    if len(open_):
        last, left = _play(open_, chances, chosen, rng.random(len(open_)))
        chosen[last] = left > 1 - _WHOLE or (left > _WHOLE and rng.random() < left)
    return np.flatnonzero(chosen).astype(np.int64)


def _play(open_: IntArray, chances: FloatArray, chosen: Any, luck: FloatArray) -> tuple[int, float]:
    """Settle all rows but one, and return it with the probability that is left for it."""
    holder, held = int(open_[0]), float(chances[open_[0]])
    for row, own, u in zip(open_[1:].tolist(), chances[open_[1:]].tolist(), luck.tolist(), strict=False):
        total = held + own
        if total < 1:
            # One of the two is out; the other is in with the chance of both.
            holder, held = (holder, total) if u * total < held else (row, total)
            continue
        # One of the two is in; the other keeps what is beyond 1.
        if u * (2 - total) < 1 - own:
            chosen[holder] = True
            holder = row
        else:
            chosen[row] = True
        held = total - 1
    return holder, held
