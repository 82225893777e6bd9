"""The words and tables of the report on effort; each number says whether it is measured or estimated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labelscope.reports.effort_advice import advice_section, percent, stop_section
from labelscope.reports.report import Section, Table

if TYPE_CHECKING:
    from labelscope.reports.effort import EffortReport

_MOST_CLASSES = 50
_CURVE_ROWS = 12


def sections_of(report: EffortReport, names: Sequence[str]) -> tuple[Section, ...]:
    """Return the sections of a report on effort.

    Parameters
    ----------
    report : EffortReport
    names : sequence of str
        Of the classes.

    Returns
    -------
    tuple of Section
    """
    if not report.n_looks:
        said = "Nobody has looked at a row yet, so nothing is measured."
        return (Section("Outcomes", (said,)),)
    found = [
        _outcomes(report),
        _agreement(report),
        _reviewers(report),
        _time(report, names),
        _classes(report, names),
        _curve(report),
        stop_section(report),
        advice_section(report),
        _left_out(report),
    ]
    return tuple(one for one in found if one.paragraphs or one.figures or one.tables)


def _outcomes(report: EffortReport) -> Section:
    rows = tuple(
        (name, count, share.value, 100 * share.low, 100 * share.high)
        for name, (count, share) in report.outcomes.items()
        if count
    )
    header = ("outcome", "looks", "share", "low, %", "high, %")
    said = f"{report.n_looks:,} looks at {report.n_rows:,} rows. Shares are measured, of looks."
    return Section("Outcomes", (said,), tables=(Table(header, rows),))


def _agreement(report: EffortReport) -> Section:
    said, between, within = [], report.between, report.within
    if between.n:
        said.append(
            f"Two people looked at {between.n:,} rows: {percent(between.agree)} agree,"
            f" {percent(between.differ)} differ and {percent(between.uncertain)} hold a doubt; measured."
            + (
                f" {between.n_both:,} pairs, doubts with a guess, are under two headings."
                * (between.n_both > 0)
            )
        )
        said.append(
            f"Of those that agree, {percent(between.agree_on_given)} confirm the given label; of those that"
            f" differ, one does in {percent(between.differ_with_given)}."
        )
        if report.agreement is not None:
            said += [f"{report.agreement.alpha}; {report.agreement.kappa}. Measured."]
    else:
        said.append("No row was looked at by two people, so agreement is not measured.")
    if within.n:
        said.append(
            f"{within.n:,} rows came back to the same person: {percent(within.agree)} the same answer."
        )
    if report.reviewer_error is not None:
        bound = " A lower bound: one person repeats own mistakes." * (report.error_basis == "one person")
        said.append(
            f"Looks that end with a wrong label: {percent(report.reviewer_error)}, measured on hidden"
            f" duplicates of {report.error_basis}, if mistakes are independent.{bound}"
        )
    return Section("Agreement", tuple(said))


def _reviewers(report: EffortReport) -> Section:
    header = (
        "reviewer",
        "looks",
        "corrected (share)",
        "unsure (share)",
        "seconds per item",
        "same answer again (share)",
        "agrees with others (share)",
    )
    rows = tuple(
        (
            one.reviewer,
            one.n_looks,
            one.corrected,
            one.unsure,
            one.seconds_per_item,
            None if one.consistency is None else one.consistency.value,
            None if one.with_others is None else one.with_others.value,
        )
        for one in report.reviewers
    )
    return Section("Reviewers", ("Measured.",), tables=(Table(header, rows),))


def _time(report: EffortReport, names: Sequence[str]) -> Section:
    spent = report.time
    if spent is None or spent.seconds_per_item is None or spent.median is None:
        return Section("Time", ("No page has a usable time, so time is not measured.",))
    rate = spent.seconds_per_item
    basis = f"{spent.n_pages:,} pages" if spent.basis == "pages" else "the times between decisions"
    figures = (
        ("seconds per item", f"{rate.value:.2f}"),
        ("median", f"{spent.median:.2f}"),
        ("hours", f"{spent.hours:.1f}"),
    )
    breaks = f" {spent.n_breaks:,} pages took longer than a break begins and are left out." * (
        spent.n_breaks > 0
    )
    said = f"Measured on {basis}: {rate.low:.2f} to {rate.high:.2f} seconds per item.{breaks}"
    rows = tuple(
        (names[one.code], one.n_items, one.seconds_per_item, one.outlying)
        for one in report.by_class[:_MOST_CLASSES]
    )
    header = ("class of the page", "items", "seconds per item", "more than 3 deviations above")
    return Section("Time", (said,), figures, (Table(header, rows, "Slowest first."),) if rows else ())


def _classes(report: EffortReport, names: Sequence[str]) -> Section:
    rows = tuple(
        (names[one.code], one.size, one.n_looked, one.corrected, one.rate.value, one.expected_rate)
        for one in report.classes[:_MOST_CLASSES]
    )
    header = (
        "class",
        "rows",
        "looked at",
        "called wrong",
        "rate among these, measured",
        "rate in the class, estimated",
    )
    said = (
        "Rows were chosen by suspicion: the measured rate is not the class's. The estimated one adds what the"
        " suspicion expects of rows that nobody looked at."
    )
    caption = "Largest classes first."
    return Section("Class size and errors", (said,), tables=(Table(header, rows, caption),) if rows else ())


def _curve(report: EffortReport) -> Section:
    points = report.curve
    if not points:
        return Section("Effort curve")
    step = max(1, len(points) // _CURVE_ROWS)
    shown = [*points[step - 1 :: step]]
    if shown[-1] is not points[-1]:
        shown.append(points[-1])
    rows = tuple(
        (
            one.items,
            one.hours,
            one.corrected,
            100 * one.gained_if_right,
            None if one.gained is None else 100 * one.gained,
            None if one.per_hour is None else 100 * one.per_hour,
        )
        for one in shown
    )
    header = (
        "rows, by suspicion",
        "hours, estimated",
        "called wrong, measured",
        "points of accuracy if all are right",
        "points of accuracy, estimated",
        "points per hour, estimated",
    )
    said = "Hours are rows times the measured seconds per item."
    if report.reviewer_error is None:
        said += " The reviewers' own error is not measured, so gains are what they are if it is none."
    return Section("Effort curve", (said,), tables=(Table(header, rows),))


def _left_out(report: EffortReport) -> Section:
    words = {
        "taken_over": "rows were taken over in one step and are no looks",
        "revised": "answers were revised by the same person; the last one counts",
        "settled": "answers settled a difference; what was said before counts",
        "duplicates": "events were there twice",
        "untimed": "pages have no usable time",
        "empty": "pages hold no decision",
        "skewed": "pages took longer than it was since the page before",
        "tags": "events changed tags; they count as looks, but are not compared",
    }
    rows = tuple(
        (words[reason], count) for reason, count in report.left_out.items() if count and reason in words
    )
    return Section(
        "Not counted, or counted otherwise", tables=(Table(("what", "number"), rows),) if rows else ()
    )
