"""Real processes: killed in the middle, and writing to one journal at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import labelscope as ls

ROOT = Path(__file__).resolve().parents[2]
MAKE = """
import sys, os, signal
import numpy as np
import labelscope as ls
dataset = ls.Dataset(np.arange(800).reshape(400, 2), ["cat", "dog"] * 200)
audit = ls.Audit.from_arrays(dataset, suspicion=np.zeros(400), suggested_codes=dataset.labels.codes)
session = ls.Session(audit, journal=sys.argv[1], reviewer=sys.argv[2])
"""
KILL = """
session.relabel([3, 4], "fox", new_class=True)
session.keep(7)
os.kill(os.getpid(), signal.SIGKILL)
"""
WRITE = """
print("ready", flush=True)
sys.stdin.readline()
first = int(sys.argv[3])
for k in range(60):
    row = first + k
    session.relabel([row, 200 + row], "cat" if row % 2 else "dog")
    if k % 20 == 19:
        session.undo()
print(len(session.events), flush=True)
"""

LOCKED = """
import sys, os
import numpy as np
import labelscope as ls
dataset = ls.Dataset(np.arange(8).reshape(4, 2), ["cat", "dog"] * 2)
audit = ls.Audit.from_arrays(dataset, suspicion=np.zeros(4), suggested_codes=dataset.labels.codes)
ls.Session(audit, journal=None, reviewer="ada")
import labelscope.api, labelscope.exports
if os.geteuid() == 0:  # root may write everywhere
    os.setuid(65534)
os.chdir(sys.argv[1])
for journal in ("auto", "journal.jsonl"):
    try:
        ls.Session(audit, journal=journal, reviewer="ada")
    except ls.errors.JournalError as error:
        print(error)
try:
    ls.export(audit, "labels.csv")
except PermissionError as error:
    print(error)
"""


def start(script, *arguments, make=MAKE):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", make + script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.fixture
def resumed(build):
    def make(path, reviewer="ada"):
        audit = build(["cat", "dog"] * 200)
        return ls.Session(audit, journal=path, reviewer=reviewer)

    return make


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_kill_right_after_relabel_loses_nothing(path, resumed):
    process = start(KILL, path, "ada")
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    session = resumed(path)
    assert session.labels()[2:9] == ["cat", "fox", "fox", "dog", "cat", "dog", "cat"]
    assert session.progress().kept == 1 and session.can_undo
    session.undo()
    session.undo()
    assert session.labels() == ["cat", "dog"] * 200


def test_two_processes_append_at_once(path, resumed):
    watcher = resumed(path, "watcher")
    processes = [start(WRITE, path, who, first) for who, first in (("ada", 0), ("grace", 100))]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # both are ready: let them go together
        process.stdin.write("go\n")
        process.stdin.flush()
    seen = []
    while any(process.poll() is None for process in processes):
        seen += watcher.poll()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0
    seen += watcher.poll()
    lines = path.read_bytes().split(b"\n")
    assert lines[-1] == b"" and all(json.loads(line) for line in lines[:-1])
    assert len(lines) - 2 == 2 * 63 == len({json.loads(line)["id"] for line in lines[1:-1]})
    assert [event.id for event in seen] == [json.loads(line)["id"] for line in lines[1:-1]]
    # The order of the file is the order of time: each writer knew of all that was there.
    assert [event.key for event in seen] == sorted(event.key for event in seen)
    session = resumed(path)
    undone = {first + k for first in (0, 100) for k in (19, 39, 59)}
    changed = {row for row in range(200) if row % 100 < 60} - undone
    wanted = ["cat", "dog"] * 200
    for row in changed:
        wanted[row] = wanted[200 + row] = "cat" if row % 2 else "dog"
    assert session.labels() == wanted == watcher.labels()


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="folders have no owner there")
def test_a_real_read_only_folder():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        try:
            process = start(LOCKED, folder, make="")
            said, _ = process.communicate(timeout=60)
            assert process.returncode == 0
            assert said.count("Permission denied") == 3 and said.count("journal=None") == 2, said
            assert list(folder.iterdir()) == []
        finally:
            folder.chmod(0o755)
