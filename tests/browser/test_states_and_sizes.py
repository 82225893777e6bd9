"""Every state of the view, at every size and contrast: no accessibility violation, and nothing out of the box."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from lab import Notebook
from pages import CATS, first_card, view_cell
from playwright.sync_api import expect

Make = Callable[..., Notebook]
AXE = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => (await axe.run(document.querySelector('.labelscope'), {resultTypes: ['violations']})).violations
    .filter(found => found.impact !== 'minor')
    .map(found => found.id + ': ' + found.nodes.slice(0, 3).map(n => n.html.slice(0, 140) + ' ' + n.failureSummary).join(' | '))"""
#: Parts of the view that reach out of it, or are cut off at its side, while nothing may scroll sideways.
OUT = """() => {
    const root = document.querySelector('.labelscope').shadowRoot, app = root.querySelector('.ls-app');
    const box = app.getBoundingClientRect(), found = [];
    if (app.scrollWidth > app.clientWidth + 1) found.push(`the view scrolls: ${app.scrollWidth} > ${app.clientWidth}`);
    for (const button of app.querySelectorAll('button, input, select, [role=tab]')) {
        const at = button.getBoundingClientRect();
        if (at.width === 0 || button.closest('.ls-sr, .ls-scroll, .ls-legend, .ls-page-foot')) continue;
        if (at.right > box.right + 1 || at.left < box.left - 1)
            found.push(`${button.dataset.action ?? button.className}: ${at.left}–${at.right} in ${box.left}–${box.right}`);
    }
    return found; }"""
#: The names of short labels can be read on cards, whatever else is beside them.
WHOLE = """() => {
    const names = [...document.querySelector('.labelscope').shadowRoot.querySelectorAll('.ls-card-label .ls-clip')];
    return names.length > 12 && names.every(name => name.scrollWidth <= name.clientWidth); }"""
TABS = ("plot", "gallery", "inspector", "matrix")


def _clean(nb: Notebook, state: str) -> None:
    found = nb.page.evaluate(RUN)
    assert found == [], f"{state}: " + "\n".join(found)


def _width(nb: Notebook, pixels: int | None) -> None:
    nb.page.evaluate(
        "w => { document.querySelector('.labelscope').parentElement.style.width = w === null ? '' : w + 'px' }",
        pixels,
    )


def _dialogs(nb: Notebook) -> dict[str, tuple[str, ...]]:
    return {
        "palette": ("l",),
        "several labels": ("m",),
        "help": ("?",),
        "filter panel": ("q",),
        "check": ("c",),
        "bulk preview": ("a", "1"),
        "severity": ("s",),
    }


def test_every_state_is_accessible_in_light_and_dark(notebook: Make) -> None:
    nb = notebook([CATS, view_cell(controls=0.03)])
    nb.ready()
    nb.widget.scroll_into_view_if_needed()
    nb.page.evaluate(AXE.read_text())
    keys = nb.page.keyboard
    cell = nb.widget.get_by_role("button", name=re.compile("^given dog, suggested cat: 60 rows"))
    for theme in ("light", "dark"):
        nb.widget.locator("[data-action='theme']").click()
        expect(nb.widget).to_have_attribute("data-theme", theme)
        cell.click()
        _clean(nb, f"{theme}, filtered")
        first_card(nb)[0].click()
        for state, pressed in _dialogs(nb).items():
            nb.widget.locator(".ls-grid").focus()
            for key in pressed:
                keys.press(key)
            dialog = nb.widget.get_by_role("dialog")
            expect(dialog).to_be_visible()
            if state == "bulk preview":
                expect(dialog.locator(".ls-odd").first).to_be_visible()
            _clean(nb, f"{theme}, {state}")
            keys.press("Escape")
            expect(dialog).to_have_count(0)
        nb.widget.locator("[data-action='options']").click()
        expect(nb.widget.get_by_role("dialog")).to_be_visible()
        _clean(nb, f"{theme}, options")
        keys.press("Escape")
        nb.widget.locator(".ls-grid").focus()
        keys.press("Escape")
        keys.press("Escape")
        nb.widget.locator(".ls-grid").focus()
        keys.press("g")
        expect(nb.widget.locator(".ls-page-card").first).to_be_visible()
        _clean(nb, f"{theme}, pages")
        nb.widget.locator(".ls-page-card").first.click()
        expect(nb.widget.locator(".ls-page-card input").first).to_be_visible()
        _clean(nb, f"{theme}, a card marked wrong")
        nb.widget.locator("[data-action='leave-pages']").click()
        expect(nb.widget.locator(".ls-grid")).to_be_visible()
    assert nb.value("decided()") == []


