"""The two pictures that a view keeps as traits, so that a saved notebook draws without a kernel."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.types import Array, Estimate, IntArray
from labelscope.widget.cards import card
from labelscope.widget.columns import code_dtype, columns, pack_suspicion, sample_rows
from labelscope.widget.messages import PROTOCOL, plain_number, progress_json
from labelscope.widget.task_cards import of_cards
from labelscope.widget.task_columns import task_json, taxonomy_json

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.review.session import Session

_N_CARDS = 48
_N_NOTICES = 50
#: More sets of tags or numbers than this travel as bytes.
_MAX_JSON_CLASSES = 5_000

Json = dict[str, Any]


def picture(
    audit: Audit, *, with_map: bool, session: Session | None = None, rows: IntArray | None = None
) -> Json:
    """Draw the audit for the trait ``_picture``: at most 50,000 points and the first 48 cards.

    Parameters
    ----------
    audit : Audit
    with_map : bool
        False while the map is being made; x and y are None then.
    session : Session, optional
        Whose scores to show, where they are not the audit's any more.
    rows : (m,) int, optional
        Sorted rows to show; by default all, or a sample of the flagged and of others.

    Returns
    -------
    dict
        ``Picture`` of ``protocol.ts``, columns as bytes.
    """
    if rows is None:
        rows = sample_rows(audit.suspicion, audit.flagged)
    packed = columns(audit, rows, with_map=with_map, session=session)
    return {
        "protocol": PROTOCOL,
        "n": int(audit.n),
        "name": str(audit.dataset.name),
        "media": str(audit.dataset.media.kind),
        **task_json(audit.dataset),
        **taxonomy_json(audit),
        **_classes(audit),
        "summary": str(audit.summary),
        "notices": [
            {"code": n.code, "message": n.message, "hint": n.hint, "rows": list(n.rows[:100])}
            for n in audit.notices[:_N_NOTICES]
        ],
        "has_probability": bool(audit.has_probability),
        "noise_rate": _estimate(audit.noise_rate),
        "rows": None if rows is None else rows.astype("<u4").tobytes(),
        "columns": {name: None if c is None else c.tobytes() for name, c in packed.items()},
        "cards": _cards(audit, session),
    }


def _classes(audit: Audit) -> Json:
    """Return the classes as JSON; a great many sets or numbers as bytes, which no page reads twice.

    ``class_values`` are float64 numbers, or the JSON of a list of texts, where ``classes`` is empty.
    """
    labels = audit.dataset.labels
    if not labels.is_open or labels.n_classes <= _MAX_JSON_CLASSES:
        return {"classes": class_values(labels.classes), "class_names": [str(name) for name in labels.names]}
    if labels.task == "regression":
        packed = labels.classes.astype("<f8").tobytes()
    else:
        packed = json.dumps(class_values(labels.classes)).encode("ascii")
    return {"classes": [], "class_names": [], "class_values": packed}


def _cards(audit: Audit, session: Session | None) -> list[Json]:
    rows = most_suspicious(audit, _N_CARDS)
    found = [card(audit, int(row)) for row in rows]
    if session is not None:
        for shown, more in zip(found, of_cards(session, rows), strict=True):
            shown.update(more)
    return found


def most_suspicious(audit: Audit, n: int) -> IntArray:
    """Return the ``n`` most suspicious rows without sorting all of them; equal ones keep the row order."""
    suspicion = np.asarray(audit.suspicion)
    if len(suspicion) <= n:
        return np.argsort(-suspicion, kind="stable")
    # A histogram says from where on there are enough: a partition of a million floats takes ten times longer.
    coarse = pack_suspicion(suspicion)
    from_top = np.cumsum(np.bincount(coarse, minlength=256)[::-1])
    near = np.flatnonzero(coarse >= 255 - int(np.searchsorted(from_top, n)))
    return near[np.argsort(-suspicion[near], kind="stable")][:n]


def edits(session: Session) -> Json:
    """List the rows with a decision for the trait ``_edits``.

    Parameters
    ----------
    session : Session

    Returns
    -------
    dict
        ``Edits`` of ``protocol.ts``, columns as bytes.
    """
    state = session.state
    n_given = len(session.audit.classes)
    wide = code_dtype(len(state.classes), wide=session.audit.dataset.labels.is_open) is np.uint32
    none, width = (0xFFFF_FFFF, "<u4") if wide else (65_535, "<u2")
    rows = np.flatnonzero((state.state != 0) | (state.current != session.audit.given_codes))
    current = np.asarray(state.current)[rows]
    return {
        "rows": rows.astype("<u4").tobytes(),
        "current": np.where(current < 0, none, current).astype(width).tobytes(),
        **({"dtype": "uint32"} if wide else {}),
        "state": np.asarray(state.state)[rows].astype(np.uint8).tobytes(),
        "new_classes": class_values(state.classes[n_given:]),
        "progress": progress_json(session.progress()),
    }


def class_values(classes: Array | list[Any] | tuple[Any, ...]) -> list[Any]:
    """Return label values as JSON scalars, in order."""
    from labelscope.review.events import to_scalar

    return [to_scalar(value) for value in classes]


def _estimate(found: Estimate | None) -> Json | None:
    if found is None or not np.isfinite(found.value):
        return None
    return {
        "value": plain_number(found.value),
        "low": plain_number(found.low),
        "high": plain_number(found.high),
        "level": plain_number(found.level),
        "measured": bool(found.measured),
    }
