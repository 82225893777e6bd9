"""Scikit-learn style estimators given by the user: cloned per fold, their classes put into our order."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, LabelscopeError, notify
from labelscope.types import Array, FloatArray, IntArray


def is_estimator(model: Any) -> bool:
    """Whether ``model`` is to be trained on labels (as opposed to an encoder that makes features).

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> is_estimator(LogisticRegression()), is_estimator(len)
    (True, False)
    """
    if not callable(getattr(model, "fit", None)):
        return False
    return any(hasattr(model, name) for name in ("predict_proba", "decision_function", "predict"))


def takes_raw_input(model: Any) -> bool:
    """Whether an estimator brings its own preparation of the data, as pipelines do, also inside a search."""
    for _ in range(4):
        if hasattr(model, "steps") or hasattr(model, "transformers"):
            return True
        inner = getattr(model, "estimator", None)
        if inner is None:
            return False
        model = inner
    return False


def check_estimator_role(model: Any) -> None:
    """Refuse a model that can give no probabilities, before any work starts."""
    if not is_estimator(model):
        raise InvalidTypeError(
            f"model={type(model).__name__} has no fit and predict_proba, so it cannot predict labels.",
            "Pass a scikit-learn style classifier; encoders of images or texts go to model= of ls.audit or "
            "to ImageFeatures(model=...) and TextFeatures(model=...).",
        )
    if not hasattr(model, "predict_proba") and not hasattr(model, "decision_function"):
        raise InvalidTypeError(
            f"model={type(model).__name__} has neither predict_proba nor decision_function.",
            "Wrap it: sklearn.calibration.CalibratedClassifierCV(model).",
        )


def take(data: Any, rows: IntArray) -> Any:
    """Take rows of an array, a list, or a pandas, polars or pyarrow frame."""
    if isinstance(data, list | tuple):
        return [data[int(row)] for row in rows]
    if hasattr(data, "iloc"):
        return data.iloc[rows]
    if hasattr(data, "column_names") and hasattr(data, "take"):
        return data.take(rows)
    return data[rows]


def fit_clone(model: Any, data: Any, codes: IntArray, classes: Array) -> tuple[Any, IntArray]:
    """Fit a copy of ``model``.

    Parameters
    ----------
    model : estimator
        Left untouched.
    data : container of m rows
        What the estimator takes.
    codes : (m,) int
        Classes of the rows.
    classes : (K,) array
        Label values; they are what the estimator sees, unless it insists on 0, 1, 2 …

    Returns
    -------
    fitted : estimator
    columns : (k,) int64
        Class code of each column that the estimator will give.
    """
    values = np.asarray(classes)[codes]
    values = (
        values.astype(str) if values.dtype.kind == "O" and all(isinstance(v, str) for v in values) else values
    )
    try:
        fitted = copied(model).fit(data, values)
        known = list(getattr(fitted, "classes_", np.unique(values)))
        of_value = {value: code for code, value in zip(codes.tolist(), values.tolist(), strict=True)}
        return fitted, np.array(
            [of_value[getattr(v, "item", lambda v=v: v)()] for v in known], dtype=np.int64
        )
    except LabelscopeError:
        raise
    except Exception as first:
        present, local = np.unique(codes, return_inverse=True)
        try:
            return copied(model).fit(data, local), present.astype(np.int64)
        except Exception:
            raise InvalidInputError(
                f"model={type(model).__name__} could not be fitted on {len(codes):,} rows: "
                f"{type(first).__name__}: {first}",
                "Check that it takes this kind of data; a Pipeline gets the data as you passed it, any other "
                "estimator gets the features.",
            ) from first


def copied(model: Any) -> Any:
    """Return an unfitted copy of an estimator."""
    if hasattr(model, "get_params"):
        from sklearn.base import clone

        return clone(model)
    return copy.deepcopy(model)


def probabilities(fitted: Any, data: Any, n_columns: int) -> FloatArray:
    """Class probabilities (m, k) float64 of a fitted estimator.

    An estimator without ``predict_proba`` is asked for ``decision_function``, of which a softmax is taken.
    """
    if hasattr(fitted, "predict_proba"):
        given = np.asarray(fitted.predict_proba(data), dtype=np.float64)
    else:
        margin = np.asarray(fitted.decision_function(data), dtype=np.float64)
        if margin.ndim == 1:
            margin = np.column_stack([-margin / 2, margin / 2])
        margin -= margin.max(axis=1, keepdims=True)
        given = np.exp(margin)
        given /= given.sum(axis=1, keepdims=True)
    if given.ndim == 1:
        given = np.column_stack([1 - given, given])
    if given.shape[1] != n_columns:
        raise InvalidInputError(
            f"model={type(fitted).__name__} gives {given.shape[1]:,} columns, but it was fitted on "
            f"{n_columns:,} classes.",
            "A classifier must give one column per class it has seen.",
        )
    if not np.isfinite(given).all():
        raise InvalidInputError(
            f"model={type(fitted).__name__} gives probabilities that are NaN or infinite.",
            "Scale its input, or choose another model.",
        )
    return given


def notify_margins(model: Any) -> None:
    """Say that margins stand in for probabilities, where that is so."""
    if not hasattr(model, "predict_proba"):
        notify(
            "margins_as_probabilities",
            f"model={type(model).__name__} has no predict_proba; a softmax of its decision_function stands "
            "in, which ranks well but is not calibrated.",
            "Wrap it in sklearn.calibration.CalibratedClassifierCV for calibrated probabilities.",
        )
