"""The columns that every table of labels has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data.label_values import plain
from labelscope.review.records import review_columns
from labelscope.review.session import Session
from labelscope.review.state import EXCLUDED, ReviewState
from labelscope.types import IntArray

#: Columns by name, each a list of Python scalars; None is missing.
Table: TypeAlias = Mapping[str, list[Any]]


def state_of(source: Audit | Session) -> tuple[Audit, ReviewState]:
    """Return the audit, and its review: an empty one for an audit itself."""
    if isinstance(source, Audit):
        return source, ReviewState(source.given_codes, source.classes.tolist())
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
        ``id``, ``given``, ``current``, ``state``, ``reviewer``, ``time``.
    """
    audit, state = state_of(source)
    columns = review_columns(audit.dataset, state, rows_of(state, drop_excluded))
    return {name: [plain(value) for value in values.tolist()] for name, values in columns.items()}
