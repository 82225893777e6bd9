"""Small evidence about classes with attributes, with wrong classes and wrong attributes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from labelscope.testing.sample_rows import nearest, rows_of
from labelscope.testing.sample_tags import constant_features, nan_features
from labelscope.types import BoolArray, Evidence, IntArray

N_CLASSES = 3
N_CONCEPTS = 6
# What the rows of each class are like.
_KINDS = np.array([[1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 1], [0, 1, 1, 1, 0, 0]], dtype=np.float64)


def planted(n: int = 240, *, seed: int = 0, rate: float = 0.1) -> tuple[Evidence, BoolArray]:
    """Make classes with attributes, with a wrong class or a wrong attribute in a share of the rows.

    Parameters
    ----------
    n : int
        Rows.
    seed : int
        Seed.
    rate : float
        Share of wrong rows; half of them have a wrong class, half one wrong attribute.

    Returns
    -------
    evidence : Evidence
        ``given_labels`` (n,) codes, ``concepts`` (n, 6) of 0, 1 and NaN, ``pred_probs`` (n, 3) and
        ``concept_probs`` (n, 6) of models that did not see them, ``features``, ``knn_ids``,
        ``knn_distances``, ``groups`` and ``map``.
    is_wrong : (n,) bool
    """
    rng = np.random.default_rng([seed, 22])
    classes = np.arange(n) % N_CLASSES
    rng.shuffle(classes)
    true = np.abs(_KINDS[classes] - (rng.random((n, N_CONCEPTS)) < 0.08))
    mixing = rng.normal(size=(N_CONCEPTS, 6))
    features = 2.0 * (2 * true - 1) @ mixing / np.sqrt(6) + np.eye(N_CLASSES, 6)[classes] * 2.0
    features = features + rng.normal(scale=0.5, size=features.shape)
    given, concepts = classes.copy(), true.copy()
    rows = rng.choice(n, round(rate * n), replace=False)
    with_class = rows[: (len(rows) + 1) // 2]
    given[with_class] = (given[with_class] + rng.integers(1, N_CLASSES, len(with_class))) % N_CLASSES
    for row in rows[len(with_class) :]:
        concept = rng.integers(N_CONCEPTS)
        concepts[row, concept] = 1 - concepts[row, concept]
    wrong = (given != classes) | (concepts != true).any(axis=1)
    concepts[(rng.random(concepts.shape) < 0.05) & ~wrong[:, None]] = np.nan
    ids, lengths = nearest(features, min(10, max(n - 1, 0)))
    levels = 2.5 * np.eye(N_CLASSES)[classes] + rng.normal(scale=0.7, size=(n, N_CLASSES))
    probs = np.exp(levels)
    belief = 2.5 * (2 * true - 1) + rng.normal(scale=1.0, size=true.shape)
    evidence = Evidence(
        given_labels=given.astype(np.int64),
        concepts=concepts,
        pred_probs=probs / probs.sum(axis=1, keepdims=True),
        concept_probs=1 / (1 + np.exp(-belief)),
        features=features.astype(np.float32),
        knn_ids=ids,
        knn_distances=lengths,
        groups=np.arange(n) % 7,
        map=features[:, :2].astype(np.float32),
    )
    return evidence, np.asarray(wrong)


def renamed(evidence: Evidence, order: IntArray) -> Evidence:
    """Put the attributes into another order: column j of the result is column ``order[j]``."""
    changed = {
        name: np.asarray(evidence[name])[:, order]
        for name in ("concepts", "concept_probs")
        if name in evidence
    }
    return evidence.including(**changed)


def relabelled(evidence: Evidence, renaming: IntArray) -> Evidence:
    """Call class j ``renaming[j]``."""
    changed = {"given_labels": renaming[evidence["given_labels"]]}
    if "pred_probs" in evidence:
        changed["pred_probs"] = np.asarray(evidence["pred_probs"])[:, np.argsort(renaming)]
    return evidence.including(**changed)


def sliced(evidence: Evidence, rows: slice) -> Evidence:
    """Keep some rows; class names are added so that the classes stay the same."""
    kept = {name: rows_of(array, rows) for name, array in evidence.items() if name != "classes"}
    return Evidence(kept, classes=evidence.get("classes", np.arange(N_CLASSES)))


def with_unlabelled(evidence: Evidence, rows: IntArray) -> Evidence:
    """Take class and attributes of some rows away."""
    codes = np.array(evidence["given_labels"])
    codes[rows] = -1
    changed = {"given_labels": codes, "classes": np.arange(N_CLASSES)}
    if "concepts" in evidence:
        concepts = np.array(evidence["concepts"])
        concepts[rows] = np.nan
        changed["concepts"] = concepts
    return evidence.including(**changed)


def _one_class() -> Evidence:
    evidence = planted(60)[0]
    codes = np.zeros(60, dtype=np.int64)
    return evidence.including(given_labels=codes, classes=np.array(["only"]), pred_probs=np.ones((60, 1)))


def _with_concept(value: float) -> Evidence:
    evidence = planted(60)[0]
    concepts = np.array(evidence["concepts"])
    concepts[:, 2] = value
    return evidence.including(concepts=concepts)


EDGE_CASES: dict[str, Callable[[], Evidence]] = {
    "one row": lambda: planted(1)[0].including(classes=np.arange(N_CLASSES)),
    "one class": _one_class,
    "attribute with one value": lambda: _with_concept(1.0),
    "attribute unknown everywhere": lambda: _with_concept(np.nan),
    "one attribute": lambda: renamed(planted(60)[0], np.array([2])),
    "constant features": lambda: constant_features(planted(60)[0]),
    "NaN features": lambda: nan_features(planted(60)[0]),
}
