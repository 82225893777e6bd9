"""Confident learning for tags, against its definition in slow loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError
from labelscope.scorers import ConfidentTags
from labelscope.scorers.multilabel.tag_joint import leveled, log_odds, tag_joint
from labelscope.scorers.multilabel.tag_reading import shares
from labelscope.scorers.multilabel.tag_rows import judged, pooled
from labelscope.testing import check_scorer

WRONG = hnp.arrays(
    np.float32, st.tuples(st.integers(0, 8), st.integers(1, 5)), elements=st.floats(0, 1, width=32)
)


def planted(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Tags with known probabilities, of which some are hidden and some are put in."""
    rng = np.random.default_rng(seed)
    level = rng.normal(size=(n, 3)) * 3 + [-3.0, -1.0, 0.0]
    probs = 1 / (1 + np.exp(-level))
    true = (rng.random((n, 3)) < probs).astype(np.int8)
    hidden = (true == 1) & (rng.random((n, 3)) < 0.15)
    extra = (true == 0) & (rng.random((n, 3)) < 0.03)
    return np.where(hidden, 0, np.where(extra, 1, true)).astype(np.int8), probs, hidden, extra


def test_it_is_a_scorer() -> None:
    check_scorer(ConfidentTags())
    check_scorer(ConfidentTags(pooling="any"))


def test_the_joint_counts_what_is_confident() -> None:
    tags = np.array([[1], [1], [1], [0], [0], [0], [0], [0], [0], [0]], dtype=np.int8)
    probs = np.array([0.9, 0.8, 0.1, 0.9, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1])[:, None]
    found = tag_joint(tags, probs)
    # One of the seven absent is above 0.6, six are below 1.6/7; of the three present, two and one.
    assert found.thresholds[0] == pytest.approx([1 - 1.6 / 7, 0.6])
    assert found.counts[0].sum(axis=1) == pytest.approx([7, 3])
    assert found.missing[0] == pytest.approx(1.0)
    assert found.spurious[0] == pytest.approx(1.0)


def test_the_counts_are_near_the_truth() -> None:
    tags, probs, hidden, _ = planted()
    score = ConfidentTags().score(ls.Evidence(given_labels=tags, pred_probs=probs))
    counts = score.meta["tag_counts"]
    for tag in range(3):
        assert 0.4 < counts["missing"][tag] / hidden[:, tag].sum() < 2.5
    assert counts["given"] == (tags == 1).sum(axis=0).tolist()
    assert score.details["missing"].sum(axis=0) == pytest.approx(counts["missing"], rel=1e-3)
    joint = np.array(score.meta["joint"])
    assert joint.sum(axis=2) == pytest.approx(np.stack([(tags == 0).sum(0), (tags == 1).sum(0)], axis=1))


def test_missing_and_spurious_are_apart_and_found() -> None:
    tags, probs, hidden, extra = planted()
    score = ConfidentTags().score(ls.Evidence(given_labels=tags, pred_probs=probs))
    missing, spurious = score.details["missing"], score.details["spurious"]
    assert (missing[tags != 0] == 0).all() and (spurious[tags != 1] == 0).all()
    assert roc_auc_score(hidden[tags == 0], missing[tags == 0]) > 0.85
    assert roc_auc_score(extra[tags == 1], spurious[tags == 1]) > 0.85
    assert hidden.any(axis=1)[score.flagged].mean() > 2 * hidden.any(axis=1).mean()
    assert score.suggested.dtype == np.int8
    turned = score.suggested != np.maximum(tags, 0)
    assert (turned == (np.maximum(missing, spurious) >= 0.5))[~score.flagged].all()


def test_within_a_tag_the_order_is_that_of_the_model() -> None:
    tags, probs, _, _ = planted(300)
    missing = ConfidentTags().score(ls.Evidence(given_labels=tags, pred_probs=probs)).details["missing"]
    for tag in range(3):
        rows = np.flatnonzero(tags[:, tag] == 0)
        rows = rows[np.argsort(probs[rows, tag])]
        assert (np.diff(missing[rows, tag]) >= 0).all()


def test_unknown_entries_are_not_suspected_and_do_not_count() -> None:
    tags, probs, _, _ = planted(400)
    partly = tags.astype(float)
    partly[:100] = np.nan
    partly[100:200, 0] = np.nan
    score = ConfidentTags().score(ls.Evidence(given_labels=partly, pred_probs=probs))
    assert (score.suspicion[:100] == 0).all() and not score.flagged[:100].any()
    assert (score.details["missing"][100:200, 0] == 0).all()
    assert (score.suggested[:100] == (probs[:100].astype(np.float32) >= 0.5)).all()
    rest = ConfidentTags().score(ls.Evidence(given_labels=tags[200:], pred_probs=probs[200:]))
    assert score.meta["thresholds"][0] == pytest.approx(rest.meta["thresholds"][0])


