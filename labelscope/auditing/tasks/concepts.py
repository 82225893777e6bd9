"""Audits of a class with attributes beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.auditing.tasks.multilabel import named, several_models, varies
from labelscope.auditing.tasks.steps import zeros
from labelscope.data.dataset import Dataset
from labelscope.data.tags import Tags
from labelscope.evidence import (
    ClassStatistics,
    ConceptProbabilities,
    PredictedProbabilities,
    check_pred_probs,
    combine_models,
)
from labelscope.scorers import ConceptEnsemble
from labelscope.scorers.concept_reasons import concept_reasons
from labelscope.types import Array, Evidence, IntArray, Provider, Score, Scorer


@dataclass(frozen=True)
class ConceptSteps:
    """Steps of an audit of a class and attributes; see `labelscope.auditing.tasks.steps.Steps`."""

    task: ClassVar[str] = "concepts"
    names: ClassVar[tuple[str, ...]] = ("concepts", "concept_probs", "energy_class", "energy_attributes")

    def mix(self) -> Scorer:
        """Return the default mix."""
        return ConceptEnsemble()

    def parts(self) -> tuple[Scorer, ...]:
        """Return what is shown beside it: nothing of its own."""
        return ()

    def given(self, dataset: Dataset, pred_probs: Any, more: Mapping[str, Any]) -> dict[str, Any]:
        """Validate classes, their probabilities, attributes and theirs."""
        labels, concepts = dataset.labels, concepts_of(dataset)
        items: dict[str, Any] = {
            "given_labels": labels.codes,
            "classes": labels.classes,
            "concepts": concepts.as_float(),
        }
        if pred_probs is not None:
            several = isinstance(pred_probs, (list, tuple)) and np.ndim(pred_probs[0]) == 2
            models = pred_probs if several else [pred_probs]
            checked = [check_pred_probs(one, labels.codes, labels.classes) for one in models]
            items["pred_probs"] = combine_models(checked, labels.codes)[0] if several else checked[0]
        shape = concepts.matrix.shape
        if more.get("concept_probs") is not None:
            items["concept_probs"] = several_models(more["concept_probs"], shape, "concept_probs")
        for name in ("energy_class", "energy_attributes"):
            if more.get(name) is not None:
                items[name] = np.asarray(more[name])
        return items

    def teaches(self, dataset: Dataset) -> bool:
        """Whether classes or attributes differ between rows."""
        return has_classes(dataset.labels.codes) or varies(concepts_of(dataset).matrix)

    def providers(self, estimator: Any) -> tuple[Provider, ...]:
        """Return what predicts classes and attributes."""
        return (
            PredictedProbabilities(model=estimator),
            ClassStatistics(),
            ConceptProbabilities(model=estimator),
        )

    def second(self, evidence: Evidence, seed: int) -> tuple[Evidence, dict[str, Score]]:
        """Ask the joint energy of class and attributes, where there are features."""
        known = "energy_attributes" in evidence or "features" not in evidence
        if known or not has_classes(np.asarray(evidence["given_labels"])):
            return evidence, {}
        try:
            from labelscope.scorers.concepts.concept_energy import ConceptEnergy
        except ModuleNotFoundError:
            return evidence, {}
        scorer = ConceptEnergy()
        found = scorer.score(evidence)
        said = {
            "energy_class": np.asarray(found.details["class_suspicion"]),
            "energy_attributes": np.asarray(found.details["attribute_suspicion"]),
        }
        return evidence.including(**said), {scorer.name: found}

    def constrained(self, dataset: Dataset, evidence: Evidence, scores: dict[str, Score]) -> dict[str, Score]:
        """Rule nothing out."""
        return scores

    def suggestions(self, dataset: Dataset, score: Score) -> tuple[Dataset, IntArray]:
        """Return the codes of the suggested classes."""
        codes = dataset.labels.codes.copy()
        if score.suggested is None:
            return dataset, codes
        place = {value: code for code, value in enumerate(dataset.labels.classes.tolist())}
        wanted = np.asarray(score.suggested).tolist()
        found = [place.get(value, int(code)) for value, code in zip(wanted, codes, strict=True)]
        return dataset, np.array(found, dtype=np.int64)

    def nothing(self, dataset: Dataset) -> Score:
        """Suspect nobody."""
        concepts, n = concepts_of(dataset), dataset.n
        details = {
            "class_suspicion": zeros(n),
            "attribute_suspicion": np.zeros(concepts.matrix.shape, dtype=np.float32),
            "suggested_concepts": np.maximum(concepts.matrix, 0),
        }
        suggested = dataset.labels.values(dataset.labels.codes)
        return Score(zeros(n), suggested, zeros(n, bool), details, {"scale": "rank"})

    def columns(self, dataset: Dataset, score: Score, rows: IntArray) -> dict[str, Array]:
        """Name the attributes that are probably missing and those that are probably too many."""
        concepts = concepts_of(dataset)
        wanted = score.details.get("suggested_concepts")
        if wanted is None:
            return {}
        given, chosen = concepts.matrix[rows], np.asarray(wanted)[rows]
        return {
            "missing": named(concepts, (given == 0) & (chosen == 1)),
            "extra": named(concepts, (given == 1) & (chosen == 0)),
        }

    def reasons(self, dataset: Dataset, evidence: Evidence, score: Score, row: int) -> tuple[str, ...]:
        """Say whether the class or which attributes are suspected, and why."""
        return concept_reasons(row, evidence, score, concepts_of(dataset).names)


def concepts_of(dataset: Dataset) -> Tags:
    """Return the attributes of a dataset, which the task says are there."""
    concepts: Tags | None = dataset.concepts
    assert concepts is not None
    return concepts


def has_classes(codes: IntArray) -> bool:
    """Whether two classes have rows."""
    return len(np.unique(codes[codes >= 0])) > 1
