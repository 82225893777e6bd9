"""Queues that need more than the audit's evidence, columns of methods, ellipses, votes, and the gate put back."""

import numpy as np
import pytest
from report_pages import report, view_of

import labelscope as ls
from labelscope.review.gates import fitted_gate, gate_at
from labelscope.types import Score
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def order(page, policy):
    data, buffers = page.ask("queue", policy=policy)
    rows = np.frombuffer(buffers[0], "<u4")
    return rows, data.get("listed")


def with_score(make_page, audit, name, details, meta=None):
    n = audit.n
    suggested = np.asarray(audit.classes, dtype=object)[np.asarray(audit.suggested_codes)]
    zeros = np.zeros(n, dtype=np.float32)
    audit.scores[name] = Score(zeros, suggested, zeros > 1, details, meta or {})
    return make_page(audit, journal=None)


def test_each_queue_says_whether_it_can_be_had(page, make_page):
    listed = {one["name"]: one for one in page.ask("queues")[0]["queues"]}
    assert listed["most_suspicious"]["ready"] and listed["gate"]["ready"]
    assert not listed["foreign"]["ready"] and "features" in listed["foreign"]["why"]
    assert not listed["mistakes"]["ready"] and "view.give" in listed["mistakes"]["why"]
    assert "spread" not in listed and "experts_disagree" not in listed
    full, _ = view_of(make_page, n_open=10)
    for one in full.ask("queues")[0]["queues"]:
        if one["ready"]:
            rows, _ = order(full, one["name"])
            assert sorted(rows.tolist()) == list(range(90)), one["name"]


def test_foreign_rows_leave_the_queue_once_they_are_out_of_scope(make_page):
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    centers = np.eye(4)[:3] * 9
    X = (centers[y] + rng.normal(size=(90, 4))).astype(np.float32)
    X[80:] = rng.normal(size=(10, 4)) - 9
    labels = [None if k >= 80 else ("cat", "dog", "eel")[y[k]] for k in range(90)]
    page = make_page(ls.audit(X, labels, features=X, evidence={"map": X[:, :2]}), journal=None)
    page.hello()
    rows, listed = order(page, "foreign")
    assert set(rows[:8].tolist()) <= set(range(80, 90)) and listed == 90
    told = [m for m in page.of_type("options") if "columns" in m]
    assert ":foreign" in {one["name"] for one in told[-1]["columns"]}
    page.command("exclude", rows=rows[:2].tolist())
    before = np.frombuffer(page.ask("column", column=":foreign")[1][0], "<f4")
    again, listed = order(page, "foreign")
    assert listed == 88 and not np.isin(rows[:2], again[:88]).any()
    page.command("relabel", rows=again[:5].tolist(), to="fox", new_class=True)
    order(page, "foreign")
    values = np.frombuffer(page.ask("column", column=":foreign")[1][0], "<f4")
    left = np.setdiff1d(np.arange(80, 90), [*rows[:2], *again[:5]])
    assert (values[left] < before[left]).all(), "rows of a new class speak for it"


def test_columns_of_experts_and_of_the_gate(make_page, build_audit):
    n = 60
    local = np.arange(n) % 2 == 0
    page = with_score(make_page, build_audit(), "local_global", {
        "expert": np.where(local, "local", "global"), "agree": np.arange(n) > 4,
        "local_confidence": np.full(n, 0.7), "global_confidence": np.full(n, 0.6),
        "local_suggested": np.full(n, "cat"), "global_suggested": np.full(n, "dog"),
    }, {"groups": [{"group": "a", "rows": 60, "accuracy": 0.5}], "accuracy_on": "given"})  # fmt: skip
    infos = {one["name"]: one for one in page.hello()["columns"]}
    assert infos[":expert"]["categories"] == ["local", "global"]
    assert infos[":experts disagree"]["categories"] == ["yes", "no"]
    assert infos[":experts disagree"]["counts"] == [5, 55]
    codes = np.frombuffer(page.ask("column", column=":expert")[1][0], "<u2")
    assert (codes == np.where(local, 0, 1)).all()
    assert page.ask("detail", row=3)[0]["expert"] == {
        "used": "global", "agree": False, "local": 0.7, "global": 0.6,
        "local_label": "cat", "global_label": "dog",
    }  # fmt: skip
    rows, listed = order(page, "experts_disagree")
    assert listed == 5 and sorted(rows[:5].tolist()) == [0, 1, 2, 3, 4]
    _, (asked,) = page.ask("query", text="experts_disagree and not reviewed")
    assert sorted(np.frombuffer(asked, "<u4").tolist()) == [0, 1, 2, 3, 4]
    typed = "experts_dis"
    assert page.ask("complete", text=typed, cursor=len(typed))[0]["items"][0]["label"] == "experts_disagree"
    after, _ = page.ask("complete", text="experts_disagree ", cursor=17)
    assert after["items"][0]["label"] == "and", "it is true or false by itself"
    shown = report(page, "groups")
    assert shown["sections"][0]["figures"][0][1] == "5"

    rounds = np.zeros((n, 2), dtype=np.int8)
    rounds[:4, 1] = 1
    page = with_score(make_page, build_audit(), "dynamic_loss_gate", {
        "state": np.array(["reliable", "corrected", "undecided"])[rounds[:, 1]], "state_by_round": rounds,
        "p_suggested": np.linspace(1, 0, n),
    }, {"second_mode": False, "gate": None, "history": [], "n_rounds": 2})  # fmt: skip
    names = [one["name"] for one in page.hello()["columns"]]
    assert [name for name in names if name.startswith(":gate")] == [
        ":gate state", ":gate state, round 1", ":gate state, round 2",
    ]  # fmt: skip


