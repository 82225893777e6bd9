"""Suspicion from people's answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.annotators import METHODS, consensus_by, read_answers
from labelscope.scorers import AnnotatorDisagreement, by_name
from labelscope.testing import check_scorer
from labelscope.testing.sample import planted
from labelscope.types import Evidence


@pytest.mark.parametrize("method", METHODS)
def test_it_keeps_the_contract(method: str) -> None:
    check_scorer(AnnotatorDisagreement(method=method))


@pytest.mark.parametrize("method", METHODS)
def test_suspicion_is_what_the_consensus_leaves_for_other_labels(method: str) -> None:
    full, _wrong = planted(90)
    names = ("given_labels", "annotator_labels", "pred_probs")
    evidence = Evidence({name: full[name] for name in names})
    score = AnnotatorDisagreement(method=method).score(evidence)
    answers = np.asarray(full["annotator_labels"])
    found = consensus_by(method, read_answers(answers, width=3), full["pred_probs"])
    given = np.asarray(full["given_labels"])
    for row in range(90):
        count = int((~np.isnan(answers[row])).sum())
        agree = int((answers[row] == given[row]).sum())
        if count or found.meta["method"] == "crowdlab":
            assert np.isclose(score.suspicion[row], 1 - found.probabilities[row, given[row]], atol=1e-6)
            assert score.suggested[row] == found.labels[row]
        else:
            assert score.suspicion[row] == 0 and score.suggested[row] == given[row] and not score.flagged[row]
        assert score.details["answers_for"][row] == agree
        assert score.details["answers_against"][row] == count - agree
    assert score.meta["method"] == found.meta["method"]


def test_labels_keep_their_type_and_classes_that_only_people_name() -> None:
    people: Any = np.array(
        [["a", "a", "a"], ["c", "c", "c"], ["b", None, "b"], [None, None, None]], dtype=object
    )
    score = AnnotatorDisagreement(method="majority").score(
        Evidence(given_labels=["a", "b", "b", "a"], annotator_labels=people)
    )
    assert score.suggested.tolist() == ["a", "c", "b", "a"]
    assert score.flagged.tolist() == [False, True, False, False]
    assert score.suspicion.tolist() == [0, 1, 0, 0]
    scored = ls.score("annotator_disagreement", given_labels=["a", "b", "b", "a"], annotator_labels=people)
    assert scored.suggested.tolist()[1] == "c"


def test_names_and_wrong_settings() -> None:
    assert by_name("annotator_disagreement") == AnnotatorDisagreement()
    assert by_name("AnnotatorDisagreement") == AnnotatorDisagreement()
    with pytest.raises(InvalidInputError, match="glad"):
        AnnotatorDisagreement(method="gladd")
    with pytest.raises(MissingEvidenceError, match="annotator_labels"):
        AnnotatorDisagreement().score(Evidence(given_labels=[0, 1]))
    with pytest.raises(MissingEvidenceError, match="given_labels"):
        AnnotatorDisagreement().score(Evidence(annotator_labels=np.zeros((2, 2))))
    with pytest.raises(InvalidInputError, match="annotator_labels"):
        AnnotatorDisagreement().score(Evidence(given_labels=[0, 1], annotator_labels=np.zeros((3, 2))))
