"""Checks of predicted probabilities: small slips are repaired with a notice, large ones refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.evidence.several_models import combine_models
from labelscope.types import Array, FloatArray, IntArray

_ROUNDING = 1e-5
_REPAIRABLE = 0.01


def check_pred_probs(pred_probs: Any, codes: IntArray, classes: Array | Sequence[Any]) -> FloatArray:
    """Validate an (n, K) matrix of class probabilities against the given labels.

    Parameters
    ----------
    pred_probs : (n, K) array-like, or a list of them
        Column j belongs to ``classes[j]``. A frame whose column names are the classes is put into their
        order. A list of matrices means several models; their mean, weighted by skill,
        is returned (see `labelscope.evidence.several_models`).
    codes : (n,) int
        Given labels as positions in ``classes``, -1 for unlabelled rows.
    classes : (K,) sequence
        Label values.

    Returns
    -------
    (n, K) float32 or float64
        Rows sum to one. float16 is widened; nothing is copied when nothing had to change.

    Raises
    ------
    InvalidInputError
        Wrong length or width, NaN, negative entries, or rows whose sum is more than .01 off one.

    Examples
    --------
    >>> import numpy as np
    >>> check_pred_probs(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([0, 1]), ["cat", "dog"]).shape
    (2, 2)
    """
    codes, classes = np.asarray(codes), np.asarray(classes)
    if _is_several(pred_probs):
        checked = [check_pred_probs(one, codes, classes) for one in pred_probs]
        return combine_models(checked, codes)[0]
    matrix = _as_matrix(pred_probs, classes)
    _check_shape(matrix, len(codes), classes)
    half = matrix.dtype == np.float16
    as_given = _widened(matrix)
    matrix = _on_the_simplex(as_given)
    # As given: a 1 beside something tiny is below 1 once its row is renormalized, and still a tie.
    _warn_saturated(as_given, half=half)
    _warn_swapped(matrix, codes, classes)
    return matrix


def _is_several(pred_probs: Any) -> bool:
    return (
        isinstance(pred_probs, list | tuple)
        and len(pred_probs) > 0
        and all(np.ndim(one) == 2 for one in pred_probs)
    )


def _as_matrix(pred_probs: Any, classes: Array) -> Array:
    columns = getattr(pred_probs, "columns", None)
    if columns is not None and hasattr(pred_probs, "to_numpy"):
        names = [str(name) for name in columns]
        wanted = [str(value) for value in classes]
        values = np.asarray(pred_probs.to_numpy())
        if sorted(names) == sorted(wanted) and len(set(names)) == len(names):
            return values[:, [names.index(name) for name in wanted]]
        return values
    if hasattr(pred_probs, "detach"):
        pred_probs = pred_probs.detach().cpu().numpy()
    try:
        matrix = np.asarray(pred_probs)
    except ValueError as error:
        raise InvalidTypeError(f"pred_probs is not a matrix ({error}).", "Pass an (n, K) array.") from error
    if matrix.dtype.kind not in "biuf":
        raise InvalidTypeError(
            f"pred_probs has entries of type {matrix.dtype}, but probabilities are needed.",
            "Pass an (n, K) array of float, such as model.predict_proba(X).",
        )
    return matrix


def _check_shape(matrix: Array, n: int, classes: Array) -> None:
    k = len(classes)
    if matrix.ndim == 1:
        binary = " For two classes pass np.column_stack([1 - p, p])." if k == 2 else ""
        raise InvalidInputError(
            f"pred_probs has the shape {matrix.shape}, but one column per class is needed: ({n:,}, {k:,}).",
            f"Pass the output of predict_proba, not of predict.{binary}",
        )
    if matrix.ndim != 2:
        raise InvalidInputError(
            f"pred_probs has the shape {matrix.shape}, but a matrix ({n:,}, {k:,}) is needed."
        )
    if len(matrix) != n:
        raise InvalidInputError.wrong_length("pred_probs", len(matrix), n)
    if matrix.shape[1] != k:
        shown = ", ".join(str(value) for value in classes[:8]) + (", …" if k > 8 else "")
        raise InvalidInputError(
            f"pred_probs has {matrix.shape[1]:,} columns, but there are {k:,} classes: {shown}.",
            "Name every column's class in its order: ls.Dataset(data, labels, class_names=[...]).",
        )


def _widened(matrix: Array) -> FloatArray:
    if matrix.dtype != np.float16:
        if matrix.dtype.kind != "f":
            return matrix.astype(np.float64)
        return matrix if matrix.dtype == np.float32 else matrix.astype(np.float64, copy=False)
    return matrix.astype(np.float32)


def warn_about_columns(
    matrix: Array, codes: IntArray, classes: Array, *, rows: IntArray | None = None
) -> None:
    """Say so where rows are saturated, or columns seem to be in another order than the classes.

    Parameters
    ----------
    matrix : (m, K) float
        Rows of probabilities, as given.
    codes : (m,) int
        Their given labels.
    classes : (K,) array
        Label values.
    rows : (m,) int, optional
        Which rows these are, where they are not all of them.
    """
    wide = _widened(matrix)
    _warn_saturated(wide, half=matrix.dtype == np.float16, rows=rows)
    _warn_swapped(wide, codes, classes)


def _warn_saturated(matrix: FloatArray, *, half: bool, rows: IntArray | None = None) -> None:
    """Say so when rows are exactly 1 for a class: any in float16, which rounds there; else most of them."""
    if matrix.shape[1] < 2:
        return
    saturated = np.flatnonzero(matrix.max(axis=1) >= 1) if matrix.size else np.empty(0, dtype=int)
    if not len(saturated) or (not half and 2 * len(saturated) <= len(matrix)):
        return
    notify(
        "pred_probs_saturated",
        f"{'pred_probs is float16 and ' if half else ''}{len(saturated):,} of {len(matrix):,} rows of "
        f"pred_probs {'' if rows is None else 'that were looked at '}are exactly 1 for one class, so their "
        "order among themselves is lost.",
        "Save probabilities as float32."
        if half
        else "Pass graded probabilities: a softmax in float64, more neighbors or deeper averages, not votes "
        "of one tree.",
        rows=saturated if rows is None else rows[saturated],
    )


def _on_the_simplex(matrix: FloatArray) -> FloatArray:
    if matrix.size == 0:
        return matrix
    sums = matrix.sum(axis=1, dtype=np.float64)
    if not np.isfinite(sums).all():
        bad = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
        raise InvalidInputError(
            f"pred_probs is NaN or infinite in {len(bad):,} rows; the first is row "
            f"{bad[0] if len(bad) else 0}.",
            "Predict these rows again, or leave pred_probs out and let labelscope make them.",
        )
    smallest = float(matrix.min())
    deviation = np.abs(sums - 1)
    if smallest < -_ROUNDING:
        row = int(np.argmin(matrix.min(axis=1)))
        logits = " They look like logits: apply a softmax first." if deviation.max() > _REPAIRABLE else ""
        raise InvalidInputError(
            f"pred_probs has negative entries, {smallest:.3g} in row {row} for instance.",
            f"Pass probabilities in [0, 1].{logits}",
        )
    if deviation.max() > _REPAIRABLE:
        _refuse_sums(matrix, sums, deviation)
    if smallest < 0 or deviation.max() > _ROUNDING:
        off = np.flatnonzero((deviation > _ROUNDING) | (matrix.min(axis=1) < 0))
        notify(
            "pred_probs_renormalized",
            f"{len(off):,} of {len(matrix):,} rows of pred_probs do not sum to one exactly (off by at most "
            f"{deviation.max():.2g}); they are renormalized.",
            rows=off,
        )
        matrix = np.maximum(matrix, 0)
        return np.asarray(matrix / matrix.sum(axis=1, keepdims=True), dtype=matrix.dtype)
    return matrix


def _refuse_sums(matrix: FloatArray, sums: FloatArray, deviation: FloatArray) -> None:
    row = int(np.argmax(deviation))
    count = int((deviation > _REPAIRABLE).sum())
    if float(matrix.max()) <= 1 + _REPAIRABLE and np.median(sums) > 1:
        hint = (
            "Do the columns belong to independent tags? Then the task is multi-label; else apply a softmax."
        )
    elif float(matrix.max()) > 1 + _REPAIRABLE:
        hint = "Are these logits or percent? Apply a softmax, or divide by 100."
    else:
        hint = "Is a class's column missing? Pass one column per class, or divide each row by its sum."
    raise InvalidInputError(
        f"{count:,} of {len(matrix):,} rows of pred_probs do not sum to one; "
        f"row {row} sums to {sums[row]:.4g}.",
        hint,
    )


def _warn_swapped(matrix: FloatArray, codes: IntArray, classes: Array) -> None:
    """Say so when another order of the columns would agree with the labels far better than this one."""
    order = likely_columns(matrix, codes)
    if order is None:
        return
    moved = np.flatnonzero(order != np.arange(len(order)))
    shown = ", ".join(f"column {order[j]} looks like {str(classes[j])!r}" for j in moved[:8])
    more = f", … ({len(moved):,} in all)" if len(moved) > 8 else ""
    listed = order.tolist() if len(order) <= 20 else "order"
    notify(
        "pred_probs_swapped",
        f"The columns of pred_probs seem to be in another order than the classes: {shown}{more}.",
        f"If that is so, pass pred_probs[:, {listed}], or name the columns in their order: "
        "ls.Dataset(data, labels, class_names=[...]).",
    )


def likely_columns(matrix: FloatArray, codes: IntArray) -> IntArray | None:
    """Find the order of columns that agrees with the labels, where it clearly is not the given one.

    Parameters
    ----------
    matrix : (n, K) float
        Class probabilities.
    codes : (n,) int
        Given labels, -1 for unlabelled rows.

    Returns
    -------
    (K,) int or None
        ``matrix[:, order]`` agrees best with the labels; None when the given order is as good, up to what
        chance and confusable classes explain.
    """
    labelled = np.flatnonzero(codes >= 0)
    k = matrix.shape[1] if matrix.ndim == 2 else 0
    if k < 2 or len(labelled) < 10:
        return None
    # Of all rows: to take the labelled ones first would copy the matrix.
    top = matrix.argmax(axis=1)[labelled]
    given = codes[labelled]
    hits = given[top == given]
    as_given = len(hits)
    if as_given >= 0.9 * len(labelled):
        return None
    cells, shared = _counted(given * k + top, k * k)
    given, top = np.divmod(cells, k)
    order = _best_order(given, top, shared, np.bincount(hits, minlength=k))
    gain = int(shared[order[given] == top].sum()) - as_given
    mass = int(shared[order[given] != given].sum())
    if mass == 0 or gain < 10 or gain < 0.3 * mass:
        return None
    return np.asarray(order, dtype=np.int64)


def _counted(cells: IntArray, n_cells: int) -> tuple[IntArray, IntArray]:
    """Return cells that occur and how often; of many classes most pairs share no row."""
    if n_cells > len(cells):
        return np.unique(cells, return_counts=True)
    counts = np.bincount(cells)
    some = np.flatnonzero(counts)
    return some, counts[some]


def _best_order(given: IntArray, top: IntArray, shared: IntArray, staying: IntArray) -> IntArray:
    """Assign columns to classes so that most rows agree; absent classes, and ties, stay where they are."""
    from scipy.optimize import linear_sum_assignment

    order, off = np.arange(len(staying)), given != top
    most: IntArray = np.zeros((2, len(order)), dtype=np.int64)
    np.maximum.at(most[0], given[off], shared[off])
    np.maximum.at(most[1], top[off], shared[off])
    # They stay together in any best order who share as many rows as both share with their next best.
    moves = staying < most.sum(axis=0)
    moving, place = np.flatnonzero(moves), np.cumsum(moves) - 1
    both = off & moves[given] & moves[top]
    # A bonus for staying decides ties; all of them together weigh less than one row.
    some = np.diag(staying[moving] + 0.5 / max(len(moving), 1))
    some[place[given[both]], place[top[both]]] = shared[both]
    order[moving] = moving[linear_sum_assignment(some, maximize=True)[1]]
    return order
