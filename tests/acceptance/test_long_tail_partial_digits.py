"""COMIC on long-tailed digit scenes: the list of recovered tags, and what each part adds to it."""

from __future__ import annotations

import numpy as np
import pytest
from digit_scenes import digit_scenes, kept, one_vs_rest
from sklearn.metrics import average_precision_score

from labelscope.scorers import LongTailPartial
from labelscope.scorers.multilabel.heads import sigmoid
from labelscope.scorers.multilabel.long_tail_fit import fit_long_tail
from labelscope.types import Evidence

pytestmark = pytest.mark.acceptance
SEEDS = range(50, 53)
PARTS = {
    "MFM": {"corrector": False, "balancer": False},
    "MFM + RLC": {"balancer": False},
    "full": {},
}
PRECISION, RECALL, TAIL, F1, AP, TAIL_AP, MEAN_AP, SAME_COUNT = range(8)


def measured(chosen, scores, test_scores, given, true, test_tags, same_count):
    lost, tags = true & ~given, range(true.shape[1])
    rare = np.argsort(true.sum(axis=0))[:4]
    right = (chosen & lost).sum()
    aps = [
        average_precision_score(lost[~given[:, c], c], scores[~given[:, c], c])
        if lost[:, c].any()
        else np.nan
        for c in tags
    ]
    return (
        right / max(chosen.sum(), 1),
        right / lost.sum(),
        (chosen & lost)[:, rare].sum() / lost[:, rare].sum(),
        2 * right / (chosen.sum() + lost.sum()),
        np.nanmean(aps),
        np.nanmean(np.array(aps)[rare]),
        np.mean([average_precision_score(test_tags[:, c], test_scores[:, c]) for c in tags]),
        same_count,
    )


def first_of_each(scores, given, counts):
    """As many entries of each tag as another list has, in the order of these scores."""
    chosen = np.zeros(given.shape, dtype=bool)
    for tag, count in enumerate(counts):
        order = np.argsort(-np.where(given[:, tag], -np.inf, scores[:, tag]), kind="stable")
        chosen[order[:count], tag] = True
    return chosen


def results(hidden):
    found: dict[str, list[tuple[float, ...]]] = {}
    for seed in SEEDS:
        X, true, test, test_tags = digit_scenes(seed, imbalance=50)
        given = kept(true, hidden, seed)
        folds = np.random.default_rng(seed).permutation(len(X)) % 5
        inside, outside = one_vs_rest(X, given, test, folds)
        for name, changes in PARTS.items():
            scorer = LongTailPartial(**changes)
            details = scorer.score(Evidence(given_labels=given, features=X)).details
            outside_own = sigmoid(fit_long_tail(X, given, scorer.settings).logits(test))
            beside = first_of_each(inside, given, details["recovered"].sum(axis=0))
            recall = (beside & true).sum() / (true & ~given).sum()
            row = measured(
                details["recovered"], details["probability"], outside_own, given, true, test_tags, recall
            )
            found.setdefault(name, []).append(row)
        level = np.array([inside[given[:, tag], tag].mean() for tag in range(10)])
        chosen = (inside / level > 0.7) & ~given
        found.setdefault("BCE", []).append(measured(chosen, inside, outside, given, true, test_tags, np.nan))
    return {name: np.mean(rows, axis=0) for name, rows in found.items()}


@pytest.fixture(scope="module")
def at_40():
    return results(0.4)


def test_the_list_is_better_than_that_of_rescaled_cross_entropy(at_40):
    assert at_40["full"][F1] >= at_40["BCE"][F1] + 0.05


def test_missing_tags_are_ranked_no_worse_and_rare_ones_better(at_40):
    assert at_40["full"][AP] >= at_40["BCE"][AP]
    assert at_40["full"][TAIL_AP] >= at_40["BCE"][TAIL_AP] + 0.005


def test_tags_of_new_rows_are_predicted_no_worse(at_40):
    assert at_40["full"][MEAN_AP] >= at_40["BCE"][MEAN_AP] - 0.02


def test_each_part_adds_its_share(at_40):
    assert at_40["MFM + RLC"][RECALL] > at_40["MFM"][RECALL]
    assert at_40["MFM + RLC"][AP] > at_40["MFM"][AP]
    assert at_40["full"][TAIL] > at_40["MFM + RLC"][TAIL]
    assert at_40["full"][TAIL_AP] > at_40["MFM + RLC"][TAIL_AP]


def test_the_recall_is_not_a_matter_of_scale_alone(at_40):
    # Cross-entropy's own order at the same number of entries a tag.
    assert at_40["full"][RECALL] >= at_40["full"][SAME_COUNT]


def test_with_more_hidden():
    found = results(0.6)
    assert found["full"][F1] >= found["BCE"][F1] + 0.05
    assert found["full"][AP] >= found["BCE"][AP]
    assert found["full"][TAIL_AP] >= found["BCE"][TAIL_AP] + 0.005
    assert found["full"][MEAN_AP] >= found["BCE"][MEAN_AP] - 0.02
