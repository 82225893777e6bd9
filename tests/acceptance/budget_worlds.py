"""Worlds with two classes and two kinds of labels, of which as many rows can be had as are wanted."""

from __future__ import annotations

import numpy as np

from labelscope.review.budget_grid import Deal, Pilot, run
from labelscope.review.two_stage import moved

N_FEATURES, N_INFORMATIVE, N_CLUSTERS, WIDTH = 40, 12, 4, 100
SPREAD = 0.85


def rows_of(seed, n):
    """Features and truth: four clusters a class in 12 of 40 dimensions, seen through random tanh units.

    The first rows are the same for every n.
    """
    rng = np.random.default_rng([seed, 1])
    centers = SPREAD * rng.normal(size=(2, N_CLUSTERS, N_INFORMATIVE))
    units = rng.normal(size=(N_FEATURES, WIDTH)) / np.sqrt(N_FEATURES)
    y, cluster = np.random.default_rng([seed, 11]).integers(0, (2, N_CLUSTERS), (n, 2)).T
    X = np.random.default_rng([seed, 12]).normal(size=(n, N_FEATURES))
    X[:, :N_INFORMATIVE] += centers[y, cluster]
    return np.tanh(X @ units).astype(np.float32), y


def line_through(X, y, columns, own, penalty=10.0):
    """Logits (n,) of the second class, of a model that learned from some of the first 6,000 rows."""
    inputs = X[:, columns] / X[:6000, columns].std(axis=0)
    inputs = np.hstack([inputs, np.ones((len(X), 1), np.float32)])
    weights = moved(inputs[own], y[own], np.zeros((2, inputs.shape[1]), np.float32), penalty=penalty)
    return inputs @ (weights[1] - weights[0])


def small_model(X, y, seed, n_columns=30):
    """Logits (n,) of a model of few features and no more labels than it takes: systematically wrong."""
    rng = np.random.default_rng([seed, 2])
    for attempt in range(160):
        n = 40 * 2 ** (attempt // 40)
        own, columns = rng.choice(6000, n, replace=False), rng.choice(WIDTH, n_columns, replace=False)
        logits = line_through(X, y, columns, own)
        if 0.65 <= ((logits > 0) == y)[:6000].mean() <= 0.78:
            return logits
    raise AssertionError("no weak model of the wanted accuracy")


def weak_world(seed, n):
    """Cheap labels of a weak model, right on 65 to 78 % of the rows."""
    X, y = rows_of(seed, n)
    return X, y, (small_model(X, y, seed) > 0).astype(int)


def eager_world(seed, n):
    """Cheap labels of somebody who knows the classes but sees the first one nearly everywhere.

    They tell which rows are more of a class than others, and not where the border is.
    """
    X, y = rows_of(seed, n)
    lean = line_through(X, y, np.arange(WIDTH), np.arange(6000))
    return X, y, (lean > np.quantile(lean[:6000], 0.85)).astype(int)


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


def true_accuracies(world, seed, sizes, *, n_repeats=3, n_test=5000, most_cheap=6_000, prior_probs=None):
    """Accuracy at (cheap, verified) sizes, over fresh training rows and many fresh rows to test on.

    More cheap labels than 6,000 bring nothing that could be seen here, and are not trained on.
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
