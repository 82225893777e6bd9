"""Real sessions to look at, and a view whose messages to the page are kept."""

import numpy as np
import pytest

import labelscope as ls
from labelscope.widget.view import View


class Page(View):
    """A view that needs no built JavaScript and remembers what it sends."""

    _esm = "export default { render() {} }"

    def __init__(self, *args, **options):
        self.sent = []
        super().__init__(*args, **options)

    def send(self, content, buffers=None):
        self.sent.append((content, buffers or []))

    def say(self, content, buffers=()):
        """Deliver a page's message; return the one answer with its id, and its buffers."""
        before = len(self.sent)
        self._handle_custom_msg(content, list(buffers))
        answers = [s for s in self.sent[before:] if s[0]["type"] in ("reply", "error")]
        assert len(answers) == 1, answers
        assert answers[0][0]["id"] == str(content.get("id", "")) if isinstance(content, dict) else True
        return answers[0]

    def command(self, name, *, id="c", buffers=(), **args):
        return self.say({"type": "command", "id": id, "command": {"name": name, **args}}, buffers)[0]

    def ask(self, name, *, id="r", **args):
        answer, buffers = self.say({"type": "request", "id": id, "request": {"name": name, **args}})
        assert answer["type"] == "reply", answer
        return answer["data"], buffers

    def hello(self):
        answer, _ = self.say({"type": "hello", "id": "h", "protocol": 1})
        assert answer["type"] == "reply", answer
        return answer["data"]

    def of_type(self, kind):
        return [content for content, _ in self.sent if content["type"] == kind]


def make_audit(data=None, n=60, n_classes=3, seed=0, with_map=True, labels=None, **options):
    """Make an audit with known suspicion: rows 0 to 5 are flagged, the first one most."""
    rng = np.random.default_rng(seed)
    data = rng.random((n, 4)).astype(np.float32) if data is None else data
    n = len(data)
    if labels is None:
        labels = [("cat", "dog", "eel", "fox", "gnu")[i % n_classes] for i in range(n)]
    dataset = ls.Dataset(data, labels, **options)
    suspicion = np.linspace(0.45, 0.0, n).astype(np.float32)
    suspicion[: min(6, n)] = np.linspace(0.99, 0.6, 6)[: min(6, n)]
    codes = dataset.labels.codes
    suggested = np.where(np.arange(n) < 6, (codes + 1) % len(dataset.labels.classes), codes)
    evidence = {"map": rng.random((n, 2)).astype(np.float32)} if with_map else {}
    if n > 8:
        offsets = np.arange(1, 9)
        evidence["knn_ids"] = ((np.arange(n)[:, None] + offsets) % n).astype(np.int32)
        evidence["knn_distances"] = np.tile(offsets / 10, (n, 1)).astype(np.float32)
    return ls.Audit.from_arrays(dataset, suspicion=suspicion, suggested_codes=suggested, evidence=evidence)


@pytest.fixture
def audit():
    return make_audit()


@pytest.fixture
def page(audit, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    view = Page(audit, journal=None)
    yield view
    view.close()


@pytest.fixture
def make_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = []

    def make(source, kept=True, **options):
        view = Page(source, **options)
        if kept:
            made.append(view)
        return view

    yield make
    for view in made:
        view.close()


@pytest.fixture
def build_audit():
    return make_audit
