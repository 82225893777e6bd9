"""What verdicts teach about rows that nobody looked at yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.review.progress import machine_rows
from labelscope.review.state import ACCEPTED_SET, EXCLUDED, KEPT, RELABELLED, ReviewState
from labelscope.scorers.calibration import recalibrate
from labelscope.types import BoolArray, FloatArray, IntArray

#: Largest variance of the shifts of pairs of classes that verdicts are believed about.
_MOST_SPREAD = 0.3
#: Pairs are told apart from so many verdicts a pair: with fewer, as with many classes, chance speaks.
_PER_PAIR = 5
_PRIOR_PAIRS = 3.0
_FEWEST = 10


@dataclass(frozen=True)
class Verdicts:
    """Rows that somebody decided about.

    Attributes
    ----------
    rows : (m,) int64
    wrong : (m,) bool
        Whether the given label was called wrong.
    weights : (m,) float64
        One for a row that was looked at alone; of m rows decided at once each counts 1 / sqrt(m).
    """

    rows: IntArray
    wrong: BoolArray
    weights: FloatArray


def verdicts_of(state: ReviewState, n_classes: int) -> Verdicts:
    """Read the verdicts on given labels; unsure rows and rows without a given label say nothing.

    Neither do rows that a method decided about: it would teach what it was taught.

    Parameters
    ----------
    state : ReviewState
    n_classes : int

    Returns
    -------
    Verdicts
    """
    judged = np.isin(state.state, (RELABELLED, KEPT, EXCLUDED, ACCEPTED_SET)) & (state.given >= 0)
    rows = np.flatnonzero(judged & ~machine_rows(state))
    wrong = wrong_rows(state)[rows]
    sizes = state.sizes[state.last[rows]] if len(rows) else np.ones(0, dtype=np.int64)
    return Verdicts(rows, wrong, 1.0 / np.sqrt(np.maximum(sizes, 1)))


def wrong_rows(state: ReviewState) -> BoolArray:
    """Return (n,) bool: rows whose given label somebody called wrong.

    That is: relabelled ones, excluded ones, and those where several labels are right but not the given one.
    """
    wrong = (state.state == RELABELLED) | (state.state == EXCLUDED)
    several = np.flatnonzero(state.state == ACCEPTED_SET)
    events, classes = state.events, state.classes
    for row in several.tolist():
        given = int(state.given[row])
        labels = events[int(state.last[row])].data.get("labels")
        wrong[row] = given >= 0 and isinstance(labels, list) and classes[given] not in labels
    return np.asarray(wrong & (state.given >= 0))


def learned(suspicion: FloatArray, given: IntArray, suggested: IntArray, verdicts: Verdicts) -> FloatArray:
    """Move suspicion to what verdicts say: of all rows, and of each pair of given and suggested label.

    Parameters
    ----------
    suspicion : (n,) float
        Probability that the given label is wrong, before verdicts.
    given, suggested : (n,) int
        Codes.
    verdicts : Verdicts

    Returns
    -------
    (n,) float64
        Exactly ``suspicion`` with fewer than ten verdicts.

    Notes
    -----
    Beta calibration over all rows. Then for each pair one Newton step of a logistic model with a normal prior
    on the pair's shift, the best linear predictor of a random effect; the variance of the prior is estimated
    by moments from the verdicts. Verdicts weigh alike whether their row was drawn by suspicion or by chance,
    since given its suspicion neither says more about a row; near rows that were called wrong move others
    through the votes of neighbors only. On planted noise, shifts by class or by neighborhood found fewer
    errors than none.
    """
    rows, wrong = verdicts.rows, verdicts.wrong
    values = np.asarray(suspicion, dtype=np.float64)
    if len(rows) < _FEWEST:
        return values
    moved = recalibrate(values, rows, wrong, verdicts.weights).astype(np.float64)
    rest = verdicts.weights * (wrong - moved[rows])
    known = verdicts.weights * np.maximum(moved[rows] * (1 - moved[rows]), 0.01)
    k = int(max(given.max(initial=0), suggested.max(initial=0))) + 1
    pair = np.maximum(given, 0).astype(np.int64) * k + np.maximum(suggested, 0)
    pairs, place = np.unique(pair[rows], return_inverse=True)
    if len(rows) < _PER_PAIR * len(pairs):
        return moved
    top, sure = np.bincount(place, weights=rest), np.bincount(place, weights=known)
    # How much pairs differ is read from the verdicts, too: where they do not, nothing moves.
    spread = float((top**2 - sure).sum() / ((sure**2).sum() + _PRIOR_PAIRS))
    if spread <= 0:
        return moved
    at = np.minimum(np.searchsorted(pairs, pair), len(pairs) - 1)
    shift = np.where(pairs[at] == pair, (top / (sure + 1.0 / min(spread, _MOST_SPREAD)))[at], 0.0)
    inside = np.clip(moved, 1e-9, 1 - 1e-9)
    out = 1.0 / (1.0 + (1 - inside) / inside * np.exp(-shift))
    return np.where((values <= 0) | (values >= 1), values, out)
