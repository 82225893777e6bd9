"""Predictions outside the labels, judged as a page does it: cases, verdicts, two people, undo, the regression set."""

import json

import numpy as np
import pytest
from report_pages import blobs, report, rows_of

import labelscope as ls
from labelscope.reports import MistakeReview, load_slice
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")

WRONG = {"verdict": "wrong", "category": "spurious", "severity": "major"}


@pytest.fixture
def judged(make_page):
    """A view of 90 rows; two models that are wrong on rows 10 to 14, one of them on 15, too."""
    X, _, truth = blobs(n_wrong=0)
    audit = ls.audit(X, list(truth), features=X, evidence={"map": X[:, :2]})
    page = make_page(audit, journal=None, reviewer="ada")
    vit, soup = truth.copy(), truth.copy()
    vit[10:15] = soup[10:15] = [("dog" if label != "dog" else "eel") for label in truth[10:15]]
    soup[15] = "cat" if truth[15] != "cat" else "dog"
    page.give(models={"vit": vit.tolist(), "soup": soup.tolist()})
    return page, truth, vit, soup


def case(page, row, discuss=False):
    found, _ = page.ask("mistake", row=row, discuss=discuss)
    return found


def judge(page, row, prediction, *, settled=False, id="c", **said):
    return page.command("judge_mistake", id=id, row=row, prediction=prediction, settled=settled, **said)


def order(page, policy):
    data, buffers = page.ask("queue", policy=policy)
    return np.frombuffer(buffers[0], "<u4")[: data["listed"]].tolist()


def test_a_row_shows_its_predictions_and_sure_rows_of_both_classes(judged):
    page, truth, vit, _ = judged
    found = case(page, 10)
    (one,) = found["cases"]
    assert (found["labels"], found["given"]) == ([truth[10]], truth[10])
    assert (one["prediction"], one["models"]) == (vit[10], ["vit", "soup"])
    assert {truth[row] for row in found["exemplars"]} == {truth[10]} and 10 not in found["exemplars"]
    assert {truth[row] for row in one["exemplars"]} == {vit[10]}
    assert one["open"] and one["mine"] is None and (found["total"], found["left"]) == (6, 6)
    assert found["next"] == 11 and case(page, 14)["next"] == 15 and case(page, 15)["next"] == 10
    assert case(page, 0)["cases"] == [] and case(page, 0)["next"] == 10
    assert order(page, "mistakes") == [10, 11, 12, 13, 14, 15], "what both models get wrong comes first"


def test_how_bad_a_mistake_is_is_suggested_from_what_people_said_of_others(make_page):
    X, _, truth = blobs(n_wrong=0)
    audit = ls.audit(X, list(truth), features=X, evidence={"map": X[:, :2]})
    page = make_page(audit, journal=None, reviewer="ada")
    wrong = truth.copy()
    wrong[:40] = [("dog" if label != "dog" else "eel") for label in truth[:40]]
    page.give(models={"vit": wrong.tolist()})
    assert "likely" not in case(page, 39)["cases"][0]
    for row in range(25):
        judge(page, row, wrong[row], **WRONG | {"severity": "borderline"})
    likely = case(page, 39)["cases"][0]["likely"]
    assert (
        likely["spurious"]["severity"] == "borderline"
        and "mistakes of this kind" in likely["spurious"]["why"]
    )
    assert likely["fine_grained"]["severity"] == "minor"
    json.dumps(likely)


def test_likely_categories_come_from_the_features(judged):
    page, *_ = judged
    hints = shared_of(page.session).mistaken.review.suggest()
    rows = shared_of(page.session).mistaken.review.mistakes.rows.tolist()
    for row, kind in zip(rows, hints, strict=True):
        found = case(page, row)
        while found["busy"]:
            found = case(page, row)
        assert found["cases"][0]["category"] == kind != ""
    assert found["severities"]["spurious"] == "major"


def test_a_verdict_is_one_step_that_changes_no_label(judged):
    page, truth, vit, _ = judged
    labels = page.session.labels()
    answer = judge(page, 10, vit[10], verdict="correct")
    assert answer["data"]["rows"] == 1 and answer["data"]["batch"]
    event = page.session.events[-1]
    assert (event.kind, event.rows, event.source) == ("voted", (10,), "widget")
    found = case(page, 10)
    assert sorted(found["labels"]) == sorted([truth[10], vit[10]]), "it joins the labels that are right"
    assert not found["cases"][0]["open"] and found["left"] == 5 and order(page, "mistakes")[:2] == [11, 12]
    assert page.session.labels() == labels and page.session.progress().reviewed == 0
    judge(page, 11, vit[11], **WRONG)
    assert len({event.batch for event in page.session.events}) == 2
    page.command("undo")
    assert case(page, 11)["cases"][0]["mine"] is None and case(page, 10)["cases"][0]["mine"] is not None
    page.command("redo")
    assert case(page, 11)["cases"][0]["mine"] == WRONG
    for _ in range(2):
        page.command("undo")
    assert case(page, 10)["left"] == 6 and not page.session.can_undo


