"""Every queue keeps the contract, and check_policy catches those that do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from labelscope.review import queues
from labelscope.testing import check_policy
from labelscope.types import Evidence, Ranking


@pytest.mark.parametrize("name", [n for n in queues.__all__ if hasattr(getattr(queues, n), "order")])
def test_queues_keep_the_contract(name: str) -> None:
    check_policy(getattr(queues, name)())


@dataclass(frozen=True, kw_only=True)
class Base:
    name: ClassVar[str] = "base"

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        rows = np.argsort(-np.asarray(evidence["suspicion"]), kind="stable")[:n]
        return Ranking(rows, np.ones(len(rows)))


class Nameless(Base):
    name = None  # type: ignore[assignment]


class TooMany(Base):
    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        return super().order(evidence, None)


class Twice(Base):
    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        rows = np.zeros(len(super().order(evidence, n).rows), dtype=int)
        return Ranking(rows, np.ones(len(rows)))


class OutOfRange(Base):
    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        ranking = super().order(evidence, n)
        return Ranking(ranking.rows + 1000, ranking.weights)


class Weightless(Base):
    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        return Ranking(super().order(evidence, n).rows, np.ones(3))


class NegativeWeights(Base):
    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        ranking = super().order(evidence, n)
        return Ranking(ranking.rows, -ranking.weights)


class Moody(Base):
    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        ranking = super().order(evidence, n)
        return Ranking(np.random.default_rng().permutation(ranking.rows), ranking.weights)


class Scribbler(Base):
    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        suspicion = evidence["suspicion"]
        if suspicion.base is not None and suspicion.base.flags.writeable and len(suspicion):
            suspicion.base[0] = 0.123
        return super().order(evidence, n)


@pytest.mark.parametrize(
    ("prop", "policy"),
    [
        ("facts", Nameless()),
        ("length", TooMany()),
        ("no row twice", Twice()),
        ("range", OutOfRange()),
        ("shape", Weightless()),
        ("weights", NegativeWeights()),
        ("same result", Moody()),
        ("inputs untouched", Scribbler()),
    ],
)
def test_a_broken_queue_is_caught(prop: str, policy: Any) -> None:
    check_policy(Base())
    with pytest.raises(AssertionError) as caught:
        check_policy(policy)
    assert str(caught.value).startswith(prop + ":")
