"""Contrastive features: the loss from its definition, all three kinds of rows, and bad input."""

from __future__ import annotations

import importlib.util
import warnings

import numpy as np
import pytest

from labelscope.data.dataset import Dataset
from labelscope.data.media import AudioMedia
from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingExtraError
from labelscope.evidence import ContrastiveFeatures
from labelscope.types import Evidence

torch = pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)

from labelscope.evidence.self_supervised.contrastive import info_nce
from labelscope.evidence.self_supervised.networks import body, n_passes, pace
from labelscope.evidence.self_supervised.prepared import prepare
from labelscope.evidence.self_supervised.views import Views


def quiet_dataset(*args, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return Dataset(*args, **more)


def vectors(n=80, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 6)).astype(np.float32) + 3 * np.eye(2, 6, dtype=np.float32)[np.arange(n) % 2]


def tones(n=16, rate=8000):
    rng = np.random.default_rng(0)
    waves = []
    for row in range(n):
        t = np.arange(int(rate * rng.uniform(0.2, 0.6))) / rate
        waves.append((np.sin(2 * np.pi * (300 + 600 * (row % 2)) * t) + 0.1 * rng.normal(size=len(t))) / 2)
    return AudioMedia([wave.astype(np.float32) for wave in waves], rate)


def test_the_loss_is_what_its_definition_says():
    rng = np.random.default_rng(1)
    points = rng.normal(size=(10, 4))
    unit = np.array([0, 1, 2, 1, 3])
    found = float(info_nce(torch.from_numpy(points), torch.from_numpy(unit), 0.5))
    directions = points / np.linalg.norm(points, axis=1, keepdims=True)
    same, losses = np.r_[unit, unit], []
    for row in range(10):
        twin = (row + 5) % 10
        others = [k for k in range(10) if k == twin or (k != row and same[k] != same[row])]
        scores = {k: np.exp(directions[row] @ directions[k] / 0.5) for k in others}
        losses.append(-np.log(scores[twin] / sum(scores.values())))
    assert found == pytest.approx(np.mean(losses))


def test_the_gradient_of_the_loss_is_right():
    points = torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    unit = torch.tensor([0, 1, 2, 0])
    assert torch.autograd.gradcheck(lambda x: info_nce(x, unit, 0.5), points.requires_grad_())


def test_same_seed_same_features_and_torchs_own_seed_is_left_alone():
    evidence = Evidence(features=vectors())
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    made = [ContrastiveFeatures(n_epochs=3).make(None, evidence, random_state=s) for s in (1, 1, 2)]
    assert torch.equal(torch.rand(1), expected)
    one, same, other = (m.arrays["features"] for m in made)
    assert (one == same).all() and (one != other).any()
    assert one.shape == (80, 64) and one.dtype == np.float32 and np.isfinite(one).all()


def test_the_loss_falls_and_labels_are_not_read():
    X = vectors(200)
    made = ContrastiveFeatures(n_epochs=15).make(None, Evidence(features=X))
    assert made.facts["loss"][1] < made.facts["loss"][0]
    y = np.random.default_rng(0).integers(0, 2, 200)
    labelled = Evidence(features=X, given_labels=y, classes=np.arange(2))
    again = ContrastiveFeatures(n_epochs=15).make(None, labelled)
    assert (again.arrays["features"] == made.arrays["features"]).all()


@pytest.mark.parametrize("shape", [(8, 8), (20, 20), (12, 12, 3), (40, 30)])
def test_images_of_all_shapes(shape):
    images = np.random.default_rng(0).integers(0, 255, (24, *shape), dtype=np.uint8)
    data = quiet_dataset(images, [0, 1] * 12)
    prepared = prepare(data, Evidence(), "x")
    assert prepared.rows.shape[2] == prepared.rows.shape[3] <= 32
    made = ContrastiveFeatures(n_epochs=1, n_columns=16).make(data, Evidence())
    assert made.arrays["features"].shape == (24, 16) and "images" in made.facts["encoder"]


def test_sounds_of_unequal_length():
    data = quiet_dataset(tones(), [0, 1] * 8)
    prepared = prepare(data, Evidence(), "x")
    assert prepared.kind == "sounds" and prepared.rows.shape[1] == 40
    made = ContrastiveFeatures(n_epochs=2, n_columns=16).make(data, Evidence())
    assert made.arrays["features"].shape == (16, 16) and np.isfinite(made.arrays["features"]).all()


