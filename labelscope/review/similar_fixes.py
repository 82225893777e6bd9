"""Give rows that hold the wrong pattern of a fixed row the same fix, and what follows from it: one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.drafting import label_drafts, tag_drafts
from labelscope.review.events import Draft, Event
from labelscope.review.new_labels import LabelReader
from labelscope.review.propagation import Proposal, apply_to_similar
from labelscope.review.proposals import CLASS
from labelscope.types import IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

Change = tuple[str, str, Any]


def fix_similar(
    session: Session, rows: Sequence[int] | IntArray, row: int, fix: Mapping[str, Any]
) -> tuple[Event, ...]:
    """Fix rows as one row was fixed, where they had the same wrong pattern; one undo step.

    What is proposed is noted in the journal first, apart from what is then carried out.

    Parameters
    ----------
    session : Session
        Of task ``"concepts"``.
    rows : (m,) int
        Where to look, such as the selection; rows of another pattern are left alone.
    row : int
        The row that was fixed.
    fix : mapping
        Names of attributes to 1 or 0, and ``"class"`` to a class.

    Returns
    -------
    tuple of Event
        Empty when no row has the pattern.

    Raises
    ------
    TaskError, InvalidInputError, InvalidTypeError
        As for `labelscope.review.propagation.propose`.
    """
    found = {similar: made for similar, made in apply_to_similar(session, rows, row, fix).items() if made}
    if not found:
        return ()
    told = [Draft("proposed", [similar], data=_noted(fix, made)) for similar, made in found.items()]
    session.ledger.record(lambda: told, "propagated")
    return session.ledger.record(lambda: _drafts(session, found), "propagated")


def changed_variables(found: Mapping[int, Sequence[Proposal]]) -> list[dict[str, Any]]:
    """Count the rows of each change, most frequent first: ``variable``, ``new`` and ``rows``."""
    counts: dict[Change, int] = {}
    for made in found.values():
        for one in made:
            key = (one.variable, one.kind, one.new)
            counts[key] = counts.get(key, 0) + 1
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return [
        {"variable": variable, "kind": kind, "new": new, "rows": n} for (variable, kind, new), n in ranked
    ]


def _noted(fix: Mapping[str, Any], made: Sequence[Proposal]) -> dict[str, Any]:
    fields = ("variable", "kind", "old", "new", "p_old", "p_new")
    return {"fix": dict(fix), "proposals": [{name: getattr(one, name) for name in fields} for one in made]}


def _drafts(session: Session, found: Mapping[int, Sequence[Proposal]]) -> list[Draft]:
    """Rows that get the same go into one event."""
    state, labels = session.ledger.state, session.audit.dataset.labels
    drafts: list[Draft] = []
    for kind, value in (("tags_added", 1), ("tags_removed", 0)):
        groups: dict[tuple[str, ...], list[int]] = {}
        for row, made in found.items():
            names = tuple(one.variable for one in made if one.kind != CLASS and one.new == value)
            if names:
                groups.setdefault(names, []).append(row)
        for names, some in groups.items():
            drafts += tag_drafts(kind, state, np.array(some), session.suspicion, names)
    wanted = [(row, one.new) for row, made in found.items() for one in made if one.kind == CLASS]
    if wanted:
        reader = LabelReader(labels, state.classes, False)
        codes = np.array([reader.code(label) for _, label in wanted], dtype=np.int64)
        rows = np.array([row for row, _ in wanted], dtype=np.int64)
        drafts += label_drafts(state, rows, codes, session.suspicion, reader.classes)
    return drafts


__all__ = ["changed_variables", "fix_similar"]
