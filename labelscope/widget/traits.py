"""The two traits that people read and set: rows as an array, and one row."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets

from labelscope.types import IntArray
from labelscope.widget.rows import as_row, as_rows


class SelectedRows(traitlets.TraitType[Any, Any]):
    """Sorted, unique rows; the owner says how many rows there are by ``n_rows``."""

    info_text = "row numbers, a slice or a mask"
    default_value = ()

    def validate(self, obj: Any, value: Any) -> IntArray:
        """Return the rows as a read-only (m,) int64 array."""
        return as_rows(value, obj.n_rows)

    def set(self, obj: Any, value: Any) -> None:
        """Set the rows; setting the same rows again is no change and wakes no observer."""
        # traitlets compares old and new by ==, which arrays answer with arrays
        rows: Any = self._validate(obj, value)
        old = obj._trait_values.get(self.name)
        if old is not None and np.array_equal(old, rows):
            return
        obj._trait_values[self.name] = rows
        obj._notify_trait(self.name, np.empty(0, dtype=np.int64) if old is None else old, rows)


class CurrentRow(traitlets.TraitType[Any, Any]):
    """One row or None."""

    info_text = "a row number or None"
    default_value = None
    allow_none = True

    def validate(self, obj: Any, value: Any) -> int | None:
        """Return the row as a Python int."""
        return as_row(value, obj.n_rows)
