import numpy as np
import pytest

from labelscope import Evidence
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import NeighborGraph, Projection, neighbor_accuracy
from labelscope.evidence.fuzzy_graph import fuzzy_union, membership


def graph(features, **options):
    evidence = Evidence(features=np.asarray(features, dtype=np.float32))
    return evidence.including(**NeighborGraph(**options).make(None, evidence).arrays)


def drawn(evidence, random_state=0, **options):
    positions = Projection(**options).make(None, evidence, random_state=random_state).arrays["map"]
    assert positions.shape == (len(evidence["knn_ids"]), 2) and positions.dtype == np.float32
    assert np.isfinite(positions).all()
    np.testing.assert_allclose(positions.mean(axis=0) if len(positions) else np.zeros(2), 0, atol=1e-3)
    return positions


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    features, codes = load_digits(return_X_y=True)
    return graph(features), codes


def accuracy_in_2d(positions, codes):
    ids = NeighborGraph().make(None, Evidence(features=positions)).arrays["knn_ids"]
    return neighbor_accuracy(codes, ids)


def test_digits_are_drawn_as_well_as_by_umap_learn(digits):
    from sklearn.manifold import trustworthiness

    evidence, codes = digits
    ours, theirs = drawn(evidence), drawn(evidence, engine="umap-learn")
    rows = np.random.default_rng(0).permutation(len(codes))[:900]
    features = evidence["features"]
    trust = [
        trustworthiness(features[rows], positions[rows], n_neighbors=15, metric="cosine")
        for positions in (ours, theirs)
    ]
    assert trust[0] > trust[1] - 0.01
    assert accuracy_in_2d(ours, codes) > accuracy_in_2d(theirs, codes) - 0.015
    assert accuracy_in_2d(ours, codes) > 0.97


def test_same_seed_same_map(digits):
    evidence, _ = digits
    first = drawn(evidence, n_rounds=20)
    np.testing.assert_array_equal(first, drawn(evidence, n_rounds=20))
    assert not np.array_equal(first, drawn(evidence, 1, n_rounds=20))


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 10, 30])
def test_few_rows(n):
    positions = drawn(graph(np.random.default_rng(0).normal(size=(n, 3))))
    assert len(np.unique(positions, axis=0)) == n


def test_one_neighbor_and_disconnected_parts():
    rng = np.random.default_rng(0)
    features = np.repeat(np.eye(8) * 50, 30, axis=0) + rng.normal(size=(240, 8)) * 0.1
    codes = np.repeat(np.arange(8), 30)
    drawn(graph(features, n_neighbors=1, metric="euclidean"))
    positions = drawn(graph(features, n_neighbors=8, metric="euclidean"))
    assert accuracy_in_2d(positions, codes) > 0.95


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_identical_rows():
    positions = drawn(graph(np.ones((60, 4))))
    assert np.abs(positions).max() < 1e3


def test_memberships_follow_the_definition():
    distances = np.sort(np.random.default_rng(0).random((50, 15)), axis=1)
    strengths = membership(distances)
    np.testing.assert_allclose(strengths[:, 0], 1)
    np.testing.assert_allclose(strengths.sum(axis=1), np.log2(16), rtol=1e-3)
    assert (np.diff(strengths, axis=1) <= 0).all()


def test_graph_equals_umap_learn(digits):
    umap = pytest.importorskip("umap.umap_")
    evidence, _ = digits
    ids, distances = evidence["knn_ids"], evidence["knn_distances"]
    own = np.arange(len(ids))[:, None]
    theirs = umap.fuzzy_simplicial_set(
        evidence["features"],
        16,
        np.random.RandomState(0),
        "cosine",
        knn_indices=np.hstack([own, ids]).astype(np.int64),
        knn_dists=np.hstack([np.zeros((len(ids), 1), np.float32), distances]),
    )[0]
    assert abs(fuzzy_union(ids, distances) - theirs).max() < 5e-3


def test_bad_input(digits):
    evidence, _ = digits
    with pytest.raises(InvalidInputError, match="Did you mean 'umap-learn'"):
        drawn(evidence, engine="umap")
    with pytest.raises(MissingEvidenceError, match="knn_ids"):
        Projection().make(None, Evidence())
    with pytest.raises(InvalidInputError, match="Make the graph again"):
        drawn(Evidence(knn_ids=np.array([[5], [0]]), knn_distances=np.ones((2, 1))))
    with pytest.raises(InvalidInputError, match="finite"):
        drawn(Evidence(knn_ids=np.array([[1], [0]]), knn_distances=np.array([[np.nan], [1.0]])))
