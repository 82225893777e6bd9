"""Estimators of the user's own that predict several tags: fitted per fold, at once or tag by tag."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.evidence import estimators
from labelscope.evidence.progress import progress
from labelscope.evidence.tag_probe import base_rates
from labelscope.types import FloatArray, IntArray


def predicted_by_model(
    model: Any, data: Any, tags: IntArray, folds: IntArray
) -> tuple[FloatArray, dict[str, Any]]:
    """Predict every row by copies of ``model`` fitted on the other folds.

    Parameters
    ----------
    model : scikit-learn style classifier
        One that takes a matrix of tags (OneVsRestClassifier, MultiOutputClassifier, forests, networks) is
        fitted once per fold; any other, and wherever entries are unknown, once per fold and tag.
    data : container of n rows
    tags : (n, K) int8
    folds : (n,) int
        -1 for rows without a known tag, which get the mean of all models.

    Returns
    -------
    probs : (n, K) float32
    facts : dict
    """
    n_folds = int(folds.max()) + 1
    probs = np.zeros(tags.shape, dtype=np.float32)
    others = np.flatnonzero(folds < 0)
    rates = base_rates(tags, folds, n_folds)
    for fold in progress(range(n_folds), f"fitting {type(model).__name__}"):
        train, held = np.flatnonzero((folds >= 0) & (folds != fold)), np.flatnonzero(folds == fold)
        rows = np.concatenate([held, others])
        given = np.broadcast_to(rates[fold], (len(rows), tags.shape[1])).copy()
        own = tags[train]
        # Where all rows agree there is nothing to fit, and many estimators would fail.
        varying = np.flatnonzero((own == 1).any(axis=0) & (own == 0).any(axis=0))
        seen = estimators.take(data, rows)
        at_once = None
        if len(varying) > 1 and (own[:, varying] >= 0).all():
            at_once = _all_at_once(model, estimators.take(data, train), own[:, varying], seen)
        if at_once is not None:
            given[:, varying] = at_once
        else:
            for tag in varying.tolist():
                given[:, tag] = _one(model, data, train, own[:, tag], seen)
        probs[held] = given[: len(held)]
        probs[others] += given[len(held) :].astype(np.float32) / n_folds
    return probs, {"probe": type(model).__name__, "n_folds": n_folds}


def _all_at_once(model: Any, train: Any, tags: IntArray, seen: Any) -> FloatArray | None:
    """Probabilities of all tags by one fit; None where the estimator does not take several outputs."""
    try:
        fitted = estimators.copied(model).fit(train, tags)
        given = (
            fitted.predict_proba(seen)
            if hasattr(fitted, "predict_proba")
            else _squashed(fitted.decision_function(seen))
        )
    except Exception:  # what an estimator says to a second dimension differs from one to the next
        return None
    if isinstance(given, list):  # one (m, 2) array per tag
        given = np.column_stack([np.asarray(one)[:, -1] for one in given])
    given = np.asarray(given, dtype=np.float64)
    if given.shape != (len(given), tags.shape[1]):
        return None
    return _checked(given, model)


def _one(model: Any, data: Any, train: IntArray, tags: IntArray, seen: Any) -> FloatArray:
    known = tags >= 0
    fitted, columns = estimators.fit_clone(
        model, estimators.take(data, train[known]), tags[known].astype(np.int64), np.array([0, 1])
    )
    if hasattr(fitted, "predict_proba"):
        given = estimators.probabilities(fitted, seen, len(columns))[:, list(columns).index(1)]
    else:
        given = _squashed(fitted.decision_function(seen))
    return _checked(np.asarray(given, dtype=np.float64), model)


def _squashed(margin: Any) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(margin, dtype=np.float64), -30, 30))))


def _checked(given: FloatArray, model: Any) -> FloatArray:
    if not np.isfinite(given).all() or given.min(initial=0) < 0 or given.max(initial=0) > 1:
        raise InvalidInputError(
            f"model={type(model).__name__} gives probabilities that are not between 0 and 1.",
            "Scale its input, or choose another model.",
        )
    return given
