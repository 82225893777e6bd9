"""PTEC's head: twenty tags from common to rare, some forgotten and some that do not belong."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.tag_folds import deal_tags
from labelscope.scorers import PromptTuned
from labelscope.scorers.multilabel.weighted_head import head_logits
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance
N, N_TAGS = 2000, 20


@pytest.fixture(scope="module")
def found():
    """Macro F1 without and with positive weights, and AUROC of removed and of spurious tags, over seeds."""
    figures = []
    for seed in (410, 411, 412):
        rng = np.random.default_rng(seed)
        X, directions = rng.normal(size=(N, 64)).astype(np.float32), rng.normal(size=(64, N_TAGS))
        levels = X @ (directions / np.linalg.norm(directions, axis=0)) + 0.5 * rng.normal(size=(N, N_TAGS))
        shares = np.geomspace(0.30, 0.02, N_TAGS)
        true = (levels > [np.quantile(levels[:, k], 1 - shares[k]) for k in range(N_TAGS)]).astype(np.int8)
        given = true.copy()
        given[(true == 1) & (rng.random(true.shape) < 0.15)] = 0
        given[(true == 0) & (rng.random(true.shape) < 0.01)] = 1
        score = PromptTuned().score(Evidence(given_labels=given, features=X))
        plain, _, _ = head_logits(X, given, deal_tags(given, matrix_keys(X), 5), weighted=False)
        absent = given == 0
        figures.append(
            [
                f1_score(true, plain > 0, average="macro", zero_division=0),
                f1_score(true, score.details["predicted"], average="macro", zero_division=0),
                roc_auc_score(true[absent], score.details["missing"][absent]),
                roc_auc_score(1 - true[~absent], score.details["spurious"][~absent]),
            ]
        )
    return np.mean(figures, axis=0)


def test_positive_weights_raise_macro_f1(found):
    assert found[1] >= found[0] + 0.05


def test_removed_and_spurious_tags_are_found(found):
    assert found[2] >= 0.88
    assert found[3] >= 0.88
