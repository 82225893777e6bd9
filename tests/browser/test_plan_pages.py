"""Pages of a review plan in a real notebook: two of them by keys, then a reload, and on with the third."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lab import Notebook
from pages import CATS, see_page, view_cell
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
Make = Callable[..., Notebook]

ADA = """
import os
os.environ["LABELSCOPE_REVIEWER"] = "ada"
"""
GIVE = """
view.give(plan=ls.queues.ReviewPlan(budget=90, page=12, overlap=0.2, self_overlap=0.3, reviewers=["ada", "bob"]))
plan = view.session.plan()
"""
MINE = "len(view.session.plan().pages_of('ada'))"


@pytest.mark.kernel_goes_away
def test_a_plan_goes_on_where_it_was_after_a_reload(notebook: Make) -> None:
    nb = notebook([ADA + CATS, view_cell(journal="planned.jsonl"), GIVE])
    _enter(nb)
    n = nb.value(MINE)
    expect(nb.widget.locator(".ls-plan-line")).to_contain_text(re.compile(f"page 1 of {n} · predicted:"))
    rows = nb.value("plan.pages_of('ada')[0].rows.tolist()")
    assert _rows(nb) == rows
    wrong = rows[1]
    nb.page.keyboard.press("ArrowRight")
    nb.page.keyboard.press("Space")
    expect(nb.widget.locator(f".ls-page-card[data-row='{wrong}']")).to_have_attribute("data-mark", "wrong")
    _close(nb, 1)
    assert nb.value(f"view.session.state.current[{wrong}] != plan.pages_of('ada')[0].label")
    expect(nb.widget.locator(".ls-plan-line")).to_contain_text(f"page 2 of {n}")
    _close(nb, 2)
    expect(nb.widget.locator(".ls-plan-line")).to_contain_text(f"page 3 of {n}")
    pages = nb.value("[[p.reviewer, p.rows.tolist()] for p in plan.pages]")
    nb.restart_kernel()
    nb.open()
    for cell in (0, 1):
        nb.run(cell)
    _enter(nb)
    expect(nb.widget.locator(".ls-plan-line")).to_contain_text(f"page 3 of {n}")
    assert nb.value("[[p.reviewer, p.rows.tolist()] for p in view.session.plan().pages]") == pages
    assert _rows(nb) == nb.value("view.session.plan().pages_of('ada')[2].rows.tolist()")
    expect(nb.widget.get_by_role("progressbar", name="Pages of the plan")).to_have_attribute(
        "aria-valuenow", "2"
    )
    nb.page.keyboard.press("b")
    expect(nb.widget.locator(".ls-plan-line")).to_contain_text(f"page 2 of {n}")
    nb.page.keyboard.press("n")
    expect(nb.widget.locator(".ls-plan-line")).to_contain_text(f"page 3 of {n}")
    _withdraw(nb, f"page 3 of {n}")


def _withdraw(nb: Notebook, page: str) -> None:
    """The plan gives way to pages of the filters; keys go on there, and undo brings it back."""
    marked = nb.widget.locator(".ls-page-card").nth(2)
    marked.click()
    row = marked.get_attribute("data-row")
    nb.widget.locator("[data-action='withdraw-plan']").click()
    nb.until("view.session.plan() is None")
    expect(nb.widget.locator(".ls-toast")).to_contain_text("The plan was withdrawn")
    expect(nb.widget.locator(".ls-plan-line")).to_have_count(0)
    expect(nb.widget.locator(".ls-page-card").first).to_be_visible()
    expect(nb.widget.locator(".ls-pages")).to_be_focused()
    nb.page.keyboard.press("ControlOrMeta+z")
    nb.until("view.session.plan() is not None")
    expect(nb.widget.locator(".ls-plan-line")).to_contain_text(page)
    expect(nb.widget.locator(f".ls-page-card[data-row='{row}']")).to_have_attribute("data-mark", "wrong")


def _enter(nb: Notebook) -> None:
    nb.ready().locator(".ls-card").first.click()
    nb.page.keyboard.press("g")
    expect(nb.widget.locator(".ls-page-card").first).to_be_visible()


def _rows(nb: Notebook) -> list[int]:
    cards = nb.widget.locator(".ls-page-card").evaluate_all("cards => cards.map(c => +c.dataset.row)")
    return [int(row) for row in cards]


def _close(nb: Notebook, count: int) -> None:
    """Close the page by keys: through all its cards, then Enter asks, and again saves."""
    done = nb.widget.locator("[data-action='page-done']")
    see_page(nb)
    nb.page.keyboard.press("Enter")
    expect(done).to_contain_text("yes")
    nb.page.keyboard.press("Enter")
    nb.until(f"kinds().count('page_timed') == {count}")
