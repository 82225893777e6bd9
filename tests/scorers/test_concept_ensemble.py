"""The default mix where a class and attributes stand side by side."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import ConceptProbabilities, NeighborGraph, PredictedProbabilities
from labelscope.scorers import ConceptEnsemble
from labelscope.scorers.concept_ensemble import class_rates
from labelscope.scorers.concept_reasons import concept_reasons
from labelscope.testing import check_scorer


def planted(n: int = 800, seed: int = 0) -> tuple[ls.Evidence, np.ndarray, np.ndarray]:
    """Classes with attributes of their own; some classes and some attributes are wrong."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, n)
    concepts = (rng.random((4, 6)) < 0.5)[codes] ^ (rng.random((n, 6)) < 0.1)
    features = ((concepts - 0.5) @ rng.normal(size=(6, 10)) + rng.normal(size=(n, 10))).astype(np.float32)
    turned, wrong = rng.random((n, 6)) < 0.03, rng.random(n) < 0.06
    given = np.where(wrong, (codes + rng.integers(1, 4, n)) % 4, codes)
    evidence = ls.Evidence(
        features=features,
        given_labels=given,
        classes=np.array(["a", "b", "c", "d"]),
        concepts=(concepts ^ turned).astype(float),
    )
    for provider in (NeighborGraph(), PredictedProbabilities(), ConceptProbabilities()):
        evidence = evidence.including(**provider.make(None, evidence).arrays)
    return evidence, wrong, turned


def test_it_is_a_scorer() -> None:
    check_scorer(ConceptEnsemble())


def test_classes_and_attributes_are_found() -> None:
    evidence, wrong, turned = planted()
    score = ConceptEnsemble().score(evidence)
    details = score.details
    assert roc_auc_score(turned.ravel(), details["attribute_suspicion"].ravel()) > 0.9
    assert roc_auc_score(wrong, details["class_suspicion"]) > 0.75
    worst = np.maximum(details["class_suspicion"], details["attribute_suspicion"].max(axis=1))
    assert (score.suspicion == worst.astype(np.float32)).all()
    given = np.asarray(evidence["concepts"])
    back = (details["suggested_concepts"] != given) & turned
    assert back.sum() > 0.5 * turned.sum()
    assert score.suggested.shape == wrong.shape and set(score.suggested) <= set("abcd")


def test_rates_of_the_class_leave_the_row_out() -> None:
    concepts = np.array([[1], [0], [1], [-1], [1]], dtype=np.int8)
    codes = np.array([0, 0, 0, 0, -1])
    found = class_rates(concepts, codes, 1)
    share = (3 + 0.5) / (4 + 1)
    assert found[0, 0] == pytest.approx((1 + 2 * share) / (2 + 2))
    assert found[1, 0] == pytest.approx((2 + 2 * share) / (2 + 2))
    assert found[3, 0] == pytest.approx((2 + 2 * share) / (3 + 2))
    assert found[4, 0] == pytest.approx(share)


def test_the_energy_is_heard() -> None:
    evidence, wrong, turned = planted()
    oracle = evidence.including(
        energy_class=wrong + np.linspace(0, 0.1, 800), energy_attributes=turned + np.zeros((800, 6))
    )
    score, alone = ConceptEnsemble().score(oracle), ConceptEnsemble().score(evidence)
    for name, truth in (("class_suspicion", wrong), ("attribute_suspicion", turned)):
        heard, before = (roc_auc_score(truth.ravel(), one.details[name].ravel()) for one in (score, alone))
        assert heard >= before
    with pytest.raises(InvalidInputError, match="energy_class"):
        ConceptEnsemble().score(evidence.including(energy_class=np.zeros(3)))


def test_attributes_with_one_value_and_gaps() -> None:
    evidence, _, turned = planted()
    concepts = np.array(evidence["concepts"])
    concepts[:, 0] = 1
    concepts[:, 1] = np.nan
    concepts[:50] = np.nan
    score = ConceptEnsemble().score(evidence.including(concepts=concepts))
    assert (score.details["attribute_suspicion"][:50] == 0).all()
    assert score.details["attribute_suspicion"][:, 1].max() == 0
    assert (
        roc_auc_score(turned[50:, 2:].ravel(), score.details["attribute_suspicion"][50:, 2:].ravel()) > 0.85
    )
    one = ConceptEnsemble().score(evidence.including(given_labels=np.zeros(800, dtype=int)))
    assert (one.details["class_suspicion"] == 0).all() and one.flagged.any()


def test_reasons_say_which_of_both() -> None:
    evidence, wrong, turned = planted()
    score = ConceptEnsemble().score(evidence)
    names = [f"mark {j}" for j in range(6)]
    only = np.flatnonzero(
        turned.any(axis=1) & ~wrong & (score.details["attribute_suspicion"].max(axis=1) > 0.8)
    )
    row = int(only[0])
    column = int(score.details["attribute_suspicion"][row].argmax())
    said = concept_reasons(row, evidence, score, names)
    assert any(f'"mark {column}" is probably' in text for text in said)
    by_class = int(
        np.where(score.details["attribute_suspicion"].max(axis=1) < 0.25, score.suspicion, 0).argmax()
    )
    assert concept_reasons(by_class, evidence, score, names)[0] == "The class is suspected."
    calm = int(score.suspicion.argmin())
    assert concept_reasons(calm, evidence, score, names)[0].startswith("Nothing speaks against")


def test_what_cannot_be_used_is_refused() -> None:
    evidence, _, _ = planted(60)
    bare = {name: evidence[name] for name in ("given_labels", "classes", "pred_probs")}
    with pytest.raises(MissingEvidenceError, match="concepts"):
        ConceptEnsemble().score(ls.Evidence(bare))
    with pytest.raises(InvalidInputError, match="concepts"):
        ConceptEnsemble().score(ls.Evidence(bare, concepts=np.zeros((3, 2)), concept_probs=np.zeros((3, 2))))
