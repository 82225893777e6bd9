"""What a page asks about all tags, rules of classes, and single scorers."""

import numpy as np
import pytest
from test_view_tasks import build

import labelscope as ls
from labelscope.widget.packet import packet_data

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def test_a_check_of_a_tag_draws_rows_above_the_cut(make_page):
    page = make_page(build("multilabel", n=400), journal=None)
    cut = {"tag": "joy", "side": "missing", "threshold": 0.5}
    rows = np.frombuffer(page.ask("accept_tag_cut", **cut)[1][0], np.uint32)
    check = page.ask("tag_check", **cut, precision=0.9)[0]
    assert set(check["rows"]) <= set(rows.tolist()) and (check["k"], check["n"]) == (29, len(rows))
    for row in check["rows"]:
        page.command("add_tags", rows=[row], tags=["joy"])
    state = page.ask("check_state", token=check["token"])[0]
    assert state["ready"] and state["right"] == 29
    assert page.command("accept_rest", token=check["token"])["data"]["rows"] == len(rows) - 29
    column = page.session.state.tag_names.index("joy")
    assert (page.session.state.tags[rows, column] == 1).all()


def test_rules_count_the_labels_as_they_are_now(make_page):
    page = make_page(build("concepts", n=60), journal=None)
    state = page.session.state
    found = page.ask("conditionals")[0]
    assert found["attributes"] == list(state.tag_names)
    for code in range(3):
        own = state.tags[state.current == code]
        assert found["rows"][code] == (own >= 0).sum(axis=0).tolist()
        assert found["present"][code] == (own == 1).sum(axis=0).tolist()
    assert (np.array(found["probabilities"]) > 0).all() and (np.array(found["probabilities"]) < 1).all()
    row = int(np.flatnonzero((state.current == 0) & (state.tags[:, 0] == 0))[0])
    before = found["present"][0][0]
    page.command("add_tags", rows=[row], tags=[state.tag_names[0]])
    assert page.ask("conditionals")[0]["present"][0][0] == before + 1
    page.command("exclude", rows=[row])
    assert page.ask("conditionals")[0]["present"][0][0] == before
    for task, words in (("multilabel", "no class"), ("regression", "no tags")):
        other = make_page(build(task), journal=None)
        answer, _ = other.say({"type": "request", "id": "x", "request": {"name": "conditionals"}})
        assert answer["type"] == "error" and words in answer["message"]


def test_cards_of_concepts_name_the_attributes_that_are_probably_wrong(make_page):
    page = make_page(build("concepts"), journal=None)
    doubts = page.session.audit.main.details["attribute_suspicion"]
    cards = page.ask("cards", rows=list(range(24)), size=32)[0]["cards"]
    names = page.session.state.tag_names
    for row, card in enumerate(cards):
        wanted = [names[k] for k in np.argsort(-doubts[row]) if doubts[row, k] >= 0.5]
        assert [chip["tag"] for chip in card["chips"]] == wanted
    page.command("add_tags", rows=[0], tags=list(names))
    assert page.ask("cards", rows=[0], size=32)[0]["cards"][0]["chips"] == []


def test_the_same_fix_for_similar_rows_is_asked_first(make_page):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 60)
    held = np.column_stack([y, y, 1 - y]).astype(float)
    held[[3, 7]] = (1, 1, 0)
    X = (rng.normal(size=(120, 3)) + y[:, None]).astype(np.float32)
    page = make_page(ls.audit(ls.Dataset(X, y, concepts=held), features=X), journal=None)
    page.command("remove_tags", rows=[3], tags=["0"])
    proposals = page.ask("propagate", row=3, fix={"0": 0})[0]["proposals"]
    assert {one["variable"]: one["new"] for one in proposals} == {"1": 0, "2": 1}
    data, buffers = page.ask("similar_fixes", rows=[5, 6, 7, 8], row=3, fix={"0": 0})
    assert data["rows"] == 1 and np.frombuffer(buffers[0], np.uint32).tolist() == [7]
    assert {change["variable"]: change["new"] for change in data["changes"]} == {"0": 0, "1": 0, "2": 1}
    assert page.session.state.tags[7].tolist() == [1, 1, 0]
    assert page.command("fix_similar", rows=[7], row=3, fix={"0": 0})["data"]["rows"] == 1
    assert page.session.state.tags[7].tolist() == [0, 0, 1]
    packed = packet_data(page.session)["picture"]["attributes"]
    assert isinstance(packed, str) and len(packed) >= 120


def test_what_stays_as_decided_is_told_before_several_rows_are_accepted(make_page):
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 60)
    held = np.column_stack([y, y, 1 - y]).astype(float)
    held[[3, 7, 9], 0] = 1
    X = (rng.normal(size=(120, 3)) + 2 * y[:, None]).astype(np.float32)
    page = make_page(ls.audit(ls.Dataset(X, y, concepts=held), features=X), journal=None)
    page.command("add_tags", rows=[3, 7], tags=["0"])  # right as it is
    told, _ = page.ask("accept_preview", rows=[3, 7, 9])
    assert told == {"n": 3, "changes": 1, "without": 0, "stay": [["0", 2]]}
    page.command("accept", rows=[3, 7, 9])
    assert page.session.state.tags[[3, 7, 9], 0].tolist() == [1, 1, 0]
    assert page.ask("accept_preview", rows=[9])[0]["changes"] == 0


def test_one_scorer_orders_and_colors(make_page):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 4)).astype(np.float32), rng.integers(0, 3, 90)
    audit = ls.audit(X, y, features=X)
    page = make_page(audit, journal=None)
    names = page.hello().get("scorers", [])
    assert names == (list(audit.scores) if len(audit.scores) > 1 else [])
    name = list(audit.scores)[-1]
    page.session.keep([0, 1])
    _, buffers = page.ask("queue", policy=f"score:{name}")
    order = np.frombuffer(buffers[0], np.uint32)
    suspicion = np.asarray(audit.scores[name].suspicion)
    assert sorted(order[-2:].tolist()) == [0, 1] and sorted(order.tolist()) == list(range(90))
    assert (np.diff(suspicion[order[:-2]]) <= 0).all()
    data, buffers = page.ask("column", column=f":score {name}")
    assert data["info"]["kind"] == "numeric" and (data["info"]["min"], data["info"]["max"]) == (0, 1)
    assert np.allclose(np.frombuffer(buffers[0], np.float32), suspicion)
    for request in (
        {"name": "queue", "policy": "score:marginn"},
        {"name": "column", "column": ":score marginn"},
    ):
        answer, _ = page.say({"type": "request", "id": "x", "request": request})
        assert answer["type"] == "error" and "scorer" in answer["message"]
