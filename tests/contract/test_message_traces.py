"""Conversations of a page with the kernel, as in messages/*.json; vitest plays the page's side of them.

A trace holds a small dataset and steps. A step is one message of the page (``page``, and ``page_buffers``)
and all that the kernel sends back, in order (``kernel``, each with ``buffers``). Ids of events, batches and
times differ from run to run: a name in the trace stands for one value throughout. Buffers are
{"dtype", "values"}.
"""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import labelscope as ls
from labelscope.widget.shared import shared_of
from labelscope.widget.view import View

TRACES = sorted((Path(__file__).parent / "messages").glob("*.json"))
EVIDENCE = {"map": np.float32, "pred_probs": np.float64, "features": np.float32}
#: Fields whose values are new in every run.
FRESH = ("batch", "reverts", "at", "token", "ms")


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
        evidence={name: np.array(given[name], dtype) for name, dtype in EVIDENCE.items() if name in given},
    )
    page = Page(ls.Session(audit, journal=None, reviewer=given["reviewer"]))
    # Scores come when a trace asks for them, not whenever a thread is ready.
    shared_of(page.session).settings.live = False
    return page


def deliver(page, step, names):
    """Return what the kernel sends for a message: the answer, then scores, once the thread is done."""
    page.sent.clear()
    page._handle_custom_msg(
        real(step["page"], names), [as_buffer(wire) for wire in step.get("page_buffers", [])]
    )
    assert shared_of(page.session).rescorer.wait(30)
    return sorted(page.sent, key=lambda sent: sent[0]["type"] == "scores")


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
        assert found == pytest.approx(wanted, abs=1e-6), path
    else:
        assert found == wanted and isinstance(found, bool) == isinstance(wanted, bool), (path, found, wanted)


def fresh(found, wanted, names, path):
    if wanted is None or found is None:
        assert found is wanted, path
        return
    assert type(found) is type(wanted), path
    if not path.endswith((".at", ".ms")):
        assert names.setdefault(wanted, found) == found, path


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_kernel_answers_as_written(path):
    trace = json.loads(path.read_text(encoding="utf-8"))
    page = open_page(trace)
    names = {}
    for step in trace["steps"]:
        sent = deliver(page, step, names)
        assert len(sent) == len(step["kernel"]), sent
        for (content, buffers), wanted in zip(sent, step["kernel"], strict=True):
            content = json.loads(json.dumps(content, allow_nan=False))
            same(content, wanted["content"], names, f"{path.stem}: {step['page'].get('id')}")
            assert len(buffers) == len(wanted["buffers"])
            for buffer, wire in zip(buffers, wanted["buffers"], strict=True):
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


def test_there_are_traces():
    assert len(TRACES) >= 5
