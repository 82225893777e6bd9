"""Shared by acceptance experiments: features that are learned once."""

from __future__ import annotations

import pytest
from learned_features import contrastive
from sklearn.datasets import load_digits


@pytest.fixture(scope="session")
def contrastive_digits():
    """Contrastive features (1797, 64) of the images of all digits; skips where torch is not installed."""
    return contrastive(load_digits().images, 11, n_epochs=30)
