from __future__ import annotations

import threading

import numpy as np
import pandas as pd
import pytest

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    JournalError,
    LabelscopeWarning,
    WrongJournalError,
)


def kinds(events):
    return [event.kind for event in events]


# -- construction ---------------------------------------------------------------------------------------------


def test_a_new_session_changes_nothing(session, audit):
    assert session.labels() == audit.dataset.labels.original
    assert session.events == () and not session.can_undo and not session.can_redo
    assert session.undo() == () and session.redo() == () and session.journal_path is None
    assert session.progress().reviewed == 0 and len(session.changes()) == 0


def test_auto_journal_lies_in_the_working_folder_and_is_resumed(audit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = ls.Session(audit, reviewer="ada")
    name = f"dataset-{audit.dataset.fingerprint}.jsonl"
    assert session.journal_path == tmp_path / ".labelscope" / name
    session.relabel(0, "fox")
    assert ls.Session(audit, reviewer="ada").labels()[0] == "fox"


def test_who_reviews(audit, monkeypatch):
    assert ls.Session(audit, journal=None, reviewer=" ada ").reviewer == "ada"
    monkeypatch.setenv("LABELSCOPE_REVIEWER", "grace")
    assert ls.Session(audit, journal=None).reviewer == "grace"
    monkeypatch.delenv("LABELSCOPE_REVIEWER")
    assert ls.Session(audit, journal=None).reviewer
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError("uid")))
    assert ls.Session(audit, journal=None).reviewer == "reviewer"


@pytest.mark.parametrize("options", [{"journal": 3}, {"journal": ""}, {"journal": None, "reviewer": ""}])
def test_bad_options(audit, options):
    with pytest.raises(InvalidTypeError):
        ls.Session(audit, **options)
    with pytest.raises(InvalidTypeError, match=r"ls.audit"):
        ls.Session([1, 2], journal=None)


def test_an_unwritable_place_is_refused_before_any_edit(audit, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="journal=None"):
        ls.Session(audit, journal=tmp_path / "file" / "journal.jsonl")


def test_another_datasets_journal(build, path):
    ls.Session(build(), journal=path)
    with pytest.raises(WrongJournalError):
        ls.Session(build(n=13), journal=path)


# -- decisions ------------------------------------------------------------------------------------------------


def test_relabel_keeps_what_has_the_label_already(session):
    events = session.relabel([0, 1, 4], "dog")
    assert kinds(events) == ["relabelled", "kept"] and events[0].batch == events[1].batch
    assert events[0].rows == (0,) and events[0].before == ("cat",) and events[0].after == ("dog",)
    assert events[1].rows == (1, 4) and events[1].after == ("dog", "dog")
    assert events[0].suspicion == (0.9,) and events[0].reviewer == "ada" and events[0].source == "api"
    assert session.state.state[[0, 1, 4]].tolist() == [1, 2, 2]
    assert len(session.undo()) == 1 and session.progress().reviewed == 0


def test_one_label_a_row(session):
    session.relabel([2, 0], np.array(["dog", "fox"]))
    assert session.labels()[:3] == ["fox", "dog", "dog"]
    mask = np.zeros(12, bool)
    mask[[5, 6]] = True
    session.relabel(mask, pd.Series(["cat", "dog"]))
    assert session.labels()[5:7] == ["cat", "dog"]
    for to in (pl.Series(["dog", "fox"]), pa.array(["dog", "fox"]), pd.Categorical(["dog", "fox"])):
        session.relabel([5, 6], to)
        assert session.labels()[5:7] == ["dog", "fox"]
    session.relabel(5, np.array("cat"))
    assert session.labels()[5] == "cat"
    with pytest.raises(InvalidInputError, match="3 labels, but 2 rows"):
        session.relabel([0, 1], ["cat"] * 3)
    with pytest.raises(InvalidInputError, match="Row 0 is given twice, with the labels 'cat' and 'dog'"):
        session.relabel([0, 0], ["cat", "dog"])
    assert session.relabel([0, 0], ["cat", "cat"])[0].rows == (0,)


def test_repeated_rows_count_once(session):
    assert session.relabel([3, 3, 1], "fox")[0].rows == (3, 1)
    assert session.unsure([3, 3])[0].rows == (3,)


