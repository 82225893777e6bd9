"""What cards and the inspector show besides a class: chips of tags, a target on its scale, concepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.review.attribute_suggestions import suggested_attributes
from labelscope.review.events import to_scalar
from labelscope.review.live_tags import TagSuspicion, tag_suspicion
from labelscope.review.records import target_values
from labelscope.review.suggestions import suggested_targets, tag_detail
from labelscope.review.task_values import tag_probabilities
from labelscope.types import Array, FloatArray, IntArray
from labelscope.widget.messages import plain_number

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

Json = dict[str, Any]

_MAX_CHIPS = 30
_MAX_GHOSTS = 3
#: A tag that is less likely than this to be missing is no ghost on a card.
_GHOST = 0.1
#: An attribute that is less likely than this to be wrong is not shown on a card.
_DOUBTED = 0.5
_BINS = 30
_MAX_NEIGHBORS = 10
_TAGS: WeakKeyDictionary[Session, tuple[int, TagSuspicion | None]] = WeakKeyDictionary()
_DENSITY: WeakKeyDictionary[Audit, Json | None] = WeakKeyDictionary()


def task_of(session: Session) -> str:
    """Return the task of a session's labels."""
    return str(session.audit.dataset.task)


def of_detail(session: Session, row: int) -> Json:
    """Return ``chips``, ``target`` or ``concepts`` of a row, whichever its task has."""
    task = task_of(session)
    if task == "multilabel":
        return {"chips": chips(session, np.array([row]), everything=True)[0]}
    if task == "regression":
        return {"target": target(session, row)}
    if session.state.tag_names:
        return {"concepts": concepts(session, row)}
    return {}


def of_cards(session: Session, rows: IntArray) -> list[Json]:
    """Return what the cards of rows show besides: ``chips``, or ``value`` and ``suggested_value``."""
    task = task_of(session)
    if task == "multilabel":
        return [{"chips": found} for found in chips(session, rows, everything=False)]
    if task == "regression":
        now = target_values(session.state.classes, session.state.current[rows])
        wanted = suggested_targets(session.audit)
        then = np.full(len(rows), np.nan) if wanted is None else wanted[rows]
        pairs = zip(now.tolist(), then.tolist(), strict=True)
        return [{"value": to_scalar(a), "suggested_value": to_scalar(b)} for a, b in pairs]
    if session.state.tag_names:
        return [{"chips": found} for found in doubted(session, rows)]
    return [{} for _ in rows]


def doubted(session: Session, rows: IntArray) -> list[list[Json]]:
    """Return the attributes of rows that are more likely wrong than right, at most 3 a row, as chips."""
    left = suspicion_now(session)
    if left is None:
        return [[] for _ in rows]
    names = session.state.tag_names
    given, current = row_tags(session, rows)
    missing, spurious = left.at(rows)
    found = []
    for place in range(len(rows)):
        doubts = np.maximum(missing[place], spurious[place])
        worst = np.argsort(-doubts, kind="stable")[:_MAX_GHOSTS]
        found.append(
            [
                {
                    "tag": names[tag],
                    "given": int(given[place, tag]),
                    "current": int(current[place, tag]),
                    "probability": None,
                    "missing": plain_number(missing[place, tag]),
                    "spurious": plain_number(spurious[place, tag]),
                }
                for tag in worst.tolist()
                if doubts[tag] >= _DOUBTED
            ]
        )
    return found


def chips(session: Session, rows: IntArray, *, everything: bool) -> list[list[Json]]:
    """Return the tags of rows to show: given and current ones, then those that are likely missing.

    Parameters
    ----------
    session : Session
    rows : (m,) int
    everything : bool
        At most 30 tags a row; else those that a row has or had, and at most 3 that it may lack.

    Returns
    -------
    list of list of dict
        ``missing`` of a tag about which nothing is known is how probable it is.
    """
    names = session.state.tag_names
    given, current = row_tags(session, rows)
    left = suspicion_now(session)
    none: FloatArray = np.zeros(given.shape)
    missing, spurious = (none, none) if left is None else left.at(rows)
    probs = tag_probabilities(session.audit, len(names))
    likely = tag_detail(session.audit, "tag_probs", (session.audit.n, len(names)))
    likely = probs if likely is None else likely
    if likely is not None:
        # The suggestion decides these as well: no one may accept what is not in sight.
        missing = np.where(current < 0, likely[rows], missing)
    found = []
    for place, row in enumerate(rows.tolist()):
        own = (given[place] == 1) | (current[place] == 1)
        ghosts = np.flatnonzero(~own)
        ghosts = ghosts[np.argsort(-missing[place, ghosts], kind="stable")]
        if not everything:
            ghosts = ghosts[missing[place, ghosts] >= _GHOST][:_MAX_GHOSTS]
        shown = [*np.flatnonzero(own).tolist(), *ghosts.tolist()][:_MAX_CHIPS]
        found.append(
            [
                {
                    "tag": names[tag],
                    "given": int(given[place, tag]),
                    "current": int(current[place, tag]),
                    "probability": None if probs is None else plain_number(probs[row, tag]),
                    "missing": plain_number(missing[place, tag]),
                    "spurious": plain_number(spurious[place, tag]),
                }
                for tag in shown
            ]
        )
    return found


