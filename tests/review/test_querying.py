from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import labelscope as ls
from labelscope.review.query_syntax import MOST_CHARACTERS
from labelscope.review.querying import QueryError, complete, names_of, parse, values_of


@pytest.fixture
def frame_session():
    frame = pd.DataFrame(
        {
            "text": ["A good film", "a bad film", "cut"] * 50,
            "age": [1, 4.5, None] * 50,
            "odd name": ["x", "y", None] * 50,
            "blue": [True, False, True] * 50,
            "many": [f"v{k}" for k in range(150)],
            "label": ["cat", "dog", "fox"] * 50,
        }
    )
    audit = ls.Audit.from_arrays(
        ls.Dataset(frame, "label"), suspicion=np.arange(150) / 150, suggested_codes=np.zeros(150, int)
    )
    session = ls.Session(audit, journal=None, reviewer="ada")
    session.keep(5)
    session.relabel(7, "fox")
    session.note(8, "Blurred <b>")
    return session


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", range(150)),
        ("  \n ", range(150)),
        ("suspicion > .983", [148, 149]),
        ("row >= 148 or row == 0", [0, 148, 149]),
        ("row between 3 and 5", [3, 4, 5]),
        ("row between 3 and 9 and not reviewed and given == 'fox'", [8]),
        ("reviewed", [5, 7]),
        ("reviewed == TRUE", [5, 7]),
        ("not (reviewed or row > 2)", [0, 1, 2]),
        ("state in ('kept', \"relabelled\")", [5, 7]),
        ("current == 'fox' and given != 'fox'", [7]),
        ("reviewer == 'ada'", [5, 7]),
        ("reviewer == 'nobody'", []),
        ("note contains 'blurred <B>'", [8]),
        ("note is missing and row < 3", [0, 1, 2]),
        ("text contains 'GOOD' and row < 4", [0, 3]),
        ("text not contains 'film' and row < 4", [2]),
        ("id in ('3', '4')", [3, 4]),
        ("age is missing and row < 6", [2, 5]),
        ("age is not missing and age < 2 and row < 6", [0, 3]),
        ("age != 1 and row < 6", [1, 4]),
        ("`odd name` == 'y' and row < 6", [1, 4]),
        ("`odd name` is missing and row < 6", [2, 5]),
        ("`text` == 'cut' and row < 6", [2, 5]),
        ("blue and row < 3", [0, 2]),
        ("many contains 'v14' and row > 100", [140, 141, 142, 143, 144, 145, 146, 147, 148, 149]),
        ("given contains 'o' and row < 3", [1, 2]),
        ("suspicion > 1e-2 and row <= 2", [2]),
        ("flagged and row < 3", []),
    ],
)
def test_queries(frame_session, text, rows):
    assert parse(text).rows(frame_session).tolist() == list(rows)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("suspicoin > 3", 0, "suspicion"),
        ("row > 1 and agee < 3", 12, "'age'"),
        ("given == 'cot'", 9, "'cat'"),
        ("given = 'cat'", 6, "=="),
        ("given == cat", 9, 'Write "cat"'),
        ("given == 'cat", 9, "never closed"),
        ("(row > 1", 8, "ends"),
        ("row > 1)", 7, "or, or the end"),
        ("row > 1 row < 3", 8, "and"),
        ("row >", 5, "number"),
        ("and", 0, "a name"),
        ("age == 'x'", 7, "numbers"),
        ("text < 3", 7, "no order"),
        ("row > 'a'", 6, "not a number"),
        ("age contains 'x'", 13, "no text"),
        ("text contains 3", 14, "needs text"),
        ("suspicion", 0, "true or false"),
        ("reviewed == 'yes'", 12, "true or false"),
        ("id in ()", 7, "number"),
        ("id in ('a' 'b')", 11, "')'"),
        ("row between 3", 13, "'and'"),
        ("age is 3", 7, "missing"),
        ("row & 3", 4, "and"),
        ("`nope` == 1", 0, "column"),
        ("__import__('os')", 10, "and"),
        ("not " * 200 + "reviewed", 244, "nested"),
        ("(" * 100, 61, "nested"),
    ],
)
def test_what_is_wrong_and_where(frame_session, text, position, says):
    with pytest.raises(QueryError) as found:
        parse(text).rows(frame_session)
    assert says in str(found.value)
    assert found.value.position == position


def test_huge_queries_are_refused_and_long_ones_are_not(frame_session):
    with pytest.raises(QueryError, match="characters"):
        parse("x" * (MOST_CHARACTERS + 1))
    with pytest.raises(QueryError, match="words"):
        parse("id in (" + ",".join("1" for _ in range(4000)) + ")")
    assert len(parse("row in (" + ",".join(map(str, range(1500))) + ")").rows(frame_session)) == 150
    assert parse(" or ".join(f"row == {k}" for k in range(900))).rows(frame_session).tolist() == list(
        range(150)
    )
    with pytest.raises(QueryError):
        parse(3)


def test_names(frame_session):
    assert parse("age > 1 and `odd name` == 'x' and age < 9").names == ("age", "odd name")
    assert "odd name" in names_of(frame_session) and names_of(frame_session)[0] == "suspicion"
    assert values_of(frame_session, "given") == ("cat", "dog", "fox")
    assert values_of(frame_session, "age") == () == values_of(frame_session, "nope")


@pytest.mark.parametrize(
    ("typed", "start", "first"),
    [
        ("", 0, "suspicion "),
        ("susp", 0, "suspicion "),
        ("given ", 6, "== "),
        ("given == ", 9, '"cat" '),
        ('given == "d', 9, '"dog" '),
        ("given in (", 10, '"cat" '),
        ("given in ('cat', ", 17, '"cat" '),
        ("row > 3 ", 8, "and "),
        ("row > 3 and rev", 12, "reviewed "),
        ("age between 1 ", 14, "and "),
        ("odd", 0, "`odd name` "),
        ("`od", 0, "`odd name` "),
        ("given not ", 10, "in "),
        ("age is ", 7, "missing "),
        ("reviewed ", 9, "and "),
        ("not ", 4, "suspicion "),
    ],
)
def test_completion(frame_session, typed, start, first):
    items, at = complete(
        typed, len(typed), names_of(frame_session), lambda name: values_of(frame_session, name)
    )
    assert (items[0].insert, at) == (first, start)
    # What is proposed can be gone on with: it never breaks the query before it.
    again, _ = complete(typed[:at] + items[0].insert, 10**6, names_of(frame_session))
    assert isinstance(again, list)


def test_completion_of_the_middle_and_of_nonsense(frame_session):
    items, start = complete("sus > 3", 3, names_of(frame_session))
    assert [item.label for item in items] == ["suspicion"] and start == 0
    assert complete("=== ~~", 6, names_of(frame_session))[0] == []
    assert complete("x" * 30_000, 30_000, []) == ([], 30_000)


def test_without_a_frame(session):
    assert len(parse("given == 'cat'").rows(session)) == 4
    with pytest.raises(QueryError, match="no name"):
        parse("age > 3").rows(session)
