"""Gate, matrix, checks, bulk edits, palette, pages: by keys and mouse, asserted on the session in the kernel."""

from __future__ import annotations

import re
from collections.abc import Callable

from lab import Notebook
from pages import CATS, DIGITS, answer_to, current_row, first_card, forge, see_page, shown_rows, view_cell
from playwright.sync_api import expect

Make = Callable[..., Notebook]
CELL = "[r for r in range(150, 210)]"


def test_gate_by_mouse_and_keys_then_a_cell_is_checked_and_its_rest_accepted(notebook: Make) -> None:
    nb = notebook([CATS, view_cell()])
    nb.ready()
    nb.widget.scroll_into_view_if_needed()
    _drag_the_gate(nb)
    _check_the_cell(nb)


def _drag_the_gate(nb: Notebook) -> None:
    gate = nb.widget.get_by_role("slider", name="Gate")
    expect(gate).to_have_attribute("aria-disabled", "false")
    gate.scroll_into_view_if_needed()
    before = nb.value("float(__import__('labelscope.review.gates', fromlist=['x']).gate_of(view.session).at)")
    bars, box = nb.widget.locator(".ls-hist").bounding_box(), gate.bounding_box()
    assert bars is not None and box is not None
    mouse, goal = nb.page.mouse, 0.3 if before > 0.5 else 0.7
    mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    mouse.down()
    mouse.move(bars["x"] + goal * bars["width"], box["y"] + box["height"] / 2, steps=6)
    mouse.up()
    nb.until("'gate_set' in kinds()")
    event = nb.value("[e.data for e in view.session.events if e.kind == 'gate_set'][-1]")
    assert abs(event["at"] - goal) < 0.03 and event["before"] == before
    expect(nb.widget.locator("[data-action='queue']")).to_contain_text("gate")
    above = nb.value("view.session.queue('gate').tolist()")
    nb.page.wait_for_function(
        "row => document.querySelector('.labelscope').shadowRoot.querySelector('.ls-card')?.dataset.row == row",
        arg=above[0],
    )
    gate.focus()
    nb.page.keyboard.press("ArrowRight")
    nb.until("kinds().count('gate_set') == 2")
    nb.widget.locator(".ls-grid").focus()
    nb.page.keyboard.press("[")
    nb.until("kinds().count('gate_set') == 3")


def _check_the_cell(nb: Notebook) -> None:
    nb.widget.get_by_role("button", name=re.compile("^given dog, suggested cat: 60 rows")).click()
    expect(nb.widget.locator("[data-filter='pair']")).to_be_visible()
    expect(nb.widget.locator(".ls-gallery-head")).to_contain_text("60 suspects")
    assert set(shown_rows(nb)) <= set(range(150, 210))
    expect(nb.widget.locator(".ls-legend-item", has_text="dog")).to_contain_text("60 / 210")
    nb.widget.locator(".ls-grid").focus()
    keys = nb.page.keyboard
    keys.press("c")
    dialog = nb.widget.get_by_role("dialog")
    expect(dialog).to_contain_text("60 rows not looked at")
    dialog.get_by_text("90 %").click()
    expect(dialog).to_contain_text("29")
    dialog.locator("[data-action='start-check']").click()
    rest = nb.widget.locator("[data-action='accept-rest']")
    expect(rest).to_be_disabled()
    drawn = "[m['data'] for m in sent if m['type'] == 'reply' and 'needed' in m['data']][-1]"
    token, rows = nb.value(f"[{drawn}['token'], list({drawn}['rows'])]")
    assert len(set(rows)) == 29 and set(rows) <= set(range(150, 210))
    forge(
        nb,
        {
            "type": "command",
            "id": "too-early-to-accept-rest",
            "command": {"name": "accept_rest", "token": token},
        },
    )
    assert answer_to(nb, "too-early-to-accept-rest")["code"] == "bound_not_met"
    assert nb.value("decided()") == []
    nb.widget.locator(".ls-grid").focus()
    for done in range(29):
        expect(rest).to_be_disabled()
        keys.press("Enter")
        nb.until(f"len(decided()) == {done + 1}") if done % 7 == 0 else None
    nb.until("len(decided()) == 29")
    assert sorted(row for _, [row] in nb.value("decided()")) == sorted(rows)
    expect(rest).to_be_enabled()
    expect(rest).to_contain_text("31")
    rest.click()
    nb.until(f"(view.session.labels()[{CELL}] == 'cat').all()")
    assert nb.value("len({e.batch for e in view.session.events if e.kind in DECIDED})") == 30
    nb.widget.locator(".ls-grid").focus()
    keys.press("Control+z")
    nb.until(f"(view.session.labels()[{CELL}] == 'dog').sum() == 31")


