"""Published votes replayed, coverage of intervals, totals from samples, and crossovers on digits."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.reports import ValidationSession, benchmark_stability, validation
from labelscope.review.ballots import OPTIONS, OUTCOMES
from labelscope.review.extrapolating import Checked, error_total
from labelscope.scorers.proportions import exact_interval

pytestmark = pytest.mark.acceptance
#: Non-errors, correctable, both, neither, no agreement: from the released votes.
PUBLISHED = {"cifar10": (221, 18, 0, 4, 32), "20news": (11, 22, 12, 5, 43)}


def released(shared_data, name):
    path = shared_data / f"labelerrors_{name}.npz"
    if not path.is_file():
        pytest.skip(f"the released votes of {name} are not on this machine")
    with np.load(path) as file:
        return {key: file[key] for key in file.files}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_the_published_outcomes_are_reproduced_through_a_session(shared_data, name):
    found = released(shared_data, name)
    rows, labels = found["checked_idx"].astype(int), found["labels"].astype(int)
    suggested = labels.copy()
    suggested[rows] = found["guessed"]
    flagged = np.isin(np.arange(len(labels)), rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((len(labels), 1)), labels)
    audit = ls.Audit.from_arrays(
        dataset, suspicion=flagged * 0.9, suggested_codes=suggested, flagged=flagged,
        evidence={"pred_probs": found["pred_probs"]},
    )  # fmt: skip
    session = ls.Session(audit, journal=None, reviewer="ada")
    study = ValidationSession(session, raters_per_item=5)
    assert set(study.checked.tolist()) == set(rows.tolist())
    ballots = [np.repeat(OPTIONS[:4], votes).tolist() for votes in found["votes"].astype(int)]
    for rater in range(5):
        study.vote(rows, [ballot[rater] for ballot in ballots], reviewer=f"rater {rater}")
    facts = validation(study).facts
    assert tuple(facts["outcomes"][key] for key in OUTCOMES) == PUBLISHED[name]
    n_errors = int(found["is_error"].sum())
    assert facts["flagged_errors"].value == facts["flagged_errors"].low == n_errors
    assert facts["error_rate"].value == pytest.approx(n_errors / len(rows))
    assert facts["total_errors"] is None  # unflagged rows were not looked at
    corrected = study.corrected_labels()
    fixed = rows[corrected.correctable[rows]]
    place = {row: at for at, row in enumerate(rows.tolist())}
    assert len(fixed) == PUBLISHED[name][1]
    assert (
        corrected.corrected[fixed] == found["consensus_label"][[place[row] for row in fixed.tolist()]]
    ).all()
    counted = validation(votes=found["votes"], n_flagged=len(rows)).facts
    assert counted["outcomes"] == facts["outcomes"] and counted["error_rate"] == facts["error_rate"]


def test_published_totals_follow_from_their_samples():
    assert int(error_total(Checked(1870, 630, frame=6825383)).value) == 5105386
    assert int(error_total(Checked(732, 268, frame=533249)).value) == 390338


@pytest.mark.parametrize("rate", [0.02, 0.2, 0.55])
def test_intervals_cover_as_often_as_they_say(rate):
    """Clopper-Pearson never covers less than its level, sampled without replacement least of all."""
    rng = np.random.default_rng(int(1000 * rate) + 71)
    frame, n = 2000, 120
    errors = round(rate * frame)
    hits = rng.hypergeometric(errors, frame - errors, n, size=1500)
    known = {int(h): error_total(Checked(int(h), n - int(h), frame=frame)) for h in np.unique(hits)}
    covered = np.mean([known[int(h)].low <= errors <= known[int(h)].high for h in hits])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 1500)
    binomial = rng.binomial(n, rate, size=1500)
    ends = {int(h): exact_interval(int(h), n) for h in np.unique(binomial)}
    assert np.mean([ends[int(h)][0] <= rate <= ends[int(h)][1] for h in binomial]) >= 0.95 - 0.017


@pytest.mark.parametrize("seed", range(71, 76))
def test_a_hidden_sample_finds_the_errors_that_flags_miss(seed):
    rng = np.random.default_rng(seed)
    n = 3000
    wrong = rng.random(n) < 0.12
    flagged = np.where(wrong, rng.random(n) < 0.35, rng.random(n) < 0.05)
    codes = rng.integers(4, size=n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.zeros((n, 1)), codes)
    audit = ls.Audit.from_arrays(
        dataset, suspicion=flagged * 0.9, suggested_codes=(codes + flagged) % 4, flagged=flagged
    )
    session = ls.Session(audit, journal=None, reviewer="ada")
    study = ValidationSession(session, raters_per_item=3, n_checked=150, random_state=seed)
    truth = np.where(wrong, "suggested", "given")

    def panel(rows):
        for who in "abc":
            slips = rng.random(len(rows)) < 0.02
            study.vote(rows, np.where(slips, "unsure", truth[rows]).tolist(), reviewer=who)

    panel(study.checked)
    partly = validation(study).facts
    assert partly["total_errors"] is None and partly["least_errors"] < wrong.sum()
    assert partly["flagged_errors"].low <= (wrong & flagged).sum() <= partly["flagged_errors"].high
    panel(study.hidden_error_sample(300))
    facts = validation(study).facts
    assert facts["total_errors"].low <= wrong.sum() <= facts["total_errors"].high
    assert facts["total_errors"].high < n / 3


def inky(seed):
    """The inkiest digits of each class are called the next one, alike in training and in test."""
    X, y = load_digits(return_X_y=True)
    X = X / 16.0
    rng = np.random.default_rng(seed)
    ink, given = X.sum(axis=1), y.copy()
    for code in range(10):
        mine = np.flatnonzero(y == code)
        most = mine[np.argsort(-ink[mine])[: round(0.15 * len(mine))]]
        given[most[rng.random(len(most)) < 0.6]] = (code + 1) % 10
    order = rng.permutation(len(y))
    train, test = order[: len(y) // 2], order[len(y) // 2 :]
    models = {
        "flexible": SVC(C=100, gamma=0.3),
        "stiff": LogisticRegression(C=0.01, max_iter=500),
    }
    predictions = {name: model.fit(X[train], given[train]).predict(X[test]) for name, model in models.items()}
    return given[test], y[test], predictions


@pytest.mark.parametrize("seed", range(81, 85))
def test_the_crossover_is_where_simulated_curves_cross(seed):
    given, right, predictions = inky(seed)
    report = benchmark_stability(predictions, right, given_labels=given, n_bootstrap=200, random_state=seed)
    flexible, stiff = report.models["flexible"], report.models["stiff"]
    assert flexible.original > stiff.original
    assert flexible.rank_correctable_original == 1 and flexible.rank_correctable_corrected == 2
    assert flexible.correctable_corrected < stiff.correctable_corrected
    (cross,) = report.crossings
    assert 0.1 < cross.at < 0.6 and cross.share > 0.9
    # Really remove right rows by chance, and see where the mean accuracies cross.
    rng = np.random.default_rng(seed + 1000)
    benign, wrong = np.flatnonzero(report.benign), np.flatnonzero(report.correctable)
    hits = {name: said == right for name, said in predictions.items()}
    shares, ahead = [], []
    for kept in np.unique(np.linspace(len(wrong) // 2, min(len(benign), 9 * len(wrong)), 60).astype(int)):
        gaps = []
        for _ in range(60):
            rows = np.concatenate([wrong, rng.choice(benign, kept, replace=False)])
            gaps.append(hits["flexible"][rows].mean() - hits["stiff"][rows].mean())
        shares.append(len(wrong) / (len(wrong) + kept))
        ahead.append(np.mean(gaps))
    order = np.argsort(shares)
    shares, ahead = np.array(shares)[order], np.array(ahead)[order]
    place = int(np.flatnonzero(ahead <= 0)[0])
    assert place > 0
    span = ahead[place - 1] - ahead[place]
    simulated = shares[place - 1] + (shares[place] - shares[place - 1]) * ahead[place - 1] / span
    assert abs(simulated - cross.at) < 0.02
