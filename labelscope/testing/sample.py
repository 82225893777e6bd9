"""Small evidence with planted errors, in numpy alone, on which scorers are checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.testing import sample_concepts, sample_tags, sample_targets
from labelscope.testing.sample_rows import nearest, permuted, rows_of
from labelscope.types import Array, Evidence, FloatArray, IntArray

N_CLASSES = 3
TASKS = ("classification", "multilabel", "regression", "concepts")


def planted(
    n: int = 240, *, seed: int = 0, rate: float = 0.1, task: str = "classification"
) -> tuple[Evidence, Array]:
    """Make evidence with a share of wrong rows.

    Parameters
    ----------
    n : int
        Rows.
    seed : int
        Seed.
    rate : float
        Share of wrong rows.
    task : str
        ``"classification"``: three overlapping blobs. ``"multilabel"``: `sample_tags.planted`.
        ``"regression"``: `sample_targets.planted`. ``"concepts"``: `sample_concepts.planted`.

    Returns
    -------
    evidence : Evidence
    is_wrong : (n,) bool
    """
    if task == "multilabel":
        evidence, true = sample_tags.planted(n, seed=seed, rate=rate)
        return evidence, np.asarray((true != evidence["given_labels"]).any(axis=1))
    if task == "regression":
        return sample_targets.planted(n, seed=seed, rate=rate)
    if task == "concepts":
        return sample_concepts.planted(n, seed=seed, rate=rate)
    if task != "classification":
        raise InvalidInputError.unknown("task", task, TASKS)
    return _blobs(n, seed, rate)


def _blobs(n: int, seed: int, rate: float) -> tuple[Evidence, Array]:
    rng = np.random.default_rng(seed)
    true = np.arange(n) % N_CLASSES
    rng.shuffle(true)
    centers = np.eye(N_CLASSES, 4) * 4.0
    features = centers[true] + rng.normal(size=(n, 4))
    distances = ((features[:, None] - centers[None]) ** 2).sum(axis=2)
    # A model that is good, not perfect, and never twice equally sure.
    scores = -distances / 4 + rng.normal(scale=0.3, size=distances.shape)
    probs = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    given = true.copy()
    wrong = rng.choice(n, round(rate * n), replace=False)
    given[wrong] = (given[wrong] + rng.integers(1, N_CLASSES, len(wrong))) % N_CLASSES
    ids, lengths = nearest(features, min(10, max(n - 1, 0)))
    evidence = Evidence(
        given_labels=given.astype(np.int64),
        features=features.astype(np.float32),
        pred_probs=probs,
        knn_ids=ids,
        knn_distances=lengths,
        duplicates=_copies(true),
        groups=np.arange(n) % 7,
        sites=np.arange(n) % 4,
        map=features[:, :2].astype(np.float32),
        annotator_labels=_answered(true, seed),
        training_dynamics=_learned(scores, given, seed),
        model_probs=_committee(scores, seed),
        judgements=_judged(true, seed),
    )
    return evidence, np.asarray(given != true)


def _copies(true: IntArray) -> IntArray:
    """Call three rows of one class at a time copies of each other: (n,) int32 ids of sets."""
    order = np.argsort(true, kind="stable")
    first = np.searchsorted(true[order], true[order])
    sets = np.empty(len(true), dtype=np.int32)
    sets[order] = true[order] * len(true) + (np.arange(len(true)) - first) // 3
    return sets


def _answered(true: IntArray, seed: int) -> FloatArray:
    """Let five people of unequal skill answer most rows; NaN where one did not."""
    # A generator of its own, so that the other evidence is what it was without people.
    rng = np.random.default_rng([seed, 5])
    skill = np.array([0.9, 0.85, 0.8, 0.7, 0.6])
    errs = rng.random((len(true), len(skill))) > skill
    shift = rng.integers(1, N_CLASSES, errs.shape)
    answers = np.where(errs, (true[:, None] + shift) % N_CLASSES, true[:, None]).astype(np.float64)
    answers[rng.random(errs.shape) < 0.3] = np.nan
    return answers


def _judged(true: IntArray, seed: int) -> IntArray:
    """Let four judges answer by class codes, (n, 4) int64; -1 where one abstains."""
    rng = np.random.default_rng([seed, 8])
    skill = np.array([0.92, 0.85, 0.8, 0.7])
    errs = rng.random((len(true), len(skill))) > skill
    shift = rng.integers(1, N_CLASSES, errs.shape)
    codes = np.where(errs, (true[:, None] + shift) % N_CLASSES, true[:, None])
    return np.where(rng.random(errs.shape) < 0.1, -1, codes).astype(np.int64)


def _learned(scores: FloatArray, given: IntArray, seed: int, n_epochs: int = 6) -> FloatArray:
    """Let a model learn the true classes first and memorize the given ones later; NaN where it saw no row."""
    rng = np.random.default_rng([seed, 6])
    epochs = np.arange(1, n_epochs + 1)[None, :, None]
    memory = np.eye(N_CLASSES)[given][:, None, :] * epochs / 3.0
    logits = scores[:, None, :] * epochs / n_epochs + memory
    logits += rng.normal(scale=0.5, size=logits.shape)
    logits[rng.random(logits.shape[:2]) < 0.1] = np.nan
    logits[5::83] = np.nan
    return np.asarray(logits.astype(np.float32))


def _committee(scores: FloatArray, seed: int) -> tuple[FloatArray, ...]:
    """Let three models of unequal quality and boldness predict: (n, K) probabilities of each."""
    rng = np.random.default_rng([seed, 7])
    models = []
    for noise, boldness in ((0.3, 1.0), (0.8, 3.0), (1.5, 0.5)):
        logits = boldness * (scores + rng.normal(scale=noise, size=scores.shape))
        probs = np.exp(logits - logits.max(axis=1, keepdims=True))
        models.append(probs / probs.sum(axis=1, keepdims=True))
    return tuple(models)


def relabelled(evidence: Evidence, renaming: IntArray) -> Evidence:
    """Call class j ``renaming[j]``, in labels and in the columns of probabilities."""
    changed: dict[str, Any] = {"given_labels": renaming[evidence["given_labels"]]}
    back = np.argsort(renaming)
    if "pred_probs" in evidence:
        changed["pred_probs"] = np.asarray(evidence["pred_probs"])[:, back]
    if "model_probs" in evidence:
        changed["model_probs"] = tuple(np.asarray(model)[:, back] for model in evidence["model_probs"])
    if "annotator_labels" in evidence:
        answers = np.array(evidence["annotator_labels"], dtype=np.float64)
        there = ~np.isnan(answers)
        answers[there] = renaming[answers[there].astype(np.int64)]
        changed["annotator_labels"] = answers
    if "judgements" in evidence:
        answers = np.asarray(evidence["judgements"])
        changed["judgements"] = np.where(answers >= 0, renaming[answers], -1)
    if "training_dynamics" in evidence:
        logits = np.empty_like(np.asarray(evidence["training_dynamics"]))
        logits[..., renaming] = evidence["training_dynamics"]
        changed["training_dynamics"] = logits
    return evidence.including(**changed)


def sliced(evidence: Evidence, rows: slice) -> Evidence:
    """Keep some rows; class names are added so that the classes stay the same."""
    kept = {name: rows_of(array, rows) for name, array in evidence.items() if name != "classes"}
    return Evidence(kept, classes=evidence.get("classes", np.arange(N_CLASSES)))


def with_unlabelled(evidence: Evidence, rows: IntArray) -> Evidence:
    """Take the labels of some rows away."""
    codes = np.array(evidence["given_labels"])
    codes[rows] = -1
    return evidence.including(given_labels=codes, classes=np.arange(N_CLASSES))


def _one_row() -> Evidence:
    return planted(1)[0].including(classes=np.arange(N_CLASSES))


def _one_class() -> Evidence:
    evidence = planted(30)[0]
    ones = np.ones((30, 1))
    return evidence.including(
        given_labels=np.zeros(30, dtype=np.int64),
        classes=np.array(["only"]),
        pred_probs=ones,
        model_probs=(ones, ones),
        annotator_labels=np.asarray(evidence["annotator_labels"]) * 0.0,
        judgements=np.minimum(evidence["judgements"], 0),
        training_dynamics=np.asarray(evidence["training_dynamics"])[:, :, :1],
    )


def _empty_class() -> Evidence:
    evidence = planted(60)[0]
    wider, *models = (
        np.hstack([np.asarray(probs) * 0.9, np.full((60, 1), 0.1)])
        for probs in (evidence["pred_probs"], *evidence["model_probs"])
    )
    logits = np.asarray(evidence["training_dynamics"])
    return evidence.including(
        classes=np.array(["a", "b", "c", "nobody"]),
        pred_probs=wider,
        model_probs=tuple(models),
        training_dynamics=np.concatenate([logits, logits.min(axis=2, keepdims=True) - 1.0], axis=2),
    )


def _constant_features() -> Evidence:
    evidence = planted(60)[0]
    zeros = np.zeros((60, 10), dtype=np.float32)
    return evidence.including(features=np.ones((60, 4), dtype=np.float32), knn_distances=zeros)


def _nan_features() -> Evidence:
    evidence = planted(60)[0]
    features = np.array(evidence["features"])
    features[::7, 0] = np.nan
    unseen = np.array(evidence["training_dynamics"])
    unseen[::7] = np.nan
    return evidence.including(features=features, training_dynamics=unseen)


def _certain() -> Evidence:
    evidence = planted(60)[0]
    certain = np.eye(N_CLASSES)[np.asarray(evidence["pred_probs"]).argmax(axis=1)]
    logits = np.where(certain == 1.0, 0.0, -np.inf)
    models = (certain, np.roll(certain, 1, axis=1), certain)
    return evidence.including(
        pred_probs=certain, model_probs=models, training_dynamics=np.stack([logits] * 3, axis=1)
    )


EDGE_CASES: dict[str, Callable[[], Evidence]] = {
    "one row": _one_row,
    "one class": _one_class,
    "empty class": _empty_class,
    "constant features": _constant_features,
    "NaN features": _nan_features,
    "probabilities of exactly 0 and 1": _certain,
}

__all__ = [
    "EDGE_CASES",
    "N_CLASSES",
    "TASKS",
    "nearest",
    "permuted",
    "planted",
    "relabelled",
    "sliced",
    "with_unlabelled",
]
