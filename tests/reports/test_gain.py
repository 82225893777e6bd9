from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, MissingEvidenceError, TaskError
from labelscope.reports.gain import paired_gain
from labelscope.review.blind import BlindSample, blind_sample

N = 1200
X, TRUE = (part[:N] for part in load_digits(return_X_y=True))
X = X / 16


def reviewed(suggested, given, *, suspicion=None):
    dataset = ls.Dataset(X, given)
    suspicion = (suggested != given) * 0.8 + 0.05 if suspicion is None else suspicion
    features = X.astype(np.float32)
    audit = ls.Audit.from_arrays(
        dataset, suspicion=suspicion, suggested_codes=suggested, evidence={"features": features}
    )
    return ls.Session(audit, journal=None, reviewer="ada")


@pytest.fixture(scope="module")
def pair_noise():
    """Half of the rows of each odd class get the label of the class before."""
    rng = np.random.default_rng(81)
    given = TRUE.copy()
    flip = (TRUE % 2 == 1) & (rng.random(N) < 0.48)
    given[flip] -= 1
    return given


def verify_blind(session, m):
    study = ls.reports.ValidationSession(session, blind=True, raters_per_item=1)
    rows = session.ledger.sampler.order[:m]
    for row in rows.tolist():
        code = study.suggested_code(row)
        given = int(session.audit.given_codes[row])
        answer = "given" if TRUE[row] == given else "suggested" if TRUE[row] == code else "neither"
        study.vote(row, answer)
    return rows


def test_accepting_every_suggestion_is_no_gain(pair_noise):
    rng = np.random.default_rng(82)
    # A model that has learned the noise: it suggests the wrong labels for right ones, too.
    suggested = np.where(TRUE % 2 == 1, TRUE - 1, TRUE)
    suggested = np.where(rng.random(N) < 0.9, suggested, pair_noise)
    session = reviewed(suggested, pair_noise)
    session.accept(range(N))
    agreement = (session.labels() == suggested).mean()
    assert agreement == 1.0  # what must not be shown as a benefit
    report = ls.reports.gain(session)
    assert not report.measured and report.outcome == "not measured" and not report.gains
    assert "Not measured" in str(report) and "session.queue()" in str(report) and "%" not in str(report)
    assert len(report.rows_to_verify) == 30

    # One by one, looks by chance included: they took over the suggestion and are not used.
    session = reviewed(suggested, pair_noise)
    for row in session.queue(n=700).tolist():
        session.accept(row)
    assert session.ledger.sampler.drawn >= 30
    report = ls.reports.gain(session)
    assert report.outcome == "not measured" and report.n_verified == 0
    assert "took over a suggestion" in str(report)

    # With rows that were verified blind it is no gain, and a loss where all was accepted.
    truth = {int(row): int(TRUE[row]) for row in session.ledger.sampler.order[:200]}
    assert ls.reports.gain(session, verified=truth).gains["cleaned"].value < 0.02
    session.accept(range(N))
    report = ls.reports.gain(session, verified=truth)
    assert report.measured and report.outcome == "loss" and report.gains["cleaned"].high < 0


def test_a_review_that_is_right_is_a_gain(pair_noise):
    session = reviewed(TRUE, pair_noise)
    wrong = np.flatnonzero(pair_noise != TRUE)
    session.relabel(wrong, TRUE[wrong])
    verify_blind(session, 200)
    report = ls.reports.gain(session)
    assert report.outcome == "gain" and report.gains["cleaned"].low > 0 and report.basis == "by chance"
    assert report.gains["cleaned"].measured and report.n_verified >= 195
    assert set(report.accuracy) == {"given", "cleaned", "dropped"}
    # Its own answer agrees with training on the true labels, tested elsewhere.
    rows = session.ledger.sampler.order[:200]
    rest = np.setdiff1d(np.arange(N), rows)
    model = LogisticRegression(C=0.3, max_iter=3000)
    direct = {
        name: (model.fit(X[rest], labels[rest]).predict(X[rows]) == TRUE[rows]).mean()
        for name, labels in (("given", pair_noise), ("cleaned", TRUE))
    }
    found = ls.reports.gain(session, model)
    assert abs(found.gains["cleaned"].value - (direct["cleaned"] - direct["given"])) < 0.06
    assert "measured on" in str(report) and "<table" in report.to_html()


