"""What the confident family needs to know of each row: the given label's probability and its rival."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labelscope.scorers.blockwise import Shape, Stepped, in_memory
from labelscope.scorers.inputs import Inputs
from labelscope.types import BoolArray, FloatArray, IntArray

# Below this a difference of probabilities is rounding, and the model counts as agreeing.
AGREEMENT = 1e-6
_CHUNK = 1 << 15


def chunks(n: int) -> Iterator[slice]:
    """Cut rows so that float64 temporaries of them stay in cache, and never are as long as the data."""
    for start in range(0, n, _CHUNK):
        yield slice(start, min(start + _CHUNK, n))


@dataclass(frozen=True)
class Margins:
    """The given label's probability and its strongest rival.

    Attributes
    ----------
    given : (n,) float32 or float64
        Probability of the given label; 1 for unlabelled rows.
    other : (n,) float32 or float64
        Largest probability among the other classes; of all classes for unlabelled rows; 0 when there is
        only one class.
    rival : (n,) int
        The class that has it; ties go to the lower code.
    rest : (n,) float32, optional
        Sum of p log p over the remaining classes.
    """

    given: FloatArray
    other: FloatArray
    rival: IntArray
    rest: FloatArray | None = None

    @classmethod
    def of(cls, stepped: Stepped) -> Margins:
        """Take them from what `labelscope.scorers.confident.kernels.summarize` made."""
        return cls(**stepped.rows)

    def at(self, rows: slice | IntArray) -> Margins:
        """Return those of some rows, probabilities in float64, where a difference is rounded once."""
        return Margins(
            self.given[rows].astype(np.float64),
            self.other[rows].astype(np.float64),
            self.rival[rows],
            None if self.rest is None else self.rest[rows],
        )

    @property
    def agrees(self) -> BoolArray:
        """(n,) bool: the model puts the given label first, ties and rounding included."""
        found = np.empty(len(self.given), dtype=bool)
        for rows in chunks(len(found)):
            wide = self.given[rows].astype(np.float64)
            wide += AGREEMENT
            np.greater_equal(wide, self.other[rows], out=found[rows])
        return found

    def predicted(self, codes: IntArray) -> IntArray:
        """Return the (n,) int64 most probable class, ties to the lower code."""
        found = np.empty(len(codes), dtype=np.int64)
        for rows in chunks(len(codes)):
            given, other, rival, own = self.given[rows], self.other[rows], self.rival[rows], codes[rows]
            wins = (other > given) | ((other == given) & (rival < own)) | (own < 0)
            found[rows] = np.where(wins, rival, own)
        return found


def margins(inputs: Inputs) -> Margins:
    """Take the margins of every row of probabilities that were checked before.

    Parameters
    ----------
    inputs : Inputs
        With probabilities.

    Returns
    -------
    Margins
    """
    from labelscope.scorers.blockwise import Step
    from labelscope.scorers.confident.kernels import summarize

    probs = inputs.probabilities()
    shape = Shape(inputs.codes, inputs.classes, frozenset({"pred_probs"}), str(probs.dtype))
    return Margins.of(in_memory(shape, {"pred_probs": probs})(Step(summarize)))


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
