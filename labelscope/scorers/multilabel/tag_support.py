"""How many mistakes to expect in a tag: what its joint says, as far as the evidence tells the tag at all."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.ranks import auroc
from labelscope.scorers.multilabel.tag_joint import tag_joint
from labelscope.types import FloatArray, IntArray

# How often people are wrong about a tag where nothing tells: this share of the given ones.
_USUAL = 0.05
# Separation of present and absent rows (2 AUROC - 1) from which on the joint is believed.
_CLEAR = 0.5
_ERRORS = 1.0


def expected_errors(tags: IntArray, probs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Expect so many missing and spurious values of every tag.

    Parameters
    ----------
    tags : (n, K) int8
        1 present, 0 absent, -1 unknown.
    probs : (n, K) float
        Out-of-sample probabilities of the tags.

    Returns
    -------
    missing, spurious : (K,) float64

    Notes
    -----
    What `tag_joint` counts is an upper bound, and a close one only where the evidence tells rows with the tag
    from rows without it: of features that say nothing it cannot rule out that every given value is wrong.
    There the usual rate stands in, 5 % of the given tags on either side. Between them, on the log scale, the
    separation of the rows given as present and as absent, one standard error less, decides.
    """
    joint = tag_joint(tags, probs)
    missing, spurious = joint.missing.copy(), joint.spurious.copy()
    for tag in range(tags.shape[1]):
        present, absent = probs[tags[:, tag] == 1, tag], probs[tags[:, tag] == 0, tag]
        if not len(present) or not len(absent):
            continue
        told, usual = _told(present, absent), _USUAL * len(present)
        for counts in (missing, spurious):
            if counts[tag] > usual:
                counts[tag] = usual * (counts[tag] / usual) ** told
    return missing, spurious


def _told(present: FloatArray, absent: FloatArray) -> float:
    """How far the joint is believed, from 0 to 1."""
    n, m = len(present), len(absent)
    area = auroc(np.concatenate([present, absent]), np.arange(n + m) < n)
    gini = 2 * (0.5 if area is None else area) - 1
    # Spread of the rank statistic where nothing tells (Mann and Whitney 1947).
    chance = float(np.sqrt((n + m + 1) / (3.0 * n * m)))
    return float(np.clip((gini - _ERRORS * chance) / _CLEAR, 0.0, 1.0))
