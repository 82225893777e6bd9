"""Components, duplicate sets and Shapley values against slow loops."""

from __future__ import annotations

import tracemalloc
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers import ConflictingDuplicates, MinorityInComponent, NeighborShapley, by_name
from labelscope.scorers.neighbors.components import close_and_mutual, connected, counts_by_part
from labelscope.scorers.neighbors.shapley import influence
from labelscope.testing import check_scorer
from labelscope.types import Evidence

SCORERS = [
    MinorityInComponent(),
    MinorityInComponent(n_neighbors=8, cut=1.5, max_share=0.4, min_size=3),
    ConflictingDuplicates(),
    NeighborShapley(),
]


@pytest.mark.parametrize("scorer", SCORERS, ids=repr)
def test_the_contract_is_kept(scorer: Any) -> None:
    check_scorer(scorer)
    assert by_name(type(scorer).__name__) == type(scorer)()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 18), st.integers(1, 4), st.booleans(), st.floats(0.5, 2.5))
def test_minority_equals_the_definition(seed: int, n: int, classes: int, lengths: bool, cut: float) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(0, 8))
    codes, ids = rng.integers(-1, classes, n), rng.integers(-1, n, (n, k))
    distances = np.sort(rng.random((n, k)), axis=1)
    evidence = Evidence(given_labels=codes, classes=np.arange(classes), knn_ids=ids)
    if lengths:
        evidence = evidence.including(knn_distances=distances)
    score = MinorityInComponent(cut=cut).score(evidence)
    ids, distances = ids[:, :5], distances[:, :5]
    firsts = sorted(distances[i, 0] for i in range(n) if k and ids[i, 0] >= 0)
    limit = cut * float(np.median(firsts)) if firsts else -1.0
    edges = [
        (i, int(j))
        for i in range(n)
        for j, d in zip(ids[i], distances[i], strict=True)
        if j >= 0 and i in ids[j].tolist() and (not lengths or d <= limit)
    ]
    component = list(range(n))
    for _ in range(n):
        for i, j in edges:
            component[i] = component[j] = min(component[i], component[j])
    assert score.flagged is not None
    for i in range(n):
        mates = [j for j in range(n) if component[j] == component[i]]
        assert {j for j in range(n) if score.details["component"][j] == score.details["component"][i]} == set(
            mates
        )
        size = sum(codes[j] >= 0 for j in mates)
        same = sum(codes[j] == codes[i] for j in mates)
        assert score.details["component_size"][i] == size
        if codes[i] < 0 or size < 4:
            assert score.suspicion[i] == 0
            assert not score.flagged[i]
            continue
        assert np.isclose(score.suspicion[i], (size - same) / (size - 1))
        assert np.isclose(score.details["label_share"][i], same / size)
        assert score.flagged[i] == (same / size <= 0.25)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 20), st.integers(1, 4))
def test_counts_in_parts_equal_the_definition(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    codes, parts = rng.integers(-1, classes, n), rng.integers(0, 5, n)
    size, same, other = counts_by_part(parts, codes, classes)
    for i in range(n):
        labels = [int(codes[j]) for j in range(n) if parts[j] == parts[i] and codes[j] >= 0]
        assert size[i] == len(labels)
        assert same[i] == (labels.count(codes[i]) if codes[i] >= 0 else 0)
        assert other[i] == max((labels.count(c) for c in set(labels) - {int(codes[i])}), default=0)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(1, 4))
def test_conflicting_duplicates_equal_the_definition(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    codes, sets = rng.integers(-1, classes, n), rng.integers(0, 6, n) * 7
    score = ConflictingDuplicates().score(
        Evidence(given_labels=codes, classes=np.arange(classes), duplicates=sets)
    )
    assert score.flagged is not None and score.suggested is not None
    for i in range(n):
        labels = [int(codes[j]) for j in range(n) if sets[j] == sets[i] and codes[j] >= 0]
        if codes[i] < 0:
            assert score.suspicion[i] == 0
            assert not score.flagged[i]
            continue
        own = labels.count(codes[i])
        rivals = [labels.count(c) for c in range(classes) if c != codes[i]]
        assert score.details["conflicts"][i] == len(labels) - own
        assert np.isclose(score.suspicion[i], 1 - own / len(labels))
        assert score.flagged[i] == (len(labels) > own and own <= max(rivals))
        counts = sorted((labels.count(c) for c in range(classes)), reverse=True)
        sole = len(counts) < 2 or counts[0] > counts[1]
        if score.flagged[i] and sole:
            assert labels.count(score.suggested[i]) == counts[0]
        else:
            assert score.suggested[i] == codes[i]


def test_a_minority_in_digits_is_nearly_always_wrong() -> None:
    from sklearn.datasets import load_digits

    from labelscope.evidence.neighbors import NeighborGraph
    from labelscope.testing import symmetric

    pixels, true = load_digits(return_X_y=True)
    labels, wrong = symmetric(true, rate=0.1, random_state=3)
    graph = NeighborGraph().make(None, Evidence(features=pixels)).arrays
    score = MinorityInComponent().score(Evidence(given_labels=labels, **graph))
    assert score.flagged is not None
    assert wrong[score.flagged].mean() >= 0.95
    assert score.flagged[wrong].mean() >= 0.6


def test_a_pair_in_conflict_is_shown_but_not_swapped() -> None:
    score = ConflictingDuplicates().score(
        Evidence(given_labels=np.array(["cat", "dog", "cat"]), duplicates=np.array([4, 4, 9]))
    )
    assert score.suspicion.tolist() == [0.5, 0.5, 0]
    assert score.flagged is not None and score.flagged.tolist() == [True, True, False]
    assert score.suggested is not None and score.suggested.tolist() == ["cat", "dog", "cat"]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 18), st.integers(1, 4))
