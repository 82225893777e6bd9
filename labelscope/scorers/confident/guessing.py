"""The confident guess of every row, looking at the matrix again only where the margins do not settle it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from labelscope.scorers.blockwise import Block, Partial, Step
from labelscope.scorers.confident.joint import Rule, as_type, confident_guess, slackened
from labelscope.scorers.confident.kernels import probabilities, tiles
from labelscope.scorers.confident.margins import Margins, chunks
from labelscope.types import FloatArray, IntArray

# More than rounding can add to the sum of a row.
_SUM = 1.01


def settled(codes: IntArray, rows: Margins, limits: FloatArray) -> tuple[IntArray, IntArray]:
    """Guess where the most probable class is confident, or where no class can be.

    Parameters
    ----------
    codes : (n,) int
        Given labels.
    rows : Margins
        Margins of every row.
    limits : (K,) float
        Confident thresholds.

    Returns
    -------
    guess : (n,) int64
        -1 where no class is confident.
    unsettled : (m,) int64
        Rows where only a class that is neither the first nor known can be confident.
    """
    guess = np.full(len(codes), -1, dtype=np.int64)
    left: list[IntArray] = []
    if not len(limits):
        return guess, np.zeros(0, dtype=np.int64)
    bounds = as_type(slackened(limits), rows.given.dtype)
    lowest = bounds.min()
    for part in chunks(len(codes)):
        own, given, other, rival = codes[part], rows.given[part], rows.other[part], rows.rival[part]
        wins = (other > given) | ((other == given) & (rival < own)) | (own < 0)
        first, top = np.where(wins, rival, own), np.where(wins, other, given)
        confident = top >= bounds[first]
        np.copyto(guess[part], first, where=confident)
        # The second class is at most the rival where the model agrees, and what is left of one elsewhere.
        second = np.where(wins, np.minimum(top, _SUM - top), other)
        left.append(part.start + np.flatnonzero(~confident & (second >= lowest)))
    return guess, np.concatenate([np.zeros(0, dtype=np.int64), *left])


def step_of(unsettled: IntArray, limits: FloatArray, rule: Rule, off: IntArray) -> Step:
    """Return the step that guesses for the rows left over; its reduction is their (m,) guesses in order.

    ``off`` (m,) are the rows of the matrix that need repair.
    """
    return Step(partial(_guess_some, wanted=unsettled, limits=limits, rule=rule, off=off), _joined)


def _guess_some(block: Block, *, wanted: IntArray, limits: FloatArray, rule: Rule, off: IntArray) -> Partial:
    first, last = np.searchsorted(wanted, (block.start, block.stop))
    rows = wanted[first:last] - block.start
    found = [
        confident_guess(probabilities(block, rows[part], off), limits, rule=rule)
        for part in tiles(len(rows), block.n_classes)
    ]
    return Partial(_joined(found))


def _joined(parts: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
