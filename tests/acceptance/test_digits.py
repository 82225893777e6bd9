"""The main promise: planted errors in real handwriting are found, and the suggestion is the true label."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

import labelscope as ls

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("seed", range(5))
def test_five_percent_symmetric_noise(seed: int) -> None:
    digits = load_digits()
    labels, wrong = ls.testing.symmetric(digits.target, rate=0.05, random_state=seed)
    audit = ls.audit(digits.images, labels, random_state=seed)
    found = audit.flagged & wrong
    assert found.sum() / wrong.sum() >= 0.90
    assert found.sum() / audit.flagged.sum() >= 0.80
    assert (audit.suggested[found] == digits.target[found]).mean() >= 0.95


def test_the_estimate_of_the_noise_is_near_the_truth() -> None:
    digits = load_digits()
    for rate in (0.0, 0.05, 0.2):
        labels, wrong = ls.testing.symmetric(digits.target, rate=rate, random_state=11)
        estimate = ls.audit(digits.images, labels).noise_rate
        assert abs(estimate.value - wrong.mean()) < 0.02
        assert estimate.low <= estimate.value <= estimate.high
        assert np.isfinite([estimate.low, estimate.high]).all()
