"""Clusters of mistakes, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import MissingEvidenceError
from labelscope.types import Evidence, Ranking


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Rows of flagged clusters, the most suspicious cluster first, and within it the most suspicious row.

    Mistakes come in clusters that one decision reverses: ``review.clusters.reverse_cluster``. Clusters with
    rows left come first; rows of no flagged cluster are not listed.

    Examples
    --------
    >>> evidence = Evidence(
    ...     cluster=np.array([0, 1, 1, 2]), clusters=np.array([1, 0]), state=np.zeros(4, int),
    ...     suspicion=np.array([0.9, 0.5, 0.8, 1.0]),
    ... )
    >>> Clusters().order(evidence).rows.tolist()
    [2, 1, 0]
    """

    name: ClassVar[str] = "clusters"

    def order(self, evidence: Evidence, n: int | None = None) -> Ranking:
        """Order rows.

        Parameters
        ----------
        evidence : Evidence
            ``cluster`` (n,) and ``clusters``, the flagged ones in order, as `scorers.ClusterHeldOut` names
            them; ``suspicion`` and ``state`` (n,).
        n : int, optional
            How many rows; by default all of flagged clusters.

        Returns
        -------
        Ranking
            ``meta["clusters"]`` lists the clusters in order with their undecided rows.

        Raises
        ------
        MissingEvidenceError
            No score names clusters.
        """
        if "cluster" not in evidence or "clusters" not in evidence:
            raise MissingEvidenceError.of("cluster", type(self).__name__, evidence)
        ids = np.asarray(evidence["cluster"], dtype=np.int64)
        flagged = np.asarray(evidence["clusters"], dtype=np.int64)
        suspicion = np.asarray(evidence["suspicion"], dtype=np.float64)
        decided = np.asarray(evidence.get("state", np.zeros(len(ids)))) != 0
        size = int(max(ids.max(initial=-1), flagged.max(initial=-1))) + 1
        place = np.full(size, len(flagged), dtype=np.int64)
        place[flagged] = np.arange(len(flagged))
        rows = np.flatnonzero(place[ids] < len(flagged)) if size else np.empty(0, dtype=np.int64)
        at = place[ids[rows]]
        left = np.bincount(at, weights=~decided[rows], minlength=len(flagged))
        done = left[at] == 0
        order = np.lexsort((-suspicion[rows], decided[rows], at, done))
        first = rows[order][:n].astype(np.int64)
        listed = [(int(one), int(left[k])) for k, one in enumerate(flagged) if left[k]]
        return Ranking(first, suspicion[first], {"n_left": int(left.sum()), "clusters": listed})
