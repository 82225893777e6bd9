"""Minority in component: a label that few rows of a tight group of rows carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.inputs import labels_of
from labelscope.scorers.neighbors.components import (
    close_and_mutual,
    connected,
    counts_by_part,
    most_frequent,
)
from labelscope.scorers.neighbors.own_votes import read_graph
from labelscope.types import Evidence, Score


@dataclass(frozen=True, kw_only=True)
class MinorityInComponent:
    """Suspect labels that are a small minority of their connected component of the similarity graph.

    Parameters
    ----------
    n_neighbors : int
        Rows are joined when they list each other among so many nearest neighbors, ...
    cut : float
        ... and are no farther apart than this multiple of the median distance to the nearest neighbor. Large
        values of both join everything into one component, in which every rare class is a minority.
    max_share : float
        A label is flagged up to this share of the labelled rows of its component.
    min_size : int
        Components with fewer labelled rows say nothing.

    Notes
    -----
    Suspicion is the share of the *other* labelled rows of the component that have another label, and 0 in
    components that say nothing. ``details`` holds ``component`` (n,) ids, ``component_size`` (n,), its
    labelled rows, and ``label_share`` (n,), the share of the given label in it.

    A component may reach over all rows, so this is a score of the whole table: it has no ``plan``, reads
    neighbors from disk into memory, and is not dealt to a cluster.

    Examples
    --------
    >>> ids = np.array([[j for j in range(6) if j != i] for i in range(6)])
    >>> evidence = Evidence(given_labels=np.array(["a"] * 5 + ["b"]), knn_ids=ids)
    >>> MinorityInComponent().score(evidence).flagged.tolist()
    [False, False, False, False, False, True]
    """

    name: ClassVar[str] = "minority_in_component"
    family: ClassVar[str] = "neighbors"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "knn_ids", "knn_distances")
    enough: ClassVar[tuple[tuple[str, ...], ...]] = (("given_labels", "knn_ids"),)
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "the recipe for wrong labels in fastdup, visual-layer/fastdup#2"
    fitted: ClassVar[bool] = False

    n_neighbors: int = 5
    cut: float = 2.0
    max_share: float = 0.25
    min_size: int = 4

    def __post_init__(self) -> None:
        if self.n_neighbors < 1:
            raise InvalidInputError(f"n_neighbors is {self.n_neighbors}.", "Pass 1 or more.")
        if not self.cut > 0:
            raise InvalidInputError(f"cut is {self.cut}.", "Pass a multiple above 0.")
        if not 0 < self.max_share < 1:
            raise InvalidInputError(f"max_share is {self.max_share}.", "Pass a share between 0 and 1.")
        if self.min_size < 2:
            raise InvalidInputError(f"min_size is {self.min_size}.", "Pass 2 or more.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``knn_ids`` (n, k) and, for the cut, ``knn_distances`` (n, k).

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        inputs, ids = read_graph(evidence, type(self).__name__)
        ids, distances = ids[:, : self.n_neighbors], inputs.knn_distances
        distances = None if distances is None else distances[:, : self.n_neighbors]
        component = connected(inputs.n, ids, close_and_mutual(ids, distances, self.cut))
        size, same, _ = counts_by_part(component, inputs.codes, inputs.n_classes)
        judged = inputs.labelled & (size >= self.min_size)
        share = np.where(inputs.labelled, same / np.maximum(size, 1), 0.0)
        against = np.where(judged, (size - same) / np.maximum(size - 1, 1), 0.0)
        flagged = np.asarray(judged & (share <= self.max_share))
        winner = most_frequent(component, inputs.codes, inputs.n_classes)
        suggested = np.where((flagged | ~inputs.labelled) & (winner >= 0), winner, inputs.codes)
        return Score(
            suspicion=against.astype(np.float32),
            suggested=labels_of(suggested, inputs.classes),
            flagged=flagged,
            details={
                "component": component,
                "component_size": size.astype(np.int32),
                "label_share": share.astype(np.float32),
            },
            meta={"scale": "rank", "n_components": int(component.max(initial=-1)) + 1},
        )
