"""What scorers may learn from a review: labels as they are now, whom to trust, and what is out of scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.progress import unseen_rows
from labelscope.review.state import EXCLUDED, KEPT, RELABELLED, ReviewState
from labelscope.types import BoolArray, Evidence

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session


def reviewed_evidence(session: Session) -> Evidence:
    """Return the audit's evidence with the review so far; see `Session.evidence`."""
    from labelscope.review.gates import gate_at

    audit, state = session.audit, session.state
    classes = np.empty(len(state.classes), dtype=object)
    classes[:] = state.classes
    return audit.evidence.including(
        classes=audit.classes if len(classes) == len(audit.classes) else classes,
        given_labels=audit.given_codes,
        current=state.current.astype(np.int64),
        suggested=session.suggested_codes,
        suspicion=session.suspicion,
        flagged=session.flagged,
        state=state.state.copy(),
        first_labels=np.asarray(audit.given_codes, dtype=np.int64),
        verified=verified_rows(state) | np.asarray(audit.evidence.get("verified", False)),
        excluded=np.asarray(state.state == EXCLUDED),
        gate=gate_at(session),
        **_clusters(audit),
    )


def current_evidence(session: Session) -> Evidence:
    """Return the audit's evidence with the review so far, in the words that scorers and queues read.

    Scoring it again after every decision is a pure function: no state is kept between two calls.

    Parameters
    ----------
    session : Session

    Returns
    -------
    Evidence
        ``session.evidence()``, where ``given_labels`` are the current codes into ``classes`` (new ones
        included), with ``first_labels`` (n,) the codes before the review, ``verified`` (n,) bool and
        ``excluded`` (n,) bool. ``pred_probs`` have a column of 0 for each class that is new since.

    Examples
    --------
    >>> import labelscope as ls
    >>> from labelscope.scorers import WeightAware
    >>> X = np.array([[0, 3], [0, 4], [1, 4], [4, 0], [3, 0], [-5, -5]])
    >>> session = ls.Session(ls.audit(X, ["up", "up", "up", "right", "right", None]), journal=None)
    >>> _ = session.relabel(5, "down", new_class=True)
    >>> current_evidence(session)["classes"].tolist()
    ['right', 'up', 'down']
    """
    with session.ledger.lock:
        evidence = session.evidence()
        return evidence.including(
            given_labels=evidence["current"],
            pred_probs=_widened(evidence.get("pred_probs"), len(evidence["classes"])),
        )


def verified_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose label a person confirmed or corrected, or whom they called out of scope.

    Rows that got their label from a propagation, a teacher or judges are not, nor are those for which
    suggestions were accepted in one go: measured on them, a method would confirm itself.

    Parameters
    ----------
    state : ReviewState

    Returns
    -------
    (n,) bool
    """
    decided = np.isin(state.state, (RELABELLED, KEPT, EXCLUDED)) & (state.last >= 0)
    return np.asarray(decided & ~unseen_rows(state))


def _clusters(audit: Audit) -> dict[str, Any]:
    for score in audit.scores.values():
        if "cluster" in score.details and "clusters" in score.meta:
            named = np.asarray(score.meta["clusters"], dtype=np.int64)
            return {"cluster": score.details["cluster"], "clusters": named}
    return {}


def _widened(probs: Any, n_classes: int) -> Any:
    """The model knew nothing of classes that were added in review."""
    if not isinstance(probs, np.ndarray) or probs.ndim != 2 or probs.shape[1] >= n_classes:
        return probs
    return np.hstack([probs, np.zeros((len(probs), n_classes - probs.shape[1]), dtype=probs.dtype)])
