"""A disk without room: whatever is decided, nothing is shown as saved that is not, and nothing is lost after."""

from __future__ import annotations

from collections.abc import Callable

from lab import Notebook
from pages import CATS, answer_to, first_card, forge, see_page, view_cell
from playwright.sync_api import expect

Make = Callable[..., Notebook]

FULL = """
import os
_fsync, full = os.fsync, {"on": False, "tried": 0}
def _sync(fd):
    if full["on"]:
        full["tried"] += 1
        raise OSError(28, "No space left on device")
    return _fsync(fd)
os.fsync = _sync
view.give(models={"vit": names[(truth + 1) % 3]})
"""
JUDGED = {"name": "judge_mistake", "settled": False, "category": None, "severity": None}
#: Commands of the panes with one thing wrong in each.
WRONG = [
    {**JUDGED, "row": 0, "prediction": "cat", "verdict": "corect"},
    {**JUDGED, "row": 9_999, "prediction": "cat", "verdict": "correct"},
    {**JUDGED, "row": 0, "prediction": "bird", "verdict": "correct"},
    {"name": "plan_seat", "plan": "no such plan", "reviewer": "ada"},
    {"name": "page_done", "rows": [0], "wrong": {}, "mean": "given", "seconds": 1.0, "token": "none"},
    {"name": "vote", "row": 0, "answer": "third"},
]


def test_a_full_disk_shows_nothing_as_saved_and_bad_commands_change_nothing(notebook: Make) -> None:
    nb = notebook([CATS, view_cell(journal="full.jsonl"), FULL])
    nb.ready()
    first_card(nb)[0].click()
    before = nb.value("len(view.session.events)")
    nb.value("full.update(on=True)")

    nb.page.keyboard.press("u")
    _refused(nb, 1, before)
    _take(nb, "mistakes")
    expect(nb.widget.get_by_role("button", name="correct").first).to_be_visible()
    nb.page.keyboard.press("1")
    _refused(nb, 2, before)
    _take(nb, "review_plan")
    nb.page.keyboard.press("g")
    line = nb.widget.locator(".ls-plan-line")
    expect(line).to_contain_text("page 1 of")
    _close_page(nb)
    _refused(nb, 3, before)
    expect(line).to_contain_text("page 1 of")

    nb.value("full.update(on=False)")
    _close_page(nb)
    expect(line).to_contain_text("page 2 of")
    assert nb.value("view.session.progress().reviewed") > 0
    assert nb.value(
        "ls.Session(audit, journal='full.jsonl').labels().tolist() == view.session.labels().tolist()"
    )

    written = nb.value("len(view.session.events)")
    for place, command in enumerate(WRONG):
        forge(nb, {"type": "command", "id": f"wrong-{place}", "command": command})
        answer = answer_to(nb, f"wrong-{place}")
        assert answer["type"] == "error" and answer["message"] and "Traceback" not in str(answer)
    assert nb.value("len(view.session.events)") == written


def _refused(nb: Notebook, tried: int, events: int) -> None:
    """The page says that the disk is full, and no card, count or event says otherwise."""
    nb.until(f"full['tried'] == {tried}")
    toast = nb.widget.locator(".ls-toast[data-level='error']").last
    expect(toast).to_contain_text("No space left on device")
    expect(nb.widget.locator(".ls-card[data-pending]")).to_have_count(0)
    expect(nb.widget.locator(".ls-card[data-state]:not([data-state='unreviewed'])")).to_have_count(0)
    assert nb.value("len(view.session.events)") == events
    toast.get_by_role("button").first.click()


def _take(nb: Notebook, queue: str) -> None:
    nb.widget.locator("[data-action='queue']").click()
    nb.widget.locator(f"[data-value='{queue}']").click()
    nb.widget.locator(".ls-grid").focus()


def _close_page(nb: Notebook) -> None:
    done = nb.widget.locator("[data-action='page-done']")
    see_page(nb)
    nb.page.keyboard.press("Enter")
    expect(done).to_contain_text("yes")
    nb.page.keyboard.press("Enter")
