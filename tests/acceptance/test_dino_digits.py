"""DINO on digits: shifted ones are told apart without labels, and cluster-aware positives where they help."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import normalized_mutual_info_score
from sklearn.preprocessing import StandardScaler

from labelscope.data.dataset import Dataset
from labelscope.errors import LabelscopeWarning
from labelscope.evidence.self_supervised import ClusterAwareDino
from labelscope.types import Evidence

pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
pytestmark = pytest.mark.acceptance
SIDE = 11


def nmi(points, y):
    found = [KMeans(10, n_init=3, random_state=seed).fit_predict(points) for seed in range(3)]
    return float(np.mean([normalized_mutual_info_score(y, one) for one in found]))


def placed(images, rng):
    """Put each digit at a random place of a larger canvas."""
    at = rng.integers(0, SIDE - 7, (2, len(images)))
    canvas = np.zeros((len(images), SIDE, SIDE), dtype=np.uint8)
    rows = at[0][:, None, None] + np.arange(8)[:, None]
    canvas[np.arange(len(images))[:, None, None], rows, at[1][:, None, None] + np.arange(8)] = images
    return canvas


def replaced(batch, rng):
    """Move what is on each canvas to another place, and add noise."""
    flat = batch[:, 0]
    on, n = flat > 0, np.arange(len(batch))[:, None, None]
    moved = []
    for axis in (2, 1):
        any_ = on.any(axis=axis)
        first, last = any_.argmax(axis=1), SIDE - any_[:, ::-1].argmax(axis=1)
        shift = rng.integers(0, SIDE + 1 - (last - first)) - first
        moved.append((np.arange(SIDE) - shift[:, None]) % SIDE)
    flat = flat[n, moved[0][:, :, None], moved[1][:, None, :]]
    return (flat + rng.normal(0, 0.1, flat.shape))[:, None]


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X.astype(np.float32), y


def test_shifted_digits(digits):
    X, y = digits
    canvas = placed(np.round(X.reshape(-1, 8, 8) * 255 / 16), np.random.default_rng(81))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        unlabelled = Dataset(canvas, [None] * len(y))
    raw = nmi(canvas.reshape(len(y), -1), y)
    settings = {"augment": replaced, "n_epochs": 24}
    plain = ClusterAwareDino(**settings).make(unlabelled, Evidence(), random_state=82)
    # Late, and over-clustered: about six rows in each.
    late = ClusterAwareDino(**settings, cluster_aware=True, start_epoch=20, n_clusters=300)
    aware = late.make(unlabelled, Evidence(), random_state=82)
    found = [nmi(made.arrays["dino_features"], y) for made in (plain, aware)]
    assert aware.facts["cluster_aware"] and not plain.facts["cluster_aware"]
    assert found[0] >= raw + 0.3, (raw, found)
    assert found[1] >= found[0] - 0.01, (raw, found)


def test_raw_pixels(digits):
    X, y = digits
    raw = nmi(StandardScaler().fit_transform(X), y)
    found = []
    for seed in (83, 84):
        plain = ClusterAwareDino(n_epochs=50).make(None, Evidence(features=X), random_state=seed)
        aware = ClusterAwareDino(n_epochs=50, cluster_aware=True, start_epoch=20, n_clusters=100)
        made = aware.make(None, Evidence(features=X), random_state=seed)
        found.append([nmi(one.arrays["dino_features"], y) for one in (plain, made)])
        # Nobody has verified anything: what was there is kept, whatever the new features are worth.
        assert made.facts["kept"] == "original" and (made.arrays["features"] == X[:, X.std(axis=0) > 0]).all()
    dino, aware = np.mean(found, axis=0)
    assert aware >= dino + 0.02, (raw, found)


def test_a_good_embedding_is_kept_and_a_bad_one_replaced(digits):
    X, y = digits
    canvas = placed(np.round(X.reshape(-1, 8, 8) * 255 / 16), np.random.default_rng(85))
    verified = np.random.default_rng(86).random(len(y)) < 0.3
    provider = ClusterAwareDino(augment=replaced, n_epochs=10)
    noise = np.random.default_rng(87).normal(size=(len(y), 8)).astype(np.float32)
    kept = []
    for original in (X, noise):
        evidence = Evidence(features=original, given_labels=y, classes=np.arange(10), verified=verified)
        made = provider.make(Dataset(canvas, y), evidence, random_state=88)
        kept.append(made.facts["kept"])
        agreement = made.facts["agreement"]
        assert (agreement["after"] > agreement["before"]) == (made.facts["kept"] == "dino")
    assert kept == ["original", "dino"]
