"""Mistakes that come in clusters: near rows with the same wrong label do not vouch for each other."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import average_precision_score

from labelscope.evidence.neighbors import NeighborGraph
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.scorers import ClusterHeldOut
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.testing import cluster_shaped
from labelscope.types import Evidence, Score

pytestmark = pytest.mark.acceptance
PIXELS, TRUE = load_digits(return_X_y=True)
FEATURES = (PIXELS / 16).astype(np.float32)
SEEDS = range(6)
SIZE = 8


def planted(rate: float, seed: int) -> tuple[Any, Any, list[Any]]:
    """Return labels, which of them are wrong, and the rows of each planted cluster."""
    labels, wrong = cluster_shaped(TRUE, PIXELS, rate=rate, size=SIZE, random_state=seed)
    # The maker says which rows are wrong, not in which cluster: its draws are made again.
    rng, codes, clusters = np.random.default_rng(seed), TRUE.copy(), []
    left = round(rate * len(TRUE))
    while left > 0:
        clean = np.flatnonzero(codes == TRUE)
        middle = rng.choice(clean)
        same = clean[TRUE[clean] == TRUE[middle]]
        distance = ((PIXELS[same] - PIXELS[middle]) ** 2).sum(axis=1)
        rows = same[np.argsort(distance, kind="stable")[: min(SIZE, left)]]
        codes[rows] = (TRUE[middle] + rng.integers(1, 10)) % 10
        left -= len(rows)
        clusters.append(rows)
    assert (codes == labels).all()
    return labels, wrong, clusters


@cache
def graph() -> Evidence:
    return Evidence(features=FEATURES).including(
        **NeighborGraph().make(None, Evidence(features=FEATURES)).arrays
    )


@cache
def scored(rate: float, seed: int) -> tuple[Score, Any, Any, list[Any]]:
    labels, wrong, clusters = planted(rate, seed)
    return ClusterHeldOut().score(graph().including(given_labels=labels)), labels, wrong, clusters


def share_found(score: Score, clusters: list[Any], first: int = 20) -> float:
    """Share of the planted clusters of which at least half the rows are in the first clusters."""
    shown = np.isin(score.details["cluster"], score.meta["clusters"][:first])
    return float(np.mean([shown[rows].mean() >= 0.5 for rows in clusters]))


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_and_clusters_are_found(seed: int) -> None:
    score, _, wrong, clusters = scored(0.1, seed)
    assert average_precision_score(wrong, score.suspicion) >= 0.80
    assert share_found(score, clusters) >= 0.80


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_clusters_can_be_reversed_as_they_are(seed: int) -> None:
    score, _, wrong, _ = scored(0.1, seed)
    assert score.suggested is not None
    shown = np.isin(score.details["cluster"], score.meta["clusters"][:20])
    assert wrong[shown].mean() >= 0.85
    assert (score.suggested[shown & wrong] == TRUE[shown & wrong]).mean() >= 0.95


def test_holding_clusters_out_beats_folds_of_single_rows() -> None:
    gains = []
    for seed in SEEDS:
        score, labels, wrong, _ = scored(0.1, seed)
        known = Evidence(given_labels=labels.astype(np.int64), classes=np.arange(10), features=FEATURES)
        probs = PredictedProbabilities().make(None, known).arrays["pred_probs"]
        product = probs * (count_votes(graph()["knn_ids"], labels, 10) + 0.5)
        product /= product.sum(axis=1, keepdims=True)
        plain = average_precision_score(wrong, 1 - product[np.arange(len(labels)), labels])
        gains.append(average_precision_score(wrong, score.suspicion) - plain)
    assert min(gains) > 0
    assert np.mean(gains) >= 0.15


def test_fewer_clusters_are_found_too_and_scattered_noise_is_not_lost() -> None:
    from labelscope.testing import symmetric

    for seed in (0, 1):
        score, _, wrong, clusters = scored(0.05, seed)
        assert average_precision_score(wrong, score.suspicion) >= 0.75
        assert share_found(score, clusters) >= 0.90
    labels, wrong = symmetric(TRUE, rate=0.1, random_state=0)
    score = ClusterHeldOut().score(graph().including(given_labels=labels))
    assert average_precision_score(wrong, score.suspicion) >= 0.90
