"""Decisions as columns, for frames and exports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.data.dataset import Dataset
from labelscope.review.state import STATES, ReviewState
from labelscope.types import Array, FloatArray, IntArray

#: Columns of every export, in order.
COLUMNS = ("id", "given", "current", "state", "reviewer", "time", "source")


def review_columns(dataset: Dataset, state: ReviewState, rows: IntArray) -> dict[str, Array]:
    """Return what is decided about rows.

    Parameters
    ----------
    dataset : Dataset
    state : ReviewState
    rows : (m,) int

    Returns
    -------
    dict of str to (m,) array
        ``id``; ``given`` and ``current`` labels, None (of a regression NaN) where there is none, sets of tags
        as texts such as ``"anger|joy"``; ``state`` by name; ``reviewer``, ``time`` (UTC, ISO 8601) and
        ``source`` of the decision that holds, None where there is none. A ``source`` of ``"judge"``,
        ``"teacher"`` or ``"propagated"`` says that a method decided, and nobody looked.
    """
    events = state.events
    last = state.last[rows]
    values = target_values if dataset.labels.task == "regression" else label_values
    return {
        "id": dataset.ids[rows],
        "given": values(state.classes, state.given[rows]),
        "current": values(state.classes, state.current[rows]),
        "state": _objects(STATES)[state.state[rows]],
        "reviewer": _picked([event.reviewer for event in events], last),
        "time": _picked([event.at for event in events], last),
        "source": _picked([event.source for event in events], last),
    }


def label_values(classes: Sequence[Any], codes: IntArray) -> Array:
    """Return (m,) label values: numbers as such where none is missing, else objects."""
    values = _picked(classes, codes)
    kinds = {type(value) for value in classes}
    if len(codes) and int(codes.min()) >= 0 and len(kinds) == 1 and kinds <= {int, float, bool}:
        return np.array(values.tolist())
    return values


def target_values(classes: Sequence[Any], codes: IntArray) -> FloatArray:
    """Return (m,) float64 targets; NaN at -1, and where a journal names what is no number."""
    numbers = [value if type(value) in (int, float) else np.nan for value in classes]
    return np.array([*numbers, np.nan], dtype=np.float64)[codes]


def _picked(values: Sequence[Any], places: IntArray) -> Array:
    """Return the values at places, None at -1."""
    return _objects([*values, None])[places]


def _objects(values: Sequence[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = list(values)
    return array
