"""Module 4, statistics: four tables of columns, and the table of the labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from labelscope.reports.nutrition.columns import Column, text_of
from labelscope.reports.nutrition.figures import Selections, number, query_of
from labelscope.reports.nutrition.label_statistics import label_statistics
from labelscope.reports.nutrition.repeats import Repeats
from labelscope.reports.nutrition.subject import Subject

SEVERAL, ALL_DIFFERENT, SUPPRESSED = "multiple detected", "–", "suppressed"
#: From so many values on, a text column may name people: its rare values are not shown.
_MANY_VALUES, _SEVERAL_VALUES = 50, 20


def statistics_module(
    subject: Subject, repeats: Repeats | None, least_count: int, selections: Selections
) -> dict[str, Any]:
    """Make the module.

    Parameters
    ----------
    subject : Subject
    repeats : Repeats or None
        Rows that occur more than once.
    least_count : int
        Values of high-cardinality text columns with fewer rows are suppressed.
    selections : Selections

    Returns
    -------
    dict
        ``ordinal``, ``nominal``, ``continuous`` and ``discrete``: a list with one entry a column; ``labels``.
    """
    tables: dict[str, list[dict[str, Any]]] = {
        "ordinal": [],
        "nominal": [],
        "continuous": [],
        "discrete": [],
    }
    for column in subject.columns.values():
        made = _numbers(column, selections) if column.is_number else _values(column, least_count, selections)
        tables[column.kind].append({"name": column.name, **made, **_missing(column, selections)})
    return {
        "basis": "measured",
        "missing_counted_as_entry": False,
        "suppressed_below": least_count,
        **tables,
        "labels": label_statistics(subject, repeats, selections),
    }


def _missing(column: Column, selections: Selections) -> dict[str, Any]:
    n_missing = int(column.missing.sum())
    key = selections.add(
        f"column:{column.name}:missing",
        column.missing,
        n_missing,
        None if column.derived else query_of(column.name, missing=True),
    )
    share = n_missing / len(column.missing) if len(column.missing) else 0.0
    return {"missing": n_missing, "missing_share": number(share), "missing_rows": key}


def _values(column: Column, least_count: int, selections: Selections) -> dict[str, Any]:
    """Type, count, unique entries, most and least frequent value."""
    counts = column.counts
    found: dict[str, Any] = {
        "type": column.role or ("ordered" if column.ordered else "text"),
        "count": column.n_present,
        "unique": len(counts),
    }
    for name, extreme in (("most_frequent", counts.max), ("least_frequent", counts.min)):
        found[name] = _extreme(column, int(extreme(initial=0 if name[0] == "m" else 1 << 60)), least_count)
        place = found[name].pop("place", None)
        if place is not None:
            found[name]["rows"] = value_key(column, place, selections)
    return found


def _extreme(column: Column, size: int, least_count: int) -> dict[str, Any]:
    """The value with the most or the fewest rows: ties are not broken, and people are not named."""
    counts = column.counts
    if not len(counts) or (len(counts) > 1 and int(counts.max()) == 1):
        return {"value": ALL_DIFFERENT, "count": None}
    holders = np.flatnonzero(counts == size)
    if len(holders) > 1:
        return {"value": SEVERAL, "count": size}
    if size < least_count and is_private(column):
        return {"value": SUPPRESSED, "count": None}
    place = int(holders[0])
    return {"value": text_of(column.categories[place]), "count": size, "place": place}


def is_private(column: Column) -> bool:
    """Whether rare values of a column may name people: text, identifiers, and what has very many values."""
    n_values = len(column.counts)
    many = n_values > _MANY_VALUES or n_values > max(_SEVERAL_VALUES, 0.2 * column.n_present)
    return not column.is_number and (column.role in ("text", "identifier") or many)


def value_key(column: Column, place: int, selections: Selections) -> str:
    """Return the key of the rows that have a value of a column."""
    codes, value = column.codes, column.categories[place]
    query = None if column.derived else query_of(column.name, value)
    said = f"column:{column.name}={text_of(value)}"
    return selections.add(said, lambda: codes == place, int(column.counts[place]), query)


def _numbers(column: Column, selections: Selections) -> dict[str, Any]:
    """Count, min, median, max, mean, standard deviation, share of zeros."""
    values = column.values[~column.missing]
    finite = values[np.isfinite(values)]
    n_infinite = len(values) - len(finite)
    found: dict[str, Any] = {"type": column.role or column.kind, "count": len(values), "infinite": n_infinite}
    if n_infinite:
        infinite = np.isinf(column.values)
        found["infinite_rows"] = selections.add(f"column:{column.name}:infinite", infinite, n_infinite)
    if not len(finite):
        return found | dict.fromkeys(("min", "median", "max", "mean", "std", "zeros_share"))
    zero = column.values == 0
    query = None if column.derived else query_of(column.name, 0)
    key = selections.add(f"column:{column.name}:zero", zero, int(zero.sum()), query)
    return found | {
        "min": number(finite.min()),
        "median": number(np.median(finite)),
        "max": number(finite.max()),
        "mean": number(finite.mean()),
        "std": number(finite.std(ddof=1)) if len(finite) > 1 else None,
        "zeros_share": number(float(zero.sum()) / len(values)),
        "zero_rows": key,
    }
