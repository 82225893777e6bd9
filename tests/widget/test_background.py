"""Work in threads: one rescore at a time, looks at the journal, interrupts; nothing is left running."""

import signal
import threading
import time

import pytest

import labelscope as ls
from labelscope.widget.interrupts import held_back
from labelscope.widget.rescoring import Rescorer, Watch
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


@pytest.fixture(autouse=True)
def interruptible():
    """Interrupts are switched off for what a shell runs in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Slow:
    """A session whose rescore waits until it may end."""

    def __init__(self, fails=False):
        self.runs, self.most, self.now = 0, 0, 0
        self.gate = threading.Event()
        self.started = threading.Event()
        self.fails = fails

    def rescore(self):
        self.runs += 1
        self.now += 1
        self.most = max(self.most, self.now)
        self.started.set()
        assert self.gate.wait(10)
        self.now -= 1
        if self.fails:
            raise ValueError("no")


def test_however_many_ask_one_runs_and_one_follows():
    session, failed = Slow(), []
    rescorer = Rescorer(session, failed.append)
    rescorer.want()
    assert session.started.wait(10)
    for _ in range(50):
        rescorer.want()
    session.gate.set()
    assert rescorer.wait(10)
    assert (session.runs, session.most, failed) == (2, 1, [])
    rescorer.want()
    assert rescorer.wait(10) and session.runs == 3


def test_a_run_that_fails_is_told_and_the_next_one_runs():
    session, failed = Slow(fails=True), []
    session.gate.set()
    rescorer = Rescorer(session, failed.append)
    rescorer.want()
    assert rescorer.wait(10)
    rescorer.want()
    assert rescorer.wait(10)
    assert session.runs == 2 and [str(problem) for problem in failed] == ["no", "no"]


def test_looking_stops_when_told_when_idle_and_when_nobody_is_left():
    seen = threading.Event()
    watch = Watch(lambda: seen.set() or True, print, every=0.01)
    watch.alive()
    watch.alive()
    assert seen.wait(10)
    watch.stop()
    assert not watch.running
    idle = Watch(lambda: True, print, every=0.01, idle=0.02)
    idle.alive()
    idle._thread.join(10)
    assert not idle.running
    alone = Watch(lambda: False, print, every=0.01)
    alone.alive()
    alone._thread.join(10)
    assert not alone.running


def test_a_look_that_fails_is_told_once_until_it_works_again():
    outcomes = iter([OSError("gone"), OSError("gone"), True, OSError("again")])
    failed, done = [], threading.Event()

    def look():
        outcome = next(outcomes, None)
        if outcome is None:
            done.set()
            return False
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    watch = Watch(look, failed.append, every=0.001)
    watch.alive()
    assert done.wait(10)
    watch.stop()
    assert [str(problem) for problem in failed] == ["gone", "again"]


def test_an_interrupt_waits_for_the_end_of_the_edit():
    steps = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), held_back():
        steps.append("written")
        signal.raise_signal(signal.SIGINT)
        time.sleep(0)
        steps.append("told")
    assert steps == ["written", "told"]
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_nothing_is_held_back():
    found = []

    def work():
        with held_back():
            found.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert found == [before]


def test_interrupted_in_a_bulk_edit_the_journal_is_right_and_the_page_told(make_page, build_audit, tmp_path):
    path = tmp_path / "j.jsonl"
    page = make_page(ls.Session(build_audit(), journal=path, reviewer="ada"))
    page.session.subscribe(lambda events: signal.raise_signal(signal.SIGINT))
    rows = list(range(50))
    content = {"type": "command", "id": "c", "command": {"name": "relabel", "rows": rows, "to": "eel"}}
    with pytest.raises(KeyboardInterrupt):
        page._handle_custom_msg(content, [])
    assert [sent[0]["type"] for sent in page.sent] == ["events", "reply"]
    again = ls.Session(page.session.audit, journal=path, reviewer="ada")
    assert again.state.current.tolist() == page.session.state.current.tolist()
    assert (again.state.current[:50] == 2).all()


def test_an_interrupted_question_is_answered_with_words(page, monkeypatch):
    def stop(**args):
        raise KeyboardInterrupt

    monkeypatch.setattr(page._desk.answers, "search", stop)
    answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "search", "query": "x"}})
    assert answer["code"] == "interrupted" and "Ask again" in answer["hint"]


def test_what_others_write_reaches_the_page_without_an_edit_here(make_page, build_audit, tmp_path):
    path = tmp_path / "j.jsonl"
    audit = build_audit()
    page = make_page(ls.Session(audit, journal=path, reviewer="ada"))
    watch = shared_of(page.session).watch
    watch._every = 0.01
    page.hello()
    assert watch.running
    heard = threading.Event()
    page.session.subscribe(lambda events: heard.set())
    ls.Session(audit, journal=path, reviewer="bob").relabel(3, "eel")
    assert heard.wait(10)
    told = [event for message in page.of_type("events") for event in message["events"]]
    assert [(event["reviewer"], event["rows"]) for event in told] == [("bob", [3])]
    page.close()
    assert not watch.running


def test_a_session_in_memory_is_not_looked_at(page):
    page.hello()
    assert not shared_of(page.session).watch.running


def test_nothing_is_left_running_after_views_are_closed(make_page, build_audit, tmp_path):
    before = threading.active_count()
    session = ls.Session(build_audit(), journal=tmp_path / "j.jsonl", reviewer="ada")
    pages = [make_page(session) for _ in range(3)]
    for page in pages:
        page.hello()
    pages[0].command("keep", rows=[1])
    for page in pages:
        page.close()
    shared = shared_of(session)
    assert shared.rescorer.wait(10) and not shared.watch.running
    assert threading.active_count() == before
