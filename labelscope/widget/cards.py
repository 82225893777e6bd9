"""What a gallery card and the inspector show about a row, as JSON; all strings are plain text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.errors import LabelscopeError
from labelscope.review.suggestions import suggested_labels
from labelscope.types import FloatArray, IntArray
from labelscope.widget.messages import plain_number
from labelscope.widget.task_cards import of_detail
from labelscope.widget.thumbnails import Thumbnails

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.events import Event
    from labelscope.review.session import Session
    from labelscope.widget.row_facts import RowFacts

_MAX_TEXT = 2_000
_MAX_LINE = 200
_MAX_FIELDS = 12

Json = dict[str, Any]


def card(audit: Audit, row: int, thumbnails: Thumbnails | None = None) -> Json:
    """Describe one row for the gallery.

    Parameters
    ----------
    audit : Audit
    row : int
    thumbnails : Thumbnails, optional
        Decodes sounds for their loudness curve; without it nothing is decoded.

    Returns
    -------
    dict
        ``Card`` of ``protocol.ts``. ``broken`` is true when the row's media cannot be read.
    """
    media: Any = audit.dataset.media
    found: Json = {"row": int(row), "id": _line(audit.dataset.ids[row]), "caption": ""}
    try:
        found["caption"] = _line(media.caption(row))
        if media.kind == "text":
            found["text"] = str(media.text(row))[:_MAX_TEXT]
        elif media.kind in ("table", "features"):
            found["record"] = record(media.record(row))
        elif media.kind == "audio" and thumbnails is not None:
            found["wave"], duration = thumbnails.wave(row)
            found["duration"] = plain_number(duration)
        if hasattr(media, "beside"):
            found["record"] = record(media.record(row))
    except Exception:  # one bad row must not take the gallery down
        found["broken"] = True
    return found


def record(values: Mapping[str, Any]) -> list[list[str]]:
    """Format the first 12 values of a record as (name, text) pairs.

    Examples
    --------
    >>> from labelscope.widget.cards import record
    >>> record({"height": 1.23456, "name": None})
    [['height', '1.235'], ['name', '']]
    """
    shown: list[list[str]] = []
    for name, value in values.items():
        if len(shown) == _MAX_FIELDS:
            break
        shown.append([_line(name), format_value(value)])
    return shown


def format_value(value: Any) -> str:
    """Return a value as a short text; missing values are empty."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    return _line(value)


def cards(audit: Audit, rows: IntArray, size: int, thumbnails: Thumbnails) -> tuple[list[Json], list[bytes]]:
    """Describe a page of rows, with one thumbnail each.

    Parameters
    ----------
    audit : Audit
    rows : (m,) int
    size : int
        Longest side of a thumbnail in pixels.
    thumbnails : Thumbnails

    Returns
    -------
    cards : list of dict
    thumbs : list of bytes
        In the same order; empty where there is none.
    """
    shown: list[Json] = []
    thumbs: list[bytes] = []
    for row in (int(row) for row in rows):
        found = card(audit, row, thumbnails)
        thumb = b""
        try:
            thumb = thumbnails.thumb(row, size)
        except Exception:  # shown as a placeholder; the inspector says what is wrong
            found["broken"] = True
        shown.append(found)
        thumbs.append(thumb)
    return shown, thumbs


def detail(
    session: Session, row: int, rank: int, thumbnails: Thumbnails, facts: RowFacts | None = None
) -> Json:
    """Describe everything that the inspector shows about a row.

    Parameters
    ----------
    session : Session
    row : int
    rank : int
        Its place in the order of suspicion, from 1.
    thumbnails : Thumbnails
    facts : RowFacts, optional
        Adds what needs a look over all rows.

    Returns
    -------
    dict
        ``Detail`` of ``protocol.ts``.
    """
    audit = session.audit
    history = row_history(session, row)
    return {
        **card(audit, row, thumbnails),
        "suspicion": plain_number(session.suspicion[row]),
        "suggested": _suggested(session, row),
        "rank": int(rank),
        "reasons": _reasons(audit, row),
        "candidates": _candidates(audit, row),
        "neighbors": _neighbors(session, row),
        "scorers": [
            {
                "name": name,
                "suspicion": plain_number(score.suspicion[row]),
                "flagged": None if score.flagged is None else bool(score.flagged[row]),
            }
            for name, score in audit.scores.items()
        ],
        "history": [event.to_json() for event in history],
        "note": session.note_of(row),
        "tags": session.tags_of(row),
        **({} if facts is None else facts.of(row)),
        **of_detail(session, row),
    }


def rank_of(suspicion: FloatArray, row: int) -> int:
    """Return the place of a row in the order of suspicion, from 1; equal rows keep their order.

    Examples
    --------
    >>> import numpy as np
    >>> [rank_of(np.array([0.2, 0.9, 0.2]), row) for row in range(3)]
    [2, 1, 3]
    """
    own = suspicion[row]
    return int((suspicion > own).sum() + (suspicion[:row] == own).sum()) + 1


def row_history(session: Session, row: int) -> list[Event]:
    """Return the events that concern a row, undos of them included, in order."""
    return [event for event in session.events if row in event.rows]


def _suggested(session: Session, row: int) -> Any:
    return suggested_labels(session.audit, session.suggested_codes, session.state, np.array([row]))[0]


def _reasons(audit: Audit, row: int) -> list[str]:
    try:
        return [str(sentence) for sentence in audit.reasons(row)]
    except LabelscopeError:
        return []  # an audit made from the user's own scores may lack what reasons need


def _candidates(audit: Audit, row: int) -> list[Json]:
    try:
        found = audit.candidates(row, top=9)
    except LabelscopeError:
        found = []
    return [{"code": int(code), "probability": plain_number(share)} for code, share in found]


def _neighbors(session: Session, row: int) -> list[Json]:
    audit = session.audit
    rows = audit.neighbors(row, k=8)
    distances: dict[int, float] = {}
    if "knn_distances" in audit.evidence:
        ids, far = audit.evidence["knn_ids"][row], audit.evidence["knn_distances"][row]
        distances = {int(i): plain_number(d) for i, d in zip(ids, far, strict=True)}
    codes = session.state.current
    return [{"row": int(r), "code": int(codes[r]), "distance": distances.get(int(r), 0)} for r in rows]


def _line(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _MAX_LINE else text[: _MAX_LINE - 1] + "…"
