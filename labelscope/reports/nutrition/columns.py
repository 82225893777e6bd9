"""Columns as a label sees them: what kind they are, which values they hold, and how rows fall into groups."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

import numpy as np

from labelscope.data import frames
from labelscope.data.dataset import Dataset
from labelscope.data.label_values import is_missing, objects
from labelscope.data.media import FeatureMedia, TextMedia
from labelscope.types import Array, BoolArray, IntArray

KINDS = ("ordinal", "nominal", "continuous", "discrete")
#: Columns of an array of features beyond this many are counted and not looked at one by one.
MOST_COLUMNS = 200
_ID_NAME = re.compile(r"(^|[_\W])(id|ids|uuid|guid|key|index|nr|no|hash)$", re.IGNORECASE)
_LEAST_FOR_ID = 20
_NEARLY_ALL = 0.95
_WORDS = 3.0
_GAPS = ("NaTType", "NAType")
_DATES = (datetime.date, datetime.time, np.datetime64)


@dataclass(frozen=True, eq=False)
class Column:
    """One variable of the rows.

    Attributes
    ----------
    name : str
    kind : {"ordinal", "nominal", "continuous", "discrete"}
    values : (n,) array
        Numbers as float64 with NaN, else objects.
    missing : (n,) bool
    codes : (n,) int64
        Position in ``categories``; -1 where missing.
    categories : sequence
        Distinct values: numbers and ordered values ascending, others as they come.
    counts : (K,) int64
    role : str
        ``"identifier"``, ``"constant"``, ``"empty"``, ``"text"``, ``"date"``, or empty.
    derived : bool
        Whether it was made here, such as the length of a text.
    """

    name: str
    kind: str
    values: Array
    missing: BoolArray
    codes: IntArray
    categories: Sequence[Any]
    counts: IntArray
    role: str = ""
    derived: bool = False
    ordered: bool = field(default=False)

    @property
    def is_number(self) -> bool:
        """Whether the values are numbers."""
        return self.kind in ("continuous", "discrete")

    @property
    def n_present(self) -> int:
        """Rows with a value."""
        return int(self.counts.sum())


def text_of(value: Any) -> str:
    """Write a value of a column on one line of at most 80 characters."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    said = value.isoformat() if isinstance(value, datetime.date | datetime.time) else str(value)
    line = " ".join(said[:400].split())
    return line if len(line) <= 80 else line[:79] + "…"


def read_columns(
    dataset: Dataset, skip: Sequence[str], kinds: dict[str, str]
) -> tuple[dict[str, Column], int]:
    """Read the columns beside the labels.

    Parameters
    ----------
    dataset : Dataset
    skip : sequence of str
        Columns that hold the labels.
    kinds : dict of str to str
        Kinds that were stated.

    Returns
    -------
    columns : dict of str to Column
    n_columns : int
        How many there are, looked at or not.
    """
    found: dict[str, Column] = {}
    n_columns = 0
    for name, values, order in _raw(dataset):
        if name in skip:
            continue
        n_columns += 1
        if len(found) < MOST_COLUMNS:
            found[name] = column_of(name, values, kind=kinds.get(name, ""), order=order)
    for name, values in _derived(dataset):
        if name not in found:
            found[name] = column_of(name, values, kind="", derived=True)
    return found, n_columns


