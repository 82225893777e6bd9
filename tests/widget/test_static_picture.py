"""The picture for notebooks without widgets: complete, escaped, nothing to load."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import labelscope as ls
from labelscope.widget.static import draw_histogram, draw_map, static_html
from labelscope.widget.thumbnails import Thumbnails

Image = pytest.importorskip("PIL.Image")


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.sources, self.words = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        self.words.append(data)


def drawn(audit):
    session = ls.Session(audit, journal=None)
    return static_html(session, Thumbnails(audit.dataset.media))


def test_everything_is_escaped_and_inline(build_audit):
    nasty = "<script>alert(1)</script>"
    texts = [nasty, '"><img src=x onerror=alert(1)>', "fine"]
    audit = build_audit(data=texts, labels=[nasty, "b", "b"])
    found = Reader(drawn(audit))
    assert set(found.tags) <= {
        "div",
        "b",
        "table",
        "tr",
        "td",
        "th",
        "thead",
        "tbody",
        "caption",
        "span",
        "img",
    }
    assert all(source.startswith("data:image/png;base64,") for source in found.sources)
    assert nasty in "".join(found.words)


def test_the_map_shows_classes_and_flags(build_audit):
    audit = build_audit(n=300)
    pixels = draw_map(audit)
    colors = {tuple(int(v) for v in color) for color in np.unique(pixels.reshape(-1, 3), axis=0)}
    assert {(0, 114, 178), (230, 159, 0), (0, 158, 115), (176, 0, 32)} <= colors
    assert len(draw_map(build_audit(n=1))) == 440


def test_without_a_map_there_is_a_histogram(build_audit):
    html = drawn(build_audit(with_map=False))
    assert 'alt="Histogram of suspicion"' in html
    source = re.search(r"data:image/png;base64,([^\"]+)", html).group(1)
    assert Image.open(io.BytesIO(base64.b64decode(source))).size == (440, 220)
    assert draw_histogram(np.zeros(0)).shape == (220, 440, 3)


def test_pictures_are_in_the_table_and_broken_ones_are_named(build_audit, tmp_path):
    paths = []
    for i in range(2):
        Image.new("RGB", (90, 90), (i * 200, 0, 0)).save(tmp_path / f"{i}.png")
        paths.append(str(tmp_path / f"{i}.png"))
    audit = build_audit(data=paths, labels=["a", "b"])
    (tmp_path / "1.png").write_bytes(b"")
    html = drawn(audit)
    assert html.count("data:image") == 2
    assert "unreadable" in html


def test_edits_show(build_audit):
    session = ls.Session(build_audit(), journal=None)
    session.relabel([0], "newt", new_class=True)
    html = static_html(session, Thumbnails(session.audit.dataset.media))
    assert "newt" in html and "1 relabelled" in html and "1 reviewed" in html and "by a method" not in html
    session.relabel([1, 2], "newt", source="teacher")
    html = static_html(session, Thumbnails(session.audit.dataset.media))
    assert "1 reviewed · 2 decided by a method" in html and "3 relabelled" in html


@pytest.fixture
def pair(build_audit):
    """A session whose first row is given kite and suggested swan, and is decided for the second one."""
    texts = [f"text {i}" for i in range(6)]
    audit = build_audit(data=texts, labels=["kite", "swan", "kite", "swan", "kite", "swan"])
    assert audit.suspicion.max() > 0.6
    return ls.Session(audit, journal=None)


def cells(html):
    """The words of each line of the table: id, given, suggested, suspicion, now."""
    lines = re.findall(r"<tr>(.*?)</tr>", html.partition("<tbody>")[2])
    return [[re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", x)] for x in lines]


def test_answer_before_reveal_holds_where_no_widget_runs(pair):
    thumbnails = Thumbnails(pair.audit.dataset.media)
    html = static_html(pair, thumbnails, veil="hint")
    assert all(line[3:5] == ["hidden", "hidden"] and line[2] in ("kite", "swan") for line in cells(html))
    assert len(cells(html)) == 6
    row = int(np.argmax(pair.audit.suspicion))
    pair.keep([row])
    shown = cells(static_html(pair, thumbnails, veil="hint"))
    assert [line[3] == "hidden" for line in shown] == [line[1] != str(row) for line in shown]
    flagged = pair.audit.flagged & False
    with_rings, without = draw_map(pair.audit), draw_map(pair.audit, flagged=flagged)
    assert (with_rings == (176, 0, 32)).all(axis=2).any()
    assert not (without == (176, 0, 32)).all(axis=2).any()


def test_a_blind_study_names_no_label_of_a_row(pair):
    html = static_html(pair, Thumbnails(pair.audit.dataset.media), veil="labels")
    for place, line in enumerate(cells(html)):
        assert line[1:] == [str(place), "hidden", "hidden", "hidden", ""]
    assert "kite" not in html and "swan" not in html and "Most suspicious" not in html


def test_no_suspicion_is_rounded_to_a_certainty():
    truth = np.repeat([0, 1], 300)
    features = np.random.default_rng(0).normal(size=(600, 4)) + 12 * truth[:, None]
    given = truth.copy()
    given[:30] = 1
    audit = ls.audit(features, given, pred_probs=np.eye(2)[truth] * 0.96 + 0.02)
    assert 0.995 < audit.suspicion[3] < 1
    found = drawn(audit)
    assert "&gt; 99%" in found and ">100%<" not in found
