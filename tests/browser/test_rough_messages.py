"""Forged, replayed and broken messages, interrupts, hostile names, and fifty mounts: the journal and page stay right."""

from __future__ import annotations

import json
from collections.abc import Callable

from lab import Notebook
from pages import CATS, answer_to, card, current_row, first_card, forge, view_cell
from playwright.sync_api import expect

Make = Callable[..., Notebook]

HOSTILE = """
import warnings; warnings.simplefilter("ignore")
import numpy as np
import labelscope as ls
EVIL = "<img src=x onerror='window.hacked = 1'><script>window.hacked = 1</script>"
names = [EVIL, "javascript:window.hacked=1", "__proto__", "constructor", "\\u202eevil\\u0301"]
rng = np.random.default_rng(0)
code = rng.integers(0, 5, 200)
X = (rng.normal(size=(5, 8)) * 5)[code] + rng.normal(size=(200, 8))
texts = [EVIL + f" {row}" if row % 3 else "a" * 2_000_000 for row in range(12)] + [f"{EVIL} {row}" for row in range(12, 200)]
labels = [names[c] for c in code]
labels[0] = names[(code[0] + 1) % 5]
dataset = ls.Dataset(texts, labels, ids=[f"{EVIL}/../{row}.png" for row in range(200)])
audit = ls.audit(dataset, features=X.astype("float32"), evidence={"map": X[:, :2]})
"""
COMMANDS = [
    {"name": "relabel", "rows": [0], "to": "cat"},
    {"name": "keep", "rows": [99999]},
    {"name": "keep", "rows": [-1]},
    {"name": "keep", "rows": [1.5]},
    {"name": "keep", "rows": {"buffer": 7}},
    {"name": "keep", "rows": "all"},
    {"name": "relabel", "rows": [1], "to": {"x": 1}},
    {"name": "relabel", "rows": [1], "to": "no such class"},
    {"name": "note", "row": 1, "text": 5},
    {"name": "set_gate", "at": 7},
    {"name": "accept_rest", "token": "forged"},
    {"name": "page_done", "rows": [1], "wrong": {}, "mean": "given", "seconds": 1, "token": "forged"},
    {"name": "control_answer", "id": "forged", "row": 1, "verdict": "keep"},
    {"name": "set_options", "control_rate": 9},
    {"name": "save_filter", "filter": "", "query": "x"},
    {"name": "drop_filter", "filter": "none"},
    {"name": "tag", "rows": [1], "tags": {"severity": "apocalyptic"}},
    {"name": "accept_set", "row": 1, "labels": []},
    {"name": "__class__", "rows": [1]},
    {"name": None},
]
BROKEN = """[
    {}, {'type': 'reply'}, {'type': 'reply', 'id': 'nobody', 'data': None}, {'type': 'error', 'id': None},
    {'type': 'events', 'events': None}, {'type': 'events', 'events': [None, 5, {}], 'progress': None},
    {'type': 'events', 'events': [{'kind': 'kept', 'id': 'z', 'rows': [10**9, -4, 'x'], 'before': [], 'after': []}],
     'progress': {}, 'can_undo': 'maybe', 'can_redo': 7, 'saved': None},
    {'type': 'scores', 'seq': 10**6, 'rows': None, 'suspicion': {'buffer': 3, 'dtype': 'uint8'},
     'suggested': {'buffer': 9, 'dtype': 'float128'}, 'flags': {'buffer': -1, 'dtype': ''}, 'order': None},
    {'type': 'scores'}, {'type': 'options'}, {'type': 'options', 'columns': 'all', 'saved_filters': 5},
    {'type': 'notice'}, {'type': 'no such type'}, {'type': ['events']},
]"""


