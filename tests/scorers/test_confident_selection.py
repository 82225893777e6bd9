"""The seven selection rules."""

from __future__ import annotations

import numpy as np
import pytest
from confident_reference import evidence_of, random_case

from labelscope.errors import InvalidInputError
from labelscope.scorers import ConfidentLearning
from labelscope.scorers.confident.margins import lowest
from labelscope.scorers.confident.selection import SELECTIONS


@pytest.mark.parametrize("how", SELECTIONS)
@pytest.mark.parametrize(("n", "k"), [(200, 2), (600, 5), (9000, 3)])
def test_selection_equals_cleanlab_without_ties(how: str, n: int, k: int) -> None:
    cleanlab_filter = pytest.importorskip("cleanlab.filter")
    for seed in range(3):
        labels, probs = random_case(seed, n, k)
        theirs = cleanlab_filter.find_label_issues(labels, probs, filter_by=how, n_jobs=1)
        ours = ConfidentLearning(select=how, rule="library").score(evidence_of(labels, probs)).flagged
        assert (ours == theirs).all()


@pytest.mark.parametrize("how", ["prune_by_noise_rate", "prune_by_class", "both"])
@pytest.mark.parametrize("frac", [0.3, 0.7])
def test_part_of_the_noise_equals_cleanlab(how: str, frac: float) -> None:
    cleanlab_filter = pytest.importorskip("cleanlab.filter")
    labels, probs = random_case(4, 500, 4)
    theirs = cleanlab_filter.find_label_issues(
        labels, probs, filter_by=how, frac_noise=frac, min_examples_per_class=5, n_jobs=1
    )
    scorer = ConfidentLearning(select=how, rule="library", frac_noise=frac, min_examples_per_class=5)
    assert (scorer.score(evidence_of(labels, probs)).flagged == theirs).all()


@pytest.mark.parametrize("how", SELECTIONS[:5])
def test_no_row_is_selected_that_the_model_agrees_with(how: str) -> None:
    labels, probs = random_case(9, 400, 4, ties=True)
    score = ConfidentLearning(select=how).score(evidence_of(labels, probs))
    assert (probs.max(axis=1) > probs[np.arange(400), labels])[score.flagged].all()
    assert (np.asarray(score.suggested) != labels)[score.flagged].all()


@pytest.mark.parametrize("how", SELECTIONS)
def test_an_absent_class_is_as_if_its_column_were_not_there(how: str) -> None:
    labels, probs = random_case(11, 300, 3)
    wider = np.hstack([probs, np.zeros((300, 1))])
    one = ConfidentLearning(select=how).score(evidence_of(labels, probs))
    other = ConfidentLearning(select=how).score(evidence_of(labels, wider))
    assert (one.flagged == other.flagged).all()


def test_each_class_gives_at_most_what_is_counted() -> None:
    labels, probs = random_case(6, 800, 4)
    score = ConfidentLearning(select="prune_by_class").score(evidence_of(labels, probs))
    off = score.meta["joint"].sum(axis=1) - np.diag(score.meta["joint"])
    assert (np.bincount(labels[score.flagged], minlength=4) <= off).all()


def test_a_request_of_the_wrong_shape_is_refused() -> None:
    labels, probs = random_case(6, 80, 4)
    with pytest.raises(InvalidInputError, match="remove_per_class"):
        ConfidentLearning(remove_per_class=[1, 2]).score(evidence_of(labels, probs))


def test_lowest_marks_n_and_treats_equals_alike() -> None:
    rng = np.random.default_rng(0)
    values = rng.random(1000)
    for n in (0, 1, 17, 999, 1000, 5000):
        marked = lowest(values, n)
        assert marked.sum() == min(n, 1000)
        assert (np.sort(values[marked]) == np.sort(values)[: min(n, 1000)]).all()
    assert lowest(np.zeros(10), 6).sum() == 10
    assert lowest(np.zeros(10), 4).sum() == 0
    assert lowest(np.zeros(4), 2, then_by=np.array([3.0, 1.0, 2.0, 4.0])).tolist() == [
        False,
        True,
        True,
        False,
    ]
