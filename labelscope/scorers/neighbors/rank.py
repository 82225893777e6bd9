"""The rank of SimiFeat: in each class, as many labels are called wrong as its labels are estimated to be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from labelscope.scorers.blockwise import Block, Plan, Shape
from labelscope.scorers.inputs import labels_of
from labelscope.scorers.neighbors.graph_blocks import Neighborhood, graph_step, need_graph, score_here
from labelscope.scorers.neighbors.hoc import estimate_transition, label_triples, right_given
from labelscope.scorers.neighbors.own_votes import Settings, cast, nothing_to_say
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score


@dataclass(frozen=True, kw_only=True)
class NeighborRank:
    """Flag the least supported labels of each class, as many as a transition estimate says.

    Parameters
    ----------
    weights, n_neighbors, smoothing
        As in `NeighborVote`, which gives the same suspicion.

    Notes
    -----
    The share of wrong labels in each class comes from higher-order consensus (see
    `labelscope.scorers.neighbors.hoc`); rows that tie at the cut are not flagged, and a class whose estimate
    rounds to no row has no flags. ``details`` holds ``class_rank`` (n,), the share of the rows of its
    class that are less suspicious. ``meta`` holds ``transition`` (K, K), row k being
    P(given | true = k), ``prior`` (K,) and ``to_remove`` (K,), the number of wrong labels expected.

    Examples
    --------
    >>> codes = np.zeros(6, dtype=int)
    >>> ids = np.array([np.roll(np.arange(6), -i)[1:] for i in range(6)])
    >>> int(NeighborRank().score(Evidence(given_labels=codes, knn_ids=ids)).flagged.sum())
    0
    """

    name: ClassVar[str] = "neighbor_rank"
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
        settings, codes, n_classes = self._settings(), shape.codes, len(shape.classes)
        made = yield graph_step(
            partial(_judge, settings=settings), shape, distances=settings.weights != "uniform"
        )
        labelled, doubt, heard = codes >= 0, made.rows["doubt"], made.rows["heard"]
        transition, prior = estimate_transition(np.concatenate(made.reduced.more), n_classes)
        counts = np.bincount(codes[labelled], minlength=n_classes)
        wrong = np.floor(counts * (1.0 - right_given(transition, prior)) + 0.5).astype(np.int64)
        # Rounding removes differences that only come from the order of the sums.
        rounded = np.round(np.where(labelled & heard, doubt, 0.0), 9)
        flagged = tail(rounded, codes, wrong) & heard
        return Score(
            suspicion=np.where(labelled, np.clip(doubt, 0, 1), 0).astype(np.float32),
            suggested=labels_of(np.where(flagged, made.rows["other"], made.rows["winner"]), shape.classes),
            flagged=flagged,
            details={"class_rank": class_ranks(rounded, codes).astype(np.float32)},
            meta={
                "scale": "rank",
                "transition": transition.tolist(),
                "prior": prior.tolist(),
                "to_remove": wrong.tolist(),
            },
        )


def _judge(block: Block, near: Neighborhood, settings: Settings) -> tuple[IntArray, dict[str, Array]]:
    votes = cast(block, near.ids, near.all_codes, settings)
    return label_triples(near.ids, near.all_codes, block.codes), {
        "doubt": 1.0 - votes.share,
        "heard": votes.heard,
        "winner": votes.winner.astype(np.int32),
        "other": _best_other(votes.smoothed, block.codes).astype(np.int32),
    }


def tail(scores: FloatArray, codes: IntArray, sizes: IntArray) -> BoolArray:
    """Mark the ``sizes[k]`` highest scores of each class k; fewer where rows tie at the cut, none for 0.

    Parameters
    ----------
    scores : (n,) float
        High is suspicious; rows with 0 are never marked.
    codes : (n,) int
        Classes, -1 for unlabelled rows, which are never marked.
    sizes : (K,) int
        How many to mark.

    Returns
    -------
    (n,) bool
    """
    marked = np.zeros(len(codes), dtype=bool)
    for k in np.flatnonzero(np.asarray(sizes) > 0):
        rows = np.flatnonzero(codes == k)
        # A slice from -size on would be everything for a size of 0: the cut is a value instead.
        size = min(int(sizes[k]), len(rows))
        ordered = np.sort(scores[rows])[::-1]
        cut = ordered[size] if size < len(rows) else 0.0
        marked[rows] = scores[rows] > max(float(cut), 0.0)
    return marked


def class_ranks(scores: FloatArray, codes: IntArray) -> FloatArray:
    """Share (n,) of the other rows of the same class that score lower; 0 for unlabelled and lone rows."""
    ranks = np.zeros(len(codes))
    for k in np.unique(codes[codes >= 0]):
        rows = np.flatnonzero(codes == k)
        below = np.searchsorted(np.sort(scores[rows]), scores[rows], side="left")
        ranks[rows] = below / max(len(rows) - 1, 1)
    return ranks


def _best_other(votes: FloatArray, codes: IntArray) -> IntArray:
    """Class with most votes among those not given; the given one where there is no other."""
    if votes.shape[1] < 2:
        return codes
    others = votes.copy()
    rows = np.flatnonzero(codes >= 0)
    others[rows, codes[rows]] = -1.0
    return np.asarray(others.argmax(axis=1))
