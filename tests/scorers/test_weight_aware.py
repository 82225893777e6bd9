"""WAD: class scores, weights and the rounds of spreading, against loops written from their definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError
from labelscope.evidence.class_similarity import class_similarity, directions
from labelscope.evidence.ranks import auroc
from labelscope.scorers.representation.spreading import absorption, spread
from labelscope.scorers.representation.voices import heard_similarity, weights
from labelscope.scorers.representation.weight_aware import WeightAware
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


def noisy_blobs(share, per_class=80, seed=3):
    """Three blobs of which a share of the rows is called by the next one's name."""
    rng = np.random.default_rng(seed)
    true = np.repeat(np.arange(3), per_class)
    X = (rng.normal(size=(len(true), 6)) + 4.0 * np.eye(3, 6)[true]).astype(np.float32)
    return X, np.where(rng.random(len(true)) < share, (true + 1) % 3, true), true


def verify(codes, true, per_class):
    """Confirm or correct so many rows of each class."""
    verified = np.zeros(len(true), dtype=bool)
    for code, n in enumerate(per_class):
        verified[np.flatnonzero(true == code)[:n]] = True
    return np.where(verified, true, codes), verified


def found_among(X, codes, verified):
    return WeightAware().score(Evidence(given_labels=codes, features=X, verified=verified))


def test_verified_rows_overrule_given_labels_where_there_are_enough_of_each_class():
    """More than half of the given labels of each class are wrong in the same way: they alone mislead."""
    X, codes, true = noisy_blobs(0.55)
    right = []
    for n in (0, 3, 10):
        given_now, verified = verify(codes, true, [n] * 3)
        score = found_among(X, given_now, verified)
        rest = ~verified
        right.append((score.details["pseudo_label"][rest] == true[rest]).mean())
        if n == 10:
            alone = np.where(verified, given_now, -1)
            best = WeightAware(n_nearest=1).score(
                Evidence(given_labels=alone, classes=np.arange(3), features=X)
            )
            by_verified = (best.details["pseudo_label"][rest] == true[rest]).mean()
            assert score.meta["n_silent"] > 0.4 * rest.sum()
            assert (score.suspicion[rest & (codes != true)] > 0).mean() > 0.9
    assert right[0] < 0.5 and right[1] > right[0]
    assert right[-1] > 0.95 and right[-1] >= by_verified


@pytest.mark.parametrize("per_class", [(1, 0, 0), (30, 0, 0), (1, 1, 1), (30, 30, 0)])
def test_verified_rows_of_some_classes_do_not_silence_the_others(per_class):
    X, codes, true = noisy_blobs(0.1)
    codes, verified = verify(codes, true, per_class)
    before = WeightAware().score(Evidence(given_labels=codes, features=X))
    after = found_among(X, codes, verified)
    rest = ~verified
    right = [(score.details["pseudo_label"][rest] == true[rest]).mean() for score in (before, after)]
    assert right[1] >= right[0] - 0.01
    found = [auroc(score.suspicion[rest], (codes != true)[rest]) for score in (before, after)]
    assert found[1] >= found[0] - 0.01
    # Whoever is like the rest of a class that nobody verified is as little foreign as before.
    assert after.details["foreign"][rest].mean() <= before.details["foreign"][rest].mean() + 0.02


def test_one_more_verified_row_changes_little():
    X, codes, true = noisy_blobs(0.3)
    last = None
    for n in range(13):
        given_now, verified = verify(codes, true, [n] * 3)
        similar = found_among(X, given_now, verified).details["top_similarity"]
        if last is not None:
            assert np.abs(similar - last).mean() < 0.05
        last = similar


def test_a_verified_row_speaks_alone_and_given_rows_in_company():
    X = np.array([[1, 0], [0.98, 0.1], [0.4, 0.9], [0, 1], [-0.1, 1], [-1, -1]], dtype=np.float32)
    codes = np.array([0, 0, 0, 1, 1, -1])
    units = directions(X)
    nobody, one = np.zeros(6, dtype=bool), np.arange(6) == 2
    plain, heard = heard_similarity(units, codes, codes >= 0, nobody, 2)
    assert plain == pytest.approx(class_similarity(units, codes, codes >= 0, 2, 3)) and heard.sum() == 5
    found, _ = heard_similarity(units, codes, codes >= 0, one, 2)
    beside = units @ units[2]
    for row in (0, 1, 3, 4, 5):
        assert found[row, 0] == pytest.approx(max(plain[row, 0], beside[row]), abs=1e-6)


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