def test_no_rows_are_no_events(session):
    for do in (session.keep, session.unsure, session.exclude, session.accept):
        assert do([]) == ()
    assert session.relabel([], "cat") == () and session.relabel([], []) == () and session.events == ()


def test_numpy_scalars_become_json(build, path):
    session = ls.Session(build(np.array([0, 1, 2, 1], np.int8)), journal=path, reviewer="ada")
    (event,) = session.relabel(np.int64(0), np.int8(2))
    assert event.after == (2,) and type(event.after[0]) is int and type(event.rows[0]) is int
    assert all(type(s) is float for s in event.suspicion)


@pytest.mark.parametrize(
    ("to", "said"),
    [("dgo", "'dog'.*new_class=True"), ("Cat", "'cat'"), (3, "no label 3")],
)
def test_unknown_labels_name_the_near_miss(session, to, said):
    with pytest.raises(InvalidInputError, match=f"(?s){said}"):
        session.relabel([0, 1], to)
    with pytest.raises(InvalidInputError, match=f"(?s){said}"):
        session.relabel([0, 1], ["cat", to])
    assert session.events == ()


@pytest.mark.parametrize("to", [{"cat"}, {"a": 1}, b"cat", [["cat"]], object()])
def test_what_is_no_label(session, to):
    with pytest.raises(InvalidTypeError):
        session.relabel([0], to)


def test_class_names_are_understood(build):
    session = ls.Session(build([0, 1, 0, 1], class_names=["cat", "dog"]), journal=None)
    session.relabel(0, "dog")
    assert session.labels() == [1, 1, 0, 1]
    with pytest.raises(InvalidInputError, match=r"(?s)'dgo'.*'dog'"):
        session.relabel(0, "dgo")


def test_new_class(session, audit):
    (event,) = session.relabel([0, 1], "owl", new_class=True)
    assert event.data == {"new_class": True} and session.state.classes[-1] == "owl"
    assert session.labels()[:2] == ["owl", "owl"]
    (event,) = session.relabel(2, "owl")
    assert event.data == {}
    assert len(audit.classes) == 3


def test_a_new_class_like_an_old_one_is_noticed(session):
    with pytest.warns(LabelscopeWarning, match="'CAT ' differs from 'cat' only in case or spaces"):
        session.relabel(0, "CAT ", new_class=True)


def test_a_new_class_fits_the_labels(build):
    session = ls.Session(build(np.array([0, 1, 2, 1])), journal=None)
    session.relabel(0, "7", new_class=True)
    assert session.labels().tolist() == [7, 1, 2, 1] and session.labels().dtype == np.array([0]).dtype
    session.relabel(1, "7", new_class=True)
    assert session.state.classes == (0, 1, 2, 7)
    for bad in ("seven", "", True, 2.5):
        with pytest.raises(InvalidInputError):
            session.relabel(0, bad, new_class=True)
    with pytest.raises(InvalidInputError):
        session.relabel(0, 2.5)


def test_labels_for_a_dataset_without_any(build):
    session = ls.Session(build([None] * 4), journal=None)
    session.relabel([0, 1], ["cat", "dog"], new_class=True)
    assert session.labels() == ["cat", "dog", None, None]
    with pytest.raises(InvalidInputError, match="type int"):
        session.relabel(2, 3, new_class=True)


def test_a_label_can_be_taken_away(session):
    (event,) = session.relabel(0, None)
    assert event.after == (None,) and session.labels()[0] is None
    assert session.state.state[0] == 1 and session.state.current[0] == -1


def test_accept(session):
    events = session.accept([0, 1, 7])
    assert kinds(events) == ["relabelled", "kept"] and events[0].source == "suggestion"
    assert session.labels()[:3] == ["dog", "fox", "fox"]
    assert session.state.state[7] == 2


def test_accept_without_a_suggestion(build):
    session = ls.Session(build(["a", "b", None, "a"], suggested=[1, 1, -1, -1]), journal=None)
    with pytest.warns(LabelscopeWarning, match="2 of 3 rows have no suggested label"):
        (event,) = session.accept([0, 2, 3])
    assert event.rows == (0,)


