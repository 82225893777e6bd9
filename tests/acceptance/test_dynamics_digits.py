"""Real training runs on digits with planted errors: the dynamics scorers find them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from labelscope import scorers
from labelscope.evidence import RecordedModel, TrainingDynamics, draw_fake_class, record_partial_fit
from labelscope.evidence.ranks import auroc
from labelscope.testing import symmetric
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance


@functools.cache
def digits(seed: int = 0) -> Any:
    from sklearn.datasets import load_digits

    data = load_digits()
    noisy, wrong = symmetric(data.target, rate=0.1, random_state=seed)
    return (data.data / 16.0).astype(np.float32), noisy, wrong


def report(evidence: Evidence, wrong: Any) -> dict[str, float]:
    return {
        scorer.name: auroc(scorer.score(evidence).suspicion, wrong)
        for scorer in (scorers.AreaUnderMargin(), scorers.Cartography(), scorers.Forgetting())
    }


@functools.cache
def perceptron() -> Evidence:
    from sklearn.neural_network import MLPClassifier

    X, y, _ = digits()
    return record_partial_fit(MLPClassifier(32, random_state=0), X, y, 15, batch_size=64, keep="sums")


def test_a_perceptron_shows_wrong_labels() -> None:
    found = report(perceptron(), digits()[2])
    assert found["area_under_margin"] > 0.95
    assert found["cartography"] > 0.95
    assert found["forgetting"] > 0.9


def test_a_linear_model_shows_wrong_labels() -> None:
    from sklearn.linear_model import SGDClassifier

    X, y, wrong = digits()
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.05, random_state=0)
    found = report(record_partial_fit(model, X, y, 8, batch_size=64), wrong)
    assert found["area_under_margin"] > 0.95


def test_the_fake_class_cut_flags_mostly_wrong_labels() -> None:
    from sklearn.neural_network import MLPClassifier

    X, y, wrong = digits()
    evidence = record_partial_fit(MLPClassifier(32, random_state=0), X, y, 15, batch_size=64, fake_class=True)
    score = scorers.AreaUnderMargin().score(evidence)
    trained = ~evidence["fake_class"]
    assert score.meta["n_fake"] == round(len(y) / 11)
    assert auroc(score.suspicion[trained], wrong[trained]) > 0.95
    flagged = score.flagged & trained
    behind = trained & (score.details["area_under_margin"] < 0)
    assert flagged[wrong & trained].mean() > 0.85
    assert wrong[flagged].mean() > max(0.6, wrong[behind].mean() + 0.05)
    # Rows of the fake class were never taught their label: the other classes judge them as well.
    assert auroc(score.suspicion[~trained], wrong[~trained]) > 0.9


@pytest.mark.parametrize("half", [False, True])
def test_a_torch_loop_shows_wrong_labels(half: bool) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)
    X, y, wrong = digits()
    codes, fake = draw_fake_class(y)
    recorder = TrainingDynamics(len(y), fake_class=fake)
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 11))
        recorded = RecordedModel(model, recorder)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        inputs, targets = torch.from_numpy(X), torch.from_numpy(codes)
        for epoch in range(10):
            # 1,797 rows in batches of 449 leave a final batch of one.
            for rows in torch.randperm(len(y)).split(449 if half else 128):
                optimizer.zero_grad()
                if half:
                    logits = model(inputs[rows])
                    recorder(rows, logits.to(torch.bfloat16 if epoch % 2 else torch.float16), epoch)
                else:
                    logits = recorded(rows, inputs[rows], epoch=epoch)
                torch.nn.functional.cross_entropy(logits, targets[rows]).backward()
                optimizer.step()
    finally:
        torch.set_num_threads(threads)
    evidence = recorder.finish().including(given_labels=y)
    trained = ~fake
    score = scorers.AreaUnderMargin().score(evidence)
    assert evidence["training_dynamics"].shape == (len(y), 10, 11)
    assert not np.isnan(evidence["training_dynamics"]).any()
    assert auroc(score.suspicion[trained], wrong[trained]) > 0.9


def test_relabelling_after_training_needs_no_new_run() -> None:
    from sklearn.datasets import load_digits

    evidence, wrong = perceptron(), digits()[2]
    before = scorers.AreaUnderMargin().score(evidence)
    fixed = scorers.AreaUnderMargin().score(evidence.including(given_labels=load_digits().target))
    assert fixed.suspicion[wrong].mean() < before.suspicion[wrong].mean() - 0.2
