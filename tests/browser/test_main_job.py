"""The main job by mouse and keyboard, with and without WebGL, asserted on Python's state."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from lab import Browser, Notebook
from pages import DIGITS, card, expect_state, first_card, frames, lasso
from playwright.sync_api import expect

QUICKSTART = Path(__file__).resolve().parents[2] / "notebooks" / "00_quickstart.ipynb"
RING = [(0.03, 0.12), (0.97, 0.12), (0.97, 0.97), (0.03, 0.97), (0.03, 0.12)]
LEFT_HALF = [(0.02, 0.12), (0.5, 0.12), (0.5, 0.97), (0.02, 0.97), (0.02, 0.12)]

Make = Callable[..., Notebook]


@pytest.fixture(scope="module")
def without_gl() -> Iterator[Browser]:
    with Browser(gl=False) as chromium:
        yield chromium


def _code_cells(notebook: Notebook) -> list[int]:
    return list(
        notebook.page.evaluate(
            "jupyterapp.shell.currentWidget.content.widgets"
            ".map((c, i) => c.model.type === 'code' ? i : -1).filter(i => i >= 0)"
        )
    )


def _open_quickstart(notebook: Notebook) -> None:
    """Run the notebook's cells up to and including the widget."""
    for index in _code_cells(notebook)[:4]:
        notebook.run(index)
    notebook.ready()
    notebook.until("audit.has_map")
    notebook.page.wait_for_function(
        "() => +document.querySelector('.labelscope')?.shadowRoot?.querySelector('[data-frames]')?.dataset.frames > 0"
    )
    notebook.widget.scroll_into_view_if_needed()


@pytest.mark.kernel_goes_away
@pytest.mark.parametrize("gl", [True, False], ids=["webgl", "no-webgl"])
def test_quickstart_from_lasso_to_clean_labels(
    gl: bool, notebook: Make, request: pytest.FixtureRequest
) -> None:
    within = None if gl else request.getfixturevalue("without_gl")
    nb = notebook(QUICKSTART, run=False, within=within)
    _open_quickstart(nb)
    assert frames(nb) > 0
    if not gl:
        expect(nb.widget.locator("[data-renderer]").first).to_have_attribute("data-renderer", "raster")

    lasso(nb, LEFT_HALF)
    count = nb.until("len(view.selection)")
    assert 50 < count < 1797
    inside = set(nb.value("view.selection.tolist()"))
    expect(nb.widget.get_by_text(re.compile(rf"{count:,} selected")).first).to_be_visible()
    lasso(nb, RING, keys=("Shift",))
    assert nb.until(f"len(view.selection) > {count} and len(view.selection)") == 1797
    lasso(nb, RING, keys=("Alt",))
    nb.until("len(view.selection) == 0")
    assert inside

    found, row = first_card(nb)
    found.click()
    nb.until(f"view.current == {row}")
    given = nb.value(f"int(labels[{row}])")
    suggested = nb.value(f"int(audit.suggested[{row}])")
    assert given != suggested
    nb.page.keyboard.press("Enter")
    expect_state(nb, row, "relabelled")
    assert nb.value(f"int(view.session.labels()[{row}])") == suggested
    assert nb.value("view.current") != row, "the cursor moves on after a decision"

    nb.page.keyboard.press("Control+z")
    expect_state(nb, row, "unreviewed")
    assert nb.value(f"int(view.session.labels()[{row}])") == given
    nb.page.keyboard.press("Control+Shift+z")
    expect_state(nb, row, "relabelled")

    decided = [row]
    for key, state in (("Space", "kept"), ("u", "unsure"), ("x", "excluded")):
        if state == "kept":
            nb.page.keyboard.press("j")  # redo put the cursor back on the row that it changed
        at = int(nb.until(f"view.current not in {decided} and str(view.current)"))
        nb.page.keyboard.press(key)
        expect_state(nb, at, state)
        decided.append(at)
    assert nb.value("view.session.progress().reviewed") == 4

    nb.restart_kernel()
    _open_quickstart(nb)
    assert nb.value(f"int(view.session.labels()[{row}])") == suggested
    assert nb.value("view.session.progress().reviewed") == 4
    # Decided rows are at the end of the queue, so the card has to be brought into view.
    nb.value(f"setattr(view, 'current', {row})")
    expect_state(nb, row, "relabelled")
    card(nb, row).click()
    nb.page.keyboard.press("Control+z")
    nb.until("view.session.progress().excluded == 0")
    expect_state(nb, decided[-1], "unreviewed")

    with nb.page.expect_download() as download:
        nb.widget.locator("[data-action='export']").click()
        nb.widget.locator("[role='menuitem'][data-value='csv']").click()
    assert download.value.suggested_filename.endswith(".csv")
    assert Path(download.value.path()).read_text().startswith("id,given,current,state")
    assert nb.value("[p.name for p in __import__('pathlib').Path('.').glob('*.csv')]")


