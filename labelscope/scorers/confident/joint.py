"""Confident counting: thresholds, the confident joint, its calibration and the number of errors.

Plain functions of arrays, after Northcutt, Jiang and Chuang, "Confident Learning" (JAIR 2021).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.inputs import blocks
from labelscope.types import Array, BoolArray, FloatArray, IntArray

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
    # Two fixed-point halves of 26 bits: every partial sum is an integer that float64 holds exactly.
    scaled = np.asarray(values, dtype=np.float64) * 2.0**26
    high = np.floor(scaled)
    low = np.rint((scaled - high) * 2.0**26)
    tops = np.bincount(codes, weights=high, minlength=n_classes)
    rests = np.bincount(codes, weights=low, minlength=n_classes)
    return np.asarray(tops * 2.0**-26 + rests * 2.0**-52)


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
    labelled = codes >= 0
    kept = codes[labelled]
    counts = np.bincount(kept, minlength=n_classes)
    sums = class_sums(given_probs[labelled], kept, n_classes)
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
    bounds = _as_type(limits - _SLACK, pred_probs.dtype)
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


def _as_type(bounds: FloatArray, dtype: np.dtype[np.floating]) -> FloatArray:
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
    used = (codes >= 0) & (guess >= 0)
    cells = codes[used] * n_classes + guess[used]
    joint = np.bincount(cells, minlength=n_classes**2).reshape(n_classes, n_classes)
    present = np.bincount(codes[codes >= 0], minlength=n_classes) > 0
    diagonal = np.arange(n_classes)
    joint[diagonal, diagonal] = np.maximum(joint[diagonal, diagonal], present)
    return np.asarray(joint, dtype=np.int64)


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
    rows = np.maximum(joint.sum(axis=1, dtype=np.float64), 1e-100)
    scaled = joint / rows[:, None] * np.asarray(counts)[:, None]
    scaled = scaled / max(float(scaled.sum()), 1e-100) * float(np.sum(counts))
    return round_rows(scaled)


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
    whole = np.rint(matrix)
    missing = np.rint(matrix.sum(axis=1)) - whole.sum(axis=1)
    for row in np.flatnonzero(np.abs(missing) > 0.5):
        step = int(np.sign(missing[row]))
        order = np.argsort(-step * (matrix[row] - whole[row]), kind="stable")
        whole[row, order[: int(abs(missing[row]))]] += step
    return np.asarray(whole, dtype=np.int64)


def count_errors(
    estimate: str, *, off_diagonal: BoolArray, agrees: BoolArray, calibrated: IntArray, n_labelled: int
) -> int:
    """Estimate how many given labels are wrong.

    Parameters
    ----------
    estimate : {"off_diagonal", "off_diagonal_calibrated", "off_diagonal_custom"}
        ``off_diagonal`` counts the off-diagonal rows that the model does not agree with; the two others take
        the share off the diagonal of the calibrated (or supplied and calibrated) joint.
    off_diagonal, agrees : (n,) bool
        Rows off the diagonal of the confident joint, and rows where the model agrees with the label.
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
        return int((off_diagonal & ~agrees).sum())
    total = float(calibrated.sum())
    return int(np.rint((1.0 - np.trace(calibrated) / total) * n_labelled)) if total else 0
