"""Propagation: proposals after a fix, the same for similar rows, and nothing changed unasked."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError
from labelscope.review import propagation
from labelscope.review.propagation import apply_to_similar, fitted_energy, propose

KINDS = np.array([[1, 1, 0, 0, 1], [0, 0, 1, 1, 1]], dtype=float)
NAMES = ["wings", "feathers", "fur", "paws", "eyes"]


def animals(n=240, seed=0):
    """Birds and cats; features tell little, attributes go together."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    concepts = np.abs(KINDS[y] - (rng.random((n, 5)) < 0.03))
    concepts[::9, 4] = 0
    X = 0.4 * (2 * concepts - 1) @ rng.normal(size=(5, 4)) + rng.normal(size=(n, 4))
    return X.astype(np.float32), concepts, np.array(["bird", "cat"])[y]


def session_of(concepts, y, X):
    import pandas as pd

    dataset = ls.Dataset(X, y, concepts=pd.DataFrame(concepts, columns=NAMES))
    return ls.Session(ls.audit(dataset), journal=None, reviewer="ada")


@pytest.fixture(scope="module")
def made():
    X, concepts, y = animals()
    concepts[10:16], y[10:16] = KINDS[0], "bird"  # birds
    y[10], concepts[10] = "cat", KINDS[1]  # one called a cat throughout
    concepts[11] = concepts[12] = (1, 0, 1, 1, 1)  # two birds with the attributes of cats
    concepts[13] = (0, 0, 1, 1, 1)
    return X, concepts, y


@pytest.fixture
def session(made):
    X, concepts, y = made
    return session_of(concepts, y, X)


def snapshot(session):
    return session.state.tags.copy(), session.state.current.copy(), len(session.events)


def test_a_class_fix_proposes_the_attributes_of_the_class(session):
    before = snapshot(session)
    found = propose(session, 10, {"class": "bird"})
    after = snapshot(session)
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    changes = {one.variable: (one.old, one.new) for one in found}
    assert changes == {"wings": (0, 1), "feathers": (0, 1), "fur": (1, 0), "paws": (1, 0)}
    for one in found:
        assert one.kind == "attribute" and 0 <= one.p_old <= 1 and 0 <= one.p_new <= 1
        crossed = (one.p_old >= 0.5) != (one.p_new >= 0.5)
        assert crossed or abs(one.p_new - one.p_old) > 0.2
        assert one.new == (one.p_new >= 0.5)
    moves = [abs(one.p_new - one.p_old) for one in found]
    assert moves == sorted(moves, reverse=True)


def test_proposals_carry_the_change_of_energy(session):
    found = propose(session, 10, {"class": "bird"})
    energy = fitted_energy(session.audit)
    _, after = energy.propagate(10, {"class": 0})
    columns = {name: column for column, name in enumerate(NAMES)}
    for one in found:
        odds = np.log(
            after.concepts[0, columns[one.variable]] / (1 - after.concepts[0, columns[one.variable]])
        )
        assert one.energy_change == pytest.approx(-odds if one.new == 1 else odds)
        assert one.energy_change < 0  # what becomes likely lowers the energy
    (of_class,) = [
        one for one in propose(session, 10, {"wings": 1, "feathers": 1, "fur": 0}) if one.kind == "class"
    ]
    assert of_class.energy_change < 0
    similar = apply_to_similar(session, [12], 11, {"fur": 0})[12]
    assert all(one.energy_change < 0 for one in similar[1:]) and similar[0].energy_change != 0


def test_attribute_fixes_propose_the_class_and_what_goes_with_it(session):
    found = propose(session, 10, {"wings": 1, "feathers": True, "fur": 0})
    named = {one.variable: one for one in found}
    assert named["class"].kind == "class" and (named["class"].old, named["class"].new) == ("cat", "bird")
    assert named["class"].p_new > named["class"].p_old
    assert named["paws"].new == 0 and not {"wings", "feathers", "fur"} & set(named)


def test_a_right_fix_of_a_single_slip_proposes_nothing(session, made):
    rows = [
        row for row in range(40, 120) if (made[1][row, :4] == KINDS[0, :4]).all() and made[2][row] == "bird"
    ]
    assert len(rows) > 10
    assert all(propose(session, row, {"wings": 1}) == [] for row in rows)


def test_it_does_not_matter_whether_the_fix_is_done_already(session):
    ahead = propose(session, 10, {"class": "bird"})
    session.relabel(10, "bird")
    assert propose(session, 10, {"class": "bird"}) == ahead
    session.add_tags([10], ["wings"])
    later = propose(session, 10, {"class": "bird"})
    assert {one.variable for one in later} == {
        "feathers",
        "fur",
        "paws",
    }  # what is right by now is not proposed


