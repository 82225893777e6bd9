"""Blocks of rows: where they begin and end, and how one is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from labelscope.data.matrices import MatrixSource
from labelscope.scorers.blockwise import Block, chunk_rows
from labelscope.types import Array, FloatArray, IntArray

MATRICES = ("pred_probs", "knn_ids", "knn_distances")


@dataclass(frozen=True)
class Matrices:
    """All rows: labels in memory, matrices wherever they are.

    Attributes
    ----------
    codes : (n,) int64
        Given labels, -1 for unlabelled rows.
    n_classes : int
    sources : mapping of str to MatrixSource
        By the names of evidence.
    """

    codes: IntArray
    n_classes: int
    sources: Mapping[str, MatrixSource]

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.codes)

    def row_bytes(self, needs: tuple[str, ...]) -> int:
        """Bytes of one row of the matrices that a step needs."""
        found = [self.sources[name] for name in needs if name in self.sources]
        return max(8, sum(one.shape[1] * one.dtype.itemsize for one in found))


def cut(n: int, n_classes: int, at_most: int) -> list[tuple[int, int]]:
    """Cut rows into ranges that begin at multiples of the chunk over which sums run.

    Parameters
    ----------
    n : int
        Number of rows.
    n_classes : int
        Number of classes, which decides about the chunk.
    at_most : int
        Rows of a block, rounded down to a multiple of the chunk, but at least one chunk.

    Returns
    -------
    list of (int, int)
        At least one range, of no rows where there are none.

    Examples
    --------
    >>> cut(1_200_000, 1, 600_000)
    [(0, 524288), (524288, 1048576), (1048576, 1200000)]
    """
    chunk = chunk_rows(n_classes)
    step = max(at_most // chunk, 1) * chunk
    return [(start, min(start + step, n)) for start in range(0, n, step)] or [(0, 0)]


def read_block(
    span: tuple[int, int],
    codes: IntArray,
    n_classes: int,
    read: Mapping[str, Array],
    all_codes: IntArray | None,
) -> Block:
    """Put a block together from what was read of each matrix.

    Parameters
    ----------
    span : (int, int)
        First row, and the one behind the last.
    codes : (b,) int64
    n_classes : int
    read : mapping of str to (b, width) array
    all_codes : (n,) int64, optional

    Returns
    -------
    Block
    """
    probs, ids, distances = (read.get(name) for name in MATRICES)
    return Block(
        start=span[0],
        stop=span[1],
        codes=codes,
        n_classes=n_classes,
        pred_probs=None if probs is None else computable(probs),
        knn_ids=ids,
        knn_distances=distances,
        all_codes=all_codes,
    )


def computable(probs: Array) -> FloatArray:
    """Return numbers in the byte order of the machine, whole ones as float64; steps widen float16."""
    kind = probs.dtype
    if kind.kind in "iub":
        return probs.astype(np.float64)
    return probs if kind.isnative else probs.astype(kind.newbyteorder("="))
