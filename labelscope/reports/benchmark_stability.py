"""Does the leaderboard still stand? Models ranked by the labels given, and by the corrected ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from labelscope.data.arguments import check_seed
from labelscope.errors import InvalidInputError, notify
from labelscope.reports.flaggers import flaggers_of
from labelscope.reports.ranking import Answers, accuracy_at, crossings, kendall_tau, ranks_of
from labelscope.reports.report import Report
from labelscope.reports.right_labels import right_labels
from labelscope.reports.stability_text import sections_of
from labelscope.review.corrected import CorrectedLabels
from labelscope.review.predictions import read_models
from labelscope.review.session import Session
from labelscope.review.validating import ValidationSession
from labelscope.types import Array, BoolArray, Estimate, FloatArray


@dataclass(frozen=True)
class Standing:
    """Where one model stands.

    Attributes
    ----------
    benign : float
        Accuracy on rows whose given label is right.
    correctable_original, correctable_corrected : float
        Accuracy on rows whose given label is wrong, by that label and by the corrected one; NaN without any.
    original, corrected : float
        Accuracy on both together.
    rank_original, rank_corrected : int
        1 is the best; equal models share the better rank.
    rank_correctable_original, rank_correctable_corrected : int or None
        Ranks on rows with a wrong label alone.
    rank_change : Estimate
        Places won by the correction, negative for places lost, with a paired bootstrap interval.
    """

    benign: float
    correctable_original: float
    correctable_corrected: float
    original: float
    corrected: float
    rank_original: int
    rank_corrected: int
    rank_correctable_original: int | None
    rank_correctable_corrected: int | None
    rank_change: Estimate


@dataclass(frozen=True)
class Crossing:
    """The share of wrong labels from which on a model is better than another.

    Attributes
    ----------
    below, above : str
        The better model below and above ``at``.
    at, low, high : float
        Where they cross, with a bootstrap interval over the draws in which they do.
    share : float
        Draws in which they cross.
    passed : bool
        Whether the share of wrong labels found is above.
    """

    below: str
    above: str
    at: float
    low: float
    high: float
    share: float
    passed: bool


@dataclass(frozen=True, repr=False)
class BenchmarkStability(Report):
    """The report, with its numbers.

    Attributes
    ----------
    models : dict of str to Standing
    crossings : tuple of Crossing
    facts : dict
        ``n_benign``, ``n_correctable``, ``n_unknown``, ``prevalence``; ``kendall`` (Estimate or None) between
        the rankings by given and corrected labels, ``kendall_correctable`` on rows with a wrong label alone;
        ``changed``, models whose rank change is beyond chance; ``identical``, whether all models predict the
        same; ``flaggers``, models that had or seem to have had a part in flagging; ``basis``.
    curve : dict of str to array
        ``prevalence`` (g,), ``original`` and ``corrected`` (m, g).
    benign, correctable, unknown : (n,) bool
    """

    models: dict[str, Standing] = field(default_factory=dict)
    crossings: tuple[Crossing, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    curve: dict[str, FloatArray] = field(default_factory=dict)
    benign: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    correctable: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    unknown: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))


def benchmark_stability(
    models: Mapping[str, Any],
    source: Session | ValidationSession | CorrectedLabels | Any = None,
    *,
    given_labels: Any = None,
    flagger: str | Sequence[str] | None = None,
    policy: str | None = None,
    study: str = "validation",
    n_bootstrap: int = 1000,
    level: float = 0.95,
    random_state: int = 0,
) -> BenchmarkStability:
    """Rank models by the labels given and by the corrected ones.

    Parameters
    ----------
    models : mapping of str to (n,) labels or (n, K) probabilities
        Predictions by the name of the model.
    source : Session, ValidationSession, CorrectedLabels or (n,) labels
        What is right: votes and decisions, or corrected labels with None or NaN where the right label is
        unknown.
    given_labels : (n,) labels, optional
        With corrected labels as an array.
    flagger : str or sequence of str, optional
        Models whose predictions had a part in flagging rows. Others that agree with the suggestions
        suspiciously often are named as well.
    policy : {"majority", "unanimous"}, optional
        How votes are counted; by default as the study says, else by majority.
    study : str
        Name of the study whose votes count.
    n_bootstrap : int
        Draws for the intervals; 0 for none.
    level : float
    random_state : int

    Returns
    -------
    BenchmarkStability

    Raises
    ------
    InvalidInputError
        Predictions or labels that do not fit the rows, no row whose given label is right, or an unknown
        flagger.
    InvalidTypeError
        Models are no mapping, or the source is of another kind.

    Notes
    -----
    Rows whose right label is unknown are left out. Rows that are neither flagged nor reviewed count as right,
    so that the share of wrong labels found is a lower bound. Northcutt, Athalye, Mueller: Pervasive label
    errors in test sets destabilize machine learning benchmarks, NeurIPS 2021.

    Examples
    --------
    >>> given, right = [0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 1, None]
    >>> report = benchmark_stability(
    ...     {"stiff": [0, 0, 1, 1, 0, 1], "flexible": [0, 0, 0, 1, 1, 1]}, right, given_labels=given
    ... )
    >>> report.facts["n_correctable"], report.models["flexible"].rank_original
    (1, 1)
    >>> [(one.below, one.above, round(one.at, 2)) for one in report.crossings]
    [('flexible', 'stiff', 0.2)]
    """
    _check_settings(n_bootstrap, level, random_state)
    truth = right_labels(source, given_labels, policy, study)
    names, codes = read_models(models, len(truth.given), truth.classes, truth.names)
    known = (truth.given >= 0) & (truth.corrected >= 0)
    correctable = known & (truth.given != truth.corrected)
    benign = known & ~correctable
    if not benign.any():
        raise InvalidInputError(
            "No row has a given label that is known to be right, so there is nothing to compare models on.",
            "Pass a corrected label for each row that is right, too; None only where it is unknown.",
        )
    right = (codes[:, known] == truth.given[known], codes[:, known] == truth.corrected[known])
    answers = Answers(*right, correctable[known])
    flaggers = flaggers_of(names, codes, truth, flagger)
    facts = {
        "n_benign": int(benign.sum()),
        "n_correctable": int(correctable.sum()),
        "n_unknown": int(((truth.given >= 0) & ~known).sum()),
        "prevalence": answers.prevalence,
        "identical": len(names) > 1 and bool((codes == codes[0]).all()),
        "flaggers": flaggers,
        "level": level,
        "n_bootstrap": n_bootstrap,
    }
    draws = [np.concatenate(part) for part in zip(*answers.resampled(n_bootstrap, random_state), strict=True)]
    standings = _standings(names, answers, draws, level)
    facts |= _kendall(answers, draws, level)
    facts["changed"] = tuple(n for n, one in standings.items() if _beyond(one.rank_change))
    crossed = _crossings(names, answers, draws, level)
    _warn(facts)
    report = BenchmarkStability(
        "Does the leaderboard still stand?",
        (),
        standings,
        crossed,
        facts,
        _curve(answers),
        benign,
        correctable,
        np.asarray((truth.given >= 0) & ~known),
    )
    return replace(report, sections=sections_of(report))


def _check_settings(n_bootstrap: Any, level: Any, random_state: Any) -> None:
    check_seed(random_state)
    if isinstance(n_bootstrap, bool) or not isinstance(n_bootstrap, int | np.integer) or n_bootstrap < 0:
        raise InvalidInputError(f"n_bootstrap is {n_bootstrap!r}.", "Give a number of draws, such as 1000.")
    if isinstance(level, bool) or not isinstance(level, float) or not 0 < level < 1:
        raise InvalidInputError(f"level is {level!r}.", "Give a share between 0 and 1, such as 0.95.")


def _standings(
    names: Sequence[str], answers: Answers, draws: list[FloatArray], level: float
) -> dict[str, Standing]:
    b, o, c = answers.figures()
    original, corrected = (answers.given.mean(axis=1), answers.corrected.mean(axis=1))
    ranks = [ranks_of(values) for values in (original, corrected)]
    alone = [ranks_of(values) for values in (o, c)] if answers.prevalence else []
    moved: Array = ranks_of(draws[0]) - ranks_of(draws[1]) if draws else np.zeros((0, len(names)))
    found = {}
    for m, name in enumerate(names):
        change = float(ranks[0][m] - ranks[1][m])
        low, high = _range(moved[:, m], level) if len(moved) else (change, change)
        found[name] = Standing(
            benign=float(b[m]),
            correctable_original=float(o[m]),
            correctable_corrected=float(c[m]),
            original=float(original[m]),
            corrected=float(corrected[m]),
            rank_original=int(ranks[0][m]),
            rank_corrected=int(ranks[1][m]),
            rank_correctable_original=int(alone[0][m]) if alone else None,
            rank_correctable_corrected=int(alone[1][m]) if alone else None,
            rank_change=Estimate(change, low, high, level, measured=True),
        )
    return found


def _kendall(answers: Answers, draws: list[FloatArray], level: float) -> dict[str, Any]:
    _, o, c = answers.figures()
    sides = {
        "kendall": (answers.given.mean(axis=1), answers.corrected.mean(axis=1), *draws[:2]),
        "kendall_correctable": (o, c, *draws[3:]),
    }
    found: dict[str, Any] = {}
    for key, (first, second, *drawn) in sides.items():
        value = float("nan") if np.isnan([first, second]).any() else float(kendall_tau(first, second))
        taus = kendall_tau(*drawn) if drawn else np.zeros(0)
        taus = taus[~np.isnan(taus)]
        low, high = _range(taus, level) if len(taus) else (value, value)
        found[key] = None if np.isnan(value) else Estimate(value, low, high, level, measured=True)
    return found


def _crossings(
    names: Sequence[str], answers: Answers, draws: list[FloatArray], level: float
) -> tuple[Crossing, ...]:
    b, _, c = answers.figures()
    found = []
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            lines = np.array([[b[one], c[one]], [b[other], c[other]]])
            at = float(crossings(lines[:1], lines[1:])[0])
            if np.isnan(at):
                continue
            low, high, share = at, at, 1.0
            if draws:
                sides = [np.stack([draws[2][:, m], draws[4][:, m]], axis=1) for m in (one, other)]
                drawn = crossings(*sides)
                crossed = drawn[~np.isnan(drawn)]
                share = len(crossed) / len(drawn)
                low, high = _range(crossed, level) if len(crossed) else (at, at)
            below, above = (one, other) if b[one] > b[other] else (other, one)
            passed = answers.prevalence > at
            found.append(Crossing(names[below], names[above], at, low, high, share, passed))
    return tuple(sorted(found, key=lambda crossing: crossing.at))


def _curve(answers: Answers) -> dict[str, FloatArray]:
    b, o, c = answers.figures()
    grid = np.linspace(0, 1, 101) if answers.prevalence else np.zeros(1)
    o, c = (np.nan_to_num(values) for values in (o, c))
    return {"prevalence": grid, "original": accuracy_at(grid, b, o), "corrected": accuracy_at(grid, b, c)}


def _warn(facts: dict[str, Any]) -> None:
    if facts["flaggers"]:
        why = "; ".join(f"{name!r} {reason}" for name, reason in facts["flaggers"].items())
        notify(
            "flagger_is_ranked",
            f"A ranked model had or may have had a part in choosing the rows that were reviewed: {why}.",
            "Errors that it cannot see were never looked at, which favors it. Flag with another model, or"
            " review a sample of the unflagged rows.",
        )


def _range(values: Array, level: float) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _beyond(change: Estimate) -> bool:
    return change.low > 0 or change.high < 0