def test_views_differ_and_show_the_same_rows():
    prepared = prepare(None, Evidence(features=vectors()), "x")
    views = Views(prepared, None, 0)
    rows = torch.arange(40)
    one, two = views.long(rows), views.long(rows)
    assert one.shape == two.shape == (40, 6) and not torch.equal(one, two)
    near = ((one - two) ** 2).sum(dim=1).mean()
    assert near < ((one - two[torch.randperm(40)]) ** 2).sum(dim=1).mean()
    part = Views(prepare(quiet_dataset(tones(), [0, 1] * 8), Evidence(), "x"), None, 0)
    assert part.short(torch.arange(8)).shape[2] < part.long(torch.arange(8)).shape[2]


def test_equal_rows_are_not_told_apart():
    X = np.repeat(vectors(12), 30, axis=0)
    made = ContrastiveFeatures(n_epochs=3).make(None, Evidence(features=X))
    assert np.isfinite(made.facts["loss"]).all()
    features = made.arrays["features"]
    assert np.abs(features[:30] - features[0]).max() < 1e-5


def test_held_out_rows_are_embedded_and_not_learned_from():
    X = vectors(100)
    held = np.arange(100) >= 60
    changed = X.copy()
    changed[held] = 50 * np.random.default_rng(9).normal(size=(40, 6))
    made = [
        ContrastiveFeatures(n_epochs=4).make(None, Evidence(features=one, held_out=held)).arrays["features"]
        for one in (X, changed)
    ]
    assert (made[0][~held] == made[1][~held]).all() and (made[0][held] != made[1][held]).any()


def test_a_callers_own_views():
    seen = []

    def augment(batch, rng):
        seen.append(batch.shape)
        return batch + rng.normal(size=batch.shape)

    ContrastiveFeatures(n_epochs=1, augment=augment).make(None, Evidence(features=vectors()))
    assert seen == [(160, 6)]
    for wrong in (lambda batch, rng: batch[:3], lambda batch, rng: batch * np.nan):
        with pytest.raises(InvalidInputError, match="augment="):
            ContrastiveFeatures(n_epochs=1, augment=wrong).make(None, Evidence(features=vectors()))


def test_large_data_end_in_time():
    assert n_passes(1_000_000, 60, 256, 2000) == 1 and n_passes(500, 60, 256, 2000) == 60
    rates = [pace(step, 100) for step in range(100)]
    assert max(rates) <= 1 and rates[0] < 0.2 and rates[-1] < 0.01


def test_networks_take_parts_of_any_length():
    prepared = prepare(quiet_dataset(tones(), [0, 1] * 8), Evidence(), "x")
    network = body(prepared, 8)
    for width in (5, 20, 80):
        assert network(torch.zeros(4, 40, width)).shape == (4, 8)


@pytest.mark.parametrize(
    "settings",
    [{"n_columns": 0}, {"n_epochs": 0}, {"batch_size": 2}, {"temperature": 0.0}, {"learning_rate": -1.0}],
)
def test_settings_are_checked(settings):
    with pytest.raises(InvalidInputError):
        ContrastiveFeatures(**settings)


def test_bad_input():
    with pytest.raises(InvalidInputError, match="only 9"):
        ContrastiveFeatures().make(None, Evidence(features=vectors(9)))
    with pytest.raises(InvalidInputError, match="only 0"):
        ContrastiveFeatures().make(None, Evidence())
    texts = quiet_dataset(["some text", "another text"] * 10, [0, 1] * 10)
    with pytest.raises(InvalidInputError, match="'text'"):
        ContrastiveFeatures().make(texts, Evidence())
    with pytest.raises(InvalidInputError, match="held_out"):
        ContrastiveFeatures().make(None, Evidence(features=vectors(), held_out=np.zeros(3, dtype=bool)))


def test_rows_of_nan_and_constant_features_are_said():
    X = vectors()
    X[3] = np.nan
    with pytest.warns(LabelscopeWarning, match="NaN"):
        made = ContrastiveFeatures(n_epochs=1).make(None, Evidence(features=X))
    assert np.isfinite(made.arrays["features"]).all()
    with pytest.warns(LabelscopeWarning, match="are the same"):
        made = ContrastiveFeatures(n_epochs=1).make(None, Evidence(features=np.ones((30, 3))))
    assert np.isfinite(made.arrays["features"]).all()


def test_without_torch_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="torch"):
        ContrastiveFeatures().make(None, Evidence(features=vectors()))
