"""Judges that learn: each row is judged by what was learned from other folds, copies and groups apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from labelscope.evidence.folds import content_keys, deal, joined, matrix_keys, small_sets
from labelscope.evidence.judgements.cases import Cases
from labelscope.evidence.judgements.verdicts import EMPTY, Verdicts, abstained
from labelscope.types import Array, BoolArray, FloatArray, IntArray

#: From rows to learn from, their classes 0…C-1, C and rows to judge to (m, C) log scores.
Learner = Callable[[IntArray, IntArray, int, IntArray], FloatArray]
_TEMPERATURES = np.geomspace(0.02, 50.0, 60)
_NOISES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
_LEAST, _DOUBT = 1e-4, 1e-3
_NOTHING = "fewer than two classes to learn from"


def judged_out_of_fold(cases: Cases, learn: Learner, *, n_folds: int = 5) -> Verdicts:
    """Judge every row by a model that has seen neither its label nor a copy of it.

    Parameters
    ----------
    cases : Cases
        With given labels.
    learn : callable
        Scores rows by what it learns from other ones.
    n_folds : int

    Returns
    -------
    Verdicts
        Scores are made as sharp as fits the given labels best, a share of which may be wrong. Abstentions
        are empty texts, rows whose class cannot be learned, and all rows where fewer than two classes have
        labels.
    """
    nothing = nothing_to_learn(cases)
    codes, k = cases.codes, len(cases.classes)
    if nothing is not None or codes is None:
        return nothing or abstained(cases.n, k, _NOTHING)
    folds = _folds(cases, codes, n_folds)
    labelled = codes >= 0
    scores = np.full((cases.n, k), np.nan)
    sums, n_models = np.zeros((int((~labelled).sum()), k)), 0
    for fold in range(int(folds.max()) + 1):
        train = np.flatnonzero(labelled & (folds != fold))
        held = np.flatnonzero(folds == fold)
        present, inner = np.unique(codes[train], return_inverse=True)
        if len(present) < 2:
            continue
        rows = np.concatenate([held, np.flatnonzero(~labelled)])
        said = learn(train, inner.astype(np.int64), len(present), rows)
        # A class that no other fold holds is as unlikely as the unlikeliest.
        full = np.repeat(said.min(axis=1, keepdims=True), k, axis=1)
        full[:, present] = said
        scores[held] = full[: len(held)]
        sums += full[len(held) :]
        n_models += 1
    if n_models:
        scores[~labelled] = sums / n_models
    silent = np.array([not text.strip() for text in cases.texts or ()], dtype=bool)
    if silent.any():
        scores[silent] = np.nan
    return _verdicts(scores, codes, silent)


def nothing_to_learn(cases: Cases) -> Verdicts | None:
    """Return abstentions where there are fewer than two classes with labels, else None."""
    codes = cases.codes
    if codes is None or len(np.unique(codes[codes >= 0])) < 2:
        return abstained(cases.n, len(cases.classes), _NOTHING)
    return None


def _folds(cases: Cases, codes: IntArray, n_folds: int) -> IntArray:
    keys: Array
    if cases.texts is not None:
        keys = content_keys(cases.texts, random_state=cases.random_state)
    else:
        features = cases.items("A judge that learns")
        keys = matrix_keys(np.asarray(features), random_state=cases.random_state)
    copies = small_sets(np.unique(keys, return_inverse=True)[1], max(2, cases.n // (2 * n_folds)))
    units = None if copies is None and cases.groups is None else joined(cases.n, copies, cases.groups)
    return deal(codes, keys, n_folds, units=units)


def _verdicts(scores: FloatArray, codes: IntArray, silent: BoolArray) -> Verdicts:
    known: BoolArray = np.asarray(~np.isnan(scores).any(axis=1))
    fit = np.flatnonzero(known & (codes >= 0))
    probs = np.full(scores.shape, np.nan)
    facts: dict[str, Any] = {"n_calls": 0, "cost": 0.0}
    if len(fit):
        temperature, noise = _sharpness(scores[fit], codes[fit])
        probs[known] = _softmax(scores[known] / temperature)
        facts |= {"temperature": round(temperature, 6), "noise": noise}
    none = "nothing to learn its class from"
    unknown = np.where(silent, EMPTY, none) if len(silent) else none
    reasons = tuple(np.where(known, "", unknown).tolist())
    return Verdicts(probs, reasons, facts)


def _sharpness(scores: FloatArray, codes: IntArray) -> tuple[float, float]:
    """Fit how sharp probabilities are, and which share of the labels follows no model at all.

    The surest rows bear a share of wrong labels as all others do. Without a share of its own for that, a
    judge that is right would have to call itself unsure. Where both fit, the judge is the unsure one.
    """
    spread = float((scores.max(axis=1) - scores.mean(axis=1)).mean())
    best = (np.inf, 1.0, 0.0)
    for temperature in _TEMPERATURES * (spread if spread > 0 else 1.0):
        own = _softmax(scores / temperature)[np.arange(len(codes)), codes]
        for noise in _NOISES:
            mixed = (1.0 - noise) * own + noise / scores.shape[1]
            loss = float(-np.log(np.maximum(mixed, _LEAST)).mean()) + _DOUBT * noise
            if loss < best[0]:
                best = loss, float(temperature), noise
    return best[1], best[2]


def _softmax(scores: FloatArray) -> FloatArray:
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
