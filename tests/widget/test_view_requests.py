"""What a page asks for, and edits by message: real sessions, real media."""

import io
import json
import logging
import wave
from pathlib import Path

import numpy as np
import pytest

import labelscope as ls

Image = pytest.importorskip("PIL.Image")


def rows_of(buffers):
    return np.frombuffer(buffers[0], "<u4").tolist()


def test_hello(page):
    page.session.relabel([0], "eel")
    welcome = page.hello()
    assert welcome["protocol"] == 1
    assert [event["kind"] for event in welcome["events"]] == ["relabelled"]
    assert welcome["progress"]["relabelled"] == 1
    assert welcome["journal"] is None
    assert (welcome["can_undo"], welcome["can_redo"], welcome["more"]) == (True, False, False)
    assert welcome["export_formats"][0] == "parquet"
    json.dumps(welcome, allow_nan=False)


def test_every_command(page):
    session = page.session
    assert page.command("relabel", rows=[0, 1], to="eel")["data"]["rows"] == 2
    assert page.command("accept", rows=[2])["type"] == "reply"
    assert page.command("keep", rows=[3])["type"] == "reply"
    assert page.command("unsure", rows=[4])["type"] == "reply"
    assert page.command("exclude", rows=[5])["type"] == "reply"
    assert page.command("note", row=6, text="<b>odd</b>")["type"] == "reply"
    assert session.state.state[:6].tolist() == [1, 1, 1, 2, 3, 4]
    assert session.labels()[:2] == ["eel", "eel"]
    for _ in range(6):
        assert page.command("undo")["data"]["batch"]
    assert session.labels() == [("cat", "dog", "eel")[i % 3] for i in range(60)]
    assert page.command("undo")["data"] == {"rows": 0, "batch": None}
    for _ in range(6):
        page.command("redo")
    assert session.labels()[:2] == ["eel", "eel"]
    assert session.events[0].source == "widget"


def test_a_large_selection_travels_as_a_buffer_and_is_one_undo_step(page):
    rows = np.arange(60, dtype="<u4")
    page.command("exclude", rows={"buffer": 0}, buffers=[memoryview(rows.tobytes())])
    assert page.session.progress().excluded == 60
    page.command("undo")
    assert page.session.progress().excluded == 0


def test_a_command_sent_again_is_not_done_again(page):
    same = "8c4b0a52-5bd1-4c0c-9f3e-1f0a8c8c2d11"
    first = page.command("relabel", id=same, rows=[0], to="eel")
    again = page.command("relabel", id=same, rows=[0], to="eel")
    assert first == again
    assert len(page.session.events) == 1
    page.command("undo", id="other")
    page.command("relabel", id=same, rows=[0], to="eel")
    assert page.session.labels()[0] == "cat"


def test_short_ids_are_counters_that_may_come_again(page):
    page.command("keep", id="1", rows=[0])
    page.command("keep", id="1", rows=[1])
    assert page.session.progress().kept == 2


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (
            {"type": "command", "id": "1", "command": {"name": "relabel", "rows": [0], "to": "eal"}},
            None,
            "eel",
        ),
        (
            {"type": "command", "id": "2", "command": {"name": "kep", "rows": [0]}},
            "unknown_command",
            "'keep'",
        ),
        ({"type": "request", "id": "3", "request": {"name": "detail", "row": 60}}, "unknown_row", "0 to 59"),
        ({"type": "request", "id": "4", "request": {"name": "queue", "policy": "randm"}}, None, "'random'"),
        ({"type": "request", "id": "5", "request": {"name": "export", "format": "cvs"}}, None, "'csv'"),
        ({"type": "hi", "id": "6"}, "unknown_message", "hello"),
        ({}, "unknown_message", "hello"),
        ("text", "bad_message", "object"),
    ],
)
def test_mistakes_are_answered_with_a_hint(page, content, code, says):
    answer, _ = page.say(content)
    assert answer["type"] == "error"
    assert code in (None, answer["code"])
    assert says in answer["message"] + answer["hint"]
    assert not page.session.events


