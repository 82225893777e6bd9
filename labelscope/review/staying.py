"""Single tags that a person decided about stay so when whole suggestions are accepted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import notify
from labelscope.review.attribute_suggestions import suggested_attributes
from labelscope.review.live_tags import decided_tags
from labelscope.review.rows import as_rows
from labelscope.review.state import ReviewState
from labelscope.review.suggestions import suggested_labels, tag_detail
from labelscope.types import BoolArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.decisions import Decisions


@dataclass(frozen=True)
class AcceptPreview:
    """What accepting the suggestions of rows would do to them.

    Attributes
    ----------
    n, changes : int
        Rows, and those that would be different afterwards.
    without : int
        Rows that have no suggestion.
    stay : dict of str to int
        Tags or attributes that the suggestion speaks against and that stay as somebody decided, with the
        number of their rows; most first.
    """

    n: int
    changes: int
    without: int
    stay: dict[str, int]

    @property
    def n_stay(self) -> int:
        """Entries (row and tag) that stay as somebody decided."""
        return sum(self.stay.values())


def preview_accept(session: Decisions, rows: Any) -> AcceptPreview:
    """Say what `Session.accept` would do with rows, before it is done.

    Parameters
    ----------
    session : Session
    rows : int, ints, slice or mask

    Returns
    -------
    AcceptPreview

    Raises
    ------
    InvalidInputError
        A row that does not exist.

    Examples
    --------
    >>> import labelscope as ls
    >>> sets = [{"joy"}, {"joy", "anger"}, {"anger"}]
    >>> dataset = ls.Dataset(["a", "b", "c"], sets, task="multilabel")
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0.9, 0.8, 0], suggested_codes=[1, 0, 2])
    >>> session = ls.Session(audit, journal=None)
    >>> _ = session.remove_tags(0, "anger")  # no: it is not missing
    >>> preview_accept(session, [0, 1]).stay
    {'anger': 1}
    """
    chosen = np.unique(as_rows(rows, session.audit.n))
    state = session.ledger.state
    labels = suggested_labels(session.audit, np.asarray(session.suggested_codes), state, chosen)
    without = sum(label is None for label in labels)
    kept, stays = kept_as_decided(state, chosen, labels)
    place = {value: code for code, value in enumerate(state.classes)}
    codes = np.array([-2 if label is None else place.get(label, -1) for label in kept], dtype=np.int64)
    differs = (codes != state.current[chosen]) & (codes != -2)
    wanted = suggested_attributes(session.audit, state, chosen)
    if wanted is not None:
        differs |= ((wanted != state.tags[chosen]) & (wanted >= 0)).any(axis=1)
        stays = staying_attributes(session, chosen)
    return AcceptPreview(len(chosen), int(differs.sum()), without, counted(state, stays))


def kept_as_decided(state: ReviewState, rows: IntArray, labels: list[Any]) -> tuple[list[Any], BoolArray]:
    """Put what was decided about single tags into the sets that are suggested.

    Parameters
    ----------
    state : ReviewState
    rows : (m,) int
    labels : list of m label values
        Suggested; None where nothing is.

    Returns
    -------
    list of m label values
    (m, K) bool
        Tags that stay as decided, against the suggestion. Of several rows, also those of rows that were
        decided as a whole; one that is accepted by itself is decided anew, but for its single tags.
    """
    stays = np.zeros((len(rows), len(state.tag_names)), dtype=bool)
    named = np.flatnonzero([label is not None for label in labels])
    if state.sets is None or not len(named):
        return labels, stays
    wanted = np.array([state.sets.values(labels[place]) for place in named.tolist()], dtype=np.int8)
    now = state.sets.table(state.classes)[state.current[rows[named]]]
    decided = decided_tags(state, whole=len(rows) > 1)[rows[named]]
    stays[named] = decided & (now != wanted)
    kept = list(labels)
    for k in np.flatnonzero(stays[named].any(axis=1)).tolist():
        kept[named[k]] = state.sets.named(np.where(stays[named[k]], now[k], wanted[k]))
    return kept, stays


def staying_attributes(session: Decisions, rows: IntArray) -> BoolArray:
    """Return (m, C) bool: attributes beside a class that stay as decided, against the suggestion."""
    state = session.ledger.state
    wanted = tag_detail(session.audit, "suggested_concepts", state.tags.shape)
    if state.sets is not None or wanted is None:
        return np.zeros((len(rows), len(state.tag_names)), dtype=bool)
    now = state.tags[rows]
    return np.asarray(decided_tags(state)[rows] & (now >= 0) & (now != wanted[rows]))


def counted(state: ReviewState, stays: BoolArray) -> dict[str, int]:
    """Count the rows of each tag that stays, most first."""
    counts = stays.sum(axis=0)
    order = np.argsort(-counts, kind="stable")
    return {state.tag_names[tag]: int(counts[tag]) for tag in order.tolist() if counts[tag]}


def tell_staying(stay: dict[str, int], rows: Iterable[int]) -> None:
    """Raise a notice that names what stayed as it was decided; none where nothing did."""
    if not stay:
        return
    n = sum(stay.values())
    shown = ", ".join(f"{name} ({count:,})" for name, count in list(stay.items())[:5])
    more = ", …" if len(stay) > 5 else ""
    notify(
        "decided_stay",
        f"{n:,} {'tag stays' if n == 1 else 'tags stay'} as decided before, against the suggestion:"
        f" {shown}{more}.",
        "Undo that decision, or add and take out single tags, to change it.",
        rows,
    )


__all__ = [
    "AcceptPreview",
    "counted",
    "kept_as_decided",
    "preview_accept",
    "staying_attributes",
    "tell_staying",
]
