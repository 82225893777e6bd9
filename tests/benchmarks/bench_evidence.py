"""Time the evidence beside its peers in one run and show ratios; ``python tests/benchmarks/bench_evidence.py``.

Only ratios mean something: both sides run in this process, one after the other, on the same cores. Set
OMP_NUM_THREADS=1 for single-threaded figures. umap-learn is timed with and without its compilation.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from labelscope import Evidence
from labelscope.evidence import NeighborGraph, PredictedProbabilities, Projection, neighbor_accuracy


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def show(what: str, ours: float, theirs: float, peer: str, quality: str = "") -> None:
    sys.stdout.write(
        f"{what:34s} {ours:8.2f} s   {peer} {theirs:8.2f} s   {theirs / ours:6.1f} x   {quality}\n"
    )


def clusters(n: int, d: int, k: int, noise: float = 0.15) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curved, overlapping clusters with a share of labels drawn anew: features, true and given codes."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    inner = rng.normal(size=(n, 12)) + 2.0 * rng.normal(size=(k, 12))[true]
    features = np.tanh(inner @ rng.normal(size=(12, d)) / 3) + 0.3 * rng.normal(size=(n, d))
    given = np.where(rng.random(n) < noise, rng.integers(0, k, n), true)
    return features.astype(np.float32), true, given


def compare_probabilities(features: np.ndarray, true: np.ndarray, given: np.ndarray, name: str) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    evidence = Evidence(features=features, given_labels=given, classes=np.arange(given.max() + 1))
    made, ours = timed(lambda: PredictedProbabilities().make(None, evidence))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    theirs, seconds = timed(
        lambda: cross_val_predict(model, features, given, cv=folds, method="predict_proba")
    )
    hits = [(probs.argmax(axis=1) == true).mean() for probs in (made.arrays["pred_probs"], theirs)]
    quality = f"accuracy against truth {hits[0]:.4f} / {hits[1]:.4f} ({made.facts['probe']})"
    show(f"probabilities {name}", ours, seconds, "scikit-learn", quality)


def compare_neighbors(features: np.ndarray, name: str) -> None:
    from sklearn.neighbors import NearestNeighbors

    evidence = Evidence(features=features)
    made, ours = timed(lambda: NeighborGraph(metric="cosine").make(None, evidence))
    search = NearestNeighbors(n_neighbors=15, metric="cosine", algorithm="brute").fit(features)
    theirs, seconds = timed(lambda: search.kneighbors(return_distance=False))
    same = (np.sort(made.arrays["knn_ids"], axis=1) == np.sort(theirs, axis=1)).mean()
    show(f"neighbors {name}", ours, seconds, "scikit-learn", f"same neighbors {same:.4f}")


def compare_maps(features: np.ndarray, true: np.ndarray, name: str) -> None:
    from sklearn.manifold import trustworthiness

    evidence = Evidence(features=features)
    evidence = evidence.including(**NeighborGraph().make(None, evidence).arrays)
    rows = np.random.default_rng(0).permutation(len(features))[:1500]

    def quality(positions: np.ndarray) -> tuple[float, float]:
        trust = trustworthiness(features[rows], positions[rows], n_neighbors=15, metric="cosine")
        graph = NeighborGraph().make(None, Evidence(features=positions)).arrays
        return trust, neighbor_accuracy(true, graph["knn_ids"])

    made, ours = timed(lambda: Projection().make(None, evidence))
    reference, cold = timed(lambda: Projection(engine="umap-learn").make(None, evidence))
    _, warm = timed(lambda: Projection(engine="umap-learn").make(None, evidence))
    (trust, hit), (their_trust, their_hit) = (quality(one.arrays["map"]) for one in (made, reference))
    quality_text = (
        f"trustworthiness {trust:.4f} / {their_trust:.4f}, label accuracy {hit:.4f} / {their_hit:.4f}"
    )
    show(f"map {name}, first in process", ours, cold, "umap-learn", quality_text)
    show(f"map {name}, again", ours, warm, "umap-learn")


def main() -> None:
    from sklearn.datasets import load_digits

    warnings.simplefilter("ignore")
    digits, digit = load_digits(return_X_y=True)
    digits = digits.astype(np.float32)
    sets = [("digits 1,797 x 64", (digits, digit, digit))]
    sizes = [(10_000, 128, 10)] if "--small" in sys.argv else [(10_000, 128, 10), (60_000, 384, 10)]
    sets += [(f"{n:,} x {d} x {k}", clusters(n, d, k)) for n, d, k in sizes]
    for name, (features, true, given) in sets:
        compare_probabilities(features, true, given, name)
        if len(features) <= 20_000:
            compare_neighbors(features, name)
        compare_maps(features, true, name)


if __name__ == "__main__":
    main()
