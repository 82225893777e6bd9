"""Which kind of noise is seen, and who may vote."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.scorers import Ensemble, latent, noise_kinds, reasons
from labelscope.scorers.neighbors.sub_clusters import sub_clusters
from labelscope.scorers.voters import heads, voters
from labelscope.testing.sample import nearest
from labelscope.types import Evidence

SHARES = st.floats(0.0, 1.0)


@settings(deadline=None)
@given(st.floats(1e-6, 0.5), st.floats(0.0, 0.3), SHARES, SHARES, st.floats(0.5, 0.99))
def test_the_interval_holds_the_estimate_and_grows_with_its_level(
    value: float, chance: float, clear: float, following: float, level: float
) -> None:
    low, high = noise_kinds.count_interval(value, chance, clear, following, level)
    assert 0 <= low <= value <= high
    wider = noise_kinds.count_interval(value, chance, clear, following, (1 + level) / 2)
    assert wider[0] <= low * (1 + 1e-9)
    assert wider[1] >= high * (1 - 1e-9)


def test_the_interval_is_narrow_only_where_mistakes_sit_on_clear_rows() -> None:
    def width(clear: float, following: float) -> float:
        low, high = noise_kinds.count_interval(0.1, 0.02, clear, following, 0.9)
        return high / low

    assert width(0.9, 0.0) < 1.25 < width(0.5, 0.0) < width(0.5, 0.5)
    assert noise_kinds.count_interval(0.0, 0.0, 1.0, 0.0, 0.9) == (0.0, 0.0)


@settings(deadline=None)
@given(SHARES, SHARES, SHARES)
def test_a_tilt_keeps_doubt_a_probability(doubt: float, flat: float, outside: float) -> None:
    tilted = float(noise_kinds.tilted(np.array([doubt]), np.array([flat]), outside)[0])
    assert 0 <= tilted <= 1
    if flat > 0.5:
        assert tilted >= doubt * (1 - 1e-9)
    assert float(noise_kinds.tilted(np.array([doubt]), np.array([flat]), 0.0)[0]) == pytest.approx(doubt)


def test_flatness_is_entropy_over_its_largest() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(5), size=20)
    expected = [-sum(p * np.log(p) for p in row) / np.log(5) for row in shares]
    np.testing.assert_allclose(noise_kinds.flatness(np.log(shares) + 3.0), expected)
    assert noise_kinds.flatness(np.zeros((1, 4)))[0] == pytest.approx(1)


def test_where_items_from_outside_are_seen_all_classes_still_add_up_to_one() -> None:
    rng = np.random.default_rng(1)
    level, codes = np.log(rng.dirichlet(np.ones(4), size=50)), rng.integers(-1, 4, 50)
    tau = np.where(np.eye(4), 1.0, 0.02)
    plain = latent.LatentModel((latent.Component(0.0, np.ones(1), tau),), np.ones(1))
    tilted = latent.LatentModel(plain.components, np.ones(1), outside=1.0)
    before, after = plain.posterior([level], codes), tilted.posterior([level], codes)
    np.testing.assert_allclose(after[0].sum(axis=1), 1)
    at = np.flatnonzero(codes >= 0)
    np.testing.assert_allclose(1 - after[0][at, codes[at]], after[1][at, 0], atol=1e-12)
    np.testing.assert_array_equal(before[0][codes < 0], after[0][codes < 0])
    flat = noise_kinds.flatness(level)[at]
    assert ((after[1][at, 0] > before[1][at, 0]) == (flat > 0.5)).all()


@settings(deadline=None)
@given(st.floats(-0.3, 0.3), SHARES, SHARES)
def test_following_weighs_more_the_better_it_fits_and_the_fewer_mistakes_are_clear(
    gain: float, clear: float, everything: float
) -> None:
    weight = noise_kinds.weight_of_following(gain, clear, everything)
    assert 0 <= weight <= 1
    assert noise_kinds.weight_of_following(gain + 0.01, clear, everything) >= weight
    assert noise_kinds.weight_of_following(gain, clear / 2, everything) >= weight


def test_a_better_fit_counts_by_mistake_and_not_by_row() -> None:
    one = noise_kinds.weight_of_following(-0.02, 0.42, 0.095)
    half = noise_kinds.weight_of_following(-0.01, 0.42, 0.045)
    assert one == pytest.approx(half)
    assert one == pytest.approx(1 / (1 + np.exp(2.0)))


def blobs(n: int = 300, seed: int = 0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    features = (5 * np.eye(3)[codes] + rng.normal(size=(n, 3))).astype(np.float32)
    return features, codes


def test_of_neighbors_with_the_same_label_and_group_half_the_log_votes_are_left() -> None:
    features, codes = blobs()
    ids, _ = nearest(features, 8)
    heard = voters(ids, codes, 3, features)
    groups = sub_clusters(features, codes, 12)  # 100 rows a class: groups of at most 12
    silenced = 0
    for row in range(len(ids)):
        kin = [other for other in ids[row] if groups[row] == groups[other]]
        others = sum(codes[other] == codes[row] for other in ids[row]) - len(kin)
        kept = round(np.sqrt((others + 0.5) * (others + len(kin) + 0.5)) - 0.5 - others)
        expected = [other if other not in kin[kept:] else -1 for other in ids[row]]
        np.testing.assert_array_equal(heard[row], expected)
        silenced += len(kin) - kept
    assert silenced > 100


def test_nobody_in_a_rare_class_is_left_without_a_voice() -> None:
    features, codes = blobs()
    rare = np.concatenate([np.flatnonzero(codes < 2), np.flatnonzero(codes == 2)[:10]])
    ids, _ = nearest(features[rare], 8)
    heard = voters(ids, codes[rare], 3, features[rare])
    np.testing.assert_array_equal(heard[-10:], ids[-10:])


def test_wide_features_are_narrowed_and_unlabelled_rows_keep_their_neighbors() -> None:
    features, codes = blobs()
    wide = np.concatenate([features, np.zeros((300, 80), dtype=np.float32)], axis=1)
    codes = codes.copy()
    codes[::7] = -1
    ids, _ = nearest(features, 8)
    heard = voters(ids, codes, 3, wide)
    np.testing.assert_array_equal(heard[::7], ids[::7])
    assert (heard == -1).any()


def test_heads_are_counted_as_a_loop_would() -> None:
    rng = np.random.default_rng(3)
    ids, codes = rng.integers(-1, 40, (40, 5)), rng.integers(-1, 3, 40)
    agreeing, against = heads(ids, codes)
    for row in range(40):
        cast = [codes[other] for other in ids[row] if other >= 0 and codes[other] >= 0]
        assert agreeing[row] == sum(code == codes[row] for code in cast)
        assert against[row] == len(cast) - agreeing[row]


def test_mistakes_in_a_cluster_vouch_less_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    # The readings that were fitted; the one in which labels say nothing suspects these rows anyway.
    monkeypatch.setattr(noise_kinds, "weight_of_guessing", lambda clear: 0.0)
    features, codes = blobs(600, seed=4)
    ids, _ = nearest(features, 10)
    seed = int(np.flatnonzero(codes == 0)[0])
    same = np.flatnonzero(codes == 0)
    wrong = same[np.argsort(((features[same] - features[seed]) ** 2).sum(axis=1))[:8]]
    given_codes = codes.copy()
    given_codes[wrong] = 1
    plain = Evidence(given_labels=given_codes, classes=np.arange(3), knn_ids=ids)
    suspected = Ensemble().score(plain.including(features=features)).suspicion[wrong].mean()
    assert suspected > 2 * Ensemble().score(plain).suspicion[wrong].mean()


def test_rows_that_saturate_alike_are_not_chosen_or_left_out_together() -> None:
    rng = np.random.default_rng(6)
    level = 4 * rng.gumbel(size=(60_000, 10)).astype(np.float32)
    probs = np.exp(level - level.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    true = (np.cumsum(probs, axis=1) > rng.random((60_000, 1))).argmax(axis=1)
    codes = np.where(rng.random(60_000) < 0.1, rng.integers(0, 10, 60_000), true)
    score = Ensemble(max_fit_rows=4000).score(
        Evidence(given_labels=codes, classes=np.arange(10), pred_probs=probs)
    )
    assert abs(score.meta["noise_rate"]["value"] - (codes != true).mean()) < 0.02


def test_a_row_that_no_class_fits_is_told_so() -> None:
    probs = np.full((40, 4), 0.25)
    codes = np.arange(40) % 4
    evidence = Evidence(given_labels=codes, classes=np.array(["a", "b", "c", "d"]), pred_probs=probs)
    score = Ensemble().score(evidence)
    score.meta["noise_kind"] = noise_kinds.described(0.1, 1.0, 0.9)
    suspicion = np.full(40, 0.8, dtype=np.float32)
    seen = type(score)(suspicion, score.suggested, score.flagged, score.details, score.meta)
    assert "No class fits this row well: it may belong to none of them." in reasons(0, evidence, seen)
    score.meta["noise_kind"] = noise_kinds.described(0.9, 0.0, 0.0)
    said = reasons(0, evidence, seen)
    assert said == ("The evidence is ambiguous, and here labels are often wrong where it is.",)


def test_disagreement_counts_where_no_mistake_sits_on_a_clear_row() -> None:
    weights = [noise_kinds.weight_of_guessing(clear) for clear in np.linspace(0, 1, 101)]
    assert (np.diff(weights) <= 0).all()
    assert weights[0] > 0.39
    assert weights[38] < 0.01  # photographs with human labels: both readings find mistakes there
    rng = np.random.default_rng(3)
    probs = rng.dirichlet(np.full(4, 0.4), 1500)
    codes = (np.cumsum(probs, axis=1) > rng.random((1500, 1))).argmax(axis=1)
    alone = Evidence(given_labels=codes, classes=np.arange(4), pred_probs=probs)
    score = Ensemble().score(alone)
    kind = score.meta["noise_kind"]
    # Labels drawn from the model's own probabilities: nothing says that one of them is wrong, or right.
    assert kind["clear"] < 0.25
    assert kind["untold"] > 0.3
    assert 0.0 <= kind["ambiguous"] <= 1.0
    disagreeing = probs.argmax(axis=1) != codes
    assert score.suspicion[disagreeing].mean() > 0.2
    assert score.suspicion[~disagreeing].mean() < 0.15