def test_similar_rows_get_the_same_fix_first(session):
    before = snapshot(session)
    found = apply_to_similar(session, [11, 12, 13, 14, 20, 22], 11, {"fur": 0})
    assert all(np.array_equal(one, other) for one, other in zip(before, snapshot(session), strict=True))
    assert 12 in found and 11 not in found and 14 not in found
    for proposals in found.values():
        assert (proposals[0].variable, proposals[0].old, proposals[0].new) == ("fur", 1, 0)
        assert proposals[0].p_new == 0.0
    own = {(one.variable, one.new) for one in propose(session, 11, {"fur": 0})}
    assert {(one.variable, one.new) for one in found[12][1:]} == own
    assert apply_to_similar(session, [], 11, {"fur": 0}) == {}
    session.remove_tags([11], ["fur"])
    assert set(apply_to_similar(session, range(30), 11, {"fur": 0})) == set(
        apply_to_similar(session, np.arange(30), 11, {"fur": 0})
    )
    assert 12 in apply_to_similar(session, [12], 11, {"fur": 0})  # the pattern is the one before the fix


def test_what_was_decided_about_similar_rows_stays(session):
    names = {one.variable for one in propose(session, 11, {"fur": 0})}
    assert {"wings", "feathers"} & names
    other = sorted(names - {"class"})[0]
    change = session.add_tags if KINDS[1][NAMES.index(other)] else session.remove_tags
    change([12], [other])  # looked at, and right as it is
    found = apply_to_similar(session, [12], 11, {"fur": 0})
    assert {one.variable for one in found[12]} == {"fur"} | (names - {other})
    session.add_tags([12], ["fur"])
    assert apply_to_similar(session, [12], 11, {"fur": 0}) == {}
    by_class = apply_to_similar(session, range(60), 10, {"class": "bird"})
    kept = next(iter(by_class))
    session.keep(kept)
    assert set(apply_to_similar(session, range(60), 10, {"class": "bird"})) == set(by_class) - {kept}


def test_class_fixes_go_to_rows_of_the_same_class_only(session):
    found = apply_to_similar(session, range(60), 10, {"class": "bird"})
    assert found and all(session.audit.given_codes[row] == 1 for row in found)
    for proposals in found.values():
        assert (proposals[0].variable, proposals[0].new) == ("class", "bird")


def test_proposals_are_recorded_and_taken_up_through_the_journal(session):
    from labelscope.review.proposals import accept_proposals, record_proposals

    session.relabel(10, "bird")
    found = propose(session, 10, {"class": "bird"})
    record_proposals(session, 10, {"class": "bird"}, [vars(one) for one in found])
    accept_proposals(session, 10, [one.variable for one in found])
    assert session.state.tags[10].tolist() == KINDS[0].tolist()
    assert {event.source for event in session.events if event.kind.startswith("tags_")} == {"propagated"}


def test_a_new_class_has_nothing_to_say_and_unknown_ones_are_refused(session):
    session.relabel(20, "dragon", new_class=True)
    assert propose(session, 20, {"class": "dragon"}) == []
    assert apply_to_similar(session, range(40), 20, {"class": "dragon"}) == {}
    assert isinstance(propose(session, 20, {"wings": 1}), list)  # its class counts as unknown
    for fix, error in (
        ({"class": "birdd"}, InvalidInputError),
        ({"wing": 1}, InvalidInputError),
        ({"wings": 2}, InvalidInputError),
        ({}, InvalidTypeError),
        ("wings", InvalidTypeError),
    ):
        with pytest.raises(error):
            propose(session, 3, fix)
    with pytest.raises(InvalidInputError, match="no row"):
        propose(session, 240, {"wings": 1})
    with pytest.raises(InvalidTypeError):
        apply_to_similar(session, [0.5], 3, {"wings": 1})


def test_other_tasks_are_refused(made):
    X, _, y = made
    with pytest.raises(TaskError, match=r"ls\.Dataset\(data, labels, concepts="):
        propose(ls.Session(ls.audit(X, y), journal=None), 0, {"class": "cat"})


def test_unknown_attributes_are_proposed():
    X, concepts, y = animals(seed=1)
    concepts[7, :2] = np.nan  # a cat that was taken for a bird, of which two things were left open
    y[7], concepts[7, 2:] = "bird", (0, 0, 1)
    session = session_of(concepts, y, X)
    found = {one.variable: one for one in propose(session, 7, {"class": "cat", "fur": 1, "paws": 1})}
    assert {"wings", "feathers"} <= set(found)
    for name in ("wings", "feathers"):
        assert (found[name].old, found[name].new) == (None, 0) and found[name].p_old > found[name].p_new


def test_energies_are_fitted_once_an_audit_and_do_not_outlive_it(made):
    X, concepts, y = made
    session = session_of(concepts, y, X)
    assert fitted_energy(session.audit) is fitted_energy(session.audit)
    gone = weakref.ref(session.audit)
    held = len(propagation._fitted)
    del session
    gc.collect()
    assert gone() is None and len(propagation._fitted) < held
