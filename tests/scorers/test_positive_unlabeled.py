"""PU-MLC: its losses from their definitions, no negative anywhere, prevalence, and what happens at the edges."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, MissingEvidenceError
from labelscope.scorers import PositiveUnlabeled, by_name, kept_labels_table
from labelscope.scorers.multilabel.batches import deal_batches
from labelscope.scorers.multilabel.heads import Adam, Head, log_sigmoid, sigmoid, start_head
from labelscope.scorers.multilabel.kept_labels import mean_average_precision
from labelscope.scorers.multilabel.prevalence import estimate_prevalence, missing_given, posterior, spurious
from labelscope.scorers.multilabel.pu_loss import (
    constants,
    mixed_features,
    mixed_targets,
    mixup_loss,
    temperatures,
    variational_loss,
)
from labelscope.testing import check_scorer
from labelscope.types import Evidence

FAST = {"epochs": 10, "n_folds": 3}


def case(n=240, n_tags=3, kept=0.5, seed=0, noise=1.0):
    """Tags that stand for directions, of which a share is given: features, given, true."""
    rng = np.random.default_rng(seed)
    true = rng.random((n, n_tags)) < 0.35
    X = true @ (3 * np.eye(n_tags, n_tags + 2)) + noise * rng.normal(size=(n, n_tags + 2))
    return X.astype(np.float32), true & (rng.random(true.shape) < kept), true


def numerical(function, at, step=1e-6):
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up) - function(down)) / (2 * step)
    return found


def test_scorer_keeps_the_contract():
    check_scorer(PositiveUnlabeled())


def test_it_is_found_by_its_name():
    assert by_name("positive_unlabeled") == PositiveUnlabeled() == by_name("PositiveUnlabeled")


# Losses


def slow_variational(z, positive, negative, alpha, gamma):
    total = 0.0
    for c in range(z.shape[1]):
        column = z[:, c]
        mean = sum(column) / len(column)
        deviation = (sum((v - mean) ** 2 for v in column) / len(column)) ** 0.5
        heat = min(1.0, max(0.1, alpha * deviation))
        phi = [1 / (1 + np.exp(-v / heat)) for v in column]
        average = sum(phi) / len(phi)
        weight = average**gamma
        total += weight * np.log(average)
        own = [np.log(p) for p, is_one in zip(phi, positive[:, c], strict=True) if is_one]
        total -= sum(own) / len(own) if own else 0.0
        denied = [np.log(1 - p) for p, is_no in zip(phi, negative[:, c], strict=True) if is_no]
        total -= weight * sum(denied) / len(denied) if denied else 0.0
    return total


@pytest.mark.parametrize("gamma", [0.0, 0.55])
@pytest.mark.parametrize("alpha", [0.3, 1.0, 5.0])
def test_variational_loss_is_its_definition(alpha, gamma):
    rng = np.random.default_rng(3)
    z, positive = rng.normal(size=(12, 4)), rng.random((12, 4)) < 0.3
    positive[:, 2] = False
    negative = ~positive & (rng.random((12, 4)) < 0.3)
    value, _ = variational_loss(z, positive, negative=negative, alpha=alpha, gamma=gamma)
    assert value == pytest.approx(slow_variational(z, positive, negative, alpha, gamma), abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.booleans())
def test_gradient_of_the_variational_loss(seed, denies):
    rng = np.random.default_rng(seed)
    z, positive = 2 * rng.normal(size=(7, 3)), rng.random((7, 3)) < 0.4
    negative = ~positive & (rng.random((7, 3)) < 0.4) if denies else None
    held = constants(z, 1.0, 0.55)
    _, slope = variational_loss(z, positive, negative=negative, held=held)
    slow = numerical(lambda at: variational_loss(at, positive, negative=negative, held=held)[0], z)
    assert slope == pytest.approx(slow, abs=1e-5)


def test_gradient_of_mixup_and_its_definition():
    rng = np.random.default_rng(5)
    z, targets = rng.normal(size=(6, 3)), rng.random((6, 3))
    value, slope = mixup_loss(z, targets)
    slow = sum(
        (np.log(targets[i, c] + 1e-10) + np.log1p(np.exp(-z[i, c]))) ** 2 / 6
        for i in range(6)
        for c in range(3)
    )
    assert value == pytest.approx(slow)
    assert slope == pytest.approx(numerical(lambda at: mixup_loss(at, targets)[0], z), abs=1e-5)


@pytest.mark.parametrize("n_hidden", [0, 5])
def test_gradients_of_a_head(n_hidden):
    rng = np.random.default_rng(6)
    features, target = rng.normal(size=(9, 4)), rng.normal(size=(9, 2))
    layers = start_head(4, 2, n_hidden=n_hidden, random_state=1).layers
    layers = tuple(rng.normal(size=layer.shape) for layer in layers)

    def loss(*weights):
        return float(0.5 * ((Head(weights).run(features)[-1] - target) ** 2).sum())

    head = Head(layers)
    outputs = head.run(features)
    found = head.gradients(features, outputs, outputs[-1] - target)
    for place, layer in enumerate(layers):
        slow = numerical(lambda at, p=place: loss(*layers[:p], at, *layers[p + 1 :]), layer)
        assert found[place] == pytest.approx(slow, abs=1e-4)


@settings(deadline=None)
@given(arrays(np.float64, (4,), elements=st.floats(-700, 700)))
def test_sigmoids_do_not_overflow(z):
    with np.errstate(all="raise", under="ignore"):
        assert ((sigmoid(z) >= 0) & (sigmoid(z) <= 1)).all()
        assert np.isfinite(log_sigmoid(z)).all() and (log_sigmoid(z) <= 0).all()


def test_temperature_sharpens_bunched_logits_up_to_tenfold():
    z = np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 9.0]])
    assert temperatures(z, 1.0).tolist() == [0.1, 0.5, 1.0]


def test_mixed_rows_are_pairs_of_the_halves():
    features, positive = np.arange(10.0).reshape(5, 2), np.zeros((5, 1), dtype=bool)
    positive[3] = True
    order, phi = np.array([1, 0]), np.full((5, 1), 0.2)
    assert mixed_features(features, order, 0.25).tolist() == [
        (0.25 * features[1] + 0.75 * features[3]).tolist(),
        (0.25 * features[0] + 0.75 * features[4]).tolist(),
    ]
    assert mixed_targets(phi, positive, order, 0.25).ravel() == pytest.approx([0.05 + 0.75, 0.2])


def test_adam_shortens_gradients_and_finds_the_minimum():
    head = Head((np.full((3, 1), 5.0, dtype=np.float32),))
    adam = Adam(head, decay=0.0)
    for _ in range(400):
        adam.step([1e6 * (head.layers[0] - 1)], 0.05)
    assert head.layers[0] == pytest.approx(1, abs=0.05)


def test_batches_hold_their_share_of_rare_tags():
    rng = np.random.default_rng(0)
    positive = rng.random((300, 2)) < [0.5, 0.04]
    dealt = deal_batches(positive, 4, rng)
    assert sorted(np.concatenate(dealt).tolist()) == list(range(300))
    counts = [int(positive[rows, 1].sum()) for rows in dealt]
    assert max(counts) - min(counts) <= 1 and max(map(len, dealt)) - min(map(len, dealt)) <= 1


# No zero is a negative


def results(score):
    return {"suspicion": score.suspicion, "suggested": score.suggested, **score.details}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31))
def test_zeros_and_unknown_entries_are_the_same(seed):
    X, tags, _ = case(90, seed=seed)
    given_labels = tags.astype(np.int8)
    flipped = np.where(
        ~tags & (np.random.default_rng(seed).random(tags.shape) < 0.6), -1, given_labels
    ).astype(np.int8)
    flipped[(flipped < 0).all(axis=1), 0] = 0  # a row of which nothing is known is unlabelled
    scorer = PositiveUnlabeled(**FAST)
    one = scorer.score(Evidence(given_labels=given_labels, features=X))
    other = scorer.score(Evidence(given_labels=flipped, features=X))
    for name, array in results(one).items():
        assert np.array_equal(array, results(other)[name]), name
    assert one.meta == other.meta


def test_numbers_may_come_as_bool_int_or_nan():
    X, tags, _ = case(90)
    scorer = PositiveUnlabeled(**FAST)
    whole = scorer.score(Evidence(given_labels=tags, features=X))
    as_nan = np.where(tags, 1.0, np.nan)
    other = scorer.score(Evidence(given_labels=as_nan, features=X))
    assert np.array_equal(whole.details["missing"], other.details["missing"])
    nothing = ~tags.any(axis=1)
    assert nothing.any() and not other.suspicion[nothing].any() and not other.flagged[nothing].any()
    assert np.array_equal(whole.suspicion[~nothing], other.suspicion[~nothing])


def test_confirmed_negatives_teach():
    X, tags, true = case(500, kept=0.3, noise=1.6)
    plain = PositiveUnlabeled().score(Evidence(given_labels=tags, features=X))
    denied = ~true & (np.random.default_rng(1).random(true.shape) < 0.7)
    taught = PositiveUnlabeled().score(Evidence(given_labels=tags, features=X, tag_negatives=denied))
    assert not np.array_equal(plain.details["probability"], taught.details["probability"])
    ap = [mean_average_precision(s.details["probability"], true) for s in (plain, taught)]
    assert ap[1] > ap[0]
    none = PositiveUnlabeled().score(
        Evidence(given_labels=tags, features=X, tag_negatives=np.zeros_like(true))
    )
    assert np.array_equal(plain.suspicion, none.suspicion)


# Levels


@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_prevalence_is_found_where_features_tell(kept):
    X, tags, true = case(3000, kept=kept, seed=4, noise=0.7)
    score = PositiveUnlabeled().score(Evidence(given_labels=tags, features=X))
    assert np.array(score.meta["prevalence"]) == pytest.approx(true.mean(axis=0), rel=0.12)
    assert score.details["prevalence"][5] == pytest.approx(score.meta["prevalence"])
    counts = score.meta["tag_counts"]
    assert counts["given"] == tags.sum(axis=0).tolist()
    assert counts["missing"] == pytest.approx((true & ~tags).sum(axis=0), rel=0.3)
    # Of entries called missing with about p, about p are.
    missing, open_ = score.details["missing"], ~tags
    for low, high in ((0.0, 0.1), (0.8, 1.01)):
        within = open_ & (missing >= low) & (missing < high)
        assert abs(float(missing[within].mean()) - float(true[within].mean())) < 0.1


def test_prevalence_from_its_definition():
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(4, 1, 300), rng.normal(-4, 1, 700)])[:, None]
    positive = np.zeros((1000, 1), dtype=bool)
    positive[:90] = True
    assert estimate_prevalence(z, positive)[0] == pytest.approx(0.3, abs=0.03)
    never = np.zeros((1000, 1), dtype=bool)
    assert estimate_prevalence(z, never)[0] == 0


def test_rare_tags_take_the_share_of_the_others():
    rng = np.random.default_rng(0)
    z = np.concatenate([rng.normal(4, 1, 300), rng.normal(-4, 1, 700)])[:, None] * [1, 1]
    positive = np.zeros((1000, 2), dtype=bool)
    positive[:90, 0] = positive[:3, 1] = True
    found = estimate_prevalence(z, positive)
    assert found[1] == pytest.approx(0.003 * found[0] / 0.09)


def test_posterior_adds_up_to_the_prevalence():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(500, 3))
    z[:, 2] = np.nan
    positive = rng.random((500, 3)) < sigmoid(z) * 0.4
    wanted = np.array([0.4, 0.6, 0.2])
    found = posterior(z, positive, wanted)
    assert found.mean(axis=0)[:2] == pytest.approx(wanted[:2], abs=1e-3) and not found[:, 2].any()
    order = np.argsort(z[:, 0])
    assert (np.diff(found[order, 0]) >= 0).all()


def test_missing_follows_bayes():
    p, positive = np.array([[0.5], [0.5], [0.9], [0.1]]), np.array([[True], [False], [False], [False]])
    # One in four is given, one in two has it: half of the true ones are given.
    found = missing_given(p, positive, np.array([0.5]))
    assert found.ravel() == pytest.approx([0.0, 0.25 / 0.75, 0.45 / 0.55, 0.05 / 0.95])
    assert not missing_given(p, positive, np.array([0.25])).any()


def test_spurious_is_weak_unless_features_speak_against_a_tag():
    p, positive = np.array([[0.02], [0.01], [0.0001], [0.5]]), np.array([[True], [True], [True], [False]])
    found = spurious(p, positive, np.array([0.02]), 0.05).ravel()
    assert found[0] == pytest.approx(0.05) and found[2] > 0.5 and found[3] == 0
    assert found[0] < found[1] < found[2]


def test_planted_spurious_tags_come_first_among_given_ones():
    X, tags, true = case(600, kept=0.6, noise=0.6)
    rng = np.random.default_rng(8)
    false = ~true & (rng.random(true.shape) < 0.02)
    score = PositiveUnlabeled().score(Evidence(given_labels=tags | false, features=X))
    wrong = score.details["spurious"]
    assert np.median(wrong[false]) > np.quantile(wrong[tags], 0.9)
    assert (wrong[~(tags | false)] == 0).all() and (score.details["missing"][tags | false] == 0).all()


def test_suggestions_turn_what_is_likelier_wrong():
    X, tags, true = case(600)
    score = PositiveUnlabeled().score(Evidence(given_labels=tags, features=X))
    entries = np.maximum(score.details["missing"], score.details["spurious"]) >= 0.5
    assert np.array_equal(score.suggested, np.where(entries, ~tags, tags))
    assert np.array_equal(score.flagged, entries.any(axis=1))
    assert (score.suggested == true).mean() > (tags == true).mean()
    assert score.suggested.dtype == np.int8


def test_hidden_units_find_what_a_line_cannot():
    rng = np.random.default_rng(0)
    X = rng.uniform(-2, 2, size=(900, 2))
    true = (X[:, :1] * X[:, 1:] > 0) & (np.abs(X[:, :1] * X[:, 1:]) > 0.2)
    tags = true & (rng.random(true.shape) < 0.6)
    found = [
        mean_average_precision(
            PositiveUnlabeled(n_hidden=h)
            .score(Evidence(given_labels=tags, features=X))
            .details["probability"],
            true,
        )
        for h in (0, 24)
    ]
    assert found[1] > found[0] + 0.2


# Edges


def quiet(scorer, **evidence):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return scorer.score(Evidence(**evidence))


def fine(score, n, n_tags):
    assert score.suspicion.shape == (n,) and score.suggested.shape == (n, n_tags)
    for name in ("missing", "spurious", "probability"):
        array = score.details[name]
        assert array.shape == (n, n_tags) and np.isfinite(array).all(), name
        assert array.min(initial=0) >= 0 and array.max(initial=0) <= 1, name
    assert np.isfinite(score.suspicion).all()


def test_a_tag_that_is_never_used_has_no_opinion_and_is_told():
    X, tags, _ = case(120)
    tags[:, 1] = False
    with pytest.warns(LabelscopeWarning, match="given to no row"):
        score = PositiveUnlabeled(**FAST).score(Evidence(given_labels=tags, features=X))
    fine(score, 120, 3)
    assert not score.details["missing"][:, 1].any() and score.meta["told"] == [True, False, True]
    assert score.details["missing"][:, 0].any() and score.meta["prevalence"][1] == 0


def test_a_tag_of_one_row_is_neither_missing_in_nor_spurious_for_it():
    X, tags, _ = case(120)
    tags[:, 1] = False
    tags[7, 1] = True
    score = PositiveUnlabeled(**FAST).score(Evidence(given_labels=tags, features=X))
    fine(score, 120, 3)
    assert score.details["spurious"][7, 1] == 0 and score.suggested[7, 1] == 1


def test_unknown_columns_and_rows_are_kept():
    X, tags, _ = case(120)
    given_labels = np.where(tags, 1.0, 0.0)
    given_labels[:, 2] = np.nan
    given_labels[5] = np.nan
    score = quiet(PositiveUnlabeled(**FAST), given_labels=given_labels, features=X)
    fine(score, 120, 3)
    assert score.suspicion[5] == 0 and not score.flagged[5] and score.details["missing"][5].any()


def test_a_row_without_tags_can_lack_one():
    X, tags, true = case(400)
    score = PositiveUnlabeled().score(Evidence(given_labels=tags, features=X))
    bare = ~tags.any(axis=1) & true.any(axis=1)
    assert bare.any() and score.flagged[bare].mean() > 0.5


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_fewer_rows_than_folds(n):
    X, tags, _ = case(8)
    fine(quiet(PositiveUnlabeled(), given_labels=tags[:n], features=X[:n]), n, 3)


def test_one_tag_and_nothing_but_the_tag():
    X, tags, _ = case(200, n_tags=1)
    fine(PositiveUnlabeled(**FAST).score(Evidence(given_labels=tags, features=X)), 200, 1)
    full = PositiveUnlabeled(**FAST).score(Evidence(given_labels=np.ones((50, 1)), features=X[:50]))
    fine(full, 50, 1)
    assert not full.details["missing"].any()


def test_nan_and_constant_features():
    X, tags, _ = case(120)
    holes = X.copy()
    holes[::7, 0] = np.nan
    fine(quiet(PositiveUnlabeled(**FAST), given_labels=tags, features=holes), 120, 3)
    fine(quiet(PositiveUnlabeled(**FAST), given_labels=tags, features=np.ones((120, 2))), 120, 3)


def test_groups_share_a_fold():
    X, tags, _ = case(60)
    twice, tags2 = np.vstack([X, X]), np.vstack([tags, tags])
    groups = np.tile(np.arange(60), 2)
    scorer = PositiveUnlabeled(**FAST)
    score = scorer.score(Evidence(given_labels=tags2, features=twice, groups=groups))
    assert score.details["probability"][:60] == pytest.approx(score.details["probability"][60:])
    with pytest.raises(InvalidInputError, match="groups"):
        scorer.score(Evidence(given_labels=tags2, features=twice, groups=groups[:3]))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"given_labels": np.zeros(10)}, InvalidInputError, "matrix"),
        ({"given_labels": np.zeros((10, 0))}, InvalidInputError, "at least one tag"),
        ({"given_labels": np.full((10, 2), 0.5)}, InvalidInputError, "0.5"),
        ({"given_labels": [["a"]] * 10}, InvalidTypeError, "no number"),
        ({"features": np.zeros((9, 2))}, InvalidInputError, "9"),
        ({"features": np.full((10, 2), np.nan)}, InvalidInputError, "no finite"),
        ({"tag_negatives": np.ones((10, 2), dtype=bool)}, InvalidInputError, "tag_negatives"),
        ({"tag_negatives": np.zeros((10, 3), dtype=bool)}, InvalidInputError, "shape"),
        ({"tag_negatives": np.full((10, 2), 0.5)}, InvalidInputError, "True"),
    ],
)
def test_bad_evidence_is_refused(change, error, words):
    rng = np.random.default_rng(0)
    tags = rng.random((10, 2)) < 0.5
    with pytest.raises(error, match=words):
        quiet(PositiveUnlabeled(), **{"given_labels": tags, "features": rng.random((10, 2)), **change})


@pytest.mark.parametrize("name", ["given_labels", "features"])
def test_missing_evidence_is_named(name):
    evidence = {"given_labels": np.ones((4, 1)), "features": np.eye(4)}
    del evidence[name]
    with pytest.raises(MissingEvidenceError, match=name):
        PositiveUnlabeled().score(Evidence(evidence))


@pytest.mark.parametrize(
    "wrong",
    [
        {"gamma": -1}, {"alpha": 0}, {"mix": -0.1}, {"epochs": 0}, {"n_folds": 1}, {"n_hidden": -1},
        {"batch_size": 1}, {"spurious_rate": 0}, {"gamma": float("nan")},
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(wrong):
    with pytest.raises(InvalidInputError):
        PositiveUnlabeled(**wrong)


# The table of kept labels


def test_table_has_a_row_per_share_and_grows_with_it():
    X, _, true = case(300)
    table = kept_labels_table(X, true, kept=(0.1, 0.5, 0.9), scorer=PositiveUnlabeled(**FAST))
    assert [row["kept"] for row in table] == [0.1, 0.5, 0.9]
    assert table[0]["n_kept"] < table[1]["n_kept"] < table[2]["n_kept"] < true.sum()
    assert all(0 < row[name] <= 1 for row in table for name in ("positive_unlabeled", "one_vs_rest"))
    assert table[2]["positive_unlabeled"] > table[0]["positive_unlabeled"]
    with pytest.raises(InvalidInputError, match="kept"):
        kept_labels_table(X, true, kept=[0.0])
    with pytest.raises(InvalidInputError, match="No row"):
        kept_labels_table(X, np.zeros_like(true))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31))
def test_average_precision_is_that_of_scikit_learn(seed):
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(seed)
    scores, present = rng.integers(0, 6, (20, 2)) / 5, rng.random((20, 2)) < 0.4
    present[0] = True
    slow = np.mean([average_precision_score(present[:, c], scores[:, c]) for c in range(2)])
    assert mean_average_precision(scores, present) == pytest.approx(slow)
