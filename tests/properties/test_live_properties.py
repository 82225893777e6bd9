"""Rescoring step by step gives what rescoring at once gives, whatever was decided, undone and decided again."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.review.estimating import left_estimate
from labelscope.review.live import Live
from labelscope.review.progress import never_seen_rows

N, K = 140, 4


def _audit(kind):
    rng = np.random.default_rng(5)
    k = 70 if kind == "many" else K
    true = np.arange(N) % k
    labels = np.where(rng.random(N) < 0.2, (true + 1) % k, true)
    labels[:k] = np.arange(k)
    logits = rng.normal(size=(N, k))
    logits[np.arange(N), true] += 3
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    ids = rng.integers(0, N, (N, 6))
    ids[::7, 5] = -1
    evidence = {"pred_probs": probs, "knn_ids": ids}
    if kind != "both" and kind != "many":
        evidence = {kind: evidence[kind]}
    classes = [f"c{c:02}" for c in range(k)]
    values = np.array(classes)[labels]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ls.errors.LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((N, 2)), values.tolist(), class_names=classes)
    score = ls.score("auto", given_labels=dataset.labels.codes, classes=np.arange(k), **evidence)
    return ls.Audit(
        dataset,
        ls.Evidence(evidence, given_labels=dataset.labels.codes, classes=dataset.labels.classes),
        {"auto": score},
        score.suspicion,
        np.asarray(score.suggested).astype(np.int64),
        np.asarray(score.flagged),
    )


AUDITS = {kind: _audit(kind) for kind in ("both", "pred_probs", "knn_ids", "many")}

edits = st.lists(
    st.tuples(
        st.sampled_from(["relabel", "keep", "unsure", "exclude", "accept", "undo", "redo", "rescore", "new"]),
        st.lists(st.integers(0, N - 1), min_size=1, max_size=8),
        st.integers(0, K - 1),
    ),
    max_size=14,
)


def _apply(session, edit):
    what, rows, code = edit
    if what == "relabel":
        session.relabel(rows, session.audit.classes[code])
    elif what == "new":
        session.relabel(rows, "cow", new_class=True)
    elif what == "rescore":
        session.live.rescore()
    elif what in ("undo", "redo"):
        getattr(session, what)()
    else:
        getattr(session, what)(rows)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(AUDITS)), edits)
def test_step_by_step_is_at_once(kind, steps):
    session = ls.Session(AUDITS[kind], journal=None, reviewer="ada")
    for edit in steps:
        _apply(session, edit)
    stepwise = session.live.rescore()
    at_once = Live(session.audit, session.ledger).rescore()
    np.testing.assert_allclose(stepwise.suspicion, at_once.suspicion, atol=1e-6)
    np.testing.assert_array_equal(stepwise.flagged, at_once.flagged)
    np.testing.assert_array_equal(stepwise.counts, at_once.counts)
    np.testing.assert_allclose(stepwise.thresholds, at_once.thresholds)
    assert stepwise.noise_rate.value == at_once.noise_rate.value
    shown = at_once.suspicion > 1e-3
    np.testing.assert_array_equal(stepwise.suggested_codes[shown], at_once.suggested_codes[shown])


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(AUDITS)), edits)
def test_undoing_all_gives_the_audits_scores_back(kind, steps):
    session = ls.Session(AUDITS[kind], journal=None, reviewer="ada")
    for edit in steps:
        _apply(session, edit)
        session.live.rescore()
    while session.can_undo:
        session.undo()
    found = session.live.rescore()
    np.testing.assert_allclose(found.suspicion, session.audit.suspicion, atol=1e-6)
    np.testing.assert_array_equal(found.flagged, session.audit.flagged)
    assert found.noise_rate == session.audit.noise_rate


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(AUDITS)), edits)
def test_scores_and_estimates_stay_in_their_ranges(kind, steps):
    session = ls.Session(AUDITS[kind], journal=None, reviewer="ada")
    for edit in steps:
        _apply(session, edit)
    found = session.live.rescore()
    assert found.suspicion.dtype == np.float32 and found.suspicion.min() >= 0 and found.suspicion.max() <= 1
    assert not (found.flagged & (found.suggested_codes == session.state.current)).any()
    assert len(found.moved) == min(found.n_moved, 200)
    estimate = left_estimate(session)
    # Rows that nobody looked at: without a decision, or accepted in one go.
    open_rows = int(((session.state.state == 0) | never_seen_rows(session.state)).sum())
    assert 0 <= estimate.low <= estimate.left <= estimate.high <= open_rows