def column_of(
    name: str, values: Array, *, kind: str = "", order: Sequence[Any] | None = None, derived: bool = False
) -> Column:
    """Find out what a column is.

    Parameters
    ----------
    name : str
    values : (n,) array
        Numbers, truth values, or objects with None or NaN where there is none.
    kind : str
        What it was stated to be; by default it is found out.
    order : sequence, optional
        All values in order, of an ordinal column.
    derived : bool

    Returns
    -------
    Column

    Examples
    --------
    >>> column_of("site", np.array(["A", "B", None, "B"], dtype=object)).counts.tolist()
    [1, 2]
    """
    values = np.asarray(values)
    counted = kind not in ("ordinal", "nominal")  # postal codes and grades are no amounts
    if values.dtype.kind in "iuf" and counted:
        return _number_column(name, values.astype(np.float64), kind, derived)
    found = objects(values.tolist()) if values.dtype != object else values
    types = set(map(type, found.tolist()))
    missing = _gaps(found, types)
    if counted and _are_numbers(types):
        numbers = [
            np.nan if gap else float(v) for v, gap in zip(found.tolist(), missing.tolist(), strict=True)
        ]
        return _number_column(name, np.array(numbers, dtype=np.float64), kind, derived)
    codes, categories = _factorized(found, missing, types)
    is_date = bool(categories) and all(isinstance(v, _DATES) for v in categories)
    ordered = order is not None or is_date or kind == "ordinal"
    if ordered:
        codes, categories = _sorted(codes, categories, order)
    counts = np.bincount(codes[codes >= 0], minlength=len(categories)).astype(np.int64)
    role = _role_of(name, counts, categories)
    role = "date" if is_date and role != "constant" else role
    own = kind if kind in ("ordinal", "nominal") else ("ordinal" if ordered else "nominal")
    return Column(name, own, found, missing, codes, categories, counts, role, derived, ordered)


