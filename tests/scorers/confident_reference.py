"""Slow loops written from the definitions, to compare the fast code with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from labelscope.types import Evidence


def random_case(
    seed: int, n: int = 60, k: int = 4, *, absent: bool = False, ties: bool = False, extreme: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return labels and probabilities; ``ties`` rounds to tenths, ``extreme`` adds exact 0 and 1."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    probs = rng.dirichlet(np.full(k, 0.4), n)
    probs[np.arange(n), true] += 1.0
    probs /= probs.sum(axis=1, keepdims=True)
    if ties:
        probs = np.round(probs, 1)
        probs /= probs.sum(axis=1, keepdims=True)
    if extreme:
        probs[: n // 4] = np.eye(k)[true[: n // 4]]
    labels = np.where(rng.random(n) < 0.2, rng.integers(0, k, n), true)
    if absent:
        labels = np.where(labels == k - 1, 0, labels)
    return labels.astype(np.int64), probs


def evidence_of(labels: NDArray[np.int64], probs: NDArray[np.floating]) -> Evidence:
    return Evidence(given_labels=labels, pred_probs=probs, classes=np.arange(probs.shape[1]))


def thresholds(labels: NDArray[np.int64], probs: NDArray[np.float64]) -> list[float]:
    found = []
    for k in range(probs.shape[1]):
        values = [probs[i, k] for i in range(len(labels)) if labels[i] == k]
        found.append(max(sum(values) / len(values), 2e-6) if values else float("inf"))
    return found


def guesses(probs: NDArray[np.float64], limits: list[float], rule: str) -> list[int]:
    found = []
    for row in probs:
        confident = [k for k in range(len(row)) if row[k] >= limits[k] - 1e-6]
        if not confident:
            found.append(-1)
        elif rule == "library" and len(confident) > 1:
            found.append(int(max(range(len(row)), key=lambda k: (row[k], -k))))
        else:
            found.append(int(max(confident, key=lambda k: (row[k], -k))))
    return found


def joint(labels: NDArray[np.int64], guess: list[int], k: int) -> NDArray[np.int64]:
    counts = np.zeros((k, k), dtype=np.int64)
    for given, true in zip(labels, guess, strict=True):
        if given >= 0 and true >= 0:
            counts[given, true] += 1
    for one in range(k):
        if (labels == one).any():
            counts[one, one] = max(counts[one, one], 1)
    return counts


def lowest(values: list[float], n: int) -> set[int]:
    """Positions of the n lowest; equals together or not at all, whichever comes closer."""
    if n <= 0:
        return set()
    if n >= len(values):
        return set(range(len(values)))
    cut = sorted(values)[n - 1]
    below = {i for i, value in enumerate(values) if value < cut}
    tied = {i for i, value in enumerate(values) if value == cut}
    return below | tied if 2 * (n - len(below)) >= len(tied) else below


def prune_by_noise_rate(
    labels: NDArray[np.int64], probs: NDArray[np.float64], counts: NDArray[np.int64]
) -> list[bool]:
    """Select the counts[k, j] largest margins of each pair, one pair after the other."""
    chosen = np.zeros(len(labels), dtype=bool)
    for k in range(probs.shape[1]):
        members = [i for i in range(len(labels)) if labels[i] == k]
        for j in range(probs.shape[1]):
            if j != k:
                margins = [float(probs[i, k]) - float(probs[i, j]) for i in members]
                for place in lowest(margins, int(counts[k, j])):
                    chosen[members[place]] = True
    return [bool(one) for one in chosen]
