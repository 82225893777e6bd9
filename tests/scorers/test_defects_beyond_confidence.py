"""Defects that were measured in other libraries, by name; those outside the confident family are here."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import labelscope as ls
from labelscope.auditing.summary import warn_when_weak
from labelscope.errors import LabelscopeWarning
from labelscope.reports.nutrition.dependence import rate_dependence
from labelscope.scorers import ContrastiveRegression, NeighborShapley, ResidualOutlier, TargetEnsemble
from labelscope.testing import (
    annotator_dependent,
    asymmetric,
    cluster_shaped,
    instance_dependent,
    replaced_targets,
    shifted_targets,
    symmetric,
)
from labelscope.types import Evidence


def peak_of(work: Callable[[], Any]) -> int:
    """Return the most bytes that were held beside what was there before."""
    tracemalloc.start()
    made = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made is not None
    return peak


@pytest.mark.parametrize("largest", ["a", "z"])
def test_baseline_is_the_share_of_the_largest_class_wherever_it_stands(largest: str) -> None:
    labels = np.array([largest] * 900 + ["m"] * 100)
    dataset = ls.Dataset(np.random.default_rng(0).normal(size=(1000, 2)), labels)
    with pytest.warns(LabelscopeWarning, match="the largest class gives 90 %"):
        warn_when_weak({"probe_accuracy": 0.9}, dataset)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_column_of_noise_does_not_explain_a_skewed_label(swapped: bool) -> None:
    """A baseline of 0 instead of .9 would let whatever answers the largest class look like a cause."""
    rng = np.random.default_rng(1)
    rare = (np.arange(1000) >= 900) != swapped
    noise, cause = rng.integers(0, 4, 1000), np.where(rng.random(1000) < 0.1, 1 - rare, rare).astype(int)
    found = rate_dependence(rare.astype(float), [noise, cause])
    assert found[0].q > 0.05 and found[0].bits < found[0].threshold
    assert found[1].q < 0.01 and found[1].bits > found[1].threshold


def test_shapley_values_need_no_matrix_of_all_pairs() -> None:
    rng = np.random.default_rng(2)

    def peak(n: int) -> int:
        near = (np.arange(n)[:, None] + rng.integers(1, n, (n, 10))) % n
        evidence = Evidence(given_labels=rng.integers(0, 5, n), classes=np.arange(5), knn_ids=near)
        return peak_of(lambda: NeighborShapley().score(evidence))

    assert peak(16_000) < 16_000 * 1024  # a byte for each pair would be 256 MB
    assert peak(16_000) < 6 * peak(4_000)  # four times the rows, and not the sixteen of pairs


@pytest.mark.parametrize("scorer", [ResidualOutlier(), TargetEnsemble(), ContrastiveRegression()], ids=repr)
def test_scores_of_targets_need_no_matrix_of_all_pairs(scorer: Any) -> None:
    rng = np.random.default_rng(3)

    def peak(n: int) -> int:
        features = rng.normal(size=(n, 3)).astype(np.float32)
        predictions = features[:, 0].astype(float)
        evidence = Evidence(
            given_labels=predictions + 0.1 * rng.normal(size=n),
            predictions=predictions,
            **({"features": features} if "features" in scorer.needs else {}),
        )
        return peak_of(lambda: scorer.score(evidence))

    assert peak(24_000) < 24_000**2  # a byte for each pair
    assert peak(24_000) < 8 * peak(6_000)


def makers(labels: Any) -> dict[str, Callable[[], tuple[Any, Any]]]:
    """Return every maker of wrong labels, ready to be called."""
    n = len(labels)
    features = np.random.default_rng(4).normal(size=(n, 3)).astype(np.float32)
    probs = np.random.default_rng(4).dirichlet(np.ones(3), n)
    return {
        "symmetric": lambda: symmetric(labels, rate=0.2),
        "asymmetric": lambda: asymmetric(labels, rate=0.2),
        "instance_dependent": lambda: instance_dependent(labels, probs, rate=0.2),
        "cluster_shaped": lambda: cluster_shaped(labels, features, rate=0.2),
        "annotator_dependent": lambda: annotator_dependent(labels, np.arange(n) % 3, rate=0.2),
    }


@pytest.mark.parametrize("kind", list(makers([0])))
def test_makers_of_noise_write_labels_and_no_numbers_of_rows(kind: str) -> None:
    """Row numbers among the labels "change something" too; labels must stay labels, and only wrong rows move."""
    labels = [100 * (1 + row % 3) for row in range(300)]
    noisy, wrong = makers(labels)[kind]()
    assert set(noisy) == {100, 200, 300} and type(noisy) is list
    assert [one != other for one, other in zip(noisy, labels, strict=True)] == wrong.tolist()
    assert 0 < wrong.sum() < 150


def test_makers_of_targets_write_targets_and_no_numbers_of_rows() -> None:
    targets = np.arange(200) % 7 + 0.25
    slipped, wrong = replaced_targets(targets, rate=0.2)
    assert np.isin(slipped, targets).all() and ((slipped != targets) == wrong).all()
    moved, shifted = shifted_targets(targets, rate=0.2, by=(1, 3))
    assert ((moved != targets) == shifted).all()
    assert np.abs(moved - targets)[shifted].max() <= 3 * targets.std() + 1e-9
