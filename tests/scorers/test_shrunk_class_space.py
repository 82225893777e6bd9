"""ShrinkMatch's candidate sets, against a loop written from their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelscope.errors import InvalidInputError
from labelscope.scorers.confident.candidate_sets import candidate_sets, conformal_cut, coverage
from labelscope.scorers.confident.shrunk_class_space import ShrunkClassSpace
from labelscope.testing import check_scorer
from labelscope.types import Evidence


def by_definition(p, tau):
    """Return the candidates of one row and the number of removed runners-up."""
    order = sorted(range(len(p)), key=lambda k: (-p[k], k))
    top, total = p[order[0]], sum(p)
    if top >= tau * total - 1e-9:
        return {order[0]}, 0
    for r in range(1, len(p) - 1):
        kept = sum(p[k] for k in order[r + 1 :])
        if top / (top + kept) >= tau - 1e-12 or kept <= top * (1 - tau) / tau + 1e-9:
            return set(order[: r + 1]), r
    return set(order), len(p) - 1


@given(
    arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(2, 7)), elements=st.floats(0, 1)),
    st.floats(0.55, 0.99),
)
def test_sets_follow_the_definition(raw, tau):
    probs = raw + 1e-3
    probs /= probs.sum(axis=1, keepdims=True)
    found = candidate_sets(probs, tau)
    for row, p in enumerate(probs):
        expected, removed = by_definition(p.tolist(), tau)
        assert set(np.flatnonzero(found.candidates[row])) == expected
        assert found.n_removed[row] == removed


@given(st.integers(2, 6), st.integers(0, 2**31))
def test_sets_shrink_with_certainty_asked(k, seed):
    probs = np.random.default_rng(seed).dirichlet(np.ones(k), 20)
    strict, loose = candidate_sets(probs, 0.99), candidate_sets(probs, 0.6)
    assert (loose.candidates <= strict.candidates).all()


def test_scorer_keeps_the_contract():
    check_scorer(ShrunkClassSpace())


def test_a_label_outside_of_the_set_is_more_suspicious_than_one_inside():
    P = np.array([[0.5, 0.45, 0.03, 0.02]] * 4)
    score = ShrunkClassSpace(tau=0.9).score(Evidence(given_labels=np.arange(4), pred_probs=P))
    assert score.flagged.tolist() == [False, False, True, True]
    assert (np.diff(score.suspicion) > 0).all()


def test_two_classes_fall_back_to_plain_confidence():
    P = np.array([[0.7, 0.3], [0.99, 0.01]])
    score = ShrunkClassSpace().score(Evidence(given_labels=np.array([1, 1]), pred_probs=P))
    assert score.details["candidates"].tolist() == [[True, True], [True, False]]
    assert score.flagged.tolist() == [False, True]
    assert score.suspicion[0] > 0


@pytest.mark.parametrize("wrong", [{"tau": 0.5}, {"tau": 1.0}, {"damping": -0.1}])
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        ShrunkClassSpace(**wrong)


def test_coverage_is_measured_on_verified_rows_only():
    candidates = np.array([[True, False]] * 10)
    true = np.array([0] * 9 + [1])
    found = coverage(candidates, true, np.arange(10))
    assert found.value == 0.9 and found.low < 0.9 < found.high and found.measured
    assert coverage(candidates, true, np.array([], dtype=int)) == coverage(
        candidates, true, np.zeros(10, bool)
    )


def test_conformal_cut_covers_new_rows():
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(200):
        probs = rng.dirichlet(np.ones(5), 160)
        true = np.array([rng.choice(5, p=p) for p in probs])
        cut = conformal_cut(probs, true, np.arange(100), level=0.9)
        hits.append((probs[np.arange(100, 160), true[100:]] >= cut).mean())
    assert np.mean(hits) >= 0.89
    assert conformal_cut(probs, true, np.arange(5), level=0.9) == 0.0
