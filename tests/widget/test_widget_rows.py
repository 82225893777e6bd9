"""What a selection may be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelscope.errors import LabelscopeError
from labelscope.widget.rows import as_row, as_rows, pack_mask, unpack_mask


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        (None, []),
        ([], []),
        (3, [3]),
        (np.int32(3), [3]),
        ([3, 1, 3], [1, 3]),
        (np.array([2, 0], np.uint8), [0, 2]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, -2), [1, 3]),
        (range(2), [0, 1]),
        ({2, 1}, [1, 2]),
        ([False, True, False, True], [1, 3]),
        (np.array([True, False, False, False]), [0]),
    ],
)
def test_accepted(value, rows):
    found = as_rows(value, 4)
    assert found.dtype == np.int64
    assert found.tolist() == rows
    assert not found.flags.writeable


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([4], "no row 4"),
        ([-1], "may be 3"),
        ([-9], "0 to 3"),
        ([True, False], "2 entries"),
        ([1.5], "float64"),
        (["a"], "<U1"),
        ("abc", "'abc'"),
        (True, "True"),
        ([[1]], "shape (1, 1)"),
    ],
)
def test_refused(value, says):
    with pytest.raises(LabelscopeError) as caught:
        as_rows(value, 4)
    assert says in str(caught.value)


def test_one_row():
    assert as_row(None, 3) is None
    assert type(as_row(np.int64(2), 3)) is int
    for bad in (3, -1, 1.0, True, "1", [1]):
        with pytest.raises(LabelscopeError):
            as_row(bad, 3)


@given(
    st.integers(0, 70).flatmap(
        lambda n: st.tuples(st.just(n), st.sets(st.integers(0, max(n - 1, 0)), max_size=n))
    )
)
def test_masks_go_there_and_back(drawn):
    n, chosen = drawn
    rows = np.array(sorted(chosen), np.int64) if n else np.empty(0, np.int64)
    mask = pack_mask(rows, n)
    assert len(mask) == (n + 7) // 8
    for kind in (bytes, bytearray, memoryview):
        assert unpack_mask(kind(mask), n).tolist() == rows.tolist()


def test_a_mask_of_another_dataset_is_refused():
    assert unpack_mask(b"", 9).tolist() == []
    with pytest.raises(LabelscopeError, match="3 bytes"):
        unpack_mask(b"abc", 9)
    with pytest.raises(LabelscopeError, match="binary"):
        unpack_mask("text", 9)
