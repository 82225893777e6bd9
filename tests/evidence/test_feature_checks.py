import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, collect_notices
from labelscope.evidence import check_features


def codes_of(notices):
    return [notice.code for notice in notices]


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=8),
        elements=st.floats(allow_nan=True, allow_infinity=True, width=64),
    )
)
@example(np.array([[8.98846567e307], [np.inf]]))
@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_any_matrix_becomes_finite_or_is_refused(matrix):
    before = matrix.copy()
    try:
        features = check_features(matrix)
    except InvalidInputError:
        assert not np.isfinite(matrix).any()
        return
    assert features.dtype == np.float32
    assert len(features) == len(matrix)
    assert features.shape[1] >= 1
    assert np.isfinite(features).all()
    assert np.isfinite(np.square(features.astype(np.float32))).all()
    np.testing.assert_array_equal(matrix, before)


def test_clean_matrix_is_kept_without_a_notice():
    matrix = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    with collect_notices() as notices:
        features = check_features(matrix, 20)
    np.testing.assert_array_equal(features, matrix)
    assert notices == []


def test_gaps_get_the_median_and_are_listed():
    matrix = np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, np.inf], [5.0, 7.0]])
    with collect_notices() as notices, pytest.warns(LabelscopeWarning, match="2 of 4 rows"):
        features = check_features(matrix)
    assert features[1, 0] == 3.0 and features[2, 1] == 6.0
    assert notices[0].code == "features_not_finite" and notices[0].rows == (1, 2)


def test_columns_without_information_are_left_out():
    matrix = np.column_stack([np.arange(4.0), np.full(4, 7.0), np.full(4, np.nan)])
    with pytest.warns(LabelscopeWarning, match="1 columns without any number"):
        assert check_features(matrix).shape == (4, 1)


def test_all_constant_gives_one_column_of_zeros():
    with pytest.warns(LabelscopeWarning, match="are the same"):
        assert check_features(np.ones((5, 3))).tolist() == [[0.0]] * 5


def test_huge_values_do_not_overflow():
    with pytest.warns(LabelscopeWarning, match="largest absolute value"):
        features = check_features(np.array([[1e300, 1.0], [-2e300, 2.0]]))
    assert features[:, 0].tolist() == [0.5, -1.0]


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(n):
    assert check_features(np.arange(3.0 * n).reshape(n, 3), n).shape == (n, 3)


def test_other_containers():
    import pandas as pd
    import torch
    from scipy.sparse import csr_matrix

    matrix = np.array([[1.0, 0.0], [0.0, 2.0]])
    for container in (
        pd.DataFrame(matrix),
        torch.tensor(matrix),
        csr_matrix(matrix),
        matrix.tolist(),
        matrix > 0,
    ):
        assert check_features(container).shape == (2, 2)
    assert check_features(np.zeros((2, 3, 4)) + np.arange(24).reshape(2, 3, 4)).shape == (2, 12)
    assert check_features([1.0, 2.0, 3.0]).shape == (3, 1)


def test_errors_say_what_is_needed():
    with pytest.raises(InvalidInputError, match=r"features has 3 entries, but the data has 4 rows"):
        check_features(np.zeros((3, 2)), 4)
    with pytest.raises(InvalidInputError, match="no finite number"):
        check_features(np.full((3, 2), np.nan))
    with pytest.raises(InvalidInputError, match="no columns"):
        check_features(np.zeros((3, 0)))
    with pytest.raises(InvalidTypeError, match="not a number"):
        check_features([["a", "b"], ["c", "d"], [None, 1]])
    with pytest.raises(InvalidTypeError, match="numbers are needed"):
        check_features(np.array([["a", "b"]]))
