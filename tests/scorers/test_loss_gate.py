"""The loss gate: its mixture from the definition, its rounds, what may train, and bad input."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.errors import InvalidInputError, LabelscopeWarning, MissingEvidenceError
from labelscope.evidence import TrainingDynamics
from labelscope.scorers import DynamicLossGate
from labelscope.scorers.dynamics.gate_rounds import (
    CORRECTED,
    RELIABLE,
    UNDECIDED,
    GateRules,
    confident_errors,
    gated,
    run_rounds,
    statistic_of,
)
from labelscope.scorers.dynamics.held_out_views import HeldOutView, dealt
from labelscope.scorers.dynamics.mixture import fit_two_normals
from labelscope.testing import check_scorer
from labelscope.types import Evidence

RULES = GateRules("log_ratio", 0.5, True)


def blobs(n=300, rate=0.15, seed=0, d=4, apart=5.0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    X = rng.normal(size=(n, d)) + apart * np.eye(3, d)[y]
    wrong = rng.random(n) < rate
    return X.astype(np.float32), np.where(wrong, (y + 1) % 3, y), wrong


def scored(scorer=None, **evidence):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        return (scorer or DynamicLossGate()).score(Evidence(**evidence))


def test_scorer_keeps_the_contract():
    check_scorer(DynamicLossGate())
    check_scorer(DynamicLossGate(statistic="log_loss", cap=False, n_rounds=1))


def test_the_mixture_is_found_and_its_gate_is_where_the_densities_cross():
    rng = np.random.default_rng(1)
    fit = fit_two_normals(np.r_[rng.normal(-2, 1, 800), rng.normal(4, 0.5, 200)])
    assert fit.separated and fit.weight == pytest.approx(0.2, abs=0.01)
    assert (fit.low, fit.high) == pytest.approx((-2, 4), abs=0.15)
    assert (fit.low_deviation, fit.high_deviation) == pytest.approx((1, 0.5), abs=0.1)

    def density(at, weight, mean, deviation):
        return weight * np.exp(-0.5 * ((at - mean) / deviation) ** 2) / deviation

    low = density(fit.gate, 1 - fit.weight, fit.low, fit.low_deviation)
    high = density(fit.gate, fit.weight, fit.high, fit.high_deviation)
    assert low == pytest.approx(high) and fit.low < fit.gate < fit.high
    assert float(fit.log_odds(np.array([fit.gate]))[0]) == pytest.approx(0, abs=1e-6)


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.floats(0.2, 5), st.floats(0.2, 5))
def test_log_odds_never_fall(seed, below, above):
    rng = np.random.default_rng(seed)
    fit = fit_two_normals(np.r_[rng.normal(-4, below, 300), rng.normal(4, above, 100)])
    odds = fit.log_odds(np.linspace(-60, 60, 500))
    assert (np.diff(odds) >= -1e-9).all() and np.isfinite(odds).all()


@pytest.mark.parametrize("values", [np.zeros(50), np.arange(9.0), np.zeros(0)])
def test_nothing_is_fitted_to_too_little(values):
    assert fit_two_normals(values) is None


@pytest.mark.parametrize("seed", range(5))
def test_one_normal_is_not_parted(seed):
    assert not fit_two_normals(np.random.default_rng(seed).normal(size=1000)).separated


@settings(max_examples=40)
@given(st.integers(0, 2**31), st.integers(2, 6))
def test_statistics_are_what_they_say(seed, k):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.ones(k), size=20)
    codes = rng.integers(0, k, 20)
    logs = np.log(probs)
    for row in range(20):
        own, others = probs[row, codes[row]], np.delete(probs[row], codes[row])
        assert statistic_of(logs, codes, "log_ratio")[row] == pytest.approx(np.log(others.max() / own))
        assert statistic_of(logs, codes, "log_loss")[row] == pytest.approx(np.log(-np.log(own)), abs=1e-6)


def test_confident_errors_are_counted_as_in_confident_learning():
    from labelscope.scorers import ConfidentLearning

    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, 600)
    probs = rng.dirichlet(np.ones(3), 600) * 0.4 + 0.6 * np.eye(3)[true]
    codes = np.where(rng.random(600) < 0.2, (true + 1) % 3, true)
    joint = ConfidentLearning().score(Evidence(given_labels=codes, pred_probs=probs)).meta["joint"]
    # There the calibrated joint is rounded cell by cell.
    assert confident_errors(probs, codes) == pytest.approx(joint.sum() - np.trace(joint), abs=3)


def test_states_follow_from_gate_and_confidence():
    logs = np.log(np.array([[0.9, 0.05, 0.05]] * 90 + [[0.02, 0.9, 0.08]] * 6 + [[0.02, 0.5, 0.48]] * 6))
    logs += np.random.default_rng(0).normal(scale=0.1, size=logs.shape)
    logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
    codes = np.zeros(102, dtype=np.int64)
    trusted = np.zeros(102, dtype=bool)
    found = gated([logs], codes, trusted, GateRules("log_ratio", 0.7, False))
    assert found.separated
    assert found.states.tolist() == [RELIABLE] * 90 + [CORRECTED] * 6 + [UNDECIDED] * 6
    targets = found.targets(codes)
    assert targets.tolist() == [0] * 90 + [1] * 6 + [-1] * 6
    # A verified row keeps its label, whatever the model says.
    trusted[90] = True
    assert gated([logs], codes, trusted, GateRules("log_ratio", 0.7, False)).states[90] == RELIABLE


def test_the_cap_lets_no_more_rows_over_the_gate_than_are_estimated():
    X, y, _ = blobs()
    capped, free = (scored(DynamicLossGate(cap=cap), given_labels=y, features=X) for cap in (True, False))
    assert capped.flagged.sum() <= capped.meta["n_estimated"]
    assert set(np.flatnonzero(capped.flagged)) and capped.flagged.sum() <= free.flagged.sum() + 2


# -- nothing leaks -----------------------------------------------------------------------------------------


def view_of(X, y, seed=0):
    folds = dealt((X,), y, Evidence(features=X), 5, seed)
    return HeldOutView.of(X, y, folds, seed), folds


def test_no_label_has_a_say_in_its_own_rows_probabilities():
    X, y, _ = blobs(120)
    view, _ = view_of(X, y)
    before = view.log_probs(y, 3)
    for row in (0, 17, 80):
        changed = y.copy()
        changed[row] = (y[row] + 1) % 3
        after = view.log_probs(changed, 3)
        assert after[row] == pytest.approx(before[row], abs=1e-5)
        assert np.abs(after - before).max() > 1e-3


def test_held_out_rows_do_not_train():
    X, y, _ = blobs(300, rate=0.15, seed=4, apart=4.0)
    view, folds = view_of(X, y)
    rounds = run_rounds(
        [view.log_probs], y, 3, np.zeros(300, dtype=bool), GateRules("log_ratio", 0.9, False), 2
    )
    undecided = rounds[0].states == UNDECIDED
    assert undecided.any()
    targets = rounds[0].targets(y)
    assert (targets[undecided] == -1).all()
    # What the second round's models say is what models say that never had these rows.
    kept = np.flatnonzero(~undecided)
    part = HeldOutView(view.whitened[kept], view.ridge, folds[kept], view.choice)
    alone = part.log_probs(targets[kept], 3)
    again = view.log_probs(targets, 3)
    assert again[kept] == pytest.approx(alone, abs=1e-4)
    assert rounds[1].values[0][kept] == pytest.approx(statistic_of(again, y, "log_ratio")[kept], abs=1e-4)


def test_labels_that_the_features_tell_nothing_of_stay_unknown():
    """With more columns than rows a model that has seen a label knows it; ours are at chance in all rounds."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 400)).astype(np.float32)
    y = rng.integers(0, 4, 200)
    view, _ = view_of(X, y)
    rounds = run_rounds([view.log_probs], y, 4, np.zeros(200, dtype=bool), RULES, 3)
    targets = y
    for found in rounds:
        logs = view.log_probs(targets, 4)
        assert (logs.argmax(axis=1) == y).mean() < 0.38
        targets = found.targets(y)


