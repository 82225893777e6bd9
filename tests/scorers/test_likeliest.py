"""The likeliest classes of every row, against a slow loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.scorers.likeliest import likeliest


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(4, 60), st.integers(1, 4), st.booleans())
def test_the_likeliest_equal_the_definition(
    dtype: type, seed: int, n: int, k: int, n_kept: int, ties: bool
) -> None:
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(k, 0.3), n)
    probs = (np.round(probs, 1) if ties else probs).astype(dtype)
    codes = rng.integers(-1, k, n)
    # The digits that count: as many as leave room for the number of a class.
    room = (1 << max(k - 1, 1).bit_length()) - 1
    digits = probs.astype(np.float32).view(np.int32) & ~room
    assert np.allclose(digits.view(np.float32), probs, rtol=k / 2**22, atol=1e-37)
    found = likeliest(probs, codes, n_kept)
    for i in range(n):
        order = sorted(range(k), key=lambda j: (j != codes[i], -digits[i, j], j))
        assert found[i].tolist() == order[:n_kept]


def test_thousands_of_classes_are_compared_in_all_digits() -> None:
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.full(5000, 0.3), 8).astype(np.float32)
    probs[0] = 1 / 5000
    codes = np.array([4999, -1, 7, 8, 9, 10, 11, 12])
    found = likeliest(probs, codes, 32)
    for i in range(8):
        order = sorted(range(5000), key=lambda j: (j != codes[i], -probs[i, j], j))
        assert found[i].tolist() == order[:32]
