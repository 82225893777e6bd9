"""A plan for a labeling budget: how much for cheap labels, how much for verified ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.reports.budget_pilot import UNKNOWN_CHOICE, evidence_of, pilot_of
from labelscope.reports.report import Report, Section, Table
from labelscope.review.budget import BUDGETS, REGIMES, BudgetAdvice, BudgetSettings, Plan, plan
from labelscope.review.budget_options import Split, check_budgets, check_costs
from labelscope.review.queues.elicitation import Elicitation
from labelscope.review.session import Session
from labelscope.types import Estimate, Evidence


@dataclass(frozen=True, repr=False)
class BudgetPlan(Report):
    """The report, with what a panel and a queue need.

    Attributes
    ----------
    plan : Plan
        Regimes, splits, frontier and marginal values.
    measured_on : {"drawn by chance", "chosen by people", "it is not known how they were chosen"}
        Which verified rows accuracy was measured on. Rows that people chose may be harder or easier than
        others, and the accuracies with them.
    """

    plan: Plan | None = None
    measured_on: str = UNKNOWN_CHOICE

    @property
    def advice(self) -> tuple[BudgetAdvice, ...]:
        """What to do with each budget."""
        return self._plan.advice

    @property
    def frontier(self) -> tuple[Split, ...]:
        """Splits that no other one beats at the same or a lower cost."""
        return self._plan.frontier

    @property
    def marginal(self) -> dict[str, Estimate]:
        """Accuracy that one more label of each kind brings; estimated."""
        return self._plan.marginal

    @property
    def _plan(self) -> Plan:
        assert self.plan is not None
        return self.plan

    def at(self, budget: float) -> BudgetAdvice:
        """Return the advice for one of the budgets.

        Raises
        ------
        InvalidInputError
            It was not planned.
        """
        for one in self.advice:
            if one.budget == budget:
                return one
        raise InvalidInputError.unknown("budget", budget, [one.budget for one in self.advice])

    def queue(self, budget: float, *, random_state: int = 0) -> tuple[Elicitation, int]:
        """Turn the advice into a review queue.

        Parameters
        ----------
        budget : float
            One of those planned.
        random_state : int

        Returns
        -------
        queue : Elicitation
        n : int
            Rows that are still to be verified: ``session.queue(queue, n)``. 0 where as many are verified
            already, or the money is better spent on cheap labels.
        """
        done = self._plan.present.n_verified
        return Elicitation(random_state=random_state), max(0, self.at(budget).best.n_verified - done)

    def to_json(self) -> dict[str, Any]:
        """Return what a panel draws: curves, regimes, the frontier, and where the labels stand now."""
        found = self._plan
        return {
            "cost_cheap": found.cost_cheap,
            "cost_verified": found.cost_verified,
            "budgets": [
                {
                    "budget": one.budget,
                    "regime": one.regime,
                    "words": REGIMES[one.regime],
                    "extrapolated": one.extrapolated,
                    "gain": _estimate(one.gain),
                    "best": _split(one.best),
                    "splits": [_split(split) for split in one.splits],
                }
                for one in found.advice
            ],
            "frontier": [_split(split) for split in found.frontier],
            "present": _split(found.present),
            "marginal": {name: _estimate(value) for name, value in found.marginal.items()},
            "n_tested": found.n_tested,
            "measured_on": self.measured_on,
        }


def plan_budget(
    source: Session | Evidence | None = None,
    *,
    features: Any = None,
    cheap_labels: Any = None,
    verified_labels: Any = None,
    verified: Any = None,
    prior_probs: Any = None,
    cost_cheap: float = 0.1,
    cost_verified: float = 1.0,
    budgets: Sequence[float] = BUDGETS,
    settings: BudgetSettings | None = None,
) -> BudgetPlan:
    """Say how to split money between cheap and verified labels.

    Parameters
    ----------
    source : Session or Evidence, optional
        Of a session the given labels are cheap, and the labels of rows that a person decided about verified.
        Evidence holds ``features``, ``classes``, ``given_labels`` and ``current`` codes and ``verified`` (n,)
        bool; ``verified_by_chance`` (n,) bool and ``inclusion`` (n,), the probability with which each row was
        chosen to be verified, where there are any.
    features : (n, d) float
        Instead of a source, with the next three.
    cheap_labels, verified_labels : (n,) labels
        None or NaN where there is none. Any two kinds will do: given labels and review, a model and a person,
        one vote and a panel.
    verified : (n,) bool, optional
        Rows whose verified label counts; by default all that have one.
    prior_probs : (n, K) float, optional
        Probabilities that need no label at all, such as those of a zero-shot model: the probe starts from
        them. Columns are the classes in sorted order.
    cost_cheap, cost_verified : float
        Of one label each, in any unit. Cheap ones may cost nothing.
    budgets : sequence of float
        In the same unit; each pays for all labels, those that are there already included.
    settings : BudgetSettings, optional

    Returns
    -------
    BudgetPlan
        A report. Accuracies of the pilot are measured, by probes on verified rows that they never saw; what
        is read off the fitted surface elsewhere is estimated, and says so.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        Costs, budgets or arrays that make no sense; fewer than twenty verified rows; one class.
    MissingEvidenceError
        No features or labels.
    TaskError
        The session's labels are sets of tags or numbers.

    Notes
    -----
    Where twenty verified rows of a session were drawn by chance, accuracy is measured on these alone; the
    others only train. Mallen, Belrose: Balancing label quantity and quality for scalable elicitation, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(600) % 2
    >>> X = rng.normal(size=(600, 5)) + y[:, None]
    >>> cheap = np.where(rng.random(600) < 0.3, 1 - y, y)
    >>> found = plan_budget(
    ...     features=X, cheap_labels=cheap, verified_labels=y, verified=np.arange(600) < 150,
    ...     budgets=(20, 100),
    ... )
    >>> [one.budget for one in found.advice], found.at(20).best.accuracy.value > 0.7
    ([20.0, 100.0], True)
    """
    check_costs(cost_cheap, cost_verified)
    wanted = check_budgets(budgets)
    if settings is not None and not isinstance(settings, BudgetSettings):
        raise InvalidTypeError(f"settings is a {type(settings).__name__}.", "Pass BudgetSettings(...).")
    given = (features, cheap_labels, verified_labels, verified)
    pilot, measured_on = pilot_of(evidence_of(source, given), prior_probs)
    found = plan(pilot, cost_cheap=cost_cheap, cost_verified=cost_verified, budgets=wanted, settings=settings)
    sections = (_summary(found, measured_on), _table(found), _next(found), _frontier(found))
    return BudgetPlan("Labeling budget", sections, plan=found, measured_on=measured_on)


def _lead(advice: BudgetAdvice) -> str:
    """Introduce the best split: a mix may be best without being clearly ahead of one kind alone."""
    mixed = advice.best.n_cheap > 0 and advice.best.n_verified > 0
    if mixed and advice.regime in ("quantity", "quality"):
        return "Not clearly ahead of that, but best in the estimate, are"
    return "Recommended are"


def _summary(found: Plan, measured_on: str) -> Section:
    words = [
        f"Budget {one.budget:g}: {one.regime} ({REGIMES[one.regime]}). {_lead(one)}"
        f" {one.best.n_cheap:,} cheap and {one.best.n_verified:,} verified labels, for an accuracy of"
        f" {_shown(one.best.accuracy)}{', beyond the pilot' if one.extrapolated else ''}."
        for one in found.advice
    ]
    words.append(
        f"A cheap label costs {found.cost_cheap:g}, a verified one {found.cost_verified:g}. Accuracies of the"
        f" pilot were measured on {found.n_tested:,} verified rows ({measured_on}) that no probe was"
        " trained on; all others are estimated from them."
    )
    return Section("Recommendation", tuple(words))


def _table(found: Plan) -> Section:
    header = (
        "budget", "cheap", "verified", "cheap share", "accuracy share", "low share", "high share", "basis"
    )  # fmt: skip
    rows = []
    for one in found.advice:
        shown = dict.fromkeys((one.all_verified, one.best, one.all_cheap))
        rows += [
            (
                one.budget,
                split.n_cheap,
                split.n_verified,
                split.share_cheap,
                split.accuracy.value,
                split.accuracy.low,
                split.accuracy.high,
                "measured, smoothed" if split.accuracy.measured else "estimated",
            )
            for split in shown
        ]
    caption = f"All verified, recommended, all cheap; {100 * found.settings.level:.0f} % intervals."
    return Section("Splits", tables=(Table(header, tuple(rows), caption),))


def _next(found: Plan) -> Section:
    costs = {"cheap": found.cost_cheap, "verified": found.cost_verified}
    rows = []
    for name, value in found.marginal.items():
        scale = 100 * 100
        per_cost = scale * value.value / costs[name] if costs[name] else None
        rows.append((name, scale * value.value, scale * value.low, scale * value.high, per_cost))
    header = ("kind", "points per 100 labels", "low", "high", "points per 100 of cost")
    now = found.present
    said = (
        f"Now there are {now.n_cheap:,} cheap and {now.n_verified:,} verified labels; accuracy"
        f" {_shown(now.accuracy)}. What more of each would bring is estimated from the fitted surface."
    )
    return Section("The next label", (said,), tables=(Table(header, tuple(rows)),))


def _frontier(found: Plan) -> Section:
    header = ("cost", "method", "cheap", "verified", "accuracy share", "basis")
    rows = tuple(
        (
            round(one.cost, 6),
            one.method,
            one.n_cheap,
            one.n_verified,
            one.accuracy.value,
            "measured, smoothed" if one.accuracy.measured else "estimated",
        )
        for one in found.frontier
    )
    caption = "No other split is as accurate at the same or a lower cost."
    return Section("Cost against accuracy", tables=(Table(header, rows, caption),))


def _shown(value: Estimate) -> str:
    basis = "measured, smoothed" if value.measured else "estimated"
    return f"{100 * value.value:.1f} % ({100 * value.low:.1f} to {100 * value.high:.1f}, {basis})"


def _estimate(value: Estimate) -> dict[str, Any]:
    return {"value": value.value, "low": value.low, "high": value.high, "measured": value.measured}


def _split(one: Split) -> dict[str, Any]:
    return {
        "method": one.method,
        "cost": one.cost,
        "n_cheap": one.n_cheap,
        "n_verified": one.n_verified,
        "share_cheap": one.share_cheap,
        "accuracy": _estimate(one.accuracy),
        "piloted": one.piloted,
    }
