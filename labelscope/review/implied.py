"""Tags that come and go with others: a taxonomy says which tag implies which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.data.tag_tree import TagTree
from labelscope.errors import notify
from labelscope.review.drafting import tag_drafts
from labelscope.review.events import MACHINES, Draft, Event
from labelscope.review.rows import Rows
from labelscope.review.state import ReviewState
from labelscope.types import Array, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit

#: Of a tagging event: what came along with its tags, and what did not because somebody had refused it.
IMPLIED, REFUSED = "implied", "refused"
_TREES: WeakKeyDictionary[Audit, TagTree | None] = WeakKeyDictionary()


def tree_of(audit: Audit) -> TagTree | None:
    """Return which tag implies which; None where the labels are no sets of tags, or none implies another."""
    if audit not in _TREES:
        taxonomy, tags = audit.evidence.get("taxonomy"), audit.dataset.labels.tags
        tree = None if taxonomy is None or tags is None else TagTree.of(taxonomy, tags.names)
        _TREES[audit] = None if tree is None or tree.flat else tree
    return _TREES[audit]


def closed_drafts(
    audit: Audit, kind: str, state: ReviewState, rows: Rows, suspicion: FloatArray, names: Sequence[str]
) -> list[Draft]:
    """Draft what putting tags in, or taking them out, writes, with all tags that come and go along.

    Parameters
    ----------
    audit : Audit
    kind : {"tags_added", "tags_removed"}
    state : ReviewState
    rows : (m,) int
    suspicion : (n,) float
        Of all rows.
    names : sequence of str

    Returns
    -------
    list of Draft
        Rows with the same tags along share one. ``data["implied"]`` names them; ``data["refused"]`` those
        that are implied but stay out, because somebody took them out of these rows.
    """
    tree = tree_of(audit)
    plain = tag_drafts(kind, state, rows, suspicion, names)
    if tree is None or not plain:
        return plain
    columns, now = tree.columns(names), _now(state, rows)
    adds = kind == "tags_added"
    along = tree.above(columns) if adds else tree.below(columns)
    if not len(along):
        return plain
    # What a suggestion says otherwise is decided, too, so that accepting the rest of it contradicts nothing.
    moved = ((now[:, along] == 1) != adds) | _suggested(audit, rows, along, not adds)
    out = np.zeros_like(moved)
    if adds:
        out = refused(state, rows)[:, along] & (now[:, along] != 1)
    moved &= ~out
    patterns, place = np.unique(np.concatenate([moved, out], axis=1), axis=0, return_inverse=True)
    drafts = []
    for which, pattern in enumerate(patterns):
        implied, kept = ([tree.names[column] for column in along[part]] for part in np.split(pattern, 2))
        data: dict[str, Any] = {"tags": [*names, *implied]}
        data |= {IMPLIED: implied} if implied else {}
        data |= {REFUSED: kept} if kept else {}
        some = rows[place.reshape(-1) == which]
        drafts += [_with(draft, data) for draft in tag_drafts(kind, state, some, suspicion, names)]
    return drafts


def refused(state: ReviewState, rows: Rows) -> BoolArray:
    """Return (m, K) bool: tags that a person took out of rows, and nobody put in since."""
    found = np.zeros((len(rows), len(state.tag_names)), dtype=bool)
    place = np.full(state.n, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    column_of = {name: column for column, name in enumerate(state.tag_names)}
    for event in state.active_events():
        at = place[list(event.rows)]
        if event.source in MACHINES or not (at >= 0).any():
            continue
        if event.kind in ("tags_added", "tags_removed"):
            taken_out = event.kind == "tags_removed"
            implied = _names(event.data.get(IMPLIED)) if taken_out else []
            tags = [
                column_of[n] for n in _names(event.data.get("tags")) if n in column_of and n not in implied
            ]
            found[np.ix_(at[at >= 0], np.array(tags, dtype=np.int64))] = taken_out
        elif event.kind == "relabelled" and state.sets is not None:
            for row, label in zip(at.tolist(), event.after, strict=False):
                if row >= 0:
                    found[row] &= state.sets.values(label) != 1
    return found


def contradictions(audit: Audit, state: ReviewState, rows: Any = slice(None)) -> IntArray:
    """Return how many tags of each row are there without the one above them, as tags are now."""
    tree = tree_of(audit)
    tags = _now(state, rows)
    return np.zeros(len(tags), np.int64) if tree is None else tree.violations(tags).sum(axis=1)


def tell_contradictions(
    audit: Audit, state: ReviewState, rows: Rows, events: Sequence[Event] | None = None
) -> None:
    """Raise a notice where rows were given tags without what these imply.

    Parameters
    ----------
    audit : Audit
    state : ReviewState
    rows : (m,) int
    events : sequence of Event, optional
        What put single tags in; by default whole sets were written, of which each tag counts.
    """
    tree = tree_of(audit)
    if tree is None or not len(rows) or (events is not None and not any(REFUSED in e.data for e in events)):
        return
    wrong = tree.violations(_now(state, rows))
    if events is not None:
        put = {name for event in events for name in _names(event.data.get("tags"))}
        wrong[:, [name not in put for name in tree.names]] = False
    against = rows[wrong.any(axis=1)]
    if not len(against):
        return
    pairs = [(tree.names[c], tree.names[int(tree.parents[c])]) for c in np.flatnonzero(wrong.any(axis=0))]
    shown = ", ".join(f"{child!r} without {parent!r}" for child, parent in pairs[:3])
    said = "1 row contradicts" if len(against) == 1 else f"{len(against):,} rows contradict"
    notify(
        "taxonomy_contradiction",
        f"{said} the taxonomy now: {shown}.",
        "What somebody took out or wrote down stays so: put the upper tag in, or take the lower one out.",
        against,
    )


def _now(state: ReviewState, rows: Any) -> Array:
    if state.sets is None:
        return np.asarray(state.tags[rows])
    return np.asarray(state.sets.table(state.classes)[state.current[rows]])


def _suggested(audit: Audit, rows: Rows, columns: IntArray, present: bool) -> BoolArray:
    found, tags = audit.main.suggested, audit.dataset.labels.tags
    if found is None or tags is None or np.shape(found) != tags.matrix.shape:
        return np.zeros((len(rows), len(columns)), dtype=bool)
    return np.asarray((np.asarray(found)[np.ix_(rows, columns)] > 0) == present)


def _names(given: Any) -> list[str]:
    return [name for name in given if isinstance(name, str)] if isinstance(given, list) else []


def _with(draft: Draft, data: dict[str, Any]) -> Draft:
    draft.data.update(data)
    return draft


__all__ = ["closed_drafts", "contradictions", "refused", "tell_contradictions", "tree_of"]
