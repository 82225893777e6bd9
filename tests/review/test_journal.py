from __future__ import annotations

import json
import os
import warnings

import pytest

from labelscope.errors import JournalError, LabelscopeWarning, WrongJournalError, collect_notices
from labelscope.review import journal as module
from labelscope.review.events import Draft, finish
from labelscope.review.journal import Journal, read_journal
from labelscope.review.journal_lines import Header

HEADER = Header("digits", "0123456789abcdef", 100, ("cat", 1))


def batch(*rows, who="ada"):
    return finish([Draft("unsure", [row]) for row in rows], who, "api")


def codes_of(notices):
    return [notice.code for notice in notices]


def test_in_memory():
    journal = Journal(None, HEADER)
    events = batch(1)
    journal.append(events)
    assert journal.events == events and journal.path is None and journal.tail() == ()


def test_header_and_lines_on_disk(path):
    journal = Journal(path, HEADER)
    first = json.loads(path.read_text())
    assert first["labelscope"] == 1 and first["created"].endswith("Z")
    assert first["dataset"] == {
        "name": "digits",
        "fingerprint": "0123456789abcdef",
        "n": 100,
        "classes": ["cat", 1],
    }
    events = batch(1, 2)
    journal.append(events)
    lines = path.read_text().splitlines()
    assert [json.loads(line) for line in lines[1:]] == [event.to_json() for event in events]
    assert Journal(path, HEADER).events == events
    assert read_journal(path, HEADER) == events


def test_folders_are_made(tmp_path):
    journal = Journal(tmp_path / "a" / "b" / "c.jsonl", HEADER)
    assert journal.path.is_file()


def test_file_and_folder_are_synced(path, monkeypatch):
    synced, folders = [], []
    monkeypatch.setattr(module, "sync", lambda fd: synced.append(os.fstat(fd).st_size))
    monkeypatch.setattr(module, "sync_folder", folders.append)
    journal = Journal(path, HEADER)
    assert len(synced) == 1 and path.parent in folders
    folders.clear()
    journal.append(batch(1, 2, 3))
    assert len(synced) == 2 and synced[-1] == path.stat().st_size, "one fsync for the whole batch"
    assert folders == []


def test_one_write_for_a_batch(path, monkeypatch):
    journal = Journal(path, HEADER)
    written = []
    real = os.write
    monkeypatch.setattr(module.os, "write", lambda fd, data: written.append(len(data)) or real(fd, data))
    journal.append(batch(1, 2, 3))
    assert len(written) == 1


def test_another_datasets_journal_is_refused(path):
    Journal(path, HEADER).append(batch(1))
    before = path.read_bytes()
    other = Header("letters", "fedcba9876543210", 100)
    for read in (lambda: Journal(path, other), lambda: read_journal(path, other)):
        with pytest.raises(WrongJournalError) as error:
            read()
        text = str(error.value)
        assert (
            "0123456789abcdef" in text
            and "fedcba9876543210" in text
            and "digits" in text
            and "letters" in text
        )
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"notes\n", b"notes", b"[1]\n", b'{"a":1}\n', b"\x00\xff\n", b"\n", b'{"labelscope":1}\n']
)
def test_files_that_are_no_journal_are_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(JournalError, match="not a journal"):
        Journal(path, HEADER)
    assert path.read_bytes() == content


def test_later_formats_are_refused(path):
    path.write_bytes(HEADER.to_line().replace(b'"labelscope":1', b'"labelscope":2'))
    with pytest.raises(JournalError, match=r"(?s)format 2.*pip install"):
        Journal(path, HEADER)
    assert b'"labelscope":2' in path.read_bytes()


def test_a_torn_header_is_written_again(path):
    line = HEADER.to_line()
    for cut in (0, 1, 5, 14, 40, len(line) - 1):
        path.write_bytes(line[:cut])
        assert read_journal(path, HEADER) == ()
        assert Journal(path, HEADER).events == ()
        assert json.loads(path.read_text())["labelscope"] == 1


def test_torn_tail_at_every_byte_loses_nothing_before_it(path):
    journal = Journal(path, HEADER)
    first = batch(1, 2)
    journal.append(first)
    whole = path.stat().st_size
    last = batch(3)
    journal.append(last)
    content = path.read_bytes()
    for cut in range(whole + 1, len(content)):
        path.write_bytes(content[:cut])
        with warnings.catch_warnings(), collect_notices() as notices:
            warnings.simplefilter("ignore", LabelscopeWarning)
            again = Journal(path, HEADER)
        if cut == len(content) - 1:  # only the end of the line is missing
            assert again.events == first + last and notices == []
            continue
        assert again.events == first and codes_of(notices) == ["journal_torn_tail"]
        added = batch(4)
        again.append(added)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert Journal(path, HEADER).events == first + added


def test_damaged_lines_in_the_middle_are_passed_over_and_stay(path):
    journal = Journal(path, HEADER)
    first, second = batch(1), batch(2)
    journal.append(first)
    with path.open("ab") as file:
        file.write(b'{"kind":"kept"}\nnonsense\n\n')
        file.write(
            b'{"kind":"kept","id":"9","batch":"9","at":"t","reviewer":"a","source":"s","rows":[100]}\n'
        )
    with pytest.warns(LabelscopeWarning, match="3 lines"):
        journal.append(second)
    with pytest.warns(LabelscopeWarning, match="3 lines"):
        assert Journal(path, HEADER).events == first + second
    assert b"nonsense" in path.read_bytes()


