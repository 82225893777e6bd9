"""Mistakes of models in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.reports.report import Section, Table
from labelscope.review.severity import CATEGORIES, SEVERITIES
from labelscope.scorers.proportions import exact_interval
from labelscope.types import Estimate

if TYPE_CHECKING:
    from labelscope.reports.mistakes import MistakeReport


def sections_of(report: MistakeReport) -> tuple[Section, ...]:
    """Return the sections of a report on mistakes.

    Parameters
    ----------
    report : MistakeReport

    Returns
    -------
    tuple of Section
    """
    parts = (_overview(report.facts), _models(report.models), _kinds(report), _pairs(report), _slice(report))
    return tuple(part for part in parts if part.paragraphs or part.figures or part.tables)


def _overview(facts: dict[str, Any]) -> Section:
    verdicts = facts["verdicts"]
    figures = [
        ("mistakes, each once", f"{facts['n_mistakes']:,}"),
        ("rows", f"{facts['n_rows']:,}"),
        ("still to judge", f"{verdicts['open']:,}"),
    ]
    if facts["n_disputed"]:
        figures.append(("to discuss", f"{facts['n_disputed']:,}"))
    said = [
        f"The models make {facts['n_sum']:,} mistakes; judged once for all, {facts['n_mistakes']:,} looks do."
        f" {facts['n_shared_rows']:,} rows are wrong in every model, {facts['n_same']:,} by the same class."
    ]
    share: Estimate | None = facts["non_mistakes"]
    if share is None:
        said.append("Nobody judged them yet, so that nothing is known of how many are mistakes.")
    else:
        figures.append(("no mistakes", f"{100 * share.value:.1f} %"))
        said.append(
            f"Of those judged, {100 * share.value:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f} %)"
            " are right or unclear, and no mistakes; measured by what people said."
        )
    before, after = facts["set_size"]
    if not np.isnan(before):
        said.append(f"Right labels a row: {before:.3f} before the review, {after:.3f} after it.")
    if facts["n_disputed"]:
        said.append(f"People differ on {facts['n_disputed']:,} of them; these wait for a discussion.")
    for name, found in facts["agreement"].items():
        if found is not None:
            said.append(f"Agreement on the {name} before discussion: {found}.")
    said.append("Rows whose wrong label every model predicts are never listed: look at unflagged rows, too.")
    return Section("Overview", tuple(said), tuple(figures))


def _models(models: dict[str, dict[str, Any]]) -> Section:
    rows = tuple(
        (
            name,
            one["apparent"],
            one["remaining"],
            *(one["severities"][word] for word in SEVERITIES),
            _known(one["accuracy_before"]),
            _known(one["accuracy_after"]),
        )
        for name, one in models.items()
    )
    header = ("model", "listed", "judged wrong", *SEVERITIES, "right rate before", "right rate after")
    caption = (
        "Measured against the label sets. Rates are averaged over classes; every right or unclear label"
        " counts, problematic rows do not."
    )
    return Section("Models", tables=(Table(header, rows, caption),))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _kinds(report: MistakeReport) -> Section:
    counts, n = report.kinds, report.kinds["n"]
    rows = []
    for kind in (*CATEGORIES, ""):
        size = counts["categories"][kind]
        if size:
            low, high = exact_interval(size, n, counts["level"])
            parts = [counts["table"][kind, word] for word in (*SEVERITIES, "")]
            rows.append((kind.replace("_", " ") or "not said", size, size / n, low, high, *parts))
    header = ("kind", "mistakes", "share", "low share", "high share", *SEVERITIES, "not said")
    caption = f"Measured: each row and prediction once, all models; {100 * counts['level']:.0f} % intervals."
    return Section("Kinds of mistakes", tables=(Table(header, tuple(rows), caption),) if rows else ())


def _pairs(report: MistakeReport) -> Section:
    rows = tuple((str(label), str(said), n) for label, said, n in report.pairs)
    header, caption = (
        ("label", "predicted", "mistakes"),
        "Pairs that come often may be one class.",
    )
    return Section("Confused most", tables=(Table(header, rows, caption),) if rows else ())


def _slice(report: MistakeReport) -> Section:
    chosen = report.regression_set
    if chosen is None or not chosen.rows:
        return Section("Regression set")
    rows = tuple(
        (f"{name} (builder)", one["slice"]["n_right"], one["slice"]["accuracy"])
        for name, one in report.models.items()
    )
    said = (
        f"{len(chosen.rows):,} rows are major mistakes of {chosen.min_models} of the {len(chosen.builders)}"
        " builders. These fail on them by construction; evaluate other models with evaluate_slice."
    )
    figures = (("rows", f"{len(chosen.rows):,}"),)
    return Section("Regression set", (said,), figures, (Table(("model", "right", "right rate"), rows),))
