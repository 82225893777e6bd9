"""Reports in a page: which there are, how they are made without blocking, and rows behind their numbers."""

import threading
import time

import numpy as np
import pytest
from report_pages import report, rows_of, view_of

import labelscope as ls
from labelscope.errors import InvalidInputError
from labelscope.reports.value_of_labels import value_of_labels
from labelscope.widget.background import Jobs
from labelscope.widget.report_kinds import Kind, Made, Option
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def table_of(shown, heading):
    return next(s["tables"][0] for s in shown["sections"] if s["heading"] == heading)


def line_of(shown, heading):
    return next(s["line"] for s in shown["sections"] if s["heading"] == heading)


def column_keys(table, first, column):
    at = next(k for k, cells in enumerate(table["rows"]) if cells[0] == first)
    return table["rows_of"][at][table["header"].index(column)]


def test_the_list_says_what_is_missing_in_words(page):
    listed = {one["name"]: one for one in page.ask("reports")[0]["reports"]}
    assert listed["health"]["ready"] and listed["health"]["missing"] == ""
    stability = listed["benchmark_stability"]
    assert not stability["ready"] and "view.give(models=" in stability["missing"]
    assert not listed["effort"]["ready"]
    assert "spread" not in listed, "all rows are labelled"
    assert "groups" not in listed, "no score of that kind"
    answer, _ = page.say({"type": "request", "id": "r",
                          "request": {"name": "report", "report": "benchmark_stability"}})  # fmt: skip
    assert answer["type"] == "error" and "view.give" in answer["hint"]


def test_numbers_of_the_health_report_stand_for_rows(page, audit):
    shown = report(page, "health")
    table = table_of(shown, "Class health")
    given = np.asarray(audit.given_codes)
    cats = np.flatnonzero(given == 0)
    assert rows_of(page, "health", column_keys(table, "cat", "given")) == cats.tolist()
    flagged = np.flatnonzero((given == 0) & audit.flagged)
    assert len(flagged)
    assert rows_of(page, "health", column_keys(table, "cat", "flagged")) == flagged.tolist()
    figures = {name: key for name, _, key in shown["sections"][0]["figures"]}
    assert rows_of(page, "health", figures["flagged"]) == np.flatnonzero(audit.flagged).tolist()
    assert figures["classes"] is None, "a number of classes is no number of rows"
    suspects = table_of(shown, "Most suspicious")
    first = suspects["rows_of"][0][0]
    assert rows_of(page, "health", first) == [int(audit.order()[0])]


def test_a_report_follows_the_review(page):
    page.command("exclude", rows=[3, 4])
    shown = report(page, "health")
    review = next(s for s in shown["sections"] if s["heading"] == "Review")
    figures = {name: (value, key) for name, value, key in review["figures"]}
    assert figures["excluded"][0] == "2"
    assert rows_of(page, "health", figures["excluded"][1]) == [3, 4]
    page.command("undo")
    assert rows_of(page, "health", figures["excluded"][1]) == [], "rows are looked for when asked"


def test_an_old_key_is_refused_with_a_hint(page):
    report(page, "health")
    answer, _ = page.say({"type": "request", "id": "r",
                          "request": {"name": "report_rows", "report": "health", "key": "r999"}})  # fmt: skip
    assert answer["type"] == "error" and "again" in answer["hint"]


def test_options_are_checked_and_come_back(page):
    page.command("keep", rows=[0])
    shown = report(page, "effort", page=5)
    options = {one["name"]: one for one in shown["options"]}
    assert options["page"]["value"] == 5 and options["idle"]["value"] == 300
    for bad in ({"page": 0}, {"page": "five"}, {"pages": 5}):
        answer, _ = page.say({"type": "request", "id": "r",
                              "request": {"name": "report", "report": "effort", "options": bad}})  # fmt: skip
        assert answer["type"] == "error", bad
    with pytest.raises(ls.errors.InvalidInputError, match="choice"):
        Option(name="x", label="choice", kind="choice", value="a", choices=(("a", "a"),)).read("b")


