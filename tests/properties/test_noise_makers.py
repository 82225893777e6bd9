"""Noise makers keep what they promise: how many, where, and in what container."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.testing import (
    annotator_dependent,
    asymmetric,
    cluster_shaped,
    instance_dependent,
    missing_tags,
    symmetric,
)


def make(kind: str, labels: Any, n: int, k: int, rate: float, seed: int) -> tuple[Any, np.ndarray]:
    rng = np.random.default_rng(0)
    if kind == "symmetric":
        return symmetric(labels, rate=rate, random_state=seed)
    if kind == "asymmetric":
        return asymmetric(labels, rate=rate, random_state=seed)
    if kind == "instance_dependent":
        return instance_dependent(labels, rng.dirichlet(np.ones(k), n), rate=rate, random_state=seed)
    if kind == "cluster_shaped":
        return cluster_shaped(labels, rng.normal(size=(n, 3)), rate=rate, random_state=seed)
    return annotator_dependent(labels, rng.integers(0, 4, n), rate=rate, random_state=seed)


KINDS = ["symmetric", "asymmetric", "instance_dependent", "cluster_shaped", "annotator_dependent"]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 5), st.integers(10, 80), st.floats(0, 1))
def test_exactly_the_share_is_wrong_and_the_mask_says_which(
    kind: str, seed: int, k: int, n: int, rate: float
) -> None:
    labels = np.arange(n) % k
    before = labels.copy()
    noisy, wrong = make(kind, labels, n, k, rate, seed)
    assert (labels == before).all()
    assert wrong.sum() == round(rate * n)
    assert ((noisy != labels) == wrong).all()
    assert noisy.dtype == labels.dtype
    assert set(noisy.tolist()) <= set(labels.tolist())
    again, _ = make(kind, labels, n, k, rate, seed)
    assert (again == noisy).all()


@pytest.mark.parametrize("kind", KINDS)
def test_containers_and_types_are_kept(kind: str) -> None:
    pd, pl, pa = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    words = ["cat", "dog", "eel"] * 20
    made: list[Any] = [
        words,
        tuple(words),
        np.array(words),
        np.array(words, dtype=object),
        pd.Series(words, index=np.arange(60) + 7, name="label"),
        pd.Series(words, dtype="category"),
        pl.Series("label", words),
        pa.array(words),
        np.array([True, False] * 30),
    ]
    for labels in made:
        k = 2 if getattr(labels, "dtype", None) == np.bool_ else 3
        noisy, wrong = make(kind, labels, 60, k, 0.2, 1)
        assert type(noisy) is type(labels)
        assert getattr(noisy, "dtype", None) == getattr(labels, "dtype", None)
        assert wrong.sum() == 12
        differs = [str(a) != str(b) for a, b in zip(noisy, labels, strict=True)]
        assert differs == wrong.tolist()
        if isinstance(labels, pd.Series):
            assert noisy.index.equals(labels.index)
            assert noisy.name == labels.name


@pytest.mark.parametrize("kind", KINDS)
def test_unlabelled_rows_stay_unlabelled(kind: str) -> None:
    labels = ["a", "b", None, "a"] * 10
    noisy, wrong = make(kind, labels, 40, 2, 0.5, 3)
    assert all((one is None) == (other is None) for one, other in zip(labels, noisy, strict=True))
    assert wrong.sum() == 15


def test_symmetric_noise_goes_everywhere_alike() -> None:
    noisy, wrong = symmetric([*np.zeros(30_000, dtype=int).tolist(), 1, 2, 3], rate=0.9, random_state=0)
    counts = Counter(np.asarray(noisy)[wrong].tolist())
    assert max(counts[k] for k in (1, 2, 3)) - min(counts[k] for k in (1, 2, 3)) < 500


def test_asymmetric_noise_follows_its_pairs() -> None:
    labels = np.array(["cat", "dog", "eel"] * 50)
    noisy, wrong = asymmetric(labels, rate=0.3, pairs={"cat": "dog", "dog": "cat"})
    assert wrong.sum() == 30
    assert set(zip(labels[wrong], noisy[wrong], strict=True)) == {("cat", "dog"), ("dog", "cat")}
    with pytest.raises(InvalidInputError, match="dog"):
        asymmetric(labels, pairs={"dig": "cat"})


def test_instance_dependent_noise_hits_ambiguous_rows() -> None:
    probs = np.tile([[0.999, 0.001], [0.55, 0.45]], (200, 1))
    _, wrong = instance_dependent([0, 0] * 199 + [0, 1], probs, rate=0.1, random_state=0)
    assert wrong[1::2].mean() > 20 * wrong[::2].mean()


def test_cluster_shaped_noise_is_local() -> None:
    features = np.arange(400.0)[:, None]
    _, wrong = cluster_shaped(np.arange(400) // 200, features, rate=0.1, size=10, random_state=0)
    rows = np.flatnonzero(wrong)
    assert wrong.sum() == 40
    assert (np.diff(rows) == 1).mean() > 0.7
    with pytest.raises(InvalidInputError):
        cluster_shaped([0, 1], np.zeros((2, 1)), size=0)


def test_annotators_differ_in_skill() -> None:
    who = np.arange(4000) % 8
    _, wrong = annotator_dependent(np.arange(4000) % 4, who, rate=0.1, random_state=0)
    rates = np.array([wrong[who == one].mean() for one in range(8)])
    assert rates.max() > 2 * rates.min()
    with pytest.raises(InvalidInputError, match="annotators"):
        annotator_dependent([0, 1], [1, 2, 3])
    assert annotator_dependent([0, 1] * 50, 3, rate=0.2)[1].sum() == 20


def test_tags_only_go_missing() -> None:
    rng = np.random.default_rng(0)
    matrix = (rng.random((50, 6)) < 0.4).astype(float)
    matrix[0, 0] = np.nan
    noisy, wrong = missing_tags(matrix, rate=0.25, random_state=1)
    assert wrong.sum() == round(0.25 * np.nansum(matrix))
    assert (matrix[wrong] == 1).all()
    assert (noisy[wrong] == 0).all()
    np.testing.assert_array_equal(noisy[~wrong], matrix[~wrong])
    sets = [{"a", "b"}, {"c"}, set(), {"a", "c", "d"}] * 10
    fewer, changed = missing_tags(sets, rate=0.5, random_state=1)
    assert sum(map(len, fewer)) == sum(map(len, sets)) - 30
    assert [len(one) < len(other) for one, other in zip(fewer, sets, strict=True)] == changed.tolist()
    assert all(one <= other for one, other in zip(fewer, sets, strict=True))
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.ones((4, 2), dtype=int), columns=["x", "y"])
    dropped, _ = missing_tags(frame, rate=0.5)
    assert dropped.columns.tolist() == ["x", "y"]
    assert dropped.to_numpy().sum() == 4
    with pytest.raises(InvalidInputError):
        missing_tags(np.ones(3))


def test_impossible_requests_are_refused() -> None:
    for rate in (-0.1, 1.1):
        with pytest.raises(InvalidInputError, match="rate"):
            symmetric([0, 1], rate=rate)
    with pytest.raises(InvalidInputError, match="two classes"):
        symmetric([0, 0])
    with pytest.raises(InvalidInputError, match="pred_probs"):
        instance_dependent([0, 1], np.ones((2, 3)) / 3)
    with pytest.raises(InvalidInputError, match="features"):
        cluster_shaped([0, 1], np.ones((3, 3)))
