"""Neighbor votes against slow loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers import NeighborAgreement
from labelscope.types import Evidence


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 25), st.integers(1, 4), st.booleans())
def test_votes_equal_the_definition(seed: int, n: int, classes: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(1, 6))
    codes = rng.integers(-1, classes, n)
    ids, distances = rng.integers(-1, n, (n, k)), np.sort(rng.random((n, k)), axis=1)
    score = NeighborAgreement(weights="distance" if weighted else "uniform").score(
        Evidence(given_labels=codes, classes=np.arange(classes), knn_ids=ids, knn_distances=distances)
    )
    for i in range(n):
        votes = [0.0] * classes
        heads = [0] * classes
        for j, d in zip(ids[i], distances[i], strict=True):
            if j >= 0 and codes[j] >= 0:
                votes[codes[j]] += np.exp(-((d / distances[i].max()) ** 2)) if weighted else 1.0
                heads[codes[j]] += 1
        if codes[i] < 0 or sum(votes) == 0:
            assert score.suspicion[i] == 0
            assert not score.flagged[i]
            continue
        assert np.isclose(score.suspicion[i], 1 - votes[codes[i]] / sum(votes), atol=1e-6)
        assert score.flagged[i] == (max(votes) > votes[codes[i]] + 1e-12)
        assert score.details["neighbors_for"][i] == heads[codes[i]]
        assert score.details["neighbors_against"][i] == sum(heads) - heads[codes[i]]


def test_duplicates_at_distance_zero_count_alike() -> None:
    evidence = Evidence(
        given_labels=np.array([0, 0, 1, 1]),
        knn_ids=np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]),
        knn_distances=np.zeros((4, 3)),
    )
    np.testing.assert_allclose(NeighborAgreement().score(evidence).suspicion, [2 / 3] * 4, atol=1e-6)


def test_fewer_neighbors_may_be_used_and_distances_may_be_absent() -> None:
    evidence = Evidence(given_labels=np.array(["a", "b", "b"]), knn_ids=np.array([[1, 2], [2, 0], [1, 0]]))
    assert NeighborAgreement(n_neighbors=1).score(evidence).suspicion.tolist() == [1, 0, 0]
    assert NeighborAgreement().score(evidence).suspicion.tolist() == [1, 0.5, 0.5]
    assert NeighborAgreement().score(evidence).suggested.tolist() == ["b", "b", "b"]


def test_wrong_settings_and_evidence_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="distance"):
        NeighborAgreement(weights="distanc")
    with pytest.raises(InvalidInputError):
        NeighborAgreement(n_neighbors=0)
    with pytest.raises(MissingEvidenceError, match="knn_ids"):
        NeighborAgreement().score(Evidence(given_labels=[0, 1]))
    for ids in (np.zeros((3, 2), int), np.array([[5], [0]])):
        with pytest.raises(InvalidInputError, match="knn_ids"):
            NeighborAgreement().score(Evidence(given_labels=[0, 1], knn_ids=ids))
    with pytest.raises(InvalidInputError, match="knn_distances"):
        NeighborAgreement().score(
            Evidence(given_labels=[0, 1], knn_ids=np.array([[1], [0]]), knn_distances=np.zeros((2, 2)))
        )
