"""The advice of the report on effort: its words, and reviews that it must not be misled by."""

from __future__ import annotations

import dataclasses
import warnings
from datetime import datetime, timedelta

import numpy as np
import pytest

import labelscope as ls
from labelscope.errors import LabelscopeWarning
from labelscope.review.journal import Journal
from labelscope.review.journal_lines import Header

N = 3_000
RNG = np.random.default_rng(11)
DOUBT = np.geomspace(0.95, 0.002, N)
WRONG = RNG.random(N) < DOUBT
GIVEN = RNG.integers(3, size=N)
TRUE = np.where(WRONG, (GIVEN + 1) % 3, GIVEN)
ERROR = 0.04


def audit_of():
    return ls.Audit.from_arrays(
        ls.Dataset(np.arange(N, dtype=np.float32)[:, None], GIVEN, task="classification"),
        suspicion=DOUBT,
        suggested_codes=(GIVEN + 1) % 3,
    )


def answers(rows, seed):
    rng = np.random.default_rng(seed)
    err = rng.random(len(rows)) < ERROR
    return np.where(err, (TRUE[rows] + 1 + rng.integers(2, size=len(rows))) % 3, TRUE[rows])


def written(path, who, rows, said, ahead=0.0, twice=False):
    """A journal of somebody's looks, with a clock that is ``ahead`` by some hours."""
    session = ls.Session(audit_of(), journal=None, reviewer=who)
    session.relabel(rows, said)
    events = [
        dataclasses.replace(event, at=moved(event.at, ahead)) for event in session.state.active_events()
    ]
    if twice:
        events += [dataclasses.replace(event, id=event.id + "x", batch=event.batch + "x") for event in events]
    Journal(path, Header.of(session.audit.dataset)).append(events)
    return path


def moved(at, hours):
    moment = datetime.fromisoformat(at.replace("Z", "+00:00")) + timedelta(hours=hours)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def report_of(*paths, **options):
    session = ls.Session(audit_of(), journal=None, reviewer="lead")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        for path in paths:
            session.merge(path)
        return ls.reports.effort(session, **options)


def section(report, heading):
    return next(one for one in report.sections if one.heading == heading)


def stopping(report):
    found = section(report, "When to stop")
    return " ".join(found.paragraphs), dict(found.figures)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("journals")
    first, second = np.arange(400), np.arange(0, 400, 4)
    written(found / "ada.jsonl", "ada", first, answers(first, 1))
    written(found / "bob.jsonl", "bob", second, answers(second, 2))
    return found


def test_the_interval_is_told(folder):
    report = report_of(folder / "ada.jsonl", folder / "bob.jsonl")
    stop, (said, figures) = report.stop, stopping(report)
    best = int((DOUBT > ERROR).sum())
    assert stop.stop is False and stop.n_reviewed == 400 and stop.n_worth % 60 == 0
    assert 400 + stop.n_low <= best <= 400 + stop.n_high and stop.n_low < stop.n_worth < stop.n_high
    assert stop.error.low < ERROR < stop.error.high
    # Verdicts and pairs together know more than pairs.
    assert stop.error.high - stop.error.low < stop.reviewer_error.high - stop.reviewer_error.low
    low, high = stop.pages
    assert f"after {low} to {high} more pages of 60" in said and "With 95 % the point to stop" in said
    assert f"about {stop.n_worth:,} more rows are worth a look" in said
    assert f"roughly {stop.n_more:,} more rows looked at by a second person" in said and stop.n_more > 0
    assert figures["stop after, estimated"] == f"{400 + stop.n_worth:,} rows"
    assert figures["95 % interval"] == f"{400 + stop.n_low:,} to {400 + stop.n_high:,} rows"


def test_past_the_point_it_says_stop(folder, tmp_path):
    rows = np.arange(1_900)
    long, copies = (
        written(tmp_path / f"{who}.jsonl", who, part, answers(part, seed))
        for who, part, seed in (("ada", rows, 4), ("bob", rows[::2], 5))
    )
    report = report_of(long, copies)
    said, _ = stopping(report)
    assert report.stop.stop is True and report.stop.n_worth == 0 and report.stop.pages == (0, 0)
    assert "Stop: they would break more than they mend." in said and "the point to stop is now" in said
    assert report.stop.model_error < ERROR