def test_looks_by_chance_are_used_and_held_out(pair_noise):
    session = reviewed(TRUE, pair_noise)
    for row in session.queue(n=760).tolist():
        session.relabel(row, TRUE[row])
    sample = blind_sample(session)
    drawn = session.ledger.sampler.drawn_rows
    assert sample.basis == "by chance" and set(sample.rows[sample.known]) <= set(drawn)
    assert sample.known.sum() >= 30 and sample.known.mean() >= 0.5
    assert sample.rows.tolist() == session.ledger.sampler.order[: len(sample.rows)].tolist()
    assert (sample.right[sample.known].argmax(axis=1) == TRUE[sample.rows[sample.known]]).all()
    assert set(sample.to_verify) == set(sample.rows[~sample.known])
    report = ls.reports.gain(session)
    assert report.measured and report.n_open == (~sample.known).sum()


def test_a_study_is_weighed_by_how_rows_were_drawn(pair_noise):
    session = reviewed(TRUE, pair_noise)
    study = ls.reports.ValidationSession(
        session, blind=True, raters_per_item=1, n_checked=60, n_hidden=120, random_state=3
    )
    for row in [*study.checked, *study.hidden]:
        study.vote(int(row), "suggested" if TRUE[row] != pair_noise[row] else "given")
    sample = blind_sample(session)
    flagged = session.audit.flagged[sample.rows]
    assert sample.basis == "study" and len(sample.rows) == 180
    assert np.allclose(sample.weights[flagged], session.audit.flagged.sum() / 60)
    assert np.allclose(sample.weights[~flagged], (~session.audit.flagged).sum() / 120)
    # Weighed, the share of wrong labels is that of all rows; unweighed, it is far off.
    wrong = ~sample.right[np.arange(180), pair_noise[sample.rows]]
    rate = (pair_noise != TRUE).mean()
    assert abs(np.average(wrong, weights=sample.weights) - rate) < 0.01 < abs(wrong.mean() - rate)
    assert ls.reports.gain(session).measured


def test_rows_picked_from_a_study_are_no_sample(pair_noise):
    """Whoever votes on some rows of the draw and passes over others has chosen: only those before count."""
    session = reviewed(TRUE, pair_noise)
    study = ls.reports.ValidationSession(session, raters_per_item=1, n_checked=60, n_hidden=120)

    def say(rows):
        wrong = TRUE[rows] != pair_noise[rows]
        study.vote(rows, np.where(wrong, "suggested", "given").tolist())

    say(study.checked)
    say(study.hidden[:10])
    say(study.hidden[15:])
    sample = blind_sample(session)
    assert sample.basis == "study" and set(sample.rows) == {*study.checked, *study.hidden[:10]}
    assert sample.weights[-1] == pytest.approx((~session.audit.flagged).sum() / 10)
    say(study.hidden[10:15])
    assert len(blind_sample(session).rows) == 180
    # A second study of the same rows is another draw; they are not mixed.
    study = ls.reports.ValidationSession(
        session, raters_per_item=1, n_checked=5, n_hidden=200, study="second", random_state=9
    )
    say(study.checked)
    say(study.hidden)
    assert set(blind_sample(session).rows) == {*study.checked, *study.hidden}


def test_verified_by_the_caller(pair_noise):
    session = reviewed(TRUE, pair_noise)
    rows = np.random.default_rng(83).choice(N, 100, replace=False)
    report = ls.reports.gain(session, verified={int(row): int(TRUE[row]) for row in rows})
    assert report.measured and report.basis == "given" and report.outcome == "no difference shown"
    assert report.gains["cleaned"].low < 0 < report.gains["cleaned"].high  # an interval is never a point
    few = ls.reports.gain(session, verified={int(row): int(TRUE[row]) for row in rows[:29]})
    assert not few.measured
    with pytest.raises(InvalidInputError, match="label"):
        ls.reports.gain(session, verified={3: "cow"})
    with pytest.raises(InvalidInputError, match="row"):
        ls.reports.gain(session, verified={N: 1})
    with pytest.raises(InvalidTypeError, match="mapping"):
        ls.reports.gain(session, verified=[1, 2])


def test_duplicates_of_held_out_rows_train_no_model(pair_noise):
    from labelscope.reports.gain import _held_out

    session = reviewed(TRUE, pair_noise)
    features = X.astype(np.float32).copy()
    features[7] = features[11]
    out = _held_out(session, features, np.array([11]))
    assert np.flatnonzero(out).tolist() == [7, 11]


