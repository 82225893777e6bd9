"""One pass over a block of probabilities: everything that the confident family asks of a row.

A block is cut into tiles that stay in a core's cache. Few classes are turned on their side, so that every
operation runs along rows of memory as long as the tile. What is computed for a row depends on that row only,
to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.scorers.blockwise import Block, Partial
from labelscope.scorers.confident.row_sums import Sums, look_at, repaired, tolerance
from labelscope.types import Array, BoolArray, FloatArray, IntArray

_TILE_CELLS = 1 << 18
_SIDEWAYS_UP_TO = 48
# Stands for p log p = 0; the smallest normal float32 has a logarithm.
_NOTHING = float(np.finfo(np.float32).tiny)


class _Scratch:
    """Memory that one tile after the other works in, so that none has to be asked for."""

    def __init__(self, cells: int, dtype: np.dtype[Any], *, entropy: bool) -> None:
        self._work = np.empty(cells, dtype=dtype)
        self._equal = np.empty(cells, dtype=bool)
        self._logs = np.empty(cells if entropy else 0, dtype=np.float32)
        single = dtype == np.float32 or not entropy
        self._single = self._work if single else np.empty(cells, dtype=np.float32)

    def work(self, rows: int, columns: int) -> FloatArray:
        """Return a matrix to write a tile to."""
        return self._work[: rows * columns].reshape(rows, columns)

    def equal(self, rows: int, columns: int) -> BoolArray:
        """Return a matrix for comparisons."""
        return self._equal[: rows * columns].reshape(rows, columns)

    def with_logs(self, work: FloatArray, smallest: float) -> tuple[FloatArray, FloatArray]:
        """Return float32 values of a tile, all of which have logarithms, and those.

        One precision for all: the same probabilities give the same bits whatever they are stored in.
        """
        values = work
        if work.dtype != np.float32:
            values = self._single[: work.size].reshape(work.shape)
            np.copyto(values, work, casting="same_kind")
        if not smallest >= _NOTHING:
            np.maximum(values, np.float32(_NOTHING), out=values)
        logs = self._logs[: work.size].reshape(work.shape)
        return values, np.log(values, out=logs)


@dataclass(frozen=True)
class _Tile:
    """Where the kernels write what they find."""

    given: FloatArray
    other: FloatArray
    rival: IntArray
    rest: FloatArray | None
    scratch: _Scratch


def tiles(n: int, width: int) -> list[slice]:
    """Cut rows into slices of some ten thousand cells."""
    step = max(1, _TILE_CELLS // max(width, 1))
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def summarize(block: Block, *, entropy: bool = False) -> Partial:
    """Take what the family needs of every row.

    Parameters
    ----------
    block : Block
        With ``pred_probs``.
    entropy : bool
        Also sum p log p over the classes that are neither given nor the rival.

    Returns
    -------
    Partial
        ``rows``: ``given`` (probability of the given label, 1 for unlabelled rows), ``other`` (largest
        probability among other classes), ``rival`` (the class that has it, lowest code first), and ``rest``
        float32. ``reduced``: `Sums`, which rows do not sum to one.
    """
    probs = matrix(block)
    n, n_classes = probs.shape
    wide = np.dtype(np.float32) if probs.dtype == np.float16 else probs.dtype
    given, other = np.ones(n, dtype=wide), np.zeros(n, dtype=wide)
    rival, rest = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.float32) if entropy else None
    seen = Sums()
    if n_classes:
        kernel = _sideways if n_classes <= _SIDEWAYS_UP_TO else _upright
        limit = tolerance(probs.dtype)
        scratch = _Scratch(min(max(_TILE_CELLS, n_classes), max(n, 1) * n_classes), wide, entropy=entropy)
        for rows in tiles(n, n_classes):
            into = _Tile(given[rows], other[rows], rival[rows], None if rest is None else rest[rows], scratch)
            tile = probs[rows].astype(wide, copy=False)
            with np.errstate(all="ignore"):  # what is no probability is found below
                sums, smallest = kernel(tile, block.codes[rows], into)
            # Half of the limit: what is surely right needs no closer look, whatever the order of summing.
            if not (float(np.abs(sums - 1).max(initial=0.0)) <= limit / 2 and smallest >= 0.0):
                seen = seen.joined(look_at(tile, limit, block.start + rows.start))
                with np.errstate(all="ignore"):
                    kernel(repaired(tile, limit), block.codes[rows], into)
    found: dict[str, Array] = {"given": given, "other": other, "rival": rival}
    return Partial(seen, found if rest is None else {**found, "rest": rest})


def _sideways(tile: FloatArray, codes: IntArray, into: _Tile) -> tuple[FloatArray, float]:
    """Few classes: one row of memory per class."""
    b, n_classes = tile.shape
    work = into.scratch.work(n_classes, b)
    np.copyto(work, tile.T)
    sums, smallest = work.sum(axis=0), float(work.min(initial=1.0))
    flat, every = work.reshape(-1), np.arange(b)
    own = codes * b
    own += every
    _take_out(flat, own, codes, into.given, -1.0)
    work.max(axis=0, out=into.other)
    # The lowest code among equals has the highest weight; bytes are quick to search.
    equal = np.equal(work, into.other, out=into.scratch.equal(n_classes, b)).view(np.uint8)
    equal *= np.arange(n_classes, 0, -1, dtype=np.uint8)[:, None]
    np.subtract(n_classes, equal.max(axis=0), out=into.rival, casting="unsafe", dtype=np.int32)
    if into.rest is not None:
        # NaN equals nothing; such a row is refused in the end.
        at = np.minimum(into.rival, n_classes - 1).astype(np.int64) * b
        at += every
        flat[at] = _NOTHING
        _take_out(flat, own, codes, None, _NOTHING)
        values, logs = into.scratch.with_logs(work, smallest)
        logs *= values
        logs.sum(axis=0, out=into.rest)
    np.maximum(into.other, 0.0, out=into.other)
    return sums, smallest


def _upright(tile: FloatArray, codes: IntArray, into: _Tile) -> tuple[FloatArray, float]:
    """Many classes: rows of memory are long enough as they are."""
    b, n_classes = tile.shape
    work = into.scratch.work(b, n_classes)
    np.copyto(work, tile)
    sums, smallest = work @ np.ones(n_classes, dtype=work.dtype), float(work.min(initial=1.0))
    flat, starts = work.reshape(-1), np.arange(0, b * n_classes, n_classes)
    own = codes + starts
    _take_out(flat, own, codes, into.given, -1.0)
    # Probabilities and their bits have the same order, and whole numbers are searched faster.
    best = work.view(np.int32 if work.dtype == np.float32 else np.int64).argmax(axis=1)
    into.rival[:] = best
    best += starts
    flat.take(best, out=into.other, mode="clip")
    if into.rest is not None:
        flat[best] = _NOTHING
        _take_out(flat, own, codes, None, _NOTHING)
        np.einsum("ij,ij->i", *into.scratch.with_logs(work, smallest), out=into.rest)
    return sums, smallest


def _take_out(
    flat: FloatArray, at: IntArray, codes: IntArray, given: FloatArray | None, instead: float
) -> None:
    """Read the given labels' probabilities, unless that was done, and leave something in their place."""
    if len(codes) and codes.min() >= 0:
        if given is not None:
            flat.take(at, out=given, mode="clip")
        flat[at] = instead
        return
    labelled = np.flatnonzero(codes >= 0)
    if given is not None:
        given[labelled] = flat[at[labelled]]
    flat[at[labelled]] = instead


def matrix(block: Block) -> FloatArray:
    """Return the probabilities of a block, which the step asked for."""
    if block.pred_probs is None:
        raise ValueError("this step needs pred_probs")
    return block.pred_probs


def probabilities(block: Block, rows: IntArray, off: IntArray) -> FloatArray:
    """Return some rows of a block, widened and repaired as `summarize` saw them.

    Parameters
    ----------
    block : Block
        With ``pred_probs``.
    rows : (m,) int
        Positions inside the block.
    off : (o,) int
        Positions among all rows of those that need repair.
    """
    probs = matrix(block)
    taken = np.asarray(probs).take(rows, axis=0)
    wide = taken.astype(np.float32) if taken.dtype == np.float16 else taken
    return repaired(wide, tolerance(probs.dtype)) if len(off) else wide
