"""Packets: one inert file without a network, and a journal that comes back from it."""

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingBundleError, WrongJournalError
from labelscope.widget import packet
from labelscope.widget.packet import inert, packet_data, packet_html, write_packet

TRACE = Path(__file__).parent.parent / "contract" / "packet" / "review.json"
pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


@pytest.fixture
def script(monkeypatch, tmp_path):
    """A bundle that would break out of its element, were it pasted in as it is."""
    bundle = tmp_path / "packet.js"
    bundle.write_text("const evil = '</script><!--';", encoding="utf-8")
    monkeypatch.setattr(packet, "BUNDLE", bundle)


def open_session(audit, reviewer="ada"):
    return ls.Session(audit, journal=None, reviewer=reviewer)


def read(html):
    """Return the data of a packet, as a browser's parser finds it."""
    return json.loads(re.search(r'id="packet-data">(.*?)</script>', html, re.S).group(1))


def test_the_page_takes_up_where_its_journal_ended(tmp_path):
    trace = json.loads(TRACE.read_text(encoding="utf-8"))
    given = trace["dataset"]
    audit = ls.Audit.from_arrays(
        ls.Dataset(given["data"], given["labels"]),
        suspicion=np.array(given["suspicion"]),
        suggested_codes=np.array(given["suggested"]),
        flagged=np.array(given["flagged"], bool),
    )
    session = open_session(audit)
    assert audit.dataset.fingerprint == trace["fingerprint"]
    path = tmp_path / "bob.jsonl"
    path.write_text("".join(f"{line}\n" for line in [trace["header"], *trace["journal"]]), encoding="ascii")
    report = session.merge(path)
    assert report.added == len(trace["journal"])
    assert session.state.current.tolist() == trace["expect"]["current"]
    assert session.state.state.tolist() == trace["expect"]["state"]
    assert session.note_of(3) == "twins" and session.tags_of(3) == {"severity": "major"}
    assert {event.reviewer for event in session.events} == {"bob"}
    assert session.merge(path).added == 0
    # Nobody else's decisions are mine to undo.
    assert session.undo() == ()


def test_the_journal_of_another_dataset_is_refused(tmp_path, build_audit):
    trace = json.loads(TRACE.read_text(encoding="utf-8"))
    path = tmp_path / "bob.jsonl"
    path.write_text("".join(f"{line}\n" for line in [trace["header"], *trace["journal"]]), encoding="ascii")
    with pytest.raises(WrongJournalError):
        open_session(build_audit()).merge(path)


def test_it_holds_all_that_the_page_needs(script, build_audit):
    session = open_session(build_audit(n=40))
    session.relabel(2, "gnu", new_class=True)
    session.note(3, "odd")
    found = read(packet_html(session))
    header = json.loads(found["header"])
    assert header["dataset"]["fingerprint"] == session.audit.dataset.fingerprint
    assert [event["kind"] for event in found["events"]] == ["relabelled", "noted"]
    assert found["picture"]["n"] == 40 and found["picture"]["rows"] is None
    given = np.frombuffer(base64.b64decode(found["picture"]["columns"]["given"]), np.uint8)
    assert given.tolist() == session.audit.given_codes.tolist()
    order = np.frombuffer(base64.b64decode(found["order"]), "<u4")
    assert sorted(order.tolist()) == list(range(40))
    assert order[0] == session.queue()[0]
    assert len(found["cards"]) == 40 and found["notice"] == ""
    shown = found["details"]["0"]
    assert shown["suggested"] == "dog" and shown["history"] == [] and len(shown["neighbors"]) == 8


def test_no_text_gets_out_of_its_place_and_nothing_may_connect(script):
    evil = ["</script><script>alert(1)</script>", "<!-- <img src=x onerror=alert(1)>", "javascript:alert(1)"]
    dataset = ls.Dataset(evil * 4, ["<b>", "</title>", "--!>"] * 4)
    dataset_name = "<script>alert(2)</script>"
    object.__setattr__(dataset, "name", dataset_name)
    audit = ls.Audit.from_arrays(dataset, suspicion=np.linspace(1, 0, 12), suggested_codes=[1, 2, 0] * 4)
    html = packet_html(open_session(audit))
    assert html.count("<script") == 2 and html.count("</script") == 2
    assert "<img" not in html and "<!--" not in html
    assert "&lt;script&gt;alert(2)" in html
    found = read(html)
    assert found["name"] == dataset_name
    assert {card["text"] for card in found["cards"]} == set(evil)
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html).group(1)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'" and "connect-src" not in rules
    assert set(rules["img-src"].split()) == {"blob:", "data:"}
    body = re.search(r"</script>\n<script>(.*?)</script>", html, re.S).group(1)
    digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert not re.findall(r"""(?:src|href)\s*=\s*["']?\w+:""", html.replace("img-src blob:", ""))


