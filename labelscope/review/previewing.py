"""What a bulk edit would do, before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from labelscope.review.new_labels import LabelReader
from labelscope.review.rows import as_rows
from labelscope.types import FloatArray, IntArray

if TYPE_CHECKING:
    from labelscope.review.session import Session

_MOST_ODD = 12
_FEWEST = 8
_CHUNK = 20_000


@dataclass(frozen=True)
class Preview:
    """What giving rows a label would do.

    Attributes
    ----------
    n, changes, already : int
        Rows, those that get another label, and those that have it.
    contradict : (m,) int64
        Rows whose suggestion is neither the label they have nor the one they would get.
    odd : (m,) int64
        At most 12 rows that look unlike the rest, the farthest first.
    by_current : tuple of (int, int)
        Code of the current label (-1: none) and number of rows, most first.
    """

    n: int
    changes: int
    already: int
    contradict: IntArray
    odd: IntArray
    by_current: tuple[tuple[int, int], ...]


def preview(session: Session, rows: Any, to: Any) -> Preview:
    """Say what giving rows a label would do.

    Parameters
    ----------
    session : Session
    rows : ints, slice or mask
    to : label or None
        A label that is no class yet is fine.

    Returns
    -------
    Preview

    Raises
    ------
    InvalidInputError
        A row that does not exist.
    InvalidTypeError
        ``to`` cannot be a label.

    Examples
    --------
    >>> import labelscope as ls
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> found = preview(ls.Session(ls.audit(X, y), journal=None), slice(40, 60), 1)
    >>> found.n, found.changes, found.already
    (20, 10, 10)
    """
    chosen = np.unique(as_rows(rows, session.audit.n))
    state = session.state
    code = LabelReader(session.audit.dataset.labels, state.classes, True).code(to)
    current = state.current[chosen]
    suggested = np.asarray(session.suggested_codes)[chosen]
    against = (suggested >= 0) & (suggested != current) & (suggested != code)
    codes, counts = np.unique(current, return_counts=True)
    most = np.argsort(-counts, kind="stable")
    return Preview(
        len(chosen),
        int((current != code).sum()),
        int((current == code).sum()),
        chosen[against],
        odd_rows(session, chosen),
        tuple((int(codes[k]), int(counts[k])) for k in most),
    )


def odd_rows(session: Session, rows: IntArray) -> IntArray:
    """Return at most 12 rows that look unlike the others, the farthest first.

    Notes
    -----
    Distance from the median of the rows, in features; a row is odd beyond the median distance plus three
    times the scaled median deviation (Leys et al. 2013). Without features: rows none of whose neighbors is
    among the others, where most have one.
    """
    evidence = session.audit.evidence
    if len(rows) < _FEWEST:
        return rows[:0]
    features = evidence.get("features")
    if features is None or np.ndim(features) != 2:
        return _without_company(evidence.get("knn_ids"), rows)
    far = _distances(features, rows)
    middle = float(np.median(far))
    spread = 1.4826 * float(np.median(np.abs(far - middle)))
    odd = np.flatnonzero(far > middle + 3 * spread + 1e-9 * (1 + middle))
    return rows[odd[np.argsort(-far[odd], kind="stable")][:_MOST_ODD]]


def _distances(features: Any, rows: IntArray) -> FloatArray:
    some = rows if len(rows) <= 2000 else np.random.default_rng(0).choice(rows, 2000, replace=False)
    center = np.median(np.nan_to_num(np.asarray(features[np.sort(some)], dtype=np.float64)), axis=0)
    far = np.empty(len(rows))
    for start in range(0, len(rows), _CHUNK):
        block = np.nan_to_num(np.asarray(features[rows[start : start + _CHUNK]], dtype=np.float64))
        far[start : start + _CHUNK] = np.sqrt(np.square(block - center).sum(axis=1))
    return far


def _without_company(ids: Any, rows: IntArray) -> IntArray:
    if ids is None:
        return rows[:0]
    near = np.asarray(ids)[rows]
    company = np.isin(near, rows).sum(axis=1)
    if np.median(company) < 1:
        return rows[:0]
    return rows[np.flatnonzero(company == 0)][:_MOST_ODD]
