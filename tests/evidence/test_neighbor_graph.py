import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope import Evidence
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import (
    Duplicates,
    NeighborGraph,
    approximate_neighbors,
    neighbor_accuracy,
    partitioned_neighbors,
)
from labelscope.evidence.approximate_neighbors import guided_recall
from labelscope.evidence.exact_neighbors import prepared, search
from labelscope.evidence.partitioned_neighbors import nearest_of, recall_of


def graph(features, **options):
    made = NeighborGraph(**options).make(None, Evidence(features=np.asarray(features)))
    return made.arrays["knn_ids"], made.arrays["knn_distances"], made.facts


def brute(features, k, metric):
    points = np.asarray(features, dtype=np.float64)
    if metric == "cosine":
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
    squares = np.square(points).sum(axis=1)
    gaps = np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0)
    gaps = gaps / 2 if metric == "cosine" else np.sqrt(gaps)
    np.fill_diagonal(gaps, np.inf)
    return np.sort(gaps, axis=1)[:, :k], gaps


@settings(max_examples=40, deadline=None)
@given(
    st.integers(3, 300),
    st.integers(1, 12),
    st.integers(1, 20),
    st.sampled_from(["cosine", "euclidean"]),
    st.integers(0, 9),
)
def test_equals_brute_force(n, d, k, metric, seed):
    features = np.random.default_rng(seed).normal(size=(n, d)) + 0.1
    ids, distances, _ = graph(features, n_neighbors=k, metric=metric)
    k = min(k, n - 1)
    best, gaps = brute(features, k, metric)
    assert ids.shape == distances.shape == (n, k)
    assert ids.dtype == np.int32 and distances.dtype == np.float32
    assert (ids != np.arange(n)[:, None]).all()
    np.testing.assert_allclose(distances, best, atol=2e-4)
    np.testing.assert_allclose(np.take_along_axis(gaps, ids, axis=1), best, atol=2e-4)
    assert (np.diff(distances, axis=1) >= 0).all()


def test_blocks_and_folded_minimum_equal_brute_force():
    features = np.random.default_rng(0).normal(size=(3000, 20)).astype(np.float32)
    _, distances, facts = graph(features, n_neighbors=15)
    best, _ = brute(features, 15, "cosine")
    np.testing.assert_allclose(distances, best, atol=1e-5)
    assert facts == {"metric": "cosine", "n_neighbors": 15, "exact": True, "graph_recall": 1.0}


def test_tight_clusters_far_apart_are_told_apart():
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(20, 10)) * 1000, 20, axis=0) + rng.normal(size=(400, 10)) * 0.01
    _, distances, _ = graph(features, n_neighbors=5, metric="euclidean")
    best, _ = brute(features - features.mean(axis=0), 5, "euclidean")
    # Inputs near 1,000 are known to 6e-5 in float32; by products in float32 alone the error would be 0.5.
    np.testing.assert_allclose(distances, best, atol=1e-3)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_equal_rows_are_at_distance_zero_and_ordered_by_row(metric):
    features = np.ones((50, 4))
    features[40:] = [[1, 2, 3, 4]]
    ids, distances, _ = graph(features, n_neighbors=3, metric=metric)
    assert ids[0].tolist() == [1, 2, 3] and ids[5].tolist() == [0, 1, 2]
    assert ids[45].tolist() == [40, 41, 42]
    assert (distances == 0).all()


def test_all_identical_rows():
    with pytest.warns(UserWarning, match="are the same"):
        ids, distances, _ = graph(np.full((30, 3), 2.0), n_neighbors=4)
    assert ids[0].tolist() == [1, 2, 3, 4] and (distances == 0).all()


def test_rows_of_zeros_have_no_direction():
    features = np.vstack([np.zeros((2, 4)), np.eye(4), -np.eye(4)])
    ids, distances, _ = graph(features, n_neighbors=9, metric="cosine")
    assert ids[0, 0] == 1 and distances[0, 0] == 0
    np.testing.assert_allclose(distances[0, 1:], 1, atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_rows(n):
    ids, distances, _ = graph(np.arange(2.0 * n).reshape(n, 2))
    assert ids.shape == distances.shape == (n, max(0, n - 1))


def test_order_of_rows_does_not_matter():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 6))
    order = rng.permutation(200)
    ids, distances, _ = graph(features)
    moved, moved_distances, _ = graph(features[order])
    np.testing.assert_array_equal(order[moved], ids[order])
    np.testing.assert_allclose(moved_distances, distances[order], atol=1e-6)


