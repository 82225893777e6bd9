"""Every kind of media, hostile and broken data, other hosts, no kernel, and accessibility."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import Browser, Notebook, start_marimo
from pages import DIGITS, card, expect_state, first_card
from playwright.sync_api import expect

Make = Callable[..., Notebook]
AXE = Path(__file__).resolve().parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"

WORDS = """
import numpy as np
import labelscope as ls
rng = np.random.default_rng(0)
topics = {"fruit": "apple pear plum cherry grape".split(), "metal": "iron zinc copper silver gold".split()}
labels = ["fruit", "metal"] * 60
texts = [" ".join(rng.choice(topics[label], 6)) for label in labels]
texts[7] = "<img src=x onerror='window.hacked = 1'><b>bold</b>"
labels[3], labels[10] = "fruit", "metal"
view = ls.view(ls.audit(texts, labels), journal=None)
view
"""
SOUNDS = """
import io, wave
import numpy as np
import labelscope as ls
def sound(pitch, seed):
    rng = np.random.default_rng(seed)
    t = np.arange(4000) / 8000
    x = np.sin(2 * np.pi * pitch * t) * 9000 + rng.normal(size=4000) * 300
    stream = io.BytesIO()
    with wave.open(stream, "wb") as out:
        out.setnchannels(1); out.setsampwidth(2); out.setframerate(8000)
        out.writeframes(x.astype("<i2").tobytes())
    return stream.getvalue()
labels = ["low", "high"] * 20
view = ls.view(ls.audit([sound({"low": 220, "high": 1200}[l], i) for i, l in enumerate(labels)], labels), journal=None)
view
"""
TABLE = """
import numpy as np
import pandas as pd
import labelscope as ls
from sklearn.datasets import load_wine
frame = load_wine(as_frame=True).frame
frame["kind"] = np.array(["barolo", "grignolino", "barbera"])[frame.pop("target")]
frame["remark"] = "<script>window.hacked = 1</script>"
frame.loc[4, "kind"] = "barbera"
view = ls.view(ls.audit(frame, "kind"), journal=None)
view
"""
BROKEN = """
import io, warnings
import numpy as np
from PIL import Image
import labelscope as ls
warnings.simplefilter("ignore")
def picture(shade, seed):
    pixels = np.random.default_rng(seed).normal(shade, 12, (24, 24, 3)).clip(0, 255).astype(np.uint8)
    stream = io.BytesIO(); Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
labels = ["dark", "light"] * 20
items = [picture({"dark": 60, "light": 190}[l], i) for i, l in enumerate(labels)]
items[4] = b"\\x89PNG\\r\\n\\x1a\\nbroken"
rng = np.random.default_rng(0)
features = np.array([[l == "dark", l == "light"] for l in labels]) + rng.normal(0, .1, (40, 2))
view = ls.view(ls.audit(items, labels, features=features), journal=None)
view
"""


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(WORDS, ".ls-card.text"), (SOUNDS, ".ls-card.audio"), (TABLE, ".ls-card.table")],
    ids=["text", "audio", "table"],
)
def test_kinds_of_media_are_reviewed_alike(cell: str, shown: str, notebook: Make) -> None:
    nb = notebook([cell])
    nb.ready()
    expect(nb.widget.locator(shown).first).to_be_visible()
    found, row = first_card(nb)
    found.click()
    nb.page.keyboard.press("u")
    expect_state(nb, row, "unsure")
    assert nb.value("view.session.progress().unsure") == 1
    assert not nb.page.evaluate("'hacked' in window"), "data ran as markup"


def test_text_is_text(notebook: Make) -> None:
    nb = notebook([WORDS])
    nb.ready()
    nb.value("setattr(view, 'current', 7)")
    expect(card(nb, 7)).to_contain_text("<img src=x onerror=")
    assert card(nb, 7).locator("img, b:has-text('bold')").count() == 0
    assert not nb.page.evaluate("'hacked' in window")


def test_sound_plays_from_the_card(notebook: Make) -> None:
    nb = notebook([SOUNDS])
    nb.ready()
    first_card(nb)[0].click()
    expect(nb.widget.locator("audio").first).to_have_attribute("src", re.compile("^blob:"))


def test_broken_media_have_a_placeholder(notebook: Make) -> None:
    nb = notebook([BROKEN])
    nb.ready()
    nb.value("setattr(view, 'current', 4)")
    expect(card(nb, 4)).to_be_visible()
    expect(card(nb, 4).locator("img")).to_have_count(0)
    nb.value("setattr(view, 'current', 5)")
    expect(card(nb, 5).locator("img")).to_be_visible()


@pytest.mark.parametrize("n", [1, 2])
def test_tiny_data_are_shown(n: int, notebook: Make) -> None:
    cell = f"""
