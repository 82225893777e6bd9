"""ls.score on the arrays of every task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError, TaskError
from labelscope.types import Evidence

RNG = np.random.default_rng(0)
TRUE = RNG.random((200, 3)) < 0.4
FEATURES = (TRUE @ RNG.normal(size=(3, 6)) * 2 + RNG.normal(size=(200, 6))).astype(np.float32)
TAGS = TRUE.astype(np.int64)
NUMBERS = FEATURES[:, 0] * 2 + 0.25
CODES = TRUE[:, 0].astype(int)


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"given_labels": TAGS}, ["model", "neighbors", "positives alone"]),
        ({"given_labels": np.where(TRUE, 1.0, np.nan)[:, :2].round()}, None),
        ({"given_labels": [{j for j in range(3) if row[j]} for row in TRUE]}, None),
        ({"given_labels": NUMBERS}, ["residual", "contrast"]),
        ({"given_labels": np.column_stack([NUMBERS, -NUMBERS])}, ["residual", "contrast"]),
        ({"given_labels": (NUMBERS * 9).astype(int), "task": "regression"}, ["residual", "contrast"]),
        ({"given_labels": CODES, "concepts": TAGS[:, 1:]}, ["model", "neighbors"]),
        ({"given_labels": CODES}, ["model", "neighbors"]),
    ],
    ids=["matrix", "unknown", "sets", "numbers", "several numbers", "whole numbers", "concepts", "classes"],
)
def test_auto_is_the_mix_of_the_task(given: dict[str, object], parts: list[str] | None) -> None:
    score = ls.score("auto", features=FEATURES, **given)
    assert score.suspicion.shape == (200,) and np.isfinite(score.suspicion).all()
    assert score.suggested is not None and len(score.suggested) == 200
    assert score.flagged is not None and score.flagged.dtype == bool
    assert score.meta["scale"] == "probability"
    if parts is not None:
        assert score.meta["parts"] == parts


def test_named_methods_and_given_evidence() -> None:
    probs = np.clip(TRUE * 0.8 + 0.1, 0, 1)
    found = ls.score("confident_tags", given_labels=TAGS, pred_probs=probs)
    again = ls.scorers.ConfidentTags().score(Evidence(given_labels=TAGS, pred_probs=probs))
    assert (found.suspicion == again.suspicion).all()
    made = ls.score("ConfidentTags", given_labels=TAGS, features=FEATURES)
    assert made.details["missing"].shape == TAGS.shape
    assert ls.score("residual_outlier", given_labels=NUMBERS, predictions=NUMBERS + 0.1).suspicion.max() < 1
    assert ls.score("auto", given_labels=TAGS, pred_probs=probs).meta["parts"] == ["model"]


def test_matrices_in_files(tmp_path: Path) -> None:
    probs = np.clip(TRUE * 0.8 + 0.1, 0, 1).astype(np.float32)
    np.save(tmp_path / "probs.npy", probs)
    there = ls.score("auto", given_labels=TAGS, pred_probs=tmp_path / "probs.npy")
    assert (there.suspicion == ls.score("auto", given_labels=TAGS, pred_probs=probs).suspicion).all()


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(TaskError, match="SelfConfidence scores classification"):
        ls.score("self_confidence", task="multilabel", given_labels=TAGS, features=FEATURES)
    with pytest.raises(InvalidInputError, match="task"):
        ls.score("auto", task="multilabl", given_labels=TAGS, features=FEATURES)
    with pytest.raises(InvalidInputError, match="features has 5 entries"):
        ls.score("auto", given_labels=TAGS, features=FEATURES[:5])
    with pytest.raises(MissingEvidenceError, match="pred_probs"):
        ls.score("auto", given_labels=TAGS)
    with pytest.raises(MissingEvidenceError, match="predictions"):
        ls.score("auto", given_labels=NUMBERS)
    with pytest.raises(InvalidInputError, match="pred_prob"):
        ls.score("auto", given_labels=TAGS, pred_prob=TAGS)
