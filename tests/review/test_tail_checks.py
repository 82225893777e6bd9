"""The long-tail panel: how many recovered rows to check per tag."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.errors import InvalidInputError
from labelscope.review.tail_checks import tail_checks


def case():
    given, recovered = np.zeros((200, 3), dtype=bool), np.zeros((200, 3), dtype=bool)
    given[:30, 0] = given[:80, 1] = True
    recovered[100:180, 0] = recovered[100:110, 1] = True
    return given, recovered, np.where(recovered, 0.8, 0.1)


def test_most_frequent_tags_come_first_and_counts_add_up():
    given, recovered, missing = case()
    checks = tail_checks(given, recovered, missing, names=["a", "b", "c"])
    assert [check.tag for check in checks] == ["b", "a", "c"]
    assert [(c.given, c.recovered, c.corrected) for c in checks] == [(80, 10, 90), (30, 80, 110), (0, 0, 0)]
    for check in checks:
        assert check.n_check + check.n_rest == check.recovered


@pytest.mark.parametrize(("precision", "needed"), [(0.9, 29), (0.95, 59)])
def test_so_many_right_in_a_row_are_needed(precision, needed):
    given, recovered, missing = case()
    checks = {check.tag: check for check in tail_checks(given, recovered, missing, precision=precision)}
    assert checks["0"].n_check == needed and checks["0"].n_rest == 80 - needed
    assert checks["0"].expected_wrong == pytest.approx(0.2 * (80 - needed))
    assert checks["1"].n_check == 10 and checks["1"].n_rest == 0 and checks["1"].expected_wrong == 0


def test_rows_are_all_recovered_ones_in_an_order_of_chance():
    given, recovered, missing = case()
    one, other, again = (
        tail_checks(given, recovered, missing, random_state=seed)[1].rows for seed in (0, 1, 0)
    )
    assert sorted(one.tolist()) == list(range(100, 180)) == sorted(other.tolist())
    assert not np.array_equal(one, other) and np.array_equal(one, again)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"missing": np.zeros((200, 2))}, "shapes"),
        ({"given": np.ones((200, 3), dtype=bool)}, "both"),
        ({"names": ["a"]}, "names"),
        ({"precision": 1.0}, "precision"),
    ],
)
def test_bad_input_is_refused(change, words):
    given, recovered, missing = case()
    arrays = {"given": given, "recovered": recovered, "missing": missing, **change}
    with pytest.raises(InvalidInputError, match=words):
        tail_checks(arrays.pop("given"), arrays.pop("recovered"), arrays.pop("missing"), **arrays)
