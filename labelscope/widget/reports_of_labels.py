"""Reports about labels: health, regimes, gate, groups, mistakes, benchmarks, gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.reports.report import Report, Section, Table
from labelscope.widget.mistake_voting import MODELS
from labelscope.widget.report_kinds import Kind, Made, Option, evidence_missing, of_classes, optional
from labelscope.widget.reports_of_candidates import CANDIDATES
from labelscope.widget.reports_of_contents import NUTRITION
from labelscope.widget.reports_of_gates import GATE
from labelscope.widget.reports_of_mistakes import MISTAKES

if TYPE_CHECKING:
    from labelscope.types import Score
    from labelscope.widget.report_rows import Find
    from labelscope.widget.shared import Shared

Json = dict[str, Any]

_GAIN = ("labelscope.reports.gain", "gain")


def score_of(shared: Shared, name: str) -> Score | None:
    """Return a score of the audit; None where there is none."""
    return shared.session.audit.scores.get(name)


def _health(shared: Shared, options: Json) -> Made:
    from labelscope.reports.health import health

    return Made(report=health(shared.session))


def _value(shared: Shared, options: Json) -> Made:
    from labelscope.reports.value_of_labels import value_of_labels

    report = value_of_labels(shared.session)
    columns = {f":regime {name}": one.suspicion for name, one in report.regimes.items()}
    given = shared.session.state.given
    chosen = options["regime"] if options["regime"] in report.regimes else report.recommended

    def rows_of(heading: str, column: str, row: dict[str, Any]) -> Find | None:
        regime = report.regimes.get(str(row.get("regime")))
        if regime is not None and column in ("flag rate", "tail false alarm rate"):
            return lambda: regime.flagged & (report.tail if column.startswith("tail") else given >= 0)
        return (lambda: report.pool) if column == "unlabelled rows" else None

    changed = report.changes("plain", chosen)
    said = Section(
        "What the regime changes",
        (f"Rows that are flagged with “plain” or with “{chosen}”, and not with both.",),
        (("changed", f"{len(changed):,}"),),
    )
    report_ = Report(report.title, (report.sections[0], said, *report.sections[1:]))
    actions = [{"do": "color", "name": f":regime {chosen}", "label": f"Color the map by “{chosen}”"}]
    if (given < 0).any():
        suggested = report.regimes[chosen].suggested
        columns[":pseudo-label"] = np.asarray(suggested, dtype=object).copy()
        columns[":pseudo-label"][given >= 0] = None
        actions.append(
            {"do": "color", "name": ":pseudo-label", "label": "Color unlabelled rows by their pseudo-label"}
        )
    return Made(
        report=report_,
        actions=tuple(actions),
        rows_of=lambda h, c, r: (lambda: changed) if c == "changed" else rows_of(h, c, r),
        columns=columns,
    )


def _regimes(shared: Shared) -> tuple[Option, ...]:
    from labelscope.reports.value_of_labels import REGIMES

    choices = (("", "the recommended one"), *((name, name) for name in REGIMES))
    return (Option(name="regime", label="regime", kind="choice", value="", choices=choices),)


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, float | np.floating) else value


def _groups(shared: Shared, options: Json) -> Made:
    score = score_of(shared, "local_global")
    assert score is not None  # not offered otherwise
    groups = score.meta.get("groups", [])
    names = list(groups[0]) if groups else []
    header = tuple(name.replace("_", " ") for name in names)
    rows = tuple(tuple(_plain(one[name]) for name in names) for one in groups)
    agree = np.asarray(score.details["agree"], dtype=bool)
    basis = score.meta.get("accuracy_on", "given")
    said = (
        "Each group has an expert of its own and shares a global one; the surer of the two answers. Accuracy"
        f" is out of fold, against the {basis} labels."
    )
    figures = (("experts disagree", f"{int((~agree).sum()):,}"),)
    sections = (Section("Groups", (said,), figures, (Table(header, rows),) if rows else ()),)

    def rows_of(heading: str, column: str, row: dict[str, Any]) -> Find | None:
        if column == "experts disagree":
            return lambda: ~agree
        known = shared.session.audit.evidence
        kind = "site" if "sites" in known else "group"
        members, called = known.get(f"{kind}s"), [str(name) for name in known.get(f"{kind}_names", ())]
        if column == "rows" and members is not None and "group" in row:
            wanted = str(row["group"])
            code = called.index(wanted) if wanted in called else -1
            return lambda: np.asarray(np.asarray(members) == code)
        return None

    action = {"do": "color", "name": ":expert", "label": "Color the map by expert"}
    return Made(report=Report("Groups", sections), actions=(action,), rows_of=rows_of)


def _stability(shared: Shared, options: Json) -> Made:
    from labelscope.reports.benchmark_stability import benchmark_stability

    report = benchmark_stability(
        shared.given.get("models"),
        shared.session,
        policy=options["policy"],
        n_bootstrap=options["n_bootstrap"],
    )
    return Made(report=report)


def _stability_options(shared: Shared) -> tuple[Option, ...]:
    policies = (("majority", "majority"), ("unanimous", "all agree"))
    return (
        Option(name="policy", label="votes count by", kind="choice", value="majority", choices=policies),
        Option(
            name="n_bootstrap", label="draws for the intervals", kind="number", value=500, high=10_000, step=1
        ),
    )


def _gain(shared: Shared, options: Json) -> Made:
    make = optional(*_GAIN)
    assert make is not None  # not offered otherwise
    return Made(report=make(shared.session))


def _changed(shared: Shared) -> str:
    state = shared.session.state
    return "" if (state.state != 0).any() else "Nothing was decided yet, so there is nothing to compare."


KINDS = (
    Kind(name="health", title="Label health", about="counts, classes, confusions, suspects", make=_health),
    NUTRITION,
    Kind(
        name="value_of_labels",
        title="Value of labels",
        about="training regimes under imbalance, and what the unlabelled rows bring",
        make=_value,
        missing=lambda shared: evidence_missing(shared, "features"),
        options=_regimes,
        offered=of_classes,
    ),
    GATE,
    CANDIDATES,
    Kind(
        name="groups",
        title="Groups",
        about="local experts against the global one",
        make=_groups,
        offered=lambda shared: score_of(shared, "local_global") is not None,
    ),
    MISTAKES,
    Kind(
        name="benchmark_stability",
        title="Benchmark stability",
        about="does the leaderboard still stand on the corrected labels?",
        make=_stability,
        missing=lambda shared: "" if shared.given.get("models") is not None else f"Needs models. {MODELS}",
        options=_stability_options,
        offered=of_classes,
    ),
    Kind(
        name="gain",
        title="Gain",
        about="what the cleaned labels are worth, on rows verified blind",
        make=_gain,
        missing=_changed,
        offered=lambda shared: of_classes(shared) and optional(*_GAIN) is not None,
    ),
)
