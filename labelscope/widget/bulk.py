"""Changes of many rows that a method proposes: shown first, then made in one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.state import UNREVIEWED
from labelscope.types import FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.events import Event
    from labelscope.review.session import Session

Json = dict[str, Any]

LOSS_GATE = "dynamic_loss_gate"
_CORRECTED = 1
_ODD = 12


@dataclass(frozen=True, eq=False)
class BulkPlan:
    """Labels for rows.

    Attributes
    ----------
    title : str
    rows : (m,) int64
    codes : (m,) int64
        Of the label of each row.
    certainty : (m,) float64
        How sure the method is.
    source : str
        Goes into the journal.
    drop : bool
        Whether rows are left out of the clean data in place of getting the label.
    """

    title: str
    rows: IntArray
    codes: IntArray
    certainty: FloatArray
    source: str
    drop: bool = False

    @property
    def expected_wrong(self) -> float:
        """Rows that get a wrong label, or are left out wrongly, if the method's certainty is right."""
        return float((1.0 - self.certainty).sum())

    def left(self, session: Session) -> BulkPlan:
        """Return the plan without rows that somebody has decided about since it was made."""
        keep = session.state.state[self.rows] == UNREVIEWED
        rest = self.rows[keep], self.codes[keep], self.certainty[keep]
        return self if keep.all() else BulkPlan(self.title, *rest, self.source, self.drop)

    def to_json(self, session: Session) -> Json:
        """Return what a page shows before anything changes; at most 12 rows of which it is least sure."""
        state = session.state
        changes = (state.current[self.rows] != self.codes) | self.drop
        counts = np.bincount(self.codes, minlength=len(state.classes))
        order = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
        odd = self.rows[np.argsort(self.certainty, kind="stable")[:_ODD]]
        return {
            "title": self.title,
            "drop": self.drop,
            "n": len(self.rows),
            "changes": int(changes.sum()),
            "by_class": [[code, int(counts[code])] for code in order],
            "odd": odd.tolist(),
            "expected_wrong": self.expected_wrong,
        }

    def apply(self, session: Session, rows: IntArray) -> tuple[Event, ...]:
        """Give the rows that were not left out their labels, or drop them from the data, in one step.

        Raises
        ------
        InvalidInputError
            A row that the plan does not hold.
        """
        taken = np.isin(self.rows, rows)
        if int(taken.sum()) != len(rows):
            raise InvalidInputError("The plan does not hold all of these rows.", "Make it again.")
        if not taken.any():
            return ()
        if self.drop:
            return session.exclude(self.rows[taken], source=self.source)
        classes = session.state.classes
        labels = [classes[code] for code in self.codes[taken].tolist()]
        return session.relabel(self.rows[taken], labels, source=self.source)


def corrections(session: Session, p: float, at_round: int | None = None) -> BulkPlan:
    """Return the corrections that reach a certainty: the loss gate's where the audit has one, else the mix's.

    Parameters
    ----------
    session : Session
    p : float
        Least probability of the suggested label.
    at_round : int, optional
        Round of the loss gate, from 1; by default the last one.

    Returns
    -------
    BulkPlan
        Of rows without a decision whose suggestion is another label.
    """
    audit, state = session.audit, session.state
    suggested: IntArray = np.asarray(session.suggested_codes, dtype=np.int64)
    open_ = (state.state == UNREVIEWED) & (state.given >= 0)
    score = audit.scores.get(LOSS_GATE)
    if score is not None and "p_suggested" in score.details:
        sure = np.asarray(score.details["p_suggested"], dtype=np.float64)
        states = np.asarray(score.details["state_by_round"])
        last = states.shape[1]
        column = last if at_round is None else min(max(at_round, 1), last)
        suggested = _codes_of(session, score.suggested)
        corrected = states[:, column - 1] == _CORRECTED
    else:
        sure = np.asarray(session.suspicion, dtype=np.float64)
        corrected = np.asarray(session.flagged, dtype=bool)
    rows: IntArray = np.flatnonzero(
        open_ & corrected & (sure >= p) & (suggested >= 0) & (suggested != state.given)
    )
    # What a method wrote in one go nobody looked at.
    return BulkPlan(f"Corrections above {p:.2f}", rows, suggested[rows], sure[rows], "propagated")


def _codes_of(session: Session, labels: Any) -> IntArray:
    place = {str(value): code for code, value in enumerate(session.state.classes)}
    return np.array([place.get(str(value), -1) for value in np.asarray(labels).tolist()], dtype=np.int64)
