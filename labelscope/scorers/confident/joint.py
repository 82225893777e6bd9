"""Confident counting: thresholds, the confident joint, its calibration and the number of errors.

Plain functions of arrays, after Northcutt, Jiang and Chuang, "Confident Learning" (JAIR 2021).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.confident.margins import chunks
from labelscope.scorers.inputs import blocks
from labelscope.types import Array, FloatArray, IntArray

Rule = Literal["paper", "library"]
ESTIMATES = ("off_diagonal", "off_diagonal_calibrated", "off_diagonal_custom")
_LOWEST_THRESHOLD = 2e-6
_SLACK = 1e-6


def class_sums(values: FloatArray, codes: IntArray, n_classes: int) -> FloatArray:
    """Sum values in [0, 1] by class, to the same last bit whatever the order of the rows.

    Parameters
    ----------
    values : (n,) float
        In [0, 1].
    codes : (n,) int
        Classes, all ≥ 0.
    n_classes : int
        Number of classes.

    Returns
    -------
    (K,) float64
    """
    tops, rests = _halves(values, codes, n_classes)
    return np.asarray(tops * 2.0**-26 + rests * 2.0**-52)


def _halves(values: FloatArray, codes: IntArray, n_classes: int) -> FloatArray:
    """Sum two fixed-point halves of 26 bits: each sum is an integer that float64 holds exactly."""
    scaled = np.asarray(values, dtype=np.float64) * 2.0**26
    high = np.floor(scaled)
    low = np.rint((scaled - high) * 2.0**26)
    tops = np.bincount(codes, weights=high, minlength=n_classes)
    rests = np.bincount(codes, weights=low, minlength=n_classes)
    return np.stack([tops, rests])


def thresholds(codes: IntArray, given_probs: FloatArray, n_classes: int) -> FloatArray:
    """Return the mean probability of each class over the rows labelled so.

    Parameters
    ----------
    codes : (n,) int
        Given labels, -1 for unlabelled rows.
    given_probs : (n,) float
        Probability of each row's own given label.
    n_classes : int
        Number of classes K.

    Returns
    -------
    (K,) float64
        Infinite for a class that no row has, so that nothing is ever counted as that class.
    """
    counts, sums = np.zeros(n_classes, dtype=np.int64), np.zeros((2, n_classes))
    for rows in chunks(len(codes)):
        kept, values = codes[rows], given_probs[rows]
        if kept.min() < 0:
            labelled = kept >= 0
            kept, values = kept[labelled], values[labelled]
        counts += np.bincount(kept, minlength=n_classes)
        sums += _halves(values, kept, n_classes)
    sums = sums[0] * 2.0**-26 + sums[1] * 2.0**-52
    means = np.divide(sums, counts, out=np.full(n_classes, np.inf), where=counts > 0)
    return np.asarray(np.maximum(means, _LOWEST_THRESHOLD))


def confident_guess(pred_probs: FloatArray, limits: FloatArray, *, rule: Rule = "paper") -> IntArray:
    """Return the class that each row confidently belongs to.

    Parameters
    ----------
    pred_probs : (n, K) float
        Out-of-sample probabilities.
    limits : (K,) float
        Confident thresholds.
    rule : {"paper", "library"}
        Among several confident classes, ``"paper"`` takes the most probable of them; ``"library"`` (as
        cleanlab does) the most probable of all classes, which need not be confident.

    Returns
    -------
    (n,) int64
        -1 where no class is confident.

    Examples
    --------
    >>> P, t = np.array([[0.40, 0.31, 0.29]]), np.array([0.5, 0.2, 0.2])
    >>> confident_guess(P, t).tolist(), confident_guess(P, t, rule="library").tolist()
    ([1], [0])
    """
    if rule not in ("paper", "library"):
        raise InvalidInputError.unknown("rule", rule, ("paper", "library"))
    n, n_classes = pred_probs.shape
    guess = np.full(n, -1, dtype=np.int64)
    if n_classes == 0:
        return guess
    bounds = as_type(slackened(limits), pred_probs.dtype)
    for rows in blocks(n, n_classes):
        block = pred_probs[rows]
        confident = block >= bounds
        best = np.where(confident, block, -1.0).argmax(axis=1)
        some = confident[np.arange(len(block)), best]
        if rule == "library":
            several = np.flatnonzero(confident.sum(axis=1) > 1)
            best[several] = block[several].argmax(axis=1)
        guess[rows] = np.where(some, best, -1)
    return guess


def slackened(limits: FloatArray) -> FloatArray:
    """Return bounds from which on a class is confident: rounding does not decide."""
    return np.asarray(limits - _SLACK)


def as_type(bounds: FloatArray, dtype: np.dtype[np.floating]) -> FloatArray:
    """Round bounds up into ``dtype``, so that comparing there equals comparing in float64."""
    rounded = bounds.astype(dtype)
    below = rounded.astype(np.float64) < bounds
    return np.asarray(np.where(below, np.nextafter(rounded, np.array(np.inf, dtype=dtype)), rounded))


def confident_joint(codes: IntArray, guess: IntArray, n_classes: int) -> IntArray:
    """Count given label (rows) against confident guess (columns).

    Parameters
    ----------
    codes, guess : (n,) int
        Given labels and confident guesses; rows with -1 in either are left out.
    n_classes : int
        Number of classes K.

    Returns
    -------
    (K, K) int64
        The diagonal of a class that some row has is at least 1, so that calibration is defined.
    """
    joint, counts = np.zeros(n_classes**2, dtype=np.int64), np.zeros(n_classes, dtype=np.int64)
    for rows in _spans(len(codes), n_classes):
        given, true = codes[rows], guess[rows]
        used = (given >= 0) & (true >= 0)
        joint += np.bincount(given[used] * n_classes + true[used], minlength=n_classes**2)
        counts += np.bincount(given[given >= 0], minlength=n_classes)
    table: IntArray = joint.reshape(n_classes, n_classes)
    diagonal = np.arange(n_classes)
    table[diagonal, diagonal] = np.maximum(table[diagonal, diagonal], counts > 0)
    return table


def _spans(n: int, n_classes: int) -> list[slice]:
    """Cut rows where counting them costs no less than adding up the counts."""
    step = max(1 << 16, n_classes**2)
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def calibrate(joint: Array, counts: IntArray) -> IntArray:
    """Scale the joint's rows to the counts of the given labels, in whole numbers.

    Parameters
    ----------
    joint : (K, K) int or float
        Confident joint, or any joint with the same meaning.
    counts : (K,) int
        Rows by given label.

    Returns
    -------
    (K, K) int64
        Row k sums to ``counts[k]``, except where a row of ``joint`` is empty although the class is not.
    """
    counts = np.asarray(counts)
    totals = np.maximum(joint.sum(axis=1, dtype=np.float64), 1e-100)
    # Most pairs of many classes are empty, and stay so.
    row, column = np.nonzero(joint)
    values = joint[row, column] / totals[row] * counts[row]
    sums = np.bincount(row, weights=values, minlength=len(joint))
    values = values / max(float(sums.sum()), 1e-100) * float(counts.sum())
    whole = _rounded(values, row, len(joint))
    found = np.zeros(joint.shape, dtype=np.int64)
    found[row, column] = whole
    return found


def round_rows(matrix: FloatArray) -> IntArray:
    """Round to integers and keep each row's rounded total; the largest remainders give way.

    Parameters
    ----------
    matrix : (r, c) float
        Non-negative.

    Returns
    -------
    (r, c) int64
    """
    row, column = np.nonzero(matrix)
    found = np.zeros(matrix.shape, dtype=np.int64)
    found[row, column] = _rounded(matrix[row, column], row, len(matrix))
    return found


def _rounded(values: FloatArray, row: IntArray, n_rows: int) -> IntArray:
    """Round non-zero cells, listed by row; only they can give way, because zeros have no remainder."""
    whole = np.rint(values)
    totals = np.bincount(row, weights=values, minlength=n_rows)
    missing = np.rint(totals) - np.bincount(row, weights=whole, minlength=n_rows)
    # In rows that miss something, cells with the largest remainders give way, the first among equals.
    cells = np.flatnonzero(np.abs(missing[row]) > 0.5)
    step = np.sign(missing[row[cells]])
    order = cells[np.argsort(-step * (values[cells] - whole[cells]), kind="stable")]
    order = order[np.argsort(row[order], kind="stable")]
    place = np.arange(len(order)) - np.searchsorted(row[order], row[order])
    giving = order[place < np.abs(missing[row[order]])]
    whole[giving] += np.sign(missing[row[giving]])
    return np.asarray(whole, dtype=np.int64)


def count_errors(estimate: str, *, n_off_diagonal: int, calibrated: IntArray, n_labelled: int) -> int:
    """Estimate how many given labels are wrong.

    Parameters
    ----------
    estimate : {"off_diagonal", "off_diagonal_calibrated", "off_diagonal_custom"}
        ``off_diagonal`` counts the off-diagonal rows that the model does not agree with; the two others take
        the share off the diagonal of the calibrated (or supplied and calibrated) joint.
    n_off_diagonal : int
        Rows off the diagonal of the confident joint that the model does not agree with.
    calibrated : (K, K) int
        Calibrated joint.
    n_labelled : int
        Number of rows with a label.

    Returns
    -------
    int
    """
    if estimate not in ESTIMATES:
        raise InvalidInputError.unknown("estimate", estimate, ESTIMATES)
    if estimate == "off_diagonal":
        return n_off_diagonal
    total = float(calibrated.sum())
    return int(np.rint((1.0 - np.trace(calibrated) / total) * n_labelled)) if total else 0