def test_the_effort_says_where_to_stop_and_how_sure_that_is(make_page, tmp_path):
    rng, n = np.random.default_rng(5), 900
    doubt = np.geomspace(0.9, 0.004, n)
    given, wrong = rng.integers(3, size=n), rng.random(n) < doubt
    audit = ls.Audit.from_arrays(
        ls.Dataset(np.arange(n, dtype=np.float32)[:, None], given, task="classification"),
        suspicion=doubt, suggested_codes=(given + 1) % 3,
    )  # fmt: skip
    truth = np.where(wrong, (given + 1) % 3, given)
    other = ls.Session(audit, journal=tmp_path / "bob.jsonl", reviewer="bob")
    err = rng.random((2, n)) < 0.05
    said, again = np.where(err, (truth + 1) % 3, truth)
    other.relabel(np.arange(0, 200, 2), again[:200:2])
    session = ls.Session(audit, journal=None, reviewer="ada")
    session.relabel(np.arange(200), said[:200])
    page = make_page(session)
    assert line_of(report(page, "effort"), "Effort curve")["mark"] is None  # nobody else looked yet
    session.merge(tmp_path / "bob.jsonl")
    shown = report(page, "effort", page=20)
    stop = ls.reports.effort(session, page=20).stop
    figures = {name: value for one in shown["sections"] for name, value, _ in one["figures"]}
    span = f"{200 + stop.n_low:,} to {200 + stop.n_high:,} rows"
    assert figures["95 % interval"] == span and stop.n_low < stop.n_worth < stop.n_high
    line = line_of(shown, "Effort curve")
    assert line["title"].endswith(f"; stop after {span} (95 %)") and line["mark"][0] == 200 + stop.n_worth
    assert line["mark"][1] > line["points"][-1][1]


def test_what_was_made_is_not_made_again_until_something_changes(page, monkeypatch):
    made = []
    from labelscope.widget import reports_of_labels

    real = reports_of_labels._health
    kinds = tuple(k for k in reports_of_labels.KINDS if k.name != "health")
    counted = Kind(
        name="health", title="Label health", about="", make=lambda s, o: made.append(1) or real(s, o)
    )
    monkeypatch.setattr(reports_of_labels, "KINDS", (counted, *kinds))
    report(page, "health")
    report(page, "health")
    assert len(made) == 1
    page.command("keep", rows=[0])
    report(page, "health")
    assert len(made) == 2


def test_a_slow_report_does_not_block_and_can_be_given_up(page, monkeypatch):
    from labelscope.evidence.progress import progress
    from labelscope.widget import reports_of_labels

    go, ended = threading.Event(), threading.Event()

    def slow(shared, options):
        try:
            for _ in progress(range(1000), "thinking"):
                go.wait(0.01)
        finally:
            ended.set()
        raise AssertionError("must not get here")

    slow_kind = Kind(name="health", title="Label health", about="", make=slow)
    monkeypatch.setattr(reports_of_labels, "KINDS", (slow_kind,))
    before = time.monotonic()
    state, _ = page.ask("report", report="health")
    assert state["state"] == "running" and time.monotonic() - before < 5
    assert page.command("keep", rows=[1])["type"] == "reply", "other messages go on"
    assert page.ask("report_cancel", job=state["job"])[0] == {"canceled": True}
    assert ended.wait(10), "the work ends at its next step"
    assert page.ask("report_state", report="health", job=state["job"])[0]["state"] == "canceled"
    assert page.ask("report_cancel", job=state["job"])[0] == {"canceled": False}


def test_the_end_of_a_slow_report_is_told_to_the_page(page, monkeypatch):
    from labelscope.reports.report import Report
    from labelscope.widget import reports_of_labels

    go = threading.Event()

    def slow(shared, options):
        assert go.wait(10)
        return Made(report=Report("Slow"))

    monkeypatch.setattr(
        reports_of_labels, "KINDS", (Kind(name="health", title="Health", about="", make=slow),)
    )
    page.hello()
    state, _ = page.ask("report", report="health")
    assert state["state"] == "running"
    go.set()
    job = shared_of(page.session).reporting.jobs.of("health")
    assert job.finished.wait(10)
    deadline = time.monotonic() + 10
    while not [m for m in page.of_type("report") if m["state"] == "done"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    told = page.of_type("report")[-1]
    assert told["job"] == state["job"] and "report" not in told, "the report itself is asked for"


def test_a_report_that_fails_says_why(page, monkeypatch):
    from labelscope.widget import reports_of_labels

    def fails(shared, options):
        raise ls.errors.InvalidInputError("There is nothing.", "Add something.")

    monkeypatch.setattr(
        reports_of_labels, "KINDS", (Kind(name="health", title="Health", about="", make=fails),)
    )
    answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "report", "report": "health"}})
    assert answer["type"] == "error"
    assert (answer["message"], answer["hint"]) == ("There is nothing.", "Add something.")


def test_jobs_of_one_name_replace_each_other():
    told, go = [], threading.Event()
    jobs = Jobs(told.append)
    first = jobs.start("a", lambda: go.wait(10))
    second = jobs.start("a", lambda: "new")
    assert second.finished.wait(10) and first.state == "canceled"
    go.set()
    assert jobs.of("a") is second and second.result == "new"


