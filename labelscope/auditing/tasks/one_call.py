"""One method in one call: which task arrays belong to, and what a method of that task lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelscope.auditing.arguments import checked_scorer
from labelscope.auditing.plan import Workbench
from labelscope.auditing.tasks import steps_of
from labelscope.auditing.tasks.building import make_predictions
from labelscope.auditing.tasks.multilabel import tag_names
from labelscope.data.dataset import Dataset
from labelscope.data.label_tasks import check_task, holds_several
from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, TaskError
from labelscope.evidence import Duplicates, NeighborGraph
from labelscope.evidence.given_tags import as_tags
from labelscope.evidence.given_targets import as_targets
from labelscope.scorers import by_name
from labelscope.types import Evidence, Scorer

_CLASSES = "classification"


def chosen_for(scorer: str | Scorer, task: str | None, evidence: Mapping[str, Any]) -> tuple[Scorer, str]:
    """Return the method and the task: ``"auto"`` is the default mix of what the labels are.

    Parameters
    ----------
    scorer : str or scorer
    task : str, optional
    evidence : mapping
        As passed in the call; without labels the task is that of the method.
    """
    chosen = checked_scorer(by_name(scorer) if isinstance(scorer, str) else scorer)
    if evidence.get("given_labels") is None:
        return chosen, chosen.tasks[0]
    by_shape = isinstance(scorer, str) and scorer == "auto"
    kind = task_of_evidence(Evidence(evidence), task, None if by_shape else chosen)
    steps = steps_of(kind)
    return (steps.mix() if steps is not None and by_shape else chosen), kind


def task_of_evidence(evidence: Evidence, task: str | None, scorer: Scorer | None) -> str:
    """Say which task arrays belong to.

    Parameters
    ----------
    evidence : Evidence
        ``given_labels`` as the user writes them.
    task : str, optional
        Settles it.
    scorer : Scorer or None
        None is the default mix, whose task follows from the shape of the labels.

    Returns
    -------
    str

    Raises
    ------
    TaskError
        The scorer does not handle the task that is named.
    """
    named = check_task(task)
    if scorer is not None:
        if named is not None and named not in scorer.tasks:
            raise TaskError(
                f"{type(scorer).__name__} scores {' and '.join(scorer.tasks)}, but task={task!r} is given.",
                "Leave task out, or choose a method of that task.",
            )
        return named or scorer.tasks[0]
    if named is not None:
        return named
    if "concepts" in evidence:
        return "concepts"
    labels = evidence["given_labels"]
    if "classes" in evidence:
        return _CLASSES
    if "predictions" in evidence:
        return "regression"
    shape = np.shape(labels) if isinstance(labels, np.ndarray) else ()
    if len(shape) == 2:
        return "multilabel" if _are_tags(labels) else "regression"
    if not shape and holds_several(labels):
        return "multilabel"
    array = labels if shape else None
    fractional = array is not None and array.dtype.kind == "f" and (array[~np.isnan(array)] % 1 != 0).any()
    return "regression" if fractional and "pred_probs" not in evidence else _CLASSES


def fill_for_task(task: str, scorer: Scorer, evidence: Evidence, random_state: int) -> Evidence:
    """Make what a method of a task lacks, from the features given.

    Parameters
    ----------
    task : {"multilabel", "regression", "concepts"}
    scorer : Scorer
    evidence : Evidence
        With ``given_labels`` as the user writes them.
    random_state : int

    Returns
    -------
    Evidence
        With ``given_labels`` as the methods read them.

    Raises
    ------
    LabelscopeError
        What is given does not fit together.
    """
    steps = steps_of(task)
    assert steps is not None  # classification has a way of its own
    evidence = evidence.including(**_labels(task, evidence))
    n = len(evidence["given_labels"])
    for name in ("features", "concepts", "groups", "duplicates", "knn_ids"):
        if name in evidence and len(evidence[name]) != n:
            raise InvalidInputError.wrong_length(name, len(evidence[name]), n, "given_labels")
    wanted = {*scorer.needs, *getattr(scorer, "uses", ())}
    if "features" not in evidence or not wanted - set(evidence):
        return evidence
    # No row of the dataset is looked at: features and labels are all there is.
    bench = Workbench(_no_rows(), evidence, random_state)
    if n > 1:
        bench.run(Duplicates())
        bench.run(NeighborGraph())
    make_predictions(bench, steps)
    if isinstance(scorer, type(steps.mix())):
        bench.evidence, _ = steps.second(bench.evidence, random_state)
    return bench.evidence


def _no_rows() -> Any:
    nobody: Dataset | None = None
    return nobody


def _labels(task: str, evidence: Evidence) -> dict[str, Any]:
    """Read labels, and attributes beside them, as the methods of a task do."""
    labels = evidence["given_labels"]
    if task == "regression":
        known = "classes" not in evidence
        return {"given_labels": as_targets(labels)} if known else {}
    if task == "multilabel":
        if isinstance(labels, np.ndarray) and labels.ndim == 2:
            return {"given_labels": as_tags(labels)}
        tags = encode(labels, task="multilabel").tags
        assert tags is not None
        return {**tag_names(tags), **_named(evidence), "given_labels": np.asarray(tags.matrix)}
    if "classes" in evidence:
        return {}
    read = encode(labels, task="classification")
    probs = evidence.get("pred_probs")
    if probs is not None and np.ndim(probs) == 2:
        read = read.aligned_to(np.shape(probs)[1])
    return {"given_labels": read.codes, "classes": read.classes}


def _named(evidence: Evidence) -> dict[str, Any]:
    return {"tag_names": evidence["tag_names"]} if evidence.get("tag_names") is not None else {}


def _are_tags(labels: Any) -> bool:
    array = np.asarray(labels)
    if array.dtype.kind not in "biuf":
        return True  # read_tags says what is wrong with them
    known = array[~np.isnan(array)] if array.dtype.kind == "f" else array
    return bool(np.isin(known, (-1, 0, 1)).all())
