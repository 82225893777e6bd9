"""How much of a pool of unlabelled rows belongs to the labelled classes, and what weight it deserves."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.weighted_probe import Standardized
from labelscope.types import FloatArray, IntArray

#: Below this share of relevant rows a pool can hurt (Yang, Xu 2020).
RELEVANT_ENOUGH = 0.6
_REFUSED = 0.4
_LEVELS = (0.3, 0.4, 0.5, 0.6)
_SMALLEST_OWN = 5
_BLOCK_CELLS = 1 << 22
_MOST = 20_000


def relevance(points: FloatArray, codes: IntArray, labelled: IntArray, pool: IntArray) -> float:
    """Estimate the share of a pool that lies in the support of the labelled rows.

    Parameters
    ----------
    points : (n, d) float
        Label-free representation.
    codes : (n,) int
        Given labels; those of labelled rows only are read.
    labelled, pool : (m,), (p,) int
        Row positions.

    Returns
    -------
    float
        From 0 to 1; NaN where there is no pool or fewer than three labelled rows.

    Notes
    -----
    Of more than 20,000 rows of either kind, so many are looked at, chosen by their content.
    Each pool row gets a conformal p-value: the share of the labelled rows of the class nearby that are at
    least as far from their own nearest labelled row. Those of relevant rows are uniform and those of others
    small, so that the rows above a level, over what a uniform would have there, estimate the share of
    relevant ones (Storey 2002).
    """
    labelled, pool = _some(points, labelled), _some(points, pool)
    if not len(pool) or len(labelled) < 3:
        return float("nan")
    standardized = Standardized.of(points).apply(points)[:, :-1]
    known, first = np.unique(standardized[labelled], axis=0, return_index=True)
    if len(known) < 3:
        return float("nan")
    own = codes[labelled[first]]
    inner, _ = _nearest(known, known, itself=True)
    outer, at = _nearest(standardized[pool], known, itself=False)
    p = np.empty(len(pool))
    everyone = np.sort(inner)
    for code in np.unique(own[at]):
        rows = np.flatnonzero(own[at] == code)
        mine = np.sort(inner[own == code])
        against = mine if len(mine) >= _SMALLEST_OWN else everyone
        farther = len(against) - np.searchsorted(against, outer[rows] * (1 - 1e-9))
        p[rows] = (farther + 0.5) / (len(against) + 1)
    shares = [float((p > level).mean()) / (1 - level) for level in _LEVELS]
    return float(np.clip(np.median(shares), 0.0, 1.0))


def _some(points: FloatArray, rows: IntArray) -> IntArray:
    """Take so many rows by their content: the first ones may all be of one class."""
    if len(rows) <= _MOST:
        return rows
    return np.asarray(rows[np.argsort(matrix_keys(points[rows]), kind="stable")[:_MOST]])


def trusted_weight(omega: float, relevant: float) -> float:
    """Lower the weight of a pool that is partly foreign: all of it from .6 relevant on, nothing below .4."""
    if not np.isfinite(relevant):
        return omega
    return omega * float(np.clip((relevant - _REFUSED) / (RELEVANT_ENOUGH - _REFUSED), 0.0, 1.0))


def _nearest(points: FloatArray, known: FloatArray, *, itself: bool) -> tuple[FloatArray, IntArray]:
    """Distance (m,) to the nearest known row, and which one it is; a row is not its own neighbor."""
    squares = (known**2).sum(axis=1)
    distance, place = np.empty(len(points)), np.empty(len(points), dtype=np.int64)
    step = max(1, _BLOCK_CELLS // len(known))
    for start in range(0, len(points), step):
        block = points[start : start + step]
        squared = (block**2).sum(axis=1)[:, None] + squares - 2 * block @ known.T
        if itself:
            squared[np.arange(len(block)), start + np.arange(len(block))] = np.inf
        place[start : start + step] = squared.argmin(axis=1)
        distance[start : start + step] = np.sqrt(np.maximum(squared.min(axis=1), 0.0))
    return distance, place
