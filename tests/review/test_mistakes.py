"""Mistake review: what is listed, what opinions come to, label sets, accuracy, and regression sets."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, MissingEvidenceError
from labelscope.reports import MistakeReview, evaluate_slice, load_slice
from labelscope.review.label_sets import find_mistakes, label_sets_of, multi_label_accuracy
from labelscope.review.queues import Mistakes
from labelscope.review.severity import (
    CATEGORIES,
    category_of,
    group_classes,
    severity_of,
    suggest_category,
    verdict_of,
)
from labelscope.testing import check_policy
from labelscope.types import Evidence

K = 4


@st.composite
def situations(draw):
    n = draw(st.integers(1, 12))
    cell = st.booleans()
    tables = [
        np.array(draw(st.lists(st.lists(cell, min_size=K, max_size=K), min_size=n, max_size=n))) for _ in "ab"
    ]
    problematic = np.array(draw(st.lists(cell, min_size=n, max_size=n)))
    original = np.array(draw(st.lists(st.integers(-1, K - 1), min_size=n, max_size=n)))
    codes = np.array(
        draw(st.lists(st.lists(st.integers(-2, K - 1), min_size=n, max_size=n), min_size=1, max_size=3))
    )
    codes[codes == -1] = -2
    collapsed = tuple(draw(st.lists(st.tuples(st.integers(0, K - 1), st.integers(0, K - 1)), max_size=2)))
    sets = label_sets_of(
        original, range(K), correct=tables[0], unclear=tables[1].astype(int), problematic=problematic
    )
    return sets, codes, collapsed


def slow_accepts(sets, row, code, collapsed):
    partners = {b if a == code else a for a, b in collapsed if code in (a, b)}
    if sets.correct[row, code] or sets.unclear[row, code]:
        return True
    return any(sets.correct[row, other] for other in partners)


def slow_judged(sets, row):
    return sets.original[row] >= 0 and not sets.problematic[row] and sets.correct[row].any()


@given(situations())
def test_mistakes_are_each_listed_once(situation):
    sets, codes, collapsed = situation
    names = [f"m{i}" for i in range(len(codes))]
    expected = {}
    for m, predicted in enumerate(codes):
        for row, code in enumerate(predicted.tolist()):
            if slow_judged(sets, row) and code >= 0 and not slow_accepts(sets, row, code, collapsed):
                expected.setdefault((row, code), set()).add(m)
    found = find_mistakes(names, codes, sets, collapsed)
    listed = list(zip(found.rows.tolist(), found.predictions.tolist(), strict=True))
    assert listed == sorted(expected)
    assert [set(np.flatnonzero(made)) for made in found.made] == [expected[pair] for pair in listed]
    assert found.n_sum == sum(map(len, expected.values())) and found.n_rows == len(
        {row for row, _ in expected}
    )


@given(situations())
def test_accuracy_is_averaged_over_classes(situation):
    sets, codes, collapsed = situation
    for predicted in codes:
        by_class: dict[int, list[bool]] = {}
        for row, code in enumerate(predicted.tolist()):
            if slow_judged(sets, row):
                right = code >= 0 and slow_accepts(sets, row, code, collapsed)
                by_class.setdefault(int(sets.original[row]), []).append(right)
        found = multi_label_accuracy(predicted, sets, collapsed)
        if not by_class:
            assert np.isnan(found)
        else:
            assert found == pytest.approx(np.mean([np.mean(hits) for hits in by_class.values()]))


MODELS = {
    "vit": ["dog", "dog", "dog", "fox", "cat", "fox", "cat", "dog", "fox", "cat", "dog", "fox"],
    "soup": ["dog", "dog", "fox", "fox", "fox", "fox", "cat", "fox", "fox", "cat", "dog", "fox"],
}


def review_of(audit, **options):
    return MistakeReview(ls.Session(audit, journal=None, reviewer="ada"), MODELS, **options)


def test_a_label_added_once_repairs_all_models(audit):
    review = review_of(audit)
    assert [(case.row, case.prediction, case.models) for case in review.queue()] == [
        (0, "dog", ("vit", "soup")),
        (3, "fox", ("vit", "soup")),
        (2, "dog", ("vit",)),
        (4, "cat", ("vit",)),
        (4, "fox", ("soup",)),
        (7, "fox", ("soup",)),
    ]
    before = review.findings().accuracy()
    assert before["vit"] == (8 / 12, 8 / 12)
    labels = review.session.labels()
    review.vote(0, "dog", "correct")
    review.vote(3, "fox", "unclear")
    after = review.findings().accuracy()
    assert after["vit"][1] == pytest.approx(10 / 12) and after["soup"][1] == pytest.approx(10 / 12)
    assert review.session.labels() == labels
    sets = review.findings().label_sets()
    assert (
        sets.correct[0].sum() == 2 and sets.unclear[3].sum() == 1 and sets.mean_size == pytest.approx(13 / 12)
    )
    review.vote(4, "cat", "problematic")
    assert not review.findings().label_sets().judged[4]
    assert [case.row for case in review.queue()] == [2, 4, 7]
    assert len(review.queue("bob")) == 3 and review.queue(n=1)[0].row == 2


def test_a_panel_discusses_what_it_differs_on(audit):
    review = review_of(audit, raters_per_item=2)
    said = {"category": "fine_grained", "severity": "minor"}
    review.vote(0, "dog", "wrong", **said)
    assert not review.findings().stands.any()  # one of two people
    review.vote(0, "dog", "wrong", category="spurious", severity="Minor", reviewer="bob")
    found = review.findings()
    place = 0
    assert found.verdict[place] == 1 and found.category[place] == -1 and found.severity[place] == 1
    assert [case.row for case in review.discussion()] == [0]
    review.vote(2, "dog", "wrong", **said)
    review.vote(2, "dog", "correct", reviewer="bob")
    assert [case.row for case in review.discussion()] == [0, 2] and review.findings().verdict[1] == -1
    review.vote(2, "dog", "unclear", settled=True)
    review.vote(0, "dog", "wrong", category="other", severity="major", settled=True)
    assert review.discussion() == []
    found = review.findings()
    assert found.verdict[:2].tolist() == [1, 2] and CATEGORIES[found.category[0]] == "other"
    kappas = review.agreement()
    assert kappas["verdict"].n_items == 2 and kappas["category"].n_items == 1
    assert review_of(audit).agreement() == {"verdict": None, "category": None, "severity": None}


def test_sets_follow_the_session(audit):
    session = ls.Session(audit, journal=None, reviewer="ada")
    session.accept_set(0, ["cat", "dog"])
    session.exclude(3)
    session.relabel(2, "dog")
    # Row 2 is a dog now, as vit says; soup still says fox.
    cases = [(case.row, case.prediction) for case in MistakeReview(session, MODELS).queue()]
    assert cases == [(2, "fox"), (4, "cat"), (4, "fox"), (7, "fox")]
    collapsed = MistakeReview(session, MODELS, collapsed=[("dog", "fox")])
    assert [(case.row, case.prediction) for case in collapsed.queue()] == [(4, "cat")]
    given_sets = MistakeReview(session, MODELS, label_sets=[{"cat", "dog", "fox"}] * 12)
    assert len(given_sets.mistakes) == 0 and given_sets.suggest() == []


def test_regression_sets_mark_their_builders(audit, tmp_path):
    review = review_of(audit)
    for case in review.queue():
        review.vote(case.row, case.prediction, "wrong", category="fine_grained", severity="major")
    found = review.findings()
    both = found.major_slice()
    assert both.rows == (0, 3, 4) and both.builders == ("vit", "soup")
    assert found.major_slice(min_models=1).rows == (0, 2, 3, 4, 7)
    alone = found.major_slice(["vit"], name="vit-major")
    assert alone.rows == (0, 2, 3, 4)
    scores = evaluate_slice(alone, MODELS)
    assert scores["vit"] == {"accuracy": 0.0, "n_right": 0, "n": 4, "builder": True}
    assert scores["soup"]["n_right"] == 1 and not scores["soup"]["builder"]
    own = evaluate_slice(alone, {"new": ["cat", "fox", "cat", "dog"]})
    assert own["new"]["accuracy"] == 1.0
    for name in ("set.json", "set.npz"):
        assert load_slice(alone.save(tmp_path / name)) == alone
    with pytest.raises(InvalidInputError, match="of the dataset"):
        evaluate_slice(alone, MODELS, fingerprint="0" * 16)
    with pytest.raises(InvalidInputError, match="9 entries"):
        evaluate_slice(alone, {"new": ["cat"] * 9})
    with pytest.raises(InvalidInputError, match="json"):
        alone.save(tmp_path / "set.jsn")
    (tmp_path / "bad.json").write_text(json.dumps({"format": 1, "rows": [0]}))
    with pytest.raises(InvalidInputError, match="no regression set"):
        load_slice(tmp_path / "bad.json")
    with pytest.raises(InvalidInputError, match="no regression set"):
        load_slice(tmp_path / "absent.npz")
    with pytest.raises(InvalidInputError, match="min_models"):
        found.major_slice(min_models=3)
    with pytest.raises(InvalidInputError, match="Did you mean 'soup'"):
        found.major_slice(["soap"])


def test_opinions_survive_a_restart_and_are_read_with_care(audit, path):
    session = ls.Session(audit, journal=path, reviewer="ada")
    review = MistakeReview(session, MODELS)
    review.vote_all(
        [
            {"row": 0, "prediction": "dog", "verdict": "correct"},
            {"row": 2, "prediction": "dog", "verdict": "wrong", "severity": "minor"},
        ]
    )
    again = MistakeReview(ls.Session(audit, journal=path, reviewer="ada"), MODELS)
    assert again.findings().verdict.tolist() == review.findings().verdict.tolist()
    fewer = MistakeReview(ls.Session(audit, journal=path), {"soup": MODELS["soup"]})
    with pytest.warns(LabelscopeWarning, match="about no mistake of these models"):
        assert (fewer.findings().verdict >= 0).sum() == 1


def test_bad_input_is_refused(audit):
    review = review_of(audit)
    with pytest.raises(InvalidInputError, match="Did you mean 'wrong'"):
        review.vote(0, "dog", "wron")
    with pytest.raises(InvalidInputError, match="No model makes"):
        review.vote(1, "cat", "wrong")
    with pytest.raises(InvalidInputError, match="no class"):
        review.vote(0, "cow", "wrong")
    with pytest.raises(InvalidInputError, match="leave them out"):
        review.vote(0, "dog", "correct", severity="major")
    with pytest.raises(InvalidTypeError, match="row"):
        review.vote("0", "dog", "wrong")
    assert not review.session.events
    session = review.session
    with pytest.raises(InvalidInputError, match=r"models\['a'\] has 3"):
        MistakeReview(session, {"a": ["cat"] * 3})
    with pytest.raises(InvalidInputError, match="label_sets has 2"):
        MistakeReview(session, MODELS, label_sets=[["cat"]] * 2)
    with pytest.raises(InvalidInputError, match=r"label_sets\[0\]"):
        MistakeReview(session, MODELS, label_sets=[["cow"]] * 12)
    with pytest.raises(InvalidTypeError, match="no set of labels"):
        MistakeReview(session, MODELS, label_sets=["cat"] * 12)
    with pytest.raises(InvalidInputError, match="pair of classes"):
        MistakeReview(session, MODELS, collapsed=["cat"])
    with pytest.raises(InvalidTypeError, match="Session"):
        MistakeReview(audit, MODELS)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Fine-grained error", "fine_grained"),
        ("Fine-grained error with OOV", "fine_grained_oov"),
        ("Fine-grained with OOV", "fine_grained_oov"),
        ("Spurious Correlation", "spurious"),
        ("Non-prototypical", "non_prototypical"),
        ("Fine-grained with Multilabel Options", "other"),
        *((name, name) for name in CATEGORIES),
    ],
)
def test_published_words_are_read(text, name):
    assert category_of(text) == name


def test_words_that_are_none_are_refused():
    assert severity_of("Borderline") == "borderline" and verdict_of("Wrong") == "wrong"
    with pytest.raises(InvalidInputError, match="Did you mean 'spurious'"):
        category_of("spurios")
    with pytest.raises(InvalidInputError, match="Did you mean 'major'"):
        severity_of("majr")
    with pytest.raises(InvalidTypeError, match="verdict"):
        verdict_of(1)


def test_classes_are_grouped_by_their_means():
    centers = np.repeat(np.eye(3) * 20, 4, axis=0)
    means = centers + np.random.default_rng(0).normal(size=centers.shape) * 0.5
    groups = group_classes(means)
    assert len(np.unique(groups)) == 3 and all(len(set(groups[4 * g : 4 * g + 4])) == 1 for g in range(3))
    means[5] = np.nan
    assert (group_classes(means) == group_classes(means)[5]).sum() == 1
    assert len(np.unique(group_classes(means[:2]))) == 2


def test_suggestions_refuse_features_that_do_not_fit():
    sets = label_sets_of(np.array([0, 1, 0]), ["a", "b"])
    found = find_mistakes(["m"], np.array([[1, 1, 0]]), sets)
    with pytest.raises(InvalidInputError, match="3 rows"):
        suggest_category(found, np.zeros((2, 3)), sets.original, n_classes=2)
    with pytest.raises(InvalidInputError, match="finite"):
        suggest_category(found, np.full((3, 3), np.nan), sets.original, n_classes=2)
    with pytest.raises(InvalidInputError, match="superclasses has 3"):
        suggest_category(found, np.zeros((3, 2)), sets.original, n_classes=2, superclasses="abc")
    assert len(suggest_category(found, np.zeros((3, 2)), sets.original, n_classes=2)) == 1


def test_the_queue_lists_rows_that_most_models_get_wrong_first(audit):
    check_policy(Mistakes())
    session = ls.Session(audit, journal=None, reviewer="ada")
    queue = Mistakes(predictions=MODELS)
    assert session.queue(queue).tolist() == [0, 3, 4, 2, 7]
    session.keep(0)
    assert session.queue(queue, n=2).tolist() == [3, 4]
    ranking = queue.order(session.evidence())
    assert ranking.rows.tolist()[-1] == 0 and ranking.meta["n_left"] == 4
    assert (ranking.meta["n_mistakes"], ranking.meta["n_sum"], ranking.meta["n_rows"]) == (6, 8, 5)
    assert ranking.meta["predictions"][1] == [0, 2]
    session.exclude(3)
    assert 3 not in session.queue(queue)
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        session.queue("mistakes")
    probs = np.eye(3)[[1, *audit.given_codes[1:]]]
    session_with = ls.Session(
        ls.Audit.from_arrays(
            audit.dataset,
            suspicion=audit.suspicion,
            suggested_codes=audit.suggested_codes,
            evidence={"pred_probs": probs},
        ),
        journal=None,
    )
    assert session_with.queue("mistakes").tolist() == [0]
    session_with.relabel(0, "cow", new_class=True)
    assert session_with.queue("mistakes").tolist() == [0]
    with pytest.raises(InvalidInputError, match="shape"):
        Mistakes().order(Evidence(given_labels=np.zeros(2, int), classes=np.arange(1), pred_probs=np.eye(2)))
