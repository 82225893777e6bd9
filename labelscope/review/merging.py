"""Where reviewers differ: reported, never settled silently."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from labelscope.review.events import Event, scalar_key
from labelscope.review.state import ReviewState


@dataclass(frozen=True)
class MergeReport:
    """What merging another journal brought.

    Attributes
    ----------
    added : int
        Events that were not known before.
    conflicts : tuple of int
        Rows on which reviewers differ, in ascending order; the later decision is in force until someone
        settles it.
    verdicts : dict of int to dict of str to object
        For each of those rows, by reviewer: the label, the tuple of labels that are right, or ``"excluded"``
        wrapped as ``("excluded",)``.
    """

    added: int
    conflicts: tuple[int, ...]
    verdicts: dict[int, dict[str, Any]] = field(default_factory=dict)


def conflicts_of(state: ReviewState) -> dict[int, dict[str, Any]]:
    """Find rows on which the last verdicts of two reviewers differ.

    Parameters
    ----------
    state : ReviewState

    Returns
    -------
    dict of int to dict of str to verdict
        By row, then by reviewer. ``unsure`` is no verdict: it differs from nobody's.

    Examples
    --------
    >>> conflicts_of(ReviewState([0, 1], ["cat", "dog"]))
    {}
    """
    by_reviewer = _verdicts(state.active_events())
    if len(by_reviewer) < 2:
        return {}
    found: dict[int, dict[str, Any]] = {}
    rows = [set(verdicts) for verdicts in by_reviewer.values()]
    seen: set[int] = set()
    shared: set[int] = set()
    for own in rows:
        shared |= seen & own
        seen |= own
    for row in sorted(shared):
        said = {who: verdicts[row] for who, verdicts in by_reviewer.items() if row in verdicts}
        if len({_key(verdict) for verdict in said.values()}) > 1:
            found[row] = said
    return found


def _verdicts(events: Sequence[Event]) -> dict[str, dict[int, Any]]:
    found: dict[str, dict[int, Any]] = {}
    for event in events:
        own = found.setdefault(event.reviewer, {})
        if event.kind == "relabelled":
            own.update(zip(event.rows, event.after, strict=True))
        elif event.kind == "kept":
            said = event.after or event.before
            if len(said) == len(event.rows):
                own.update(zip(event.rows, said, strict=True))
        elif event.kind == "excluded":
            own.update(dict.fromkeys(event.rows, ("excluded",)))
        elif event.kind == "accepted_set":
            labels = event.data.get("labels")
            right = sorted(labels, key=str) if isinstance(labels, list) else ()
            own.update(dict.fromkeys(event.rows, tuple(right)))
        elif event.kind == "unsure":
            for row in event.rows:
                own.pop(row, None)
    return {who: verdicts for who, verdicts in found.items() if verdicts}


def _key(verdict: Any) -> Any:
    if isinstance(verdict, tuple):
        return ("several", *(scalar_key(value) for value in verdict))
    return scalar_key(verdict)
