"""What the names of a query stand for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from labelscope.data import frames
from labelscope.review.derived import derived_of, maker_of
from labelscope.review.query_syntax import TAG, Name, QueryError
from labelscope.review.records import target_values
from labelscope.review.state import STATES, UNREVIEWED
from labelscope.review.suggestions import shown_labels, suggested_targets
from labelscope.review.task_values import task_names, task_value
from labelscope.types import Array, BoolArray

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset
    from labelscope.review.session import Session

BUILT_IN = (
    "suspicion",
    "given",
    "current",
    "suggested",
    "state",
    "reviewed",
    "flagged",
    "reviewer",
    "row",
    "id",
    "note",
    "text",
)
#: Built-in names that are true or false by themselves.
TRUTHS = ("reviewed", "flagged")
_MOST_VALUES = 50
_TEXTS: WeakKeyDictionary[Any, Array] = WeakKeyDictionary()


@dataclass(frozen=True)
class Known:
    """What a name stands for.

    Attributes
    ----------
    kind : {"number", "truth", "category", "text"}
    values : (n,) array
        Numbers with NaN, truth values, codes with -1 for none, or objects.
    missing : (n,) bool
    categories, names : sequence
        What codes stand for, and how that is shown.
    open : bool
        Whether a value that nobody has is no mistake.
    """

    kind: str
    values: Array
    missing: BoolArray
    categories: Sequence[Any] = ()
    names: Sequence[Any] = ()
    open: bool = False


def names_of(session: Session) -> tuple[str, ...]:
    """Return all names that a query of this session may use, built-in ones first, derived columns last."""
    frame = session.audit.dataset.frame
    columns = () if frame is None else tuple(str(name) for name in frames.column_names(frame))
    tags = (f"{TAG}{_quoted(tag)}" for tag in session.state.tag_names)
    of_task = (one for one in task_names(session) if not one.startswith(("tag: ", "attribute: ")))
    derived = derived_of(session).queried(session)
    return tuple(dict.fromkeys((*BUILT_IN, *columns, *tags, *of_task, *derived)))


def truths_of(session: Session) -> tuple[str, ...]:
    """Return the names that are true or false by themselves, as far as that is known without reading."""
    return (*TRUTHS, *derived_of(session).truths(session))


def values_of(session: Session, name: str) -> tuple[Any, ...]:
    """Return up to 50 values that a name takes, for completion; empty for numbers and texts."""
    try:
        known = known_of(session, Name(name, 0))
    except QueryError:
        return ()
    return tuple(known.names[:_MOST_VALUES]) if known.kind == "category" else ()


def known_of(session: Session, name: Name) -> Known:
    """Look a name up.

    Raises
    ------
    QueryError
        There is no such name; the near miss is named.
    """
    if not name.column and name.text in BUILT_IN:
        return _built_in(session, name.text)
    if not name.column and name.text.startswith(TAG):
        return _tag(session, name)
    frame = session.audit.dataset.frame
    columns = {} if frame is None else {str(own): own for own in frames.column_names(frame)}
    if name.text in columns:
        return _column(session.audit.dataset, columns[name.text])
    of_task = _of_task(session, name.text)
    if of_task is not None:
        return of_task
    derived = _derived(session, name)
    if derived is not None:
        return derived
    known = [*columns, *task_names(session)] if name.column else list(names_of(session))
    near = difflib.get_close_matches(name.text, known, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    kind = "column" if name.column else "name"
    raise QueryError(
        f"There is no {kind} {name.text!r:.60}.",
        f"{'' if name.column else maker_of(name.text)}{hint}Known: {', '.join(known[:20]) or 'none'}.",
        name.start,
    )


def _built_in(session: Session, name: str) -> Known:
    state, audit = session.state, session.audit
    none = np.zeros(audit.n, dtype=bool)
    if name in ("given", "current", "suggested") and audit.dataset.labels.task == "regression":
        numbers = target_values(state.classes, state.given if name == "given" else state.current)
        if name == "suggested":
            wanted = suggested_targets(audit)
            numbers = np.full(audit.n, np.nan) if wanted is None else wanted
        return Known("number", numbers, np.isnan(numbers))
    if name in ("given", "current", "suggested"):
        codes = {"given": state.given, "current": state.current}.get(name, session.suggested_codes)
        codes = np.asarray(codes, dtype=np.int64)
        names = shown_labels(state, audit.dataset)
        return Known("category", codes, codes < 0, state.classes, names)
    if name == "state":
        return Known("category", state.state.astype(np.int64), none, STATES, STATES)
    if name == "reviewer":
        who = sorted({event.reviewer for event in state.events})
        table = np.array([*[who.index(event.reviewer) for event in state.events], -1], dtype=np.int64)
        codes = table[state.last]
        return Known("category", codes, codes < 0, who, who, open=True)
    if name == "suspicion":
        return Known("number", np.asarray(session.suspicion, dtype=np.float64), none)
    if name == "row":
        return Known("number", np.arange(audit.n), none)
    if name in ("reviewed", "flagged"):
        return Known("truth", state.state != UNREVIEWED if name == "reviewed" else session.flagged, none)
    if name == "id":
        return Known("text", audit.dataset.ids, none)
    if name == "note":
        notes = _notes(session)
        return Known("text", notes, np.asarray(notes == "", dtype=bool))
    return Known("text", _texts(audit.dataset), none)


def _tag(session: Session, name: Name) -> Known:
    tag = name.text.removeprefix(TAG)
    names = session.state.tag_names
    if tag not in names:
        near = difflib.get_close_matches(tag, names, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise QueryError(
            f"There is no tag {tag!r:.60}.", f"{hint}Known: {', '.join(names[:20]) or 'none'}.", name.start
        )
    values = session.state.tags[:, names.index(tag)]
    return Known("truth", values == 1, values < 0)


def _of_task(session: Session, name: str) -> Known | None:
    found = task_value(session, name)
    if found is None:
        return None
    if found.kind == "number":
        return Known("number", found.values, np.isnan(found.values))
    codes = np.array([1, 0, -1], dtype=np.int64)[found.values]
    return Known("category", codes, codes < 0, ("yes", "no"), ("yes", "no"), open=True)


def _derived(session: Session, name: Name) -> Known | None:
    """Look a derived column up: by its word, or in backticks as the color menu calls it."""
    derived = derived_of(session)
    queried = derived.queried(session)
    own = name.text in queried.values() if name.column else name.text in queried
    if not own:
        return None
    fact = derived.fact(session, name.text if name.column else queried[name.text])
    return Known(fact.kind, fact.values, fact.missing, fact.names, fact.names)


def _quoted(tag: str) -> str:
    if tag and not re.search(r"[\s()\"'`,]", tag):
        return tag
    return '"' + tag.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _notes(session: Session) -> Array:
    notes = np.full(session.audit.n, "", dtype=object)
    for event in session.state.active_events():
        if event.kind == "noted":
            notes[list(event.rows)] = str(event.data.get("text") or "")
    return notes


def _texts(dataset: Dataset) -> Array:
    """Gather what rows say, once: their text, else what their card is called."""
    media = dataset.media
    found = _TEXTS.get(media)
    if found is None:
        found = np.empty(dataset.n, dtype=object)
        say = getattr(media, "text", None) if media.kind == "text" else media.caption
        for row in range(dataset.n):
            try:
                found[row] = str(say(row)) if say is not None else ""
            except Exception:  # a row that cannot be read says nothing
                found[row] = ""
        _TEXTS[media] = found
    return found


def _column(dataset: Dataset, name: Any) -> Known:
    frame = dataset.frame
    values = frames.column_values(frame, name)
    if values.dtype.kind == "b":
        return Known("truth", values, np.zeros(len(values), dtype=bool))
    if values.dtype.kind in "iuf":
        return Known(
            "number", values, np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), bool)
        )
    missing = np.fromiter((v is None or v != v for v in values), bool, len(values))
    kinds = {type(v) for v, gone in zip(values.tolist(), missing.tolist(), strict=True) if not gone}
    if kinds and kinds <= {int, float}:
        numbers = np.where(missing, np.nan, values).astype(np.float64)
        return Known("number", numbers, missing)
    if kinds == {bool} and missing.any():
        codes = np.fromiter(
            (-1 if gone else int(v) for v, gone in zip(values, missing, strict=True)), np.int64
        )
        return Known("category", codes, missing, (False, True), ("false", "true"), open=True)
    distinct: dict[Any, int] = {}
    try:
        for value, gone in zip(values.tolist(), missing.tolist(), strict=True):
            if not gone:
                distinct.setdefault(value, len(distinct))
            if len(distinct) > 1000:
                break
    except TypeError:  # lists and the like
        return Known("text", values, missing)
    if len(distinct) > 1000:
        return Known("text", values, missing)
    codes = np.array(
        [-1 if gone else distinct[v] for v, gone in zip(values, missing, strict=True)], dtype=np.int64
    )
    return Known("category", codes, missing, list(distinct), [str(v) for v in distinct], open=True)
