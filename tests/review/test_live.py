from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls


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
    assert set(live.queue(n=11).tolist()) == set(range(9, 20))


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
