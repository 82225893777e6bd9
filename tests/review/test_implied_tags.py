"""Tags that come and go with others under a taxonomy: one step, one undo, and what was refused stays refused."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.data.tag_tree import TagTree
from labelscope.errors import LabelscopeWarning, collect_notices
from labelscope.review.implied import contradictions, refused
from labelscope.review.query_names import names_of
from labelscope.review.querying import parse

UP = {"living": None, "animal": "living", "dog": "animal", "puppy": "dog", "cat": "animal", "plant": "living"}
SETS = [{"living"}, set(), {"living", "animal", "dog"}, {"puppy"}, None, {"plant", "living"}]
NAMES = ("animal", "cat", "dog", "living", "plant", "puppy")


def make(labels=None, taxonomy=UP, journal=None, suggested=None, reviewer="ada"):
    labels = list(SETS) if labels is None else labels
    names = {"class_names": list(NAMES)} if any(labels) else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        data = [f"text {row}" for row in range(len(labels))]
        dataset = ls.Dataset(data, labels, task="multilabel", **names)
    evidence = None if taxonomy is None else {"taxonomy": taxonomy}
    audit = ls.Audit.from_arrays(
        dataset,
        suspicion=np.linspace(0.9, 0, dataset.n),
        suggested_codes=np.full(dataset.n, -1),
        evidence=evidence,
    )
    if suggested is not None:
        tags = audit.dataset.labels.tags
        matrix = np.array([[name in row for name in tags.names] for row in suggested], dtype=np.int8)
        audit = replace(audit, scores={"given": replace(audit.main, suggested=matrix)})
    return ls.Session(audit, journal=journal, reviewer=reviewer)


def test_a_tag_brings_what_it_implies_in_one_step():
    session = make()
    (event,) = session.add_tags(1, "puppy")
    assert session.labels()[1] == {"puppy", "dog", "animal", "living"}
    assert event.data == {
        "tags": ["puppy", "animal", "dog", "living"],
        "implied": ["animal", "dog", "living"],
    }
    session.undo()
    assert session.labels() == SETS


def test_rows_get_what_each_of_them_lacks():
    session = make()
    events = session.add_tags([0, 1, 2, 4], "dog")
    assert len({event.batch for event in events}) == 1
    assert {event.rows: event.data.get("implied") for event in events} == {
        (0,): ["animal"],
        (1, 4): ["animal", "living"],
        (2,): None,
    }
    assert all(session.labels()[row] == {"dog", "animal", "living"} for row in (0, 1, 2, 4))
    session.undo()
    assert session.labels() == SETS and not session.state.state.any()


def test_a_tag_takes_along_what_implies_it():
    session = make()
    session.add_tags(2, "puppy")
    (event,) = session.remove_tags(2, "animal")
    assert session.labels()[2] == {"living"}
    assert event.data == {"tags": ["animal", "dog", "puppy"], "implied": ["dog", "puppy"]}
    session.undo()
    assert session.labels()[2] == {"living", "animal", "dog", "puppy"}


def test_what_was_refused_stays_refused_and_the_contradiction_is_said():
    session = make()
    session.remove_tags(1, "animal")  # not there: a suggestion that is refused
    with collect_notices() as told, pytest.warns(LabelscopeWarning, match="contradicts the taxonomy"):
        (event,) = session.add_tags(1, "puppy")
    assert session.labels()[1] == {"puppy", "dog", "living"}
    assert event.data["refused"] == ["animal"] and event.data["implied"] == ["dog", "living"]
    assert [(one.code, one.rows) for one in told] == [("taxonomy_contradiction", (1,))]
    assert "'dog' without 'animal'" in told[0].message
    session.add_tags(1, "animal")
    assert session.add_tags(1, "cat")[0].data == {"tags": ["cat"]}, "put in again: no longer refused"


def test_only_what_a_person_took_out_by_itself_is_refused():
    session = make()
    session.remove_tags(2, "animal")  # takes the dog along
    session.add_tags(2, "animal")
    session.remove_tags(1, "living", source="teacher")
    column = list(session.state.tag_names).index("dog")
    assert not refused(session.state, np.arange(6))[:, column].any()
    assert session.add_tags(2, "puppy")[0].data["implied"] == ["dog"]
    assert "refused" not in session.add_tags(1, "cat")[0].data


def test_accepting_the_rest_contradicts_nothing():
    suggested = [
        set(),
        {"dog", "animal", "living"},
        set(),
        {"puppy", "dog", "animal", "living"},
        set(),
        set(),
    ]
    session = make(suggested=suggested)
    session.remove_tags(1, "animal")  # and so the dog, which is suggested below it
    assert session.events[-1].data["implied"] == ["dog"]
    session.accept(1)
    assert session.labels()[1] == {"living"}
    session.accept(3)
    assert session.labels()[3] == {"puppy", "dog", "animal", "living"}
    session.add_tags(2, "puppy")  # against the suggestion, as is all above it
    session.accept([2, 3])
    assert session.labels()[2] == {"puppy", "dog", "animal", "living"}


def test_whole_sets_are_written_as_they_are_and_the_contradiction_is_said():
    session = make()
    with pytest.warns(LabelscopeWarning, match="1 row contradicts the taxonomy now: 'puppy' without 'dog'"):
        session.relabel([0, 1], [{"puppy"}, {"living"}])
    assert session.labels()[:2] == [{"puppy"}, {"living"}]


def test_a_query_finds_contradictions_as_tags_are_now():
    session = make()
    assert "contradiction" in names_of(session)
    assert session.rows("contradiction > 0").tolist() == [3]
    session.add_tags(3, "puppy")
    assert session.rows("contradiction > 0").tolist() == []
    with pytest.warns(LabelscopeWarning, match="taxonomy"):
        session.relabel(0, {"cat", "puppy"})
    assert session.rows("contradiction == 2").tolist() == [0]
    assert contradictions(session.audit, session.state).tolist() == [2, 0, 0, 0, 0, 0]


def test_without_a_taxonomy_nothing_comes_along_and_there_is_no_such_name():
    for session in (make(taxonomy=None), make(taxonomy=dict.fromkeys(NAMES))):
        (event,) = session.add_tags([0, 1], "puppy")
        assert event.data == {"tags": ["puppy"]} and session.labels()[1] == {"puppy"}
        assert session.remove_tags(2, "animal")[0].data == {"tags": ["animal"]}
        assert "contradiction" not in names_of(session)
        with pytest.raises(ls.errors.InvalidInputError, match=r"no name 'contradiction'(.|\n)*taxonomy"):
            parse("contradiction > 0").rows(session)


def test_a_journal_with_implied_tags_is_resumed_and_merged(tmp_path):
    first = make(journal=tmp_path / "a.jsonl")
    first.add_tags([0, 1], "puppy")
    first.remove_tags(2, "animal")
    again = make(journal=tmp_path / "a.jsonl")
    assert again.labels() == first.labels()
    plain = make(taxonomy=None, journal=tmp_path / "a.jsonl")
    assert plain.labels() == first.labels(), "what came along is written down, whoever reads it"
    other = make(journal=tmp_path / "b.jsonl", reviewer="bob")
    other.add_tags(5, "dog")
    report = other.merge(tmp_path / "a.jsonl")
    assert report.added == 3
    assert other.labels()[1] == first.labels()[1] and other.labels()[5] == {
        "plant",
        "living",
        "dog",
        "animal",
    }
    other.undo()
    assert other.labels()[5] == SETS[5] and other.labels()[0] == first.labels()[0]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "undo", "redo", "keep"]),
        st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True),
        st.sampled_from(NAMES),
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=60, deadline=None)
def test_no_edit_leaves_a_tag_without_what_it_implies_unless_that_was_refused(steps):
    closed = [{"living"}, set(), {"living", "animal", "dog"}, {"plant", "living"}]
    session = make(closed)
    tree = TagTree.of(session.audit.evidence["taxonomy"], session.state.tag_names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        for kind, rows, tag in steps:
            if kind in ("undo", "redo"):
                getattr(session, kind)()
            else:
                before = session.labels(), session.state.state.tolist()
                edit = {"add": session.add_tags, "remove": session.remove_tags}.get(kind)
                _ = session.keep(rows) if edit is None else edit(rows, tag)
                after = session.labels()
                session.undo()
                assert (session.labels(), session.state.state.tolist()) == before
                session.redo()
                assert session.labels() == after
            out = refused(session.state, np.arange(4))
            for row, child in zip(*np.nonzero(tree.violations(session.state.tags)), strict=True):
                assert out[row, tree.parents[child]], "only what a person took out may be lacking"
            if not any(step[0] == "remove" for step in steps):
                assert not tree.violations(session.state.tags).any()
        while session.can_undo:
            session.undo()
    assert session.labels() == closed and not session.state.state.any()
