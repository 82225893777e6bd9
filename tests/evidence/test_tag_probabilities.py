"""Tag probabilities: out of sample, indifferent to unknown entries, and whatever estimator makes them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning, MissingEvidenceError
from labelscope.evidence import ConceptProbabilities, TagProbabilities, tag_probe
from labelscope.evidence.given_tags import as_tags
from labelscope.evidence.ranks import auroc


def planted(n: int = 400, n_tags: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    tags = (rng.random((n, n_tags)) < np.linspace(0.1, 0.5, n_tags)).astype(np.int8)
    features = tags @ rng.normal(size=(n_tags, 8)) * 1.5 + rng.normal(size=(n, 8))
    return features.astype(np.float32), tags


def made(features: np.ndarray, tags: np.ndarray, **options: object) -> np.ndarray:
    provider = TagProbabilities(**options)  # type: ignore[arg-type]
    return provider.make(None, ls.Evidence(features=features, given_labels=tags)).arrays["pred_probs"]


def test_the_gradient_of_the_loss_is_right() -> None:
    rng = np.random.default_rng(0)
    whitened = np.column_stack([rng.normal(size=(30, 3)), np.ones(30)]).astype(np.float32)
    tags = rng.integers(-1, 2, size=(30, 2)).astype(np.int8)
    folds = rng.integers(0, 2, 30)
    weights = rng.normal(size=(2, 2, 4)).astype(np.float32)
    active, balance = np.arange(2), np.array([2.0, 0.5], dtype=np.float32)

    def slow(given: np.ndarray, fold: int) -> float:
        total = 0.0
        for row in range(30):
            for tag in range(2):
                if folds[row] == fold or tags[row, tag] < 0:
                    continue
                level = float(whitened[row].astype(np.float64) @ given[tag])
                sign = 1 if tags[row, tag] == 1 else -1
                total += np.logaddexp(0, -sign * level) * (balance[tag] if sign == 1 else 1.0)
        return total

    losses, gradients = tag_probe._loss(whitened, tags, folds, weights, active, balance)
    for fold in range(2):
        own = weights[fold].astype(np.float64)
        assert losses[fold] == pytest.approx(slow(own, fold), rel=1e-5)
        for place in np.ndindex(2, 4):
            step = np.zeros((2, 4))
            step[place] = 1e-5
            numeric = (slow(own + step, fold) - slow(own - step, fold)) / 2e-5
            assert gradients[fold][place] == pytest.approx(numeric, abs=1e-3, rel=1e-3)


def test_tags_are_told_apart_and_probabilities_are_calibrated() -> None:
    features, tags = planted(1500)
    probs = made(features, tags)
    assert probs.shape == tags.shape and probs.dtype == np.float32
    for tag in range(4):
        assert roc_auc_score(tags[:, tag], probs[:, tag]) > 0.85
        assert abs(probs[:, tag].mean() - tags[:, tag].mean()) < 0.02


def test_a_row_has_no_say_in_its_own_probabilities() -> None:
    rng = np.random.default_rng(0)
    # Nothing can be learned from noise: an in-sample model would repeat the tags all the same.
    features = rng.normal(size=(200, 40)).astype(np.float32)
    tags = (rng.random((200, 3)) < 0.4).astype(np.int8)
    probs = made(features, tags)
    areas = [roc_auc_score(tags[:, tag], probs[:, tag]) for tag in range(3)]
    assert np.mean(areas) < 0.6


def test_unknown_entries_teach_nothing() -> None:
    features, tags = planted()
    partly = tags.copy()
    hidden = np.random.default_rng(1).random(tags.shape) < 0.3
    partly[hidden] = -1
    as_nan = np.where(partly < 0, np.nan, partly)
    probs = made(features, as_nan)
    assert (probs == made(features, partly)).all()
    for tag in range(4):
        assert roc_auc_score(tags[hidden[:, tag], tag], probs[hidden[:, tag], tag]) > 0.8


def test_unlabelled_rows_are_predicted_too() -> None:
    features, tags = planted()
    tags[:20] = -1
    probs = made(features, tags)
    assert ((probs[:20] > 0) & (probs[:20] < 1)).all()


def test_the_order_of_rows_does_not_matter() -> None:
    features, tags = planted()
    order = np.random.default_rng(2).permutation(len(tags))
    assert np.abs(made(features, tags)[order] - made(features[order], tags[order])).max() < 0.02
    assert (made(features, tags) == made(features, tags)).all()


def test_balance_helps_a_rare_tag_and_keeps_its_level() -> None:
    features, tags = planted(1500)
    probs = made(features, tags, balanced=True)
    assert roc_auc_score(tags[:, 0], probs[:, 0]) > 0.85
    assert abs(probs[:, 0].mean() - tags[:, 0].mean()) < 0.05


@pytest.mark.parametrize(
    "model",
    [
        OneVsRestClassifier(LogisticRegression()),
        RandomForestClassifier(n_estimators=30, random_state=0),
        GaussianNB(),
        RidgeClassifier(),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
    ids=lambda model: type(model).__name__,
)
def test_estimators_of_all_kinds(model: object) -> None:
    features, tags = planted(300)
    tags = np.column_stack([tags, np.zeros(300, dtype=np.int8)])  # a tag that nobody uses
    probs = made(features, tags, model=model, n_folds=3)
    assert np.isfinite(probs).all() and probs.min() >= 0 and probs.max() <= 1
    assert np.mean([roc_auc_score(tags[:, tag], probs[:, tag]) for tag in range(4)]) > 0.8
    partly = tags.copy()
    partly[::3, 0] = -1
    assert roc_auc_score(tags[::3, 0], made(features, partly, model=model, n_folds=3)[::3, 0]) > 0.75


def test_odd_columns_lose_nothing() -> None:
    features, tags = planted(200, 3)
    odd = np.column_stack([tags, np.zeros(200), np.ones(200), np.full(200, np.nan)])
    probs = made(features, odd)
    assert probs.shape == (200, 6) and np.isfinite(probs).all()
    assert probs[:, 3].max() < 0.1 and probs[:, 4].min() > 0.9


def test_a_tag_of_a_few_rows_is_named() -> None:
    features, tags = planted(200, 2)
    tags[:, 0] = 0
    tags[:2, 0] = 1
    with pytest.warns(LabelscopeWarning, match="1 of 2 tags are on fewer than 5 rows"):
        made(features, tags)


def test_what_cannot_be_used_is_refused() -> None:
    features, tags = planted(50)
    with pytest.raises(InvalidInputError, match="None of the 50 rows has a known tag"):
        made(features, np.full((50, 4), np.nan))
    with pytest.raises(InvalidInputError, match="at least 2"):
        made(features, tags, n_folds=1)
    with pytest.raises(InvalidTypeError, match="has no fit"):
        made(features, tags, model=object())
    with pytest.raises(MissingEvidenceError, match="features"):
        TagProbabilities().make(None, ls.Evidence(given_labels=tags))
    with pytest.raises(InvalidInputError, match="holds 2"):
        as_tags(np.array([[0, 2]]))
    with pytest.raises(InvalidInputError, match="shape"):
        as_tags(np.array([0, 1]))
    with pytest.raises(InvalidTypeError, match="no number"):
        as_tags([["a", "b"]])


def test_concepts_are_predicted_alike() -> None:
    features, tags = planted()
    evidence = ls.Evidence(features=features, concepts=tags.astype(float))
    found = ConceptProbabilities().make(None, evidence)
    assert (found.arrays["concept_probs"] == made(features, tags)).all()
    assert found.facts["concept_auroc"] > 0.85


def test_area_under_the_curve_is_the_usual_one() -> None:
    rng = np.random.default_rng(0)
    values, positive = rng.integers(0, 5, 200).astype(float), rng.random(200) < 0.3
    assert auroc(values, positive) == pytest.approx(roc_auc_score(positive, values))
    assert auroc(values, np.zeros(200, dtype=bool)) is None


def test_nothing_is_said_about_usual_data() -> None:
    features, tags = planted()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(features, tags)
