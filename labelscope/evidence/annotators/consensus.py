"""What several people say together, and the plainest way to find it: the majority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from labelscope.evidence.annotators.answers import Answers, read_answers
from labelscope.evidence.pred_probs_checks import check_pred_probs
from labelscope.types import Array, BoolArray, FloatArray, IntArray

_TIE = 1e-12


@dataclass(frozen=True)
class Consensus:
    """One label per row from the answers of many.

    Attributes
    ----------
    labels : (n,) array
        Label values; None where there is no consensus, which is where nobody answered and no model did.
    probabilities : (n, K) float64
        Of each class; rows sum to one. Where nobody answered, what the method thinks before any answer: the
        share of each class over all rows, with ``glad`` its prior, with ``crowdlab`` the model.
    annotator_quality : (A,) float64
        Estimated share of right answers of each person; NaN where nothing can be said.
    quality : (n,) float64
        How sure the consensus label is, in [0, 1]; 0 where there is none.
    meta : dict
        ``method`` and what the method learned.
    codes : (n,) int64
        Positions of ``labels`` in ``classes``; -1 where there is no consensus.
    classes : (K,) array
        Label values, as the columns of ``probabilities``.
    annotators : (A,) array
        Names of the people.
    """

    labels: Array
    probabilities: FloatArray
    annotator_quality: FloatArray
    quality: FloatArray
    meta: dict[str, Any] = field(default_factory=dict)
    codes: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    classes: Array = field(default_factory=lambda: np.empty(0, dtype=object))
    annotators: Array = field(default_factory=lambda: np.empty(0, dtype=object))


def settled(
    answers: Answers,
    codes: IntArray,
    probabilities: FloatArray,
    annotator_quality: FloatArray,
    quality: FloatArray | None = None,
    **meta: Any,
) -> Consensus:
    """Build a `Consensus`; by default its quality is the probability of its label."""
    if quality is None:
        quality = picked(probabilities, codes)
    return Consensus(
        answers.values(codes),
        probabilities,
        annotator_quality,
        quality,
        meta,
        codes,
        answers.classes,
        answers.annotators,
    )


def picked(matrix: FloatArray, codes: IntArray) -> FloatArray:
    """Return (n,) ``matrix[i, codes[i]]``; 0 where the code is -1."""
    if not matrix.shape[1]:
        return np.zeros(len(codes))
    chosen = np.take_along_axis(matrix, np.maximum(codes, 0)[:, None], axis=1)[:, 0]
    return np.asarray(np.where(codes < 0, 0.0, chosen), dtype=np.float64)


def mean_per_annotator(answers: Answers, values: FloatArray, counted: BoolArray | None = None) -> FloatArray:
    """Return (A,) means of a value (m,) of each answer; NaN for people without a counted answer."""
    weights = np.ones(len(values)) if counted is None else counted.astype(np.float64)
    total = np.bincount(answers.people, weights=values * weights, minlength=answers.n_annotators)
    count = np.bincount(answers.people, weights=weights, minlength=answers.n_annotators)
    return np.asarray(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0))


def agreement(answers: Answers, codes: IntArray) -> FloatArray:
    """Return (A,) shares of answers that equal the consensus, over rows that several people answered."""
    several = answers.per_row()[answers.rows] > 1
    return mean_per_annotator(answers, (answers.codes == codes[answers.rows]).astype(np.float64), several)


def shares(answers: Answers) -> FloatArray:
    """Return (n, K) shares of the answers; rows without any have those over all rows."""
    votes = answers.votes()
    total = votes.sum(axis=1, keepdims=True)
    overall = votes.sum(axis=0)
    size = overall.sum()
    overall = overall / size if size else np.full(answers.n_classes, 1.0 / max(answers.n_classes, 1))
    return np.where(total > 0, votes / np.maximum(total, 1), overall)


def checked_probs(answers: Answers, pred_probs: Any) -> FloatArray:
    """Check a model's probabilities against the plain majority of the answers."""
    checked = check_pred_probs(pred_probs, majority_codes(answers), answers.classes)
    return np.asarray(checked, dtype=np.float64)


def width_of(pred_probs: Any) -> int | None:
    """Return the number of columns, or None where that is not a matrix, which the checks then refuse."""
    if pred_probs is None:
        return None
    shape = np.shape(pred_probs)
    return int(shape[1]) if len(shape) == 2 else None


def majority_codes(answers: Answers, pred_probs: FloatArray | None = None) -> IntArray:
    """Return (n,) class codes of the majority, -1 without answers; ties are broken as in `majority`."""
    votes = answers.votes()
    if not answers.n_classes or not answers.n:
        return np.full(answers.n, -1, dtype=np.int64)
    answered = votes.sum(axis=1) > 0
    left = (votes == votes.max(axis=1, keepdims=True)) & answered[:, None]
    clear = left.sum(axis=1) == 1
    first = np.where(clear, left.argmax(axis=1), -1)
    if pred_probs is not None:
        left = _keep_largest(left, pred_probs)
    left = _keep_largest(left, np.broadcast_to(-votes.sum(axis=0), votes.shape))
    if (left.sum(axis=1) > 1).any():
        left = _keep_largest(left, _backing(answers, votes, first))
    return np.where(answered, left.argmax(axis=1), -1).astype(np.int64)


def _keep_largest(left: BoolArray, values: FloatArray) -> BoolArray:
    masked = np.where(left, values, -np.inf)
    return np.asarray(left & (masked >= masked.max(axis=1, keepdims=True) - _TIE))


def _backing(answers: Answers, votes: FloatArray, first: IntArray) -> FloatArray:
    """Return (n, K) means of how far those who chose a class agree with the clear majorities elsewhere."""
    same = (answers.codes == first[answers.rows]).astype(np.float64)
    trust = mean_per_annotator(answers, same, first[answers.rows] >= 0)
    known = trust[~np.isnan(trust)]
    trust = np.where(np.isnan(trust), known.mean() if len(known) else 1.0, trust)
    cells = answers.rows * answers.n_classes + answers.codes
    total = np.bincount(cells, weights=trust[answers.people], minlength=votes.size).reshape(votes.shape)
    return np.asarray(total / np.maximum(votes, 1))


def majority(answers: Any, *, pred_probs: Any = None, class_names: Sequence[Any] | None = None) -> Consensus:
    """Let the majority decide.

    Ties go to the class that a model finds most probable (with ``pred_probs``), then to the class that is
    rarer over all answers, then to the class whose supporters agree more often with the clear majorities
    elsewhere, and at last to the class that comes first; nothing is random.

    Parameters
    ----------
    answers : (n, A) matrix, frame, list of lists, or Answers
        One column per person; None or NaN where a person did not answer.
    pred_probs : (n, K) float, optional
        Out-of-sample probabilities of a model; used for ties only.
    class_names : sequence, optional
        As in `read_answers`.

    Returns
    -------
    Consensus
        ``probabilities`` are the shares of the answers; ``quality`` is the share that agrees.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Not a matrix of labels, or pred_probs that do not fit.

    Notes
    -----
    Tie-breaking follows Goh, Tkachenko, Mueller: CROWDLAB, 2022, except that the last step is not random.

    Examples
    --------
    >>> majority([["cat", "cat", "dog"], ["dog", None, None]]).labels.tolist()
    ['cat', 'dog']
    """
    read = read_answers(answers, class_names=class_names, width=width_of(pred_probs))
    probs = None if pred_probs is None else checked_probs(read, pred_probs)
    codes = majority_codes(read, probs)
    return settled(read, codes, shares(read), agreement(read, codes), method="majority")
