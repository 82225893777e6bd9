"""Residuals, their local scale, the mixture of right and wrong targets, and the words for it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import average_precision_score, roc_auc_score

import labelscope as ls
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.scorers import ResidualOutlier, TargetEnsemble
from labelscope.scorers.regression.residuals import local_scale, rounded_like
from labelscope.scorers.regression.trial import contrast_trial
from labelscope.scorers.target_mixture import USUAL_TRUST, fit_mixture, second_opinion
from labelscope.scorers.target_reasons import target_reasons
from labelscope.testing import check_scorer, replaced_targets


def planted(n: int = 2000, share: float = 0.05, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Targets, predictions and which targets are wrong; the right half scatters three times as far."""
    rng = np.random.default_rng(seed)
    predictions = rng.uniform(0, 50, n)
    noise = np.where(predictions < 25, 0.7, 2.1)
    targets = predictions + noise * rng.standard_t(6, n)
    wrong = rng.random(n) < share
    targets[wrong] = rng.uniform(0, 50, wrong.sum())
    return targets, predictions, wrong


def test_they_are_scorers() -> None:
    check_scorer(ResidualOutlier())
    check_scorer(TargetEnsemble())


def test_the_local_scale_by_loops() -> None:
    rng = np.random.default_rng(0)
    targets, predictions = rng.normal(size=40), rng.normal(size=40)
    targets[3] = np.nan
    ids = rng.integers(-1, 40, size=(40, 6))
    found = local_scale(targets, predictions, ids)
    size = np.abs(targets - predictions)
    usual = np.nanmedian(size)
    for row in range(40):
        heard = [size[i] for i in ids[row] if i >= 0 and not np.isnan(size[i])]
        around = np.median(heard) if heard else 0.0
        mixed = (len(heard) * around + 10 * usual) / (len(heard) + 10)
        assert found[row] == pytest.approx(max(mixed, 0.1 * usual) * 1.4826)


def test_scatter_that_is_usual_there_says_less() -> None:
    targets, predictions, wrong = planted()
    score = ResidualOutlier().score(ls.Evidence(given_labels=targets, predictions=predictions))
    plain = np.abs(targets - predictions)
    assert roc_auc_score(wrong, score.suspicion) > roc_auc_score(wrong, plain)
    scale = score.details["scale"]
    assert 2 < np.median(scale[predictions > 30]) / np.median(scale[predictions < 20]) < 4.5


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.3])
def test_the_mixture_tells_how_many_are_wrong(share: float) -> None:
    targets, predictions, wrong = planted(share=share)
    score = TargetEnsemble().score(ls.Evidence(given_labels=targets, predictions=predictions))
    assert abs(score.meta["noise_rate"]["value"] - wrong.mean()) < 0.02
    for low, high in ((0.02, 0.2), (0.2, 0.8), (0.8, 1.01)):
        rows = (score.suspicion >= low) & (score.suspicion < high)
        if rows.sum() > 60:
            assert abs(wrong[rows].mean() - score.suspicion[rows].mean()) < 0.15
    inside = (targets >= score.details["low"]) & (targets <= score.details["high"])
    assert 0.5 < inside[~wrong].mean() < 0.85


def test_the_mixture_sees_skew() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=3000)
    noise = np.where(noise > 0, 3 * noise, noise)
    fitted = fit_mixture(noise, np.ones(3000), 1 / 100)
    assert 2 < fitted.above / fitted.below < 4
    assert fitted.share < 0.02


def test_a_second_opinion_keeps_the_count_and_turns_the_order() -> None:
    rng = np.random.default_rng(0)
    wrong = rng.random(4000) < 0.1
    level = np.where(wrong, 1.0, -1.0) * 0.8 + rng.normal(size=4000) - 2
    posterior = 1 / (1 + np.exp(-level))
    other = np.where(wrong, 1.0, 0.0) + rng.normal(size=4000)
    found = second_opinion(posterior, other)
    assert found.sum() == pytest.approx(posterior.sum(), rel=1e-3)
    assert roc_auc_score(wrong, found) > roc_auc_score(wrong, posterior) + 0.015
    nothing = second_opinion(posterior, rng.normal(size=4000))
    assert roc_auc_score(wrong, nothing) > roc_auc_score(wrong, posterior) - 0.01


def test_contrast_is_heard() -> None:
    targets, predictions, wrong = planted()
    evidence = ls.Evidence(given_labels=targets, predictions=predictions)
    alone = TargetEnsemble().score(evidence)
    both = TargetEnsemble().score(evidence.including(negative_share=np.where(wrong, 0.8, 0.1)))
    assert both.meta["parts"] == ["residual", "contrast"]
    assert roc_auc_score(wrong, both.suspicion) > roc_auc_score(wrong, alone.suspicion)
    with pytest.raises(InvalidInputError, match="negative_share"):
        TargetEnsemble().score(evidence.including(negative_share=np.zeros(3)))


def test_two_orders_that_err_alike_are_not_counted_twice() -> None:
    """The other method repeats the plain residual: no news, and blind to where targets scatter anyway."""
    targets, predictions, wrong = planted()
    other = np.abs(targets - predictions) / (5 + np.abs(targets - predictions))
    rng = np.random.default_rng(5)
    chosen = rng.random(2000) < 0.1
    trial = np.where(chosen, rng.uniform(0, 50, 2000), targets)
    again = np.abs(trial - predictions) / (5 + np.abs(trial - predictions))
    evidence = ls.Evidence(given_labels=targets, predictions=predictions)
    alone = TargetEnsemble().score(evidence)
    tried = evidence.including(negative_share=other, trial_targets=trial, trial_share=again)
    both = TargetEnsemble().score(tried)
    assert both.meta["mixture"][0]["trust"] == 0
    assert both.suspicion == pytest.approx(alone.suspicion)
    untried = TargetEnsemble().score(evidence.including(negative_share=other))
    assert untried.meta["mixture"][0]["trust"] == USUAL_TRUST
    # A method that knows what the residual does not is believed.
    news = np.where(wrong, 0.8, 0.1)
    known = tried.including(negative_share=news, trial_share=np.where(chosen, 0.8, 0.1))
    assert TargetEnsemble().score(known).meta["mixture"][0]["trust"] == 1
    with pytest.raises(InvalidInputError, match="trial_share"):
        TargetEnsemble().score(tried.including(trial_share=np.zeros(3)))


