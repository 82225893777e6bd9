"""People who answer everything the same: who they are, and looks without theirs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from labelscope.errors import notify
from labelscope.review.looks import Looks, names_of
from labelscope.review.reviewers import ReviewerRow
from labelscope.types import FloatArray, IntArray

#: Looks from which on it is told that somebody always answers the same.
_MANY_LOOKS = 20
_UNLIKELY = 0.001


@dataclass(frozen=True)
class Uninformative:
    """People whose looks say nothing of how often labels, or people, are wrong.

    Attributes
    ----------
    same : tuple of str
        Gave one and the same answer to 20 or more rows, whatever their given labels.
    agreeing : tuple of str
        Agreed with the given labels of 20 or more rows, which is hardly possible if suspicion is a
        probability.
    """

    same: tuple[str, ...] = ()
    agreeing: tuple[str, ...] = ()


def uninformative(
    rows: tuple[ReviewerRow, ...], looks: Looks, given: IntArray, suspicion: FloatArray
) -> Uninformative:
    """Find who answers everything the same.

    Parameters
    ----------
    rows : tuple of ReviewerRow
    looks : Looks
    given : (n,) int
    suspicion : (n,) float

    Returns
    -------
    Uninformative
    """
    same, agreeing = [], []
    for one in rows:
        own = looks.reviewer == looks.reviewers.index(one.reviewer)
        shown = looks.row[own]
        if one.n_looks < _MANY_LOOKS:
            continue
        if one.commonest == 1.0 and len(np.unique(given[shown])) > 1:
            same.append(one.reviewer)
        # The chance that all of them are right, if suspicion is a probability.
        luck = float(np.exp(np.log1p(-np.minimum(suspicion[shown], 1 - 1e-9)).sum()))
        if looks.agreed(given)[own].all() and luck < _UNLIKELY:
            agreeing.append(one.reviewer)
    return Uninformative(tuple(same), tuple(agreeing))


def without(looks: Looks, reviewers: Collection[str]) -> Looks:
    """Return the looks of other people."""
    out = [place for place, name in enumerate(looks.reviewers) if name in reviewers]
    kept = ~np.isin(looks.reviewer, out)
    names = ("row", "reviewer", "answer", "unsure", "page", "at")
    return replace(looks, **{name: getattr(looks, name)[kept] for name in names})


def tell_of_reviewers(found: Uninformative, looks: Looks, n_reviewers: int, *, one_only: bool) -> None:
    """Notice who answers everything the same, and what cannot be measured.

    Parameters
    ----------
    found : Uninformative
    looks : Looks
    n_reviewers : int
        People who looked.
    one_only : bool
        Whether no row has answers of two people.
    """
    if found.same:
        notify(
            "same_answer",
            f"{names_of(found.same)} gave one and the same answer to every row, whatever its given label.",
            "What they said counts in the outcomes, but not in the advice; look at some of it, or leave their"
            " journal out.",
        )
    if found.agreeing:
        notify(
            "agrees_with_everything",
            f"{names_of(found.agreeing)} agreed with every given label, although several of these rows are"
            " suspected.",
            "Show controls (control_rate of the view), and have the rows looked at once more.",
        )
    if one_only and len(looks):
        several = n_reviewers > 1
        notify(
            "no_overlap" if several else "one_reviewer",
            "No row was answered by two people, so agreement is not measured."
            if several
            else "One person reviewed, so agreement between people is not measured.",
            "Plan hidden copies for others: queues.ReviewPlan(reviewers=[...], overlap=0.1).",
        )
