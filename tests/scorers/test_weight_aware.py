"""WAD: class scores, weights and the rounds of spreading, against loops written from their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.evidence.class_similarity import class_similarity, directions
from labelscope.scorers.representation.spreading import absorption, spread
from labelscope.scorers.representation.weight_aware import WeightAware, weights
from labelscope.testing import check_scorer
from labelscope.types import Evidence


@settings(max_examples=60)
@given(st.integers(0, 2**31), st.integers(2, 25), st.integers(1, 4), st.integers(1, 3))
def test_class_scores_follow_the_definition(seed, n, k, nearest):
    rng = np.random.default_rng(seed)
    units = directions(rng.normal(size=(n, 3)).astype(np.float32))
    codes = rng.integers(-1, k, n)
    trusted = rng.random(n) < 0.7
    found = class_similarity(units, codes, trusted, k, nearest)
    for row in range(n):
        for code in range(k):
            others = [i for i in range(n) if i != row and trusted[i] and codes[i] == code]
            cosines = sorted((float(units[row] @ units[i]) for i in others), reverse=True)[:nearest]
            expected = np.mean(cosines) if cosines else -1.0
            assert found[row, code] == pytest.approx(expected, abs=1e-5)


def test_weight_is_best_less_runner_up():
    weight, best, top = weights(np.array([[0.9, 0.5, 0.1], [-0.2, -0.1, -0.5]]))
    assert weight == pytest.approx([0.4, 0.0]) and best.tolist() == [0, 1] and top.tolist() == [0.9, -0.1]


def test_scorer_keeps_the_contract():
    check_scorer(WeightAware())


def test_excluded_rows_speak_for_no_class_and_are_not_suspected():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(size=(20, 4)) + c for c in ([6, 0, 0, 0], [0, 6, 0, 0])]).astype(
        np.float32
    )
    y = np.repeat([0, 1], 20)
    y[0] = 1
    before = WeightAware(n_nearest=1).score(Evidence(given_labels=y, features=X))
    assert before.suspicion.argmax() == 0
    out = np.zeros(40, dtype=bool)
    out[0] = True
    after = WeightAware(n_nearest=1).score(Evidence(given_labels=y, features=X, excluded=out))
    assert after.suspicion[0] == 0 and not after.flagged[0]
    assert (after.details["weight"] != before.details["weight"]).any()


def test_verified_rows_alone_are_trusted():
    X = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [1, 0.05]], dtype=np.float32)
    y = np.array([0, 1, 1, 0, 0])
    verified = np.array([True, False, True, False, False])
    score = WeightAware().score(Evidence(given_labels=y, features=X, verified=verified))
    assert score.meta["n_nearest"] == 1
    assert (score.suspicion[[1, 3]] > 0).all() and score.suspicion[4] == 0


def test_absorption_decays_to_nothing():
    shares = absorption(5, 0.1)
    assert shares[0] == 0.1 and shares[-1] == 0 and (np.diff(shares) < 0).all() and len(shares) == 6


def test_spreading_absorbs_as_scheduled_and_each_row_once():
    rng = np.random.default_rng(1)
    X = np.concatenate([rng.normal(size=(110, 3)) + c for c in ([5, 0, 0], [0, 5, 0])]).astype(np.float32)
    codes = np.full(220, -1)
    codes[:5], codes[110:115] = 0, 1
    found = spread(X, codes, 2, n_rounds=5, alpha=0.2)
    assert len(set(found.rows.tolist())) == len(found.rows)
    counts = np.bincount(found.rounds)[1:]
    assert counts.tolist() == [int(share * 210) for share in absorption(5, 0.2)[:-1]]
    true = np.repeat([0, 1], 110)
    assert (found.labels == true[found.rows]).mean() > 0.95
    assert found.pred_probs.sum(axis=1) == pytest.approx(1)


@pytest.mark.parametrize("codes", [[0, 0, -1], [0, 1, 1]])
def test_spreading_needs_two_classes_and_something_to_label(codes):
    with pytest.raises(InvalidInputError):
        spread(np.eye(3, dtype=np.float32), np.array(codes), 2)


def test_no_truth_of_unlabelled_rows_can_reach_the_fit():
    """The codes of unlabelled rows are all -1: what they were called before cannot matter."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(60, 4)).astype(np.float32)
    codes = np.where(np.arange(60) < 20, np.arange(60) % 2, -1)
    once, again = spread(X, codes, 2), spread(X, codes.copy(), 2)
    assert once.rows.tolist() == again.rows.tolist() and (once.pred_probs == again.pred_probs).all()


def test_company_that_speaks_for_no_class_makes_a_row_more_foreign():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(40, 4)).astype(np.float32)
    codes = np.where(np.arange(40) < 20, np.arange(40) % 2, -1)
    evidence = Evidence(given_labels=codes, classes=np.arange(2), features=X)
    plain = WeightAware(n_nearest=1, company=0.0).score(evidence).details
    found = WeightAware(n_nearest=1, company=0.5).score(evidence).details["foreign"]
    units = directions(X)
    for row in range(40):
        nearest = max(float(units[row] @ units[i]) for i in range(20) if i != row)
        beside = sorted(float(units[row] @ units[i]) for i in range(20, 40) if i != row)[-3:]
        assert plain["foreign"][row] == pytest.approx(1 - nearest, abs=1e-5)
        lead = max(0.0, np.mean(beside) - nearest)
        assert found[row] == pytest.approx(1 - nearest + 0.5 * lead, abs=1e-5)


def test_where_all_rows_are_trusted_the_published_rule_holds():
    rng = np.random.default_rng(5)
    evidence = Evidence(given_labels=np.arange(30) % 3, features=rng.normal(size=(30, 4)))
    details = WeightAware().score(evidence).details
    assert details["foreign"] == pytest.approx(1 - details["top_similarity"])
    with pytest.raises(InvalidInputError, match="company"):
        WeightAware(company=2.0)
