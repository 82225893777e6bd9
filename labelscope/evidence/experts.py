"""A local expert for each group and a global one averaged over them: what both say of every row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.evidence.federated_probe import (
    Moments,
    federated,
    shared_standardization,
)
from labelscope.evidence.weighted_probe import fit, one_hot, predict
from labelscope.types import BoolArray, FloatArray, IntArray

_BLOCK_CELLS = 1 << 22


@dataclass(frozen=True)
class ExpertSettings:
    """How experts are trained.

    Attributes
    ----------
    n_rounds, n_steps : int
        Rounds of averaging, and steps of each group in a round.
    penalty : float
        Strength of the squared penalty.
    least : int
        Groups with fewer labelled rows, or with one class, have no local expert; together they take part in
        the global one.
    """

    n_rounds: int = 8
    n_steps: int = 8
    penalty: float = 0.1
    least: int = 5


@dataclass(frozen=True)
class Experts:
    """What both say.

    Attributes
    ----------
    local, shared : (n, K) float64
        Probabilities; the local ones are those of the global expert where a group has no expert.
    support : (n,) float64
        Largest cosine to a labelled row of the own group, from 0 to 1.
    has_local : (n,) bool
    """

    local: FloatArray
    shared: FloatArray
    support: FloatArray
    has_local: BoolArray


def groups_standardized(features: FloatArray, groups: IntArray) -> FloatArray:
    """Standardize by the sums that groups would share: (n, d + 1) float64."""
    parts = [Moments.of(features[groups == group]) for group in np.unique(groups)]
    return shared_standardization(parts).apply(np.asarray(features, dtype=np.float64))


def experts(
    inputs: FloatArray,
    codes: IntArray,
    groups: IntArray,
    asked: IntArray,
    n_classes: int,
    settings: ExpertSettings,
) -> Experts:
    """Train the experts on the labelled rows, and ask them about others.

    Parameters
    ----------
    inputs : (n, d + 1) float64
        Standardized, with a last column of ones.
    codes : (n,) int
        -1 for rows that do not train.
    groups : (n,) int
    asked : (m,) int
        Rows whose answers are wanted.
    n_classes : int
    settings : ExpertSettings

    Returns
    -------
    Experts
        Of the rows asked, in their order.
    """
    parties, rest = [], []
    trained: dict[int, IntArray] = {}
    for group in np.unique(groups).tolist():
        own = np.flatnonzero((groups == group) & (codes >= 0))
        if len(own) >= settings.least and len(np.unique(codes[own])) > 1:
            trained[group] = own
            parties.append((inputs[own], codes[own]))
        else:
            rest.append(own)
    small: IntArray = np.concatenate([np.empty(0, dtype=np.int64), *rest])
    if len(small):
        parties.append((inputs[small], codes[small]))
    shared = _answers(inputs[asked], parties, codes, n_classes, settings)
    local, support = shared.copy(), np.zeros(len(asked))
    has_local = np.zeros(len(asked), dtype=bool)
    for group, known in trained.items():
        mine = np.flatnonzero(groups[asked] == group)
        if not len(mine):
            continue
        head = fit(
            inputs[known], one_hot(codes[known], n_classes), np.ones(len(known)), penalty=settings.penalty
        )
        local[mine] = predict(inputs[asked[mine]], head)
        support[mine] = _largest_cosine(inputs[asked[mine], :-1], inputs[known, :-1])
        has_local[mine] = True
    return Experts(local, shared, support, has_local)


def _answers(
    inputs: FloatArray,
    parties: list[tuple[FloatArray, IntArray]],
    codes: IntArray,
    n_classes: int,
    settings: ExpertSettings,
) -> FloatArray:
    counts = np.bincount(codes[codes >= 0], minlength=n_classes)
    if np.count_nonzero(counts) < 2:
        only = np.zeros((len(inputs), n_classes))
        only[:, int(counts.argmax())] = 1.0
        return only
    head = federated(
        parties, n_classes, n_rounds=settings.n_rounds, n_steps=settings.n_steps, penalty=settings.penalty
    )
    head[counts == 0, -1] = -1e9
    return predict(inputs, head)


def _largest_cosine(points: FloatArray, known: FloatArray) -> FloatArray:
    known = known / np.maximum(np.linalg.norm(known, axis=1), 1e-12)[:, None]
    lengths = np.maximum(np.linalg.norm(points, axis=1), 1e-12)
    found = np.empty(len(points))
    step = max(1, _BLOCK_CELLS // len(known))
    for start in range(0, len(points), step):
        block = slice(start, start + step)
        found[block] = (points[block] @ known.T).max(axis=1) / lengths[block]
    return np.clip(found, 0.0, 1.0)
