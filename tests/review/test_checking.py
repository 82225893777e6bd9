from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, RefusedError
from labelscope.review.checking import accept_rest, lower_bound, needed, open_check, start_check, wanted


@pytest.fixture
def cell(build):
    """300 rows given 0; 200 of them are suggested 1."""
    suggested = np.where(np.arange(300) < 200, 1, 0)
    given = np.where(np.arange(300) % 60 == 59, 1, 0)
    audit = build(given, suspicion=np.where(suggested == 1, 0.9, 0.01), suggested=suggested)
    return ls.Session(audit, journal=None, reviewer="ada")


def test_how_many_are_needed():
    assert needed(0.9) == 29 and needed(0.95) == 59 and needed(0.8) == 14
    assert lower_bound(29, 0) >= 0.9 > lower_bound(28, 0)
    assert 70 < wanted(0.9, 1) < 100 and wanted(0.9, 2) > wanted(0.9, 1)


@pytest.mark.parametrize("precision", [0.8, 0.9, 0.95])
def test_looking_after_every_row_does_not_break_the_bound(precision):
    # The exact probability, at a precision just missed, of ever being ready within 2,000 rows.
    goals = [wanted(precision, misses) for misses in range(12)]
    chance = np.zeros(2001)
    chance[0], ready = 1.0, 0.0
    for n in range(1, goals[-1] + 1):
        chance[1:] = chance[1:] * precision + chance[:-1] * (1 - precision)
        chance[0] *= precision
        for misses, goal in enumerate(goals):
            if n == goal:
                ready += chance[misses]
                chance[misses] = 0.0
    assert 0.04 < ready <= 0.05


def test_a_sample_of_the_cell(cell):
    check = start_check(cell, 0, 1, 0.9, seed=0)
    members = {row for row in range(200) if row % 60 != 59}
    assert (
        check.n == len(members) == 197
        and check.k == 29 == len(set(check.rows))
        and check.needed == "29 of 29"
    )
    assert set(check.rows) <= members and check.rows != start_check(cell, 0, 1, 0.9, seed=1).rows
    assert check.expected_wrong == pytest.approx(19.7, abs=0.1)
    assert check.state().more == check.rows and not check.state().ready


def test_check_then_accept_the_rest_in_one_step(cell):
    check = start_check(cell, 0, 1, 0.9, seed=0)
    for row in check.rows[:-1]:
        cell.accept(row)
    with pytest.raises(RefusedError) as refused:
        accept_rest(cell, check.token)
    assert refused.value.code == "bound_not_met" and "Check 1 more" in str(refused.value)
    cell.accept(check.rows[-1])
    found = check.state()
    assert (found.checked, found.right, found.n_rest, found.more) == (29, 29, 168, ()) and found.ready
    assert found.expected_wrong == pytest.approx(168 / 60)
    before = cell.labels()
    events = accept_rest(cell, check.token)
    assert len({event.batch for event in events}) == 1 and cell.progress().relabelled == 197
    with pytest.raises(InvalidInputError, match="closed"):
        accept_rest(cell, check.token)
    cell.undo()
    assert np.array_equal(cell.labels(), before) and cell.progress().relabelled == 29


def test_after_a_miss_more_rows_are_drawn(cell):
    check = start_check(cell, 0, 1, 0.9, seed=0)
    cell.keep(check.rows[3])
    for row in set(check.rows) - {check.rows[3]}:
        cell.accept(row)
    found = check.state()
    assert not found.ready and (found.checked, found.right) == (29, 28)
    assert len(found.more) == wanted(0.9, 1) - 29
    for row in found.more:
        cell.accept(row)
    assert check.state().ready


def test_rows_passed_over_and_unsure_rows_end_the_sample(cell):
    check = start_check(cell, 0, 1, 0.9, seed=0)
    for row in check.rows:
        cell.accept(row)
    cell.unsure(check.rows[10])
    assert check.state().checked == 10 and not check.state().ready
    cell.relabel(check.rows[10], 0)
    assert check.state().checked == 29 and check.state().right == 28


def test_a_cell_smaller_than_the_sample_is_checked_as_a_whole(cell):
    check = start_check(cell, 1, 1, 0.9)
    assert check.n == 3 == check.k and check.needed == "3 of 3"
    for row in check.rows:
        cell.keep(row)
    assert check.state().n_rest == 0 and not check.state().ready
    with pytest.raises(RefusedError):
        accept_rest(cell, check)


def test_bad_input(cell):
    for precision in (0.4, 1.0, float("nan"), "0.9", True):
        with pytest.raises(InvalidInputError, match="precision"):
            start_check(cell, 0, 1, precision)
    with pytest.raises(InvalidInputError, match="no check"):
        open_check(cell, "0" * 24)
    other = ls.Session(cell.audit, journal=None)
    token = start_check(other, 0, 1).token
    with pytest.raises(InvalidInputError, match="no check"):
        accept_rest(cell, token)
    with pytest.raises(InvalidInputError, match="label"):
        start_check(cell, 0, 7)
    cell.accept(slice(0, 200))
    with pytest.raises(InvalidInputError, match="No row without a decision"):
        start_check(cell, 0, 1)
