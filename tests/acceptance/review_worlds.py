"""A simulated census: classes of Zipf sizes, errors that rise toward the tail, Beta-distributed confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta
from sklearn.linear_model import LogisticRegression

N_CLASSES = 50


@dataclass(frozen=True)
class World:
    """Rows that a network labelled: its labels, which are wrong, and how sure it was."""

    given: NDArray[np.int64]
    wrong: NDArray[np.bool_]
    confidence: NDArray[np.float64]


def census(seed: int, n: int = 20_000, rate: float = 0.023) -> World:
    """Make a world; ``rate`` of the labels are wrong, small classes more often than large ones."""
    rng = np.random.default_rng([seed, 0xCE])
    share = 1.0 / np.arange(1, N_CLASSES + 1)
    given = rng.choice(N_CLASSES, n, p=share / share.sum())
    error = np.arange(1, N_CLASSES + 1) ** 0.5
    error *= rate / (error @ share / share.sum())
    wrong = rng.random(n) < error[given]
    confidence = np.where(wrong, rng.beta(2.2, 2.2, n), rng.beta(12.0, 1.0, n))
    return World(given, wrong, np.clip(confidence, 1e-6, 1 - 1e-6))


def suspicion_of(world: World, held_out: World) -> NDArray[np.float64]:
    """Turn confidence into a probability of error on another sample, as with a network's test set."""

    def logs(one: World) -> NDArray[np.float64]:
        return np.column_stack([np.log1p(-one.confidence), np.log(one.confidence)])

    model = LogisticRegression(C=1e4, max_iter=1000).fit(logs(held_out), held_out.wrong)
    return np.asarray(model.predict_proba(logs(world))[:, 1])


def true_chance(confidence: NDArray[np.float64], rate: float = 0.023) -> NDArray[np.float64]:
    """Return the chance that a label of this confidence is wrong, as the census is made."""
    odds = rate / (1 - rate) * np.exp(beta(2.2, 2.2).logpdf(confidence) - beta(12.0, 1.0).logpdf(confidence))
    return np.asarray(odds / (1 + odds))


def answers_of(
    wrong: NDArray[np.bool_], error: NDArray[np.float64], same_mistake: float, rng: Any
) -> NDArray[np.int64]:
    """Look at rows: 0 is the right label, 1 the mistake that lies near, and 2 on other ones."""
    err = rng.random(len(wrong)) < error
    other = np.where(rng.random(len(wrong)) < same_mistake**0.5, 1, rng.integers(2, 40, len(wrong)))
    return np.where(err, other, 0)


def expected_accuracy(
    look_error: float, rate: float = 0.023
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share of rows reviewed, least sure first, and the accuracy expected then, without any simulation."""
    sure = np.linspace(0.0, 1.0, 20_001)
    wrong, right = rate * beta(2.2, 2.2).cdf(sure), (1 - rate) * beta(12.0, 1.0).cdf(sure)
    items = wrong + right
    return items, 1 - rate + wrong - look_error * items
