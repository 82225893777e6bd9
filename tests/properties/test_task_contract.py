"""check_scorer looks at scorers of tags, targets and concepts, and catches those that break a property."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.testing import check_scorer, sample
from labelscope.testing.kits import KITS
from labelscope.testing.sample_rows import permuted
from labelscope.types import Evidence, Score


def needed(evidence: Evidence, *names: str) -> list[Any]:
    for name in names:
        if name not in evidence:
            raise MissingEvidenceError.of(name, present=evidence)
    return [np.asarray(evidence[name], dtype=np.float64) for name in names]


@dataclass(frozen=True, kw_only=True)
class TagBase:
    """A correct scorer of tags: how far the probability is from what is given."""

    name: ClassVar[str] = "tag_base"
    family: ClassVar[str] = "tests"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("multilabel",)
    reference: ClassVar[str] = "none"
    fitted: ClassVar[bool] = False
    row_wise: ClassVar[bool] = True

    def score(self, evidence: Evidence) -> Score:
        given, probs = needed(evidence, "given_labels", "pred_probs")
        missing, spurious = np.where(given == 0, probs, 0.0), np.where(given == 1, 1 - probs, 0.0)
        both = np.maximum(missing, spurious).max(axis=1).astype(np.float32)
        return Score(
            both,
            suggested=np.where(given < 0, 0, probs > 0.5).astype(np.int8),
            flagged=both > 0.9,
            details={"missing": missing, "spurious": spurious},
            meta={"scale": "rank"},
        )


@dataclass(frozen=True, kw_only=True)
class TargetBase:
    """A correct scorer of targets: the gap to the prediction, in units of the usual gap."""

    name: ClassVar[str] = "target_base"
    family: ClassVar[str] = "tests"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "predictions", "features")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (("given_labels", "predictions"),)
    tasks: ClassVar[tuple[str, ...]] = ("regression",)
    reference: ClassVar[str] = "none"
    fitted: ClassVar[bool] = False

    def score(self, evidence: Evidence) -> Score:
        given, predicted = needed(evidence, "given_labels", "predictions")
        gap = np.abs(given - predicted)
        usual = np.nanmedian(gap) if np.isfinite(gap).any() else 1.0
        suspicion = np.nan_to_num(gap / (gap + max(float(usual), 1e-12)))
        return Score(
            suspicion.astype(np.float32),
            suggested=predicted,
            flagged=suspicion > 0.9,
            details={"suggested_value": predicted},
            meta={"scale": "rank"},
        )


@dataclass(frozen=True, kw_only=True)
class ConceptBase:
    """A correct scorer of classes with attributes: the unlikeliest of all that is given."""

    name: ClassVar[str] = "concept_base"
    family: ClassVar[str] = "tests"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "concepts", "pred_probs", "concept_probs")
    tasks: ClassVar[tuple[str, ...]] = ("concepts",)
    reference: ClassVar[str] = "none"
    fitted: ClassVar[bool] = False
    row_wise: ClassVar[bool] = True

    def score(self, evidence: Evidence) -> Score:
        given, concepts, probs, beliefs = needed(evidence, *self.needs)
        codes = given.astype(np.int64)
        of_class = np.where(codes >= 0, 1 - probs[np.arange(len(codes)), np.maximum(codes, 0)], 0.0)
        of_class = np.clip(of_class, 0, 1)
        wrong = np.nan_to_num(np.where(concepts == 1, 1 - beliefs, np.where(concepts == 0, beliefs, 0.0)))
        wrong[codes < 0] = 0.0
        suspicion = np.maximum(of_class, wrong.max(axis=1, initial=0.0)).astype(np.float32)
        return Score(
            suspicion,
            suggested=probs.argmax(axis=1),
            flagged=suspicion > 0.9,
            details={
                "attribute_suspicion": wrong,
                "class_suspicion": of_class,
                "suggested_concepts": (beliefs > 0.5).astype(np.int8),
            },
            meta={"scale": "rank"},
        )


NUMBERS = itertools.count()


class Silent(TagBase):
    def score(self, evidence: Evidence) -> Score:
        if "pred_probs" not in evidence:
            return Score(np.zeros(len(evidence["given_labels"]), np.float32), meta={"scale": "rank"})
        return super().score(evidence)


BASES = {"multilabel": TagBase, "regression": TargetBase, "concepts": ConceptBase}


@pytest.mark.parametrize("base", BASES.values())
def test_the_bases_are_sound(base: Any) -> None:
    check_scorer(base())


def detail(score: Score, name: str, values: Any) -> Score:
    return replace(score, details={**score.details, name: values})


def without(score: Score, name: str) -> Score:
    return replace(score, details={k: v for k, v in score.details.items() if k != name})


def broken(base: Any, change: Any, **facts: Any) -> Any:
    def score(self: Any, evidence: Evidence) -> Score:
        return change(base.score(self, evidence), evidence)

    name = f"Broken{base.__name__}{next(NUMBERS)}"
    kind = type(name, (base,), {"score": score, "row_wise": False, "__module__": __name__, **facts})
    globals()[name] = kind  # where pickle looks for it
    return kind()


def suspect_unlabelled(score: Score, evidence: Evidence) -> Score:
    given = np.asarray(evidence["given_labels"], dtype=np.float64)
    gone = (given < 0).all(axis=1) if given.ndim == 2 else (~np.isfinite(given)) | (given < 0)
    if not isinstance(score.suggested, np.ndarray) or score.suggested.dtype.kind == "f":
        gone = ~np.isfinite(given)
    return replace(score, suspicion=np.where(gone, np.float32(0.5), score.suspicion))


def by_position(score: Score, evidence: Evidence) -> Score:
    n = len(score.suspicion)
    return replace(score, suspicion=(score.suspicion * (1 - 0.1 * np.arange(n) / n)).astype(np.float32))


def by_first_column(name: str) -> Any:
    def change(score: Score, evidence: Evidence) -> Score:
        first = np.nan_to_num(np.asarray(evidence[name], dtype=np.float64)[:, 0]) == 1
        return replace(score, suspicion=np.where(first, score.suspicion * 0.9, score.suspicion).astype("f4"))

    return change


def columns_swapped(name: str) -> Any:
    return lambda score, evidence: detail(score, name, np.sort(np.asarray(score.details[name]), axis=1))


def constant(value: float) -> Any:
    return lambda score, evidence: replace(
        score, suspicion=np.where(score.suspicion > 0, np.float32(value), np.float32(0))
    )


def trips(condition: Any) -> Any:
    def change(score: Score, evidence: Evidence) -> Score:
        if condition(evidence):
            raise IndexError("unexpected")
        return score

    return change


def tags_of(evidence: Evidence) -> Any:
    return np.asarray(evidence["given_labels"])


def large(evidence: Evidence) -> bool:
    return len(evidence["given_labels"]) == 60


def by_block(score: Score, evidence: Evidence) -> Score:
    return replace(score, suspicion=score.suspicion / max(float(score.suspicion.max()), 1e-9))


BROKEN: list[tuple[str, Any]] = [
    ("block invariance", broken(TagBase, by_block, row_wise=True)),
    ("block invariance", broken(ConceptBase, by_block, row_wise=True)),
    *(("unlabelled rows", broken(base, suspect_unlabelled)) for base in BASES.values()),
    *(("row-permutation equivariance", broken(base, by_position)) for base in BASES.values()),
    *(("finds planted errors", broken(base, constant(0.5))) for base in BASES.values()),
    ("tag-renaming equivariance", broken(TagBase, by_first_column("given_labels"))),
    ("tag-renaming equivariance", broken(TagBase, columns_swapped("missing"))),
    ("attribute-renaming equivariance", broken(ConceptBase, by_first_column("concepts"))),
    ("attribute-renaming equivariance", broken(ConceptBase, columns_swapped("attribute_suspicion"))),
    (
        "class-relabelling equivariance",
        broken(
            ConceptBase,
            lambda s, e: replace(s, suspicion=(s.suspicion * (1 - 0.1 * (tags_of(e) == 0))).astype("f4")),
        ),
    ),
    ("details", broken(TagBase, lambda s, e: without(s, "missing"))),
    ("details", broken(TagBase, lambda s, e: without(s, "spurious"))),
    ("details", broken(TagBase, lambda s, e: detail(s, "missing", s.details["missing"] * 2))),
    ("details", broken(TagBase, lambda s, e: detail(s, "spurious", s.details["spurious"] * np.nan))),
    ("details", broken(TagBase, lambda s, e: detail(s, "missing", s.details["missing"][:, :1]))),
    ("details", broken(TagBase, lambda s, e: replace(s, suggested=s.suggested * 2))),
    ("finds planted errors", broken(TagBase, lambda s, e: detail(s, "missing", 1 - s.details["missing"]))),
    ("details", broken(TargetBase, lambda s, e: replace(s, suggested=np.round(s.suggested).astype(int)))),
    ("details", broken(TargetBase, lambda s, e: detail(s, "suggested_value", s.suggested * np.nan))),
    ("details", broken(ConceptBase, lambda s, e: without(s, "attribute_suspicion"))),
    ("details", broken(ConceptBase, lambda s, e: without(s, "class_suspicion"))),
    (
        "details",
        broken(ConceptBase, lambda s, e: detail(s, "suggested_concepts", np.asarray(e["concept_probs"]))),
    ),
    ("facts", broken(TagBase, lambda s, e: s, tasks=("multi_label",))),
    ("facts", broken(TagBase, lambda s, e: s, tasks=())),
    ("facts", broken(TagBase, lambda s, e: s, tasks=("multilabel", "regression"))),  # without predictions
    ("missing evidence", Silent()),
    ("one row", broken(TagBase, trips(lambda e: len(tags_of(e)) == 1))),
    ("no tags at all", broken(TagBase, trips(lambda e: not (tags_of(e) == 1).any()))),
    ("one tag", broken(TagBase, trips(lambda e: tags_of(e).shape[1] == 1))),
    ("tag in every row", broken(TagBase, trips(lambda e: large(e) and (tags_of(e) == 1).all(axis=0).any()))),
    (
        "tag in no row",
        broken(TagBase, trips(lambda e: large(e) and (~(tags_of(e) == 1).any(axis=0)).sum() == 1)),
    ),
    (
        "tag unknown everywhere",
        broken(TagBase, trips(lambda e: large(e) and (tags_of(e) == -1).all(axis=0).any())),
    ),
    (
        "partly unknown tags",
        broken(TagBase, trips(lambda e: large(e) and 0 < (tags_of(e) == -1).mean(axis=0).min() < 1)),
    ),
    (
        "probabilities of exactly 0 and 1",
        broken(TagBase, trips(lambda e: "pred_probs" in e and np.isin(e["pred_probs"], (0, 1)).all())),
    ),
    ("constant targets", broken(TargetBase, trips(lambda e: large(e) and tags_of(e).std() == 0))),
    ("two distinct targets", broken(TargetBase, trips(lambda e: len(np.unique(tags_of(e))) == 2))),
    ("targets far from 0", broken(TargetBase, trips(lambda e: np.nanmin(tags_of(e)) > 1e8))),
    (
        "constant features",
        broken(TargetBase, trips(lambda e: "features" in e and large(e) and (e["features"] == 1).all())),
    ),
    ("NaN features", broken(TargetBase, trips(lambda e: "features" in e and np.isnan(e["features"]).any()))),
    ("one class", broken(ConceptBase, trips(lambda e: e["pred_probs"].shape[1] == 1))),
    (
        "attribute with one value",
        broken(ConceptBase, trips(lambda e: large(e) and (np.nanmin(e["concepts"], axis=0) == 1).any())),
    ),
    (
        "attribute unknown everywhere",
        broken(ConceptBase, trips(lambda e: large(e) and np.isnan(e["concepts"]).all(axis=0).any())),
    ),
    ("one attribute", broken(ConceptBase, trips(lambda e: e["concepts"].shape[1] == 1))),
]


@pytest.mark.parametrize(
    ("prop", "scorer"), BROKEN, ids=[f"{i}-{prop}" for i, (prop, _) in enumerate(BROKEN)]
)
@pytest.mark.filterwarnings("ignore:All-NaN:RuntimeWarning")
def test_a_broken_scorer_is_caught_by_the_property_that_it_breaks(prop: str, scorer: Any) -> None:
    with pytest.raises(AssertionError) as caught:
        check_scorer(scorer)
    assert str(caught.value).startswith(prop + ":")


@pytest.mark.parametrize("task", sample.TASKS)
def test_samples_are_seeded_and_hold_the_share_of_errors(task: str) -> None:
    evidence, wrong = sample.planted(200, seed=3, rate=0.1, task=task)
    again, _ = sample.planted(200, seed=3, rate=0.1, task=task)
    other, _ = sample.planted(200, seed=4, rate=0.1, task=task)
    assert wrong.sum() == 20
    assert set(KITS) == set(sample.TASKS)
    for name in ("given_labels", "features", "knn_ids", "knn_distances", "groups", "map"):
        assert len(evidence[name]) == 200
        np.testing.assert_array_equal(evidence[name], again[name])
    assert not np.array_equal(evidence["features"], other["features"])
    with pytest.raises(InvalidInputError, match="Did you mean 'multilabel'"):
        sample.planted(task="multilable")


@pytest.mark.parametrize("task", sample.TASKS)
def test_permuted_neighbors_are_the_same_rows(task: str) -> None:
    evidence, _ = sample.planted(50, task=task)
    order = np.random.default_rng(0).permutation(50)
    moved = permuted(evidence, order)
    features = np.asarray(evidence["features"])
    for row in range(50):
        np.testing.assert_array_equal(
            features[np.asarray(evidence["knn_ids"])[order[row]]],
            np.asarray(moved["features"])[np.asarray(moved["knn_ids"])[row]],
        )


def test_sample_of_tags_is_what_it_says() -> None:
    evidence, true = sample.sample_tags.planted(2000, seed=1, rate=0.2)
    given = np.asarray(evidence["given_labels"])
    changed = given != true
    assert changed.sum() == changed.any(axis=1).sum() == 400
    forgotten = (changed & (true == 1)).sum()
    assert 200 < forgotten < 330  # two thirds of the rows that have a tag
    assert (given[np.asarray(evidence["tag_negatives"])] == 0).all()
    assert (true[np.asarray(evidence["tag_negatives"])] == 0).all()


def test_judges_answer_by_codes() -> None:
    evidence, wrong = sample.planted(2000, seed=1)
    votes, given = np.asarray(evidence["judgements"]), np.asarray(evidence["given_labels"])
    assert votes.shape == (2000, 4)
    assert set(np.unique(votes)) == {-1, 0, 1, 2}
    agree = (votes == given[:, None]).sum(axis=0) / (votes >= 0).sum(axis=0)
    assert (np.diff(agree) < 0).all()
    assert (votes[~wrong, 0] == given[~wrong]).mean() > (votes[wrong, 0] == given[wrong]).mean() + 0.5
