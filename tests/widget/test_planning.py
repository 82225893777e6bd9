"""Pages of a review plan, asked for as the page asks: whose, in which order, over restarts, and the end."""

import json

import numpy as np
import pytest
from report_pages import report

import labelscope as ls
from labelscope.errors import InvalidInputError
from labelscope.review.queues import ReviewPlan
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
TWO = ReviewPlan(budget=30, page=6, overlap=0.4, self_overlap=0.4, reviewers=["ada", "bob"])


@pytest.fixture
def open_view(make_page, audit, tmp_path):
    """Views on journals in files; controls are off and scores stay unless a test says otherwise."""

    def make(reviewer, journal=None, rate=0.0):
        view = make_page(audit, reviewer=reviewer, journal=tmp_path / f"{journal or reviewer}.jsonl")
        shared_of(view.session).settings.live = False
        view.command("set_options", control_rate=rate)
        return view

    return make


def ask(view, page=None, *, queue=False, of=""):
    data, _ = view.ask("plan", queue=queue, of=of, page=page)
    return data["plan"], data["open"]


def close(view, opened, wrong=(), **more):
    rows = [*opened["rows"], *([opened["control"]["row"]] if opened["control"] else [])]
    said = {str(row): "cat" for row in wrong}
    if opened["control"] and more.pop("notice", True):
        said[str(opened["control"]["row"])] = None
    return view.command(
        "page_done", rows=rows, wrong=said, mean=more.pop("mean", "suggested"), seconds=7.5,
        token=opened["token"], **more,
    )  # fmt: skip


def test_without_a_plan_there_is_none(open_view):
    view = open_view("ada")
    assert ask(view) == (None, None) and {event.kind for event in view.session.events} == {"options_set"}


def test_a_given_plan_is_gone_through_page_by_page(open_view):
    view = open_view("ada")
    view.give(plan=TWO)
    plan = view.session.plan()
    mine = plan.pages_of("ada")
    assert [event.kind for event in view.session.events if event.kind != "options_set"] == ["planned"]
    seen = []
    for number, page in enumerate(mine):
        state, opened = ask(view)
        assert state["first"] and state["mine"] == "ada" and state["end"] is None
        assert state["done"] == [True] * number + [False] * (len(mine) - number)
        assert (opened["page"], opened["label"]) == (number, page.label)
        assert opened["rows"] == page.rows.tolist() and opened["labels"] == [page.label] * len(page.rows)
        assert set(opened) == {
            "page", "token", "label", "rows", "labels", "others", "left_out", "marks", "control",
        }  # fmt: skip
        assert close(view, opened, idle=3.25)["type"] == "reply"
        seen += opened["rows"]
    state, opened = ask(view)
    assert opened is None and state["done"] == [True] * len(mine) and not state["first"]
    again = len(seen) - len(set(seen))
    assert state["end"] == {"others": [0, 0], "own": [again, again], "differ": []} and again > 0
    data = [event.data for event in view.session.events if event.kind == "page_timed"]
    assert all(one["idle"] == 3.25 and one["seconds"] == 7.5 for one in data)
    others = {row for page in plan.pages_of("bob") for row in page.rows.tolist()} - set(seen)
    assert others and not (view.session.state.state[sorted(others)]).any(), "others' pages are never offered"


def test_a_restart_goes_on_where_one_was(open_view, audit):
    before = open_view("ada", rate=0.03)
    before.give(plan=TWO)
    _, first = ask(before)
    assert close(before, first)["type"] == "reply"
    after = open_view("ada")
    state, opened = ask(after)
    assert opened["page"] == 1 and state["id"] == before.session.plan().id
    answer = close(after, first)
    assert answer["type"] == "error" and "no page" in answer["message"]


def test_a_control_that_is_passed_over_keeps_the_page(open_view):
    view = open_view("ada", rate=0.03)
    view.give(plan=TWO)
    _, opened = ask(view)
    assert opened["control"] is not None
    assert close(view, opened, notice=False)["code"] == "control_failed"
    state, again = ask(view)
    assert again["page"] == 0 and not any(state["done"])
    assert close(view, again)["type"] == "reply"


