"""One graph of nearest neighbors for everybody: the map, the neighbor scores, the duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence import approximate_neighbors, exact_neighbors
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.given import maybe_codes
from labelscope.evidence.partitioned_neighbors import Found
from labelscope.types import Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class NeighborGraph:
    """The k nearest neighbors of every row, itself excluded.

    Parameters
    ----------
    n_neighbors : int, optional
        Neighbors per row, 15 by default; n - 1 where there are fewer rows.
    metric : {"cosine", "euclidean"}, optional
        By default euclidean for tables and for up to 3 columns, else cosine. A row of zeros is at cosine
        distance 1 from all others but 0 from other rows of zeros.
    method : {"auto", "exact", "approximate", "pynndescent"}
        Exact search by blocked matrix products, or one that misses a few neighbors: rows are compared with
        the rows of nearby cells, or by pynndescent, which compiles first. By default exact up to 20,000
        rows, and for up to 8 columns always.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> evidence = ls.Evidence(features=np.array([[0.0], [1.0], [3.0]]))
    >>> ls.providers.NeighborGraph(n_neighbors=1).make(None, evidence).arrays["knn_ids"].ravel().tolist()
    [1, 0, 1]
    """

    name: ClassVar[str] = "neighbor_graph"
    makes: ClassVar[tuple[str, ...]] = ("knn_ids", "knn_distances")
    needs: ClassVar[tuple[str, ...]] = ("features",)

    n_neighbors: int | None = None
    metric: Literal["cosine", "euclidean"] | None = None
    method: Literal["auto", "exact", "approximate", "pynndescent"] = "auto"

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``knn_ids`` (n, k) int32 and ``knn_distances`` (n, k) float32, nearest first, ties by row.

        Parameters
        ----------
        dataset : Dataset or None
            Tells tables from embeddings, and gives labels for the accuracy.
        evidence : Evidence
            ``features``.
        random_state : int
            Seed of the approximate search.

        Returns
        -------
        Made
            Facts: ``metric``, ``n_neighbors``, ``exact``, ``graph_recall`` (the share of the true neighbors
            found, measured on a few hundred rows; 1 where the search is exact), and with labels
            ``neighbor_accuracy``.

        Raises
        ------
        InvalidInputError
            A parameter that cannot be used.
        MissingEvidenceError
            No features.
        """
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", by=self.name, present=evidence)
        self._check()
        features = check_features(evidence["features"])
        n = len(features)
        k = max(0, min(self.n_neighbors or 15, n - 1))
        metric = self.metric or _usual_metric(dataset, features.shape[1])
        points = exact_neighbors.prepared(features, metric)
        found, exact = self._search(points, k, random_state)
        ids, distances = found.ids, found.distances
        if metric == "cosine":
            distances = np.square(distances) / 2
        facts: dict[str, Any] = {
            "metric": metric,
            "n_neighbors": k,
            "exact": exact,
            "graph_recall": found.recall,
        }
        given = maybe_codes(dataset, evidence)
        if given is not None and len(given[0]) == n:
            facts["neighbor_accuracy"] = neighbor_accuracy(given[0], ids)
        return Made({"knn_ids": ids, "knn_distances": distances.astype(np.float32, copy=False)}, facts)

    def _search(self, points: FloatArray, k: int, random_state: int) -> tuple[Found, bool]:
        n = len(points)
        if k == 0:
            return Found(np.empty((n, 0), dtype=np.int32), np.empty((n, 0), dtype=np.float32), 1.0), True
        if self.method == "exact" or (self.method == "auto" and approximate_neighbors.is_small(n)):
            return Found(*exact_neighbors.search(points, k), 1.0), True
        if self.method == "pynndescent":
            return approximate_neighbors.search_by_descent(points, k, random_state=random_state), False
        if points.shape[1] <= exact_neighbors.FEW_COLUMNS:
            return Found(*exact_neighbors.search_tree(points, k), 1.0), True
        return approximate_neighbors.search(points, k, random_state=random_state), False

    def _check(self) -> None:
        if self.n_neighbors is not None and self.n_neighbors < 1:
            raise InvalidInputError(f"n_neighbors is {self.n_neighbors}, but at least 1 is needed.")
        if self.metric not in (None, "cosine", "euclidean"):
            raise InvalidInputError.unknown("metric", self.metric, ["cosine", "euclidean"])
        methods = ("auto", "exact", "approximate", "pynndescent")
        if self.method not in methods:
            raise InvalidInputError.unknown("method", self.method, list(methods))


def _usual_metric(dataset: Dataset | None, width: int) -> Literal["cosine", "euclidean"]:
    kind = getattr(getattr(dataset, "media", None), "kind", None)
    return "euclidean" if width <= 3 or kind == "table" else "cosine"


def neighbor_accuracy(codes: IntArray, knn_ids: IntArray, *, n_neighbors: int = 10) -> float:
    """Share of labelled rows whose nearest labelled neighbors vote for the given label.

    Parameters
    ----------
    codes : (n,) int
        Given labels, -1 for unlabelled rows, which neither vote nor count.
    knn_ids : (n, k) int
        Neighbors, nearest first, the row itself excluded.
    n_neighbors : int
        Neighbors that vote, at most k. Ties go to the class of the nearest neighbor among the tied.

    Returns
    -------
    float
        In [0, 1]; NaN where no labelled row has a labelled neighbor.

    Examples
    --------
    >>> import numpy as np
    >>> neighbor_accuracy(np.array([0, 0, 1]), np.array([[1], [0], [1]]))
    0.6666666666666666
    """
    ids = np.asarray(knn_ids)[:, :n_neighbors]
    if ids.size == 0:
        return float("nan")
    codes = np.asarray(codes)
    votes = codes[ids]
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    # Nearer neighbors come first and argmax takes the first of equals.
    counts[votes < 0] = 0
    winner = np.take_along_axis(votes, counts.argmax(axis=1)[:, None], axis=1)[:, 0]
    usable = (codes >= 0) & (votes >= 0).any(axis=1)
    return float((winner == codes)[usable].mean()) if usable.any() else float("nan")