def test_corrections_start_from_the_given_label_each_round():
    X, y, _ = blobs(seed=2, apart=3.5)
    score = scored(DynamicLossGate(cap=False), given_labels=y, features=X)
    by_round = score.details["state_by_round"]
    assert by_round.shape[1] == score.meta["n_rounds"] > 1
    # A row that was corrected can be reliable again, with the label that it was given: some are here.
    reliable = score.details["state"] == "reliable"
    assert (np.asarray(score.suggested)[reliable] == y[reliable]).all()
    back = (by_round[:, 0] == CORRECTED) & (by_round[:, -1] == RELIABLE)
    assert back.any() and (np.asarray(score.suggested)[back] == y[back]).all()


# -- what it says -----------------------------------------------------------------------------------------


def test_the_gate_is_at_one_half_unless_capped_and_history_tells_the_mixture():
    X, y, wrong = blobs(600)
    score = scored(DynamicLossGate(cap=False), given_labels=y, features=X)
    assert score.meta["gate"] == 0.5 and score.meta["second_mode"]
    assert (score.suspicion[score.flagged] > 0.5).all() and score.flagged[wrong].mean() > 0.9
    for entry in score.meta["history"]:
        assert entry["separated"] and entry["low"] < entry["gate"] < entry["high"]
        assert entry["gain"] > 10 and entry["distance"] > 2
    order = np.argsort(score.details["statistic"][:, 0], kind="stable")
    assert (np.diff(score.suspicion[order]) >= 0).all()
    capped = scored(given_labels=y, features=X)
    assert capped.meta["gate"] <= capped.suspicion[capped.flagged].min()


