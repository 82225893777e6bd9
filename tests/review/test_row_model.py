"""The model behind live scores knows what the audit's mix knew: methods that joined, rates of pairs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.review.row_model import RowModel
from labelscope.scorers import specialists


def long_tail():
    rng = np.random.default_rng(0)
    sizes = np.array([400, 300, 60, 25, 15])
    true = np.repeat(np.arange(5), sizes)
    X = rng.normal(size=(800, 8)) + 2.6 * np.eye(5, 8)[true]
    return X, np.where(rng.random(800) < 0.2, rng.choice(5, 800, p=sizes / 800), true), {}


def sites():
    rng = np.random.default_rng(0)
    true, site = rng.integers(0, 3, 900), np.arange(900) % 3
    X = rng.normal(size=(900, 6)) + 2.5 * np.eye(3, 6)[true]
    X[site == 2] *= -1
    return X, np.where(rng.random(900) < 0.1, (true + 1) % 3, true), {"sites": site}


def pool():
    rng = np.random.default_rng(0)
    true = np.arange(900) % 4
    X = rng.normal(size=(900, 8)) + 2.4 * np.eye(4, 8)[true]
    given = np.where(rng.random(900) < 0.12, (true + 1) % 4, true)
    return X, [int(code) if row < 200 else None for row, code in enumerate(given)], {}


def foreign():
    """Ten digits, and rows whose columns were shuffled."""
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    pixels, y = load_digits(return_X_y=True)
    X = PCA(40, random_state=0).fit_transform(pixels / 16)
    rng = np.random.default_rng(7)
    strange = X[rng.integers(0, len(X), 120)][:, rng.permutation(40)]
    return np.concatenate([X, strange]), np.concatenate([y, rng.integers(0, 10, 120)]), {}


def pairs():
    """Seventy classes, half of which are mistaken for the next one."""
    rng = np.random.default_rng(0)
    true = np.arange(4900) % 70
    X = rng.normal(size=(4900, 30)) + 2.5 * rng.normal(size=(70, 30))[true]
    return X, np.where((rng.random(4900) < 0.25) & (true % 2 == 0), (true + 1) % 70, true), {}


def audited(scene):
    X, given, evidence = scene()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return ls.audit(X.astype(np.float32), given, task="classification", evidence=evidence)


@pytest.mark.parametrize(
    ("scene", "joined"),
    [(long_tail, "tail"), (sites, "groups"), (pool, "pool"), (foreign, "foreign"), (pairs, "")],
)
def test_before_any_verdict_live_scores_are_the_frozen_ones(scene, joined):
    audit = audited(scene)
    assert list(audit.main.meta.get("joined", {})) == ([joined] if joined else [])
    found = ls.Session(audit, journal=None).live.rescore()
    np.testing.assert_array_equal(found.suspicion, audit.suspicion)
    np.testing.assert_array_equal(found.suggested_codes, audit.suggested_codes)
    np.testing.assert_array_equal(found.flagged, audit.flagged)


# Mean distance of what the model says of a row from what the mix says of it; .032, .034, .035 and .077 without
# the methods that joined and without rates of pairs.
@pytest.mark.parametrize(("scene", "most"), [(long_tail, 0.01), (sites, 0.025), (pool, 0.025), (pairs, 0.06)])
def test_what_joined_is_not_forgotten_by_the_model_of_edits(scene, most):
    audit = audited(scene)
    model = RowModel.of(audit)
    rows = np.flatnonzero(audit.given_codes >= 0)
    cast = model.cast(audit.given_codes, np.zeros(audit.n, dtype=bool))
    said, best, _ = model.score(rows, cast)
    assert np.abs(said - audit.suspicion[rows]).mean() < most
    assert (best == audit.suggested_codes[rows]).mean() > 0.94


def test_after_verdicts_a_rare_class_is_still_known():
    audit = audited(long_tail)
    session = ls.Session(audit, journal=None)
    wrong = np.flatnonzero(audit.flagged)
    rare = wrong[np.isin(audit.suggested_codes[wrong], (2, 3, 4))]
    assert len(rare) > 5
    # Every neighbor of these rows is confirmed, so that all of them are asked about again.
    near = np.setdiff1d(np.unique(audit.evidence["knn_ids"][rare]), wrong)
    session.keep(near)
    found = session.live.rescore()
    kept = found.suggested_codes[rare] == audit.suggested_codes[rare]
    assert kept.mean() > 0.9 and found.flagged[rare].mean() > 0.8


def test_what_was_made_for_the_audit_is_not_made_again(monkeypatch):
    audit = audited(sites)
    monkeypatch.setattr(specialists, "_of_groups", lambda known: pytest.fail("made again"))
    codes = np.asarray(audit.given_codes)
    made = specialists.specialists_of(codes, 3, audit.evidence)
    assert [one.name for one in made] == ["groups"]
    with pytest.raises(pytest.fail.Exception, match="made again"):
        specialists.specialists_of(np.roll(codes, 1), 3, audit.evidence)
