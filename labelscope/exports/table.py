"""The columns that every table of labels has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from labelscope.auditing.audit import Audit
from labelscope.data.decimals import as_decimals
from labelscope.data.label_values import plain
from labelscope.data.tags import Tags
from labelscope.review.records import review_columns
from labelscope.review.session import Session
from labelscope.review.state import EXCLUDED, ReviewState
from labelscope.types import IntArray

#: Columns by name, each a list of Python scalars, or of lists of tags; None is missing.
Table: TypeAlias = Mapping[str, list[Any]]


def state_of(source: Audit | Session) -> tuple[Audit, ReviewState]:
    """Return the audit, and its review: an empty one for an audit itself."""
    if isinstance(source, Audit):
        return source, ReviewState.of(source.dataset)
    return source.audit, source.state


def rows_of(state: ReviewState, drop_excluded: bool) -> IntArray:
    """Return the rows that an export holds."""
    return np.flatnonzero(state.state != EXCLUDED) if drop_excluded else np.arange(state.n)


def label_table(source: Audit | Session, drop_excluded: bool = False) -> Table:
    """Return the table of labels.

    Parameters
    ----------
    source : Audit or Session
    drop_excluded : bool
        Whether to leave excluded rows out.

    Returns
    -------
    dict of str to list
        ``id``, ``given``, ``current``, ``state``, ``reviewer``, ``time``, ``source``. Sets of tags are
        lists, or joined texts where they came as such. Tags of a matrix and concepts follow as
        ``given.<tag>`` and ``current.<tag>``: 1, 0, or None where unknown.
    """
    audit, state = state_of(source)
    rows = rows_of(state, drop_excluded)
    columns = review_columns(audit.dataset, state, rows)
    table = {name: [_known(value) for value in values.tolist()] for name, values in columns.items()}
    for name in ("given", "current"):
        table[name] = list(as_decimals(audit.dataset.labels.original, table[name]))
    tags = audit.dataset.labels.tags
    if tags is not None:
        for name, matrix in (("given", state.given_tags), ("current", state.tags)):
            table[name] = _sets(tags, matrix[rows])
    beside = tags if tags is not None and tags.form == "matrix" else audit.dataset.concepts
    if beside is not None:
        for name, matrix in (("given", state.given_tags), ("current", state.tags)):
            table.update(_by_tag(name, beside, matrix[rows]))
    return table


def _known(value: Any) -> Any:
    found = plain(value)
    return None if isinstance(found, float) and found != found else found


def _sets(tags: Tags, matrix: npt.NDArray[np.int8]) -> list[Any]:
    words = tags.values if tags.form == "sets" else tags.names
    found: list[Any] = []
    for row in matrix:
        gone = len(row) > 0 and bool((row < 0).all())
        chosen = [words[column] for column in np.flatnonzero(row > 0)]
        listed = tags.separator.join(map(str, chosen)) if tags.form == "column" else chosen
        found.append(None if gone else listed)
    return found


def _by_tag(name: str, tags: Tags, matrix: npt.NDArray[np.int8]) -> dict[str, list[Any]]:
    values = np.array([None, 0, 1], dtype=object)[matrix + 1]
    return {f"{name}.{tag}": values[:, column].tolist() for column, tag in enumerate(tags.names)}
