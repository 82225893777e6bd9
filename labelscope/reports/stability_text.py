"""The stability of a benchmark in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelscope.reports.report import Section, Table
from labelscope.types import Estimate

if TYPE_CHECKING:
    from labelscope.reports.benchmark_stability import BenchmarkStability

_MOST_PAIRS = 30
_AT = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)


def sections_of(report: BenchmarkStability) -> tuple[Section, ...]:
    """Return the sections of a report on the stability of a benchmark.

    Parameters
    ----------
    report : BenchmarkStability

    Returns
    -------
    tuple of Section
    """
    parts = (_overview(report), _models(report), _crossings(report), _curve(report))
    return tuple(part for part in parts if part.paragraphs or part.figures or part.tables)


def _overview(report: BenchmarkStability) -> Section:
    facts = report.facts
    figures = (
        ("right labels", f"{facts['n_benign']:,}"),
        ("wrong labels, corrected", f"{facts['n_correctable']:,}"),
        ("unknown, left out", f"{facts['n_unknown']:,}"),
        ("wrong labels found", f"{100 * facts['prevalence']:.2f} %"),
    )
    said = [_verdict(report)]
    if facts["n_correctable"]:
        said += [
            f"{words}: Kendall's tau {_tau(facts[key])}."
            for key, words in (
                ("kendall", "Rankings by given and by corrected labels"),
                ("kendall_correctable", "The same on rows with a wrong label alone"),
            )
        ]
        said.append(
            "Rows that were neither flagged nor reviewed count as right, so that more labels may be wrong"
            " than were found."
        )
    for name, reason in facts["flaggers"].items():
        said.append(
            f"Warning: {name} {reason}. Rows that it cannot see to be wrong were never looked at, which"
            " favors it."
        )
    return Section("Overview", tuple(said), figures)


def _verdict(report: BenchmarkStability) -> str:
    facts, names = report.facts, list(report.models)
    if facts["identical"]:
        return f"All {len(names)} models make the same predictions, so that there is nothing to rank."
    if len(names) == 1:
        return "There is one model only, so that there is nothing to rank."
    if not facts["n_correctable"]:
        return "No label was corrected, so that both rankings are the same and nothing can be said of others."
    if facts["changed"]:
        return f"The leaderboard does not stand: beyond chance, {', '.join(facts['changed'])} changed place."
    moved = [name for name, one in report.models.items() if one.rank_change.value]
    if moved:
        return f"{', '.join(moved)} changed place, but by no more than chance would."
    return "The leaderboard stands: no model changed place."


def _tau(found: Estimate | None) -> str:
    if found is None:
        return "is not defined, since one of them has no order"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _models(report: BenchmarkStability) -> Section:
    rows = []
    for name, one in sorted(report.models.items(), key=lambda item: item[1].rank_original):
        change = one.rank_change
        rows.append(
            (
                f"{name} (flagger)" if name in report.facts["flaggers"] else name,
                one.benign,
                _known(one.correctable_original),
                _known(one.correctable_corrected),
                one.original,
                one.corrected,
                one.rank_original,
                one.rank_corrected,
                f"{change.value:+.0f} ({change.low:+.0f} to {change.high:+.0f})",
                one.rank_correctable_original,
                one.rank_correctable_corrected,
            )
        )
    header = (
        "model",
        "rate right on right labels",
        "on wrong labels: rate as given",
        "rate as corrected",
        "original rate",
        "corrected rate",
        "original rank",
        "corrected rank",
        "places won",
        "rank on wrong labels, as given",
        "as corrected",
    )
    caption = (
        "Measured on rows whose right label is known; rows that nobody looked at count as right."
        f" Places won with a {100 * report.facts['level']:.0f} % interval from"
        f" {report.facts['n_bootstrap']:,} draws of the rows, the same for all models."
    )
    return Section("Models", tables=(Table(header, tuple(rows), caption),))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _crossings(report: BenchmarkStability) -> Section:
    if report.facts["identical"] or not report.facts["n_correctable"] or len(report.models) < 2:
        return Section("Crossovers")
    if not report.crossings:
        return Section("Crossovers", ("No two models cross, whatever the share of wrong labels.",))
    here = report.facts["prevalence"]
    near = sorted(report.crossings, key=lambda one: abs(one.at - here))[:_MOST_PAIRS]
    rows = tuple(
        (one.below, one.above, one.at, one.low, one.high, one.share, one.passed)
        for one in sorted(near, key=lambda one: one.at)
    )
    header = (
        "better below",
        "better above",
        "crossover rate",
        "low rate",
        "high rate",
        "drawn share",
        "passed",
    )
    more = len(report.crossings) - len(near)
    caption = (
        "Rate of wrong labels from which on the second model is better, estimated from the accuracies; share"
        " of draws in which it is."
        + (f" The {len(near)} nearest to the share found; {more:,} more." if more else "")
    )
    return Section("Crossovers", tables=(Table(header, rows, caption),))


def _curve(report: BenchmarkStability) -> Section:
    if not report.facts["n_correctable"]:
        return Section("Accuracy against noise prevalence")
    grid = report.curve["prevalence"]
    places = [int(np.abs(grid - at).argmin()) for at in _AT]
    header = ("model", *(f"rate at {100 * at:.0f} %" for at in _AT))
    rows = tuple(
        (name, *(float(report.curve["corrected"][m, place]) for place in places))
        for m, name in enumerate(report.models)
    )
    caption = "Accuracy by corrected labels where so many of the labels given are wrong, estimated."
    return Section("Accuracy against noise prevalence", tables=(Table(header, rows, caption),))
