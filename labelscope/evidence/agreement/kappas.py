"""Cohen's and Fleiss' kappa and plain agreement, each with an interval."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.agreement.answers import as_objects, read
from labelscope.evidence.agreement.intervals import Sums, agreement_of
from labelscope.evidence.agreement.result import Agreement, made
from labelscope.types import Array, FloatArray, IntArray

WEIGHTS = ("linear", "quadratic")


def percent_agreement(
    answers: Any,
    *,
    missing: Any = -1,
    level: float = 0.95,
    interval: str = "analytic",
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Agreement:
    """Return the share of agreeing pairs of answers, averaged over items; chance is not taken out.

    Parameters
    ----------
    answers : (n, r) array
        One column per rater. None, NaN and ``missing`` are no answer.
    missing : object
        Value that stands for no answer; None where all values are answers.
    level : float
        Coverage of the interval.
    interval : {"analytic", "bootstrap"}
        By the delta method, or by resampling items.
    n_bootstrap, random_state : int
        Resamples and their seed.

    Returns
    -------
    Agreement

    Raises
    ------
    InvalidInputError
        Not a matrix, or settings that cannot be used.

    Examples
    --------
    >>> percent_agreement([["a", "a"], ["a", "b"], ["b", "b"], ["b", None]]).value.__round__(3)
    0.667
    """
    given = read(answers, missing)
    counts, weights = given.counts()

    def statistic(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        return sums[:, 1] / sums[:, 0], np.ones(len(sums))

    sums = Sums.of(np.column_stack([np.ones(len(counts)), 1.0 - _pairs_alike(counts)]), weights)
    return made(
        "percent agreement", statistic, sums, given, level, interval, (n_bootstrap, random_state, 1.0)
    )


def cohen_kappa(
    first: Any,
    second: Any,
    *,
    weights: str | None = None,
    missing: Any = -1,
    level: float = 0.95,
    interval: str = "analytic",
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Agreement:
    """Return Cohen's kappa of two raters.

    Parameters
    ----------
    first, second : (n,) arrays
        Answers to the same items; items with one answer are left out.
    weights : {"linear", "quadratic"}, optional
        How much answers disagree that are some steps apart; values are ordered as they sort.
    missing, level, interval, n_bootstrap, random_state
        As in `percent_agreement`.

    Returns
    -------
    Agreement
        The analytic interval is the one of Fleiss, Cohen and Everitt (1969).

    Raises
    ------
    InvalidInputError
        Lengths that differ, or settings that cannot be used.

    Notes
    -----
    Cohen: A coefficient of agreement for nominal scales, 1960; Weighted kappa, 1968. Undefined (NaN) where
    both give one and the same answer throughout: then chance alone would agree always.

    Examples
    --------
    >>> round(cohen_kappa([0, 0, 1, 1], [0, 1, 1, 1]).value, 3)
    0.5
    """
    if np.ndim(first) != 1 or np.ndim(second) != 1 or len(first) != len(second):
        raise InvalidInputError(
            f"The two raters' answers have the shapes {np.shape(first)} and {np.shape(second)}.",
            "Pass one answer of each per item, None where there is none.",
        )
    if weights is not None and weights not in WEIGHTS:
        raise InvalidInputError.unknown("weights of kappa", weights, WEIGHTS)
    given = read(_beside(first, second), missing)
    kinds = given.kinds.where(np.asarray((given.kinds.codes >= 0).all(axis=1)))
    codes = kinds.codes
    k = max(len(given.values), 1)
    steps = np.abs(np.subtract.outer(np.arange(k), np.arange(k))) / max(k - 1, 1)
    apart = (steps > 0).astype(np.float64) if weights is None else steps ** (1 if weights == "linear" else 2)

    def statistic(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        n = sums[:, :1]
        one, other = sums[:, 2 : 2 + k] / n, sums[:, 2 + k :] / n
        return sums[:, 1] / n[:, 0], ((one @ apart) * other).sum(axis=1)

    eye = np.eye(k)
    parts = np.column_stack(
        [np.ones(len(codes)), apart[codes[:, 0], codes[:, 1]], eye[codes[:, 0]], eye[codes[:, 1]]]
    )
    sums = Sums.of(parts, kinds.weights)
    name = "Cohen's kappa" if weights is None else f"Cohen's kappa, {weights} weights"
    largest = float(apart.max())
    return made(name, statistic, sums, given, level, interval, (n_bootstrap, random_state, largest))


def fleiss_kappa(
    answers: Any,
    *,
    missing: Any = -1,
    level: float = 0.95,
    interval: str = "analytic",
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> Agreement:
    """Return Fleiss' kappa of any number of raters.

    Parameters
    ----------
    answers : (n, r) array
        One column per rater; items with fewer than two answers are left out.
    missing, level, interval, n_bootstrap, random_state
        As in `percent_agreement`.

    Returns
    -------
    Agreement

    Raises
    ------
    InvalidInputError
        Not a matrix, or settings that cannot be used.

    Notes
    -----
    Fleiss: Measuring nominal scale agreement among many raters, 1971. Where items have unequally many
    answers, agreement is the mean over items and chance is that of all answers together. Undefined (NaN)
    where all answers are the same.

    Examples
    --------
    >>> round(fleiss_kappa([[0, 0, 1], [1, 1, 1], [0, 0, 0]]).value, 3)
    0.55
    """
    given = read(answers, missing)
    counts, weights = given.counts()

    def statistic(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
        shares = sums[:, 2:] / np.maximum(sums[:, 2:].sum(axis=1, keepdims=True), 1e-300)
        return sums[:, 1] / sums[:, 0], 1.0 - (shares**2).sum(axis=1)

    sums = Sums.of(np.column_stack([np.ones(len(counts)), 1.0 - _pairs_alike(counts), counts]), weights)
    return made("Fleiss' kappa", statistic, sums, given, level, interval, (n_bootstrap, random_state, 1.0))


def pairwise_kappas(answers: Any, *, missing: Any = -1) -> FloatArray:
    """Return Cohen's kappa of every two raters: (r, r), 1 on the diagonal, NaN where it is not defined.

    Parameters
    ----------
    answers : (n, r) array
    missing : object
        As in `percent_agreement`.

    Examples
    --------
    >>> pairwise_kappas([[0, 0, 1], [1, 1, 0]]).tolist()
    [[1.0, 1.0, -1.0], [1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]
    """
    given = read(answers, missing)
    codes, weights, k = given.kinds.codes, given.kinds.weights, max(len(given.values), 1)
    n_raters = codes.shape[1]
    kappas = np.eye(n_raters)
    for one in range(n_raters):
        for other in range(one):
            both = (codes[:, one] >= 0) & (codes[:, other] >= 0)
            cells = codes[both, one] * k + codes[both, other]
            kappas[one, other] = kappas[other, one] = _plain_kappa(cells, weights[both], k)
    return kappas


def _plain_kappa(cells: IntArray, weights: IntArray, k: int) -> float:
    """Kappa of items of the cell (first, second) of a table of answers."""
    n = int(weights.sum())
    if not n:
        return float("nan")
    first, second = cells // k, cells % k
    one, other = (np.bincount(codes, weights=weights, minlength=k) / n for codes in (first, second))
    observed = np.array([weights[first != second].sum() / n])
    return float(agreement_of(observed, np.array([1.0 - one @ other]))[0])


def _beside(first: Any, second: Any) -> Array:
    """Lay two raters' answers side by side, each as it is."""
    columns = [one.to_numpy() if hasattr(one, "to_numpy") else one for one in (first, second)]
    alike = all(isinstance(one, np.ndarray) and one.dtype.kind in "iu" for one in columns)
    return np.column_stack(columns if alike else [as_objects(one) for one in columns])


def _pairs_alike(counts: FloatArray) -> FloatArray:
    """Share of the pairs of answers to an item that are the same."""
    many = counts.sum(axis=1)
    return np.asarray((counts * (counts - 1)).sum(axis=1) / np.maximum(many * (many - 1), 1))
