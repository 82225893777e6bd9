"""What the dynamics scorers need of a training run, summed step by step for every possible label."""

from __future__ import annotations

import numpy as np

from labelscope.types import Array, BoolArray, FloatArray, IntArray

# Infinite logits stand for masked classes; the largest float16 keeps them extreme and sums finite.
_LARGEST = 65504.0
_BLOCK_CELLS = 1 << 17

SUMS = np.dtype(
    [
        ("margin", np.float64),
        ("probability", np.float64),
        ("square", np.float64),
        ("steps", np.int32),
        ("wins", np.int32),
        ("forgotten", np.int32),
        ("first", np.int32),
        ("last", np.bool_),
    ],
    align=True,
)
"""One cell per row and class j, as if j were the label: sums over the recorded steps of the margin (logit of
j minus the largest other logit), of the probability of j and of its square; the number of ``steps``; at how
many of them j was strictly ahead (``wins``); how often a win was followed by a loss (``forgotten``); the
epoch of the ``first`` win, -1 for none; and whether the ``last`` step was a win. 48 bytes a cell, whatever
the number of epochs: less than float32 logits from the 13th epoch on."""


def empty_sums(n: int, width: int) -> Array:
    """Return (n, width) sums of nothing."""
    sums = np.zeros((n, width), dtype=SUMS)
    sums["first"] = -1
    return sums


def finite(logits: FloatArray) -> FloatArray:
    """Return float64 logits with infinities made finite; NaN stays."""
    wide = np.asarray(logits, dtype=np.float64)
    if np.isinf(wide).any():
        return np.nan_to_num(wide, nan=np.nan, posinf=_LARGEST, neginf=-_LARGEST)
    return wide


def margins(logits: FloatArray) -> FloatArray:
    """Return (m, K) float64: each logit minus the largest of the others; 0 when there are no others.

    Examples
    --------
    >>> margins(np.array([[3.0, 1.0, 0.0]])).tolist()
    [[2.0, -2.0, -3.0]]
    """
    n, width = logits.shape
    if width < 2:
        return np.zeros((n, width))
    position, top = np.arange(n), logits.argmax(axis=1)
    best = logits[position, top]
    others = logits.copy()
    others[position, top] = -np.inf
    result = logits - best[:, None]
    result[position, top] = best - others.max(axis=1)
    return np.asarray(result)


def softmax(logits: FloatArray) -> FloatArray:
    """Return (m, K) float64 probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def add_step(
    sums: Array, rows: IntArray, logits: FloatArray, epochs: IntArray, fake: BoolArray | None = None
) -> None:
    """Add one step of some rows to their sums, in place.

    Parameters
    ----------
    sums : (n, width) of `SUMS`
        Changed.
    rows : (m,) int
        Rows of the step, each once.
    logits : (m, width) float
        Without NaN.
    epochs : (m,) int
        Number of the epoch of each, counted from 0.
    fake : (n,) bool, optional
        Rows that were trained as the fake class, which is the last column. That column is left out when
        their other classes are compared: the run taught it, so against it any label of theirs would look
        wrong.
    """
    width = sums.shape[1]
    block = max(1, _BLOCK_CELLS // max(width, 1))
    for start in range(0, len(rows), block):
        part = slice(start, start + block)
        at, values = rows[part], finite(logits[part])
        margin, probability = margins(values), softmax(values)
        if fake is not None and width > 1:
            taught = fake[at]
            if taught.any():
                margin[taught, :-1] = margins(values[taught, :-1])
                probability[taught, :-1] = softmax(values[taught, :-1])
        cells = sums[at]
        _count(cells, margin, probability, epochs[part])
        sums[at] = cells


def _count(cells: Array, margin: FloatArray, probability: FloatArray, epochs: IntArray) -> None:
    wins = margin > 0.0
    cells["margin"] += margin
    cells["probability"] += probability
    cells["square"] += probability * probability
    cells["steps"] += 1
    cells["wins"] += wins
    cells["forgotten"] += cells["last"] & ~wins
    cells["first"] = np.where(wins & (cells["first"] < 0), epochs[:, None], cells["first"])
    cells["last"] = wins
