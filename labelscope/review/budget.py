"""How to split money between cheap and verified labels: regimes, the best split, and the next label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labelscope.data.arguments import check_choice, check_counts, check_numbers, check_seed, listed
from labelscope.errors import InvalidInputError, notify
from labelscope.review.budget_grid import FRACTIONS, METHODS, Grid, Pilot, deal, pilot_cells, run
from labelscope.review.budget_options import (
    Split,
    check_budgets,
    check_costs,
    estimate,
    frontier,
    options,
)
from labelscope.review.budget_surface import Surface, fit_surface
from labelscope.types import Estimate, FloatArray, IntArray

#: Published budgets, in units of verified labels.
BUDGETS = (16.0, 64.0, 256.0, 1024.0, 4096.0)
#: Regimes, and what each of them means.
REGIMES = {
    "quantity": "spend all on cheap labels",
    "quality": "spend all on verified labels",
    "mixed": "both together beat either alone",
    "undecided": "the pilot cannot tell the pure strategies apart",
}
#: Fewest verified rows that a plan can rest on.
LEAST_VERIFIED = 20
_SURE = 0.9
# A mix has to be better by so much to be called a regime of its own.
_WORTH = 0.01


@dataclass(frozen=True, kw_only=True)
class BudgetSettings:
    """How a budget is planned.

    Attributes
    ----------
    methods : tuple of str
        ``"sequential"`` (cheap labels first, verified ones from there) and ``"pooled"`` (both at once). The
        first one is what regimes and recommendations are about.
    n_repeats : int
        Splits of the verified rows; each of them is scored once.
    n_cheap_available, n_verified_available : int, optional
        How many labels of each kind can be had at all; by default the rows of the dataset.
    level : float
        Coverage of intervals.
    random_state : int
    """

    methods: tuple[str, ...] = ("sequential",)
    n_repeats: int = 4
    n_cheap_available: int | None = None
    n_verified_available: int | None = None
    level: float = 0.9
    random_state: int = 0

    def __post_init__(self) -> None:
        methods = listed("methods", self.methods, 'methods=("sequential",)')
        for method in methods:
            check_choice("method", method, METHODS)
        object.__setattr__(self, "methods", tuple(methods))
        check_counts(n_repeats=self.n_repeats)
        check_counts(optional=True, n_cheap_available=self.n_cheap_available)
        check_counts(optional=True, n_verified_available=self.n_verified_available)
        check_numbers(level=self.level)
        check_seed(self.random_state)
        if not self.methods or self.n_repeats < 2 or not 0 < self.level < 1:
            raise InvalidInputError(
                f"methods is {self.methods!r}, n_repeats {self.n_repeats}, level {self.level}.",
                "Pass one method or more, 2 repeats or more, and a level between 0 and 1.",
            )


@dataclass(frozen=True)
class BudgetAdvice:
    """What to do with a budget.

    Attributes
    ----------
    budget : float
    regime : str
        Key of `REGIMES`.
    best, all_cheap, all_verified : Split
    p_cheap_better : float
        Probability, from the fit, that all cheap labels beat all verified ones.
    gain : Estimate
        Accuracy of the best split over the better pure strategy; estimated.
    extrapolated : bool
        Whether the best split is larger than the pilot.
    splits : tuple of Split
        All that were compared, by share of cheap labels.
    """

    budget: float
    regime: str
    best: Split
    all_cheap: Split
    all_verified: Split
    p_cheap_better: float
    gain: Estimate
    extrapolated: bool
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class Plan:
    """A plan for a labeling budget.

    Attributes
    ----------
    advice : tuple of BudgetAdvice
        One a budget.
    frontier : tuple of Split
        Splits of all methods and budgets that no other one beats at the same or a lower cost, cheapest first.
    present : Split
        Where the labels stand now, all cheap labels and all verified ones counted.
    marginal : dict of str to Estimate
        Accuracy that one more ``"cheap"`` or ``"verified"`` label brings from there; estimated.
    surfaces : dict of str to Surface
        By method.
    grids : dict of str to Grid
        What was measured, by method.
    cost_cheap, cost_verified : float
    n_tested : int
        Verified rows that accuracy was measured on, by probes that never saw them.
    settings : BudgetSettings
    """

    advice: tuple[BudgetAdvice, ...]
    frontier: tuple[Split, ...]
    present: Split
    marginal: dict[str, Estimate]
    surfaces: dict[str, Surface]
    grids: dict[str, Grid]
    cost_cheap: float
    cost_verified: float
    n_tested: int
    settings: BudgetSettings


def plan(
    pilot: Pilot,
    *,
    cost_cheap: float = 0.1,
    cost_verified: float = 1.0,
    budgets: Sequence[float] = BUDGETS,
    settings: BudgetSettings | None = None,
) -> Plan:
    """Plan budgets from labels of both kinds.

    Parameters
    ----------
    pilot : Pilot
        Rows with cheap labels, and others with verified ones.
    cost_cheap, cost_verified : float
        Of one label; cheap ones may cost nothing, as labels that are there already do.
    budgets : sequence of float
        In the same unit.
    settings : BudgetSettings, optional

    Returns
    -------
    Plan

    Raises
    ------
    InvalidInputError
        Costs or budgets that make no sense, too few verified rows, no cheap labels beside them, or one class.

    Notes
    -----
    Mallen, Belrose: Balancing label quantity and quality for scalable elicitation, 2024. There, models were
    trained at every split of every budget; here a surface is fitted to a pilot of at most 10,000 cheap and
    4,000 verified labels, and read at every split, with intervals that grow beyond the pilot.
    """
    chosen = settings or BudgetSettings()
    check_costs(cost_cheap, cost_verified)
    wanted_budgets = check_budgets(budgets)
    _check_pilot(pilot)
    limits = _limits(pilot, chosen)
    costs = (float(cost_cheap), float(cost_verified))
    deals = deal(pilot, chosen.n_repeats, chosen.random_state)
    sizes = {budget: options(budget, costs, limits) for budget in wanted_budgets}
    if not sizes[wanted_budgets[-1]].any():
        raise InvalidInputError(
            f"A budget of {wanted_budgets[-1]:g} buys no label at {costs[0]:g} and {costs[1]:g} each.",
            "Pass larger budgets; they are in the unit of the costs.",
        )
    coarse = np.vstack([options(budget, costs, limits, FRACTIONS) for budget in wanted_budgets])
    cells = pilot_cells(deals, coarse)
    grids = {method: run(pilot, deals, cells, method) for method in chosen.methods}
    surfaces = {method: fit_surface(grid, random_state=chosen.random_state) for method, grid in grids.items()}
    splits = {
        (method, budget): _splits(
            method, budget, sizes[budget], surfaces[method].draws(sizes[budget]), grids[method], costs, chosen
        )
        for method in chosen.methods
        for budget in wanted_budgets
    }
    first = chosen.methods[0]
    advice = tuple(
        _advice(budget, splits[first, budget], surfaces[first].draws(sizes[budget]), cells, chosen.level)
        for budget in wanted_budgets
    )
    every = [split for found in splits.values() for split in found]
    present, marginal = _now(pilot, surfaces[first], grids[first], costs, chosen)
    n_tested = sum(len(one.test) for one in deals)
    return Plan(
        advice,
        frontier(every),
        present,
        marginal,
        surfaces,
        grids,
        *costs,
        n_tested=n_tested,
        settings=chosen,
    )


def _check_pilot(pilot: Pilot) -> None:
    seen = np.unique(pilot.verified[pilot.verified >= 0])
    tested = int((pilot.tested & (pilot.verified >= 0)).sum())
    if tested < LEAST_VERIFIED:
        raise InvalidInputError(
            f"{tested:,} rows are verified, but a plan is measured on {LEAST_VERIFIED} or more of them.",
            'Review some rows drawn by chance first: session.queue("random", n=50).',
        )
    if len(seen) < 2:
        raise InvalidInputError(
            "All verified rows are of one class, so there is nothing to learn.",
            'Verify rows of other classes, too: session.queue("random", n=50).',
        )
    beside = int(((pilot.cheap >= 0) & (pilot.verified < 0)).sum())
    if not beside:
        raise InvalidInputError(
            "No row has a cheap label and is not verified, so cheap labels cannot be tried.",
            "Pass cheap labels of more rows; those of verified rows are never trained on.",
        )
    if pilot.tested.sum() < 100:
        notify(
            "small_pilot",
            f"The plan rests on {tested:,} verified rows, so its intervals are wide.",
            "Come back when more rows are verified; the plan is recomputed as reviews arrive.",
        )


def _limits(pilot: Pilot, settings: BudgetSettings) -> tuple[int, int]:
    n = len(pilot.cheap)
    cheap, verified = settings.n_cheap_available, settings.n_verified_available
    return (n if cheap is None else int(cheap), n if verified is None else int(verified))


def _splits(
    method: str,
    budget: float,
    sizes: IntArray,
    draws: FloatArray,
    grid: Grid,
    costs: tuple[float, float],
    settings: BudgetSettings,
) -> tuple[Split, ...]:
    seen = {tuple(cell): value for cell, value in zip(grid.cells.tolist(), grid.accuracy, strict=True)}
    found = []
    for place, (cheap, verified) in enumerate(sizes.tolist()):
        cost = cheap * costs[0] + verified * costs[1]
        share = cheap * costs[0] / cost if costs[0] and cost else cheap / max(cheap + verified, 1)
        piloted = seen.get((cheap, verified))
        accuracy = estimate(draws[:, place], settings.level, piloted is not None)
        found.append(
            Split(
                method,
                budget,
                cost,
                cheap,
                verified,
                share,
                accuracy,
                None if piloted is None else float(piloted),
            )
        )
    return tuple(found)


def _advice(
    budget: float, splits: tuple[Split, ...], draws: FloatArray, cells: IntArray, level: float
) -> BudgetAdvice:
    best = int(draws.mean(axis=0).argmax())
    # Where cheap labels are free, all of them come with every split but the first.
    pure_verified, pure_cheap = 0, len(splits) - 1
    better = np.maximum(draws[:, pure_verified], draws[:, pure_cheap])
    gain = estimate(draws[:, best] - better, level, False)
    p_cheap = float((draws[:, pure_cheap] > draws[:, pure_verified]).mean())
    chosen = splits[best]
    mixed = chosen.n_cheap > 0 and chosen.n_verified > 0
    if mixed and (draws[:, best] > better).mean() >= _SURE and gain.value >= _WORTH:
        regime = "mixed"
    elif 1 - _SURE < p_cheap < _SURE:
        regime = "undecided"
    else:
        regime = "quantity" if p_cheap >= _SURE else "quality"
    beyond = bool(chosen.n_cheap > cells[:, 0].max() or chosen.n_verified > cells[:, 1].max())
    return BudgetAdvice(
        budget, regime, chosen, splits[pure_cheap], splits[pure_verified], p_cheap, gain, beyond, splits
    )


def _now(
    pilot: Pilot, surface: Surface, grid: Grid, costs: tuple[float, float], settings: BudgetSettings
) -> tuple[Split, dict[str, Estimate]]:
    cheap = int(((pilot.cheap >= 0) & (pilot.verified < 0)).sum())
    verified = int((pilot.verified >= 0).sum())
    # One label more is too small a step to see; a tenth more is one that the surface can tell.
    more = max(cheap // 10, 10), max(verified // 10, 10)
    sizes = np.array([(cheap, verified), (cheap + more[0], verified), (cheap, verified + more[1])])
    draws = surface.draws(sizes)
    cost = cheap * costs[0] + verified * costs[1]
    (present,) = _splits(settings.methods[0], cost, sizes[:1], draws[:, :1], grid, costs, settings)
    marginal = {
        name: estimate((draws[:, place] - draws[:, 0]) / more[place - 1], settings.level, False)
        for place, name in ((1, "cheap"), (2, "verified"))
    }
    return present, marginal
