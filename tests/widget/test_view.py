"""The widget: traits, selection, two views in step, the map that comes later, and letting go."""

import asyncio
import gc
import threading
import weakref

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, LabelscopeError, MissingBundleError
from labelscope.widget import view as view_module
from labelscope.widget.rows import pack_mask


def own_traits(view):
    from anywidget import AnyWidget

    return {k for k in view.keys if k not in AnyWidget.class_traits(sync=True)} - {"_esm", "_anywidget_id"}


def test_own_synced_traits(page):
    assert own_traits(page) == {"_picture", "_edits", "_options", "_selection", "current"}
    assert page.trait_metadata("_selection", "echo_update") is False


def test_picture_follows_the_protocol(page):
    picture = page._picture
    assert (picture["protocol"], picture["n"], picture["media"], picture["rows"]) == (1, 60, "features", None)
    assert picture["classes"] == ["cat", "dog", "eel"]
    assert picture["class_names"] == ["cat", "dog", "eel"]
    sizes = {name: len(column) for name, column in picture["columns"].items()}
    assert sizes == {"x": 120, "y": 120, "given": 60, "suggested": 60, "suspicion": 60, "flags": 60}
    assert np.frombuffer(picture["columns"]["flags"], np.uint8).tolist() == [1] * 6 + [0] * 54
    assert [card["row"] for card in picture["cards"][:6]] == [0, 1, 2, 3, 4, 5]
    assert page._edits["progress"]["n"] == 60
    assert len(page._selection) == 8


def test_selection_reads_as_rows_and_changes_once(page):
    seen = []
    page.observe(lambda change: seen.append(change["new"].tolist()), "selection")
    page.selection = [5, 3, 5]
    assert page.selection.tolist() == [3, 5]
    assert page._selection == pack_mask(page.selection, 60)
    page.selection = slice(3, 6, 2)
    assert seen == [[3, 5]]
    page.selection = np.arange(60) < 2
    page.selection = []
    assert seen == [[3, 5], [0, 1], []]
    with pytest.raises(InvalidInputError, match="no row 60"):
        page.selection = [60]
    assert page.selection.tolist() == []


@pytest.mark.parametrize("kind", [bytes, memoryview])
def test_selection_from_a_page(page, kind):
    seen = []
    page.observe(lambda change: seen.append(change["new"].tolist()), "selection")
    page.set_state({"_selection": kind(pack_mask(np.array([2, 59]), 60)), "current": 4})
    assert page.selection.tolist() == [2, 59]
    assert page.current == 4
    assert seen == [[2, 59]]


def test_a_page_cannot_set_what_is_not_a_row(page):
    page.current = 1
    page.set_state({"current": 99})
    page.set_state({"_selection": b"xxx"})
    assert page.current == 1
    assert page.selection.tolist() == []
    assert [notice["level"] for notice in page.of_type("notice")] == ["error", "error"]


def test_current_is_checked(page):
    page.current = np.int64(3)
    assert type(page.current) is int
    for bad in (-1, 60, "a", 1.5, True):
        with pytest.raises(LabelscopeError):
            page.current = bad
    page.current = None
    assert page.current is None


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"color_by": "curent"}, "'current'"),
        ({"theme": "drak"}, "'dark'"),
        ({"renderer": "webgl"}, "'webgl2'"),
        ({"height": 10}, "240"),
        ({"height": "tall"}, "240"),
    ],
)
def test_options_are_checked_before_work_starts(audit, make_page, option, says):
    with pytest.raises(InvalidInputError) as caught:
        make_page(audit, journal=None, **option)
    assert says in str(caught.value)


def test_what_a_view_shows(audit, make_page):
    session = ls.Session(audit, journal=None, reviewer="ada")
    view = make_page(session, color_by="suspicion")
    assert view.session is session
    assert view._options["color_by"] == "suspicion"
    assert view._options["reviewer"] == "ada"
    with pytest.raises(LabelscopeError, match="Audit or a Session"):
        make_page([1, 2])
    with pytest.raises(InvalidInputError, match="already"):
        make_page(session, reviewer="bob")


def test_a_missing_bundle_is_explained(audit, monkeypatch, tmp_path):
    class Bare(view_module.View):
        pass

    monkeypatch.delattr(view_module.View, "_esm", raising=False)
    monkeypatch.setattr(view_module, "BUNDLE", tmp_path / "none.js")
    with pytest.raises(MissingBundleError, match="make build") as caught:
        Bare(audit, journal=None)
    assert isinstance(caught.value, FileNotFoundError)
    (tmp_path / "none.js").write_text("export default {}")
    built = Bare(audit, journal=None)
    assert built._esm == "export default {}"
    built.close()