def test_two_journals_of_one_file_see_each_other(path):
    one, two = Journal(path, HEADER), Journal(path, HEADER)
    a, b, c = batch(1), batch(2), batch(3)
    one.append(a)
    assert two.tail() == a and two.tail() == ()
    with two.turn() as turn:
        assert turn.others == ()
        turn.write(b)
    with one.turn() as turn:
        assert turn.others == b
        turn.write(c)
    assert two.tail() == c and one.events == two.events == a + b + c


def test_half_a_line_of_another_process_is_left_for_later(path):
    one, two = Journal(path, HEADER), Journal(path, HEADER)
    (event,) = batch(1)
    line = event.to_line()
    with path.open("ab") as file:
        file.write(line[:20])
    assert one.tail() == ()
    with path.open("ab") as file:
        file.write(line[20:])
    assert one.tail() == (event,) and two.tail() == (event,)


@pytest.mark.parametrize("how", ["deleted", "cut", "replaced"])
def test_a_file_that_was_deleted_cut_or_replaced_is_restored(path, how):
    journal = Journal(path, HEADER)
    first, second = batch(1), batch(2)
    journal.append(first)
    if how == "deleted":
        path.unlink()
    elif how == "cut":
        path.write_bytes(HEADER.to_line())
    else:
        other = path.with_name("other")
        Journal(other, HEADER).append(batch(7))
        other.replace(path)
    with pytest.warns(LabelscopeWarning, match="1 events were written again"):
        journal.append(second)
    assert {e.id for e in Journal(path, HEADER).events} >= {e.id for e in first + second}
    assert {e.id for e in Journal(path, HEADER).events} == {e.id for e in journal.events}


def test_a_deleted_file_is_restored_by_a_look(path):
    journal = Journal(path, HEADER)
    first = batch(1)
    journal.append(first)
    path.unlink()
    with pytest.warns(LabelscopeWarning, match="written again"):
        assert journal.tail() == ()
    assert Journal(path, HEADER).events == first


def test_replaced_by_another_datasets_journal(path):
    journal = Journal(path, HEADER)
    first = batch(1)
    journal.append(first)
    path.unlink()
    Journal(path, Header("letters", "fedcba9876543210", 100))
    with pytest.raises(WrongJournalError):
        journal.append(batch(2))
    path.unlink()
    with pytest.warns(LabelscopeWarning, match="written again"):
        journal.append(batch(3))
    assert {row for event in Journal(path, HEADER).events for row in event.rows} == {1, 3}


def test_a_full_disk_records_nothing(path, monkeypatch):
    journal = Journal(path, HEADER)
    journal.append(batch(1))
    before = path.read_bytes()
    real = os.write

    def fail(fd, data):
        real(fd, bytes(data)[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "write", fail)
    with pytest.raises(JournalError, match=r"No space left.*Nothing was recorded"):
        journal.append(batch(2))
    monkeypatch.undo()
    assert path.read_bytes() == before and len(journal.events) == 1
    journal.append(batch(3))
    assert len(Journal(path, HEADER).events) == 2


def test_a_folder_that_cannot_be_written(path, monkeypatch):
    def refuse(*args, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(module.os, "open", refuse)
    with pytest.raises(JournalError) as error:
        Journal(path, HEADER)
    text = str(error.value)
    assert "Read-only" in text and 'journal="somewhere/else.jsonl"' in text and "journal=None" in text
    assert isinstance(error.value, OSError)


def test_a_path_through_a_file_or_to_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "journal.jsonl", tmp_path):
        with pytest.raises(JournalError, match="journal=None"):
            Journal(path, HEADER)


def test_reading_names_the_journals_that_are_there(path):
    Journal(path, HEADER)
    with pytest.raises(JournalError, match=r"(?s)cannot be read.*Journals.* journal.jsonl"):
        read_journal(path.with_name("jurnal.jsonl"), HEADER)


def test_reading_does_not_touch_a_torn_file(path):
    journal = Journal(path, HEADER)
    journal.append(batch(1))
    with path.open("ab") as file:
        file.write(b'{"kind')
    before = path.read_bytes()
    with pytest.warns(LabelscopeWarning, match="1 lines"):
        assert read_journal(path, HEADER) == journal.events
    assert path.read_bytes() == before


def test_a_lock_held_for_too_long(path, monkeypatch):
    from labelscope.review import locking

    journal = Journal(path, HEADER)
    monkeypatch.setattr(module, "locked", lambda fd: locking.locked(fd, timeout=0.05))
    with (
        path.open("rb") as file,
        locking.locked(file.fileno()),
        pytest.raises(JournalError, match="locked by"),
    ):
        journal.append(batch(1))
    journal.append(batch(1))


def test_a_file_system_without_locks(path, monkeypatch):
    from labelscope.review import locking

    def refuse(fd):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(locking, "_try_lock", refuse)
    with pytest.warns(LabelscopeWarning, match="knows no locks"):
        journal = Journal(path, HEADER)
    with pytest.warns(LabelscopeWarning):
        journal.append(batch(1))
    monkeypatch.undo()
    assert len(Journal(path, HEADER).events) == 1


def test_warnings_as_errors_lose_nothing(path):
    Journal(path, HEADER).append(batch(1))
    with path.open("ab") as file:
        file.write(b'{"kind')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(LabelscopeWarning):
            Journal(path, HEADER)
    with pytest.warns(LabelscopeWarning):
        assert len(Journal(path, HEADER).events) == 1
