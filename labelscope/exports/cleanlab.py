"""A frame of label issues as cleanlab has it; the one place that writes quality instead of suspicion."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.auditing.audit import Audit
from labelscope.data.frames import to_caller
from labelscope.exports.table import rows_of, state_of
from labelscope.review.records import label_values, target_values
from labelscope.review.session import Session
from labelscope.review.state import ACCEPTED_SET, EXCLUDED, KEPT, RELABELLED, ReviewState
from labelscope.review.suggestions import suggested_labels
from labelscope.types import BoolArray


def issues_frame(source: Audit | Session, *, drop_excluded: bool = False) -> Any:
    """Return the label issues of all rows, in their order.

    Parameters
    ----------
    source : Audit or Session
        Of a session: its current labels, suspicion and flags; a label that somebody set or kept is no issue
        any more, and an excluded row is one.
    drop_excluded : bool
        Whether to leave excluded rows out.

    Returns
    -------
    frame
        ``is_label_issue`` (bool), ``label_score`` (one minus suspicion: low is bad), ``given_label`` and
        ``predicted_label`` (sets of tags as texts); in the library of the data given, else pandas if it is
        installed, else pyarrow.

    Examples
    --------
    >>> import pyarrow as pa, labelscope as ls
    >>> dataset = ls.Dataset(pa.table({"text": ["good", "bad"], "label": ["+", "+"]}), "label")
    >>> audit = ls.Audit.from_arrays(dataset, suspicion=[0, 0.75], suggested_codes=[0, 0])
    >>> issues_frame(audit)["label_score"].to_pylist()
    [1.0, 0.25]
    """
    audit, state = state_of(source)
    rows = rows_of(state, drop_excluded)
    suggested: Any = label_values(state.classes, audit.suggested_codes[rows])
    current: Any = label_values(state.classes, state.current[rows])
    task = audit.dataset.labels.task
    if task in ("multilabel", "regression"):
        codes = np.asarray(source.suggested_codes)
        suggested = np.fromiter(suggested_labels(audit, codes, state, rows), dtype=object, count=len(rows))
    if task == "regression":
        current = target_values(state.classes, state.current[rows])
        suggested = suggested.astype(np.float64)
    columns = {
        "is_label_issue": _in_question(source, state)[rows],
        "label_score": 1.0 - np.asarray(source.suspicion, dtype=np.float64)[rows],
        "given_label": current,
        "predicted_label": suggested,
    }
    return to_caller(columns, audit.dataset.frame)


def _in_question(source: Audit | Session, state: ReviewState) -> BoolArray:
    """Whoever trains without the issues must keep the labels that were fixed, and lose excluded rows."""
    fixed = np.isin(state.state, (RELABELLED, KEPT, ACCEPTED_SET))
    return np.asarray((np.asarray(source.flagged, dtype=bool) & ~fixed) | (state.state == EXCLUDED))
