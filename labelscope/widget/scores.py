"""The ``scores`` message: new suspicion, suggestions and flags for all rows, or for the few that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.types import Array, IntArray
from labelscope.widget.columns import broken_rows, little, pack_codes, pack_flags, pack_suspicion
from labelscope.widget.judging import estimate_json, gate_json
from labelscope.widget.messages import Json, plain_number, progress_json

if TYPE_CHECKING:
    from labelscope.review.session import Session

#: Above this many rows, a change of fewer than a tenth travels as rows and values.
SPARSE_FROM = 50_000
_MAX_MOVED = 200


class ScoreColumns:
    """Packs the scores of a session, and remembers what was sent last.

    Parameters
    ----------
    session : Session

    Notes
    -----
    The first time all rows are sent, whatever the page knew.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._broken = broken_rows(session.audit)
        self._sent: tuple[Array, Array, Array] | None = None

    def changed(self, *, whole: bool = False) -> tuple[Json, list[bytes]]:
        """Return columns and buffers of what changed since the last call.

        Parameters
        ----------
        whole : bool
            Send all rows, changed or not: for a page that knows nothing yet.

        Returns
        -------
        named : dict
            ``rows``, ``suspicion``, ``suggested``, ``flags``: buffer and dtype each.
        buffers : list of bytes
        """
        new = self._pack()
        whole = whole or self._sent is None
        differs = np.zeros(self._session.audit.n, dtype=bool)
        for old, column in zip(self._sent or new, new, strict=True):
            differs |= old != column
        self._sent = new
        rows = np.flatnonzero(differs)
        few = self._session.audit.n > SPARSE_FROM and len(rows) < len(differs) // 10
        sparse = not whole and (few or not len(rows))
        named: Json = {"rows": {"buffer": 3, "dtype": "uint32"} if sparse else None}
        buffers = []
        for place, (name, column) in enumerate(zip(("suspicion", "suggested", "flags"), new, strict=True)):
            named[name] = {"buffer": place, "dtype": str(column.dtype.name)}
            buffers.append((column[rows] if sparse else column).tobytes())
        if sparse:
            buffers.append(rows.astype("<u4").tobytes())
        return named, buffers

    def _pack(self) -> tuple[Array, Array, Array]:
        session = self._session
        audit = session.audit
        with session.ledger.lock:
            flagged = np.asarray(session.flagged, dtype=bool)
            suggested, wide = np.asarray(session.suggested_codes), audit.dataset.labels.is_open
            codes = pack_codes(suggested, len(audit.classes), wide=wide)
            suspicion = pack_suspicion(session.suspicion)
        return suspicion, little(codes), pack_flags(audit, self._broken, flagged)


def scores_message(
    session: Session,
    columns: tuple[Json, list[bytes]],
    *,
    seq: int,
    rescored: Any = None,
    order: IntArray | None = None,
) -> tuple[Json, list[bytes]]:
    """Word the scores for a page.

    Parameters
    ----------
    session : Session
    columns : (dict, list of bytes)
        From :meth:`ScoreColumns.changed`.
    seq : int
        Grows with each rescore.
    rescored : Rescored, optional
        What moved, and how long it took.
    order : (n,) int, optional
        All rows in the order of the queue; None leaves the page's order as it is.

    Returns
    -------
    message : dict
        ``Scores`` of ``protocol.ts``.
    buffers : list of bytes
    """
    named, buffers = columns
    buffers = list(buffers)
    placed = None
    if order is not None:
        placed = {"buffer": len(buffers), "dtype": "uint32"}
        buffers.append(order.astype("<u4").tobytes())
    moved = [] if rescored is None else [int(row) for row in rescored.moved[:_MAX_MOVED]]
    return {
        "type": "scores",
        "seq": seq,
        **named,
        "order": placed,
        "moved": moved,
        "n_moved": 0 if rescored is None else int(rescored.n_moved),
        "noise_rate": None if rescored is None else noise_json(rescored.noise_rate),
        "estimate": estimate_json(session),
        "gate": gate_json(session),
        "progress": progress_json(session.progress()),
        "ms": 0 if rescored is None else plain_number(rescored.ms),
    }, buffers


def noise_json(found: Any) -> Json | None:
    """Return an estimated share of wrong labels as JSON."""
    if found is None:
        return None
    numbers = {name: plain_number(getattr(found, name)) for name in ("value", "low", "high", "level")}
    return {**numbers, "measured": bool(found.measured)}
