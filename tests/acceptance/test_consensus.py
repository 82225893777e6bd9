"""Consensus of real crowds, and of simulated ones beside a model, against the truth."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cleanlab import multiannotator
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from labelscope.evidence.annotators import (
    Answers,
    active_lab,
    answers_from_table,
    crowdlab,
    dawid_skene,
    glad,
    majority,
    read_answers,
)

pytestmark = pytest.mark.acceptance
# Share of right labels: majority, and classical Dawid-Skene (about).
PUBLISHED = {"bluebirds": (0.759, 0.898), "face_sentiment": (0.630, 0.640), "product_match": (0.897, 0.940)}


def crowd(folder: Path, name: str) -> tuple[Answers, Any]:
    answers, truth = (pd.read_parquet(folder / f"crowd_{kind}.parquet") for kind in ("answers", "truth"))
    answers, truth = answers[answers["set"] == name], truth[truth["set"] == name]
    read = answers_from_table(answers["item"], answers["worker"], answers["label"], task_ids=truth["item"])
    return read, truth["truth"].to_numpy()


def right(found: Any, truth: Any) -> float:
    return float((np.asarray(found.labels) == truth).mean())


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_real_crowds(shared_data: Path, name: str) -> None:
    answers, truth = crowd(shared_data, name)
    head, classical = PUBLISHED[name]
    counted, learned = right(majority(answers), truth), right(dawid_skene(answers), truth)
    assert round(counted, 3) >= head
    assert round(learned, 3) >= classical
    assert learned >= counted
    assert dawid_skene(answers).meta["converged"]


def test_quality_of_people_matches_their_record(shared_data: Path) -> None:
    answers, truth = crowd(shared_data, "bluebirds")
    codes = np.searchsorted(answers.classes.astype(str), truth)
    matrix = answers.matrix()
    record = np.array(
        [(matrix[:, j] == codes)[matrix[:, j] >= 0].mean() for j in range(answers.n_annotators)]
    )
    assert np.corrcoef(record, dawid_skene(answers).annotator_quality)[0, 1] > 0.9
    # One ability per person cannot say that somebody confuses one species only; it still beats random order.
    assert np.corrcoef(record, glad(answers).annotator_quality)[0, 1] > 0.5


@pytest.fixture(scope="module")
def model() -> tuple[Any, Any]:
    features, true = load_digits(return_X_y=True)
    # A model that knows only a quarter of the pixels, as one beside a crowd is seldom perfect.
    return cross_val_predict(
        LogisticRegression(max_iter=1000), features[:, ::4] / 16, true, cv=3, method="predict_proba"
    ), true


def simulated(true: Any, seed: int, skills: tuple[float, ...], gaps: float) -> Any:
    rng = np.random.default_rng(seed)
    wrong = (true[:, None] + rng.integers(1, 10, (len(true), len(skills)))) % 10
    answers = np.where(rng.random(wrong.shape) < skills, true[:, None], wrong).astype(float)
    answers[rng.random(wrong.shape) < gaps] = np.nan
    answers[np.isnan(answers).all(axis=1), 0] = wrong[np.isnan(answers).all(axis=1), 0]
    return answers


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("skills", "gaps"), [((0.9, 0.8, 0.7, 0.6, 0.5), 0.4), ((0.95, 0.5, 0.4, 0.3), 0.2), ((0.7,) * 8, 0.7)]
)
def test_simulated_people_over_digits(
    model: tuple[Any, Any], seed: int, skills: tuple[float, ...], gaps: float
) -> None:
    probs, true = model
    answers = simulated(true, seed, skills, gaps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = multiannotator.get_label_quality_multiannotator(
            answers, probs, verbose=False, return_annotator_stats=False, return_detailed_quality=False
        )
    published = (theirs["label_quality"]["consensus_label"].to_numpy() == true).mean()
    ours = right(crowdlab(answers, probs), true)
    assert ours >= published - 1e-9
    assert ours > right(majority(answers), true) + 0.02
    assert ours > (probs.argmax(axis=1) == true).mean() + 0.02


def test_active_lab_spends_answers_well(model: tuple[Any, Any]) -> None:
    """Asking again where ActiveLab says so makes more labels right than asking at random."""
    probs, true = model
    rng = np.random.default_rng(0)
    pool = simulated(true, 3, (0.75,) * 8, 0.0)
    reached = {}
    for how in ("active_lab", "random"):
        answers = pool.copy()
        answers[:, 1:] = np.nan
        for _round in range(6):
            scores = (
                active_lab(read_answers(answers, width=10), probs)[0]
                if how == "active_lab"
                else rng.random(len(true))
            )
            full = ~np.isnan(answers).any(axis=1)
            rows = np.argsort(np.where(full, np.inf, scores), kind="stable")[:200]
            answers[rows, (~np.isnan(answers[rows])).sum(axis=1)] = pool[
                rows, (~np.isnan(answers[rows])).sum(axis=1)
            ]
        reached[how] = right(crowdlab(answers, probs), true)
    assert reached["active_lab"] > reached["random"] + 0.01
