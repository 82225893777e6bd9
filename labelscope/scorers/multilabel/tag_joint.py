"""Given against true for each tag: how many tags are missing, how many are spurious."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

_STEPS = 30
_FLOOR = 0.5
_FEWEST = 5
_ERRORS = 1.0


@dataclass(frozen=True)
class TagJoint:
    """Counts of given and true values.

    Attributes
    ----------
    counts : (K, 2, 2) float64
        Estimated number of rows by given (first axis after the tag) and true value, 0 absent and 1 present.
        The rows of each 2-by-2 table sum to the number of rows given so.
    thresholds : (K, 2) float64
        Mean probability of the given value (absent, present) among the rows given so; NaN where there are
        none.
    """

    counts: FloatArray
    thresholds: FloatArray

    @property
    def missing(self) -> FloatArray:
        """(K,) estimated number of rows that should have the tag and do not."""
        return self.counts[:, 0, 1]

    @property
    def spurious(self) -> FloatArray:
        """(K,) estimated number of rows that have the tag and should not."""
        return self.counts[:, 1, 0]


def tag_joint(tags: IntArray, probs: FloatArray) -> TagJoint:
    """Estimate the 2-by-2 joint of every tag.

    Parameters
    ----------
    tags : (n, K) int8
        1 present, 0 absent, -1 unknown.
    probs : (n, K) float
        Out-of-sample probabilities of the tags.

    Returns
    -------
    TagJoint

    Notes
    -----
    The confident joint of each tag (Northcutt, Jiang and Chuang 2021), whose rows are scaled to the number of
    rows given so. Where a tag is rare or hard to see, many rows that have it look as if they had not, and the
    confident joint takes them for mistakes. A second bound does not: if a share a of the rows given as
    present were absent, then at every threshold at least that share of what is seen among the absent
    would be seen among them too (mixture proportions, Blanchard, Lee and Scott 2010). The smaller of both
    estimates counts. Where features say nearly nothing, neither rules out that a tag is missing many times
    as often as it is given; that it is given at least half of the time is assumed.
    """
    n_tags = tags.shape[1]
    counts, thresholds = np.zeros((n_tags, 2, 2)), np.full((n_tags, 2), np.nan)
    for tag in range(n_tags):
        present, absent = probs[tags[:, tag] == 1, tag], probs[tags[:, tag] == 0, tag]
        n_present, n_absent = len(present), len(absent)
        counts[tag] = ((n_absent, 0), (0, n_present))
        if not n_present or not n_absent:
            continue
        high, low = float(present.mean(dtype=np.float64)), float(1 - absent.mean(dtype=np.float64))
        thresholds[tag] = (low, high)
        missing = _confident(absent, high, low) * n_absent
        spurious = (1 - _confident(present, high, low, empty=1.0)) * n_present
        missing = min(missing, _smallest_share(absent, present) * n_absent, n_present)
        spurious = min(spurious, _smallest_share(-present, -absent) * n_present)
        counts[tag] = ((n_absent - missing, missing), (spurious, n_present - spurious))
    return TagJoint(counts, thresholds)


def _confident(probs: FloatArray, high: float, low: float, empty: float = 0.0) -> float:
    """Share of confidently present rows among those that are confidently either."""
    yes, no = probs >= high, 1 - probs >= low
    yes, no = yes & ~(no & (probs < 0.5)), no & ~(yes & (probs >= 0.5))
    sure = int(yes.sum()) + int(no.sum())
    return float(yes.sum()) / sure if sure else empty


def _smallest_share(among: FloatArray, like: FloatArray) -> float:
    """Bound the share of ``among`` that is drawn from ``like``: it cannot be rarer above any threshold.

    One standard error of the counts is added, so that the smallest of many ratios is not chance.
    """
    among, like = np.sort(among)[::-1], np.sort(like)[::-1]
    steps = np.unique(np.geomspace(min(_FEWEST, len(like)), len(like), 64).astype(np.int64))
    seen = np.searchsorted(-among, -like[steps - 1], side="right")
    # Equal values are on the same side of a threshold.
    own = np.searchsorted(-like, -like[steps - 1], side="right")
    hits = np.maximum(seen, 1)
    ratio = (hits / len(among)) / (own / len(like))
    return float(np.min(ratio * (1 + _ERRORS * np.sqrt(1 / hits + 1 / own)), initial=1.0))


def leveled(levels: FloatArray, among: BoolArray, totals: FloatArray) -> FloatArray:
    """Turn levels into probabilities whose sum over the entries of each tag is the number expected.

    Parameters
    ----------
    levels : (n, K) float32
        Log-odds up to a shift for each tag.
    among : (n, K) bool
        Entries that count; all others become 0.
    totals : (K,) float
        Expected sums; at least half a row, so that the order within a tag is never lost.

    Returns
    -------
    (n, K) float32
    """
    counted = among.sum(axis=0)
    wanted = np.minimum(np.maximum(totals, _FLOOR), 0.95 * counted)
    low, high = np.full(len(totals), -40.0), np.full(len(totals), 40.0)
    levels = np.clip(levels, -20, 20).astype(np.float32)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        sums = np.where(among, 1 / (1 + np.exp(-levels - middle.astype(np.float32))), 0).sum(axis=0)
        above = sums > wanted
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    shift = ((low + high) / 2).astype(np.float32)
    return np.where(among, 1 / (1 + np.exp(-levels - shift)), 0).astype(np.float32)


def log_odds(probs: FloatArray) -> FloatArray:
    """Log-odds of probabilities, float32, kept finite."""
    inside = np.clip(probs.astype(np.float32), np.float32(1e-6), np.float32(1 - 1e-6))
    return np.asarray(np.log(inside) - np.log1p(-inside))
