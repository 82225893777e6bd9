"""The label-quality block: how many labels are wrong before and after review, and how far the review is."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.reports.nutrition.figures import Selections, figure, number, of_estimate
from labelscope.reports.nutrition.provenance import UNSEEN
from labelscope.reports.nutrition.subject import Errors, Subject
from labelscope.review.estimating import errors_left, noise_rate_of
from labelscope.review.progress import unseen_rows
from labelscope.review.state import RELABELLED, UNREVIEWED
from labelscope.scorers.proportions import exact_interval
from labelscope.types import Estimate

#: Share of the labels from which on wrong ones are worth an alert, at the lower end of the interval.
WORTH_AN_ALERT = 0.01


def quality_block(
    subject: Subject, checked: Errors | None, level: float, selections: Selections
) -> dict[str, Any]:
    """Make the block.

    Parameters
    ----------
    subject : Subject
    checked : Errors or None
        Disagreement with a reference, where there is one of the same rows.
    level : float
    selections : Selections

    Returns
    -------
    dict
        ``figures`` by name; ``basis``, a sentence that says what they rest on.
    """
    figures: dict[str, Any] = {}
    said = []
    if checked is not None and checked.known.any():
        n, wrong = int(checked.known.sum()), int(np.nansum(checked.rates))
        figures["differ from the reference"] = figure(
            wrong / n,
            measured=True,
            rows=selections.add("reference differs", checked.rates == 1, wrong),
            interval=exact_interval(wrong, n, level),
        )
        said.append(f"{n:,} labels were compared with {checked.basis.removeprefix('disagreement with ')}.")
    if subject.audit is not None:
        figures |= _of_audit(subject, said, selections)
    if not figures:
        said.append("Nothing is known about wrong labels: neither an audit nor a reference was given.")
    return {"figures": figures, "basis": " ".join(said)}


def _of_audit(subject: Subject, said: list[str], selections: Selections) -> dict[str, Any]:
    audit, session, state = subject.audit, subject.session, subject.state
    assert audit is not None  # checked by the caller
    flagged = np.asarray(audit.flagged, dtype=bool)
    labeled = np.asarray(state.given) >= 0
    n_labeled = int(labeled.sum())
    rate = audit.noise_rate if session is None else noise_rate_of(audit, session.ledger, session.suspicion)
    figures: dict[str, Any] = {}
    if n_labeled and (rate.measured or audit.has_probability):
        figures["wrong labels before review"] = of_estimate(rate)
        basis = (
            "is measured on rows drawn by chance" if rate.measured else "is a model's estimate, not measured"
        )
        said.append(f"The share of wrong labels before review {basis}.")
    else:
        said.append("The share of wrong labels is not known: suspicion is an order here, no probability.")
    if session is not None and n_labeled:
        figures |= _after(subject, said)
    decided, unseen = state.state != UNREVIEWED, unseen_rows(state)
    reviewed, left = decided & ~unseen, flagged & ~decided
    n_reviewed, n_unseen, n_left = int(reviewed.sum()), int(unseen.sum()), int(left.sum())
    figures["reviewed"] = figure(
        n_reviewed / max(subject.n, 1),
        measured=True,
        rows=selections.add("reviewed", reviewed, n_reviewed, None if n_unseen else "reviewed"),
    )
    if n_unseen:
        figures[UNSEEN] = figure(n_unseen, measured=True, rows=selections.add(UNSEEN, unseen, n_unseen))
        said.append(
            f"{n_unseen:,} rows were taken over from methods in one go: nobody looked at each of them."
        )
    changed = state.state == RELABELLED
    figures["relabelled"] = figure(
        int(changed.sum()),
        measured=True,
        rows=selections.add("relabelled", changed, int(changed.sum()), 'state == "relabelled"'),
    )
    figures["flagged"] = figure(
        int(flagged.sum()),
        measured=False,
        rows=selections.add("flagged", flagged, int(flagged.sum()), "flagged"),
    )
    figures["flags left"] = figure(
        n_left,
        measured=False,
        rows=selections.add("flags left", left, n_left, "flagged and not reviewed"),
    )
    return figures


def _after(subject: Subject, said: list[str]) -> dict[str, Any]:
    """Wrong labels that are left, over all labeled rows; what people looked at is taken to be right."""
    audit, session = subject.audit, subject.session
    assert audit is not None  # a session has an audit
    assert session is not None  # checked by the caller
    n_labeled = int((np.asarray(subject.state.given) >= 0).sum())
    left, low, high, measured = errors_left(audit, session.ledger, session.suspicion)
    if not measured and not audit.has_probability:
        return {}
    after = Estimate(left / n_labeled, low / n_labeled, high / n_labeled, 0.9, measured)
    if not measured:
        said.append(
            "No rows were drawn by chance, so that the share after review is what the model expects; the"
            " interval is all that is certain."
        )
    else:
        said.append(
            "The share after review is measured on rows drawn by chance;"
            " what people looked at counts as right."
        )
    return {"wrong labels after review": of_estimate(after) | {"rows_expected": number(left)}}
