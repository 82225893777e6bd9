"""Steps over the neighbor graph: what its blocks hold, and how they are driven in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers.blockwise import Block, Blockwise, Partial, Shape, Step, drive, in_memory
from labelscope.scorers.inputs import read
from labelscope.types import Array, Evidence, IntArray, Score


@dataclass(frozen=True)
class Neighborhood:
    """Neighbors of the rows of a block, and what all rows are labelled.

    Attributes
    ----------
    ids : (b, k) int
        Rows among all rows, -1 for none.
    all_codes : (n,) int64
    """

    ids: IntArray
    all_codes: IntArray


@dataclass(frozen=True)
class Seen:
    """What a step noticed on its way.

    Attributes
    ----------
    low, high : int
        Range of the ids.
    width : int
        Neighbors of each row.
    more : list
        What else each block made, in the order of the rows.
    """

    low: int
    high: int
    width: int
    more: list[Any]


Judge = Callable[[Block, Neighborhood], tuple[Any, dict[str, Array]]]


def graph_step(judge: Judge, shape: Shape, *, distances: bool) -> Step:
    """Return the step that runs ``judge`` on every block, once its neighbors are known to be rows.

    Parameters
    ----------
    judge : callable
        ``judge(block, neighborhood) -> (more, rows)``; a module-level function or a partial of one.
    shape : Shape
    distances : bool
        Whether blocks need ``knn_distances``, where there are any.

    Returns
    -------
    Step
        Its reduction is a `Seen`.
    """
    needs = ["knn_ids", "all_codes"]
    if distances and "knn_distances" in shape.present:
        needs.append("knn_distances")
    return Step(partial(_judged, judge=judge), partial(_joined, n=len(shape.codes)), tuple(needs))


def need_graph(shape: Shape, by: str) -> None:
    """Raise MissingEvidenceError when there are no neighbors."""
    if "knn_ids" not in shape.present:
        raise MissingEvidenceError.of("knn_ids", by, {"given_labels", *shape.present})


def score_here(scorer: Blockwise, evidence: Evidence) -> Score:
    """Drive a plan over evidence in memory.

    Parameters
    ----------
    scorer : Blockwise
    evidence : Evidence
        ``given_labels`` and ``knn_ids``; ``knn_distances`` where there are any.

    Returns
    -------
    Score
    """
    inputs = read(evidence, type(scorer).__name__, neighbors=True)
    graph = {"knn_ids": inputs.knn_ids, "knn_distances": inputs.knn_distances}
    held = {name: matrix for name, matrix in graph.items() if matrix is not None}
    shape = Shape(inputs.codes, inputs.classes, frozenset(held))
    return drive(scorer.plan(shape), in_memory(shape, held))


def id_range(block: Block) -> tuple[int, int]:
    """Return the lowest and the highest neighbor of a block; -1 where there is none."""
    ids = block.knn_ids
    return (-1, -1) if ids is None or not ids.size else (int(ids.min()), int(ids.max()))


def refuse_strangers(low: int, high: int, n: int) -> None:
    """Raise InvalidInputError when neighbors from ``low`` to ``high`` are not all among n rows."""
    if low < -1 or high >= n:
        raise InvalidInputError(
            f"knn_ids holds positions from {low} to {high}, but rows go from 0 to {n - 1}.",
            "Pass row positions; -1 stands for a neighbor that is not there.",
        )


def _judged(block: Block, judge: Judge) -> Partial:
    ids, codes = block.knn_ids, block.all_codes
    if ids is None or codes is None:
        raise ValueError("this step needs knn_ids and all_codes")
    low, high = id_range(block)
    if low < -1 or high >= len(codes):
        return Partial(Seen(low, high, ids.shape[1], []))  # refused once all blocks have been seen
    more, rows = judge(block, Neighborhood(ids, codes))
    return Partial(Seen(low, high, ids.shape[1], [more]), rows)


def _joined(made: Sequence[Seen], n: int) -> Seen:
    low, high = min(one.low for one in made), max(one.high for one in made)
    refuse_strangers(low, high, n)
    return Seen(low, high, made[0].width, [more for one in made for more in one.more])
