"""The report on human validation: rates, totals, and what it does not say."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.stats import beta

import labelscope as ls
from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeWarning
from labelscope.reports import Report, ValidationSession, validation
from labelscope.review.extrapolating import Checked, error_rate, error_total, summed
from labelscope.scorers.proportions import exact_interval


def made(n=60, n_flagged=30, seed=0):
    codes = np.arange(n) % 3
    flagged = np.arange(n) < n_flagged
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(np.arange(2 * n).reshape(n, 2), [("cat", "dog", "fox")[c] for c in codes])
    return ls.Audit.from_arrays(
        dataset,
        suspicion=np.where(flagged, 0.9, 0.01),
        suggested_codes=np.where(flagged, (codes + 1) % 3, codes),
    )


def test_intervals_are_those_of_clopper_and_pearson():
    for hits, n in ((0, 7), (3, 10), (10, 10), (54, 275), (1870, 2500)):
        low, high = exact_interval(hits, n)
        assert low == pytest.approx(beta.ppf(0.025, hits, n - hits + 1) if hits else 0.0, abs=1e-9)
        assert high == pytest.approx(beta.ppf(0.975, hits + 1, n - hits) if hits < n else 1.0, abs=1e-9)


def test_totals_are_exact_when_all_was_checked_and_bounded_by_what_was_seen():
    found = error_total(Checked(54, 221, frame=275))
    assert (found.value, found.low, found.high) == (54, 54, 54) and found.measured
    part = error_total(Checked(1, 1, frame=4))
    assert part.value == 2 and part.low >= 1 and part.high <= 3
    assert error_total(Checked(0, 0, frame=9)) is None and error_rate(Checked(0, 0, 5)) is None
    with pytest.raises(InvalidInputError, match="10 rows were checked of 9"):
        error_total(Checked(5, 5, frame=9))
    wide = error_rate(Checked(5, 5, undecided=10))
    assert wide.value == 0.5
    assert wide.low == exact_interval(5, 20)[0] and wide.high == exact_interval(15, 20)[1]
    assert summed([Checked(1, 1, frame=4), Checked(0, 0)]) is None
    both = summed([Checked(5, 5, frame=100), Checked(1, 99, frame=1000)])
    assert both.value == 60
    each = [error_total(one, 0.975) for one in (Checked(5, 5, frame=100), Checked(1, 99, frame=1000))]
    assert both.low == sum(one.low for one in each) and both.high == sum(one.high for one in each)


def voted(audit, rows, answers, *, people=("ada", "bob", "cy"), **options):
    study = ValidationSession(ls.Session(audit, journal=None, reviewer="ada"), raters_per_item=3, **options)
    for who in people:
        study.vote(rows(study), answers(study), reviewer=who)
    return study


def test_a_lower_bound_is_never_called_a_total():
    audit = made()
    study = voted(audit, lambda s: s.checked, lambda s: ["suggested"] * 12 + ["given"] * 18)
    report = validation(study)
    assert isinstance(report, Report) and report.facts["outcomes"]["correctable"] == 12
    assert report.facts["flagged_errors"].value == 12 and report.facts["total_errors"] is None
    assert "lower bound and no total" in report.to_markdown() and "At least 12" in report.to_html()
    study.hidden_error_sample(10)
    for who in ("ada", "bob", "cy"):
        study.vote(study.hidden, ["suggested"] + ["given"] * 9, reviewer=who)
    report = validation(study)
    facts = report.facts
    assert facts["n_hidden"] == 10 and facts["hidden_rate"].value == 0.1
    assert facts["unflagged_errors"].value == 3 and facts["total_errors"].value == 15
    assert facts["total_errors"].low < 15 < facts["total_errors"].high
    assert facts["outcomes"]["correctable"] == 12 and facts["least_errors"] == 13
    assert "lower bound" not in report.to_markdown()


def test_rows_passed_over_and_picked_by_hand_are_no_sample():
    audit = made()
    study = voted(audit, lambda s: s.checked[5:10], lambda s: "suggested")
    facts = validation(study).facts
    rate = facts["error_rate"]
    assert rate.value == 1.0 and rate.low == exact_interval(5, 10)[0] and rate.high == 1.0
    beyond = study.checked[5:10]
    study = voted(audit, lambda s: beyond, lambda s: "suggested", n_checked=5)
    report = validation(study)
    assert report.facts["error_rate"] is None and report.facts["flagged_errors"] is None
    assert report.facts["n_picked"] == 5 and report.facts["picked_errors"] == 5
    assert "picked by hand" in report.to_markdown()


def test_draws_that_differ_are_counted_but_not_extrapolated():
    first, second = made(), made(n_flagged=20)
    study = voted(first, lambda s: s.checked, lambda s: ["given"] * 29 + ["both"])
    other = voted(second, lambda s: s.checked, lambda s: ["given"] * 19 + ["both"], people=("dan",))
    study.session.ledger.append(lambda: other.session.events)
    with pytest.warns(LabelscopeWarning, match="different sets of rows"):
        facts = validation(study).facts
    assert facts["flagged_errors"] is None and facts["error_rate"] is not None


def test_people_who_say_the_same_throughout_are_named():
    study = voted(made(), lambda s: s.checked, lambda s: "given", people=("ada", "bob"))
    with pytest.warns(LabelscopeWarning, match="ada, bob gave one and the same answer"):
        report = validation(study)
    assert report.facts["agreement"] is None and report.facts["outcomes"]["non_error"] == 30
    assert "not defined" in report.to_markdown()


def test_one_person_and_no_overlap_are_reported():
    audit = made()
    study = voted(audit, lambda s: s.checked[:4], lambda s: "given", people=("ada",))
    with pytest.warns(LabelscopeWarning, match="One person voted"):
        facts = validation(study).facts
    assert facts["n_open"] == 4 and facts["error_rate"] is None and facts["agreement"] is None
    study.vote(study.checked[4:6], "given", reviewer="bob")
    with pytest.warns(LabelscopeWarning, match="No row was voted on by two people"):
        assert validation(study).facts["agreement"] is None
    alone = ValidationSession(ls.Session(audit, journal=None, reviewer="ada"), raters_per_item=1)
    alone.vote(alone.checked, ["given", "suggested"] * 15)
    with pytest.warns(LabelscopeWarning, match="One person voted"):
        assert validation(alone).facts["error_rate"].value == 0.5


def test_unsure_is_neither_an_error_nor_none():
    votes = [[0, 0, 0, 0, 5], [5, 0, 0, 0, 0], [0, 5, 0, 0, 0]]
    facts = validation(votes=votes).facts
    assert facts["n_unsure"] == 1 and facts["error_rate"].value == 0.5
    assert facts["error_rate"].high == exact_interval(2, 3)[1]


def test_agreed_errors_leave_out_rows_without_agreement():
    facts = validation(votes=[[2, 2, 1, 0], [0, 5, 0, 0], [5, 0, 0, 0], [5, 0, 0, 0]]).facts
    assert facts["error_rate"].value == 0.5 and facts["agreed_error_rate"].value == 0.25


def test_an_audit_says_how_many_rows_there_are():
    report = validation(
        made(), votes=[[5, 0, 0, 0]] * 5 + [[0, 5, 0, 0]] * 10, hidden_votes=[[5, 0, 0, 0]] * 10
    )
    assert report.facts["flagged_errors"].value == 20 and report.facts["total_errors"].value == 20


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: validation(), InvalidInputError, "no votes"),
        (lambda: validation(made()), InvalidInputError, "An audit holds no votes"),
        (lambda: validation(ls.Session(made(), journal=None)), InvalidInputError, "no votes of the study"),
        (lambda: validation(votes=[]), InvalidInputError, "shape"),
        (lambda: validation(votes=np.zeros((0, 4))), InvalidInputError, "empty"),
        (lambda: validation(votes=[[1, 2, 3]]), InvalidInputError, "shape"),
        (lambda: validation(votes=[[1, -2, 3, 0]]), InvalidInputError, "no counts"),
        (lambda: validation(votes="given"), InvalidTypeError, "no table"),
        (lambda: validation(votes=[[5, 0, 0, 0]], n_flagged=9, n=4), InvalidInputError, "n is 4"),
        (lambda: validation(votes=[[5, 0, 0, 0]], level=95), InvalidInputError, "level"),
        (lambda: validation(made(), n=4), InvalidInputError, "go with votes"),
        (lambda: validation("x", votes=[[5, 0, 0, 0]]), InvalidTypeError, "source"),
        (lambda: validation(votes=[[5, 0, 0, 0]] * 3, n_flagged=2), InvalidInputError, "were checked of 2"),
    ],
)
def test_bad_input_is_refused(call, error, match):
    with pytest.raises(error, match=match):
        call()
