"""Messages about a whole review: scores to all pages, settings, controls, checks, grid pages, columns, queries."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.widget.messages import MessageError, parse
from labelscope.widget.schemas import COMMANDS, REQUESTS
from labelscope.widget.scores import SPARSE_FROM, ScoreColumns
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def idle(page):
    """Wait for the thread that rescores."""
    assert shared_of(page.session).rescorer.wait(30)
    return page


def answer_control(page, control, verdict, id="c"):
    body = {"name": "control_answer", "id": control["id"], "row": control["row"], "verdict": verdict}
    return page.say({"type": "command", "id": id, "command": body})[0]


def scored(page):
    return [(content, buffers) for content, buffers in page.sent if content["type"] == "scores"]


@pytest.fixture
def learned():
    """An audit with features and probabilities, so that edits move scores."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 60)
    X = rng.normal(size=(180, 5)).astype(np.float32) + 3 * y[:, None]
    noisy = y.copy()
    noisy[::15] = (noisy[::15] + 1) % 3
    return ls.audit(X, noisy)


class TestScores:
    def test_reach_all_pages_after_a_rescore_from_python(self, make_page, learned):
        session = ls.Session(learned, journal=None)
        shared_of(session).settings.live = False
        pages = [make_page(session) for _ in range(2)]
        for page in pages:
            page.hello()
        session.relabel(np.flatnonzero(learned.flagged)[:3], 0)
        session.rescore()
        for page in pages:
            [(content, buffers)] = scored(page)
            shown = np.frombuffer(buffers[content["suspicion"]["buffer"]], np.uint8)
            assert np.array_equal(shown, np.rint(session.suspicion * 255).astype(np.uint8))
            flags = np.frombuffer(buffers[content["flags"]["buffer"]], np.uint8)
            assert np.array_equal((flags & 1).astype(bool), session.flagged)
            assert content["seq"] == 1 and content["progress"]["reviewed"] == 3
            assert content["estimate"]["low"] <= content["estimate"]["left"] <= content["estimate"]["high"]
            assert len(content["gate"]["counts"]) == 64

    def test_follow_an_edit_when_live_and_only_then(self, make_page, learned):
        session = ls.Session(learned, journal=None)
        page = make_page(session)
        page.command("set_options", live=True)
        session.keep(1)
        assert not scored(idle(page))  # nobody looks
        page.hello()
        session.keep(2)
        assert len(scored(idle(page))) >= 1
        page.command("set_options", live=False)
        page.sent.clear()
        session.keep(3)
        assert not scored(idle(page))
        answer, _ = page.ask("rescore")
        assert answer == {} and len(scored(idle(page))) == 1

    def test_never_go_backwards(self, make_page, learned):
        page = make_page(ls.Session(learned, journal=None))
        page.hello()
        page.command("set_options", live=True)
        for row in range(12):
            page.command("keep", rows=[row])
        sequence = [content["seq"] for content, _ in scored(idle(page))]
        assert sequence == sorted(set(sequence)) and sequence
        last, buffers = scored(page)[-1]
        state = page._teller._columns._pack()
        if last["rows"] is None:
            assert buffers[0] == state[0].tobytes()

    def test_a_page_that_comes_later_gets_all_of_them(self, make_page, learned):
        session = ls.Session(learned, journal=None)
        first = make_page(session)
        first.hello()
        session.rescore()
        second = make_page(session)
        second.hello()
        [(content, _)] = scored(second)
        assert content["rows"] is None and content["seq"] == 1

    def test_hold_the_order_that_the_page_asked_for(self, make_page, learned):
        session = ls.Session(learned, journal=None)
        page = make_page(session)
        page.hello()
        session.rescore()
        assert scored(page)[-1][0]["order"] is None
        _, [queue] = page.ask("queue", policy="")
        session.rescore()
        content, buffers = scored(page)[-1]
        assert buffers[content["order"]["buffer"]] == queue

    def test_of_many_rows_hold_what_changed_only(self):
        n = SPARSE_FROM + 10
        dataset = ls.Dataset(np.zeros((n, 1), np.float32), np.arange(n) % 2)
        audit = ls.Audit.from_arrays(dataset, suspicion=np.full(n, 0.5), suggested_codes=np.ones(n, int))
        session = ls.Session(audit, journal=None)
        columns = ScoreColumns(session)
        named, buffers = columns.changed()
        assert named["rows"] is None and len(buffers[0]) == n
        session.rescore()
        session.keep([7, 9])
        named, buffers = columns.changed()
        assert np.frombuffer(buffers[named["rows"]["buffer"]], "<u4").tolist() == [7, 9]
        assert [len(buffers[k]) for k in range(3)] == [2, 2, 2]
        named, buffers = columns.changed()
        assert named["rows"] is not None and buffers[0] == b""

    def test_of_many_rows_the_page_is_sent_what_it_cannot_know(self, make_page):
        n = SPARSE_FROM + 10
        given = np.arange(n) % 2
        suggested = given.copy()
        suggested[[3, 50_000]] = 1 - suggested[[3, 50_000]]
        dataset = ls.Dataset(np.zeros((n, 1), np.float32), given)
        suspicion = np.linspace(0, 1, n)
        audit = ls.Audit.from_arrays(dataset, suspicion=suspicion, suggested_codes=suggested)
        page = make_page(ls.Session(audit, journal=None))
        data, buffers = page.ask("columns")
        sent = data["columns"]["suggested"]
        assert np.frombuffer(buffers[sent["rows"]["buffer"]], "<u4").tolist() == [3, 50_000]
        assert np.frombuffer(buffers[sent["buffer"]], np.uint8).tolist() == suggested[[3, 50_000]].tolist()
        assert np.frombuffer(buffers[data["columns"]["given"]["buffer"]], np.uint8).tolist() == given.tolist()
        _, [queue] = page.ask("queue", policy="")
        rows = np.frombuffer(queue, "<u4")
        assert len(rows) == 20_000 == len(set(rows.tolist()))
        assert rows.tolist() == page.session.queue(n=20_000).tolist()

    def test_are_in_full_columns_and_details_too(self, make_page, learned):
        session = ls.Session(learned, journal=None)
        page = make_page(session)
        row = int(learned.order()[0])
        session.keep(row)
        session.rescore()
        data, buffers = page.ask("columns")
        assert buffers[data["columns"]["suspicion"]["buffer"]][row] == 0
        detail, _ = page.ask("detail", row=row)
        assert detail["suspicion"] == 0 and detail["rank"] > 1

    def test_that_fail_are_told(self, make_page, learned, monkeypatch):
        session = ls.Session(learned, journal=None)
        page = make_page(session)
        page.hello()

        def fail():
            raise ValueError("no scores")

        monkeypatch.setattr(session, "rescore", fail)
        page.ask("rescore")
        idle(page)
        assert "no scores" in page.of_type("notice")[0]["message"]