def test_a_fault_of_ours_is_an_answer_too(page, caplog):
    page._desk.answers.cards = None
    with caplog.at_level(logging.CRITICAL):
        answer, _ = page.say(
            {"type": "request", "id": "1", "request": {"name": "cards", "rows": [0], "size": 9}}
        )
    assert answer["code"] == "internal"
    assert page.command("keep", rows=[0])["type"] == "reply"


def test_anywidgets_own_messages_pass_by(page):
    page._handle_custom_msg({"id": "x", "kind": "anywidget-command", "name": "n", "msg": None}, [])
    assert not [c for c, _ in page.sent if c.get("type") == "error" and c.get("id") == "x"]


def test_queue_holds_every_row_once(page):
    page.command("keep", rows=[0])
    rows = rows_of(page.ask("queue", policy="")[1])
    assert sorted(rows) == list(range(60))
    assert rows[:5] == [1, 2, 3, 4, 5]
    assert sorted(rows_of(page.ask("queue", policy="random")[1])) == list(range(60))
    assert rows_of(page.ask("queue", policy="most_suspicious")[1]) == rows


def test_detail(page):
    page.command("relabel", rows=[0, 9], to="eel")
    page.command("note", row=0, text="first")
    page.command("note", row=0, text="second")
    page.command("keep", rows=[30])
    data, _ = page.ask("detail", row=0)
    json.dumps(data, allow_nan=False)
    assert (data["row"], data["rank"], data["suggested"], data["id"]) == (0, 1, "dog", "0")
    assert data["suspicion"] == pytest.approx(0.99)
    assert [n["row"] for n in data["neighbors"]] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert data["neighbors"][0]["distance"] == pytest.approx(0.1)
    assert next(n["code"] for n in data["neighbors"] if n["row"] == 8) == 2
    assert [e["kind"] for e in data["history"]] == ["relabelled", "noted", "noted"]
    assert data["note"] == "second"
    page.command("undo")
    page.command("undo")
    assert page.ask("detail", row=0)[0]["note"] == "first"
    page.command("redo")
    assert page.ask("detail", row=0)[0]["note"] == "second"


def test_cards_of_texts(build_audit, make_page):
    texts = ["A <script>alert(1)</script> cat", "Ünïcode DOG", "x" * 5_000]
    view = make_page(build_audit(data=texts, labels=["a", "b", "a"]), journal=None)
    data, buffers = view.ask("cards", rows=[2, 0], size=96)
    assert [card["row"] for card in data["cards"]] == [2, 0] == data["thumbs"]
    assert len(data["cards"][0]["text"]) == 2_000
    assert data["cards"][1]["text"] == texts[0]
    assert len(data["cards"][0]["caption"]) <= 200
    assert list(buffers) == [b"", b""]
    media, buffers = view.ask("media", row=2, size=100)
    assert media["mime"].startswith("text/plain") and len(buffers[0]) == 5_000
    assert rows_of(view.ask("search", query="üNÏ dog")[1]) == [1]
    assert rows_of(view.ask("search", query='"a cat"')[1]) == []
    assert rows_of(view.ask("search", query=" ")[1]) == [0, 1, 2]


def test_cards_of_images_with_a_broken_one(build_audit, make_page, tmp_path):
    paths = []
    for i in range(3):
        path = tmp_path / f"photo{i}.png"
        Image.new("RGB", (200, 100), (i * 90, 0, 0)).save(path)
        paths.append(str(path))
    audit = build_audit(data=paths, labels=["a", "b", "a"])
    (tmp_path / "photo1.png").write_bytes(b"not a picture")
    view = make_page(audit, journal=None)
    data, buffers = view.ask("cards", rows=[0, 1, 2], size=64)
    assert [card.get("broken", False) for card in data["cards"]] == [False, True, False]
    assert buffers[1] == b"" and Image.open(io.BytesIO(buffers[0])).size == (64, 32)
    assert "photo0" in data["cards"][0]["caption"]
    media, buffers = view.ask("media", row=2, size=150)
    assert (media["mime"], media["width"], media["height"]) == ("image/jpeg", 150, 75)
    answer, _ = view.say({"type": "request", "id": "1", "request": {"name": "media", "row": 1, "size": 64}})
    assert answer["type"] == "error" and answer["code"] == "unreadable_media"
    assert rows_of(view.ask("search", query="PHOTO1")[1]) == [1]


