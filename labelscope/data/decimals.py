"""Decimal numbers as labels: read as 64-bit floats, and written back as decimals of the container's scale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, notify
from labelscope.types import Array

# As floats are: closer than this, and nothing that people measure is lost.
_CLOSE = Decimal("1e-15")


def is_decimal_nan(value: Any) -> bool:
    """Whether a value is a decimal that is not a number, which comparisons may not tell."""
    return isinstance(value, Decimal) and value.is_nan()


def without_decimals(present: list[Any]) -> list[Any]:
    """Return labels with decimals as floats, and say so.

    Parameters
    ----------
    present : list
        Labels, none of them missing.

    Returns
    -------
    list

    Raises
    ------
    InvalidInputError
        A number is too large or too small for a float.
    """
    n_rounded = 0
    numbers = []
    for value in present:
        if not isinstance(value, Decimal):
            numbers.append(value)
            continue
        number = float(value)
        exact = not value.is_finite() or Decimal(repr(number)) == value
        if not exact and (not np.isfinite(number) or abs(Decimal(number) - value) > _CLOSE * abs(value)):
            raise InvalidInputError(
                f"The label {value!s:.60} is a decimal that a 64-bit float cannot hold.",
                "Scale the labels, e.g. by their unit, or use [str(label) for label in labels] for classes.",
            )
        n_rounded += not exact
        numbers.append(number)
    rounded = f" {n_rounded:,} of them have more digits than a float keeps." if n_rounded else ""
    notify(
        "labels_decimal",
        f"labels are decimals and are computed with as 64-bit floats.{rounded}",
        "Exports have decimals again; labels that nobody changed keep all of their digits.",
    )
    return numbers


def as_decimals(original: Any, wanted: Sequence[Any]) -> Sequence[Any]:
    """Return labels as decimals where the container holds decimals, else as they are.

    Parameters
    ----------
    original : container of labels
    wanted : sequence
        Numbers, None for no label.

    Returns
    -------
    sequence
        Numbers that the container holds already come with all of their digits; others with the digits that
        its decimals share, and in a container of a fixed scale rounded to it.
    """
    scale = _scale_of(original)
    if scale is None and not _may_hold_objects(original):
        return wanted
    items = _items(original)
    given = [value for value in items if isinstance(value, Decimal) and value.is_finite()]
    if not given:
        return wanted
    known = {float(value): value for value in given}
    digits = {-int(value.as_tuple().exponent) for value in given}
    shared = digits.pop() if len(digits) == 1 else None
    return [None if value is None else known.get(value) or _decimal(value, scale, shared) for value in wanted]


def _decimal(value: Any, scale: int | None, shared: int | None) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    exact = Decimal(value) if value == int(value) else Decimal(repr(value))
    digits = shared if scale is None else scale
    if digits is None:
        return exact
    try:
        rounded = exact.quantize(Decimal(1).scaleb(-digits))
    except InvalidOperation:  # more digits than decimals have here
        return exact
    return rounded if scale is not None or rounded == exact else exact


def _may_hold_objects(original: Any) -> bool:
    if isinstance(original, list | tuple):
        return any(isinstance(value, Decimal) for value in original)
    return getattr(getattr(original, "dtype", None), "kind", "") == "O"


def _scale_of(original: Any) -> int | None:
    """Return the digits after the point of a container of fixed ones; None of any other."""
    kind = getattr(original, "type", None) or getattr(original, "dtype", None)
    kind = getattr(kind, "pyarrow_dtype", kind)
    scale = getattr(kind, "scale", None)
    return scale if isinstance(scale, int) and "decimal" in str(kind).lower() else None


def _items(original: Any) -> Iterable[Any]:
    for name in ("to_pylist", "to_list", "tolist"):
        if hasattr(original, name):
            found: Array | list[Any] = getattr(original, name)()
            return found
    return list(original)


def digits_before(values: Iterable[Any]) -> int:
    """Return the most digits before the point of decimals."""
    return max((value.adjusted() + 1 for value in values if isinstance(value, Decimal)), default=0)


__all__ = ["as_decimals", "digits_before", "is_decimal_nan", "without_decimals"]
