"""A page that asks about sets of tags, numbers, and concepts beside a class."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.widget.packet import BUNDLE, packet_data, packet_html
from labelscope.widget.picture import edits, picture
from labelscope.widget.static import draw_map, static_html
from labelscope.widget.task_cards import concepts
from labelscope.widget.thumbnails import Thumbnails

N = 24
TASKS = ("multilabel", "regression", "concepts")


def build(task, n=N, seed=0):
    """An audit as the scorers of a task leave it."""
    rng = np.random.default_rng(seed)
    frame = pa.table({"text": [f"row {k}" for k in range(n)], "size": np.arange(n)})
    near = ((np.arange(n)[:, None] + np.arange(1, 6)) % n).astype(np.int32)
    evidence = {
        "map": rng.random((n, 2)).astype(np.float32),
        "knn_ids": near,
        "knn_distances": np.tile(np.arange(1, 6) / 10, (n, 1)).astype(np.float32),
        "features": rng.random((n, 3)).astype(np.float32),
    }
    details, suggested, options = {}, None, {}
    if task == "multilabel":
        sets = [{"joy"}, {"joy", "fear"}, set(), {"anger", "sad one"}]
        labels = [None if k == 5 else sets[k % 4] for k in range(n)]
        details = {"missing": rng.random((n, 4)), "spurious": rng.random((n, 4))}
        suggested = (rng.random((n, 4)) > 0.5).astype(np.int8)
        evidence["pred_probs"] = rng.random((n, 4))
    elif task == "regression":
        labels = [None if k == 5 else k / 4 for k in range(n)]
        details = {"suggested_value": rng.normal(size=n), "low": np.full(n, -1.0), "high": np.full(n, 2.0)}
        suggested = details["suggested_value"]
    else:
        labels = [None if k == 5 else ("gull", "tern", "auk")[k % 3] for k in range(n)]
        options["concepts"] = rng.choice([0.0, 1.0, np.nan], (n, 3))
        details = {
            "attribute_suspicion": rng.random((n, 3)),
            "suggested_concepts": rng.integers(0, 2, (n, 3)),
        }
        evidence |= {"concept_probs": rng.random((n, 3)), "pred_probs": np.full((n, 3), 1 / 3)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(frame, labels, task=task, media="text", **options)
    codes = dataset.labels.codes if task == "concepts" else np.full(n, -1)
    audit = ls.Audit.from_arrays(
        dataset, suspicion=np.linspace(0.9, 0, n), suggested_codes=codes, evidence=evidence,
        flagged=np.arange(n) < 4,
    )  # fmt: skip
    name, score = next(iter(audit.scores.items()))
    score = replace(score, details=details, suggested=score.suggested if suggested is None else suggested)
    return replace(audit, scores={name: score})


@pytest.fixture(params=TASKS)
def task(request):
    return request.param


@pytest.fixture
def look(make_page):
    return lambda task: make_page(build(task), journal=None)


def test_the_page_hears_of_the_task_and_its_tags(look, task):
    page = look(task)
    found = page.hello()
    assert found["task"] == task
    tags = {"multilabel": ["anger", "fear", "joy", "sad one"]}.get(task)
    if task == "concepts":
        tags = list(page.session.state.tag_names)
        assert found["more"]
    assert found.get("tags") == tags
    data, buffers = page.ask("columns")
    assert data["task"] == task and data.get("tags") == tags
    if task == "concepts":
        raw = np.frombuffer(buffers[data["attributes"]["buffer"]], np.uint8)
        cells = (raw[:, None] >> np.array([0, 2, 4, 6]) & 3).reshape(-1)[: N * 3].reshape(N, 3)
        assert np.array_equal(np.where(cells == 2, -1, cells), page.session.state.given_tags)
    shown = page._picture
    assert shown["task"] == task and shown.get("tags") == tags


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_every_request_and_command_has_an_answer(look, task):
    page = look(task)
    page.hello()
    json.dumps(page.ask("detail", row=0)[0], allow_nan=False)
    asked = [
        ("cards", {"rows": list(range(N)), "size": 32}), ("queue", {"policy": ""}), ("search", {"query": "row 3"}),
        ("similar", {"row": 2}), ("exemplars", {"code": 0, "n": 3}), ("gate", {}), ("estimate", {}),
        ("rescore", {}), ("columns", {}), ("complete", {"text": "ta", "cursor": 2}),
        ("preview", {"rows": [0, 1], "to": None}), ("page_control", {"rows": [0, 1], "mean": "suggested"}),
        ("export", {"format": "csv"}), ("export", {"format": "parquet"}), ("export", {"format": "jsonl"}),
        ("export", {"format": "cleanlab"}),
    ]  # fmt: skip
    labels = {"multilabel": ("joy", "fear|joy"), "regression": (0.25, 17), "concepts": ("gull", "tern")}[task]
    for name, args in asked:
        data, _ = page.ask(name, **args)
        json.dumps(data, allow_nan=False)
    commands = [
        ("relabel", {"rows": [0], "to": labels[0]}), ("relabel", {"rows": [1, 2], "to": labels[1]}),
        ("accept", {"rows": [3, 4, 6]}), ("keep", {"rows": [7]}), ("unsure", {"rows": [8]}),
        ("exclude", {"rows": [9]}), ("tag", {"rows": [0], "tags": {"severity": "minor"}}),
        ("note", {"row": 0, "text": "hm"}), ("undo", {}), ("redo", {}),
    ]  # fmt: skip
    if task != "regression":
        tag = page.session.state.tag_names[0]
        commands += [
            ("add_tags", {"rows": [10], "tags": [tag]}),
            ("remove_tags", {"rows": [11], "tags": [tag]}),
        ]
    for name, args in commands:
        answer = page.command(name, **args)
        assert answer["type"] == "reply", answer
    made = page.session.progress()
    assert made.taken_over == 3 and made.reviewed + made.taken_over >= 9
    for row in range(N):
        json.dumps(page.ask("detail", row=row)[0], allow_nan=False)
    token = page.ask("page_control", rows=[20, 21], mean="suggested")[0]["token"]
    done = {"rows": [20, 21], "wrong": {"21": labels[1]}, "mean": "suggested", "seconds": 2, "token": token}
    assert page.command("page_done", **done)["type"] in ("reply", "error")
    page.session.rescore()
    page.ask("columns")


def test_a_cell_of_numbers_or_sets_that_cannot_be_checked_is_said(look, task):
    page = look(task)
    request = {"name": "check", "given": None, "suggested": None, "precision": 0.9}
    answer, _ = page.say({"type": "request", "id": "x", "request": request})
    assert answer["type"] == "error" and answer["code"] != "internal"


def test_chips_say_what_is_given_current_and_likely_missing(look):
    page = look("multilabel")
    session = page.session
    names = list(session.state.tag_names)
    details = session.audit.main.details
    session.add_tags(1, "anger")
    session.remove_tags(1, "joy")
    found = page.ask("detail", row=1)[0]["chips"]
    own = [chip["tag"] for chip in found if chip["given"] == 1 or chip["current"] == 1]
    assert own == ["anger", "fear", "joy"] == [chip["tag"] for chip in found[:3]]
    by_tag = {chip["tag"]: chip for chip in found}
    assert (by_tag["joy"]["given"], by_tag["joy"]["current"], by_tag["joy"]["spurious"]) == (1, 0, 0)
    assert (by_tag["anger"]["given"], by_tag["anger"]["current"], by_tag["anger"]["missing"]) == (0, 1, 0)
    assert by_tag["fear"]["spurious"] == pytest.approx(details["spurious"][1, names.index("fear")])
    assert by_tag["sad one"]["probability"] == session.audit.evidence["pred_probs"][1, 3]
    empty = page.ask("detail", row=5)[0]["chips"]  # unlabelled
    assert {chip["given"] for chip in empty} == {-1}
    ghosts = [chip["missing"] for chip in page.ask("detail", row=2)[0]["chips"]]
    assert ghosts == sorted(ghosts, reverse=True) and len(ghosts) == 4
    cards = page.ask("cards", rows=[1, 2], size=32)[0]["cards"]
    assert len(cards[1]["chips"]) <= 3 and [c["tag"] for c in cards[0]["chips"]][:3] == own


def test_what_enter_puts_into_an_unknown_tag_is_shown_before(look, make_page):
    """A suggestion decides tags that nobody said anything about, so that they are ghosts as well."""
    page = look("multilabel")
    session, names = page.session, list(page.session.state.tag_names)
    wanted = {names[k] for k in np.flatnonzero(session.audit.main.suggested[5])}
    assert wanted and (session.state.tags[5] == -1).all()
    chips = page.ask("detail", row=5)[0]["chips"]
    probs = dict(zip(names, session.audit.evidence["pred_probs"][5], strict=True))
    assert all(chip["missing"] == pytest.approx(probs[chip["tag"]], abs=1e-5) for chip in chips)
    card = page.ask("cards", rows=[5], size=32)[0]["cards"][0]["chips"]
    assert [chip["tag"] for chip in card] == [chip["tag"] for chip in chips if chip["missing"] >= 0.1][:3]
    page.command("accept", rows=[5])
    assert set(session.labels()[5]) == wanted

    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 4)).astype(np.float32)
    given = (X[:, :3] > 0).astype(float)
    given[7, 1:] = np.nan
    X[7, 1] = 3
    audit = ls.audit(ls.Dataset(X, given, task="multilabel", class_names=["a", "b", "c"]), features=X)
    assert audit.main.suggested[7][1] == 1
    page = make_page(audit, journal=None)
    by_tag = {chip["tag"]: chip["missing"] for chip in page.ask("detail", row=7)[0]["chips"]}
    fused = audit.main.details["tag_probs"][7]
    assert by_tag["b"] == pytest.approx(fused[1], abs=1e-5) and by_tag["b"] > 0.5
    page.command("remove_tags", rows=[7], tags=["b"])
    by_tag = {chip["tag"]: chip["missing"] for chip in page.ask("detail", row=7)[0]["chips"]}
    assert by_tag["b"] == 0, "somebody decided"


def test_attributes_come_with_what_accepting_makes_of_them(look):
    page = look("concepts")
    session = page.session
    now = session.state.tags
    row = int(np.flatnonzero((now == 0).any(axis=1) & (now == 1).any(axis=1))[0])
    absent = session.state.tag_names[int(np.flatnonzero(session.state.tags[row] == 0)[0])]
    page.command("remove_tags", rows=[row], tags=[absent])  # decided: accepting does not turn it
    shown = [one["suggested"] for one in page.ask("detail", row=row)[0]["concepts"]]
    page.command("accept", rows=[row])
    assert shown == session.state.tags[row].tolist()
    lone = replace(
        session.audit,
        scores={"own": replace(session.audit.main, details={"attribute_suspicion": np.ones((N, 3))})},
    )
    other = ls.Session(lone, journal=None)
    assert [one["suggested"] for one in concepts(other, 0)] == [None] * 3


def test_the_target_stands_between_low_and_high_beside_its_neighbors(look):
    page = look("regression")
    page.command("relabel", rows=[0], to=3.5)
    found = page.ask("detail", row=0)[0]["target"]
    details = page.session.audit.main.details
    assert (found["given"], found["current"], found["low"], found["high"]) == (0, 3.5, -1, 2)
    assert found["suggested"] == pytest.approx(details["suggested_value"][0])
    assert [n["row"] for n in found["neighbors"]] == [1, 2, 3, 4]  # row 5 has no target
    assert [n["kind"] for n in found["neighbors"]] == ["push"] * 4
    assert sum(found["density"]["counts"]) == N - 1 and len(found["density"]["counts"]) == 30
    assert page.ask("detail", row=5)[0]["target"]["given"] is None
    card = page.ask("cards", rows=[0], size=32)[0]["cards"][0]
    assert card["value"] == 3.5 and card["suggested_value"] == pytest.approx(details["suggested_value"][0])
    answer = page.command("relabel", rows=[1], to="a lot")
    assert answer["type"] == "error" and "finite number" in answer["message"]


def test_concepts_stand_beside_the_class(look):
    page = look("concepts")
    state = page.session.state
    page.command("add_tags", rows=[0], tags=[state.tag_names[1]])
    found = page.ask("detail", row=0)[0]["concepts"]
    assert [one["name"] for one in found] == list(state.tag_names)
    assert [one["given"] for one in found] == state.given_tags[0].tolist()
    assert found[1]["current"] == 1 and found[1]["suspicion"] == 0 < found[0]["suspicion"]
    assert found[2]["probability"] == page.session.audit.evidence["concept_probs"][0, 2]


def test_columns_of_the_task_follow_decisions(look):
    page = look("multilabel")
    names = [info["name"] for info in page.hello()["columns"]]
    assert names[:2] == ["text", "size"] and {"tag: joy", "P(joy)", "tag: sad one"} <= set(names)
    data, buffers = page.ask("column", column="tag: joy")
    assert data["info"]["categories"] == ["yes", "no", "unknown"] and data["dtype"] == "uint16"
    before = np.frombuffer(buffers[0], np.uint16)
    assert before[:6].tolist() == [0, 0, 1, 1, 0, 2]
    page.command("add_tags", rows=[2], tags=["joy"])
    data, buffers = page.ask("column", column="tag: joy")
    assert np.frombuffer(buffers[0], np.uint16)[2] == 0
    assert data["info"]["counts"][0] == (before == 0).sum() + 1
    data, buffers = page.ask("column", column="P(joy)")
    assert np.allclose(np.frombuffer(buffers[0], np.float32), page.session.audit.evidence["pred_probs"][:, 2])
    page = look("regression")
    page.command("relabel", rows=[0], to=99)
    data, buffers = page.ask("column", column="target")
    values = np.frombuffer(buffers[0], np.float32)
    assert values[0] == 99 and np.isnan(values[5]) and data["info"]["max"] == 99
    assert page.ask("column", column="suggested target")[0]["info"]["kind"] == "numeric"
    page = look("concepts")
    assert f"attribute: {page.session.state.tag_names[0]}" in [c["name"] for c in page.hello()["columns"]]


def rows_of(page, text):
    _, buffers = page.ask("query", text=text)
    return np.frombuffer(buffers[0], np.uint32).tolist()


def test_queries_know_tags_and_numbers(look):
    page = look("multilabel")
    tags = page.session.state.tags
    joy, fear, sad = (
        tags[:, page.session.state.tag_names.index(name)] for name in ("joy", "fear", "sad one")
    )
    assert rows_of(page, "tag:joy") == np.flatnonzero(joy == 1).tolist()
    assert rows_of(page, "-tag:joy") == np.flatnonzero(joy != 1).tolist()
    assert rows_of(page, "not tag:joy and size > 3") == [k for k in range(4, N) if joy[k] != 1]
    assert rows_of(page, 'tag:joy and -tag:fear or tag:"sad one"') == [
        k for k in range(N) if (joy[k] == 1 and fear[k] != 1) or sad[k] == 1
    ]
    assert (
        rows_of(page, "`P(joy)` > 0.5")
        == np.flatnonzero(page.session.audit.evidence["pred_probs"][:, 2] > 0.5).tolist()
    )
    assert rows_of(page, '`tag: joy` == "no"') == np.flatnonzero(joy == 0).tolist()
    assert rows_of(page, 'given == "(no tags)"') == rows_of(page, 'given == ""') == [2, 6, 10, 14, 18, 22]
    request = {"name": "query", "text": "tag:jo"}
    answer, _ = page.say({"type": "request", "id": "x", "request": request})
    assert answer["type"] == "error" and "'joy'" in answer["hint"] and answer["position"] == 0
    items = page.ask("complete", text="tag", cursor=3)[0]["items"]
    assert {"tag:joy", 'tag:"sad one"'} <= {item["label"] for item in items}
    page = look("regression")
    assert rows_of(page, "given > 3") == [k for k in range(N) if k / 4 > 3]
    assert rows_of(page, "given == 0.5 or given is missing") == [2, 5]
    page.command("relabel", rows=[0], to=50)
    assert rows_of(page, "current > 49 and target > 49 and given < 1") == [0]
    wanted = page.session.audit.main.details["suggested_value"]
    assert rows_of(page, "suggested < 0") == np.flatnonzero(wanted < 0).tolist()
    page = look("concepts")
    assert (
        rows_of(page, f"tag:{page.session.state.tag_names[0]}")
        == np.flatnonzero(page.session.state.tags[:, 0] == 1).tolist()
    )


def test_counts_and_cuts_of_tags(look):
    page = look("multilabel")
    session = page.session
    details, place = session.audit.main.details, session.state.tag_names.index("joy")
    has = session.state.tags[:, place] == 1
    joy = next(one for one in page.ask("tag_counts")[0]["tags"] if one["tag"] == "joy")
    assert (joy["given"], joy["current"]) == (has.sum(), has.sum())
    assert sum(joy["missing_histogram"]) == (~has).sum() and len(joy["missing_histogram"]) == 20
    missing, spurious = details["missing"][:, place], details["spurious"][:, place]
    assert joy["estimated"] == pytest.approx(has.sum() + missing[~has].sum() - spurious[has].sum())
    data, buffers = page.ask("accept_tag_cut", tag="joy", side="missing", threshold=0.5)
    rows = np.frombuffer(buffers[0], np.uint32)
    assert rows.tolist() == np.flatnonzero(~has & (missing >= 0.5)).tolist() and data["rows"] == len(rows)
    assert data["expected_wrong"] == pytest.approx((1 - missing[rows]).sum())
    page.command("add_tags", rows=rows.tolist(), tags=["joy"])
    assert page.ask("accept_tag_cut", tag="joy", side="missing", threshold=0.5)[0]["rows"] == 0
    joy = next(one for one in page.ask("tag_counts")[0]["tags"] if one["tag"] == "joy")
    assert joy["current"] == has.sum() + len(rows)
    request = {"name": "accept_tag_cut", "tag": "jo", "side": "missing", "threshold": 0.5}
    answer, _ = page.say({"type": "request", "id": "x", "request": request})
    assert answer["type"] == "error" and "'joy'" in answer["hint"]
    answer, _ = look("regression").say({"type": "request", "id": "x", "request": {"name": "tag_counts"}})
    assert answer["type"] == "error" and "regression" in answer["message"]


def test_proposals_are_told_and_taken_up(look, monkeypatch):
    page = look("concepts")
    names = page.session.state.tag_names
    module = ModuleType("labelscope.review.propagation")
    made = [{"variable": names[1], "kind": "attribute", "old": 0, "new": 1, "p_old": 0.2, "p_new": 0.9}]
    module.propose = lambda session, row, fix: made
    monkeypatch.setitem(__import__("sys").modules, "labelscope.review.propagation", module)
    data, _ = page.ask("propagate", row=0, fix={"add": names[0]})
    assert data["proposals"] == made
    assert page.session.events[-1].kind == "proposed" and not page.session.can_undo
    assert page.command("accept_proposals", row=0, variables=["beak"])["type"] == "error"
    answer = page.command("accept_proposals", row=0, variables=[names[1]])
    assert answer["data"]["rows"] == 1 and page.session.state.tags[0, 1] == 1
    assert page.session.events[-1].source == "propagated"
    # Without the module the page hears so.
    monkeypatch.setitem(__import__("sys").modules, "labelscope.review.propagation", None)
    request = {"name": "propagate", "row": 0, "fix": {"add": names[0]}}
    answer, _ = page.say({"type": "request", "id": "x", "request": request})
    assert answer["type"] == "error" and "propagated" in answer["message"]


@pytest.mark.parametrize("body", [
    {"name": "add_tags", "rows": [0]}, {"name": "add_tags", "rows": [0], "tags": "joy"},
    {"name": "add_tags", "rows": [0], "tags": [3]}, {"name": "remove_tags", "rows": [99], "tags": ["joy"]},
    {"name": "add_tags", "rows": [0], "tags": ["jo"]}, {"name": "accept_proposals", "row": 0, "variables": []},
    {"name": "relabel", "rows": [0], "to": ["joy"]},
])  # fmt: skip
def test_bad_commands_change_nothing(look, body):
    page = look("multilabel")
    answer, _ = page.say({"type": "command", "id": "c", "command": body})
    assert answer["type"] == "error" and answer["code"] not in ("internal", "disk")
    assert not page.session.events


def test_pictures_are_drawn_for_every_task(task):
    audit = build(task)
    session = ls.Session(audit, journal=None)
    session.relabel([0, 1], {"multilabel": {"fear"}, "regression": 77.5, "concepts": "auk"}[task])
    html = static_html(session, Thumbnails(audit.dataset.media))
    assert "Most suspicious rows" in html and "image/png" in html
    assert {"multilabel": "(no tags)", "regression": "77.5", "concepts": "auk"}[task] in html
    assert len(np.unique(draw_map(audit).reshape(-1, 3), axis=0)) > 5
    saved = edits(session)
    assert len(saved["rows"]) == 8 and "dtype" not in saved
    found = picture(audit, with_map=True, session=session)
    json.dumps({name: value for name, value in found.items() if name not in ("columns", "rows")})
    data = packet_data(session)
    json.dumps(data, allow_nan=False)
    assert data["picture"]["task"] == task and len(data["cards"]) == N
    if BUNDLE.is_file():
        assert "packet-data" in packet_html(session)


def test_many_numbers_travel_as_bytes():
    n = 70_000
    values = np.linspace(-1, 1, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((n, 1), np.float32), values, task="regression")
    audit = ls.Audit.from_arrays(
        dataset, suspicion=np.zeros(n), suggested_codes=np.full(n, -1), evidence={"map": np.zeros((n, 2))}
    )
    session = ls.Session(audit, journal=None)
    session.relabel(3, 8.0)
    found = picture(audit, with_map=True, session=session)
    assert found["classes"] == [] and np.array_equal(np.frombuffer(found["class_values"]), values)
    assert len(found["columns"]["given"]) == 4 * 50_000
    saved = edits(session)
    assert saved["dtype"] == "uint32" and np.frombuffer(saved["current"], np.uint32).tolist() == [n]
    assert saved["new_classes"] == [8]
    assert len(session.ledger.journal.header.to_line()) < 40_000
    assert (
        len(json.dumps([value for value in found.values() if not isinstance(value, bytes | dict)])) < 50_000
    )
