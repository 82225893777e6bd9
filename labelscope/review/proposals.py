"""Proposals: what one fix makes likely for the other labels of a row, kept in the journal until taken up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.review.drafting import label_drafts, tag_drafts
from labelscope.review.events import Draft, Event
from labelscope.review.new_labels import LabelReader
from labelscope.review.suggestions import checked_tags

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: The variable of a proposal that is about the class itself.
CLASS = "class"


def record_proposals(
    session: Session, row: int, fix: Mapping[str, Any], proposals: Sequence[Mapping[str, Any]]
) -> tuple[Event, ...]:
    """Note in the journal what was proposed after a fix; no label changes, and there is nothing to undo.

    Parameters
    ----------
    session : Session
    row : int
    fix : mapping
        What was changed.
    proposals : sequence of mapping
        ``variable``, ``kind`` (``"class"`` or ``"attribute"``), ``old``, ``new``, ``p_old``, ``p_new``.

    Returns
    -------
    tuple of Event
    """
    data = {"fix": dict(fix), "proposals": [dict(found) for found in proposals]}
    return session.ledger.record(lambda: [Draft("proposed", [row], data=data)], "propagated")


def proposals_of(session: Session, row: int) -> list[dict[str, Any]]:
    """Return the proposals that were made last about a row."""
    for event in reversed(session.state.active_events()):
        if event.kind == "proposed" and row in event.rows:
            made = event.data.get("proposals")
            made = made if isinstance(made, list) else []
            return [one for one in made if isinstance(one, dict) and isinstance(one.get("variable"), str)]
    return []


def accept_proposals(session: Session, row: int, variables: Sequence[str]) -> tuple[Event, ...]:
    """Carry out proposals that were made last about a row, as one undo step.

    Parameters
    ----------
    session : Session
    row : int
    variables : sequence of str
        Names of tags or attributes, or ``"class"``.

    Returns
    -------
    tuple of Event

    Raises
    ------
    InvalidInputError
        No such proposal was made.
    """
    made = {one["variable"]: one for one in proposals_of(session, row)}
    for name in variables:
        if name not in made:
            raise InvalidInputError.unknown("proposal", name, list(made))
    chosen = [made[name] for name in dict.fromkeys(variables)]
    dataset = session.audit.dataset
    rows = np.array([row], dtype=np.int64)
    named: dict[int, list[str]] = {1: [], 0: []}
    classes = [one for one in chosen if _is_class(one)]
    for one in chosen:
        if not _is_class(one):
            named[int(bool(one.get("new")))] += checked_tags(dataset, one["variable"])

    def plan() -> list[Draft]:
        state = session.ledger.state
        drafts: list[Draft] = []
        for one in classes[-1:]:
            reader = LabelReader(dataset.labels, state.classes, False)
            codes = np.array([reader.code(one.get("new"))], dtype=np.int64)
            drafts += label_drafts(state, rows, codes, session.suspicion, reader.classes)
        for kind, names in (("tags_added", named[1]), ("tags_removed", named[0])):
            if names:
                drafts += tag_drafts(kind, state, rows, session.suspicion, names)
        return drafts

    return session.ledger.record(plan, "propagated")


def _is_class(proposal: Mapping[str, Any]) -> bool:
    return bool(proposal.get("kind", proposal["variable"]) == CLASS)