def concepts(session: Session, row: int) -> list[Json]:
    """Return all attributes of a row; ``suggested`` is what accepting makes of them, None where unknown."""
    names = session.state.tag_names
    given, current = (values[0] for values in row_tags(session, np.array([row])))
    shape = session.state.tags.shape
    doubts = tag_detail(session.audit, "attribute_suspicion", shape)
    left = suspicion_now(session)
    probs = tag_probabilities(session.audit, len(names))
    decided = None if left is None else left.decided[[row]]
    wanted = suggested_attributes(session.audit, session.state, np.array([row]), decided)
    found = []
    for place, name in enumerate(names):
        settled = left is not None and bool(left.decided[row, place])
        doubt = 0.0 if doubts is None or settled else doubts[row, place]
        found.append(
            {
                "name": name,
                "given": int(given[place]),
                "current": int(current[place]),
                "probability": None if probs is None else plain_number(probs[row, place]),
                "suspicion": plain_number(doubt),
                "suggested": None if wanted is None else int(wanted[0, place]),
            }
        )
    return found


def row_tags(session: Session, rows: IntArray) -> tuple[Array, Array]:
    """Return given and current tags of a few rows, (m, K) int8 each, without a look at all rows."""
    state = session.state
    if state.sets is None:
        return state.given_tags[rows], state.tags[rows]
    table = state.sets.table(state.classes)
    return table[state.given[rows]], table[state.current[rows]]


def suspicion_now(session: Session) -> TagSuspicion | None:
    """Return what is left of the suspicion of tags; made once between two events."""
    version = session.state.version
    known = _TAGS.get(session)
    if known is None or known[0] != version:
        known = _TAGS[session] = (version, tag_suspicion(session))
    return known[1]


def target(session: Session, row: int) -> Json:
    """Return the target of a row on the scale of all targets, and what its neighbors say.

    Returns
    -------
    dict
        ``low`` and ``high`` as the audit has them, else the middle half of the neighbors; a neighbor pulls
        where it has about the target of the row, and pushes where it has another one.
    """
    state, audit = session.state, session.audit
    given = _number(target_values(state.classes, state.given[[row]])[0])
    current = _number(target_values(state.classes, state.current[[row]])[0])
    wanted = suggested_targets(audit)
    near = np.asarray(audit.neighbors(row, k=_MAX_NEIGHBORS), dtype=np.int64)
    values = target_values(state.classes, state.current[near])
    near, values = near[~np.isnan(values)], values[~np.isnan(values)]
    low, high = _interval(audit, row, values)
    density = density_of(audit)
    width = 0.0 if density is None else (density["to"] - density["from"]) / 10
    far = _distances(audit, row, near)
    return {
        "given": given,
        "current": current,
        "suggested": None if wanted is None else _number(wanted[row]),
        "low": low,
        "high": high,
        "density": density,
        "neighbors": [
            {
                "row": int(other),
                "value": _number(value),
                "kind": "pull" if current is None or abs(value - current) <= width else "push",
                "weight": plain_number(1.0 / (1.0 + distance)),
            }
            for other, value, distance in zip(near, values, far, strict=True)
        ],
    }


def density_of(audit: Audit) -> Json | None:
    """Return how many rows have about which target: ``from``, ``to`` and 30 counts; None without targets."""
    if audit not in _DENSITY:
        values = audit.dataset.labels.targets
        values = values[np.isfinite(values)]
        found: Json | None = None
        if len(values):
            counts, edges = np.histogram(values, bins=_BINS)
            found = {"from": float(edges[0]), "to": float(edges[-1]), "counts": counts.tolist()}
        _DENSITY[audit] = found
    return _DENSITY[audit]


def _interval(audit: Audit, row: int, values: FloatArray) -> tuple[float | int | None, float | int | None]:
    ends = [audit.main.details.get(name) for name in ("low", "high")]
    if all(end is not None and np.shape(end) == (audit.n,) for end in ends):
        return _number(np.asarray(ends[0])[row]), _number(np.asarray(ends[1])[row])
    if not len(values):
        return None, None
    low, high = np.quantile(values, [0.25, 0.75])
    return _number(low), _number(high)


def _distances(audit: Audit, row: int, near: IntArray) -> list[float]:
    if "knn_distances" not in audit.evidence:
        return [0.0] * len(near)
    ids, far = audit.evidence["knn_ids"][row], audit.evidence["knn_distances"][row]
    known = {int(i): plain_number(d) for i, d in zip(ids, far, strict=True)}
    return [float(known.get(int(other), 0.0)) for other in near]


def _number(value: Any) -> float | int | None:
    return plain_number(value) if np.isfinite(value) else None
