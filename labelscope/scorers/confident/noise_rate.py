"""Which rows have the largest margins to another class, for all pairs of classes at once.

Nearly the whole answer is in the margins to the two strongest rivals of rows that the model doubts. They
bound from below what a row needs in any column, and few rows can reach that in a column that is not one of
their rivals': only those cells are looked up in the matrix.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from labelscope.scorers.blockwise import Step, Stepped
from labelscope.scorers.confident.groups import (
    bound_kth_highest,
    bounded_from_below,
    lowest_of_groups,
    packed,
)
from labelscope.scorers.confident.lookup import Hunt, third_step
from labelscope.scorers.confident.margins import Margins, chunks
from labelscope.types import BoolArray, FloatArray, IntArray

# More than rounding can add to the sum of a row.
_SUM = 1.01
_NO_BOUND = -2.0
# Keeps a class's bounds, which lie in [-2, 1], apart from the next class's.
_APART = 4.0
_SLACK = 1e-9


@dataclass(frozen=True)
class Wanted:
    """How many rows are to be selected for each pair of classes, listed by pair.

    Attributes
    ----------
    codes : (n,) int
        Given labels.
    rows : Margins
        Margins of every row.
    doubted : (m,) int
        Labelled rows that the model does not agree with, ascending.
    counts : (K, K) int
        How many of given class (row) for each other class (column); 0 on the diagonal.
    only_doubted : bool
        Select among the rows that the model doubts only.
    """

    codes: IntArray
    rows: Margins
    doubted: IntArray
    counts: IntArray
    only_doubted: bool

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.counts)


@dataclass(frozen=True)
class _Cells:
    """Cells that are known: rows, their pairs (given * K + other) and margins."""

    rows: IntArray
    pairs: IntArray
    margins: FloatArray

    def and_also(self, more: _Cells) -> _Cells:
        return _Cells(
            np.concatenate([self.rows, more.rows]),
            np.concatenate([self.pairs, more.pairs]),
            np.concatenate([self.margins, more.margins]),
        )

    def kept(self, which: BoolArray) -> _Cells:
        return _Cells(self.rows[which], self.pairs[which], self.margins[which])


def leaders(wanted: Wanted, off: IntArray) -> Generator[Step, Stepped, BoolArray]:
    """Mark the rows that are among the ``counts[k, j]`` largest margins of any pair.

    Parameters
    ----------
    wanted : Wanted
        What to select.
    off : (o,) int
        Rows of the matrix that need repair.

    Returns
    -------
    (n,) bool
    """
    flat, doubted, codes = wanted.counts.reshape(-1), wanted.doubted, wanted.codes
    here = wanted.rows.at(doubted)
    cells = _cells(wanted, doubted, here.rival, here.other - here.given)
    floor = _floors(codes[doubted], here.given, wanted.counts)
    bounds = np.maximum(bound_kth_highest(cells.pairs, cells.margins, flat), floor)
    reach = _reach(here.other, here.other, here.given)
    third = np.full(len(doubted), -1, dtype=np.int64)
    pairs = _Pairs.of(wanted.counts, bounds)
    open_, n_pairs = pairs.within(codes[doubted], reach)
    # Finding the next rival of a row costs about as much as looking up a sixteenth of its cells.
    if 16 * int(n_pairs.sum()) > len(open_) * wanted.n_classes:
        value, code = (yield third_step(doubted[open_], here.rival[open_], off)).reduced
        # With two classes there is none, and its value is below 0.
        known = value >= 0
        third[open_[known]] = code[known]
        more = _cells(wanted, doubted[open_[known]], code[known], (value - here.given[open_])[known])
        cells = cells.and_also(more.kept(more.margins >= bounds[more.pairs]))
        bounds = np.maximum(bound_kth_highest(cells.pairs, cells.margins, flat), floor)
        reach[open_] = _reach(value, here.other[open_] + value, here.given[open_])
        pairs = _Pairs.of(wanted.counts, bounds)
        open_, n_pairs = pairs.within(codes[doubted], reach)
    rows, third = doubted[open_], third[open_]
    if not wanted.only_doubted:
        more, others, n_more = _agreeing(wanted, bounds, pairs)
        cells = cells.and_also(more)
        if len(others):
            order = np.argsort(np.concatenate([rows, others]))
            rows = np.concatenate([rows, others])[order]
            n_pairs = np.concatenate([n_pairs, n_more])[order]
            third = np.concatenate([third, np.full(len(others), -1)])[order]
    hunt = _hunt(wanted, pairs, rows, n_pairs, third)
    if len(hunt.rows):
        found = (yield hunt.step(off)).reduced
        cells = cells.and_also(_Cells(found[0], hunt.pair[found[1]], found[2]))
    chosen = np.zeros(len(codes), dtype=bool)
    cells = cells.kept(cells.margins >= bounds[cells.pairs])
    chosen[cells.rows[lowest_of_groups(cells.pairs, -cells.margins, flat)]] = True
    return chosen


def _cells(wanted: Wanted, rows: IntArray, other: IntArray, margins: FloatArray) -> _Cells:
    """Return cells of rows in the columns of other classes, as far as any are wanted of that pair."""
    pairs = wanted.codes[rows] * wanted.n_classes + other
    return _Cells(rows, pairs, margins).kept(wanted.counts.reshape(-1)[pairs] > 0)


def _floors(codes: IntArray, given: FloatArray, counts: IntArray) -> FloatArray:
    """Bound margins by p ≥ 0: a row has at least minus its given label's probability in every column."""
    size = np.bincount(codes, minlength=len(counts))
    floor = np.where(counts > 0, -np.inf, np.inf)
    own, other = np.nonzero((counts > 0) & (counts <= size[:, None]))
    if len(own):
        first = np.cumsum(size) - size
        floor[own, other] = bounded_from_below(packed(codes, -given), first[own] + counts[own, other])
    return np.asarray(floor.reshape(-1))


