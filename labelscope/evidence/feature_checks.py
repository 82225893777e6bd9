"""Checks of feature matrices: what cannot be used is repaired with a notice or refused with a reason."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.types import Array, FloatArray

_LARGE = 1e15
_DENSE_LIMIT = 200_000_000


def check_features(features: Any, n: int | None = None, *, name: str = "features") -> FloatArray:
    """Turn ``features`` into a finite float32 matrix.

    Parameters
    ----------
    features : (n, d) array-like
        Numbers; a frame, a torch tensor or a scipy sparse matrix is fine. (n,) becomes one column and
        more than two axes are flattened.
    n : int, optional
        Number of rows that is needed.
    name : str
        How messages call the matrix.

    Returns
    -------
    (n, d') float32, C-contiguous
        Entries that were NaN or infinite hold the median of their column (with a notice that lists the
        rows); columns without any finite entry and constant columns are left out.

    Raises
    ------
    InvalidInputError
        Wrong number of rows, no columns, or nothing finite.
    InvalidTypeError
        The entries are not numbers.

    Examples
    --------
    >>> import numpy as np
    >>> check_features(np.array([[1.0, 5.0, 0.0], [2.0, 5.0, 1.0]])).tolist()
    [[1.0, 0.0], [2.0, 1.0]]
    """
    matrix = _as_matrix(features, name)
    if n is not None and len(matrix) != n:
        raise InvalidInputError.wrong_length(name, len(matrix), n)
    if matrix.shape[1] == 0:
        raise InvalidInputError(
            f"{name} has {len(matrix):,} rows and no columns.", "Pass at least one number per row."
        )
    if len(matrix) == 0:
        return np.zeros(matrix.shape, dtype=np.float32)
    matrix = _finite(matrix, name)
    return np.ascontiguousarray(_varying(_representable(matrix, name), name), dtype=np.float32)


def left_out(features: Any) -> FloatArray | None:
    """Say which columns `check_features` leaves out of a matrix, and what they hold.

    Parameters
    ----------
    features : (n, d) array-like
        As `check_features` takes it.

    Returns
    -------
    (d,) float64 or None
        NaN for columns that stay, the value of constant columns, infinity for those without any finite
        number. None where all columns stay, or where none varies.

    Examples
    --------
    >>> left_out(np.array([[1.0, 5.0, 0.0], [2.0, 5.0, 1.0]])).tolist()
    [nan, 5.0, nan]
    """
    matrix = _as_matrix(features, "features")
    if len(matrix) < 2:
        return None
    wide = np.asarray(matrix, dtype=np.float64) if matrix.dtype.kind != "f" else matrix
    finite = np.isfinite(wide)
    low = np.where(finite, wide, np.inf).min(axis=0).astype(np.float64)
    high = np.where(finite, wide, -np.inf).max(axis=0).astype(np.float64)
    held = np.where(low < high, np.nan, low)
    return None if np.isnan(held).all() or not np.isnan(held).any() else held


def _as_matrix(features: Any, name: str) -> Array:
    if hasattr(features, "toarray"):
        features = _densified(features)
    elif hasattr(features, "detach"):
        features = features.detach().cpu().numpy()
    elif hasattr(features, "to_numpy") and not isinstance(features, np.ndarray):
        features = features.to_numpy()
    try:
        matrix = np.asarray(features)
        if matrix.dtype.kind == "O":
            matrix = np.array(matrix, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidTypeError(
            f"{name} holds something that is not a number ({error}).",
            "Pass an (n, d) matrix of numbers with rows of equal length, or pass the data itself and let "
            "labelscope make features.",
        ) from error
    if matrix.dtype.kind not in "biuf":
        raise InvalidTypeError(
            f"{name} has entries of type {matrix.dtype}, but numbers are needed.",
            "Pass an (n, d) matrix of numbers, or pass the data itself and let labelscope make features.",
        )
    if matrix.ndim == 0:
        raise InvalidInputError(f"{name} is a single number, but an (n, d) matrix is needed.")
    if matrix.ndim == 1:
        return matrix[:, None]
    return (
        matrix.reshape(len(matrix), -1) if len(matrix) else matrix.reshape(0, int(np.prod(matrix.shape[1:])))
    )


def _densified(features: Any) -> Any:
    """Make a sparse matrix dense; a wide one (such as bags of words) goes through a truncated SVD."""
    rows, columns = features.shape
    if rows * columns <= _DENSE_LIMIT:
        return features.toarray()
    from sklearn.decomposition import TruncatedSVD

    return TruncatedSVD(n_components=256, random_state=0).fit_transform(features)


def _finite(matrix: Array, name: str) -> Array:
    """Fill NaN and infinities by column medians, once the user is told which rows had them."""
    if matrix.dtype.kind != "f":
        return matrix
    # A sum is finite when every entry is; it costs one pass and no boolean matrix in the usual case.
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(matrix.sum(dtype=np.float64)):
            return matrix
    finite = np.isfinite(matrix)
    if finite.all():
        return matrix
    usable = finite.any(axis=0)
    if not usable.any():
        raise InvalidInputError(
            f"{name} holds no finite number: all {matrix.size:,} entries are NaN or infinite.",
            "Check how the features were made; pass features=None to let labelscope make them.",
        )
    bad = ~finite.all(axis=1) if usable.all() else ~finite[:, usable].all(axis=1)
    dropped = int((~usable).sum())
    matrix = np.where(finite, matrix, np.nan)[:, usable]
    if bad.any():
        # Halved first: the median of two huge values adds them.
        medians = 2 * np.nanmedian(matrix / 2, axis=0)
        matrix = np.where(np.isnan(matrix), medians, matrix)
    notify(
        "features_not_finite",
        f"{name} has NaN or infinite entries in {int(bad.sum()):,} of {len(matrix):,} rows"
        + (f" and {dropped:,} columns without any number, which are left out" if dropped else "")
        + "; the medians of their columns stand in.",
        "Impute or drop them yourself for a better result.",
        rows=np.flatnonzero(bad),
    )
    return matrix


def _representable(matrix: Array, name: str) -> Array:
    """Rescale columns whose size would overflow in float32 once they are squared."""
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    size = np.maximum(np.abs(low.astype(np.float64)), np.abs(high.astype(np.float64)))
    if not (size > _LARGE).any():
        return matrix
    notify(
        "features_rescaled",
        f"{int((size > _LARGE).sum()):,} columns of {name} hold values above {_LARGE:g}; each is divided by "
        "its largest absolute value.",
        "Scale the features yourself if their relative sizes matter.",
    )
    return matrix / np.where(size > _LARGE, size, 1.0)


def _varying(matrix: Array, name: str) -> Array:
    if len(matrix) < 2:
        return matrix
    varies = matrix.max(axis=0) > matrix.min(axis=0)
    if varies.all():
        return matrix
    if not varies.any():
        notify(
            "features_constant",
            f"All {len(matrix):,} rows of {name} are the same, so they tell nothing about the labels.",
            "Pass other features or a model= that tells the rows apart.",
        )
        return np.zeros((len(matrix), 1), dtype=np.float32)
    return matrix[:, varies]
