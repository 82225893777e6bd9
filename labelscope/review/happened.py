"""What a gesture did: a tuple of events that says in one line what happened."""

from __future__ import annotations

from labelscope.review.events import Event

_SAID = {
    "accepted_set": "set accepted for",
    "tags_added": "tags added to",
    "tags_removed": "tags removed from",
    "noted": "note on",
    "reverted": "took back",
    "voted": "vote on",
    "proposed": "proposal for",
}


class Happened(tuple[Event, ...]):
    """A tuple of events, shown in short: a notebook prints what a cell ends with.

    Examples
    --------
    >>> event = Event("relabelled", "1", "1", "2025-01-31T09:30:00Z", "ada", "api", (3,), ("a",), ("b",))
    >>> Happened([event]), Happened([event]) == (event,), Happened()
    (<1 event: relabelled 1 row>, True, <0 events>)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        count = f"{len(self):,} event{'' if len(self) == 1 else 's'}"
        rows: dict[str, int] = {}
        for event in self:
            rows[event.kind] = rows.get(event.kind, 0) + len(event.rows)
        parts = []
        for kind, n in rows.items():
            said = _SAID.get(kind, kind.replace("_", " "))
            parts.append(f"{said} {n:,} row{'' if n == 1 else 's'}" if n else said)
        return f"<{count}: {', '.join(parts)}>" if parts else f"<{count}>"
