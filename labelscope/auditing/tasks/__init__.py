"""Audits by task: what is different where a label is not one class, one file a task."""

from __future__ import annotations

from labelscope.auditing.tasks.concepts import ConceptSteps
from labelscope.auditing.tasks.multilabel import MultilabelSteps
from labelscope.auditing.tasks.regression import RegressionSteps
from labelscope.auditing.tasks.steps import Steps

_STEPS: dict[str, Steps] = {
    steps.task: steps for steps in (MultilabelSteps(), RegressionSteps(), ConceptSteps())
}


def steps_of(task: str) -> Steps | None:
    """Return the steps of a task; None for classification, which needs none of its own."""
    return _STEPS.get(task)


__all__ = ["Steps", "steps_of"]
