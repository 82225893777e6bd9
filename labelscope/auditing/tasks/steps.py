"""What an audit does differently where a label is not one class: the steps that each task fills in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from labelscope.data.dataset import Dataset
from labelscope.types import Array, Evidence, IntArray, Provider, Score, Scorer


class Steps(Protocol):
    """The steps of one task, written as a frozen dataclass without fields."""

    @property
    def task(self) -> str:
        """Name of the task."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Names of evidence that only this task knows."""
        ...

    def mix(self) -> Scorer:
        """Return the default mix."""
        ...

    def parts(self) -> tuple[Scorer, ...]:
        """Return what is shown beside the default mix where its evidence is there."""
        ...

    def given(self, dataset: Dataset, pred_probs: Any, more: Mapping[str, Any]) -> dict[str, Any]:
        """Validate and name what the user passed; raises InvalidInputError where it does not fit."""
        ...

    def teaches(self, dataset: Dataset) -> bool:
        """Whether anything can be learned: something is labelled, and not all alike."""
        ...

    def providers(self, estimator: Any) -> tuple[Provider, ...]:
        """Return what makes out-of-sample predictions."""
        ...

    def second(self, evidence: Evidence, seed: int) -> tuple[Evidence, dict[str, Score]]:
        """Run the methods that the default mix listens to; return the evidence with what they said."""
        ...

    def constrained(self, dataset: Dataset, evidence: Evidence, scores: dict[str, Score]) -> dict[str, Score]:
        """Return the scores with the first as far as the evidence rules out what it says."""
        ...

    def suggestions(self, dataset: Dataset, score: Score) -> tuple[Dataset, IntArray]:
        """Return the dataset with the suggested labels among its classes, and their codes (n,)."""
        ...

    def nothing(self, dataset: Dataset) -> Score:
        """Return a score that suspects nobody."""
        ...

    def columns(self, dataset: Dataset, score: Score, rows: IntArray) -> dict[str, Array]:
        """Return further columns of the table of issues, (m,) each."""
        ...

    def reasons(self, dataset: Dataset, evidence: Evidence, score: Score, row: int) -> tuple[str, ...]:
        """Say in words why a row is suspected."""
        ...


def added_classes(dataset: Dataset, wanted: list[Any], *, at_most: int | None = None) -> Dataset:
    """Return the dataset with further classes behind the known ones, in order of appearance."""
    known = set(dataset.labels.classes.tolist())
    new = [value for value in dict.fromkeys(wanted) if value not in known]
    if not new or (at_most is not None and len(known) + len(new) > at_most):
        return dataset
    return dataset.with_labels(dataset.labels.with_classes([*dataset.labels.classes.tolist(), *new]))


def zeros(n: int, dtype: Any = np.float32) -> Array:
    """Return (n,) zeros."""
    return np.zeros(n, dtype=dtype)
