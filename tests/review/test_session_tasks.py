"""Sessions about sets of tags, numbers, and concepts beside a class."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, LabelscopeWarning, TaskError
from labelscope.review.events import Event
from labelscope.review.live_tags import decided_tags, tag_suspicion
from labelscope.review.merging import conflicts_of
from labelscope.review.proposals import accept_proposals, proposals_of, record_proposals
from labelscope.review.staying import preview_accept

SETS = [{"joy"}, {"joy", "anger"}, set(), None, {"fear"}, {"joy"}]


def with_details(audit, suggested=None, **details):
    """Return the audit as a scorer of its task would leave it."""
    name, score = next(iter(audit.scores.items()))
    score = replace(score, suggested=score.suggested if suggested is None else suggested, details=details)
    return replace(audit, scores={name: score})


def make(labels, task=None, *, suggested=None, details=None, data=None, evidence=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        data = [f"text {row}" for row in range(len(labels))] if data is None else data
        dataset = ls.Dataset(data, labels, task=task, **options)
    n = dataset.n
    audit = ls.Audit.from_arrays(
        dataset, suspicion=np.linspace(0.9, 0, n), suggested_codes=np.full(n, -1), evidence=evidence
    )
    audit = with_details(audit, suggested, **(details or {}))
    return ls.Session(audit, journal=None, reviewer="ada")


def tags_session(**options):
    return make(list(SETS), "multilabel", **options)


# -- tags -----------------------------------------------------------------------------------------------------


def test_tags_go_in_and_out_and_undo_takes_them_back():
    session = tags_session()
    assert session.state.tag_names == ("anger", "fear", "joy")
    events = session.add_tags([0, 3], ["fear", "anger"])
    assert [(e.kind, e.rows, e.data["tags"], e.before) for e in events] == [
        ("tags_added", (0, 3), ["fear", "anger"], ("joy", None))
    ]
    assert session.labels()[0] == {"joy", "fear", "anger"} and session.labels()[3] == {"fear", "anger"}
    session.remove_tags(1, "joy")
    session.remove_tags(0, ["fear", "anger"])
    assert session.labels() == [{"joy"}, {"anger"}, set(), {"fear", "anger"}, {"fear"}, {"joy"}]
    assert session.state.state.tolist() == [2, 1, 0, 1, 0, 0]  # row 0 is as given again
    counts = session.progress()
    assert (counts.reviewed, counts.relabelled, counts.kept) == (3, 2, 1)
    while session.can_undo:
        session.undo()
    assert session.labels() == SETS and not session.state.state.any()
    session.redo()
    assert session.labels()[3] == {"fear", "anger"}


def test_whole_sets_take_any_spelling():
    session = tags_session()
    session.relabel(0, {"anger", "joy"})
    session.relabel(1, "fear")
    session.relabel([2, 3], [["joy", "joy"], None])
    session.relabel([4, 5], "joy|fear")
    assert session.labels() == [{"joy", "anger"}, {"fear"}, {"joy"}, None, {"joy", "fear"}, {"joy", "fear"}]
    session.relabel([0, 1], [])
    assert session.labels()[:2] == [set(), set()]
    session.relabel([0, 1], np.array([[1, 0, 0], [0, 0, 1]]))
    assert session.labels()[:2] == [{"anger"}, {"joy"}]
    session.relabel(0, np.array([0, 1, 1]))
    assert session.labels()[0] == {"fear", "joy"}
    with pytest.raises(InvalidInputError, match="twice"):
        session.relabel([0, 0], [{"joy"}, {"fear"}])
    with pytest.raises(InvalidInputError, match="3 labels, but 2 rows"):
        session.relabel([0, 1], [{"joy"}, {"fear"}, set()])


@pytest.mark.parametrize("new_class", [False, True])
def test_unknown_tags_are_refused_with_the_near_miss(new_class):
    session = tags_session()
    with pytest.raises(InvalidInputError, match="joi") as caught:
        session.relabel(0, {"joi"}, new_class=new_class)
    assert "'joy'" in caught.value.hint and "class_names=" in caught.value.hint
    with pytest.raises(InvalidInputError) as caught:
        session.add_tags(0, ["joy", "angr"])
    assert "'anger'" in caught.value.hint
    with pytest.raises(InvalidInputError, match="No tags"):
        session.add_tags(0, [])
    with pytest.raises(InvalidInputError, match="no row 99"):
        session.remove_tags(99, "joy")
    assert not session.events
    with pytest.raises(TaskError, match="multilabel"):
        session.accept_set(0, ["joy"])


def test_accepting_gives_the_suggested_set_also_one_that_no_row_has():
    suggested = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]])
    session = tags_session(suggested=suggested)
    session.accept([0, 1, 5])
    assert session.labels()[:2] == [{"anger", "fear"}, {"joy"}]
    assert session.state.state[[0, 1, 5]].tolist() == [1, 1, 2]


@pytest.mark.parametrize("rows", [[0], [0, 1, 2, 4]])
def test_single_tags_that_were_decided_stay_when_suggestions_are_accepted(rows):
    suggested = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1], [0, 1, 0], [0, 0, 1], [0, 0, 1]])
    session = tags_session(suggested=suggested)  # anger, fear, joy
    session.remove_tags(0, "fear")  # refused: it is not missing
    session.add_tags(1, "anger")  # refused: it is not wrong
    session.keep(4)
    many = len(rows) > 1
    asked = preview_accept(session, rows)
    assert asked.stay == ({"fear": 2, "anger": 1, "joy": 1} if many else {"fear": 1})
    assert (asked.n, asked.changes, asked.without) == (len(rows), 3 if many else 1, 0)
    before, counts = session.labels(), len(session.events)
    with pytest.warns(LabelscopeWarning, match=r"as decided before.*fear") as told:
        session.accept(rows)
    assert len(told) == 1 and ("anger (1)" in str(told[0].message)) == many
    assert session.labels()[0] == {"anger"}
    if many:
        assert session.labels()[1:5] == [{"joy", "anger", "fear"}, {"joy"}, None, {"fear"}]
        assert len({event.batch for event in session.events[counts:]}) == 1
    session.undo()
    assert session.labels() == before


def test_a_row_that_was_kept_whole_may_be_accepted_by_itself_and_unsure_opens_single_tags():
    suggested = np.array([[1, 1, 0]] * 6)
    session = tags_session(suggested=suggested)
    session.keep(0)
    assert preview_accept(session, 0).stay == {} and preview_accept(session, [0, 2]).n_stay == 3
    session.accept(0)
    assert session.labels()[0] == {"anger", "fear"}
    session.remove_tags(2, "fear")
    session.unsure(2)
    session.accept([2, 5])
    assert session.labels()[2] == {"anger", "fear"} == session.labels()[5]


def test_suggestions_leave_unknown_tags_unknown():
    matrix = np.array([[1, np.nan, 0], [np.nan, 0, 1], [0, 1, 0]])
    suggested = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    session = make(matrix, "multilabel", suggested=suggested)
    session.accept([0, 1])
    found = session.labels()
    assert np.array_equal(found, [[0, np.nan, 1], [1, 0, 0], [0, 1, 0]], equal_nan=True)
    assert found.dtype == matrix.dtype
    session.remove_tags(0, session.state.tag_names[1])
    assert session.labels()[0].tolist() == [0, 0, 1]


def test_a_matrix_without_gaps_keeps_its_type_and_joined_text_its_separator():
    matrix = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.int8)
    session = make(matrix, "multilabel", class_names=["a", "b"])
    session.add_tags(0, "b")
    assert session.labels().dtype == np.int8 and session.labels()[0].tolist() == [1, 1]
    session = make(["joy; fear", "fear", "anger; joy", ""], "multilabel")
    session.remove_tags(0, "joy")
    assert session.labels() == ["fear", "fear", "anger; joy", ""]


def test_unknown_tags_of_a_journal_are_never_fatal():
    session = tags_session()
    at = "2025-01-31T09:30:00.000000Z"
    odd = [
        Event("tags_added", "1", "1", at, "bo", "api", (0,), data={"tags": ["mars", "fear"]}),
        Event("relabelled", "2", "2", at, "bo", "api", (1,), (), ("venus|joy",)),
        Event("tags_removed", "3", "3", at, "bo", "api", (2,), data={"tags": [3, None]}),
        Event("tags_added", "4", "4", at, "bo", "api", (4,), data={"tags": {"joy": 1}}),
    ]
    session.ledger.append(lambda: odd)
    assert session.labels() == [{"joy", "fear"}, {"joy"}, set(), None, {"fear"}, {"joy"}]
    assert session.state.tags[1].tolist() == [0, 0, 1]
    session.rescore()
    assert len(session.changes()) == 4


def test_what_is_decided_of_tags_is_no_longer_suspected():
    rng = np.random.default_rng(0)
    missing, spurious = rng.uniform(0.2, 1, (6, 3)), rng.uniform(0.2, 1, (6, 3))
    probs = rng.uniform(size=(6, 3))
    session = tags_session(details={"missing": missing, "spurious": spurious}, evidence={"pred_probs": probs})
    session.add_tags([0, 1], "fear")
    session.keep(2)
    session.unsure(5)
    session.exclude(4)
    decided = decided_tags(session.state)
    assert decided.tolist() == [
        [False, True, False], [False, True, False], [True] * 3, [False] * 3, [True] * 3, [False] * 3,
    ]  # fmt: skip
    left = tag_suspicion(session)
    assert (left.missing[decided] == 0).all() and (left.spurious[decided] == 0).all()
    assert np.array_equal(left.missing[~decided], missing[~decided])
    session.undo()
    session.undo()
    assert not decided_tags(session.state)[4].any()
    before = session.live.rescore()
    assert before.counts.tolist() == [1, 3, 3]  # anger, fear (row 0 and 1 as well), joy
    session.add_tags(5, "anger")
    found = session.live.rescore()
    assert found.counts.tolist() == [2, 3, 3]
    assert found.thresholds[0] == pytest.approx(probs[[1, 5], 0].mean())
    assert (found.suspicion[[0, 1, 2]] == 0).all() and found.suspicion[3] > 0


def test_different_tags_of_two_people_do_not_conflict_and_opposite_ones_do():
    one = tags_session()
    two = tags_session()
    two.ledger.reviewer = "bo"
    one.add_tags([0, 1, 2], "fear")
    two.add_tags([0], "anger")  # another tag: no conflict
    two.remove_tags([1], "fear")  # the same tag
    two.relabel([2], {"joy"})  # a whole set, without fear
    one.relabel([4], {"joy", "fear"})
    two.add_tags([4], "fear")  # already in the whole set
    one.keep([5])
    two.add_tags([5], "fear")  # one said that this is all
    one.ledger.append(lambda: two.events)
    assert conflicts_of(one.state) == {
        1: {"ada": ("+fear",), "bo": ("-fear",)},
        2: {"ada": ("+fear",), "bo": "joy"},
        5: {"ada": "joy", "bo": ("+fear",)},
    }
    assert one.labels()[0] == {"joy", "fear", "anger"}


def test_merging_unites_tags(tmp_path):
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    audit = tags_session().audit
    sessions = [ls.Session(audit, journal=p, reviewer=w) for p, w in zip(paths, ("ada", "bo"), strict=True)]
    sessions[0].add_tags([0, 1], "fear")
    sessions[1].add_tags([0], "anger")
    sessions[1].remove_tags([1], "anger")
    report = sessions[0].merge(paths[1])
    sessions[1].merge(paths[0])
    assert report.added == 2 and report.conflicts == ()
    for session in (*sessions, ls.Session(audit, journal=paths[0], reviewer="cy")):
        assert session.labels()[:2] == [{"joy", "fear", "anger"}, {"joy", "fear"}]
        assert session.state.classes == sessions[0].state.classes


# -- numbers --------------------------------------------------------------------------------------------------

NUMBERS = [1.5, 2.5, -3.0, np.nan, 2.5, 10.0]


def test_numbers_may_be_new_and_must_be_finite():
    session = make(np.array(NUMBERS), "regression")
    session.relabel([0, 3], [7, "4.25"])
    session.relabel(1, 2.5)
    assert session.labels().tolist()[:4] == [7.0, 2.5, -3.0, 4.25] and session.labels().dtype == np.float64
    assert session.state.state.tolist() == [1, 2, 0, 1, 0, 0]
    session.relabel(4, None)
    assert np.isnan(session.labels()[4])
    for bad in (float("nan"), float("inf"), "a lot", True, [np.inf], {3.0}):
        with pytest.raises((InvalidInputError, ls.errors.InvalidTypeError)):
            session.relabel([2], bad)
    assert session.labels()[2] == -3.0
    while session.can_undo:
        session.undo()
    assert np.array_equal(session.labels(), NUMBERS, equal_nan=True)
    with pytest.raises(TaskError, match="regression"):
        session.add_tags(0, "joy")


def test_accepting_gives_the_suggested_number():
    values = np.array([9.75, 2.5, np.nan, 3.0, 2.0, 1.0])
    session = make(np.array(NUMBERS), "regression", details={"suggested_value": values})
    with pytest.warns(LabelscopeWarning, match="1 of 3 rows have no suggested label"):
        session.accept([0, 1, 2])
    assert session.labels().tolist()[:3] == [9.75, 2.5, -3.0]
    assert session.state.state.tolist() == [1, 2, 0, 0, 0, 0]
    changes = session.changes()
    assert [float(v) for v in changes["current"]] == [9.75, 2.5]


def test_corrected_neighbors_move_suspicion_of_targets():
    values = np.array([0.0, 0.1, 0.2, 5.0, 5.1, 5.2, 0.15, 5.05] * 5)
    values[[6, 14]] = 5.0  # wrong, and a neighbor of rows that are right
    near = np.array([[j for j in range(40) if j != row and (j % 8 in g) ][:5]
                     for row in range(40) for g in [(0, 1, 2, 6) if row % 8 in (0, 1, 2, 6) else (3, 4, 5, 7)]])  # fmt: skip
    dataset = ls.Dataset(np.arange(40.0)[:, None], values, task="regression")
    audit = ls.Audit.from_arrays(
        dataset, suspicion=np.full(40, 0.3), suggested_codes=np.full(40, -1), evidence={"knn_ids": near}
    )
    session = ls.Session(audit, journal=None)
    assert (session.rescore() == np.float32(0.3)).all()
    session.relabel([0, 1, 2, 8, 9], 5.0)
    found = session.rescore()
    assert (found[[0, 1, 2, 8, 9]] == 0).all()  # settled
    low = [row for row in range(40) if row % 8 in (0, 1, 2) and row not in (0, 1, 2, 8, 9)]
    assert (found[low] > 0.3).all()  # right ones that now have five neighbors far away
    assert found[14] < 0.3 and found[6] < 0.3
    assert (found[[3, 4, 5, 7]] == np.float32(0.3)).all()
    session.undo()
    assert np.allclose(session.rescore(), 0.3)


def test_a_great_many_numbers_are_quick_and_never_too_many():
    values = np.linspace(0, 1, 70_000)
    dataset = ls.Dataset(values[:, None].astype(np.float32), values, task="regression")
    audit = ls.Audit.from_arrays(dataset, suspicion=values, suggested_codes=np.full(70_000, -1))
    session = ls.Session(audit, journal=None)
    for row in range(5):
        session.relabel(row, 2.0 + row)
    assert session.labels()[:5].tolist() == [2, 3, 4, 5, 6]
    assert session.queue(n=3).tolist()[0] == 69_999
    assert session.rescore()[0] == 0 and session.progress().relabelled == 5


# -- concepts -------------------------------------------------------------------------------------------------

BIRDS = ["gull", "tern", "gull", "auk"]
ATTRIBUTES = np.array([[1, 0], [0, 1], [np.nan, 1], [0, 0]])


def birds(concepts=ATTRIBUTES, **options):
    return make(BIRDS, concepts=concepts, **options)


def test_concepts_change_beside_the_class():
    frame = pa.table({"white": [1.0, 0.0, None, 0.0], "webbed": [0.0, 1.0, 1.0, 0.0]})
    for given in (ATTRIBUTES, frame):
        session = birds(given)
        names = session.state.tag_names
        session.add_tags([0, 2], names[1])
        session.relabel(1, "gull")
        assert session.labels() == ["gull", "gull", "gull", "auk"]
        assert session.state.state.tolist() == [1, 1, 2, 0]  # row 2 had it already
        now = session.concepts()
        assert type(now) is type(given)
        assert session.state.tags.tolist() == [[1, 1], [0, 1], [-1, 1], [0, 0]]
        session.keep(0)
        assert session.state.state[0] == 1  # the class is as given, the attributes are not
        session.remove_tags(0, names[1])
        assert session.state.state[0] == 2
        session.exclude(3)
        assert len(session.concepts(drop_excluded=True)) == 3
        while session.can_undo:
            session.undo()
        assert not session.state.state.any()
    assert np.array_equal(birds().concepts(), ATTRIBUTES, equal_nan=True)
    with pytest.raises(TaskError, match="no concepts"):
        make(BIRDS).concepts()
    with pytest.raises(InvalidInputError, match="tag"):
        session.add_tags(0, "whit")


def test_accepting_takes_over_class_and_attributes():
    suggested = np.array([[0, 1], [0, 1], [0, 0], [0, 0]])
    session = birds(details={"suggested_concepts": suggested})
    audit = replace(session.audit, suggested_codes=np.array([0, 1, 2, 0]))
    session = ls.Session(audit, journal=None)
    events = session.accept([0, 1])
    assert len({event.batch for event in events}) == 1
    assert session.state.tags[:3].tolist() == [[0, 1], [0, 1], [-1, 1]]
    assert session.state.classes[session.state.current[0]] == audit.classes[0]
    session.undo()
    assert not session.state.state.any()


def test_accepting_leaves_attributes_alone_that_somebody_decided_about():
    suggested = np.array([[0, 1], [0, 1], [0, 0], [0, 0]])
    audit = replace(
        birds(details={"suggested_concepts": suggested}).audit, suggested_codes=np.array([0, 1, 2, 0])
    )
    session = ls.Session(audit, journal=None)
    names = session.state.tag_names
    session.add_tags(0, names[0])  # it is there, whatever is suggested
    assert preview_accept(session, [0, 1]).stay == {names[0]: 1}
    with pytest.warns(LabelscopeWarning, match="1 tag stays as decided before"):
        session.accept([0, 1])
    assert session.state.tags[:2].tolist() == [[1, 1], [0, 1]]
    session.unsure(0)
    session.accept(0)
    assert session.state.tags[0].tolist() == [0, 1], "unsure is no decision"


def test_proposals_are_noted_and_taken_up_in_one_step():
    session = birds()
    names = session.state.tag_names
    made = [
        {"variable": names[0], "kind": "attribute", "old": 1, "new": 0, "p_old": 0.2, "p_new": 0.9},
        {"variable": names[1], "kind": "attribute", "old": 0, "new": 1, "p_old": 0.1, "p_new": 0.8},
        {"variable": "class", "kind": "class", "old": "gull", "new": "tern", "p_old": 0.3, "p_new": 0.7},
    ]
    record_proposals(session, 0, {"remove": names[0]}, made)
    assert not session.can_undo and not session.state.state.any()
    assert proposals_of(session, 0) == made and proposals_of(session, 1) == []
    with pytest.raises(InvalidInputError, match="proposal"):
        accept_proposals(session, 0, ["feathers"])
    events = accept_proposals(session, 0, [names[0], names[1], "class"])
    assert {event.source for event in events} == {"propagated"}
    assert session.state.tags[0].tolist() == [0, 1] and session.labels()[0] == "tern"
    session.undo()
    assert session.state.tags[0].tolist() == [1, 0] and session.labels() == BIRDS


def test_attributes_of_two_people_conflict_only_where_they_differ():
    one, two = birds(), birds()
    two.ledger.reviewer = "bo"
    names = one.state.tag_names
    one.add_tags([0, 1], names[0])
    two.add_tags([0], names[1])
    two.remove_tags([1], names[0])
    two.relabel([0], "tern")
    one.ledger.append(lambda: two.events)
    assert conflicts_of(one.state) == {1: {"ada": (f"+{names[0]}",), "bo": (f"-{names[0]}",)}}
    one.keep([0])
    assert list(conflicts_of(one.state)) == [1]  # it was a tern by then


def test_restarting_reads_the_same(tmp_path):
    audit = birds().audit
    path = tmp_path / "journal.jsonl"
    session = ls.Session(audit, journal=path, reviewer="ada")
    session.add_tags([0, 1], session.state.tag_names)
    session.remove_tags(2, session.state.tag_names[0])
    session.undo()
    again = ls.Session(audit, journal=path, reviewer="ada")
    assert again.state.tags.tolist() == session.state.tags.tolist() and again.can_redo
    again.redo()
    assert again.state.tags[2].tolist() == [0, 1]
