"""Facts about rows that a task brings with it, by name: tags, probabilities of tags, targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from labelscope.review.implied import contradictions, tree_of
from labelscope.review.records import target_values
from labelscope.review.suggestions import suggested_targets, tag_detail, tags_of
from labelscope.types import Array

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

TARGET, SUGGESTED = "target", "suggested target"
#: How many tags of a row are there without one that they imply.
CONTRADICTION = "contradiction"


@dataclass(frozen=True)
class TaskValue:
    """One fact.

    Attributes
    ----------
    kind : {"tag", "number"}
    values : (n,) array
        int8 of 1, 0 and -1 for unknown; or float64 with NaN.
    """

    kind: str
    values: Array


def task_names(session: Session) -> list[str]:
    """Return the names of all facts of a task, such as ``"tag: joy"``, ``"P(joy)"``, ``"target"``."""
    audit = session.audit
    tags = tags_of(audit.dataset)
    if audit.dataset.labels.task == "regression":
        return [TARGET] if suggested_targets(audit) is None else [TARGET, SUGGESTED]
    if tags is None:
        return []
    word = "tag" if audit.dataset.labels.tags is not None else "attribute"
    probable = tag_probabilities(audit, tags.n_tags) is not None
    found = [f"{word}: {name}" for name in tags.names] + [f"P({name})" for name in tags.names if probable]
    return found if tree_of(audit) is None else [*found, CONTRADICTION]


def task_value(session: Session, name: str) -> TaskValue | None:
    """Return a fact as it is now; None where there is none of that name."""
    if name not in task_names(session):
        return None
    state = session.state
    if name == TARGET:
        return TaskValue("number", target_values(state.classes, state.current))
    if name == SUGGESTED:
        found = suggested_targets(session.audit)
        return None if found is None else TaskValue("number", found)
    if name == CONTRADICTION:
        return TaskValue("number", contradictions(session.audit, state).astype(np.float64))
    if name.startswith("P("):
        probs = tag_probabilities(session.audit, len(state.tag_names))
        column = state.tag_names.index(name[2:-1])
        return None if probs is None else TaskValue("number", np.asarray(probs[:, column], dtype=np.float64))
    column = state.tag_names.index(name.partition(": ")[2])
    return TaskValue("tag", state.tags[:, column])


def tag_probabilities(audit: Audit, n_tags: int) -> Array | None:
    """Return (n, K) probabilities of tags or concepts; None where there are none."""
    of_sets = audit.dataset.labels.tags is not None
    found = audit.evidence.get("pred_probs" if of_sets else "concept_probs")
    if found is not None and np.shape(found) == (audit.n, n_tags):
        return np.asarray(found)
    return tag_detail(audit, "tag_probs" if of_sets else "concept_probs", (audit.n, n_tags))
