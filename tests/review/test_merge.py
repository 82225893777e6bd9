from __future__ import annotations

import pytest

import labelscope as ls
from labelscope.errors import InvalidTypeError, JournalError, LabelscopeWarning, WrongJournalError


@pytest.fixture
def pair(audit, tmp_path):
    return [ls.Session(audit, journal=tmp_path / f"{who}.jsonl", reviewer=who) for who in ("ada", "grace")]


def state_of(session):
    state = session.state
    return state.current.tolist(), state.state.tolist(), state.classes, session.labels()


def test_union_in_the_order_of_time_both_ways(pair):
    ada, grace = pair
    ada.relabel(0, "owl", new_class=True)
    grace.relabel([1, 5], "yak", new_class=True)
    ada.keep(7)
    grace.undo()
    grace.exclude(8)
    report = ada.merge(grace.journal_path)
    assert report.added == 3 and report.conflicts == () and report.verdicts == {}
    assert grace.merge(ada.journal_path).added == 2
    assert state_of(ada) == state_of(grace) and ada.events == grace.events
    assert ada.merge(grace.journal_path).added == 0
    assert ada.merge(ada.journal_path).added == 0


def test_conflicts_are_reported(pair):
    ada, grace = pair
    ada.relabel([0, 1, 2, 3], "fox")
    grace.keep(0)
    grace.relabel(1, "fox")
    grace.unsure(2)
    grace.exclude(3)
    ada.accept_set([6, 7], ["cat", "dog"])
    grace.accept_set(6, ["dog", "cat"])
    grace.accept_set(7, ["cat", "fox"])
    with pytest.warns(LabelscopeWarning, match="differ on 3 rows"):
        report = ada.merge(grace.journal_path)
    assert report.conflicts == (0, 3, 7)
    assert report.verdicts[0] == {"ada": "fox", "grace": "cat"}
    assert report.verdicts[3] == {"ada": "fox", "grace": ("excluded",)}
    assert report.verdicts[7] == {"ada": ("cat", "dog"), "grace": ("cat", "fox")}
    assert ada.labels()[0] == "cat", "the later decision is in force"
    with pytest.warns(LabelscopeWarning):
        assert grace.merge(ada.journal_path).conflicts == report.conflicts
    assert state_of(ada) == state_of(grace)


def test_a_reverted_verdict_is_none(pair):
    ada, grace = pair
    ada.relabel(0, "fox")
    grace.keep(0)
    grace.undo()
    assert ada.merge(grace.journal_path).conflicts == ()


def test_merged_events_are_on_disk_and_heard(pair, audit):
    ada, grace = pair
    heard = []
    ada.subscribe(heard.append)
    grace.relabel(4, "cat")
    before = grace.journal_path.read_bytes()
    ada.merge(grace.journal_path)
    assert [event.kind for events in heard for event in events] == ["relabelled"]
    assert ls.Session(audit, journal=ada.journal_path, reviewer="ada").labels()[4] == "cat"
    assert grace.journal_path.read_bytes() == before
    assert not ada.can_undo


def test_late_arrivals_keep_undo_in_order(audit, tmp_path):
    laptop, desk = (ls.Session(audit, journal=tmp_path / f"{k}.jsonl", reviewer="ada") for k in "ab")
    laptop.relabel(0, "fox")
    desk.relabel(1, "fox")
    laptop.relabel(2, "dog")
    laptop.merge(desk.journal_path)
    assert [laptop.undo()[0].rows for _ in range(3)] == [(2,), (1,), (0,)]


def test_a_file_that_holds_events_twice_brings_each_once(pair, tmp_path):
    ada, grace = pair
    grace.relabel(4, "cat")
    grace.keep(5)
    header, *lines = grace.journal_path.read_text().splitlines()
    twice = tmp_path / "twice.jsonl"
    twice.write_text("\n".join([header, *lines, *lines]) + "\n")
    size = len(ada.journal_path.read_text().splitlines()) if ada.journal_path.exists() else 1
    report = ada.merge(twice)
    assert report.added == 2 and repr(report) == "<MergeReport: 2 events added, reviewers differ on 0 rows>"
    assert len(ada.journal_path.read_text().splitlines()) == size + 2
    assert ada.merge(twice).added == 0


def test_into_memory_and_bad_paths(pair, audit, build, tmp_path):
    ada, _ = pair
    ada.keep(0)
    memory = ls.Session(audit, journal=None, reviewer="grace")
    assert memory.merge(str(ada.journal_path)).added == 1
    with pytest.raises(JournalError, match=r"ada.jsonl"):
        memory.merge(tmp_path / "adda.jsonl")
    other = ls.Session(build(n=5), journal=None, reviewer="x")
    with pytest.raises(WrongJournalError):
        other.merge(ada.journal_path)


@pytest.mark.parametrize("path", [["grace.jsonl"], 3, None])
def test_only_a_path_is_merged(pair, path):
    with pytest.raises(InvalidTypeError, match="path of a journal"):
        pair[0].merge(path)