def test_views_each_have_a_gate():
    X, y, wrong = blobs(600, d=6)
    noise = np.random.default_rng(5).normal(size=(600, 4)).astype(np.float32)
    score = scored(given_labels=y, views=[X, noise])
    last = [entry for entry in score.meta["history"] if entry["round"] == score.meta["n_rounds"] - 1]
    assert [entry["separated"] for entry in last] == [True, False]
    assert score.details["statistic"].shape == (600, 2)
    # A view without a second mode has no say in who passes.
    assert score.flagged[wrong].mean() > 0.8 and wrong[score.flagged].mean() > 0.8
    named = scored(given_labels=y, views={"sound": X, "picture": X + noise.mean()})
    assert named.meta["views"] == 2


def test_verified_rows_are_trusted():
    X, y, wrong = blobs()
    verified = np.zeros(300, dtype=bool)
    verified[np.flatnonzero(wrong)[:5]] = True
    score = scored(given_labels=y, features=X, verified=verified)
    assert not score.flagged[verified].any() and not score.suspicion[verified].any()
    assert (score.details["state"][verified] == "reliable").all()


def test_groups_stay_in_one_fold():
    X, y, _ = blobs()
    groups = np.arange(300) // 6
    folds = dealt((X,), y, Evidence(features=X, groups=groups), 5, 0)
    assert all(len(set(folds[groups == group])) == 1 for group in range(50))


# -- training dynamics --------------------------------------------------------------------------------------


def recorded(y, wrong, epochs=6, seed=0):
    rng = np.random.default_rng(seed)
    true = np.where(wrong, (y - 1) % 3, y)
    return (4 * np.eye(3)[true][:, None, :] + rng.normal(size=(len(y), epochs, 3))).astype(np.float32)


def test_held_out_logits_are_the_statistic():
    _, y, wrong = blobs()
    recorder = TrainingDynamics(300, held_out=True)
    logits = recorded(y, wrong)
    for epoch in range(6):
        recorder.update(np.arange(300), logits[:, epoch])
    evidence = recorder.finish()
    assert evidence["held_out_dynamics"].all()
    score = scored(given_labels=y, **evidence)
    assert score.meta["from_training_dynamics"] and len(score.meta["history"]) == 3
    logs = logits[:, 3:].astype(float)
    logs -= np.log(np.exp(logs).sum(axis=2, keepdims=True))
    expected = statistic_of(logs.mean(axis=1), y, "log_ratio")
    assert score.details["statistic"][:, 0] == pytest.approx(expected, abs=1e-4)
    assert (score.flagged == wrong).mean() > 0.95


def test_rows_never_recorded_are_undecided():
    _, y, wrong = blobs()
    logits = recorded(y, wrong)
    logits[:7] = np.nan
    held = np.ones(300, dtype=bool)
    score = scored(given_labels=y, training_dynamics=logits, held_out_dynamics=held)
    assert (score.details["state"][:7] == "undecided").all() and not score.suspicion[:7].any()
    assert np.isnan(score.details["statistic"][:7]).all() and not score.flagged[:7].any()


