"""The default mix for tags."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import NeighborGraph, TagProbabilities
from labelscope.scorers import ConfidentTags, TagEnsemble
from labelscope.scorers.tag_fusion import _fit_context, _loss, _others, _with_context, fuse
from labelscope.scorers.tag_reasons import tag_reasons
from labelscope.testing import check_scorer


def planted(n: int = 1200, seed: int = 0) -> tuple[ls.Evidence, np.ndarray]:
    """Rows with one to two of six tags, and a fifth of the tags hidden."""
    rng = np.random.default_rng(seed)
    tags = np.zeros((n, 6), dtype=np.int8)
    tags[np.arange(n), rng.integers(0, 6, n)] = 1
    also = rng.random(n) < 0.2
    tags[also, rng.integers(0, 6, also.sum())] = 1
    features = (tags @ rng.normal(size=(6, 10)) + 2.5 * rng.normal(size=(n, 10))).astype(np.float32)
    hidden = (tags == 1) & (rng.random(tags.shape) < 0.2)
    evidence = ls.Evidence(features=features, given_labels=np.where(hidden, 0, tags).astype(np.int8))
    for provider in (NeighborGraph(), TagProbabilities()):
        evidence = evidence.including(**provider.make(None, evidence).arrays)
    return evidence, hidden


def test_it_is_a_scorer() -> None:
    check_scorer(TagEnsemble())
    check_scorer(TagEnsemble(context=False))


def test_it_finds_more_than_its_parts_and_counts_right() -> None:
    evidence, hidden = planted()
    absent = np.asarray(evidence["given_labels"]) == 0
    mix = TagEnsemble().score(evidence)
    by = {
        "mix": mix.details["missing"],
        "confident": ConfidentTags().score(evidence).details["missing"],
        "plain": TagEnsemble(context=False).score(evidence).details["missing"],
    }
    auroc = {name: roc_auc_score(hidden[absent], values[absent]) for name, values in by.items()}
    assert auroc["mix"] > auroc["plain"] + 0.02 and auroc["plain"] >= auroc["confident"] - 0.01, auroc
    assert roc_auc_score(hidden.any(axis=1), mix.suspicion) > 0.85
    rate = mix.meta["noise_rate"]
    assert rate["low"] < hidden.any(axis=1).mean() < rate["high"]
    assert mix.meta["scale"] == "probability" and mix.meta["parts"] == ["model", "neighbors"]


def test_suspicion_is_calibrated_on_rows() -> None:
    evidence, hidden = planted(3000, seed=1)
    mix, wrong = TagEnsemble().score(evidence), hidden.any(axis=1)
    shares = []
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        rows = (mix.suspicion >= low) & (mix.suspicion < high)
        shares.append(wrong[rows].mean())
        # The level is a model's assumption: confident counts are too low where tags are told apart well.
        assert abs(wrong[rows].mean() - mix.suspicion[rows].mean()) < 0.3
    assert shares == sorted(shares)


def test_a_tag_is_never_an_argument_for_itself() -> None:
    rng = np.random.default_rng(0)
    plain = rng.normal(size=(300, 3)).astype(np.float32)
    tags = (rng.random((300, 3)) < 0.4).astype(np.int8)
    weights = _fit_context(plain, tags.astype(np.float32), tags)
    assert (np.diagonal(weights) == 0).all()
    # Tags that nothing tells cannot be told by the fusion either: it would have to look at the entry itself.
    fused = fuse([plain], tags)
    areas = [roc_auc_score(tags[:, tag], fused.in_context[:, tag]) for tag in range(3)]
    assert np.mean(areas) < 0.6


def test_the_gradient_of_the_context_is_right() -> None:
    rng = np.random.default_rng(1)
    plain = rng.normal(size=(20, 3)).astype(np.float32)
    tags = rng.integers(-1, 2, size=(20, 3)).astype(np.int8)
    known, target = (tags >= 0).astype(np.float32), (tags == 1).astype(np.float32)
    level = rng.normal(size=(20, 3)).astype(np.float32)
    _, error = _loss(level, target, known)
    for place in ((0, 0), (5, 2), (19, 1)):
        step = np.zeros((20, 3), dtype=np.float32)
        step[place] = 1e-2
        numeric = (_loss(level + step, target, known)[0] - _loss(level - step, target, known)[0]) / 2e-2
        assert error[place] == pytest.approx(numeric, abs=2e-3)
    believed, alone = _others(np.maximum(tags, 0).astype(np.float32))
    for row in range(20):
        for tag in range(3):
            others = np.delete(believed[row], tag)
            assert alone[row, tag] == pytest.approx(np.prod(1 - np.minimum(others, 0.999)), rel=1e-3)
    weights = rng.normal(size=(3, 6)).astype(np.float32)
    found = _with_context(weights, plain, believed, alone)
    slow = (
        weights[1, :3] @ believed[4]
        + weights[1, 3] * alone[4, 1]
        + weights[1, 4] * plain[4, 1]
        + weights[1, 5]
    )
    assert found[4, 1] == pytest.approx(slow, rel=1e-4)


def test_what_positives_alone_say_is_heard() -> None:
    evidence, hidden = planted(600)
    given = np.asarray(evidence["given_labels"])
    oracle = np.where((given == 1) | hidden, 0.9, 0.05)
    mix = TagEnsemble().score(evidence.including(pu_posterior=oracle))
    assert mix.meta["parts"] == ["model", "neighbors", "positives alone"]
    assert roc_auc_score(hidden[given == 0], mix.details["missing"][given == 0]) > 0.97
    with pytest.raises(InvalidInputError, match="pu_posterior"):
        TagEnsemble().score(evidence.including(pu_posterior=oracle[:, :2]))


def test_neighbors_alone_are_enough_and_nothing_is_too_little() -> None:
    evidence, hidden = planted(600)
    given = evidence["given_labels"]
    alone = TagEnsemble().score(ls.Evidence(given_labels=given, knn_ids=evidence["knn_ids"]))
    assert roc_auc_score(hidden.any(axis=1), alone.suspicion) > 0.75
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        TagEnsemble().score(ls.Evidence(given_labels=given))


@pytest.mark.parametrize(
    "tags",
    [
        np.zeros((50, 3)),
        np.full((50, 3), np.nan),
        np.ones((50, 1)),
        np.zeros((0, 2)),
        np.zeros((3, 0)),
        np.eye(3),
    ],
    ids=["never used", "unknown", "everywhere", "no rows", "no tags", "three rows"],
)
def test_odd_tags_lose_nothing(tags: np.ndarray) -> None:
    probs = np.full(tags.shape, 0.3)
    score = TagEnsemble().score(ls.Evidence(given_labels=tags, pred_probs=probs))
    assert score.suspicion.shape == (len(tags),) and np.isfinite(score.suspicion).all()
    assert score.suggested.shape == tags.shape


def test_reasons_name_the_tag_and_who_says_so() -> None:
    evidence, hidden = planted()
    mix = TagEnsemble().score(evidence)
    names = ["anger", "fear", "joy", "love", "pride", "relief"]
    row = int(np.flatnonzero(hidden.any(axis=1) & mix.flagged)[0])
    said = tag_reasons(row, evidence, mix, names)
    tag = int(np.maximum(mix.details["missing"], mix.details["spurious"])[row].argmax())
    have = int((np.asarray(evidence["given_labels"])[evidence["knn_ids"][row], tag] == 1).sum())
    assert said[0].startswith(f'"{names[tag]}" is probably missing: ')
    assert f"{have} of 15 neighbors" in said[0]
    calm = int(mix.suspicion.argmin())
    assert tag_reasons(calm, evidence, mix, names) == ("Nothing speaks against the given tags.",)
    unknown = evidence.including(given_labels=np.full((1200, 6), -1))
    assert "no tags yet" in tag_reasons(0, unknown, mix, names)[0]