def test_keep_unsure_exclude(session):
    session.relabel(0, "fox")
    session.keep([0, 1])
    session.unsure(2)
    session.exclude(3)
    assert session.state.state[:4].tolist() == [1, 2, 3, 4]
    assert session.labels()[3] == "cat" and len(session.labels(drop_excluded=True)) == 11
    session.keep(3)
    assert len(session.labels(drop_excluded=True)) == 12


def test_accept_set(session):
    (event,) = session.accept_set([0, 1], ["fox", "cat"])
    assert event.data == {"labels": ["cat", "fox"]} and session.state.state[0] == 5
    assert session.labels()[0] == "cat"
    session.accept_set(2, ["owl"], new_class=True)
    assert session.state.classes[-1] == "owl"
    with pytest.raises(InvalidInputError, match="new_class=True"):
        session.accept_set(0, ["cat", "yak"])
    for bad in ([], [None]):
        with pytest.raises(InvalidInputError):
            session.accept_set(0, bad)
    for bad in ("cat", 3):
        with pytest.raises(InvalidTypeError):
            session.accept_set(0, bad)


def test_tags_and_notes(session):
    session.tag([0, 1], severity="high", category=np.int64(3))
    session.tag(0, severity=None)
    session.note(0, "blurred")
    session.note(np.int64(0), "very blurred")
    assert session.tags_of(0) == {"category": 3} and session.tags_of(1) == {"severity": "high", "category": 3}
    assert session.note_of(0) == "very blurred" and session.note_of(1) == ""
    session.undo()
    assert session.note_of(0) == "blurred" and session.progress().reviewed == 0
    with pytest.raises(InvalidInputError, match="severity"):
        session.tag(0)
    with pytest.raises(InvalidInputError, match="one row"):
        session.note([0, 1], "x")
    with pytest.raises(InvalidTypeError):
        session.note(0, 5)


def test_errors_record_nothing(session, path, audit):
    session = ls.Session(audit, journal=path, reviewer="ada")
    size = path.stat().st_size
    for bad in (
        lambda: session.relabel(99, "cat"),
        lambda: session.keep(-1),
        lambda: session.relabel(0, "x"),
    ):
        with pytest.raises(InvalidInputError):
            bad()
    with pytest.raises(InvalidTypeError):
        session.keep(0, source="")
    assert path.stat().st_size == size and session.events == ()


# -- undo and redo --------------------------------------------------------------------------------------------


def test_undo_and_redo(session):
    session.relabel([0, 1], "fox")
    session.relabel(0, "dog")
    session.exclude(5)
    assert session.undo()[0].rows == (5,)
    session.undo()
    assert session.labels()[:2] == ["fox", "fox"]
    session.redo()
    assert session.labels()[0] == "dog" and session.can_redo
    session.redo()
    assert session.state.state[5] == 4 and not session.can_redo and session.redo() == ()
    for _ in range(3):
        session.undo()
    assert not session.can_undo and session.undo() == () and session.progress().reviewed == 0
    for _ in range(3):
        session.redo()
    assert session.labels()[:2] == ["dog", "fox"]


def test_a_decision_ends_redo(session):
    session.keep(0)
    session.undo()
    session.keep(1)
    assert not session.can_redo and session.redo() == ()


def test_undo_reaches_before_a_restart(audit, path):
    session = ls.Session(audit, journal=path, reviewer="ada")
    session.relabel(0, "fox")
    session.relabel(1, "cat")
    session.undo()
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert again.can_undo and again.can_redo
    again.redo()
    assert again.labels()[:2] == ["fox", "cat"]
    again.undo()
    again.undo()
    assert again.labels() == audit.dataset.labels.original


def test_undo_is_for_ones_own(audit, path):
    ada, grace = (ls.Session(audit, journal=path, reviewer=who) for who in ("ada", "grace"))
    ada.relabel([0, 1], "fox")
    grace.keep(7)
    assert ada.undo()[0].rows == (0, 1)
    assert not ada.can_undo and ada.undo() == ()
    assert grace.can_undo and not grace.can_redo
    assert ada.state.state[7] == 2


