"""Texts that are printed lists: what a column of tags becomes once it was in a CSV file."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from typing import Any

from labelscope.errors import InvalidInputError

_PAIRS = {"[": "]", "{": "}", "(": ")"}
_N_READ, _LONGEST = 3, 10_000


def check_not_printed(texts: Iterable[str | None]) -> None:
    """Refuse texts all of which are printed lists, tuples or sets.

    Parameters
    ----------
    texts : iterable of str or None
        One per row; rows without a text do not count.

    Raises
    ------
    InvalidInputError
        Every text is a list in brackets.

    Examples
    --------
    >>> check_not_printed(["[PER]", "[LOC]"])
    >>> check_not_printed(["['joy', 'awe']", "[]"])
    Traceback (most recent call last):
    labelscope.errors.InvalidInputError: The label of row 0 is the text "['joy', 'awe']", a printed list.
    ...
    """
    first, seen = None, list[str]()
    for row, text in enumerate(texts):
        bare = text.strip() if text else ""
        if not bare:
            continue
        if bare != "set()" and bare[-1] != _PAIRS.get(bare[0]):
            return
        if len(seen) < _N_READ:
            if not isinstance(_read(bare), (list, tuple, set)):
                return
            seen.append(bare)
            first = row if first is None else first
    if first is None:
        return
    shown = seen[0] if len(seen[0]) <= 60 else f"{seen[0][:57]}..."
    raise InvalidInputError(
        f'The label of row {first} is the text "{shown}", a printed list.',
        "Take the texts apart: [ast.literal_eval(text) for text in labels] (json.loads for JSON); Parquet"
        ' keeps lists as they are. If the texts are names of classes, write task="classification".',
    )


def _read(text: str) -> Any:
    """Read a printed collection; None where it is none."""
    if len(text) > _LONGEST:
        return None
    for reader in (json.loads, ast.literal_eval):
        try:
            return reader(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None


__all__ = ["check_not_printed"]
