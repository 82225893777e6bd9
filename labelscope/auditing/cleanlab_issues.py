"""A cleanlab frame of label issues, read as a score like any other."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.data.dataset import Dataset
from labelscope.data.frames import column_names, column_values, is_frame
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Score

_QUALITY = ("label_score", "label_quality", "label_quality_score")


def score_of_issues(frame: Any, dataset: Dataset) -> Score:
    """Read ``Datalab.get_issues("label")`` or ``CleanLearning.get_label_issues()``.

    Parameters
    ----------
    frame : frame of n rows
        With ``is_label_issue`` and a quality column (low is bad); ``predicted_label`` when there is one.
    dataset : Dataset

    Returns
    -------
    Score
        ``suspicion`` is one minus the label quality.

    Raises
    ------
    InvalidTypeError, InvalidInputError
        When it is not such a frame or has another number of rows.
    """
    if not is_frame(frame):
        raise InvalidTypeError(
            f"evidence['cleanlab'] is a {type(frame).__name__}.",
            "Pass the frame of Datalab.get_issues('label') or CleanLearning.get_label_issues().",
        )
    names = column_names(frame)
    quality = next((name for name in _QUALITY if name in names), None)
    if quality is None:
        raise InvalidInputError(
            f"The cleanlab frame has no label quality; its columns are {', '.join(names[:8])}.",
            f"One of {', '.join(_QUALITY)} is needed.",
        )
    try:
        scores = np.asarray(column_values(frame, quality), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"The column {quality!r} of the cleanlab frame holds something that is no number ({error}).",
            "Pass the frame as cleanlab made it; the column holds the quality of every label, from 0 to 1.",
        ) from None
    if len(scores) != dataset.n:
        raise InvalidInputError.wrong_length("the cleanlab frame", len(scores), dataset.n)
    labeled = dataset.labels.codes >= 0
    suspicion = np.where(labeled, 1 - np.clip(np.nan_to_num(scores, nan=1.0), 0, 1), 0).astype(np.float32)
    flagged = None
    if "is_label_issue" in names:
        flagged = np.asarray(column_values(frame, "is_label_issue"), dtype=bool) & labeled
    return Score(suspicion, _suggested(frame, names, dataset), flagged, meta={"scale": "rank"})


def _suggested(frame: Any, names: list[str], dataset: Dataset) -> Any:
    """Take predicted labels by value, or by position where cleanlab wrote integers for other classes."""
    if "predicted_label" not in names:
        return None
    values = list(column_values(frame, "predicted_label"))
    position = {value: code for code, value in enumerate(dataset.labels.classes.tolist())}
    k = len(position)
    codes = np.array(
        [
            position.get(v, int(v) if isinstance(v, (int, np.integer)) and 0 <= v < k else int(g))
            for v, g in zip(values, dataset.labels.codes, strict=True)
        ],
        dtype=np.int64,
    )
    return dataset.labels.values(codes)
