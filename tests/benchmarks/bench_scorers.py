"""Time scorers against cleanlab in the same run: ``python tests/benchmarks/bench_scorers.py [--quick] [--cpu]``.

Three tables: single methods, the default scoring, and the whole confident family in one call. A pass is the
time of summing the matrix. ``--cpu`` takes processor time, all threads together, for machines where others work
too. Memory is what numpy holds at most beyond what is returned (tracemalloc).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import sys
import time
import tracemalloc
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import labelscope as ls
from labelscope.scorers import (
    ConfidenceWeightedEntropy,
    ConfidentLearning,
    ConfusionPairPrior,
    LogRatio,
    NormalizedMargin,
    SelfConfidence,
    confident_family,
)
from labelscope.scorers.confident.selection import SELECTIONS
from labelscope.types import Evidence

SIZES = [(1_000_000, 10), (1_000_000, 100), (50_000, 1000)]
QUICK = [(1_000_000, 10), (200_000, 100), (50_000, 1000)]
METHODS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")


def data(n: int, k: int) -> tuple[Any, Any]:
    """Return labels with 5 % symmetric noise and softmax probabilities, float32."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    probs = np.empty((n, k), dtype=np.float32)
    for start in range(0, n, 50_000):
        part = slice(start, min(start + 50_000, n))
        block = rng.gumbel(size=(part.stop - start, k)).astype(np.float32)
        block[np.arange(len(block)), true[part]] += 6
        block -= block.max(axis=1, keepdims=True)
        np.exp(block, out=block)
        probs[part] = block / block.sum(axis=1, keepdims=True)
    return np.where(rng.random(n) < 0.05, rng.integers(0, k, n), true), probs


def seconds(call: Callable[[], Any], repeats: int = 3) -> float:
    """Return the best of some runs."""
    best, now = np.inf, time.process_time if "--cpu" in sys.argv else time.perf_counter
    for _ in range(repeats):
        start = now()
        call()
        best = min(best, now() - start)
    return float(best)


def extra_memory(call: Callable[[], Any]) -> int:
    """Return bytes held at most beyond those of what is returned."""
    tracemalloc.start()
    result = call()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del result
    return peak - kept


def line(*cells: str) -> None:
    """Write one row of a table."""
    sys.stdout.write("{:>17} {:>28} {:>12} {:>11} {:>7} {:>7} {:>14}\n".format(*cells))
    sys.stdout.flush()


def compare(n: int, k: int) -> None:
    """Print one row per method: our time, cleanlab's, the ratio, passes and extra memory."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    labels, probs = data(n, k)
    evidence = Evidence(given_labels=labels, pred_probs=probs, classes=np.arange(k))
    size, one_pass, total = f"{n:,} × {k}", seconds(probs.sum, 7), 0.0

    def report(method: str, call: Callable[[], Any], theirs: float | None) -> None:
        ours = seconds(call)
        extra = extra_memory(call)
        peer = ("-", "-") if theirs is None else (f"{theirs:.3f}", f"{theirs / ours:.1f}")
        share = f"{extra / 1e6:.0f} MB {extra / probs.nbytes:.0%}"
        line(size, method, f"{ours:.3f}", *peer, f"{ours / one_pass:.1f}", share)

    for scorer in (SelfConfidence(), NormalizedMargin(), ConfidenceWeightedEntropy()):
        theirs = seconds(partial(get_label_quality_scores, labels, probs, method=scorer.name))
        total += theirs
        report(scorer.name, partial(scorer.score, evidence), theirs)
    scores_default = seconds(partial(get_label_quality_scores, labels, probs))
    for extra_scorer in (LogRatio(), ConfusionPairPrior()):
        report(extra_scorer.name, partial(extra_scorer.score, evidence), None)
    issues_default = 0.0
    for how in SELECTIONS:
        theirs = seconds(partial(find_label_issues, labels, probs, filter_by=how, n_jobs=1), 1)
        total += theirs
        issues_default = theirs if how == "prune_by_noise_rate" else issues_default
        report(how, partial(ConfidentLearning(select=how).score, evidence), theirs)
    report("whole family (ten calls)", partial(confident_family, evidence), total)
    auto = partial(ls.score, "auto", given_labels=labels, pred_probs=probs)
    report("auto (issues + scores)", auto, issues_default + scores_default)


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    line("size", "method", "labelscope s", "cleanlab s", "ratio", "passes", "extra memory")
    for n, k in QUICK if "--quick" in sys.argv else SIZES:
        compare(n, k)


if __name__ == "__main__":
    main()
