"""Every dynamics score equals a slow loop written from its definition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import labelscope as ls
from labelscope import scorers
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.evidence.dynamics_sums import SUMS, add_step, empty_sums
from labelscope.evidence.ranks import auroc
from labelscope.testing import check_scorer, sample

FAMILY = [scorers.AreaUnderMargin, scorers.Cartography, scorers.Forgetting]


@st.composite
def runs(draw: Any) -> tuple[Any, Any]:
    """Codes (n,) with -1, and logits (n, epochs, K) with ties and with rows that were not seen."""
    n, n_epochs, k = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(2, 4))
    level = st.one_of(st.sampled_from([-2.0, 0.0, 1.0, 3.0]), st.floats(-30, 30, width=32))
    logits = draw(hnp.arrays(np.float64, (n, n_epochs, k), elements=level))
    hidden = draw(hnp.arrays(np.bool_, (n, n_epochs), elements=st.integers(0, 3).map(lambda v: v == 0)))
    logits[hidden] = np.nan
    return draw(hnp.arrays(np.int64, n, elements=st.integers(-1, k - 1))), logits


def seen_epochs(row: Any) -> list[list[float]]:
    return [epoch.tolist() for epoch in row if not np.isnan(epoch).any()]


def margin(logits: list[float], label: int) -> float:
    return logits[label] - max(z for j, z in enumerate(logits) if j != label)


def probability(logits: list[float], label: int) -> float:
    return math.exp(logits[label] - max(logits)) / math.fsum(math.exp(z - max(logits)) for z in logits)


def evidence_of(codes: Any, logits: Any, **more: Any) -> ls.Evidence:
    classes = np.arange(more.pop("k", logits.shape[-1]))
    return ls.Evidence(given_labels=codes, classes=classes, training_dynamics=logits, **more)


def expect(score: Any, name: str, row: int, value: float) -> None:
    assert score.details[name][row] == pytest.approx(value, rel=1e-9, abs=1e-9)


@settings(max_examples=150, deadline=None)
@given(runs())
def test_area_under_margin_equals_its_definition(run: Any) -> None:
    codes, logits = run
    score = scorers.AreaUnderMargin().score(evidence_of(codes, logits))
    areas = {}
    for row, label in enumerate(codes):
        epochs = seen_epochs(logits[row])
        if label < 0 or not epochs:
            assert score.suspicion[row] == 0 and not score.flagged[row]
            assert np.isnan(score.details["area_under_margin"][row])
            continue
        areas[row] = sum(margin(z, label) for z in epochs) / len(epochs)
        expect(score, "area_under_margin", row, areas[row])
    middle = float(np.median([abs(a) for a in areas.values()])) if areas else 0.0
    for row, area in areas.items():
        exact = score.details["area_under_margin"][row]
        assert bool(score.flagged[row]) == (exact < 0)
        expected = 0.5 * (1 - area / ((middle or 1.0) + abs(area)))
        assert score.suspicion[row] == pytest.approx(expected, abs=1e-6)


@settings(max_examples=150, deadline=None)
@given(runs())
def test_cartography_equals_its_definition(run: Any) -> None:
    codes, logits = run
    score = scorers.Cartography().score(evidence_of(codes, logits))
    for row, label in enumerate(codes):
        epochs = seen_epochs(logits[row])
        if label < 0 or not epochs:
            assert score.suspicion[row] == 0 and np.isnan(score.details["confidence"][row])
            continue
        beliefs = [probability(z, label) for z in epochs]
        confidence, variability = float(np.mean(beliefs)), float(np.std(beliefs))
        assert score.details["confidence"][row] == pytest.approx(confidence, abs=1e-9)
        assert score.details["variability"][row] == pytest.approx(variability, abs=1e-7)
        expect(score, "correctness", row, sum(margin(z, label) > 0 for z in epochs) / len(epochs))
        corner = math.hypot(confidence, variability)
        assert score.suspicion[row] == pytest.approx(max(1 - corner, 0.0), abs=1e-6)
        means = np.mean([[probability(z, j) for j in range(len(z))] for z in epochs], axis=0)
        if abs(np.delete(means, label).max() - means[label]) > 1e-9:
            assert bool(score.flagged[row]) == (means.argmax() != label)


@settings(max_examples=150, deadline=None)
@given(runs())
def test_forgetting_equals_its_definition(run: Any) -> None:
    codes, logits = run
    score = scorers.Forgetting().score(evidence_of(codes, logits))
    for row, label in enumerate(codes):
        epochs = seen_epochs(logits[row])
        if label < 0 or not epochs:
            assert score.suspicion[row] == 0 and score.details["forgotten"][row] == 0
            continue
        learned = [margin(z, label) > 0 for z in epochs]
        events = sum(before and not after for before, after in itertools.pairwise(learned))
        positions = [e for e in range(logits.shape[1]) if not np.isnan(logits[row, e]).any()]
        first = next((e for e, right in zip(positions, learned, strict=True) if right), -1)
        assert score.details["forgotten"][row] == events
        assert score.details["first_learned"][row] == first
        assert bool(score.details["never_learned"][row]) == (not any(learned))
        assert score.suspicion[row] == pytest.approx(1 - np.mean(learned) / (1 + events), abs=1e-6)
        wins = [sum(margin(z, j) > 0 for z in epochs) for j in range(logits.shape[2])]
        assert bool(score.flagged[row]) == (max(wins) > wins[label])


@settings(max_examples=60, deadline=None)
@given(runs(), st.data())
def test_the_fake_class_sets_the_cut_by_its_definition(run: Any, data: Any) -> None:
    codes, logits = run
    n, k = len(codes), logits.shape[2] - 1
    if k < 2:
        return
    codes = np.minimum(codes, k - 1)
    fake = data.draw(hnp.arrays(np.bool_, n))
    score = scorers.AreaUnderMargin(percentile=80).score(evidence_of(codes, logits, k=k, fake_class=fake))
    drawn = [
        float(np.mean([margin(z, k) for z in seen_epochs(logits[row])]))
        for row in np.flatnonzero(fake)
        if seen_epochs(logits[row])
    ]
    cut = float(np.percentile(drawn, 80)) if drawn else 0.0
    assert score.meta["n_fake"] == len(drawn) and score.meta["cut"] == pytest.approx(cut, abs=1e-9)
    for row, label in enumerate(codes):
        epochs = seen_epochs(logits[row])
        if label < 0 or not epochs:
            continue
        among = [z[:k] for z in epochs] if fake[row] else epochs
        expect(score, "area_under_margin", row, float(np.mean([margin(z, label) for z in among])))
        exact = score.details["area_under_margin"][row]
        assert bool(score.flagged[row]) == (not fake[row] and exact - score.meta["cut"] < 0)
    for other in (scorers.Cartography(), scorers.Forgetting()):
        assert not other.score(evidence_of(codes, logits, k=k, fake_class=fake)).flagged[fake].any()


@pytest.mark.parametrize("kind", FAMILY)
def test_with_a_fake_class_the_order_of_rows_and_classes_does_not_matter(kind: Any) -> None:
    made, _ = sample.planted(90)
    logits = np.concatenate([made["training_dynamics"], np.ones((90, 6, 1))], axis=2)
    fake = np.arange(90) % 4 == 1
    full = made.including(training_dynamics=logits, fake_class=fake, classes=np.arange(3))
    score = kind().score(full)
    order = np.random.default_rng(0).permutation(90)
    moved = kind().score(sample.permuted(full, order))
    np.testing.assert_array_equal(moved.suspicion, score.suspicion[order])
    np.testing.assert_array_equal(moved.flagged, score.flagged[order])
    renaming = np.array([2, 0, 1, 3])
    columns = np.empty_like(logits)
    columns[:, :, renaming] = logits
    renamed = kind().score(
        full.including(given_labels=renaming[made["given_labels"]], training_dynamics=columns)
    )
    np.testing.assert_allclose(renamed.suspicion, score.suspicion, atol=1e-6)


def test_given_features_change_nothing_and_nothing_is_made() -> None:
    made, _ = sample.planted(40)
    named = {name: made[name] for name in ("given_labels", "training_dynamics")}
    wide = np.pad(named["training_dynamics"], ((0, 0), (0, 0), (0, 1)), constant_values=-9.0)
    for features in ({}, {"features": made["features"]}):
        score = ls.score("forgetting", given_labels=named["given_labels"], training_dynamics=wide, **features)
        assert score.suspicion.shape == (40,)


@pytest.mark.parametrize("kind", FAMILY)
def test_nothing_to_judge(kind: Any) -> None:
    unlabelled = kind().score(ls.Evidence(given_labels=[None, None], training_dynamics=np.ones((2, 3, 2))))
    assert not unlabelled.suspicion.any() and not unlabelled.flagged.any()
    empty = evidence_of(np.zeros(0, dtype=np.int64), np.zeros((0, 3, 2)))
    assert kind().score(empty).suspicion.shape == (0,)
    no_epoch = evidence_of(np.zeros(4, dtype=np.int64), np.zeros((4, 0, 2)))
    assert not kind().score(no_epoch).suspicion.any()


@settings(max_examples=60, deadline=None)
@given(runs())
def test_sums_and_logits_give_the_same_scores(run: Any) -> None:
    codes, logits = run
    n, n_epochs, k = logits.shape
    sums = empty_sums(n, k)
    for epoch in range(n_epochs):
        rows = np.flatnonzero(~np.isnan(logits[:, epoch]).any(axis=1))
        add_step(sums, rows, logits[rows, epoch], np.full(len(rows), epoch))
    for kind in FAMILY:
        one, other = kind().score(evidence_of(codes, logits)), kind().score(evidence_of(codes, sums, k=k))
        np.testing.assert_array_equal(one.suspicion, other.suspicion)
        np.testing.assert_array_equal(one.suggested, other.suggested)
        for name in one.details:
            np.testing.assert_array_equal(one.details[name], other.details[name])


@pytest.mark.parametrize("kind", FAMILY)
def test_they_keep_the_contract_and_have_names(kind: Any) -> None:
    check_scorer(kind())
    assert scorers.by_name(kind.__name__) == scorers.by_name(kind.name) == kind()


@pytest.mark.parametrize("kind", FAMILY)
def test_half_precision_and_scale_do_not_change_who_is_first(kind: Any) -> None:
    made, wrong = sample.planted(200)
    logits = np.asarray(made["training_dynamics"])
    single = kind().score(made).suspicion
    half = kind().score(made.including(training_dynamics=logits.astype(np.float16))).suspicion
    assert np.abs(single - half).max() < 0.01 or kind is scorers.Forgetting
    assert auroc(half, wrong) == pytest.approx(auroc(single, wrong), abs=0.02)


def test_suspicion_of_the_margin_is_free_of_the_unit_of_logits() -> None:
    made, _ = sample.planted(100)
    one = scorers.AreaUnderMargin().score(made)
    other = scorers.AreaUnderMargin().score(
        made.including(training_dynamics=np.asarray(made["training_dynamics"], dtype=np.float64) * 512.0)
    )
    np.testing.assert_array_equal(one.suspicion, other.suspicion)


def test_never_learned_rows_do_not_spread_the_scale() -> None:
    right, wrong = [1.0, 0.0], [0.0, 1.0]
    logits = np.array([[right] * 20, [right, wrong] * 10, [wrong] * 19 + [right], [wrong] * 20])
    score = scorers.Forgetting().score(evidence_of(np.zeros(4, dtype=np.int64), logits))
    assert score.details["forgotten"].tolist() == [0, 10, 0, 0]
    assert score.suspicion.tolist() == pytest.approx([0.0, 1 - 0.5 / 11, 0.95, 1.0])
    assert score.details["never_learned"].tolist() == [False, False, False, True]


def test_labels_of_any_type_follow_the_columns() -> None:
    logits = np.array([[[0.0, 2.0]], [[0.0, 3.0]], [[1.0, 0.0]]])
    score = ls.score("area_under_margin", given_labels=["dog", "cat", None], training_dynamics=logits)
    assert score.suggested.tolist() == ["dog", "dog", "cat"]
    assert score.flagged.tolist() == [False, True, False]
    wide = ls.score(
        "cartography", given_labels=[0, 1, 1], training_dynamics=np.pad(logits, ((0, 0), (0, 0), (0, 2)))
    )
    assert wide.suggested.tolist() == [1, 1, 0]


@pytest.mark.parametrize("kind", FAMILY)
def test_mistakes_are_named(kind: Any) -> None:
    good, y = np.zeros((4, 2, 3)), np.array([0, 1, 2, 0])
    with pytest.raises(MissingEvidenceError, match="training_dynamics"):
        kind().score(ls.Evidence(given_labels=y))
    bad: list[tuple[Any, str]] = [
        ({"training_dynamics": good[:, 0]}, "shape"),
        ({"training_dynamics": good[:3]}, "rows"),
        ({"training_dynamics": good[:, :, :2]}, "columns"),
        ({"training_dynamics": good, "classes": np.arange(4)}, "columns"),
        ({"training_dynamics": good, "classes": np.arange(2)}, "columns"),
        ({"training_dynamics": good, "fake_class": np.zeros(4)}, "mask"),
        ({"training_dynamics": good, "fake_class": np.zeros(3, dtype=bool)}, "mask"),
        ({"training_dynamics": good.astype(str)}, "shape"),
    ]
    for named, words in bad:
        with pytest.raises(InvalidInputError, match=words):
            kind().score(ls.Evidence(given_labels=y, **named))
    with pytest.raises(InvalidInputError, match="percentile"):
        scorers.AreaUnderMargin(percentile=101)


@pytest.mark.parametrize("kind", FAMILY)
def test_blocks_of_rows_do_not_change_anything(kind: Any, monkeypatch: Any) -> None:
    made, _ = sample.planted(90)
    whole = kind().score(made)
    for step in (1, 7, 64):
        cuts = [slice(start, min(start + step, 90)) for start in range(0, 90, step)]
        monkeypatch.setattr("labelscope.scorers.dynamics.recorded.blocks", lambda n, width, cuts=cuts: cuts)
        monkeypatch.setattr("labelscope.evidence.dynamics_sums._BLOCK_CELLS", 3 * step)
        np.testing.assert_array_equal(kind().score(made).suspicion, whole.suspicion)
    assert set(SUMS.names or ()) >= {"margin", "wins"}
