"""GLAD: everybody has an ability, every row a difficulty, learned together with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.annotators.answers import Answers, read_answers
from labelscope.evidence.annotators.consensus import Consensus, mean_per_annotator, settled, shares
from labelscope.evidence.annotators.dawid_skene import check_rounds, normalized
from labelscope.types import FloatArray

_STEPS = 20
# Ease is kept within e^-5 to e^5: beyond it, the logistic function is flat and nothing more can be learned.
_BOUND = 5.0


def glad(
    answers: Any,
    *,
    class_names: Sequence[Any] | None = None,
    prior: Any = None,
    n_iter: int = 50,
    tol: float = 1e-3,
) -> Consensus:
    """Find the most probable labels when people differ in ability and rows in difficulty.

    A person of ability a answers a row of ease b right with probability 1 / (1 + exp(-a b)) and is otherwise
    equally likely to give any other class. Negative abilities are adversaries. Expectation-maximization with
    normal priors of mean 1 and variance 1 on a and log b, by quasi-Newton steps.

    Parameters
    ----------
    answers : (n, A) matrix, frame, list of lists, or Answers
        One column per person; None or NaN where a person did not answer.
    class_names : sequence, optional
        As in `read_answers`.
    prior : (K,) float, optional
        Probability of each class before anybody answers; by default all are equally likely, as published.
        It is not estimated: with one parameter per person, an estimate drifts to the commonest answer.
    n_iter : int
        Most rounds.
    tol : float
        Stop when no probability moves by more.

    Returns
    -------
    Consensus
        ``annotator_quality`` is the expected share of right answers over the rows a person answered. ``meta``
        holds ``ability`` (A,), ``ease`` (n,), ``prior`` (K,), ``n_iter`` and ``converged``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        Not a matrix of labels, or settings out of range.

    Notes
    -----
    Whitehill, Ruvolo, Wu, Bergsma, Movellan: Whose vote should count more, 2009.

    Examples
    --------
    >>> glad([["a", "a", "b"], ["b", "b", "a"], ["a", "a", "a"]]).labels.tolist()
    ['a', 'b', 'a']
    """
    check_rounds(n_iter, tol)
    read = read_answers(answers, class_names=class_names)
    posterior, done, moved = shares(read), 0, np.inf
    ability: FloatArray = np.ones(read.n_annotators)
    log_ease: FloatArray = np.ones(read.n)
    shape = _checked_prior(prior, read.n_classes)
    while done < n_iter and moved > tol and len(read.rows) and read.n_classes > 1:
        ability, log_ease = _maximize(read, posterior, ability, log_ease)
        updated = expect(read, shape, ability, log_ease)
        moved = float(np.abs(updated - posterior).max())
        posterior, done = updated, done + 1
    answered = read.per_row() > 0
    codes = np.where(answered, posterior.argmax(axis=1), -1) if read.n_classes else np.full(read.n, -1)
    right = _sigmoid(ability[read.people] * np.exp(log_ease[read.rows]))
    return settled(
        read,
        codes.astype(np.int64),
        posterior,
        mean_per_annotator(read, right if read.n_classes > 1 else np.ones(len(right))),
        method="glad",
        ability=ability,
        ease=np.exp(log_ease),
        prior=shape,
        n_iter=done,
        converged=bool(moved <= tol or not done),
    )


def expect(answers: Answers, prior: FloatArray, ability: FloatArray, log_ease: FloatArray) -> FloatArray:
    """Return the posterior (n, K) under a prior, abilities (A,) and log eases (n,)."""
    strength = ability[answers.people] * np.exp(log_ease[answers.rows])
    right, wrong = _log_sigmoid(strength), _log_sigmoid(-strength) - np.log(max(answers.n_classes - 1, 1))
    # Everything is wrong for a class except what answers it: add the difference where it does.
    base = np.bincount(answers.rows, weights=wrong, minlength=answers.n)
    cells = answers.rows * answers.n_classes + answers.codes
    extra = np.bincount(cells, weights=right - wrong, minlength=answers.n * answers.n_classes)
    level = np.log(prior) + base[:, None] + extra.reshape(answers.n, answers.n_classes)
    return normalized(np.asarray(level, dtype=np.float64))


def objective(
    answers: Answers, posterior: FloatArray, ability: FloatArray, log_ease: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Return the expected log-likelihood with priors, and its gradients in ability and log ease."""
    right = posterior[answers.rows, answers.codes]
    ease = np.exp(log_ease[answers.rows])
    skill = ability[answers.people]
    strength = skill * ease
    value = float((right * _log_sigmoid(strength) + (1 - right) * _log_sigmoid(-strength)).sum())
    value -= float(((ability - 1) ** 2).sum() + ((log_ease - 1) ** 2).sum()) / 2
    slope = right - _sigmoid(strength)
    by_ability = np.bincount(answers.people, weights=slope * ease, minlength=answers.n_annotators)
    by_ease = np.bincount(answers.rows, weights=slope * strength, minlength=answers.n)
    return value, by_ability - (ability - 1), by_ease - (log_ease - 1)


def _maximize(
    answers: Answers, posterior: FloatArray, ability: FloatArray, log_ease: FloatArray
) -> tuple[FloatArray, FloatArray]:
    from scipy.optimize import minimize

    size = len(ability)

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        value, by_ability, by_ease = objective(answers, posterior, theta[:size], theta[size:])
        return -value, -np.concatenate([by_ability, by_ease])

    bounds = [(None, None)] * size + [(-_BOUND, _BOUND)] * len(log_ease)
    start = np.concatenate([ability, log_ease])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": _STEPS})
    return found.x[:size], found.x[size:]


def _checked_prior(prior: Any, n_classes: int) -> FloatArray:
    if prior is None:
        return np.full(n_classes, 1.0 / max(n_classes, 1))
    given = np.array(prior, dtype=np.float64)
    if given.shape != (n_classes,) or not (given > 0).all() or not np.isfinite(given).all():
        raise InvalidInputError(
            f"prior has shape {given.shape} and values {given.tolist()}, but there are {n_classes} classes.",
            "Pass one number above 0 per class.",
        )
    return np.asarray(given / given.sum())


def _log_sigmoid(values: FloatArray) -> FloatArray:
    return np.asarray(-np.logaddexp(0.0, -values))


def _sigmoid(values: FloatArray) -> FloatArray:
    return np.asarray(np.exp(_log_sigmoid(values)))