def test_two_journals_merge_to_the_agreement_that_was_planted(open_view, audit, tmp_path):
    ada, bob = open_view("ada"), open_view("bob")
    ada.give(plan=TWO)
    path = ada.session.plan().save(tmp_path / "plan.json")
    bob.give(plan=path)
    plan = bob.session.plan()
    own = {
        name: {row for page in plan.pages_of(name) for row in page.rows.tolist()} for name in plan.reviewers
    }
    both = sorted(own["ada"] & own["bob"])
    differ = {row for row in both[::2] if audit.suggested_codes[row] != 0}
    for view in (ada, bob):
        while (opened := ask(view)[1]) is not None:
            wrong = [row for row in opened["rows"] if view is bob and row in differ]
            assert close(view, opened, wrong)["type"] == "reply"
    ada.session.merge(tmp_path / "bob.jsonl")
    state, _ = ask(ada)
    assert state["end"]["others"] == [len(both) - len(differ), len(both)]
    assert state["end"]["differ"] == sorted(differ)
    shown = report(ada, "effort")
    assert shown["title"].startswith("Effort")
    measured = ls.reports.effort(ada.session)
    assert measured.between.n == len(both)
    assert measured.between.agree.value == pytest.approx(1 - len(differ) / len(both))


def test_a_page_is_opened_again_with_what_was_said(open_view):
    view = open_view("ada")
    view.give(plan=TWO)
    state, opened = ask(view)
    row = next(row for row, label in zip(opened["rows"], opened["labels"], strict=True) if label != 0)
    close(view, opened, [row])
    _, back = ask(view, 0, of=state["id"])
    assert back["page"] == 0 and back["marks"] == [[row, 0]]
    close(view, back)
    assert ask(view, 0, of=state["id"])[1]["marks"] == []
    assert ask(view, 0, of="another plan")[1]["page"] == 1
    assert ask(view, 9_999, of=state["id"])[1]["page"] == 1


def test_whose_pages_is_asked_where_it_is_not_clear(open_view, tmp_path):
    ada, eve = open_view("ada"), open_view("eve")
    ada.give(plan=TWO)
    eve.give(plan=ada.session.plan())
    state, opened = ask(eve)
    assert state["first"] and state["mine"] is None and opened is None and state["end"] is None
    n = {name: len(ada.session.plan().pages_of(name)) for name in ("ada", "bob")}
    assert state["seats"] == [{"name": name, "pages": n[name], "holder": ""} for name in ("ada", "bob")]
    assert eve.command("plan_seat", plan="x", reviewer="bob")["type"] == "error"
    assert eve.command("plan_seat", plan=state["id"], reviewer="carl")["type"] == "error"
    eve.session.merge(tmp_path / "ada.jsonl")
    assert ask(eve)[0]["seats"][0]["holder"] == "ada"
    refused = eve.command("plan_seat", plan=state["id"], reviewer="ada")
    assert refused["type"] == "error" and "ada has the pages" in refused["message"]
    assert eve.command("plan_seat", plan=state["id"], reviewer="bob")["type"] == "reply"
    state, opened = ask(eve)
    assert state["mine"] == "bob" and opened["rows"] == ada.session.plan().pages_of("bob")[0].rows.tolist()
    assert not eve.session.can_undo


def test_who_only_merged_a_plan_is_not_drawn_into_it(open_view, tmp_path):
    ada, lead = open_view("ada"), open_view("lead")
    ada.give(plan=TWO)
    lead.session.merge(tmp_path / "ada.jsonl")
    state, opened = ask(lead)
    assert state["mine"] is None and not state["first"] and opened is None


def test_the_queue_makes_a_plan_that_stays_as_it_is(open_view):
    view = open_view("ada")
    state, opened = ask(view, queue=True)
    assert state["first"] and state["mine"] == "reviewer 1" and opened["page"] == 0
    listed = shared_of(view.session).queueing.listed("review_plan").tolist()
    assert listed == [
        row for page in shared_of(view.session).planning.current(True).pages for row in page.rows
    ]
    view.command("relabel", rows=opened["rows"][:1], to="fox", new_class=True)
    after, same = ask(view, queue=True)
    assert after["id"] == state["id"] and same["rows"] == opened["rows"][1:] and same["left_out"] == 1
    assert ask(view) == (None, None), "nothing is put before the first page is done"
    assert close(view, same)["type"] == "reply"
    assert view.session.plan().id == state["id"] and ask(view)[0]["id"] == state["id"]
    assert not set(shared_of(view.session).queueing.listed("review_plan")) & set(opened["rows"])


