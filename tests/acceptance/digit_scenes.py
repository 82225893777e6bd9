"""Digit scenes: rows that pool one to four digits, with the digits as tags; some tags hidden at random."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

WIDTH = 200


def digit_scenes(seed, *, n_train=2400, n_test=1500, imbalance=1.0):
    """Features and tags of training and test rows, made of digits that the other has not seen."""
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    units = np.maximum((X / 16 - (X / 16).mean(axis=0)) @ (rng.normal(size=(64, WIDTH)) / 2), 0)
    odds = imbalance ** (-np.arange(10) / 9)
    order = rng.permutation(len(X))
    made = []
    for pool, n in ((order[:1100], n_train), (order[1100:], n_test)):
        of_class = [pool[y[pool] == digit] for digit in range(10)]
        features, tags = np.zeros((n, WIDTH), dtype=np.float32), np.zeros((n, 10), dtype=bool)
        for row in range(n):
            digits = rng.choice(10, size=rng.integers(1, 5), p=odds / odds.sum())
            features[row] = units[[rng.choice(of_class[digit]) for digit in digits]].mean(axis=0)
            tags[row, digits] = True
        made += [features, tags]
    return made


def kept(tags, hidden, seed):
    """Tags of which a share is hidden at random."""
    return tags & (np.random.default_rng([seed, 7]).random(tags.shape) >= hidden)


def scaled(train, test):
    center, deviation = train.mean(axis=0), train.std(axis=0) + 1e-6
    return (train - center) / deviation, (test - center) / deviation


def one_vs_rest(train, given, test, folds, C=0.01):
    """Logistic regressions that read zeros as negatives: out-of-fold and test probabilities."""
    from sklearn.linear_model import LogisticRegression

    train, test = scaled(train, test)
    inside, outside = np.zeros(given.shape), np.zeros((len(test), given.shape[1]))
    for tag in range(given.shape[1]):
        for fold in range(folds.max() + 1):
            out = folds == fold
            if given[~out, tag].any():
                model = LogisticRegression(C=C).fit(train[~out], given[~out, tag])
                inside[out, tag] = model.predict_proba(train[out])[:, 1]
        outside[:, tag] = LogisticRegression(C=C).fit(train, given[:, tag]).predict_proba(test)[:, 1]
    return inside, outside
