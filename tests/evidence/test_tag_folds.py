"""Folds for tags: every fold has its share of every tag, whatever the order of rows and columns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labelscope.evidence.tag_folds import deal_tags

MATRICES = hnp.arrays(
    np.int8, st.tuples(st.integers(1, 60), st.integers(1, 6)), elements=st.sampled_from([-1, 0, 0, 1])
)


def keys_of(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**63, n).astype(np.uint64)


@settings(max_examples=60)
@given(tags=MATRICES, seed=st.integers(0, 5))
def test_the_order_of_rows_does_not_matter(tags: np.ndarray, seed: int) -> None:
    keys = keys_of(len(tags))
    order = np.random.default_rng(seed).permutation(len(tags))
    assert (deal_tags(tags, keys, 3)[order] == deal_tags(tags[order], keys[order], 3)).all()


@settings(max_examples=60)
@given(tags=MATRICES)
def test_every_known_row_is_dealt_once(tags: np.ndarray) -> None:
    folds = deal_tags(tags, keys_of(len(tags)), 4)
    known = (tags >= 0).any(axis=1)
    assert (folds[~known] == -1).all()
    assert ((folds[known] >= 0) & (folds[known] < 4)).all()


def test_the_order_of_tags_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    tags = (rng.random((300, 5)) < [0.02, 0.1, 0.1, 0.3, 0.6]).astype(np.int8)
    keys = keys_of(300)
    assert (deal_tags(tags, keys, 5) == deal_tags(tags[:, [4, 2, 0, 3, 1]], keys, 5)).all()


def test_rare_tags_are_spread_evenly() -> None:
    rng = np.random.default_rng(0)
    tags = (rng.random((2000, 12)) < np.geomspace(0.01, 0.5, 12)).astype(np.int8)
    folds = deal_tags(tags, keys_of(2000), 5)
    counts = np.array([tags[folds == fold].sum(axis=0) for fold in range(5)])
    sizes = np.bincount(folds)
    assert np.ptp(sizes) <= 2
    # Shares by chance would differ by several rows; the rarest tags are dealt first and differ by one.
    rarest = np.argsort(tags.sum(axis=0))[:4]
    assert (np.ptp(counts[:, rarest], axis=0) <= 2).all()
    assert (np.ptp(counts, axis=0) <= 0.05 * tags.sum(axis=0) + 2).all()


def test_units_stay_together() -> None:
    rng = np.random.default_rng(1)
    tags = (rng.random((120, 3)) < 0.3).astype(np.int8)
    units = np.repeat(np.arange(30), 4)
    folds = deal_tags(tags, keys_of(120), 5, units=units)
    assert all(len(np.unique(folds[units == unit])) == 1 for unit in range(30))
    assert len(np.unique(folds)) == 5


@pytest.mark.parametrize("n_folds", [2, 5])
def test_fewer_units_than_folds(n_folds: int) -> None:
    folds = deal_tags(np.array([[1], [0]], dtype=np.int8), keys_of(2), n_folds)
    assert sorted(folds.tolist()) == [0, 1]