def test_saying_the_same_again_records_nothing_and_another_word_replaces_it(judged):
    page, _, vit, _ = judged
    for _ in range(2):
        judge(page, 10, vit[10], **WRONG)
    sent_twice = [judge(page, 11, vit[11], id="0123456789abcdef0", verdict="unclear") for _ in range(2)]
    assert sent_twice[0] == sent_twice[1] and len(page.session.events) == 2
    judge(page, 10, vit[10], verdict="unclear")
    found = case(page, 10)
    assert found["cases"][0]["mine"]["verdict"] == "unclear" and found["unclear"] == [vit[10]]
    assert len(page.session.events) == 3


@pytest.mark.parametrize(
    ("row", "prediction", "more", "says"),
    [
        (10, None, {"verdict": "wrnog"}, "Did you mean 'wrong'"),
        (10, None, {"verdict": ["wrong"]}, "correct, wrong, unclear, problematic"),
        (10, None, {"verdict": "wrong", "category": "spuriuos"}, "Did you mean 'spurious'"),
        (10, None, {"verdict": "wrong", "severity": "bad"}, "major, minor, borderline"),
        (10, None, {"verdict": "correct", "severity": "minor"}, "about wrong predictions"),
        (10, "gnu", {"verdict": "wrong"}, "cat, dog, eel"),
        (10, {"label": 1}, {"verdict": "wrong"}, "must be a label"),
        (0, "dog", {"verdict": "wrong"}, "what is in the label sets is no mistake"),
        (90, "dog", {"verdict": "wrong"}, "Rows are 0 to 89"),
        ("10", "dog", {"verdict": "wrong"}, "must be one row number"),
        (10, None, {}, "needs 'verdict'"),
        (10, None, {"verdict": "wrong", "settled": True}, "Say first what you think"),
        (10, None, {"verdict": "wrong", "settled": "yes"}, "true or false"),
    ],
)
def test_bad_input_is_answered_and_loses_nothing(judged, row, prediction, more, says):
    page, _, vit, _ = judged
    judge(page, 11, vit[11], **WRONG)
    said = vit[10] if prediction is None else prediction
    answer = page.command("judge_mistake", row=row, prediction=said, **more)
    assert answer["type"] == "error"
    assert says in f"{answer['message']} {answer['hint']}"
    assert len(page.session.events) == 1 and case(page, 11)["cases"][0]["mine"] == WRONG


def test_two_people_discuss_what_they_differ_on(judged):
    page, _, vit, soup = judged
    review = MistakeReview(page.session, {"vit": vit, "soup": soup}, raters_per_item=2)
    page.give(mistakes=review)
    said = {"category": "fine_grained", "severity": "minor"}
    review.vote(10, vit[10], "wrong", reviewer="bob", **said)
    before = case(page, 10)["cases"][0]
    assert (before["others"], before["opinions"], before["disputed"]) == (1, [], False), (
        "not before one's own"
    )
    judge(page, 10, vit[10], verdict="correct")
    after = case(page, 10, discuss=True)
    one = after["cases"][0]
    assert one["disputed"] and one["open"] and after["to_discuss"] == 1
    assert {o["reviewer"]: o["verdict"] for o in one["opinions"]} == {"ada": "correct", "bob": "wrong"}
    assert order(page, "mistakes:discuss") == [10] and after["next"] is None
    judge(page, 11, vit[11], verdict="unclear")
    answer = judge(page, 11, vit[11], settled=True, verdict="unclear")
    assert answer["type"] == "error" and "nothing to settle" in answer["message"]
    judge(page, 10, vit[10], settled=True, **WRONG)
    ended = case(page, 10, discuss=True)
    assert ended["to_discuss"] == 0 and ended["cases"][0]["settled"] == WRONG
    assert not ended["cases"][0]["disputed"] and order(page, "mistakes:discuss") == []
    assert judge(page, 10, vit[10], settled=True, **WRONG)["data"]["batch"] is None
    page.command("undo")
    assert case(page, 10, discuss=True)["to_discuss"] == 1


def test_cases_follow_labels_and_new_classes(judged):
    page, _, vit, _ = judged
    judge(page, 10, vit[10], **WRONG)
    page.command("relabel", rows=[10], to=vit[10])
    assert case(page, 10)["cases"] == [] and case(page, 10)["total"] == 5
    page.command("relabel", rows=[11], to="newt", new_class=True)
    found = case(page, 11)
    assert found["given"] == "newt" and [one["prediction"] for one in found["cases"]] == [vit[11]]
    page.command("exclude", rows=[12])
    assert case(page, 12)["cases"] == []
    for _ in range(3):
        page.command("undo")
    assert case(page, 10)["cases"][0]["mine"] == WRONG


