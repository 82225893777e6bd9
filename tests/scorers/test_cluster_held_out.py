"""Cluster-held-out suspicion: what is held out, what may vote, and how rows and clusters are scored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.scorers import ClusterHeldOut, NeighborAgreement, by_name
from labelscope.scorers.neighbors import held_out
from labelscope.scorers.neighbors.sub_clusters import sub_clusters
from labelscope.testing import check_scorer, sample
from labelscope.types import Evidence


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
@pytest.mark.parametrize("scorer", [ClusterHeldOut(), ClusterHeldOut(size=5, n_folds=4)], ids=repr)
def test_the_contract_is_kept(scorer: Any) -> None:
    check_scorer(scorer)
    assert by_name("cluster_held_out") == ClusterHeldOut()


def case() -> tuple[Evidence, Any]:
    """Two far blobs; four rows that lie next to each other in the first carry the second's label."""
    rng = np.random.default_rng(1)
    features = np.vstack([rng.normal(size=(80, 3)), rng.normal(size=(80, 3)) + 8]).astype(np.float32)
    codes = np.repeat([0, 1], 80)
    ids, distances = sample.nearest(features.astype(np.float64), 10)
    wrong = np.zeros(160, dtype=bool)
    wrong[[7, *ids[7, :5]]] = True
    codes[wrong] = 1
    return Evidence(given_labels=codes, features=features, knn_ids=ids, knn_distances=distances), wrong


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 60), st.integers(1, 8), st.booleans())
def test_sub_clusters_are_small_pure_and_independent_of_row_order(
    seed: int, n: int, size: int, coarse: bool
) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 2)).astype(np.float32)
    if coarse:
        features = np.round(features)
    codes = rng.integers(-1, 3, n)
    groups = sub_clusters(features, codes, size)
    assert sorted(set(groups.tolist())) == list(range(len(set(groups.tolist()))))
    for group in set(groups.tolist()):
        rows = np.flatnonzero(groups == group)
        assert len(set(codes[rows].tolist())) == 1
        assert codes[rows[0]] >= 0 or len(rows) == 1
        assert len(rows) <= size or len(np.unique(features[rows], axis=0)) == 1
    if not coarse:
        order = rng.permutation(n)
        again = sub_clusters(features[order], codes[order], size)
        assert ((groups[order][:, None] == groups[order]) == (again[:, None] == again)).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 20))
