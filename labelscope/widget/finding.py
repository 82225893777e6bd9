"""Answers about which rows: similar ones, exemplars of a class, columns of the user's frame, queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.types import Array, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session
    from labelscope.widget.messages import Json
    from labelscope.widget.shared import Shared

_MAX_SIMILAR = 5_000
_BLOCK = 65_536

Answer = tuple["Json", list[bytes]]


class Finding:
    """Finds rows for a page.

    Parameters
    ----------
    shared : Shared
    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def similar(self, row: int) -> Answer:
        """Return rows by similarity, nearest first, the row itself left out."""
        rows = similar_rows(self._shared.session, row)
        return {"rows": len(rows)}, [rows.astype("<u4").tobytes()]

    def exemplars(self, code: int, n: int) -> Answer:
        """Return the rows that are most surely of a class."""
        return {"rows": [int(row) for row in exemplars(self._shared.session, code, n)]}, []

    def column(self, column: str) -> Answer:
        """Return a column of the user's frame as numbers or codes."""
        info, values = self._shared.columns.packed(column)
        return {"info": info, "dtype": str(values.dtype.name)}, [values.tobytes()]

    def query(self, text: str) -> Answer:
        """Return the rows that a query finds."""
        from labelscope.review.querying import parse

        rows = np.asarray(parse(text).rows(self._shared.session), dtype=np.int64)
        return {"rows": len(rows)}, [rows.astype("<u4").tobytes()]

    def complete(self, text: str, cursor: int) -> Answer:
        """Return what could be written at the cursor, and where it starts."""
        from labelscope.review.querying import complete, names_of, truths_of, values_of

        session = self._shared.session
        names, truths = names_of(session), truths_of(session)
        at = min(cursor, len(text))
        found, start = complete(text, at, names, lambda name: values_of(session, name), truths)
        items = [{"label": item.label, "insert": item.insert, "kind": item.kind} for item in found]
        return {"items": items, "from": int(start)}, []


def similar_rows(session: Session, row: int) -> IntArray:
    """Return rows by similarity to one, in feature space, nearest first; at most 5,000.

    Parameters
    ----------
    session : Session
    row : int

    Returns
    -------
    (m,) int64

    Raises
    ------
    MissingEvidenceError
        The audit has neither features nor neighbors nor probabilities.
    """
    audit = session.audit
    for name in ("features", "pred_probs"):
        found = audit.evidence.get(name)
        if found is not None and np.ndim(found) == 2:
            return _nearest(np.asarray(found), row)
    if "knn_ids" in audit.evidence:
        return _by_hops(np.asarray(audit.evidence["knn_ids"]), row)
    raise MissingEvidenceError(
        "This audit has no features, so rows cannot be compared.", "Pass features= to ls.audit."
    )


def _nearest(vectors: Array, row: int) -> IntArray:
    """Compare directions, as the neighbor graph does, block by block: features may be on disk."""
    wanted = np.nan_to_num(np.asarray(vectors[row], dtype=np.float32))
    wanted = wanted / max(float(np.linalg.norm(wanted)), 1e-12)
    cosine = np.empty(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), _BLOCK):
        block = np.nan_to_num(np.asarray(vectors[start : start + _BLOCK], dtype=np.float32))
        norms = np.maximum(np.linalg.norm(block, axis=1), 1e-12)
        cosine[start : start + _BLOCK] = block @ wanted / norms
    cosine[row] = -np.inf
    count = min(_MAX_SIMILAR, len(vectors) - 1)
    near = np.argpartition(-cosine, count)[:count] if count < len(vectors) - 1 else np.arange(len(vectors))
    near = np.asarray(near[near != row], dtype=np.int64)
    return near[np.argsort(-cosine[near], kind="stable")]


def _by_hops(ids: Array, row: int) -> IntArray:
    """Neighbors, then their neighbors, and so on: without vectors the graph is all there is."""
    seen = np.zeros(len(ids), dtype=bool)
    seen[row] = True
    found: list[IntArray] = []
    front, count = np.array([row], dtype=np.int64), 0
    while len(front) and count < _MAX_SIMILAR:
        near = ids[front].reshape(-1).astype(np.int64)
        near = near[near >= 0]
        _, first = np.unique(near, return_index=True)
        near = near[np.sort(first)]
        front = near[~seen[near]]
        seen[front] = True
        found.append(front)
        count += len(front)
    return np.concatenate(found)[:_MAX_SIMILAR] if found else np.empty(0, dtype=np.int64)


def exemplars(session: Session, code: int, n: int) -> IntArray:
    """Return up to ``n`` rows that are most surely of a class, surest first.

    Rows that a person gave this label come first where the evidence agrees; a suspect is no exemplar.

    Raises
    ------
    InvalidInputError
        There is no such class.
    """
    classes = session.state.classes
    if code >= len(classes):
        raise InvalidInputError(f"There is no class {code}.", f"Classes are 0 to {len(classes) - 1}.")
    state = session.state
    fits = np.flatnonzero((state.current == code) & ~np.asarray(session.flagged, dtype=bool))
    if not len(fits) or n <= 0:
        return np.empty(0, dtype=np.int64)
    sure = 1 - np.asarray(session.suspicion, dtype=np.float64)[fits]
    found = session.audit.evidence.get("pred_probs")
    is_open = session.audit.dataset.labels.is_open
    if found is not None and not is_open and np.ndim(found) == 2 and code < np.shape(found)[1]:
        sure = sure + np.asarray(found)[fits, code]
    found_rows: IntArray = fits[np.argsort(-sure, kind="stable")[:n]]
    return found_rows