def test_without_models_the_audit_is_the_model(make_page):
    X, given, _ = blobs()
    probs = np.full((90, 3), 0.2)
    probs[np.arange(90), np.arange(90) % 3] = 0.6
    audit = ls.audit(X, list(given), features=X, pred_probs=probs, evidence={"map": X[:, :2]})
    page = make_page(audit, journal=None)
    assert case(page, 0)["cases"][0]["models"] == ["the audit's model"] and case(page, 0)["total"] == 6
    page.command("relabel", rows=[20], to="newt", new_class=True)
    assert case(page, 0)["total"] == 7


def test_without_predictions_it_says_what_to_give(page):
    for request in ({"name": "mistake", "row": 0}, {"name": "queue", "policy": "mistakes"}):
        answer, _ = page.say({"type": "request", "id": "r", "request": request})
        assert answer["type"] == "error" and "view.give(models=" in answer["hint"]
    with pytest.raises(ls.errors.InvalidTypeError, match="MistakeReview"):
        page.give(mistakes="all")
    told = len(page.of_type("options"))
    page.hello()
    page.give(models={"same": page.session.labels()})
    assert len(page.of_type("options")) == told + 1, "pages ask again which queues there are"
    assert case(page, 0)["total"] == 0 and order(page, "mistakes") == []


def test_the_report_follows_votes_and_its_numbers_stand_for_rows(judged):
    page, truth, vit, soup = judged
    for row in (10, 11):
        judge(page, row, vit[row], **WRONG)
    judge(page, 12, vit[12], verdict="correct")
    judge(page, 15, soup[15], verdict="wrong", category="other", severity="minor")
    shown = report(page, "mistakes", min_models=2, slice="hard")
    parts = {part["heading"]: part for part in shown["sections"]}

    def figure(heading, name):
        found = {one[0]: one for one in parts[heading]["figures"]}[name]
        return found[1], rows_of(page, "mistakes", found[2])

    assert figure("Overview", "mistakes, each once") == ("6", [10, 11, 12, 13, 14, 15])
    assert figure("Overview", "still to judge") == ("2", [13, 14])
    assert figure("Overview", "no mistakes") == ("25.0 %", [12])
    assert figure("Regression set", "rows") == ("2", [10, 11])

    def cell(heading, first, column):
        (table,) = parts[heading]["tables"]
        at = next(k for k, cells in enumerate(table["rows"]) if cells[0] == first)
        k = table["header"].index(column)
        key = table["rows_of"][at][k]
        return table["rows"][at][k], key and rows_of(page, "mistakes", key)

    assert cell("Models", "soup", "listed") == ("6", [10, 11, 12, 13, 14, 15])
    assert cell("Models", "soup", "judged wrong") == ("3", [10, 11, 15])
    assert cell("Models", "vit", "major") == ("2", [10, 11])
    assert cell("Kinds of mistakes", "spurious", "mistakes") == ("2", [10, 11])
    assert cell("Kinds of mistakes", "other", "minor") == ("1", [15])
    (pairs,) = parts["Confused most"]["tables"]
    for cells, keys in zip(pairs["rows"], pairs["rows_of"], strict=True):
        found = rows_of(page, "mistakes", keys[2])
        assert len(found) == int(cells[2]) and {truth[row] for row in found} == {cells[0]}
    (action,) = [one for one in shown["actions"] if one["do"] == "slice"]
    assert (action["name"], action["min_models"]) == ("hard", 2)
    page.command("undo")
    assert "Kinds of mistakes" in {part["heading"] for part in report(page, "mistakes")["sections"]}
    assert report(page, "mistakes")["sections"][0]["figures"][2][1] == "3"


def test_the_major_slice_is_a_file_and_a_filter(judged, tmp_path):
    page, _, vit, soup = judged
    answer, _ = page.say(
        {"type": "request", "id": "r", "request": {"name": "major_slice", "slice": "hard", "min_models": 0}}
    )
    assert answer["type"] == "error" and "wrong and major first" in answer["hint"]
    for row in (10, 11):
        judge(page, row, vit[row], **WRONG)
    judge(page, 15, soup[15], **WRONG)
    data, buffers = page.ask("major_slice", slice=" a/b hard ", min_models=0)
    assert data["rows"] == 2 and data["builders"] == ["vit", "soup"] and data["min_models"] == 2
    written = load_slice(data["path"])
    assert (
        written.rows == (10, 11) and written.name == "a/b hard" and json.loads(buffers[0])["rows"] == [10, 11]
    )
    assert (tmp_path / data["filename"]).is_file()
    page.command("save_filter", filter="hard", query=data["query"])
    _, found = page.ask("query", text=data["query"])
    assert np.frombuffer(found[0], "<u4").tolist() == [10, 11]
    again, _ = page.ask("major_slice", slice="a/b hard", min_models=1)
    assert again["path"] == data["path"] and load_slice(again["path"]).rows == (10, 11, 15)
    for bad in ({"slice": " "}, {"slice": "x" * 61}, {"slice": "a", "min_models": 3}, {"slice": 3}):
        answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "major_slice", **bad}})
        assert answer["type"] == "error" and answer["hint"] != answer["message"]