def test_two_views_and_the_api_stay_in_step(audit, make_page):
    session = ls.Session(audit, journal=None)
    one, two = make_page(session), make_page(session)
    one.command("relabel", rows=[0, 1], to="eel")
    session.exclude(7)
    for view in (one, two):
        told = view.of_type("events")
        assert [len(message["events"]) for message in told] == [1, 1]
        assert told[0]["events"][0]["rows"] == [0, 1]
        assert told[1]["can_undo"] is True
        assert np.frombuffer(view._edits["rows"], "<u4").tolist() == [0, 1, 7]
        assert np.frombuffer(view._edits["current"], "<u2").tolist() == [2, 2, 1]
        assert np.frombuffer(view._edits["state"], np.uint8).tolist() == [1, 1, 4]
    assert one.of_type("reply") and not two.of_type("reply")


def test_a_new_class_is_in_the_edits(page):
    page.command("relabel", rows=[0], to="newt", new_class=True)
    assert page._edits["new_classes"] == ["newt"]
    assert np.frombuffer(page._edits["current"], "<u2").tolist() == [3]


def test_events_come_before_the_reply_and_say_whether_they_are_on_disk(audit, make_page, tmp_path):
    view = make_page(audit, journal=tmp_path / "j.jsonl")
    view.command("keep", rows=[2])
    kinds = [content["type"] for content, _ in view.sent]
    assert kinds == ["events", "reply"]
    assert view.of_type("events")[0]["saved"] is True
    assert "kept" in (tmp_path / "j.jsonl").read_text()
    in_memory = make_page(audit, journal=None)
    in_memory.command("keep", rows=[2])
    assert in_memory.of_type("events")[0]["saved"] is False


def test_closing_lets_go(audit, make_page):
    session = ls.Session(audit, journal=None)
    view = make_page(session)
    view.close()
    view.close()
    session.keep(0)
    assert not view.sent


def test_a_closed_view_is_collected_while_its_session_lives(audit, make_page):
    session = ls.Session(audit, journal=None)
    view = make_page(session, kept=False)
    view.command("keep", rows=[0])
    ghost = weakref.ref(view)
    view.close()
    del view
    gc.collect()
    assert ghost() is None
    session.keep(1)


def lazy_audit(build_audit, make):
    import dataclasses

    from labelscope.auditing.audit import LazyMap

    return dataclasses.replace(build_audit(with_map=False), lazy_map=LazyMap(make))


def test_the_view_comes_up_before_its_map(build_audit, make_page):
    may_finish = threading.Event()

    def slow():
        assert may_finish.wait(20)
        return np.random.default_rng(0).random((60, 2))

    view = make_page(lazy_audit(build_audit, slow), journal=None)
    assert view._picture["columns"]["x"] is None
    assert view._map_thread is None  # nobody looks yet, a script need not wait
    assert view.hello()["more"] is True
    assert view.ask("columns")[0]["columns"]["x"] is None
    may_finish.set()
    view._map_thread.join(20)
    assert len(view._picture["columns"]["x"]) == 120
    assert view.hello()["more"] is False
    assert not view.of_type("notice")


def test_the_map_arrives_through_the_running_loop(build_audit, make_page):
    may_finish = threading.Event()
    where = []

    def slow():
        assert may_finish.wait(20)
        return np.random.default_rng(0).random((60, 2))

    async def notebook():
        view = make_page(lazy_audit(build_audit, slow), journal=None)
        arrived = asyncio.Event()
        view.observe(lambda change: (where.append(threading.current_thread()), arrived.set()), "_picture")
        view.hello()
        may_finish.set()
        await asyncio.wait_for(arrived.wait(), 20)
        view.session.keep(0)
        await asyncio.to_thread(view.session.keep, 1)
        await asyncio.sleep(0)
        assert len(view.of_type("events")) == 2

    asyncio.run(notebook())
    assert where == [threading.main_thread()]


def test_a_map_that_fails_is_a_notice(build_audit, make_page):
    def broken():
        raise InvalidInputError("The map cannot be drawn.", "Pass features=.")

    view = make_page(lazy_audit(build_audit, broken), journal=None)
    view.hello()
    view._map_thread.join(20)
    assert view.of_type("notice") == [
        {
            "type": "notice",
            "code": "invalid_input",
            "message": "The map cannot be drawn.",
            "hint": "Pass features=.",
            "level": "warning",
        }
    ]
    assert view.ask("queue", policy="")[1]


