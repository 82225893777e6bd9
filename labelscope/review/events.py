"""Events: one decision each, the same JSON object on disk and on the wire."""

from __future__ import annotations

import json
import math
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from labelscope.data.label_values import is_missing
from labelscope.errors import InvalidInputError, InvalidTypeError

#: Kinds that put single tags in or take them out.
TAGGING = ("tags_added", "tags_removed")
#: Kinds that decide about a row; the last active one determines the row's state.
DECISIONS = ("relabelled", "kept", "unsure", "excluded", "accepted_set", *TAGGING)
#: Who is not a person: a decision of theirs is no look.
MACHINES = ("teacher", "propagated", "judge")
#: Kinds that a person can take back, as votes of a study and a withdrawn plan; all others are no undo step.
STEPS = (*DECISIONS, "tagged", "noted", "reverted")
#: Kinds known to this version. Others are kept and shown, and change nothing.
KINDS = (*STEPS, "gate_set", "voted", "page_timed", "proposed", "planned")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_FIELDS = ("kind", "id", "batch", "at", "reviewer", "source", "rows", "before", "after", "suspicion", "data")


@dataclass(frozen=True)
class Event:
    """One line of the journal.

    Attributes
    ----------
    kind : str
        ``"relabelled"``, ``"kept"``, ``"unsure"``, ``"excluded"``, ``"accepted_set"``, ``"tags_added"``,
        ``"tags_removed"``, ``"tagged"``, ``"noted"``, ``"reverted"``, ``"gate_set"``, ``"voted"``,
        ``"page_timed"``, ``"proposed"``, ``"planned"``, or a kind of a later version.
    id, batch : str
        Sortable by time; a batch is one gesture and one undo step.
    at : str
        UTC with microseconds, such as ``"2025-01-31T09:30:00.000000Z"``.
    reviewer, source : str
        Who decided, and by what: ``"widget"``, ``"api"``, ``"suggestion"``, ``"teacher"``, ``"judge"``,
        ``"propagated"``.
    rows : tuple of int
        Row positions; those of the undone batch for ``"reverted"``.
    before, after : tuple of label values
        Label of each row before and after; None is unlabelled. Empty for kinds without labels.
    suspicion : tuple of float
        Suspicion of each row at that time.
    data : dict
        ``text`` (noted), ``tags`` (tagged: values by name; tags_added, tags_removed: names), ``implied``
        and ``refused`` (tags_added, tags_removed: under a taxonomy), ``labels``
        (accepted_set), ``fix`` and ``proposals`` (proposed), ``reverts`` (reverted: a batch),
        ``new_class`` (relabelled), ``drawn`` and ``p`` (a look by chance), ``at`` and ``before`` (gate_set),
        ``control``, ``passed``, ``verdict`` and ``suggested`` (voted), ``study`` and what was said (voted in
        a study), ``seconds``, ``idle``, ``plan`` and ``page`` (page_timed), ``plan``, or ``seat`` and ``of``,
        or ``withdrawn``, a plan's id (planned).

    Examples
    --------
    >>> event = Event("kept", "1", "1", "2025-01-31T09:30:00.000000Z", "ada", "api", (3,), ("cat",), ("cat",))
    >>> Event.from_json(event.to_json()) == event
    True
    """

    kind: str
    id: str
    batch: str
    at: str
    reviewer: str
    source: str
    rows: tuple[int, ...] = ()
    before: tuple[Any, ...] = ()
    after: tuple[Any, ...] = ()
    suspicion: tuple[float, ...] = ()
    data: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> tuple[str, str]:
        """Place in the order of all events."""
        return (self.at, self.id)

    @property
    def reverts(self) -> str:
        """The batch that a ``"reverted"`` event takes back, else empty."""
        target = self.data.get("reverts") if self.kind == "reverted" else None
        return target if isinstance(target, str) else ""

    @property
    def is_step(self) -> bool:
        """Whether the person can take it back; what was said of a control stands."""
        more = {"voted": "study", "planned": "withdrawn"}.get(self.kind)
        return self.kind in STEPS or (more is not None and more in self.data)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of this event."""
        return {
            "kind": self.kind,
            "id": self.id,
            "batch": self.batch,
            "at": self.at,
            "reviewer": self.reviewer,
            "source": self.source,
            "rows": list(self.rows),
            "before": list(self.before),
            "after": list(self.after),
            "suspicion": list(self.suspicion),
            "data": self.data,
        }

    def to_line(self) -> bytes:
        """Return the line of the journal, its end included."""
        # ASCII only: lone surrogates survive, and no character can be taken for the end of a line.
        text = json.dumps(self.to_json(), separators=(",", ":"), allow_nan=False)
        return text.encode("ascii") + b"\n"

    @classmethod
    def from_json(cls, found: Any) -> Event:
        """Read an event.

        Parameters
        ----------
        found : dict
            As from :meth:`to_json`. Fields of later versions are ignored.

        Returns
        -------
        Event

        Raises
        ------
        InvalidInputError
            When it is not an event.
        """
        if not isinstance(found, dict):
            raise InvalidInputError(f"An event must be a JSON object, but is {found!r:.60}.")
        texts = [found.get(name) for name in _FIELDS[:6]]
        if not all(isinstance(text, str) for text in texts) or not texts[1] or not texts[2]:
            raise InvalidInputError(f"An event needs {', '.join(_FIELDS[:6])}, but has {sorted(found)}.")
        lists = [found.get(name) or [] for name in _FIELDS[6:10]]
        data = found.get("data") or {}
        if not all(isinstance(items, list) for items in lists) or not isinstance(data, dict):
            raise InvalidInputError("rows, before, after and suspicion must be lists, and data an object.")
        rows, before, after, suspicion = lists
        if not set(map(type, rows)) <= {int} or (rows and min(rows) < 0):
            raise InvalidInputError("rows of an event must be whole numbers from 0.")
        scalars = {str, int, float, bool, type(None)}
        if texts[0] in STEPS and not {*map(type, before), *map(type, after)} <= scalars:
            raise InvalidInputError("Labels of an event must be text, numbers, true, false or null.")
        if texts[0] in STEPS and any(
            len(items) not in (0, len(rows)) for items in (before, after, suspicion)
        ):
            raise InvalidInputError("before, after and suspicion of an event must have one entry a row.")
        if texts[0] == "relabelled" and len(after) != len(rows):
            raise InvalidInputError("A relabelled event needs the new label of each row.")
        columns: list[Any] = [tuple(rows), tuple(before), tuple(after), tuple(suspicion)]
        fields = dict(zip(_FIELDS, [*texts, *columns, data], strict=True))
        return cls(**fields)


def to_scalar(value: Any) -> Any:
    """Return a label value as JSON knows it.

    Parameters
    ----------
    value : object
        A label: str, int, float, bool, a numpy scalar, None or NaN.

    Returns
    -------
    str, int, float, bool or None
        None for no label.

    Raises
    ------
    InvalidTypeError
        For what cannot be a label.

    Examples
    --------
    >>> import numpy as np
    >>> to_scalar(np.int8(3)), to_scalar(np.str_("cat")), to_scalar(float("nan"))
    (3, 'cat', None)
    """
    if is_missing(value):
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    if isinstance(value, str):
        return str(value)
    raise InvalidTypeError(
        f"A label must be text, a number, True, False or None, but {value!r:.60} is of the type"
        f" {type(value).__name__}.",
        "Pass one label, or one label per row in a list.",
    )


def scalar_key(value: Any) -> Any:
    """Return what to look a label value up by: True and 1 stay apart, 1 and 1.0 do not."""
    return ("bool", value) if isinstance(value, bool) else value


@dataclass(frozen=True)
class Stamp:
    """Time and identity of one batch."""

    at: str
    batch: str
    ticks: int

    def event_id(self, place: int) -> str:
        """Return the id of the batch's event at a place; ids sort as events do."""
        return f"{self.ticks:014x}-{place:04x}-{secrets.token_hex(5)}"


