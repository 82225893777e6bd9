"""Tags taken away from real comments are found again, better than by any part of the mix alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier

import labelscope as ls
from labelscope.errors import LabelscopeWarning

pytestmark = pytest.mark.acceptance
ROWS, HIDDEN = 6000, 0.2


@dataclass(frozen=True)
class Hidden:
    """Comments of which a fifth of the tags is hidden."""

    texts: list[str]
    names: list[str]
    given: Any
    hidden: Any
    audit: ls.Audit

    def auroc(self, values: Any) -> float:
        """Mean over tags: hidden ones against those that were absent before."""
        areas = []
        for tag in range(len(self.names)):
            absent = self.given[:, tag] == 0
            if self.hidden[absent, tag].any():
                areas.append(roc_auc_score(self.hidden[absent, tag], values[absent, tag]))
        return float(np.mean(areas))

    def precision(self, values: Any) -> float:
        """Mean over tags of the share that was hidden, among as many as were."""
        found = []
        for tag in range(len(self.names)):
            absent = self.given[:, tag] == 0
            hidden = self.hidden[absent, tag]
            first = np.argsort(-values[absent, tag], kind="stable")[: hidden.sum()]
            found += [float(hidden[first].mean())] if hidden.any() else []
        return float(np.mean(found))


@pytest.fixture(scope="module", params=[11, 12])
def comments(request: pytest.FixtureRequest, shared_data: Path) -> Hidden:
    frame = pd.read_parquet(shared_data / "goemotions.parquet")
    names = (shared_data / "goemotions_labels.txt").read_text().split()
    rng = np.random.default_rng(request.param)
    frame = frame.iloc[np.sort(rng.choice(len(frame), ROWS, replace=False))]
    full = np.zeros((ROWS, len(names)), dtype=np.int8)
    for row, ids in enumerate(frame["label_ids"].astype(str)):
        full[row, [int(one) for one in ids.split(",")]] = 1
    hidden = (full == 1) & (rng.random(full.shape) < HIDDEN)
    given = np.where(hidden, 0, full)
    texts = frame["text"].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)  # rows that are left without a tag, rare tags
        audit = ls.audit(texts, given, task="multilabel", random_state=request.param)
    return Hidden(texts, names, given, hidden, audit)


def test_hidden_tags_are_found_best_by_the_default_mix(comments: Hidden) -> None:
    audit = comments.audit
    features = np.asarray(audit.evidence["features"])
    plain = OneVsRestClassifier(LogisticRegression(max_iter=300))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a tag that is in none of the training rows
        folds = KFold(3, shuffle=True, random_state=0)
        regression = cross_val_predict(plain, features, comments.given, cv=folds, method="predict_proba")
    neighbors = (comments.given[audit.evidence["knn_ids"]] == 1).mean(axis=1)
    values = {
        "default mix": audit.main.details["missing"],
        "one-vs-rest logistic regression": regression,
        "probe": np.asarray(audit.evidence["pred_probs"]),
        "neighbors": neighbors,
        **{name: score.details["missing"] for name, score in audit.scores.items() if name != "auto"},
    }
    auroc = {name: round(comments.auroc(found), 4) for name, found in values.items()}
    precision = {name: round(comments.precision(found), 4) for name, found in values.items()}
    assert auroc["default mix"] >= 0.84, auroc
    assert auroc["default mix"] > auroc["one-vs-rest logistic regression"] + 0.02, auroc
    best = max(value for name, value in precision.items() if name != "default mix")
    assert precision["default mix"] > best + 0.02, precision


def test_rows_are_flagged_and_counted_honestly(comments: Hidden) -> None:
    audit, wrong = comments.audit, comments.hidden.any(axis=1)
    assert roc_auc_score(wrong, audit.suspicion) >= 0.85
    # Comments lack tags that nobody hid, which bounds the precision: about .6 on 6,000 comments, .85 on all.
    assert wrong[audit.flagged].mean() >= 2.5 * wrong.mean()
    assert audit.noise_rate.low <= wrong.mean() <= audit.noise_rate.high
    counts = audit.main.meta["tag_counts"]
    assert len(counts["missing"]) == len(comments.names)


def test_the_suggestion_is_a_set_in_the_form_that_was_given(comments: Hidden) -> None:
    suggested = comments.audit.suggested
    assert isinstance(suggested, np.ndarray) and suggested.shape == comments.given.shape
    assert suggested.dtype == comments.given.dtype
    back = comments.hidden & (suggested == 1)
    # Far more hidden tags come back than could by chance, at the same number of tags put in.
    added = (suggested == 1) & (comments.given == 0)
    assert back.sum() / added.sum() > 10 * comments.hidden.sum() / (comments.given == 0).sum()
    frame = comments.audit.issues(top=20)
    assert {"missing", "extra"} <= set(frame.columns)
    assert frame["reasons"].str.contains("probably").all()
