"""What is checked about scorers of each task: its evidence, what may be renamed, and its own results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from labelscope.evidence.ranks import auroc
from labelscope.testing import sample, sample_concepts, sample_tags, sample_targets
from labelscope.types import Array, Evidence, IntArray, Score


@dataclass(frozen=True)
class Renaming:
    """A change of names that no score may depend on.

    Attributes
    ----------
    name : str
        As failures call it.
    what : str
        What is renamed.
    apply : callable of evidence
    order : (K,) int
        Column j of a detail becomes column ``order[j]`` of the one before.
    columns : tuple of str
        Details with one column per name.
    """

    name: str
    what: str
    apply: Callable[[Evidence], Evidence]
    order: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kit:
    """How scorers of one task are checked."""

    with_unlabelled: Callable[[Evidence, IntArray], Evidence]
    sliced: Callable[[Evidence, slice], Evidence]
    edge_cases: dict[str, Callable[[], Evidence]]
    renamings: tuple[Renaming, ...] = ()
    check_score: Callable[[Score, Evidence, str], None] = lambda score, evidence, where: None
    check_finds: Callable[[Score, Evidence], None] = lambda score, evidence: None


def _require(condition: bool, prop: str, message: str) -> None:
    if not condition:
        raise AssertionError(f"{prop}: {message}")


def _within(score: Score, name: str, shape: tuple[int, ...], where: str) -> None:
    """Check a detail that holds suspicions."""
    _require(name in score.details, "details", f"details[{name!r}] is missing{where}")
    values = np.asarray(score.details[name])
    _require(
        values.shape == shape,
        "details",
        f"details[{name!r}] has the shape {values.shape}, not {shape}{where}",
    )
    good = values.dtype.kind == "f" and bool(((values >= 0) & (values <= 1)).all())
    _require(good, "details", f"details[{name!r}] holds something that is not within [0, 1]{where}")


def _ternary(values: Array | None, name: str, shape: tuple[int, ...], where: str) -> None:
    if values is None:
        return
    array = np.asarray(values)
    good = array.shape == shape and bool(np.isin(array, (0, 1)).all())
    _require(good, "details", f"{name} is not a matrix of 0 and 1 of the shape {shape}{where}")


def _check_tags(score: Score, evidence: Evidence, where: str) -> None:
    shape = np.shape(evidence["given_labels"])
    for name in ("missing", "spurious"):
        _within(score, name, shape, where)
    _ternary(score.suggested, "suggested", shape, where)


def _check_finds_tags(score: Score, evidence: Evidence) -> None:
    """Among tags that are not there, those that were forgotten come first; the same among those that are."""
    given = np.asarray(evidence["given_labels"])
    wrong = given != sample_tags.planted()[1]
    for name, there in (("missing", 0), ("spurious", 1)):
        values = np.asarray(score.details[name])[given == there]
        if values.std() == 0:
            continue  # a method of one side says nothing about the other
        found = auroc(values, wrong[given == there]) or 0.0
        _require(
            found > 0.65, "finds planted errors", f"AUROC of {name} is {found:.3f}, no better than chance"
        )


def _check_targets(score: Score, evidence: Evidence, where: str) -> None:
    given = np.asarray(evidence["given_labels"], dtype=np.float64)
    for name, values in (
        ("suggested", score.suggested),
        ("details['suggested_value']", score.details.get("suggested_value")),
    ):
        if values is None:
            continue
        numbers = np.asarray(values)
        good = numbers.dtype.kind == "f" and numbers.shape == given.shape
        _require(good, "details", f"{name} is no float array of the shape {given.shape}{where}")
        labelled = np.isfinite(given)
        _require(bool(np.isfinite(numbers[labelled]).all()), "details", f"{name} is not finite{where}")


def _check_concepts(score: Score, evidence: Evidence, where: str) -> None:
    if "concepts" not in evidence:
        return  # a method of classes alone
    shape = np.shape(evidence["concepts"])
    _within(score, "attribute_suspicion", shape, where)
    _within(score, "class_suspicion", shape[:1], where)
    _ternary(score.details.get("suggested_concepts"), "details['suggested_concepts']", shape, where)


_CLASSES = np.array([2, 0, 1])
_TAGS = np.array([3, 0, 4, 1, 2])
_CONCEPTS = np.array([4, 2, 0, 5, 1, 3])

KITS: dict[str, Kit] = {
    "classification": Kit(
        with_unlabelled=sample.with_unlabelled,
        sliced=sample.sliced,
        edge_cases=sample.EDGE_CASES,
        renamings=(
            Renaming("class-relabelling", "classes", lambda evidence: sample.relabelled(evidence, _CLASSES)),
        ),
    ),
    "multilabel": Kit(
        with_unlabelled=sample_tags.with_unlabelled,
        sliced=sample_tags.sliced,
        edge_cases=sample_tags.EDGE_CASES,
        renamings=(
            Renaming(
                "tag-renaming",
                "tags",
                lambda evidence: sample_tags.renamed(evidence, _TAGS),
                _TAGS,
                ("missing", "spurious"),
            ),
        ),
        check_score=_check_tags,
        check_finds=_check_finds_tags,
    ),
    "regression": Kit(
        with_unlabelled=sample_targets.with_unlabelled,
        sliced=sample_targets.sliced,
        edge_cases=sample_targets.EDGE_CASES,
        check_score=_check_targets,
    ),
    "concepts": Kit(
        with_unlabelled=sample_concepts.with_unlabelled,
        sliced=sample_concepts.sliced,
        edge_cases=sample_concepts.EDGE_CASES,
        renamings=(
            Renaming(
                "class-relabelling",
                "classes",
                lambda evidence: sample_concepts.relabelled(evidence, _CLASSES),
            ),
            Renaming(
                "attribute-renaming",
                "attributes",
                lambda evidence: sample_concepts.renamed(evidence, _CONCEPTS),
                _CONCEPTS,
                ("attribute_suspicion",),
            ),
        ),
        check_score=_check_concepts,
    ),
}
