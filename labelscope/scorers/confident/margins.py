"""What the confident family needs to know of each row, taken in one pass over the probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.scorers.inputs import Inputs, blocks
from labelscope.types import BoolArray, FloatArray, IntArray

# Below this a difference of probabilities is rounding, and the model counts as agreeing.
AGREEMENT = 1e-6


@dataclass(frozen=True)
class Margins:
    """The given label's probability and its strongest rival.

    Attributes
    ----------
    given : (n,) float64
        Probability of the given label; 1 for unlabelled rows.
    other : (n,) float64
        Largest probability among the other classes; of all classes for unlabelled rows; 0 when there is
        only one class.
    rival : (n,) int64
        The class that has it; ties go to the lower code.
    """

    given: FloatArray
    other: FloatArray
    rival: IntArray

    @property
    def agrees(self) -> BoolArray:
        """(n,) bool: the model puts the given label first, ties and rounding included."""
        return np.asarray(self.given + AGREEMENT >= self.other)

    def predicted(self, codes: IntArray) -> IntArray:
        """Return the (n,) most probable class, ties to the lower code."""
        wins = (self.other > self.given) | ((self.other == self.given) & (self.rival < codes)) | (codes < 0)
        return np.asarray(np.where(wins, self.rival, codes))


def margins(inputs: Inputs) -> Margins:
    """Take the margins of every row.

    Parameters
    ----------
    inputs : Inputs
        With probabilities.

    Returns
    -------
    Margins
    """
    probs, codes = inputs.probabilities(), inputs.codes
    n, n_classes = probs.shape
    given, other, rival = np.ones(n), np.zeros(n), np.zeros(n, dtype=np.int64)
    if n_classes == 0:
        return Margins(given, other, rival)
    for rows in blocks(n, n_classes):
        block = probs[rows].copy()
        position = np.arange(len(block))
        own = codes[rows]
        labelled = own >= 0
        at = (position, own) if labelled.all() else (position[labelled], own[labelled])
        if labelled.all():
            given[rows] = block[at]
        else:
            given[rows][labelled] = block[at]
        block[at] = -1.0
        best = block.argmax(axis=1)
        rival[rows] = best
        other[rows] = np.maximum(block[position, best], 0.0)
    return Margins(given, other, rival)


def lowest(scores: FloatArray, n: int, then_by: FloatArray | None = None) -> BoolArray:
    """Mark the ``n`` rows with the lowest scores, in linear time and whatever the order of rows.

    Parameters
    ----------
    scores : (m,) float
        Scores.
    n : int
        How many to mark.
    then_by : (m,) float, optional
        Decides between equal scores.

    Returns
    -------
    (m,) bool
        Rows that no score tells apart are marked together or not at all, whichever comes closer to ``n``;
        otherwise the choice between them would depend on the order of rows.

    Examples
    --------
    >>> lowest(np.array([0.3, 0.1, 0.2]), 2).tolist()
    [False, True, True]
    """
    m = len(scores)
    if n <= 0 or m == 0:
        return np.zeros(m, dtype=bool)
    if n >= m:
        return np.ones(m, dtype=bool)
    cut = np.partition(scores, n - 1)[n - 1]
    marked = np.asarray(scores < cut)
    tied = scores == cut
    still, n_tied = n - int(marked.sum()), int(tied.sum())
    if still == n_tied:
        return np.asarray(marked | tied)
    if then_by is not None:
        marked[tied] = lowest(then_by[tied], still)
    elif 2 * still >= n_tied:
        marked |= tied
    return marked