def test_forged_and_replayed_messages_change_nothing_that_they_should_not(notebook: Make) -> None:
    nb = notebook([CATS, view_cell(journal="forged.jsonl")])
    nb.ready()
    first_card(nb)[0].click()
    before = nb.value("[view.session.labels().tolist(), len(view.session.events)]")
    for k, command in enumerate(COMMANDS[1:]):
        forge(nb, {"type": "command", "id": f"forged-command-number-{k}", "command": command})
    for k, command in enumerate(COMMANDS[1:]):
        answer = answer_to(nb, f"forged-command-number-{k}")
        assert answer["type"] == "error" and answer["code"] != "internal", (command, answer)
    forge(
        nb, None, 5, [], {}, {"type": "hello", "id": "old", "protocol": 0}, {"type": "command", "id": "bare"}
    )
    forge(nb, {"type": "request", "id": "deep", "request": {"name": "query", "text": "(" * 5000}})
    forge(
        nb, {"type": "request", "id": "wide", "request": {"name": "cards", "rows": [10**12], "size": 10**9}}
    )
    for identity in ("old", "bare", "deep", "wide"):
        assert answer_to(nb, identity)["type"] == "error"
    assert nb.value("[view.session.labels().tolist(), len(view.session.events)]") == before
    # The same command again, under the same id: done once, answered twice.
    once = {"type": "command", "id": "a-command-that-is-sent-again", "command": COMMANDS[0]}
    forge(nb, once, once, once)
    nb.until("[m.get('id') for m in sent].count('a-command-that-is-sent-again') == 3")
    assert nb.value("decided()") == [["relabelled", [0]]]
    expect(card(nb, first_card(nb)[1])).to_be_visible()
    _broken_kernel(nb)


def _broken_kernel(nb: Notebook) -> None:
    """What a kernel of another mind might send: the page goes on."""
    nb.value(f"[_send(m) for m in {BROKEN}] and 1")
    row = first_card(nb)[1]
    first_card(nb)[0].click()
    nb.page.keyboard.press("u")
    nb.until(f"['unsure', [{row}]] in decided()")
    expect(card(nb, row)).to_have_attribute("data-state", "unsure")
    nb.page.keyboard.press("Control+z")
    expect(card(nb, row)).to_have_attribute("data-state", "unreviewed")
    assert nb.widget.locator(".ls-broken").count() == 0


def test_hostile_names_ids_and_huge_texts_are_data(notebook: Make) -> None:
    nb = notebook([HOSTILE, view_cell()])
    nb.ready()
    expect(nb.widget.locator(".ls-legend")).to_contain_text("<img src=x onerror=")
    for row in (0, 1, 3):
        nb.value(f"setattr(view, 'current', {row})")
        expect(card(nb, row)).to_be_visible()
        expect(nb.widget.locator(".ls-inspector h2")).to_contain_text(f"row {row}")
    card(nb, 3).click()
    for label in ("__proto__", "constructor", "javascript:window.hacked=1"):
        row = current_row(nb)
        nb.page.keyboard.press("l")
        nb.widget.get_by_role("dialog").get_by_role("combobox").fill(label)
        nb.page.keyboard.press("Enter")
        nb.until(f"view.session.labels()[{row}] == {label!r}")
    nb.page.keyboard.press("?")
    nb.page.keyboard.press("Escape")
    assert nb.widget.locator("script, img[src='x']").count() == 0
    assert not nb.page.evaluate("'hacked' in window")


def test_an_interrupt_in_the_middle_of_a_bulk_edit_leaves_all_or_nothing(notebook: Make) -> None:
    cut = """
import os, signal
_fsync, cuts = os.fsync, []
def _cut(fd):
    if len(cuts) < 1:
        cuts.append(1)
        os.kill(os.getpid(), signal.SIGINT)
    return _fsync(fd)
os.fsync = _cut
"""
    nb = notebook([CATS, view_cell(journal="cut.jsonl"), cut])
    nb.ready()
    first_card(nb)[0].click()
    nb.page.keyboard.press("a")
    nb.until("len(view.selection) == 450")
    nb.page.keyboard.press("u")
    nb.until("view.session.progress().unsure == 450")
    assert nb.value("cuts") == [1]
    lines = [json.loads(line) for line in (nb.folder / "cut.jsonl").read_text().splitlines()[1:]]
    written = [row for line in lines if line["kind"] == "unsure" for row in line["rows"]]
    assert sorted(written) == list(range(450))
    nb.page.keyboard.press("Escape")
    expect(nb.widget.locator(".ls-card[data-state='unsure']").first).to_be_visible()
    expect(nb.widget.locator(".ls-card[data-pending]")).to_have_count(0)
    nb.page.keyboard.press("Control+z")
    nb.until("view.session.progress().unsure == 0")
    assert nb.value("ls.Session(audit, journal='cut.jsonl').progress().unsure") == 0
