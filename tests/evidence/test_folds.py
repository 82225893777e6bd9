import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.evidence.folds import content_keys, deal, joined, matrix_keys, small_sets


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.integers(1, 5), st.integers(2, 6), st.integers(0, 99))
def test_folds_are_stratified(n, k, n_folds, seed):
    rng = np.random.default_rng(seed)
    codes = rng.integers(-1, k, n)
    folds = deal(codes, rng.integers(0, 2**63, n).astype(np.uint64), n_folds)
    assert ((folds >= 0) == (codes >= 0)).all()
    for code in range(k):
        counts = np.bincount(folds[codes == code], minlength=max(folds.max() + 1, 1))
        assert counts.max() - counts.min() <= 1
    totals = np.bincount(folds[folds >= 0])
    assert len(totals) == 0 or totals.max() - totals.min() <= k


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 80), st.integers(2, 20), st.integers(0, 99))
def test_units_stay_together(n, n_units, seed):
    rng = np.random.default_rng(seed)
    codes, units = rng.integers(-1, 3, n), rng.integers(0, n_units, n)
    folds = deal(codes, rng.integers(0, 2**63, n).astype(np.uint64), 3, units=units)
    for unit in np.unique(units):
        assert len(np.unique(folds[(units == unit) & (codes >= 0)])) <= 1


def test_order_of_rows_and_names_of_classes_do_not_matter():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 5)).astype(np.float32)
    codes, units = rng.integers(0, 4, 200), rng.integers(0, 120, 200)
    order = rng.permutation(200)
    names = np.array([2, 0, 3, 1])
    for own in (None, units):
        folds = deal(codes, matrix_keys(features), 5, units=own)
        moved = deal(
            names[codes[order]], matrix_keys(features[order]), 5, units=None if own is None else own[order]
        )
        np.testing.assert_array_equal(folds[order], moved)


def test_keys_follow_content():
    matrix = np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
    keys = matrix_keys(matrix)
    assert keys[0] == keys[1] != keys[2]
    assert matrix_keys(matrix, random_state=1)[0] != keys[0]
    texts = content_keys(["a", "b", "a"])
    assert texts[0] == texts[2] != texts[1]


def test_partitions_are_joined():
    assert joined(4, None).tolist() == [0, 1, 2, 3]
    assert joined(5, np.array([0, 0, 1, 2, 3]), np.array([9, 8, 8, 7, 6])).tolist() == [0, 0, 0, 1, 2]


def test_large_sets_of_equal_rows_are_split():
    duplicates = np.array([0] * 30 + [1, 1, 2])
    sets = small_sets(duplicates, 10)
    assert len(np.unique(sets[:30])) == 30 and sets[30] == sets[31]
    assert small_sets(np.arange(5), 10) is None
