"""Votes of neighbors and of the row itself, smoothed: what the vote and the rank of SimiFeat share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers.blockwise import Block, Shape
from labelscope.scorers.inputs import Inputs, labels_of, read
from labelscope.scorers.neighbors.votes import count_votes, distance_weights
from labelscope.types import BoolArray, Evidence, FloatArray, IntArray, Score

WEIGHTS = ("distance", "cosine", "uniform")


@dataclass(frozen=True)
class Settings:
    """How votes are cast.

    Attributes
    ----------
    weights : {"distance", "cosine", "uniform"}
        Weight of a vote: a Gaussian of the distance as in `distance_weights`, 1 - distance, or 1.
    n_neighbors : int or None
        Use only so many of the neighbors that are there.
    smoothing : float
        Votes that are spread evenly over all classes.
    """

    weights: str
    n_neighbors: int | None
    smoothing: float

    def check(self) -> None:
        """Raise InvalidInputError when a value cannot be used."""
        if self.weights not in WEIGHTS:
            raise InvalidInputError.unknown("weighting", self.weights, WEIGHTS)
        if self.n_neighbors is not None and self.n_neighbors < 1:
            raise InvalidInputError(f"n_neighbors is {self.n_neighbors}.", "Pass 1 or more, or None for all.")
        if not 0 <= self.smoothing < np.inf:
            raise InvalidInputError(f"smoothing is {self.smoothing}.", "Pass a number of votes, 0 or more.")


@dataclass(frozen=True)
class Votes:
    """The outcome of a vote.

    Attributes
    ----------
    smoothed : (n, K) float64
        Weighted votes, own vote and smoothing included.
    heard : (n,) bool
        Rows for which at least one neighbor voted.
    share : (n,) float64
        The given label's entry in ``smoothed`` scaled to unit length; 1 where nothing was heard.
    winner : (n,) int
        Class with most votes; the given one where it ties, where nothing was heard, and -1 without either.
    """

    smoothed: FloatArray
    heard: BoolArray
    share: FloatArray
    winner: IntArray


def read_graph(evidence: Evidence, by: str) -> tuple[Inputs, IntArray]:
    """Read labels and neighbors, which must both be there."""
    inputs = read(evidence, by, neighbors=True)
    if inputs.knn_ids is None:
        raise MissingEvidenceError.of("knn_ids", by, evidence)
    return inputs, inputs.knn_ids


def cast(block: Block, knn_ids: IntArray, all_codes: IntArray, settings: Settings) -> Votes:
    """Let the neighbors and the row itself vote.

    Parameters
    ----------
    block : Block
        Labels and, for weights, distances of b rows; there must be at least one class.
    knn_ids : (b, k) int
        Neighbors among all rows, -1 for none.
    all_codes : (n,) int
        Given labels of all rows.
    settings : Settings
        How votes are cast.

    Returns
    -------
    Votes
    """
    n, n_classes, own_codes = len(block.codes), block.n_classes, block.codes
    ids = knn_ids[:, : settings.n_neighbors]
    weights = weights_with_own(block.knn_distances, ids, settings.weights)
    rows = np.arange(n)
    everyone = np.hstack([(block.start + rows)[:, None], ids]) if n else np.zeros((0, 1), dtype=np.int64)
    votes = count_votes(everyone, all_codes, n_classes, weights)
    labelled, codes = own_codes >= 0, np.maximum(own_codes, 0)
    neighbors = np.where(ids >= 0, all_codes[ids] >= 0, False) & (weights[:, 1:] > 0)
    heard = np.asarray(neighbors.any(axis=1))
    smoothed = votes + settings.smoothing / n_classes
    length = np.sqrt(np.square(smoothed).sum(axis=1))
    own = smoothed[rows, codes]
    share = np.divide(own, length, out=np.ones(n), where=heard & labelled & (length > 0))
    best = votes.argmax(axis=1)
    wins = heard & (~labelled | (votes[rows, best] > votes[rows, codes] + 1e-12))
    return Votes(smoothed, heard, share, np.where(wins, best, own_codes))


def weights_with_own(distances: FloatArray | None, ids: IntArray, how: str) -> FloatArray:
    """Weights (n, 1 + k) of the row's own vote and of its neighbors' votes.

    The row's own distance is that of a neighbor one place nearer than the first, 2 d1 - d2 (at least 0): at
    its true distance of 0 the row would outvote everybody under 1 - distance.
    """
    n, k = ids.shape
    if how == "uniform" or distances is None:
        return np.ones((n, 1 + k))
    near = np.asarray(distances[:, :k], dtype=np.float64)
    own = np.zeros((n, 1))
    if k >= 2:
        own = np.nan_to_num(2 * near[:, :1] - near[:, 1:2], nan=0.0, posinf=0.0, neginf=0.0)
    everyone = np.hstack([np.maximum(own, 0.0), near])
    if how == "distance":
        return distance_weights(everyone)
    return np.asarray(np.where(np.isfinite(everyone), np.maximum(1.0 - everyone, 0.0), 0.0))


def nothing_to_say(rows: Inputs | Shape) -> Score:
    """Return the score of rows without any class: no suspicion, no flags."""
    none = np.zeros(len(rows.codes), dtype=np.float32)
    return Score(
        suspicion=none,
        suggested=labels_of(rows.codes, rows.classes),
        flagged=none.astype(bool),
        meta={"scale": "rank"},
    )
