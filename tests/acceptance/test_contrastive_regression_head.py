"""ConR as a regularizer: the trained head on rare ages, and the loss added to others in a torch loop."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.scorers import conr_loss, fit_conr_head
from labelscope.scorers.regression.density import density_weights

pytestmark = pytest.mark.acceptance
OLDEST = 65


def ages(seed, n, *, balanced=False):
    """32 waves of the age under noise; the test set is spread evenly up to where training rows end."""
    waves = np.random.default_rng([seed, 1])
    rng = np.random.default_rng([seed, 2 + balanced])
    u = rng.uniform(0, (OLDEST - 20) / 60, n) if balanced else rng.beta(1.2, 5, n)
    X = np.sin(2 * np.pi * waves.uniform(0.2, 1.5, 32) * u[:, None] + waves.uniform(0, 2 * np.pi, 32))
    return X + 0.8 * rng.normal(size=X.shape), 20 + 60 * u


def test_head_serves_rare_ages_better_than_without_the_regularizer():
    # Six other seeds, noise .8, without density weights on either side: -12 % overall, -6 % for rare ages.
    error = {0.0: [], 4.0: []}
    rare = {0.0: [], 4.0: []}
    for seed in range(400, 404):
        X, t = ages(seed, 1200)
        X_test, t_test = ages(seed, 800, balanced=True)
        edges = np.arange(20, 86, 5)
        few = np.histogram(t, edges)[0][np.digitize(t_test, edges) - 1] < 20
        for beta in error:
            head = fit_conr_head(X, t, beta=beta, window=3.0, random_state=seed)
            gaps = np.abs(head.predict(X_test) - t_test)
            error[beta].append(gaps.mean())
            rare[beta].append(gaps[few].mean())
    assert np.mean(error[4.0]) <= 0.95 * np.mean(error[0.0])
    assert np.mean(rare[4.0]) <= 0.92 * np.mean(rare[0.0])


@pytest.mark.parametrize("kind", ["l1", "huber", "reweighted"])
def test_adding_it_to_another_loss_does_not_hurt(kind):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    means = {0.0: [], 1.0: []}
    for seed in range(420, 424):
        X, t = ages(seed, 600)
        X_test, t_test = ages(seed, 600, balanced=True)
        center, spread = X.mean(axis=0), X.std(axis=0)
        weights = density_weights(t[:, None], np.array([3.0]))
        for beta in means:
            made = trained(torch, (X - center) / spread, (t - 20) / 60, weights, kind, beta, seed)
            means[beta].append(np.abs(20 + 60 * made((X_test - center) / spread) - t_test).mean())
    assert np.mean(means[1.0]) <= np.mean(means[0.0])


def trained(torch, X, y, weights, kind, beta, seed):
    torch.manual_seed(seed)
    body = torch.nn.Sequential(torch.nn.Linear(32, 32), torch.nn.ReLU())
    last = torch.nn.Linear(32, 1)
    adam = torch.optim.Adam([*body.parameters(), *last.parameters()], lr=3e-3)
    inputs, goals, omega = (torch.tensor(one, dtype=torch.float32) for one in (X, y, weights))
    rng = np.random.default_rng(seed)
    for _ in range(60):
        for rows in np.array_split(rng.permutation(len(X)), len(X) // 64):
            hidden = body(inputs[rows])
            made = last(hidden)[:, 0]
            gaps = made - goals[rows]
            if kind == "huber":
                loss = torch.nn.functional.huber_loss(made, goals[rows], delta=0.1)
            elif kind == "reweighted":
                loss = (omega[rows] * gaps.abs()).mean()
            else:
                loss = gaps.abs().mean()
            extra = conr_loss(hidden, goals[rows], made, window=0.05, e=1.0) if beta else 0.0
            adam.zero_grad()
            (loss + beta * extra).backward()
            adam.step()

    def predict(points):
        with torch.no_grad():
            return last(body(torch.tensor(points, dtype=torch.float32)))[:, 0].numpy()

    return predict
