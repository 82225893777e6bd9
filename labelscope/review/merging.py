"""Where reviewers differ: reported, never settled silently."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from labelscope.review.events import TAGGING, Event, scalar_key
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
        For each of those rows, by reviewer: the label, the tuple of labels that are right, ``"excluded"``
        wrapped as ``("excluded",)``, or tags put in and taken out, such as ``("+joy", "-fear")``.
    """

    added: int
    conflicts: tuple[int, ...]
    verdicts: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<MergeReport: {self.added:,} events added, reviewers differ on {len(self.conflicts):,} rows>"


@dataclass
class _Verdict:
    """What one reviewer says of a row: a label or the like, tags, or both; the later word counts.

    Tags that are put in or taken out say nothing of the others: ``whole`` is absent then. Where a label is a
    set of tags, they change the set that the same reviewer named before.
    """

    whole: Any = None
    said: bool = False
    tags: dict[str, int] = field(default_factory=dict)

    def shown(self) -> Any:
        """Return the verdict as the report has it."""
        words = tuple(("+" if value else "-") + name for name, value in self.tags.items())
        if not words:
            return self.whole
        return (self.whole, *words) if self.said else words


def conflicts_of(state: ReviewState) -> dict[int, dict[str, Any]]:
    """Find rows on which the last verdicts of two reviewers differ.

    Parameters
    ----------
    state : ReviewState

    Returns
    -------
    dict of int to dict of str to verdict
        By row, then by reviewer. ``unsure`` is no verdict: it differs from nobody's. Tags that one puts in
        and another takes out differ, different tags do not; they are told as ``("+joy", "-fear")``.

    Examples
    --------
    >>> conflicts_of(ReviewState([0, 1], ["cat", "dog"]))
    {}
    """
    by_reviewer = _verdicts(state)
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
        if any(_differ(state, one, other) for one, other in combinations(said.values(), 2)):
            found[row] = {who: verdict.shown() for who, verdict in said.items()}
    return found


def _verdicts(state: ReviewState) -> dict[str, dict[int, _Verdict]]:
    found: dict[str, dict[int, _Verdict]] = {}
    for event in state.active_events():
        own = found.setdefault(event.reviewer, {})
        if event.kind == "relabelled":
            _say(state, own, zip(event.rows, event.after, strict=True))
        elif event.kind == "kept":
            said = event.after or event.before
            if len(said) == len(event.rows):
                _say(state, own, zip(event.rows, said, strict=True))
        elif event.kind == "excluded":
            own.update({row: _Verdict(("excluded",), True) for row in event.rows})
        elif event.kind == "accepted_set":
            labels = event.data.get("labels")
            right = sorted(labels, key=str) if isinstance(labels, list) else ()
            own.update({row: _Verdict(tuple(right), True) for row in event.rows})
        elif event.kind == "unsure":
            for row in event.rows:
                own.pop(row, None)
        elif event.kind in TAGGING:
            _tag(state, own, event)
    return {who: verdicts for who, verdicts in found.items() if verdicts}


def _say(state: ReviewState, own: dict[int, _Verdict], said: Iterable[tuple[int, Any]]) -> None:
    """A label replaces what was said before; attributes beside it stand, since it says nothing of them."""
    for row, label in said:
        tags = own[row].tags if row in own and state.sets is None else {}
        own[row] = _Verdict(label, True, tags)


def _tag(state: ReviewState, own: dict[int, _Verdict], event: Event) -> None:
    named = event.data.get("tags")
    known = [name for name in state.tag_names if isinstance(named, list) and name in named]
    value = int(event.kind == "tags_added")
    for row in event.rows:
        verdict = own.setdefault(row, _Verdict())
        if verdict.said and state.sets is not None and isinstance(verdict.whole, str | None):
            verdict.whole = state.sets.text(verdict.whole, state.sets.edit(known, value))
        else:
            verdict.tags = {**verdict.tags, **dict.fromkeys(known, value)}


def _differ(state: ReviewState, one: _Verdict, other: _Verdict) -> bool:
    if one.said and other.said and _key(one.whole) != _key(other.whole):
        return True
    if any(other.tags.get(name, value) != value for name, value in one.tags.items()):
        return True
    sets = state.sets
    if sets is None:
        return False
    # A whole set speaks of every tag.
    for whole, part in ((one, other), (other, one)):
        if not whole.said or not part.tags:
            continue
        edits = (sets.edit([n for n, v in part.tags.items() if v == value], value) for value in (0, 1))
        if not isinstance(whole.whole, str) or any(sets.text(whole.whole, e) != whole.whole for e in edits):
            return True
    return False


def _key(verdict: Any) -> Any:
    if isinstance(verdict, tuple):
        return ("several", *(scalar_key(value) for value in verdict))
    return scalar_key(verdict)
