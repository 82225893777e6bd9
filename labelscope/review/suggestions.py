"""Suggestions as labels: a class, a set of tags, a number, and attributes beside the class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.tags import Tags
from labelscope.errors import InvalidInputError, TaskError
from labelscope.review.events import to_scalar
from labelscope.types import Array, FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.auditing.audit import Audit
    from labelscope.data.dataset import Dataset
    from labelscope.review.session import Session
    from labelscope.review.state import ReviewState


def tags_of(dataset: Dataset) -> Tags | None:
    """Return the tags of a dataset, or its attributes; None where it has neither."""
    found: Tags | None = dataset.labels.tags
    return dataset.concepts if found is None else found


def tag_detail(audit: Audit, name: str, shape: tuple[int, ...]) -> Array | None:
    """Return a detail of the audit's main score, such as ``"missing"``; None where it says nothing."""
    found = audit.main.details.get(name) if audit.scores else None
    if found is None or np.shape(found) != shape:
        return None
    return np.asarray(found)


def suggested_targets(audit: Audit) -> FloatArray | None:
    """Return (n,) float64, the number that each row of a regression would get; NaN where none is known."""
    score = audit.main
    for found in (score.details.get("suggested_value"), score.suggested):
        if found is not None and np.shape(found) == (audit.n,) and np.asarray(found).dtype.kind in "iuf":
            return np.asarray(found, dtype=np.float64)
    return None


def suggested_labels(audit: Audit, codes: IntArray, state: ReviewState, rows: IntArray) -> list[Any]:
    """Return the suggested label of rows as the journal writes labels; None where there is none.

    Parameters
    ----------
    audit : Audit
    codes : (n,) int
        Codes of the suggestions, as far as they are classes.
    state : ReviewState
    rows : (m,) int

    Returns
    -------
    list of m label values
        Of tags, the text of a set: what is unknown stays so unless a tag is suggested.
    """
    labels, chosen = audit.dataset.labels, np.asarray(codes)[rows]
    found = [to_scalar(labels.classes[code]) if code >= 0 else None for code in chosen.tolist()]
    if labels.is_open and (chosen < 0).any():
        # The audit of one's own scores may suggest what no row has, and what is no class then.
        more = _named_by_score(audit, state, rows[chosen < 0])
        for place, label in zip(np.flatnonzero(chosen < 0).tolist(), more, strict=True):
            found[place] = label
    return found


def _named_by_score(audit: Audit, state: ReviewState, rows: IntArray) -> list[Any]:
    numbers = suggested_targets(audit) if audit.dataset.labels.task == "regression" else None
    if numbers is not None:
        return [to_scalar(value) for value in numbers[rows].tolist()]
    tags, sets = audit.dataset.labels.tags, audit.main.suggested
    if tags is None or sets is None or np.shape(sets) != (audit.n, tags.n_tags):
        return [None] * len(rows)
    chosen = np.asarray(sets)[rows] > 0
    unknown = tags.knows_unknown & (state.tags[rows] < 0) & ~chosen
    return [tags.set_text(row) for row in np.where(unknown, -1, chosen).astype(np.int8)]


def checked_tags(dataset: Dataset, given: Any) -> list[str]:
    """Return the names of tags that a person wrote, each once.

    Parameters
    ----------
    dataset : Dataset
    given : tag or several
        By name or value.

    Returns
    -------
    list of str

    Raises
    ------
    TaskError
        The labels are neither sets of tags nor beside attributes.
    InvalidInputError
        No tags, or one that there is not, with the near miss.
    """
    tags = tags_of(dataset)
    if tags is None:
        raise TaskError(
            f"Tags can be added to tags or concepts, but the task is {dataset.labels.task}.",
            "Give rows another label with relabel(rows, to).",
        )
    single = isinstance(given, str) or not hasattr(given, "__iter__")
    columns = [tags.column(tag) for tag in ([given] if single else given)]
    if not columns:
        raise InvalidInputError("No tags are given.", 'Name them: session.add_tags(rows, ["joy"]).')
    return [tags.names[column] for column in dict.fromkeys(columns)]


def concepts_now(session: Session, drop_excluded: bool = False) -> Any:
    """Return the attributes as they are now, in the container in which they came.

    Raises
    ------
    TaskError
        There are none.
    """
    from labelscope.data.tag_output import rebuild_tags
    from labelscope.review.state import EXCLUDED

    dataset, state = session.audit.dataset, session.state
    found: Tags | None = dataset.concepts
    if found is None:
        raise TaskError(
            "This dataset has no concepts.", "Pass them as ls.Dataset(data, labels, concepts=attributes)."
        )
    keep = state.state != EXCLUDED if drop_excluded else None
    now = state.tags
    rows = np.flatnonzero((now != found.matrix).any(axis=1))
    return rebuild_tags(dataset.concepts_original, found, rows, now[rows], keep)


def shown_labels(state: ReviewState, dataset: Dataset) -> list[str]:
    """Return what to call each class on the screen, added ones included."""
    given = list(dataset.labels.names)
    more = state.classes[len(given) :]
    return given + ([str(value) or "(no tags)" for value in more] if more else [])
