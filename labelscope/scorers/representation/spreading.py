"""Spread labels in rounds: a weighted student learns, the surest rows join, fewer in every round (WAD)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence.class_similarity import class_similarity, directions
from labelscope.scorers.representation.voices import weights
from labelscope.types import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class SpreadResult:
    """Proposals of all rounds.

    Attributes
    ----------
    rows : (m,) int64
        Unlabelled rows in the order of absorption: round by round, the surest first.
    labels : (m,) int64
        Proposed codes.
    rounds : (m,) int64
        Round in which each row is absorbed, from 1.
    cross_entropy : (m,) float64
        Between the student and the proposal, in the round of absorption.
    pred_probs : (n, K) float64
        Probabilities of the last student.
    student : estimator
        The last student, fitted: a scikit-learn pipeline with ``predict_proba`` for features of other rows.
    weight, foreign : (n,) float64
        As of the last round.
    foreign_share : float
        Estimated share of the unlabelled rows that belong to no class.
    """

    rows: IntArray
    labels: IntArray
    rounds: IntArray
    cross_entropy: FloatArray
    pred_probs: FloatArray
    student: Any
    weight: FloatArray
    foreign: FloatArray
    foreign_share: float


def absorption(n_rounds: int, alpha: float) -> FloatArray:
    """Return the share absorbed in rounds 1 … n_rounds + 1: from alpha to 0 by a polynomial of degree 2."""
    return np.asarray(alpha * (1.0 - np.arange(n_rounds + 1) / max(n_rounds, 1)) ** 2)


def spread(
    features: FloatArray,
    codes: IntArray,
    n_classes: int,
    *,
    n_rounds: int = 5,
    alpha: float = 0.1,
    gate: bool = True,
    strength: float = 1.0,
    n_nearest: int = 1,
) -> SpreadResult:
    """Propose labels for unlabelled rows, in rounds.

    Parameters
    ----------
    features : (n, d) float32
    codes : (n,) int
        Trusted labels, -1 for the rows to label.
    n_classes : int
    n_rounds : int
        Rounds after the first one (T).
    alpha : float
        Share of the unlabelled rows that the first round absorbs.
    gate : bool
        Weigh by, and absorb in the order of, weight × similarity × exp(-cross-entropy); False is the
        published rule, which absorbs by cross-entropy and lets foreign rows in where there are many.
    strength : float
        Inverse regularization of the student.
    n_nearest : int
        Mean of so many largest similarities to a class; 3 where labels are unverified.

    Returns
    -------
    SpreadResult

    Raises
    ------
    InvalidInputError
        Fewer than two labelled classes, or no unlabelled row.
    """
    free = np.flatnonzero(codes < 0)
    if len(np.unique(codes[codes >= 0])) < 2:
        raise InvalidInputError(
            "Labels can be spread from two or more labelled classes.", "Label some rows of each class first."
        )
    if not len(free):
        raise InvalidInputError("There is no unlabelled row to spread labels to.", "All rows have a label.")
    units, current = directions(features), np.array(codes, dtype=np.int64)
    first = current >= 0
    taken: list[tuple[IntArray, IntArray, FloatArray]] = []
    probs: FloatArray = np.zeros((len(codes), n_classes))
    student: Any = None
    for share in absorption(n_rounds, alpha):
        similar = class_similarity(units, current, current >= 0, n_classes, n_nearest).astype(np.float64)
        weight, pseudo, top = weights(similar)
        left = np.flatnonzero(current < 0)
        trust = weight * np.maximum(top, 0.0) if gate else weight
        probs, student = _student(features, current, left, pseudo, trust, n_classes, strength)
        loss = -np.log(np.maximum(probs[left, pseudo[left]], 1e-12))
        n_new = min(int(share * len(free)), len(left))
        if not n_new:
            continue
        level = -trust[left] * np.exp(-loss) if gate else loss
        new = left[np.argsort(level, kind="stable")[:n_new]]
        taken.append((new, pseudo[new].copy(), -np.log(np.maximum(probs[new, pseudo[new]], 1e-12))))
        current[new] = pseudo[new]
    # Foreignness is measured against people's own labels: absorbed rows would vouch for their like.
    similar = class_similarity(units, codes, first, n_classes, n_nearest).astype(np.float64)
    weight, _, top = weights(similar)
    foreign = np.clip(1.0 - top, 0.0, 2.0)
    return SpreadResult(
        rows=np.concatenate([rows for rows, _, _ in taken] or [free[:0]]),
        labels=np.concatenate([labels for _, labels, _ in taken] or [free[:0]]),
        rounds=np.repeat(np.arange(1, len(taken) + 1), [len(rows) for rows, _, _ in taken]),
        cross_entropy=np.concatenate([loss for _, _, loss in taken] or [np.zeros(0)]),
        pred_probs=probs,
        student=student,
        weight=weight,
        foreign=foreign,
        foreign_share=_share_beyond(foreign, first, free),
    )


def _share_beyond(foreign: FloatArray, known: BoolArray, free: IntArray) -> float:
    low, high = np.quantile(foreign[known], (0.25, 0.75))
    return float((foreign[free] > high + 1.5 * (high - low)).mean())


def _student(
    features: FloatArray,
    current: IntArray,
    left: IntArray,
    pseudo: IntArray,
    trust: FloatArray,
    n_classes: int,
    strength: float,
) -> tuple[FloatArray, Any]:
    """Fit mean loss on labelled rows + mean weighted loss on the others; return probabilities and model."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labelled = np.flatnonzero(current >= 0)
    rows = np.concatenate([labelled, left])
    targets = np.concatenate([current[labelled], pseudo[left]])
    weight = np.concatenate([np.full(len(labelled), 1.0 / len(labelled)), trust[left] / max(len(left), 1)])
    # sklearn sums the losses: bring the total back to the number of labelled rows.
    weight *= len(labelled)
    kept = weight > 1e-9
    wide = np.asarray(features, dtype=np.float64)
    model = make_pipeline(StandardScaler().fit(wide), LogisticRegression(C=strength, max_iter=300))
    model[-1].fit(model[0].transform(wide[rows[kept]]), targets[kept], sample_weight=weight[kept])
    probs = np.zeros((len(features), n_classes))
    probs[:, model[-1].classes_.astype(np.int64)] = model.predict_proba(wide)
    return probs, model
