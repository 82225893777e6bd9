"""The gate round by round, and the classes that are left of a row at a certainty that is set by a slider."""

import numpy as np
import pytest
from report_pages import report, rows_of

import labelscope as ls
from labelscope.scorers.confident.candidate_sets import candidate_sets
from labelscope.types import Score
from labelscope.widget.shared import shared_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def options_of(shown):
    return {one["name"]: one for one in shown["options"]}


def figures_of(shown, heading):
    found = next(s for s in shown["sections"] if s["heading"] == heading)
    return {name: (value, key) for name, value, key in found["figures"]}


def missing(page):
    return next(one for one in page.ask("reports")[0]["reports"] if one["name"] == "candidates")["missing"]


def gated(make_page, audit, states):
    n = audit.n
    suggested = np.asarray(audit.classes, dtype=object)[np.asarray(audit.suggested_codes)]
    details = {"state_by_round": states, "p_suggested": np.ones(n)}
    details["state"] = np.array(["reliable", "corrected", "undecided"])[states[:, -1]]
    meta = {"second_mode": False, "gate": None, "history": [], "n_rounds": states.shape[1]}
    audit.scores["dynamic_loss_gate"] = Score(np.zeros(n), suggested, np.zeros(n, bool), details, meta)
    return make_page(audit, journal=None)


def doubting(make_page, n_classes, n=80):
    """A page over a model that often cannot tell two or three classes apart."""
    rng = np.random.default_rng(n_classes)
    probs = rng.dirichlet(np.full(n_classes, 0.25), n)
    labels = [("cat", "dog", "eel", "fox", "gnu")[k % n_classes] for k in range(n)]
    dataset = ls.Dataset(rng.random((n, 4)).astype(np.float32), labels)
    evidence = {"pred_probs": probs, "map": rng.random((n, 2)).astype(np.float32)}
    given = dataset.labels.codes
    doubt = 1 - probs[np.arange(n), given]
    audit = ls.Audit.from_arrays(
        dataset, suspicion=doubt.astype(np.float32), suggested_codes=probs.argmax(axis=1), evidence=evidence
    )
    return make_page(audit, journal=None)


def test_the_slider_of_rounds_shows_what_crosses_the_gate(make_page, build_audit):
    audit = build_audit()
    states = np.zeros((audit.n, 3), dtype=np.int8)
    states[[1, 2], 0] = 1
    states[[2, 5], 1] = 2, 1
    states[[2, 5, 6], 2] = 1
    page = gated(make_page, audit, states)
    shown = report(page, "gate", p=0.0)
    slider = options_of(shown)["round"]
    assert [slider[k] for k in ("kind", "value", "low", "high", "step")] == ["range", 3, 1, 3, 1]
    expected = {1: ([1, 2], []), 2: ([2, 5], [1, 5]), 3: ([2, 5, 6], [6])}
    for number, (above, crossed) in expected.items():
        shown = report(page, "gate", p=0.0, round=number)
        found = figures_of(shown, f"Round {number}")
        assert rows_of(page, "gate", found["above the gate"][1]) == above
        assert found["crossed"][0] == str(len(crossed))
        if crossed:
            assert rows_of(page, "gate", found["crossed"][1]) == crossed
        color = next(one["name"] for one in shown["actions"] if one["do"] == "color")
        codes = np.frombuffer(page.ask("column", column=color)[1][0], "<u2")
        assert sorted(np.flatnonzero(codes != codes[0]).tolist()) == above
    answer, _ = page.say({"type": "request", "id": "r",
                          "request": {"name": "report", "report": "gate", "options": {"round": 4}}})  # fmt: skip
    assert answer["type"] == "error" and "1 to 3" in answer["hint"]


def test_without_rounds_there_is_no_slider_of_rounds(page, make_page, build_audit):
    assert set(options_of(report(page, "gate"))) == {"p"}
    audit = build_audit()
    one = gated(make_page, audit, np.zeros((audit.n, 1), dtype=np.int8))
    assert set(options_of(report(one, "gate"))) == {"p"}


def test_candidates_follow_the_slider_and_lead_to_rows_and_a_queue(make_page):
    page = doubting(make_page, 5)
    probs = np.asarray(page.session.audit.evidence["pred_probs"])
    given, rows = page.session.state.given, np.arange(page.session.audit.n)
    sizes = []
    for tau in (0.6, 0.95):
        shown = report(page, "candidates", tau=tau)
        sets = candidate_sets(probs, tau)
        found = figures_of(shown, "Candidate sets")
        size = sets.candidates.sum(axis=1)
        sizes.append(size.mean())
        assert found["classes left, mean"] == (f"{size.mean():.2f} of {probs.shape[1]}", None)
        outside = ~sets.candidates[rows, given] & (sets.weight > 0)
        for name, wanted in (("sure of one class", sets.certain), ("one of two", size == 2),
                             ("given label not among them", outside)):  # fmt: skip
            value, key = found[name]
            assert value == str(int(wanted.sum()))
            if wanted.any():
                assert rows_of(page, "candidates", key) == np.flatnonzero(wanted).tolist()
        pairs = next(s for s in shown["sections"] if s["heading"] == "Between two classes")["tables"]
        counted = sum(int(line[2]) for table in pairs for line in table["rows"])
        assert counted == int((size == 2).sum())
        for table in pairs:
            for line, keys in zip(table["rows"], table["rows_of"], strict=True):
                assert len(rows_of(page, "candidates", keys[2])) == int(line[2])
        queues = [one["name"] for one in shown["actions"] if one["do"] == "queue"]
        assert queues == ([f"two_way_confusion:{tau:g}"] if (size == 2).any() else [])
        for name in queues:
            data, buffers = page.ask("queue", policy=name)
            order = np.frombuffer(buffers[0], "<u4")
            assert sorted(order[: data["listed"]].tolist()) == np.flatnonzero(size == 2).tolist()
    assert sizes[0] < sizes[1]