def test_every_report_that_is_ready_can_be_made(make_page):
    page, _ = view_of(make_page, n_open=12)
    page.give(models={"same": [str(v) for v in page.session.labels()], "other": ["cat"] * 90},
              experts=[["cat", "cat"]] * 90, costs={"experts": 1.0})  # fmt: skip
    page.command("relabel", rows=[0, 1, 2], to="cat")
    page.command("keep", rows=list(range(10, 40)))
    listed = page.ask("reports")[0]["reports"]
    ready = [one["name"] for one in listed if one["ready"]]
    expected = {"health", "value_of_labels", "gate", "mistakes", "benchmark_stability", "effort",
                "annotation_quality", "review_plan", "plan_budget", "teacher", "spread"}  # fmt: skip
    assert expected <= set(ready)
    for name in ready:
        shown = report(page, name)
        assert shown["title"] and shown["sections"], name
        for section in shown["sections"]:
            for table in section["tables"]:
                assert [len(cells) for cells in table["rows"]] == [len(k) for k in table["rows_of"]]
                for key in (key for line in table["rows_of"] for key in line if key is not None):
                    assert all(0 <= row < 90 for row in rows_of(page, name, key))
        data, buffers = page.ask("report_file", report=name)
        assert data["filename"].endswith(".html") and buffers[0].startswith(b"<!doctype html>"), name


def test_the_value_of_labels_colors_the_map(make_page):
    page, _ = view_of(make_page, n_open=12)
    page.hello()
    shown = report(page, "value_of_labels", regime="balanced")
    colors = [one["name"] for one in shown["actions"] if one["do"] == "color"]
    assert colors == [":regime balanced", ":pseudo-label"]
    told = [m for m in page.of_type("options") if "columns" in m][-1]["columns"]
    assert {":regime plain", ":regime balanced", ":pseudo-label"} <= {one["name"] for one in told}
    data, buffers = page.ask("column", column=":regime balanced")
    assert data["dtype"] == "float32" and len(buffers[0]) == 4 * 90
    data, buffers = page.ask("column", column=":pseudo-label")
    codes = np.frombuffer(buffers[0], "<u2")
    assert (codes[:78] == 65_535).all() and (codes[78:] < 3).all(), "ghosts are the unlabelled rows"
    values = page.session.audit.classes
    assert [values[code] for code in codes[78:]] == list(
        value_of_labels(page.session).regimes["balanced"].suggested[78:]
    ), "numbered as classes are"
    changed = next(s for s in shown["sections"] if s["heading"] == "What the regime changes")
    assert len(rows_of(page, "value_of_labels", changed["figures"][0][2])) == int(changed["figures"][0][1])


def test_spread_is_accepted_up_to_a_round_in_one_step(make_page):
    page, truth = view_of(make_page, n_open=30)
    few, many = report(page, "spread", round=1), report(page, "spread", round=3)
    counted = [int(shown["sections"][0]["figures"][1][1]) for shown in (few, many)]
    assert 0 < counted[0] < counted[1] <= 30
    plan, buffers = page.ask("bulk", plan="spread")
    rows = np.frombuffer(buffers[0], "<u4").tolist()
    assert plan["n"] == len(rows) == counted[1] and len(plan["odd"]) <= 12
    assert sum(n for _, n in plan["by_class"]) == len(rows)
    page.command("accept_bulk", plan="spread", rows=rows[1:])
    now = page.session.labels()
    assert now[rows[0]] is None, "left out"
    assert np.mean([now[row] == truth[row] for row in rows[1:]]) > 0.9
    assert {event.source for event in page.session.events} == {"propagated"}
    page.command("undo")
    assert page.session.labels()[60:] == [None] * 30
    answer = page.command("accept_bulk", plan="spread", rows=[0])
    assert answer["type"] == "error", "only rows of the plan"


def test_corrections_above_a_certainty(page):
    shown = report(page, "gate", p=0.7)
    plan, buffers = page.ask("bulk", plan="corrections")
    rows = np.frombuffer(buffers[0], "<u4")
    suspicion, suggested = page.session.suspicion, page.session.suggested_codes
    assert 0 < len(rows) == plan["n"] and (suspicion[rows] >= 0.7).all()
    assert (suspicion[np.setdiff1d(np.flatnonzero(page.session.audit.flagged), rows)] < 0.7).all()
    assert shown["actions"][0]["do"] == "bulk"
    page.command("accept_bulk", plan="corrections", rows=rows.tolist())
    assert (page.session.state.current[rows] == suggested[rows]).all()