@pytest.mark.parametrize("ahead", [-26.0, 0.0, 3.5])
def test_clocks_and_events_that_are_there_twice_change_nothing(folder, tmp_path, ahead):
    rows = np.arange(0, 400, 4)
    bob = written(tmp_path / "bob.jsonl", "bob", rows, answers(rows, 2), ahead=ahead, twice=True)
    usual, odd = report_of(folder / "ada.jsonl", folder / "bob.jsonl"), report_of(folder / "ada.jsonl", bob)
    assert odd.left_out["duplicates"] > 0 == usual.left_out["duplicates"]
    assert odd.stop == usual.stop
    assert (
        odd.advice.best == usual.advice.best and odd.advice.rates.n_pairs == usual.advice.rates.n_pairs == 100
    )


def test_one_person_and_no_copies(folder):
    report = report_of(folder / "ada.jsonl")
    said, figures = stopping(report)
    assert report.stop.stop is None and report.stop.error is None and report.stop.pages is None
    assert "One person reviewed and saw no row twice" in said and "ReviewPlan(overlap=0.1)" in said
    assert not figures and "not measured" in section(report, "One reviewer or two").paragraphs[0]


def test_several_people_without_a_row_in_common(folder, tmp_path):
    rows = np.arange(400, 500)
    bob = written(tmp_path / "bob.jsonl", "bob", rows, answers(rows, 6))
    said, _ = stopping(report_of(folder / "ada.jsonl", bob))
    assert "No row was looked at twice" in said
    few = np.arange(4)
    carol = written(tmp_path / "carol.jsonl", "carol", few, answers(few, 7))
    report = report_of(folder / "ada.jsonl", carol)
    assert "Only 4 rows were looked at twice, and 10 are needed" in stopping(report)[0]
    assert report.stop.stop is None and report.stop.reviewer_error is not None


def test_one_and_the_same_answer_is_no_evidence(folder, tmp_path):
    usual = report_of(folder / "ada.jsonl", folder / "bob.jsonl")
    rows = np.arange(1, 400, 2)
    eve = written(tmp_path / "eve.jsonl", "eve", rows, np.full(len(rows), 2))
    report = report_of(folder / "ada.jsonl", folder / "bob.jsonl", eve)
    said, _ = stopping(report)
    assert report.not_used.same == ("eve",) and report.between.n == 300
    assert "eve gave one and the same answer to every row. Advice does not rest on these looks." in said
    assert report.stop.error == usual.stop.error and report.stop.n_worth == usual.stop.n_worth
    assert report.advice.rates == usual.advice.rates
    alone = report_of(folder / "ada.jsonl", eve)
    assert alone.stop.stop is None and alone.advice is None
    assert "eve gave one and the same answer" in stopping(alone)[0]
    assert "eve gave" in section(alone, "One reviewer or two").paragraphs[0]


def test_who_agrees_with_everything_is_no_evidence(folder, tmp_path):
    rows = np.arange(0, 400, 2)
    eve = written(tmp_path / "eve.jsonl", "eve", rows, GIVEN[rows])
    report = report_of(folder / "ada.jsonl", eve)
    said, _ = stopping(report)
    assert report.not_used.agreeing == ("eve",) and report.stop.stop is None
    assert "eve agreed with every given label, suspected ones, too." in said
    both = report_of(folder / "ada.jsonl", folder / "bob.jsonl", eve)
    assert both.stop.error == report_of(folder / "ada.jsonl", folder / "bob.jsonl").stop.error


def test_nothing_is_left():
    session = ls.Session(audit_of(), journal=None, reviewer="ada")
    session.relabel(np.arange(N), TRUE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        report = ls.reports.effort(session)
    assert report.stop.stop is True and "Every labelled row has a decision." in stopping(report)[0]


@pytest.mark.parametrize("page", [1, 60, 1_900, 2_600])
def test_the_point_lies_in_its_interval_whatever_the_pages(folder, page):
    stop = report_of(folder / "ada.jsonl", folder / "bob.jsonl", page=page).stop
    assert stop.n_worth % page == 0 or stop.n_worth == stop.n_left
    assert stop.n_low <= stop.n_worth <= stop.n_high
