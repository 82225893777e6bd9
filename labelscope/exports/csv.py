"""CSV: UTF-8, a header, empty where there is no value."""

from __future__ import annotations

import csv
import io
from typing import BinaryIO

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
    writer.writerows(zip(*table.values(), strict=True))
    text.flush()
    text.detach()
