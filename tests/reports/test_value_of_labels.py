"""The report on what labels are worth: regimes, the pool, and what it is measured on."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LabelscopeWarning,
    MissingEvidenceError,
    TaskError,
)
from labelscope.reports import Report, value_of_labels
from labelscope.reports.value_of_labels import REGIMES, ValueOfLabels
from labelscope.scorers import ImbalanceAware
from labelscope.types import Evidence


def unequal(pool=80, seed=0, noise=0.15):
    rng = np.random.default_rng(seed)
    sizes = (150, 60, 15)
    true = np.concatenate([np.repeat(np.arange(3), sizes), np.arange(pool) % 3])
    X = (rng.normal(size=(len(true), 5)) + 2.5 * np.eye(3, 5)[true]).astype(np.float32)
    wrong = (rng.random(len(true)) < noise) & (true > 0)
    codes = np.where(np.arange(len(true)) < sum(sizes), np.where(wrong, 0, true), -1)
    return X, codes, true


def test_all_regimes_are_compared():
    X, codes, _ = unequal()
    found = value_of_labels(Evidence(given_labels=codes, classes=np.arange(3), features=X))
    assert isinstance(found, ValueOfLabels) and isinstance(found, Report)
    assert list(found.regimes) == list(REGIMES) and found.recommended in REGIMES
    assert found.pool.sum() == 80 and found.omega == 1.0 and found.measured_on == "given"
    for one in found.regimes.values():
        assert one.suspicion.shape == one.flagged.shape == (len(X),)
        assert not one.suspicion[found.pool].any() and not one.flagged[found.pool].any()
    plain, balanced = found.regimes["plain"], found.regimes["balanced"]
    assert balanced.figures["tail_false_alarms"] < plain.figures["tail_false_alarms"]
    assert balanced.figures["balanced_accuracy"] > plain.figures["balanced_accuracy"]
    both = found.regimes["balanced + pool"]
    scored = ImbalanceAware(representation="given").score(
        Evidence(given_labels=codes, classes=np.arange(3), features=X)
    )
    assert (both.suspicion == scored.suspicion).all()


def test_figures_follow_their_definitions():
    X, codes, _ = unequal()
    found = value_of_labels(given_labels=np.where(codes < 0, np.nan, codes), features=X)
    one = found.regimes["plain"]
    labelled, suggested = codes >= 0, np.asarray(one.suggested).astype(int)
    recalls = [(suggested[codes == code] == code).mean() for code in range(3)]
    assert one.figures["balanced_accuracy"] == pytest.approx(np.mean(recalls))
    small = found.tail & labelled
    assert set(codes[small].tolist()) == {2} and one.figures["tail_recall"] == pytest.approx(recalls[2])
    assert one.figures["tail_false_alarms"] == pytest.approx((suggested[small] != 2).mean())
    assert one.figures["flag_rate"] == pytest.approx((suggested != codes)[labelled].mean())


def test_changes_between_regimes():
    X, codes, _ = unequal()
    found = value_of_labels(given_labels=np.where(codes < 0, np.nan, codes), features=X)
    rows = found.changes("plain", "balanced")
    differ = found.regimes["plain"].flagged != found.regimes["balanced"].flagged
    assert len(rows) and rows.tolist() == np.flatnonzero(differ).tolist()
    with pytest.raises(InvalidInputError, match="balanced"):
        found.changes("plain", "balance")


def test_verified_rows_are_what_it_is_measured_on():
    X, codes, true = unequal()
    verified = (np.arange(len(codes)) % 2 == 0) & (codes >= 0)
    codes = np.where(verified, true, codes)
    found = value_of_labels(Evidence(given_labels=codes, classes=np.arange(3), features=X, verified=verified))
    assert found.measured_on == "verified" and "verified labels" in found.to_markdown()
    suggested = np.asarray(found.regimes["plain"].suggested)
    tail = verified & (codes == 2)
    wrong = (suggested[tail] != 2).mean()
    assert found.regimes["plain"].figures["tail_false_alarms"] == pytest.approx(wrong)


def test_without_a_pool_its_regimes_are_left_out():
    X, codes, _ = unequal(pool=0)
    found = value_of_labels(given_labels=codes, features=X)
    assert list(found.regimes) == ["plain", "balanced", "kernel"] and found.omega == 0.0
    assert "no unlabelled rows" in found.to_markdown()


def test_a_foreign_pool_is_refused():
    X, codes, _ = unequal()
    X[codes < 0] += 30
    with pytest.warns(LabelscopeWarning, match="belong to no labelled class"):
        found = value_of_labels(Evidence(given_labels=codes, classes=np.arange(3), features=X))
    assert found.omega < 0.3 and "refused" in found.to_markdown()
    alike = found.regimes["plain"].suspicion == found.regimes["pool"].suspicion
    assert alike.all()


def test_a_pool_that_is_more_imbalanced_than_the_labels_is_said():
    rng = np.random.default_rng(0)
    true = np.concatenate([np.arange(90) % 3, np.repeat([0, 1, 2], [80, 10, 4])])
    X = (rng.normal(size=(len(true), 4)) + 6 * np.eye(3, 4)[true]).astype(np.float32)
    codes = np.where(np.arange(len(true)) < 90, true, -1)
    found = value_of_labels(Evidence(given_labels=codes, classes=np.arange(3), features=X))
    assert found.pool_imbalance > found.imbalance == 1.0
    assert "more imbalanced" in found.to_markdown()


def test_a_session_brings_its_decisions(tmp_path):
    X, codes, true = unequal(pool=20)
    names = np.array(["a", "b", "c"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        audit = ls.audit(X, [None if code < 0 else names[code] for code in codes])
    session = ls.Session(audit, journal=None)
    before = value_of_labels(session)
    assert value_of_labels(audit).regimes["plain"].figures == before.regimes["plain"].figures
    rows = np.flatnonzero(codes < 0)
    session.exclude(rows[:6])
    session.relabel(rows[6:10], names[true[rows[6:10]]])
    after = value_of_labels(session)
    assert before.pool.sum() == 20 and after.pool.sum() == 10
    assert after.save(tmp_path / "value.html").read_text().count("<table") >= 2


@pytest.mark.parametrize("codes", [np.full(30, -1), np.zeros(30, dtype=int)])
def test_fewer_than_two_classes_are_refused(codes):
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    with pytest.raises(InvalidInputError, match="two classes"):
        value_of_labels(Evidence(given_labels=codes, classes=np.arange(2), features=X))


@pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
def test_tags_and_targets_have_no_such_report():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)).astype(np.float32)
    for labels, task in ((X > 0).astype(int), "multilabel"), (X[:, 0].round(2), "regression"):
        dataset = ls.Dataset(X, labels, task=task)
        audit = ls.Audit.from_arrays(
            dataset,
            suspicion=np.zeros(40),
            suggested_codes=np.zeros(40, int),
            evidence={"features": X},
        )
        for source in (audit, ls.Session(audit, journal=None)):
            with pytest.raises(TaskError, match=task):
                value_of_labels(source)


def test_bad_arguments():
    X, codes, _ = unequal()
    evidence = Evidence(given_labels=codes, classes=np.arange(3), features=X)
    with pytest.raises(InvalidTypeError, match="Session"):
        value_of_labels([1, 2])
    with pytest.raises(InvalidTypeError, match="one or the other"):
        value_of_labels(evidence, features=X)
    with pytest.raises(MissingEvidenceError):
        value_of_labels(given_labels=np.arange(9) % 3)
    with pytest.raises(InvalidInputError, match="verified"):
        value_of_labels(evidence.including(verified=np.ones(3)))
