"""Ways to spend a budget on cheap and verified labels, and which of them no other one beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.budget_grid import FRACTIONS
from labelscope.types import Estimate, FloatArray, IntArray

_FINE = tuple(np.unique(np.append(FRACTIONS, np.linspace(0, 1, 21).round(2))).tolist())


@dataclass(frozen=True)
class Split:
    """One way to spend money.

    Attributes
    ----------
    method : str
    budget, cost : float
        Money that there is, and that is spent; less where all labels that can be had are bought.
    n_cheap, n_verified : int
    share_cheap : float
        Of the cost, recomputed from the counts; of the labels where cheap ones cost nothing.
    accuracy : Estimate
        What the fitted surface says. ``measured`` is True where the pilot trained at exactly this size.
    piloted : float or None
        Accuracy that the pilot measured at exactly this size.
    """

    method: str
    budget: float
    cost: float
    n_cheap: int
    n_verified: int
    share_cheap: float
    accuracy: Estimate
    piloted: float | None


def options(
    budget: float,
    costs: tuple[float, float],
    limits: tuple[int, int],
    fractions: Sequence[float] = _FINE,
) -> IntArray:
    """List the ways to spend a budget.

    Parameters
    ----------
    budget : float
    costs : (cheap, verified)
    limits : (cheap, verified)
        Labels that can be had.
    fractions : sequence of float
        Shares of the money for cheap labels; where these cost nothing, shares of those that can be had.

    Returns
    -------
    (m, 2) int64
        Cheap and verified labels, by share of cheap ones, each once; the first has no cheap labels, and the
        last no verified ones.

    Examples
    --------
    >>> options(10, (0.5, 1.0), (100, 100), (0.0, 0.5, 1.0)).tolist()
    [[0, 10], [10, 5], [20, 0]]
    >>> options(10, (0.0, 1.0), (100, 100), (0.0, 0.5, 1.0)).tolist()
    [[0, 10], [50, 10], [100, 10], [100, 0]]
    """
    cheap_cost, verified_cost = costs
    found = []
    for fraction in fractions:
        if cheap_cost == 0:
            cheap, verified = round(fraction * limits[0]), int(budget / verified_cost + 1e-9)
        else:
            cheap = int(fraction * budget / cheap_cost + 1e-9)
            verified = int((1 - fraction) * budget / verified_cost + 1e-9)
        found.append((min(cheap, limits[0]), min(verified, limits[1])))
    if cheap_cost == 0:
        found.append((limits[0], 0))
    return np.array(list(dict.fromkeys(found)), dtype=np.int64)


def frontier(splits: Sequence[Split]) -> tuple[Split, ...]:
    """Return the splits that no other one beats: none is as accurate at a cost as low, cheapest first."""
    kept: list[Split] = []
    for split in sorted(splits, key=lambda one: (one.cost, -one.accuracy.value)):
        if not kept or split.accuracy.value > kept[-1].accuracy.value:
            kept.append(split)
    return tuple(kept)


def check_costs(cost_cheap: Any, cost_verified: Any) -> None:
    """Refuse costs that no plan can be made with."""
    for name, cost in (("cost_cheap", cost_cheap), ("cost_verified", cost_verified)):
        if isinstance(cost, bool) or not isinstance(cost, int | float | np.number):
            raise InvalidTypeError(f"{name} is {cost!r:.60}.", "Pass a number, such as 0.1.")
        if not np.isfinite(cost) or cost < 0:
            raise InvalidInputError(f"{name} is {cost}.", "Pass a finite cost of 0 or more.")
    if cost_verified == 0:
        raise InvalidInputError(
            "cost_verified is 0: labels that are right and cost nothing need no plan.",
            "Verify all rows, or say what the time of a reviewer costs; cost_cheap may be 0.",
        )


def check_budgets(budgets: Any) -> tuple[float, ...]:
    """Return budgets as numbers in increasing order, each once; refuse those that buy nothing."""
    given = [budgets] if np.ndim(budgets) == 0 else list(budgets)
    if not given:
        raise InvalidInputError("No budget is given.", "Pass one or more, such as budgets=(100, 500).")
    for budget in given:
        if isinstance(budget, bool) or not isinstance(budget, int | float | np.number):
            raise InvalidTypeError(f"A budget is {budget!r:.60}.", "Pass numbers, in the unit of the costs.")
        if not np.isfinite(budget) or budget <= 0:
            raise InvalidInputError(f"A budget is {budget}: it buys nothing.", "Pass budgets above 0.")
    return tuple(sorted({float(budget) for budget in given}))


def estimate(draws: FloatArray, level: float, measured: bool) -> Estimate:
    """Return mean and interval of draws (b,)."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(draws.mean()), float(low), float(high), level, measured)
