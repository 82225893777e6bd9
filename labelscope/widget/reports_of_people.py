"""Reports about people and judges: effort and agreement, validation by several raters, quality of sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.widget.report_kinds import Kind, Made, Option, of_classes

if TYPE_CHECKING:
    from labelscope.reports.effort import EffortReport
    from labelscope.types import Array
    from labelscope.widget.report_rows import Find
    from labelscope.widget.shared import Shared

Json = dict[str, Any]

_NO_VOTES = (
    'Nobody has voted yet: switch "Several people vote" on in Options, or use reports.ValidationSession.'
)
_NO_SOURCES = (
    "Needs answers of two or more. Give them in the next cell:"
    " view.give(experts=answers, crowd=answers, judges=answers), each (n, raters)."
)


def _effort(shared: Shared, options: Json) -> Made:
    from labelscope.reports.effort import effort

    session = shared.session
    report = effort(session, idle=options["idle"], page=options["page"], n_looks=options["n_looks"] or None)
    lines: list[Json] = []
    if len(report.curve) > 1:
        gained = [(p.items, p.gained if p.gained is not None else p.gained_if_right) for p in report.curve]
        basis = "estimated" if report.curve[0].gained is not None else "if all are right"
        mark = _where_to_stop(report, int((session.state.given >= 0).sum()))
        lines.append(
            {
                "heading": "Effort curve",
                "title": f"points of accuracy gained, {basis}{'' if mark is None else _stop_words(report)}",
                "x": "rows reviewed",
                "y": "points",
                "points": [[float(x), 100 * float(y)] for x, y in gained],
                "mark": mark,
            }
        )
    return Made(report=report, lines=tuple(lines))


def _where_to_stop(report: EffortReport, n_labelled: int) -> list[float] | None:
    """Where the curve is expected to be highest."""
    stop, last = report.stop, report.curve[-1]
    if stop is None or stop.error is None or stop.n_worth is None or last.gained is None:
        return None
    gained = last.gained + stop.n_mended / max(n_labelled, 1)
    return [float(last.items + stop.n_worth), 100 * gained]


def _stop_words(report: EffortReport) -> str:
    """How sure the mark is."""
    stop = report.stop
    if stop is None or stop.error is None or stop.n_low is None or stop.n_high is None:
        return ""
    low, high = stop.n_reviewed + stop.n_low, stop.n_reviewed + stop.n_high
    return f"; stop after {low:,} to {high:,} rows ({100 * stop.error.level:.0f} %)"


def _effort_options(shared: Shared) -> tuple[Option, ...]:
    spent = "0: as many as were spent"
    return (
        Option(name="idle", label="a break begins after, s", kind="number", value=300.0, low=1, high=86_400),
        Option(name="page", label="rows a page", kind="number", value=60, low=1, high=10_000, step=1),
        Option(name="n_looks", label="looks to spend", kind="number", value=0, high=1e7, step=1, hint=spent),
    )


def _validation(shared: Shared, options: Json) -> Made:
    from labelscope.reports.validation import validation

    report = validation(shared.session, policy=options["policy"], study=options["study"])
    outcomes = _outcomes(shared, options["study"], options["policy"])

    def rows_of(heading: str, column: str, row: dict[str, Any]) -> Find | None:
        name = str(row.get("outcome", "")).replace(" ", "_").replace("-", "_")
        if column not in ("flagged", "not flagged") or name not in outcomes:
            return None
        flagged = np.asarray(shared.session.audit.flagged, dtype=bool)
        rows = outcomes[name]
        return lambda: rows[flagged[rows] == (column == "flagged")]

    return Made(report=report, rows_of=rows_of)


def _outcomes(shared: Shared, study: str, policy: str) -> dict[str, Array]:
    """Rows by outcome of a study."""
    from labelscope.review.ballots import count_votes, outcome_names, outcomes_of, votes_of

    rows, counts = count_votes(votes_of(shared.session, study))
    raters = int(counts.sum(axis=1).max(initial=1))
    names = np.array(outcome_names(outcomes_of(counts, raters_per_item=raters, policy=policy)))
    return {name: rows[names == name] for name in set(names.tolist())}


def studies(shared: Shared) -> list[str]:
    """Return the names of studies whose votes are in the journal, in order of appearance."""
    events = shared.session.state.active_events()
    voted = (event for event in events if event.kind == "voted")
    return list(dict.fromkeys(str(event.data.get("study")) for event in voted if "verdict" not in event.data))


def _validation_options(shared: Shared) -> tuple[Option, ...]:
    known = tuple((name, name) for name in studies(shared)) or (("validation", "validation"),)
    policies = (("majority", "majority"), ("unanimous", "all agree"))
    return (
        Option(name="study", label="study", kind="choice", value=known[0][0], choices=known),
        Option(name="policy", label="votes count by", kind="choice", value="majority", choices=policies),
    )


def _sources(shared: Shared) -> dict[str, Any]:
    """Answers that were given, else those that the audit holds."""
    given = shared.given.sources()
    if given:
        return given
    evidence, found = shared.session.audit.evidence, {}
    for source, name in (("crowd", "annotator_labels"), ("judges", "judgements")):
        held = evidence.get(name)
        if held is not None and np.ndim(held) == 2:
            found[source] = _named(shared, np.asarray(held))
    return found


def _named(shared: Shared, answers: Array) -> Array:
    """Codes of answers as labels, None where there is none; other answers stay."""
    if answers.dtype.kind not in "iu":
        return answers
    values = np.empty(len(shared.session.audit.classes) + 1, dtype=object)
    values[:-1] = list(shared.session.audit.classes)
    found: Array = values[np.where(answers < 0, len(values) - 1, np.minimum(answers, len(values) - 1))]
    return found


def _quality(shared: Shared, options: Json) -> Made:
    from labelscope.reports.annotation_quality import annotation_quality

    report = annotation_quality(
        **_sources(shared), truth=shared.given.get("truth"), costs=shared.given.get("costs")
    )
    return Made(report=report)


KINDS = (
    Kind(
        name="effort",
        title="Effort",
        about="reviewers, agreement, time, when to stop, one or two looks",
        make=_effort,
        missing=lambda shared: "" if len(shared.session.state.events) else "Nobody has decided anything yet.",
        options=_effort_options,
    ),
    Kind(
        name="validation",
        title="Validation",
        about="what several people voted on flagged rows",
        make=_validation,
        missing=lambda shared: "" if studies(shared) else _NO_VOTES,
        options=_validation_options,
        offered=of_classes,
    ),
    Kind(
        name="annotation_quality",
        title="Annotation quality",
        about="experts, crowd and judges: agreement, quality, cost",
        make=_quality,
        missing=lambda shared: "" if _sources(shared) else _NO_SOURCES,
    ),
)
