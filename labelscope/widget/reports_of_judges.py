"""The report on judges: what their confidence is worth, each of them against people, what could be done."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.reports.confidence_bins import ConfidenceBin
from labelscope.reports.judge_quality import judge_quality
from labelscope.reports.judge_reliability import Reliability, bin_rows, reliability
from labelscope.reports.judge_table import judge_flags, people_said
from labelscope.reports.report import Report, Section
from labelscope.review.judges import Judges, judges_missing, judges_of
from labelscope.review.state import UNREVIEWED
from labelscope.scorers.judges import propose
from labelscope.scorers.judges.calibration import FEWEST_REVIEWED
from labelscope.widget.bulk import BulkPlan
from labelscope.widget.report_kinds import Kind, Made, Option

if TYPE_CHECKING:
    from labelscope.types import Array, BoolArray, FloatArray
    from labelscope.widget.report_rows import Find
    from labelscope.widget.shared import Shared

Json = dict[str, Any]

_POLICIES = (("flip", "take over their label"), ("drop", "leave the row out"))
_BINS = "Precision by confidence"


def _judges(shared: Shared, options: Json) -> Made:
    session = shared.session
    judges = judges_of(session)
    assert judges is not None  # missing otherwise
    state, score = session.state, judges.score
    seen, wrong = people_said(state)
    flagged = np.asarray(score.flagged, dtype=bool)
    drop = options["policy"] == "drop"
    # A flip is right where people settled on that very label, leaving out where the given one is wrong.
    hit = wrong if drop else wrong & (judges.verdict == state.current)
    found = reliability(judges.confidence, flagged, hit, verified=seen)
    sure = found.sure if options["calibrated"] else judges.confidence
    plan = _plan(shared, judges, sure, options)
    report = judge_quality(score, session)
    n = f"{len(plan.rows):,}"
    said = (
        _calibration(found, int((flagged & seen).sum())),
        f"Flags of {options['p']:.2f} confidence or more; rows that somebody decided about stay as they are.",
    )
    wrong_text = f"{plan.expected_wrong:.0f}"
    policy = Section("What could be done", said, (("rows", n), ("wrong among them, expected", wrong_text)))
    label = f"Leave {n} rows out…" if drop else f"Take over {n} labels…"
    color = {"do": "color", "name": ":judge disagreement", "label": "Color the map by disagreement"}
    bulk = {"do": "bulk", "name": "judges", "label": label}

    def rows_of(heading: str, column: str, row: dict[str, Any]) -> Find | None:
        if heading == policy.heading and column == "rows":
            return lambda: plan.rows
        if heading == _BINS:
            one = next((b for b in report.bins if f"{b.low:g} to {b.high:g}" == row.get("confidence")), None)
            return None if one is None else _of_bin(one, column, judges, flagged, seen, wrong)
        if heading == "Judges" and row.get("judge") in judges.names:
            return _of_judge(shared, judges, judges.names.index(row["judge"]), column, seen)
        of_all = {
            "flagged": flagged,
            "flags reviewed": flagged & seen,
            "rows without an answer": judges.verdict < 0,
        }
        mask = of_all.get(column) if heading == "Overview" else None
        return None if mask is None or not mask.any() else lambda: mask

    return Made(
        report=Report("Judges", (report.sections[0], policy, *report.sections[1:])),
        plots=({"heading": _BINS, **_plot(found, judges, flagged & seen, drop)},),
        actions=(*((bulk,) if len(plan.rows) else ()), color),
        rows_of=rows_of,
        plans={"judges": plan},
    )


def _plan(shared: Shared, judges: Judges, sure: Array, options: Json) -> BulkPlan:
    """Return what a policy would change, the surest rows first; nobody has decided about any of them."""
    state, drop = shared.session.state, options["policy"] == "drop"
    details = {**judges.score.details, "calibrated_confidence": sure}
    found = propose(
        replace(judges.score, details=details),
        policy=options["policy"],
        min_confidence=options["p"],
        verified=state.state != UNREVIEWED,
    )
    named = judges.verdict[found.rows] >= 0
    rows, certainty = found.rows[named], found.confidence[named]
    codes = (state.given if drop else judges.verdict)[rows].astype(np.int64)
    at = f"judges are {options['p']:.2f} sure or more"
    title = f"Leave rows out where {at} of an error" if drop else f"Labels of which {at}"
    return BulkPlan(title, rows, codes, certainty, "judge", drop)


def _calibration(found: Reliability, n_reviewed: int) -> str:
    if found.calibration is None:
        few = f"{n_reviewed:,} flags are reviewed; from {FEWEST_REVIEWED * 5 // 4 + 1} on it is calibrated."
        return f"Confidence is what judges say of themselves, which is no probability: {few}"
    low, high = found.calibration.shares[0], found.calibration.shares[-1]
    n = found.calibration.n_reviewed
    return (
        f"Calibrated on {n:,} flags that people decided about, confidence goes from {low:.2f} to {high:.2f}."
    )


def _plot(found: Reliability, judges: Judges, reviewed: BoolArray, drop: bool) -> Json:
    """Return the reliability plot: where on the diagonal confidence is what it says."""
    series = [("as judges say", found.raw, judges.confidence), ("calibrated", found.calibrated, found.apart)]
    return {
        "title": "Share of reviewed flags that were right, by confidence; on the line it is as they say",
        "x": "confidence",
        "y": "labels that were wrong" if drop else "labels that were right",
        "series": [
            {"name": name, "points": _points(bins, said, reviewed)} for name, bins, said in series if bins
        ],
    }


def _points(bins: tuple[ConfidenceBin, ...], said: FloatArray, reviewed: BoolArray) -> list[list[float]]:
    """Return the mean confidence of each bin, its precision with both ends, and its reviewed flags."""
    return [
        [
            float(said[bin_rows(one, said, reviewed)].mean()),
            one.precision.value,
            one.precision.low,
            one.precision.high,
            one.n_reviewed,
        ]
        for one in bins
        if one.precision is not None
    ]


def _of_bin(
    one: ConfidenceBin, column: str, judges: Judges, flagged: Array, seen: Array, wrong: Array
) -> Find | None:
    masks = {"flagged": flagged, "reviewed": flagged & seen, "real errors": flagged & wrong}
    found = masks.get(column)
    return None if found is None else lambda: bin_rows(one, judges.confidence, found)


def _of_judge(shared: Shared, judges: Judges, judge: int, column: str, seen: Array) -> Find | None:
    if column == "no answer":
        return lambda: judges.votes[:, judge] < 0
    if column not in ("flags", "flags reviewed"):
        return None
    flags = judge_flags(judges, shared.session.state, judge)
    return lambda: flags & seen if column == "flags reviewed" else flags


def _options(shared: Shared) -> tuple[Option, ...]:
    return (
        Option(name="policy", label="on a flag", kind="choice", value="flip", choices=_POLICIES),
        Option(name="p", label="least confidence", kind="number", value=0.8, low=0.0, high=1.0, step=0.05),
        Option(name="calibrated", label="calibrate on people", kind="toggle", value=True),
    )


KINDS = (
    Kind(
        name="judges",
        title="Judges",
        about="what their confidence is worth, and each of them against people",
        make=_judges,
        missing=lambda shared: judges_missing(shared.session),
        options=_options,
        offered=lambda shared: shared.session.audit.task == "classification",
    ),
)
