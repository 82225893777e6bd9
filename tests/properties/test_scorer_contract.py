"""Every scorer keeps the contract, and check_scorer catches those that do not, one property each."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from labelscope import scorers
from labelscope.scorers.confident.selection import SELECTIONS
from labelscope.testing import check_scorer
from labelscope.types import Evidence, Score

ALL = [
    scorers.SelfConfidence(),
    scorers.SelfConfidence(adjust=True),
    scorers.NormalizedMargin(),
    scorers.NormalizedMargin(adjust=True),
    scorers.ConfidenceWeightedEntropy(),
    scorers.LogRatio(),
    scorers.LogRatio(adjust=True),
    scorers.ConfusionPairPrior(),
    scorers.NeighborAgreement(),
    scorers.NeighborAgreement(weights="uniform"),
    scorers.NeighborAgreement(n_neighbors=4),
    scorers.Ensemble(),
    scorers.Ensemble(max_fit_rows=100),
    *(scorers.ConfidentLearning(select=how) for how in SELECTIONS),
    scorers.ConfidentLearning(rule="library"),
    scorers.ConfidentLearning(rank="self_confidence", estimate="off_diagonal_calibrated"),
    scorers.ConfidentLearning(rank="confidence_weighted_entropy", prior="equation"),
]


@pytest.mark.parametrize("scorer", ALL, ids=repr)
def test_scorers_keep_the_contract(scorer: Any) -> None:
    check_scorer(scorer)


@dataclass(frozen=True, kw_only=True)
class Base:
    """A correct scorer on which each broken one differs in one thing."""

    name: ClassVar[str] = "base"
    family: ClassVar[str] = "tests"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "none"
    fitted: ClassVar[bool] = False
    row_wise: ClassVar[bool] = True

    def score(self, evidence: Evidence) -> Score:
        return scorers.SelfConfidence().score(evidence)


def changed(score: Score, suspicion: Any) -> Score:
    return replace(score, suspicion=np.asarray(suspicion, dtype=np.float32))


class NotFrozen:
    name, family, needs, tasks = "x", "x", ("given_labels", "pred_probs"), ("classification",)
    reference, fitted = "x", False

    def score(self, evidence: Evidence) -> Score:
        return scorers.SelfConfidence().score(evidence)


@dataclass(frozen=True, kw_only=True)
class NeedsArguments(Base):
    strength: float


class Short(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(score, score.suspicion[:-1])


class DoubleWidth(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return replace(score, suspicion=score.suspicion.astype(np.float64))


class TooHigh(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(score, score.suspicion * 2)


class NotANumber(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(score, np.where(np.arange(len(score.suspicion)) == 0, np.nan, score.suspicion))


class SuspectsUnlabelled(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(score, np.where(score.suspicion == 0, 0.5, score.suspicion))


class WritesToEvidence(Base):
    def score(self, evidence: Evidence) -> Score:
        evidence["pred_probs"][0] = 1 / 3
        return super().score(evidence)


class WritesBehindEvidence(Base):
    def score(self, evidence: Evidence) -> Score:
        probs = evidence["pred_probs"]
        if probs.base is not None and probs.base.flags.writeable:
            probs.base[0] = probs.base[0][::-1]
        return super().score(evidence)


class Random(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(
            score, score.suspicion * np.random.default_rng().uniform(0.9, 1.0, len(score.suspicion))
        )


class ByPosition(Base):
    row_wise: ClassVar[bool] = False

    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        n = len(score.suspicion)
        return changed(score, score.suspicion * (1 - 0.1 * np.arange(n) / n))


class ByClassNumber(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        codes = np.maximum(np.asarray(evidence["given_labels"]), 0)
        return changed(score, score.suspicion * (1 - 0.1 * codes / 10))


class ByBlock(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(score, score.suspicion / max(float(score.suspicion.max()), 1e-9))


@dataclass(frozen=True, kw_only=True)
class Unpicklable(Base):
    hook: Any = field(default_factory=lambda: lambda: None)


class AnyErrorForMissing(Base):
    def score(self, evidence: Evidence) -> Score:
        if "pred_probs" not in evidence:
            raise RuntimeError("where is it?")
        return super().score(evidence)


class NothingForMissing(Base):
    def score(self, evidence: Evidence) -> Score:
        if "pred_probs" not in evidence:
            n = len(evidence["given_labels"])
            return Score(np.zeros(n, dtype=np.float32), meta={"scale": "rank"})
        return super().score(evidence)


def _rows(evidence: Evidence) -> int:
    return len(evidence["given_labels"])


def _columns(evidence: Evidence) -> int:
    return int(evidence["pred_probs"].shape[1]) if "pred_probs" in evidence else 3


CONDITIONS = {
    "one row": lambda e: _rows(e) == 1 and len(e) > 2,
    "one class": lambda e: _columns(e) == 1,
    "empty class": lambda e: _columns(e) == 4,
    "probabilities of exactly 0 and 1": lambda e: (
        _columns(e) == 3 and _rows(e) == 60 and e["pred_probs"].max() == 1
    ),
}


@dataclass(frozen=True, kw_only=True)
class TripsOn(Base):
    row_wise: ClassVar[bool] = False
    case: str = "one row"

    def score(self, evidence: Evidence) -> Score:
        if "pred_probs" in evidence and CONDITIONS[self.case](evidence):
            raise IndexError("unexpected")
        return super().score(evidence)


class WithFeatures(Base):
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs", "features")

    def score(self, evidence: Evidence) -> Score:
        if self.refuses(np.asarray(evidence["features"])):
            raise ZeroDivisionError("unexpected")
        return super().score(evidence)

    def refuses(self, features: Any) -> bool:
        raise NotImplementedError


class TripsOnConstant(WithFeatures):
    row_wise: ClassVar[bool] = False

    def refuses(self, features: Any) -> bool:
        return len(features) > 1 and bool((features.std(axis=0) == 0).all())


class TripsOnNan(WithFeatures):
    row_wise: ClassVar[bool] = False

    def refuses(self, features: Any) -> bool:
        return bool(np.isnan(features).any())


class Blind(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(score, np.zeros(len(score.suspicion)))


class Backward(Base):
    def score(self, evidence: Evidence) -> Score:
        score = super().score(evidence)
        return changed(score, np.where(score.suspicion > 0, 1 - score.suspicion, 0))


BROKEN = [
    ("facts", NotFrozen()),
    ("facts", NeedsArguments(strength=1.0)),
    ("shape", Short()),
    ("shape", DoubleWidth()),
    ("range", TooHigh()),
    ("no NaN", NotANumber()),
    ("unlabelled rows", SuspectsUnlabelled()),
    ("inputs untouched", WritesToEvidence()),
    ("inputs untouched", WritesBehindEvidence()),
    ("same result", Random()),
    ("row-permutation equivariance", ByPosition()),
    ("class-relabelling equivariance", ByClassNumber()),
    ("block invariance", ByBlock()),
    ("pickles", Unpicklable()),
    *((case, TripsOn(case=case)) for case in CONDITIONS),
    ("constant features", TripsOnConstant()),
    ("NaN features", TripsOnNan()),
    ("finds planted errors", Blind()),
    ("finds planted errors", Backward()),
    ("missing evidence", AnyErrorForMissing()),
    ("missing evidence", NothingForMissing()),
]


@pytest.mark.parametrize(
    ("prop", "scorer"), BROKEN, ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_a_broken_scorer_is_caught_by_the_property_that_it_breaks(prop: str, scorer: Any) -> None:
    with pytest.raises(AssertionError) as caught:
        check_scorer(scorer)
    assert str(caught.value).startswith(prop + ":")


def test_the_base_of_the_broken_scorers_is_sound() -> None:
    check_scorer(Base())


def test_fitted_scorers_may_differ_a_little() -> None:
    class Nearly(Base):
        fitted: ClassVar[bool] = True
        row_wise: ClassVar[bool] = False

        def score(self, evidence: Evidence) -> Score:
            score = super().score(evidence)
            n = len(score.suspicion)
            return changed(score, np.clip(score.suspicion * (1 - 0.01 * np.arange(n) / n), 0, 1))

    scorer = Nearly()
    from labelscope.testing import sample, scoring
    from labelscope.testing.kits import KITS

    full, _ = sample.planted()
    evidence = scoring._only(full, scorer.needs, scorer)
    score = scorer.score(evidence)
    scoring._check_rows_permuted(scorer, evidence, score)
    scoring._check_renamed(scorer, evidence, score, KITS["classification"])


def test_auroc_equals_its_definition() -> None:
    from labelscope.evidence.ranks import auroc

    rng = np.random.default_rng(0)
    scores, positive = np.round(rng.random(40), 1), rng.random(40) < 0.4
    pairs = list(itertools.product(scores[positive], scores[~positive]))
    expected = np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs])
    assert np.isclose(auroc(scores, positive), expected)
