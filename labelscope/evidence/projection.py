"""The map: every row as a point in the plane, neighbors close together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.fuzzy_graph import fuzzy_union
from labelscope.evidence.map_sampling import lay_out, usual_fit_rows
from labelscope.evidence.map_start import starting_positions
from labelscope.evidence.map_trust import QUERIES, points_of_graph, trustworthiness
from labelscope.types import Evidence, FloatArray, IntArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Projection:
    """A UMAP layout of the shared neighbor graph.

    Parameters
    ----------
    engine : {"labelscope", "umap-learn"}
        Who lays the graph out. The first needs no compilation; the second is the reference.
    n_rounds : int, optional
        Rounds of the layout (epochs in umap-learn).
    fit_rows : int, optional
        Rows that are laid out before the others, which are then placed among them by the graph and settle
        there; by default all up to 100,000, else every tenth. umap-learn lays all rows out at once unless
        this is given; the others are then placed by its ``transform``, which needs the features.
    min_dist : float
        Distance below which neighbors no longer attract; the default is that of umap-learn. At 0.5 single
        points stand further apart, but classes that touch are mixed: on MNIST and bank queries that costs
        either engine .03 to .04 of the label accuracy in the plane.

    References
    ----------
    McInnes, Healy and Melville (2018), UMAP: Uniform Manifold Approximation and Projection, arXiv 1802.03426.

    Examples
    --------
    >>> import numpy as np, labelscope as ls
    >>> features = np.random.default_rng(0).normal(size=(40, 5))
    >>> evidence = ls.Evidence(features=features)
    >>> evidence = evidence.including(**ls.providers.NeighborGraph().make(None, evidence).arrays)
    >>> ls.providers.Projection().make(None, evidence).arrays["map"].shape
    (40, 2)
    """

    name: ClassVar[str] = "projection"
    makes: ClassVar[tuple[str, ...]] = ("map",)
    needs: ClassVar[tuple[str, ...]] = ("knn_ids", "knn_distances")

    engine: Literal["labelscope", "umap-learn"] = "labelscope"
    n_rounds: int | None = None
    min_dist: float = 0.1
    fit_rows: int | None = None

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``map`` (n, 2) float32, finite and centered.

        Parameters
        ----------
        dataset : Dataset or None
            Not used.
        evidence : Evidence
            ``knn_ids`` and ``knn_distances``; ``features``, where present, tell how far the map is right.
        random_state : int
            Seed; the same seed gives the same map.

        Returns
        -------
        Made
            Facts: ``engine``, ``n_rounds`` (None for the usual ones), ``fit_rows``, and with features
            ``trustworthiness`` (Venna and Kaski 2001), estimated on at most 256 rows.

        Raises
        ------
        InvalidInputError
            An unknown engine, or neighbors that are out of range.
        MissingEvidenceError
            No neighbor graph, or no features where umap-learn has to place rows.
        """
        for needed in self.needs:
            if needed not in evidence:
                raise MissingEvidenceError.of(needed, by=self.name, present=evidence)
        if self.engine not in ("labelscope", "umap-learn"):
            raise InvalidInputError.unknown("engine", self.engine, ["labelscope", "umap-learn"])
        if self.fit_rows is not None and self.fit_rows < 2:
            raise InvalidInputError(f"fit_rows is {self.fit_rows}, but at least 2 are needed.")
        if not 0 <= self.min_dist <= 1:
            raise InvalidInputError(f"min_dist is {self.min_dist}, but must lie between 0 and 1.")
        ids, distances = np.asarray(evidence["knn_ids"]), np.asarray(evidence["knn_distances"])
        _check(ids, distances)
        n = len(ids)
        fit_rows = n
        if n < 2 or ids.shape[1] == 0:
            positions = np.zeros((n, 2), dtype=np.float32)
        elif self.engine == "umap-learn" and n > 3:
            fit_rows = min(self.fit_rows or n, n)
            positions = _by_umap(ids, distances, self, fit_rows, evidence, random_state)
        else:
            fit_rows = min(self.fit_rows or usual_fit_rows(n), n)
            rng = np.random.default_rng(random_state)
            graph = fuzzy_union(ids, distances)
            positions = lay_out(graph, rng, min_dist=self.min_dist, fit_rows=fit_rows, n_rounds=self.n_rounds)
        positions = _centered(positions)
        facts = {"engine": self.engine, "n_rounds": self.n_rounds, "fit_rows": fit_rows}
        return Made({"map": positions}, {**facts, **_trust(evidence, ids, distances, positions)})


