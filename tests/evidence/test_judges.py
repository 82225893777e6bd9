"""Judges that are functions, columns or learned offline; what they are shown, and what becomes of silence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import labelscope as ls
from labelscope import providers
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.evidence.judgements import Cases, Judge, Verdicts, cases_of, check_judges, offline_judges
from labelscope.evidence.judgements.answers import label_probabilities
from labelscope.evidence.judgements.out_of_fold import judged_out_of_fold
from labelscope.evidence.judgements.word_tables import counts_of

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
TEXTS = ("good film", "fine day", "bad cut", "poor show")


def topics(n: int, seed: int, k: int = 3) -> tuple[tuple[str, ...], Any]:
    """Texts whose words tell their class."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, k, n)
    return tuple(" ".join(f"word{c}{w}" for w in rng.integers(0, 12, 8)) for c in codes), codes


@pytest.mark.parametrize("judge", offline_judges(), ids=lambda one: one.name)
@pytest.mark.parametrize("kind", ["texts", "features"])
def test_offline_judges_find_planted_errors_out_of_sample(judge: Any, kind: str) -> None:
    rng = np.random.default_rng(4)
    texts, true = topics(300, 4)
    features = (np.eye(3)[true] * 4 + rng.normal(size=(300, 3))).astype(np.float32)
    given = true.copy()
    wrong = rng.choice(300, 30, replace=False)
    given[wrong] = (given[wrong] + 1) % 3
    shown = {"texts": texts} if kind == "texts" else {"features": features}
    said = judge.judge(Cases(300, ("a", "b", "c"), codes=given, **shown))
    assert said.answered.all() and said.probs.sum(axis=1) == pytest.approx(1)
    assert (said.codes == true).mean() > 0.9
    assert (said.codes[wrong] == true[wrong]).mean() > 0.85


@pytest.mark.parametrize("judge", offline_judges(), ids=lambda one: one.name)
def test_no_judge_repeats_the_label_of_a_row_or_of_its_copy(judge: Any) -> None:
    """Where texts tell nothing, a judge that had seen a row's own label would be right more often than chance."""
    rng = np.random.default_rng(1)
    words = [" ".join(f"w{i}" for i in rng.integers(0, 40, 6)) for _ in range(150)]
    texts = tuple(words + words)  # each text twice, with the same label
    codes = np.tile(rng.integers(0, 3, 150), 2)
    said = judge.judge(Cases(300, ("a", "b", "c"), texts, codes=codes))
    assert (said.codes == codes).mean() < 0.5
    assert said.probs.max(axis=1).mean() < 0.65  # and knows that it knows little


@pytest.mark.parametrize("judge", offline_judges(), ids=lambda one: one.name)
def test_offline_judges_do_not_depend_on_the_order_of_rows(judge: Any) -> None:
    texts, codes = topics(120, 9)
    order = np.random.default_rng(2).permutation(120)
    one = judge.judge(Cases(120, ("a", "b", "c"), texts, codes=codes))
    other = judge.judge(Cases(120, ("a", "b", "c"), tuple(texts[i] for i in order), codes=codes[order]))
    assert other.probs == pytest.approx(one.probs[order], abs=1e-4)


@pytest.mark.parametrize("judge", offline_judges(), ids=lambda one: one.name)
def test_offline_judges_on_little(judge: Any) -> None:
    classes = ("a", "b", "c")
    one_class = judge.judge(Cases(4, classes, TEXTS, codes=np.zeros(4, dtype=np.int64)))
    assert (one_class.codes == -1).all() and "two classes" in one_class.reasons[0]
    assert (judge.judge(Cases(4, classes, TEXTS, codes=np.full(4, -1))).codes == -1).all()
    assert (judge.judge(Cases(4, classes, TEXTS)).codes == -1).all()  # blind: nothing to learn from
    assert judge.judge(Cases(0, classes, (), codes=np.zeros(0, dtype=np.int64))).codes.tolist() == []
    texts, codes = topics(60, 5)
    codes = np.where(np.arange(60) < 10, -1, codes)
    said = judge.judge(Cases(60, classes, texts, codes=codes))
    assert said.answered.all()  # unlabelled rows are judged, too
    empty = judge.judge(Cases(60, classes, ("",) * 60, codes=codes))
    assert not empty.answered.any() and empty.counted() == {"empty text": 60}
    with pytest.raises(MissingEvidenceError):
        judge.judge(Cases(60, classes, codes=codes))