class TestSettings:
    def test_survive_a_restart_and_reach_every_page(self, make_page, build_audit, tmp_path):
        path, audit = tmp_path / "j.jsonl", build_audit()
        session = ls.Session(audit, journal=path, reviewer="ada")
        one, two = make_page(session), make_page(session)
        one.command("set_options", control_rate=0.2, reveal="after_answer", live=False)
        one.command("save_filter", filter="sure", query="suspicion > .9")
        assert two.of_type("options")[-1]["saved_filters"] == [{"name": "sure", "query": "suspicion > .9"}]
        assert not session.can_undo and session.progress().reviewed == 0
        later = make_page(ls.Session(audit, journal=path, reviewer="ada")).hello()
        assert (later["control_rate"], later["reveal"], later["live"]) == (0.2, "after_answer", False)
        assert later["saved_filters"] == [{"name": "sure", "query": "suspicion > .9"}]
        # Filters are for everyone, options are each reviewer's own.
        other = make_page(ls.Session(audit, journal=path, reviewer="bob")).hello()
        assert other["reveal"] == "at_once" and other["saved_filters"]

    def test_refuse_what_makes_no_sense(self, page):
        assert page.command("set_options", control_rate=0.9)["code"] == "invalid_input"
        assert page.command("set_options", control_rate=True)["code"] == "bad_message"
        assert page.command("set_options", reveal="never")["code"] == "bad_message"
        assert page.command("set_options", live=1)["code"] == "bad_message"
        assert page.command("save_filter", filter=" ", query="x")["code"] == "invalid_input"
        assert page.command("save_filter", filter="a" * 121, query="x")["code"] == "invalid_input"
        assert page.command("drop_filter", filter="none")["code"] == "invalid_input"
        for number in range(100):
            assert page.command("save_filter", filter=f"f{number}", query="x")["type"] == "reply"
        assert "Drop one" in page.command("save_filter", filter="more", query="x")["hint"]
        assert page.command("save_filter", filter="f7", query="y")["type"] == "reply"

    def test_the_gate_is_set(self, page):
        assert page.command("set_gate", at=0.75)["type"] == "reply"
        gate, _ = page.ask("gate")
        assert gate["at"] == 0.75 and len(gate["counts"]) == 64
        assert page.command("set_gate", at=1.5)["code"] == "bad_message"
        assert page.command("set_gate", at=float("nan"))["code"] == "bad_message"


