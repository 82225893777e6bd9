from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.review.learned_severity import FEWEST, Severities, learn_severity
from labelscope.review.mistakes import MistakeReview
from labelscope.review.severity import CATEGORIES, SEVERITIES, USUAL_SEVERITY

FINE, _, SPURIOUS, *_ = range(len(CATEGORIES))
MAJOR, MINOR, BORDERLINE = range(3)

verdicts = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(-1, 3), st.integers(-1, 5)),
    min_size=1,
    max_size=40,
)


def slow(kind, groups, others):
    """Shares of severities among others of the kind, then of each group, drawn toward what came before."""
    p = np.full(3, 0.4 / 3)
    p[SEVERITIES.index(USUAL_SEVERITY[CATEGORIES[kind]])] += 0.6
    for place, weight in ((None, 10.0), (0, 2.0), (1, 2.0)):
        if place is not None and groups[place] < 0:
            continue
        said = [
            bad
            for other, bad, *theirs in others
            if other == kind and (place is None or theirs[place] == groups[place])
        ]
        p = (np.bincount(said, minlength=3) + weight * p) / (len(said) + weight)
    return p


@given(verdicts)
@settings(max_examples=100, deadline=None)
def test_accuracy_is_that_of_leaving_each_severity_out(rows):
    kinds, bad, *groups = (np.array(column) for column in zip(*rows, strict=True))
    found = learn_severity(kinds, bad, np.stack(groups, axis=1), ("a", "b"))
    hits = [
        slow(kind, own, rows[:k] + rows[k + 1 :]).argmax() == severity
        for k, (kind, severity, *own) in enumerate(rows)
    ]
    assert found.accuracy == pytest.approx(np.mean(hits))
    usual = [USUAL_SEVERITY[CATEGORIES[kind]] == SEVERITIES[severity] for kind, severity, *_ in rows]
    assert found.usual_accuracy == pytest.approx(np.mean(usual))
    if found.learned:
        for k, (kind, _, *own) in enumerate(rows):
            expected = slow(kind, own, rows[:k] + rows[k + 1 :])
            hint = found.hint(kind, own, but=k)
            assert expected[SEVERITIES.index(hint.severity)] == pytest.approx(expected.max())
            assert hint.learned and f"{100 * expected.max():.0f} % likely" in hint.why


def test_the_usual_severity_stays_with_few_verdicts_or_where_it_is_as_good():
    few = learn_severity([FINE] * (FEWEST - 1), [MAJOR] * (FEWEST - 1))
    assert not few.learned and few.hint(FINE, []).severity == "minor"
    assert few.hint(FINE, []).why == "minor is usual for this kind of mistake."
    as_usual = learn_severity([FINE, SPURIOUS] * 20, [MINOR, MAJOR] * 20)
    assert as_usual.accuracy == as_usual.usual_accuracy == 1.0 and not as_usual.learned
    rng = np.random.default_rng(0)
    noise = learn_severity([FINE] * 60, [MINOR] * 40 + [MAJOR] * 20, rng.integers(0, 60, (60, 1)), ("x",))
    assert not noise.learned


def test_nothing_said_is_nothing_learned():
    none = learn_severity([], [])
    assert not none.learned and none.hint(SPURIOUS, []).severity == "major"


@pytest.fixture
def review():
    """Two groups of two classes; mistakes across groups are major, but for those called "d"."""
    rng = np.random.default_rng(3)
    n, names = 160, np.array(["a", "b", "c", "d"])
    labels = rng.integers(0, 4, n)
    predicted = (labels + rng.integers(1, 4, n)) % 4
    probs = np.full((n, 4), 0.1)
    probs[np.arange(n), predicted] = 0.7
    dataset = ls.Dataset([f"text {k}" for k in range(n)], names[labels])
    audit = ls.Audit.from_arrays(
        dataset, suspicion=np.zeros(n), suggested_codes=labels, evidence={"pred_probs": probs}
    )
    session = ls.Session(audit, journal=None, reviewer="ada")
    made = MistakeReview(session, {"vit": names[predicted]}, superclasses=["x", "x", "y", "y"])
    far = (labels // 2 != predicted // 2) & (predicted != 3)
    return made, names, labels, predicted, far


def judge(review, rows):
    made, names, _, predicted, far = review
    made.vote_all(
        [
            {
                "row": int(row),
                "prediction": names[predicted[row]],
                "verdict": "wrong",
                "category": "fine_grained",
                "severity": "major" if far[row] else "minor",
            }
            for row in rows
        ]
    )


def test_severities_of_a_session_are_learned_from_its_verdicts(review):
    made, _, _, _, far = review
    judge(review, range(10))
    early = Severities(made, made.findings())
    assert not early.table.learned
    assert early.of(40)["spurious"].severity == "major" and early.of(40)["fine_grained"].severity == "minor"
    judge(review, range(10, 120))
    found = Severities(made, made.findings())
    assert found.table.learned and found.table.accuracy > 0.9 > found.table.usual_accuracy
    hints = [found.of(place)["fine_grained"] for place in range(120, 160)]
    hits = [(hint.severity == "major") == far[row] for row, hint in zip(range(120, 160), hints, strict=True)]
    assert np.mean(hits) > 0.9
    assert all("mistakes of this kind with this label and prediction were" in hint.why for hint in hints)
    # What people said of other kinds says nothing about this one.
    assert found.of(150)["spurious"].severity == "major"


def test_a_mistakes_own_severity_does_not_suggest_itself(review):
    made, _, labels, predicted, far = review
    judge(review, range(120))
    pair = labels * 4 + predicted
    row = int(np.flatnonzero(far[:120])[0])
    said = int(((pair == pair[row]) & (np.arange(160) < 120)).sum())
    hint = Severities(made, made.findings()).of(row)["fine_grained"]
    assert f"{said - 1} of {said - 1} mistakes" in hint.why
