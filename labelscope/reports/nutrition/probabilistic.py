"""Module 6, probabilistic model: labels given a column, true labels given labels, errors given a column."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.reports.nutrition.columns import Column, groups_of
from labelscope.reports.nutrition.dependence import Dependence, code_dependence, rate_dependence
from labelscope.reports.nutrition.figures import MEASURED, Selections, figure, number
from labelscope.reports.nutrition.statistics import is_private
from labelscope.reports.nutrition.subject import Errors, Subject
from labelscope.scorers.proportions import exact_interval
from labelscope.types import FloatArray, IntArray

_LEAST_IN_GROUP = 10
_MOST_TESTED = 60
_MOST_GROUPS, _MOST_CLASSES, _MOST_CELLS, _MOST_SHOWN = 12, 12, 20, 3
_PSEUDO_ROWS = 10.0
#: Rows that the overall share counts for: with few groups their spread says little about it.
_STRENGTH = (10.0, 1000.0)
_SKIPPED = ("empty", "constant", "identifier", "text")


def model_module(
    subject: Subject, errors: Errors | None, *, random_state: int, level: float, selections: Selections
) -> dict[str, Any]:
    """Make the module.

    Parameters
    ----------
    subject : Subject
    errors : Errors or None
    random_state : int
        Seed of permutations.
    level : float
        Coverage of intervals.
    selections : Selections

    Returns
    -------
    dict
        ``errors_by_column``, strongest first; ``labels_by_column``; ``true_given_label``; ``not_tested``,
        columns that were left out and why.
    """
    tested, groups, names, skipped = _groups(subject)
    by_error: list[dict[str, Any]] = []
    if errors is not None and errors.known.any():
        known = errors.known
        packed = [np.unique(own[known], return_inverse=True) for own in groups]
        found = rate_dependence(
            errors.rates[known], [codes for _, codes in packed], random_state=random_state
        )
        # The same of what was flagged or found wrong: a model may hesitate along a column without more.
        sure = rate_dependence(errors.found[known], [codes for _, codes in packed], random_state=random_state)
        for column, own, shown, test, hard in zip(tested, groups, names, found, sure, strict=True):
            rates = _rates(column, own, shown, errors, level, selections)
            entry = {"column": column.name, **_test(test), "of_flags_and_verdicts": _test(hard)}
            by_error.append({**entry, "groups": rates})
        by_error.sort(key=lambda entry: (entry["q"], entry["p"], -entry["bits"], entry["column"]))
    return {
        "errors_basis": None if errors is None else errors.basis,
        "errors_measured": None if errors is None else errors.measured,
        "errors_are_rates": None if errors is None else errors.calibrated,
        "level": level,
        "errors_by_column": by_error,
        "labels_by_column": _labels(subject, tested, groups, names, random_state),
        "true_given_label": _joint(subject),
        "not_tested": skipped,
    }


def _groups(
    subject: Subject,
) -> tuple[list[Column], list[IntArray], list[list[str]], list[dict[str, str]]]:
    tested: list[Column] = []
    groups: list[IntArray] = []
    names: list[list[str]] = []
    skipped: list[dict[str, str]] = []
    for column in subject.columns.values():
        if column.role in _SKIPPED:
            skipped.append({"column": column.name, "why": column.role})
            continue
        own, shown = groups_of(column, least=_LEAST_IN_GROUP)
        if len(shown) < 2:
            skipped.append({"column": column.name, "why": "too few rows a value"})
        elif len(tested) >= _MOST_TESTED:
            skipped.append({"column": column.name, "why": f"more than {_MOST_TESTED} columns"})
        else:
            tested.append(column)
            groups.append(own)
            names.append(shown)
    return tested, groups, names, skipped


def _test(test: Dependence) -> dict[str, Any]:
    return {
        "bits": number(test.bits),
        "threshold": number(test.threshold),
        "p": number(test.p),
        "q": number(test.q),
    }


def _rates(
    column: Column, own: IntArray, shown: list[str], errors: Errors, level: float, selections: Selections
) -> list[dict[str, Any]]:
    """Share of wrong labels in each group, plain with an interval, and pulled toward the overall share."""
    known = errors.known
    sizes = np.bincount(own[known], minlength=len(shown)).astype(np.float64)
    wrong = np.bincount(own[known], weights=errors.rates[known], minlength=len(shown)).astype(np.float64)
    left = np.bincount(own[known], weights=errors.left[known], minlength=len(shown))
    flags_left = np.bincount(own[known & errors.flags_left], minlength=len(shown))
    shrunk = shrunken(wrong, sizes)
    found = []
    for k in np.argsort(-shrunk, kind="stable")[:_MOST_GROUPS].tolist():
        if not sizes[k]:
            continue
        low, high = exact_interval(float(wrong[k]), float(sizes[k]), level)
        interval = (low * errors.low, min(1.0, high * errors.high))
        rows = selections.add(f"group:{column.name}={shown[k]}", lambda k=k: own == k, int((own == k).sum()))  # type: ignore[misc]
        found.append(
            {
                "value": shown[k],
                "n": int(sizes[k]),
                "wrong": number(wrong[k]),
                "left": number(left[k]),
                "flags_left": int(flags_left[k]),
                "rate": figure(
                    wrong[k] / sizes[k],
                    measured=errors.measured,
                    rows=rows,
                    interval=interval if errors.calibrated else None,
                ),
                "shrunk": number(shrunk[k]),
            }
        )
    return found


def shrunken(wrong: FloatArray, sizes: FloatArray) -> FloatArray:
    """Pull the share of each group toward the overall one, the more the smaller the group.

    Parameters
    ----------
    wrong, sizes : (g,) float

    Returns
    -------
    (g,) float64

    Notes
    -----
    Means of a beta-binomial model; the strength of its prior follows from how much more the shares of the
    groups vary than binomial ones would (method of moments).

    Examples
    --------
    >>> shrunken(np.array([0.0, 1.0, 50.0]), np.array([2.0, 2.0, 500.0])).round(2).tolist()
    [0.08, 0.17, 0.1]
    """
    n = float(sizes.sum())
    if not n:
        return np.zeros(len(sizes))
    overall = float(wrong.sum()) / n
    shares = np.divide(wrong, sizes, out=np.full(len(sizes), overall), where=sizes > 0)
    spread = float((sizes * (shares - overall) ** 2).sum())
    expected = max(int((sizes > 0).sum()) - 1, 0) * overall * (1 - overall)
    between = max(spread - expected, 0.0) / max(n - float((sizes**2).sum()) / n, 1e-9)
    strength = overall * (1 - overall) / between - 1.0 if between > 0 else np.inf
    strength = float(np.clip(strength, *_STRENGTH))
    return np.asarray((wrong + strength * overall) / (sizes + strength))


def _labels(
    subject: Subject,
    tested: list[Column],
    groups: list[IntArray],
    names: list[list[str]],
    random_state: int,
) -> list[dict[str, Any]]:
    """Labels by column: strength of the dependence of all, and the table of the strongest."""
    labeled = subject.codes >= 0
    if not labeled.any() or not tested:
        return []
    codes, shown = _label_codes(subject)
    codes = codes[labeled]
    own = [np.unique(group[labeled], return_inverse=True)[1] for group in groups]
    found = code_dependence(codes, own, random_state=random_state)
    shares = np.bincount(codes, minlength=len(shown)) / len(codes)
    whole = float(-(shares[shares > 0] * np.log2(shares[shares > 0])).sum())
    order = sorted(range(len(tested)), key=lambda k: (-found[k].bits + found[k].threshold, tested[k].name))
    entries = []
    for place, k in enumerate(order):
        entry: dict[str, Any] = {"column": tested[k].name, **_test(found[k])}
        entry["share_of_label"] = number(min(1.0, found[k].bits / whole) if whole > 0 else 0.0)
        if place < _MOST_SHOWN and not is_private(tested[k]):
            entry["table"] = _conditional(codes, groups[k][labeled], names[k], shown)
        entries.append(entry)
    return entries


def _label_codes(subject: Subject) -> tuple[IntArray, list[str]]:
    """Classes as codes, the rare ones of many as one; targets in ranges of equal numbers of rows."""
    if subject.task == "regression":
        from labelscope.reports.nutrition.columns import column_of

        groups, names = groups_of(column_of("target", subject.targets), least=1)
        return groups, names
    counts = subject.counts
    kept = np.argsort(-counts, kind="stable")[:50]
    place = np.full(len(counts) + 1, len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    names = [subject.class_names[k] for k in kept.tolist()]
    return place[subject.codes], [*names, "(other)"]


def _conditional(codes: IntArray, groups: IntArray, names: list[str], shown: list[str]) -> dict[str, Any]:
    """P(label | value) with ten rows' worth of the overall shares added to each value."""
    k, g = len(shown), len(names)
    cells = np.bincount(groups * k + codes, minlength=g * k).reshape(g, k).astype(np.float64)
    overall = cells.sum(axis=0) / max(cells.sum(), 1.0)
    shares = (cells + _PSEUDO_ROWS * overall) / (cells.sum(axis=1, keepdims=True) + _PSEUDO_ROWS)
    values = np.argsort(-cells.sum(axis=1), kind="stable")[:_MOST_GROUPS]
    classes = np.argsort(-overall, kind="stable")[:_MOST_CLASSES]
    classes = classes[overall[classes] > 0]
    return {
        "basis": MEASURED,
        "values": [names[v] for v in values.tolist()],
        "labels": [shown[c] for c in classes.tolist()],
        "n": [int(cells[v].sum()) for v in values.tolist()],
        "shares": [[number(shares[v, c]) for c in classes.tolist()] for v in values.tolist()],
    }


def _joint(subject: Subject) -> list[dict[str, Any]]:
    """P(true label | given label) off the diagonal, from the estimated joint, by the rows expected."""
    if subject.audit is None or subject.task not in ("classification", "concepts"):
        return []
    joint = np.array(subject.audit.joint, dtype=np.float64)
    names = subject.dataset.labels.names
    if joint.shape != (len(names), len(names)):
        return []
    totals = joint.sum(axis=1)
    apart = joint.copy()
    np.fill_diagonal(apart, 0)
    found = []
    for cell in np.argsort(-apart, axis=None, kind="stable")[:_MOST_CELLS].tolist():
        given, true = divmod(cell, len(names))
        if apart[given, true] < 0.5:
            break
        share = apart[given, true] / max(totals[given], 1e-9)
        found.append(
            {
                "given": names[given],
                "true": names[true],
                "share": figure(share, measured=False),
                "rows": figure(round(float(apart[given, true])), measured=False),
            }
        )
    return found