def test_it_stops_at_its_size_and_says_so(build_audit):
    pictures = np.random.default_rng(0).integers(0, 255, (30, 64, 64), dtype=np.uint8)
    session = open_session(build_audit(pictures, with_map=True))
    whole = packet_data(session)
    assert len(whole["details"]) == 30 and len(whole["thumbs"]) == 30
    some = packet_data(session, max_bytes=60_000)
    assert 0 < len(some["details"]) < 30
    assert some["notice"].startswith(f"{len(some['details']):,} of 30 rows came along")
    assert len(json.dumps([some[name] for name in ("cards", "thumbs", "details", "media")])) < 70_000
    few = packet_data(session, max_rows=3)
    assert set(few["details"]) == {str(row) for row in session.queue()[:3]}
    # What the evidence is about comes along as well, small.
    near = {int(row) for first in session.queue()[:3] for row in session.audit.neighbors(int(first), k=4)}
    assert {card["row"] for card in few["cards"]} >= near


def test_columns_of_the_frame_come_along(build_audit):
    import pyarrow as pa

    frame = pa.table(
        {"text": ["a b", "c d", "e f"] * 4, "label": ["x", "y", "x"] * 4, "age": list(range(12))}
    )
    dataset = ls.Dataset(frame, "label", media="text")
    audit = ls.Audit.from_arrays(dataset, suspicion=np.linspace(1, 0, 12), suggested_codes=[0, 1, 0] * 4)
    found = packet_data(open_session(audit))
    ages = next(column for column in found["columns"] if column["info"]["name"] == "age")
    assert np.frombuffer(base64.b64decode(ages["data"]), ages["dtype"]).tolist() == list(range(12))
    assert base64.b64decode(found["media"]["0"]["data"]) == b"a b"


def test_broken_media_do_not_break_it(build_audit):
    session = open_session(build_audit([b"no picture", b"", b"\x89PNG"] * 4, media="image", with_map=False))
    found = packet_data(session)
    assert found["thumbs"] == {} and all(card["broken"] for card in found["cards"] if card["row"] in (0, 1))


def test_report_writes_a_packet_by_its_name(script, build_audit, tmp_path):
    audit = build_audit()
    session = open_session(audit)
    for kind, name in (("auto", "packet.html"), ("auto", "my-Packet.HTML"), ("packet", "for-bob.html")):
        path = ls.report(session, tmp_path / name, kind=kind)
        assert path == tmp_path / name and 'id="packet-data"' in path.read_text(encoding="utf-8")
    assert write_packet(audit, tmp_path / "audit.html").is_file()
    health = ls.report(session, tmp_path / "health.html")
    assert "packet-data" not in (tmp_path / "health.html").read_text(encoding="utf-8")
    assert health.title
    assert ls.report(session, tmp_path / "packet.html", kind="health").title


@pytest.mark.parametrize(("path", "kind"), [(None, "packet"), ("packet.txt", "packet"), ("a.html", "packed")])
def test_report_says_what_it_needs(build_audit, path, kind):
    with pytest.raises(InvalidInputError):
        ls.report(open_session(build_audit()), path, kind=kind)


def test_without_its_bundle_it_says_how_to_get_it(build_audit, monkeypatch, tmp_path):
    monkeypatch.setattr(packet, "BUNDLE", tmp_path / "none.js")
    with pytest.raises(MissingBundleError, match="make build"):
        packet_html(open_session(build_audit()))


def test_a_page_asks_for_one(script, make_page, build_audit, tmp_path):
    page = make_page(build_audit(), journal=None)
    answer, buffers = page.ask("packet")
    assert answer["filename"] == "dataset-packet.html" and answer["mime"] == "text/html"
    assert (tmp_path / "dataset-packet.html").read_bytes() == bytes(buffers[0])
    again, _ = page.ask("packet")
    assert again["path"] == answer["path"]


def test_json_for_html_is_json():
    data = {"a": ["</script>", "<!--", "\u2028 \U0001f600"]}
    assert json.loads(inert(data)) == data
    assert "<" not in inert(data) and inert(data).isascii()


def test_answer_before_reveal_comes_along(build_audit, make_page):
    page = make_page(open_session(build_audit()))
    assert packet_data(page.session)["options"]["reveal"] == "at_once"
    page.command("set_options", reveal="after_answer")
    assert packet_data(page.session)["options"]["reveal"] == "after_answer"
