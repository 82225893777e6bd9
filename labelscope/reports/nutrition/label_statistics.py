"""Statistics of the labels: sizes of classes, imbalance, tail, gaps, repeated rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.reports.nutrition.figures import Selections, figure, number
from labelscope.reports.nutrition.repeats import Repeats
from labelscope.reports.nutrition.subject import Subject
from labelscope.reports.nutrition.variables import class_key, tag_key
from labelscope.types import FloatArray, IntArray

MOST_TAIL = 50


def label_statistics(subject: Subject, repeats: Repeats | None, selections: Selections) -> dict[str, Any]:
    """Describe the labels.

    Parameters
    ----------
    subject : Subject
    repeats : Repeats or None
    selections : Selections

    Returns
    -------
    dict
        Figures by name; ``tail``, the classes of the tail.
    """
    codes = subject.codes
    gone = codes < 0
    query = f"{subject.label_word} is missing"
    figures: dict[str, Any] = {
        "labelled": figure(int((~gone).sum()), measured=True),
        "unlabelled": figure(
            int(gone.sum()),
            measured=True,
            rows=selections.add("labels missing", gone, int(gone.sum()), query),
        ),
    }
    tail: list[dict[str, Any]] = []
    if subject.task == "regression":
        figures |= _of_targets(subject.targets[~gone])
    elif subject.tags is not None and subject.task == "multilabel":
        figures |= _of_tags(subject)
        counts = (subject.tags[1] == 1).sum(axis=0)
        tail = _tail(subject.tags[0], counts, lambda k: tag_key(subject, k, selections))
    else:
        counts = subject.counts
        figures |= _of_counts(counts)
        tail = _tail(subject.class_names, counts, lambda k: class_key(subject, k, selections))
    figures |= _of_repeats(repeats, selections)
    return {"figures": figures, "tail": tail}


def gini(counts: IntArray) -> float:
    """Return the Gini coefficient of class sizes: 0 for equal ones, near 1 where one class holds all.

    Examples
    --------
    >>> gini(np.array([5, 5])), gini(np.array([0, 4]))
    (0.0, 0.5)
    """
    total, k = int(counts.sum()), len(counts)
    if not total:
        return 0.0
    ranks = np.arange(1, k + 1)
    return float(((2 * ranks - k - 1) * np.sort(counts)).sum() / (k * total))


def effective_number(counts: IntArray) -> float:
    """Return the number of equally large classes that would be as diverse: one over the sum of squares.

    Examples
    --------
    >>> effective_number(np.array([5, 5])), effective_number(np.array([4, 0]))
    (2.0, 1.0)
    """
    total = counts.sum()
    return float(total**2 / (counts.astype(np.float64) ** 2).sum()) if total else 0.0


def tail_of(counts: IntArray) -> IntArray:
    """Return the classes, smallest first, that have surely less than a fifth of an equal share of the rows.

    Surely means that the upper end of a 99 % Poisson interval of the size is below that.
    """
    present = np.flatnonzero(counts > 0)
    if len(present) < 2:
        return present[:0]
    limit = 0.2 * counts.sum() / len(present)
    high = _poisson_upper(counts[present])
    found = present[high < limit]
    return np.asarray(found[np.argsort(counts[found], kind="stable")])


def _poisson_upper(counts: IntArray) -> FloatArray:
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(counts + 1.0, 0.995))


def _of_counts(counts: IntArray) -> dict[str, Any]:
    present = counts[counts > 0]
    ratio = float(present.max() / present.min()) if len(present) else None
    return {
        "classes": figure(len(counts), measured=True),
        "classes without a row": figure(int((counts == 0).sum()), measured=True),
        "classes with one row": figure(int((counts == 1).sum()), measured=True),
        "imbalance ratio": figure(ratio, measured=True),
        "effective number of classes": figure(effective_number(counts), measured=True),
        "gini": figure(gini(counts), measured=True),
    }


def _of_targets(targets: FloatArray) -> dict[str, Any]:
    if not len(targets):
        return {}
    return {
        "distinct targets": figure(len(np.unique(targets)), measured=True),
        "lowest": figure(targets.min(), measured=True),
        "median": figure(np.median(targets), measured=True),
        "highest": figure(targets.max(), measured=True),
        "mean": figure(targets.mean(), measured=True),
        "standard deviation": figure(targets.std(ddof=1) if len(targets) > 1 else None, measured=True),
    }


def _of_tags(subject: Subject) -> dict[str, Any]:
    assert subject.tags is not None  # asked for where there are tags
    names, matrix = subject.tags
    labeled = subject.codes >= 0
    own = matrix[labeled]
    counts = (own == 1).sum(axis=0)
    n = max(len(own), 1)
    return {
        "tags": figure(len(names), measured=True),
        "distinct sets": figure(len(np.unique(subject.codes[labeled])), measured=True),
        "tags per row": figure(float(counts.sum()) / n, measured=True),
        "rows without a tag": figure(int((own != 1).all(axis=1).sum()), measured=True),
        "share unknown": figure(float((own == -1).mean()) if own.size else 0.0, measured=True),
        "imbalance ratio": figure(
            float(counts.max() / counts[counts > 0].min()) if (counts > 0).any() else None, measured=True
        ),
        "gini": figure(gini(counts), measured=True),
    }


def _of_repeats(repeats: Repeats | None, selections: Selections) -> dict[str, Any]:
    if repeats is None:
        return {}
    found = {}
    sets = selections.add("duplicates", repeats.in_sets, int(repeats.in_sets.sum()))
    conflict = selections.add("duplicates in conflict", repeats.in_conflict, int(repeats.in_conflict.sum()))
    found["exact duplicates"] = figure(repeats.n_exact, measured=True, rows=sets)
    found["duplicates with another label"] = figure(repeats.n_conflicting, measured=True, rows=conflict)
    if repeats.n_near is not None:
        near = selections.add("near duplicates", repeats.in_near, int(repeats.in_near.sum()))
        found["near duplicates"] = figure(repeats.n_near, measured=False, rows=near)
    return found


def _tail(names: Any, counts: IntArray, key: Any) -> list[dict[str, Any]]:
    total = max(int(counts.sum()), 1)
    return [
        {
            "name": names[k],
            "share": number(counts[k] / total),
            "rows": figure(int(counts[k]), measured=True, rows=key(k)),
        }
        for k in tail_of(counts)[:MOST_TAIL].tolist()
    ]
