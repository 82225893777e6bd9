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
    found = likeliest(probs, codes, n_kept)
    for i in range(n):
        order = sorted(range(k), key=lambda j: (j != codes[i], -probs[i, j], j))
        assert found[i].tolist() == sorted(order[:n_kept])
