"""Judges one by one, measured on rows that people decided about."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.reports.labels_against import percent, share_estimate
from labelscope.reports.report import Section, Table
from labelscope.review.agreement import cohen_kappa
from labelscope.review.judges import Judges
from labelscope.review.learning import wrong_rows
from labelscope.review.progress import unseen_rows
from labelscope.review.state import KEPT, RELABELLED, UNREVIEWED, UNSURE, ReviewState
from labelscope.types import BoolArray

HEADER = (
    "judge", "coverage (share)", "no answer", "flags", "flags reviewed", "precision of flags",
    "right", "kappa with people", "cost", "seconds",
)  # fmt: skip
_SELECTED = (
    "Measured on rows that people decided about. Most of these were looked at because they are suspicious,"
    " so that a judge may well do better on all rows."
)


def people_said(state: ReviewState) -> tuple[BoolArray, BoolArray]:
    """Return (n,) bool: rows that a person decided about, and those of them whose given label is wrong.

    What a teacher, a propagation or judges wrote is no verdict, nor are suggestions that were accepted in one
    go: measured on these, judges would confirm themselves.
    """
    seen = ~np.isin(state.state, (UNREVIEWED, UNSURE)) & ~unseen_rows(state)
    return seen, np.asarray(wrong_rows(state) & seen)


def judge_flags(judges: Judges, state: ReviewState, judge: int) -> BoolArray:
    """Return (n,) bool: rows where a judge names another class than the given one."""
    votes = judges.votes[:, judge]
    return np.asarray((votes >= 0) & (state.given >= 0) & (votes != state.given))


def judge_table(judges: Judges, state: ReviewState, level: float = 0.95) -> Section:
    """Measure each judge.

    Parameters
    ----------
    judges : Judges
    state : ReviewState
        Of a review of the same rows.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Section
        One row a judge: the share of rows that it answers, its flags and the share of them that are real
        errors, the share of answers that are people's label, and Cohen's kappa with people.
    """
    seen, wrong = people_said(state)
    # Rows out of scope have no right label to compare with.
    settled = seen & np.isin(state.state, (RELABELLED, KEPT)) & (state.current >= 0)
    rows = []
    for judge, name in enumerate(judges.names):
        votes, flags = judges.votes[:, judge], judge_flags(judges, state, judge)
        answered, about = votes >= 0, judges.about[judge]
        both = settled & answered
        hits = int((votes[both] == state.current[both]).sum())
        rows.append(
            (
                name,
                float(answered.mean()) if len(answered) else 0.0,
                int((~answered).sum()),
                int(flags.sum()),
                int((flags & seen).sum()),
                percent(share_estimate(int((flags & wrong).sum()), int((flags & seen).sum()), level)),
                percent(share_estimate(hits, int(both.sum()), level)),
                _kappa(votes[both], state.current[both], level),
                about.get("cost"),
                about.get("latency_s"),
            )
        )
    said = (_SELECTED,) if seen.any() else ("Nobody has decided about a row yet: judges are not measured.",)
    return Section("Judges", said, tables=(Table(HEADER, tuple(rows)),))


def _kappa(votes: Any, people: Any, level: float) -> str:
    if not len(votes):
        return "–"
    found = cohen_kappa(votes, people, level=level)
    if not found.defined:
        return "–"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