def test_the_budget_becomes_a_queue(make_page):
    """Cheap labels that say nothing: all money goes to verified ones, and those of the pilot are paid for."""
    rng = np.random.default_rng(5)
    y = np.arange(300) % 2
    X = (rng.normal(size=(300, 6)) + 0.5 * y[:, None]).astype(np.float32)
    cheap = np.array(["cat", "dog"], dtype=object)[rng.integers(0, 2, 300)]
    page = make_page(ls.audit(X, list(cheap), features=X, evidence={"map": X[:, :2]}), journal=None)
    done = np.arange(10, 70)
    page.session.relabel(done, np.array(["cat", "dog"])[y[done]])
    shown = report(page, "plan_budget", cost_cheap=1.0, cost_verified=1.0, budget=150)
    said = next(s for s in shown["sections"] if s["heading"] == "For this budget")["paragraphs"]
    assert "60 are verified already" in said[0]
    (action,) = [one for one in shown["actions"] if one["do"] == "queue"]
    n = int(action["name"].split(":")[1])
    data, buffers = page.ask("queue", policy=action["name"])
    order = np.frombuffer(buffers[0], "<u4")
    assert data["listed"] == n > 0 and len(order) == 300
    assert not np.isin(order[:n], done).any(), "only rows that nobody decided about"
    shown = report(page, "plan_budget", cost_cheap=1.0, cost_verified=1.0, budget=40)
    assert not [one for one in shown["actions"] if one["do"] == "queue"], "60 are verified, and 40 wanted"


def test_the_nutrition_label_takes_what_people_state(page):
    stated = {"author": ["Ada", "Bob"], "license": "CC0", "citation": "a paper"}
    labels = page.session.audit.dataset.labels.original
    page.give(metadata=stated, reference={"name": "second reading", "labels": list(labels)})
    shown = report(page, "nutrition_label")
    values = {one["name"]: one["value"] for one in shown["options"]}
    assert values["author"] == "Ada, Bob" and values["license"] == "CC0" and values["source"] == ""

    def said(shown):
        rows = [row for one in shown["sections"] for table in one["tables"] for row in table["rows"]]
        return {str(row[0]): str(row[1]) for row in rows if len(row) > 1}

    found = said(shown)
    assert (
        found["author"] == "Ada, Bob" and found["source"] == "not stated" and found["citation"] == "a paper"
    )
    assert "second reading" in str(shown["sections"])
    found = said(report(page, "nutrition_label", **{**values, "license": "", "source": "our lab"}))
    assert found["license"] == "not stated" and found["source"] == "our lab" and found["author"] == "Ada, Bob"
    with pytest.raises(InvalidInputError, match="licence"):
        page.give(metadata={"licence": "CC0"})
    with pytest.raises(InvalidInputError, match="3 entries"):
        page.give(reference=["cat"] * 3)


def test_a_teacher_is_asked_about_the_drawn_rows(make_page):
    page, truth = view_of(make_page)
    asked = []
    page.give(teacher=lambda rows: asked.extend(rows.tolist()) or [str(truth[row]) for row in rows])
    shown = report(page, "teacher", m=8, error=10)
    line = shown["sections"][0]["line"]
    assert len(line["points"]) > 1 and line["mark"] in line["points"]
    assert [one["do"] for one in shown["actions"]] == ["queue", "ask_teacher"]
    data, buffers = page.ask("queue", policy="robust_distillation:8")
    assert data["listed"] == 8
    page.command("ask_teacher")
    assert sorted(asked) == sorted(np.frombuffer(buffers[0], "<u4")[:8].tolist())
    assert all(event.source == "teacher" for event in page.session.events)
    assert page.session.progress().reviewed == 0, "a teacher's answers are no verdicts"


def test_what_is_given_is_checked(page):
    for bad in ({"modles": {}}, {"models": {"a": ["cat"]}}, {"models": [1]}, {"teacher": 3}, {"truth": ["cat"]},
                {"costs": 3}, {"validation": 3}):  # fmt: skip
        with pytest.raises(ls.errors.LabelscopeError):
            page.give(**bad)
    assert not shared_of(page.session).given.sources()
    page.give(experts=["cat"] * 60)
    assert list(shared_of(page.session).given.sources()) == ["experts"]
    page.give(experts=None)
    assert not shared_of(page.session).given.sources()


def test_text_in_reports_stays_text(make_page, build_audit):
    audit = build_audit(class_names=["<b>cat</b>", "dog", "eel"], labels=[k % 3 for k in range(60)])
    page = make_page(audit, journal=None)
    shown = report(page, "health")
    assert any("<b>cat</b>" in cells[0] for cells in table_of(shown, "Class health")["rows"])
    _, buffers = page.ask("report_file", report="health")
    assert b"<b>cat" not in buffers[0] and b"&lt;b&gt;cat" in buffers[0]
