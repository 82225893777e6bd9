from __future__ import annotations

import warnings

import numpy as np
import pytest

import labelscope as ls


def make_audit(labels=None, *, n=12, suspicion=None, suggested=None, evidence=None, data=None, **options):
    """Rows 0 to 2 are flagged, the first one most; the suggestion is the next class there."""
    if labels is None:
        labels = [("cat", "dog", "fox")[row % 3] for row in range(n)]
    n = len(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        dataset = ls.Dataset(np.arange(2 * n).reshape(n, 2) if data is None else data, labels, **options)
    codes = dataset.labels.codes
    if suspicion is None:
        suspicion = np.where(np.arange(n) < 3, 0.9 - 0.1 * np.arange(n), 0.01)
    if suggested is None:
        k = len(dataset.labels.classes)
        suggested = np.where((np.arange(n) < 3) & (k > 0), (codes + 1) % max(k, 1), codes)
    return ls.Audit.from_arrays(
        dataset, suspicion=np.asarray(suspicion), suggested_codes=suggested, evidence=evidence
    )


@pytest.fixture
def build():
    return make_audit


@pytest.fixture
def audit():
    return make_audit()


@pytest.fixture
def session(audit):
    return ls.Session(audit, journal=None, reviewer="ada")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"
