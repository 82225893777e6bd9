"""What impatient people do: faster than the kernel, with odd labels, under filters, through a dead kernel."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest
from lab import Notebook
from pages import DIGITS, card, first_card, view_cell
from playwright.sync_api import expect

Make = Callable[..., Notebook]

ODD = """
import numpy as np
import labelscope as ls
names = ["Cat", "cat", "CAT", "", "שלום", "<b>bold</b>", "\\u202eevil", "a name that goes on and on " * 4, "unbreakable" * 9]
rng = np.random.default_rng(0)
code = rng.integers(0, len(names), 240)
centers = rng.normal(size=(len(names), 8)) * 4
X = (centers[code] + rng.normal(size=(240, 8))).astype("float32")
labels = [None if row % 17 == 0 else names[c] for row, c in enumerate(code)]
texts = ["<img src=x onerror=alert(1)> " + str(row) for row in range(240)]
import warnings
warnings.simplefilter("ignore")
audit = ls.audit(texts, labels, features=X, evidence={"map": X[:, :2]})
"""
#: Names of labels that lie outside their card, or have no room in it.
SPILT = """() => [...document.querySelector('.labelscope').shadowRoot.querySelectorAll('.ls-card')].flatMap(card => {
    const box = card.getBoundingClientRect();
    return [...card.querySelectorAll('.ls-card-label')].filter(part => {
        const at = part.getBoundingClientRect();
        return at.left < box.left - 1 || at.right > box.right + 1 || at.width < 24;
    }).map(part => part.textContent); })"""


def _events(notebook: Notebook) -> list[list[int]]:
    return list(notebook.value("[list(e.rows) for e in view.session.events]"))


def test_thirty_decisions_in_a_hurry_are_each_recorded_once_in_order(notebook: Make) -> None:
    nb = notebook([DIGITS, view_cell()])
    nb.ready()
    order = nb.value("view.session.queue()[:46].tolist()")
    first_card(nb)[0].click()
    keys = nb.page.keyboard
    for step in range(30):
        keys.press(("Enter", "Space", "u")[step % 3])
    nb.until("len(decided()) == 30")
    # Digits are faster than their candidates: they wait for them, and what follows waits for its turn.
    for _ in range(14):
        keys.press("1")
    keys.press("x")
    nb.until("len(decided()) == 45")
    assert [rows for _, rows in nb.value("decided()")] == [[row] for row in order[:45]]
    likeliest = f"[str(audit.classes[audit.candidates(r)[0][0]]) for r in {order[30:44]}]"
    given = nb.value(f"[str(label) for label in view.session.labels()[{order[30:44]}]]")
    assert given == nb.value(likeliest)
    nb.until(f"view.current == {order[45]}")
    # A key held down decides once.
    for _ in range(6):
        keys.down("Enter")
    keys.up("Enter")
    nb.until("len(decided()) == 46")
    for _ in range(46):
        keys.press("Control+z")
    nb.until("view.session.progress().reviewed == 0")
    assert len(nb.value("decided()")) == 46


def test_filters_stay_in_sight_move_the_cursor_and_end_by_escape(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    first_card(nb)[0].click()
    nb.widget.locator(".ls-cell:not([aria-disabled='true'])").first.click()
    chip = nb.widget.locator("[data-filter='pair']")
    expect(chip).to_be_visible()
    box = chip.bounding_box()
    assert box is not None and box["width"] > 60, "the chip can be read"
    shown = first_card(nb)[1]
    nb.until(f"view.current == {shown}")
    nb.widget.locator(".ls-grid").focus()
    nb.page.keyboard.press("Enter")
    nb.until(f"[list(e.rows) for e in view.session.events] == [[{shown}]]")
    nb.page.keyboard.press("Escape")
    expect(chip).to_have_count(0)
    nb.page.keyboard.press("/")
    nb.page.keyboard.type("no such row")
    nb.page.keyboard.press("Enter")
    expect(nb.widget.get_by_text("No row passes the filters").first).to_be_visible()
    nb.widget.locator("[data-action='show-all']").click()
    expect(nb.widget.locator(".ls-card").first).to_be_visible()
    expect(nb.widget.locator(".ls-search input")).to_have_value("")


def test_three_rows_of_cards_fit_and_hands_may_pull_the_view_taller(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    nb.widget.scroll_into_view_if_needed()
    grid = nb.widget.locator(".ls-grid").bounding_box()
    third = nb.widget.locator(".ls-grid-row[aria-rowindex='3']").bounding_box()
    assert grid is not None and third is not None
    assert third["y"] + third["height"] <= grid["y"] + grid["height"]
    app = nb.widget.locator(".ls-app").bounding_box()
    assert app is not None
    x, y = app["x"] + app["width"] - 4, app["y"] + app["height"] - 4
    nb.page.mouse.move(x, y)
    nb.page.mouse.down()
    nb.page.mouse.move(x, y + 120, steps=4)
    nb.page.mouse.up()
    after = nb.widget.locator(".ls-app").bounding_box()
    assert after is not None and after["height"] > app["height"] + 80


def test_odd_labels_are_shown_as_they_are_and_can_be_given(notebook: Make) -> None:
    nb = notebook([ODD, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    legend = nb.widget.locator(".ls-legend")
    expect(legend).to_contain_text("(empty)")
    expect(legend).to_contain_text("<b>bold</b>")
    expect(legend).to_contain_text("\ufffdevil")
    assert nb.widget.locator("b:text-is('bold')").count() == 0
    nb.until("view.current is not None")  # the page's own first row has arrived
    nb.value("setattr(view, 'current', 17)")  # unlabelled
    expect(card(nb, 17)).to_contain_text("no label")
    card(nb, 17).click()
    for typed, label in (("CAT", "CAT"), ("cat", "cat"), ("של", "שלום")):
        nb.page.keyboard.press("l")
        box = nb.widget.get_by_role("dialog").get_by_role("combobox")
        box.fill(typed)
        box.press("Enter")
        nb.until(f"view.session.labels()[17] == {label!r}")
        nb.until("view.current != 17")  # the cursor's move has arrived, so that setting it back is a change
        nb.value("setattr(view, 'current', 17)")
        expect(card(nb, 17)).to_have_class(re.compile(r"\bcurrent\b"))
    assert nb.page.evaluate(SPILT) == [], "a name reaches out of its card"
    _colored_by_who_decided(nb)


def _colored_by_who_decided(nb: Notebook) -> None:
    who = nb.value("view.session.reviewer")
    nb.widget.locator("[data-action='color']").click()
    nb.widget.locator("[data-value='column::reviewer']").click()
    expect(nb.widget.locator(".ls-legend-title")).to_have_text("reviewer")
    nb.widget.locator(".ls-legend").get_by_role("button", name=re.compile(f"^{re.escape(who)} *1$")).click()
    expect(nb.widget.locator("[data-filter]")).to_contain_text(f"reviewer {who}")
    expect(nb.widget.locator(".ls-card")).to_have_count(1)


@pytest.mark.kernel_goes_away
def test_a_dead_kernel_is_told_and_what_waits_is_sent_after_the_cell_ran_again(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal='dead.jsonl')\nview"])
    nb.ready()
    rows = nb.value("audit.order()[:3].tolist()")
    pid = int(nb.value("__import__('os').getpid()"))
    first_card(nb)[0].click()
    nb.until(f"view.current == {rows[0]}")
    os.kill(pid, signal.SIGSTOP)
    for key in ("Enter", "Space", "u"):
        nb.page.keyboard.press(key)
    for row in rows:
        expect(card(nb, row)).to_have_attribute("data-pending", "1")
        expect(card(nb, row)).to_have_attribute("data-state", "unreviewed")  # nothing is shown as saved
    os.kill(pid, signal.SIGKILL)
    expect(nb.widget.locator(".ls-offline")).to_contain_text("3 decisions wait here", timeout=25_000)
    dialog = nb.page.locator(".jp-Dialog button")
    dialog.first.wait_for()
    dialog.first.click()
    for index in range(2):
        nb.run(index)
    nb.ready()
    nb.until(f"[list(e.rows) for e in view.session.events] == {[[row] for row in rows]}")
    expect(nb.widget.locator(".ls-offline")).to_have_count(0)
