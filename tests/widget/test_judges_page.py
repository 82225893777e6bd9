"""Judges in a page: what each says of a row, the report whose numbers select rows, and changes in bulk."""

import numpy as np
import pandas as pd
import pytest
from report_pages import blobs, report, rows_of

import labelscope as ls
from labelscope.evidence.judgements import ColumnJudge, offline_judges
from labelscope.review.current_evidence import verified_rows

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def judged(make_page):
    """Four judges in the audit: three offline ones, and a column that knows but is silent at times."""
    X, given, truth = blobs()
    said = truth.astype(object)
    said[0::9], said[1::9] = None, "<b>cta</b>"
    column = ColumnJudge(values=said, name="gpt", model="tiny", prompt="short")
    ensemble = ls.scorers.JudgeEnsemble(judges=[*offline_judges(), column])
    audit = ls.audit(X, list(given), features=X, evidence={"map": X[:, :2]}, scorers=["auto", ensemble])
    return make_page(audit, journal=None), given, truth, said


@pytest.fixture
def judges_page(make_page):
    return judged(make_page)


def cells(shown, heading):
    return next(s["tables"][0] for s in shown["sections"] if s["heading"] == heading)


def key(table, first, column):
    at = next(k for k, row in enumerate(table["rows"]) if row[0] == first)
    return table["rows_of"][at][table["header"].index(column)]


def test_the_strip_says_what_each_judge_says(judges_page):
    page, _, truth, _ = judges_page
    strip = page.ask("detail", row=4)[0]["judges"]
    names = [one["name"] for one in strip["said"]]
    assert names[-1] == "gpt" and len(names) == 4
    codes = [str(page.session.audit.classes[one["code"]]) for one in strip["said"]]
    assert codes == [truth[4]] * 4 and strip["code"] == strip["said"][0]["code"]
    assert 0 < strip["sure"] <= 1 and 0 < strip["said"][1]["sure"] <= 1
    assert strip["said"][-1]["sure"] is None, "a column does not say how sure it is"
    assert strip["said"][-1]["about"] == "model tiny, prompt short"
    assert "learned from the labels of other rows" in strip["said"][0]["about"]
    silent = page.ask("detail", row=0)[0]["judges"]["said"][-1]
    assert (silent["code"], silent["silence"]) == (-1, "abstained")
    odd = page.ask("detail", row=1)[0]["judges"]["said"][-1]
    assert odd["code"] == -1 and "not a label: '<b>cta</b>'" in odd["silence"]


def test_without_judges_nothing_is_said_and_the_report_says_what_it_needs(page):
    assert "judges" not in page.ask("detail", row=0)[0]
    listed = {one["name"]: one for one in page.ask("reports")[0]["reports"]}
    assert not listed["judges"]["ready"] and "view.give(judges=" in listed["judges"]["missing"]
    assert ":judge verdict" not in {one["name"] for one in page.hello()["columns"]}


def test_given_judges_come_with_columns_and_queries_at_once(page):
    page.hello()
    labels = np.array(page.session.labels(), dtype=object)
    other = np.where(np.arange(60) < 20, "eel", labels)
    page.give(judges=pd.DataFrame({"one": labels, "two": other}))
    infos = {one["name"]: one for one in page.of_type("options")[-1]["columns"]}
    apart = int((labels != other).sum())
    assert infos[":judge disagreement"]["max"] == 1 and infos[":judge verdict"]["kind"] == "categorical"
    data, buffers = page.ask("column", column=":judge disagreement")
    assert data["dtype"] == "float32" and int(np.frombuffer(buffers[0], "<f4").sum()) == apart
    found, _ = page.ask("query", text="judge_disagreement > .5 and not reviewed")
    assert found["rows"] == apart
    items = page.ask("complete", text="judge_d", cursor=7)[0]["items"]
    assert items[0]["insert"] == "judge_disagreement "
    assert [one["name"] for one in page.ask("detail", row=0)[0]["judges"]["said"]] == ["one", "two"]
    first = report(page, "judges")
    page.give(judges=labels)
    assert (
        "judges" in page.ask("detail", row=0)[0] and len(page.ask("detail", row=0)[0]["judges"]["said"]) == 1
    )
    assert report(page, "judges") != first, "made anew: the judges are others"
    with pytest.raises(ls.errors.InvalidInputError, match="judges has 3 entries"):
        page.give(judges=["cat"] * 3, truth=labels)
    assert len(page.ask("detail", row=0)[0]["judges"]["said"]) == 1, "nothing was taken"


def test_a_score_can_be_given_and_measured_beside_people(page):
    labels = np.array(page.session.labels(), dtype=object)
    said = np.column_stack([labels, labels])
    said[0] = None
    score = ls.score(
        ls.scorers.JudgeEnsemble(judges=[ColumnJudge(values=said[:, k], name=f"j{k}") for k in range(2)]),
        given_labels=labels, features=np.zeros((60, 2), dtype=np.float32),
    )  # fmt: skip
    page.give(judges=score, truth=labels)
    assert [one["name"] for one in page.ask("detail", row=1)[0]["judges"]["said"]] == ["j0", "j1"]
    shown = report(page, "annotation_quality")
    assert any("judges" in row for s in shown["sections"] for t in s["tables"] for row in t["rows"])


