"""Log evidence of some rows, classes along rows of memory: all of them, or candidates where they are many."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labelscope.scorers.blockwise import Block
from labelscope.scorers.confident import row_sums
from labelscope.scorers.likeliest import likeliest
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.types import FloatArray, IntArray

DENSE_UP_TO = 64
# So many classes, of so many rows at most, are all looked at where pairs of them have rates of their own.
PAIRS_UP_TO, PAIRS_ROWS = 128, 50_000
CANDIDATES = 32
FLOOR = np.float32(1e-8)
EXTRA_VOTES = np.float32(0.5)


@dataclass(frozen=True)
class Table:
    """Evidence about some rows.

    Attributes
    ----------
    parts : dict of str to (W, b) float32
        Log evidence of every part.
    given : (b,) int64
        The given label's place among the W; -1 is unlabelled.
    classes : (b, W) int or None
        Which classes these are, the given one first, then the likeliest; None for all in their order.
    """

    parts: dict[str, FloatArray]
    given: IntArray
    classes: IntArray | None = None

    @property
    def width(self) -> int:
        """How many classes every row has."""
        return len(next(iter(self.parts.values())))

    def codes(self, columns: IntArray) -> IntArray:
        """Return class codes of one column per row."""
        if self.classes is None:
            return columns
        return np.asarray(self.classes[np.arange(len(columns)), columns])


def parts_of(block: Block) -> list[str]:
    """Return the names of the parts that a block's evidence has."""
    graph = block.knn_ids is not None and block.all_codes is not None and block.knn_ids.shape[1] > 0
    return [*(["model"] if block.pred_probs is not None else []), *(["neighbors"] if graph else [])]


def values_of(block: Block, rows: slice | IntArray, off: IntArray) -> dict[str, FloatArray]:
    """Return (b, K) probabilities and votes of some of a block's rows, whichever there are.

    Parameters
    ----------
    block : Block
        With ``pred_probs``, or with ``knn_ids`` and ``all_codes``, or with all of them.
    rows : slice or (b,) int
        Positions inside the block.
    off : (o,) int
        Positions among all rows of those whose probabilities need repair.
    """
    found: dict[str, FloatArray] = {}
    if block.pred_probs is not None:
        probs = block.pred_probs[rows]
        if probs.dtype == np.float16:
            probs = probs.astype(np.float32)
        if len(off):
            probs = row_sums.repaired(probs, row_sums.tolerance(block.pred_probs.dtype))
        found["model"] = probs
    if block.knn_ids is not None and block.all_codes is not None and block.knn_ids.shape[1]:
        found["neighbors"] = count_votes(block.knn_ids[rows], block.all_codes, block.n_classes)
    return found


def table_of(values: Mapping[str, FloatArray], codes: IntArray, *, dense: bool) -> Table:
    """Take logs, of all classes or of the given one and the likeliest others.

    Parameters
    ----------
    values : mapping of str to (b, K) float
        As `values_of` returns them.
    codes : (b,) int
        Given labels; -1 is unlabelled.
    dense : bool
        Whether all classes are wanted.
    """
    if dense:
        turned = {name: np.array(one.T, dtype=np.float32, order="C") for name, one in values.items()}
        return Table(logs_of(turned), codes)
    chosen, found = picked(values, codes)
    turned = {name: np.array(one.T, dtype=np.float32, order="C") for name, one in found.items()}
    return Table(logs_of(turned), np.minimum(codes, 0), chosen)


def picked(values: Mapping[str, FloatArray], codes: IntArray) -> tuple[IntArray, dict[str, FloatArray]]:
    """Return the candidates (b, W) of each row, and what there is of them.

    Parameters
    ----------
    values : mapping of str to (b, K) float
        As `values_of` returns them.
    codes : (b,) int
        Given labels; -1 is unlabelled.
    """
    level = next(iter(values.values()))
    if len(values) > 1:
        level = np.maximum(values["model"], FLOOR) * (values["neighbors"] + EXTRA_VOTES)
    chosen = likeliest(level, codes, CANDIDATES)
    flat = chosen + np.arange(0, level.size, level.shape[1])[:, None]
    return chosen, {name: np.ascontiguousarray(one).reshape(-1).take(flat) for name, one in values.items()}


def logs_of(values: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Turn values, classes along rows of memory, into logs, in place."""
    for name, one in values.items():
        if name == "model":
            np.clip(one, FLOOR, np.inf, out=one)  # several times faster than the maximum
        else:
            one += EXTRA_VOTES
        np.log(one, out=one)
    return values
