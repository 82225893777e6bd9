"""Rows of a table as media."""

from __future__ import annotations

from typing import Any

from labelscope.data import frames
from labelscope.data.content import add_array, add_items, new_digest


class TableMedia:
    """Rows of a frame.

    Parameters
    ----------
    frame : pandas, polars or pyarrow frame
        The columns that describe a row, without its label.

    Examples
    --------
    >>> import pyarrow as pa
    >>> media = TableMedia(pa.table({"age": [31, 40], "city": ["Rome", None]}))
    >>> media.record(1), media.caption(0)
    ({'age': 40, 'city': None}, 'age 31, city Rome')
    """

    kind = "table"

    def __init__(self, frame: Any) -> None:
        self.frame = frames.eager(frame)
        self.columns: tuple[str, ...] = tuple(frames.column_names(self.frame))
        self._key: str | None = None

    def __len__(self) -> int:
        return frames.n_rows(self.frame)

    def __repr__(self) -> str:
        return f"TableMedia({len(self):,} rows, {len(self.columns)} columns)"

    def record(self, row: int) -> dict[str, Any]:
        """Return one row as Python values by column name; gaps are None."""
        return frames.record(self.frame, row)

    def caption(self, row: int) -> str:
        """Show the first values of the row."""
        shown = []
        for name, value in list(self.record(row).items())[:4]:
            text = f"{value:.4g}" if isinstance(value, float) else str(value)
            shown.append(f"{name} {text[:40]}")
        return ", ".join(shown) + (", …" if len(self.columns) > 4 else "")

    def content_key(self) -> str:
        """Digest names and values: 32 hex digits, the same in every process; worked out once."""
        if self._key is None:
            digest = new_digest("table", len(self), *map(str, self.columns))
            for name in self.columns:
                values = frames.column_values(self.frame, name)
                if values.dtype == object:
                    add_items(digest, values.tolist())
                else:
                    add_array(digest, values)
            self._key = digest.hexdigest()
        return self._key

    def raw(self) -> Any:
        """Return the frame as a scikit-learn estimator takes it."""
        return frames.for_estimator(self.frame)


__all__ = ["TableMedia"]
