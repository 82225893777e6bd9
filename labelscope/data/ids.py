"""Row ids and groups: the caller's own names of rows, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from labelscope.data.label_values import is_missing, objects, plain
from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array


def make_ids(given: Any, n: int, *, implicit: bool = False) -> Array:
    """Check ids.

    Parameters
    ----------
    given : sequence of n int or str, or None
        None numbers the rows.
    n : int
    implicit : bool
        They come from a frame's index rather than from the caller's hand.

    Returns
    -------
    (n,) array
        int64, or object holding str.

    Raises
    ------
    InvalidInputError
        Wrong length, missing ids, or the same id twice.
    """
    if given is None:
        return np.arange(n, dtype=np.int64)
    if isinstance(given, (str, bytes)) or not hasattr(given, "__len__"):
        raise InvalidTypeError(
            f"ids are given as {type(given).__name__}.", "Pass one id per row, or a column name of a frame."
        )
    if len(given) != n:
        raise InvalidInputError.wrong_length("ids", len(given), n)
    values = [plain(v.as_py() if hasattr(v, "as_py") else v) for v in given]
    gaps = [row for row, v in enumerate(values) if is_missing(v)]
    if gaps:
        raise InvalidInputError(
            f"ids are missing in {len(gaps):,} rows (first: row {gaps[0]}).", _fix(implicit)
        )
    if all(isinstance(v, (int, float)) and not isinstance(v, bool) and v == int(v) for v in values):
        values = [int(v) for v in values]
    else:
        values = ["/".join(map(str, v)) if isinstance(v, tuple) else str(v) for v in values]
    _refuse_repeats(values, implicit)
    if all(isinstance(v, int) and abs(v) < 2**63 for v in values):
        return np.asarray(values, dtype=np.int64)
    return objects(str(v) for v in values)


def make_groups(
    given: Any, n: int, name: str = "groups"
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """Number groups by order of first appearance, and name them; a row without one is a group of its own."""
    if given is None:
        return None, ()
    if isinstance(given, (str, bytes)) or not hasattr(given, "__len__"):
        raise InvalidTypeError(
            f"{name} are given as {type(given).__name__}.", "Pass one per row, or a column name of a frame."
        )
    if len(given) != n:
        raise InvalidInputError.wrong_length(name, len(given), n)
    numbers: dict[Any, int] = {}
    codes = np.empty(n, dtype=np.int64)
    for row, value in enumerate(given):
        value = plain(value.as_py() if hasattr(value, "as_py") else value)
        codes[row] = numbers.setdefault(
            ("row", row) if is_missing(value) else ("is", str(value)), len(numbers)
        )
    codes.flags.writeable = False
    names = tuple(
        value if kind == "is" else f"no {name.removesuffix('s')} (row {value})" for kind, value in numbers
    )
    return codes, names


def _refuse_repeats(values: list[Any], implicit: bool) -> None:
    if len(set(values)) == len(values):
        return
    rows: dict[Any, list[int]] = {}
    for row, value in enumerate(values):
        rows.setdefault(value, []).append(row)
    repeated = {v: where for v, where in rows.items() if len(where) > 1}
    shown = ", ".join(f"{v!r} (rows {', '.join(map(str, w[:3]))})" for v, w in list(repeated.items())[:3])
    what = "the frame's index" if implicit else "ids"
    count = "1 value" if len(repeated) == 1 else f"{len(repeated):,} values"
    verb = "occurs" if len(repeated) == 1 else "occur"
    more = ", …" if len(repeated) > 3 else ""
    raise InvalidInputError(f"{count} of {what} {verb} more than once: {shown}{more}.", _fix(implicit))


def _fix(implicit: bool) -> str:
    return "Use df.reset_index(drop=True), or pass ids=." if implicit else "Give every row an id of its own."


__all__ = ["make_groups", "make_ids"]
