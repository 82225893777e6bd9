from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.review.clusters import reverse_cluster


@pytest.fixture
def clustered(build):
    audit = build(n=12)
    cluster = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3])
    suggested = np.array(["fox"] * 12)
    score = ls.Score(
        audit.suspicion, suggested, None, {"cluster": cluster}, {"scale": "rank", "clusters": [1, 0]}
    )
    return ls.Session(
        dataclasses.replace(audit, scores={**audit.scores, "cluster_held_out": score}),
        journal=None,
        reviewer="ada",
    )


def test_a_cluster_is_reversed_in_one_step(clustered):
    before = list(clustered.labels())
    events = reverse_cluster(clustered, 1)
    assert len({event.batch for event in events}) == 1 and clustered.labels()[2:5] == ["fox"] * 3
    clustered.undo()
    assert clustered.labels() == before
    reverse_cluster(clustered, np.int64(1), rows=[2, 4])
    assert clustered.progress().taken_over == 2, "in one go is not looked at one by one"


def test_the_queue_walks_clusters(clustered):
    rows = clustered.queue("clusters")
    assert set(rows[:3].tolist()) == {2, 3, 4} and set(rows.tolist()) == set(range(5))
    reverse_cluster(clustered, 1)
    assert set(clustered.queue("clusters")[:2].tolist()) == {0, 1}
    assert clustered.queue(ls.queues.Clusters(), n=1).tolist() == [0]


def test_bad_input(clustered, session):
    with pytest.raises(InvalidInputError, match="cluster"):
        reverse_cluster(clustered, 9)
    with pytest.raises(InvalidInputError, match="cluster"):
        reverse_cluster(clustered, "1")
    with pytest.raises(InvalidInputError, match="not of the cluster"):
        reverse_cluster(clustered, 1, rows=[2, 7])
    with pytest.raises(MissingEvidenceError):
        reverse_cluster(session, 0)
    with pytest.raises(MissingEvidenceError):
        session.queue("clusters")


def test_with_the_scorer_itself():
    rng = np.random.default_rng(0)
    features = np.vstack([rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 9]).astype(np.float32)
    labels = np.repeat([0, 1], 60)
    near = np.argsort(((features[:, None] - features) ** 2).sum(axis=2), axis=1)[:, 1:11]
    wrong = np.unique([3, *near[3, :4]])
    labels[wrong] = 1
    audit = ls.Audit.from_arrays(
        ls.Dataset(features, labels),
        suspicion=np.zeros(120),
        suggested_codes=labels,
        evidence={"knn_ids": near},
    )
    score = ls.score("cluster_held_out", given_labels=labels, features=features, knn_ids=near)
    session = ls.Session(dataclasses.replace(audit, scores={"cluster_held_out": score}), journal=None)
    first = session.queue("clusters")[: len(wrong)]
    assert sorted(first.tolist()) == wrong.tolist()
    reverse_cluster(session, int(score.meta["clusters"][0]))
    assert (session.labels() == np.repeat([0, 1], 60)).all()