def test_bulk_edit_with_preview_new_class_note_and_pages(notebook: Make) -> None:
    nb = notebook([CATS, view_cell(controls=0.03)])
    nb.ready()
    nb.widget.scroll_into_view_if_needed()
    _relabel_all_but_the_odd(nb)
    _palette_and_note(nb)
    _pages(nb)


def _relabel_all_but_the_odd(nb: Notebook) -> None:
    keys = nb.page.keyboard
    nb.widget.get_by_role("button", name=re.compile("^given dog, suggested cat: 60 rows")).click()
    nb.widget.locator(".ls-grid").focus()
    keys.press("a")
    assert nb.until("len(view.selection) == 60 and len(view.selection)")
    keys.press("l")
    keys.press("Escape")
    expect(nb.widget.locator(".ls-grid")).to_be_focused()
    keys.press("l")
    box = nb.widget.get_by_role("dialog").get_by_role("combobox")
    box.fill("ca")
    expect(nb.widget.locator(".ls-option").first).to_contain_text("cat")
    box.press("Tab")
    expect(box).to_have_value("cat")
    box.press("Enter")
    dialog = nb.widget.get_by_role("dialog")
    expect(dialog.locator(".ls-counts")).to_contain_text("60 change")
    expect(dialog.locator(".ls-odd").first).to_be_visible()
    odd = [int(row) for row in dialog.locator(".ls-odd").evaluate_all("all => all.map(o => o.dataset.row)")]
    assert 0 < len(odd) <= 12 and {155, 160} <= set(odd)
    keys.press("Shift+O")
    expect(dialog.locator(".ls-counts")).to_contain_text(f"{60 - len(odd)} change")
    expect(dialog.locator(".ls-counts")).to_contain_text(f"{len(odd)} left out")
    keys.press("Enter")
    nb.until(f"(view.session.labels()[{CELL}] == 'cat').sum() == {60 - len(odd)}")
    assert nb.value(f"view.session.labels()[{odd}].tolist()") == ["dog"] * len(odd)
    assert nb.value("len({e.batch for e in view.session.events if e.kind in DECIDED})") == 1
    keys.press("Control+z")
    nb.until(f"(view.session.labels()[{CELL}] == 'dog').all()")
    keys.press("Escape")
    keys.press("Escape")
    expect(nb.widget.locator("[data-filter='pair']")).to_have_count(0)


def _palette_and_note(nb: Notebook) -> None:
    keys = nb.page.keyboard
    first_card(nb)[0].click()
    row = current_row(nb)
    nb.until(f"view.current == {row}")
    keys.press("n")
    keys.type("see <b>why</b>")
    keys.press("Control+Enter")
    nb.until(f"view.session.note_of({row}) == 'see <b>why</b>'")
    assert nb.value("kinds()[-1]") == "noted"
    keys.press("l")
    keys.type("zebra")
    expect(nb.widget.locator(".ls-option")).to_have_text(re.compile("add new class “zebra”"))
    keys.press("Enter")
    dialog = nb.widget.get_by_role("dialog")
    expect(dialog).to_contain_text("is not among the 3 classes")
    assert nb.value(f"view.session.labels()[{row}]") != "zebra", "asked once more before a class is added"
    dialog.locator("[data-action='add-class']").press("Enter")
    nb.until(f"view.session.labels()[{row}] == 'zebra'")
    nb.page.keyboard.press("Control+z")
    nb.until(f"view.session.labels()[{row}] != 'zebra'")