def test_metric_follows_the_width():
    assert graph(np.random.default_rng(0).normal(size=(9, 3)))[2]["metric"] == "euclidean"
    assert graph(np.random.default_rng(0).normal(size=(9, 4)))[2]["metric"] == "cosine"


def test_many_rows_of_few_columns_stay_exact_without_compilation():
    features = np.random.default_rng(0).normal(size=(3000, 2))
    exact = graph(features)
    ids, distances, facts = graph(features, method="approximate")
    assert facts["exact"]
    np.testing.assert_array_equal(ids, exact[0])
    np.testing.assert_allclose(distances, exact[1], atol=1e-6)


def test_leading_components_can_guide_the_search():
    rng = np.random.default_rng(0)
    inner = rng.normal(size=(2500, 10)) @ rng.normal(size=(10, 200))
    features = prepared((inner + 0.1 * rng.normal(size=inner.shape)).astype(np.float32), "cosine")
    exact = search(features, 15)[0]
    found = approximate_neighbors.search(features, 15, wide=50)
    assert recall_of(found.ids, exact) > 0.93
    assert found.recall == pytest.approx(recall_of(found.ids, exact), abs=0.02)
    noise = rng.normal(size=(2500, 300)), rng.normal(size=(2500, 5))
    assert guided_recall(*noise, 15) < 0.5


def clustered(n, d, seed=0):
    rng = np.random.default_rng(seed)
    centers = 2 * rng.normal(size=(20, 8))
    inner = rng.normal(size=(n, 8)) + centers[rng.integers(0, 20, n)]
    return (np.tanh(inner @ rng.normal(size=(8, d)) / 3) + 0.1 * rng.normal(size=(n, d))).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_cells_find_nearly_all_neighbors_and_say_how_many(metric):
    points = prepared(clustered(6000, 32), metric)
    exact_ids, exact_distances = search(points, 15)
    found = partitioned_neighbors.search(points, 15, cell_size=60)
    truly = recall_of(found.ids, exact_ids)
    assert truly > 0.94
    assert found.recall == pytest.approx(truly, abs=0.02)
    same = found.ids == exact_ids
    np.testing.assert_allclose(found.distances[same], exact_distances[same], atol=1e-6)
    assert (found.ids != np.arange(6000)[:, None]).all()
    assert (np.diff(found.distances, axis=1) >= 0).all()
    assert all(len(set(row)) == 15 for row in found.ids.tolist())
    assert partitioned_neighbors.search(points, 15, cell_size=60, wanted_recall=0.6).recall < found.recall


def test_cells_give_the_same_for_any_number_of_threads(monkeypatch):
    points = prepared(clustered(3000, 16), "cosine")
    results = []
    for threads in (1, 3):
        monkeypatch.setattr(partitioned_neighbors, "n_threads", lambda threads=threads: threads)
        results.append(partitioned_neighbors.search(points, 10, cell_size=50))
    np.testing.assert_array_equal(results[0].ids, results[1].ids)
    np.testing.assert_array_equal(results[0].distances, results[1].distances)


def test_order_of_rows_hardly_matters_to_cells():
    points = prepared(clustered(3000, 16), "cosine")
    order = np.random.default_rng(1).permutation(3000)
    ids = partitioned_neighbors.search(points, 10, cell_size=50).ids
    moved = partitioned_neighbors.search(np.ascontiguousarray(points[order]), 10, cell_size=50).ids
    assert (order[moved] == ids[order]).mean() > 0.999


def test_cells_with_duplicates_by_the_hundred():
    features = np.repeat(clustered(8, 6), 300, axis=0)
    ids, distances, facts = graph(features, n_neighbors=12, method="approximate", metric="euclidean")
    assert not facts["exact"] or features.shape[1] <= 8
    found = partitioned_neighbors.search(features, 12, cell_size=20)
    for own, lengths in ((ids, distances), (found.ids, found.distances)):
        assert (lengths == 0).all()
        assert (own // 300 == np.arange(2400)[:, None] // 300).all()
        assert (own != np.arange(2400)[:, None]).all()


@pytest.mark.parametrize(
    "features", [np.ones((500, 12)), np.zeros((500, 12)), np.eye(12)[np.arange(500) % 12]]
)
def test_cells_of_constant_features(features):
    found = partitioned_neighbors.search(features.astype(np.float32), 5, cell_size=10)
    assert (found.distances == 0).all()
    assert (found.ids != np.arange(500)[:, None]).all() and (found.ids >= 0).all() and (found.ids < 500).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(1, 12), st.integers(1, 20), st.integers(1, 70), st.integers(0, 9))