def test_shapley_equals_the_recursion(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(0, 6))
    codes, ids = rng.integers(-1, classes, n), rng.integers(-1, n, (n, k))
    expected = np.zeros(n)
    for i in range(n):
        near = [int(j) for j in ids[i] if j >= 0 and codes[j] >= 0]
        if codes[i] < 0:
            continue
        value, size = 0.0, len(near)
        for place in range(size - 2, -1, -1):
            here = float(codes[near[place]] == codes[i])
            after = float(codes[near[place + 1]] == codes[i])
            value += (here - after) / size
            expected[near[place]] += value
    expected /= max(int((codes >= 0).sum()), 1)
    np.testing.assert_allclose(influence(ids, codes), expected, atol=1e-12)
    score = NeighborShapley().score(Evidence(given_labels=codes, classes=np.arange(classes), knn_ids=ids))
    labelled = [i for i in range(n) if codes[i] >= 0]
    for i in range(n):
        higher = sum(expected[j] > expected[i] + 1e-12 for j in labelled)
        rank = higher / max(len(labelled) - 1, 1) if codes[i] >= 0 else 0
        assert np.isclose(score.suspicion[i], rank)


def test_shapley_is_the_average_over_all_orders_of_arrival_up_to_the_last_neighbor() -> None:
    # The definition of a Shapley value, for one test point and as many rows as neighbors.
    match = [1.0, 0.0, 1.0, 0.0]
    k = len(match)
    exact = np.zeros(k)
    for order in permutations(range(k)):
        for place, j in enumerate(order):
            before = [match[i] for i in order[:place]]
            exact[j] += (sum(before) + match[j]) / k - sum(before) / k
    exact /= 24
    # Truncation starts the recursion at 0 instead of the last row's value, which moves all values alike.
    ids, codes = np.array([[1, 2, 3, 4], *[[-1] * 4] * 4]), np.array([1, 1, 0, 1, 0])
    found = influence(ids, codes)[1:] * len(codes)
    np.testing.assert_allclose(found - found[-1], exact - exact[-1], atol=1e-12)


def test_shapley_makes_no_matrix_of_rows_by_rows() -> None:
    n = 16_000
    rng = np.random.default_rng(0)
    ids, codes = rng.integers(0, n, (n, 10)).astype(np.int32), rng.integers(0, 5, n)
    tracemalloc.start()
    values = influence(ids, codes)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert values.shape == (n,)
    assert peak < 50_000_000


def test_shapley_is_a_rank_and_neither_flags_nor_suggests() -> None:
    n = 3000
    rng = np.random.default_rng(0)
    score = NeighborShapley().score(
        Evidence(given_labels=rng.integers(0, 3, n), knn_ids=rng.integers(0, n, (n, 8)))
    )
    assert np.abs(score.details["influence"]).max() < 0.01
    assert score.suspicion.max() > 0.99
    assert score.flagged is None and score.suggested is None
    assert score.meta["means"] == "influence"


def test_edges_are_mutual_and_components_are_numbered_by_appearance() -> None:
    ids = np.array([[1], [0], [0], [-1]])
    kept = close_and_mutual(ids, None, 1.0)
    assert kept.ravel().tolist() == [True, True, False, False]
    assert connected(4, ids, kept).tolist() == [0, 0, 1, 2]


def test_wrong_settings_and_evidence_are_refused() -> None:
    for wrong in ({"n_neighbors": 0}, {"cut": 0.0}, {"max_share": 1.0}, {"min_size": 1}):
        with pytest.raises(InvalidInputError):
            MinorityInComponent(**wrong)
    with pytest.raises(MissingEvidenceError, match="duplicates"):
        ConflictingDuplicates().score(Evidence(given_labels=[0, 1]))
    for sets in (np.zeros(3, int), np.zeros((2, 1), int)):
        with pytest.raises(InvalidInputError, match="duplicates"):
            ConflictingDuplicates().score(Evidence(given_labels=[0, 1], duplicates=sets))
    for scorer in (MinorityInComponent(), NeighborShapley()):
        with pytest.raises(MissingEvidenceError, match="knn_ids"):
            scorer.score(Evidence(given_labels=[0, 1]))