class TestControls:
    def test_come_with_decisions_and_never_touch_a_label(self, make_page, learned):
        page = make_page(ls.Session(learned, journal=None, reviewer="ada"))
        page.command("set_options", control_rate=0.5, live=False)
        control, row = None, 0
        while control is None and row < 60:
            control = page.command("keep", rows=[row]).get("data", {}).get("control")
            row += 1
        assert control is not None and set(control) == {"id", "row", "suggested"}
        before = page.session.state.current.copy(), page.session.state.state.copy()
        result = answer_control(page, control, "accept")
        assert result["data"]["passed"] is False and result["data"]["kind"]
        assert result["data"]["acceptance"]["wrong_accepted"] == 1
        assert np.array_equal(page.session.state.current, before[0])
        assert np.array_equal(page.session.state.state, before[1])
        assert page.session.events[-1].kind == "voted"
        # A second answer is none: forged, or sent again by a page with a short memory.
        again = answer_control(page, control, "keep")
        assert again["type"] == "error"

    def test_sent_again_the_answer_counts_once(self, make_page, learned):
        page = make_page(ls.Session(learned, journal=None, reviewer="ada"))
        page.command("set_options", control_rate=0.5, live=False)
        control, row = None, 0
        while control is None:
            control = page.command("keep", rows=[row]).get("data", {}).get("control")
            row += 1
        first, second = (answer_control(page, control, "unsure", "a long id of this page 1") for _ in "ab")
        assert first == second and first["data"]["passed"] is True
        assert sum(event.kind == "voted" for event in page.session.events) == 1

    def test_none_when_switched_off_or_for_many_rows_at_once(self, make_page, learned):
        page = make_page(ls.Session(learned, journal=None))
        page.command("set_options", control_rate=0, live=False)
        found = [page.command("keep", rows=[row])["data"].get("control") for row in range(60)]
        assert not any(found)
        page.command("set_options", control_rate=0.5)
        assert "control" not in page.command("keep", rows=list(range(100)))["data"]

    def test_noticed_when_all_is_nodded_through(self, make_page, learned):
        page = make_page(ls.Session(learned, journal=None))
        page.command("set_options", live=False)
        noticed, decisions = None, 0
        for row in learned.order():
            control = page.command("accept", rows=[int(row)])["data"].get("control")
            decisions += 1
            if control is not None:
                noticed = answer_control(page, control, "accept")["data"]["noticed"]
            if noticed or decisions == 100:
                break
        assert noticed and decisions <= 100


