"""Sources of labels compared; judges and people's verdicts; models scored again. From the definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

import labelscope as ls
from labelscope import reports
from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.reports.judge_quality import error_rate
from labelscope.review.agreement import fleiss_kappa, krippendorff_alpha
from labelscope.scorers import JudgeEnsemble
from labelscope.scorers.proportions import exact_interval
from labelscope.types import Evidence, Score


def answers(
    seed: int, n: int = 120, raters: int = 3, skill: float = 0.8, gaps: float = 0.1
) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    true = np.random.default_rng(0).integers(0, 3, n)
    said = np.where(rng.random((n, raters)) < skill, true[:, None], rng.integers(0, 3, (n, raters)))
    return np.where(rng.random((n, raters)) < gaps, -1, said), true


def majority(row: Any) -> int:
    counts = {v: int((row == v).sum()) for v in set(row.tolist()) - {-1}}
    best = [v for v, count in counts.items() if count == max(counts.values())]
    return best[0] if len(best) == 1 else -1


def test_numbers_against_their_definitions() -> None:
    crowd, true = answers(1, skill=0.5, gaps=0.3)
    experts, _ = answers(2, raters=2, skill=0.95)
    judges, _ = answers(3, raters=1)
    found = reports.annotation_quality(
        experts, crowd, judges, true, costs={"experts": 1.5, "crowd": 0.1, "judges": 0.0}
    )
    assert found.reference == "truth" and list(found.sources) == ["experts", "crowd", "judges"]
    source = found.sources["crowd"]
    labels = np.array([majority(row) for row in crowd])
    assert source.rules["majority"].labels.tolist() == labels.tolist()
    both = labels >= 0
    right = int((labels[both] == true[both]).sum())
    assert source.main.accuracy.value == right / both.sum()
    assert (source.main.accuracy.low, source.main.accuracy.high) == exact_interval(right, int(both.sum()))
    assert source.main.right_of_all.value == right / 120  # what is left open is not right
    assert source.main.f1.value == pytest.approx(f1_score(true[both], labels[both], average="weighted"))
    assert source.main.f1.low < source.main.f1.value < source.main.f1.high
    assert source.kappa.value == fleiss_kappa(crowd).value
    assert source.alpha.value == krippendorff_alpha(crowd).value
    n_answers = int((crowd >= 0).sum())
    assert (source.n_answers, source.n_missing) == (n_answers, crowd.size - n_answers)
    assert source.cost == pytest.approx(0.1 * n_answers)
    assert source.cost_per_item == pytest.approx(source.cost / 120)
    assert source.main.cost_per_right == pytest.approx(source.cost / right)
    assert found.sources["judges"].cost == 0.0 and found.sources["judges"].main.cost_per_right == 0.0


def test_strict_rule_leaves_open_what_is_not_unanimous() -> None:
    crowd = [["a", "a", "a"], ["a", "a", "b"], ["b", None, None], ["b", "b", None], [None] * 3]
    found = reports.annotation_quality(crowd=crowd, truth=["a", "a", "b", "a", "b"])
    rules = found.sources["crowd"].rules
    names = [
        [None if code < 0 else found.values[code] for code in rules[rule].labels]
        for rule in ("majority", "strict")
    ]
    assert names == [["a", "a", "b", "b", None], ["a", None, None, "b", None]]
    assert rules["strict"].coverage == 0.4 and rules["majority"].coverage == 0.8
    assert rules["strict"].accuracy.value == 0.5 and rules["strict"].right_of_all.value == 0.2


def test_without_truth_experts_are_the_reference_and_are_not_measured() -> None:
    experts, _ = answers(5, skill=0.95)
    judges, _ = answers(6, raters=2)
    found = reports.annotation_quality(experts=experts, judges=judges)
    assert found.reference == "experts" and found.sources["experts"].main.accuracy is None
    assert found.sources["judges"].main.accuracy is not None and found.sources["judges"].cost is None
    assert "is not measured" in " ".join(found.sections[0].paragraphs).replace("not\n", "not ")
    alone = reports.annotation_quality(judges=judges)
    assert alone.reference == "none" and alone.sources["judges"].main.accuracy is None
    assert "not measured" in alone.to_markdown()


def test_pairwise_f1_takes_the_row_for_the_truth() -> None:
    experts, crowd, judges = (answers(seed, raters=1, gaps=0.2)[0] for seed in (7, 8, 9))
    found = reports.annotation_quality(experts, crowd, judges)
    for row, true in enumerate((experts, crowd, judges)):
        for column, said in enumerate((experts, crowd, judges)):
            both = (true[:, 0] >= 0) & (said[:, 0] >= 0)
            expected = f1_score(true[both, 0], said[both, 0], average="weighted")
            assert found.pairwise_f1[row, column] == pytest.approx(expected)


def test_one_rater_and_everyone_the_same() -> None:
    found = reports.annotation_quality(judges=["a", "a", "b"], crowd=[["a", "a"]] * 3, truth=["a", "b", "b"])
    assert not found.sources["judges"].kappa.defined and not found.sources["crowd"].kappa.defined
    text = found.to_markdown()
    assert "no item has two answers" in text and "all answers are the same" in text
    nobody = reports.annotation_quality(
        judges=[None, None, None], truth=["a", "b", "b"], costs={"judges": 1.0}
    )
    assert (
        nobody.sources["judges"].main.accuracy is None
        and nobody.sources["judges"].main.right_of_all.value == 0
    )
    assert nobody.sources["judges"].main.cost_per_right is None


def test_any_container_and_files(tmp_path: Path) -> None:
    codes, true = answers(4)
    names = np.array(["ant", "bee", "<b>cat</b>"], dtype=object)
    texts = np.where(codes < 0, None, names[codes])
    one = reports.annotation_quality(crowd=texts.tolist(), truth=names[true].tolist())
    other = reports.annotation_quality(crowd=pd.DataFrame(texts), truth=pd.Series(names[true]))
    plain = reports.annotation_quality(crowd=codes, truth=true)
    for found in (other, plain):
        assert found.sources["crowd"].main.accuracy == one.sources["crowd"].main.accuracy
    assert "<b>" not in one.to_html()
    assert one.save(tmp_path / "quality.html").read_text().startswith("<!doctype html>")
    assert "Fleiss" in one.save(tmp_path / "quality.md").read_text()


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: reports.annotation_quality(), "experts="),
        (lambda: reports.annotation_quality(experts=[1, 2], crowd=[1]), "crowd has 1"),
        (lambda: reports.annotation_quality(experts=[1, 2], truth=[1]), "truth has 1"),
        (lambda: reports.annotation_quality(experts=[1, 2], costs={"expert": 1}), "experts"),
        (lambda: reports.annotation_quality(experts=[1, 2], costs={"experts": -1}), "0 or more"),
        (lambda: reports.annotation_quality(experts=[1, 2], costs={"experts": float("nan")}), "0 or more"),
        (lambda: reports.annotation_quality(experts=np.zeros((2, 2, 2))), "shape"),
        (lambda: reports.annotation_quality(experts=[]), "shape"),
        (lambda: reports.annotation_quality(experts=[[1, 2], [1]]), "shape"),
        (lambda: reports.annotation_quality(experts=["a", 1]), "one type"),
    ],
)
def test_bad_input(call: Any, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        call()


def ensemble() -> tuple[Score, Any]:
    rng = np.random.default_rng(2)
    true = rng.integers(0, 2, 200)
    given = np.where(rng.random(200) < 0.2, 1 - true, true)
    votes = np.where(rng.random((200, 3)) < 0.85, true[:, None], 1 - true[:, None])
    votes[:5] = -1
    sure = rng.uniform(0.6, 1.0, votes.shape)
    return (
        JudgeEnsemble(models=["x", "x", "y"]).score(
            Evidence(given_labels=given, classes=np.array([0, 1]), judgements=votes, judgement_probs=sure)
        ),
        given != true,
    )


def test_precision_by_bin_counts_what_people_saw() -> None:
    score, wrong = ensemble()
    seen = np.arange(200) % 2 == 0
    bins = reports.precision_by_confidence(score.details["confidence"], score.flagged, wrong, verified=seen)
    sure = score.details["confidence"]
    for one in bins:
        mine = score.flagged & (sure >= one.low) & ((sure < one.high) | (one.high == 1.0))
        assert one.n_flagged == mine.sum() and one.n_reviewed == (mine & seen).sum()
        assert one.n_errors == (mine & seen & wrong).sum()
        if one.n_reviewed:
            assert (one.precision.low, one.precision.high) == exact_interval(one.n_errors, one.n_reviewed)
        else:
            assert one.precision is None
    assert sum(one.n_flagged for one in bins) == score.flagged.sum()
    for bad in ({"edges": (0.5, 0.4)}, {"edges": (0.5,)}, {"verified": [True]}):
        with pytest.raises(InvalidInputError):
            reports.precision_by_confidence(sure, score.flagged, wrong, **bad)


def test_error_rates_come_from_rows_drawn_by_chance_only() -> None:
    score, wrong = ensemble()
    every = np.ones(200, dtype=bool)
    chosen = reports.judge_quality(score, is_error=wrong, verified=score.flagged)
    assert chosen.error_rate is None
    sampled = np.arange(200) < 80
    found = reports.judge_quality(score, is_error=wrong, verified=every, sampled=sampled)
    k = int((wrong & sampled).sum())
    assert (
        found.error_rate == error_rate(k, 80) and found.error_rate.high == 1.0 and found.error_rate.measured
    )
    with pytest.raises(InvalidInputError, match="no verdict"):
        reports.judge_quality(score, is_error=wrong, verified=np.zeros(200, dtype=bool), sampled=sampled)
    assert "prompts of x" in found.to_markdown() and "5" in found.to_markdown()


def test_lower_bounds_of_the_published_table() -> None:
    """160 items a set. The published lower bounds lie between the exact two-sided and one-sided 95 % ends; the
    counts behind them are known only from rounded shares."""
    for share, published in ((16.9, 11.6), (21.2, 15.8), (8.1, 4.4), (6.2, 3.0)):
        k = round(share * 1.6)
        two_sided, one_sided = (100 * error_rate(k, 160, level=level).low for level in (0.975, 0.95))
        assert two_sided - 0.05 <= published <= one_sided + 0.05


def test_a_review_says_which_flags_were_real() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 2, 40)
    audit = ls.audit(rng.normal(size=(40, 3)) + 4 * labels[:, None], labels)
    session = ls.Session(audit, journal=None)
    votes = labels[:, None].copy()
    votes[:6] = 1 - votes[:6]
    score = JudgeEnsemble().score(Evidence(given_labels=labels, classes=np.array([0, 1]), judgements=votes))
    session.relabel([0, 1], int(1 - labels[0])) if labels[0] == labels[1] else [
        session.relabel([row], int(1 - labels[row])) for row in (0, 1)
    ]
    session.keep([2])
    session.unsure([3])
    found = reports.judge_quality(score, session)
    (one,) = found.bins
    assert (one.n_flagged, one.n_reviewed, one.n_errors) == (6, 3, 2)
    with pytest.raises(InvalidInputError):
        reports.judge_quality(ensemble()[0], session)
    with pytest.raises(MissingEvidenceError, match="JudgeEnsemble"):
        reports.judge_quality(Score(np.zeros(3, dtype=np.float32)))


def test_models_change_ranks_on_corrected_labels() -> None:
    rng = np.random.default_rng(5)
    true = rng.integers(0, 3, 600)
    wrong = rng.random(600) < 0.25
    given = np.where(wrong, (true + 1) % 3, true)
    judged = np.where(wrong & (rng.random(600) < 0.7), true, given)
    # One model knows the truth, the other one has learned the mistakes.
    good = np.where(rng.random(600) < 0.85, true, (true + 2) % 3)
    fitted = np.where(rng.random(600) < 0.8, given, (true + 2) % 3)
    found = reports.rescored_models({"good": good, "fitted": fitted}, given, judged, true)
    for name, said in (("good", good), ("fitted", fitted)):
        for stage, labels in (("given", given), ("judged", judged), ("validated", true)):
            one = found.models[name][stage]
            assert one.accuracy.value == pytest.approx((said == labels).mean())
            assert one.shift.value == pytest.approx((said == labels).mean() - (said == given).mean())
            assert one.accuracy.low <= one.accuracy.value <= one.accuracy.high
    ranks = {
        name: [one[stage].rank for stage in ("given", "judged", "validated")]
        for name, one in found.models.items()
    }
    assert ranks["good"] == [2.0, 1.0, 1.0] and ranks["fitted"] == [1.0, 2.0, 2.0]
    assert found.models["good"]["validated"].shift.low > 0 > found.models["fitted"]["validated"].shift.high
    assert "Not measured" not in found.to_markdown()


def test_models_that_judged_are_named_and_levels_share_ranks() -> None:
    given = ["a", "b", "a", None]
    models = {"gpt": ["a", "b", "b", "a"], "nli": ["b", "b", "a", "a"], "none": ["a", None, "c", "a"]}
    with pytest.warns(LabelscopeWarning, match="gpt judged"):
        found = reports.rescored_models(models, given, ["a", "b", "b", None], judges=["gpt", "other"])
    assert found.conflicts == ("gpt",)
    assert [found.models[name]["given"].rank for name in models] == [1.5, 1.5, 3.0]
    assert found.models["none"]["given"].accuracy.value == pytest.approx(
        1 / 3
    )  # no answer is no right answer
    text = found.to_markdown()
    assert "Not measured" in text and "Warning: gpt" in text
    same = reports.rescored_models({"x": ["a", "b"], "y": ["a", "b"]}, ["a", "b"], ["a", "b"])
    assert [one["given"].rank for one in same.models.values()] == [1.5, 1.5]


@pytest.mark.parametrize(
    ("models", "given", "judged"),
    [({}, [1], [1]), ({"x": [1, 2]}, [1], [1]), ({"x": [1]}, [1], [1, 2]), ({"x": []}, [], [])],
)
def test_models_that_do_not_fit(models: Any, given: Any, judged: Any) -> None:
    with pytest.raises(InvalidInputError):
        reports.rescored_models(models, given, judged)


def test_error_rate_refuses() -> None:
    for k, n in ((0, 0), (3, 2), (-1, 5)):
        with pytest.raises(InvalidInputError):
            error_rate(k, n)
