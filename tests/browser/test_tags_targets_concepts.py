"""Sets of tags, numbers, and attributes beside a class, reviewed by keyboard in a real notebook."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lab import Notebook
from pages import current_row, hear, listen, view_cell
from playwright.sync_api import Locator, expect

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
Make = Callable[..., Notebook]

TAGS = """
import numpy as np
import labelscope as ls
rng = np.random.default_rng(0)
names = ["anger", "fear", "joy", "love", "sad one", "surprise"]
truth = rng.random((160, 6)) < [0.4, 0.3, 0.5, 0.1, 0.2, 0.08]
hidden = truth & (rng.random(truth.shape) < 0.2)
given = (truth & ~hidden) | (~truth & (rng.random(truth.shape) < 0.03))
X = (truth @ rng.normal(size=(6, 10)) * 2 + rng.normal(size=(160, 10)) * 0.4).astype("float32")
P = np.clip(truth * 0.86 + 0.05 + rng.normal(size=truth.shape) * 0.02, 0.01, 0.99)
sets = [[names[k] for k in np.flatnonzero(row)] for row in given]
sets[153] = None
texts = [f"message {k}" for k in range(160)]
audit = ls.audit(texts, sets, features=X, pred_probs=P, task="multilabel", evidence={"map": X[:, :2]})
"""

TAXONOMY = """
from dataclasses import replace
taxonomy = ls.labels.Taxonomy.of({**dict.fromkeys(names), "surprise": "sad one"})
audit = replace(audit, evidence=audit.evidence.including(taxonomy=taxonomy))
"""

HAS_JOY = "'joy' in tags for tags in view.session.labels() if tags is not None"

NUMBERS = """
import numpy as np
import labelscope as ls
rng = np.random.default_rng(1)
X = rng.normal(size=(200, 4)).astype("float32")
y = (3 * X[:, 0] + X[:, 1] + 10).round(2).astype(float)
given = y.copy()
given[:6] += [8, -8, 7, -7, 9, -9]
evidence = {"map": X[:, :2], "predictions": y + rng.normal(size=200) * 0.2}
audit = ls.audit(X, given, features=X, task="regression", evidence=evidence)
"""

BIRDS = """
import numpy as np
import pyarrow as pa
import labelscope as ls
rng = np.random.default_rng(0)
y = np.repeat([0, 1], 90)
held = np.column_stack([y, y, 1 - y, rng.random(180) < 0.5]).astype(float)
X = (rng.normal(size=(180, 3)) + y[:, None]).astype("float32")
held[3] = held[7] = (1, 1, 0, 0)
attributes = pa.table({name: held[:, k] for k, name in enumerate(["wings", "beak", "fins", "stripes"])})
dataset = ls.Dataset(X, np.array(["fish", "bird"])[y], concepts=attributes)
audit = ls.audit(dataset, features=X, evidence={"map": X[:, :2]})
"""


def go_to(nb: Notebook, row: int) -> None:
    """Show a row in the inspector, with its chips or its target."""
    nb.value(f"setattr(view, 'current', {row})")
    expect(nb.widget.locator(".ls-inspector h2")).to_contain_text(f"row {row}")
    expect(nb.widget.locator(".ls-inspector [aria-busy=true]")).to_have_count(0)


def chip(nb: Notebook, tag: str) -> Locator:
    return nb.widget.locator(f".ls-tags .ls-tag[data-tag='{tag}']")


def press(nb: Notebook, *keys: str) -> None:
    for key in keys:
        nb.page.keyboard.press(key)


def tags_of(nb: Notebook, row: int) -> list[str]:
    return list(nb.value(f"list(view.session.labels()[{row}])"))


def with_suggestions(nb: Notebook) -> tuple[int, list[str]]:
    """A row that lacks one tag by its suggestion and has none wrongly; its ghosts."""
    found = nb.value("""(lambda d, now: [[int(r), [names[k] for k in np.flatnonzero(d[r] & ~now[r])]]
        for r in np.argsort(-audit.suspicion) if (d[r] & ~now[r]).any() and not (now[r] & ~d[r]).any()])(
        np.asarray(audit.main.suggested) > 0, view.session.state.tags > 0)[0]""")
    return int(found[0]), list(found[1])


def test_tags_are_accepted_refused_and_typed_by_keyboard(notebook: Make) -> None:
    nb = notebook([TAGS + TAXONOMY, view_cell()])
    nb.ready().locator(".ls-card").first.click()
    listen(nb)
    expect(nb.widget.locator(".ls-tagpanel [data-tag='joy']")).to_be_visible()
    row, ghosts = with_suggestions(nb)
    before = tags_of(nb, row)
    go_to(nb, row)
    ghost = chip(nb, ghosts[0])
    expect(ghost).to_have_attribute("data-mark", "ghost")
    digit = ghost.locator("kbd").inner_text()

    press(nb, digit)
    hear(nb, f"{ghosts[0]} added.")
    assert sorted(tags_of(nb, row)) == sorted([*before, ghosts[0]])
    expect(ghost).to_have_attribute("data-mark", "solid")
    assert current_row(nb) == row, "one tag of many does not end the row"
    press(nb, "Control+z")
    nb.until(f"list(view.session.labels()[{row}]) == {before}")
    expect(ghost).to_have_attribute("data-mark", "ghost")

    press(nb, f"Shift+Digit{digit}")
    nb.until("view.session.events[-1].kind == 'tags_removed'")
    assert tags_of(nb, row) == before
    expect(ghost).not_to_have_attribute("data-mark", "ghost")
    press(nb, "Control+z")
    expect(ghost).to_have_attribute("data-mark", "ghost")

    press(nb, "Enter")
    nb.until(f"sorted(view.session.labels()[{row}]) == {sorted([*before, *ghosts])}")
    nb.page.wait_for_function("row => !document.querySelector('.labelscope').shadowRoot"
                              ".querySelector('.ls-inspector h2').textContent.includes(`row ${row}`)", arg=row)  # fmt: skip
    _the_box_takes_tags_that_there_are_only(nb, row)
    _a_tag_brings_what_it_implies(nb)
    _a_cut_is_one_step(nb)
    _a_check_of_a_tag_ends_with_the_rest(nb)


def _the_box_takes_tags_that_there_are_only(nb: Notebook, row: int) -> None:
    go_to(nb, row)
    n = nb.value("len(view.session.events)")
    had = "sad one" in tags_of(nb, row)
    press(nb, "l")
    field = nb.widget.locator(".ls-tagbox input")
    field.fill("happiness")
    press(nb, "Enter")
    hear(nb, "“happiness” is not among the 6 tags.")
    assert nb.value("len(view.session.events)") == n
    field.fill("one")  # the beginning of a word
    expect(nb.widget.locator(".ls-tagbox [role=option]").first).to_have_attribute("data-tag", "sad one")
    press(nb, "Enter")
    nb.until(f"('sad one' in view.session.labels()[{row}]) != {had}")
    press(nb, "Escape")
    expect(field).to_have_count(0)


def _a_tag_brings_what_it_implies(nb: Notebook) -> None:
    row = nb.value("""next(k for k in range(120) if view.session.state.state[k] == 0
        and not {"surprise", "sad one"} & set(view.session.labels()[k]))""")
    before = tags_of(nb, row)
    go_to(nb, row)
    press(nb, "l")
    field = nb.widget.locator(".ls-tagbox input")
    field.fill("sad one/sur")  # by what is above it
    expect(nb.widget.locator(".ls-tagbox [role=option]").first).to_have_attribute("data-tag", "surprise")
    expect(nb.widget.locator(".ls-tagbox .ls-preview")).to_contain_text("with it: sad one")
    press(nb, "Enter")
    hear(nb, f"Row {row}: surprise added, with sad one.")
    assert sorted(tags_of(nb, row)) == sorted([*before, "sad one", "surprise"])
    press(nb, "Escape")
    expect(field).to_have_count(0)
    expect(nb.widget.locator(".ls-toast")).to_contain_text("with sad one")
    press(nb, "Control+z")
    nb.until(f"list(view.session.labels()[{row}]) == {before}")


def _a_cut_is_one_step(nb: Notebook) -> None:
    widget = nb.widget
    widget.locator(".ls-tag-line[data-tag='joy']").click()
    button = widget.locator("[data-action='accept-missing']")
    expect(button).to_be_enabled()
    slider = widget.locator("[data-action='cut-missing']")
    slider.focus()
    press(nb, "ArrowLeft", "ArrowLeft")
    expect(button).to_be_enabled()
    wanted = int(button.inner_text().split()[2])
    before = nb.value(f"sum({HAS_JOY})")
    button.click()
    expect(widget.locator(".ls-bulk h2")).to_contain_text(f"Add “joy” to {wanted} row")
    press(nb, "Enter")
    nb.until(f"sum({HAS_JOY}) == {before + wanted}")
    press(nb, "Control+z")
    nb.until(f"sum({HAS_JOY}) == {before}")
    # The tag as color and as filter.
    widget.locator("[data-action='filter-tag']").click()
    expect(widget.locator(".ls-head-rest")).to_have_text(f"in {before}")
    widget.locator("[data-action='filter-tag']").click()
    widget.locator("[data-action='color-tag']").click()
    expect(widget.locator(".ls-legend-item[data-code='0']")).to_contain_text("yes")


def _a_check_of_a_tag_ends_with_the_rest(nb: Notebook) -> None:
    """On rows that all lack a tag the bound is met after as many right ones as are drawn."""
    widget = nb.widget
    nb.value("""(lambda rows: view.session.remove_tags(rows, 'anger') and view.session.undo() and 0)([0])""")
    widget.locator("[data-action='cut-missing']").fill("0.05")
    expect(widget.locator("[data-action='check-missing']")).to_be_enabled()
    widget.locator("[data-action='check-missing']").click()
    sheet = widget.locator(".ls-check")
    expect(sheet).to_be_visible()
    if widget.locator("[data-action='start-check']").is_disabled():
        press(nb, "Escape")  # fewer rows than a check needs: looking at all is no more work, and it says so
        return
    press(nb, "Enter")
    bar = widget.locator(".ls-checkbar")
    expect(bar).to_contain_text("Check + joy")
    n = nb.value("len(decided())")
    press(nb, "Enter")
    nb.until(f"view.session.events[-1].kind == 'tags_added' and len(decided()) == {n}")
    expect(bar).to_contain_text("1 of")
    bar.locator("[data-action='end-check']").click()
    expect(bar).to_have_count(0)


def test_a_selection_of_rows_gets_a_tag_in_one_step(notebook: Make) -> None:
    nb = notebook([TAGS, view_cell()])
    nb.ready().locator(".ls-card").first.click()
    rows = nb.value("[k for k, tags in enumerate(sets) if 'love' not in (tags or ['love'])][:9]")
    nb.value(f"setattr(view, 'selection', {rows})")
    expect(nb.widget.locator(".ls-scope")).to_contain_text("9 rows selected")
    press(nb, "l")
    nb.page.keyboard.type("lov")
    press(nb, "Tab", "Enter")
    expect(nb.widget.locator(".ls-bulk h2")).to_have_text("Add “love” to 9 rows?")
    press(nb, "Enter")
    nb.until(f"all('love' in view.session.labels()[k] for k in {rows})")
    press(nb, "Control+z")
    nb.until(f"not any('love' in view.session.labels()[k] for k in {rows})")
    nb.value("setattr(view, 'selection', [])")
    expect(nb.widget.locator(".ls-scope")).to_have_count(0)
    _a_row_that_nobody_tagged_gets_what_is_shown(nb)


def _a_row_that_nobody_tagged_gets_what_is_shown(nb: Notebook) -> None:
    go_to(nb, 153)
    assert nb.value("view.session.labels()[153] is None")
    ghosts = nb.widget.locator(".ls-tags .ls-tag[data-mark='ghost']")
    wanted = nb.value("sorted(name for name, on in zip(names, audit.main.suggested[153]) if on)")
    assert wanted
    expect(ghosts).to_have_count(len(wanted))
    shown = ghosts.evaluate_all("all => all.map(one => one.dataset.tag)")
    assert sorted(shown) == wanted
    press(nb, "Enter")
    nb.until(f"sorted(view.session.labels()[153] or []) == {wanted}")


def test_numbers_are_accepted_and_typed(notebook: Make) -> None:
    nb = notebook([NUMBERS, view_cell()])
    widget = nb.ready()
    expect(widget.locator("[data-action='color']")).to_contain_text("target")
    expect(widget.locator(".ls-scatter canvas")).to_be_visible()
    widget.locator(".ls-card").first.click()
    row = nb.value("int(np.argmax(audit.suspicion))")
    before = nb.value(f"view.session.labels()[{row}].item()")
    suggested = nb.value(f"float(audit.main.details['suggested_value'][{row}])")
    go_to(nb, row)
    field = widget.locator("[data-action='number']")
    assert float(field.input_value()) == pytest.approx(suggested)
    assert widget.locator(".ls-axis").get_attribute("aria-label").startswith("given ")

    press(nb, "Enter")
    nb.until(f"abs(view.session.labels()[{row}] - {suggested}) < 1e-9")
    press(nb, "Control+z")
    nb.until(f"view.session.labels()[{row}] == {before}")
    go_to(nb, row)

    press(nb, "l")
    expect(field).to_be_focused()
    nb.page.keyboard.type("about twelve")
    press(nb, "Enter")
    expect(widget.locator(".ls-number-problem")).to_contain_text("is not a number")
    field.fill("12,25")
    press(nb, "Enter")
    nb.until(f"view.session.labels()[{row}] == 12.25")
    press(nb, "Control+z")
    nb.until(f"view.session.labels()[{row}] == {before}")
    _order_and_color_by_one_scorer(nb)


def _order_and_color_by_one_scorer(nb: Notebook) -> None:
    name = nb.value("list(audit.scores)[1]")
    first = nb.value(f"int(np.argmax(audit.scores[{name!r}].suspicion))")
    nb.widget.locator("[data-action='score']").click()
    nb.widget.locator("[role^=menuitem]").nth(1).click()
    nb.page.wait_for_function("row => +document.querySelector('.labelscope').shadowRoot"
                              ".querySelector('.ls-card').dataset.row === row", arg=first)  # fmt: skip
    expect(nb.widget.locator(".ls-legend-number")).to_contain_text(name)


def test_one_fix_proposes_others_and_changes_nothing_unasked(notebook: Make) -> None:
    nb = notebook([BIRDS, view_cell()])
    widget = nb.ready()
    widget.locator(".ls-card").first.click()
    listen(nb)
    go_to(nb, 3)
    assert nb.value("view.session.state.tags[3].tolist()") == [1, 1, 0, 0]
    # What Enter would change is marked, and said on its button.
    marked = widget.locator(".ls-tags :is([data-mark=ghost], [data-mark=struck])")
    named = sorted(marked.evaluate_all("all => all.map(one => one.dataset.tag)"))
    assert named == nb.value("""sorted(name for name, now, then in zip(view.session.state.tag_names,
        view.session.state.tags[3], audit.main.details["suggested_concepts"][3]) if now != then)""")
    accept = widget.locator(".ls-inspector [data-action='accept']")
    expect(accept).to_contain_text("changes" if len(named) > 2 else f" {named[0]}")
    chip(nb, "beak").locator(".ls-tag-main").click()
    nb.until("view.session.state.tags[3].tolist() == [1, 0, 0, 0]")
    proposals = widget.locator(".ls-proposal")
    expect(proposals.first).to_be_visible()
    assert nb.value("view.session.events[-1].kind") == "proposed"
    assert nb.value("view.session.state.tags[3].tolist()") == [1, 0, 0, 0], "nothing changes unasked"
    expect(widget.locator(".ls-tags .glow").first).to_be_visible()
    wanted = sorted(proposals.evaluate_all("all => all.map(one => one.dataset.variable)"))
    assert {"wings", "fins"} <= set(wanted)

    nb.value("setattr(view, 'selection', [5, 6, 7, 8])")
    expect(widget.locator(".ls-scope")).to_contain_text("4 rows selected")
    widget.locator("[data-action='fix-similar']").click()
    expect(widget.locator(".ls-bulk h2")).to_have_text("Fix 1 row like row 3?")
    press(nb, "Enter")
    expect(widget.locator(".ls-bulk")).to_have_count(0)
    nb.until("view.session.state.tags[7].tolist() == [0, 0, 1, 0]")
    expect(widget.locator("[data-action='undo']")).to_be_enabled()
    press(nb, "Control+z")
    nb.until("view.session.state.tags[7].tolist() == [1, 1, 0, 0]")

    nb.value("setattr(view, 'selection', [])")
    expect(widget.locator(".ls-scope")).to_have_count(0)
    go_to(nb, 3)
    expect(proposals.first).to_be_visible()
    press(nb, "e")
    nb.until("view.session.state.tags[3].tolist() == [0, 0, 1, 0]")
    assert nb.value("view.session.events[-1].source") == "propagated"
    expect(proposals).to_have_count(0)
    press(nb, "Control+z")
    nb.until("view.session.state.tags[3].tolist() == [1, 0, 0, 0]")
    # A rule's cell shows the rows that break it.
    cell = widget.locator(".ls-rules .ls-cell[aria-disabled=false]").first
    broken = int(cell.inner_text())
    cell.click()
    shown = re.compile(rf"\b{broken} (suspect|row)|suspects?in {broken}(?!\d)")
    expect(widget.locator(".ls-gallery-head")).to_contain_text(shown)
