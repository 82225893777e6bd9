from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.review.estimating import left_estimate
from labelscope.review.learning import verdicts_of


@pytest.fixture
def live(build):
    rng = np.random.default_rng(0)
    n = 300
    true = np.arange(n) % 3
    given = true.copy()
    given[:20] = (given[:20] + 1) % 3
    probs = np.full((n, 3), 0.1)
    probs[np.arange(n), true] = 0.8
    probs += rng.uniform(0, 0.02, probs.shape)
    probs /= probs.sum(axis=1, keepdims=True)
    others = np.array([rng.choice(np.flatnonzero(true == c), 8) for c in true])
    evidence = {
        "pred_probs": probs,
        "knn_ids": others.astype(np.int32),
        "knn_distances": np.ones((n, 8), np.float32),
    }
    suspicion = np.where(given != true, 0.9, 0.02)
    audit = build(given, suspicion=suspicion, suggested=true, evidence=evidence, data=np.zeros((n, 2)))
    return ls.Session(audit, journal=None, reviewer="ada")


def test_before_the_first_time_it_is_the_audits(live):
    assert live.suspicion is live.audit.suspicion and live.flagged is live.audit.flagged


def test_settled_rows_are_not_suspected_any_more(live):
    live.accept(range(5))
    live.keep(5)
    live.exclude(6)
    live.accept_set(7, [0, 1])
    live.unsure(8)
    found = live.rescore()
    assert found.shape == (300,) and found.dtype == np.float32 and not np.isnan(found).any()
    assert (found[:8] == 0).all() and (found[8:20] > 0.5).all() and (found[20:] < 0.5).all()
    np.testing.assert_array_equal(live.suspicion, found)
    assert not live.flagged[:8].any() and live.flagged[8:20].all()
    ranked = live.queue(ls.queues.MostSuspicious(), n=11)
    assert set(ranked.tolist()) == set(range(9, 20))
    assert len(set(live.queue(n=11).tolist()) & set(range(9, 20))) >= 10  # one row in twenty is by chance


def test_neighbors_follow_the_current_labels(live):
    row = 100
    near = live.audit.evidence["knn_ids"][row]
    before = live.rescore()[row]
    live.relabel(np.unique(near[near != row]), int((row + 1) % 3))
    assert live.rescore()[row] > before


def test_after_undo_a_row_is_suspected_again(live):
    live.keep(0)
    live.rescore()
    assert live.suspicion[0] == 0
    live.undo()
    assert live.suspicion[0] > 0.5


def test_added_classes_have_no_say(live):
    live.relabel([0, 1, 2], 9, new_class=True)
    found = live.rescore()
    assert (found[:3] == 0).all() and (found[3:20] > 0.5).all()


def test_without_probabilities_and_neighbors_scores_stay(session):
    session.keep(0)
    found = session.rescore()
    assert found[0] == 0 and found[1] == session.audit.suspicion[1]
    assert session.flagged[:4].tolist() == [False, True, True, False]


def test_before_any_verdict_scores_are_the_audits(live):
    found = live.live.rescore()
    np.testing.assert_array_equal(found.suspicion, live.audit.suspicion)
    np.testing.assert_array_equal(found.suggested_codes, live.audit.suggested_codes)
    np.testing.assert_array_equal(found.flagged, live.audit.flagged)
    assert found.n_moved == 0 and found.counts.tolist() == np.bincount(live.audit.given_codes).tolist()


def test_one_edit_moves_everything_that_depends_on_it(live):
    first = live.live.rescore()
    row = 30
    near = np.unique(live.audit.evidence["knn_ids"][row])
    others = near[near != row]
    live.relabel(others, int((row + 1) % 3))
    found = live.live.rescore()
    assert (
        row in found.moved
        and found.n_moved == len(found.moved)
        and found.suspicion[row] > first.suspicion[row]
    )
    assert found.counts.tolist() == np.bincount(live.state.current).tolist() != first.counts.tolist()
    assert (found.thresholds != first.thresholds).any()
    assert live.suggested_codes is found.suggested_codes
    assert not (found.flagged[others]).any() and (found.suspicion[others] == 0).all()


def test_verdicts_recalibrate(live):
    before = live.audit.suspicion[200:].copy()
    live.relabel(range(40, 80), [int((r + 1) % 3) for r in range(40, 80)])  # rows that nobody suspected
    for row in range(40, 80):
        live.keep(row)
    assert (live.rescore()[200:] > before).mean() > 0.9


@pytest.mark.parametrize("source", ["teacher", "judge", "propagated"])
def test_what_a_method_decides_is_no_verdict(live, source):
    wanted = [int((r + 1) % 3) for r in range(40, 80)]
    live.relabel(range(40, 80), wanted, source=source)
    assert len(verdicts_of(live.state, 3).rows) == 0
    assert left_estimate(live).effort == ()
    live.keep(41)
    assert verdicts_of(live.state, 3).rows.tolist() == [41]


def test_confirmed_labels_count_more_than_given_ones(live):
    row = 100
    near = np.unique(live.audit.evidence["knn_ids"][row])
    before = live.live.rescore().suspicion[row]
    live.keep(near[near != row])
    assert live.live.rescore().suspicion[row] < before


def test_accepting_takes_what_is_suggested_now(live):
    row = 100
    near = np.unique(live.audit.evidence["knn_ids"][row])
    live.relabel(near[near != row], int((row + 1) % 3))
    live.live.rescore()
    wanted = int(live.suggested_codes[row])
    live.accept(row)
    assert live.state.current[row] == wanted


def test_listeners_hear_of_scores(live):
    heard = []
    stop = live.subscribe_scores(heard.append)
    live.subscribe_scores(lambda _: 1 / 0)
    found = live.live.rescore()
    stop()
    live.rescore()
    assert heard == [found]


def test_the_noise_rate_is_measured_after_looks_by_chance(live):
    assert not live.live.rescore().noise_rate.measured
    for _ in range(60):
        row = int(live.queue(n=1)[0])
        live.relabel(row, int(row % 3))
    rate = live.live.rescore().noise_rate
    assert rate.measured and rate.low <= 20 / 300 <= rate.high


def test_errors_that_were_found_where_they_were_expected_are_no_surprise(live):
    for row in range(12):
        live.accept(row)
    live.keep(100)
    found = live.rescore()
    # A verdict is about the given label: the low suspicion of the new one beside it must not turn all rows.
    assert (found[20:] < 0.2).all() and (found[12:20] > 0.5).all()
    assert np.flatnonzero(live.flagged).tolist() == list(range(12, 20))
