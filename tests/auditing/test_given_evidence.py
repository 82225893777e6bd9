"""Evidence that a user hands over by name reaches the methods that read it; what does not fit is refused."""

import numpy as np
import pytest

import labelscope as ls
from labelscope.review.current_evidence import current_evidence

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")


def blobs(n=120):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    X = (rng.normal(size=(n, 3)) + 5 * y[:, None]).astype(np.float32)
    given = y.copy()
    given[:9] = 1 - given[:9]
    return X, given


def test_views_and_verified_rows_reach_the_gate():
    X, given = blobs()
    verified = np.arange(120) >= 110
    audit = ls.audit(
        X, given, features=X, scorers=["dynamic_loss_gate"], evidence={"views": [X, -X], "verified": verified}
    )
    assert audit.scores["dynamic_loss_gate"].meta["views"] == 2
    assert (np.asarray(audit.evidence["verified"]) == verified).all()


def test_training_dynamics_reach_those_who_read_them():
    X, given = blobs()
    logits = np.zeros((120, 4, 2), dtype=np.float32)
    logits[np.arange(120), :, np.where(np.arange(120) < 9, 1 - given, given)] = 3.0
    audit = ls.audit(
        X, given, features=X, scorers=["area_under_margin"], evidence={"training_dynamics": logits}
    )
    assert set(np.argsort(-audit.suspicion)[:9].tolist()) == set(range(9))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("verified", np.ones(3, bool)),
        ("training_dynamics", np.zeros((5, 2, 2))),
        ("judgements", 3),
        ("views", np.zeros((120, 3))),
        ("views", []),
        ("views", [np.zeros((7, 3))]),
        ("verifed", np.ones(120, bool)),
    ],
)
def test_what_does_not_fit_is_refused(name, value):
    X, given = blobs()
    with pytest.raises(ls.errors.InvalidInputError):
        ls.audit(X, given, features=X, evidence={name: value})


def test_a_session_says_what_is_verified_excluded_and_was_there_first():
    X, given = blobs()
    audit = ls.audit(X, given, features=X, evidence={"verified": np.arange(120) == 50})
    session = ls.Session(audit, journal=None)
    session.relabel(0, 1 - int(given[0]))
    session.exclude(3)
    session.relabel(5, 1 - int(given[5]), source="propagated")
    for evidence in (session.evidence(), current_evidence(session)):
        assert np.flatnonzero(evidence["verified"]).tolist() == [0, 3, 50], "nobody looked at row 5"
        assert np.flatnonzero(evidence["excluded"]).tolist() == [3]
        assert (evidence["first_labels"] == audit.given_codes).all()


def neighbors_of(X, k=6):
    from sklearn.neighbors import NearestNeighbors

    distances, ids = NearestNeighbors(n_neighbors=k).fit(X).kneighbors()
    return ids, distances


def test_a_graph_of_the_users_is_taken_as_it_is():
    X, given = blobs()
    ids, distances = neighbors_of(X)
    audit = ls.audit(X, given, evidence={"knn_ids": ids, "knn_distances": distances})
    np.testing.assert_array_equal(audit.evidence["knn_ids"], ids)
    assert audit.map.shape == (120, 2)


def test_a_row_is_not_its_own_neighbor():
    X, given = blobs()
    ids, distances = neighbors_of(X)
    listed = {"knn_ids": np.c_[np.arange(120), ids], "knn_distances": np.c_[np.zeros(120), distances]}
    listed["knn_ids"][7] = np.r_[ids[7], ids[6, 0]]  # copies may push a row out of its own list
    with pytest.warns(ls.errors.LabelscopeWarning, match="119 of 120 rows as their own neighbors"):
        audit = ls.audit(X, given, evidence=listed)
    np.testing.assert_array_equal(audit.evidence["knn_ids"], ids)
    assert "neighbors_hold_the_row" in [notice.code for notice in audit.notices]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda ids, distances: (ids, None), "knn_ids is given without knn_distances"),
        (lambda ids, distances: (None, distances), "knn_distances is given without knn_ids"),
        (lambda ids, distances: (ids + 100, distances), "positions from 100 to 219"),
        (lambda ids, distances: (ids + 0.5, distances), "float64 numbers, but positions"),
        (lambda ids, distances: (ids[:9], distances[:9]), r"shape \(9, 6\)"),
        (lambda ids, distances: (ids[:, 0], distances[:, 0]), r"shape \(120,\)"),
        (lambda ids, distances: (ids, distances[:, :3]), r"shape \(120, 3\)"),
        (lambda ids, distances: (ids, distances * np.nan), "no numbers"),
        (lambda ids, distances: (ids, distances.astype(str)), "no numbers"),
        (lambda ids, distances: (np.where(ids == 3, -1, ids), distances), "fewer than 6 neighbors"),
    ],
)
def test_a_graph_that_does_not_fit_is_refused(change, match):
    X, given = blobs()
    ids, distances = change(*neighbors_of(X))
    with pytest.raises(ls.errors.InvalidInputError, match=match):
        ls.audit(X, given, evidence={"knn_ids": ids, "knn_distances": distances})


def test_an_encoder_is_no_matrix():
    with pytest.raises(ls.errors.InvalidTypeError, match=r"(?s)features= is <lambda>.*model="):
        ls.audit(*blobs(), features=lambda rows: rows)
