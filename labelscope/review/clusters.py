"""Clusters of mistakes: rows that look alike and share a wrong label, reversed in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.review.events import Event
from labelscope.review.rows import as_rows
from labelscope.types import IntArray, Score

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session


def cluster_score(audit: Audit) -> Score:
    """Return the score of an audit that names clusters; raises MissingEvidenceError when none does."""
    for score in audit.scores.values():
        if "cluster" in score.details and "clusters" in score.meta:
            return score
    raise MissingEvidenceError(
        "No score of this audit names clusters.",
        'Add the scorer: ls.audit(data, labels, scorers=["auto", "cluster_held_out"]).',
    )


def rows_of(session: Session, cluster: int) -> IntArray:
    """Return the rows of a cluster.

    Raises
    ------
    InvalidInputError
        There is no such cluster.
    """
    ids = np.asarray(cluster_score(session.audit).details["cluster"])
    if isinstance(cluster, bool) or not isinstance(cluster, int | np.integer):
        raise InvalidInputError(f"cluster is {cluster!r:.40}.", "Give the number of a cluster.")
    rows = np.flatnonzero(ids == cluster)
    if not len(rows):
        known = cluster_score(session.audit).meta["clusters"]
        raise InvalidInputError.unknown("cluster", int(cluster), known)
    return rows


def reverse_cluster(session: Session, cluster: int, rows: Any = None) -> tuple[Event, ...]:
    """Give the rows of a cluster the label that the cluster's score suggests, as one undo step.

    Parameters
    ----------
    session : Session
    cluster : int
        From ``details["cluster"]`` of `scorers.ClusterHeldOut`.
    rows : ints, slice or mask, optional
        Only these rows of it: some were left out by hand.

    Returns
    -------
    tuple of Event

    Raises
    ------
    InvalidInputError
        There is no such cluster, or a row is not of it.
    MissingEvidenceError
        No score of the audit names clusters.
    """
    members = rows_of(session, cluster)
    chosen = members if rows is None else np.unique(as_rows(rows, session.audit.n))
    stray = np.setdiff1d(chosen, members)
    if len(stray):
        raise InvalidInputError(
            f"Row {stray[0]} is not of the cluster {cluster}.", "Pass rows of the cluster only."
        )
    suggested = np.asarray(cluster_score(session.audit).suggested)[chosen]
    return session.relabel(chosen, suggested, source="suggestion")
