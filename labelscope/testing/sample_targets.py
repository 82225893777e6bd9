"""Small evidence about targets of a regression, with a share of wrong ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labelscope.testing.sample_rows import nearest, rows_of
from labelscope.testing.sample_tags import constant_features, nan_features
from labelscope.types import BoolArray, Evidence, IntArray


def planted(n: int = 240, *, seed: int = 0, rate: float = 0.1) -> tuple[Evidence, BoolArray]:
    """Make targets that depend on features, a share of which belong to other rows.

    Parameters
    ----------
    n : int
        Rows.
    seed : int
        Seed.
    rate : float
        Share of wrong targets: each is moved by one to three standard deviations.

    Returns
    -------
    evidence : Evidence
        ``given_labels`` (n,) float64, ``predictions`` (n,) of a model that did not see them, ``features``,
        ``knn_ids``, ``knn_distances``, ``groups``, ``duplicates`` and ``map``.
    is_wrong : (n,) bool
    """
    rng = np.random.default_rng([seed, 21])
    features = rng.normal(size=(n, 4))
    signal = 2.0 * features[:, 0] + features[:, 1] + 0.5 * features[:, 0] * features[:, 2]
    given = signal + rng.normal(scale=0.1, size=n)
    wrong = np.zeros(n, dtype=bool)
    wrong[rng.choice(n, round(rate * n), replace=False)] = True
    moves = rng.choice([-1.0, 1.0], n) * rng.uniform(1.0, 3.0, n) * max(float(signal.std()), 1.0)
    given = given + np.where(wrong, moves, 0.0)
    ids, lengths = nearest(features, min(10, max(n - 1, 0)))
    evidence = Evidence(
        given_labels=given,
        predictions=signal + rng.normal(scale=0.4, size=n),
        features=features.astype(np.float32),
        knn_ids=ids,
        knn_distances=lengths,
        groups=np.arange(n) % 7,
        duplicates=(np.arange(n) // 3).astype(np.int32),
        map=features[:, :2].astype(np.float32),
    )
    return evidence, wrong


def sliced(evidence: Evidence, rows: slice) -> Evidence:
    """Keep some rows."""
    return Evidence({name: rows_of(array, rows) for name, array in evidence.items()})


def with_unlabelled(evidence: Evidence, rows: IntArray) -> Evidence:
    """Take the targets of some rows away."""
    targets = np.array(evidence["given_labels"])
    targets[rows] = np.nan
    return evidence.including(given_labels=targets)


def _constant() -> Evidence:
    evidence = planted(60)[0]
    return evidence.including(given_labels=np.full(60, 2.5), predictions=np.full(60, 2.5))


def _two_values() -> Evidence:
    evidence = planted(60)[0]
    return evidence.including(given_labels=np.where(evidence["given_labels"] > 0, 1.0, 0.0))


def _far_from_zero() -> Evidence:
    evidence = planted(60)[0]
    moved = {name: 1e9 + np.asarray(evidence[name]) for name in ("given_labels", "predictions")}
    return evidence.including(**moved)


EDGE_CASES: dict[str, Callable[[], Evidence]] = {
    "one row": lambda: planted(1)[0],
    "constant targets": _constant,
    "two distinct targets": _two_values,
    "targets far from 0": _far_from_zero,
    "constant features": lambda: constant_features(planted(60)[0]),
    "NaN features": lambda: nan_features(planted(60)[0]),
}