def test_a_class_without_other_rows_is_not_certain_to_be_wrong() -> None:
    texts, codes = topics(60, 6)
    codes[0] = 3
    said = offline_judges()[0].judge(Cases(60, ("a", "b", "c", "d"), texts, codes=codes))
    assert said.answered.all() and (said.probs > 0).all()


def test_groups_do_not_learn_from_themselves() -> None:
    """Rows of a group share a word that tells their label; only a judge that mixes groups could use it."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(40), 5)
    codes = rng.integers(0, 2, 40)[groups]
    texts = tuple(f"group{g} " + " ".join(f"w{i}" for i in rng.integers(0, 30, 4)) for g in groups)
    blind = offline_judges()[0].judge(Cases(200, ("a", "b"), texts, codes=codes, groups=groups))
    leaky = offline_judges()[0].judge(Cases(200, ("a", "b"), texts, codes=codes))
    assert (blind.codes == codes).mean() < 0.65 < 0.9 < (leaky.codes == codes).mean()


def test_scores_are_as_sharp_as_the_labels_allow() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, 400)
    seen = np.where(rng.random(400) < 0.8, codes, 1 - codes)

    def learn(train: Any, inner: Any, n_classes: int, rows: Any) -> Any:
        return 100.0 * np.eye(2)[seen[rows]]  # sure of itself, and right in four of five cases

    features = rng.normal(size=(400, 2)).astype(np.float32)
    said = judged_out_of_fold(Cases(400, ("a", "b"), features=features, codes=codes), learn)
    assert said.probs.max(axis=1).mean() == pytest.approx(0.8, abs=0.06)


def test_texts_without_spaces_are_read_sign_by_sign() -> None:
    assert counts_of(["喜び怒り", "怒り喜び"]).shape[1] == 4


class Spy:
    """Records what it is shown."""

    name, model, prompt, learns = "spy", "spy", "", False

    def __init__(self) -> None:
        self.shown: list[Cases] = []

    def judge(self, cases: Cases) -> Verdicts:
        self.shown.append(cases)
        return Verdicts(np.full((cases.n, len(cases.classes)), np.nan), ("silent",) * cases.n)


def test_only_judges_that_learn_see_labels() -> None:
    spy, learner = Spy(), Spy()
    learner.name, learner.learns = "learner", True  # type: ignore[misc]
    providers.Judgements(judges=[spy, learner]).make(
        ls.Dataset(list(TEXTS), ["+", "+", "-", "-"]), ls.Evidence()
    )
    assert spy.shown[0].codes is None and spy.shown[0].texts == TEXTS
    assert learner.shown[0].codes is not None


def test_functions_are_asked_in_batches() -> None:
    sizes = []

    def judge(items: list[str], classes: tuple[str, ...]) -> Any:
        sizes.append(len(items))
        return [[0.9, 0.1] if "good" in one or "fine" in one else [0.2, 0.8] for one in items]

    said = providers.CallableJudge(function=judge, batch_size=3).judge(Cases(4, ("+", "-"), TEXTS))
    assert said.codes.tolist() == [0, 0, 1, 1] and sizes == [3, 1] and said.facts["n_calls"] == 2
    assert providers.CallableJudge(function=judge).name == "judge"


def test_a_batch_that_times_out_is_an_abstention_and_other_errors_are_errors() -> None:
    def slow(items: list[str], classes: tuple[str, ...]) -> Any:
        if "bad cut" in items:
            raise TimeoutError
        return ["+"] * len(items)

    said = providers.CallableJudge(function=slow, batch_size=2).judge(Cases(4, ("+", "-"), TEXTS))
    assert said.codes.tolist() == [0, 0, -1, -1] and said.counted() == {"timed out": 2}

    def lost(items: list[str], classes: tuple[str, ...]) -> Any:
        raise ConnectionResetError

    assert providers.CallableJudge(function=lost).judge(Cases(4, ("+", "-"), TEXTS)).counted() == {
        "no connection": 4
    }

    def broken(items: list[str], classes: tuple[str, ...]) -> Any:
        raise KeyError("oops")

    with pytest.raises(KeyError):
        providers.CallableJudge(function=broken).judge(Cases(4, ("+", "-"), TEXTS))


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (["+"], "1 answers to 4 items"),
        ("++--", "1 answers to 4 items"),
        (None, "answers"),
        (np.full((4, 3), 1 / 3), "one column per class"),
        (np.full((4, 2), 0.9), "sum to 1"),
        ([[1.5, -0.5]] * 4, "negative"),
        ([["a", "b"]] * 4, "no matrix of numbers"),
    ],
)
def test_answers_that_are_none_are_errors(answers: Any, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        providers.CallableJudge(function=lambda items, classes: answers).judge(Cases(4, ("+", "-"), TEXTS))


def test_free_answers_of_functions_are_read_like_those_of_models() -> None:
    answers = ["Plus", "label: minus", "plus, minus", None]
    judge = providers.CallableJudge(function=lambda items, classes: answers)
    said = judge.judge(Cases(4, ("plus", "minus"), TEXTS))
    assert said.codes.tolist() == [0, 1, -1, -1]
    assert said.reasons == ("", "", "several labels", "abstained")


@pytest.mark.parametrize("values", [
    ["+", None, "-", "huh"],
    np.array(["+", None, "-", "huh"], dtype=object),
    pd.Series(["+", np.nan, "-", "huh"]),
    [" + ", float("nan"), "-", "huh"],
])  # fmt: skip
def test_columns_of_any_kind(values: Any) -> None:
    said = providers.ColumnJudge(values=values).judge(Cases(4, ("+", "-")))
    assert said.codes.tolist() == [0, -1, 1, -1]
    assert said.reasons[1] == "abstained" and said.reasons[3].startswith("not a label")


def test_columns_of_numbers_and_probabilities() -> None:
    assert providers.ColumnJudge(values=[3.0, float("nan"), 7]).judge(
        Cases(3, ("3", "7"))
    ).codes.tolist() == [0, -1, 1]
    probs = [[0.3, 0.7], [float("nan")] * 2, [0.0, 0.0]]
    said = providers.ColumnJudge(values=np.array(probs)).judge(Cases(3, ("a", "b")))
    assert said.codes.tolist() == [1, -1, -1] and said.probs[0] == pytest.approx([0.3, 0.7])
    for bad in (["a"], "abc", np.ones((3, 5))):
        with pytest.raises(InvalidInputError):
            providers.ColumnJudge(values=bad).judge(Cases(3, ("a", "b")))


@pytest.mark.parametrize(
    ("steps", "labels", "expected"),
    [
        # A label that starts another one: the way that was taken ends, so it is the shorter one.
        ([("joy", {"joy": 0.7, "an": 0.3})], ["joy", "joyful", "anger"], [0.7, 0.0, 0.3]),
        (
            [("joy", {"joy": 0.8, "an": 0.2}), ("ful", {"ful": 0.5, ".": 0.5})],
            ["joy", "joyful", "anger"],
            [0.4, 0.4, 0.2],
        ),
        # A start in common: the second token decides.
        (
            [("card", {"card": 1.0}), (" lost", {" lost": 0.6, " stolen": 0.4})],
            ["card lost", "card stolen"],
            [0.6, 0.4],
        ),
        # An alternative that could go on to two labels is shared between them.
        ([("x", {"x": 0.6, "ca": 0.4})], ["x", "cat", "car"], [0.6, 0.2, 0.2]),
        ([(" Joy", {" Joy": 0.9, "JOY": 0.1})], ["joy", "anger"], [1.0, 0.0]),
        ([('"', {'"': 1.0}), ("joy", {"joy": 0.9, "anger": 0.1})], ["joy", "anger"], [0.9, 0.1]),
        ([("joy", {"joy": 0.5, "I": 0.2, "anger": 0.3})], ["joy", "anger"], [0.625, 0.375]),
    ],
)
def test_token_probabilities_become_label_probabilities(
    steps: Any, labels: list[str], expected: list[float]
) -> None:
    content = [
        {"token": taken, "logprob": float(np.log(tops[taken])),
         "top_logprobs": [{"token": t, "logprob": float(np.log(p))} for t, p in tops.items()]}
        for taken, tops in steps
    ]  # fmt: skip
    found = label_probabilities(content, labels)
    assert found is not None and found.tolist() == pytest.approx(expected)


def test_what_the_provider_makes() -> None:
    dataset = ls.Dataset(list(TEXTS) * 10, ["+", "+", "-", "-"] * 10)
    made = providers.Judgements().make(dataset, ls.Evidence())
    assert made.arrays["judgements"].shape == (40, 3) and made.arrays["judgements"].dtype == np.int64
    assert made.arrays["judgement_probs"].shape == (40, 3, 2)
    assert [one["name"] for one in made.facts["judges"]] == [
        "naive Bayes",
        "nearest centroid",
        "nearest neighbors",
    ]
    assert made.facts["judges_cost"] == 0.0
    column = providers.ColumnJudge(values=["+"] * 39 + [None])
    made = providers.Judgements(judges=column).make(dataset, ls.Evidence())
    about = made.facts["judges"][0]
    assert (about["n_answered"], about["n_abstained"], about["reasons"]) == (39, 1, {"abstained": 1})
    assert made.facts["judges_cost"] is None  # not known is not nothing
    again = providers.Judgements().make(dataset, ls.Evidence())
    first = providers.Judgements().make(dataset, ls.Evidence())
    assert np.array_equal(first.arrays["judgement_probs"], again.arrays["judgement_probs"])


def test_judges_are_checked_at_once() -> None:
    with pytest.raises(InvalidTypeError, match="CallableJudge"):
        check_judges([lambda items, classes: None])
    with pytest.raises(InvalidInputError, match="called 'column'"):
        check_judges([providers.ColumnJudge(values=[1]), providers.ColumnJudge(values=[2])])
    with pytest.raises(InvalidTypeError):
        providers.CallableJudge(function="gpt")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError):
        providers.CallableJudge(function=len, batch_size=0)
    with pytest.raises(InvalidInputError):
        providers.NeighborJudge(n_neighbors=0)
    with pytest.raises(InvalidInputError):
        providers.NaiveBayesJudge(smoothing=0)
    assert all(isinstance(one, Judge) for one in offline_judges())


def test_cases_come_from_evidence_or_dataset() -> None:
    evidence = ls.Evidence(
        given_labels=np.array([0, 1, -1]), classes=np.array(["a", "b"]), texts=["x", None, "z"]
    )
    cases = cases_of(None, evidence, by="test")
    assert cases.texts == ("x", "", "z") and cases.classes == ("a", "b")
    assert cases.blind().codes is None and cases.codes is not None
    with pytest.raises(InvalidInputError, match="texts"):
        cases_of(None, evidence.including(texts=["x"]), by="test")
    with pytest.raises(InvalidInputError, match="texts"):
        cases_of(None, evidence.including(texts="xyz"), by="test")
    with pytest.raises(MissingEvidenceError):
        cases_of(None, ls.Evidence(texts=["x"]), by="test")
