"""Columns of the user's frame: colors, legend, ranges, queries with completion, filters that outlive the kernel."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from lab import Notebook
from pages import current_row, first_card, view_cell
from playwright.sync_api import expect

Make = Callable[..., Notebook]

FRAME = """
import warnings; warnings.simplefilter("ignore")
import numpy as np, pandas as pd
import labelscope as ls
rng = np.random.default_rng(0)
kind = np.repeat(["barolo", "barbera", "grignolino"], 100)
X = (rng.normal(size=(3, 6)) * 4)[np.repeat([0, 1, 2], 100)] + rng.normal(size=(300, 6))
frame = pd.DataFrame(X, columns=list("abcdef"))
frame["camera"] = np.tile(["left", "right", "top"], 100)
frame["age"] = np.where(np.arange(300) % 10 == 0, np.nan, np.round(rng.uniform(0, 80, 300), 1))
frame["odd name"] = ["<i>x</i>" if row % 50 == 0 else f"bottle {row}" for row in range(300)]
frame["kind"] = kind
frame.loc[:9, "kind"] = "barbera"
audit = ls.audit(frame, "kind")
"""


def _shown(nb: Notebook) -> int:
    """How many rows pass the filters, as the gallery says."""
    text = nb.widget.locator(".ls-gallery-head").inner_text()
    found = re.search(r"in ([\d,]+)", text) or re.search(r"([\d,]+) suspects?", text)
    assert found is not None, text
    return int(found[1].replace(",", ""))


def _color_by(nb: Notebook, name: str) -> None:
    nb.widget.locator("[data-action='color']").click()
    nb.widget.locator(f"[role^='menuitem'][data-value='column:{name}']").click()
    expect(nb.widget.locator(".ls-legend")).to_have_attribute("aria-busy", "false")


@pytest.mark.kernel_goes_away
def test_columns_color_filter_and_are_asked_for(notebook: Make) -> None:
    nb = notebook([FRAME, view_cell(journal="columns.jsonl")])
    nb.ready()
    _color_by(nb, "camera")
    left = nb.widget.locator(".ls-legend-item", has_text="left")
    expect(left).to_contain_text("100")
    left.click()
    expect(nb.widget.locator("[data-filter='column:camera']")).to_contain_text("left")
    expect(left).to_contain_text("100")
    assert _shown(nb) == 100
    nb.widget.locator(".ls-legend-item", has_text="right").click(modifiers=["Shift"])
    expect(nb.widget.locator(".ls-head-rest")).to_have_text("in 200")
    nb.widget.locator("[data-action='clear-filters']").click()

    _color_by(nb, "age")
    handle = nb.widget.get_by_role("slider", name="Least age shown")
    handle.focus()
    nb.page.keyboard.press("PageUp")
    nb.page.keyboard.press("PageUp")
    expect(nb.widget.locator("[data-filter='column:age']")).to_be_visible()
    least = float(handle.get_attribute("aria-valuenow") or "nan")
    assert _shown(nb) == nb.value(f"int((frame.age >= {least}).sum())")
    nb.widget.locator("[data-action='clear-filters']").click()
    _ask(nb)
    _judges(nb)
    _saved_filters_outlive_the_kernel(nb)


def _ask(nb: Notebook) -> None:
    first_card(nb)[0].click()
    keys = nb.page.keyboard
    keys.press("q")
    query = nb.widget.get_by_role("combobox", name="Query")
    expect(query).to_be_focused()
    keys.type("cam")
    expect(nb.widget.locator(".ls-completions [role='option']").first).to_contain_text("camera")
    keys.press("Tab")
    expect(query).to_have_value(re.compile("^camera"))
    query.fill("camera == 'left' and age betwen 3 and 50")
    query.press("Enter")
    wrong = nb.widget.locator(".ls-query-says.wrong")
    expect(wrong.locator("mark")).to_have_text(re.compile("^betwen"))
    expect(wrong).to_contain_text("At character 26")
    assert _shown(nb) == 300, "a query that is wrong filters nothing"
    query.fill("camera == 'left' and age between 3 and 50 and `odd name` contains 'bottle'")
    query.press("Enter")
    expected = nb.value(
        "int(((frame.camera == 'left') & frame.age.between(3, 50) & frame['odd name'].str.contains('bottle')).sum())"
    )
    assert 0 < expected < 100
    expect(nb.widget.locator(".ls-query-says")).to_have_text(f"{expected} rows found")
    assert _shown(nb) == expected
    nb.widget.get_by_label("Name of the filter").fill("left, <b>young</b>")
    nb.widget.get_by_label("Name of the filter").press("Enter")
    nb.until("'filter_saved' in kinds()")
    nb.widget.locator(".ls-title").click()
    expect(query).to_have_count(0)
    nb.widget.locator("[data-action='clear-filters']").click()
    expect(nb.widget.locator("[data-filter='query']")).to_have_count(0)


def _judges(nb: Notebook) -> None:
    """Given in the next cell: a strip, columns, names of queries, and a report whose plan is one step."""
    first_card(nb)[0].click()
    nb.page.keyboard.press("Home")
    row = current_row(nb)
    assert row < 10, "a barolo that is called barbera comes first"
    nb.value(
        "view.give(judges=pd.DataFrame({'sharp <b>': kind, 'dull': np.where(np.arange(300) < 60, None, 'cava')}))"
    )
    strip = nb.widget.get_by_role("region", name="Judges", exact=True)
    expect(strip).to_contain_text("1 of 2 answered")
    expect(strip.locator("[data-judge='dull']")).to_contain_text("abstained")
    expect(strip.locator("[data-judge='sharp <b>']")).to_contain_text("barolo")
    strip.get_by_role("button", name=re.compile("^sharp <b> says barolo")).click()
    nb.until(f"decided() == [['relabelled', [{row}]]]")
    assert nb.value("view.session.events[-1].source") == "suggestion"
    nb.page.keyboard.press("q")
    query = nb.widget.get_by_role("combobox", name="Query")
    query.fill("judge_verdict == 'barolo' and judge_c")
    expect(nb.widget.locator(".ls-completions [role='option']").first).to_contain_text("judge_confidence")
    query.fill("judge_verdict == 'barolo' and judge_confidnce > .5")
    query.press("Enter")
    expect(nb.widget.locator(".ls-query-says.wrong")).to_contain_text("'judge_confidence'")
    query.fill("judge_verdict == 'barolo' and given == 'barbera' and score_self_confidence >= 0")
    query.press("Enter")
    expect(nb.widget.locator(".ls-query-says")).to_have_text("10 rows found")
    nb.page.keyboard.press("Escape")
    nb.widget.locator("[data-action='clear-filters']").click()
    first_card(nb)[0].click()
    nb.page.keyboard.press("i")
    drawer = nb.widget.get_by_role("complementary", name="Reports")
    drawer.locator("[data-report='judges']").click()
    expect(drawer.get_by_role("img", name=re.compile("as judges say: 100 % of 1 at 100 %"))).to_be_visible()
    drawer.get_by_role("button", name=re.compile("^10, sharp <b>, flags: select")).click()
    nb.until("view.selection.tolist() == list(range(10))")
    drawer.locator("[data-action='report-bulk']").click()
    sheet = nb.widget.get_by_role("dialog")
    expect(sheet).to_contain_text("Labels of which judges are 0.80 sure or more")
    expect(sheet.locator("[data-action='accept-plan']")).to_have_text(re.compile("^Accept 9 rows"))
    nb.page.keyboard.press("Enter")
    nb.until("[e.source for e in view.session.events if e.rows] == ['suggestion', 'judge']")
    assert nb.value("[view.session.progress().by_machine, view.session.progress().reviewed]") == [9, 1]
    drawer.locator("[data-action='close-reports']").click()
    # Suggestions accepted in one go are no looks, and the page counts them apart.
    nb.value("len(view.session.accept([20, 21, 22]))")
    said = re.compile("^1 reviewed, 3 accepted in one go and 9 decided by a method, of ")
    expect(nb.widget.get_by_role("progressbar", name="Reviewed")).to_have_attribute("aria-valuetext", said)
    for left in (10, 1, 0):
        nb.widget.locator("[data-action='undo']").click()
        nb.until(f"int((view.session.state.state != 0).sum()) == {left}")
    nb.page.keyboard.press("Escape")


def _saved_filters_outlive_the_kernel(nb: Notebook) -> None:
    nb.restart_kernel()
    nb.run(0)
    nb.run(1)
    nb.ready()
    first_card(nb)[0].click()
    nb.page.keyboard.press("q")
    saved = nb.widget.locator(".ls-saved-filters .ls-line")
    expect(saved).to_contain_text("left, <b>young</b>")
    saved.click()
    expect(nb.widget.locator("[data-filter='query']")).to_contain_text("camera == 'left'")
    assert 0 < _shown(nb) < 100
    nb.page.keyboard.press("Escape")
