"""KNN-Shapley: how much each row's label helps its neighbors to be classified, as an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.scorers.inputs import Inputs
from labelscope.scorers.neighbors.own_votes import read_graph
from labelscope.types import Evidence, FloatArray, IntArray, Score

_BLOCK_CELLS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class NeighborShapley:
    """Order rows by their influence on a nearest-neighbor classifier, most harmful first.

    Notes
    -----
    This is influence, not a verdict on the label: a right label among wrong ones harms them, and a row that
    is nobody's neighbor has no influence. So nothing is flagged or suggested, and suspicion is a rank: the
    share of labelled rows with a higher value. Values shrink with the number of rows and mean nothing by
    themselves. ``details`` holds ``influence`` (n,) float64.

    Truncated to the k nearest rows and started at 0, the recursion of the exact Shapley value telescopes: the
    j-th neighbor of a row earns (match of the j-th - match of the k-th) / k, where match is 1 for the
    same label and 0 otherwise. Sums of these are one scatter-add over the graph, O(nk) in time; no n by n
    matrix is made. Unlabelled neighbors are passed over and k counts the labelled ones.

    A row's value is summed over rows anywhere in the graph, so this is a score of the whole table: it has no
    ``plan``, reads neighbors from disk into memory, and is not dealt to a cluster.

    Examples
    --------
    >>> ids = np.array([[1, 2], [0, 2], [1, 0]])
    >>> score = NeighborShapley().score(Evidence(given_labels=np.array(["a", "a", "b"]), knn_ids=ids))
    >>> score.details["influence"].round(3).tolist()
    [0.167, 0.167, 0.0]
    """

    name: ClassVar[str] = "neighbor_shapley"
    family: ClassVar[str] = "neighbors"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "knn_ids")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = (
        "Jia et al.: Efficient task-specific data valuation for nearest neighbor algorithms, VLDB 2019"
    )
    fitted: ClassVar[bool] = False

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,) and ``knn_ids`` (n, k).

        Returns
        -------
        Score
            ``suggested`` and ``flagged`` are None.

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        inputs, ids = read_graph(evidence, type(self).__name__)
        values = influence(ids, inputs.codes)
        return Score(
            suspicion=_ranks(values, inputs),
            details={"influence": values},
            meta={"scale": "rank", "means": "influence"},
        )


def influence(knn_ids: IntArray, codes: IntArray) -> FloatArray:
    """Mean Shapley value (n,) float64 of each row over all labelled rows that it is a neighbor of.

    Parameters
    ----------
    knn_ids : (n, k) int
        Neighbors, nearest first; -1 stands for none.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.

    Returns
    -------
    (n,) float64
        In [-1, 1]; 0 for rows that nobody lists.
    """
    n, k = knn_ids.shape
    # One whole-number sum for each count of labelled neighbors: exact, whatever the order of the rows.
    sums: dict[int, FloatArray] = {}
    step = max(1, _BLOCK_CELLS // max(k, 1))
    for start in range(0, n if k else 0, step):
        ids, own = knn_ids[start : start + step], codes[start : start + step, None]
        labels = np.where(ids >= 0, codes[ids], -1)
        valid = (labels >= 0) & (own >= 0)
        match = ((labels == own) & valid).astype(np.int64)
        last = k - 1 - valid[:, ::-1].argmax(axis=1)
        gain = match - np.take_along_axis(match, last[:, None], axis=1)
        size = np.broadcast_to(valid.sum(axis=1)[:, None], ids.shape)
        for count in np.unique(size[valid]):
            chosen = valid & (size == count)
            part = np.bincount(ids[chosen], weights=gain[chosen], minlength=n).astype(np.float64)
            sums[int(count)] = sums.get(int(count), 0.0) + part
    values = np.zeros(n)
    for count in sorted(sums):
        values += sums[count] / count
    return values / max(int((codes >= 0).sum()), 1)


def _ranks(values: FloatArray, inputs: Inputs) -> FloatArray:
    suspicion = np.zeros(inputs.n, dtype=np.float32)
    rows = np.flatnonzero(inputs.labelled)
    # Relative rounding: values that are equal by definition must tie in every order of the sums.
    rounded = np.round(values[rows] * max(len(rows), 1), 9)
    higher = len(rows) - np.searchsorted(np.sort(rounded), rounded, side="right")
    suspicion[rows] = higher / max(len(rows) - 1, 1)
    return suspicion