def test_large_pictures_are_samples_and_the_rest_comes_on_request(build_audit, make_page):
    rng = np.random.default_rng(0)
    audit = build_audit(data=rng.random((51_000, 2)).astype(np.float32))
    view = make_page(audit, journal=None)
    rows = np.frombuffer(view._picture["rows"], "<u4")
    assert len(rows) == 50_000 and np.isin(np.arange(6), rows).all()
    assert len(view._picture["columns"]["given"]) == 50_000
    assert view.hello()["more"] is True
    data, buffers = view.ask("columns")
    column = data["columns"]["suspicion"]
    assert column["dtype"] == "uint8"
    assert np.frombuffer(buffers[column["buffer"]], np.uint8)[0] == 252
    assert len(buffers[data["columns"]["x"]["buffer"]]) == 2 * 51_000


def test_unlabelled_rows_and_other_kinds_of_labels(build_audit, make_page):
    view = make_page(build_audit(data=np.eye(4), labels=[3, None, 5, 3]), journal=None)
    assert view._picture["classes"] == [3, 5]
    assert np.frombuffer(view._picture["columns"]["given"], np.uint8).tolist() == [0, 255, 1, 0]
    assert view.command("relabel", rows=[0], to=5)["type"] == "reply"
    assert view.session.labels()[0] == 5


def test_mimebundle_has_widget_and_static_picture(page):
    data, _ = page._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "Most suspicious rows" in data["text/html"]
    assert data["text/plain"] == "<View of 'dataset': 60 rows, 0 reviewed>"


def test_an_api_edit_survives_a_view_that_cannot_be_told(audit, make_page):
    session = ls.Session(audit, journal=None)
    view = make_page(session)

    def broken(content, buffers=None):
        raise RuntimeError("no comm")

    view.send = broken
    assert session.keep(0)
    assert session.progress().reviewed == 1


def test_labels_that_are_true_or_false(build_audit, make_page):
    view = make_page(build_audit(data=np.eye(4), labels=np.array([True, False, True, False])), journal=None)
    assert view._picture["classes"] == [False, True]
    view.command("relabel", rows=[0], to=False)
    assert view.session.labels().tolist() == [False, False, True, False]
    assert view.session.labels().dtype == bool


@pytest.mark.parametrize("n", [1, 2])
def test_very_few_rows(build_audit, make_page, n):
    view = make_page(build_audit(n=n), journal=None)
    assert view.command("relabel", rows=[0], to="newt", new_class=True)["type"] == "reply"
    assert view.ask("detail", row=0)[0]["rank"] == 1
    assert "Most suspicious" in view._repr_mimebundle_()[0]["text/html"]


def test_no_label_at_all(build_audit, make_page):
    audit = build_audit(data=np.eye(3), labels=["a", None, None])
    view = make_page(audit, journal=None)
    assert set(np.frombuffer(view._picture["columns"]["given"], np.uint8)) == {0, 255}
    assert "–" in view._repr_mimebundle_()[0]["text/html"]


def test_many_classes_need_two_bytes(build_audit, make_page):
    view = make_page(build_audit(data=np.eye(300, 2), labels=[f"c{i:03}" for i in range(300)]), journal=None)
    assert np.frombuffer(view._picture["columns"]["given"], "<u2").tolist() == list(range(300))


def test_a_page_without_a_kernel_knows_that_answers_come_first(audit, make_page):
    page = make_page(ls.Session(audit, journal=None))
    assert page._options["reveal"] == "at_once"
    page.command("set_options", reveal="after_answer")
    assert page._options["reveal"] == "after_answer"
    again = make_page(page.session)
    assert again._options["reveal"] == "after_answer"
    assert ">hidden<" in again._repr_mimebundle_()[0]["text/html"]
    page.command("set_options", reveal="at_once")
    assert page._options["reveal"] == again._options["reveal"] == "at_once"
    assert ">hidden<" not in again._repr_mimebundle_()[0]["text/html"]


def test_a_blind_study_names_no_label_where_no_widget_runs(audit, make_page):
    page = make_page(ls.Session(audit, journal=None))
    for blind in (False, True):
        page.give(validation=ls.reports.ValidationSession(page.session, blind=blind))
        assert (">hidden<" in page._repr_mimebundle_()[0]["text/html"]) is blind
