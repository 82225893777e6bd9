"""Why a row's class or attributes are suspicious, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labelscope.scorers.reasons import reasons
from labelscope.scorers.tag_reasons import tag_reasons
from labelscope.types import Evidence, Score

_FIRES_AT = 0.25
_NOTHING = "Nothing speaks against"


def concept_reasons(row: int, evidence: Evidence, score: Score, names: Sequence[str]) -> tuple[str, ...]:
    """Say what is suspected: the class, attributes, or both.

    Parameters
    ----------
    row : int
        Row position.
    evidence : Evidence
        What was scored.
    score : Score
        With ``class_suspicion`` (n,) and ``attribute_suspicion`` (n, C) among its details.
    names : sequence of str
        C names of attributes.

    Returns
    -------
    tuple of str
    """
    if "class_suspicion" not in score.details or "attribute_suspicion" not in score.details:
        return reasons(row, _of_class(evidence), score)
    said: list[str] = []
    if score.details["class_suspicion"][row] >= _FIRES_AT:
        said += ["The class is suspected.", *reasons(row, _of_class(evidence), score)]
    said += [text for text in _of_attributes(row, evidence, score, names) if not text.startswith(_NOTHING)]
    return tuple(said) or ("Nothing speaks against the given class and attributes.",)


def _of_class(evidence: Evidence) -> Evidence:
    return Evidence({name: value for name, value in evidence.items() if not name.startswith("concept")})


def _of_attributes(row: int, evidence: Evidence, score: Score, names: Sequence[str]) -> tuple[str, ...]:
    """Read the row and its neighbors as a small set of tags of its own, with the row first."""
    ids = np.asarray(evidence["knn_ids"][row]) if "knn_ids" in evidence else np.empty(0, np.int64)
    rows = np.concatenate([[row], ids[ids >= 0]]).astype(np.int64)
    concepts = np.asarray(evidence["concepts"])[rows].astype(np.float64)
    if np.isnan(concepts[0]).all():
        return ()
    tags = np.where(np.isnan(concepts), -1, concepts)
    wrong = np.asarray(score.details["attribute_suspicion"])[[row]]
    details = {"missing": np.where(tags[:1] == 0, wrong, 0), "spurious": np.where(tags[:1] == 1, wrong, 0)}
    items = {"given_labels": tags, "knn_ids": np.arange(1, len(rows))[None]}
    if "concept_probs" in evidence:
        items["pred_probs"] = np.asarray(evidence["concept_probs"])[rows]
    return tag_reasons(0, Evidence(items), Score(score.suspicion[[row]], details=details), names)
