"""Nearest neighbors of many rows: every row is compared with the rows of the cells around it.

The rows are parted into cells of a few hundred by k-means (an inverted file: Jégou, Douze and Schmid 2011,
without their compression), and every row looks through the cells whose centers are nearest to it. How many
cells that takes is read off beforehand from a few hundred rows whose true neighbors are known. Matrix
products do the work, in blocks that fit the cache; nothing is compiled, and what is held besides the points
and the result hardly grows with the rows.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from labelscope.evidence.exact_neighbors import GUIDED, ranked, smallest
from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.progress import progress
from labelscope.types import FloatArray, IntArray

WANTED_RECALL = 0.97
LOOKED_AT = 256
_NEARBY = 128
_ROUNDS = 6
_ROWS_PER_CENTER = 32
_BLOCK_CELLS = 4_000_000
_MARGIN = 4
_HASHED = 48


@dataclass(frozen=True)
class Cells:
    """Rows parted into cells.

    Attributes
    ----------
    centers : (c, d) float32
    order : (n,) int64
        Rows, cell by cell.
    bounds : (c + 1,) int64
        Where each cell begins in ``order``.
    """

    centers: FloatArray
    order: IntArray
    bounds: IntArray

    @property
    def home(self) -> IntArray:
        """Cell of each row, (n,) int64."""
        cells = np.empty(len(self.order), dtype=np.int64)
        cells[self.order] = np.repeat(np.arange(len(self.centers)), np.diff(self.bounds))
        return cells


@dataclass(frozen=True)
class Found:
    """Result of a search: ``ids`` (n, k) int32, ``distances`` (n, k) float32 and the share found."""

    ids: IntArray
    distances: FloatArray
    recall: float


def usual_cell_size(n: int) -> int:
    """Rows in a cell: more cells make fewer candidates, but more centers to look at."""
    return max(250, int(0.5 * n**0.5))


def n_threads() -> int:
    """Threads that the user lets BLAS have, at most the cores that this process may use."""
    from threadpoolctl import threadpool_info

    allowed = [int(pool["num_threads"]) for pool in threadpool_info() if pool.get("user_api") == "blas"]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([cores, *allowed]))


def search(
    points: FloatArray,
    k: int,
    *,
    guide: FloatArray | None = None,
    random_state: int = 0,
    cell_size: int | None = None,
    wanted_recall: float = WANTED_RECALL,
) -> Found:
    """Find about the k nearest rows of every row by Euclidean distance.

    Parameters
    ----------
    points : (n, d) float32
        Finite numbers.
    k : int
        Between 1 and n - 1.
    guide : (n, c) float32, optional
        Fewer columns that find the candidates, of which the nearest in ``points`` are kept.
    random_state : int
        Seed of the rows from which centers and recall are learned; rows are drawn by content.
    cell_size : int, optional
        Rows in a cell, about.
    wanted_recall : float
        Share of the true neighbors to be found. Less is found where that would take all cells around a
        row that are kept in view (128).

    Returns
    -------
    Found
        Nearest first, ties by row; the row itself is not among them. ``recall`` is measured on at most 256
        rows.
    """
    from threadpoolctl import threadpool_limits

    n = len(points)
    threads = n_threads()
    drawn = _drawn(points, random_state)
    # One thread each for BLAS: then two cores give the same numbers as one.
    with threadpool_limits(limits=1, user_api="blas"):
        seen = points if guide is None else guide
        cells = part(seen, drawn, cell_size or usual_cell_size(n))
        rows = np.sort(drawn[:LOOKED_AT])
        true = nearest_of(points, rows, k)
        near = nearby_cells(cells, min(_NEARBY, len(cells.centers)))
        n_probes = _probes_needed(seen, cells, near, rows, true, wanted_recall)
        wanted = min(k + _MARGIN if guide is None else GUIDED * k, n - 1)
        search_ = _Search(seen, cells, near, n_probes, wanted)
        ids, distances = search_.run(k, threads, None if guide is None else points)
    return Found(ids, distances, recall_of(ids[rows], true))


def _drawn(points: FloatArray, random_state: int) -> IntArray:
    """Rows in an order that depends on their content, not on where they stand."""
    width = points.shape[1]
    columns = np.sort(np.random.default_rng(random_state).permutation(width)[:_HASHED])
    return np.argsort(matrix_keys(points[:, columns], random_state=random_state), kind="stable")


def recall_of(found: IntArray, true: IntArray) -> float:
    """Share of the true neighbors (m, k) that are among those found (m, k)."""
    return float(np.mean([np.isin(one, other).mean() for one, other in zip(true, found, strict=True)]))


def part(points: FloatArray, drawn: IntArray, size: int) -> Cells:
    """Part the rows into cells of about ``size`` by k-means on the first rows of ``drawn``."""
    n = len(points)
    count = max(1, n // size)
    sample = points[drawn[: min(n, _ROWS_PER_CENTER * count)]]
    centers = sample[:count].copy()
    for _ in range(_ROUNDS):
        centers = _means(sample, _nearest_center(sample, centers), centers)
    home = _nearest_center(points, centers)
    order = np.argsort(home, kind="stable")
    bounds = np.r_[0, np.cumsum(np.bincount(home, minlength=count))]
    # A cell that is far too large, of rows that are alike for instance, is cut into several of one center.
    cut = [np.arange(low, high, 4 * size) for low, high in pairwise(bounds)]
    repeats = np.array([len(starts) for starts in cut])
    return Cells(np.repeat(centers, repeats, axis=0), order, np.r_[np.concatenate(cut), n].astype(np.int64))


def _nearest_center(points: FloatArray, centers: FloatArray) -> IntArray:
    half = np.einsum("ij,ij->i", centers, centers) / 2
    out = np.empty(len(points), dtype=np.int64)
    step = max(256, _BLOCK_CELLS // max(1, len(centers)))
    for start in range(0, len(points), step):
        closeness = points[start : start + step] @ centers.T
        closeness -= half
        out[start : start + step] = closeness.argmax(axis=1)
    return out


def _means(sample: FloatArray, home: IntArray, centers: FloatArray) -> FloatArray:
    order = np.argsort(home, kind="stable")
    present, first = np.unique(home[order], return_index=True)
    sums = np.add.reduceat(sample[order], first, axis=0)
    out = centers.copy()
    out[present] = sums / np.diff(np.r_[first, len(order)])[:, None].astype(np.float32)
    return out


def nearby_cells(cells: Cells, count: int) -> IntArray:
    """Cells (c, count) around each cell: itself first, then by the distance of the centers."""
    squares = np.einsum("ij,ij->i", cells.centers, cells.centers)
    near = np.empty((len(squares), count), dtype=np.int64)
    step = max(1, _BLOCK_CELLS // len(squares))
    for start in range(0, len(squares), step):
        gaps = squares - 2 * cells.centers[start : start + step] @ cells.centers.T
        gaps[np.arange(len(gaps)), np.arange(start, start + len(gaps))] = -np.inf
        best = np.argpartition(gaps, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(gaps, best, axis=1), axis=1, kind="stable")
        near[start : start + step] = np.take_along_axis(best, order, axis=1)
    return near


def _probes(rows: FloatArray, centers: FloatArray, near: IntArray) -> IntArray:
    """Cells (m, p) around the rows of one cell, by their distance from each row; its own comes first."""
    around = centers[near]
    gaps = np.einsum("ij,ij->i", around, around) - 2 * rows @ around.T
    gaps[:, 0] = -np.inf
    return np.asarray(near[np.argsort(gaps, axis=1, kind="stable")])


def _probes_needed(
    points: FloatArray, cells: Cells, near: IntArray, rows: IntArray, true: IntArray, wanted: float
) -> int:
    """How many cells each row has to look through to find the wanted share of its true neighbors."""
    home = cells.home
    place = np.empty((len(rows), true.shape[1]), dtype=np.int64)
    for i, row in enumerate(rows):
        probes = _probes(points[row][None, :], cells.centers, near[home[row]])[0]
        rank = np.full(len(cells.centers), len(probes))
        rank[probes] = np.arange(len(probes))
        place[i] = rank[home[true[i]]]
    found = np.cumsum(np.bincount(place.ravel(), minlength=near.shape[1] + 1)) / place.size
    return int(min(np.searchsorted(found, wanted) + 1, near.shape[1]))


def nearest_of(points: FloatArray, rows: IntArray, k: int) -> IntArray:
    """Exact nearest rows (m, k) of a few rows, in no order, in bounded memory."""
    own = points[rows]
    best_gaps = np.full((len(rows), k), np.inf, dtype=np.float32)
    best = np.zeros((len(rows), k), dtype=np.int64)
    step = max(k + 1, _BLOCK_CELLS // max(1, len(rows)))
    for start in range(0, len(points), step):
        block = points[start : start + step]
        gaps = np.einsum("ij,ij->i", block, block) - 2 * own @ block.T
        inside = np.flatnonzero((rows >= start) & (rows < start + len(block)))
        gaps[inside, rows[inside] - start] = np.inf
        inner = smallest(gaps, min(k, len(block)))[0]
        merged = np.hstack([best_gaps, np.take_along_axis(gaps, inner, axis=1)])
        pick = np.argpartition(merged, k - 1, axis=1)[:, :k]
        best = np.take_along_axis(np.hstack([best, start + inner]), pick, axis=1)
        best_gaps = np.take_along_axis(merged, pick, axis=1)
    return best


class _Search:
    """The search itself; rows and ids stand in the order of the cells until the end."""

    def __init__(self, points: FloatArray, cells: Cells, near: IntArray, n_probes: int, wanted: int) -> None:
        n = len(points)
        self._cells = cells
        self._points = points[cells.order]
        self._squares = np.einsum("ij,ij->i", self._points, self._points)
        self._gaps = np.full((n, wanted), np.inf, dtype=np.float32)
        self._ids = np.zeros((n, wanted), dtype=np.int32)
        kind = np.uint16 if len(cells.centers) < 2**16 else np.uint32
        self._probe = np.empty((n, n_probes), dtype=kind)
        for cell, around in enumerate(near):
            block = slice(cells.bounds[cell], cells.bounds[cell + 1])
            self._probe[block] = _probes(self._points[block], cells.centers, around)[:, :n_probes]

    def run(self, k: int, threads: int, points: FloatArray | None = None) -> tuple[IntArray, FloatArray]:
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(threads) as pool:
            for turn in progress(range(self._probe.shape[1]), "finding neighbors"):
                self._turn(turn, pool.map)
            points = self._points if points is None else points[self._cells.order]
            return self._exact(points, k, pool.map)

    def _turn(self, turn: int, run: Callable[..., Any]) -> None:
        """Let every row look through the next of its cells; cells are independent of each other."""
        column = self._probe[:, turn]
        order = np.argsort(column, kind="stable")
        edges = np.searchsorted(column[order], np.arange(len(self._cells.centers) + 1))

        def look(cell: int) -> None:
            low, high = int(self._cells.bounds[cell]), int(self._cells.bounds[cell + 1])
            rows = order[edges[cell] : edges[cell + 1]]
            if low == high:
                return
            step = max(64, _BLOCK_CELLS // (high - low))
            for start in range(0, len(rows), step):
                self._look(rows[start : start + step], low, high, home=turn == 0)

        for _ in run(look, range(len(self._cells.centers))):
            pass

    def _look(self, rows: IntArray, low: int, high: int, *, home: bool) -> None:
        gaps = self._points[rows] @ (-2 * self._points[low:high].T)
        gaps += self._squares[low:high]
        if home:
            gaps[np.arange(len(rows)), rows - low] = np.inf
            if high - low > self._gaps.shape[1]:
                pick = np.argpartition(gaps, self._gaps.shape[1] - 1, axis=1)[:, : self._gaps.shape[1]]
                self._gaps[rows], self._ids[rows] = np.take_along_axis(gaps, pick, axis=1), low + pick
                return
        worst = self._gaps[rows].max(axis=1)
        hits = np.flatnonzero((gaps < worst[:, None]).ravel())
        if not len(hits):
            return
        line, column = np.divmod(hits, high - low)
        counts = np.bincount(line, minlength=len(rows))
        better = np.flatnonzero(counts)
        rows = rows[better]
        starts = np.r_[0, np.cumsum(counts[better])]
        place = np.arange(len(hits)) - np.repeat(starts[:-1], counts[better])
        line = np.repeat(np.arange(len(better)), counts[better])
        have = self._gaps.shape[1]
        merged = np.full((len(better), have + int(counts.max())), np.inf, dtype=np.float32)
        names = np.zeros(merged.shape, dtype=np.int32)
        merged[:, :have], names[:, :have] = self._gaps[rows], self._ids[rows]
        merged[line, have + place] = gaps.ravel()[hits]
        names[line, have + place] = low + column
        pick = np.argpartition(merged, have - 1, axis=1)[:, :have]
        self._gaps[rows] = np.take_along_axis(merged, pick, axis=1)
        self._ids[rows] = np.take_along_axis(names, pick, axis=1)

    def _exact(self, points: FloatArray, k: int, run: Callable[..., Any]) -> tuple[IntArray, FloatArray]:
        n, order = len(self._points), self._cells.order
        ids = np.empty((n, k), dtype=np.int32)
        distances = np.empty((n, k), dtype=np.float32)

        def rank(start: int) -> None:
            rows = slice(start, min(start + 512, n))
            found, lengths = ranked(points, self._ids[rows], k, first=start, names=order)
            ids[order[rows]], distances[order[rows]] = found, lengths

        self._fill()
        for _ in run(rank, range(0, n, 512)):
            pass
        return ids, distances

    def _fill(self) -> None:
        """Where the cells around a row hold too few others, take the rows beside it in the order of cells."""
        short = np.flatnonzero(np.isinf(self._gaps).any(axis=1))
        n, wanted = self._gaps.shape
        for row in short:
            known = self._ids[row, np.isfinite(self._gaps[row])]
            around = np.setdiff1d(np.arange(row - wanted, row + wanted + 1), [*known, row])
            around = around[(around >= 0) & (around < n)]
            nearest = around[np.argsort(np.abs(around - row), kind="stable")]
            self._ids[row] = np.r_[known, nearest][:wanted]
