"""JSON Lines: one object a row, null where there is no value."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any, BinaryIO

from labelscope.exports.table import Table

#: Characters that some readers take for the end of a line.
_LINE_ENDS = {ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"}


def write_jsonl(table: Table, file: BinaryIO) -> None:
    """Write a table as JSON Lines in UTF-8.

    Parameters
    ----------
    table : Table
    file : binary file
    """
    names = list(table)
    encoder = json.JSONEncoder(ensure_ascii=False, default=str)
    for values in zip(*table.values(), strict=True):
        line = encoder.encode({name: _known(value) for name, value in zip(names, values, strict=True)})
        # A lone surrogate becomes its JSON escape.
        file.write(line.translate(_LINE_ENDS).encode("utf-8", "backslashreplace") + b"\n")


def _known(value: Any) -> Any:
    if isinstance(value, Decimal):
        # A number where none of its digits is lost.
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
