"""Plans: pages for reviewers, a labeling budget, what to ask a teacher, and labels that spread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.reports.report import Report, Section, Table
from labelscope.widget.bulk import BulkPlan
from labelscope.widget.report_kinds import Kind, Made, Option, evidence_missing, of_classes

if TYPE_CHECKING:
    from labelscope.types import Estimate
    from labelscope.widget.report_rows import Find
    from labelscope.widget.shared import Shared

Json = dict[str, Any]


def _share(found: Estimate | None) -> str:
    if found is None:
        return "not measured"
    return f"{100 * found.value:.1f} % ({100 * found.low:.1f} to {100 * found.high:.1f})"


def _plan(shared: Shared, options: Json) -> Made:
    from labelscope.review.queues.review_plan import ReviewPlan

    reviewers = [name.strip() for name in str(options["reviewers"]).split(",") if name.strip()]
    policy = ReviewPlan(
        budget=options["budget"] / 100 or None,
        group_by=options["group_by"] or None,
        page=options["page"],
        overlap=options["overlap"] / 100 if len(reviewers) > 1 else 0.0,
        tail_quota=options["tail_quota"] / 100,
        reviewers=reviewers or 1,
    )
    plan = policy.plan(shared.session.evidence())
    said = (
        f"{len(plan.rows):,} rows on {len(plan.pages):,} pages, and {plan.n_copies:,} hidden copies;"
        f" {plan.n_tail:,} rows are there by the quota of small classes alone.",
        f"They hold {_share(plan.caught)} of all wrong labels, and lift the share of right ones from"
        f" {100 * plan.accuracy_before:.1f} to {100 * plan.accuracy_after:.1f} %; estimated from suspicion.",
    )
    names = list(shared.session.audit.dataset.labels.names)
    pages, found = [], {}
    for place, page in enumerate(plan.pages):
        group = names[page.label] if 0 <= page.label < len(names) else "mixed"
        pages.append((place + 1, page.reviewer, group, len(page.rows)))
        found[place + 1] = page.rows
    table = Table(("page", "reviewer", "class", "rows"), tuple(pages[:200]))
    sections = (
        Section("Plan", said, (("rows", f"{len(plan.rows):,}"), ("looks", f"{plan.n_looks:,}"))),
        Section("Pages", tables=(table,)),
    )

    def rows_of(heading: str, column: str, row: dict[str, Any]) -> Find | None:
        if heading == "Pages" and column == "rows":
            return lambda: found[row["page"]]
        return (lambda: plan.rows) if heading == "Plan" and column == "rows" else None

    line = {
        "heading": "Plan",
        "title": "share of wrong labels caught, estimated",
        "x": "rows reviewed",
        "y": "%",
        "points": [[float(n), 100 * caught] for n, caught, _ in plan.curve],
        "mark": [float(len(plan.rows)), 100 * plan.caught.value],
    }
    return Made(
        report=Report("Review plan", sections),
        lines=(line,),
        actions=({"do": "queue", "name": "review_plan", "label": "Take these pages; g opens them"},),
        rows_of=rows_of,
        plans={"review_plan": plan},
    )


def _plan_options(shared: Shared) -> tuple[Option, ...]:
    groups = (("predicted", "predicted class"), ("given", "given class"), ("", "suspicion alone"))
    who = str(shared.session.reviewer or "reviewer 1")
    flagged = "0: the flagged rows"
    return (
        Option(name="budget", label="rows, %", kind="number", value=0.0, high=99.0, step=0.1, hint=flagged),
        Option(name="group_by", label="pages by", kind="choice", value="predicted", choices=groups),
        Option(name="page", label="rows a page", kind="number", value=60, low=1, high=1000, step=1),
        Option(name="reviewers", label="reviewers", kind="text", value=who, hint="names, with commas"),
        Option(name="overlap", label="copies for a second person, %", kind="number", value=10.0, high=100.0),
        Option(name="tail_quota", label="for small classes, %", kind="number", value=0.0, high=100.0),
    )


def _budget(shared: Shared, options: Json) -> Made:
    from labelscope.reports.plan_budget import plan_budget
    from labelscope.review.budget import BUDGETS

    budget = float(options["budget"])
    budgets = tuple(sorted({*(float(b) for b in BUDGETS), budget}))
    report = plan_budget(
        shared.session,
        prior_probs=shared.given.get("prior_probs"),
        cost_cheap=options["cost_cheap"],
        cost_verified=options["cost_verified"],
        budgets=budgets,
    )
    queue, n = report.queue(budget)
    advice = report.at(budget)
    said = (
        f"For {budget:g}: {advice.best.n_cheap:,} cheap and {advice.best.n_verified:,} verified labels"
        f" ({advice.regime}). {report.to_json()['present']['n_verified']:,} are verified already, so that"
        f" {n:,} more are to be.",
    )
    points = sorted((one.cost, 100 * one.accuracy.value) for one in report.frontier)
    line = {
        "heading": "For this budget",
        "title": "accuracy of the best split",
        "x": "cost",
        "y": "%",
        "points": [[float(x), float(y)] for x, y in points],
        "mark": [float(advice.best.cost), 100 * advice.best.accuracy.value],
    }
    label = f"Turn the advice into a queue of {n:,}"
    action = {"do": "queue", "name": f"elicitation:{n}", "label": label}
    return Made(
        report=Report(report.title, (Section("For this budget", said), *report.sections)),
        lines=(line,) if len(points) > 1 else (),
        actions=(action,) if n else (),
        policies={f"elicitation:{n}": queue},
    )


def _budget_options(shared: Shared) -> tuple[Option, ...]:
    return (
        Option(name="cost_cheap", label="cost of a cheap label", kind="number", value=0.1, high=1e6),
        Option(name="cost_verified", label="cost of a verified label", kind="number", value=1.0, high=1e6),
        Option(name="budget", label="budget", kind="number", value=100.0, low=1e-6, high=1e9),
    )


def _teacher(shared: Shared, options: Json) -> Made:
    from labelscope.review.queues.robust_distillation import RobustDistillation
    from labelscope.review.teaching import plan_teaching

    error = options["error"] / 100
    policy = RobustDistillation(teacher_error=error or None)
    n = int(options["m"])
    plan = plan_teaching(shared.session, n, policy=policy)
    found = plan.to_json()
    worst = found["worst_case"]
    rows = tuple((name, float(value)) for name, value in worst.items())
    header = ("draw", "right answers if the worst are wrong")
    figures = (
        ("rows to ask about", f"{len(plan.rows):,}"),
        ("answers reckoned with as wrong", f"{found['m']:,}"),
        ("rows with a chance", f"{found['support']:,}"),
    )
    computed = "Computed from the model's probabilities; not measured."
    sections = (
        Section("Ask a teacher", plan.advice, figures),
        Section("Worst case", (), tables=(Table(header, rows, computed),) if rows else ()),
    )
    curve = [[float(k), float(v)] for k, v in found["curve"]]
    best = max(curve, key=lambda point: point[1]) if curve else None
    line = {
        "heading": "Ask a teacher",
        "title": "value of spreading over so many rows",
        "x": "rows",
        "y": "value",
        "points": curve,
        "mark": best,
    }
    actions = [
        {"do": "queue", "name": f"robust_distillation:{n}", "label": "Show these rows as the queue"},
    ]
    if shared.given.get("teacher") is not None and len(plan.rows):
        actions.append(
            {"do": "ask_teacher", "name": "teacher", "label": f"Ask about {len(plan.rows):,} rows"}
        )

    def rows_of(heading: str, column: str, row: dict[str, Any]) -> Find | None:
        known = {"rows to ask about": plan.rows, "rows with a chance": np.array(found["support_rows"])}
        return (lambda: known[column]) if column in known else None

    return Made(
        report=Report("Ask a teacher", sections),
        lines=(line,) if len(curve) > 1 else (),
        actions=tuple(actions),
        rows_of=rows_of,
        policies={f"robust_distillation:{n}": policy},
        plans={"teacher": plan},
    )


def _teacher_options(shared: Shared) -> tuple[Option, ...]:
    most = max(1, int(shared.session.audit.n))
    hint = "0: as measured on rows with both a verified label and an answer"
    return (
        Option(
            name="m", label="answers to ask for", kind="number", value=min(50, most), low=1, high=most, step=1
        ),
        Option(name="error", label="wrong answers, %", kind="number", value=0.0, high=100.0, hint=hint),
    )


def _spread(shared: Shared, options: Json) -> Made:
    from labelscope.review.current_evidence import current_evidence
    from labelscope.review.queues.spread import Spread

    policy = Spread(n_rounds=options["n_rounds"])
    ranking = policy.order(current_evidence(shared.session))
    rounds, labels = np.asarray(ranking.meta["rounds"]), np.asarray(ranking.meta["labels"], dtype=np.int64)
    up_to = int(options["round"])
    taken = rounds <= up_to
    rows = np.asarray(ranking.rows)[taken]
    order = np.argsort(rows)
    certainty = np.clip(np.asarray(ranking.weights)[taken][order], 0, 1)
    plan = BulkPlan(f"Labels up to round {up_to}", rows[order], labels[taken][order], certainty, "propagated")
    table, said = [], []
    for one in ranking.meta.get("errors", []):
        name = "all" if one["round"] == 0 else one["round"]
        checked = _share(one["pseudo_labeling"]), _share(one["invasion"])
        table.append((name, one["n_absorbed"], one["n_checked"], *checked))
    if "why" in ranking.meta:
        said.append(str(ranking.meta["why"]))
    else:
        said.append(
            f"About {100 * ranking.meta['foreign_share']:.0f} % of the unlabelled rows seem to belong to no"
            " labelled class, estimated. Errors are measured on rows that people decided about since."
        )
    header = ("round", "rows", "checked", "another class's label", "belongs to no class")
    figures = (("unlabelled rows", f"{ranking.meta['n_left']:,}"), ("up to this round", f"{len(rows):,}"))
    tables = (Table(header, tuple(table)),) if table else ()
    sections = (Section("Rounds", tuple(said), figures, tables),)
    when = np.asarray(ranking.meta["round"], dtype=np.float64)
    proposed = np.full(shared.session.audit.n, None, dtype=object)
    names = [str(value) for value in shared.session.state.classes]
    for row, code in zip(ranking.rows.tolist(), labels.tolist(), strict=True):
        proposed[row] = names[code]

    def rows_of(heading: str, column: str, row: dict[str, Any]) -> Find | None:
        if column == "up to this round":
            return lambda: rows
        if column == "rows" and "round" in row:
            every = np.asarray(ranking.rows)
            return lambda: every if row["round"] == "all" else every[rounds == row["round"]]
        return None

    actions = [
        {"do": "queue", "name": "spread", "label": "Look at them one by one"},
        {"do": "color", "name": ":round", "label": "Color the map by round"},
        {"do": "color", "name": ":pseudo-label", "label": "Color unlabelled rows by their pseudo-label"},
    ]
    if len(rows):
        label = f"Accept {len(rows):,} up to round {up_to}…"
        actions.insert(0, {"do": "bulk", "name": "spread", "label": label})
    return Made(
        report=Report("Spread labels", sections),
        actions=tuple(actions) if len(ranking.rows) else (),
        rows_of=rows_of,
        policies={"spread": policy},
        columns={":round": np.where(when > 0, when, np.nan), ":pseudo-label": proposed},
        plans={"spread": plan},
    )


def _spread_options(shared: Shared) -> tuple[Option, ...]:
    return (
        Option(name="round", label="accept up to round", kind="range", value=1, low=1, high=6, step=1),
        Option(
            name="n_rounds", label="rounds after the first", kind="number", value=5, low=1, high=20, step=1
        ),
    )


def _unlabelled(shared: Shared) -> str:
    missing = evidence_missing(shared, "features")
    if missing:
        return missing
    return "" if (shared.session.state.current < 0).any() else "All rows have a label already."


KINDS = (
    Kind(
        name="review_plan",
        title="Review plan",
        about="pages by class for one or several people",
        make=_plan,
        options=_plan_options,
        offered=of_classes,
    ),
    Kind(
        name="plan_budget",
        title="Budget",
        about="cheap labels or verified ones",
        make=_budget,
        missing=lambda shared: evidence_missing(shared, "features"),
        options=_budget_options,
        offered=of_classes,
    ),
    Kind(
        name="teacher",
        title="Ask a teacher",
        about="which rows to ask a costly, fallible teacher about",
        make=_teacher,
        missing=lambda shared: evidence_missing(shared, "pred_probs"),
        options=_teacher_options,
        offered=of_classes,
    ),
    Kind(
        name="spread",
        title="Spread labels",
        about="labels for unlabelled rows, round by round",
        make=_spread,
        missing=_unlabelled,
        options=_spread_options,
        offered=lambda shared: of_classes(shared) and bool((shared.session.state.given < 0).any()),
    ),
)
