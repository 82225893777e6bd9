from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, RefusedError
from labelscope.review.controls import Controls
from labelscope.review.pages import open_page, page_done


@pytest.fixture
def grid(build):
    n = 120
    given = np.arange(n) % 3
    suggested = np.where(np.arange(n) < 30, 0, given)
    audit = build(given, suspicion=np.where(np.arange(n) < 30, 0.8, 0.02), suggested=suggested)
    return ls.Session(audit, journal=None, reviewer="ada")


@pytest.fixture
def controls(grid):
    return Controls(grid, 0.03, 0)


def test_untouched_means_agreed_and_it_is_one_step(grid, controls):
    page = open_page(grid, range(10), "suggested", controls)
    assert page.control is not None and page.control.row not in page.rows
    assert page.control.suggested == 0 and grid.state.given[page.control.row] != 0
    shown = [*range(10), page.control.row]
    events = page_done(
        grid, shown, {str(page.control.row): None, 4: 2, "5": None}, "suggested", 12.5, page.token
    )
    assert len({event.batch for event in events}) == 1
    assert [event.kind for event in events] == ["relabelled", "kept", "unsure", "page_timed"]
    assert events[-1].data == {"seconds": 12.5, "n": 10, "wrong": 2, "mean": "suggested"}
    assert grid.state.current[:10].tolist() == [0, 0, 0, 0, 2, 2, 0, 0, 0, 0]
    assert grid.state.state[5] == 3 and grid.state.state[page.control.row] == 0
    assert controls.acceptance().wrong_accepted == 0
    grid.undo()
    assert (grid.state.current == grid.state.given).all() and (grid.state.state == 0).all()


def test_given_keeps(grid, controls):
    page = open_page(grid, [30, 33, 36], "given", controls)
    page_done(grid, [30, 33, 36], {page.control.row: 1}, "given", 3, page.token)
    assert (grid.state.state[[30, 33, 36]] == 2).all() and grid.progress().reviewed == 3


def test_a_control_passed_over_refuses_the_page(grid, controls):
    page = open_page(grid, range(10), "suggested", controls)
    with pytest.raises(RefusedError) as refused:
        page_done(grid, [*range(10), page.control.row], {}, "suggested", 2.0, page.token)
    assert refused.value.code == "control_failed"
    assert grid.progress().reviewed == 0 and controls.acceptance().wrong_accepted == 1
    with pytest.raises(InvalidInputError, match="closed"):
        page_done(grid, range(10), {page.control.row: None}, "suggested", 2.0, page.token)


def test_without_controls_pages_have_none(grid):
    page = open_page(grid, range(10), "suggested", Controls(grid, 0))
    assert page.control is None
    assert page_done(grid, range(10), {}, "suggested", 1, page.token)[-1].kind == "page_timed"


def test_bad_pages(grid, controls):
    with pytest.raises(InvalidInputError, match="empty"):
        open_page(grid, [], "given", controls)
    with pytest.raises(InvalidInputError, match="row"):
        open_page(grid, [120], "given", controls)
    with pytest.raises(InvalidInputError, match="meaning"):
        open_page(grid, [1], "current", controls)
    page = open_page(grid, range(5), "given", controls)
    done = {page.control.row: None}
    for rows, wrong, mean, seconds, token, says in (
        (range(5), done, "given", 1, "forged", "no page"),
        (range(6), done, "given", 1, page.token, "not the page"),
        (range(5), {**done, 9: 1}, "given", 1, page.token, "not the page"),
        (range(5), done, "suggested", 1, page.token, "not the page"),
        (range(5), {**done, 3: "cow"}, "given", 1, page.token, "label"),
        (range(5), {**done, "x": 1}, "given", 1, page.token, "row"),
        (range(5), [3], "given", 1, page.token, "mapping"),
        (range(5), done, "given", float("nan"), page.token, "seconds"),
    ):
        with pytest.raises(InvalidInputError, match=says):
            page_done(grid, rows, wrong, mean, seconds, token)
    assert grid.events == ()
    page_done(grid, range(5), done, "given", -3, page.token)
    assert grid.events[-1].data["seconds"] == 0
