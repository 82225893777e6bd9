"""What the browser tests do with the widget, said once: select, decide, wait for the page's own state."""

from __future__ import annotations

from typing import Any

from lab import Notebook
from playwright.sync_api import Locator, expect

DIGITS = """
import numpy as np
from sklearn.datasets import load_digits
import labelscope as ls
digits = load_digits()
labels, swapped = ls.testing.symmetric(digits.target, rate=0.05, random_state=0)
audit = ls.audit(digits.images, labels)
_ = audit.map
"""

#: Three classes, and 60 cats called dogs: one cell of the matrix is large enough for a check of 29 rows.
CATS = """
import numpy as np
import labelscope as ls
rng = np.random.default_rng(0)
truth = np.repeat([0, 1, 2], 150)
names = np.array(["bird", "cat", "dog"])
X = (rng.normal(size=(3, 8)) * 6)[truth] + rng.normal(size=(450, 8))
X[[155, 160]] += 9
code = truth.copy()
code[150:210] = 2
P = np.full((450, 3), 0.02); P[np.arange(450), truth] = 0.96
images = (rng.random((450, 12, 12)) * 120 + 60 * truth[:, None, None]).astype("uint8")
audit = ls.audit(images, names[code], features=X.astype("float32"), pred_probs=P, evidence={"map": X[:, :2]})
"""


def view_cell(*, journal: str | None = None, controls: float = 0.0, live: bool = False) -> str:
    """A cell that shows a view without surprises; ``sent`` lists what the kernel said to its pages."""
    return f"""
from labelscope.widget.shared import shared_of
view = ls.view(audit, journal={journal!r})
shared_of(view.session).settings.set(control_rate={controls}, live={live})
sent, _send = [], view.send
def _hear(content, buffers=None):
    sent.append(content)
    return _send(content, buffers)
view.send = _hear
DECIDED = ("relabelled", "kept", "unsure", "excluded", "accepted_set")
def decided():
    return [[e.kind, list(e.rows)] for e in view.session.events if e.kind in DECIDED]
def kinds():
    return [e.kind for e in view.session.events]
view
"""


_LISTEN = """() => {
    const root = document.querySelector('.labelscope').shadowRoot, live = root.querySelector('.ls-live');
    window.said = [];
    new MutationObserver(() => window.said.push(live.textContent))
        .observe(live, {childList: true, characterData: true, subtree: true}); }"""
_SEND = """async ([id, messages]) => {
    const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const comm = kernel._comms.get(id);
    for (const content of messages) await comm.send({method: 'custom', content}); }"""


def listen(notebook: Notebook) -> None:
    """Keep what the live region says from now on."""
    notebook.page.evaluate(_LISTEN)


def hear(notebook: Notebook, words: str) -> None:
    """Wait until the live region has said it."""
    notebook.page.wait_for_function("words => window.said.some(s => s.includes(words))", arg=words)


def forge(notebook: Notebook, *messages: Any) -> None:
    """Send messages to the view's kernel side that no page of ours would send."""
    notebook.page.evaluate(_SEND, [notebook.value("view.model_id"), list(messages)])


def answer_to(notebook: Notebook, identity: str) -> dict[str, Any]:
    """Wait for the kernel's answer to a message."""
    found = f"[m for m in sent if m.get('id') == {identity!r}]"
    return dict(notebook.until(f"{found} and {found}[0]"))


def shown_rows(notebook: Notebook) -> list[int]:
    """Rows of the cards that exist now."""
    cards = notebook.widget.locator(".ls-card").evaluate_all("cards => cards.map(c => +c.dataset.row)")
    return [int(row) for row in cards]


def current_row(notebook: Notebook) -> int:
    return int(notebook.widget.locator(".ls-card.current").first.get_attribute("data-row") or -1)


def plot_box(notebook: Notebook) -> tuple[float, float, float, float]:
    box = notebook.widget.locator(".ls-plot canvas").first.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def frames(notebook: Notebook) -> int:
    return int(notebook.widget.locator("[data-frames]").first.get_attribute("data-frames") or 0)


def lasso(notebook: Notebook, points: list[tuple[float, float]], keys: tuple[str, ...] = ()) -> None:
    """Trace a polygon given in shares of the plot's box."""
    notebook.widget.locator("[data-action='lasso']").click()
    x, y, width, height = plot_box(notebook)
    mouse, keyboard = notebook.page.mouse, notebook.page.keyboard
    corners = [(x + u * width, y + v * height) for u, v in points]
    for key in keys:
        keyboard.down(key)
    mouse.move(*corners[0])
    mouse.down()
    for corner in corners[1:]:
        mouse.move(*corner, steps=8)
    mouse.up()
    for key in keys:
        keyboard.up(key)


def see_page(notebook: Notebook) -> None:
    """Walk through a page of the grid by keys until each card was seen; its button saves from then on."""
    unseen = notebook.widget.locator(".ls-page-card[data-unseen]")
    notebook.widget.locator(".ls-pages").focus()
    notebook.page.keyboard.press("Home")
    for _ in range(notebook.widget.locator(".ls-page-card").count()):
        expect(notebook.widget.locator(".ls-page-card.current:not([data-unseen])")).to_have_count(1)
        if unseen.count() == 0:
            break
        notebook.page.keyboard.press("PageDown")
    expect(notebook.widget.locator("[data-action='page-done']")).to_be_enabled()


def card(notebook: Notebook, row: int) -> Locator:
    return notebook.widget.locator(f".ls-card[data-row='{row}']")


def first_card(notebook: Notebook) -> tuple[Locator, int]:
    found = notebook.widget.locator(".ls-card").first
    found.wait_for()
    return found, int(found.get_attribute("data-row") or -1)


def expect_state(notebook: Notebook, row: int, state: str) -> None:
    """Wait until the card shows the state, saved: nothing pending."""
    expect(card(notebook, row)).to_have_attribute("data-state", state)
    expect(card(notebook, row)).not_to_have_attribute("data-pending", "1")