_clock_lock = threading.Lock()
_last_tick = 0


def stamp(after: str = "") -> Stamp:
    """Make the stamp of a new batch.

    Parameters
    ----------
    after : str
        Time of the last event known; the new one is later even where another machine's clock is ahead.

    Returns
    -------
    Stamp
    """
    global _last_tick
    with _clock_lock:
        _last_tick = max(time.time_ns() // 1000, _last_tick + 1, _ticks(after) + 1)
        ticks = _last_tick
    moment = _EPOCH + timedelta(microseconds=ticks)
    at = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return Stamp(at, f"{ticks:014x}-{secrets.token_hex(5)}", ticks)


def _ticks(at: str) -> int:
    try:
        moment = datetime.fromisoformat(at)
        return (moment - _EPOCH) // _TICK
    except (ValueError, TypeError):
        return 0


@dataclass(frozen=True)
class Draft:
    """A decision without time and author: what a gesture is about to do to some rows."""

    kind: str
    rows: Sequence[int]
    before: Sequence[Any] = ()
    after: Sequence[Any] = ()
    suspicion: Sequence[float] = ()
    data: dict[str, Any] = field(default_factory=dict)


def finish(drafts: Sequence[Draft], reviewer: str, source: str, after: str = "") -> tuple[Event, ...]:
    """Turn the drafts of one gesture into the events of one batch.

    Parameters
    ----------
    drafts : sequence of Draft
    reviewer, source : str
    after : str
        Time of the last event known.

    Returns
    -------
    tuple of Event
    """
    if not drafts:
        return ()
    mark = stamp(after)
    return tuple(
        Event(
            draft.kind,
            mark.event_id(place),
            mark.batch,
            mark.at,
            reviewer,
            source,
            tuple(draft.rows),
            tuple(draft.before),
            tuple(draft.after),
            tuple(draft.suspicion),
            draft.data,
        )
        for place, draft in enumerate(drafts)
    )
