"""Queries over what methods, judges and reports know of each row, beside the user's own columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.review.derived import derived_of
from labelscope.review.judges import give_judges
from labelscope.review.querying import QueryError, complete, names_of, parse, truths_of, values_of
from labelscope.types import Score

N = 40
RNG = np.random.default_rng(3)
FOREIGN = np.where(RNG.random(N) < 0.2, np.nan, RNG.random(N).round(2))
TAIL = RNG.random(N) < 0.3
EXPERT = np.where(RNG.random(N) < 0.5, "local", "global")
SUSPICION = RNG.random(N).astype(np.float32).round(2)
MARGIN = RNG.random(N).round(2)


def make_session(frame=None):
    given_labels = [("cat", "dog", "eel")[row % 3] for row in range(N)]
    data = RNG.random((N, 3)) if frame is None else frame.assign(label=given_labels)
    dataset = ls.Dataset(data, given_labels if frame is None else "label")
    audit = ls.Audit.from_arrays(
        dataset,
        suspicion=SUSPICION,
        suggested_codes=np.zeros(N, int),
        evidence={
            "groups": np.arange(N) % 2,
            "group_names": ("north", "south"),
            "sites": np.where(np.arange(N) % 7, np.arange(N) % 3, -1),
            "site_names": ("Bern", "Basel", "Zug"),
        },
    )
    flat = np.zeros(N, dtype=np.float32)
    audit.scores["weight_aware"] = Score(
        flat, details={"foreign": FOREIGN, "weight": 1 - MARGIN, "pseudo_label": np.arange(N) % 3}
    )
    audit.scores["local_global"] = Score(flat, details={"expert": EXPERT, "agree": TAIL})
    audit.scores["imbalance_aware"] = Score(flat, details={"tail": TAIL})
    audit.scores["margin of two"] = Score(MARGIN.astype(np.float32))
    return ls.Session(audit, journal=None, reviewer="ada")


@pytest.fixture(scope="module")
def session():
    return make_session()


def test_scores_that_use_a_word_for_something_else_are_not_read():
    """The mix keeps doubts under "tail", and candidate sets a weight of their own; both come first."""
    session = make_session()
    flat, scores = np.zeros(N, dtype=np.float32), session.audit.scores
    mixed = Score(flat, details={"tail": RNG.random(N).astype(np.float32)})
    sets = Score(flat, details={"weight": np.full(N, 0.5), "candidates": np.ones((N, 3), dtype=bool)})
    known = dict(scores)
    scores.clear()
    scores.update({"auto": mixed, "shrunk_class_space": sets, **known})
    assert session.rows("tail").tolist() == np.flatnonzero(TAIL).tolist()
    assert session.rows("weight <= .5").tolist() == np.flatnonzero(1 - MARGIN <= 0.5).tolist()
    for name in ("weight_aware", "imbalance_aware"):
        del scores[name]
    again = ls.Session(session.audit, journal=None, reviewer="ada")
    assert not {":tail", ":weight"} & set(derived_of(again).names(again))


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("foreign > .8", FOREIGN > 0.8),
        ("suspicion > .5 and foreign > .3", (SUSPICION > 0.5) & (FOREIGN > 0.3)),
        ("foreign is missing", np.isnan(FOREIGN)),
        ("weight <= .5", 1 - MARGIN <= 0.5),
        ("tail", TAIL),
        ("not tail and expert == 'local'", ~TAIL & (EXPERT == "local")),
        ("tail == true", TAIL),
        ("expert in ('local')", EXPERT == "local"),
        ("experts_disagree", ~TAIL),
        (
            "score_margin_of_two between .2 and .6",
            (MARGIN.astype("f4") >= 0.2) & (MARGIN.astype("f4") <= 0.6),
        ),
        ("`:score margin of two` < .1", MARGIN.astype("f4") < 0.1),
        ("`:foreign` > .8", FOREIGN > 0.8),
        ("group == 'south'", np.arange(N) % 2 == 1),
        ("site == 'Basel' and group == 'north'", (np.arange(N) % 7 > 0) & (np.arange(N) % 6 == 4)),
        ("site is missing", np.arange(N) % 7 == 0),
        ("group contains 'nor'", np.arange(N) % 2 == 0),
        ("pseudo_label is missing", np.ones(N, bool)),
    ],
)
def test_derived_columns_are_queried(session, text, mask):
    assert session.rows(text).tolist() == np.flatnonzero(mask).tolist()


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("row > 1 and foriegn > .5", 12, "'foreign'"),
        ("expert == 'locl'", 10, "'local'"),
        ("foreign", 0, "true or false"),
        ("tail > .5", 7, "no order"),
        ("value > 0", 0, "NeighborShapley"),
        ("judge_disagreement > .5", 0, "view.give(judges"),
        ("`foreign` > .5", 0, "no column"),
        ("score_margin_of > 1", 0, "'score_margin_of_two'"),
    ],
)
def test_near_misses_are_named(session, text, position, says):
    with pytest.raises(QueryError) as found:
        session.rows(text)
    assert says in str(found.value)
    assert found.value.position == position


def test_columns_of_the_user_go_before_methods(session):
    own = make_session(pd.DataFrame({"foreign": np.arange(N)}))
    assert own.rows("foreign > 37").tolist() == [38, 39]
    assert own.rows("`foreign` > 37").tolist() == [38, 39]
    assert own.rows("`:foreign` > .8").tolist() == np.flatnonzero(FOREIGN > 0.8).tolist()
    assert names_of(own).count("foreign") == 1


def test_what_reports_and_judges_add_is_known_at_once():
    session = make_session()
    assert "round" not in names_of(session) and "judge_verdict" not in names_of(session)
    derived_of(session).add(
        {":round": np.where(np.arange(N) < 5, 1.0, np.nan), ":kind of": np.array(["a"] * N, object)}
    )
    assert session.rows("round == 1").tolist() == [0, 1, 2, 3, 4]
    assert len(session.rows("kind_of == 'a'")) == N
    derived_of(session).add({":round": np.full(N, 2.0)})
    assert len(session.rows("round == 2")) == N, "an older column of that name makes room"
    give_judges(session, [["cat", "dog"]] * 20 + [["dog", "dog"]] * 10 + [["dog", None]] * 10)
    assert session.rows("judge_disagreement == 1").tolist() == list(range(20))
    assert session.rows("judge_disagreement is missing").tolist() == list(range(30, 40))
    assert session.rows("judge_verdict == 'dog' and row >= 20").tolist() == list(range(20, 40))
    assert values_of(session, "judge_verdict") == ("cat", "dog", "eel")
    give_judges(session, None)
    assert "judge_verdict" not in names_of(session)


def test_a_column_is_made_once_and_only_when_asked_for(monkeypatch):
    session, made = make_session(), []
    derived = derived_of(session)
    real = type(derived)._made
    monkeypatch.setattr(
        type(derived), "_made", lambda self, s, name: made.append(name) or real(self, s, name)
    )
    assert "foreign" in names_of(session) and "tail" in truths_of(session)
    assert made == [], "to say which columns there are none is read"
    for _ in range(2):
        session.rows("foreign > .5 or foreign < .1 or `:foreign` is missing")
    assert made == [":foreign"]


@pytest.mark.parametrize(
    ("typed", "start", "first"),
    [
        ("fore", 0, "foreign "),
        ("suspicion > .5 and ta", 19, "tail "),
        ("tail ", 5, "and "),
        ("expert == ", 10, '"local" '),
        ('expert == "g', 10, '"global" '),
        ("score_mar", 0, "score_margin_of_two "),
        ("group in (", 10, '"north" '),
        ("si", 0, "site "),
        ("site == ", 8, '"Bern" '),
        ("foreign ", 8, "== "),
    ],
)
def test_derived_columns_are_completed(session, typed, start, first):
    names, truths = names_of(session), truths_of(session)
    items, at = complete(typed, len(typed), names, lambda name: values_of(session, name), truths)
    assert (items[0].insert, at) == (first, start)


def test_sites_of_an_audit_are_asked_for_by_name_and_told_where_they_would_come_from():
    data, labels = RNG.random((12, 2)), ["cat", "dog"] * 6
    towns = ["Bern", "Basel", None] * 4
    with pytest.warns(ls.errors.LabelscopeWarning):
        audits = [ls.audit(data, labels, **more) for more in ({"evidence": {"sites": towns}}, {})]
    with_sites, without = (ls.Session(audit, journal=None, reviewer="ada") for audit in audits)
    assert with_sites.rows("site == 'Bern'").tolist() == [0, 3, 6, 9]
    assert with_sites.rows("site is missing").tolist() == [2, 5, 8, 11]
    assert "site" not in names_of(without)
    with pytest.raises(ls.errors.InvalidInputError, match="sites"):
        without.rows("site == 'Bern'")


NUMBERS = {
    "foreign": FOREIGN,
    "suspicion": SUSPICION.astype(float),
    "score_margin_of_two": MARGIN.astype("f4").astype(float),
}
SIGNS = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
}


@st.composite
def conditions(draw):
    """A test of a derived column as text, and the rows that it stands for."""
    kind = draw(st.sampled_from(["number", "truth", "category", "missing"]))
    if kind == "number":
        name, sign = draw(st.sampled_from(sorted(NUMBERS))), draw(st.sampled_from(sorted(SIGNS)))
        limit = draw(st.floats(-0.2, 1.2).map(lambda value: round(value, 2)))
        return f"{name} {sign} {limit!r}", SIGNS[sign](NUMBERS[name], limit)
    if kind == "missing":
        return "foreign is missing", np.isnan(FOREIGN)
    if kind == "truth":
        return "tail", TAIL
    value = draw(st.sampled_from(["local", "global"]))
    if draw(st.booleans()):
        return f"expert == {value!r}", value == EXPERT
    return f"expert != '{value}'", value != EXPERT


def joined(parts):
    @st.composite
    def make(draw):
        (one, first), (other, second) = draw(parts), draw(parts)
        word = draw(st.sampled_from(["and", "or"]))
        mask = first & second if word == "and" else first | second
        text = f"({one}) {word} ({other})"
        return (f"not ({text})", ~mask) if draw(st.booleans()) else (text, mask)

    return make()


@settings(max_examples=150, deadline=None)
@given(st.recursive(conditions(), joined, max_leaves=5))
def test_any_query_finds_what_numpy_finds(session, made):
    text, mask = made
    assert parse(text).mask(session).tolist() == mask.tolist()


@settings(max_examples=100, deadline=None)
@given(st.recursive(conditions(), joined, max_leaves=3), st.data())
def test_completion_never_fails_and_leads_on(session, made, data):
    text = made[0]
    cursor = data.draw(st.integers(0, len(text)))
    names, truths = names_of(session), truths_of(session)
    items, start = complete(text, cursor, names, lambda name: values_of(session, name), truths)
    assert 0 <= start <= cursor and len(items) <= 20
    typed = text[start:cursor]
    for item in items:
        assert typed.strip("\"'`").casefold() in item.label.casefold()
        if item.kind == "name":
            with_value = text[:start] + item.insert
            assert parse(f"{item.insert} is missing").names == (item.label,), with_value
