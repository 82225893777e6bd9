"""The ensemble against its formulas in slow loops; abstentions, agreement, calibration, policies, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.judgements import CallableJudge
from labelscope.review.agreement import fleiss_kappa
from labelscope.scorers import JudgeEnsemble, by_name, propose
from labelscope.scorers.judges import calibrate_confidence
from labelscope.testing import check_scorer, topic_texts
from labelscope.testing.sample_texts import TOPICS
from labelscope.types import Evidence, Score

ABC = np.array(["a", "b", "c"])


def evidence_of(seed: int, n: int = 40, judges: int = 4, k: int = 3) -> Evidence:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(k), size=(n, judges))
    votes = np.where(rng.random((n, judges)) < 0.2, -1, probs.argmax(axis=2))
    return Evidence(
        given_labels=rng.integers(0, k, n), classes=ABC[:k], judgements=votes, judgement_probs=probs
    )


def slow_mean(row: int, evidence: Evidence, models: list[str]) -> Any:
    """Step 2 of the method: average over prompts, then over models."""
    of_models = []
    for model in dict.fromkeys(models):
        said = [
            evidence["judgement_probs"][row, j]
            for j, name in enumerate(models)
            if name == model and evidence["judgements"][row, j] >= 0
        ]
        if said:
            of_models.append(np.mean(said, axis=0))
    return np.mean(of_models, axis=0) if of_models else None


@pytest.mark.parametrize("scorer", [JudgeEnsemble(), JudgeEnsemble(combine="vote")])
def test_keeps_the_contract(scorer: Any) -> None:
    with pytest.warns(ls.errors.LabelscopeWarning):  # constant and NaN features are said to be
        check_scorer(scorer)


@pytest.mark.parametrize("models", [["x", "x", "y", "z"], ["x"] * 4, ["w", "x", "y", "z"]])
def test_formulas(models: list[str]) -> None:
    evidence = evidence_of(3)
    score = JudgeEnsemble(models=models, prompts=list("1234")).score(evidence)
    codes = evidence["given_labels"]
    for row in range(40):
        mean = slow_mean(row, evidence, models)
        if mean is None:
            assert score.suspicion[row] == 0 and not score.flagged[row]
            continue
        assert score.suspicion[row] == pytest.approx(1 - mean[codes[row]], abs=1e-6)
        assert score.flagged[row] == (mean.argmax() != codes[row])
        assert score.suggested[row] == ABC[mean.argmax()]
        assert score.details["confidence"][row] == pytest.approx(mean.max())
    assert np.array_equal(score.details["votes"], evidence["judgements"])
    assert score.meta["models"] == models and score.meta["scale"] == "rank"
    assert set(score.meta["kappa_prompts"]) == {one for one in models if models.count(one) > 1}


def test_kappas_are_those_of_models_and_prompts() -> None:
    evidence = evidence_of(5, n=80)
    score = JudgeEnsemble(models=["x", "x", "y", "y"], combine="vote").score(evidence)
    votes = evidence["judgements"]
    assert score.meta["kappa_prompts"]["y"]["value"] == pytest.approx(
        fleiss_kappa(votes[:, 2:]).value, abs=1e-6
    )
    assert np.shape(score.meta["kappa_judges"]) == (4, 4)
    alone = JudgeEnsemble().score(
        evidence.including(judgements=votes[:, :1], judgement_probs=evidence["judgement_probs"][:, :1])
    )
    assert alone.meta["kappa_models"]["value"] is None and "no item" in alone.meta["kappa_models"]["note"]


def test_votes_without_probabilities_and_with_confidences() -> None:
    votes = np.array([[0, 0, 1], [1, 1, 1], [-1, -1, -1], [2, -1, -1]])
    evidence = Evidence(given_labels=np.array([0, 0, 1, 1]), classes=ABC, judgements=votes)
    score = JudgeEnsemble().score(evidence)
    assert score.suspicion.tolist() == pytest.approx([1 / 3, 1.0, 0.0, 1.0])
    assert score.flagged.tolist() == [False, True, False, True]
    assert score.details["n_answered"].tolist() == [3, 3, 0, 1]
    assert score.meta["n_without_answers"] == 1 and score.meta["n_abstained"] == [1, 2, 2]
    sure = np.array([[0.6, 0.6, 0.9], [0.8, 0.8, 0.8], [np.nan] * 3, [0.7, np.nan, np.nan]])
    score = JudgeEnsemble().score(evidence.including(judgement_probs=sure))
    assert score.suspicion[0] == pytest.approx(1 - (0.6 + 0.6 + 0.05) / 3)
    assert score.details["confidence"].tolist() == pytest.approx([1.3 / 3, 0.8, 0.0, 0.7])


def test_ties_keep_the_given_label() -> None:
    evidence = Evidence(given_labels=np.array([0, 1]), judgements=np.array([[0, 1], [0, 1]]), classes=ABC)
    score = JudgeEnsemble().score(evidence)
    assert not score.flagged.any() and score.suggested.tolist() == ["a", "b"]


def test_ordered_classes_are_flagged_from_two_steps_on() -> None:
    evidence = Evidence(given_labels=np.array([0, 0, 0]), judgements=np.array([[0], [1], [2]]), classes=ABC)
    assert JudgeEnsemble().score(evidence).flagged.tolist() == [False, True, True]
    assert JudgeEnsemble(tolerance=1).score(evidence).flagged.tolist() == [False, False, True]


def test_label_values_in_place_of_codes() -> None:
    evidence = Evidence(given_labels=["b", "c", None], judgements=[["b", "d"], ["b", None], ["c", "c"]])
    score = JudgeEnsemble().score(evidence)
    assert score.details["n_answered"].tolist() == [2, 1, 2]
    assert score.suspicion.tolist() == pytest.approx([0.5, 1.0, 0.0]) and score.suggested[1] == "b"


def test_judges_of_its_own_from_texts_and_features() -> None:
    rng = np.random.default_rng(8)
    true = rng.integers(0, 2, 200)
    texts = [" ".join(f"w{c}{i}" for i in rng.integers(0, 9, 6)) for c in true]
    labels = np.where(rng.random(200) < 0.1, 1 - true, true)
    score = ls.score("judge_ensemble", given_labels=labels, texts=texts)
    assert score.meta["source"] == "judges" and score.details["votes"].shape == (200, 3)
    assert (score.flagged == (labels != true)).mean() > 0.95
    assert [one["name"] for one in score.meta["judges"]] == [
        "naive Bayes",
        "nearest centroid",
        "nearest neighbors",
    ]
    features = np.eye(2)[true] * 5 + rng.normal(size=(200, 2))
    by_features = ls.score("judge_ensemble", given_labels=labels, features=features)
    assert (by_features.flagged == (labels != true)).mean() > 0.95
    mine = CallableJudge(function=lambda items, classes: [t[1] for t in items], name="mine")
    own = ls.score(JudgeEnsemble(judges=[mine]), given_labels=labels, texts=texts)
    assert np.array_equal(own.flagged, labels != true)


def test_an_audit_takes_judgements_as_evidence() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    dataset = ls.Dataset(
        rng.normal(size=(60, 2)), labels, evidence={"judgements": np.stack([1 - labels] * 2, axis=1)}
    )
    assert JudgeEnsemble().score(dataset.evidence.including(given_labels=labels)).flagged.all()
    assert by_name("judge_ensemble") == JudgeEnsemble()


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_judges_in_an_audit_see_texts_and_not_features() -> None:
    texts, codes = topic_texts(80, seed=3)
    seen: list[Any] = []

    def mine(items: Any, classes: tuple[str, ...]) -> list[str]:
        seen.extend(items)
        assert set(classes) == set(TOPICS)
        return [list(TOPICS)[codes[texts.index(text)]] for text in items]

    labels = np.array(list(TOPICS))[codes]
    labels[:6] = labels[6:12][::-1]
    scorer = JudgeEnsemble(judges=[CallableJudge(function=mine, name="mine")])
    audit = ls.audit(texts, labels, scorers=scorer)
    assert seen == texts and audit.evidence["texts"].tolist() == texts
    wrong = np.array(list(TOPICS))[codes] != labels
    assert np.array_equal(audit.flagged, wrong) and wrong.any()
    again = ls.audit(texts, labels, scorers=scorer)  # what was made before may be found; texts are read anew
    assert len(seen) == 2 * len(texts) and again.evidence["texts"].tolist() == texts
    assert "texts" not in ls.audit(texts, labels, scorers="self_confidence").evidence
    rows = np.eye(4, dtype=np.float32)[codes]
    by_row: list[Any] = []
    judge = CallableJudge(function=lambda items, _: by_row.extend(items) or [None] * len(items), name="rows")
    ls.audit(rows, labels, scorers=JudgeEnsemble(judges=[judge]))
    assert np.shape(by_row) == rows.shape
    own = ls.audit(
        rows, labels, scorers=JudgeEnsemble(judges=[CallableJudge(function=mine)]), evidence={"texts": texts}
    )
    assert seen[-1] == texts[-1] and np.array_equal(own.flagged, wrong)
    with pytest.raises(InvalidInputError, match="texts has 1"):
        ls.audit(rows, labels, scorers=scorer, evidence={"texts": texts[:1]})


def test_reviewed_rows_calibrate_confidence() -> None:
    rng = np.random.default_rng(1)
    n = 4000
    true = rng.integers(0, 2, n)
    sure = rng.uniform(0.5, 1.0, n)
    right = rng.random(n) < 0.5 + (sure - 0.5) / 2  # a judge that is twice as sure as it should be
    votes = np.where(right, true, 1 - true)[:, None]
    evidence = Evidence(given_labels=true, judgements=votes, judgement_probs=sure[:, None], classes=ABC[:2])
    assert "calibrated_confidence" not in JudgeEnsemble().score(evidence).details
    score = JudgeEnsemble().score(evidence.including(verified=np.arange(n) < 2000))
    said = score.details["calibrated_confidence"][2000:]
    assert np.abs(said - (0.5 + (sure[2000:] - 0.5) / 2)).mean() < 0.03
    few = JudgeEnsemble().score(evidence.including(verified=np.arange(n) < 5))
    assert "calibrated_confidence" not in few.details
    with pytest.raises(InvalidInputError, match="verified"):
        JudgeEnsemble().score(evidence.including(verified=np.ones(3, dtype=bool)))


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(1, 3)), min_size=1, max_size=40))
def test_calibration_is_isotonic_regression_of_the_smoothed_shares(rows: Any) -> None:
    sure, right, weight = (np.array(side) for side in zip(*rows, strict=True))
    found = calibrate_confidence(sure / 20, right, weights=weight)
    assert (np.diff(found.shares) >= 0).all() and ((found.shares > 0) & (found.shares < 1)).all()
    levels = IsotonicRegression().fit(sure / 20, right, sample_weight=weight).predict(found.knots)
    sizes = np.array(
        [weight[np.isin(sure / 20, found.knots[np.isclose(levels, one)])].sum() for one in levels]
    )
    prior = (weight @ right + 1) / (weight.sum() + 2)
    assert found.shares == pytest.approx(np.maximum.accumulate((levels * sizes + prior) / (sizes + 1)))


def test_calibration_of_chosen_rows_takes_weights() -> None:
    rng = np.random.default_rng(2)
    sure = np.full(3000, 0.7)
    right = rng.random(3000) < 0.4
    chosen = rng.random(3000) < np.where(right, 0.9, 0.3)  # what is right is looked at more often
    weight = np.where(right, 1 / 0.9, 1 / 0.3)[chosen]
    assert calibrate_confidence(sure[chosen], right[chosen])(0.7) > 0.6
    assert calibrate_confidence(sure[chosen], right[chosen], weights=weight)(0.7) == pytest.approx(
        0.4, abs=0.05
    )


@pytest.mark.parametrize(
    "bad", [([], []), ([0.5], [1, 0]), ([1.5], [1]), ([0.5], [0.3]), ([float("nan")], [1])]
)
def test_calibration_refuses(bad: Any) -> None:
    with pytest.raises(InvalidInputError):
        calibrate_confidence(*bad)


def scored() -> Score:
    votes = np.array([[1, 1], [1, 1], [0, 0], [1, -1]])
    sure = np.array([[0.9, 0.9], [0.7, 0.7], [0.9, 0.9], [0.85, np.nan]])
    return JudgeEnsemble().score(
        Evidence(given_labels=np.zeros(4, dtype=int), judgements=votes, judgement_probs=sure, classes=ABC)
    )


def test_policies_propose_and_change_nothing() -> None:
    labels = np.array(["a", "a", "a", "a"])
    found = propose(scored())
    assert found.rows.tolist() == [0, 3] and found.suggested.tolist() == ["b", "b"] and len(found) == 2
    flipped, kept = found.training_labels(labels)
    assert flipped.tolist() == ["b", "a", "a", "b"] and kept.all() and labels.tolist() == ["a"] * 4
    dropped, kept = propose(scored(), policy="drop", min_confidence=0.6).training_labels(labels)
    assert dropped.tolist() == ["a"] * 4 and kept.tolist() == [False, False, True, False]
    assert propose(scored(), n=1).rows.tolist() == [0] and len(propose(scored(), n=0)) == 0
    seen = np.array([True, False, False, False])
    assert propose(scored(), verified=seen).rows.tolist() == [3]  # people have decided about row 0


def test_proposals_widen_texts_rather_than_cut_them() -> None:
    score = Score(
        np.array([0.9], "f4"), np.array(["longer"]), np.array([True]), {"confidence": np.array([0.9])}
    )
    assert propose(score).training_labels(np.array(["a"]))[0].tolist() == ["longer"]


def test_calibrated_confidence_decides_where_there_is_one() -> None:
    score = scored()
    score.details["calibrated_confidence"] = np.array([0.5, 0.95, 0.9, 0.5])
    assert propose(score).rows.tolist() == [1]


def test_the_same_judge_throughout_says_nothing_about_agreement() -> None:
    evidence = Evidence(given_labels=np.array([0, 1, 0]), judgements=np.ones((3, 2), dtype=int), classes=ABC)
    score = JudgeEnsemble().score(evidence)
    assert score.flagged.tolist() == [True, False, True]
    assert score.meta["kappa_models"]["value"] is None and "same" in score.meta["kappa_models"]["note"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"judgements": np.zeros(3, dtype=int)}, "one column per judge"),
        ({"judgements": np.zeros((3, 0), dtype=int)}, "nobody judged"),
        ({"judgements": np.zeros((2, 2), dtype=int)}, "2 entries"),
        ({"judgements": np.full((3, 2), 7)}, "range from"),
        ({"judgement_probs": np.zeros((3, 5))}, "confidence of each vote"),
        ({"judgement_probs": np.full((3, 2), 1.5)}, "between 0 and 1"),
        ({"judgement_probs": np.full((3, 2, 3), 0.9)}, "sum to 1"),
    ],
)
def test_bad_evidence_is_refused(change: dict[str, Any], word: str) -> None:
    good = Evidence(given_labels=np.array([0, 1, 2]), judgements=np.zeros((3, 2), dtype=int), classes=ABC)
    with pytest.raises(InvalidInputError, match=word):
        JudgeEnsemble().score(good.including(**change))


def test_bad_settings_are_refused() -> None:
    good = Evidence(given_labels=np.array([0, 1, 2]), judgements=np.zeros((3, 2), dtype=int), classes=ABC)
    with pytest.raises(InvalidInputError, match="mean"):
        JudgeEnsemble(combine="men")
    with pytest.raises(InvalidInputError, match="tolerance"):
        JudgeEnsemble(tolerance=-1)
    for name in ("models", "prompts"):
        with pytest.raises(InvalidInputError, match=name):
            JudgeEnsemble(**{name: ["x"]}).score(good)
    with pytest.raises(MissingEvidenceError, match="judgements"):
        JudgeEnsemble().score(Evidence(given_labels=np.array([0, 1])))
    with pytest.raises(InvalidInputError, match="flip"):
        propose(scored(), policy="flp")
    with pytest.raises(InvalidInputError, match="min_confidence"):
        propose(scored(), min_confidence=1.2)
    with pytest.raises(MissingEvidenceError, match="JudgeEnsemble"):
        propose(Score(np.zeros(2, dtype=np.float32)))
    with pytest.raises(InvalidInputError):
        propose(scored()).training_labels(np.array(["a"]))
