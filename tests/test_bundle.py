"""What VS Code and Colab restrict: the bundle must not need it."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

BUNDLE = Path(__file__).resolve().parents[1] / "labelscope" / "static" / "widget.js"


@pytest.fixture(scope="module")
def text() -> str:
    assert BUNDLE.is_file(), "the bundle is not built: run `make build`"
    return BUNDLE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"import\.meta", "assets beside the module do not resolve in marimo, VS Code and Colab"),
        (r"(?<![\w$.])import\s*\(", "no second module can be fetched"),
        (r"(?<![\w$.])import\s*[\"'{*]", "no module but this one"),
        (r"new\s+(Shared)?Worker\b", "workers made from blobs are refused by some hosts"),
        (r"(?<![\w$.])eval\s*\(|new\s+Function\b", "content security policies forbid it"),
        (r"(?<![\w$.])(?<!async )fetch\s*\(|XMLHttpRequest|sendBeacon", "the network may be off"),
        (r"document\.cookie|localStorage|sessionStorage", "refused in sandboxed frames"),
    ],
)
def test_bundle_does_without(pattern: str, why: str, text: str) -> None:
    found = [text[max(0, m.start() - 60) : m.end() + 60] for m in re.finditer(pattern, text)]
    assert not found, f"{why}: …{found[0]}…"


def test_sources_set_no_markup() -> None:
    folder = BUNDLE.parents[2] / "js" / "src"
    for path in folder.rglob("*.ts*"):
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write", path.read_text()), path


def test_bundle_names_no_address_but_namespaces(text: str) -> None:
    addresses = {m.group(0) for m in re.finditer(r"https?://[\w./-]+", text)}
    assert all(a.startswith("http://www.w3.org/") for a in addresses), addresses


def test_bundle_is_small() -> None:
    assert len(gzip.compress(BUNDLE.read_bytes(), 9)) <= 150 * 1024
