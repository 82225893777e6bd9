"""Signs that class probabilities were predicted for the rows on which the model was fitted.

Such a model has seen the labels that it is asked about, wrong ones included, and repeats them. Agreement
with the labels alone shows nothing: a good model agrees as well. It shows where neighbors and a
cross-validated probe, both surely and both alike, say otherwise: an honest model sides with them on wrong
labels, and no honest model agrees with more labels than are right. Where features are so weak that hard
rows look like wrong labels, nothing can be told, and nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import Array, FloatArray, IntArray

# Rows on which the two witnesses contradict the label, below which chance decides.
_FEW = 10
# The given label is contradicted when both witnesses hold another one for this many times as likely.
_ODDS = 3.0
# Skill of the features (0: the largest class, 1: always right) below which they are no witness.
_SKILL = 0.35
# Below this one, contradicted labels must look drawn at random: a hard row's label is the probe's runner-up.
_TRUSTED_SKILL = 0.7
_AT_RANDOM = 0.62
# Agreement with contradicted labels that an honest model only has when the features are weak.
_REPEATS = 0.85
_SOME_REPEATS = 0.1
# Wrong labels are as frequent where the features are surest; mistakes of weak features are much rarer there.
_FLAT = 0.7
_VERY_FLAT = 0.85
# All mistakes of the probe may be this many times those that wrong labels explain.
_EXPLAINED = 1.8
_PARTLY_EXPLAINED = 2.8
_NEIGHBORS = 10
_MARGIN = 2.0


@dataclass(frozen=True)
class InSample:
    """What was found.

    Attributes
    ----------
    found : bool
        Whether the probabilities look like predictions for rows that the model was fitted on.
    agreement : float
        Share of the labelled rows on which the probabilities put the given label first.
    reachable : float
        The same share for the cross-validated probe; NaN without features.
    repeated : float
        The same share among ``rows``.
    rows : (m,) int
        Rows on which neighbors and probe contradict the given label; rows of low confidence where there
        are no features.
    """

    found: bool
    agreement: float
    reachable: float
    repeated: float
    rows: IntArray


def neighbor_shares(
    knn_ids: IntArray, codes: IntArray, n_classes: int, *, rows: IntArray | None = None
) -> FloatArray:
    """Share of each class among the nearest neighbors, the row itself left out: (n, K) float32.

    With ``rows`` (m,), only for these: (m, K).

    Examples
    --------
    >>> neighbor_shares(np.array([[1, 2], [0, 2], [1, 0]]), np.array([0, 1, -1]), 2).tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    """
    near = np.asarray(knn_ids)[:, :_NEIGHBORS]
    near = near if rows is None else near[rows]
    votes = np.zeros((len(near), n_classes), dtype=np.float32)
    for ids in near.T:
        known = np.flatnonzero(ids >= 0)
        known = known[codes[ids[known]] >= 0]
        votes[known, codes[ids[known]]] += 1
    return np.asarray(votes / np.maximum(votes.sum(axis=1, keepdims=True), 1))


def repeats_labels(pred_probs: FloatArray, codes: IntArray, votes: FloatArray, probe: FloatArray) -> InSample:
    """Compare probabilities with two out-of-sample witnesses: neighbors and a cross-validated probe.

    Parameters
    ----------
    pred_probs : (n, K) float
        The probabilities in question.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.
    votes, probe : (n, K) float
        Shares of the neighbors' labels, and cross-validated probabilities made from the same features.

    Returns
    -------
    InSample
        ``found`` is False where too few labels are contradicted, or where the features are too weak to tell
        a wrong label from a hard row: the check keeps silent in doubt.
    """
    kept = np.flatnonzero(codes >= 0)
    given, own, votes, probe = codes[kept], pred_probs[kept], votes[kept], probe[kept]
    every, top = np.arange(len(kept)), probe.argmax(axis=1)
    right = own.argmax(axis=1) == given
    wrong = (top != given) & (votes.argmax(axis=1) == top)
    sure = np.minimum(votes[every, top], probe[every, top])
    for witness in (votes, probe):
        wrong &= witness[every, top] >= _ODDS * witness[every, given]
    agreement = float(right.mean()) if len(kept) else float("nan")
    reachable = float((top == given).mean()) if len(kept) else float("nan")
    repeated = float(right[wrong].mean()) if wrong.any() else float("nan")
    majority = np.bincount(given).max() / len(given) if len(given) else 1.0
    skill = (reachable - majority) / max(1 - majority, 1e-9)
    trusted = skill >= _TRUSTED_SKILL
    found = (
        int(wrong.sum()) >= _FEW
        and agreement > reachable
        and skill >= _SKILL
        and (trusted or _standing(probe[wrong], given[wrong]) <= _AT_RANDOM)
        and _too_good(right, top != given, wrong, sure, trusted)
    )
    return InSample(bool(found), agreement, reachable, repeated, kept[wrong])


def _standing(probe: FloatArray, given: IntArray) -> float:
    """Mean share of the classes behind the likeliest one that the given label beats; .5 is at random."""
    if probe.shape[1] < 3:
        return 0.5
    own = probe[np.arange(len(given)), given][:, None]
    beaten = (probe < own).sum(axis=1) + ((probe == own).sum(axis=1) - 1) / 2
    return float((beaten / (probe.shape[1] - 2)).mean())


def _too_good(right: Array, mistaken: Array, wrong: Array, sure: FloatArray, trusted: bool) -> bool:
    """Whether labels that are contradicted like wrong ones are repeated."""
    order = np.argsort(-sure, kind="stable")
    quarter = len(order) // 4
    first, second = mistaken[order[:quarter]].mean(), mistaken[order[quarter : 2 * quarter]].mean()
    half = order[: 2 * quarter]
    floor = float(mistaken[half].mean())
    noise = float(np.sqrt(max(floor * (1 - floor), 1e-9) / max(quarter, 1)))
    surest = half[wrong[half]]
    if len(surest) < _FEW or floor < 0.01:
        return False
    share = float(right[surest].mean())
    share_low = share - 2 * float(np.sqrt(max(share * (1 - share), 0.05) / len(surest)))
    unexplained = float(mistaken.mean()) / floor
    flatness = (float(first) + noise / 2) / max(float(second), 1e-9)
    all_repeated = share_low >= _REPEATS - 0.1 and float(right[wrong].mean()) >= _REPEATS
    if all_repeated and unexplained <= _PARTLY_EXPLAINED and flatness >= _FLAT:
        return True
    spread = _MARGIN * float(np.sqrt(floor * (1 - floor) / len(half)))
    above = float(right.mean()) > 1 - floor + spread
    return (
        trusted
        and above
        and unexplained <= _EXPLAINED
        and flatness >= _VERY_FLAT
        and share_low >= _SOME_REPEATS
    )


def never_in_doubt(pred_probs: FloatArray, codes: IntArray) -> InSample:
    """Look for a mostly sure model that is never wrong where it is unsure; needs no features.

    A forest that is asked about its own training rows is unsure of wrong labels and still puts them first.
    Models that repeat labels with full confidence cannot be told from perfect ones by this check.

    Parameters
    ----------
    pred_probs : (n, K) float
    codes : (n,) int
        Given labels, -1 for unlabelled rows.

    Returns
    -------
    InSample
    """
    kept = np.flatnonzero(codes >= 0)
    if not len(kept):
        return InSample(False, float("nan"), float("nan"), float("nan"), kept)
    # Of all rows: to take the labelled ones first would copy the matrix.
    top = pred_probs.max(axis=1)[kept]
    right = pred_probs.argmax(axis=1)[kept] == codes[kept]
    unsure = top < 0.7
    found = (
        int(unsure.sum()) >= 50
        and float(np.median(top)) >= 0.8
        and float(right[unsure].mean()) >= 0.99
        and float(right.mean()) >= 0.995
    )
    repeated = float(right[unsure].mean()) if unsure.any() else float("nan")
    return InSample(bool(found), float(right.mean()), float("nan"), repeated, kept[unsure])