def test_the_paired_interval_is_the_bootstrap_of_the_definition():
    rng = np.random.default_rng(84)
    m = 80
    right = np.eye(3, dtype=bool)[rng.integers(3, size=m)]
    before, after = rng.integers(3, size=m), rng.integers(3, size=m)
    weights = rng.uniform(1, 3, size=m)
    known = np.ones(m, dtype=bool)
    empty = np.zeros(0, dtype=np.int64)
    sample = BlindSample(np.arange(m), right, known, weights, empty, "given", 0)
    found = paired_gain(before, after, sample, n_bootstrap=4000, level=0.9, rng=rng)
    change = [float(right[i, after[i]]) - float(right[i, before[i]]) for i in range(m)]
    assert found.value == pytest.approx(np.dot(change, weights) / weights.sum())
    means = []
    every, weight = [*change, -1, 1], [*weights, weights.mean(), weights.mean()]
    for _ in range(4000):
        drawn = rng.integers(m + 2, size=m + 2)
        top = sum(every[i] * weight[i] for i in drawn)
        means.append(top / sum(weight[i] for i in drawn))
    assert np.abs(np.quantile(means, [0.05, 0.95]) - [found.low, found.high]).max() < 0.02

    # Rows that nobody verified count for nothing where both say the same, and at their worst elsewhere.
    hidden = BlindSample(np.arange(m), right, np.arange(m) >= 20, weights, empty, "given", 0)
    wider = paired_gain(before, after, hidden, n_bootstrap=4000, level=0.9, rng=np.random.default_rng(1))
    assert wider.low < found.low and wider.high > found.high
    same = paired_gain(before, before, hidden, n_bootstrap=4000, level=0.9, rng=np.random.default_rng(1))
    assert same.value == 0 and -0.06 < same.low < 0 < same.high < 0.06


def test_bad_input(pair_noise):
    session = reviewed(TRUE, pair_noise)
    with pytest.raises(InvalidTypeError, match="Session"):
        ls.reports.gain(session.audit)
    for wrong in ({"n_bootstrap": 3}, {"level": 1.0}):
        with pytest.raises(InvalidInputError):
            ls.reports.gain(session, **wrong)
    tags = ls.Dataset(["a", "b"], [{"x"}, {"y"}], task="multilabel")
    audit = ls.Audit.from_arrays(tags, suspicion=np.zeros(2), suggested_codes=[0, 1])
    with pytest.raises(TaskError):
        ls.reports.gain(ls.Session(audit, journal=None))
    bare = ls.Audit.from_arrays(
        ls.Dataset(X, pair_noise), suspicion=np.zeros(N), suggested_codes=pair_noise
    )  # fmt: skip
    with pytest.raises(MissingEvidenceError, match="features"):
        ls.reports.gain(ls.Session(bare, journal=None), verified={row: int(TRUE[row]) for row in range(40)})


def test_out_of_scope_rows_are_not_scored(pair_noise):
    session = reviewed(TRUE, pair_noise)
    for row in session.queue(n=760).tolist():
        if row % 4 == 0:
            session.exclude(row)
        else:
            session.keep(row)
    sample = blind_sample(session)
    drawn = set(session.ledger.sampler.drawn_rows)
    scope = {row for row in drawn if row % 4 == 0}
    assert scope and not scope & set(sample.rows.tolist())


def test_groups_are_held_out_only_where_rows_are_left_to_learn_from(pair_noise):
    from labelscope.reports.gain import _held_out

    features, rows = X.astype(np.float32), np.arange(0, N, 12)

    def out(groups):
        dataset = ls.Dataset(X, pair_noise, groups=groups)
        audit = ls.Audit.from_arrays(
            dataset, suspicion=np.zeros(N), suggested_codes=TRUE, evidence={"features": features}
        )
        return _held_out(ls.Session(audit, journal=None, reviewer="ada"), features, rows)

    with pytest.warns(ls.errors.LabelscopeWarning, match="learned from"):
        sites = out(np.arange(N) // 400)
    assert sites[rows].all() and sites.sum() < N / 4
    films = out(np.arange(N) // 4)
    assert films[rows].all() and films.sum() >= 4 * len(rows)
