"""Cluster-held-out suspicion: near rows with the same label must not vouch for each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.feature_checks import check_features
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.scorers.inputs import Inputs, labels_of
from labelscope.scorers.neighbors.components import connected, numbered
from labelscope.scorers.neighbors.own_votes import nothing_to_say, read_graph
from labelscope.scorers.neighbors.sub_clusters import sub_clusters
from labelscope.scorers.neighbors.votes import count_votes
from labelscope.types import Array, BoolArray, Evidence, FloatArray, IntArray, Score

_PROBABILITY_FLOOR = 1e-4
_EXTRA_VOTES = 0.5


@dataclass(frozen=True, kw_only=True)
class ClusterHeldOut:
    """Judge each label by a model and by neighbors that saw no label of the row's own sub-cluster.

    People's mistakes come in clusters: rows that look alike get the same wrong label, and then each is the
    best witness of the others. So every given class is cut into small sub-clusters, folds hold whole
    sub-clusters, and neighbors from the own sub-cluster cast no vote.

    Parameters
    ----------
    size : int
        Largest sub-cluster. It should exceed the clusters of mistakes; much larger ones leave rare variants
        of a class without anybody to speak for them.
    n_folds : int
        Folds of the model.

    Notes
    -----
    The log of the held-out probability and of the remaining votes add up to log evidence for each class; the
    row's evidence against its label is the best other class less the given one. Flagged are rows where it
    is positive. Flagged rows that are neighbors and agree in given and suggested label form one cluster,
    which can be reviewed and reversed in one step; other rows keep their sub-cluster. A cluster's evidence
    is the mean of its rows times the square root of their number, since rows that look alike are not
    independent. A flagged row's evidence is the mean of its own and its cluster's; another row's is its own.
    Evidence e becomes suspicion (1 + e / (1 + abs(e))) / 2: an order, above one half where flagged.

    ``details`` holds ``cluster`` (n,) int ids, ``cluster_suspicion`` (n,) of the row's cluster,
    ``sub_cluster`` (n,) ids of what was held out together, and ``held_out`` (n,), the row's own evidence
    as suspicion. ``meta["clusters"]`` lists the flagged clusters, the most suspicious first.

    Models are trained on all rows and clusters may reach over them, so this is a score of the whole table: it
    has no ``plan``, reads evidence from disk into memory, and is not dealt to a cluster.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.vstack([rng.normal(size=(60, 2)), rng.normal(size=(60, 2)) + 9]).astype(np.float32)
    >>> y = np.repeat([0, 1], 60)
    >>> near = np.argsort(((X[:, None] - X) ** 2).sum(axis=2), axis=1)[:, 1:11]
    >>> y[[3, *near[3, :4]]] = 1
    >>> score = ClusterHeldOut().score(Evidence(given_labels=y, features=X, knn_ids=near))
    >>> first = np.flatnonzero(score.details["cluster"] == score.meta["clusters"][0])
    >>> sorted(first.tolist()) == sorted([3, *near[3, :4].tolist()])
    True
    """

    name: ClassVar[str] = "cluster_held_out"
    family: ClassVar[str] = "neighbors"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "features", "knn_ids")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "labelscope; cross-validation with clusters held out (Roberts et al. 2017)"
    fitted: ClassVar[bool] = True

    size: int = 12
    n_folds: int = 10

    def __post_init__(self) -> None:
        if self.size < 1:
            raise InvalidInputError(f"size is {self.size}.", "Pass 1 or more rows per sub-cluster.")
        if self.n_folds < 2:
            raise InvalidInputError(f"n_folds is {self.n_folds}.", "Pass 2 or more.")

    def score(self, evidence: Evidence) -> Score:
        """Score every row.

        Parameters
        ----------
        evidence : Evidence
            ``given_labels`` (n,), ``features`` (n, d) and ``knn_ids`` (n, k).

        Returns
        -------
        Score

        Raises
        ------
        MissingEvidenceError, InvalidInputError
            Evidence is absent or does not fit.
        """
        if "features" not in evidence:
            raise MissingEvidenceError.of("features", type(self).__name__, evidence)
        inputs, ids = read_graph(evidence, type(self).__name__)
        if inputs.n_classes < 2 or len(np.unique(inputs.codes[inputs.labelled])) < 2:
            return _everything_alike(inputs)
        features = check_features(evidence["features"], inputs.n)
        groups = sub_clusters(features, inputs.codes, self.size)
        logs = _log_evidence(inputs, features, ids, groups, self.n_folds)
        margin, best = _against(logs, inputs.codes)
        flagged = np.asarray(inputs.labelled & (margin > 0))
        cluster = _review_clusters(ids, inputs.codes, best, flagged, groups)
        sizes = np.bincount(cluster)
        pooled = np.bincount(cluster, weights=margin) / np.sqrt(sizes)
        total = np.where(flagged, (margin + pooled[cluster]) / 2, margin)
        order = np.argsort(-pooled, kind="stable")
        marked = np.zeros(len(sizes), dtype=bool)
        marked[cluster[flagged]] = True
        return Score(
            suspicion=_suspicion(total, inputs.labelled),
            suggested=labels_of(np.where(flagged | ~inputs.labelled, best, inputs.codes), inputs.classes),
            flagged=flagged,
            details={
                "cluster": cluster,
                "cluster_suspicion": _suspicion(pooled[cluster], inputs.labelled),
                "sub_cluster": groups,
                "held_out": _suspicion(margin, inputs.labelled),
            },
            meta={
                "scale": "rank",
                "n_sub_clusters": int(groups.max()) + 1,
                "clusters": order[marked[order]].tolist(),
            },
        )


def _log_evidence(
    inputs: Inputs, features: FloatArray, ids: IntArray, groups: IntArray, n_folds: int
) -> FloatArray:
    """Log evidence (n, K) of a model and of neighbors that did not see the row's sub-cluster."""
    known = Evidence(
        given_labels=inputs.codes, classes=np.arange(inputs.n_classes), features=features, groups=groups
    )
    probs = PredictedProbabilities(n_folds=n_folds).make(None, known).arrays["pred_probs"]
    witnesses = foreign_neighbors(ids, groups)
    votes = count_votes(witnesses, inputs.codes, inputs.n_classes) + _EXTRA_VOTES
    votes /= votes.sum(axis=1, keepdims=True)
    return np.asarray(np.log(np.maximum(probs.astype(np.float64), _PROBABILITY_FLOOR)) + np.log(votes))


