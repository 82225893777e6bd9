"""The report on candidate sets as a view shows it: their sizes, how often they hold, confused pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.reports.report import Report, Section, Table
from labelscope.review.state import EXCLUDED
from labelscope.scorers.confident.candidate_sets import candidate_sets, coverage
from labelscope.widget.report_kinds import Kind, Made, Option, evidence_missing, of_classes

if TYPE_CHECKING:
    from labelscope.review.session import Session
    from labelscope.types import BoolArray
    from labelscope.widget.report_rows import Find
    from labelscope.widget.shared import Shared

Json = dict[str, Any]
_PAIRS = 12
_LEVEL = 0.95


def _candidates(shared: Shared, options: Json) -> Made:
    session, tau = shared.session, float(options["tau"])
    sets = candidate_sets(np.asarray(session.audit.evidence["pred_probs"]), tau)
    inside, k = sets.candidates, sets.candidates.shape[1]
    size, given = inside.sum(axis=1), session.state.given
    known = (given >= 0) & (given < k)
    outside = known & (sets.weight > 0) & ~inside[np.arange(len(given)), np.where(known, given, 0)]
    found: dict[str, BoolArray] = {
        "sure of one class": sets.certain,
        "one of two": np.asarray(size == 2),
        "given label not among them": np.asarray(outside),
    }
    figures = [("classes left, mean", f"{size.mean() if len(size) else 0:.2f} of {k}")]
    figures += [(name, f"{int(rows.sum()):,}") for name, rows in found.items()]
    said = (
        "The likeliest class and the fewest others without which it would be certain. What is not among them,"
        " a row surely is not; which of them it is, the model does not know."
    )
    checked, pairs = _checked(session, inside), _pairs(session, inside)
    header = ("a", "or", "rows")
    confused = tuple((first, second, int(rows.sum())) for (first, second), rows in pairs.items())
    sections = (
        Section("Candidate sets", (said,), tuple(figures)),
        checked,
        Section("Between two classes", tables=(Table(header, confused),) if confused else ()),
    )

    def rows_of(heading: str, column: str, row: Json) -> Find | None:
        if heading == "Candidate sets" and column in found:
            return lambda: found[column]
        if column == "rows" and "or" in row:
            return lambda: pairs[row["a"], row["or"]]
        return None

    action = {"do": "queue", "name": f"two_way_confusion:{tau:g}", "label": "Review them pair by pair"}
    return Made(
        report=Report("Candidates", sections),
        actions=(action,) if confused else (),
        rows_of=rows_of,
    )


def _checked(session: Session, inside: BoolArray) -> Section:
    """How often the label that a person found is among the candidates."""
    from labelscope.review.current_evidence import verified_rows

    current = np.asarray(session.state.current)
    people = verified_rows(session.state) & (session.state.state != EXCLUDED)
    people &= (current >= 0) & (current < inside.shape[1])
    by_chance = np.zeros(len(people), dtype=bool)
    by_chance[sorted(session.ledger.sampler.drawn_rows)] = True
    lines = []
    for name, rows in (("drawn by chance", people & by_chance), ("all that people decided about", people)):
        if rows.any():
            one = coverage(inside, current, rows, level=_LEVEL)
            between = f"{100 * one.low:.1f} to {100 * one.high:.1f} %"
            lines.append((name, int(rows.sum()), f"{100 * one.value:.1f} %", between))
    if not lines:
        return Section("Are they right?", ("Not measured: nobody has decided about a row yet.",))
    said = (
        "How often the label that a person found is among them. Only rows drawn by chance speak for all;"
        " suspicious rows make the sets look worse than they are."
    )
    return Section(
        "Are they right?", (said,), tables=(Table(("rows", "checked", "right", "95 %"), tuple(lines)),)
    )


def _pairs(session: Session, inside: BoolArray) -> dict[tuple[str, str], BoolArray]:
    """Rows by the two classes that they are between, the most frequent pairs first."""
    names = [str(name) for name in session.audit.dataset.labels.names]
    names += [str(value) for value in session.state.classes[len(names) :]]
    two = np.flatnonzero(inside.sum(axis=1) == 2)
    ends = np.nonzero(inside[two])[1].reshape(-1, 2)
    kinds, counts = np.unique(ends, axis=0, return_counts=True)
    found = {}
    for at in np.argsort(-counts, kind="stable")[:_PAIRS]:
        rows = np.zeros(len(inside), dtype=bool)
        rows[two[(ends == kinds[at]).all(axis=1)]] = True
        found[names[kinds[at][0]], names[kinds[at][1]]] = rows
    return found


def _options(shared: Shared) -> tuple[Option, ...]:
    hint = "the surer it must be, the more classes are left"
    return (
        Option(
            name="tau", label="sure at", kind="range", value=0.95, low=0.55, high=0.99, step=0.01, hint=hint
        ),
    )


def _missing(shared: Shared) -> str:
    missing = evidence_missing(shared, "pred_probs")
    few = len(shared.session.state.classes) < 3
    return missing or ("Needs three classes or more: of two none can be ruled out." if few else "")


CANDIDATES = Kind(
    name="candidates",
    title="Candidates",
    about="which classes a row surely is not, and pairs that are confused",
    make=_candidates,
    missing=_missing,
    options=_options,
    offered=of_classes,
)