def test_narrow_wide_zoomed_and_high_contrast(notebook: Make) -> None:
    nb = notebook([CATS, view_cell()])
    nb.ready()
    nb.widget.scroll_into_view_if_needed()
    nb.page.evaluate(AXE.read_text())
    tabs = nb.widget.get_by_role("tab")
    for pixels in (420, 400):
        _width(nb, pixels)
        expect(tabs).to_have_count(len(TABS))
        for name in TABS:
            nb.widget.locator(f"button[data-tab='{name}']").click()
            expect(nb.widget.get_by_role("tabpanel", name=name)).to_be_visible()
            # Under the cards the buttons that decide stay in sight.
            expect(nb.widget.get_by_role("tabpanel")).to_have_count(2 if name == "gallery" else 1)
            assert nb.page.evaluate(OUT) == [], f"{pixels} px, {name}"
            if pixels == 420:
                _clean(nb, f"narrow, {name}")
    _keys_work_in_tabs(nb)
    _width(nb, 900)
    expect(tabs).to_have_count(0)
    for part in (".ls-plot canvas", ".ls-gallery", ".ls-inspector", ".ls-matrix", ".ls-hist"):
        expect(nb.widget.locator(part).first).to_be_visible()
    assert nb.page.evaluate(OUT) == []
    _width(nb, None)
    nb.page.wait_for_function(WHOLE)
    for media in ({"forced_colors": "active"}, {"forced_colors": "none", "contrast": "more"}):
        nb.page.emulate_media(**media)  # type: ignore[arg-type]
        if "contrast" in media:
            expect(nb.widget).to_have_attribute("data-contrast", "more")
        _clean(nb, str(media))
    nb.page.emulate_media(forced_colors="none", contrast="no-preference")
    expect(nb.widget).not_to_have_attribute("data-contrast", "more")
    _zoomed(nb)


def _keys_work_in_tabs(nb: Notebook) -> None:
    tab = nb.widget.locator("button[data-tab='matrix']")
    tab.focus()
    nb.page.keyboard.press("ArrowRight")
    expect(nb.widget.locator("button[data-tab='plot']")).to_be_focused()
    expect(nb.widget.locator(".ls-plot canvas").first).to_be_visible()
    nb.page.keyboard.press("ArrowRight")
    expect(nb.widget.locator("button[data-tab='gallery']")).to_have_attribute("aria-selected", "true")
    first_card(nb)[0].click()
    nb.page.keyboard.press("Enter")
    nb.until("len(decided()) == 1")


def _zoomed(nb: Notebook) -> None:
    """Zooming to 200 % halves the page's CSS pixels and doubles the density of each."""
    session = nb.page.context.new_cdp_session(nb.page)
    metrics = {"width": 720, "height": 650, "deviceScaleFactor": 2, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", metrics)
    nb.page.wait_for_function("() => devicePixelRatio === 2 && innerWidth === 720")
    expect(nb.widget.get_by_role("tab")).to_have_count(len(TABS))
    for name in TABS:
        nb.widget.locator(f"button[data-tab='{name}']").click()
        assert nb.page.evaluate(OUT) == [], f"at 200 %, {name}"
    canvas = nb.widget.locator(".ls-plot canvas").first
    nb.widget.locator("button[data-tab='plot']").click()
    nb.page.wait_for_function(
        """() => { const c = document.querySelector('.labelscope').shadowRoot.querySelector('.ls-plot canvas');
        return Math.abs(c.width - 2 * c.clientWidth) <= 2; }"""
    )
    expect(canvas).to_be_visible()
    session.send("Emulation.clearDeviceMetricsOverride")