class TestChecksAndPages:
    def test_a_cell_is_checked_and_the_rest_accepted_in_one_step(self, make_page, build_audit):
        n = 200
        dataset = ls.Dataset(np.zeros((n, 2), np.float32), ["cat"] * 100 + ["dog"] * 100)
        suggested = np.ones(n, int)
        audit = ls.Audit.from_arrays(dataset, suspicion=np.full(n, 0.9), suggested_codes=suggested)
        page = make_page(ls.Session(audit, journal=None))
        page.command("set_options", control_rate=0, live=False)
        check, _ = page.ask("check", given="cat", suggested="dog", precision=0.9)
        assert (check["k"], check["n"], check["needed"]) == (29, 100, "29 of 29")
        assert len(set(check["rows"])) == 29 and max(check["rows"]) < 100
        assert page.command("accept_rest", token=check["token"])["code"] == "bound_not_met"
        page.command("accept", rows=check["rows"])
        state, _ = page.ask("check_state", token=check["token"])
        assert state["ready"] and state["right"] == 29 and state["lower"] >= 0.9 and state["n_rest"] == 71
        done = page.command("accept_rest", token=check["token"])
        assert done["data"]["rows"] == 71
        assert (page.session.state.current[:100] == 1).all()
        page.command("undo")
        assert (page.session.state.current[:100] == 0).sum() == 71
        assert page.command("accept_rest", token=check["token"])["type"] == "error"

    def test_a_page_counts_when_its_control_was_found(self, make_page, learned):
        page = make_page(ls.Session(learned, journal=None))
        page.command("set_options", control_rate=0.03, live=False)
        rows = np.flatnonzero(learned.suggested_codes == 0)[:12].tolist()
        opened, _ = page.ask("page_control", rows=rows, mean="suggested")
        control = opened["control"]
        assert control["row"] not in rows and control["suggested"] == 0
        done = {"rows": rows, "mean": "suggested", "seconds": 9.5}
        failed = page.command("page_done", wrong={}, token=opened["token"], **done)
        assert failed["code"] == "control_failed"
        assert page.session.progress().reviewed == 0
        opened, _ = page.ask("page_control", rows=rows, mean="suggested")
        wrong = {str(opened["control"]["row"]): 1, str(rows[0]): 2}
        done = {**done, "rows": [*rows, opened["control"]["row"]]}
        result = page.command("page_done", wrong=wrong, token=opened["token"], **done)
        assert result["data"]["rows"] == 12
        assert page.session.state.current[rows[0]] == 2
        assert (page.session.state.current[rows[1:]] == 0).all()
        assert page.session.state.state[opened["control"]["row"]] == 0
        kinds = [event.kind for event in page.session.events]
        assert kinds[-1] == "page_timed" and "voted" in kinds
        page.command("undo")
        assert page.session.progress().reviewed == 0

    def test_other_rows_than_those_shown_are_refused(self, page):
        page.command("set_options", control_rate=0, live=False)
        opened, _ = page.ask("page_control", rows=[1, 2], mean="given")
        bad = {"wrong": {}, "mean": "given", "seconds": 1, "token": opened["token"]}
        assert page.command("page_done", rows=[1, 2, 3], **bad)["type"] == "error"
        assert page.command("page_done", rows=[1, 2], **{**bad, "mean": "suggested"})["type"] == "error"
        assert page.command("page_done", rows=[1, 2], **{**bad, "token": "forged"})["type"] == "error"
        assert page.command("page_done", rows=[1], **{**bad, "wrong": {"x": 1}})["code"] == "bad_message"
        assert page.command("page_done", rows=[1], **{**bad, "wrong": {"99": 1}})["code"] == "unknown_row"
        assert page.session.events[-1].kind == "options_set"

    def test_a_preview_changes_nothing(self, page):
        found, _ = page.ask("preview", rows=[0, 1, 2], to="dog")
        assert (found["n"], found["changes"], found["already"]) == (3, 2, 1)
        assert found["contradict"] == len(found["contradicting"])
        assert page.session.progress().reviewed == 0


class TestFinding:
    def test_similar_rows_are_nearest_first(self, make_page, learned):
        page = make_page(learned, journal=None)
        data, [buffer] = page.ask("similar", row=5)
        rows = np.frombuffer(buffer, "<u4")
        vectors = np.asarray(learned.evidence.get("features", learned.evidence["pred_probs"]), np.float64)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        cosine = unit @ unit[5]
        assert data["rows"] == len(rows) == learned.n - 1 and 5 not in rows
        assert (np.diff(cosine[rows]) <= 1e-6).all()

    def test_similar_rows_by_the_graph_where_there_are_no_vectors(self, page):
        _, [buffer] = page.ask("similar", row=0)
        rows = np.frombuffer(buffer, "<u4").tolist()
        assert rows[:8] == list(range(1, 9)) and len(rows) == 59 and len(set(rows)) == 59

    def test_similar_rows_need_evidence(self, make_page):
        dataset = ls.Dataset(["a", "b"], ["x", "y"])
        page = make_page(
            ls.Audit.from_arrays(dataset, suspicion=[0, 1], suggested_codes=[0, 1]), journal=None
        )
        answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "similar", "row": 0}})
        assert answer["code"] == "missing_evidence" and "features" in answer["hint"]

    def test_exemplars_are_sure_of_their_class(self, make_page, learned):
        page = make_page(learned, journal=None)
        rows = page.ask("exemplars", code=1, n=5)[0]["rows"]
        assert len(rows) == 5
        assert (learned.given_codes[rows] == 1).all() and not learned.flagged[rows].any()
        unknown, _ = page.say(
            {"type": "request", "id": "r", "request": {"name": "exemplars", "code": 9, "n": 5}}
        )
        assert unknown["code"] == "invalid_input"

    def test_queries_and_their_mistakes(self, make_page):
        frame = pa.table({"text": ["a cat", "a dog", "cats"], "label": ["x", "y", "x"], "age": [1, 5, 9]})
        dataset = ls.Dataset(frame, "label", media="text")
        audit = ls.Audit.from_arrays(dataset, suspicion=[0.9, 0.2, 0.5], suggested_codes=[1, 1, 0])
        page = make_page(audit, journal=None)
        data, [buffer] = page.ask("query", text='text contains "cat" and age > 1')
        assert data["rows"] == 1 and np.frombuffer(buffer, "<u4").tolist() == [2]
        answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "query", "text": "age >> 1"}})
        assert answer["type"] == "error" and isinstance(answer["position"], int)
        found, _ = page.ask("complete", text="ag", cursor=2)
        assert found["from"] == 0 and "age" in [item["label"] for item in found["items"]]
        assert page.hello()["can_query"] is True

    def test_a_column_that_cannot_be_sent(self, make_page):
        page = make_page(
            ls.Audit.from_arrays(
                ls.Dataset(["a", "b"], ["x", "y"]), suspicion=[0, 1], suggested_codes=[0, 1]
            ),
            journal=None,
        )
        answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "column", "column": "age"}})
        assert answer["code"] == "unknown_column"

    def test_spectrograms_of_sounds_only(self, make_page, build_audit, page):
        sounds = [(np.sin(np.arange(4000) / (k + 3)).astype(np.float32), 8000) for k in range(10)]
        noisy = make_page(build_audit(sounds, media="audio", with_map=False), journal=None)
        data, [png] = noisy.ask("spectrogram", row=1, width=64, height=32)
        assert data["mime"] == "image/png" and bytes(png[:4]) == b"\x89PNG"
        assert (data["width"], data["height"], data["hertz"]) == (64, 32, 4000)
        answer, _ = page.say(
            {"type": "request", "id": "r", "request": {"name": "spectrogram", "row": 1, "width": 9}}
        )
        assert answer["code"] == "unreadable_media"


