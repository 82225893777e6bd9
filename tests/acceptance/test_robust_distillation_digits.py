"""RAD on digits: teachers that fail on hard rows, a better-trained teacher, and draws that keep their chances."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from labelscope.review.queues import RobustDistillation
from labelscope.review.queues.robust_distillation import margins
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance
N_LABELLED, N_TEST = 40, 500


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    points = PCA(24, random_state=0).fit_transform(StandardScaler().fit_transform(X))
    return points / points.std(axis=0), y


def student(points, labels):
    return LogisticRegression(C=0.1, max_iter=500).fit(points, labels)


def scene(digits, seed):
    """Rows that the student has, those that a teacher may be asked about, those to test on, and the gains."""
    points, y = digits
    order = np.random.default_rng(seed).permutation(len(y))
    own, pool, test = order[:N_LABELLED], order[N_LABELLED:-N_TEST], order[-N_TEST:]
    probs = student(points[own], y[own]).predict_proba(points[pool])
    return own, pool, test, probs


def accuracies(digits, seed, teach, n):
    """Accuracy of the student after n answers, chosen in three ways, and without any."""
    points, y = digits
    own, pool, test, probs = scene(digits, seed)
    gains = np.maximum(1 - margins(probs), 1e-3)
    rng = np.random.default_rng([seed, 1])
    answers = teach(points, y, pool, gains, rng)
    # The error is measured on twenty-odd rows that a person verified, and its upper bound is what counts.
    seen = rng.choice(len(pool), 150, replace=False)
    verified = np.zeros(len(pool) + len(seen), dtype=bool)
    verified[len(pool) :] = True
    evidence = Evidence(
        pred_probs=np.vstack([probs, probs[seen]]),
        given_labels=np.full(len(verified), -1),
        current=np.concatenate([np.full(len(pool), -1), y[pool[seen]]]),
        teacher_labels=np.concatenate([np.full(len(pool), -1), answers[seen]]),
        verified=verified,
        state=np.where(verified, 2, 0),
        classes=np.arange(10),
    )
    ranking = RobustDistillation(random_state=seed).order(evidence, n)
    assert ranking.meta["method"] == "rad" and len(ranking.rows) == n
    ways = {
        "rad": ranking.rows,
        "margin": np.argsort(-gains)[:n],
        "uniform": rng.choice(len(pool), n, replace=False),
        "none": np.empty(0, dtype=int),
    }
    return {
        name: student(
            np.vstack([points[own], points[pool[rows]]]), np.concatenate([y[own], answers[rows]])
        ).score(points[test], y[test])
        for name, rows in ways.items()
    }


def wrong_where_it_is_hard(points, y, pool, gains, rng):
    answers = y[pool].copy()
    hard = np.argsort(-gains)[: len(pool) // 4]
    hard = hard[rng.random(len(hard)) < 0.7]
    answers[hard] = (answers[hard] + rng.integers(1, 10, len(hard))) % 10
    return answers


def better_trained(points, y, pool, gains, rng):
    own = rng.choice(len(pool), 300, replace=False)
    return student(points[pool[own]], y[pool[own]]).predict(points[pool])


def means(digits, teach, n, seeds):
    runs = [accuracies(digits, seed, teach, n) for seed in seeds]
    return {name: float(np.mean([one[name] for one in runs])) for name in runs[0]}


@pytest.mark.parametrize("n", [100, 200])
def test_a_teacher_that_fails_on_hard_rows(digits, n):
    found = means(digits, wrong_where_it_is_hard, n, range(4000, 4020))
    assert found["rad"] >= found["margin"] + 0.10
    assert found["rad"] >= found["uniform"] - 0.02


def test_a_better_trained_teacher(digits):
    found = means(digits, better_trained, 60, range(4100, 4120))
    assert found["rad"] >= found["uniform"] + 0.005
    assert found["rad"] >= found["none"] + 0.05


def test_draws_keep_their_chances(digits):
    """2,000 draws: frequencies within three standard errors of min(1, b q), and what is over dealt to others."""
    _, pool, _, probs = scene(digits, 4200)
    few = np.arange(0, len(pool), 8)
    evidence = Evidence(pred_probs=probs[few], given_labels=np.full(len(few), -1), classes=np.arange(10))
    n, n_draws = 40, 2000
    count = np.zeros(len(few))
    for seed in range(n_draws):
        ranking = RobustDistillation(teacher_error=0.1, random_state=seed).order(evidence, n)
        assert len(ranking.rows) == n
        count[ranking.rows] += 1
    meta = ranking.meta
    chances, shares = meta["inclusion"], meta["shares"]
    assert chances.sum() == pytest.approx(n)
    capped = chances >= 1
    plain = np.minimum(1, n * shares)
    if not (n * shares > 1).any():
        assert np.allclose(chances, plain)
    assert (chances >= plain - 1e-12).all()
    assert (count[capped] == n_draws).all() and not count[shares == 0].any()
    error = np.sqrt(np.maximum(chances * (1 - chances), 1e-12) / n_draws)
    off = np.abs(count / n_draws - chances) / error
    open_ = (chances > 0) & ~capped
    # Of some hundred rows one in 370 passes three standard errors by chance.
    assert (off[open_] > 3).mean() <= 0.02
    assert off[open_].max() < 4.5


def test_the_support_widens_with_the_error(digits):
    _, _, _, probs = scene(digits, 4300)
    evidence = Evidence(pred_probs=probs, given_labels=np.full(len(probs), -1), classes=np.arange(10))
    supports = [
        RobustDistillation(teacher_error=error).order(evidence, 50).meta["support"]
        for error in np.linspace(0, 0.95, 20)
    ]
    assert supports == sorted(supports) and supports[0] < supports[-1]
