"""Numbers of a label: each says whether it was measured or estimated, and which rows it stands for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelscope.review.querying import BUILT_IN
from labelscope.types import Array, Estimate, IntArray

MEASURED, ESTIMATED = "measured", "estimated"


@dataclass(frozen=True, eq=False)
class Selection:
    """Rows that a number stands for.

    Attributes
    ----------
    n : int
        How many.
    find : callable
        Returns them, (n,) int64 in ascending order.
    query : str or None
        The same in the language of queries, where it can be said.
    """

    n: int
    find: Callable[[], IntArray]
    query: str | None = None


class Selections(dict[str, Selection]):
    """The rows behind the numbers of a label, by key; rows are looked for when somebody asks."""

    def add(self, key: str, rows: Array | Callable[[], Array], n: int, query: str | None = None) -> str:
        """Remember rows under a key, and return the key.

        Parameters
        ----------
        key : str
        rows : (m,) int or (n,) bool array, or callable that returns one
        n : int
            How many rows these are.
        query : str, optional
        """
        if key not in self:
            self[key] = Selection(int(n), lambda: _positions(rows() if callable(rows) else rows), query)
        return key


def figure(
    value: Any, *, measured: bool, rows: str | None = None, interval: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Write a number.

    Parameters
    ----------
    value : float or int or None
        None where it is not known.
    measured : bool
        Whether it was counted, or rests on verdicts of people; else it is a model's estimate.
    rows : str, optional
        Key of the rows that it stands for.
    interval : (low, high), optional

    Returns
    -------
    dict

    Examples
    --------
    >>> figure(np.int64(3), measured=True)
    {'value': 3, 'basis': 'measured'}
    """
    found: dict[str, Any] = {"value": number(value), "basis": MEASURED if measured else ESTIMATED}
    if interval is not None:
        found |= {"low": number(interval[0]), "high": number(interval[1])}
    if rows is not None:
        found["rows"] = rows
    return found


def of_estimate(estimate: Estimate, rows: str | None = None) -> dict[str, Any]:
    """Write an estimate with its interval."""
    found = figure(
        estimate.value, measured=estimate.measured, interval=(estimate.low, estimate.high), rows=rows
    )
    return found | {"level": estimate.level}


def number(value: Any) -> Any:
    """Return a number as JSON knows it: 8 digits, None for what is no number."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        return None
    return float(f"{value:.8g}")


def query_of(column: str, value: Any = None, *, missing: bool = False) -> str | None:
    """Say in the language of queries that a column has a value; None where it cannot be said."""
    if "`" in column or column in BUILT_IN or not column:
        return None
    if missing:
        return f"`{column}` is missing"
    said = literal(value)
    return None if said is None else f"`{column}` == {said}"


def literal(value: Any) -> str | None:
    """Write a value as a query does."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value) if math.isfinite(value) else None
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return None


def _positions(found: Array) -> IntArray:
    array = np.asarray(found)
    return np.flatnonzero(array) if array.dtype == bool else np.sort(array).astype(np.int64)
