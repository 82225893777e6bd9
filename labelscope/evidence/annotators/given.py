"""What evidence says about people's answers, read by one rule for scorers, providers and queues."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.label_values import plain
from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.annotators.answers import Answers, as_matrix, encode_values, present_in
from labelscope.evidence.annotators.consensus import width_of
from labelscope.types import Array, BoolArray, Evidence, IntArray


def given_answers(evidence: Evidence, *, by: str) -> tuple[Answers, IntArray | None]:
    """Read ``annotator_labels`` and ``given_labels`` over the same classes.

    Parameters
    ----------
    evidence : Evidence
        ``annotator_labels`` (n, A). With ``classes``, numbers are codes into them (-1, None or NaN is "no
        answer") and text is matched by value; otherwise all are label values (None or NaN is "no answer")
        and the classes are those of ``given_labels`` and of the answers together. ``pred_probs`` settles the
        number of classes as it does for given labels.
    by : str
        Who asks, for messages.

    Returns
    -------
    answers : Answers
    codes : (n,) int64 or None
        Given labels, -1 for unlabelled rows; None where there are none.

    Raises
    ------
    MissingEvidenceError
        No ``annotator_labels``.
    InvalidInputError
        Lengths, codes or labels that do not fit.
    """
    if "annotator_labels" not in evidence:
        raise MissingEvidenceError.of("annotator_labels", by, evidence)
    matrix, names = as_matrix(evidence["annotator_labels"])
    given = evidence.get("given_labels")
    if given is not None and len(given) != len(matrix):
        raise InvalidInputError.wrong_length("annotator_labels", len(matrix), len(given), "given_labels")
    present = present_in(matrix)
    codes: IntArray | None
    if evidence.get("classes") is not None:
        classes = np.asarray(evidence["classes"])
        present, found = _coded(matrix, present, classes)
        codes = None if given is None else np.array(given, dtype=np.int64, copy=True)
    else:
        found, codes, classes = _joined(matrix[present], given, width_of(evidence.get("pred_probs")))
    rows, people = (place.astype(np.int64) for place in np.nonzero(present))
    return Answers(rows, people, found, len(matrix), classes, names, np.arange(len(matrix))), codes


def _coded(matrix: Array, present: BoolArray, classes: Array) -> tuple[BoolArray, IntArray]:
    """Read answers that are codes, or values, of known classes."""
    values = matrix[present]
    if values.dtype.kind in "OUS" and any(isinstance(one, str) for one in values):
        labels = encode_values(values)
        index = {plain(one): place for place, one in enumerate(classes)}
        for one in labels.classes:
            if plain(one) not in index:
                raise InvalidInputError.unknown("label", plain(one), list(index))
        places = np.array([index[plain(one)] for one in labels.classes], dtype=np.int64)
        return present, places[labels.codes]
    numbers = np.asarray(values, dtype=np.float64)
    if len(numbers) and (
        (numbers != np.floor(numbers)).any() or numbers.min() < -1 or numbers.max() >= len(classes)
    ):
        raise InvalidInputError(
            f"annotator_labels range from {numbers.min():g} to {numbers.max():g}, but there are"
            f" {len(classes)} classes.",
            "With classes=, answers are positions in it, and -1 or NaN where a person did not answer.",
        )
    codes = numbers.astype(np.int64)
    answered = present.copy()
    answered[present] = codes >= 0
    return answered, codes[codes >= 0]


def _joined(values: Array, given: Any, width: int | None) -> tuple[IntArray, IntArray | None, Array]:
    """Read answers and given labels as values over the classes of both."""
    answered = encode_values(values)
    if given is None:
        answered = answered if width is None else answered.aligned_to(width)
        return answered.codes, None, np.asarray(answered.classes)
    labels = encode(given, task="classification")
    known = {plain(one) for one in labels.classes}
    if any(plain(one) not in known for one in answered.classes):
        both = [plain(one) for one in (*labels.classes, *answered.classes)]
        wider = encode(list(dict.fromkeys(both)), task="classification")
        # No given label at all has no kind of its own, so that the classes of the answers cannot join them.
        empty = encode([None] * len(labels.codes), class_names=wider.classes.tolist(), task="classification")
        labels = labels.with_classes(wider.classes) if labels.n_classes else empty
    if width is not None:
        labels = labels.aligned_to(width)
    places = np.array([labels.code_of(plain(one)) for one in answered.classes], dtype=np.int64)
    found = places[answered.codes] if len(places) else np.empty(0, dtype=np.int64)
    return found, np.asarray(labels.codes, dtype=np.int64), np.asarray(labels.classes)
