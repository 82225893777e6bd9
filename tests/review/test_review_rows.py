from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.rows import as_rows


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (3, [3]),
        (np.int32(3), [3]),
        (np.array(3), [3]),
        ([4, 2, 4], [4, 2, 4]),
        ((1,), [1]),
        ({2}, [2]),
        (range(3), [0, 1, 2]),
        (iter([1, 0]), [1, 0]),
        (np.array([1, 2], np.uint8), [1, 2]),
        (pd.Series([1, 2]), [1, 2]),
        (slice(None), [0, 1, 2, 3, 4]),
        (slice(-2, None), [3, 4]),
        ([True, False, False, True, False], [0, 3]),
        (np.array([False] * 5), []),
        (pd.Series([False, True, False, False, False]), [1]),
        ([], []),
        (np.array([]), []),
    ],
)
def test_rows(rows, expected):
    found = as_rows(rows, 5)
    assert found.tolist() == expected and found.dtype == np.int64


@pytest.mark.parametrize(
    ("rows", "error", "said"),
    [
        (-1, InvalidInputError, "row -1.*may be 4"),
        (5, InvalidInputError, "row 5.*last one is 4"),
        ([0, 99, 98], InvalidInputError, "row 99.*and 1 others.*not ids"),
        ([True, False], InvalidInputError, "2 entries.*5 rows"),
        ([1.0], InvalidTypeError, "1.0"),
        ("3", InvalidTypeError, "'3'.*dataset.ids"),
        (["a"], InvalidTypeError, "'a'"),
        (None, InvalidTypeError, "None"),
        (True, InvalidTypeError, "single truth value"),
        ([True, 3], InvalidTypeError, "mixes"),
        ([[1, 2]], InvalidTypeError, "shape"),
        ([[1], [2, 3]], InvalidTypeError, "rows is"),
        (slice("a"), InvalidTypeError, "slice"),
        ({1: 2}, InvalidTypeError, "1: 2"),
        (2.5, InvalidTypeError, "2.5"),
    ],
)
def test_errors_name_what_was_given(rows, error, said):
    with pytest.raises(error, match=f"(?s){said}"):
        as_rows(rows, 5)


def test_no_rows_at_all():
    assert as_rows([], 0).tolist() == [] and as_rows(slice(None), 0).tolist() == []
    with pytest.raises(InvalidInputError, match="has no rows"):
        as_rows(0, 0)