def test_the_trial_plants_errors_by_content() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(400, 3)).astype(np.float32)
    given = features[:, 0] + 0.1 * rng.normal(size=400)
    given[5] = np.nan
    evidence = ls.Evidence(given_labels=given, predictions=features[:, 0].astype(float), features=features)
    trial = contrast_trial(evidence)
    changed = ~((trial["trial_targets"] == given) | np.isnan(given))
    assert 20 <= changed.sum() <= 60 and np.isnan(trial["trial_targets"][5])
    assert np.nanmin(given) <= trial["trial_targets"][changed].min()
    order = rng.permutation(400)
    moved = contrast_trial(ls.Evidence({name: np.asarray(evidence[name])[order] for name in evidence}))
    assert trial["trial_targets"][order] == pytest.approx(moved["trial_targets"], nan_ok=True)
    assert trial["trial_share"][order] == pytest.approx(moved["trial_share"], nan_ok=True, abs=1e-5)
    few = ls.Evidence({name: np.asarray(evidence[name])[:50] for name in evidence})
    assert contrast_trial(few) == {}


def test_the_mix_is_not_below_its_best_part() -> None:
    """Columns of the breast cancer table, predicted from the others; targets slipped from other rows.

    Trusted in full, the contrast costs .04 to .06 of average precision on each of them.
    """
    table = load_breast_cancer().data
    found: list[list[float]] = []
    for column in (1, 3, 5, 6, 8, 9):
        for seed in range(3):
            given, wrong = replaced_targets(table[:, column], rate=0.1, random_state=seed)
            features = np.delete(table, column, axis=1)
            audit = ls.audit(features, given, task="regression", random_state=seed)
            parts = [audit.scores["residual_outlier"].suspicion, audit.evidence["negative_share"]]
            found.append([average_precision_score(wrong, order) for order in (audit.suspicion, *parts)])
    mix, *parts = np.mean(found, axis=0)
    assert mix >= max(parts) - 0.01


def test_suggestions_have_the_digits_of_the_targets() -> None:
    targets = np.array([1.0, 4.0, 9.0] * 10)
    score = TargetEnsemble().score(ls.Evidence(given_labels=targets, predictions=targets + 0.3))
    assert (score.suggested == np.round(targets + 0.3)).all()
    assert score.details["prediction"] == pytest.approx(targets + 0.3)
    assert rounded_like(np.array([1.23456]), np.array([0.5, 0.25])).tolist() == [1.23]
    assert rounded_like(np.array([1.23456789]), np.array([np.pi, 2 * np.pi, 1000.1])).tolist() == [1.2]


def test_several_targets_and_gaps() -> None:
    targets, predictions, wrong = planted()
    both = np.column_stack([targets, predictions])
    both[:10] = np.nan
    score = TargetEnsemble().score(
        ls.Evidence(given_labels=both, predictions=np.column_stack([predictions, predictions]))
    )
    assert score.suggested.shape == both.shape
    assert (score.suspicion[:10] == 0).all() and not score.flagged[:10].any()
    assert roc_auc_score(wrong[10:], score.suspicion[10:]) > 0.9


@pytest.mark.parametrize(
    "targets",
    [np.full(30, 2.0), np.arange(3.0), np.full(5, np.nan), np.empty(0)],
    ids=["constant", "three", "none", "no rows"],
)
def test_odd_targets_lose_nothing(targets: np.ndarray) -> None:
    for scorer in (TargetEnsemble(), ResidualOutlier()):
        score = scorer.score(ls.Evidence(given_labels=targets, predictions=np.nan_to_num(targets)))
        assert np.isfinite(score.suspicion).all() and not score.flagged.any()


def test_reasons_give_the_numbers() -> None:
    targets, predictions, _ = planted()
    score = TargetEnsemble().score(ls.Evidence(given_labels=targets, predictions=predictions))
    row = int(score.suspicion.argmax())
    ids = np.tile(np.arange(20), (len(targets), 1))
    said = target_reasons(row, ls.Evidence(given_labels=targets, knn_ids=ids), score)
    assert (
        said[0].startswith(f"Given {targets[row]:.6g}, predicted ") and "times the usual error too" in said[0]
    )
    assert said[1].startswith("Half of the 20 nearest rows lie between")
    calm = int(score.suspicion.argmin())
    assert target_reasons(calm, ls.Evidence(given_labels=targets), score)[0].startswith(
        "Nothing speaks against"
    )


def test_what_cannot_be_used_is_refused() -> None:
    targets, predictions, _ = planted(50)
    for scorer in (TargetEnsemble(), ResidualOutlier()):
        with pytest.raises(MissingEvidenceError, match="predictions"):
            scorer.score(ls.Evidence(given_labels=targets))
        with pytest.raises(InvalidInputError, match="shape"):
            scorer.score(ls.Evidence(given_labels=targets, predictions=predictions[:3]))
        with pytest.raises(InvalidInputError, match="knn_ids"):
            scorer.score(ls.Evidence(given_labels=targets, predictions=predictions, knn_ids=np.zeros((3, 2))))
    with pytest.raises(InvalidInputError, match="cut"):
        ResidualOutlier(cut=0)
