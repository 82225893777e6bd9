from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope.review.sampling import LEAST_ROWS, Sampler
from labelscope.review.state import ReviewState


@settings(deadline=None)
@given(
    n=st.integers(1, 300),
    wanted=st.one_of(st.none(), st.integers(0, 400)),
    missing=st.integers(0, 299),
    rate=st.sampled_from([0.05, 0.3, 1.0]),
)
def test_a_queue_with_rows_by_chance_lists_each_row_once(n, wanted, missing, rate):
    codes = np.zeros(n, dtype=int)
    codes[:missing] = -1
    sampler = Sampler(codes, seed=n, rate=rate)
    rows = np.random.default_rng(n).permutation(n)
    found = sampler.interleave(rows, ReviewState(codes, ["cat"]), wanted)
    assert len(found) == min(n, n if wanted is None else wanted) == len(set(found.tolist()))
    if sampler.rate == 0:
        assert found.tolist() == rows[: len(found)].tolist()


def test_one_place_in_twenty_is_by_chance(build):
    session = ls.Session(build(n=1000), journal=None)
    plain = session.queue(ls.queues.MostSuspicious())
    mixed = session.queue()
    places = np.flatnonzero(np.isin(mixed, session.ledger.sampler.upcoming(session.state, 50)))
    assert places[:3].tolist() == [9, 29, 49] and len(places) == 50
    assert sorted(mixed.tolist()) == sorted(plain.tolist())
    assert session.queue(n=30).tolist() == mixed[:30].tolist()


def test_looks_that_are_due_come_first(build):
    session = ls.Session(build(n=400), journal=None)
    for row in range(100):  # somebody who does not follow the queue
        session.keep(row)
    due = session.ledger.sampler.upcoming(session.state, 5)
    assert session.queue(n=5).tolist() == due.tolist() and session.ledger.sampler.due
    for row in session.queue(n=5).tolist():
        session.keep(row)
    assert session.ledger.sampler.drawn == 5 and not session.ledger.sampler.due


def test_every_row_is_as_likely_to_be_drawn_flagged_or_not():
    state = ReviewState(np.zeros(200, int), ["cat"])
    drawn = [int(Sampler(np.zeros(200, int), seed).upcoming(state, 1)[0]) for seed in range(2000)]
    counts = np.bincount(drawn, minlength=200)
    assert counts.max() < 30 and abs(counts[:20].sum() - 200) < 60


def test_few_rows_have_none(build):
    session = ls.Session(build(n=LEAST_ROWS - 1), journal=None)
    assert session.queue().tolist() == session.queue(ls.queues.MostSuspicious()).tolist()
    assert not session.ledger.sampler.due


def test_what_a_machine_decides_is_no_look(build):
    session = ls.Session(build(n=400), journal=None)
    for row in range(20):
        session.keep(row)
    assert session.ledger.sampler.due and session.ledger.sampler.looks == 20
    drawn = int(session.ledger.sampler.upcoming(session.state, 1)[0])
    session.keep(drawn, source="teacher")
    assert session.ledger.sampler.looks == 20 and session.ledger.sampler.drawn == 0
    assert all("drawn" not in event.data for event in session.events)


def test_rows_asked_for_by_chance_count_as_drawn(build):
    session = ls.Session(build(n=400), journal=None)
    rows = session.queue("random", n=30).tolist()
    for row in rows:
        session.keep(row)
    assert session.ledger.sampler.drawn == 30
    chosen = int(session.ledger.sampler.upcoming(session.state, 40)[-1])
    session.keep(chosen)  # not in the order that was handed out
    assert session.ledger.sampler.drawn == 30 and session.ledger.sampler.looks == 31
