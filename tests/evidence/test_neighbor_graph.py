import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope import Evidence
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import Duplicates, NeighborGraph, neighbor_accuracy
from labelscope.evidence.approximate_neighbors import guided_recall


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
    assert facts == {"metric": "cosine", "n_neighbors": 15, "exact": True}


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


def test_leading_components_guide_the_search():
    rng = np.random.default_rng(0)
    inner = rng.normal(size=(2500, 10)) @ rng.normal(size=(10, 200))
    features = (inner + 0.1 * rng.normal(size=inner.shape)).astype(np.float32)
    exact = graph(features)[0]
    ids, _, facts = graph(features, method="approximate")
    assert not facts["exact"]
    assert (np.sort(ids, axis=1) == np.sort(exact, axis=1)).mean() > 0.95
    assert guided_recall(rng.normal(size=(2500, 300)), rng.normal(size=(2500, 5)), 15) < 0.5


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