def test_a_report_makes_the_plan_and_a_later_one_takes_its_place(open_view):
    view = open_view("ada")
    shown = report(view, "review_plan", budget=50, page=6, reviewers="ada, bob", overlap=20)
    action = next(one for one in shown["actions"] if one["do"] == "queue")
    assert action["name"] == "review_plan"
    state, opened = ask(view, queue=True)
    assert [seat["name"] for seat in state["seats"]] == ["ada", "bob"] and state["mine"] == "ada"
    table = next(s for s in shown["sections"] if s["heading"] == "Pages")["tables"][0]
    assert len(table["rows"]) == sum(seat["pages"] for seat in state["seats"])
    close(view, opened)
    assert ask(view)[0]["id"] == state["id"] == ask(view, queue=True)[0]["id"]
    report(view, "review_plan", budget=20, page=3, reviewers="ada", overlap=0)
    assert ask(view)[0]["id"] == state["id"], "looking at figures changes no pages"
    later, opened = ask(view, queue=True)
    assert later["id"] != state["id"] and len(opened["rows"]) <= 3
    view.give(plan=TWO)
    given = view.session.plan().id
    assert ask(view, queue=True)[0]["id"] == given == ask(view)[0]["id"]


def test_a_page_of_an_older_plan_does_not_bring_it_back(open_view):
    view = open_view("ada")
    view.give(plan=TWO)
    old, opened = ask(view)
    view.give(plan=ReviewPlan(budget=12, page=4, reviewers=["ada"]))
    new = view.session.plan().id
    assert close(view, opened)["type"] == "reply"
    assert ask(view)[0]["id"] == new != old["id"]


def test_a_plan_is_withdrawn_from_the_page_and_undone(open_view):
    view = open_view("ada")
    view.give(plan=TWO)
    state, opened = ask(view)
    assert state["put"]
    assert view.command("plan_withdraw", plan="another")["type"] == "error" and view.session.plan()
    answer = view.command("plan_withdraw", plan=state["id"])
    assert answer["type"] == "reply" and answer["data"]["rows"] == 0
    assert ask(view) == (None, None)
    assert close(view, opened)["code"] == "plan_withdrawn"
    assert not view.session.state.state.any()
    assert "not in force" in view.command("plan_withdraw", plan=state["id"])["message"]
    view.command("undo")
    back, same = ask(view)
    assert back["id"] == state["id"] and same["rows"] == opened["rows"]
    view.give(plan=None)
    assert ask(view) == (None, None) and view.session.plan() is None


def test_a_plan_that_the_queue_made_is_there_to_withdraw_once_a_page_put_it(open_view):
    view = open_view("ada")
    state, opened = ask(view, queue=True)
    assert not state["put"]
    assert view.command("plan_withdraw", plan=state["id"])["type"] == "error"
    close(view, opened)
    state, opened = ask(view, queue=True)
    assert state["put"]
    assert view.command("plan_withdraw", plan=state["id"])["type"] == "reply"
    later, fresh = ask(view, queue=True)
    assert not later["put"] and not set(fresh["rows"]) & set(np.flatnonzero(view.session.state.state))
    assert close(view, fresh)["type"] == "reply" and ask(view)[0]["id"] == later["id"]


def test_bad_plans_are_refused_and_nothing_is_taken(open_view, build_audit, tmp_path):
    view = open_view("ada")
    other = ls.Session(build_audit(n=80), journal=None, reviewer="ada")
    foreign = other.plan(TWO)
    for bad, says in (
        (foreign, "fingerprint"),
        (tmp_path / "no.json", "cannot be read"),
        (3, "int"),
        (None, "No plan is in force"),
    ):
        with pytest.raises((InvalidInputError, TypeError), match=says):
            view.give(models={"all cats": ["cat"] * 60}, plan=bad)
    assert view.session.plan() is None
    assert shared_of(view.session).given.get("models") is None


@pytest.mark.parametrize(
    "request_", [{"page": -1}, {"page": "2"}, {"page": 1.5}, {"queue": "yes"}, {"of": 3}, {"page": [0]}]
)
def test_malformed_requests(open_view, request_):
    view = open_view("ada")
    view.give(plan=TWO)
    answer, _ = view.say({"type": "request", "id": "r", "request": {"name": "plan", **request_}})
    assert answer["type"] == "error" and answer["code"] == "bad_message"
    for idle in ("x", None, -1.0):
        _, opened = ask(view)
        answer = close(view, opened, idle=idle)
        assert answer["type"] == ("reply" if idle == -1.0 else "error")
    assert "idle" not in view.session.events[-1].data


def test_events_of_a_plan_reach_the_page_as_json(open_view):
    view = open_view("ada")
    view.hello()
    view.give(plan=TWO)
    told = [event for message in view.of_type("events") for event in message["events"]]
    [event] = [event for event in told if event["kind"] == "planned"]
    assert json.loads(json.dumps(event)) == event and event["rows"] == []
    assert np.all(view.session.state.state == 0)