@settings(max_examples=50)
@given(wrong=WRONG)
def test_pooling_by_loops(wrong: np.ndarray) -> None:
    for row, found in zip(wrong, pooled(wrong, "any"), strict=True):
        assert found == pytest.approx(1 - np.prod(1 - np.minimum(row.astype(float), 1 - 1e-9)), abs=1e-6)
    for row, found in zip(wrong, pooled(wrong, "moving_average", 0.8), strict=True):
        average = None
        for value in sorted(row.tolist()):
            average = value if average is None else 0.8 * value + 0.2 * average
        assert found == pytest.approx(average, abs=1e-6)
    if wrong.size:
        assert (pooled(wrong, "max") == wrong.max(axis=1)).all()


@settings(max_examples=50)
@given(seed=st.integers(0, 1000), total=st.floats(0.5, 30))
def test_levels_add_up_to_what_is_expected(seed: int, total: float) -> None:
    rng = np.random.default_rng(seed)
    levels = rng.normal(size=(80, 2)).astype(np.float32) * 3
    among = rng.random((80, 2)) < 0.7
    found = leveled(levels, among, np.array([total, 2 * total]))
    assert (found[~among] == 0).all()
    for tag, wanted in enumerate((total, 2 * total)):
        assert found[:, tag].sum() == pytest.approx(min(wanted, 0.95 * among[:, tag].sum()), rel=1e-3)
        rows = np.flatnonzero(among[:, tag])
        rows = rows[np.argsort(levels[rows, tag])]
        assert (np.diff(found[rows, tag]) >= 0).all()


def test_shares_of_neighbors_by_loops() -> None:
    rng = np.random.default_rng(0)
    tags = rng.integers(-1, 2, size=(30, 4)).astype(np.int8)
    ids = rng.integers(-1, 30, size=(30, 5))
    counts, votes = shares(tags, ids)
    for row in range(30):
        near = [tags[i] for i in ids[row] if i >= 0]
        for tag in range(4):
            assert counts[row, tag] == sum(one[tag] == 1 for one in near)
            assert votes[row, tag] == sum(one[tag] >= 0 for one in near)


def test_a_flagged_row_has_a_suggestion_of_its_own() -> None:
    tags = np.zeros((4, 2), dtype=np.int8)
    missing = np.array([[0.45, 0.3], [0.0, 0.0], [0.9, 0.1], [0.01, 0.02]], dtype=np.float32)
    suggested, flagged, entries = judged(tags, missing, np.zeros_like(missing), missing)
    assert flagged[2] and suggested[2].tolist() == [1, 0]
    assert all((suggested[row] != tags[row]).any() for row in np.flatnonzero(flagged))
    assert (flagged == entries.any(axis=1)).all()


def test_tags_with_one_value() -> None:
    probs = np.random.default_rng(0).random((50, 3)).astype(np.float32)
    tags = np.column_stack([np.zeros(50), np.ones(50), np.full(50, np.nan)])
    score = ConfidentTags().score(ls.Evidence(given_labels=tags, pred_probs=probs))
    assert score.details["missing"][:, 0].sum() < 1 and score.details["spurious"][:, 1].sum() < 1
    assert not score.flagged.any()
    assert log_odds(np.array([0.0, 1.0])).tolist() == pytest.approx([-13.8155, 13.8155], abs=0.1)


def test_what_cannot_be_used_is_refused() -> None:
    tags, probs, _, _ = planted(20)
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        ConfidentTags().score(ls.Evidence(given_labels=tags))
    with pytest.raises(InvalidInputError, match="has the shape"):
        ConfidentTags().score(ls.Evidence(given_labels=tags, pred_probs=probs[:, :2]))
    with pytest.raises(InvalidInputError, match="no probabilities of a tag"):
        ConfidentTags().score(ls.Evidence(given_labels=tags, pred_probs=probs * 2))
    with pytest.raises(InvalidTypeError, match="no number"):
        ConfidentTags().score(ls.Evidence(given_labels=tags, pred_probs=np.full(tags.shape, "x")))
    with pytest.raises(InvalidInputError, match="moving_average"):
        ConfidentTags(pooling="moving_averag")
    with pytest.raises(InvalidInputError, match="alpha"):
        ConfidentTags(alpha=0)
