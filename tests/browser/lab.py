"""A real JupyterLab and a real Chromium, driven without sleeps: waits are on the page's own state."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from playwright.sync_api import Locator, Page, expect, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
]
GL_FLAGS = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_GL_FLAGS = ["--disable-gpu", "--disable-3d-apis"]

RUN_CELL = """async i => {
    const w = jupyterapp.shell.currentWidget, nb = w.content;
    nb.activeCellIndex = i; nb.deselectAll();
    await jupyterapp.commands.execute('notebook:run-cell');
    const outputs = nb.widgets[i].model.outputs.toJSON();
    return {errors: outputs.filter(o => o.output_type === 'error').map(o => o.ename + ': ' + o.evalue + '\\n' + (o.traceback || []).join('\\n')),
            text: outputs.filter(o => o.output_type === 'stream').map(o => o.text).join('')};
}"""

EVALUATE = """async code => {
    const k = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
    const f = k.requestExecute({code, silent: true, store_history: false, user_expressions: {v: '_answer'}});
    const late = new Promise(done => setTimeout(() => done(null), 15000));
    const m = await Promise.race([f.done, late]); return m && m.content; }"""

# Two browsers, two servers and their kernels share two cores: what is asserted comes, if later than when alone.
expect.set_options(timeout=20_000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A child process in a group of its own, stopped with all that it started."""

    def __init__(self, command: list[str], env: dict[str, str], folder: Path, port: int, ready: str) -> None:
        self.root = folder
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder.parent / "server.log"
        self._stream = self.log.open("wb")
        self._process = subprocess.Popen(
            command,
            env=env,
            cwd=folder,
            stdout=self._stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait(self.url + ready)
        except Exception as error:
            self.stop()
            raise RuntimeError("the server did not start:\n" + self.log.read_text()[-3000:]) from error

    def _wait(self, url: str, seconds: float = 90) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"ended with {self._process.returncode}")
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
                return
            time.sleep(0.05)
        raise TimeoutError(url)

    def stop(self) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, 15)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, 9)
                self._process.wait()
        self._stream.close()


def start_lab(base: Path) -> Server:
    """JupyterLab on a free loopback port, with settings of its own and nothing of the user's."""
    root, settings = base / "root", base / "settings"
    root.mkdir(parents=True)
    for name, value in {
        "@jupyterlab/apputils-extension/notification": {
            "fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True},
        "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
        "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    }.items():  # fmt: skip
        path = settings / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value))
    env = dict(
        os.environ,
        JUPYTERLAB_SETTINGS_DIR=str(settings),
        JUPYTERLAB_WORKSPACES_DIR=str(base / "workspaces"),
        JUPYTER_CONFIG_DIR=str(base / "config"),
        JUPYTER_RUNTIME_DIR=str(base / "runtime"),
        JUPYTER_DATA_DIR=str(base / "data"),
        IPYTHONDIR=str(base / "ipython"),
        JUPYTER_PLATFORM_DIRS="1",
    )
    port = free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={root}",
        "--ServerApp.terminals_enabled=False", "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    return Server(command, env, root, port, "/api/status")


def start_marimo(base: Path, source: str) -> Server:
    """A marimo app that runs ``source``."""
    base.mkdir(parents=True, exist_ok=True)
    root = base / "root"
    root.mkdir()
    (root / "app.py").write_text(source)
    port = free_port()
    env = dict(os.environ, XDG_CONFIG_HOME=str(base / "config"), MARIMO_SKIP_UPDATE_CHECK="1")
    command = [
        sys.executable, "-m", "marimo", "-q", "-y", "run", "app.py", "--headless", "--no-token",
        "--host", "127.0.0.1", "--port", str(port),
    ]  # fmt: skip
    return Server(command, env, root, port, "/health")


