"""Arguments of the wrong kind, refused by name before any work starts; ranges are the callers' matter."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError
from labelscope.types import Array


def check_numbers(*, optional: bool = False, **given: Any) -> None:
    """Refuse what is no single number, NaN included.

    Parameters
    ----------
    optional : bool
        Whether None may stand for a default.
    **given
        Arguments by name.

    Raises
    ------
    InvalidTypeError, InvalidInputError

    Examples
    --------
    >>> check_numbers(level=0.9)
    >>> check_numbers(level="high")
    Traceback (most recent call last):
    labelscope.errors.InvalidTypeError: level is 'high', but a number is needed.
      Hint: Pass a plain number, such as level=0.5.
    """
    for name, value in given.items():
        if optional and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise InvalidTypeError(
                f"{name} is {value!r:.60}, but a number is needed.",
                f"Pass a plain number, such as {name}=0.5.",
            )
        if value != value:
            raise InvalidInputError(
                f"{name} is not a number (NaN).", f"Pass a plain number, such as {name}=0.5."
            )


def check_counts(least: int = 0, *, optional: bool = False, **given: Any) -> None:
    """Refuse what is no whole number from ``least`` on.

    Parameters
    ----------
    least : int
    optional : bool
        Whether None may stand for a default.
    **given
        Arguments by name.

    Raises
    ------
    InvalidTypeError, InvalidInputError

    Examples
    --------
    >>> check_counts(1, bins=20)
    >>> check_counts(1, bins=0)
    Traceback (most recent call last):
    labelscope.errors.InvalidInputError: bins is 0.
      Hint: Pass a whole number from 1 on.
    """
    for name, value in given.items():
        if optional and value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise InvalidTypeError(
                f"{name} is {value!r:.60}, but a whole number is needed.",
                f"Pass a whole number from {least} on.",
            )
        if value < least:
            raise InvalidInputError(f"{name} is {value}.", f"Pass a whole number from {least} on.")


def check_seed(random_state: Any) -> None:
    """Refuse what cannot seed a generator; raises InvalidTypeError or InvalidInputError."""
    check_counts(random_state=random_state)


def check_flags(**given: Any) -> None:
    """Refuse what is neither True nor False; raises InvalidTypeError."""
    for name, value in given.items():
        if not isinstance(value, bool | np.bool_):
            raise InvalidTypeError(f"{name} is {value!r:.60}.", "Pass True or False.")


def as_array(name: str, given: Any, dtype: Any) -> Array:
    """Read an array of numbers or truth values; raises InvalidTypeError where it cannot be read so.

    Parameters
    ----------
    name : str
    given : array-like
    dtype : numpy type
    """
    try:
        if given is None or isinstance(given, str | bytes | type):
            raise TypeError
        found: Array = np.asarray(given, dtype=dtype)
        if not found.ndim:
            raise TypeError
    except (TypeError, ValueError):
        raise InvalidTypeError(
            f"{name} is a {type(given).__name__} that cannot be read as {np.dtype(dtype).name} values.",
            f"Pass an array or a list of {np.dtype(dtype).name} values.",
        ) from None
    return found


def check_rows(name: str, given: Any) -> None:
    """Refuse what holds nothing row by row: a number, a text, a mapping; raises InvalidTypeError."""
    sized = hasattr(given, "__len__") and not isinstance(given, Mapping | set)
    if not sized or not is_listed(given):
        raise InvalidTypeError(f"{name} is {given!r:.60}.", f"Pass one entry of {name} for each row.")


def check_choice(kind: str, given: Any, known: Iterable[object]) -> None:
    """Refuse a name that is not among the known ones, and what is no name.

    Raises
    ------
    InvalidInputError
        With the near miss named.
    """
    choices = list(known)
    if not isinstance(given, str) or given not in choices:
        raise InvalidInputError.unknown(kind, given, choices)


def is_listed(given: Any) -> bool:
    """Whether something has members to go through; a text has none."""
    if isinstance(given, str | bytes | type) or not hasattr(given, "__iter__"):
        return False
    return not isinstance(given, np.ndarray) or given.ndim > 0


def listed(name: str, given: Any, such_as: str) -> list[Any]:
    """Return the members of a list, or say that it is none; a text is no list.

    Raises
    ------
    InvalidTypeError
    """
    if not is_listed(given):
        raise InvalidTypeError(f"{name} is {given!r:.60}, but a list is needed.", f"Pass {such_as}.")
    return list(given)


def as_path(given: Any, such_as: str = "report.html") -> Path:
    """Return a path, or say that it is none.

    Raises
    ------
    InvalidTypeError
    """
    if not isinstance(given, str | os.PathLike):
        raise InvalidTypeError(
            f"path is {given!r:.60}, but the name of a file is needed.", f"Pass a path, such as {such_as!r}."
        )
    return Path(given)