def test_neighbors_of_the_own_sub_cluster_do_not_vote(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    ids, groups = rng.integers(-1, n, (n, 4)), rng.integers(0, 4, n)
    expected = [[j if j >= 0 and groups[j] != groups[i] else -1 for j in ids[i]] for i in range(n)]
    assert held_out.foreign_neighbors(ids, groups).tolist() == expected


def test_the_model_never_sees_a_label_of_the_own_sub_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence, _ = case()
    seen: list[Evidence] = []
    make = PredictedProbabilities.make

    def spy(self: Any, dataset: Any, known: Evidence, **rest: Any) -> Any:
        seen.append(known)
        return make(self, dataset, known, **rest)

    monkeypatch.setattr(PredictedProbabilities, "make", spy)
    score = ClusterHeldOut().score(evidence)
    assert (seen[0]["groups"] == score.details["sub_cluster"]).all()
    # The provider's promise, on which this rests: another label for a whole group changes nothing for it.
    rows = np.flatnonzero(score.details["sub_cluster"] == score.details["sub_cluster"][7])
    codes = np.array(evidence["given_labels"])
    codes[rows] = 1 - codes[rows]
    before = seen[0]
    folds = [
        make(PredictedProbabilities(n_folds=10), None, one).arrays["pred_probs"].argmax(axis=1)[rows]
        for one in (before, before.including(given_labels=codes))
    ]
    assert (folds[0] == folds[1]).all()


def test_a_cluster_of_equal_mistakes_does_not_vouch_for_itself() -> None:
    evidence, wrong = case()
    plain = NeighborAgreement(n_neighbors=5).score(evidence)
    score = ClusterHeldOut().score(evidence)
    assert plain.flagged is not None and not plain.flagged[7]
    assert score.flagged is not None and score.flagged[wrong].all()
    assert score.suspicion[wrong].min() > score.suspicion[~wrong].max()
    assert score.suggested is not None and (score.suggested[wrong] == 0).all()
    first = score.meta["clusters"][0]
    assert (score.details["cluster"][wrong] == first).all()
    assert (score.details["cluster"][~wrong] != first).all()


def test_suspicion_and_clusters_equal_the_definition() -> None:
    full, _ = sample.planted(200, rate=0.2, seed=4)
    evidence = Evidence({name: full[name] for name in ("given_labels", "features", "knn_ids")})
    codes, ids = np.asarray(full["given_labels"]), full["knn_ids"]
    score = ClusterHeldOut().score(evidence)
    assert score.flagged is not None and score.suggested is not None
    groups, n = score.details["sub_cluster"], len(codes)
    probs = (
        PredictedProbabilities(n_folds=10)
        .make(
            None, Evidence(given_labels=codes, classes=np.arange(3), features=full["features"], groups=groups)
        )
        .arrays["pred_probs"]
    )
    margin, best = np.zeros(n), np.zeros(n, dtype=int)
    for i in range(n):
        heads = [0.5, 0.5, 0.5]
        for j in ids[i]:
            if groups[j] != groups[i]:
                heads[codes[j]] += 1
        logs = [np.log(max(float(probs[i, c]), 1e-4)) + np.log(heads[c] / sum(heads)) for c in range(3)]
        best[i] = max((c for c in range(3) if c != codes[i]), key=lambda c: logs[c])
        margin[i] = logs[best[i]] - logs[codes[i]]
    flagged = margin > 0
    assert (score.flagged == flagged).all()
    cluster = [i if flagged[i] else n + int(groups[i]) for i in range(n)]
    for _ in range(n):
        for i in range(n):
            for j in ids[i]:
                if flagged[i] and flagged[j] and codes[i] == codes[j] and best[i] == best[j]:
                    cluster[i] = cluster[j] = min(cluster[i], cluster[j])
    evidences = {}
    for i in range(n):
        mates = [j for j in range(n) if cluster[j] == cluster[i]]
        assert set(np.flatnonzero(score.details["cluster"] == score.details["cluster"][i])) == set(mates)
        pooled = np.mean(margin[mates]) * np.sqrt(len(mates))
        evidences[int(score.details["cluster"][i])] = pooled
        total = (margin[i] + pooled) / 2 if flagged[i] else margin[i]
        assert score.suggested[i] == (best[i] if flagged[i] else codes[i])
        for name, value in (("held_out", margin[i]), ("cluster_suspicion", pooled)):
            assert np.isclose(score.details[name][i], (1 + value / (1 + abs(value))) / 2, atol=1e-5)
        assert np.isclose(score.suspicion[i], (1 + total / (1 + abs(total))) / 2, atol=1e-5)
    listed = score.meta["clusters"]
    assert set(listed) == {int(c) for c in score.details["cluster"][flagged]}
    assert [evidences[c] for c in listed] == sorted((evidences[c] for c in listed), reverse=True)


def test_one_class_and_unlabelled_rows_say_nothing() -> None:
    evidence, _ = case()
    for codes in (np.zeros(160, dtype=int), np.full(160, -1)):
        score = ClusterHeldOut().score(evidence.including(given_labels=codes, classes=np.array(["a", "b"])))
        assert not score.suspicion.any()
        assert score.flagged is not None and not score.flagged.any()
        assert score.meta["clusters"] == []
        assert score.details["cluster"].shape == (160,)


def test_wrong_settings_and_evidence_are_refused() -> None:
    for wrong in ({"size": 0}, {"n_folds": 1}):
        with pytest.raises(InvalidInputError):
            ClusterHeldOut(**wrong)
    with pytest.raises(MissingEvidenceError, match="features"):
        ClusterHeldOut().score(Evidence(given_labels=[0, 1], knn_ids=np.array([[1], [0]])))
    with pytest.raises(MissingEvidenceError, match="knn_ids"):
        ClusterHeldOut().score(Evidence(given_labels=[0, 1], features=np.zeros((2, 2))))
    with pytest.raises(InvalidInputError, match="features"):
        ClusterHeldOut().score(
            Evidence(given_labels=[0, 1], features=np.zeros((3, 2)), knn_ids=np.array([[1], [0]]))
        )
