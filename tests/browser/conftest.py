"""One JupyterLab and one Chromium for all browser tests; a failed test leaves a picture."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from lab import CHROMIUM, Browser, Notebook, Server, start_lab

#: What the hosts themselves say on the console, whatever is shown in them.
HOST_SAYS = (
    "Disabling terminals plugin",
    "No HTML mimetype",
    "is taking too long to activate",  # where the machine is slow
    "ms to activate",  # JupyterLab's own start on a busy machine
)
#: What they say in tests that take the kernel away.
KERNEL_GONE = ("WebSocket", "Failed to load resource", "Kernel", "kernel", "Connection lost")
#: Where JupyterLab's own code comes from.
HOST_CODE = "/static/lab/"


def _is_hosts(line: str) -> bool:
    """Whether an error was thrown by the host's code alone: no other file is on the stack."""
    frames = [one for one in line.splitlines() if one.lstrip().startswith("at ")]
    return bool(frames) and all(HOST_CODE in frame for frame in frames)


def complaints(console: list[str], allowed: tuple[str, ...] = ()) -> list[str]:
    """Errors and warnings of a page that are not the host's own."""
    known = HOST_SAYS + allowed
    return [
        line
        for line in console
        if line.startswith(("error", "warning", "pageerror"))
        and not any(word in line for word in known)
        and not _is_hosts(line)
    ]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(str(item.fspath)).parents:
            item.add_marker(pytest.mark.browser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "kernel_goes_away: the host may say on the console that it lost its kernel"
    )


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = start_lab(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    assert shutil.which(CHROMIUM), "the browser tests need Debian's chromium: apt-get install chromium"
    with Browser() as chromium:
        yield chromium


@pytest.fixture
def notebook(
    lab: Server, browser: Browser, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Notebook]]:
    opened: list[Notebook] = []

    def make(cells: list[str] | Path, *, run: bool = True, within: Browser | None = None) -> Notebook:
        # A folder each: a journal belongs to the folder of its notebook.
        name = f"{request.node.name.replace('[', '-').replace(']', '')}/{len(opened)}.ipynb"
        made = Notebook(within or browser, lab, cells, name)
        opened.append(made)
        if run and isinstance(cells, list):
            for index in range(len(cells)):
                made.run(index)
        return made

    yield make
    failed = getattr(request.node, "failed_call", False)
    for index, made in enumerate(opened):
        if failed:
            Path("ui-failures").mkdir(exist_ok=True)
            made.page.screenshot(path=f"ui-failures/{request.node.name}-{index}.png")
            sys.stderr.write("\n".join(made.console[-20:]) + "\n")
        made.close()
    if not failed:
        mark = request.node.get_closest_marker("kernel_goes_away")
        allowed = KERNEL_GONE if mark else ()
        found = [line for made in opened for line in complaints(made.console, allowed)]
        assert found == [], "the page complained on its console"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call":
        item.failed_call = report.failed  # type: ignore[attr-defined]