def test_cards_of_sounds(build_audit, make_page, tmp_path):
    paths = []
    for i in range(2):
        path = tmp_path / f"tone{i}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8_000)
            file.writeframes((np.sin(np.arange(4_000) / (5 + i)) * 9_000).astype("<i2").tobytes())
        paths.append(str(path))
    view = make_page(build_audit(data=paths, labels=["a", "b"]), journal=None)
    data, buffers = view.ask("cards", rows=[0, 1], size=64)
    assert len(data["cards"][0]["wave"]) == 64 and max(data["cards"][0]["wave"]) == 255
    assert data["cards"][1]["duration"] == pytest.approx(0.5)
    assert list(buffers) == [b"", b""]
    media, buffers = view.ask("media", row=0, size=64)
    assert media["mime"] == "audio/wav" and media["rate"] == 8_000
    with wave.open(io.BytesIO(buffers[0])) as file:
        assert file.getnframes() == 4_000


def test_cards_of_table_rows(build_audit, make_page):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"height": [1.23456, None], "city": ["Ulm", "<i>Rome</i>"], "label": ["a", "b"]})
    dataset = ls.Dataset(frame, "label")
    audit = ls.Audit.from_arrays(dataset, suspicion=np.zeros(2), suggested_codes=np.array([0, 1]))
    view = make_page(audit, journal=None)
    if dataset.media.kind != "table":
        pytest.skip("this frame is read as text")
    data, _ = view.ask("cards", rows=[0, 1], size=64)
    assert ["height", "1.235"] in data["cards"][0]["record"]
    assert ["city", "<i>Rome</i>"] in data["cards"][1]["record"]
    assert rows_of(view.ask("search", query="rome")[1]) == [1]


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl", "npy"])
def test_export_writes_beside_the_notebook_and_returns_the_bytes(page, tmp_path, format):
    page.command("relabel", rows=[0], to="eel")
    data, buffers = page.ask("export", format=format)
    path = tmp_path / data["filename"]
    assert str(path) == data["path"]
    assert path.read_bytes() == buffers[0]
    assert data["rows"] == 60
    page.command("relabel", rows=[1], to="eel")
    again, newer = page.ask("export", format=format)
    assert again["filename"] == data["filename"]
    assert newer[0] == path.read_bytes() != buffers[0]


def test_export_never_overwrites_a_file_of_yours(page, tmp_path):
    (tmp_path / "dataset-labels.csv").write_text("mine")
    data, _ = page.ask("export", format="csv")
    assert data["filename"] == "dataset-labels-2.csv"
    assert (tmp_path / "dataset-labels.csv").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder in which nobody can write")
def test_export_still_downloads_where_the_folder_cannot_be_written(page, monkeypatch):
    monkeypatch.chdir("/proc")
    data, buffers = page.ask("export", format="csv")
    assert data["path"] is None
    assert buffers[0].decode().splitlines()[0].startswith("id,given,current")


def test_export_stays_in_its_folder(page, tmp_path, monkeypatch):
    page.ask("export", format="npy")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "dataset-labels.npy").write_text("mine")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert page.ask("export", format="npy")[0]["path"] == str(tmp_path / "dataset-labels.npy")
    assert (tmp_path / "elsewhere" / "dataset-labels.npy").read_text() == "mine"


def test_a_journal_that_cannot_be_written_is_an_error_and_nothing_changes(audit, make_page, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    view = make_page(audit, journal=folder / "j.jsonl")
    (folder / "j.jsonl").unlink(missing_ok=True)
    folder.rmdir()
    folder.write_text("now a file")
    answer = view.command("relabel", rows=[0], to="eel")
    assert answer["type"] == "error" and answer["code"] in ("journal", "disk") and answer["hint"]
    assert view.session.labels()[0] == "cat"
    assert not view.of_type("events")
