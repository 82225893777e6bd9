"""Reports at the side, queues of their own kind, votes, ellipses and the gate put back, in a real notebook."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lab import Notebook
from pages import current_row, frames, hear, listen, view_cell
from playwright.sync_api import expect

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
Make = Callable[..., Notebook]

DIGITS = """
import numpy as np
from sklearn.datasets import load_digits
import labelscope as ls
digits = load_digits()
images, labels = digits.images[:600], digits.target[:600].astype(object)
labels[5:60:6] = (digits.target[5:60:6] + 1) % 10
labels = np.array([f"digit-{k}" for k in labels], dtype=object)
labels[400:] = None
X = images.reshape(600, -1).astype("float32")
audit = ls.audit(images, labels.tolist(), features=X, evidence={"map": X @ np.linalg.svd(X, full_matrices=False)[2][:2].T})
"""


#: What names a class, in its text or in any attribute, and what tells how suspicious a row is. The ballot may name
#: two classes; how good the evidence is as a whole is no secret.
NAMES = """() => {
    const root = document.querySelector('.labelscope').shadowRoot;
    const own = e => [...e.childNodes].filter(n => n.nodeType === 3).map(n => n.data).join('');
    const all = e => [own(e), String(e.value ?? ''), ...[...e.attributes].map(a => `${a.name}=${a.value}`)];
    const leads = e => e.closest('.ls-gallery, .ls-inspector, .ls-plot-area') ? /digit-|likely|\\d %/ : /digit-/;
    return [...root.querySelectorAll('*')]
        .filter(e => !e.closest('.ls-ballot'))
        .flatMap(e => all(e).filter(text => leads(e).test(text))); }"""


def test_reports_queues_votes_and_the_gate(notebook: Make) -> None:
    nb = notebook([DIGITS, view_cell()])
    nb.ready().locator(".ls-card").first.click()
    listen(nb)
    _health_selects_rows(nb)
    _the_nutrition_label_takes_what_people_state(nb)
    _a_report_that_takes_a_while(nb)
    _rows_without_a_label_are_hollow(nb)
    _what_is_left_at_a_certainty(nb)
    _foreign_rows(nb)
    _mistakes(nb)
    _votes(nb)
    _ellipses(nb)
    _the_gate_goes_back(nb)


def _health_selects_rows(nb: Notebook) -> None:
    nb.page.keyboard.press("i")
    drawer = nb.widget.get_by_role("complementary", name="Reports")
    expect(drawer).to_be_visible()
    expect(drawer.locator("[data-report='benchmark_stability']")).to_contain_text("view.give(models=")
    drawer.locator("[data-report='health']").click()
    expect(drawer.locator("h2")).to_contain_text("Label health")
    number = drawer.get_by_role("button", name=re.compile("^[0-9]+, digit-4, flagged: select"))
    number.click()
    hear(nb, "selected: digit-4, flagged.")
    wanted = nb.value("[int(r) for r in np.flatnonzero(audit.flagged & (audit.given_codes == 4))]")
    assert nb.until("len(view.selection)") == len(wanted) > 0
    assert nb.value("view.selection.tolist()") == wanted
    nb.page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def _the_nutrition_label_takes_what_people_state(nb: Notebook) -> None:
    nb.widget.locator("[data-action='reports']").click()
    drawer = nb.widget.get_by_role("complementary", name="Reports")
    drawer.locator("[data-report='nutrition_label']").click()
    expect(drawer.locator("h2")).to_contain_text("Nutrition label")
    license_ = drawer.locator("tr", has_text=re.compile("^license")).last
    expect(license_).to_contain_text("not stated")
    drawer.get_by_label("license").fill("CC0")
    drawer.get_by_label("license").press("Enter")
    expect(license_).to_contain_text("CC0")
    drawer.get_by_role("button", name=re.compile("^200 of 600 rows have no label")).click()
    nb.until("len(view.selection) == 200")
    nb.page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def _a_report_that_takes_a_while(nb: Notebook) -> None:
    nb.widget.locator("[data-action='reports']").click()
    drawer = nb.widget.get_by_role("complementary", name="Reports")
    drawer.locator("[data-report='spread']").click()
    field = drawer.locator("[data-option='round']")
    expect(field).to_be_enabled(timeout=20_000)
    drawer.locator("[data-action='report-bulk']").click()
    sheet = nb.widget.get_by_role("dialog")
    expect(sheet).to_contain_text("Labels up to round 1")
    before = nb.value("len(view.session.events)")
    expect(sheet.locator("[data-action='accept-plan']")).to_be_enabled()
    nb.page.keyboard.press("Enter")
    nb.until(f"len(view.session.events) > {before}")
    assert nb.value("{e.source for e in view.session.events if e.rows} == {'propagated'}")
    drawer.locator("[data-action='close-reports']").click()
    nb.widget.locator("[data-action='undo']").click()
    nb.until("view.session.progress().reviewed == 0")


def _rows_without_a_label_are_hollow(nb: Notebook) -> None:
    legend = nb.widget.get_by_role("region", name="Legend")
    unlabelled = legend.get_by_role("button", name=re.compile("^unlabelled 200"))
    expect(unlabelled).to_be_visible()
    nb.widget.locator("[data-action='color']").click()
    nb.widget.locator("[role^='menuitem'][data-value='suggested']").click()
    key = legend.get_by_role("button", name=re.compile("^no label 200"))
    key.click()
    expect(key).to_have_attribute("aria-pressed", "true")
    nb.page.wait_for_function(
        "() => [...document.querySelector('.labelscope').shadowRoot.querySelectorAll('.ls-card')]"
        ".every(card => +card.dataset.row >= 400)"
    )
    key.click()
    nb.widget.locator("[data-action='color']").click()
    nb.widget.locator("[role^='menuitem'][data-value='given']").click()
    expect(unlabelled).to_be_visible()


def _what_is_left_at_a_certainty(nb: Notebook) -> None:
    nb.widget.locator(".ls-card").first.click()
    nb.page.keyboard.press("i")
    drawer = nb.widget.get_by_role("complementary", name="Reports")
    drawer.locator("[data-report='candidates']").click()
    slider = drawer.locator("[data-option='tau']")
    sizes = "__import__('labelscope').scorers.confident.candidate_sets.candidate_sets"
    sizes = f"{sizes}(audit.evidence['pred_probs'], %s).candidates.sum(axis=1)"
    for tau, press in ((0.95, ()), (0.99, ("End",))):
        for key in press:
            slider.press(key)
        expect(slider).to_have_value(str(tau))
        mean = nb.value(f"round(float({sizes % tau}.mean()), 2)")
        expect(drawer).to_contain_text(f"{mean:.2f} of 10")
    drawer.locator("[data-action='report-queue']").click()
    drawer.locator("[data-action='close-reports']").click()
    bar = nb.widget.get_by_role("region", name="Queue", exact=True)
    expect(bar).to_contain_text("one of two")
    two = nb.value(f"np.flatnonzero({sizes % 0.99} == 2).tolist()")
    nb.page.wait_for_function(
        "rows => rows.includes(+document.querySelector('.labelscope').shadowRoot.querySelector('.ls-card').dataset.row)",
        arg=two,
    )
    bar.locator("[data-action='end-queue']").click()
    expect(bar).to_have_count(0)


def _foreign_rows(nb: Notebook) -> None:
    nb.widget.locator(".ls-card").first.click()
    nb.page.keyboard.press("w")
    menu = nb.widget.get_by_role("menu")
    expect(menu.locator("[data-value='mistakes']")).to_be_visible()
    menu.locator("[data-value='foreign']").click()
    bar = nb.widget.get_by_role("region", name="Queue", exact=True)
    expect(bar).to_contain_text("belongs to no class")
    order = "view._desk.answers.shared.queueing.listed('foreign').tolist()"
    first = nb.value(order)[0]
    nb.page.wait_for_function(
        "row => document.querySelector('.labelscope').shadowRoot.querySelector('.ls-card')?.dataset.row == row",
        arg=first,
    )
    nb.widget.locator(f".ls-card[data-row='{first}']").click()
    nb.page.keyboard.press("x")
    nb.until(f"decided()[-1] == ['excluded', [{first}]]")
    again = nb.value(order)
    assert first not in again
    nb.page.wait_for_function(
        "row => document.querySelector('.labelscope').shadowRoot.querySelector('.ls-card')?.dataset.row == row",
        arg=again[0],
    )
    bar.locator("[data-action='end-queue']").click()
    expect(bar).to_have_count(0)


#: Keeps what is written on canvases from now on.
_WRITTEN = """() => {
    const {prototype} = CanvasRenderingContext2D, {fillText} = prototype;
    window.written = [];
    prototype.fillText = function (text, ...at) { window.written.push(text); return fillText.call(this, text, ...at); }
}"""


def _mistakes(nb: Notebook) -> None:
    """Judged by keys alone: two verdicts, one undone and given again; the report follows, and saves a set."""
    nb.value(
        "(names := list(audit.classes)) and (said := [v or names[0] for v in view.session.labels()]) and 0"
    )
    nb.value("[said.__setitem__(r, names[names.index(said[r]) - 1]) for r in (100, 101, 102)]")
    nb.value("view.give(models={'vit': said, 'soup': said})")
    nb.widget.locator(".ls-card").first.click()
    nb.page.keyboard.press("w")
    expect(nb.widget.locator("[role^=menuitem]:focus")).to_have_attribute("data-value", "most_suspicious")
    nb.page.evaluate(_WRITTEN)
    for key in ("m", "Enter"):
        nb.page.keyboard.press(key)
    pane = nb.widget.get_by_role("region", name="Mistake", exact=True)
    expect(pane).to_contain_text("3 left")
    expect(pane).to_contain_text("by vit, soup")
    row = current_row(nb)
    # The map says which classes the mistake is between.
    for words in (f"{nb.value('view.session.labels()[100]')}\u2069 · given", "\u2069 · predicted"):
        nb.page.wait_for_function("words => window.written.some(s => s.includes(words))", arg=words)
    before = nb.value("len(view.session.events)")
    nb.page.keyboard.press("1")
    expect(pane).to_contain_text("2 left")
    assert current_row(nb) != row
    nb.page.keyboard.press("2")
    expect(pane.get_by_role("group", name="Kind of mistake")).to_be_visible()
    for key in ("3", "6", "Enter"):
        nb.page.keyboard.press(key)
    expect(pane).to_contain_text("1 left")
    said = "[[e.rows[0], *map(e.data.get, ('verdict', 'category', 'severity'))] for e in view.session.events[-2:]]"
    assert nb.value(said) == [[100, "correct", None, None], [101, "wrong", "spurious", "major"]]
    assert nb.value("len(view.session.events)") == before + 2
    nb.page.keyboard.press("ControlOrMeta+z")
    expect(pane).to_contain_text("2 left")
    assert current_row(nb) == 101
    mine = "[(o.place, o.verdict) for o in view._desk.answers.shared.mistaken.review.opinions()]"
    assert [list(one) for one in nb.value(mine)] == [[0, 0]]
    for key in ("2", "6", "Enter"):
        nb.page.keyboard.press(key)
    nb.page.keyboard.press("i")
    drawer = nb.widget.get_by_role("complementary", name="Reports")
    drawer.locator("[data-report='mistakes']").click()
    expect(drawer.get_by_role("button", name=re.compile("^1, still to judge"))).to_be_visible()
    nb.page.keyboard.press("3")
    expect(drawer.get_by_role("button", name=re.compile("still to judge"))).to_have_count(0)
    drawer.locator("[data-action='report-slice']").click()
    nb.until(
        "[f['name'] for f in view._desk.answers.shared.settings.to_json()['saved_filters']] == ['major']"
    )
    path = "sorted(__import__('pathlib').Path.cwd().glob('*-major.json'))[0]"
    assert list(nb.value(f"ls.reports.load_slice({path}).rows")) == [101]
    nb.page.keyboard.press("Escape")
    nb.widget.locator("[data-action='end-queue']").click()
    expect(pane).to_have_count(0)
    drawn = frames(nb)
    nb.page.evaluate("() => { window.written = [] }")
    nb.widget.locator(".ls-card").nth(1).click()
    nb.page.wait_for_function(
        "n => +document.querySelector('.labelscope').shadowRoot.querySelector('[data-frames]').dataset.frames > n",
        arg=drawn,
    )
    assert nb.page.evaluate("() => window.written.filter(s => s.includes('predicted'))") == []


def _votes(nb: Notebook) -> None:
    nb.widget.locator("[data-action='options']").click()
    nb.widget.get_by_role("checkbox", name="Several people vote").check()
    nb.page.keyboard.press("Escape")
    ballot = nb.widget.get_by_role("region", name="Vote", exact=True)
    expect(ballot.locator("[data-vote='second']")).to_be_visible()
    expect(nb.widget.locator(".ls-inspector .ls-labels")).to_have_count(0)
    nb.page.evaluate("() => { window.said = [] }")
    nb.widget.locator(".ls-plot-stage").focus()
    nb.page.keyboard.press("j")
    hear(nb, "labels hidden")
    nb.widget.locator(".ls-card").first.click()
    row = current_row(nb)
    expect(nb.widget.locator(".ls-card.current")).to_contain_text("labels are hidden")
    nb.page.wait_for_function(
        "row => document.querySelector('.labelscope').shadowRoot.querySelector('.ls-ballot [data-vote]')"
        "?.closest('.ls-inspector')?.querySelector('h2')?.textContent.includes(`row ${row}`)",
        arg=row,
    )
    assert nb.page.evaluate(NAMES) == []
    nb.page.keyboard.press("Space")
    hear(nb, "no label changes")
    assert not [said for said in nb.page.evaluate("() => window.said") if "digit-" in said]
    expect(ballot.locator("[data-vote='both']")).to_have_attribute("aria-keyshortcuts", "3")
    nb.page.keyboard.press("3")
    nb.until("kinds()[-1] == 'voted'")
    event = nb.value("[view.session.events[-1].rows, view.session.events[-1].data['option']]")
    assert [list(event[0]), event[1]] == [[row], "both"]
    expect(nb.widget.locator(".ls-inspector h2")).not_to_contain_text(f"row {row} ")
    nb.widget.locator("[data-action='options']").click()
    nb.widget.get_by_role("checkbox", name="Several people vote").uncheck()
    nb.page.keyboard.press("Escape")
    expect(ballot).to_have_count(0)
    assert [text for text in nb.page.evaluate(NAMES) if "digit-" in text]


def _ellipses(nb: Notebook) -> None:
    box = nb.widget.get_by_role("checkbox", name="ellipses")
    box.check()
    expect(box).to_have_attribute("aria-busy", "false", timeout=20_000)
    expect(nb.widget.locator(".ls-legend-check")).to_have_attribute("title", re.compile("two deviations"))
    box.uncheck()


def _the_gate_goes_back(nb: Notebook) -> None:
    at = "float(__import__('labelscope.review.gates', fromlist=['x']).gate_at(view.session))"
    before = nb.value(at)
    gate = nb.widget.get_by_role("slider", name="Gate")
    gate.scroll_into_view_if_needed()
    gate.focus()
    nb.page.keyboard.press("ArrowLeft")
    nb.until("kinds()[-1] == 'gate_set'")
    assert nb.value(at) != before
    gate.dblclick()
    nb.until("view.session.events[-1].data.get('reset') is True")
    assert nb.value(at) == before
    expect(gate).to_have_attribute("aria-valuenow", re.compile(f"^{re.escape(str(round(before, 4)))[:5]}"))