def test_in_sample_dynamics_are_not_used():
    X, y, wrong = blobs()
    logits = recorded(y, wrong)
    with pytest.raises(InvalidInputError, match="trained on"):
        scored(given_labels=y, training_dynamics=logits)
    with pytest.warns(LabelscopeWarning, match="are not used for the gate"):
        score = DynamicLossGate().score(Evidence(given_labels=y, training_dynamics=logits, features=X))
    assert not score.meta["from_training_dynamics"]
    assert (score.suspicion == scored(given_labels=y, features=X).suspicion).all()


@pytest.mark.parametrize(
    ("dynamics", "held"),
    [
        (np.zeros((300, 4, 5)), np.ones(300, dtype=bool)),
        (np.zeros((300, 3)), np.ones(300, dtype=bool)),
        (np.zeros((300, 4, 3)), np.ones(299, dtype=bool)),
        (np.zeros((300, 4, 3)), np.ones(300)),
    ],
)
def test_dynamics_that_do_not_fit_are_refused(dynamics, held):
    _, y, _ = blobs()
    with pytest.raises(InvalidInputError):
        scored(given_labels=y, training_dynamics=dynamics, held_out_dynamics=held)


# -- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings_",
    [{"statistic": "loss"}, {"confidence": 1.5}, {"n_rounds": 0}, {"n_folds": 1}],
)
def test_settings_are_checked(settings_):
    with pytest.raises(InvalidInputError):
        DynamicLossGate(**settings_)


def test_missing_evidence():
    with pytest.raises(MissingEvidenceError):
        scored(given_labels=[0, 1] * 10)
    with pytest.raises(MissingEvidenceError):
        scored(features=np.zeros((20, 2)))


@pytest.mark.parametrize("views", [[], [np.zeros(20)], np.zeros((20, 2)), [np.zeros((19, 2))]])
def test_views_that_are_none(views):
    with pytest.raises(InvalidInputError):
        scored(given_labels=np.arange(20) % 2, views=views)


def test_fewer_than_ten_labels_are_refused():
    X, y, _ = blobs(9)
    with pytest.raises(InvalidInputError, match="only 9 of 9"):
        scored(given_labels=y, features=X)
    X, y, _ = blobs(40)
    labels = [int(code) if row < 8 else None for row, code in enumerate(y)]
    with pytest.raises(InvalidInputError, match="only 8 of 40"):
        scored(given_labels=labels, features=X)


def test_one_class_and_no_labels_are_not_doubted():
    X = np.random.default_rng(0).normal(size=(30, 3))
    for labels in (["a"] * 30, [None] * 29 + ["a"]):
        score = scored(given_labels=labels, features=X)
        assert not score.suspicion.any() and not score.flagged.any()


def test_all_labels_trusted_is_said():
    X, y, _ = blobs(60)
    with pytest.warns(LabelscopeWarning, match="All labels are verified"):
        score = DynamicLossGate().score(
            Evidence(given_labels=y, features=X, verified=np.ones(60, dtype=bool))
        )
    assert not score.suspicion.any() and (score.details["state"] == "reliable").all()


def test_rows_of_nan_and_hundreds_of_copies():
    X, y, wrong = blobs(400)
    X[5] = np.nan
    X[100:300] = X[100]
    y[100:300] = y[100]
    with pytest.warns(LabelscopeWarning, match="NaN"):
        score = DynamicLossGate().score(Evidence(given_labels=y, features=X))
    assert np.isfinite(score.suspicion).all()
    rest = np.r_[0:100, 300:400]
    assert score.flagged[rest][wrong[rest]].mean() > 0.7


def test_classes_of_one_row():
    X, y, _ = blobs(100)
    y[0], y[1] = 3, 4
    score = scored(given_labels=y, features=X)
    assert np.isfinite(score.suspicion).all() and np.isfinite(score.details["p_suggested"]).all()


def test_unlabelled_rows_get_a_suggestion_and_no_suspicion():
    X, y, wrong = blobs()
    labels = [None if row % 10 == 0 else int(code) for row, code in enumerate(y)]
    score = scored(given_labels=labels, features=X)
    free = np.arange(300) % 10 == 0
    assert not score.suspicion[free].any() and (score.details["state"][free] == "undecided").all()
    true = np.where(wrong, (y - 1) % 3, y)
    assert (np.asarray(score.suggested)[free] == true[free]).mean() > 0.9
