"""Worlds with two classes and two kinds of labels, of which as many rows can be had as are wanted."""

from __future__ import annotations

import numpy as np

from labelscope.review.budget_grid import Deal, Pilot, run
from labelscope.review.two_stage import moved, scaled

N_FEATURES, N_INFORMATIVE, N_CLUSTERS, WIDTH = 40, 12, 4, 100


def rows_of(seed, n):
    """Features and truth: four clusters a class in 12 of 40 dimensions, seen through random tanh units."""
    rng = np.random.default_rng([seed, 1])
    centers = 0.75 * rng.normal(size=(2, N_CLUSTERS, N_INFORMATIVE))
    units = rng.normal(size=(N_FEATURES, WIDTH)) / np.sqrt(N_FEATURES)
    y, cluster = rng.integers(0, 2, n), rng.integers(0, N_CLUSTERS, n)
    X = rng.normal(size=(n, N_FEATURES))
    X[:, :N_INFORMATIVE] += centers[y, cluster]
    return np.tanh(X @ units).astype(np.float32), y


def small_model_logits(X, y, seed, n=60, n_columns=20):
    """Logits of a model of few labels and few features: systematically wrong, as weak models are."""
    rng = np.random.default_rng([seed, 2])
    for _ in range(200):
        own, columns = rng.choice(len(y), n, replace=False), rng.choice(WIDTH, n_columns, replace=False)
        inputs = scaled(X[:, columns])
        weights = moved(inputs[own], y[own], np.zeros((2, n_columns + 1), np.float32), penalty=10.0)
        logits = inputs @ weights.T
        if 0.65 <= (logits.argmax(axis=1) == y).mean() <= 0.78:
            return logits
    raise AssertionError("no weak model of the wanted accuracy")


def weak_world(seed, n):
    """Cheap labels of a weak model, right on 65 to 78 % of the rows."""
    X, y = rows_of(seed, n)
    return X, y, small_model_logits(X, y, seed).argmax(axis=1)


def eager_world(seed, n):
    """Cheap labels of somebody who knows the classes but sees the first one nearly everywhere.

    They tell which rows are more of a class than others, and not where the border is.
    """
    X, y = rows_of(seed, n)
    inputs = scaled(X)
    weights = moved(inputs[:6000], y[:6000], np.zeros((2, WIDTH + 1), np.float32), penalty=10.0)
    logits = inputs @ weights.T
    lean = logits[:, 1] - logits[:, 0]
    return X, y, (lean > np.quantile(lean, 0.85)).astype(int)


def chance_world(seed, n):
    """Cheap labels that say nothing."""
    X, y = rows_of(seed, n)
    return X, y, np.random.default_rng([seed, 4]).integers(0, 2, n)


def expert_world(seed, n):
    """Cheap labels as good as verified ones."""
    X, y = rows_of(seed, n)
    return X, y, np.where(np.random.default_rng([seed, 5]).random(n) < 0.02, 1 - y, y)


def pilot_of(X, y, cheap, n_verified):
    """The first rows are verified, drawn by chance as all rows are."""
    verified = np.where(np.arange(len(y)) < n_verified, y, -1)
    return Pilot.of(X, cheap, verified, 2)


def true_accuracies(world, seed, sizes, *, n_repeats=3, n_test=6000, most_cheap=12_000, prior_probs=None):
    """Accuracy at (cheap, verified) sizes, over fresh training rows and many fresh rows to test on.

    More cheap labels than 12,000 bring nothing that could be seen here, and are not trained on.
    """
    sizes = np.asarray(sizes).copy()
    sizes[:, 0] = np.minimum(sizes[:, 0], most_cheap)
    n_cheap, n_verified = sizes.max(axis=0)
    X, y, cheap = world(seed, n_test + int(n_cheap + n_verified) + 3000)
    pilot = Pilot.of(X, cheap, y, 2, prior_probs=prior_probs)
    rng = np.random.default_rng([seed, 6])
    deals = []
    for _ in range(n_repeats):
        order = rng.permutation(len(y))
        test, rest = order[:n_test], order[n_test:]
        deals.append(Deal(test, rest[n_verified:], rest[:n_verified]))
    return run(pilot, deals, sizes).accuracy
