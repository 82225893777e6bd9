"""Predictions of several models, read in the words of the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.review.events import scalar_key, to_scalar
from labelscope.types import IntArray

#: Code of a prediction that is no class.
NO_CLASS = -2


def read_models(
    models: Any, n: int, classes: Sequence[Any], names: Sequence[str] = ()
) -> tuple[tuple[str, ...], IntArray]:
    """Read the predictions of several models.

    Parameters
    ----------
    models : mapping of str to (n,) labels or (n, K) probabilities
    n : int
        Rows.
    classes : sequence of K label values
    names : sequence of str, optional
        What the classes are called.

    Returns
    -------
    names : tuple of m str
    codes : (m, n) int64
        Positions in ``classes``; -2 for what is no class or missing, which counts as wrong.

    Raises
    ------
    InvalidTypeError
        ``models`` is no mapping.
    InvalidInputError
        No models, another number of rows, or predictions none of which is a class.

    Examples
    --------
    >>> read_models({"a": ["cat", "dog"], "b": [[0.9, 0.1], [0.8, 0.2]]}, 2, ["cat", "dog"])[1].tolist()
    [[0, 1], [0, 0]]
    """
    if not isinstance(models, Mapping):
        raise InvalidTypeError(
            f"models is a {type(models).__name__}.", 'Pass predictions by name: {"resnet": y_pred, ...}.'
        )
    if not models:
        raise InvalidInputError("models is empty.", 'Pass predictions by name: {"resnet": y_pred, ...}.')
    known = {scalar_key(to_scalar(value)): code for code, value in enumerate(classes)}
    for code, name in enumerate(names):
        known.setdefault(name, code)
    found = [_codes(str(name), predictions, n, known, list(classes)) for name, predictions in models.items()]
    return tuple(str(name) for name in models), np.stack(found)


def _codes(name: str, given: Any, n: int, known: Mapping[Any, int], classes: list[Any]) -> IntArray:
    if given is None or isinstance(given, str | Mapping) or not hasattr(given, "__len__"):
        raise InvalidTypeError(
            f"The predictions of {name!r} are a {type(given).__name__}.", "Pass one label a row."
        )
    if len(given) != n:
        raise InvalidInputError.wrong_length(f"models[{name!r}]", len(given), n)
    values = given if isinstance(given, np.ndarray) else _array(given)
    if values.ndim == 2:
        return _argmax(name, values, len(classes))
    if values.ndim != 1:
        raise InvalidInputError(
            f"The predictions of {name!r} have the shape {values.shape}.",
            "Pass (n,) labels, or (n, K) probabilities.",
        )
    read = {}
    try:
        different = set(values.tolist())
    except TypeError:
        raise InvalidTypeError(f"A prediction of {name!r} is no label.", "Pass one label a row.") from None
    for value in different:
        scalar = to_scalar(value)
        read[value] = NO_CLASS if scalar is None else known.get(scalar_key(scalar), NO_CLASS)
    # NaN is equal to nothing, itself included, and so is found by no look-up.
    said = values.tolist()
    codes = np.array([read.get(value, NO_CLASS) for value in said], dtype=np.int64)
    strange = np.flatnonzero(codes == NO_CLASS)
    if len(strange) == n and n:
        error = InvalidInputError.unknown("class", said[0], classes)
        raise InvalidInputError(f"No prediction of {name!r} is a class: {error.message}", error.hint)
    if len(strange):
        notify(
            "predictions_without_class",
            f"{len(strange):,} predictions of {name!r} are no class, such as {said[strange[0]]!r:.40}, and"
            " count as wrong.",
            "Give predictions in the words of the labels.",
            strange,
        )
    return codes


def _argmax(name: str, probs: Any, k: int) -> IntArray:
    if probs.dtype.kind not in "fiub" or probs.shape[1] != k:
        raise InvalidInputError(
            f"The predictions of {name!r} have the shape {probs.shape}, but there are {k:,} classes.",
            "Pass (n,) labels, or (n, K) probabilities with one column a class.",
        )
    if not np.isfinite(probs).all():
        raise InvalidInputError(f"The probabilities of {name!r} hold NaN or infinity.", "Predict all rows.")
    return np.asarray(probs.argmax(axis=1), dtype=np.int64)


def _array(given: Any) -> Any:
    makers = (getattr(given, name, None) for name in ("tolist", "to_list", "to_pylist"))
    listed = next((make() for make in makers if make is not None), None)
    listed = list(given) if listed is None else listed
    if listed and isinstance(listed[0], list | tuple | np.ndarray):
        try:
            return np.asarray(listed, dtype=np.float64)
        except (TypeError, ValueError):
            raise InvalidInputError("Predictions are ragged.", "Pass one label a row.") from None
    values = np.empty(len(listed), dtype=object)
    values[:] = listed
    return values
