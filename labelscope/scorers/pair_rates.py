"""Whether each pair of many classes deserves a rate of its own, or all pairs share one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from labelscope.scorers.latent import Component, expectation, mixed_part
from labelscope.scorers.latent_fit import Sideways, fitted
from labelscope.types import FloatArray, IntArray

_STEPS = 25


def pairs_tell(parts: Sequence[FloatArray], codes: IntArray) -> bool:
    """Say whether rates of pairs that are learned on one half foretell the labels of the other half better.

    Where mistakes go from each class to a certain other one, one rate for all pairs explains so few of them
    that the model takes the labels for right. Where they go anywhere, or where the model's own confusions are
    all that pairs could learn, thousands of rates are worse than one.

    Parameters
    ----------
    parts : sequence of (n, K) float
        Log evidence of all classes.
    codes : (n,) int
        Given labels, all ≥ 0.
    """
    mixed, _ = mixed_part(parts, codes, pairwise=False)
    n, n_classes = mixed.shape
    # Halves follow from what is in the rows, not from where they stand.
    order = np.lexsort((mixed.max(axis=1), mixed[np.arange(n), codes], codes))
    halves = order[::2], order[1::2]
    if not len(halves[1]):
        return False
    told = []
    for pairwise in (True, False):
        tau = np.full((n_classes, n_classes) if pairwise else (1, 1), 0.05 / (n_classes - 1))
        if pairwise:
            np.fill_diagonal(tau, 1.0)
        likelihood = 0.0
        for learned, asked in (halves, halves[::-1]):
            rows = Sideways.of(mixed[learned], codes[learned], pairwise=pairwise)
            component = fitted(Component(0.0, np.ones(1), tau), rows, _STEPS)
            likelihood += expectation(component, [mixed[asked]], codes[asked]).log_likelihood * len(asked)
        told.append(likelihood)
    return told[0] > told[1]
