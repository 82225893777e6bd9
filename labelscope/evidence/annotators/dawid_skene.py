"""Dawid-Skene: everybody has a confusion matrix of their own, learned together with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.annotators.answers import Answers, read_answers
from labelscope.evidence.annotators.consensus import Consensus, settled, shares
from labelscope.types import FloatArray


def dawid_skene(
    answers: Any,
    *,
    class_names: Sequence[Any] | None = None,
    smoothing: float = 0.01,
    n_iter: int = 500,
    tol: float = 1e-5,
) -> Consensus:
    """Find the most probable labels when each person errs in their own way.

    Expectation-maximization from the shares of the answers, in log space.

    Parameters
    ----------
    answers : (n, A) matrix, frame, list of lists, or Answers
        One column per person; None or NaN where a person did not answer.
    class_names : sequence, optional
        As in `read_answers`.
    smoothing : float
        Answers that are added to every cell of every confusion matrix and to every class, so that an answer
        never seen is improbable and not impossible; more than 0.
    n_iter : int
        Most rounds.
    tol : float
        Stop when no probability moves by more.

    Returns
    -------
    Consensus
        ``annotator_quality`` is the expected share of right answers. ``meta`` holds ``confusion`` (A, K, K)
        with true classes in rows, ``prior`` (K,), ``n_iter`` and ``converged``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Not a matrix of labels, or settings out of range.

    Notes
    -----
    Dawid, Skene: Maximum likelihood estimation of observer error-rates using the EM algorithm, 1979.

    Examples
    --------
    >>> people = [["a", "a", "b"], ["b", "b", "a"], ["a", "a", "a"], ["b", "b", None]]
    >>> dawid_skene(people).labels.tolist()
    ['a', 'b', 'a', 'b']
    """
    if not smoothing > 0:
        raise InvalidInputError(f"smoothing is {smoothing}.", "Pass a number above 0, such as 0.01.")
    check_rounds(n_iter, tol)
    read = read_answers(answers, class_names=class_names)
    posterior, done, moved = shares(read), 0, np.inf
    prior, confusion = maximize(read, posterior, smoothing)
    while done < n_iter and moved > tol and len(read.rows):
        updated = expect(read, prior, confusion)
        moved = float(np.abs(updated - posterior).max())
        posterior, done = updated, done + 1
        prior, confusion = maximize(read, posterior, smoothing)
    answered = read.per_row() > 0
    codes = np.where(answered, posterior.argmax(axis=1), -1) if read.n_classes else np.full(read.n, -1)
    right = np.einsum("k,akk->a", prior, confusion)
    return settled(
        read,
        codes.astype(np.int64),
        posterior,
        np.where(read.per_annotator() > 0, right, np.nan),
        method="dawid_skene",
        confusion=confusion,
        prior=prior,
        n_iter=done,
        converged=bool(moved <= tol or not len(read.rows)),
    )


def check_rounds(n_iter: int, tol: float) -> None:
    """Refuse settings of an iteration that make no sense."""
    if n_iter < 1 or not tol >= 0:
        raise InvalidInputError(
            f"n_iter is {n_iter} and tol is {tol}.", "Pass n_iter of 1 or more and tol of 0 or more."
        )


def maximize(answers: Answers, posterior: FloatArray, smoothing: float) -> tuple[FloatArray, FloatArray]:
    """Return the prior (K,) and the confusion matrices (A, K, K) that fit a posterior (n, K) best."""
    k, cells = answers.n_classes, answers.n_annotators * answers.n_classes
    answered = answers.per_row() > 0
    prior = posterior[answered].sum(axis=0) + smoothing
    confusion = np.full((answers.n_annotators, k, k), smoothing)
    place = answers.people * k + answers.codes
    for true in range(k):
        weights = posterior[answers.rows, true]
        confusion[:, true] += np.bincount(place, weights=weights, minlength=cells).reshape(-1, k)
    return prior / prior.sum(), confusion / confusion.sum(axis=2, keepdims=True)


def expect(answers: Answers, prior: FloatArray, confusion: FloatArray) -> FloatArray:
    """Return the posterior (n, K) under a prior and confusion matrices."""
    logs, level = np.log(confusion), np.empty((answers.n, answers.n_classes))
    for true in range(answers.n_classes):
        seen = logs[answers.people, true, answers.codes]
        level[:, true] = np.log(prior[true]) + np.bincount(answers.rows, weights=seen, minlength=answers.n)
    return normalized(level)


def normalized(level: FloatArray) -> FloatArray:
    """Turn log weights (n, K) into probabilities without overflow."""
    if not level.size:
        return level
    weights = np.exp(level - level.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
