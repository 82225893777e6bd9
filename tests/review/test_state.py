from __future__ import annotations

import numpy as np

from labelscope.review.events import Event
from labelscope.review.state import STATES, ReviewState, fold


def event(kind, number, rows=(), after=(), batch=None, who="ada", **data):
    at = f"2025-01-31T09:30:00.{number:06d}Z"
    return Event(
        kind, f"{number:06d}", batch or f"b{number}", at, who, "api", tuple(rows), (), tuple(after), (), data
    )


def test_nothing_happened():
    state = ReviewState([0, -1, 1], ["cat", "dog"])
    assert state.current.tolist() == [0, -1, 1] and state.current.dtype == np.int32
    assert state.state.tolist() == [0, 0, 0] and state.state.dtype == np.uint8
    assert state.last.tolist() == [-1, -1, -1] and state.events == () and state.last_key == ("", "")


def test_arrays_cannot_be_written():
    state = ReviewState([0], ["cat"])
    for array in (state.current, state.state, state.last, state.given):
        assert not array.flags.writeable


def test_last_names_the_decision_that_holds():
    events = [
        event("relabelled", 1, [0], ["dog"]),
        event("unsure", 2, [0, 1]),
        event("noted", 3, [0], text="x"),
    ]
    state = fold([0, 1], ["cat", "dog"], events)
    assert state.last.tolist() == [1, 1] and [STATES[s] for s in state.state] == ["unsure", "unsure"]
    state.apply([event("reverted", 4, reverts="b2")])
    assert state.last.tolist() == [0, -1] and not state.is_active("b2") and state.is_active("b1")
    assert not state.is_active("nobody") and len(state.active_events()) == 3


def test_the_given_codes_are_not_touched():
    given = np.array([0, 1])
    fold(given, ["cat", "dog"], [event("relabelled", 1, [0], ["dog"])])
    assert given.tolist() == [0, 1]


def test_repr_counts():
    state = fold([0, 1], ["cat", "dog"], [event("kept", 1, [0], ["cat"])])
    assert repr(state) == "<ReviewState of 2 rows: unreviewed 1, kept 1>"


def test_ten_thousand_events_fold():
    rng = np.random.default_rng(0)
    events = [event("relabelled", k, [int(rng.integers(1000))], ["dog"]) for k in range(10_000)]
    state = fold(np.zeros(1000, int), ["cat", "dog"], events)
    touched = {row for one in events for row in one.rows}
    assert np.flatnonzero(state.current).tolist() == sorted(touched)
    state.apply([event("reverted", 20_000, reverts="b9999")])
    assert not state.is_active("b9999") and len(state.events) == 10_001


def test_first_decisions_and_sizes():
    state = fold([0, 0, 0], ["cat", "dog"], [event("kept", 1, [0, 1]), event("unsure", 2, [1, 2])])
    assert state.first.tolist() == [0, 0, 1] and state.last.tolist() == [0, 1, 1]
    assert state.sizes.tolist() == [2, 2]
    state.apply([event("reverted", 3, reverts="b0001")])
    batch = state.events[0].batch
    state.apply([event("reverted", 4, reverts=batch)])
    assert state.first.tolist() == [-1, 1, 1]
