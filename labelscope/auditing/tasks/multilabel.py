"""Audits of tags: several yes-or-no answers a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.auditing.tasks.steps import added_classes, zeros
from labelscope.data.dataset import Dataset
from labelscope.data.tag_tree import TagTree
from labelscope.data.tags import Tags
from labelscope.errors import InvalidInputError
from labelscope.evidence import TagProbabilities
from labelscope.scorers import ConfidentTags, TagEnsemble
from labelscope.scorers.multilabel.tag_reading import check_tag_probs
from labelscope.scorers.tag_reasons import tag_reasons
from labelscope.scorers.tag_taxonomy import contradiction_reasons, under_taxonomy
from labelscope.types import Array, Evidence, IntArray, Provider, Score, Scorer


@dataclass(frozen=True)
class MultilabelSteps:
    """Steps of an audit of tags; see `labelscope.auditing.tasks.steps.Steps`."""

    task: ClassVar[str] = "multilabel"
    names: ClassVar[tuple[str, ...]] = ("tag_negatives", "pu_posterior")

    def mix(self) -> Scorer:
        """Return the default mix."""
        return TagEnsemble()

    def parts(self) -> tuple[Scorer, ...]:
        """Return what is shown beside it."""
        return (ConfidentTags(),)

    def given(self, dataset: Dataset, pred_probs: Any, more: Mapping[str, Any]) -> dict[str, Any]:
        """Validate tags, tag probabilities and confirmed negatives."""
        tags = tags_of(dataset)
        shape = tags.matrix.shape
        items: dict[str, Any] = {"given_labels": tags.matrix, **tag_names(tags)}
        if pred_probs is not None:
            items["pred_probs"] = several_models(pred_probs, shape)
        if more.get("tag_negatives") is not None:
            items["tag_negatives"] = _negatives(more["tag_negatives"], tags)
        if more.get("pu_posterior") is not None:
            items["pu_posterior"] = check_tag_probs(more["pu_posterior"], shape, "pu_posterior")
        return items

    def teaches(self, dataset: Dataset) -> bool:
        """Whether some tag is on some rows and not on others."""
        return varies(tags_of(dataset).matrix)

    def providers(self, estimator: Any) -> tuple[Provider, ...]:
        """Return what makes tag probabilities."""
        return (TagProbabilities(model=estimator),)

    def second(self, evidence: Evidence, seed: int) -> tuple[Evidence, dict[str, Score]]:
        """Learn from the present tags alone, where there are features."""
        if "features" not in evidence or "pu_posterior" in evidence:
            return evidence, {}
        from labelscope.scorers.multilabel.positive_unlabeled import PositiveUnlabeled

        scorer = PositiveUnlabeled(random_state=seed)
        found = scorer.score(evidence)
        posterior = np.clip(np.asarray(found.details["probability"], dtype=np.float32), 0, 1)
        return evidence.including(pu_posterior=posterior), {scorer.name: found}

    def constrained(self, dataset: Dataset, evidence: Evidence, scores: dict[str, Score]) -> dict[str, Score]:
        """Let the main score know which tag implies which."""
        name, main = next(iter(scores.items()))
        tree = _tree(dataset, evidence)
        if tree is None:
            return scores
        return scores | {name: under_taxonomy(main, tags_of(dataset).matrix, tree)}

    def suggestions(self, dataset: Dataset, score: Score) -> tuple[Dataset, IntArray]:
        """Let suggested sets be classes; what is unknown stays so unless a tag is suggested."""
        tags = tags_of(dataset)
        codes = dataset.labels.codes.copy()
        sets = suggested_sets(tags, score)
        if sets is None:
            return dataset, codes
        wanted = tags.with_matrix(sets)
        places, texts = wanted.codes()
        dataset = added_classes(dataset, texts.tolist())
        place_of = {text: place for place, text in enumerate(dataset.labels.classes.tolist())}
        codes_of = np.array([place_of[text] for text in texts.tolist()] or [0], dtype=np.int64)
        return dataset, np.where(places >= 0, codes_of[places], dataset.labels.codes)

    def nothing(self, dataset: Dataset) -> Score:
        """Suspect nobody."""
        tags = tags_of(dataset)
        none = np.zeros(tags.matrix.shape, dtype=np.float32)
        return Score(
            zeros(dataset.n),
            np.maximum(tags.matrix, 0),
            zeros(dataset.n, bool),
            {"missing": none, "spurious": none.copy(), "flagged_tags": none.astype(bool)},
            {"scale": "rank"},
        )

    def columns(self, dataset: Dataset, score: Score, rows: IntArray) -> dict[str, Array]:
        """Name the tags that are probably missing and those that are probably too many."""
        tags = tags_of(dataset)
        sets = suggested_sets(tags, score)
        if sets is None:
            return {}
        given, wanted = tags.matrix[rows], sets[rows]
        return {
            "missing": named(tags, (given != 1) & (wanted == 1)),
            "extra": named(tags, (given == 1) & (wanted == 0)),
        }

    def reasons(self, dataset: Dataset, evidence: Evidence, score: Score, row: int) -> tuple[str, ...]:
        """Say which tags are suspected and why."""
        tags, tree = tags_of(dataset), _tree(dataset, evidence)
        first = () if tree is None else contradiction_reasons(row, tags.matrix, tree)
        return (*first, *tag_reasons(row, evidence, score, tags.names))


def _tree(dataset: Dataset, evidence: Evidence) -> TagTree | None:
    taxonomy = evidence.get("taxonomy")
    return None if taxonomy is None else TagTree.of(taxonomy, tags_of(dataset).names)


def tags_of(dataset: Dataset) -> Tags:
    """Return the tags of a dataset, which the task says are there."""
    tags = dataset.labels.tags
    assert tags is not None
    return tags


def tag_names(tags: Tags) -> dict[str, Any]:
    """Return evidence ``tag_names``, K texts, for methods that read words; numbers of columns are none."""
    numbered = tuple(str(column) for column in range(tags.n_tags))
    return {} if tags.names == numbered else {"tag_names": tags.names}


def varies(matrix: IntArray) -> bool:
    """Whether some column holds both answers."""
    return bool(((matrix == 1).any(axis=0) & (matrix == 0).any(axis=0)).any())


def several_models(given: Any, shape: tuple[int, ...], name: str = "pred_probs") -> Array:
    """Return tag probabilities (n, K), the mean where there are several models."""
    several = isinstance(given, (list, tuple)) and len(given) > 0 and np.ndim(given[0]) == 2
    if several or np.ndim(given) == 3:
        return np.asarray(np.mean([check_tag_probs(one, shape, name) for one in given], axis=0))
    return check_tag_probs(given, shape, name)


def suggested_sets(tags: Tags, score: Score) -> Array | None:
    """Return the suggested matrix (n, K) of 1, 0 and -1; None where a score suggests no sets."""
    sets = None if score.suggested is None else np.asarray(score.suggested)
    if sets is None or sets.shape != tags.matrix.shape:
        return None
    chosen = (sets > 0).astype(np.int8)
    keep = (tags.matrix < 0) & (chosen == 0) & tags.knows_unknown & ~tags.missing[:, None]
    return np.asarray(np.where(keep, np.int8(-1), chosen))


def _negatives(given: Any, tags: Tags) -> Array:
    negatives = np.asarray(given)
    if negatives.shape != tags.matrix.shape or negatives.dtype != bool:
        raise InvalidInputError(
            f"tag_negatives has the shape {negatives.shape} and the type {negatives.dtype}, but "
            f"{tags.matrix.shape} of bool is needed.",
            "True where a person said that the row does not have the tag.",
        )
    return negatives


def named(tags: Tags, which: Array) -> Array:
    """Join the names of the tags that are marked in each row of (m, K)."""
    names = [", ".join(tags.names[j] for j in np.flatnonzero(row)) for row in which]
    return np.array([*names, None], dtype=object)[:-1]