def test_undo_under_another_reviewers_later_decision(audit, path):
    ada, grace = (ls.Session(audit, journal=path, reviewer=who) for who in ("ada", "grace"))
    ada.relabel([0, 3, 6, 9], "fox")
    grace.relabel(3, "dog")
    grace.keep(6)
    grace.unsure(9)
    with pytest.warns(LabelscopeWarning, match="3 of 4 rows keep what others decided later"):
        ada.undo()
    labels = ada.labels()
    assert (labels[0], labels[3], labels[6], labels[9]) == ("cat", "dog", "fox", "cat")
    assert ada.state.state[[0, 3, 6, 9]].tolist() == [0, 1, 1, 3]
    ada.redo()
    assert ada.labels()[3] == "dog" and ada.labels()[0] == "fox"
    grace.poll()
    assert grace.labels() == ada.labels()


# -- together -------------------------------------------------------------------------------------------------


def test_two_sessions_of_one_file_stay_in_step(audit, path):
    one, two = (ls.Session(audit, journal=path, reviewer="ada") for _ in range(2))
    heard = []
    stop = two.subscribe(heard.append)
    one.relabel(0, "owl", new_class=True)
    assert kinds(two.poll()) == ["relabelled"] and two.labels()[0] == "owl" and two.poll() == ()
    one.keep(1)
    (event,) = two.relabel(2, "owl")  # folds in first what the other one wrote
    assert [kinds(events) for events in heard] == [["relabelled"], ["kept", "relabelled"]]
    assert two.state.state[1] == 2 and event.at > one.events[-1].at
    stop()
    stop()
    two.keep(4)
    assert len(heard) == 2
    assert two.undo() and two.undo() and two.undo(), "the same reviewer's batches of the other session, too"


def test_listeners_hear_after_the_disk_and_cannot_fail_an_edit(audit, path):
    session = ls.Session(audit, journal=path, reviewer="ada")
    seen = []
    session.subscribe(lambda events: 1 / 0)
    session.subscribe(lambda events: seen.append(path.read_bytes().count(b"\n") - 1))
    session.keep([0, 1])
    assert seen == [1] and session.progress().kept == 2


def test_a_listener_may_call_the_session(session):
    seen = []
    session.subscribe(lambda events: seen.append(session.progress().reviewed))
    session.keep(0)
    assert seen == [1]


def test_threads(audit, path):
    session = ls.Session(audit, journal=path, reviewer="ada")
    threads = [
        threading.Thread(target=lambda r=row: [session.relabel(r, c) for c in ("fox", "dog", "cat")])
        for row in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(session.events) == 24 and session.labels()[:8] == ["cat"] * 8
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert [e.id for e in again.events] == [e.id for e in session.events]


def test_changes_are_a_frame_in_the_callers_library(build):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 3.0], "label": ["x", "y", "x"]})
    session = ls.Session(
        build(labels=["x", "y", "x"], data=frame.drop("label")), journal=None, reviewer="ada"
    )
    session.relabel(2, "y")
    changes = session.changes()
    assert isinstance(changes, pl.DataFrame)
    assert changes.columns == ["row", "id", "given", "current", "state", "reviewer", "time", "source"]
    assert changes.rows()[0][:6] == (2, 2, "x", "y", "relabelled", "ada")


def test_progress(session):
    session.relabel([0, 1], "fox")
    session.keep([2, 5])
    session.unsure(6)
    session.exclude(7)
    found = session.progress()
    assert (found.n, found.n_labeled, found.reviewed, found.relabelled) == (12, 12, 6, 2)
    assert (found.kept, found.unsure, found.excluded, found.flagged, found.flagged_left) == (2, 1, 1, 3, 0)
    assert found.per_100 == pytest.approx(100 * 2 / 6)


def test_what_machines_decided_is_counted_apart(session):
    session.relabel([0, 1, 2], "fox", source="teacher")
    session.relabel(4, "fox", source="propagated")
    session.keep(2)
    session.relabel(3, "fox")
    found = session.progress()
    assert (found.reviewed, found.by_machine, found.relabelled, found.kept) == (2, 3, 4, 1)
    assert found.per_100 == 50.0  # of the two that a person looked at, one had a wrong label
    assert "2 of 12 reviewed" in repr(session)
    session.keep([0, 1, 4])
    assert (session.progress().reviewed, session.progress().by_machine) == (5, 0)
    session.undo()
    assert (session.progress().reviewed, session.progress().by_machine) == (2, 3)
    session.exclude(7, source="judge")
    assert session.progress().by_machine == 4 and session.progress().excluded == 1


