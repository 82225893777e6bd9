"""Drafts of decisions: what a gesture writes about rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.review.events import Draft, to_scalar
from labelscope.review.rows import Rows
from labelscope.review.state import ReviewState
from labelscope.types import Array, FloatArray, IntArray


def plain_drafts(
    kind: str,
    state: ReviewState,
    rows: Rows,
    suspicion: FloatArray,
    data: dict[str, Any],
    *,
    labeled: bool = True,
) -> list[Draft]:
    """Draft one event of a kind that gives no label.

    Parameters
    ----------
    kind : str
    state : ReviewState
    rows : (m,) int
    suspicion : (n,) float
        Of all rows.
    data : dict
    labeled : bool
        Whether the event says which labels rows had.

    Returns
    -------
    list of Draft
        Empty without rows.
    """
    if not len(rows):
        return []
    before = label_values(state.classes, state.current[rows]) if labeled else ()
    return [Draft(kind, rows.tolist(), before, (), _rounded(suspicion[rows]), data)]


def label_drafts(
    state: ReviewState,
    rows: Rows,
    codes: IntArray,
    suspicion: FloatArray,
    classes: Sequence[Any] | None = None,
) -> list[Draft]:
    """Draft what giving rows the labels of codes writes: relabelled and kept rows, one event each.

    Parameters
    ----------
    state : ReviewState
    rows, codes : (m,) int
    suspicion : (n,) float
        Of all rows.
    classes : sequence, optional
        What codes stand for when there are new ones among them.

    Returns
    -------
    list of Draft
    """
    classes = state.classes if classes is None else classes
    current, known = state.current[rows], len(state.classes)
    drafts = []
    for kind, chosen in (("relabelled", codes != current), ("kept", codes == current)):
        if chosen.any():
            before, after = current[chosen], codes[chosen]
            data = {"new_class": True} if (after >= known).any() else {}
            values = label_values(classes, before), label_values(classes, after)
            drafts.append(
                Draft(kind, rows[chosen].tolist(), *values, _rounded(suspicion[rows[chosen]]), data)
            )
    return drafts


def tag_drafts(
    kind: str, state: ReviewState, rows: Rows, suspicion: FloatArray, names: Sequence[str]
) -> list[Draft]:
    """Draft what putting tags in, or taking them out, writes.

    Parameters
    ----------
    kind : {"tags_added", "tags_removed"}
    state : ReviewState
    rows : (m,) int
    suspicion : (n,) float
        Of all rows.
    names : sequence of str

    Returns
    -------
    list of Draft
    """
    return plain_drafts(kind, state, rows, suspicion, {"tags": list(names)})


def label_values(classes: Sequence[Any], codes: Array) -> list[Any]:
    """Return label values as the journal writes them; code -1 is None."""
    used, place = np.unique(codes, return_inverse=True)
    table = np.empty(len(used), dtype=object)
    table[:] = [None if code < 0 else to_scalar(classes[code]) for code in used.tolist()]
    found: list[Any] = table[place.reshape(-1)].tolist()
    return found


def _rounded(suspicion: FloatArray) -> list[float]:
    # Six decimals say all that a probability can, in a third of the bytes.
    found: list[float] = np.round(suspicion.astype(np.float64), 6).tolist()
    return found
