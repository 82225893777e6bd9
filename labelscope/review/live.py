"""Rescoring after edits: cheap, without retraining."""

from __future__ import annotations

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.review.state import EXCLUDED, UNREVIEWED, UNSURE, ReviewState
from labelscope.scorers import Ensemble
from labelscope.types import BoolArray, Score


def rescore(audit: Audit, state: ReviewState) -> Score:
    """Score all rows again, with the labels as they are now.

    The probabilities and the neighbor graph of the audit stay; votes, thresholds and the calibration follow
    the current labels. Excluded rows and rows of classes that the audit does not know have no say.

    Parameters
    ----------
    audit : Audit
    state : ReviewState

    Returns
    -------
    Score
        Before the verdicts are taken into account: see :func:`settle`. An audit without probabilities and
        neighbors keeps its scores.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> session = ls.Session(ls.audit(X, y), journal=None)
    >>> rescore(session.audit, session.state).suspicion.shape
    (150,)
    """
    codes = state.current.astype(np.int64)
    codes[(codes >= len(audit.classes)) | (state.state == EXCLUDED)] = -1
    evidence = audit.evidence.including(
        given_labels=codes, classes=audit.classes, verified=settled_rows(state)
    )
    if "pred_probs" in evidence or "knn_ids" in evidence:
        return Ensemble().score(evidence)
    return Score(audit.suspicion, audit.suggested, audit.flagged, meta={"scale": "rank"})


def settled_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows that somebody decided about, unsure ones not counted."""
    return np.asarray((state.state != UNREVIEWED) & (state.state != UNSURE))


def settle(score: Score, state: ReviewState) -> Score:
    """Return the score with suspicion 0 and no flag for settled rows; unsure rows stay in question."""
    settled = settled_rows(state)
    suspicion = np.where(settled, 0, score.suspicion).astype(np.float32)
    flagged = score.flagged if score.flagged is not None else suspicion >= 0.5
    return Score(suspicion, score.suggested, np.asarray(flagged & ~settled), score.details, score.meta)
