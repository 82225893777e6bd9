"""What a user should know about data and labels before trusting anything made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.data.label_values import library_of
from labelscope.data.task_notices import notices_of_concepts, notices_of_tags, notices_of_targets
from labelscope.errors import InvalidInputError, notify

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

# Words by which files and conversions say "nothing": as labels they are probably gaps that became text.
GAP_WORDS = frozenset({"nan", "none", "null", "na", "n/a", "<na>", "nat"})


def check_index(index: Any, labels: Any) -> None:
    """Refuse labels whose index holds the frame's rows in another order: positions would not match."""
    other = getattr(labels, "index", None) if library_of(labels) == "pandas" else None
    if index is None or other is None or len(index) != len(other) or index.equals(other):
        return
    if index.is_unique and other.is_unique and not len(index.difference(other)):
        raise InvalidInputError(
            "labels have the same index as data, but in another order.", "Use labels.loc[data.index]."
        )


def raise_notices(dataset: Dataset) -> None:
    """Raise all notices about a dataset: labels first, then rows."""
    _notices_of_labels(dataset)
    if dataset.concepts is not None:
        notices_of_concepts(dataset.concepts, dataset.labels)
    if dataset.media.kind == "text":
        _notices_of_texts(dataset)


def _notices_of_labels(dataset: Dataset) -> None:
    labels = dataset.labels
    counts = labels.counts()
    used = np.flatnonzero(counts)
    if not len(used) and dataset.annotators is not None:
        pass  # an audit takes the consensus of the people
    elif not len(used):
        notify(
            "no_labels",
            f"None of the {dataset.n:,} rows has a label.",
            "Name the column of labels." if dataset.frame is not None else "Pass labels=, one per row.",
        )
    elif labels.task == "regression":
        notices_of_targets(labels)
        return
    elif labels.tags is not None:
        notices_of_tags(labels)
        return
    elif len(used) == 1:
        notify(
            "one_class",
            f"The only label is {labels.names[used[0]]!r}, in {counts.sum():,} of {dataset.n:,} rows.",
            "Wrong labels can only be found where there are at least two classes.",
        )
    single = np.flatnonzero(counts == 1)
    if len(single) and len(used) > 1:
        notify(
            "class_with_one_row",
            f"{'1 class has' if len(single) == 1 else f'{len(single):,} classes have'} one row only:"
            f" {_some(labels.names[c] for c in single)}.",
            "A label without another row of its class cannot be checked against it.",
            np.flatnonzero(np.isin(labels.codes, single)),
        )
    if labels.kind == "str" and labels.tags is None:
        _notices_of_names(dataset)


def _notices_of_names(dataset: Dataset) -> None:
    labels = dataset.labels
    values = [str(v) for v in labels.classes.tolist()]
    empty = [c for c, v in enumerate(values) if not v.strip()]
    if empty:
        rows = np.flatnonzero(np.isin(labels.codes, empty))
        notify(
            "empty_label",
            f"The label of {len(rows):,} rows is an empty text, which counts as a class.",
            "Use None for unlabelled rows.",
            rows,
        )
    gaps = [c for c, v in enumerate(values) if v.strip().lower() in GAP_WORDS]
    rows = np.flatnonzero(np.isin(labels.codes, gaps))
    if len(rows):
        notify(
            "label_reads_as_missing",
            f"The label of {len(rows):,} rows is the text {_some(repr(values[c]) for c in gaps)}, which"
            " counts as a class.",
            "Use None or NaN for unlabelled rows; np.array(['a', np.nan]) makes a text of NaN.",
            rows,
        )
    alike: dict[str, list[str]] = {}
    for value in values:
        alike.setdefault(" ".join(value.split()).casefold(), []).append(value)
    twins = [group for group in alike.values() if len(group) > 1]
    if twins:
        notify(
            "classes_differ_by_case_or_space",
            f"Some classes differ only in case or spaces: {_some(' / '.join(map(repr, g)) for g in twins)}.",
            "Make them one if they mean the same, e.g. labels.str.strip().str.lower().",
        )


def _notices_of_texts(dataset: Dataset) -> None:
    find = getattr(dataset.media, "empty_rows", None)  # the user's own media may not have it
    rows = find() if find is not None else []
    if rows:
        notify(
            "empty_texts",
            f"{len(rows):,} rows have an empty text (first: row {rows[0]}).",
            "Nothing can be said about their labels; exclude them or fill them in.",
            rows,
        )


def _some(names: Any) -> str:
    shown = list(names)
    return ", ".join(shown[:5]) + (f", … ({len(shown):,} in all)" if len(shown) > 5 else "")


__all__ = ["check_index", "raise_notices"]
