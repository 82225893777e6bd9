"""Vote, rank and transition estimate of the SimiFeat family against slow loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers import NeighborRank, NeighborVote, by_name
from labelscope.scorers.neighbors import hoc
from labelscope.scorers.neighbors.rank import class_ranks, tail
from labelscope.testing import check_scorer
from labelscope.types import Evidence

SCORERS = [
    NeighborVote(),
    NeighborVote(weights="uniform", n_neighbors=4),
    NeighborVote(smoothing=0.0),
    NeighborRank(),
    NeighborRank(weights="uniform", smoothing=0.5),
]


@pytest.mark.parametrize("scorer", SCORERS, ids=repr)
def test_the_contract_is_kept(scorer: Any) -> None:
    check_scorer(scorer)


def test_they_are_found_by_name() -> None:
    assert by_name("neighbor_vote") == NeighborVote()
    assert by_name("NeighborRank") == NeighborRank()


def random_graph(seed: int, n: int, classes: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    k = int(rng.integers(0, 6))
    return (
        rng.integers(-1, classes, n),
        rng.integers(-1, n, (n, k)),
        np.sort(rng.random((n, k)) * 1.3, axis=1),
    )


def slow_votes(
    i: int, codes: Any, ids: Any, distances: Any, how: str, classes: int
) -> tuple[list[float], bool]:
    near = list(distances[i])
    own = max(2 * near[0] - near[1], 0.0) if len(near) >= 2 else 0.0
    farthest = max([own, *near])
    votes, heard = [0.0] * classes, False
    for place, (j, d) in enumerate(zip([i, *ids[i]], [own, *near], strict=True)):
        if how == "uniform":
            weight = 1.0
        elif how == "cosine":
            weight = max(1 - d, 0.0)
        else:
            weight = float(np.exp(-((d / farthest) ** 2))) if farthest > 0 else 1.0
        if j >= 0 and codes[j] >= 0:
            votes[codes[j]] += weight
            heard = heard or (place > 0 and weight > 0)
    return votes, heard


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 20),
    st.integers(1, 4),
    st.sampled_from(["distance", "cosine", "uniform"]),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_votes_equal_the_definition(seed: int, n: int, classes: int, how: str, smoothing: float) -> None:
    codes, ids, distances = random_graph(seed, n, classes)
    score = NeighborVote(weights=how, smoothing=smoothing).score(
        Evidence(given_labels=codes, classes=np.arange(classes), knn_ids=ids, knn_distances=distances)
    )
    assert score.flagged is not None and score.suggested is not None
    for i in range(n):
        votes, heard = slow_votes(i, codes, ids, distances, how, classes)
        smooth = [v + smoothing / classes for v in votes]
        if codes[i] < 0 or not heard:
            assert score.suspicion[i] == 0
            assert not score.flagged[i]
            continue
        norm = sum(v * v for v in smooth) ** 0.5
        expected = 1 - smooth[codes[i]] / norm if norm > 0 else 0.0
        assert np.isclose(score.suspicion[i], expected, atol=1e-6)
        assert score.flagged[i] == (max(votes) > votes[codes[i]] + 1e-12)
        assert np.isclose(
            score.details["vote_share"][i], smooth[codes[i]] / max(sum(smooth), 1e-300), atol=1e-6
        )
        if score.flagged[i]:
            assert votes[score.suggested[i]] == max(votes)
        else:
            assert score.suggested[i] == codes[i]


def test_votes_against_that_agree_weigh_more_than_scattered_ones() -> None:
    evidence = Evidence(
        given_labels=np.array([0, 1, 1, 1, 2, 3, 0]),
        knn_ids=np.array([[1, 2, 3], *[[0, 1, 2]] * 5, [1, 4, 5]]),
    )
    suspicion = NeighborVote().score(evidence).suspicion
    assert suspicion[0] > suspicion[6]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 15), st.integers(1, 4))
def test_triples_equal_the_definition(seed: int, n: int, classes: int) -> None:
    codes, ids, _ = random_graph(seed, n, classes)
    expected = []
    for i in range(n):
        near = [int(codes[j]) for j in ids[i] if j >= 0 and codes[j] >= 0]
        if codes[i] >= 0 and len(near) >= 2:
            expected.append([int(codes[i]), near[0], near[1]])
    assert hoc.label_triples(ids, codes).tolist() == expected


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.integers(1, 30), st.integers(1, 4))
def test_transition_equals_slow_expectation_and_maximization(seed: int, k: int, m: int, steps: int) -> None:
    triples = np.random.default_rng(seed).integers(0, k, (m, 3))
    found_t, found_p = hoc.estimate_transition(triples, k, n_steps=steps)
    t = [[0.8 if a == b else 0.2 / (k - 1) for b in range(k)] for a in range(k)]
    p = [sum(1 for row in triples if row[0] == a) / m for a in range(k)]
    for _ in range(steps):
        mass, weight = [[0.0] * k for _ in range(k)], [0.0] * k
        for a, b, c in triples.tolist():
            joint = [p[z] * t[z][a] * t[z][b] * t[z][c] for z in range(k)]
            for z in range(k):
                share = joint[z] / sum(joint)
                weight[z] += share
                for label in (a, b, c):
                    mass[z][label] += share
        moved = [
            [
                (mass[z][j] + (z == j)) / (sum(mass[z]) + 1) if weight[z] > 0 else float(z == j)
                for j in range(k)
            ]
            for z in range(k)
        ]
        change = max(abs(moved[z][j] - t[z][j]) for z in range(k) for j in range(k))
        t, p = moved, [w / sum(weight) for w in weight]
        if change < 1e-6:
            break
    np.testing.assert_allclose(found_t, t, atol=1e-9)
    np.testing.assert_allclose(found_p, p, atol=1e-9)
    np.testing.assert_allclose(
        hoc.consensus(found_t, found_p, triples),
        [sum(p[z] * t[z][a] * t[z][b] * t[z][c] for z in range(k)) for a, b, c in triples.tolist()],
        atol=1e-9,
    )
    right = hoc.right_given(found_t, found_p)
    for j in range(k):
        given = sum(p[z] * t[z][j] for z in range(k))
        assert np.isclose(right[j], p[j] * t[j][j] / given if given > 0 else 1.0)


def test_a_planted_transition_is_recovered() -> None:
    rng = np.random.default_rng(0)
    planted = np.array([[0.8, 0.15, 0.05], [0.0, 0.9, 0.1], [0.25, 0.05, 0.7]])
    prior = np.array([0.5, 0.3, 0.2])
    true = rng.choice(3, 20_000, p=prior)
    edges = planted.cumsum(axis=1)[true]
    triples = np.stack([(rng.random(20_000)[:, None] > edges).sum(axis=1) for _ in range(3)], axis=1)
    transition, found = hoc.estimate_transition(triples, 3)
    np.testing.assert_allclose(transition, planted, atol=0.03)
    np.testing.assert_allclose(found, prior, atol=0.03)
    np.testing.assert_allclose(transition.sum(axis=1), 1)


def test_absent_classes_keep_the_identity_and_no_triples_say_nothing() -> None:
    transition, prior = hoc.estimate_transition(np.array([[0, 0, 1], [1, 1, 1]]), 3)
    assert transition[2].tolist() == [0, 0, 1]
    assert prior[2] == 0
    assert hoc.right_given(transition, prior)[2] == 1
    assert hoc.estimate_transition(np.empty((0, 3), dtype=int), 2)[0].tolist() == [[1, 0], [0, 1]]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 25), st.integers(1, 4))
def test_the_tail_equals_the_definition(seed: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    codes, scores = rng.integers(-1, classes, n), np.round(rng.random(n), 1)
    sizes = rng.integers(0, n + 2, classes)
    marked, ranks = tail(scores, codes, sizes), class_ranks(scores, codes)
    for i in range(n):
        mates = [j for j in range(n) if codes[j] == codes[i]]
        at_least = sum(scores[j] >= scores[i] for j in mates)
        below = sum(scores[j] < scores[i] for j in mates)
        assert marked[i] == (codes[i] >= 0 and scores[i] > 0 and at_least <= sizes[codes[i]])
        assert np.isclose(ranks[i], below / max(len(mates) - 1, 1) if codes[i] >= 0 else 0)


def test_nothing_flagged_returns_nothing() -> None:
    # The slice from -0 on is everything: docta then returns every row.
    codes = np.repeat([0, 1], 20)
    ids = np.array([[j for j in range(40) if codes[j] == codes[i] and j != i][:6] for i in range(40)])
    score = NeighborRank().score(Evidence(given_labels=codes, knn_ids=ids))
    assert score.meta["to_remove"] == [0, 0]
    assert score.flagged is not None and not score.flagged.any()
    assert (score.suggested == codes).all()
    assert not tail(np.linspace(0.1, 1, 40), codes, np.array([0, 0])).any()


def test_rank_flags_about_as_many_as_are_wrong_in_each_class() -> None:
    from labelscope.testing import sample

    evidence, wrong = sample.planted(600, rate=0.15, seed=3)
    score = NeighborRank().score(evidence)
    assert score.flagged is not None
    assert abs(int(score.flagged.sum()) - int(wrong.sum())) <= 0.5 * wrong.sum()
    assert (score.flagged & wrong).sum() >= 0.7 * wrong.sum()
    np.testing.assert_allclose(np.sum(score.meta["transition"], axis=1), 1)


def test_many_classes_need_no_cube_of_memory_and_blocks_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    triples = np.random.default_rng(1).integers(0, 30, (400, 3))
    whole = hoc.estimate_transition(triples, 30, n_steps=5)
    monkeypatch.setattr(hoc, "_BLOCK_CELLS", 300)
    for one, other in zip(whole, hoc.estimate_transition(triples, 30, n_steps=5), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


@pytest.mark.parametrize("kind", [NeighborVote, NeighborRank])
def test_wrong_settings_and_evidence_are_refused(kind: Any) -> None:
    with pytest.raises(InvalidInputError, match="distance"):
        kind(weights="distanc")
    with pytest.raises(InvalidInputError):
        kind(n_neighbors=0)
    with pytest.raises(InvalidInputError):
        kind(smoothing=-1.0)
    with pytest.raises(MissingEvidenceError, match="knn_ids"):
        kind().score(Evidence(given_labels=[0, 1]))


@pytest.mark.parametrize("kind", [NeighborVote, NeighborRank])
def test_unlabelled_rows_only_and_no_classes_give_nothing(kind: Any) -> None:
    for classes in (np.array([]), np.array(["a", "b"])):
        evidence = Evidence(given_labels=np.array([-1, -1]), classes=classes, knn_ids=np.array([[1], [0]]))
        score = kind().score(evidence)
        assert not score.suspicion.any()
        assert not score.flagged.any()


@pytest.mark.parametrize(
    "scorer", [NeighborVote(), NeighborRank(), NeighborRank(weights="uniform")], ids=repr
)
def test_flags_do_not_depend_on_the_order_of_rows_even_with_ties(scorer: Any) -> None:
    from labelscope.testing import sample

    rng = np.random.default_rng(2)
    features = np.round(rng.normal(size=(300, 2)) * 2) + 0.0
    codes = (features[:, 0] + rng.normal(size=300) > 0).astype(int)
    ids, distances = sample.nearest(features, 8)
    evidence = Evidence(given_labels=codes, knn_ids=ids, knn_distances=distances)
    order = rng.permutation(300)
    one, other = scorer.score(evidence), scorer.score(sample.permuted(evidence, order))
    assert (one.flagged[order] == other.flagged).all()
    np.testing.assert_allclose(one.suspicion[order], other.suspicion, atol=1e-6)


@pytest.mark.parametrize("scorer", [NeighborVote(), NeighborRank()], ids=repr)
def test_an_unlabelled_row_with_sure_neighbors_is_neither_suspicious_nor_flagged(scorer: Any) -> None:
    ids = np.array([[j for j in range(8) if j != i] for i in range(8)])
    score = scorer.score(Evidence(given_labels=np.array([-1, *[1] * 7]), classes=np.arange(2), knn_ids=ids))
    assert score.suspicion[0] == 0
    assert not score.flagged[0]
    assert score.suggested[0] == 1
