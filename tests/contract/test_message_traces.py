"""Conversations of a page with the kernel, as in messages/*.json; vitest plays the page's side of them.

A trace holds a small dataset and steps. A step is one message of the page (``page``, and ``page_buffers``)
and all that the kernel sends back, in order (``kernel``, each with ``buffers``). Ids of events, batches and
times differ from run to run: a name in the trace stands for one value throughout. Buffers are
{"dtype", "values"}; of a whole file only that it is there is told: values null. Where labels are no classes,
``picture`` says what a page is told of them, and ``details`` what the main score knows of each tag.
"""

import json
import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import labelscope as ls
from labelscope.widget import packet, reporting
from labelscope.widget.schemas import COMMANDS, REQUESTS
from labelscope.widget.shared import shared_of
from labelscope.widget.view import View

TRACES = sorted((Path(__file__).parent / "messages").glob("*.json"))
EVIDENCE = {"map": np.float32, "pred_probs": np.float64, "features": np.float32, "judgements": np.int64}
#: Fields whose values are new in every run.
FRESH = ("batch", "reverts", "at", "token", "ms", "job", "seconds", "path")
#: Of those, numbers and places that are no names: they need not be the same twice.
TIMES = (".at", ".ms", ".seconds", ".path")
#: What follows the answer to a request, whichever thread is faster.
LATER = ("options", "report", "scores")
WIRE = Path(__file__).parents[2] / "js" / "src"


class Page(View):
    _esm = "export default { render() {} }"

    def __init__(self, *args, **options):
        self.sent = []
        super().__init__(*args, **options)

    def send(self, content, buffers=None):
        self.sent.append((content, buffers or []))


def open_page(trace):
    given = trace["dataset"]
    data = pa.table(given["frame"]) if "frame" in given else given["data"]
    dataset = ls.Dataset(data, given.get("label", given["labels"]), **given.get("options", {}))
    audit = ls.Audit.from_arrays(
        dataset,
        suspicion=np.array(given["suspicion"]),
        suggested_codes=np.array(given["suggested"]),
        flagged=np.array(given["flagged"], bool),
        evidence={name: np.array(given[name], dtype) for name, dtype in EVIDENCE.items() if name in given}
        | ({"taxonomy": given["taxonomy"]} if "taxonomy" in given else {}),
    )
    if "details" in given:
        name, score = next(iter(audit.scores.items()))
        score = replace(score, details={key: np.array(found) for key, found in given["details"].items()})
        audit = replace(audit, scores={name: score})
    page = Page(ls.Session(audit, journal=None, reviewer=given["reviewer"]))
    # Scores come when a trace asks for them, not whenever a thread is ready.
    shared_of(page.session).settings.live = False
    return page