@dataclass(frozen=True)
class _Pairs:
    """Pairs of which any row is wanted, by given class and then by bound."""

    pair: IntArray
    bound: FloatArray
    starts: IntArray
    keys: FloatArray
    lowest: FloatArray

    @classmethod
    def of(cls, counts: IntArray, bounds: FloatArray) -> _Pairs:
        n_classes = len(counts)
        pair = np.flatnonzero(counts.reshape(-1) > 0)
        bound = np.maximum(bounds[pair], _NO_BOUND)
        keys = (pair // max(n_classes, 1)) * _APART + bound
        order = np.argsort(keys)
        pair, keys = pair[order], keys[order]
        starts = np.searchsorted(pair // max(n_classes, 1), np.arange(n_classes + 1))
        bound, lowest = bound[order], np.full(n_classes, np.inf)
        filled = np.flatnonzero(starts[:-1] < starts[1:])
        lowest[filled] = bound[starts[:-1][filled]]
        return cls(pair, bound, starts, keys, lowest)

    def within(self, codes: IntArray, reach: FloatArray) -> tuple[IntArray, IntArray]:
        """Return which rows reach any pair of their class, and how many."""
        open_ = np.flatnonzero(reach >= self.lowest[codes]) if len(codes) else codes
        own = codes[open_]
        ends = np.searchsorted(self.keys, own * _APART + reach[open_], side="right")
        return open_, ends - self.starts[own]


def _reach(most: FloatArray, sums: FloatArray, given: FloatArray) -> FloatArray:
    """Bound the margin in columns that are not looked up yet: at most the last rival, and what is left."""
    return np.minimum(most, _SUM - sums - given) - given + _SLACK


def _agreeing(wanted: Wanted, bounds: FloatArray, pairs: _Pairs) -> tuple[_Cells, IntArray, IntArray]:
    """Return cells of rows that the model agrees with, and those rows that reach further, how many pairs."""
    cells = [_Cells(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    rows: list[IntArray] = [np.zeros(0, np.int64)]
    n_pairs: list[IntArray] = [np.zeros(0, np.int64)]
    # A row that the model agrees with has no margin to speak of.
    if pairs.lowest.min(initial=np.inf) <= _SUM - 1:
        for part in chunks(len(wanted.codes)):
            own, here = wanted.codes[part], wanted.rows.at(part)
            margin = here.other - here.given
            near = np.flatnonzero((own >= 0) & (margin >= pairs.lowest[np.maximum(own, 0)]))
            near = near[~_contains(wanted.doubted, part.start + near)]
            found = _cells(wanted, part.start + near, here.rival[near], margin[near])
            cells.append(found.kept(found.margins >= bounds[found.pairs]))
            reach = _reach(here.other[near], here.other[near], here.given[near])
            further, n_further = pairs.within(own[near], reach)
            rows.append(part.start + near[further])
            n_pairs.append(n_further)
    return reduce(_Cells.and_also, cells), np.concatenate(rows), np.concatenate(n_pairs)


def _contains(ascending: IntArray, rows: IntArray) -> BoolArray:
    place = np.searchsorted(ascending, rows)
    inside = place < len(ascending)
    inside[inside] = ascending[place[inside]] == rows[inside]
    return inside


def _hunt(wanted: Wanted, pairs: _Pairs, rows: IntArray, n_pairs: IntArray, third: IntArray) -> Hunt:
    own, here = wanted.codes[rows], wanted.rows.at(rows)
    return Hunt(
        rows,
        here.given,
        n_pairs,
        pairs.starts[own],
        here.rival,
        third,
        pairs.pair % max(wanted.n_classes, 1),
        pairs.bound,
        pairs.pair,
        wanted.counts.reshape(-1)[pairs.pair],
    )
