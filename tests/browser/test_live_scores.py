"""Scores follow decisions in every view, whoever made them: this page, Python, or another process."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from lab import Notebook
from pages import DIGITS, first_card, hear, listen, view_cell
from playwright.sync_api import expect

import labelscope as ls

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
Make = Callable[..., Notebook]

SHOWN = """([levels, order]) => [...document.querySelectorAll('.labelscope')].every(host => {
    const cards = [...host.shadowRoot.querySelectorAll('.ls-card')];
    return cards.length > 0 && +cards[0].dataset.row === order[0] && cards.every(card =>
        Math.abs(parseFloat(card.querySelector('.ls-card-bar i').style.width) - levels[card.dataset.row] / 2.55) < 0.01);
})"""
SCORES = "[m['type'] for m in sent].count('scores')"


def _python_says(nb: Notebook) -> list[list[int]]:
    cell = "[__import__('numpy').round(view.session.suspicion * 255).astype(int).tolist(), view.session.queue().tolist()]"
    return list(nb.value(cell))


def _pages_show(nb: Notebook) -> None:
    """Every view shows the suspicion of Python, in the order of Python's queue."""
    nb.page.wait_for_function(SHOWN, arg=_python_says(nb))


def test_scores_follow_every_edit_in_both_views(notebook: Make) -> None:
    nb = notebook([DIGITS, view_cell(journal="live.jsonl", live=True), "ls.view(view.session)"])
    nb.page.locator(".ls-root[data-ready='1']").nth(1).wait_for()
    listen(nb)
    _pages_show(nb)
    before = _python_says(nb)
    rows = nb.value("np.flatnonzero(labels == 3)[:120].tolist()")
    nb.value(f"len(view.session.relabel({rows}, 8))")
    nb.until(f"{SCORES} > 0 and shared_of(view.session).rescorer.wait(5)")
    assert _python_says(nb)[0] != before[0]
    _pages_show(nb)
    hear(nb, "rows moved.")

    heard = nb.value(SCORES)
    first_card(nb)[0].click()
    nb.page.keyboard.press("Enter")
    nb.until(f"len(decided()) == 2 and {SCORES} > {heard} and shared_of(view.session).rescorer.wait(5)")
    _levels_agree(nb)

    nb.value("shared_of(view.session).settings.set(live=False)")
    heard = nb.value(SCORES)
    frozen = _python_says(nb)
    nb.value(f"len(view.session.keep({rows[:60]}))")
    assert nb.value(SCORES) == heard
    assert _python_says(nb)[0] == frozen[0], "without live the scores stand still"
    nb.value("len(view.session.rescore())")
    nb.until(f"{SCORES} > {heard}")
    assert _python_says(nb)[0] != frozen[0]
    _levels_agree(nb)
    _edits_of_another_process_appear(nb)


def _levels_agree(nb: Notebook) -> None:
    ranks = SHOWN.replace("+cards[0].dataset.row === order[0] && ", "")
    nb.page.wait_for_function(ranks, arg=_python_says(nb))


def _edits_of_another_process_appear(nb: Notebook) -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    labels, _ = ls.testing.symmetric(digits.target, rate=0.05, random_state=0)
    audit = ls.Audit.from_arrays(
        ls.Dataset(digits.images, labels), suspicion=np.zeros(len(labels)), suggested_codes=labels
    )
    ada = ls.Session(audit, journal=nb.folder / "live.jsonl", reviewer="ada")
    views = [nb.page.locator(".ls-root").nth(k) for k in (0, 1)]
    rows = [
        int(view.locator(".ls-card[data-state='unreviewed']").first.get_attribute("data-row") or -1)
        for view in views
    ]
    ada.exclude(rows)
    for view, row in zip(views, rows, strict=True):
        expect(view.locator(f".ls-card[data-row='{row}']")).to_have_attribute("data-state", "excluded")
        assert nb.value(f"[e.reviewer for e in view.session.events if {row} in e.rows][-1]") == "ada"
