"""The wire: what a page may send, and what it hears when it sends something else."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, JournalError, WrongJournalError
from labelscope.widget import messages
from labelscope.widget.messages import MessageError, describe, error, parse


def command(name, **args):
    return {"type": "command", "id": "7", "command": {"name": name, **args}}


def request(name, **args):
    return {"type": "request", "id": "8", "request": {"name": name, **args}}


def test_rows_come_sorted_and_unique():
    message = parse(command("relabel", rows=[4, 1, 4], to="cat"), [], 5)
    assert message.args["rows"].tolist() == [1, 4]
    assert message.args["rows"].dtype == np.int64
    assert (message.args["to"], message.args["new_class"], message.args["source"]) == ("cat", False, "widget")


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview, lambda raw: memoryview(raw).cast("I")])
def test_rows_from_any_kind_of_buffer(wrap):
    raw = np.array([3, 0, 2], "<u4").tobytes()
    assert parse(command("keep", rows={"buffer": 0}), [wrap(raw)], 4).args["rows"].tolist() == [0, 2, 3]


def test_cards_keep_their_order():
    assert parse(request("cards", rows=[2, 0], size=96), [], 3).args["rows"].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("content", "buffers", "code", "says"),
    [
        (None, [], "bad_message", "must be an object"),
        ({"type": "comand", "id": "1"}, [], "unknown_message", "'command'"),
        (command("relable", rows=[0], to=1), [], "unknown_command", "'relabel'"),
        (request("card", rows=[0], size=9), [], "unknown_request", "'cards'"),
        (command("keep"), [], "bad_message", "needs 'rows'"),
        (command("keep", rows=[5]), [], "unknown_row", "no row 5"),
        (command("keep", rows=[-1]), [], "unknown_row", "no row -1"),
        (command("keep", rows=[10**30]), [], "unknown_row", "no row"),
        (command("keep", rows=[True]), [], "bad_message", "row numbers"),
        (command("keep", rows="all"), [], "bad_message", "list of row numbers"),
        (command("keep", rows={"buffer": 1}), [b""], "bad_message", "carries 1"),
        (command("keep", rows={"buffer": 0}), [b"abc"], "bad_message", "3 bytes"),
        (command("keep", rows={"buffer": 0}), ["text"], "bad_message", "binary"),
        (command("relabel", rows=[0], to=["a"]), [], "bad_message", "must be a label"),
        (command("relabel", rows=[0], to=1, source="magic"), [], "bad_message", "magic"),
        (command("relabel", rows=[0], to=1, new_class=1), [], "bad_message", "true or false"),
        (command("note", row=0, text=5), [], "bad_message", "must be text"),
        (command("note", row=0, text="x" * 20_000), [], "bad_message", "20,000"),
        (request("media", row=0, size="big"), [], "bad_message", "pixels"),
        (request("detail", row=1.5), [], "bad_message", "one row"),
        ({"type": "hello", "id": "1", "protocol": 99}, [], "protocol", "protocol 99"),
        ({"type": "command", "id": "1", "command": "undo"}, [], "bad_message", "must be an object"),
    ],
)
def test_what_is_refused_and_how(content, buffers, code, says):
    with pytest.raises(MessageError) as caught:
        parse(content, buffers, 5)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_too_many_cards_are_refused():
    with pytest.raises(MessageError, match="at most 512"):
        parse(request("cards", rows=list(range(600)), size=9), [], 1000)


def test_a_size_is_kept_within_reason():
    assert parse(request("media", row=0, size=10**9), [], 1).args["size"] == messages.MAX_PIXELS


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "id", "command", "request", "name", "rows", "row", "to", "size", "buffer"]
                ),
                inner | st.sampled_from(["command", "request", "hello", "relabel", "keep", "cards", "undo"]),
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_anything_at_all_is_read_or_refused_with_words(content):
    try:
        message = parse(content, [b"\0\0\0\0"], 3)
    except MessageError as problem:
        answer = error(messages.message_id(content), problem)
        assert answer["message"] and answer["code"]
        json.dumps(answer, allow_nan=False)
    else:
        assert message.type in ("hello", "command", "request")


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (InvalidInputError("m", "h"), "invalid_input"),
        (WrongJournalError("m", "h"), "wrong_journal"),
        (JournalError("m", "h"), "journal"),
        (OSError("disk full"), "disk"),
        (ZeroDivisionError("x"), "internal"),
        (MessageError("m", "h", code="odd"), "odd"),
    ],
)
def test_every_exception_has_a_code_and_a_hint(problem, code):
    found, message, hint = describe(problem)
    assert found == code
    assert message and hint
    assert "Hint:" not in message


def test_numbers_on_the_wire_are_finite():
    assert messages.plain_number(float("nan")) == 0
    assert messages.plain_number(np.float32("inf")) == 0
    assert isinstance(messages.plain_number(np.int64(3)), int)
