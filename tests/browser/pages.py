"""What the browser tests do with the widget, said once: select, decide, wait for the page's own state."""

from __future__ import annotations

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
