"""A packet in Chromium with the network off: a colleague reviews, downloads, and Python takes it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lab import Browser
from playwright.sync_api import Page, expect

import labelscope as ls

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
EVIL = (
    "<img src=https://example.org/x onerror='window.hacked = 1'></script><script>window.hacked = 1</script>"
)


@pytest.fixture
def session() -> ls.Session:
    rng = np.random.default_rng(0)
    texts = [EVIL if k == 0 else f"text {k}" for k in range(40)]
    dataset = ls.Dataset(texts, ["cat", "dog"] * 20, media="text")
    suspicion = np.linspace(0.99, 0, 40).astype(np.float32)
    codes = np.where(np.arange(40) < 8, 1 - dataset.labels.codes, dataset.labels.codes)
    audit = ls.Audit.from_arrays(
        dataset, suspicion=suspicion, suggested_codes=codes, evidence={"map": rng.random((40, 2))}
    )
    return ls.Session(audit, journal=None, reviewer="ada")


def begin(page: Page, path: Path, name: str = "bob") -> tuple[list[str], list[str]]:
    """Open a packet; returns what the console says and what is asked of the network."""
    console: list[str] = []
    asked: list[str] = []
    page.on("console", lambda m: console.append(f"{m.type}: {m.text}"))
    page.on("pageerror", lambda e: console.append(f"pageerror: {e}"))
    page.on("request", lambda r: asked.append(r.url))
    page.goto(path.as_uri())
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Start").click()
    page.locator(".labelscope .ls-root[data-ready]").wait_for()
    page.locator(".labelscope").focus()
    return console, asked


def decide(page: Page, key: str, n: int) -> None:
    page.keyboard.press(key)
    expect(page.locator(".bar .count")).to_have_text(
        f"{n} {'decision' if n == 1 else 'decisions'} to download"
    )


def download(page: Page, target: Path, name: str = "bob") -> Path:
    with page.expect_download() as caught:
        page.get_by_role("button", name="Download journal").click()
    assert caught.value.suggested_filename == f"dataset-{name}.jsonl"
    caught.value.save_as(target)
    return target


def test_a_colleague_reviews_without_python_and_the_journal_comes_back(
    browser: Browser, session: Any, tmp_path: Path
) -> None:
    path = ls.report(session, tmp_path / "packet.html")
    assert isinstance(path, Path)
    page = browser.context.new_page()
    page.set_default_timeout(30_000)
    console, asked = begin(page, path)
    for n, key in enumerate(("Enter", "Space", "u", "Enter"), start=1):
        decide(page, key, n)
    page.keyboard.press("Control+z")
    expect(page.locator(".bar .count")).to_have_text("5 decisions to download")
    page.reload()
    begin(page, path)
    # Closed by accident, nothing is lost: the browser kept what was not downloaded.
    expect(page.locator(".bar .count")).to_have_text("5 decisions to download")
    journal = download(page, tmp_path / "bob.jsonl")
    expect(page.locator(".bar .count")).to_have_text("All downloaded")
    assert page.evaluate("window.hacked") is None
    page.close()
    assert console == []
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []
    first = session.queue()[:4]
    report = session.merge(journal)
    assert report.added == 5 and report.conflicts == ()
    assert session.state.state[first].tolist() == [1, 2, 3, 0]
    assert {event.reviewer for event in session.events} == {"bob"}


def test_a_note_is_saved_by_its_key(browser: Browser, session: Any, tmp_path: Path) -> None:
    path = ls.report(session, tmp_path / "packet.html")
    assert isinstance(path, Path)
    page = browser.context.new_page()
    page.set_default_timeout(30_000)
    console, _ = begin(page, path, "eve")
    page.keyboard.press("n")
    page.keyboard.type("<b>odd</b> שלום")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".bar .count")).to_have_text("1 decision to download")
    session.merge(download(page, tmp_path / "eve.jsonl", "eve"))
    page.close()
    assert session.note_of(int(session.queue()[0])) == "<b>odd</b> שלום"
    assert console == []
