"""The map: every row as a point in the plane, neighbors close together."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.fuzzy_graph import fuzzy_union
from labelscope.evidence.map_descent import default_rounds, descend
from labelscope.evidence.map_start import starting_positions
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
    min_dist : float
        Distance below which neighbors no longer attract. umap-learn's own default is 0.1; at 0.5 single
        points stay apart, so that they can be seen and selected. Chosen by eye on digits, where it costs
        .004 of trustworthiness and nothing of the 2-D label accuracy.

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
    min_dist: float = 0.5

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``map`` (n, 2) float32, finite and centered.

        Parameters
        ----------
        dataset : Dataset or None
            Not used.
        evidence : Evidence
            ``knn_ids`` and ``knn_distances``.
        random_state : int
            Seed; the same seed gives the same map.

        Returns
        -------
        Made
            Facts: ``engine``, ``n_rounds``.

        Raises
        ------
        InvalidInputError
            An unknown engine, or neighbors that are out of range.
        MissingEvidenceError
            No neighbor graph.
        """
        for needed in self.needs:
            if needed not in evidence:
                raise MissingEvidenceError.of(needed, by=self.name, present=evidence)
        if self.engine not in ("labelscope", "umap-learn"):
            raise InvalidInputError.unknown("engine", self.engine, ["labelscope", "umap-learn"])
        if not 0 <= self.min_dist <= 1:
            raise InvalidInputError(f"min_dist is {self.min_dist}, but must lie between 0 and 1.")
        ids, distances = np.asarray(evidence["knn_ids"]), np.asarray(evidence["knn_distances"])
        _check(ids, distances)
        n = len(ids)
        rounds = self.n_rounds or default_rounds(n)
        if n < 2 or ids.shape[1] == 0:
            positions = np.zeros((n, 2), dtype=np.float32)
        elif self.engine == "umap-learn" and n > 3:
            positions = _by_umap(ids, distances, self, random_state)
        else:
            rng = np.random.default_rng(random_state)
            graph = fuzzy_union(ids, distances)
            start = starting_positions(graph, rng)
            positions = descend(graph, start, rng, min_dist=self.min_dist, n_rounds=rounds)
        return Made({"map": _centered(positions)}, {"engine": self.engine, "n_rounds": rounds})


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


def _by_umap(ids: IntArray, distances: FloatArray, settings: Projection, random_state: int) -> FloatArray:
    """Let umap-learn lay out the same graph; it wants every row to be its own first neighbor."""
    n, k = ids.shape
    own = np.arange(n, dtype=np.int64)[:, None]
    neighbors = np.hstack([own, ids.astype(np.int64)])
    lengths = np.hstack([np.zeros((n, 1), dtype=np.float32), distances.astype(np.float32)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import umap

        start = starting_positions(fuzzy_union(ids, distances), np.random.default_rng(random_state))
        layout = umap.UMAP(
            n_neighbors=k + 1,
            n_epochs=settings.n_rounds,
            min_dist=settings.min_dist,
            init=start,
            random_state=random_state % 2**32,
            n_jobs=1,
            precomputed_knn=(neighbors, lengths, None),
            force_approximation_algorithm=True,
        )
        # The rows themselves are not looked at, since neighbors and start are given.
        return np.asarray(layout.fit_transform(start), dtype=np.float32)
