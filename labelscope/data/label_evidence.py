"""The rule by which scorers read labels and the columns of pred_probs from evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from labelscope.data.model_mixture import combine_models
from labelscope.errors import InvalidInputError, MissingEvidenceError
from labelscope.types import Array, FloatArray

if TYPE_CHECKING:
    from labelscope.data.labels import Labels


def encode_evidence(evidence: Mapping[str, Any]) -> tuple[npt.NDArray[np.int64], Array, FloatArray | None]:
    """Read the given labels of evidence as codes, and pred_probs with one column per class.

    When ``classes`` (K,) is there, ``given_labels`` are codes into it. Otherwise column j of pred_probs
    is label j when labels are ints in range(K), else the j-th of the sorted given labels.

    Parameters
    ----------
    evidence : Evidence or mapping
        With ``given_labels`` (n,); optionally ``classes`` (K,) and ``pred_probs`` (n, K). A list of
        pred_probs, or an array (models, n, K), means several models; their mean weighted by skill is taken
        (:func:`labelscope.data.model_mixture.combine_models`).

    Returns
    -------
    codes : (n,) int64
        -1 for unlabelled rows.
    classes : (K,) array
        Label values.
    pred_probs : (n, K) float array or None

    Raises
    ------
    MissingEvidenceError
        No ``given_labels``.
    InvalidInputError
        Lengths, widths or codes that do not fit together.

    Examples
    --------
    >>> codes, classes, probs = encode_evidence({"given_labels": ["b", "a", None]})
    >>> codes.tolist(), classes.tolist(), probs
    ([1, 0, -1], ['a', 'b'], None)
    """
    # Here, because Labels' own module re-exports this function.
    from labelscope.data.labels import encode

    if evidence.get("given_labels") is None:
        raise MissingEvidenceError.of("given_labels", present=evidence)
    probs = _pred_probs(evidence.get("pred_probs"))
    classes = evidence.get("classes")
    if classes is not None:
        classes = np.asarray(classes)
        codes = _check_codes(evidence["given_labels"], len(classes))
    else:
        labels: Labels = encode(evidence["given_labels"], task="classification")
        if probs is not None:
            labels = labels.aligned_to(probs.shape[-1])
        codes, classes = labels.codes, labels.classes
    if probs is not None:
        if probs.shape[-2] != len(codes):
            raise InvalidInputError.wrong_length("pred_probs", probs.shape[-2], len(codes), "given_labels")
        if probs.shape[-1] != len(classes):
            raise InvalidInputError(
                f"pred_probs has {probs.shape[-1]} columns, but there are {len(classes)} classes.",
                "Pass one column per class, in the order of the classes.",
            )
        if probs.ndim == 3:
            probs = combine_models(list(probs), codes)[0]
    return codes, classes, probs


def _check_codes(given: Any, n_classes: int) -> npt.NDArray[np.int64]:
    codes = np.asarray(given)
    if codes.ndim != 1 or (codes.dtype.kind not in "iu" and len(codes)):
        raise InvalidInputError(
            f"With classes=, given_labels must be whole codes of shape (n,), but are {codes.dtype} of shape"
            f" {codes.shape}.",
            "Pass positions in classes, with -1 for unlabelled rows, or leave classes= out.",
        )
    if len(codes) and (codes.min() < -1 or codes.max() >= n_classes):
        raise InvalidInputError(
            f"given_labels range from {codes.min()} to {codes.max()}, but classes= has {n_classes} entries.",
            "With classes=, given_labels are positions in it, and -1 for unlabelled rows.",
        )
    return codes.astype(np.int64)


def _pred_probs(given: Any) -> FloatArray | None:
    if given is None:
        return None
    try:
        probs = np.asarray(given)
    except ValueError:
        raise InvalidInputError(
            "pred_probs is a list of arrays of different shapes.",
            "Give each model the same rows and columns.",
        ) from None
    if probs.dtype.kind in "iub":
        probs = probs.astype(np.float64)
    if probs.dtype.kind != "f" or probs.ndim not in (2, 3):
        raise InvalidInputError(
            f"pred_probs must be numbers of shape (n, K), but are {probs.dtype} of shape {probs.shape}.",
            "Pass one row per row of data and one column per class.",
        )
    if probs.ndim == 3 and not len(probs):
        raise InvalidInputError("pred_probs is a list of no models.", "Pass one matrix for each model.")
    return probs.astype(np.float32) if probs.dtype == np.float16 else probs