def test_cells_of_a_few_rows(n, d, k, size, seed):
    k = min(k, n - 1)
    points = np.random.default_rng(seed).integers(0, 4, (n, d)).astype(np.float32)
    found = partitioned_neighbors.search(points, k, cell_size=size)
    assert found.ids.shape == found.distances.shape == (n, k)
    gaps = np.linalg.norm(points[found.ids] - points[:, None, :], axis=2)
    np.testing.assert_allclose(found.distances, gaps, atol=1e-5)
    for row, own in enumerate(found.ids.tolist()):
        assert len({row, *own}) == k + 1
    if size >= n:
        np.testing.assert_allclose(found.distances, search(points, k)[1], atol=1e-5)


def test_recall_counts_what_was_missed():
    true = np.array([[1, 2], [3, 4]])
    assert recall_of(np.array([[2, 1], [3, 9]]), true) == 0.75
    points = clustered(700, 5)
    rows = np.array([3, 400, 699])
    expected = np.sort(search(points, 6)[0][rows], axis=1)
    np.testing.assert_array_equal(np.sort(nearest_of(points, rows, 6), axis=1), expected)


def test_thirty_thousand_rows_are_searched_in_cells():
    features = clustered(30_000, 24)
    ids, _, facts = graph(features)
    assert not facts["exact"] and facts["graph_recall"] > 0.94
    rows = np.arange(0, 30_000, 100)
    truly = nearest_of(prepared(features, "cosine"), rows, 15)
    assert recall_of(ids[rows], truly) > 0.94


def test_pynndescent_by_name(monkeypatch):
    # The real one compiles for a minute; what is tested is how its answers, gaps in them included, are read.
    points = clustered(60, 20)
    best = search(prepared(points, "cosine"), 19)[0]

    class Index:
        def __init__(self, data, **options):
            known = np.hstack([np.arange(60)[:, None], best])[:, : options["n_neighbors"]]
            known[5, 12:], known[7, 0] = -1, best[7, -1]
            self.neighbor_graph = known, np.zeros(known.shape)

    monkeypatch.setitem(sys.modules, "pynndescent", SimpleNamespace(NNDescent=Index))
    ids, distances, facts = graph(points, method="pynndescent", n_neighbors=8)
    np.testing.assert_array_equal(ids, best[:, :8])
    assert facts["graph_recall"] == 1.0 and not facts["exact"] and (np.diff(distances, axis=1) >= 0).all()


def test_neighbor_accuracy_votes():
    ids = np.array([[1, 2], [0, 2], [0, 1], [0, 1]])
    assert neighbor_accuracy(np.array([0, 0, 1, -1]), ids) == pytest.approx(2 / 3)
    assert np.isnan(neighbor_accuracy(np.array([-1, -1]), np.array([[1], [0]])))
    assert np.isnan(neighbor_accuracy(np.array([0]), np.empty((1, 0), int)))
    made = NeighborGraph().make(
        None,
        Evidence(
            features=np.eye(4)[[0, 0, 1, 1]],
            given_labels=np.array([0, 0, 1, 1]),
            classes=np.array(["a", "b"]),
        ),
    )
    assert 0 <= made.facts["neighbor_accuracy"] <= 1


def test_bad_parameters():
    with pytest.raises(InvalidInputError, match="at least 1"):
        graph(np.eye(4), n_neighbors=0)
    with pytest.raises(InvalidInputError, match="Did you mean 'euclidean'"):
        graph(np.eye(4), metric="euclid")
    with pytest.raises(MissingEvidenceError, match="features"):
        NeighborGraph().make(None, Evidence())


def test_duplicates_exact_and_near():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 8)).astype(np.float32)
    features[10] = features[3]
    features[20] = features[5] + 1e-4
    codes = np.zeros(60, dtype=np.int64)
    codes[10] = 1
    evidence = Evidence(features=features, given_labels=codes, classes=np.array(["a", "b"]))
    alone = Duplicates().make(None, evidence)
    assert alone.facts["n_exact_duplicates"] == 1 and alone.facts["n_near_duplicates"] == 0
    evidence = evidence.including(**NeighborGraph().make(None, evidence).arrays)
    made = Duplicates().make(None, evidence)
    sets = made.arrays["duplicates"]
    assert sets.dtype == np.int32 and sets[10] == sets[3] and sets[20] == sets[5]
    assert len(np.unique(sets)) == 58
    assert made.facts == {"n_exact_duplicates": 1, "n_near_duplicates": 1, "n_conflicting_duplicates": 2}


def test_duplicates_without_rows():
    assert Duplicates().make(None, Evidence(features=np.zeros((0, 2)))).arrays["duplicates"].shape == (0,)
