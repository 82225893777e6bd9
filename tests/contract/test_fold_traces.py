"""Traces of the fold in *.json, read here and by vitest; FOLD.md says the rules in words."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from labelscope.data.tags import Tags
from labelscope.review.events import MACHINES, Event
from labelscope.review.progress import machine_rows, progress_of, taken_over_rows
from labelscope.review.state import fold

TRACES = sorted(Path(__file__).parent.glob("*.json"))


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def empty(trace):
    return start(trace, [])


def start(trace, events):
    """Fold events; ``tags`` are what classes are sets of, or attributes beside the class."""
    found = trace.get("tags")
    if found is None:
        return fold(trace["given"], trace["classes"], events)
    names, given = tuple(found["names"]), found.get("attributes")
    if given is not None:
        tags = Tags(names, np.array(given, dtype=np.int8), "matrix", negatives=True)
        return fold(trace["given"], trace["classes"], events, attributes=tags)
    matrix = np.zeros((len(trace["given"]), len(names)), dtype=np.int8)
    form = "matrix" if found["unknown"] else "sets"
    tags = Tags(names, matrix, form, negatives=found["unknown"])
    return fold(trace["given"], trace["classes"], events, sets=tags)


def check(state, expect, flagged=None):
    assert state.current.tolist() == expect["current"]
    assert state.state.tolist() == expect["state"]
    assert [(type(c), c) for c in state.classes] == [(type(c), c) for c in expect["classes"]]
    if "tags" in expect:
        assert state.tags.tolist() == expect["tags"]
    if "by_machine" in expect:
        assert machine_rows(state).tolist() == [one == 1 for one in expect["by_machine"]]
    if "taken_over" in expect:
        assert taken_over_rows(state).tolist() == [one == 1 for one in expect["taken_over"]]
    if flagged is not None:
        assert asdict(progress_of(state, np.array(flagged) == 1)) == pytest.approx(expect["progress"])


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_incremental(path):
    trace = read(path)
    state = empty(trace)
    for step in trace["steps"]:
        state.apply(map(Event.from_json, step["events"]))
        check(state, step["expect"], trace.get("flagged"))


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_replay_of_every_prefix_and_of_the_reverse(path):
    trace = read(path)
    events = []
    for step in trace["steps"]:
        events += map(Event.from_json, step["events"])
        check(start(trace, events), step["expect"])
        check(start(trace, events[::-1]), step["expect"])


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_events_are_the_same_json_after_a_round_trip(path):
    trace = read(path)
    assert trace["name"] == path.stem
    for step in trace["steps"]:
        for found in step["events"]:
            assert json.loads(Event.from_json(found).to_line()) == found


def test_there_are_traces_of_all_kinds():
    kinds = {event["kind"] for path in TRACES for step in read(path)["steps"] for event in step["events"]}
    assert len(TRACES) >= 8
    assert kinds >= {
        "relabelled",
        "kept",
        "unsure",
        "excluded",
        "accepted_set",
        "tagged",
        "noted",
        "reverted",
        "voted",
        "gate_set",
        "page_timed",
        "tags_added",
        "tags_removed",
        "proposed",
    }


def test_page_and_kernel_name_the_same_machines():
    types = (Path(__file__).parents[2] / "js" / "src" / "store" / "types.ts").read_text(encoding="utf-8")
    line = next(line for line in types.splitlines() if "const MACHINES" in line)
    assert tuple(json.loads(line[line.index("(") + 1 : line.rindex(")")])) == MACHINES
