"""Advice in the report on effort: when to stop, and one reviewer or two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from labelscope.reports.report import Section, Table
from labelscope.review.break_even import FEWEST_PAIRS, break_even, verdicts_of
from labelscope.review.looks import Looks, names_of
from labelscope.review.reviewers import pairs_of
from labelscope.review.schemes import DOUBLE, FLAGGED, SINGLE, advise, rates_of
from labelscope.review.session import Session
from labelscope.review.stopping import expected_on_page, open_rows, stop_advice
from labelscope.review.uninformative import without
from labelscope.types import Estimate

if TYPE_CHECKING:
    from labelscope.reports.effort import EffortReport

_IN_WORDS = {
    SINGLE: "one look a row",
    FLAGGED: "one look a row, and up to two more where it flags a doubt",
    DOUBLE: "two looks a row, and a third where they differ",
}


def with_advice(
    report: EffortReport, session: Session, looks: Looks, page: int, n_looks: int | None, level: float
) -> EffortReport:
    """Add the stopping rule, and whether one or two people should look.

    Parameters
    ----------
    report : EffortReport
        With everything else.
    session : Session
    looks : Looks
    page : int
        Rows that are looked at together.
    n_looks : int, optional
        Looks to spend, by default as many as were.
    level : float
        Coverage of the intervals.

    Returns
    -------
    EffortReport
    """
    used = without(looks, {*report.not_used.same, *report.not_used.agreeing})
    state, known = session.state, session.audit.has_probability
    given = np.asarray(state.given, dtype=np.int64)
    doubt = np.asarray(session.audit.suspicion, dtype=np.float64)
    between = pairs_of(used)
    pairs = between if between.n_answered else pairs_of(used, same=True)
    found = break_even(verdicts_of(used, pairs, given, doubt), probability=known)
    stop = stop_advice(
        doubt[open_rows(doubt, state)],
        found,
        reviewer_error=report.reviewer_error,
        expected=expected_on_page(doubt, state, probability=known, page=page),
        n_reviewed=report.n_rows,
        page=page,
        level=level,
    )
    rates = rates_of(used, between)
    if rates is None:
        return replace(report, stop=stop)
    labelled = doubt[given >= 0]
    risk = labelled if found is None else found.chance(labelled)
    effort_ = report.n_looks if n_looks is None else n_looks
    return replace(report, stop=stop, advice=advise(risk, rates, effort_))


def percent(found: Estimate | None) -> str:
    """Return a share with its interval."""
    if found is None:
        return "not measured"
    return f"{100 * found.value:.2f} % ({100 * found.low:.2f} to {100 * found.high:.2f} %)"


def stop_section(report: EffortReport) -> Section:
    """Say how many more rows are worth a look, with the interval, or why that is not known."""
    stop = report.stop
    if stop is None:
        return Section("When to stop")
    if not stop.n_left or stop.model_error is None:
        return Section("When to stop", ("Every labelled row has a decision.",))
    expected = f"On the next page {100 * stop.model_error:.2f} % of the labels are wrong, as estimated."
    ignored = _ignored(report)
    if stop.error is None or stop.n_worth is None or stop.n_low is None or stop.n_high is None:
        why = ignored or _unmeasured(report)
        more = "Where looking stops to pay is not known. Plan hidden copies: queues.ReviewPlan(overlap=0.1)."
        return Section("When to stop", (expected, f"{why} {more}"))
    alone = report.error_basis == "one person"
    bound = " One person repeats own mistakes: the error is larger, so stop earlier than this." * alone
    error = (
        f"Reviewers err in {percent(stop.reviewer_error)} of looks, measured on duplicates; with what they"
        f" said of all rows, in {percent(stop.error)}, estimated.{bound}"
    )
    low, high = stop.pages or (0, 0)
    total, level = stop.n_reviewed + stop.n_worth, round(100 * stop.error.level)
    between = f"{stop.n_reviewed + stop.n_low:,} to {stop.n_reviewed + stop.n_high:,} rows"
    if stop.stop:
        advice = "Stop: they would break more than they mend."
    else:
        advice = (
            f"Go on: about {stop.n_worth:,} more rows are worth a look, of {stop.n_left:,} left; they mend"
            f" {stop.n_mended:,.0f} labels more than they break."
        )
    span = f"after {low:,} to {high:,} more pages of {stop.page:,}" if high else "now"
    advice += f" With {level} % the point to stop is {span}."
    if stop.n_more:
        advice += (
            f" To know it within 15 %, have roughly {stop.n_more:,} more rows looked at by a second person."
        )
    figures = (("stop after, estimated", f"{total:,} rows"), (f"{level} % interval", between))
    said = (expected, error, *([ignored] if ignored else []), advice)
    return Section("When to stop", said, figures)


def _ignored(report: EffortReport) -> str:
    """Whose looks the advice does not rest on."""
    said = []
    if report.not_used.same:
        said.append(f"{names_of(report.not_used.same)} gave one and the same answer to every row.")
    if report.not_used.agreeing:
        names = names_of(report.not_used.agreeing)
        said.append(f"{names} agreed with every given label, suspected ones, too.")
    return " ".join([*said, "Advice does not rest on these looks."]) if said else ""


def _unmeasured(report: EffortReport) -> str:
    """Why the reviewers' error is not known."""
    n = report.between.n or report.within.n
    if n:
        few = f"Only {n:,} rows were looked at twice" if n > 1 else "Only one row was looked at twice"
        return f"{few}, and {FEWEST_PAIRS} are needed to measure how people err."
    if len(report.reviewers) == 1:
        return "One person reviewed and saw no row twice, so how often looks are wrong is not measured."
    return "No row was looked at twice, so how often looks are wrong is not measured."


def advice_section(report: EffortReport) -> Section:
    """Compare the schemes at equal effort."""
    advice = report.advice
    if advice is None:
        unknown = "How often people differ is not measured, so there is no advice on one or two reviewers."
        return Section("One reviewer or two", (f"{_ignored(report)} {unknown}".strip(),))
    assumed = [name.replace("_", " ") for name, known in advice.rates.measured.items() if not known]
    said = [
        f"With {advice.effort:,} looks the best is {advice.best}: {_IN_WORDS[advice.best]}; estimated from"
        f" {advice.rates.n_pairs:,} pairs of looks."
    ]
    if advice.close:
        said.append("The second best is close.")
    if assumed:
        said.append(f"Assumed and not measured: {', '.join(assumed)}.")
    header = ("scheme", "looks a row", "wrong afterwards (share)", "rows", "accuracy (share), estimated")
    rows = tuple((one.name, one.looks_per_row, one.error, one.n_rows, one.accuracy) for one in advice.schemes)
    return Section("One reviewer or two", tuple(said), tables=(Table(header, rows),))
