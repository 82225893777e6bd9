"""Hidden tags of 54,263 comments with 28 emotions, found from text features that the package makes."""

from __future__ import annotations

import numpy as np
import pytest

from labelscope.data.dataset import Dataset
from labelscope.evidence import TextFeatures
from labelscope.evidence.ranks import auroc
from labelscope.evidence.tag_probs import TagProbabilities
from labelscope.scorers import PositiveUnlabeled
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance
HIDDEN = 0.2


def test_hidden_emotions_are_found(shared_data):
    pytest.importorskip("wordllama", reason="the packaged word vectors are not installed")
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(shared_data / "goemotions.parquet").to_pydict()
    texts, ids = table["text"], table["label_ids"]
    true = np.zeros((len(texts), 28), dtype=bool)
    for row, tags in enumerate(ids):
        true[row, [int(tag) for tag in str(tags).split(",")]] = True
    X = TextFeatures().make(Dataset(texts, np.arange(len(texts)) % 2), Evidence()).arrays["features"]
    given = true & (np.random.default_rng(91).random(true.shape) >= HIDDEN)
    evidence = Evidence(given_labels=given.astype(np.int8), features=X)
    found = {
        "PU": PositiveUnlabeled(n_folds=3).score(evidence).details["missing"],
        "one-vs-rest": TagProbabilities(n_folds=3).make(None, evidence).arrays["pred_probs"],
    }
    means = {}
    for name, scores in found.items():
        areas, precisions = [], []
        for tag in range(28):
            open_ = ~given[:, tag]
            lost, score = true[open_, tag], scores[open_, tag]
            areas.append(auroc(score, lost))
            first = np.argsort(-score, kind="stable")[: lost.sum()]
            precisions.append(lost[first].mean())
        means[name] = float(np.mean(areas)), float(np.mean(precisions))
    assert means["PU"][0] >= 0.84, means
    # Here it is as good as one-vs-rest, not better: .873 against .871 on one machine, .869 against .870 on another.
    assert means["PU"][0] > means["one-vs-rest"][0] - 0.005, means
    # Precision at the number hidden is that of the top alone, where plain logistic regression is better by .02.
    assert means["PU"][1] > 0.15, means
