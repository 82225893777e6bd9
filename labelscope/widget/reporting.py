"""Answers about reports: which there are, what they say, which rows are behind their numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelscope.errors import InvalidInputError
from labelscope.reports.report import Section
from labelscope.widget.background import DONE, FAILED, Job, Jobs
from labelscope.widget.messages import plain_number
from labelscope.widget.report_kinds import Kind, Made, Option, kinds
from labelscope.widget.report_rows import Rows, report_json

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.types import IntArray
    from labelscope.widget.bulk import BulkPlan
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

Answer = tuple["Json", list[bytes]]

#: Seconds that a page waits for a report that is made at once.
_AT_ONCE = 0.2


@dataclass(frozen=True)
class Shown:
    """A report that was made, with what a page needs of it."""

    made: Made
    rows: Rows
    json: Json


class Reporting:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._shown: dict[str, Shown] = {}
        self._asked: dict[str, tuple[str, int, int, int]] = {}
        self.jobs = Jobs(self._told)

    # -- requests ---------------------------------------------------------------------------------------

    def reports(self) -> Answer:
        """Return which reports there are, and what each still needs."""
        listed = []
        for kind in self._offered().values():
            missing = kind.missing(self._shared)
            listed.append(
                {
                    "name": kind.name,
                    "title": kind.title,
                    "about": kind.about,
                    "ready": not missing,
                    "missing": missing,
                }
            )
        return {"reports": listed}, []

    def report(self, report: str, options: Json) -> Answer:
        """Start a report, and return it where it is made at once; else a message says when it is there."""
        name, kind = report, self._kind(report)
        missing = kind.missing(self._shared)
        known = () if missing else kind.options(self._shared)
        if missing:
            raise InvalidInputError(f"{kind.title} cannot be made yet.", missing)
        chosen = _chosen(kind, known, options)
        shared = self._shared
        since = len(shared.session.events), shared.seq, shared.given.version
        asked = (json.dumps(chosen, sort_keys=True), *since)
        job = self.jobs.of(name)
        again = job is None or job.state not in (DONE, "running") or self._asked.get(name) != asked
        if job is None or again:
            self._asked[name] = asked
            job = self.jobs.start(name, lambda: self._kept(self._make(kind, known, chosen), name))
        job.finished.wait(_AT_ONCE)
        return self._state(job), []

    def report_state(self, report: str, job: str) -> Answer:
        """Return how far a report is, and the report itself once it is there."""
        found = self.jobs.of(report)
        if found is None or found.id != job:
            raise InvalidInputError("There is no such report any more.", "Open it again.")
        return self._state(found), []

    def report_cancel(self, job: str) -> Answer:
        """Give a report up."""
        return {"canceled": self.jobs.cancel(job)}, []

    def report_rows(self, report: str, key: str) -> Answer:
        """Return the rows behind a number."""
        rows = self._last(report).rows.of(key)
        return {"rows": len(rows)}, [rows.astype("<u4").tobytes()]

    def report_file(self, report: str) -> Answer:
        """Return a report as a page of its own."""
        made = self._last(report).made
        page = (made.to_html or made.report.to_html)()
        data = page.encode("utf-8", "backslashreplace")
        stem = "".join(
            c if c.isalnum() else "-" for c in f"{self._shared.session.audit.dataset.name}-{report}"
        )
        return {"filename": f"{stem}.html", "mime": "text/html"}, [data]

    def bulk(self, plan: str) -> Answer:
        """Return what a change of many rows would do, and its rows."""
        session = self._shared.session
        found = self._plan(plan).left(session)
        return found.to_json(session), [found.rows.astype("<u4").tobytes()]

    # -- commands ---------------------------------------------------------------------------------------

    def accept_bulk(self, plan: str, rows: IntArray) -> tuple[Event, ...]:
        """Make a change of many rows, as far as they were not left out."""
        session = self._shared.session
        return self._plan(plan).left(session).apply(session, rows)

    def ask_teacher(self) -> tuple[Event, ...]:
        """Call the teacher that was given about the rows of the last plan."""
        from labelscope.review.teaching import ask

        teacher, plan = self._shared.given.get("teacher"), self.plans().get("teacher")
        if teacher is None or plan is None:
            raise InvalidInputError(
                "There is no teacher to ask, or no plan what about.",
                "Write view.give(teacher=function), and open “Ask a teacher” again.",
            )
        return ask(self._shared.session, plan, teacher)

    # -- what reports leave behind ------------------------------------------------------------------------

    def plans(self) -> dict[str, Any]:
        """Changes of many rows and plans that reports made, by name."""
        return {name: plan for shown in self._shown.values() for name, plan in shown.made.plans.items()}

    def policies(self) -> dict[str, Any]:
        """Queues that reports made, by name."""
        return {n: policy for shown in self._shown.values() for n, policy in shown.made.policies.items()}

    def _plan(self, name: str) -> BulkPlan:
        from labelscope.widget.bulk import BulkPlan

        found = self.plans().get(name)
        if not isinstance(found, BulkPlan):
            raise InvalidInputError(f"There is no plan {name!r:.40}.", "Open its report again.")
        return found

    def _offered(self) -> dict[str, Kind]:
        return {kind.name: kind for kind in kinds() if kind.offered(self._shared)}

    def _kind(self, name: str) -> Kind:
        offered = self._offered()
        if name not in offered:
            raise InvalidInputError.unknown("report", name, offered)
        return offered[name]

    def _last(self, name: str) -> Shown:
        if name not in self._shown:
            raise InvalidInputError(f"There is no report {name!r:.40} yet.", "Open it first.")
        return self._shown[name]

    def _make(self, kind: Kind, known: tuple[Option, ...], options: Json) -> Shown:
        made = kind.make(self._shared, options)
        rows = Rows()
        shown = report_json(self._shared.session, made.report, rows, made.rows_of, made.find)
        for line in made.lines:
            points = [[plain_number(x), plain_number(y)] for x, y in line["points"]]
            sections = [s for s in shown["sections"] if s["heading"] == line["heading"]]
            if sections:
                sections[0]["line"] = {**line, "points": points}
        for plot in made.plots:
            for section in shown["sections"]:
                if section["heading"] == plot["heading"]:
                    section["plot"] = plot
        shown["options"] = [option.to_json(options[option.name]) for option in known]
        shown["actions"] = list(made.actions)
        return Shown(made, rows, shown)

    def _state(self, job: Job) -> Json:
        if job.state == FAILED and job.problem is not None:
            raise job.problem
        state = job.to_json()
        if job.state == DONE:
            shown: Shown = job.result
            state["report"] = _with_notices(shown.json, job.notices)
        return state

    def _told(self, job: Job) -> None:
        self._shared.tell_report(job.to_json())

    def _kept(self, shown: Shown, name: str) -> Shown:
        """Keep a report before anybody hears that it is done: its numbers may be asked about at once."""
        self._shown[name] = shown
        if shown.made.columns:
            self._shared.derived.add(shown.made.columns)
            self._shared.tell_columns()
        return shown


def _chosen(kind: Kind, known: tuple[Option, ...], given: Json) -> Json:
    """Options as they were set, the others as they are by default."""
    names = {option.name for option in known}
    for name in given:
        if name not in names:
            raise InvalidInputError.unknown(f"option of {kind.title}", name, names)
    return {option.name: option.read(given.get(option.name, option.value)) for option in known}


def _with_notices(shown: Json, notices: list[Any]) -> Json:
    if not notices:
        return shown
    said = Section("Notices", tuple(str(notice) for notice in notices))
    more = {"heading": said.heading, "paragraphs": list(said.paragraphs), "figures": [], "tables": []}
    return {**shown, "sections": [*shown["sections"], more]}
