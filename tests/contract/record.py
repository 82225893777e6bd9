"""Play traces again and write down what the kernel says now: ``python tests/contract/record.py reports votes``.

What the page says in a trace is kept, and so are the names that stand for ids, tokens and times. Read the
difference before you commit it: a trace is a promise to pages that are older than the kernel.
"""

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from test_message_traces import FRESH, TRACES, as_values, deliver, open_page

from labelscope.widget import packet, reporting


def named(found, wanted, names, key="", in_event=False):
    """Return JSON with this run's ids and times as the trace calls them; ``wanted`` is what it held before."""
    if isinstance(found, dict):
        event = "kind" in found and "batch" in found
        old = wanted if isinstance(wanted, dict) else {}
        return {name: named(value, old.get(name), names, name, event) for name, value in found.items()}
    if isinstance(found, list):
        old = wanted if isinstance(wanted, list) else []
        old = [*old, *[None] * len(found)]
        return [named(value, old[place], names, key, in_event) for place, value in enumerate(found)]
    if (key in FRESH or (key == "id" and in_event)) and found is not None:
        held = wanted if type(wanted) is type(found) else found
        return names.setdefault(found, held) if isinstance(found, str) and key != "at" else held
    if isinstance(found, float) and isinstance(wanted, float) and abs(found - wanted) < 1e-6:
        return wanted
    return float(f"{found:.9g}") if isinstance(found, float) else found


def wires(buffers, wanted):
    """Return buffers as the trace holds them; of whole files (null) only that they are there."""
    old = [*wanted, *[{"dtype": "<u4", "values": []}] * len(buffers)]
    return [
        {**wire, "values": None if wire["values"] is None else as_values(buffer, wire["dtype"])}
        for buffer, wire in zip(buffers, old, strict=False)
    ]


def record(path):
    trace = json.loads(path.read_text(encoding="utf-8"))
    page = open_page(trace)
    for name in trace["dataset"].get("picture", {}):
        if name in page._picture:
            trace["dataset"]["picture"][name] = json.loads(json.dumps(page._picture[name]))
    names = {}
    for step in trace["steps"]:
        sent = deliver(page, step, {held: found for found, held in names.items()})
        old = [*step["kernel"], *[{"content": None, "buffers": []}] * len(sent)]
        step["kernel"] = [
            {
                "content": named(json.loads(json.dumps(content, allow_nan=False)), was["content"], names),
                "buffers": wires(buffers, was["buffers"]),
            }
            for (content, buffers), was in zip(sent, old, strict=False)
        ]
        if "expect" in step:
            state = page.session.state
            step["expect"].update(current=state.current.tolist(), state=state.state.tolist())
    page.close()
    path.write_text(compact(json.dumps(trace, indent=1, ensure_ascii=False)) + "\n", encoding="utf-8")


def compact(text):
    """Put lists of numbers on one line."""
    return re.sub(r"\[[^\[\]{}\"]*\]", lambda found: re.sub(r"\s*\n\s*", " ", found[0]), text)


if __name__ == "__main__":
    wanted = set(sys.argv[1:])
    unknown = wanted - {path.stem for path in TRACES}
    if unknown or not wanted:
        sys.exit(
            f"Name traces to record, of {', '.join(path.stem for path in TRACES)}; got {unknown or 'none'}."
        )
    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    packet.BUNDLE, reporting._AT_ONCE = folder / "packet.js", 60
    packet.BUNDLE.write_text("", encoding="utf-8")
    for path in TRACES:
        if path.stem in wanted:
            record(path)
