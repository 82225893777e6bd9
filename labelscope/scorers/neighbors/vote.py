"""The vote of SimiFeat: a label is called wrong when another one wins among the nearest rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from labelscope.scorers.blockwise import Block, Plan, Shape
from labelscope.scorers.inputs import labels_of
from labelscope.scorers.neighbors.graph_blocks import Neighborhood, graph_step, need_graph, score_here
from labelscope.scorers.neighbors.own_votes import Settings, cast, nothing_to_say
from labelscope.types import Array, Evidence, Score


@dataclass(frozen=True, kw_only=True)
class NeighborVote:
    """Flag the rows whose given label loses the vote of their neighbors and their own.

    Parameters
    ----------
    weights : {"distance", "cosine", "uniform"}
        ``cosine`` is 1 - distance as published and means something for cosine distances only; ``distance``
        is a Gaussian whose width is the row's farthest distance, for any metric; ``uniform`` counts heads
        and stands in where ``knn_distances`` are absent.
    n_neighbors : int, optional
        Use only so many of the neighbors that are there.
    smoothing : float
        Votes that are spread evenly over all classes, so that two neighbors never make a label certain.

    Notes
    -----
    With v the smoothed votes, suspicion is ``1 - v[given] / norm(v)``: it is higher when the votes against
    agree with each other. The row itself votes as a neighbor a little nearer than the first. The published
    method draws random subsets of the rows and counts how often a row is flagged; here all rows vote once,
    so that the result depends on nothing but the evidence. Rows that hear no neighbor have suspicion 0.
    ``details`` holds ``vote_share`` (n,), the given label's share of the smoothed votes, and
    ``winner_share`` (n,).

    Examples
    --------
    >>> ids = np.array([[1, 2], [0, 2], [0, 1], [0, 1]])
    >>> score = NeighborVote().score(Evidence(given_labels=np.array(["a", "a", "a", "b"]), knn_ids=ids))
    >>> score.flagged.tolist(), score.suggested.tolist()
    ([False, False, False, True], ['a', 'a', 'a', 'a'])
    """

    name: ClassVar[str] = "neighbor_vote"
    family: ClassVar[str] = "neighbors"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "knn_ids", "knn_distances")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (("given_labels", "knn_ids"),)
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Zhu, Dong & Liu: Detecting corrupted labels without training a model to predict, ICML 2022"
    )
    fitted: ClassVar[bool] = False

    weights: str = "distance"
    n_neighbors: int | None = None
    smoothing: float = 1.0

    def __post_init__(self) -> None:
        self._settings().check()

    def _settings(self) -> Settings:
        return Settings(self.weights, self.n_neighbors, self.smoothing)

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
        if len(shape.classes) == 0:
            return nothing_to_say(shape)
        settings = self._settings()
        made = yield graph_step(
            partial(_judge, settings=settings), shape, distances=settings.weights != "uniform"
        )
        return Score(
            suspicion=made.rows["suspicion"],
            suggested=labels_of(made.rows["winner"], shape.classes),
            flagged=np.asarray((shape.codes >= 0) & (made.rows["winner"] != shape.codes)),
            details={name: made.rows[name] for name in ("vote_share", "winner_share")},
            meta={"scale": "rank", "weights": self.weights, "smoothing": self.smoothing},
        )


def _judge(block: Block, near: Neighborhood, settings: Settings) -> tuple[None, dict[str, Array]]:
    votes = cast(block, near.ids, near.all_codes, settings)
    rows, labelled = np.arange(len(block.codes)), block.codes >= 0
    total = np.maximum(votes.smoothed.sum(axis=1), 1e-300)
    given = np.where(labelled, votes.smoothed[rows, np.maximum(block.codes, 0)], 0.0)
    won = votes.smoothed[rows, np.maximum(votes.winner, 0)]
    return None, {
        "suspicion": np.where(labelled, np.clip(1.0 - votes.share, 0, 1), 0).astype(np.float32),
        "winner": votes.winner.astype(np.int32),
        "vote_share": (given / total).astype(np.float32),
        "winner_share": np.where(votes.winner >= 0, won / total, 0.0).astype(np.float32),
    }