def groups_of(column: Column, *, least: int, most: int = 30) -> tuple[IntArray, list[str]]:
    """Put rows into groups by a column: its values where they are few, else ranges of them.

    Parameters
    ----------
    column : Column
    least : int
        Rows that a group of its own has at least; smaller ones make up "(other)".
    most : int
        Groups of values at most.

    Returns
    -------
    groups : (n,) int64
        Missing values are a group as well.
    names : list of str
    """
    n_values = len(column.categories)
    if (column.is_number and n_values > 12) or (column.ordered and n_values > most):
        codes, names = _ranges(column, min(8, max(2, column.n_present // (2 * least))))
    else:
        codes, names = column.codes, [text_of(value) for value in column.categories]
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    order = np.argsort(-counts, kind="stable")[:most]
    kept = np.sort(order[counts[order] >= least])
    place = np.full(len(names) + 2, len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    place[-1] = len(kept) + 1
    shown = [names[k] for k in kept.tolist()] + ["(other)", "(missing)"]
    groups = place[np.where(codes < 0, len(names) + 1, codes)]
    used, groups = np.unique(groups, return_inverse=True)
    return groups.astype(np.int64), [shown[k] for k in used.tolist()]


def _raw(dataset: Dataset) -> Iterator[tuple[str, Array, Sequence[Any] | None]]:
    if dataset.frame is not None:
        for name in frames.column_names(dataset.frame):
            order = _order_of(frames.column(dataset.frame, name))
            yield str(name), frames.column_values(dataset.frame, name), order
    elif isinstance(dataset.media, FeatureMedia):
        matrix = dataset.media.raw()
        for j, name in enumerate(dataset.media.columns):
            yield name, matrix[:, j], None


def _derived(dataset: Dataset) -> Iterator[tuple[str, Array]]:
    if isinstance(dataset.media, TextMedia) and dataset.frame is None:
        items = dataset.media._items
        if all(isinstance(item, str) or is_missing(item) for item in items):  # files are not opened for it
            sizes = [len(item) if isinstance(item, str) else np.nan for item in items]
            yield "number of characters", np.array(sizes, dtype=np.float64)
    if dataset.groups is not None:
        yield "group", objects([f"group {g}" for g in dataset.groups.tolist()])


def _order_of(series: Any) -> Sequence[Any] | None:
    """Return the categories of an ordered pandas or polars column, in order."""
    kind = getattr(series, "dtype", None)
    if getattr(kind, "ordered", False) or type(kind).__name__ == "Enum":
        categories = getattr(kind, "categories", None)
        return None if categories is None else list(categories)
    return None


def _gaps(values: Array, types: set[type]) -> BoolArray:
    if types <= {str, NoneType}:  # nearly all columns that are not numbers
        return np.array([value is None for value in values.tolist()], dtype=bool)
    gone = [is_missing(v) or type(v).__name__ in _GAPS for v in values.tolist()]
    return np.array(gone, dtype=bool)


def _are_numbers(types: set[type]) -> bool:
    """Whether objects are numbers: those with gaps come so."""
    held = {kind for kind in types if kind is not NoneType and kind.__name__ not in _GAPS}
    return bool(held) and all(issubclass(t, int | float | np.number) and t is not bool for t in held)


def _number_column(name: str, numbers: Array, kind: str, derived: bool) -> Column:
    missing = np.isnan(numbers)
    present = numbers[~missing]
    categories, inverse = np.unique(present, return_inverse=True)
    codes = np.full(len(numbers), -1, dtype=np.int64)
    codes[~missing] = inverse
    counts = np.bincount(inverse, minlength=len(categories)).astype(np.int64)
    finite = categories[np.isfinite(categories)]
    whole = bool(len(finite)) and bool((finite == np.round(finite)).all())
    own = kind if kind in KINDS else ("discrete" if whole else "continuous")
    role = "empty" if not len(categories) else "constant" if len(categories) == 1 else ""
    if not role and own != "continuous" and _looks_unique(name, counts, exact=True):
        role = "identifier"
    return Column(name, own, numbers, missing, codes, categories.tolist(), counts, role, derived, True)


def _looks_unique(name: str, counts: IntArray, *, exact: bool) -> bool:
    n = int(counts.sum())
    if n < _LEAST_FOR_ID:
        return False
    nearly = len(counts) >= _NEARLY_ALL * n
    return len(counts) == n or (nearly and (not exact or bool(_ID_NAME.search(name))))


def _role_of(name: str, counts: IntArray, categories: Sequence[Any]) -> str:
    if not len(categories):
        return "empty"
    if len(categories) == 1:
        return "constant"
    some = [str(value) for value in categories[:500]]
    if np.mean([len(text.split()) for text in some]) >= _WORDS and len(categories) > 0.5 * counts.sum():
        return "text"
    return "identifier" if _looks_unique(name, counts, exact=False) else ""


def _factorized(values: Array, missing: BoolArray, types: set[type]) -> tuple[IntArray, list[Any]]:
    index: dict[Any, int] = {}
    if types <= {str, NoneType}:
        found = [-1 if v is None else index.setdefault(v, len(index)) for v in values.tolist()]
        return np.array(found, dtype=np.int64), list(index)
    categories: list[Any] = []
    codes = np.full(len(values), -1, dtype=np.int64)
    for row, value in enumerate(values.tolist()):
        if missing[row]:
            continue
        try:
            key: Any = (type(value) is bool, value)
            code = index.get(key)
        except TypeError:  # lists and the like
            value = key = repr(value)
            code = index.get(key)
        if code is None:
            code = index[key] = len(categories)
            categories.append(value)
        codes[row] = code
    return codes, categories


def _sorted(
    codes: IntArray, categories: list[Any], order: Sequence[Any] | None
) -> tuple[IntArray, list[Any]]:
    if order is not None:
        place = {value: k for k, value in enumerate(order)}
        ranks = [(place.get(value, len(place)), str(value)) for value in categories]
        sequence = sorted(range(len(categories)), key=ranks.__getitem__)
    else:
        try:
            sequence = sorted(range(len(categories)), key=categories.__getitem__)
        except TypeError:  # values of several types
            sequence = sorted(range(len(categories)), key=lambda k: str(categories[k]))
    rank = np.empty(len(categories) + 1, dtype=np.int64)
    rank[sequence] = np.arange(len(categories))
    rank[-1] = -1
    return rank[codes], [categories[k] for k in sequence]


def _ranges(column: Column, n_bins: int) -> tuple[IntArray, list[str]]:
    """Cut at quantiles of the rows; equal values stay together."""
    shares = np.cumsum(column.counts) / max(column.n_present, 1)
    bins = np.minimum((shares - column.counts / max(column.n_present, 1) / 2) * n_bins, n_bins - 1)
    bin_of = np.append(bins.astype(np.int64), -1)
    used, packed = np.unique(bin_of[:-1], return_inverse=True)
    names = []
    for k in range(len(used)):
        inside = np.flatnonzero(packed == k)
        low, high = column.categories[int(inside[0])], column.categories[int(inside[-1])]
        names.append(_short(low) if low == high else f"{_short(low)} to {_short(high)}")
    return np.append(packed, -1)[column.codes], names


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else text_of(value)
