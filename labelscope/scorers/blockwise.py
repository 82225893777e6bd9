"""One definition of a score for every size: steps that run block by block, here or on a cluster.

A scorer that is row-wise or a reduction writes its work as a generator of `Step`. Whoever drives the
generator runs each step's function on every block of rows, wherever the block's data are, and sends back
what came of it. Results do not depend on how rows are cut: reductions are exact (integers, or sums over
fixed chunks of rows), and blocks begin and end at multiples of `chunk_rows`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from labelscope.types import Array, FloatArray, IntArray, Score

Returned = TypeVar("Returned")
_CHUNK_CELLS = 1 << 19
_CHUNKS_TOGETHER = 8


@dataclass(frozen=True)
class Block:
    """Some consecutive rows, with the evidence that a step asked for.

    Attributes
    ----------
    start, stop : int
        Positions among all rows; ``start`` is a multiple of the chunk.
    codes : (b,) int64
        Given labels of the block's rows; -1 is unlabelled.
    n_classes : int
        Number of classes.
    pred_probs : (b, K) float or None
    knn_ids : (b, k) int or None
    knn_distances : (b, k) float or None
    all_codes : (n,) int64 or None
        Given labels of all rows, for steps that look at neighbors.
    """

    start: int
    stop: int
    codes: IntArray
    n_classes: int
    pred_probs: FloatArray | None = None
    knn_ids: IntArray | None = None
    knn_distances: FloatArray | None = None
    all_codes: IntArray | None = None


@dataclass(frozen=True)
class Partial:
    """What one step made of one block: something to combine, and values of the block's rows."""

    reduced: Any = None
    rows: dict[str, Array] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """One pass over the rows.

    Attributes
    ----------
    function : callable
        ``function(block) -> Partial``; a module-level function or a `functools.partial` of one, so that it
        can be sent to a worker.
    combine : callable
        ``combine(list of reduced, in the order of the blocks) -> Any``. Must give the same result however
        the rows were cut.
    needs : tuple of str
        Matrices that blocks must hold, of ``pred_probs``, ``knn_ids``, ``knn_distances``, ``all_codes``.
    """

    function: Callable[[Block], Partial]
    combine: Callable[[Sequence[Any]], Any] | None = None
    needs: tuple[str, ...] = ("pred_probs",)


@dataclass(frozen=True)
class Stepped:
    """What a step made of all rows: the combined reduction, and (n, …) arrays by name."""

    reduced: Any
    rows: dict[str, Array]


@dataclass(frozen=True)
class Shape:
    """What a plan may know before it sees any matrix.

    Attributes
    ----------
    codes : (n,) int64
        Given labels, held in memory.
    classes : (K,) array
        Label values.
    present : frozenset of str
        Names of the matrices that there are.
    dtype : str
        Of ``pred_probs``, where there is one.
    """

    codes: IntArray
    classes: Array
    present: frozenset[str] = frozenset()
    dtype: str = "float64"


Plan: TypeAlias = Generator[Step, Stepped, Score]


class Blockwise(Protocol):
    """A scorer whose work can be driven block by block."""

    def plan(self, shape: Shape) -> Plan:
        """Yield steps, receive what they made, return the score."""
        ...


def chunk_rows(n_classes: int) -> int:
    """Return the fixed number of rows that sums run over; blocks are multiples of it."""
    return max(1, _CHUNK_CELLS // max(n_classes, 1))


def drive(plan: Generator[Step, Stepped, Returned], run: Callable[[Step], Stepped]) -> Returned:
    """Run a plan to its end.

    Parameters
    ----------
    plan : Plan
        A fresh generator.
    run : callable
        Runs one step on all rows.

    Returns
    -------
    Score, or what else the plan returns.
    """
    try:
        step = next(plan)
        while True:
            step = plan.send(run(step))
    except StopIteration as done:
        returned: Returned = done.value
        return returned


def gathered(step: Step, partials: Iterable[Partial]) -> Stepped:
    """Combine the partial results of all blocks, given in the order of the rows."""
    made = list(partials)
    reduced = None if step.combine is None else step.combine([one.reduced for one in made])
    names = made[0].rows if made else {}
    return Stepped(reduced, {name: np.concatenate([one.rows[name] for one in made]) for name in names})


def in_memory(shape: Shape, matrices: Mapping[str, Array]) -> Callable[[Step], Stepped]:
    """Return what runs a step over matrices that are in memory, two blocks at a time.

    Parameters
    ----------
    shape : Shape
        Of the evidence.
    matrices : mapping
        ``pred_probs``, ``knn_ids`` and ``knn_distances``, whichever there are.

    Returns
    -------
    callable
        For `drive`. Blocks are views; results are written into place, so that nothing is held twice.
    """
    n, n_classes = len(shape.codes), len(shape.classes)
    size = chunk_rows(n_classes)
    # Fewer and larger blocks, as long as both threads have enough of them.
    size *= max(1, min(_CHUNKS_TOGETHER, n // (8 * size)))
    starts = range(0, max(n, 1), size)

    def block_at(step: Step, start: int) -> Block:
        stop = min(start + size, n)
        held = {name: matrices[name][start:stop] for name in step.needs if name in matrices}
        around = shape.codes if "all_codes" in step.needs else None
        return Block(start, stop, shape.codes[start:stop], n_classes, all_codes=around, **held)

    def run(step: Step) -> Stepped:
        whole: dict[str, Array] = {}
        lock = Lock()

        def work(start: int) -> Any:
            made = step.function(block_at(step, start))
            with lock:
                for name, values in made.rows.items():
                    if name not in whole:
                        whole[name] = np.empty((n, *values.shape[1:]), values.dtype)
            for name, values in made.rows.items():
                whole[name][start : start + len(values)] = values
            return made.reduced

        reduced = _mapped(work, list(starts))
        return Stepped(None if step.combine is None else step.combine(reduced), whole)

    return run


def _mapped(work: Callable[[int], Any], starts: Sequence[int]) -> list[Any]:
    """Work on blocks in two threads, where there are several blocks and two cores."""
    if len(starts) < 4 or _cores() < 2:
        return [work(start) for start in starts]
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(work, starts))


def _cores() -> int:
    if sys.platform == "emscripten":  # where no thread can be started
        return 1
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
