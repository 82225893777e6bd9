"""ShrinkMatch on digits with four labels a class: rows without labels help, uncertain ones too."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from labelscope.evidence.shrinking import main_probs
from labelscope.evidence.shrunk_probe import ShrunkProbe

pytestmark = pytest.mark.acceptance
N_FREE = 1200


@pytest.fixture(scope="module")
def accuracies():
    """Accuracy of logistic regression, the network on labels alone, certain rows only, and the shrunk probe."""
    X, y = load_digits(return_X_y=True)
    points = PCA(24, random_state=0).fit_transform(StandardScaler().fit_transform(X))
    points = (points / points.std(axis=0)).astype(np.float32)
    found = []
    for seed in range(300, 305):
        rng = np.random.default_rng(seed)
        known = np.concatenate([rng.choice(np.flatnonzero(y == c), 4, replace=False) for c in range(10)])
        rest = rng.permutation(np.setdiff1d(np.arange(len(y)), known))
        free, held_out = rest[:N_FREE], rest[N_FREE:]
        codes = np.where(np.isin(np.arange(len(y)), known), y, -1)
        logistic = LogisticRegression(max_iter=500).fit(points[known], y[known])
        row = [logistic.score(points[held_out], y[held_out])]
        for probe, rows in (
            (ShrunkProbe(), known),
            (ShrunkProbe(shrink=False), np.concatenate([known, free])),
            (ShrunkProbe(), np.concatenate([known, free])),
        ):
            trained = probe.fit(points[rows], codes[rows], 10, random_state=seed)
            row.append((main_probs(trained.weights, points[held_out]).argmax(axis=1) == y[held_out]).mean())
        found.append(row)
    return np.mean(found, axis=0)


def test_uncertain_rows_help_beyond_certain_ones(accuracies):
    assert accuracies[3] >= accuracies[2]


def test_unlabelled_rows_help_by_two_points(accuracies):
    assert accuracies[3] >= max(accuracies[0], accuracies[1]) + 0.02
