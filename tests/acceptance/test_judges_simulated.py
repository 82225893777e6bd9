"""Simulated judges: precision rises with confidence, more models find more, intervals hold, flips help."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from labelscope.reports import precision_by_confidence
from labelscope.reports.judge_quality import error_rate
from labelscope.scorers import JudgeEnsemble
from labelscope.scorers.judges import propose
from labelscope.scorers.proportions import exact_interval
from labelscope.testing.sample_texts import TOPICS, topic_texts
from labelscope.types import Evidence, Score

pytestmark = pytest.mark.acceptance
SKILLS = (1.7, 1.6, 0.8, 1.0)
EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SEEDS = (201, 202, 203, 204, 205)


def simulated(seed: int, n: int = 640, chosen: tuple[int, ...] = (0, 1, 2, 3)) -> tuple[Score, Any]:
    """Four models with four prompts each on items of which 13 % have a wrong label.

    The logit for the true class is skill + difficulty of the item + noise of the model + noise of the prompt.
    """
    rng = np.random.default_rng(seed)
    true = rng.integers(0, 2, n)
    wrong = rng.random(n) < 0.13
    difficulty = rng.normal(0, 0.5, n)
    of_model = rng.normal(0, 1.5, (n, 4))
    of_prompt = rng.normal(0, 0.6, (n, 4, 4))
    logits = (np.array(SKILLS) + difficulty[:, None] + of_model)[:, :, None] + of_prompt
    right = 1 / (1 + np.exp(-logits[:, list(chosen)].reshape(n, -1)))
    one = np.where(true[:, None] == 1, right, 1 - right)
    probs = np.stack([1 - one, one], axis=2)
    models = [f"model {m}" for m in chosen for _ in range(4)]
    evidence = Evidence(
        given_labels=np.where(wrong, 1 - true, true),
        classes=np.array([0, 1]),
        judgements=probs.argmax(axis=2),
        judgement_probs=probs,
    )
    return JudgeEnsemble(models=models, prompts=list("abcd") * len(chosen)).score(evidence), wrong


def f1(flagged: Any, wrong: Any) -> float:
    return float(2 * (flagged & wrong).sum() / (flagged.sum() + wrong.sum()))


def test_precision_rises_with_confidence() -> None:
    """Mean over five repeats; stated: monotone, and at least .85 in the top bin."""
    errors, flags = np.zeros(5), np.zeros(5)
    for seed in SEEDS:
        score, wrong = simulated(seed)
        found = precision_by_confidence(score.details["confidence"], score.flagged, wrong, edges=EDGES)
        for one in found:
            place = EDGES.index(one.low)
            errors[place] += one.n_errors
            flags[place] += one.n_reviewed
    precision = errors / flags
    assert (np.diff(precision) >= 0).all(), precision
    assert precision[-1] >= 0.85 and precision[0] < 0.5


def test_more_models_find_more_errors() -> None:
    """Stated: F1 of four models beats one by .08, for the best model and for models drawn by chance."""
    of_one, of_best, of_four = [], [], []
    for seed in SEEDS:
        alone = [
            f1(score.flagged, wrong) for score, wrong in (simulated(seed, chosen=(m,)) for m in range(4))
        ]
        of_one.append(np.mean(alone))
        of_best.append(alone[0])
        score, wrong = simulated(seed)
        of_four.append(f1(score.flagged, wrong))
        kappas = score.meta["kappa_prompts"]
        # Prompts of one model agree more than models do: averaging prompts is not asking more people.
        assert min(one["value"] for one in kappas.values()) > score.meta["kappa_models"]["value"]
    assert np.mean(of_four) - np.mean(of_best) >= 0.08
    assert np.mean(of_four) - np.mean(of_one) >= 0.08


def test_exact_intervals_cover() -> None:
    """Samples of 160 of a large population, 200 times; stated: coverage of at least .93."""
    score, wrong = simulated(77, n=100_000)
    found = np.asarray(score.flagged) & wrong
    population = found.mean()
    bins = precision_by_confidence(score.details["confidence"], score.flagged, wrong, edges=(0.5, 0.75, 1.0))
    true = [one.precision.value for one in bins]
    rng = np.random.default_rng(78)
    interval = functools.lru_cache(exact_interval)  # counts come again and again
    place = np.where(score.flagged, (score.details["confidence"] >= 0.75).astype(int), -1)
    two_sided, lower, of_bins = [], [], []
    for _ in range(200):
        rows = rng.choice(len(wrong), 160, replace=False)
        k = int(found[rows].sum())
        low, high = interval(k, 160)
        two_sided.append(low <= population <= high)
        lower.append(error_rate(k, 160).low <= population)
        for at in range(2):
            mine = rows[place[rows] == at]
            low, high = interval(int(wrong[mine].sum()), len(mine))
            of_bins.append(low <= true[at] <= high)
    assert np.mean(two_sided) >= 0.93 and np.mean(lower) >= 0.93 and np.mean(of_bins) >= 0.93


def test_flipping_helps_a_model_that_learns_from_the_labels() -> None:
    """Sentences on topics, 15 % flipped, three offline judges, flips above .8; stated: 2 points, and more than
    as many flips by chance. The learner is a logistic regression on 400 texts, which has something to lose."""
    gains, chance, precision = [], [], []
    for seed in SEEDS:
        n, k = 400, len(TOPICS)
        texts, true = topic_texts(n + 3000, seed=seed, stray=0.2)
        rng = np.random.default_rng(seed + 1000)
        given = true[:n].copy()
        wrong = rng.random(n) < 0.15
        given[wrong] = (given[wrong] + rng.integers(1, k, wrong.sum())) % k
        score = JudgeEnsemble().score(Evidence(given_labels=given, classes=np.arange(k), texts=texts[:n]))
        assert score.details["votes"].shape == (n, 3)
        proposals = propose(score, policy="flip", min_confidence=0.8)
        flipped, _ = proposals.training_labels(given)
        anyhow = given.copy()
        rows = rng.choice(n, len(proposals), replace=False)
        anyhow[rows] = (anyhow[rows] + rng.integers(1, k, len(rows))) % k
        table = TfidfVectorizer().fit(texts[:n])
        train, test = table.transform(texts[:n]), table.transform(texts[n:])

        def accuracy(labels: Any) -> float:
            model = LogisticRegression(C=30.0, max_iter=1000).fit(train, labels)  # noqa: B023
            return float(model.score(test, true[n:]))  # noqa: B023

        before = accuracy(given)
        gains.append(accuracy(flipped) - before)
        chance.append(accuracy(anyhow) - before)
        precision.append(wrong[proposals.rows].mean())
    assert np.mean(gains) >= 0.02, gains
    assert np.mean(gains) > np.mean(chance) + 0.02
    assert np.mean(precision) > 0.7
