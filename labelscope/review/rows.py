"""Row arguments: an int, several, a slice or a mask become positions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.errors import InvalidInputError, InvalidTypeError

_ACCEPTED = "Pass a row number, several of them, a slice, or a mask with one True or False per row."

Rows = npt.NDArray[np.int64]


def as_rows(rows: Any, n: int) -> Rows:
    """Read a row argument.

    Parameters
    ----------
    rows : int, iterable of int, slice or (n,) bool
        Positions from 0; a mask selects the rows where it is True.
    n : int
        Number of rows.

    Returns
    -------
    (m,) int64
        In the order given; repeated rows are kept.

    Raises
    ------
    InvalidTypeError
        Neither rows nor a mask.
    InvalidInputError
        A row that does not exist, or a mask of another length.

    Examples
    --------
    >>> as_rows([False, True, True], 3).tolist(), as_rows(slice(-2, None), 3).tolist()
    ([1, 2], [1, 2])
    """
    if isinstance(rows, slice):
        try:
            return np.arange(n, dtype=np.int64)[rows]
        except (TypeError, ValueError) as problem:
            raise InvalidTypeError(f"rows is {rows!r}: {problem}.", _ACCEPTED) from None
    array = _array(rows)
    if array.dtype == bool:
        if array.shape != (n,):
            raise InvalidInputError(
                f"The mask has {array.size:,} entries, but the data has {n:,} rows.",
                "A mask needs one True or False per row; or pass row numbers.",
            )
        return np.flatnonzero(array).astype(np.int64)
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.ndim > 1 or array.dtype.kind not in "iu":
        raise InvalidTypeError(f"rows holds {_shown(array)}, which are no row numbers.", _ACCEPTED)
    array = array.reshape(-1)
    outside = (array < 0) | (array >= n)
    if outside.any():
        raise _outside(array[outside], n)
    return array.astype(np.int64)


def _array(rows: Any) -> npt.NDArray[Any]:
    if rows is None or isinstance(rows, str | bytes | dict):
        hint = " Rows are positions from 0; ids are in dataset.ids." if isinstance(rows, str) else ""
        raise InvalidTypeError(f"rows is {rows!r:.60}.", _ACCEPTED + hint)
    if isinstance(rows, bool | np.bool_):
        raise InvalidTypeError(f"rows is the single truth value {bool(rows)}.", _ACCEPTED)
    if isinstance(rows, Iterable) and not hasattr(rows, "__array__"):
        rows = list(rows)
        kinds = {type(row) for row in rows}
        if len(kinds) > 1 and kinds & {bool, np.bool_} and kinds - {bool, np.bool_}:
            raise InvalidTypeError("rows mixes row numbers with True and False.", _ACCEPTED)
    try:
        return np.asarray(rows)
    except ValueError:
        raise InvalidTypeError(f"rows is {rows!r:.60}.", _ACCEPTED) from None


def _shown(array: npt.NDArray[Any]) -> str:
    if array.ndim > 1:
        return f"an array of shape {array.shape}"
    first = array.reshape(-1)[0]
    return f"{first.item() if isinstance(first, np.generic) else first!r} and the like ({array.dtype})"


def _outside(found: npt.NDArray[Any], n: int) -> InvalidInputError:
    first = int(found[0])
    others = f" (and {len(found) - 1:,} others)" if len(found) > 1 else ""
    if n == 0:
        return InvalidInputError(f"There is no row {first}{others}: the data has no rows.", "")
    if -n <= first < 0:
        hint = f"Rows count from 0 to {n - 1}; the row meant may be {n + first}."
    elif first == n:
        hint = f"Rows count from 0, so that the last one is {n - 1}."
    else:
        hint = f"Rows count from 0 to {n - 1}; they are positions, not ids."
    return InvalidInputError(f"There is no row {first}{others}.", hint)
