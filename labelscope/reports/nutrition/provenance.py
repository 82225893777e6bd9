"""Module 2, provenance: where the data come from, and every step that made the labels what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from labelscope.data.frames import is_frame, n_rows
from labelscope.reports.nutrition.figures import Selections, figure
from labelscope.reports.nutrition.metadata import ORIGIN
from labelscope.reports.nutrition.subject import Subject
from labelscope.review.progress import unseen_rows
from labelscope.review.state import EXCLUDED, KEPT, RELABELLED, UNSURE

_SOURCES = {
    "widget": "in the widget", "api": "from code", "suggestion": "by accepting suggestions",
    "teacher": "as answers of a teacher", "propagated": "by accepting what follows from a fix",
    "judge": "as flips of judges",
}  # fmt: skip
_MOST_REVIEWERS = 50
REVIEWED, UNSEEN = "reviewed", "taken over unseen"


def provenance_module(subject: Subject, stated: Mapping[str, Any], selections: Selections) -> dict[str, Any]:
    """Make the module.

    Parameters
    ----------
    subject : Subject
    stated : mapping
    selections : Selections

    Returns
    -------
    dict
        ``steps`` in the order in which they were done: the original labels, the answers of several people,
        what was scored and by which methods, and per reviewer and source what was decided.
    """
    given = np.asarray(subject.state.given)
    labeled = given >= 0
    key = selections.add("labels given", labeled, int(labeled.sum()), "not given is missing")
    steps: list[dict[str, Any]] = [
        {
            "step": "original labels",
            "who": stated.get("author") or stated.get("source"),
            "how": stated.get("data_annotation_protocol"),
            "rows": figure(int(labeled.sum()), measured=True, rows=key),
        }
    ]
    people = _people(subject)
    if people:
        steps.append({"step": "answers of several people", "who": people, "how": None, "rows": None})
    if subject.audit is not None:
        steps.append(_scored(subject, selections))
    if subject.session is not None:
        steps += _reviewed(subject, selections)
    return {"stated": {name: stated.get(name) for name in ORIGIN}, "steps": steps}


def _people(subject: Subject) -> str:
    answers = subject.dataset.annotators
    if answers is None:
        return ""
    if is_frame(answers):
        return f"{len(answers.columns):,} annotators" if n_rows(answers) else ""
    shape = np.shape(answers)
    return f"{shape[1]:,} annotators" if len(shape) == 2 else "annotators"


def _scored(subject: Subject, selections: Selections) -> dict[str, Any]:
    audit = subject.audit
    assert audit is not None  # checked by the caller
    flagged = np.asarray(audit.flagged, dtype=bool)
    key = selections.add("flagged", flagged, int(flagged.sum()), "flagged")
    names = ", ".join(list(audit.scores)[:12])
    more = f" and {len(audit.scores) - 12} more" if len(audit.scores) > 12 else ""
    return {
        "step": "scored",
        "who": f"{names}{more}",
        "how": audit.summary,
        "rows": figure(int(flagged.sum()), measured=False, rows=key),
    }


def _reviewed(subject: Subject, selections: Selections) -> list[dict[str, Any]]:
    state = subject.state
    events, last = state.events, np.asarray(state.last)
    decided = np.flatnonzero(last >= 0)
    assert subject.session is not None  # checked by the caller
    drawn = subject.session.ledger.sampler.drawn_rows
    # What a method decided in a person's name, or a person accepted in one go, nobody looked at row by row.
    unseen = unseen_rows(state)
    reviewers: dict[tuple[str, bool], dict[str, Any]] = {}
    for row, place in zip(decided.tolist(), last[decided].tolist(), strict=True):
        event = events[place]
        who = event.reviewer, bool(unseen[row])
        found = reviewers.setdefault(who, {"rows": [], "at": [], "sources": set()})
        found["rows"].append(row)
        found["at"].append(event.at)
        found["sources"].add(event.source)
    steps = []
    order = sorted(reviewers, key=lambda who: min(reviewers[who]["at"]))
    for name, taken in order[:_MOST_REVIEWERS]:
        found = reviewers[name, taken]
        rows = np.array(found["rows"], dtype=np.int64)
        states = state.state[rows]
        query = '"' not in name and "\\" not in name and (name, not taken) not in reviewers
        key = f"{'unseen' if taken else 'reviewer'}:{name}"
        key = selections.add(key, rows, len(rows), f'reviewer == "{name}"' if query else None)
        sources = sorted(found["sources"])
        steps.append(
            {
                "step": UNSEEN if taken else REVIEWED,
                "who": name,
                "how": ", ".join(_SOURCES.get(source, source) for source in sources),
                "rows": figure(len(rows), measured=True, rows=key),
                "first": min(found["at"]),
                "last": max(found["at"]),
                "relabelled": int((states == RELABELLED).sum()),
                "kept": int((states == KEPT).sum()),
                "unsure": int((states == UNSURE).sum()),
                "excluded": int((states == EXCLUDED).sum()),
                "by_chance": 0 if taken else sum(row in drawn for row in found["rows"]),
            }
        )
    others = [who for who in order[_MOST_REVIEWERS:] if not who[1]]
    if others:
        rest = sum(len(reviewers[who]["rows"]) for who in others)
        more = f"{len(others):,} more reviewers"
        steps.append({"step": REVIEWED, "who": more, "how": None, "rows": figure(rest, measured=True)})
    return steps
