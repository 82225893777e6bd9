"""A real kernel, spoken to as a page does: hello, edits by buffer, the late map, and kill -9."""

import json
import os
import signal
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

jupyter_client = pytest.importorskip("jupyter_client")
pytest.importorskip("ipykernel")

TIMEOUT = 60
CODE = """
import dataclasses, threading
import numpy as np
import labelscope as ls
from labelscope.auditing.audit import LazyMap
from labelscope.widget.view import View

class Page(View):
    _esm = "export default { render() {} }"

n = 400
go = threading.Event()
def slow_map():
    go.wait(30)
    return np.random.default_rng(0).random((n, 2))

dataset = ls.Dataset(np.eye(n, 5), [i % 3 for i in range(n)])
audit = ls.Audit.from_arrays(dataset, suspicion=np.linspace(1, 0, n), suggested_codes=np.zeros(n, int))
audit = dataclasses.replace(audit, lazy_map=LazyMap(slow_map))
view = Page(audit, journal="journal.jsonl")
view
"""


class Tab:
    """The page's end of the comm."""

    def __init__(self, client):
        self.client, self.comm_id, self.state, self.messages, self.errors = client, None, {}, [], []

    def run(self, code):
        """Execute a cell and return its outputs."""
        sent = self.client.execute(code)
        outputs = []
        self.until(lambda m: self._ended(m, sent, outputs))
        return outputs

    def _ended(self, message, sent, outputs):
        if message["parent_header"].get("msg_id") != sent:
            return False
        if message["msg_type"] in ("execute_result", "display_data"):
            outputs.append(message["content"]["data"])
        assert message["msg_type"] != "error", message["content"]["traceback"]
        return message["msg_type"] == "status" and message["content"]["execution_state"] == "idle"

    def until(self, done):
        """Read what the kernel publishes until ``done(message)``."""
        end = time.monotonic() + TIMEOUT
        while time.monotonic() < end:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            self._note(message)
            if done(message):
                return message
        raise AssertionError("the kernel did not say what was waited for")

    def _note(self, message):
        content = message["content"]
        data = content.get("data", {}) if message["msg_type"] in ("comm_open", "comm_msg") else {}
        if message["msg_type"] == "comm_open" and "_picture" in data.get("state", {}):
            self.comm_id = content["comm_id"]
        if content.get("comm_id") != self.comm_id or self.comm_id is None:
            return
        if "state" in data and data.get("method", "update") == "update":
            for path, buffer in zip(data.get("buffer_paths", []), message["buffers"], strict=True):
                place = data["state"]
                for key in path[:-1]:
                    place = place[key]
                place[path[-1]] = bytes(buffer)
            self.state.update(data["state"])
        elif data.get("method") == "custom":
            self.messages.append((data["content"], [bytes(b) for b in message["buffers"]]))

    def send(self, content, buffers=()):
        """Send a custom message and return the one answer to it."""
        self._post({"method": "custom", "content": content}, buffers)
        self.until(lambda _: any(c.get("id") == content["id"] for c, _ in self.messages))
        return next((c, b) for c, b in self.messages if c.get("id") == content["id"])

    def update(self, state, **binary):
        """Set traits as a page does."""
        paths = [[name] for name in binary]
        self._post({"method": "update", "state": state, "buffer_paths": paths}, list(binary.values()))

    def _post(self, data, buffers):
        session = self.client.session
        message = session.msg("comm_msg", {"comm_id": self.comm_id, "data": data})
        session.send(self.client.shell_channel.socket, message, buffers=list(buffers))


@pytest.fixture
def tab(tmp_path):
    root = Path(__file__).resolve().parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    env["IPYTHONDIR"] = str(tmp_path / "ipython")
    manager, client = jupyter_client.manager.start_new_kernel(
        startup_timeout=TIMEOUT, kernel_name="python3", env=env, cwd=str(tmp_path)
    )
    yield Tab(client), manager
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_a_page_and_a_kernel(tab, tmp_path):
    tab, manager = tab
    (shown,) = tab.run(CODE)
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert "Most suspicious rows" in shown["text/html"]
    assert tab.state["_picture"]["columns"]["x"] is None

    welcome, _ = tab.send({"type": "hello", "id": "h", "protocol": 1})
    assert welcome["data"]["more"] is True
    tab.run("go.set()")
    while tab.state["_picture"]["columns"]["x"] is None:
        tab.until(lambda _: True)
    assert len(tab.state["_picture"]["columns"]["x"]) == 800

    tab.update({"current": 7}, _selection=np.packbits(np.arange(400) < 9, bitorder="little").tobytes())
    tab.run("assert view.selection.tolist() == list(range(9)) and view.current == 7")

    rows = np.arange(9, dtype="<u4").tobytes()
    command = {"name": "relabel", "rows": {"buffer": 0}, "to": 2}
    answer, _ = tab.send({"type": "command", "id": uuid.uuid4().hex, "command": command}, [rows])
    assert answer == {
        "type": "reply",
        "id": answer["id"],
        "data": {"rows": 9, "batch": answer["data"]["batch"]},
    }
    told = [content for content, _ in tab.messages if content["type"] == "events"]
    assert told[-1]["saved"] is True

    os.kill(manager.provisioner.process.pid, signal.SIGKILL)
    lines = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert sorted(row for line in lines for row in line.get("rows", [])) == list(range(9))
    assert {line["kind"] for line in lines[1:]} == {"relabelled", "kept"}
