"""Names, reasons and candidates."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from labelscope import scorers
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.scorers import Ensemble, by_name, candidates, reasons
from labelscope.scorers.inputs import read
from labelscope.testing.sample import planted
from labelscope.types import Evidence, Scorer


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    made = planted(300)[0]
    return made.including(classes=np.array(["bagel", "dough", "roll"]))


def test_scorers_are_found_by_class_name_snake_case_and_auto() -> None:
    for name in scorers.__all__:
        kind = getattr(scorers, name)
        if not isinstance(kind, type):
            continue
        assert by_name(name) == kind()
        assert isinstance(by_name(by_name(name).name), kind)
        assert isinstance(kind(), Scorer)
        assert by_name(kind) == kind()  # type: ignore[arg-type]
    assert by_name("auto") == Ensemble()
    assert by_name("ensemble") == Ensemble()
    scorer = Ensemble(max_fit_rows=10)
    assert by_name(scorer) is scorer


def test_a_near_miss_is_named() -> None:
    with pytest.raises(InvalidInputError, match="self_confidence"):
        by_name("self_confidense")
    with pytest.raises(InvalidTypeError):
        by_name(3)  # type: ignore[arg-type]


def test_reasons_of_a_flag_name_the_rival_the_threshold_and_the_neighbors(evidence: Evidence) -> None:
    score = Ensemble().score(evidence)
    row = int(score.suspicion.argmax())
    said = reasons(row, evidence, score)
    rival, given = str(score.suggested[row]), str(evidence["classes"][evidence["given_labels"][row]])
    assert said[0].startswith(f"The model gives {rival}")
    assert given in said[0]
    assert any("nearest neighbors are " + rival in sentence for sentence in said)
    assert said[-1] == "Doubted by model and neighbors alike."
    assert all(sentence.endswith(".") for sentence in said)
    every = [
        sentence for one in np.flatnonzero(score.flagged) for sentence in reasons(int(one), evidence, score)
    ]
    assert any("points surer of" in sentence for sentence in every)


def test_reasons_of_other_rows(evidence: Evidence) -> None:
    score = Ensemble().score(evidence)
    assert reasons(int(score.suspicion.argmin()), evidence, score) == (
        "Nothing speaks against the given label.",
    )
    codes = np.array(evidence["given_labels"])
    codes[0] = -1
    unlabelled = evidence.including(given_labels=codes)
    assert reasons(0, unlabelled, Ensemble().score(unlabelled)) == ("This row has no label yet.",)
    with pytest.raises(InvalidInputError, match="no row 300"):
        reasons(300, evidence, score)


@pytest.mark.parametrize("names", [("pred_probs",), ("knn_ids",), ("pred_probs", "knn_ids")])
def test_every_flag_has_a_reason(evidence: Evidence, names: tuple[str, ...]) -> None:
    some = Evidence({name: evidence[name] for name in ("given_labels", "classes", *names)})
    score = Ensemble().score(some)
    for row in np.flatnonzero(score.flagged):
        assert reasons(int(row), some, score) != ("Nothing speaks against the given label.",)


def test_candidates_are_probabilities_with_the_suggestion_first(evidence: Evidence) -> None:
    score = Ensemble().score(evidence)
    for row in range(0, 300, 17):
        ranked = candidates(row, evidence, score)
        assert len(ranked) == 3
        assert np.isclose(sum(share for _, share in ranked), 1)
        assert evidence["classes"][ranked[0][0]] == score.suggested[row]
    shares = [share for _, share in candidates(5, evidence, top=2)]
    assert len(shares) == 2
    assert shares == sorted(shares, reverse=True)
    with pytest.raises(InvalidInputError):
        candidates(-1, evidence)


def test_evidence_is_read_once_and_forgotten_with_it(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labelscope.scorers import remembered as room

    copy = evidence.including()
    score = Ensemble().score(copy)
    reads = []
    monkeypatch.setattr(room, "read", lambda *given: reads.append(given) or read(*given))
    for row in range(20):
        reasons(row, copy, score)
        candidates(row, copy, score)
    assert len(reads) == 1
    reads.clear()
    before = len(room._READ)
    del copy
    gc.collect()
    assert len(room._READ) == before - 1