def foreign_neighbors(knn_ids: IntArray, groups: IntArray) -> IntArray:
    """Neighbors (n, k) with those of the row's own group replaced by -1, none."""
    return np.asarray(np.where((knn_ids >= 0) & (groups[knn_ids] != groups[:, None]), knn_ids, -1))


def _against(logs: FloatArray, codes: IntArray) -> tuple[FloatArray, IntArray]:
    """Evidence (n,) of the best other class less that of the given one, and the best of all classes."""
    rows, given = np.arange(len(codes)), np.maximum(codes, 0)
    others = logs.copy()
    others[rows, given] = -np.inf
    rival = others.argmax(axis=1)
    margin = np.where(codes >= 0, others[rows, rival] - logs[rows, given], 0.0)
    return margin, np.where((codes >= 0) & (margin > 0), rival, logs.argmax(axis=1))


def _review_clusters(
    ids: IntArray, codes: IntArray, best: IntArray, flagged: BoolArray, groups: IntArray
) -> IntArray:
    """Join flagged neighbors with equal given and suggested labels; the others keep their sub-cluster."""
    alike = (codes[ids] == codes[:, None]) & (best[ids] == best[:, None])
    kept = (ids >= 0) & flagged[:, None] & flagged[ids] & alike
    joined = connected(len(codes), ids, kept)
    return numbered(np.where(flagged, joined, len(codes) + groups))


def _suspicion(evidence: FloatArray, labelled: BoolArray) -> FloatArray:
    # Not a logistic function: float32 could not tell strong evidence from very strong.
    squashed = (1.0 + evidence / (1.0 + np.abs(evidence))) / 2
    return np.where(labelled, squashed, 0.0).astype(np.float32)


def _everything_alike(inputs: Inputs) -> Score:
    """With one class there is nothing to hold out against; every class is one cluster."""
    score = nothing_to_say(inputs)
    none, cluster = np.zeros(inputs.n, dtype=np.float32), np.zeros(inputs.n, dtype=np.int64)
    details: dict[str, Array] = {
        "cluster": cluster,
        "cluster_suspicion": none,
        "sub_cluster": cluster,
        "held_out": none,
    }
    meta = {**score.meta, "n_sub_clusters": min(inputs.n, 1), "clusters": []}
    return Score(score.suspicion, score.suggested, score.flagged, details, meta)