def _pages(nb: Notebook) -> None:
    keys = nb.page.keyboard
    before = nb.value("len(decided())")
    nb.widget.locator(".ls-grid").focus()
    keys.press("g")
    cards = nb.widget.locator(".ls-page-card")
    opened = "[m['data'] for m in sent if m['type'] == 'reply' and set(m['data']) == {'token', 'control'}]"
    control = int(nb.until(f"{opened} and str({opened}[-1]['control']['row'])"))
    expect(nb.widget.locator(f".ls-page-card[data-row='{control}']")).to_have_count(1)
    n = cards.count()
    assert n == 25
    # A jump to the end shows nothing of what is between: only what was in sight for a moment counts.
    nb.page.wait_for_function(
        "() => [...document.querySelector('.labelscope').shadowRoot"
        ".querySelectorAll('.ls-page-card img')].filter(i => i.complete).length === 25"
    )
    expect(nb.widget.locator("[data-action='page-done']")).to_be_disabled()
    keys.press("End")
    expect(cards.last).not_to_have_attribute("data-unseen", "")
    left = cards.evaluate_all(
        "cards => cards.map((c, i) => 'unseen' in c.dataset ? i : -1).filter(i => i >= 0)"
    )
    assert left and left == list(range(left[0], left[-1] + 1)) and left[-1] < n - 1
    expect(nb.widget.locator("[data-action='page-done']")).to_be_disabled()
    keys.press("Enter")
    expect(nb.widget.locator("[data-action='page-done']")).not_to_contain_text("yes")
    # By the button that says how many are left, then by key.
    nb.widget.locator("[data-action='next-unseen']").click()
    expect(nb.widget.locator(".ls-pages")).to_be_focused()
    for _ in left:
        expect(nb.widget.locator(".ls-page-card.current:not([data-unseen])")).to_have_count(1)
        keys.press("v")
    expect(nb.widget.locator("[data-action='page-done']")).to_be_enabled()
    keys.press("Enter")
    expect(nb.widget.locator("[data-action='page-done']")).to_contain_text("yes")
    assert nb.value("len(decided())") == before
    keys.press("Enter")
    nb.until("kinds()[-1] == 'voted'")
    assert nb.value("view.session.events[-1].data['passed']") is False
    assert nb.value("len(decided())") == before, "a page whose control was passed over records nothing"
    expect(
        nb.widget.locator(".ls-toast[data-level='error'], .ls-toast[data-level='warning']")
    ).to_contain_text("does not belong there")
    second = int(nb.until(f"len({opened}) > 1 and str({opened}[-1]['control']['row'])"))
    nb.widget.locator(f".ls-page-card[data-row='{second}']").click()
    expect(nb.widget.locator(f".ls-page-card[data-row='{second}']")).to_have_attribute("data-mark", "wrong")
    rows = sorted(set(shown_rows(nb)) - {second})
    label = nb.value(f"str(view.session.labels()[{second}])")
    see_page(nb)
    done = nb.widget.locator("[data-action='page-done']")
    keys.press("Enter")
    expect(done).to_contain_text("yes")
    keys.press("Enter")
    nb.until("'page_timed' in kinds()")
    new = nb.value(f"decided()[{before}:]")
    assert sorted(row for _, some in new for row in some) == rows
    assert nb.value(f"str(view.session.labels()[{second}])") == label, "a control never changes a label"
    assert nb.value("len({e.batch for e in view.session.events[-4:] if e.kind in DECIDED})") == 1
    expect(nb.widget.locator(".ls-page-card").first).to_be_visible()
    keys.press("g")
    nb.widget.locator(".ls-grid").focus()
    keys.press("Control+z")
    nb.until(f"(view.session.state.state[{rows}] == 0).all()")


def test_query_and_dialogs_work_by_keyboard(notebook: Make) -> None:
    nb = notebook([DIGITS, view_cell()])
    nb.ready()
    keys = nb.page.keyboard
    found, row = first_card(nb)
    found.click()
    nb.until(f"view.current == {row}")
    keys.press("q")
    query = nb.widget.get_by_role("combobox", name="Query")
    expect(query).to_be_focused()
    query.fill("grven == 3")
    query.press("Enter")
    expect(query).to_have_attribute("aria-invalid", "true")
    query.fill("given == 3 and not reviewed")
    query.press("Enter")
    expect(nb.widget.locator(".ls-query-says")).to_contain_text("found")
    query.press("Escape")
    expect(query).to_have_count(0)
    expect(nb.widget.locator("[data-filter='query']")).to_contain_text("given == 3")
    keys.press("Escape")
    expect(nb.widget.locator("[data-filter='query']")).to_have_count(0)

    found.click()
    keys.press("m")
    expect(nb.widget.get_by_role("dialog")).to_contain_text("several labels are right")
    keys.press("Enter")
    nb.until("'accepted_set' in kinds()")
    row = nb.value("int([e for e in view.session.events if e.kind == 'accepted_set'][0].rows[0])")
    keys.press("Control+z")
    nb.until(f"view.session.state.state[{row}] == 0")
    keys.press("s")
    expect(nb.widget.get_by_role("dialog")).to_contain_text("How bad")
    keys.press("2")
    nb.until("'tagged' in kinds()")
    assert nb.value(f"view.session.tags_of({row})['severity']") == "minor"
