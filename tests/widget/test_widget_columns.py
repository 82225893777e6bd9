"""Typed columns and the choice of points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.widget.columns import code_dtype, pack_codes, pack_suspicion, sample_rows, scale_map


def test_a_small_picture_holds_everything():
    assert sample_rows(np.zeros(10), np.zeros(10, bool), max_points=10) is None


def test_flagged_rows_come_first_and_the_rest_is_seeded():
    rng = np.random.default_rng(0)
    suspicion, flagged = rng.random(2_000), np.zeros(2_000, bool)
    flagged[rng.choice(2_000, 150, replace=False)] = True
    rows = sample_rows(suspicion, flagged, max_points=500)
    assert len(rows) == 500 == len(np.unique(rows))
    assert np.isin(np.flatnonzero(flagged), rows).all()
    assert (np.diff(rows) > 0).all()
    assert (rows == sample_rows(suspicion, flagged, max_points=500)).all()


def test_too_many_flagged_rows_keep_the_most_suspicious():
    suspicion = np.linspace(0, 1, 100)
    assert sample_rows(suspicion, np.ones(100, bool), max_points=10).tolist() == list(range(90, 100))


@given(
    st.integers(1, 60).flatmap(
        lambda n: st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 2), min_size=n, max_size=n).map(np.array)
    )
)
def test_the_map_keeps_its_shape(points):
    x, y = scale_map(points)
    side = float(np.ptp(points, axis=0).max()) or 1.0
    back = np.stack([x, y], 1).astype(float) / 65_535 * side
    want = points - (points.min(0) + points.max(0)) / 2 + side / 2
    assert np.abs(back - want).max() <= side / 65_535 + 1e-6


def test_rows_without_a_position_go_to_the_middle():
    x, y = scale_map(np.array([[0.0, 0.0], [1.0, 1.0], [np.nan, 0.0]]))
    assert (int(x[2]), int(y[2])) == (32_768, 32_768)
    x, _ = scale_map(np.full((2, 2), np.nan))
    assert x.tolist() == [32_768, 32_768]
    assert scale_map(np.empty((0, 2)))[0].shape == (0,)


@pytest.mark.parametrize(
    ("n_classes", "dtype", "none"), [(2, np.uint8, 255), (254, np.uint8, 255), (255, np.uint16, 65_535)]
)
def test_codes_are_as_narrow_as_they_can_be(n_classes, dtype, none):
    packed = pack_codes(np.array([-1, 0, n_classes - 1]), n_classes)
    assert packed.dtype == dtype
    assert packed.tolist() == [none, 0, n_classes - 1]


def test_too_many_classes_say_what_to_do():
    with pytest.raises(InvalidInputError, match="regression"):
        code_dtype(70_000)


def test_suspicion_as_bytes():
    assert pack_suspicion(np.array([0, 0.5, 1, np.nan])).tolist() == [0, 128, 255, 0]
