from __future__ import annotations

import json

import numpy as np
import pytest

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.events import Draft, Event, finish, scalar_key, stamp, to_scalar

EVENT = Event(
    "relabelled",
    "2",
    "1",
    "2025-01-31T09:30:00.000000Z",
    "ada",
    "api",
    (3, 5),
    ("cat", None),
    ("dog", 7),
    (0.5, 0.25),
)


def test_json_and_back():
    assert Event.from_json(json.loads(EVENT.to_line())) == EVENT
    assert EVENT.to_line().endswith(b"\n") and EVENT.to_line().count(b"\n") == 1


def test_a_line_is_ascii_and_keeps_odd_text():
    odd = "line\u2028end \ud800 \n é"
    event = Event("noted", "1", "1", "t", "ada", "api", (0,), data={"text": odd})
    assert Event.from_json(json.loads(event.to_line().decode("ascii"))).data["text"] == odd


def test_later_fields_and_unknown_kinds_are_taken():
    found = {**EVENT.to_json(), "kind": "voted", "mood": "good", "before": [{"a": 1}], "data": {"vote": 1}}
    event = Event.from_json(found)
    assert event.kind == "voted" and event.data == {"vote": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"batch": None},
        {"at": 5},
        {"rows": 3},
        {"rows": [True]},
        {"rows": [-1]},
        {"rows": [1.5]},
        {"after": ["dog"]},
        {"after": []},
        {"after": [["dog"], "cat"]},
        {"before": ["cat"]},
        {"data": [1]},
    ],
)
def test_what_is_no_event_is_refused(change):
    with pytest.raises(InvalidInputError):
        Event.from_json({**EVENT.to_json(), **change})
    with pytest.raises(InvalidInputError):
        Event.from_json([1])


@pytest.mark.parametrize(
    ("value", "scalar"),
    [
        (np.int8(3), 3),
        (np.uint64(3), 3),
        (np.float32(2.5), 2.5),
        (2.0, 2),
        (np.bool_(True), True),
        (np.str_("cat"), "cat"),
        ("cat", "cat"),
        (None, None),
        (float("nan"), None),
    ],
)
def test_scalars(value, scalar):
    found = to_scalar(value)
    assert found == scalar and type(found) is type(scalar)


@pytest.mark.parametrize("value", [["cat"], {"cat"}, b"cat", object(), float("inf"), 1j])
def test_what_is_no_label_is_refused(value):
    with pytest.raises(InvalidTypeError):
        to_scalar(value)


def test_true_and_one_are_two_labels():
    assert scalar_key(True) != scalar_key(1) and scalar_key(1) == scalar_key(1.0)


def test_stamps_and_ids_sort_by_time(monkeypatch):
    # Another test of this process may have met a clock that is far ahead.
    monkeypatch.setattr("labelscope.review.events._last_tick", 0)
    marks = [stamp() for _ in range(50)]
    assert [m.at for m in marks] == sorted({m.at for m in marks})
    assert [m.batch for m in marks] == sorted(m.batch for m in marks)
    assert stamp(after="2999-01-01T00:00:00.000000Z").at == "2999-01-01T00:00:00.000001Z"
    assert stamp(after="nonsense").at > marks[-1].at


def test_events_of_a_batch_share_time_and_sort_by_id():
    events = finish([Draft("kept", [0]) for _ in range(20)], "ada", "api")
    assert len({e.batch for e in events}) == 1 and len({e.at for e in events}) == 1
    assert [e.id for e in events] == sorted(e.id for e in events)
    assert finish([], "ada", "api") == ()
