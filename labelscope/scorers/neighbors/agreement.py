"""Neighbor agreement: how many of the nearest rows carry the same label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.blockwise import Block, Plan, Shape
from labelscope.scorers.inputs import labels_of
from labelscope.scorers.neighbors.graph_blocks import (
    Neighborhood,
    graph_step,
    need_graph,
    score_here,
)
from labelscope.scorers.neighbors.votes import count_votes, distance_weights
from labelscope.types import Array, Evidence, Score

_WEIGHTS = ("distance", "uniform")


@dataclass(frozen=True, kw_only=True)
class NeighborAgreement:
    """Suspicion is the share of neighbor votes for other labels than the given one.

    Parameters
    ----------
    weights : {"distance", "uniform"}
        ``distance`` lets near neighbors count more (and falls back to ``uniform`` without
        ``knn_distances``); ``uniform`` counts heads.
    n_neighbors : int, optional
        Use only so many of the neighbors that are there.

    Notes
    -----
    Unlabelled neighbors cast no vote; a row without any vote has suspicion 0 and is never flagged.
    ``flagged`` are the rows where another class has more votes than the given one. ``details`` holds
    ``neighbors_for`` and ``neighbors_against`` (n,) counts and ``vote_share`` (n,), the winner's share.

    Examples
    --------
    >>> evidence = Evidence(given_labels=np.array(["a", "a", "b"]), knn_ids=np.array([[1], [0], [0]]))
    >>> NeighborAgreement().score(evidence).suspicion.tolist()
    [0.0, 0.0, 1.0]
    """

    name: ClassVar[str] = "neighbor_agreement"
    family: ClassVar[str] = "neighbors"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "knn_ids", "knn_distances")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (("given_labels", "knn_ids"),)
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Wilson: Asymptotic properties of nearest neighbor rules using edited data, 1972"
    )
    fitted: ClassVar[bool] = False

    weights: str = "distance"
    n_neighbors: int | None = None

    def __post_init__(self) -> None:
        if self.weights not in _WEIGHTS:
            raise InvalidInputError.unknown("weighting", self.weights, _WEIGHTS)
        if self.n_neighbors is not None and self.n_neighbors < 1:
            raise InvalidInputError(f"n_neighbors is {self.n_neighbors}.", "Pass 1 or more, or None for all.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``knn_ids`` (n, k) and, for weighing, ``knn_distances`` (n, k).

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        return score_here(self, evidence)

    def plan(self, shape: Shape) -> Plan:
        """Yield the one step over blocks of rows, and make the score of what it found."""
        need_graph(shape, type(self).__name__)
        judge = partial(_judge, weights=self.weights, n_neighbors=self.n_neighbors)
        made = yield graph_step(judge, shape, distances=self.weights == "distance")
        rows, width = made.rows, made.reduced.width
        used = width if self.n_neighbors is None else min(width, self.n_neighbors)
        return Score(
            suspicion=rows["suspicion"],
            suggested=labels_of(rows["suggested"], shape.classes),
            flagged=rows["flagged"],
            details={name: rows[name] for name in ("neighbors_for", "neighbors_against", "vote_share")},
            meta={"scale": "rank", "weights": self.weights, "n_neighbors": used},
        )


def _judge(
    block: Block, near: Neighborhood, weights: str, n_neighbors: int | None
) -> tuple[None, dict[str, Array]]:
    ids, n_classes = near.ids[:, :n_neighbors], block.n_classes
    heads = count_votes(ids, near.all_codes, n_classes)
    votes = heads
    if weights == "distance" and block.knn_distances is not None and ids.shape[1]:
        weight = distance_weights(block.knn_distances[:, :n_neighbors])
        votes = count_votes(ids, near.all_codes, n_classes, weight)
    rows, codes, labelled = np.arange(len(ids)), np.maximum(block.codes, 0), block.codes >= 0
    if n_classes == 0:
        votes = heads = np.zeros((len(ids), 1))
    total = votes.sum(axis=1)
    own = np.where(labelled, votes[rows, codes], 0.0)
    judged = labelled & (total > 0)
    share = np.divide(own, total, out=np.ones_like(own), where=total > 0)
    best = np.minimum(votes.argmax(axis=1), max(n_classes - 1, 0))
    wins = judged & (votes[rows, best] > own + 1e-12)
    winner = np.divide(votes[rows, best], total, out=np.zeros_like(total), where=total > 0)
    n_for = np.where(labelled, heads[rows, codes], 0.0)
    return None, {
        "suspicion": np.where(judged, np.clip(1.0 - share, 0.0, 1.0), 0.0).astype(np.float32),
        "suggested": np.where(wins | (~labelled & (total > 0)), best, codes).astype(np.int32),
        "flagged": np.asarray(wins),
        "neighbors_for": n_for.astype(np.int32),
        "neighbors_against": (heads.sum(axis=1) - n_for).astype(np.int32),
        "vote_share": winner.astype(np.float32),
    }
