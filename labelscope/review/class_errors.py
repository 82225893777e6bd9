"""Errors found by class, and how they go with the size of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.review.looks import Looks
from labelscope.scorers.proportions import measured_share
from labelscope.types import Estimate, FloatArray, IntArray

#: Quantiles of the class sizes at which the curve may bend (Harrell).
_KNOTS = {
    3: (0.1, 0.5, 0.9),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.5, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
}
_CLASSES_PER_KNOT = 2


@dataclass(frozen=True)
class ClassErrors:
    """What people found in a class.

    Attributes
    ----------
    code : int
    size : int
        Rows given this label.
    n_looked : int
        Those of them that were looked at.
    corrected : int
        Those of these that got another label.
    rate : Estimate
        Share corrected among those looked at; measured, and no rate of the whole class where rows were
        chosen by suspicion.
    expected_rate : float
        Share of the whole class that is wrong: found, and expected of the others by their suspicion.
    """

    code: int
    size: int
    n_looked: int
    corrected: int
    rate: Estimate
    expected_rate: float


def class_errors(
    looks: Looks, given: IntArray, suspicion: FloatArray, *, level: float = 0.95
) -> tuple[ClassErrors, ...]:
    """Count what was corrected in each class.

    Parameters
    ----------
    looks : Looks
        The first look at a row counts.
    given : (n,) int
    suspicion : (n,) float
        Of rows that nobody looked at.
    level : float
        Coverage of the intervals.

    Returns
    -------
    tuple of ClassErrors
        Of classes that somebody looked at, largest first.
    """
    first = np.unique(looks.row, return_index=True)[1]
    row, changed = looks.row[first], looks.called_wrong(given)[first]
    known = given[row] >= 0
    row, changed = row[known], changed[known]
    k = int(given.max(initial=-1)) + 1
    if not len(row) or not k:
        return ()
    size = np.bincount(given[given >= 0], minlength=k)
    looked = np.bincount(given[row], minlength=k)
    found = np.bincount(given[row], weights=changed, minlength=k).astype(np.int64)
    rest = np.where(given >= 0, np.asarray(suspicion, dtype=np.float64), 0.0)
    rest[row] = 0.0
    expected = np.bincount(np.maximum(given, 0), weights=rest, minlength=k)
    rows = []
    for code in np.argsort(-size, kind="stable").tolist():
        n, hits = int(looked[code]), int(found[code])
        rate = measured_share(hits, n, level)
        share = float((hits + expected[code]) / size[code])
        if rate is not None:
            rows.append(ClassErrors(code, int(size[code]), n, hits, rate, share))
    return tuple(rows)


def size_curve(rows: tuple[ClassErrors, ...], n_knots: int = 6) -> tuple[tuple[int, float], ...]:
    """Fit the share corrected against the class size.

    Parameters
    ----------
    rows : tuple of ClassErrors
    n_knots : int
        Three to six; fewer where there are fewer than two classes a knot.

    Returns
    -------
    tuple of (size, share)
        At the classes' sizes, smallest first; empty with fewer than six sizes.

    Notes
    -----
    Restricted cubic spline on the logarithm of the size, least squares weighted by looks, cut to 0 and 1.
    """
    sizes = np.array([row.size for row in rows], dtype=np.float64)
    distinct = np.unique(sizes)
    n_knots = min(n_knots, len(distinct) // _CLASSES_PER_KNOT, max(_KNOTS))
    if n_knots < min(_KNOTS):
        return ()
    x = np.log(sizes)
    knots = np.unique(np.quantile(np.log(distinct), _KNOTS[n_knots]))
    weight = np.sqrt([row.n_looked for row in rows])
    share = np.array([row.rate.value for row in rows])
    basis = spline_basis(x, knots)
    fit = np.linalg.lstsq(basis * weight[:, None], share * weight, rcond=None)[0]
    curve = np.clip(spline_basis(np.log(distinct), knots) @ fit, 0, 1)
    return tuple(zip(distinct.astype(int).tolist(), curve.tolist(), strict=True))


def spline_basis(x: Any, knots: Any) -> FloatArray:
    """Return the basis (m, k) of a cubic spline that is straight beyond its outer knots, with a constant.

    Parameters
    ----------
    x : (m,) float
    knots : (k,) float
        Rising; three or more.

    Returns
    -------
    (m, k) float64
        A constant, x, and one column for each inner knot.

    Notes
    -----
    Restricted cubic spline after Stone and Koo 1985.

    Examples
    --------
    >>> spline_basis([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]).shape
    (3, 3)
    """
    points, at = np.asarray(x, dtype=np.float64), np.asarray(knots, dtype=np.float64)
    cube = np.maximum(points[:, None] - at, 0) ** 3
    last, before = at[-1], at[-2]
    scale = max((last - at[0]) ** 2, 1e-300)
    inner = cube[:, :-2] - cube[:, -2:-1] * (last - at[:-2]) / (last - before)
    inner += cube[:, -1:] * (before - at[:-2]) / (last - before)
    return np.column_stack([np.ones(len(points)), points, inner / scale])
