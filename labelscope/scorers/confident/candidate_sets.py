"""Candidate sets: the fewest classes to rule out until the likeliest one is certain among the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.scorers.inputs import blocks
from labelscope.scorers.proportions import exact_interval
from labelscope.types import Array, BoolArray, Estimate, FloatArray, IntArray

_ROUNDING = 1e-9


@dataclass(frozen=True)
class CandidateSets:
    """Minimal sets of every row.

    Attributes
    ----------
    candidates : (n, K) bool
        The likeliest class and the runners-up that had to be removed; the others are surely not it.
    certain : (n,) bool
        The likeliest class alone reaches ``tau``.
    n_removed : (n,) int64
        Runners-up that were removed.
    confidence : (n,) float64
        Probability of the likeliest class in the shrunken space.
    weight : (n,) float64
        Probability of the likeliest class, 0 where even one other class left is one too many.
    """

    candidates: BoolArray
    certain: BoolArray
    n_removed: IntArray
    confidence: FloatArray
    weight: FloatArray


def candidate_sets(pred_probs: FloatArray, tau: float) -> CandidateSets:
    """Shrink the class space of every row until its likeliest class is certain.

    Ranks 2, 3 … are removed, at least one where the row is uncertain, until p(1) / (p(1) + kept rest) ≥ tau.

    Parameters
    ----------
    pred_probs : (n, K) float
        Probabilities.
    tau : float
        Certainty to reach, above 0.5 and below 1.

    Returns
    -------
    CandidateSets
        With two classes nothing is left to shrink: an uncertain row keeps both, at plain confidence.

    Examples
    --------
    >>> found = candidate_sets(np.array([[0.5, 0.44, 0.01, 0.05]]), tau=0.95)
    >>> found.candidates.tolist(), found.n_removed.tolist()
    ([[True, True, False, True]], [2])
    """
    if not 0.5 < tau < 1:
        raise InvalidInputError(f"tau is {tau}.", "Pass a certainty above 0.5 and below 1, such as 0.95.")
    n, n_classes = pred_probs.shape
    candidates = np.ones((n, n_classes), dtype=bool)
    certain, n_removed = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
    confidence, weight = np.ones(n), np.ones(n)
    if n_classes < 2:
        return CandidateSets(candidates, ~certain, n_removed, confidence, weight)
    for rows in blocks(n, n_classes):
        made = _of_block(np.asarray(pred_probs[rows], dtype=np.float64), tau)
        candidates[rows], certain[rows], n_removed[rows] = made.candidates, made.certain, made.n_removed
        confidence[rows], weight[rows] = made.confidence, made.weight
    return CandidateSets(candidates, certain, n_removed, confidence, weight)


def _of_block(probs: FloatArray, tau: float) -> CandidateSets:
    b, n_classes = probs.shape
    # Ties by class would depend on the names of the classes only where probabilities are exactly equal.
    order = np.argsort(-probs, axis=1, kind="stable")
    ranked = np.take_along_axis(probs, order, axis=1)
    top = ranked[:, 0]
    total = np.maximum(ranked.sum(axis=1), 1e-300)
    certain = top >= tau * total - _ROUNDING
    # tails[:, r] is what is kept besides the top when ranks 2 … r + 1 are removed.
    tails = np.cumsum(ranked[:, ::-1], axis=1)[:, ::-1][:, 1:]
    reached = tails <= (top * (1.0 - tau) / tau)[:, None] + _ROUNDING
    reached[:, 0] = False
    shrinkable = reached.any(axis=1) & ~certain
    n_removed = np.where(shrinkable, reached.argmax(axis=1), np.where(certain, 0, n_classes - 1))
    inside = np.arange(n_classes)[None, :] <= n_removed[:, None]
    candidates = np.empty_like(inside)
    np.put_along_axis(candidates, order, inside, axis=1)
    kept = np.where(n_removed < n_classes - 1, tails[np.arange(b), np.minimum(n_removed, n_classes - 2)], 0.0)
    confidence = top / np.maximum(top + kept, 1e-300)
    plain = np.full(b, n_classes == 2)
    weight = np.where(certain | shrinkable | plain, top, 0.0)
    return CandidateSets(candidates, certain, n_removed, confidence, weight)


def coverage(candidates: BoolArray, true_codes: IntArray, rows: Array, *, level: float = 0.9) -> Estimate:
    """Measure how often the true class is a candidate, on verified rows.

    Parameters
    ----------
    candidates : (n, K) bool
    true_codes : (n,) int
        Verified classes; only those of ``rows`` are read.
    rows : (m,) int or (n,) bool
        Verified rows, drawn uniformly: rows picked by suspicion would make the sets look worse than they are.
    level : float
        Coverage of the Clopper-Pearson interval.

    Returns
    -------
    Estimate
        ``measured`` is True; 0 to 1 when there are no rows.
    """
    picked = np.asarray(rows)
    picked = np.flatnonzero(picked) if picked.dtype == bool else picked
    if not len(picked):
        return Estimate(1.0, 0.0, 1.0, level, measured=False)
    hits = int(candidates[picked, true_codes[picked]].sum())
    return Estimate(hits / len(picked), *exact_interval(hits, len(picked), level), level, measured=True)


def conformal_cut(pred_probs: FloatArray, true_codes: IntArray, rows: Array, *, level: float = 0.95) -> float:
    """Return the probability above which classes are candidates, with a split-conformal guarantee.

    Parameters
    ----------
    pred_probs : (n, K) float
    true_codes : (n,) int
        Verified classes.
    rows : (m,) int
        Rows that were verified after being drawn uniformly.
    level : float
        A new row's true class has at least this probability to be at or above the cut.

    Returns
    -------
    float
        0, which lets every class in, when there are too few rows to promise more.

    Notes
    -----
    Source: Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels"
    (JASA 2019).
    """
    picked = np.asarray(rows)
    picked = np.flatnonzero(picked) if picked.dtype == bool else picked
    own = np.sort(np.asarray(pred_probs[picked, true_codes[picked]], dtype=np.float64))
    place = int(np.floor((1.0 - level) * (len(own) + 1) + _ROUNDING))
    return 0.0 if place < 1 else float(own[place - 1])
