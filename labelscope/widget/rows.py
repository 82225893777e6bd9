"""Which rows: what ``view.selection`` and ``view.current`` accept, and the bit mask of the page."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.review import rows as review_rows
from labelscope.types import IntArray
from labelscope.widget.messages import as_bytes


def as_rows(value: Any, n: int) -> IntArray:
    """Return a selection as sorted, unique rows.

    Parameters
    ----------
    value : None, int, ints, slice or (n,) bool
        None selects nothing.
    n : int
        Number of rows.

    Returns
    -------
    (m,) int64
        Read-only, so that changing it in place cannot go unnoticed.

    Raises
    ------
    InvalidInputError
        A row outside 0…n-1, or a mask of another length.
    InvalidTypeError
        Anything that is not rows.

    Examples
    --------
    >>> from labelscope.widget.rows import as_rows
    >>> as_rows([3, 1, 3], n=5), as_rows(slice(None, 2), n=5)
    (array([1, 3]), array([0, 1]))
    """
    found = review_rows.as_rows([] if value is None else value, n)
    if len(found) < 2 or bool((found[1:] > found[:-1]).all()):
        rows: IntArray = found.copy()
    else:
        # np.unique takes half a second for half a million rows
        chosen = np.zeros(n, dtype=bool)
        chosen[found] = True
        rows = np.flatnonzero(chosen).astype(np.int64, copy=False)
    rows.flags.writeable = False
    return rows


def as_row(value: Any, n: int) -> int | None:
    """Return the current row as int, or None.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        When it is no row.
    """
    if value is None:
        return None
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer):
        raise InvalidTypeError(f"The current row is one row number or None, not {value!r:.60}.")
    return int(as_rows([int(value)], n)[0])


def pack_mask(rows: IntArray, n: int) -> bytes:
    """Return rows as a bit mask of ⌈n / 8⌉ bytes, lowest bit first."""
    mask = np.zeros(n, dtype=np.uint8)
    mask[rows] = 1
    return np.packbits(mask, bitorder="little").tobytes()


def unpack_mask(buffer: Any, n: int) -> IntArray:
    """Return the rows of a page's bit mask; an empty mask selects nothing.

    Raises
    ------
    MessageError, InvalidInputError
        When it is not binary or has another length.
    """
    raw = as_bytes(buffer)
    if raw and len(raw) != (n + 7) // 8:
        raise InvalidInputError(f"The page's selection has {len(raw):,} bytes, not {(n + 7) // 8:,}.")
    if not raw:
        return np.empty(0, dtype=np.int64)
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8), count=n, bitorder="little")
    return np.flatnonzero(bits).astype(np.int64)
