"""Judges measured on rows that people decided about: each of them, and what confidence is worth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelscope as ls
from labelscope import reports
from labelscope.reports.judge_reliability import bin_rows, reliability
from labelscope.reports.judge_table import HEADER, judge_table, people_said
from labelscope.review.agreement import cohen_kappa
from labelscope.review.judges import give_judges, judges_of

N = 60
TRUE = np.arange(N) % 3
GIVEN = np.where(np.arange(N) < 12, (TRUE + 1) % 3, TRUE)
CLASSES = np.array(["cat", "dog", "eel"], dtype=object)


def make_session():
    audit = ls.Audit.from_arrays(
        ls.Dataset(np.random.default_rng(0).random((N, 2)), list(CLASSES[GIVEN])),
        suspicion=np.linspace(1, 0, N),
        suggested_codes=TRUE,
    )
    session = ls.Session(audit, journal=None, reviewer="ada")
    good, lazy = CLASSES[TRUE].copy(), CLASSES[GIVEN].copy()
    good[::10] = None
    lazy[40] = "yak"
    give_judges(session, np.column_stack([good, lazy]))
    return session


def row_of(section, name):
    table = section.tables[0]
    assert table.header == HEADER
    return dict(zip(HEADER, next(cells for cells in table.rows if cells[0] == name), strict=True))


def test_each_judge_is_measured_on_what_people_decided():
    session = make_session()
    session.relabel(range(12), CLASSES[TRUE[:12]].tolist())
    session.keep(range(12, 20))
    section = judge_table(judges_of(session), session.state)
    good, lazy = row_of(section, "judge 1"), row_of(section, "judge 2")
    assert good["no answer"] == 6 and good["coverage (share)"] == 0.9
    # Rows 0 and 10 of the twelve wrong ones are not answered by the good judge.
    assert (good["flags"], good["flags reviewed"]) == (10, 10)
    assert good["precision of flags"].startswith("100.0 % (69.2 to") and good["right"].startswith("100.0 %")
    assert lazy["flags"] == 0 and lazy["precision of flags"] == "–" and lazy["no answer"] == 1
    assert lazy["right"].startswith("40.0 % (")
    kappa = cohen_kappa(GIVEN[:20], TRUE[:20])
    assert lazy["kappa with people"] == f"{kappa.value:.2f} ({kappa.low:.2f} to {kappa.high:.2f})"


def test_what_judges_wrote_measures_no_judge():
    session = make_session()
    session.relabel(range(12), CLASSES[TRUE[:12]].tolist(), source="judge")
    session.relabel(range(12, 15), CLASSES[(TRUE[12:15] + 1) % 3].tolist(), source="teacher")
    section = judge_table(judges_of(session), session.state)
    assert row_of(section, "judge 1")["flags reviewed"] == 0
    assert "Nobody has decided" in section.paragraphs[0]
    assert not people_said(session.state)[0].any()
    session.accept(range(15, 20))
    assert not people_said(session.state)[0].any(), "suggestions accepted in one go are no looks"
    report = reports.judge_quality(judges_of(session).score, session)
    assert sum(one.n_reviewed for one in report.bins) == 0


def test_rows_out_of_scope_are_errors_and_have_no_right_label():
    session = make_session()
    session.exclude(range(1, 5))
    good = row_of(judge_table(judges_of(session), session.state), "judge 1")
    assert good["flags reviewed"] == 4 and good["precision of flags"].startswith("100.0 %")
    assert good["right"] == "–" and good["kappa with people"] == "–"


def test_too_few_reviewed_flags_are_not_calibrated():
    sure, every = np.linspace(0.5, 1, 40), np.ones(40, dtype=bool)
    seen = np.arange(40) < 12
    found = reliability(sure, every, every, verified=seen)
    assert found.calibration is None and found.calibrated == () and (found.sure == sure).all()
    assert reliability(sure, every, every, verified=np.arange(40) < 13).calibration is not None


def test_calibrated_confidence_is_near_what_people_find():
    rng = np.random.default_rng(1)
    said = rng.uniform(0.5, 1, 4000)
    hit = rng.random(4000) < np.clip(said - 0.35, 0, 1)
    every = np.ones(4000, dtype=bool)
    found = reliability(said, every, hit, verified=every)

    def gap(bins, confidence):
        pairs = [(one, confidence[bin_rows(one, confidence, every)].mean()) for one in bins]
        return max(abs(one.precision.value - mean) for one, mean in pairs if one.n_reviewed > 100)

    assert gap(found.raw, said) > 0.25
    assert gap(found.calibrated, found.apart) < 0.08
    assert not np.array_equal(found.apart, found.sure), "no row is calibrated by itself"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.booleans(), st.booleans()), min_size=1))
def test_bins_are_made_of_the_flags(rows):
    said, flagged, hit, seen = (np.array(column) for column in zip(*rows, strict=True))
    found = reliability(said, flagged, hit, verified=seen)
    for bins, confidence in ((found.raw, said), (found.calibrated, found.apart)):
        masks = [bin_rows(one, confidence, flagged) for one in bins]
        for one, mask in zip(bins, masks, strict=True):
            counts = mask.sum(), (mask & seen).sum(), (mask & seen & hit).sum()
            assert counts == (one.n_flagged, one.n_reviewed, one.n_errors)
        if masks:
            assert (np.sum(masks, axis=0) == flagged).all(), "each flag is in one bin"
    assert ((found.sure >= 0) & (found.sure <= 1)).all()


def test_the_report_needs_a_session_to_measure_judges():
    session = make_session()
    score = judges_of(session).score
    without = reports.judge_quality(score, is_error=GIVEN != TRUE)
    assert "kappa with people" not in without.to_markdown()
    assert "kappa with people" in reports.judge_quality(score, session).to_markdown()
    with pytest.raises(ls.errors.InvalidInputError, match="60"):
        reports.judge_quality(ls.types.Score(
            np.zeros(3, dtype=np.float32), None, np.zeros(3, bool), {"votes": np.zeros((3, 1)), "confidence": np.zeros(3)},
        ), session)  # fmt: skip
