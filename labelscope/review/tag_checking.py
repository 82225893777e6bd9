"""Check a few rows where a tag is probably missing, or wrong, at random; then accept the rest in one step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError, TaskError
from labelscope.review.checking import Check, checked_precision
from labelscope.review.events import Event
from labelscope.review.live_tags import TagSuspicion, decided_tags, tag_suspicion
from labelscope.review.state import EXCLUDED
from labelscope.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: What is wrong with a tag where a cut finds it.
SIDES = ("missing", "spurious")


@dataclass(eq=False)
class TagCheck(Check):
    """A random sample of the rows above a cut of one tag.

    Attributes
    ----------
    tag : str
    side : {"missing", "spurious"}
        Whether the tag is to be put in, or taken out.
    """

    tag: str = field(kw_only=True)
    side: str = field(kw_only=True)

    @property
    def _column(self) -> int:
        return self.session.state.tag_names.index(self.tag)

    def rest(self) -> IntArray:
        """Return the rows where nobody decided about the tag."""
        return np.asarray(self.order[~self.seen() & self._inside()])

    def seen(self) -> BoolArray:
        """Return (n,) bool, in the order drawn: rows where somebody decided about the tag."""
        return np.asarray(decided_tags(self.session.state)[self.order, self._column])

    def is_right(self) -> BoolArray:
        """Return (n,) bool, in the order drawn: rows whose tag is now as the cut says."""
        has = self.session.state.tags[self.order, self._column] == 1
        return np.asarray(has == (self.side == "missing")) & self._inside()

    def accept(self) -> tuple[Event, ...]:
        """Put the tag in, or take it out, in the rest; one step."""
        change = self.session.add_tags if self.side == "missing" else self.session.remove_tags
        return change(self.rest(), self.tag, source="suggestion")

    def _inside(self) -> BoolArray:
        return np.asarray(self.session.state.state[self.order] != EXCLUDED)


def cut_rows(
    session: Session, tag: str, side: str, threshold: float, *, left: TagSuspicion | None = None
) -> tuple[IntArray, FloatArray]:
    """Return the rows that a cut of a tag would change, and how doubtful the tag is there.

    Parameters
    ----------
    session : Session
        Of tags, or of a class with attributes.
    tag : str
    side : {"missing", "spurious"}
        Rows without the tag that should have it, or rows with it that should not.
    threshold : float
        Least doubt, from 0 to 1.
    left : TagSuspicion, optional
        What is left of the suspicion of tags, where the caller has it.

    Returns
    -------
    rows : (m,) int64
        Sorted; rows that are excluded, or where somebody decided about the tag, are left out.
    doubts : (m,) float
        Probability that the tag is missing, or spurious.

    Raises
    ------
    TaskError
        The labels have no tags.
    InvalidInputError
        There is no such tag or side.
    MissingEvidenceError
        The audit says nothing about single tags.
    """
    state = session.state
    if not state.tag_names:
        raise TaskError(
            f"There are no tags: the task is {session.audit.dataset.task}.",
            "Tags are there for multi-label data and for concepts.",
        )
    if tag not in state.tag_names:
        raise InvalidInputError.unknown("tag", tag, state.tag_names)
    if side not in SIDES:
        raise InvalidInputError.unknown("side", side, SIDES)
    left = tag_suspicion(session) if left is None else left
    if left is None:
        raise MissingEvidenceError.of("missing", "A cut", session.audit.main.details)
    column = state.tag_names.index(tag)
    doubts = left.at(np.s_[:, column])[SIDES.index(side)]
    is_open = (state.state != EXCLUDED) & ~left.decided[:, column]
    has = state.tags[:, column] == 1
    rows = np.flatnonzero(is_open & (has == (side == "spurious")) & (doubts >= threshold))
    return rows.astype(np.int64), np.asarray(doubts[rows], dtype=np.float64)


def start_tag_check(
    session: Session,
    tag: str,
    side: str,
    *,
    threshold: float = 0.5,
    precision: float = 0.9,
    seed: int | None = None,
) -> TagCheck:
    """Draw rows above a cut of a tag to check.

    Decide about the tag in each of ``check.rows``; once the lower bound of the share of right ones passes
    ``precision``, :func:`labelscope.review.checking.accept_rest` changes the others in one undo step.

    Parameters
    ----------
    session : Session
    tag : str
    side : {"missing", "spurious"}
    threshold : float
        Least doubt of the rows.
    precision : float
        Share of right changes that the bound must reach, from .5 to .999.
    seed : int, optional
        By default every check draws other rows.

    Returns
    -------
    TagCheck

    Raises
    ------
    InvalidInputError
        No row is above the cut, or an argument is none that there is.
    """
    checked_precision(precision)
    rows, doubts = cut_rows(session, tag, side, threshold)
    if not len(rows):
        raise InvalidInputError(
            f"No undecided row has {tag!r:.60} {side} with at least {threshold:g}.", "Lower the threshold."
        )
    order = np.random.default_rng(seed).permutation(rows)
    wrong = float((1.0 - doubts).sum())
    check = TagCheck(session, order, -1, float(precision), wrong, tag=tag, side=side)
    check.opened()
    return check


__all__ = ["SIDES", "TagCheck", "cut_rows", "start_tag_check"]
