"""DLG-LC on digits with symmetric noise: the gate finds the errors, and corrections take most of them away."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from labelscope.errors import LabelscopeWarning
from labelscope.evidence.ranks import auroc
from labelscope.scorers import DynamicLossGate
from labelscope.testing import symmetric
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance
SEEDS = (70, 71, 72)


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def f1(flagged, wrong):
    return 2 * (flagged & wrong).sum() / (flagged.sum() + wrong.sum())


def runs(digits, rate, **settings):
    X, y = digits
    for seed in SEEDS:
        given, wrong = symmetric(y, rate=rate, random_state=seed)
        score = DynamicLossGate(**settings).score(Evidence(given_labels=given, features=X))
        yield given, wrong, score


@pytest.mark.parametrize("statistic", ["log_ratio", "log_loss"])
@pytest.mark.parametrize("rate", [0.2, 0.4])
def test_the_gate_finds_the_errors_and_corrections_cut_them(digits, rate, statistic):
    y = digits[1]
    found, left, gates = [], [], []
    for given, wrong, score in runs(digits, rate, statistic=statistic):
        found.append(f1(score.flagged, wrong))
        fixed = np.where(score.details["state"] == "corrected", score.suggested, given)
        left.append((fixed != y).mean() / wrong.mean())
        gates.append([entry["gate"] for entry in score.meta["history"]])
        assert auroc(score.suspicion, wrong) >= 0.98
    assert np.mean(found) >= 0.85
    assert np.mean(left) <= 0.4
    for own in gates:
        assert len(own) == 3 and abs(own[-1] - own[0]) > 0.02


def test_few_errors_are_found_with_the_log_ratio(digits):
    assert np.mean([f1(score.flagged, wrong) for _, wrong, score in runs(digits, 0.1)]) >= 0.75


def test_the_cap_spares_right_labels_where_few_are_wrong(digits):
    means = {}
    for cap in (True, False):
        settings = {"cap": cap, "statistic": "log_loss"}
        means[cap] = np.mean([f1(score.flagged, wrong) for _, wrong, score in runs(digits, 0.03, **settings)])
    assert means[True] >= 0.85
    assert means[True] >= means[False] + 0.1


@pytest.mark.parametrize("statistic", ["log_ratio", "log_loss"])
def test_no_second_mode_is_claimed_of_clean_labels(digits, statistic):
    X, y = digits
    with pytest.warns(LabelscopeWarning, match="no clear second mode"):
        score = DynamicLossGate(statistic=statistic).score(Evidence(given_labels=y, features=X))
    assert score.meta["second_mode"] is False and not score.flagged.any()
    assert (score.details["state"] == "reliable").all() and score.suspicion.max() < 0.5


def test_two_views_beat_each_of_them(digits):
    """The upper and the lower half of each digit as two views, like sound and picture."""
    X, y = digits
    alone, together = [], []
    for seed in SEEDS:
        given, wrong = symmetric(y, rate=0.2, random_state=seed)
        halves = [X[:, :32], X[:, 32:]]
        alone.append(
            [
                f1(DynamicLossGate().score(Evidence(given_labels=given, features=half)).flagged, wrong)
                for half in halves
            ]
        )
        score = DynamicLossGate().score(Evidence(given_labels=given, views=halves))
        together.append(f1(score.flagged, wrong))
        assert score.meta["views"] == 2 and {entry["view"] for entry in score.meta["history"]} == {0, 1}
    assert np.mean(together) >= np.mean(alone, axis=0).max() + 0.03


def test_held_out_dynamics_of_a_torch_model_feed_the_gate(digits):
    """A small network, trained with a fifth of the rows held out each time: its recorder feeds the gate."""
    torch = pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
    from labelscope.evidence import TrainingDynamics

    X, y = digits
    given, wrong = symmetric(y, rate=0.2, random_state=73)
    inputs, targets = torch.from_numpy((X / 16).astype(np.float32)), torch.from_numpy(given)
    fold = np.random.default_rng(0).integers(0, 5, len(y))
    recorder = TrainingDynamics(len(y), held_out=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for own in range(5):
            train = torch.from_numpy(np.flatnonzero(fold != own))
            held = torch.from_numpy(np.flatnonzero(fold == own))
            model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
            optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
            for _ in range(12):
                for rows in train[torch.randperm(len(train))].split(64):
                    optimizer.zero_grad()
                    torch.nn.functional.cross_entropy(model(inputs[rows]), targets[rows]).backward()
                    optimizer.step()
                with torch.no_grad():
                    recorder.update(held, model(inputs[held]))
    evidence = recorder.finish().including(given_labels=given)
    score = DynamicLossGate().score(evidence)
    assert score.meta["from_training_dynamics"] and len(score.meta["history"]) == 3
    assert f1(score.flagged, wrong) >= 0.85
