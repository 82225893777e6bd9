"""Rates of pairs among many classes: learned where mistakes go from each class to a certain other one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labelscope.scorers import Ensemble
from labelscope.scorers.pair_rates import pairs_tell
from labelscope.types import Evidence

K = 80


def case(kind: str, seed: int, n: int = 4000) -> tuple[Any, Any, Any]:
    """Mistakes that go to the next class or anywhere, and a model that is right in two of three rows."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, K, n)
    other = (true + 1) % K if kind == "pairs" else (true + rng.integers(1, K, n)) % K
    wrong = rng.random(n) < 0.12
    given = np.where(wrong, other, true)
    level = rng.gumbel(size=(n, K))
    level[np.arange(n), true] += 5
    probs = np.exp(level)
    return probs / probs.sum(axis=1, keepdims=True), given, wrong


@pytest.mark.parametrize("seed", [0, 1])
def test_pairs_are_learned_only_where_mistakes_go_by_pairs(seed: int) -> None:
    for kind in ("pairs", "anywhere"):
        probs, given, _ = case(kind, seed)
        assert pairs_tell([np.log(probs)], given) == (kind == "pairs")


def test_the_order_of_the_rows_does_not_matter() -> None:
    probs, given, _ = case("pairs", 2, n=2500)
    order = np.random.default_rng(0).permutation(len(given))
    one = Ensemble().score(Evidence(given_labels=given, classes=np.arange(K), pred_probs=probs))
    shuffled = Evidence(given_labels=given[order], classes=np.arange(K), pred_probs=probs[order])
    np.testing.assert_allclose(Ensemble().score(shuffled).suspicion, one.suspicion[order], atol=2e-4)


def test_mistakes_by_pairs_are_flagged_among_many_classes() -> None:
    for seed in (3, 4):
        probs, given, wrong = case("pairs", seed)
        evidence = Evidence(given_labels=given, classes=np.arange(K), pred_probs=probs)
        score = Ensemble().score(evidence)
        flagged = np.asarray(score.flagged)
        disagreeing = probs.argmax(axis=1) != given
        found = [2 * (one & wrong).sum() / (one.sum() + wrong.sum()) for one in (flagged, disagreeing)]
        assert found[0] > found[1] + 0.1


def test_one_row_or_one_half_only_tells_nothing() -> None:
    assert not pairs_tell([np.log(np.full((1, 70), 1 / 70))], np.array([3]))
