"""Module 7, ground truth: how the labels compare with a reference, which may itself be wrong."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from labelscope.reports.nutrition.columns import Column
from labelscope.reports.nutrition.figures import Selections, figure, number
from labelscope.reports.nutrition.reference import FOREIGN, Reference
from labelscope.reports.nutrition.subject import Subject
from labelscope.review.agreement import cohen_kappa
from labelscope.scorers.proportions import exact_interval
from labelscope.types import FloatArray

CAUTION = (
    "The reference may be wrong as well: where the two differ, it is not said which is right, and columns"
    " that go together need not cause each other."
)
_MOST_CELLS, _MOST_CLASSES, _MOST_COLUMNS = 20, 50, 12
_SURE = 0.01


def truth_module(
    subject: Subject, reference: Reference | None, level: float, selections: Selections
) -> dict[str, Any]:
    """Make the module.

    Parameters
    ----------
    subject : Subject
    reference : Reference or None
    level : float
        Coverage of intervals.
    selections : Selections

    Returns
    -------
    dict
        ``given`` is False without a reference, and then all else is empty.
    """
    found: dict[str, Any] = {
        "given": reference is not None,
        "name": None if reference is None else reference.name,
        "aligned": reference is not None and reference.is_aligned,
        "caution": CAUTION,
        "figures": {},
        "confusion": [],
        "classes": [],
        "foreign": {},
        "columns": [],
        "correlation": None,
    }
    if reference is None:
        return found
    wrong = disagreement(subject, reference)
    if wrong is not None:
        found["figures"] = _agreement(subject, reference, wrong, level, selections)
    if reference.codes is not None:
        found["confusion"] = _confusion(subject, reference, selections)
    if reference.counts is not None:
        found["classes"] = _classes(subject, reference, selections)
        found["foreign"] = {name: number(count) for name, count in (reference.foreign or {}).items()}
        found["figures"] |= _share_correlation(subject, reference)
    if reference.columns:
        found["columns"] = _columns(subject, reference)
        found["correlation"] = _correlation(subject, reference) if reference.is_aligned else None
    return found


def disagreement(subject: Subject, reference: Reference) -> FloatArray | None:
    """Return (n,) 1 where label and reference differ, 0 where not, NaN where one is unknown.

    Of a regression it is None: numbers are more or less far apart.
    """
    wrong = np.full(subject.n, np.nan)
    labeled = subject.codes >= 0
    if reference.codes is not None:
        known = labeled & (reference.codes != -1)
        wrong[known] = subject.codes[known] != reference.codes[known]
    elif reference.tags is not None and subject.tags is not None:
        ours = subject.tags[1]
        both = (ours >= 0) & (reference.tags >= 0)
        known = labeled & both.any(axis=1)
        wrong[known] = ((ours != reference.tags) & both).any(axis=1)[known]
    else:
        return None if reference.targets is None else wrong
    return wrong


def shifted(ours: FloatArray, theirs: FloatArray, *, exact: bool) -> list[int]:
    """Find the classes whose share differs, the most different one first.

    Parameters
    ----------
    ours : (K,) float
        Rows of each class.
    theirs : (K,) float
        The same elsewhere, or shares.
    exact : bool
        Whether ``theirs`` are known shares and no sample.

    Returns
    -------
    list of int

    Notes
    -----
    One class that is more frequent makes all others less so. Hence the class that differs most is named and
    left out, and the rest is compared anew, until no class differs at the 1 % level (Bonferroni).

    Examples
    --------
    >>> shifted(np.array([100.0, 100, 100]), np.array([300.0, 100, 101]), exact=False)
    [0]
    """
    rest = [k for k in range(len(ours)) if ours[k] + theirs[k] > 0]
    found: list[int] = []
    while len(rest) > 1:
        a, b = ours[rest], theirs[rest]
        n, m = a.sum(), b.sum()
        if not n or not m:
            break
        share = b / m if exact else (a + b) / (n + m)
        variance = share * (1 - share) * (1 / n + (0.0 if exact else 1 / m))
        z = np.abs(a / n - b / m) / np.sqrt(np.maximum(variance, 1e-12))
        most = int(np.argmax(z))
        if math.erfc(float(z[most]) / math.sqrt(2)) * len(rest) >= _SURE:
            break
        found.append(rest.pop(most))
    return found


def _agreement(
    subject: Subject, reference: Reference, wrong: FloatArray, level: float, selections: Selections
) -> dict[str, Any]:
    if reference.targets is not None:
        return _of_targets(subject.targets, reference.targets)
    known = ~np.isnan(wrong)
    n, differ = int(known.sum()), int(np.nansum(wrong))
    key = selections.add("reference differs", wrong == 1, differ)
    found = {
        "compared rows": figure(n, measured=True, rows=selections.add("reference known", known, n)),
        "rows that differ": figure(differ, measured=True, rows=key),
    }
    if not n:
        return found
    found["agreement"] = figure(1 - differ / n, measured=True, interval=exact_interval(n - differ, n, level))
    if reference.codes is not None:
        kappa = cohen_kappa(subject.codes[known], reference.codes[known], missing=None, level=level)
        interval = (kappa.low, kappa.high)
        found["kappa"] = figure(kappa.value, measured=True, interval=interval)
    return found


def _of_targets(ours: FloatArray, theirs: FloatArray) -> dict[str, Any]:
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    n = int(known.sum())
    found = {"compared rows": figure(n, measured=True)}
    if n:
        apart = ours[known] - theirs[known]
        found["mean difference"] = figure(apart.mean(), measured=True)
        found["mean absolute difference"] = figure(np.abs(apart).mean(), measured=True)
        both = np.stack([ours[known], theirs[known]])
        if n > 2 and (both.std(axis=1) > 0).all():
            found["correlation"] = figure(np.corrcoef(both)[0, 1], measured=True)
    return found


def _confusion(subject: Subject, reference: Reference, selections: Selections) -> list[dict[str, Any]]:
    codes, theirs = subject.codes, reference.codes
    assert theirs is not None  # asked for where it is there
    k = len(subject.class_names) + 1
    differ = (codes >= 0) & (theirs != -1) & (codes != theirs)
    said = np.where(theirs == FOREIGN, k - 1, theirs)
    cells, counts = np.unique(codes[differ] * k + said[differ], return_counts=True)
    names = [*subject.class_names, "(no class here)"]
    found = []
    for place in np.argsort(-counts, kind="stable")[:_MOST_CELLS].tolist():
        ours, other = divmod(int(cells[place]), k)
        key = selections.add(
            f"reference:{ours}|{other}",
            lambda ours=ours, other=other: differ & (codes == ours) & (said == other),  # type: ignore[misc]
            int(counts[place]),
        )
        rows = figure(int(counts[place]), measured=True, rows=key)
        found.append({"label": names[ours], "reference": names[other], "rows": rows})
    return found


def _classes(subject: Subject, reference: Reference, selections: Selections) -> list[dict[str, Any]]:
    from labelscope.reports.nutrition.variables import class_key

    theirs = reference.counts
    assert theirs is not None  # asked for where it is there
    ours = subject.counts.astype(np.float64)
    if reference.codes is not None:  # shares are compared on the rows that both know
        known = (subject.codes >= 0) & (reference.codes >= 0)
        ours = np.bincount(subject.codes[known], minlength=len(theirs)).astype(np.float64)
        theirs = np.bincount(reference.codes[known], minlength=len(theirs)).astype(np.float64)
    moved = _moved(subject, reference, ours, theirs)
    n, m = max(ours.sum(), 1.0), max(theirs.sum(), 1e-12)
    order = [*moved, *(k for k in np.argsort(-ours, kind="stable").tolist() if k not in set(moved))]
    return [
        {
            "name": subject.class_names[k],
            "share": number(ours[k] / n),
            "reference_share": number(theirs[k] / m),
            "shifted": k in moved,
            "rows": figure(int(subject.counts[k]), measured=True, rows=class_key(subject, k, selections)),
        }
        for k in order[:_MOST_CLASSES]
    ]


def _moved(subject: Subject, reference: Reference, ours: FloatArray, theirs: FloatArray) -> list[int]:
    """Classes of another share: of the same rows by those that changed sides, else as samples."""
    if reference.codes is None:
        return shifted(ours, theirs, exact=reference.exact)
    from scipy.special import bdtr

    known = (subject.codes >= 0) & (reference.codes >= 0) & (subject.codes != reference.codes)
    lost = np.bincount(reference.codes[known], minlength=len(ours))
    won = np.bincount(subject.codes[known], minlength=len(ours))
    changed = np.flatnonzero(lost + won)
    fewer = np.minimum(won, lost)[changed]
    sign_test = np.minimum(1.0, 2 * bdtr(fewer, (won + lost)[changed], 0.5))
    p = {int(k): float(value) * len(changed) for k, value in zip(changed, sign_test, strict=True)}
    return sorted((k for k in p if p[k] < _SURE), key=p.__getitem__)


def _share_correlation(subject: Subject, reference: Reference) -> dict[str, Any]:
    ours, theirs = subject.counts.astype(np.float64), reference.counts
    assert theirs is not None  # asked for where it is there
    if len(ours) < 3 or not ours.std() or not theirs.std():
        return {}
    return {"correlation of class shares": figure(np.corrcoef(ours, theirs)[0, 1], measured=True)}


def _columns(subject: Subject, reference: Reference) -> list[dict[str, Any]]:
    """How far the columns that both have differ: total variation of values, or shift in deviations."""
    found = []
    for name, theirs in list((reference.columns or {}).items())[:200]:
        ours = subject.columns.get(name)
        if ours is None or not ours.n_present or not theirs.n_present or ours.is_number != theirs.is_number:
            continue
        if ours.is_number:
            spread = float(np.nanstd(np.concatenate([_finite(ours), _finite(theirs)])))
            gap = float(_finite(ours).mean() - _finite(theirs).mean()) if spread else 0.0
            value, measure = gap / spread if spread else 0.0, "difference of means, in deviations"
        else:
            shares = dict(zip(map(str, theirs.categories), theirs.counts / theirs.n_present, strict=True))
            own = dict(zip(map(str, ours.categories), ours.counts / ours.n_present, strict=True))
            value = sum(abs(own.get(key, 0.0) - shares.get(key, 0.0)) for key in {*own, *shares}) / 2
            measure = "total variation"
        found.append({"column": name, "measure": measure, "value": number(value)})
    return sorted(found, key=lambda entry: -abs(entry["value"] or 0.0))[:_MOST_CLASSES]


def _finite(column: Column) -> FloatArray:
    values = column.values[np.isfinite(column.values)]
    return np.asarray(values if len(values) else np.zeros(1))


def _correlation(subject: Subject, reference: Reference) -> dict[str, Any] | None:
    """Pearson correlations of the columns here (rows) with those of the reference (columns)."""
    ours = [c for c in subject.columns.values() if c.is_number and not c.role][:_MOST_COLUMNS]
    theirs = [c for c in (reference.columns or {}).values() if c.is_number and not c.role][:_MOST_COLUMNS]
    if not ours or not theirs:
        return None
    values = [[number(_pearson(a.values, b.values)) for b in theirs] for a in ours]
    return {"columns": [c.name for c in ours], "reference": [c.name for c in theirs], "values": values}


def _pearson(a: FloatArray, b: FloatArray) -> float | None:
    known = np.isfinite(a) & np.isfinite(b)
    if known.sum() < 3 or not a[known].std() or not b[known].std():
        return None
    return float(np.corrcoef(a[known], b[known])[0, 1])