def test_a_review_without_methods_has_no_columns_of_theirs(page):
    assert page.hello()["columns"] == []
    assert "expert" not in page.ask("detail", row=0)[0]


def test_ellipses_lie_on_their_rows(make_page):
    page, _ = view_of(make_page)
    found, _ = page.ask("overlay")
    assert [one["code"] for one in sorted(found["classes"], key=lambda one: one["code"])] == [0, 1, 2]
    from labelscope.widget.columns import scale_map

    x, y = scale_map(page.session.audit.map)
    for one in found["classes"]:
        rows = page.session.state.current == one["code"]
        points = np.stack([x, y], axis=1)[rows] / 65_535
        away = points - np.array(one["mean"])
        far = np.einsum("ij,jk,ik->i", away, np.linalg.inv(one["covariance"]), away)
        assert 0.5 < (far < 4).mean() <= 1, "two deviations hold most of the class"


def test_small_classes_borrow_their_ellipse(make_page):
    rng = np.random.default_rng(1)
    y = np.array([0] * 60 + [1] * 60 + [2] * 4)
    X = (np.eye(5)[:3] * 8)[y] + rng.normal(size=(124, 5))
    labels = [("cat", "dog", "eel")[code] for code in y]
    page = make_page(ls.audit(X, labels, features=X, evidence={"map": X[:, :2]}), journal=None)
    found, _ = page.ask("overlay")
    tail = next(one for one in found["classes"] if one["code"] == 2)
    assert tail["tail"] and {code for code, _ in tail["from"]} <= {0, 1} and tail["from"]
    assert not any(one["tail"] for one in found["classes"] if one["code"] != 2)


def test_ellipses_need_classes_and_features(page):
    answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "overlay"}})
    assert answer["type"] == "error" and "features" in answer["hint"]


def test_the_gate_goes_back_to_where_it_was(page):
    before = gate_at(page.session)
    page.command("set_gate", at=0.2)
    assert gate_at(page.session) == 0.2
    page.command("reset_gate")
    assert gate_at(page.session) == fitted_gate(page.session) == before
    assert [event.kind for event in page.session.events] == ["gate_set", "gate_set"], (
        "both are in the journal"
    )


def test_a_vote_is_an_event_that_changes_no_label(page):
    _, listed = order(page, "validation")
    flagged = np.flatnonzero(page.session.audit.flagged)
    assert listed == len(flagged) + 1, "one row that is not flagged is mixed in"
    row = int(flagged[0])
    ballot, _ = page.ask("ballot", row=row)
    assert ballot["blind"] and ballot["answer"] is None and len(set(ballot["labels"])) == 2
    first, second = ballot["exemplars"]
    assert first and second and row not in [*first, *second]
    given = page.session.labels()[row]
    page.command("vote", row=row, answer="first")
    event = page.session.events[-1]
    option = "given" if ballot["labels"][0] == given else "suggested"
    assert (event.kind, event.data["option"]) == ("voted", option)
    assert page.session.progress().reviewed == 0
    again, _ = page.ask("ballot", row=row)
    assert again["answer"] == "first" and again["left"] == ballot["left"] - 1
    for answer in ("both", "neither", "unsure"):
        page.command("vote", row=row, answer=answer)
        assert page.ask("ballot", row=row)[0]["answer"] == answer
    assert page.command("vote", row=row, answer="maybe")["type"] == "error"
    assert report(page, "validation")["title"]


def test_a_study_that_was_given_counts(page):
    study = ls.reports.ValidationSession(page.session, raters_per_item=1, blind=False, study="round 2")
    page.give(validation=study)
    row = int(study.queue()[0])
    page.command("vote", row=row, answer="second")
    assert study.outcomes() == {row: "correctable"}
    assert shared_of(page.session).voting.study is study
