"""Looking up single cells of the matrix, block by block, and only those that can matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from labelscope.scorers.blockwise import Block, Partial, Step
from labelscope.scorers.confident.groups import bound_kth_highest
from labelscope.scorers.confident.kernels import matrix, probabilities, tiles
from labelscope.types import Array, FloatArray, IntArray

_CELLS = 1 << 16


@dataclass(frozen=True)
class Hunt:
    """What to look up.

    Attributes
    ----------
    rows : (m,) int64
        Rows that may lead in a column that is not known yet, ascending.
    own : (m,) float64
        Probabilities of their given labels.
    n_pairs : (m,) int64
        How many of the given class's pairs are within reach, of those listed from ``first`` on.
    first : (m,) int64
        Where the given class's pairs begin.
    rival, third : (m,) int
        Columns that are known already; ``third`` may be -1.
    column : (p,) int64
        Other class of each pair, by given class and then by bound.
    bound : (p,) float64
        Margin that is needed.
    pair : (p,) int64
        given * K + other.
    wanted : (p,) int64
        How many rows are to be selected.
    """

    rows: IntArray
    own: FloatArray
    n_pairs: IntArray
    first: IntArray
    rival: IntArray
    third: IntArray
    column: IntArray
    bound: FloatArray
    pair: IntArray
    wanted: IntArray

    def step(self, off: IntArray) -> Step:
        """Return the step, given the rows that need repair; it finds rows, pairs and margins."""
        return Step(partial(_look_up, hunt=self, off=off), _joined)


def _look_up(block: Block, *, hunt: Hunt, off: IntArray) -> Partial:
    first, last = (int(end) for end in np.searchsorted(hunt.rows, (block.start, block.stop)))
    # Repairing needs whole rows.
    cells = np.maximum(hunt.n_pairs[first:last], block.n_classes if len(off) else 1)
    ends = np.cumsum(np.concatenate([[0], cells]))
    found: list[tuple[Array, ...]] = []
    start = 0
    while start < last - first:
        stop = max(int(np.searchsorted(ends, ends[start] + _CELLS, side="right")) - 1, start + 1)
        found.append(_leading(block, hunt, slice(first + start, first + stop), off))
        start = stop
    return Partial(_bounded(_joined(found), hunt))


def _leading(block: Block, hunt: Hunt, some: slice, off: IntArray) -> tuple[Array, ...]:
    """Return rows, pairs and margins that reach their bounds, known columns left out."""
    counts = hunt.n_pairs[some]
    inside = np.arange(len(counts)).repeat(counts)
    # The k-th cell of a row is the k-th pair of its class.
    place = np.arange(len(inside)) + (hunt.first[some] - (np.cumsum(counts) - counts)).repeat(counts)
    column = hunt.column[place]
    rows = hunt.rows[some] - block.start
    if len(off):
        values = probabilities(block, rows, off)[inside, column]
    else:
        values = matrix(block)[rows[inside], column]
    margin = values.astype(np.float64)
    margin -= hunt.own[some].repeat(counts)
    leads = np.flatnonzero(margin >= hunt.bound[place])
    new = column[leads] != hunt.rival[some][inside[leads]]
    new &= column[leads] != hunt.third[some][inside[leads]]
    leads = leads[new]
    return hunt.rows[some][inside[leads]], place[leads], margin[leads]


def _bounded(found: tuple[Array, ...], hunt: Hunt) -> tuple[Array, ...]:
    """Keep of each pair no more than can be selected, and what ties with the last of them."""
    if len(found[0]) <= _CELLS:
        return found
    bounds = bound_kth_highest(found[1], found[2], hunt.wanted)
    kept = found[2] >= bounds[found[1]]
    return tuple(part[kept] for part in found)


def _joined(parts: Sequence[tuple[Array, ...]]) -> tuple[Array, ...]:
    empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return tuple(np.concatenate([none, *(part[i] for part in parts)]) for i, none in enumerate(empty))


def third_step(rows: IntArray, rival: IntArray, off: IntArray) -> Step:
    """Return the step that finds the best class but for the given one and the rival.

    Parameters
    ----------
    rows : (m,) int
        Labelled rows, ascending.
    rival : (m,) int
        Their rivals.
    off : (o,) int
        Rows that need repair.

    Returns
    -------
    Step
        Its reduction: (m,) float64 probabilities, -1 where there are two classes only, and (m,) int64 codes.
    """
    return Step(partial(_third, wanted=rows, rival=rival, off=off), _both)


def _third(block: Block, *, wanted: IntArray, rival: IntArray, off: IntArray) -> Partial:
    first, last = (int(end) for end in np.searchsorted(wanted, (block.start, block.stop)))
    found = []
    for part in tiles(last - first, block.n_classes):
        rows = wanted[first:last][part] - block.start
        values = probabilities(block, rows, off)
        every = np.arange(len(rows))
        values[every, block.codes[rows]] = -1.0
        values[every, rival[first:last][part]] = -1.0
        best = values.view(np.int32 if values.dtype == np.float32 else np.int64).argmax(axis=1)
        found.append((values[every, best].astype(np.float64), best))
    return Partial(_both(found))


def _both(parts: Sequence[tuple[FloatArray, IntArray]]) -> tuple[FloatArray, IntArray]:
    values: list[FloatArray] = [np.zeros(0)]
    codes: list[IntArray] = [np.zeros(0, np.int64)]
    for value, code in parts:
        values.append(value)
        codes.append(code)
    return np.concatenate(values), np.concatenate(codes)
