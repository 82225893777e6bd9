import numpy as np
import pytest

from labelscope import Evidence
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import NeighborGraph, Projection, neighbor_accuracy
from labelscope.evidence.fuzzy_graph import fuzzy_union, membership
from labelscope.evidence.map_sampling import spread, two_steps
from labelscope.evidence.map_trust import trustworthiness


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


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 12, 9000)
    inner = rng.normal(size=(9000, 6)) + 2.5 * rng.normal(size=(12, 6))[codes]
    features = np.tanh(inner @ rng.normal(size=(6, 24)) / 3) + 0.1 * rng.normal(size=(9000, 24))
    return graph(features), codes


def test_sample_first_is_as_right_as_all_at_once(many):
    evidence, codes = many
    made = Projection(fit_rows=3000).make(None, evidence)
    whole = Projection().make(None, evidence)
    assert made.facts["fit_rows"] == 3000 and whole.facts["fit_rows"] == 9000
    assert made.facts["trustworthiness"] > whole.facts["trustworthiness"] - 0.005
    maps = made.arrays["map"], whole.arrays["map"]
    hits = [accuracy_in_2d(positions, codes) for positions in maps]
    assert hits[0] > hits[1] - 0.005
    np.testing.assert_array_equal(maps[0], Projection(fit_rows=3000).make(None, evidence).arrays["map"])


def test_umap_learn_places_the_rows_left_out(digits):
    evidence, codes = digits
    made = Projection(engine="umap-learn", fit_rows=600, n_rounds=100).make(None, evidence)
    assert made.facts["fit_rows"] == 600 and made.facts["trustworthiness"] > 0.9
    assert accuracy_in_2d(made.arrays["map"], codes) > 0.9
    graph_only = Evidence(knn_ids=evidence["knn_ids"], knn_distances=evidence["knn_distances"])
    with pytest.raises(MissingEvidenceError, match="features"):
        Projection(engine="umap-learn", fit_rows=600).make(None, graph_only)
    with pytest.raises(InvalidInputError, match="fit_rows is 1"):
        Projection(fit_rows=1).make(None, graph_only)


def test_rows_without_a_path_to_the_sample_stand_apart():
    rng = np.random.default_rng(0)
    features = np.repeat(np.eye(40) * 100, 12, axis=0) + rng.normal(size=(480, 40)) * 0.1
    positions = drawn(graph(features, n_neighbors=5, metric="euclidean"), fit_rows=25, n_rounds=20)
    assert len(np.unique(positions, axis=0)) == 480


def test_duplicates_by_the_hundred_are_drawn():
    features = np.repeat(np.random.default_rng(0).normal(size=(20, 6)), 400, axis=0)
    positions = drawn(graph(features, metric="euclidean"), n_rounds=20)
    assert len(positions) == 8000


def test_two_steps_connect_a_sample():
    from scipy.sparse import csr_matrix

    path = csr_matrix(np.array([[0, 0.5, 0], [0.5, 0, 1], [0, 1, 0]], dtype=np.float32))
    found = two_steps(path, np.array([0, 2])).toarray()
    np.testing.assert_allclose(found, [[0, 1], [1, 0]])
    placed = spread(path, np.array([0, 2]), np.array([[0, 0], [3, 3]], np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(placed[1], [2, 2], atol=0.05)


def test_trustworthiness_is_that_of_scikit_learn():
    from sklearn import manifold

    rng = np.random.default_rng(0)
    features = rng.normal(size=(300, 10)).astype(np.float32)
    positions = (features[:, :2] + 0.3 * rng.normal(size=(300, 2))).astype(np.float32)
    expected = manifold.trustworthiness(features, positions, n_neighbors=7)
    assert trustworthiness(features, positions, np.arange(300), k=7) == pytest.approx(expected, abs=5e-5)
    assert np.isnan(trustworthiness(features[:5], positions[:5], np.arange(5), k=7))


def test_trust_needs_the_features_of_the_graph(digits):
    evidence, _ = digits
    other = evidence.including(features=np.random.default_rng(0).normal(size=(len(evidence["features"]), 9)))
    assert "trustworthiness" not in Projection(n_rounds=5).make(None, other).facts