def test_numbers_of_the_report_select_rows(judges_page):
    page, given, truth, said = judges_page
    codes, state = page.session.audit.given_codes, page.session
    state.relabel(range(4), truth[:4].tolist())
    shown = report(page, "judges", p=0.5)
    table = cells(shown, "Judges")
    silent = [row for row in range(90) if said[row] not in ("cat", "dog", "eel")]
    assert rows_of(page, "judges", key(table, "gpt", "no answer")) == silent
    flags = [row for row in range(90) if row not in silent and truth[row] != given[row]]
    assert rows_of(page, "judges", key(table, "gpt", "flags")) == flags
    assert rows_of(page, "judges", key(table, "gpt", "flags reviewed")) == [r for r in flags if r < 4]
    score = page.session.audit.scores["judge_ensemble"]
    bins = cells(shown, "Precision by confidence")
    found = []
    for line, keys in zip(bins["rows"], bins["rows_of"], strict=True):
        found += [] if keys[1] is None else rows_of(page, "judges", keys[1])
        assert int(line[1]) > 0
    assert sorted(found) == np.flatnonzero(score.flagged).tolist(), "each flag is in one bin"
    figures = {name: k for s in shown["sections"][:1] for name, _, k in s["figures"]}
    assert rows_of(page, "judges", figures["flagged"]) == np.flatnonzero(score.flagged).tolist()
    plot = next(s["plot"] for s in shown["sections"] if "plot" in s)
    assert [one["name"] for one in plot["series"]] == ["as judges say"], (
        "four reviewed flags calibrate nothing"
    )
    assert sum(point[4] for point in plot["series"][0]["points"]) == int(score.flagged[:4].sum())
    for _, share, low, high, _ in plot["series"][0]["points"]:
        assert 0 <= low <= share <= high <= 1
    assert len(codes) == 90


@pytest.mark.parametrize("policy", ["flip", "drop"])
def test_a_policy_is_previewed_made_in_one_step_and_nobodys_look(judges_page, policy):
    page, given, truth, _ = judges_page
    session = page.session
    session.keep(0)  # decided by a person: never touched, though it is wrong
    report(page, "judges", p=0.4, policy=policy)
    plan, buffers = page.ask("bulk", plan="judges")
    rows = np.frombuffer(buffers[0], "<u4").tolist()
    assert plan["drop"] == (policy == "drop") and plan["n"] == len(rows) == plan["changes"] > 0
    assert 0 not in rows and set(rows) <= {1, 2, 3, 4, 5}
    assert session.state.n == 90 and len(session.events) == 1, "a preview changes nothing"
    wanted = (given if policy == "drop" else truth)[rows]
    by_class = {str(session.audit.classes[code]): n for code, n in plan["by_class"]}
    assert by_class == {name: int((wanted == name).sum()) for name in set(wanted.tolist())}
    # Somebody decides about a row while the sheet is open: it is no part of the plan any more.
    session.keep(rows[0])
    answer, _ = page.say({"type": "command", "id": "c",
                          "command": {"name": "accept_bulk", "rows": rows, "plan": "judges"}})  # fmt: skip
    assert answer["type"] == "error" and len(session.events) == 2
    assert page.command("accept_bulk", rows=rows[1:], plan="judges")["type"] == "reply"
    changed = session.state.events[2:]
    assert {event.source for event in changed} == {"judge"} and len({event.batch for event in changed}) == 1
    if policy == "drop":
        assert len(session.labels(drop_excluded=True)) == 90 - len(rows[1:])
    else:
        assert [session.labels()[row] for row in rows[1:]] == truth[rows[1:]].tolist()
    assert np.flatnonzero(verified_rows(session.state)).tolist() == sorted([0, rows[0]])
    shown = report(page, "judges", p=0.4, policy=policy)
    figures = {name: value for name, value, _ in shown["sections"][0]["figures"]}
    assert figures["flags reviewed"] == "2", "what judges wrote is no verdict on judges"
    page.command("undo")
    assert list(session.labels()) == list(given), "one undo takes all of it back"


def test_judgements_that_cannot_be_read_leave_the_page_alone(make_page, build_audit):
    audit = build_audit()
    object.__setattr__(audit, "evidence", audit.evidence.including(judgements=np.full((60, 1), 99)))
    page = make_page(audit, journal=None)
    page.hello()
    assert "judges" not in page.ask("detail", row=0)[0]
    listed = {one["name"]: one for one in page.ask("reports")[0]["reports"]}
    assert "cannot be read" in listed["judges"]["missing"]
