"""Time scorers against cleanlab in the same run: ``python tests/benchmarks/bench_scorers.py [--quick]``."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from labelscope.scorers import (
    ConfidenceWeightedEntropy,
    ConfidentLearning,
    Ensemble,
    NormalizedMargin,
    SelfConfidence,
)
from labelscope.scorers.confident.selection import SELECTIONS
from labelscope.types import Evidence

SIZES = [(1_000_000, 10), (200_000, 100), (50_000, 1000)]


def data(n: int, k: int) -> tuple[Any, Any]:
    """Return labels with 5 % symmetric noise and softmax probabilities, float32."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    probs = rng.gumbel(size=(n, k)).astype(np.float32)
    probs[np.arange(n), true] += 6
    probs -= probs.max(axis=1, keepdims=True)
    np.exp(probs, out=probs)
    probs /= probs.sum(axis=1, keepdims=True)
    return np.where(rng.random(n) < 0.05, rng.integers(0, k, n), true), probs


def seconds(call: Callable[[], Any], repeats: int = 3) -> float:
    """Return the best of some runs."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return float(best)


def main() -> None:
    """Print one row per size and method: our time, cleanlab's, and the ratio."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    warnings.simplefilter("ignore")
    sizes = [(n // 10, k) for n, k in SIZES] if "--quick" in sys.argv else SIZES
    rows = [("size", "method", "labelscope s", "cleanlab s", "ratio")]
    for n, k in sizes:
        labels, probs = data(n, k)
        evidence = Evidence(given_labels=labels, pred_probs=probs, classes=np.arange(k))
        size = f"{n:,} × {k}"
        for scorer in (SelfConfidence(), NormalizedMargin(), ConfidenceWeightedEntropy()):
            ours = seconds(partial(scorer.score, evidence))
            theirs = seconds(partial(get_label_quality_scores, labels, probs, method=scorer.name))
            rows.append((size, scorer.name, f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}"))
        for how in SELECTIONS:
            ours = seconds(partial(ConfidentLearning(select=how).score, evidence))
            theirs = seconds(partial(find_label_issues, labels, probs, filter_by=how, n_jobs=1), 1)
            rows.append((size, how, f"{ours:.3f}", f"{theirs:.3f}", f"{theirs / ours:.1f}"))
        rows.append((size, "auto", f"{seconds(partial(Ensemble().score, evidence), 1):.3f}", "", ""))
    for row in rows:
        sys.stdout.write("{:>16} {:>28} {:>13} {:>11} {:>6}\n".format(*row))


if __name__ == "__main__":
    main()