def test_bulk_relabel_is_one_undo_step(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    before = nb.value("view.session.labels().tolist()")
    lasso(nb, LEFT_HALF)
    count = nb.until("len(view.selection)")
    nb.page.keyboard.press("l")
    box = nb.widget.get_by_role("dialog").get_by_role("combobox")
    box.fill("7")
    box.press("Enter")
    # Many rows change only after the preview was seen.
    nb.widget.get_by_role("dialog").locator("[data-action='relabel-all']").press("Enter")
    nb.until("(view.session.labels()[view.selection] == 7).all()")
    assert nb.value("len({e.batch for e in view.session.events})") == 1
    nb.widget.locator("[data-action='undo']").first.click()
    nb.until(f"view.session.labels().tolist() == {before}")
    assert count > 50


def test_python_drives_the_page(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    rows = nb.value("audit.order()[:3].tolist()")
    nb.value(f"setattr(view, 'selection', {rows})")
    expect(nb.widget.get_by_text("3 selected").first).to_be_visible()
    nb.value(f"setattr(view, 'current', {rows[2]})")
    expect(card(nb, rows[2])).to_have_class(re.compile(r"\bcurrent\b"))
    nb.value(f"len(view.session.relabel([{rows[0]}], 3))")
    expect_state(nb, rows[0], "relabelled")


def test_two_views_stay_in_step(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview", "ls.view(view.session)"])
    nb.page.locator(".ls-root[data-ready='1']").nth(1).wait_for()
    one, two = nb.page.locator(".ls-root").nth(0), nb.page.locator(".ls-root").nth(1)
    row = int(nb.value("int(audit.order()[0])"))
    one.locator(f".ls-card[data-row='{row}']").click()
    nb.page.keyboard.press("Enter")
    for root in (one, two):
        expect(root.locator(f".ls-card[data-row='{row}']")).to_have_attribute("data-state", "relabelled")


@pytest.mark.kernel_goes_away
def test_a_killed_kernel_loses_nothing(notebook: Make) -> None:
    nb = notebook(
        [DIGITS, "view = ls.view(audit, journal='killed.jsonl')\nview", "import os; pid = os.getpid()"]
    )
    nb.ready()
    found, row = first_card(nb)
    pid = int(nb.value("pid"))
    suggested = nb.value(f"int(audit.suggested[{row}])")
    found.click()
    nb.page.keyboard.press("Enter")
    expect_state(nb, row, "relabelled")  # shown as saved: so it must be on disk
    os.kill(pid, signal.SIGKILL)
    lines = (nb.folder / "killed.jsonl").read_text().splitlines()
    assert f'"rows":[{row}]' in lines[-1].replace(" ", "") and len(lines) == 2
    nb.page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.connectionStatus === 'connected'"
        " && jupyterapp.shell.currentWidget.sessionContext.session.kernel.status !== 'autorestarting'"
    )
    nb.restart_kernel()
    for index in range(2):
        nb.run(index)
    assert nb.value(f"int(view.session.labels()[{row}])") == suggested


def test_label_keys_never_reach_the_notebook(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    cells = nb.cell_count()
    first_card(nb)[0].click()
    for key in ("b", "d", "d", "j", "k", "1", "2", "u", "x", "z", "a", "m", "y", "0", "0", "Escape"):
        nb.page.keyboard.press(key)
    nb.until("len(view.session.events) >= 4")
    assert nb.cell_count() == cells


def test_errors_from_python_are_shown_with_their_hint(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal='torn/j.jsonl')\nview"])
    nb.ready()
    found, row = first_card(nb)
    nb.value("[__import__('shutil').rmtree('torn'), open('torn', 'w').close()] and 1")
    found.click()
    nb.page.keyboard.press("Enter")
    toast = nb.widget.locator(".ls-toast[data-level='error']").first
    expect(toast).to_be_visible()
    assert "Traceback" not in toast.inner_text()
    expect_state(nb, row, "unreviewed")
    assert nb.value("view.session.progress().reviewed") == 0


def test_search_filter_and_help(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    first_card(nb)[0].click()
    nb.page.keyboard.press("?")
    expect(nb.widget.get_by_role("dialog")).to_be_visible()
    nb.page.keyboard.press("Escape")
    expect(nb.widget.get_by_role("dialog")).to_have_count(0)
    total = nb.widget.locator(".ls-gallery")
    expect(nb.widget.locator(".ls-grid")).to_be_focused()
    nb.page.keyboard.press("/")
    nb.page.keyboard.type("1234")
    nb.page.keyboard.press("Enter")
    expect(card(nb, 1234)).to_be_visible()
    expect(nb.widget.locator(".ls-card")).to_have_count(1)
    expect(total).to_be_visible()


def test_ten_thousand_rows_hold_few_cards(notebook: Make) -> None:
    cell = """
import numpy as np
import labelscope as ls
rng = np.random.default_rng(0)
y = rng.integers(0, 10, 10_000)
centers = rng.normal(size=(10, 16)) * 4
X = centers[y] + rng.normal(size=(10_000, 16))
images = rng.integers(0, 255, (10_000, 12, 12), dtype=np.uint8)
P = np.full((10_000, 10), 0.01); P[np.arange(10_000), y] = 0.91
audit = ls.audit(images, y, features=X.astype(np.float32), pred_probs=P, evidence={"map": X[:, :2]})
"""
    nb = notebook([cell, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    scroller = nb.widget.locator(".ls-gallery-scroll, .ls-gallery [data-scroll], .ls-gallery").first
    most = 0
    for share in np.linspace(0, 1, 15):
        scroller.evaluate("(e, s) => { e.scrollTop = s * e.scrollHeight }", float(share))
        nb.page.wait_for_function(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))"
        )
        most = max(most, nb.widget.locator(".ls-card").count())
    assert 0 < most <= 200
    acknowledged = nb.page.evaluate(
        """async () => {
        const root = document.querySelector('.labelscope').shadowRoot;
        const card = root.querySelector('.ls-card'); card.click();
        const row = card.dataset.row; const start = performance.now();
        card.dispatchEvent(new KeyboardEvent('keydown', {key: ' ', bubbles: true, composed: true}));
        for (;;) {
          const now = root.querySelector(`.ls-card[data-row='${row}']`);
          if (!now || (now.dataset.state === 'kept' && !now.dataset.pending)) return performance.now() - start;
          if (performance.now() - start > 5000) return -1;
          await new Promise(requestAnimationFrame);
        }}"""
    )
    assert acknowledged > 0
    nb.until("view.session.progress().kept == 1")
