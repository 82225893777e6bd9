"""Noise makers keep what they promise: how many, where, and in what container."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.testing import (
    annotator_dependent,
    asymmetric,
    cluster_shaped,
    flipped_concepts,
    instance_dependent,
    missing_tags,
    replaced_targets,
    shifted_targets,
    spurious_tags,
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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6), st.integers(5, 40), st.floats(0, 1))
def test_tag_makers_change_exactly_the_share(seed: int, k: int, n: int, rate: float) -> None:
    rng = np.random.default_rng(seed)
    matrix = np.where(rng.random((n, k)) < 0.1, np.nan, (rng.random((n, k)) < 0.4).astype(float))
    before = matrix.copy()
    present, known = int(np.nansum(matrix)), int((~np.isnan(matrix)).sum())
    fewer, dropped = missing_tags(matrix, rate=rate, random_state=seed)
    assert dropped.sum() == round(rate * present)
    turned, flipped = flipped_concepts(matrix, rate=rate, random_state=seed)
    assert flipped.sum() == round(rate * known)
    made = [(fewer, dropped, 1, 0)]
    if round(rate * present) <= (matrix == 0).sum():
        more, added = spurious_tags(matrix, rate=rate, random_state=seed)
        assert added.sum() == round(rate * present)
        made.append((more, added, 0, 1))
        np.testing.assert_array_equal(spurious_tags(matrix, rate=rate, random_state=seed)[0], more)
    for noisy, wrong, old, new in made:
        assert (matrix[wrong] == old).all()
        assert (noisy[wrong] == new).all()
        np.testing.assert_array_equal(noisy[~wrong], matrix[~wrong])
    np.testing.assert_array_equal(turned[flipped], 1 - matrix[flipped])
    np.testing.assert_array_equal(turned[~flipped], matrix[~flipped])
    np.testing.assert_array_equal(matrix, before)


def test_rates_by_tag() -> None:
    rng = np.random.default_rng(0)
    matrix = (rng.random((400, 3)) < 0.5).astype(np.int8)
    counts = matrix.sum(axis=0)
    _, wrong = missing_tags(matrix, rate={0: 0.5, 2: 0.1})
    assert wrong.sum(axis=0).tolist() == [round(0.5 * counts[0]), 0, round(0.1 * counts[2])]
    _, wrong = spurious_tags(matrix, rate={"1": 0.2})
    assert wrong.sum(axis=0).tolist() == [0, round(0.2 * counts[1]), 0]
    _, wrong = flipped_concepts(matrix, rate={1: 0.25})
    assert wrong.sum(axis=0).tolist() == [0, 100, 0]
    with pytest.raises(InvalidInputError, match="no tag 7"):
        missing_tags(matrix, rate={7: 0.5})
    with pytest.raises(InvalidInputError, match="rate is 2"):
        missing_tags(matrix, rate={0: 2})
    with pytest.raises(InvalidInputError, match="room for 0"):
        spurious_tags(np.ones((4, 2), dtype=int), rate=0.5)
    with pytest.raises(InvalidTypeError, match="matrix"):
        flipped_concepts([{"a"}, {"b"}])


def test_common_tags_are_put_in_more_often() -> None:
    rng = np.random.default_rng(0)
    matrix = (rng.random((4000, 2)) < [0.4, 0.04]).astype(int)
    _, wrong = spurious_tags(matrix, rate=0.2, random_state=1)
    assert wrong[:, 0].sum() > 4 * wrong[:, 1].sum()


def test_tag_makers_keep_containers() -> None:
    pd, pl, pa = (pytest.importorskip(name) for name in ("pandas", "polars", "pyarrow"))
    rows = [["a", "b"], ["b"], ["c", "a"], []] * 10
    for given_tags in (
        [set(row) for row in rows],
        tuple(map(frozenset, rows)),
        rows,
        pd.Series(rows, index=np.arange(40) + 3),
        pl.Series("t", rows),
        pa.array(rows),
        [",".join(row) for row in rows],
    ):
        for maker in (missing_tags, spurious_tags):
            noisy, wrong = maker(given_tags, rate=0.2)
            assert type(noisy) is type(given_tags)
            read, truth = (
                encode(one, task="multilabel", class_names=["a", "b", "c"]).tags.matrix
                for one in (noisy, given_tags)
            )
            assert (read != truth).sum() == 10
            assert (read != truth).any(axis=1).tolist() == wrong.tolist()
    frame = pd.DataFrame({"x": [1, 0, None, 1], "y": [True, False, True, True]})
    turned, wrong = flipped_concepts(frame, rate=1.0)
    assert wrong.sum() == 7
    assert turned.dtypes.tolist() == frame.dtypes.tolist()
    assert turned["y"].tolist() == [False, True, False, False]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(5, 60), st.floats(0, 1), st.booleans())
def test_target_makers_change_exactly_the_share(seed: int, n: int, rate: float, whole: bool) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.normal(size=n) * 10
    targets = np.round(targets) if whole else targets
    targets[0], targets[1] = 50.0, np.nan
    for maker in (replaced_targets, shifted_targets):
        noisy, wrong = maker(targets, rate=rate, random_state=seed)
        assert wrong.sum() == round(rate * (n - 1))
        assert not wrong[1]
        assert np.isnan(noisy[1])
        assert (noisy[wrong] != targets[wrong]).all()
        np.testing.assert_array_equal(noisy[~wrong], targets[~wrong])
        np.testing.assert_array_equal(maker(targets, rate=rate, random_state=seed)[0], noisy)
    assert np.isin(replaced_targets(targets, rate=rate, random_state=seed)[0][2:], targets).all()
    if not whole:
        noisy, wrong = shifted_targets(targets, rate=rate, by=(1, 2), random_state=seed)
        moves = np.abs(noisy - targets)[wrong] / np.nanstd(targets)
        assert ((moves > 1 - 1e-9) & (moves < 2 + 1e-9)).all()


def test_replaced_targets_come_as_often_as_they_occur() -> None:
    targets = np.array([1.0] * 3000 + [2.0] * 900 + [3.0] * 100)
    noisy, wrong = replaced_targets(targets, rate=1.0)
    of_ones = noisy[:3000]
    assert wrong.all()
    assert 0.87 < (of_ones == 2).mean() < 0.93
    assert (noisy[3000:3900] != 2).all()


def test_target_makers_keep_containers() -> None:
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    ages = list(range(20, 60))
    for targets in (
        ages,
        tuple(ages),
        np.array(ages, np.int8),
        np.array(ages, float)[:, None],
        pd.Series(ages, dtype="Int16", name="age"),
        pl.Series("age", ages),
    ):
        for maker in (replaced_targets, shifted_targets):
            noisy, wrong = maker(targets, rate=0.25)
            assert type(noisy) is type(targets)
            assert wrong.sum() == 10
            assert [
                float(a) != float(b) for a, b in zip(np.ravel(noisy), ages, strict=True)
            ] == wrong.tolist()
    assert all(type(v) is int for v in shifted_targets(ages, rate=0.25)[0])


def test_impossible_targets_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="1 distinct target"):
        replaced_targets([2.0, 2.0])
    with pytest.raises(InvalidInputError, match="no targets"):
        shifted_targets([None, None])
    with pytest.raises(InvalidInputError, match="rate"):
        shifted_targets([1.0, 2.0], rate=1.5)
    for by in ((0, 1), (2, 1), (1,)):
        with pytest.raises(InvalidInputError, match="by is"):
            shifted_targets([1.0, 2.0], by=by)
