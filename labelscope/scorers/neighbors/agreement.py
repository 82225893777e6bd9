"""Neighbor agreement: how many of the nearest rows carry the same label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers.inputs import labels_of, read
from labelscope.scorers.neighbors.votes import count_votes, distance_weights
from labelscope.types import Evidence, Score

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
        inputs = read(evidence, type(self).__name__, neighbors=True)
        if inputs.knn_ids is None:
            raise MissingEvidenceError.of("knn_ids", type(self).__name__, evidence)
        ids = inputs.knn_ids[:, : self.n_neighbors]
        heads = count_votes(ids, inputs.codes, inputs.n_classes)
        votes = heads
        if self.weights == "distance" and inputs.knn_distances is not None and ids.shape[1]:
            weights = distance_weights(inputs.knn_distances[:, : self.n_neighbors])
            votes = count_votes(ids, inputs.codes, inputs.n_classes, weights)
        rows, codes, labelled = np.arange(inputs.n), np.maximum(inputs.codes, 0), inputs.labelled
        if inputs.n_classes == 0:
            votes = heads = np.zeros((inputs.n, 1))
        total = votes.sum(axis=1)
        own = np.where(labelled, votes[rows, codes], 0.0)
        judged = labelled & (total > 0)
        share = np.divide(own, total, out=np.ones_like(own), where=total > 0)
        best = np.minimum(votes.argmax(axis=1), max(inputs.n_classes - 1, 0))
        wins = judged & (votes[rows, best] > own + 1e-12)
        suggested = np.where(wins | (~labelled & (total > 0)), best, codes)
        n_for = np.where(labelled, heads[rows, codes], 0.0)
        return Score(
            suspicion=np.where(judged, np.clip(1.0 - share, 0.0, 1.0), 0.0).astype(np.float32),
            suggested=labels_of(suggested, inputs.classes),
            flagged=np.asarray(wins),
            details={
                "neighbors_for": n_for.astype(np.int32),
                "neighbors_against": (heads.sum(axis=1) - n_for).astype(np.int32),
                "vote_share": np.divide(
                    votes[rows, best], total, out=np.zeros_like(total), where=total > 0
                ).astype(np.float32),
            },
            meta={"scale": "rank", "weights": self.weights, "n_neighbors": int(ids.shape[1])},
        )
