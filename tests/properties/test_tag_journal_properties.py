"""Properties of the fold and of sessions where labels are sets of tags, or attributes stand beside them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.data.tags import Tags
from labelscope.review.events import Event
from labelscope.review.state import fold

N = 5
NAMES = ("joy", "a|b", "?odd")
CLASSES = ["", "joy", "joy|a\\|b"]
GIVEN = [0, 1, 2, -1, 1]
BATCHES = [f"b{k}" for k in range(6)]
ATTRIBUTES = np.array([[1, 0, 1], [0, -1, 1], [1, 1, 0], [-1, -1, -1], [0, 0, 0]], dtype=np.int8)
pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")

tags = st.lists(st.sampled_from([*NAMES, "nobody"]), max_size=3)
texts = st.sampled_from(["", "joy", "joy|\\?odd", "?joy|a\\|b", None])
some_rows = st.lists(st.integers(0, N - 1), min_size=1, max_size=N, unique=True)


@st.composite
def events(draw, max_size=12):
    found = []
    kinds = [
        "tags_added",
        "tags_added",
        "tags_removed",
        "relabelled",
        "kept",
        "unsure",
        "reverted",
        "proposed",
    ]
    for number in range(draw(st.integers(0, max_size))):
        kind = draw(st.sampled_from(kinds))
        rows, after, data = draw(some_rows), (), {}
        if kind == "relabelled" or (kind == "kept" and draw(st.booleans())):
            after = tuple(draw(texts) for _ in rows)
        elif kind == "reverted":
            data = {"reverts": draw(st.sampled_from([*BATCHES, "nobody"]))}
        elif kind.startswith("tags"):
            data = {"tags": draw(tags)}
        at = f"2025-01-31T09:30:00.{draw(st.integers(0, 15)):06d}Z"
        batch, who = draw(st.sampled_from(BATCHES)), draw(st.sampled_from(["ada", "bo"]))
        found.append(Event(kind, f"e{number:02d}", batch, at, who, "api", tuple(rows), (), after, (), data))
    return found


def start(kind, found):
    if kind == "attributes":
        beside = Tags(NAMES, ATTRIBUTES, "matrix", negatives=True)
        return fold(GIVEN, CLASSES, found, attributes=beside)
    form, negatives = ("matrix", True) if kind == "unknown" else ("sets", False)
    sets = Tags(NAMES, np.zeros((N, 3), np.int8), form, negatives=negatives)
    return fold(GIVEN, CLASSES, found, sets=sets)


def seen(state):
    return (
        state.current.tolist(), state.state.tolist(), state.last.tolist(), state.classes, state.tags.tolist()
    )  # fmt: skip


# -- from the definition, one row and one event at a time -----------------------------------------------------


def active(ordered):
    """Batches that count: walk backwards, a batch is out when a later one that counts reverts it."""
    places = {}
    for place, event in enumerate(ordered):
        places.setdefault(event.batch, place)
    out = set()
    for batch in sorted(places, key=places.get, reverse=True):
        by = [e.batch for e in ordered if e.kind == "reverted" and e.data.get("reverts") == batch]
        if any(places[one] > places[batch] and one not in out for one in by):
            out.add(batch)
    return set(places) - out


def read(text):
    """A set as a dict by name; None is no label."""
    if text is None:
        return None
    words = [w.replace("\x00", "|") for w in text.replace("\\|", "\x00").split("|") if w]
    found = dict.fromkeys(NAMES, 0)
    for word in words:
        unknown = word.startswith("?")
        found[word[1:].lstrip("\\") if unknown else word.lstrip("\\")] = -1 if unknown else 1
    return found


def by_hand(kind, found, row):
    """Return label (or None), attributes, and state of a row."""
    ordered = sorted(found, key=lambda e: (e.at, e.id))
    counting = active(ordered)
    given = CLASSES[GIVEN[row]] if GIVEN[row] >= 0 else None
    label = read(given) if kind != "attributes" else given
    own = dict(zip(NAMES, ATTRIBUTES[row].tolist(), strict=True))
    first, state = (label, dict(own)), 0
    for event in ordered:
        if event.batch not in counting or row not in event.rows:
            continue
        if event.kind in ("relabelled", "kept") and event.after:
            said = event.after[event.rows.index(row)]
            label = read(said) if kind != "attributes" else said
        elif event.kind.startswith("tags"):
            value = int(event.kind == "tags_added")
            known = [name for name in event.data["tags"] if name in NAMES]
            if kind == "attributes":
                own.update(dict.fromkeys(known, value))
            elif known:
                if label is None:
                    label = dict.fromkeys(NAMES, -1 if kind == "unknown" else 0)
                elif kind == "sets":
                    label = {name: max(0, one) for name, one in label.items()}
                label = {**label, **dict.fromkeys(known, value)}
        elif event.kind not in ("unsure", "kept"):
            continue
        state = 3 if event.kind == "unsure" else 1
    if state == 1 and (label, own) == first:
        state = 2
    return label, own, state


@pytest.mark.parametrize("kind", ["sets", "unknown", "attributes"])
@given(found=events())
@settings(max_examples=50, deadline=None)
def test_the_fold_is_what_its_rules_say(kind, found):
    state = start(kind, found)
    for row in range(N):
        label, own, wanted = by_hand(kind, found, row)
        code = int(state.current[row])
        value = state.classes[code] if code >= 0 else None
        assert state.state[row] == wanted
        if kind == "attributes":
            assert value == label and state.tags[row].tolist() == list(own.values())
        else:
            assert read(value) == label
            assert state.tags[row].tolist() == ([-1] * 3 if label is None else list(label.values()))


@pytest.mark.parametrize("kind", ["sets", "unknown", "attributes"])
@given(found=events(), data=st.data())
@settings(max_examples=50, deadline=None)
def test_replay_equals_any_increments_in_any_order(kind, found, data):
    whole = seen(start(kind, found))
    shuffled = data.draw(st.permutations(found))
    state = start(kind, [])
    while shuffled:
        size = data.draw(st.integers(1, len(shuffled)))
        state.apply(shuffled[:size])
        shuffled = shuffled[size:]
    assert seen(state) == whole
    state.apply(found)
    assert seen(state) == whole


@pytest.mark.parametrize("kind", ["sets", "unknown", "attributes"])
@given(found=events())
@settings(max_examples=50, deadline=None)
def test_codes_only_grow_and_every_prefix_is_valid(kind, found):
    ordered = sorted(found, key=lambda event: event.key)
    state, classes = start(kind, []), tuple(CLASSES)
    for size, event in enumerate(ordered, start=1):
        state.apply([event])
        assert state.classes[: len(classes)] == classes and len(set(state.classes)) == len(state.classes)
        classes = state.classes
        assert state.current.max() < len(classes) and state.current.min() >= -1
        assert seen(state) == seen(start(kind, ordered[:size]))


@pytest.mark.parametrize("kind", ["sets", "unknown", "attributes"])
@given(found=events())
@settings(max_examples=50, deadline=None)
def test_reverting_every_batch_gives_what_was_given(kind, found):
    at = "2026-01-01T00:00:00.000000Z"
    later = [
        Event("reverted", f"z{k}", f"undo-{batch}", at, "ada", "api", data={"reverts": batch})
        for k, batch in enumerate(dict.fromkeys(event.batch for event in found))
    ]
    state, first = start(kind, [*found, *later]), start(kind, [])
    assert state.current.tolist() == GIVEN and not state.state.any()
    assert state.tags.tolist() == first.tags.tolist() == first.given_tags.tolist()


# -- whole sessions -------------------------------------------------------------------------------------------


def audit(task):
    options = {"concepts": np.where(ATTRIBUTES < 0, np.nan, ATTRIBUTES)} if task == "concepts" else {}
    labels = {
        "multilabel": [{"joy"}, {"joy", "fear"}, set(), None, {"fear"}],
        "regression": [1.5, 2.5, -1.0, np.nan, 1.5],
        "concepts": ["x", "y", "x", None, "y"],
    }[task]
    dataset = ls.Dataset(np.zeros((N, 2)), labels, task=task, **options)
    return ls.Audit.from_arrays(
        dataset, suspicion=np.linspace(0, 1, N), suggested_codes=np.array([1, 1, 0, 0, -1])
    )


AUDITS = {}


def take(session, data):
    """One gesture drawn at random."""
    task = session.audit.dataset.task
    names = session.state.tag_names
    kinds = ["relabel", "keep", "unsure", "exclude", "accept", "undo", "undo", "redo", "rescore"]
    name = data.draw(st.sampled_from(kinds + (["add_tags", "remove_tags"] * 3 if names else [])))
    rows = data.draw(some_rows)
    if name in ("undo", "redo", "rescore"):
        getattr(session, name)()
    elif name in ("add_tags", "remove_tags"):
        getattr(session, name)(rows, data.draw(st.lists(st.sampled_from(names), min_size=1)))
    elif name == "relabel":
        to = {
            "multilabel": st.sets(st.sampled_from(["joy", "fear"])) | st.none(),
            "regression": st.floats(-5, 5) | st.none(),
            "concepts": st.sampled_from(["x", "y", None]),
        }[task]
        session.relabel(rows, [data.draw(to) for _ in rows])
    else:
        getattr(session, name)(rows)


def same(one, other):
    return repr(one) == repr(other)


@pytest.mark.parametrize("task", ["multilabel", "regression", "concepts"])
@given(data=st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_undo_of_all_gives_the_given_labels_and_redo_all_of_it_again(task, data):
    if task not in AUDITS:
        AUDITS[task] = audit(task)
    session = ls.Session(AUDITS[task], journal=None, reviewer="ada")
    given, tags_given = session.labels(), session.state.tags.copy()
    for _ in range(data.draw(st.integers(0, 8))):
        take(session, data)
    before = session.labels(), session.state.state.tolist(), session.state.tags.tolist()
    undone = 0
    while session.can_undo:
        assert len(session.undo()) == 1
        undone += 1
    assert same(session.labels(), given) and not session.state.state.any()
    assert np.array_equal(session.state.tags, tags_given)
    for _ in range(undone):
        session.redo()
    assert same((session.labels(), session.state.state.tolist(), session.state.tags.tolist()), before)


@pytest.mark.parametrize("task", ["multilabel", "regression", "concepts"])
@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_merging_is_commutative_and_idempotent(task, data):
    if task not in AUDITS:
        AUDITS[task] = audit(task)
    with tempfile.TemporaryDirectory() as folder:
        one, two = (
            ls.Session(AUDITS[task], journal=Path(folder) / f"{who}.jsonl", reviewer=who)
            for who in ("ada", "bo")
        )
        for _ in range(data.draw(st.integers(0, 8))):
            take(data.draw(st.sampled_from([one, two])), data)
        first = one.merge(two.journal_path)
        two.merge(one.journal_path)
        assert seen(one.state) == seen(two.state) and same(one.labels(), two.labels())
        second = one.merge(two.journal_path)
        assert second.added == 0 and second.conflicts == first.conflicts
        again = ls.Session(AUDITS[task], journal=one.journal_path, reviewer="ada")
        assert seen(again.state) == seen(two.state)
