"""Checks of a tag, and the same fix for rows of the same pattern."""

import warnings
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    LabelscopeWarning,
    MissingEvidenceError,
    RefusedError,
    TaskError,
)
from labelscope.review.checking import accept_rest, needed
from labelscope.review.propagation import apply_to_similar
from labelscope.review.similar_fixes import changed_variables, fix_similar
from labelscope.review.tag_checking import cut_rows, start_tag_check

N = 80


def tagged(details=True):
    """Rows with joy, fear or nothing; joy is probably missing in the first 60, by different degrees."""
    sets = [{"fear"} if k % 2 else set() for k in range(60)] + [{"joy"}] * 20
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset([f"row {k}" for k in range(N)], sets, task="multilabel")
    audit = ls.Audit.from_arrays(dataset, suspicion=np.linspace(1, 0, N), suggested_codes=np.full(N, -1))
    missing, spurious = np.zeros((N, 2)), np.zeros((N, 2))
    missing[:60, 1] = np.linspace(0.99, 0.4, 60)
    spurious[60:, 1] = np.linspace(0.2, 0.9, 20)
    name, score = next(iter(audit.scores.items()))
    if details:
        audit = replace(
            audit, scores={name: replace(score, details={"missing": missing, "spurious": spurious})}
        )
    return ls.Session(audit, journal=None), missing[:, 1], spurious[:, 1]


def test_a_cut_is_the_rows_above_it_that_nobody_decided_about():
    session, missing, spurious = tagged()
    rows, doubts = cut_rows(session, "joy", "missing", 0.5)
    assert rows.tolist() == np.flatnonzero(missing >= 0.5).tolist() and np.array_equal(doubts, missing[rows])
    rows, _ = cut_rows(session, "joy", "spurious", 0.6)
    assert rows.tolist() == np.flatnonzero(spurious >= 0.6).tolist()
    session.remove_tags(0, "joy")
    session.add_tags(1, "fear")  # another tag: joy of this row is still open
    session.exclude(2)
    session.keep(3)
    assert cut_rows(session, "joy", "missing", 0.9)[0].tolist() == [
        k for k in np.flatnonzero(missing >= 0.9) if k not in (0, 2, 3)
    ]


def test_the_rest_is_accepted_once_the_bound_is_met_and_not_before():
    session, missing, _ = tagged()
    check = start_tag_check(session, "joy", "missing", threshold=0.4, precision=0.9, seed=3)
    assert (check.k, check.n) == (needed(0.9), 60) and set(check.rows) <= set(range(60))
    assert check.expected_wrong == pytest.approx((1 - missing[:60]).sum())
    for row in check.rows[:-1]:
        session.add_tags(row, "joy")
    session.add_tags(check.rows[-1], "fear")  # says nothing about joy
    assert not check.state().ready and check.state().checked == check.k - 1
    with pytest.raises(RefusedError, match="lower bound"):
        accept_rest(session, check)
    session.add_tags(check.rows[-1], "joy")
    state = check.state()
    assert state.ready and (state.right, state.n_rest) == (check.k, 60 - check.k)
    happened = accept_rest(session, check.token)
    assert {event.kind for event in happened} == {"tags_added"} and len({e.batch for e in happened}) == 1
    assert (session.state.tags[:60, 1] == 1).all()
    session.undo()
    assert (session.state.tags[:60, 1] == 1).sum() == check.k
    with pytest.raises(InvalidInputError, match="closed already"):
        accept_rest(session, check.token)


def test_a_miss_asks_for_more_and_an_excluded_row_is_no_right_one():
    session, _, _ = tagged()
    check = start_tag_check(session, "joy", "missing", threshold=0.4, precision=0.9, seed=4)
    session.remove_tags(check.rows[0], "joy")
    session.exclude(check.rows[1])
    for row in check.rows[2:]:
        session.add_tags(row, "joy")
    state = check.state()
    assert (state.checked, state.right, state.ready) == (check.k, check.k - 2, False)
    assert len(state.more) > 0 and set(state.more).isdisjoint(check.rows)


def test_tags_that_are_probably_wrong_are_taken_out():
    session, _, spurious = tagged()
    check = start_tag_check(session, "joy", "spurious", threshold=0.6, precision=0.5, seed=0)
    for row in check.rows:
        session.remove_tags(row, "joy")
    accept_rest(session, check)
    assert (session.state.tags[spurious >= 0.6, 1] == 0).all()
    assert (session.state.tags[60:, 1] == 1).sum() == (spurious[60:] < 0.6).sum()


def test_what_is_wrong_with_a_check_is_said():
    session, _, _ = tagged()
    with pytest.raises(InvalidInputError) as caught:
        start_tag_check(session, "jo", "missing")
    assert "'joy'" in caught.value.hint
    with pytest.raises(InvalidInputError, match="side"):
        start_tag_check(session, "joy", "wrong")
    with pytest.raises(InvalidInputError, match="precision"):
        start_tag_check(session, "joy", "missing", precision=1)
    with pytest.raises(InvalidInputError, match="No undecided row"):
        start_tag_check(session, "fear", "missing", threshold=0.9)
    with pytest.raises(MissingEvidenceError):
        start_tag_check(tagged(details=False)[0], "joy", "missing")
    plain = ls.Session(ls.Audit.from_arrays(
        ls.Dataset(["a", "b"], ["x", "y"]), suspicion=np.zeros(2), suggested_codes=np.zeros(2, int)
    ), journal=None)  # fmt: skip
    with pytest.raises(TaskError, match="no tags"):
        cut_rows(plain, "joy", "missing", 0.5)


@pytest.fixture(scope="module")
def birds():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 90)
    held = np.column_stack([y, y, 1 - y, rng.random(180) < 0.5]).astype(float)
    held[[3, 7, 11]] = (1, 1, 0, 0)
    attributes = pa.table({name: held[:, k] for k, name in enumerate(["wings", "beak", "fins", "stripes"])})
    X = (rng.normal(size=(180, 3)) + y[:, None]).astype(np.float32)
    return ls.audit(ls.Dataset(X, np.array(["fish", "bird"])[y], concepts=attributes), features=X)


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_the_same_fix_goes_to_rows_of_the_same_pattern_in_one_step(birds):
    session = ls.Session(birds, journal=None)
    session.remove_tags(3, "wings")
    fix = {"wings": 0}
    found = apply_to_similar(session, range(20), 3, fix)
    assert sorted(found) == [7, 11]
    counts = {one["variable"]: one["rows"] for one in changed_variables(found)}
    assert counts == {"wings": 2, "beak": 2, "fins": 2}
    happened = fix_similar(session, range(20), 3, fix)
    assert {event.kind for event in happened} == {"tags_added", "tags_removed"}
    assert len({event.batch for event in happened}) == 1 and {e.source for e in happened} == {"propagated"}
    assert session.state.tags[[7, 11]].tolist() == [[0, 0, 1, 0]] * 2
    assert session.state.tags[3].tolist() == [0, 1, 0, 0], "the row itself is not touched"
    told = [event for event in session.events if event.kind == "proposed"]
    assert [list(event.rows) for event in told] == [[7], [11]]
    session.undo()
    assert session.state.tags[[7, 11]].tolist() == [[1, 1, 0, 0]] * 2
    n = len(session.events)
    assert fix_similar(session, [1, 2], 3, fix) == () and len(session.events) == n
