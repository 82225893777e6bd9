"""Audits of numeric targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from labelscope.auditing.tasks.steps import added_classes, zeros
from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidInputError
from labelscope.evidence import TargetPredictions
from labelscope.evidence.given_targets import as_targets
from labelscope.scorers import ResidualOutlier, TargetEnsemble
from labelscope.scorers.regression.residuals import rounded_like
from labelscope.scorers.target_reasons import target_reasons
from labelscope.types import Array, Evidence, FloatArray, IntArray, Provider, Score, Scorer

# A page holds codes of classes in two bytes; beyond that the nearest given number stands for a suggestion.
_MOST_CLASSES = 60_000


@dataclass(frozen=True)
class RegressionSteps:
    """Steps of an audit of targets; see `labelscope.auditing.tasks.steps.Steps`."""

    task: ClassVar[str] = "regression"
    names: ClassVar[tuple[str, ...]] = ("predictions", "negative_share")

    def mix(self) -> Scorer:
        """Return the default mix."""
        return TargetEnsemble()

    def parts(self) -> tuple[Scorer, ...]:
        """Return what is shown beside it."""
        return (ResidualOutlier(),)

    def given(self, dataset: Dataset, pred_probs: Any, more: Mapping[str, Any]) -> dict[str, Any]:
        """Validate targets and predictions of them."""
        if pred_probs is not None:
            raise InvalidInputError(
                "pred_probs are probabilities of classes, but the labels are targets of a regression.",
                "Pass out-of-sample predictions as evidence={'predictions': (n,) array}, or write "
                'task="classification" if every distinct number is a class.',
            )
        items: dict[str, Any] = {"given_labels": dataset.labels.targets}
        for name in self.names:
            if more.get(name) is not None:
                values = as_targets(more[name], name)
                if values.shape != (dataset.n,):
                    raise InvalidInputError.wrong_length(name, len(values), dataset.n)
                items[name] = values
        return items

    def teaches(self, dataset: Dataset) -> bool:
        """Whether there are two different targets."""
        targets = dataset.labels.targets
        return len(np.unique(targets[~np.isnan(targets)])) > 1

    def providers(self, estimator: Any) -> tuple[Provider, ...]:
        """Return what predicts targets."""
        return (TargetPredictions(model=estimator),)

    def second(self, evidence: Evidence, seed: int) -> tuple[Evidence, dict[str, Score]]:
        """Ask which rows are pulled to another value, where there are features."""
        if "features" not in evidence or "negative_share" in evidence:
            return evidence, {}
        from labelscope.scorers.regression.contrastive import ContrastiveRegression
        from labelscope.scorers.regression.trial import contrast_trial

        scorer = ContrastiveRegression()
        found = scorer.score(evidence)
        more = {"negative_share": np.asarray(found.suspicion), **contrast_trial(evidence, scorer)}
        return evidence.including(**more), {scorer.name: found}

    def constrained(self, dataset: Dataset, evidence: Evidence, scores: dict[str, Score]) -> dict[str, Score]:
        """Rule nothing out."""
        return scores

    def suggestions(self, dataset: Dataset, score: Score) -> tuple[Dataset, IntArray]:
        """Let suggested numbers be classes, written with the digits that given numbers have."""
        wanted = suggested_numbers(dataset, score)
        codes = dataset.labels.codes.copy()
        if wanted is None:
            return dataset, codes
        known = np.flatnonzero(~np.isnan(wanted))
        dataset = added_classes(dataset, wanted[known].tolist(), at_most=_MOST_CLASSES)
        numbers = np.asarray(dataset.labels.classes, dtype=np.float64)
        order = np.argsort(numbers, kind="stable")
        place = np.searchsorted(numbers[order], wanted[known])
        right = np.minimum(place, len(numbers) - 1)
        left = np.maximum(place - 1, 0)
        to_left, to_right = (np.abs(numbers[order][side] - wanted[known]) for side in (left, right))
        codes = dataset.labels.codes.copy()
        codes[known] = order[np.where(to_left < to_right, left, right)]
        return dataset, codes

    def nothing(self, dataset: Dataset) -> Score:
        """Suspect nobody."""
        targets = dataset.labels.targets
        details = {
            "suggested_value": targets.copy(),
            "residual": np.zeros(dataset.n),
            "scale": np.ones(dataset.n),
        }
        return Score(zeros(dataset.n), targets.copy(), zeros(dataset.n, bool), details, {"scale": "rank"})

    def columns(self, dataset: Dataset, score: Score, rows: IntArray) -> dict[str, Array]:
        """Say between which numbers two thirds of right targets would lie."""
        return {
            name: np.asarray(score.details[name])[rows] for name in ("low", "high") if name in score.details
        }

    def reasons(self, dataset: Dataset, evidence: Evidence, score: Score, row: int) -> tuple[str, ...]:
        """Say how far the target is from what rows like it have."""
        return target_reasons(row, evidence, score)


def suggested_numbers(dataset: Dataset, score: Score) -> FloatArray | None:
    """Return (n,) suggested targets, rounded like the given ones, which stand in where there is none."""
    found = score.details.get("suggested_value", score.suggested)
    if found is None or np.shape(found) != (dataset.n,):
        return None
    given = dataset.labels.targets
    numbers = rounded_like(np.asarray(found, dtype=np.float64), given)
    return np.where(np.isnan(numbers), given, numbers)