import warnings; warnings.simplefilter("ignore")
import numpy as np
import labelscope as ls
view = ls.view(ls.audit(np.arange({n * 3}.0).reshape({n}, 3), ["a", "b"][:{n}]), journal=None)
view"""
    nb = notebook([cell])
    nb.ready()
    expect(nb.widget.locator(".ls-card")).to_have_count(n)


def test_no_serious_accessibility_violation(notebook: Make) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    nb.page.evaluate(AXE.read_text())
    run = """async () => (await axe.run(document.querySelector('.labelscope'), {resultTypes: ['violations']}))
        .violations.filter(v => ['serious', 'critical'].includes(v.impact))
        .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)).join(' | '))"""
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        nb.page.evaluate("t => jupyterapp.commands.execute('apputils:change-theme', {theme: t})", theme)
        expect(nb.widget).to_have_attribute("data-theme", "dark" if "Dark" in theme else "light")
        assert nb.page.evaluate(run) == []
    nb.page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")


def test_marimo_reviews_too(browser: Browser, tmp_path: Path) -> None:
    source = """
import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    import numpy as np
    import labelscope as ls
    from sklearn.datasets import load_iris
    X, y = load_iris(return_X_y=True)
    y = y.copy(); y[7] = 2
    view = ls.view(ls.audit(X, y), journal="{journal}")
    shown = mo.ui.anywidget(view)
    return shown,

@app.cell
def _(shown):
    shown
    return
""".replace("{journal}", str(tmp_path / "m.jsonl"))
    server = start_marimo(tmp_path / "marimo", source)
    try:
        page = browser.page(server.url)
        root = page.locator(".ls-root[data-ready='1']").first
        root.wait_for()
        found = root.locator(".ls-card").first
        row = found.get_attribute("data-row")
        found.click()
        page.keyboard.press("Enter")
        expect(root.locator(f".ls-card[data-row='{row}']")).to_have_attribute("data-state", "relabelled")
        expect(root.locator(f".ls-card[data-row='{row}']")).not_to_have_attribute("data-pending", "1")
        assert f'"rows":[{row}]' in (tmp_path / "m.jsonl").read_text().replace(" ", "")
        page.close()
    finally:
        server.stop()


def test_a_page_without_kernel_shows_the_static_picture(
    notebook: Make, browser: Browser, tmp_path: Path
) -> None:
    nb = notebook([DIGITS, "view = ls.view(audit, journal=None)\nview"])
    nb.ready()
    html = nb.page.evaluate(
        "jupyterapp.shell.currentWidget.content.widgets[1].model.outputs.toJSON()"
        ".map(o => (o.data || {})['text/html']).find(Boolean)"
    )
    html = "".join(html) if isinstance(html, list) else html
    (tmp_path / "static.html").write_text(f"<!doctype html><meta charset=utf-8>{html}")
    page = browser.page(f"file://{tmp_path / 'static.html'}")
    expect(page.locator("table tr").nth(3)).to_be_visible()
    expect(page.locator("img, svg").first).to_be_visible()
    assert "http://" not in html.replace("http://www.w3.org", "") and "https://" not in html
    page.close()


MIXED = """
import io
import numpy as np, pandas as pd
from PIL import Image
import labelscope as ls

def png(image):
    held = io.BytesIO()
    Image.fromarray((image * 15).astype(np.uint8)).save(held, "PNG")
    return held.getvalue()

from sklearn.datasets import load_digits
digits = load_digits()
frame = pd.DataFrame({
    "photo": [png(image) for image in digits.images[:120]],
    "title": ["<b>seen</b> at %d o'clock" % (i % 24) for i in range(120)],
    "label": digits.target[:120],
})
audit = ls.audit(ls.Dataset(frame, "label", media=["photo", "title"]))
view = ls.view(audit, journal=None)
view
"""


def test_a_picture_keeps_its_words_beside_it(notebook: Make) -> None:
    nb = notebook([MIXED])
    nb.ready()
    found = nb.widget.locator(".ls-card").first
    expect(found.locator("img")).to_be_visible()
    expect(found).to_contain_text("<b>seen</b> at")
    found.click()
    expect(nb.widget.locator(".ls-media.record")).to_contain_text("title")
    assert not nb.widget.locator(".ls-card b", has_text="seen").count(), "words are shown as words"
