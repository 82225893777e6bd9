"""Properties of the journal and the fold, on reviews made up at random."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.review.events import Event
from labelscope.review.journal import Journal
from labelscope.review.journal_lines import Header
from labelscope.review.state import fold

N = 6
CLASSES = ["cat", "dog", "fox"]
GIVEN = [0, 1, 2, 0, -1, 1]
BATCHES = [f"b{k}" for k in range(8)]
pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")

labels = st.sampled_from([*CLASSES, "owl", "emu", None])
some_rows = st.lists(st.integers(0, N - 1), min_size=1, max_size=N, unique=True)


@st.composite
def events(draw, max_size=14):
    """Any events at all: clashing batches, reverts of anything, times out of order."""
    found = []
    for number in range(draw(st.integers(0, max_size))):
        kind = draw(
            st.sampled_from(
                ["relabelled", "kept", "unsure", "excluded", "accepted_set", "reverted", "tagged", "voted"]
            )
        )
        rows = draw(some_rows)
        after = ()
        data = {}
        if kind == "relabelled" or (kind == "kept" and draw(st.booleans())):
            after = tuple(draw(labels) for _ in rows)
        elif kind == "accepted_set":
            data = {"labels": [label for label in draw(st.lists(labels, max_size=3)) if label]}
        elif kind == "reverted":
            data = {"reverts": draw(st.sampled_from([*BATCHES, "nobody"]))}
        tick = draw(st.integers(0, 20))
        found.append(
            Event(
                kind,
                f"e{number:02d}",
                draw(st.sampled_from(BATCHES)),
                f"2025-01-31T09:30:00.{tick:06d}Z",
                draw(st.sampled_from(["ada", "grace"])),
                "api",
                tuple(rows),
                (),
                after,
                (),
                data,
            )
        )
    return found


def seen(state):
    return state.current.tolist(), state.state.tolist(), state.last.tolist(), state.classes, state.events


@given(events(), st.data())
def test_replay_equals_any_increments_in_any_order(found, data):
    whole = fold(GIVEN, CLASSES, found)
    shuffled = data.draw(st.permutations(found))
    state = fold(GIVEN, CLASSES, [])
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        state.apply(shuffled[:size])
        shuffled = shuffled[size:]
    assert seen(state) == seen(whole)


@given(events())
def test_every_prefix_is_valid(found):
    ordered = sorted(found, key=lambda event: event.key)
    state = fold(GIVEN, CLASSES, [])
    for size, event in enumerate(ordered, start=1):
        state.apply([event])
        assert seen(state) == seen(fold(GIVEN, CLASSES, ordered[:size]))
        assert state.classes[:3] == tuple(CLASSES) and len(set(state.classes)) == len(state.classes)
        assert state.current.min() >= -1 and state.current.max() < len(state.classes)
        assert set(state.state.tolist()) <= set(range(6))
        assert ((state.last >= 0) == (state.state > 0)).all()
        kept, changed = state.state == 2, state.state == 1
        assert (state.current[kept] == state.given[kept]).all()
        assert (state.current[changed] != state.given[changed]).all()


@given(events())
def test_reverting_every_batch_gives_the_given_labels(found):
    later = [
        Event(
            "reverted",
            f"z{k}",
            f"undo-{batch}",
            "2026-01-01T00:00:00.000000Z",
            "ada",
            "api",
            data={"reverts": batch},
        )
        for k, batch in enumerate(dict.fromkeys(event.batch for event in found))
    ]
    state = fold(GIVEN, CLASSES, [*found, *later])
    assert state.current.tolist() == GIVEN and set(state.state.tolist()) <= {0}


@given(events(), events())
def test_folding_is_commutative_and_idempotent(one, two):
    two = [Event.from_json({**event.to_json(), "id": f"f{event.id}"}) for event in two]
    merged = fold(GIVEN, CLASSES, one + two)
    assert seen(merged) == seen(fold(GIVEN, CLASSES, two + one))
    assert seen(merged) == seen(fold(GIVEN, CLASSES, one + two + one + two))


@given(events())
@settings(max_examples=50)
def test_events_survive_the_disk(found):
    with tempfile.TemporaryDirectory() as folder:
        header = Header("x", "0", N)
        path = Path(folder) / "journal.jsonl"
        Journal(path, header).append(found)
        assert Journal(path, header).events == tuple(found)


@given(events(max_size=5), st.data())
@settings(max_examples=60)
def test_a_torn_tail_loses_nothing_before_it(found, data):
    with tempfile.TemporaryDirectory() as folder:
        header = Header("x", "0", N)
        path = Path(folder) / "journal.jsonl"
        Journal(path, header).append(found)
        content = path.read_bytes()
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])
        complete = max(content[:cut].count(b"\n") - 1, 0)
        again = Journal(path, header)
        # One more where only the end of the last line is missing.
        whole = content[:cut].count(b"\n") > 0 and content[cut : cut + 1] == b"\n"
        assert again.events == tuple(found[: complete + whole])
        extra = Event("unsure", "new", "new", "2026-01-01T00:00:00.000000Z", "ada", "api", (0,))
        again.append([extra])
        with warnings.catch_warnings():
            warnings.simplefilter("error", LabelscopeWarning)
            assert Journal(path, header).events == (*found[: complete + whole], extra)


# -- whole sessions -------------------------------------------------------------------------------------------


def audit():
    given = [CLASSES[code] if code >= 0 else None for code in GIVEN]
    dataset = ls.Dataset(np.zeros((N, 2)), given)
    return ls.Audit.from_arrays(
        dataset, suspicion=np.linspace(0, 1, N), suggested_codes=np.array([1, 1, 0, 0, 2, -1])
    )


class Steps:
    """Gestures drawn at random."""

    def __init__(self, data):
        self.data = data

    def take(self, session):
        name = self.data.draw(
            st.sampled_from(
                ["relabel", "relabel", "keep", "unsure", "exclude", "accept", "undo", "undo", "redo", "tag"]
            )
        )
        if name in ("undo", "redo"):
            getattr(session, name)()
        elif name == "relabel":
            rows = self.data.draw(some_rows)
            session.relabel(rows, [self.data.draw(labels) for _ in rows], new_class=True)
        elif name == "tag":
            session.tag(self.data.draw(some_rows), severity="high")
        else:
            getattr(session, name)(self.data.draw(some_rows))


slow = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(st.data())
@slow
def test_undo_of_all_gives_the_given_labels_and_redo_all_of_it_again(data):
    session = ls.Session(audit(), journal=None, reviewer="ada")
    given = session.labels()
    steps = Steps(data)
    for _ in range(data.draw(st.integers(0, 8))):
        steps.take(session)
    before = session.labels(), session.state.state.tolist()
    undone = 0
    while session.can_undo:
        assert len(session.undo()) == 1
        undone += 1
    assert session.labels() == given and not session.state.state.any()
    for _ in range(undone):
        session.redo()
    assert (session.labels(), session.state.state.tolist()) == before


@given(st.data())
@slow
def test_a_restart_at_any_time_changes_nothing(data):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        sessions = [ls.Session(audit(), journal=path, reviewer=who) for who in ("ada", "grace")]
        steps = Steps(data)
        for _ in range(data.draw(st.integers(1, 8))):
            steps.take(data.draw(st.sampled_from(sessions)))
        for session in sessions:
            session.poll()
            again = ls.Session(audit(), journal=path, reviewer=session.reviewer)
            assert seen(again.state) == seen(session.state)
            assert (again.can_undo, again.can_redo) == (session.can_undo, session.can_redo)
            assert again.undo()[:1] == () or again.labels() is not None


@given(st.data())
@slow
def test_merging_is_commutative_and_idempotent(data):
    with tempfile.TemporaryDirectory() as folder:
        one, two = (
            ls.Session(audit(), journal=Path(folder) / f"{who}.jsonl", reviewer=who)
            for who in ("ada", "grace")
        )
        steps = Steps(data)
        for _ in range(data.draw(st.integers(0, 8))):
            steps.take(data.draw(st.sampled_from([one, two])))
        first = one.merge(two.journal_path)
        two.merge(one.journal_path)
        assert seen(one.state) == seen(two.state) and one.labels() == two.labels()
        before = one.journal_path.read_bytes()
        second = one.merge(two.journal_path)
        assert second.added == 0 and second.conflicts == first.conflicts
        assert one.journal_path.read_bytes() == before
        again = ls.Session(audit(), journal=one.journal_path, reviewer="ada")
        assert seen(again.state) == seen(two.state)
        assert (again.can_undo, again.can_redo) == (one.can_undo, one.can_redo)
