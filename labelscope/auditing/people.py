"""Labels that come from several people: their answers become evidence, and their consensus the labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.dataset import Dataset
from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, notify
from labelscope.evidence import AnnotatorConsensus, AnnotatorLabels, read_answers
from labelscope.evidence.annotators.methods import consensus_by

#: Arrays of the consensus that stay in the audit's evidence.
CONSENSUS = ("consensus_labels", "consensus_probs", "consensus_quality", "annotator_quality")


def with_consensus(dataset: Dataset) -> Dataset:
    """Give a dataset without labels the consensus of its annotators as labels.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    Dataset
        The same one when it has labels or no annotators. Rows that nobody answered stay unlabelled.

    Raises
    ------
    InvalidInputError
        The annotators are no matrix of labels, or nobody answered anything.
    """
    if dataset.annotators is None or (dataset.labels.codes >= 0).any():
        return dataset
    answers = read_answers(dataset.annotators, class_names=list(dataset.class_names) or None)
    if not len(answers.codes):
        raise InvalidInputError(
            "annotators hold no answer at all.",
            "Pass one column per person with label values; None or NaN where a person did not answer.",
        )
    found = consensus_by("dawid_skene", answers)
    values = answers.values(np.asarray(found.codes))
    missing = int((np.asarray(found.codes) < 0).sum())
    notify(
        "labels_from_annotators",
        f"The labels are the consensus of {answers.n_annotators} annotators (Dawid-Skene)"
        + (f"; {missing:,} rows that nobody answered are unlabelled." if missing else "."),
        "Pass labels= as well to audit labels of your own against the people's answers.",
    )
    labels = encode(values, class_names=_names(answers.classes), task="classification", n=dataset.n)
    return dataset.with_labels(labels)


def _names(classes: Any) -> list[Any]:
    return [value.item() if hasattr(value, "item") else value for value in np.asarray(classes)]


def people_evidence(bench: Any) -> None:
    """Add the answers and their consensus to the evidence of a workbench, once ``pred_probs`` are there.

    Parameters
    ----------
    bench : Workbench
        Its dataset may have annotators; nothing happens when it has none.
    """
    if bench.dataset.annotators is None:
        return
    bench.run(AnnotatorLabels(), cacheable=False)
    bench.run(AnnotatorConsensus(), cacheable=False)
