"""Three really different offline judges against the verdicts of people on 20news."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from labelscope.reports import judge_quality, precision_by_confidence
from labelscope.scorers import JudgeEnsemble
from labelscope.types import Evidence, Score

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning"),
]


@pytest.fixture(scope="module")
def judged(shared_data: Path) -> tuple[Score, Any, Any]:
    """The score, which posts people looked at, and which of them they found wrong."""
    files = [shared_data / name for name in ("labelerrors_20news.npz", "20news_test_text.parquet")]
    if not all(file.is_file() for file in files):
        pytest.skip("the posts and verdicts are not on this machine")
    held = np.load(files[0], allow_pickle=True)
    labels = held["labels"].astype(np.int64)
    texts = pd.read_parquet(files[1])["text"].tolist()
    seen, wrong = np.zeros(len(labels), dtype=bool), np.zeros(len(labels), dtype=bool)
    seen[held["checked_idx"]] = True
    wrong[held["checked_idx"]] = np.asarray(held["is_error"], dtype=bool)
    evidence = Evidence(given_labels=labels, classes=np.arange(labels.max() + 1), texts=texts)
    return JudgeEnsemble().score(evidence), seen, wrong


def test_judges_agree_beyond_chance_and_are_not_the_same(judged: Any) -> None:
    score, _, _ = judged
    kappa = score.meta["kappa_models"]
    assert 0.4 < kappa["low"] < kappa["value"] < kappa["high"] < 0.9
    for one in range(3):
        for other in range(one):
            assert 0.3 < score.meta["kappa_judges"][one][other] < 0.9
    assert max(score.meta["n_abstained"]) < 0.05 * len(score.flagged)


def test_flags_that_people_looked_at_are_mostly_errors_and_bins_say_how_often(judged: Any) -> None:
    """People looked at 93 posts that a model had flagged and found 82 wrong: a biased sample, of which the
    precision by bin is reported with its interval and from which no rate of errors is made."""
    score, seen, wrong = judged
    bins = precision_by_confidence(score.details["confidence"], score.flagged, wrong, verified=seen)
    n_reviewed = sum(one.n_reviewed for one in bins)
    assert n_reviewed == (score.flagged & seen).sum() >= 60
    for one in bins:
        if one.precision is not None:
            assert one.precision.low <= one.precision.value <= one.precision.high and one.precision.measured
    assert sum(one.n_errors for one in bins) / n_reviewed >= wrong[seen].mean() - 0.02
    report = judge_quality(score, is_error=wrong, verified=seen)
    assert report.error_rate is None and "not measured" in report.to_markdown()
    assert "blind spots" in report.to_html() and "Fleiss" in report.to_html()


def test_judges_suspect_what_people_found_wrong_more_than_other_posts(judged: Any) -> None:
    score, seen, wrong = judged
    others = np.median(score.suspicion[~seen])
    assert np.median(score.suspicion[wrong]) > others + 0.3