class Browser:
    """Chromium with a fresh profile; all browsers share one driver, since a thread can have only one."""

    _driver: ClassVar[Any] = None
    _open: ClassVar[int] = 0

    def __init__(self, *, gl: bool = True, size: tuple[int, int] = (1440, 1300)):
        self._profile = tempfile.mkdtemp(prefix="labelscope-chromium-")
        if Browser._open == 0:
            Browser._driver = sync_playwright().start()
        Browser._open += 1
        self.context = Browser._driver.chromium.launch_persistent_context(
            self._profile,
            executable_path=CHROMIUM,
            headless=True,
            args=[*FLAGS, *(GL_FLAGS if gl else NO_GL_FLAGS)],
            viewport={"width": size[0], "height": size[1]},
            accept_downloads=True,
        )

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.context.close()
        Browser._open -= 1
        if Browser._open == 0:
            Browser._driver.stop()
        shutil.rmtree(self._profile, ignore_errors=True)

    def page(self, url: str) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(30_000)
        page.goto(url, wait_until="domcontentloaded")
        return page

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Notebook:
    """A notebook open in JupyterLab, with its kernel."""

    def __init__(self, browser: Browser, lab: Server, cells: list[str] | Path, name: str) -> None:
        target = lab.root / name
        target.parent.mkdir(exist_ok=True)
        self.folder = target.parent
        if isinstance(cells, Path):
            shutil.copyfile(cells, target)
        else:
            target.write_text(json.dumps(_document(cells)))
        self.lab, self.name = lab, name
        self.page = browser.context.new_page()
        self.page.set_default_timeout(45_000)
        self.console: list[str] = []
        self.page.on("console", lambda m: self.console.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.console.append(f"pageerror: {e}\n{e.stack or ''}"))
        self.open()

    def open(self) -> None:
        """Load the page and wait for the kernel."""
        self.page.goto(f"{self.lab.url}/doc/tree/{self.name}?reset", wait_until="domcontentloaded")
        self.page.wait_for_function(
            "() => window.jupyterapp?.shell?.currentWidget?.sessionContext", timeout=90_000
        )
        self.page.evaluate(
            """async () => {const a = window.jupyterapp; await a.restored;
            const w = a.shell.currentWidget; await w.context.ready; await w.sessionContext.ready;
            await w.sessionContext.session.kernel.info; }"""
        )
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")

    def run(self, index: int) -> str:
        """Run a cell and return what it printed; raises what the cell raised."""
        done = self.page.evaluate(RUN_CELL, index)
        if done["errors"]:
            raise RuntimeError(f"cell {index}: {done['errors'][0]}")
        return str(done["text"])

    def value(self, expression: str) -> Any:
        """Evaluate a Python expression in the kernel and return it as JSON."""
        code = f"import json as _json; _answer = _json.dumps({expression}, default=str)"
        # An interrupt may take the answer with it: then the question is asked once more.
        reply = self.page.evaluate(EVALUATE, code) or self.page.evaluate(EVALUATE, code)
        if reply is None:
            raise TimeoutError(f"the kernel did not answer {expression}")
        if reply["status"] != "ok" or reply["user_expressions"]["v"]["status"] != "ok":
            raise RuntimeError(f"{expression}: {reply.get('ename')}: {reply.get('evalue')}")
        text = reply["user_expressions"]["v"]["data"]["text/plain"]
        return json.loads(ast.literal_eval(text))

    def until(self, expression: str, seconds: float = 30) -> Any:
        """Ask the kernel until the expression is true, and return it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.value(expression)
            if found:
                return found
            self.page.wait_for_timeout(50)
        raise TimeoutError(f"{expression} stayed {found!r}\n" + "\n".join(self.console[-10:]))

    def restart_kernel(self) -> None:
        """Restart the kernel, as a person would after a crash: again where the server was still at it itself."""
        self.page.evaluate(
            """async () => {const s = jupyterapp.shell.currentWidget.sessionContext;
            for (let tries = 3; ; tries--)
                try { await s.session.kernel.restart(); break; }
                catch (error) {
                    if (tries === 1) throw error;
                    await new Promise(done => setTimeout(done, 1000));
                }
            await s.session.kernel.info;}"""
        )

    def cell_count(self) -> int:
        return int(self.page.evaluate("jupyterapp.shell.currentWidget.content.widgets.length"))

    @property
    def widget(self) -> Locator:
        """The first widget on the page (its parts are in an open shadow root, which locators pierce)."""
        return self.page.locator(".ls-root").first

    def ready(self) -> Locator:
        """Wait until the widget has drawn and its cards are in the kernel's order: then one is the current."""
        self.page.locator(".ls-root[data-ready='1']").first.wait_for()
        self.widget.locator(".ls-card.current").first.wait_for()
        return self.widget

    def close(self) -> None:
        with contextlib.suppress(Exception):
            # Asked for and not waited for: the next test need not watch a kernel go away.
            self.page.evaluate(
                """() => { const {kernel} = jupyterapp.shell.currentWidget.sessionContext.session;
                fetch(`/api/kernels/${kernel.id}`, {method: 'DELETE', keepalive: true}); }"""
            )
        self.page.close()


def _document(cells: list[str]) -> dict[str, Any]:
    def cell(source: str, index: int) -> dict[str, Any]:
        hidden = {"jupyter": {"source_hidden": True}} if source.count("\n") > 3 else {}
        return {
            "cell_type": "code", "execution_count": None, "id": f"c{index}",
            "metadata": hidden, "outputs": [], "source": source,
        }  # fmt: skip

    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "cells": [cell(source, index) for index, source in enumerate(cells)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    }
