"""How sharp a model's probabilities should be to match the answers of people."""

from __future__ import annotations

import numpy as np

from labelscope.evidence.annotators.answers import Answers
from labelscope.types import FloatArray

_COARSE = (0.1, 0.2, 0.5, 0.8, 1.0, 2.0, 3.0, 5.0, 8.0)
_FINE = 4
_SMALLEST = 1e-6


def scaled(probs: FloatArray, temperature: float) -> FloatArray:
    """Return probabilities (n, K) at another temperature; below 1 they become sharper."""
    logs = np.log(np.maximum(probs, _SMALLEST)) / temperature
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def best_temperature(answers: Answers, probs: FloatArray) -> float:
    """Find the temperature with the least cross-entropy to the shares of the answers.

    Parameters
    ----------
    answers : Answers
        Rows without answers are left out.
    probs : (n, K) float
        Probabilities of a model.

    Returns
    -------
    float
        From a coarse and then a fine grid; 1 when nobody answered.
    """
    votes = answers.votes()
    total = votes.sum(axis=1)
    rows = total > 0
    if not rows.any() or answers.n_classes < 2:
        return 1.0
    target, level = votes[rows] / total[rows, None], np.log(np.maximum(probs[rows], _SMALLEST))
    best = min(range(len(_COARSE)), key=lambda place: _loss(target, level, _COARSE[place]))
    fine: list[float] = []
    if best > 0:
        fine += np.linspace(_COARSE[best - 1], _COARSE[best], _FINE, endpoint=False).tolist()
    if best < len(_COARSE) - 1:
        fine += np.linspace(_COARSE[best], _COARSE[best + 1], _FINE + 1).tolist()
    else:
        fine.append(_COARSE[best])
    return float(min(fine, key=lambda one: _loss(target, level, one)))


def _loss(target: FloatArray, level: FloatArray, temperature: float) -> float:
    logs = level / temperature
    logs = logs - logs.max(axis=1, keepdims=True)
    logs = logs - np.log(np.exp(logs).sum(axis=1, keepdims=True))
    return float(-(target * logs).sum(axis=1).mean())
