from __future__ import annotations

import re
import warnings
from html.parser import HTMLParser

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import ExportError, InvalidInputError, InvalidTypeError
from labelscope.reports import Report, health
from labelscope.reports.report import Cell, Section, Table

EVIL = '<script>alert("x")</script>|*b*'


def make_session(labels=None, **options):
    labels = labels or ["cat", "dog", None, EVIL, "dog", "cat", "cat", "dog"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((len(labels), 2)), labels, **options)
    n, codes = dataset.n, dataset.labels.codes
    suggested = np.where(np.arange(n) < 4, (codes + 1) % len(dataset.labels.classes), codes)
    audit = ls.Audit.from_arrays(dataset, suspicion=np.linspace(0.9, 0, n), suggested_codes=suggested)
    return ls.Session(audit, journal=None, reviewer="ada & <i>")


class Checker(HTMLParser):
    VOID = frozenset({"meta", "br"})

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += [(tag, *attr) for attr in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def parsed(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert checker.open == []
    return checker


def headings(report):
    return [section.heading for section in report.sections]


def test_an_audit():
    report = health(make_session().audit)
    assert headings(report) == ["Overview", "Class health", "Confusions", "Most suspicious"]
    figures = dict(report.sections[0].figures)
    assert figures["rows"] == "8" and figures["classes"] == "3" and figures["unlabelled"] == "1"
    table = report.sections[1].tables[0]
    assert table.header[:4] == ("class", "given", "share", "flagged") and len(table.rows) == 3


def test_a_session_adds_its_review():
    session = make_session()
    session.relabel([0, 5], "owl", new_class=True)
    session.exclude(1)
    session.relabel(7, None)
    report = health(session)
    review = next(section for section in report.sections if section.heading == "Review")
    assert dict(review.figures)["reviewed"] == "4 of 8" and "ada & <i>" in review.paragraphs[0]
    assert ("cat", "owl", 2) in review.tables[0].rows and ("dog", "–", 1) in review.tables[0].rows
    classes = {row[0]: row for row in report.sections[1].tables[0].rows}
    assert classes["owl"][1:3] == (0, 0.0) and classes["owl"][-1] == 2 and classes["cat"][-2] == 2
    suspects = next(section for section in report.sections if section.heading == "Most suspicious")
    assert "0" not in {row[0] for row in suspects.tables[0].rows}


def test_html_is_escaped_and_self_contained():
    session = make_session(ids=[f"<img src=x onerror=alert({k})>" for k in range(8)])
    session.relabel(0, "</style><b>", new_class=True)
    html = health(session).to_html()
    found = parsed(html)
    assert html.startswith("<!doctype html>") and not found.tags & {"script", "img", "b", "i", "link"}
    assert not re.search(r"https?://|@import|url\(", html)
    assert not [a for a in found.attributes if a[1].startswith("on") or a[1] in ("src", "href")]
    assert EVIL in "".join(found.text) and "prefers-color-scheme:dark" in html
    assert "data-jp-theme-light" in html


def test_a_notebook_shows_a_fragment():
    report = health(make_session())
    fragment = report._repr_html_()
    parsed(fragment)
    assert "<html" not in fragment and "<body" not in fragment and "body{" not in fragment


def test_markdown_is_escaped():
    report = health(make_session())
    text = report.to_markdown()
    assert text.startswith("# Label health of dataset\n") and str(report) == text
    assert "\\<script\\>" in text and "<script>" not in text and "\\|\\*b\\*" in text
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 3
    for lines in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


def test_saving(tmp_path, monkeypatch):
    report = health(make_session())
    assert report.save(tmp_path / "r.html").read_text(encoding="utf-8") == report.to_html()
    assert report.save(str(tmp_path / "r.md")).read_text(encoding="utf-8") == report.to_markdown()
    ls.report(make_session(), tmp_path / "s.html")
    with pytest.raises(InvalidInputError, match=r"(?s)'\.htm1'.*'\.html?'"):
        report.save(tmp_path / "r.htm1")
    with pytest.raises(InvalidInputError, match="no folder"):
        report.save(tmp_path / "none" / "r.md")
    monkeypatch.setattr(
        "pathlib.Path.open", lambda *a: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(ExportError, match="Permission denied"):
        report.save(tmp_path / "t.md")


def test_bad_source():
    with pytest.raises(InvalidTypeError, match="int"):
        health(3)


def test_nothing_flagged_and_nothing_labelled():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((3, 2)), [None] * 3)
    audit = ls.Audit.from_arrays(dataset, suspicion=np.zeros(3), suggested_codes=np.full(3, -1))
    report = health(audit)
    assert headings(report) == ["Overview"]
    parsed(report.to_html())


def test_many_classes_are_cut(tmp_path):
    labels = [f"c{k}" for k in range(150) for _ in range(2)]
    report = health(make_session(labels).audit)
    table = report.sections[1].tables[0]
    assert len(table.rows) == 100 and "of 150" in table.caption


def test_a_real_audit_has_an_interval_and_its_notices():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (40, 4)), rng.normal(3, 1, (40, 4))])
    y = np.repeat([0, 1], 40)
    y[:3] = 1
    X = np.column_stack([X, np.ones(80)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        audit = ls.audit(X, y)
    text = health(audit).to_markdown()
    assert "of the given labels are wrong" in text and "not yet checked by people" in text
    assert audit.summary.split(" · ")[0] in text.replace("\\", "")
    if audit.notices:
        assert "## Notices" in text


def test_a_report_of_ones_own():
    table = Table(("name", "share"), (("a", 0.5), (None, None)), "A caption")
    report = Report(
        "Mine",
        (Section("One", ("Text",), (("n", "3"),), (table,)), Section("Empty", tables=(Table(("x",), ()),))),
    )
    assert "50.0 %" in report.to_html() and "A caption" in report.to_markdown()
    assert repr(report) == "<Report 'Mine': One, Empty>"
    parsed(report.to_html())


def test_cells_carry_the_key_of_their_rows():
    table = Table(("name", "share"), ((Cell("<b>", 'a"b'), Cell(0.5, "half")),))
    report = Report("Mine", (Section("One", figures=(("n", Cell("3", "all")),), tables=(table,)),))
    found = parsed(report.to_html())
    keys = [(tag, value) for tag, name, value in found.attributes if name == "data-rows"]
    assert keys == [("dd", "all"), ("td", 'a"b'), ("td", "half")]
    assert "50.0 %" in report.to_markdown() and "**3**" in report.to_markdown()
    assert ("td", "class", "ls-n") in found.attributes and "b" not in found.tags
