"""The report on the gate as a view shows it: where it is and why, its rounds, and its corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.reports.report import Report, Section, Table
from labelscope.widget.bulk import LOSS_GATE, corrections
from labelscope.widget.report_kinds import Kind, Made, Option, of_classes

if TYPE_CHECKING:
    from labelscope.review.session import Session
    from labelscope.types import BoolArray, IntArray
    from labelscope.widget.report_rows import Find
    from labelscope.widget.shared import Shared

Json = dict[str, Any]


def _gate(shared: Shared, options: Json) -> Made:
    from labelscope.review.gates import gate_of

    session = shared.session
    now = gate_of(session)
    sections = [
        Section(
            "Now",
            ("Double-click the gate in the histogram, or press Backspace on it, to put it back.",),
            (
                ("gate", f"{now.at:.3f}"),
                ("above it, not reviewed", f"{now.n_above:,}"),
                ("of these right, estimated", f"{now.expected_right:.0f}"),
            ),
        )
    ]
    at_round, states = options.get("round"), _states(shared)
    above, crossed = _at(states, at_round or states.shape[1])
    if at_round is not None:
        text = "Rows above the gate of this round, and rows that changed sides with it."
        figures = (("above the gate", f"{int(above.sum()):,}"), ("crossed", f"{int(crossed.sum()):,}"))
        sections.append(Section(f"Round {at_round}", (text,), figures))
    plan = corrections(session, options["p"], at_round)
    changes = Section(
        "Corrections",
        (f"Labels that are taken over where their probability is {options['p']:.2f} or more.",),
        (("rows", f"{len(plan.rows):,}"), ("wrong among them, expected", f"{plan.expected_wrong:.0f}")),
    )
    sections += [changes, *_history(session)]
    actions: list[Json] = []
    if len(plan.rows):
        label = f"Accept {len(plan.rows):,} corrections…"
        actions.append({"do": "bulk", "name": "corrections", "label": label})
    if at_round is not None:
        label = f"Color the map by the states of round {at_round}"
        actions.append({"do": "color", "name": f":gate state, round {at_round}", "label": label})

    def rows_of(heading: str, column: str, row: Json) -> Find | None:
        if heading == "Corrections" and column == "rows":
            return lambda: plan.rows
        if heading.startswith("Round"):
            return lambda: above if column == "above the gate" else crossed
        over = np.asarray(session.suspicion) >= now.at
        return (lambda: over & (session.state.state == 0)) if column.startswith("above") else None

    return Made(
        report=Report("Gate", tuple(sections)),
        actions=tuple(actions),
        rows_of=rows_of,
        plans={"corrections": plan},
    )


def _history(session: Session) -> list[Section]:
    from labelscope.review.gates import gate_history

    found = gate_history(session)
    fitted = [one for one in found if one["kind"] == "fitted"]
    moved = [one for one in found if one["kind"] != "fitted"]
    sections = []
    if fitted:
        names = [n for n, v in fitted[0].items() if n != "kind" and isinstance(v, int | float | str | bool)]
        # Counted from 1, as the columns of the rounds are.
        fitted = [{**one, "round": one["round"] + 1} for one in fitted]
        rows = tuple(tuple(_plain(one.get(name)) for name in names) for one in fitted)
        said = "One row a round and view: the two distributions of the loss, and where they part."
        sections.append(Section("Fitted", (said,), tables=(Table(tuple(names), rows),)))
    if moved:
        rows = tuple((one["kind"], one["before"], one["at"], one["reviewer"], one["when"]) for one in moved)
        table = Table(("what", "from", "to", "reviewer", "when"), rows)
        sections.append(Section("Moved", tables=(table,)))
    return sections


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, float | np.floating) else value


def _states(shared: Shared) -> IntArray:
    """States of the labelled rows by round, 0 for rows below the gate; no rounds without a loss gate."""
    session = shared.session
    score = session.audit.scores.get(LOSS_GATE)
    if score is None or "state_by_round" not in score.details:
        return np.zeros((session.audit.n, 0), dtype=np.int64)
    states = np.asarray(score.details["state_by_round"], dtype=np.int64)
    return np.where((session.state.given >= 0)[:, None], states, 0)


def _at(states: IntArray, number: int) -> tuple[BoolArray, BoolArray]:
    """Rows above the gate of a round, from 1, and those that were on its other side in the round before."""
    none = np.zeros((len(states), 1), dtype=bool)
    over = np.hstack([none, states != 0])
    now, before = over[:, number], over[:, max(number - 1, 0)]
    return now, (now != before if number > 1 else none[:, 0])


def _options(shared: Shared) -> tuple[Option, ...]:
    cut = Option(name="p", label="accept corrections above", kind="number", value=0.9, high=1.0, step=0.01)
    rounds = _states(shared).shape[1]
    if rounds < 2:
        return (cut,)
    return (cut, Option(name="round", label="round", kind="range", value=rounds, low=1, high=rounds, step=1))


GATE = Kind(
    name="gate",
    title="Gate",
    about="where it is, why, and corrections above a certainty",
    make=_gate,
    options=_options,
    offered=of_classes,
)