def test_how_often_the_sets_hold_is_counted_on_what_people_found(make_page):
    page = doubting(make_page, 5)
    shown = report(page, "candidates")
    checked = next(s for s in shown["sections"] if s["heading"] == "Are they right?")
    assert not checked["tables"] and "Not measured" in checked["paragraphs"][0]
    inside = candidate_sets(np.asarray(page.session.audit.evidence["pred_probs"]), 0.95).candidates
    surely_not = int(np.flatnonzero(~inside.all(axis=1))[0])
    code = int(np.flatnonzero(~inside[surely_not])[0])
    page.command("relabel", rows=[surely_not], to=str(page.session.state.classes[code]))
    shown = report(page, "candidates")
    checked = next(s for s in shown["sections"] if s["heading"] == "Are they right?")
    assert checked["tables"][0]["rows"][-1][:3] == ["all that people decided about", "1", "0.0 %"]
    page.command("exclude", rows=[surely_not])
    shown = report(page, "candidates")
    assert not next(s for s in shown["sections"] if s["heading"] == "Are they right?")["tables"]


@pytest.mark.parametrize("name", ["two_way_confusion:", "two_way_confusion:much", "two_way_confusion:0.2",
                                  "two_way_confusion:nan"])  # fmt: skip
def test_a_certainty_that_is_none_is_refused(page, name):
    answer, _ = page.say({"type": "request", "id": "r", "request": {"name": "queue", "policy": name}})
    assert answer["type"] == "error" and answer["hint"]


def test_what_is_missing_is_said(page, make_page):
    assert "pred_probs" in missing(page)
    assert "three classes" in missing(doubting(make_page, 2))
    assert missing(doubting(make_page, 3)) == ""


def test_columns_of_labels_have_the_colors_of_their_classes(make_page):
    page = doubting(make_page, 5)
    n = page.session.audit.n
    some, other = np.full(n, None, dtype=object), np.full(n, None, dtype=object)
    some[[3, 4]], other[[3, 4]] = ("gnu", "dog"), ("gnu", "not a class")
    shared_of(page.session).derived.add({":labels": some, ":words": other, ":empty": np.full(n, None)})
    names = [str(name) for name in page.session.audit.dataset.labels.names]
    info, codes = shared_of(page.session).derived.values(":labels")
    assert info["categories"] == names and info["counts"][names.index("cat")] == 0
    assert [names[code] for code in codes[[3, 4]]] == ["gnu", "dog"] and info["n_missing"] == n - 2
    assert shared_of(page.session).derived.values(":words")[0]["categories"] == ["gnu", "not a class"]
    assert set(shared_of(page.session).derived.values(":empty")[1].tolist()) == {65_535}
    page.command("relabel", rows=[0], to="owl", new_class=True)
    again = shared_of(page.session).derived.values(":labels")
    assert again[0]["categories"][:5] == names and (again[1] == codes).all()


def test_rounds_are_counted_alike_everywhere(make_page):
    rng = np.random.default_rng(7)
    y = np.arange(240) % 3
    X = ((rng.normal(size=(3, 6)) * 3)[y] + rng.normal(size=(240, 6))).astype(np.float32)
    codes = np.where(rng.random(240) < 0.25, (y + 1) % 3, y)
    audit = ls.audit(X, [("cat", "dog", "eel")[k] for k in codes], features=X, evidence={"map": X[:, :2]})
    score = audit.scores["dynamic_loss_gate"] = ls.scorers.DynamicLossGate().score(audit.evidence)
    rounds = score.meta["n_rounds"]
    assert rounds > 1
    page = make_page(audit, journal=None)
    for number in range(1, rounds + 1):
        shown = report(page, "gate", round=number)
        table = next(s for s in shown["sections"] if s["heading"] == "Fitted")["tables"][0]
        line = dict(zip(table["header"], table["rows"][number - 1], strict=True))
        found = figures_of(shown, f"Round {number}")
        assert line["round"] == str(number)
        assert [found[name][0] for name in ("above the gate", "crossed")] == [
            line["n_above"],
            line["n_crossed"],
        ]
