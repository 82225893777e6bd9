from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.queues import ClassPair, MostSuspicious, RandomRows, by_name
from labelscope.testing import check_policy
from labelscope.types import Evidence, Policy


@pytest.mark.parametrize("policy", [MostSuspicious(), RandomRows(), RandomRows(random_state=3), ClassPair()])
def test_the_contract_of_queues(policy):
    check_policy(policy)
    assert isinstance(policy, Policy)


def test_names():
    for name in ("most_suspicious", "random", "class_pair"):
        assert by_name(name).name == name
    assert by_name("RandomRows") == RandomRows()
    with pytest.raises(InvalidInputError, match=r"(?s)'randm'.*'random'"):
        by_name("randm")


@pytest.mark.parametrize(
    ("given", "match"),
    [(RandomRows, r"(?s)a class.*RandomRows\(\)"), (3, "3 is no queue"), ([1, 2], "no queue")],
)
def test_what_is_no_queue_is_refused(audit, given, match):
    with pytest.raises(InvalidTypeError, match=match):
        ls.Session(audit, journal=None).queue(given, 3)


def test_most_suspicious_lists_all_flagged_undecided_first(session):
    session.keep(0)
    assert session.queue().tolist() == [1, 2, *range(3, 12), 0]
    assert session.queue(n=2).tolist() == [1, 2] and session.queue(n=0).tolist() == []
    assert session.queue(n=99).dtype == np.int64 and len(session.queue(n=99)) == 12


def test_random_rows_do_not_jump(build):
    session = ls.Session(build(n=50), journal=None)
    before = session.queue("random").tolist()
    assert sorted(before) == list(range(50)) and before != session.queue(RandomRows(random_state=1)).tolist()
    plain = session.queue(RandomRows()).tolist()
    session.keep(before[0])
    assert session.queue("random").tolist() == [*before[1:], before[0]]
    plain.remove(before[0])
    assert session.queue(RandomRows()).tolist() == [*plain, before[0]]


def test_class_pairs(build):
    labels = ["a", "a", "a", "b", "b", "c"]
    session = ls.Session(
        build(labels, suspicion=[0.1, 0.5, 0.3, 0.9, 0.1, 0.2], suggested=[1, 1, 1, 0, 1, 1]), journal=None
    )
    assert session.queue("class_pair").tolist() == [1, 2, 0, 3, 5]
    assert session.queue(ClassPair(given="a", suggested="b")).tolist() == [1, 2, 0]
    assert session.queue(ClassPair(suggested="a")).tolist() == [3]
    session.keep([1, 2, 0])
    assert session.queue(ClassPair()).tolist() == [3, 5, 1, 2, 0]
    assert ClassPair().order(session.evidence()).meta["pairs"][0] == ("b", "a", 1)
    with pytest.raises(InvalidInputError, match="'d'"):
        session.queue(ClassPair(given="d"))


def test_class_pairs_with_an_added_class(build):
    session = ls.Session(build(["a", "b", "a"], suggested=[1, 1, 0]), journal=None)
    session.relabel(0, "z", new_class=True)
    assert session.queue("class_pair").tolist() == [0]
    assert session.queue(ClassPair(given="z")).tolist() == []


@pytest.mark.parametrize("n", [-1, 2.5, True, "3"])
def test_bad_counts(session, n):
    with pytest.raises(InvalidInputError, match="n is"):
        session.queue(n=n)


def test_radix_order_is_the_order_of_a_stable_sort():
    rng = np.random.default_rng(0)
    suspicion = np.round(rng.random(5000) ** 3, 2).astype(np.float32)
    suspicion[:7] = -0.0
    state, flagged = rng.integers(0, 3, 5000), rng.random(5000) < 0.1
    narrow = Evidence(suspicion=suspicion, state=state, flagged=flagged)
    wide = Evidence(suspicion=suspicion.astype(np.float64), state=state, flagged=flagged)
    np.testing.assert_array_equal(MostSuspicious().order(narrow).rows, MostSuspicious().order(wide).rows)
