"""Several people vote on flagged rows, and on hidden others: ballots for a page, and its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelscope.review.events import to_scalar

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.review.validating import ValidationSession
    from labelscope.types import IntArray
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

Answer = tuple["Json", list[bytes]]

ANSWERS = ("first", "second", "both", "neither", "unsure")
#: Unflagged rows that are mixed in, to one flagged row.
_HIDDEN = 0.2


class Voting:
    """Answers for all views of a session.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._made: ValidationSession | None = None

    @property
    def study(self) -> ValidationSession:
        """The study that votes go to: the one that was given, or one of all flagged rows."""
        from labelscope.review.validating import ValidationSession

        given: ValidationSession | None = self._shared.given.get("validation")
        if given is not None:
            return given
        if self._made is None:
            session = self._shared.session
            n = int(_HIDDEN * session.audit.flagged.sum()) or 1
            self._made = ValidationSession(session, n_hidden=n)
        return self._made

    def queue(self) -> IntArray:
        """Return the rows that this person still has to vote on."""
        return self.study.queue()

    def ballot(self, row: int) -> Answer:
        """Return the two labels of a row in the order for this person, and the answer so far."""
        study = self.study
        found = study.ballot(row)
        who = self._shared.session.reviewer
        mine = [v for v in study.votes() if v.row == row and v.reviewer == who]
        first, second = (to_scalar(label) for label in found.labels)
        given = to_scalar(self._shared.session.state.classes[self._shared.session.state.given[row]])
        answer = mine[-1].option if mine else None
        if answer in ("given", "suggested"):
            answer = "first" if (answer == "given") == (first == given) else "second"
        return {
            "row": row,
            "labels": [first, second],
            "exemplars": [[int(one) for one in rows] for rows in found.exemplars],
            "blind": found.blind,
            "answer": answer,
            "left": len(study.queue()),
        }, []

    def vote(self, row: int, answer: str) -> tuple[Event, ...]:
        """Record this person's vote; no label changes."""
        return self.study.vote(row, answer, source="widget")
