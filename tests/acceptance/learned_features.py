"""Features that are learned from images or numbers without any label."""

from __future__ import annotations

import warnings

import pytest

from labelscope.data.dataset import Dataset
from labelscope.errors import LabelscopeWarning
from labelscope.types import Evidence


def contrastive(rows, seed, **settings):
    """Features of images (n, height, width) or of numbers (n, d); skips where torch is not installed."""
    pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
    from labelscope.evidence.self_supervised import ContrastiveFeatures

    data, evidence = None, Evidence(features=rows)
    if rows.ndim == 3:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LabelscopeWarning)
            data, evidence = Dataset(rows, [None] * len(rows)), Evidence()
    return ContrastiveFeatures(**settings).make(data, evidence, random_state=seed).arrays["features"]
