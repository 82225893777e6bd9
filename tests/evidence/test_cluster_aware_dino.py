"""Self-distillation: no collapse, purity, positives from clusters, and which features are kept."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.data.dataset import Dataset
from labelscope.errors import InvalidInputError, LabelscopeWarning
from labelscope.evidence import ClusterAwareDino
from labelscope.evidence.self_supervised.clusters import Members, compare, k_means, purity
from labelscope.types import Evidence

torch = pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)

from labelscope.evidence.self_supervised.distillation import Distilling, _loss


def blobs(n=240, seed=0, apart=6.0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4
    return (rng.normal(size=(n, 8)) + apart * np.eye(4, 8)[y]).astype(np.float32), y


def test_the_loss_is_what_its_definition_says():
    settings = Distilling(4, 5, 1, 8, 1e-3, 9, 2, 0.9, 0.9, 0.04, 0.1)
    random = torch.Generator().manual_seed(0)
    said, long = torch.randn(6, 5, generator=random), torch.randn(6, 5, generator=random)
    short, center = torch.randn(6, 5, generator=random), torch.randn(5, generator=random)
    found = float(_loss(lambda batch: batch, said, center, long, short, settings))

    def softmax(values):
        powers = np.exp(values - values.max())
        return powers / powers.sum()

    losses = []
    for row in range(3):
        teacher = [softmax((said[row + v].numpy() - center.numpy()) / 0.04) for v in (0, 3)]
        student = [np.log(softmax(long[row + v].numpy() / 0.1)) for v in (0, 3)]
        losses.append([-(teacher[0] @ student[1]), -(teacher[1] @ student[0])])
    parts = []
    for copy in (0, 3):
        for row in range(3):
            teacher = [softmax((said[row + v].numpy() - center.numpy()) / 0.04) for v in (0, 3)]
            parts.append(-(sum(teacher) / 2 @ np.log(softmax(short[row + copy].numpy() / 0.1))))
    assert found == pytest.approx((np.mean(losses) + 2 * np.mean(parts)) / 3, rel=1e-5)


def test_it_does_not_collapse_and_repeats():
    X, y = blobs()
    made = [ClusterAwareDino(n_epochs=25).make(None, Evidence(features=X), random_state=3) for _ in range(2)]
    one, two = (m.arrays["dino_features"] for m in made)
    assert (one == two).all() and np.linalg.norm(one, axis=1) == pytest.approx(1, abs=1e-4)
    assert one.std(axis=0).max() > 0.05
    assert purity(made[0].arrays["dino_clusters"], y) > 0.9


@pytest.mark.parametrize("more", [{"n_short": 2}, {"cluster_aware": True, "start_epoch": 1}])
def test_all_kinds_of_rows(more):
    rng = np.random.default_rng(0)
    images = Dataset(rng.integers(0, 255, (40, 12, 12), dtype=np.uint8), [0, 1] * 20)
    provider = ClusterAwareDino(n_epochs=3, n_columns=8, min_purity=0.0, **more)
    for dataset, evidence in ((images, Evidence()), (None, Evidence(features=blobs(40)[0]))):
        made = provider.make(dataset, evidence)
        assert made.arrays["dino_features"].shape == (40, 8)
        assert np.isfinite(made.arrays["dino_features"]).all()
        assert made.facts["cluster_aware"] == more.get("cluster_aware", False)


def test_positives_come_from_the_same_cluster():
    clusters = np.array([0, 1, 0, 2, 1, 0])
    rows = np.array([1, 2, 3, 5, 6, 7])
    members = Members.of(clusters, rows, 9)
    rng = np.random.default_rng(0)
    own = dict(zip(rows.tolist(), clusters.tolist(), strict=True))
    seen = set()
    for _ in range(40):
        partners = members.partners(rows, rng.random(6))
        assert all(own[a] == own[b] for a, b in zip(rows.tolist(), partners.tolist(), strict=True))
        seen |= {(int(a), int(b)) for a, b in zip(rows, partners, strict=True)}
    assert {(1, 3), (1, 7), (1, 1), (2, 6), (5, 5)} <= seen
    assert members.clusters[[0, 4, 8]].tolist() == [-1] * 3


def test_purity_is_leave_one_out():
    rng = np.random.default_rng(0)
    clusters, codes = rng.integers(0, 12, 60), rng.integers(-1, 3, 60)
    shares = []
    for row in np.flatnonzero(codes >= 0):
        others = [codes[k] for k in range(60) if k != row and clusters[k] == clusters[row] and codes[k] >= 0]
        if others:
            counts = np.bincount(others, minlength=3)
            best = np.flatnonzero(counts == counts.max())
            shares.append((codes[row] in best) / len(best))
    assert purity(clusters, codes) == pytest.approx(np.mean(shares))
    assert purity(np.arange(60), codes) is None and purity(clusters, np.full(60, -1)) is None


def test_impure_clusters_are_refused():
    X, y = blobs()
    random = np.random.default_rng(1).integers(0, 4, len(y))
    provider = ClusterAwareDino(n_epochs=6, cluster_aware=True, start_epoch=2)
    with pytest.warns(LabelscopeWarning, match="below 80%"):
        made = provider.make(None, Evidence(features=X, given_labels=random, classes=np.arange(4)))
    assert not made.facts["cluster_aware"] and max(made.facts["purity"]) < 0.8
    plain = ClusterAwareDino(n_epochs=6).make(None, Evidence(features=X))
    assert (made.arrays["dino_features"] == plain.arrays["dino_features"]).all()
    pure = ClusterAwareDino(n_epochs=16, cluster_aware=True, start_epoch=12).make(
        None, Evidence(features=X, given_labels=y, classes=np.arange(4))
    )
    assert pure.facts["cluster_aware"] and min(pure.facts["purity"]) >= 0.8


def test_labels_do_not_train():
    X, y = blobs()
    made = [
        ClusterAwareDino(n_epochs=4, cluster_aware=True, start_epoch=2, min_purity=0.0)
        .make(None, Evidence(features=X, given_labels=codes, classes=np.arange(4)))
        .arrays["dino_features"]
        for codes in (y, y[::-1].copy())
    ]
    assert (made[0] == made[1]).all()


def test_original_features_are_kept_unless_neighbors_of_verified_rows_agree_more():
    X, y = blobs(apart=8.0)
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(240, 5)).astype(np.float32)
    verified = rng.random(240) < 0.5
    better = compare(noise, X, y, verified)
    worse = compare(X, noise, y, verified)
    same = compare(X, X, y, verified)
    assert better.rises and not worse.rises and not same.rises
    assert compare(noise, X, y, np.zeros(240, dtype=bool)) is None
    assert compare(noise, X, y, np.arange(240) < 1) is None
    slow = [
        np.mean([y[k] == y[row] for k in sorted(set(np.flatnonzero(verified)) - {row},
            key=lambda k: ((X[k] - X[row]) ** 2).sum())[:10]])
        for row in np.flatnonzero(verified)
    ]  # fmt: skip
    assert better.after == pytest.approx(np.mean(slow), abs=1e-3)


def test_without_verified_rows_the_original_stays():
    X, y = blobs()
    made = ClusterAwareDino(n_epochs=2).make(None, Evidence(features=X, given_labels=y, classes=np.arange(4)))
    assert made.facts["kept"] == "original" and made.facts["agreement"] is None
    assert (made.arrays["features"] == X).all()


def test_images_without_features_take_the_new_ones():
    images = np.random.default_rng(0).integers(0, 255, (30, 8, 8), dtype=np.uint8)
    made = ClusterAwareDino(n_epochs=2).make(Dataset(images, [0, 1] * 15), Evidence())
    assert made.facts["kept"] == "dino"
    assert (made.arrays["features"] == made.arrays["dino_features"]).all()


def test_clusters_of_copies():
    X = np.repeat(blobs(12)[0], 40, axis=0)
    made = ClusterAwareDino(n_epochs=2, cluster_aware=True, start_epoch=0).make(None, Evidence(features=X))
    assert np.isfinite(made.arrays["dino_features"]).all()
    assert len(set(k_means(np.ones((20, 3)), 5, 0))) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"n_prototypes": 0},
        {"n_clusters": 0},
        {"start_epoch": -1},
        {"n_short": -1},
        {"min_purity": 1.2},
        {"teacher_momentum": -0.1},
        {"teacher_temperature": 0.0},
        {"batch_size": 1},
    ],
)
def test_settings_are_checked(settings):
    with pytest.raises(InvalidInputError):
        ClusterAwareDino(**settings)


def test_bad_input():
    with pytest.raises(InvalidInputError, match="only 9"):
        ClusterAwareDino().make(None, Evidence(features=blobs(9)[0]))
    X, y = blobs(40)
    with pytest.raises(InvalidInputError, match="verified"):
        ClusterAwareDino(n_epochs=1).make(
            None, Evidence(features=X, given_labels=y, classes=np.arange(4), verified=np.ones(3, dtype=bool))
        )
