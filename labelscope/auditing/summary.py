"""The evidence line: what the audit rests on, and whether that is enough to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelscope.data.dataset import Dataset
from labelscope.errors import notify
from labelscope.types import Score

# Below this share of the way from always answering the largest class to being always right, an order
# of suspects is mostly noise: Cohen's "fair" agreement ends at .4.
_TRUST = 0.4
# Below this one, mistakes of the model are as many as the mistakes in labels that it is to find.
_SURE = 0.7
# The same for tags, as AUROC, and for targets, as the share of the error of the median that is left out.
_TELLS, _PREDICTS = 0.65, 0.1

_ACCURACIES = {
    "model_accuracy": "accuracy of the given probabilities",
    "probe_accuracy": "probe accuracy",
    "neighbor_accuracy": "neighbor accuracy",
}


def evidence_line(facts: Mapping[str, Any], main: Score, dataset: Dataset) -> str:
    """Write the line that opens every audit.

    Parameters
    ----------
    facts : mapping
        What the providers said: ``encoder``, ``model_accuracy``, ``probe_accuracy``, ``neighbor_accuracy``,
        ``expected_precision_100``, ``taxonomy``.
    main : Score
        The score that orders the rows.
    dataset : Dataset

    Returns
    -------
    str
    """
    parts = [f"Features: {facts.get('encoder', 'given')}"]
    for name, words in _ACCURACIES.items():
        if facts.get(name) is not None:
            parts.append(f"{words} {100 * float(facts[name]):.1f} %")
    parts += _skills(facts, main, dataset)
    expected = facts.get("expected_precision_100")
    if expected is not None:
        first = min(100, dataset.n)
        parts.append(f"about {round(first * float(expected))} of the first {first} are expected to be wrong")
    if main.flagged is not None:
        parts.append(f"{int(np.sum(main.flagged)):,} flagged")
    if facts.get("taxonomy"):
        parts.append(str(facts["taxonomy"]))
    return " · ".join(parts)


def warn_when_weak(facts: Mapping[str, Any], dataset: Dataset) -> None:
    """Raise a notice when neither the probe nor the neighbors predict the given labels well enough."""
    if dataset.labels.task in ("multilabel", "regression"):
        _warn_about_skill(facts)
        return
    found = [facts[name] for name in _ACCURACIES if facts.get(name) is not None]
    codes = dataset.labels.codes[dataset.labels.codes >= 0]
    if not found or len(np.unique(codes)) < 2:
        return
    best = max(float(value) for value in found)
    majority = float(np.bincount(codes).max()) / len(codes)
    skill = (best - majority) / max(1 - majority, 1e-9)
    shown = (
        f"The evidence predicts {'only ' if skill < _TRUST else ''}{100 * best:.0f} % of the given labels "
        f"(always answering the largest class gives {100 * majority:.0f} %)"
    )
    if skill < _TRUST:
        notify(
            "low_accuracy",
            f"{shown}, too few to trust the order of the suspects.",
            "Pass better evidence: model= (an estimator or an encoder that fits your data) or features= "
            "(embeddings of your own).",
        )
    elif skill < _SURE:
        notify(
            "moderate_accuracy",
            f"{shown}: either many labels are wrong or the features are weak for this data, and the "
            "estimates cannot tell which.",
            "Look at the first 20 suspects: if most of them are right as given, pass better evidence through "
            "model= or features=.",
        )


def _skills(facts: Mapping[str, Any], main: Score, dataset: Dataset) -> list[str]:
    """Say how well tags, attributes and targets are predicted, and how many tags are expected to be wrong."""
    parts = []
    for name, words in (("tag_auroc", "AUROC of tags"), ("concept_auroc", "AUROC of attributes")):
        if facts.get(name) is not None:
            parts.append(f"{words} {float(facts[name]):.3f}")
    if facts.get("prediction_error") is not None:
        parts.append(f"mean error of predictions {float(facts['prediction_error']):.3g}")
    counts = main.meta.get("tag_counts")
    if counts:
        lacking, excess = (sum(counts[name]) for name in ("missing", "spurious"))
        what = "tags" if dataset.concepts is None else "attributes"
        parts.append(f"about {lacking:,.0f} {what} are expected to be missing and {excess:,.0f} to be extra")
    return parts


def _warn_about_skill(facts: Mapping[str, Any]) -> None:
    """Say so where tags or targets cannot be told from the features."""
    area, skill = facts.get("tag_auroc"), facts.get("prediction_skill")
    if area is not None and area < _TELLS:
        found = (
            f"The evidence tells rows with a tag from those without with an AUROC of {area:.2f} (chance .5)"
        )
    elif skill is not None and skill < _PREDICTS:
        found = f"Predictions of the targets err only {100 * max(skill, 0):.0f} % less than always the median"
    else:
        return
    notify(
        "low_accuracy",
        f"{found}, too little to trust the order of the suspects.",
        "Pass better evidence: model= (an estimator or an encoder that fits your data) or features= "
        "(embeddings of your own).",
    )
