"""The report on mistakes as a view shows it: the rows behind its numbers, and what can be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.severity import CATEGORIES, CORRECT, SEVERITIES, UNCLEAR
from labelscope.widget.mistake_voting import MODELS
from labelscope.widget.report_kinds import Kind, Made, Option, of_classes

if TYPE_CHECKING:
    from labelscope.review.findings import Findings
    from labelscope.types import BoolArray
    from labelscope.widget.report_rows import Find
    from labelscope.widget.shared import Shared

Json = dict[str, Any]


def _mistakes(shared: Shared, options: Json) -> Made:
    from labelscope.reports.mistakes import mistake_report

    review, name = shared.mistaken.review, options["slice"].strip() or "major"
    found = review.findings()
    report = mistake_report(
        found, review.agreement(), min_models=options.get("min_models") or None, name=name
    )
    actions: list[Json] = [{"do": "queue", "name": "mistakes", "label": "Review the mistakes"}]
    n = int(found.disputed.sum())
    if n:
        actions.append({"do": "queue", "name": "mistakes:discuss", "label": f"Discuss {n:,} of them"})
    chosen = report.regression_set
    if chosen is not None and chosen.rows:
        label = f"Save {len(chosen.rows):,} rows as the regression set “{name}”"
        actions.append({"do": "slice", "name": name, "label": label, "min_models": chosen.min_models})
    rows = () if chosen is None else chosen.rows
    remaining = found.remaining()

    def rows_of(heading: str, column: str, row: Json) -> Find | None:
        if heading == "Regression set":
            return (lambda: np.array(rows, dtype=np.int64)) if column == "rows" else None
        places = _places(found, remaining, heading, column, row)
        if places is None or not places.any():
            return None
        return lambda: np.unique(found.mistakes.rows[places])

    return Made(report=report, actions=tuple(actions), rows_of=rows_of)


def _places(found: Findings, remaining: BoolArray, heading: str, column: str, row: Json) -> BoolArray | None:
    """The mistakes that a number counts; None where it counts none."""
    made = found.mistakes
    if heading == "Overview":
        known = {
            "mistakes, each once": np.ones(len(made), dtype=bool),
            "rows": np.ones(len(made), dtype=bool),
            "still to judge": ~found.stands,
            "to discuss": found.disputed,
            "no mistakes": np.isin(found.verdict, (CORRECT, UNCLEAR)),
        }
        return known.get(column)
    if heading == "Models":
        mine = made.made[:, made.names.index(row["model"])]
        if column == "listed":
            return mine
        return mine & remaining if column == "judged wrong" else _of_severity(found, column, mine & remaining)
    if heading == "Kinds of mistakes":
        kinds = {name.replace("_", " "): code for code, name in enumerate(CATEGORIES)}
        alike = remaining & (found.category == kinds.get(row["kind"], -1))
        return alike if column == "mistakes" else _of_severity(found, column, alike)
    if heading == "Confused most" and column == "mistakes":
        code_of = {str(value): code for code, value in enumerate(found.sets.classes)}
        label, predicted = code_of[row["label"]], code_of[row["predicted"]]
        pair = (found.sets.original[made.rows] == label) & (made.predictions == predicted)
        return np.asarray(remaining & pair)
    return None


def _of_severity(found: Findings, column: str, among: BoolArray) -> BoolArray | None:
    if column == "not said":
        return among & (found.severity < 0)
    return among & (found.severity == SEVERITIES.index(column)) if column in SEVERITIES else None


def _options(shared: Shared) -> tuple[Option, ...]:
    m = len(shared.mistaken.review.models)
    hint = "of the regression set of major mistakes"
    name = Option(name="slice", label="name of the regression set", kind="text", value="major")
    if m < 2:
        return (name,)
    least = Option(
        name="min_models",
        label="models that fail on a row",
        kind="number",
        value=m,
        low=1,
        high=m,
        step=1,
        hint=hint,
    )
    return (least, name)


def _missing(shared: Shared) -> str:
    given = shared.given.get("mistakes") is not None or shared.mistaken.models() is not None
    return "" if given else f"Needs predictions. {MODELS}"


MISTAKES = Kind(
    name="mistakes",
    title="Mistakes",
    about="predictions outside the label sets, by kind and severity",
    make=_mistakes,
    missing=_missing,
    options=_options,
    offered=of_classes,
)
