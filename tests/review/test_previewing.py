from __future__ import annotations

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review.previewing import preview


@pytest.fixture
def blob(build):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(60, 5)).astype(np.float32)
    features[[7, 30]] += [[9], [20]]
    audit = build(n=60, evidence={"features": features})
    return ls.Session(audit, journal=None, reviewer="ada")


def test_counts(blob):
    found = preview(blob, range(6), "dog")
    assert (found.n, found.changes, found.already) == (6, 4, 2)
    assert found.by_current == ((0, 2), (1, 2), (2, 2))
    # Rows 0 to 2 are suggested dog, fox and cat.
    assert found.contradict.tolist() == [1, 2]
    assert blob.events == ()


def test_odd_ones_are_named_the_farthest_first(blob):
    assert preview(blob, slice(0, 60), "dog").odd.tolist()[:2] == [30, 7]
    assert len(preview(blob, slice(0, 60), "dog").odd) <= 12
    assert preview(blob, range(10, 30), "dog").odd.tolist().count(30) == 0
    assert len(preview(blob, [7, 30], "dog").odd) == 0


def test_without_features_those_without_company(build):
    ids = np.array([[(r + 1) % 20, (r + 2) % 20] for r in range(20)] + [[38, 39]] * 20)
    session = ls.Session(build(n=40, evidence={"knn_ids": ids}), journal=None)
    assert preview(session, [*range(20), 25], "dog").odd.tolist() == [25]
    assert preview(ls.Session(build(n=40), journal=None), range(30), "dog").odd.tolist() == []


def test_new_classes_no_label_and_repeated_rows(blob):
    assert preview(blob, [3, 3, 4], "cow").changes == 2
    assert preview(blob, [3, 4], None).changes == 2
    assert preview(blob, [], "cat").n == 0 == len(preview(blob, [], "cat").odd)


def test_bad_input(blob):
    with pytest.raises(InvalidInputError):
        preview(blob, [60], "cat")
    with pytest.raises(InvalidTypeError):
        preview(blob, [0], object())


def test_features_with_gaps(build):
    features = np.random.default_rng(0).normal(size=(40, 3))
    features[3, 1] = np.nan
    session = ls.Session(build(n=40, evidence={"features": features}), journal=None)
    assert preview(session, slice(0, 40), "cat").n == 40