class TestDetail:
    def test_says_what_a_row_surely_is_not_and_who_said_what(self, make_page):
        probs = np.array([[0.001, 0.9, 0.0985, 0.0005], [0.25, 0.25, 0.25, 0.25]] * 3)
        people = [["a", "b"], ["b", None], ["c", "c"], ["a", "a"], ["d", "d"], ["b", "zebra"]]
        dataset = ls.Dataset(["t"] * 6, list("abcdab"), annotators=people, media="text")
        audit = ls.Audit.from_arrays(
            dataset, suspicion=[0.5] * 6, suggested_codes=[1] * 6, evidence={"pred_probs": probs}
        )
        page = make_page(audit, journal=None)
        detail, _ = page.ask("detail", row=0)
        # The given label is never among them, however unlikely.
        assert [found["code"] for found in detail["surely_not"]] == [3]
        assert detail["threshold"]["code"] == 1 and detail["threshold"]["passed_by"] > 0
        assert detail["annotators"] == [{"name": "0", "code": 0}, {"name": "1", "code": 1}]
        assert page.ask("detail", row=1)[0]["annotators"] == [{"name": "0", "code": 1}]
        assert page.ask("detail", row=5)[0]["annotators"][1] == {"name": "1", "code": -1}
        assert page.ask("detail", row=1)[0]["surely_not"] == []

    def test_has_tags_and_texts_of_neighbors(self, make_page, build_audit):
        page = make_page(build_audit([f"text {k}" for k in range(30)], media="text"), journal=None)
        page.command("tag", rows=[3], tags={"severity": "minor", "category": "typo"})
        detail, _ = page.ask("detail", row=3)
        assert detail["tags"] == {"severity": "minor", "category": "typo"}
        assert detail["similar_text"] == ["text 4", "text 5", "text 6"]


VALUES = st.none() | st.booleans() | st.integers(-3, 70) | st.floats() | st.text(max_size=5)
ARGS = st.dictionaries(
    st.sampled_from(["rows", "row", "to", "at", "token", "wrong", "tags", "labels", "mean", "verdict", "id"]),
    VALUES | st.lists(VALUES, max_size=3) | st.dictionaries(st.text(max_size=3), VALUES, max_size=3),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(st.sampled_from(sorted(COMMANDS)), ARGS)
def test_whatever_a_forged_command_holds_it_gets_one_answer(page, name, args):
    shared_of(page.session).settings.live = False
    before = len(page.session.events)
    answer = page.say({"type": "command", "id": "x", "command": {"name": name, **args}})[0]
    assert answer["type"] in ("reply", "error")
    assert answer.get("code") != "internal"
    if answer["type"] == "error":
        assert len(page.session.events) == before and answer["message"]


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(REQUESTS)), ARGS)
def test_whatever_a_forged_request_holds_it_is_read_or_refused(name, args):
    try:
        found = parse({"type": "request", "id": "x", "request": {"name": name, **args}}, [], 60)
    except MessageError as problem:
        assert problem.message
    else:
        assert set(found.args) == set(REQUESTS[name])
