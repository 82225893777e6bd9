"""CSV: UTF-8, a header, empty where there is no value."""

from __future__ import annotations

import csv
import io
from typing import Any, BinaryIO

import numpy as np

from labelscope.data.tags import Tags
from labelscope.exports.table import Table


def write_csv(table: Table, file: BinaryIO) -> None:
    """Write a table as CSV.

    Parameters
    ----------
    table : Table
    file : binary file
    """
    # Lone surrogates are no UTF-8; escaping them loses nothing and breaks no reader.
    text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table)
    writer.writerows(zip(*map(_joined, table.values()), strict=True))
    text.flush()
    text.detach()


def _joined(values: list[Any]) -> list[Any]:
    """Write sets of tags as texts, bars in a tag escaped: `labelscope.data.tags` reads them back."""
    if not any(isinstance(value, list) for value in values):
        return values
    names = sorted({str(tag) for value in values if value is not None for tag in value})
    tags = Tags(tuple(names), np.zeros((0, len(names)), dtype=np.int8))
    return [
        None if value is None else "|".join(tags.canonical([str(tag)]) for tag in value) for value in values
    ]
