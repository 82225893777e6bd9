"""Selecting within groups: the lowest few of every class, or of every pair of classes, at once."""

from __future__ import annotations

import numpy as np

from labelscope.scorers.confident.margins import lowest
from labelscope.types import Array, BoolArray, FloatArray, IntArray


def lowest_of_groups(
    groups: IntArray, values: FloatArray, wanted: IntArray, then_by: FloatArray | None = None
) -> BoolArray:
    """Mark the lowest values of each group, with the rule for ties of `lowest`.

    Parameters
    ----------
    groups : (m,) int
        Groups, all ≥ 0.
    values : (m,) float
        Values.
    wanted : (n_groups,) int
        How many to mark of each group.
    then_by : (m,) float, optional
        Decides between equal values.

    Returns
    -------
    (m,) bool

    Examples
    --------
    >>> values = np.array([0.3, 0.1, 0.2, 0.9])
    >>> lowest_of_groups(np.array([0, 0, 0, 1]), values, np.array([2, 0])).tolist()
    [False, True, True, False]
    """
    marked = np.zeros(len(groups), dtype=bool)
    order, starts, counts = sorted_groups(groups, values)
    if not len(order):
        return marked
    group = groups[order[starts]]
    take = np.clip(wanted[group], 0, counts)
    some = take > 0
    order_values = values[order]
    cuts = np.full(len(group), -np.inf)
    cuts[some] = order_values[starts[some] + take[some] - 1]
    cut = np.repeat(cuts, counts)
    below, tied = order_values < cut, order_values == cut
    n_tied = np.add.reduceat(tied.astype(np.int64), starts)
    still = take - np.add.reduceat(below.astype(np.int64), starts)
    whole = some & (still == n_tied)
    if then_by is None:
        whole |= some & (2 * still >= n_tied)
        undecided: Array = np.zeros(0, dtype=np.int64)
    else:
        undecided = np.flatnonzero(some & ~whole)
    chosen = below | (tied & np.repeat(whole, counts))
    for one in undecided:
        assert then_by is not None
        inside = starts[one] + np.flatnonzero(tied[starts[one] : starts[one] + counts[one]])
        chosen[inside] = lowest(then_by[order[inside]], int(still[one]))
    marked[order] = chosen
    return marked


def sorted_groups(groups: IntArray, values: FloatArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return an order by group and then value, and where in it each non-empty group starts, and its size."""
    order = np.argsort(values)
    keys = groups[order]
    small = not len(keys) or int(keys.max()) <= 32767
    order = order[np.argsort(keys.astype(np.int16) if small else keys, kind="stable")]
    keys = groups[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else keys[:0]
    counts = np.diff(np.concatenate([starts, [len(keys)]]))
    return np.asarray(order), np.asarray(starts, dtype=np.int64), np.asarray(counts, dtype=np.int64)


def bound_kth_highest(groups: IntArray, values: FloatArray, wanted: IntArray) -> FloatArray:
    """Bound each group's ``wanted``-th highest value from below, by up to two billionths less.

    Parameters
    ----------
    groups : (m,) int
        Groups, all ≥ 0.
    values : (m,) float
        In [-1, 1].
    wanted : (n_groups,) int
        Ranks, counted from 1.

    Returns
    -------
    (n_groups,) float64
        Minus infinity where the group has fewer, plus infinity where none is wanted.
    """
    found = np.where(wanted > 0, -np.inf, np.inf)
    counts = np.bincount(groups, minlength=len(wanted))
    enough = np.flatnonzero((wanted > 0) & (wanted <= counts))
    if len(enough):
        ends = np.cumsum(counts)
        found[enough] = bounded_from_below(
            packed(groups, values), ends[enough] - counts[enough] + wanted[enough]
        )
    return found


def packed(groups: IntArray, values: FloatArray) -> IntArray:
    """Return sorted whole numbers that hold group and value in [-1, 1], each group's highest first.

    They sort many times faster than an order of rows is found.
    """
    keys = groups.astype(np.int64) << 32
    # One less, because adding 1 may round up.
    keys |= (1 << 31) - (np.floor((values.astype(np.float64) + 1.0) * 2.0**30).astype(np.int64) - 1)
    keys.sort()
    return keys


def bounded_from_below(keys: IntArray, ranks: IntArray) -> FloatArray:
    """Return values of `packed` by rank in the whole, counted from 1, up to two billionths too low."""
    return np.asarray(((1 << 31) - (keys[ranks - 1] & 0xFFFFFFFF)) * 2.0**-30 - 1.0)