def _trust(
    evidence: Evidence, ids: IntArray, distances: FloatArray, positions: FloatArray
) -> dict[str, float]:
    """Trustworthiness of the map, where the features are those that the graph was made from."""
    n = len(ids)
    if "features" not in evidence or n < 30 or ids.shape[1] == 0 or len(evidence["features"]) != n:
        return {}
    points = points_of_graph(np.asarray(evidence["features"], dtype=np.float32), ids, distances)
    if points is None:
        return {}
    rows = np.sort(np.random.default_rng(0).permutation(n)[:QUERIES])
    return {"trustworthiness": trustworthiness(points, positions, rows, k=min(15, n // 4))}


def _check(ids: IntArray, distances: FloatArray) -> None:
    if ids.ndim != 2 or ids.shape != distances.shape:
        raise InvalidInputError(
            f"knn_ids has the shape {ids.shape} and knn_distances {distances.shape}, but both must be (n, k)."
        )
    if ids.size and (ids.min() < 0 or ids.max() >= len(ids)):
        raise InvalidInputError(
            f"knn_ids holds rows from {ids.min()} to {ids.max()}, but there are {len(ids):,} rows.",
            "Make the graph again: ls.providers.NeighborGraph().",
        )
    if not np.isfinite(distances).all() or (distances.size and distances.min() < 0):
        raise InvalidInputError("knn_distances must be finite and not negative.")


def _centered(positions: FloatArray) -> FloatArray:
    """Center; a point that the layout lost goes to the middle."""
    positions = np.asarray(positions, dtype=np.float64)
    positions = np.where(np.isfinite(positions), positions, 0.0)
    if len(positions):
        positions = positions - positions.mean(axis=0)
    return np.ascontiguousarray(positions, dtype=np.float32)


def _by_umap(
    ids: IntArray,
    distances: FloatArray,
    settings: Projection,
    fit_rows: int,
    evidence: Evidence,
    random_state: int,
) -> FloatArray:
    """Let umap-learn lay out the same graph, or a sample of the rows, and place the others."""
    common = {
        "n_neighbors": min(ids.shape[1] + 1, fit_rows - 1),
        "n_epochs": settings.n_rounds,
        "min_dist": settings.min_dist,
        "random_state": random_state % 2**32,
        "n_jobs": 1,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap

        if fit_rows < len(ids):
            return _placed_by_umap(umap.UMAP, common, fit_rows, evidence, ids, distances)
        start = starting_positions(fuzzy_union(ids, distances), np.random.default_rng(random_state))
        # umap-learn wants every row to be its own first neighbor.
        neighbors = np.hstack([np.arange(len(ids), dtype=np.int64)[:, None], ids.astype(np.int64)])
        lengths = np.hstack([np.zeros((len(ids), 1), dtype=np.float32), distances.astype(np.float32)])
        common["n_neighbors"] = ids.shape[1] + 1
        layout = umap.UMAP(
            **common,
            init=start,
            precomputed_knn=(neighbors, lengths, None),
            force_approximation_algorithm=True,
        )
        # The rows themselves are not looked at, since neighbors and start are given.
        return np.asarray(layout.fit_transform(start), dtype=np.float32)


def _placed_by_umap(
    umap: Any,
    settings: dict[str, Any],
    fit_rows: int,
    evidence: Evidence,
    ids: IntArray,
    distances: FloatArray,
) -> FloatArray:
    if "features" not in evidence:
        raise MissingEvidenceError.of("features", by="umap-learn's transform", present=evidence)
    features = np.asarray(evidence["features"], dtype=np.float32)
    points = points_of_graph(features, ids, distances)
    points = features if points is None else points
    order = np.random.default_rng(settings["random_state"]).permutation(len(points))
    chosen, others = np.sort(order[:fit_rows]), np.sort(order[fit_rows:])
    layout = umap(**settings).fit(points[chosen])
    positions = np.empty((len(points), 2), dtype=np.float32)
    positions[chosen], positions[others] = layout.embedding_, layout.transform(points[others])
    return positions
