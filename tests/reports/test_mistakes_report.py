"""The report on remaining mistakes: from a review, a session, an audit and plain arrays."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning
from labelscope.reports import MistakeReview, Report, mistakes
from labelscope.scorers.proportions import exact_interval

LABELS = ["cat", "dog", "fox", "cat", "dog", "fox", "cat", "dog", "fox", "cat"]
MODELS = {
    "vit": ["dog", "dog", "dog", "fox", "cat", "fox", "cat", "dog", "fox", "cat"],
    "soup": ["dog", "dog", "fox", "fox", "fox", "fox", "cat", "dog", "fox", "cat"],
}
SAID = [
    {"row": 0, "prediction": "dog", "verdict": "correct"},
    {"row": 2, "prediction": "dog", "verdict": "wrong", "category": "spurious", "severity": "major"},
    {"row": 3, "prediction": "fox", "verdict": "wrong", "category": "Fine-grained", "severity": "major"},
    {"row": 4, "prediction": "cat", "verdict": "unclear"},
]


def audit_of():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.arange(20).reshape(10, 2), LABELS)
    return ls.Audit.from_arrays(dataset, suspicion=np.zeros(10), suggested_codes=dataset.labels.codes)


def numbers():
    dataset = ls.Dataset(np.arange(6).reshape(3, 2), [0.5, 2.5, 1.25], task="regression")
    return ls.Audit.from_arrays(dataset, suspicion=np.zeros(3), suggested_codes=dataset.labels.codes)


def test_many_whole_numbers_are_classes():
    labels = list(range(60))
    found = mistakes(predictions={"a": [1, *labels[1:]]}, given_labels=labels)
    assert found.facts["n_mistakes"] == 1


def reviewed():
    review = MistakeReview(ls.Session(audit_of(), journal=None, reviewer="ada"), MODELS)
    review.vote_all(SAID)
    return review


def test_all_sources_say_the_same():
    review = reviewed()
    found = mistakes(review)
    assert isinstance(found, Report)
    others = [
        mistakes(review.session, MODELS),
        mistakes(audit_of(), MODELS, verdicts=SAID),
        mistakes(predictions=MODELS, given_labels=LABELS, verdicts=SAID),
    ]
    for other in others:
        assert other.models == found.models and other.pairs == found.pairs and other.kinds == found.kinds
        assert other.facts | {"agreement": 0} == found.facts | {"agreement": 0}


def test_figures_by_hand():
    found = mistakes(reviewed())
    facts = found.facts
    assert (facts["n_mistakes"], facts["n_sum"], facts["n_rows"]) == (5, 7, 4)
    assert (facts["n_shared_rows"], facts["n_same"], facts["n_major_rows"]) == (3, 2, 1)
    assert facts["verdicts"] == {"correct": 1, "wrong": 2, "unclear": 1, "problematic": 0, "open": 1}
    share = facts["non_mistakes"]
    assert share.value == 0.5 and (share.low, share.high) == exact_interval(2, 4) and share.measured
    vit, soup = found.models["vit"], found.models["soup"]
    assert (vit["apparent"], vit["remaining"], soup["apparent"], soup["remaining"]) == (4, 2, 3, 1)
    assert vit["table"]["spurious", "major"] == vit["table"]["fine_grained", "major"] == 1
    # Of 4 cats, 3 dogs and 3 foxes vit misses rows 0 and 3, 4, 2; rows 0 and 4 are forgiven.
    assert vit["accuracy_before"] == pytest.approx(np.mean([2 / 4, 2 / 3, 2 / 3]))
    assert vit["accuracy_after"] == pytest.approx(np.mean([3 / 4, 1.0, 2 / 3]))
    assert found.pairs == [("cat", "fox", 1), ("fox", "dog", 1)]
    assert facts["set_size"] == (1.0, 1.1)
    assert found.regression_set.rows == (3,) and vit["slice"]["builder"] and vit["slice"]["n_right"] == 0


def test_it_is_shown_as_html_and_markdown():
    found = mistakes(reviewed())
    text, page = found.to_markdown(), found.to_html()
    for words in (
        "50.0 %",
        "vit (builder)",
        "spurious",
        "still to judge",
        "Measured: each",
        "Measured against",
    ):
        assert words in text.replace("\\", "") and words in page
    assert "nan" not in page.lower().replace("nance", "")


def test_without_a_review_nothing_is_claimed():
    found = mistakes(audit_of(), MODELS)
    assert found.facts["non_mistakes"] is None and found.regression_set is None
    assert found.models["vit"]["remaining"] == 0 and "Nobody judged" in found.to_markdown()


def test_models_without_mistakes_and_models_that_are_alike():
    right = mistakes(audit_of(), {"right": LABELS})
    assert right.facts["n_mistakes"] == 0 and right.models["right"]["accuracy_before"] == 1.0
    alike = mistakes(audit_of(), {"a": MODELS["vit"], "b": MODELS["vit"]})
    assert alike.facts["n_mistakes"] == 4 and alike.facts["n_sum"] == 8 and alike.facts["n_same"] == 4


def test_problematic_rows_are_skipped_by_every_model():
    said = [{"row": 3, "prediction": "fox", "verdict": "problematic"}]
    found = mistakes(predictions=MODELS, given_labels=LABELS, verdicts=said)
    assert found.models["soup"]["accuracy_after"] == pytest.approx(np.mean([2 / 3, 2 / 3, 1.0]))
    assert found.facts["non_mistakes"] is None


def test_people_who_differ_are_shown():
    said = [{**SAID[0], "reviewer": "ada"}, {**SAID[0], "verdict": "wrong", "reviewer": "bob"}]
    found = mistakes(predictions=MODELS, given_labels=LABELS, verdicts=said)
    assert found.facts["n_disputed"] == 1 and "wait for a discussion" in found.to_markdown()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: mistakes(), InvalidTypeError, "source is None"),
        (lambda: mistakes(audit_of()), InvalidInputError, "no predictions"),
        (lambda: mistakes(audit_of(), {"a": LABELS[:3]}), InvalidInputError, r"models\['a'\] has 3"),
        (lambda: mistakes("x", MODELS), InvalidTypeError, "a str"),
        (lambda: mistakes(audit_of(), MODELS, level=95), InvalidInputError, "level"),
        (lambda: mistakes(audit_of(), MODELS, verdicts=["wrong"]), InvalidTypeError, "verdict is a str"),
        (
            lambda: mistakes(
                audit_of(), MODELS, verdicts=[{"row": 1, "prediction": "dog", "verdict": "wrong"}]
            ),
            InvalidInputError,
            "No model makes",
        ),
        (
            lambda: mistakes(numbers(), {"a": [1.5, 2.5, 0.25]}),
            InvalidInputError,
            "tags or numbers",
        ),
        (
            lambda: mistakes(reviewed().session, MODELS, verdicts=[]),
            InvalidInputError,
            "verdicts go with arrays",
        ),
    ],
)
def test_bad_input_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()