@pytest.fixture(autouse=True)
def still(tmp_path, monkeypatch):
    """Files go into a folder of their own, a packet has a page, and reports are there when they are asked for."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "packet.js").write_text("", encoding="utf-8")
    monkeypatch.setattr(packet, "BUNDLE", tmp_path / "packet.js")
    monkeypatch.setattr(reporting, "_AT_ONCE", 60)


def deliver(page, step, names):
    """Return what the kernel sends for a message: the answer, then scores, once the thread is done."""
    page.sent.clear()
    page._handle_custom_msg(
        real(step["page"], names), [as_buffer(wire) for wire in step.get("page_buffers", [])]
    )
    assert shared_of(page.session).rescorer.wait(30)
    for thread in threading.enumerate():
        if thread.name.startswith("labelscope-") and thread is not threading.current_thread():
            thread.join(30)
    # How often a report tells how far it is depends on the machine.
    sent = [one for one in page.sent if (one[0]["type"], one[0].get("state")) != ("report", "running")]
    later = LATER if "request" in step["page"] else ("scores",)
    return sorted(sent, key=lambda one: later.index(one[0]["type"]) if one[0]["type"] in later else -1)


def real(message, names):
    """A page says tokens again that it was told: the trace's name stands for this run's value."""
    if isinstance(message, dict):
        return {key: real(value, names) for key, value in message.items()}
    return names.get(message, message) if isinstance(message, str) else message


def as_buffer(wire):
    return memoryview(np.array(wire["values"], dtype=wire["dtype"]).tobytes())


def as_values(buffer, dtype):
    """Return the numbers of a buffer; JSON has no NaN, so that traces say null."""
    return [None if value != value else value for value in np.frombuffer(buffer, dtype=dtype).tolist()]


def same(found, wanted, names, path=""):
    """Compare JSON with a trace; fresh values are bound to their names and must stay the same."""
    if isinstance(wanted, dict):
        assert isinstance(found, dict) and set(found) == set(wanted), (path, found)
        is_event = "kind" in wanted and "batch" in wanted
        for key in wanted:
            if key in FRESH or (is_event and key == "id"):
                fresh(found[key], wanted[key], names, f"{path}.{key}")
            else:
                same(found[key], wanted[key], names, f"{path}.{key}")
    elif isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted), (path, found)
        for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
            same(one, other, names, f"{path}[{place}]")
    elif isinstance(wanted, float):
        # What a model learned differs a little from machine to machine.
        assert found == pytest.approx(wanted, abs=0.02 if path.endswith((".p_old", ".p_new")) else 1e-6), path
    else:
        assert found == wanted and isinstance(found, bool) == isinstance(wanted, bool), (path, found, wanted)


def fresh(found, wanted, names, path):
    if wanted is None or found is None:
        assert found is wanted, path
        return
    assert type(found) is type(wanted), path
    if not path.endswith(TIMES):
        assert names.setdefault(wanted, found) == found, path


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_kernel_answers_as_written(path):
    trace = json.loads(path.read_text(encoding="utf-8"))
    page = open_page(trace)
    for name, told in trace["dataset"].get("picture", {}).items():
        shown = page._picture.get(name, page.session.audit.given_codes.tolist() if name == "given" else None)
        assert shown == told
    names = {}
    for step in trace["steps"]:
        sent = deliver(page, step, names)
        assert len(sent) == len(step["kernel"]), sent
        for (content, buffers), wanted in zip(sent, step["kernel"], strict=True):
            content = json.loads(json.dumps(content, allow_nan=False))
            same(content, wanted["content"], names, f"{path.stem}: {step['page'].get('id')}")
            assert len(buffers) == len(wanted["buffers"])
            for buffer, wire in zip(buffers, wanted["buffers"], strict=True):
                if wire["values"] is None:
                    assert len(buffer) > 0
                else:
                    assert as_values(buffer, wire["dtype"]) == wire["values"]
        if "expect" in step:
            state = page.session.state
            assert [int(code) for code in state.current] == step["expect"]["current"]
            assert [int(code) for code in state.state] == step["expect"]["state"]
            if "suspicion" in step["expect"]:
                shown = np.rint(page.session.suspicion * 255)
                assert shown.tolist() == step["expect"]["suspicion"]
    page.close()


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_every_message_has_exactly_one_answer(path):
    trace = json.loads(path.read_text(encoding="utf-8"))
    for step in trace["steps"]:
        answers = [k["content"] for k in step["kernel"] if k["content"]["type"] in ("reply", "error")]
        assert [answer["id"] for answer in answers] == [step["page"]["id"]]


def kinds_of_pages():
    """Names of commands and requests as the page writes them, and of what the kernel sends by itself."""
    sources = sorted({WIRE / "protocol.ts", *WIRE.glob("*ire.ts")})
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    sent = re.findall(r'\bname: ("\w+"(?: \| "\w+")*)', text)
    told = re.findall(r'\btype: "(\w+)"', text.partition("export type KernelMessage")[2])
    return set(re.findall(r"\w+", " ".join(sent))), {*told, "scores"}


def test_every_kind_of_message_has_a_trace():
    asked, told = set(), set()
    for path in TRACES:
        for step in json.loads(path.read_text(encoding="utf-8"))["steps"]:
            page = step["page"]
            asked.add((page.get("command") or page.get("request") or {}).get("name"))
            told |= {kernel["content"]["type"] for kernel in step["kernel"]}
    sent, heard = kinds_of_pages()
    assert sent == {*COMMANDS, *REQUESTS}, "the two sides of the wire name other messages"
    assert sent - asked == set(), "no trace in messages/ has these commands and requests"
    # A notice comes with something that went wrong outside of a conversation.
    assert heard - told == {"notice"}