def test_events_are_shown_in_short(session):
    happened = session.relabel(1, "fox")
    assert repr(happened) == "<1 event: relabelled 1 row>"
    assert isinstance(happened, tuple) and happened == session.events and happened[0].rows == (1,)
    assert repr(session.keep([0, 2])) == "<1 event: kept 2 rows>"
    assert repr(session.undo()) == "<1 event: took back 2 rows>"
    assert session.keep([]) == () and repr(session.keep([])) == "<0 events>"


def test_labelling_an_unlabelled_row_is_no_error_found(build):
    session = ls.Session(build(["a", None, "b"]), journal=None)
    session.relabel(1, "a")
    assert session.progress().relabelled == 1 and session.progress().per_100 == 0


def test_repr(session):
    session.keep(0)
    assert repr(session) == "<Session of 'dataset': 1 of 12 reviewed; in memory only>"


# -- labels out -----------------------------------------------------------------------------------------------

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
CONTAINERS = [
    ["cat", "dog", "cat", None],
    ("cat", "dog", "cat", "dog"),
    np.array(["cat", "dog", "cat", "dog"]),
    np.array([3, 1, 3, 1], np.int8),
    np.array([0.0, 1.0, np.nan, 1.0], np.float32),
    np.array([True, False, True, False]),
    np.array(["cat", None, "dog", "cat"], object),
    pd.Series(["cat", "dog", "cat", "dog"], index=[4, 2, 9, 1], name="y"),
    pd.Series(["cat", "dog", "cat", None], dtype="category"),
    pd.Series([1, 2, None, 1], dtype="Int16"),
    pl.Series("y", ["cat", "dog", None, "cat"]),
    pl.Series("y", [1, 2, 1, 2], dtype=pl.UInt8),
    pa.array(["cat", None, "dog", "cat"]),
    pa.chunked_array([["cat", "dog"], ["dog", "cat"]]),
]


def same(found, given):
    assert type(found) is type(given)
    if isinstance(given, pd.Series):
        pd.testing.assert_series_equal(found, given)
    elif isinstance(given, np.ndarray):
        assert found.dtype == given.dtype
        np.testing.assert_array_equal(found, given)
    elif isinstance(given, pl.Series | pa.Array | pa.ChunkedArray):
        assert found.equals(given)
    else:
        assert found == given


@pytest.mark.parametrize(
    "given", CONTAINERS, ids=lambda given: f"{type(given).__name__}-{getattr(given, 'dtype', '')}"
)
def test_labels_come_back_as_they_were_given(build, given):
    session = ls.Session(build(given), journal=None, reviewer="ada")
    same(session.labels(), given)
    session.relabel([0, 1], session.state.classes[-1])
    session.exclude(3)
    assert type(session.labels()) is type(given) and len(session.labels(drop_excluded=True)) == 3
    session.undo()
    session.undo()
    same(session.labels(), given)


# -- size -----------------------------------------------------------------------------------------------------


def test_one_gesture_may_be_about_all_rows(build, path):
    n = 30_000
    rng = np.random.default_rng(0)
    given, wanted = rng.integers(0, 10, n), rng.integers(0, 10, n)
    audit = build(given, data=np.zeros((n, 1)), suspicion=rng.random(n), suggested=rng.integers(0, 10, n))
    session = ls.Session(audit, journal=path, reviewer="ada")
    session.relabel(slice(None), 3)
    session.relabel(slice(None), wanted)
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert (again.labels() == wanted).all() and len({event.batch for event in again.events}) == 2
    again.undo()
    assert (again.labels() == 3).all()
    again.undo()
    assert (again.labels() == given).all()


def test_ten_thousand_events_load(build, path):
    audit = build(n=200)
    session = ls.Session(audit, journal=path, reviewer="ada")
    for k in range(200):
        session.relabel(k, "fox" if k % 2 else "dog")
    header, *lines = path.read_bytes().splitlines(keepends=True)
    copies = [
        line.replace(b'"id":"', b'"id":"%d-' % k).replace(b'"batch":"', b'"batch":"%d-' % k)
        for k in range(50)
        for line in lines
    ]
    path.write_bytes(header + b"".join(copies))
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert len(again.events) >= 10_000 and again.labels() == session.labels()
