"""Features of table rows."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, InvalidTypeError, notify
from labelscope.types import Array, Evidence, FloatArray, Made

if TYPE_CHECKING:
    from labelscope.data.dataset import Dataset

_FARTHEST = 6.0
_HASHED_COLUMNS = 32


@dataclass(frozen=True, kw_only=True)
class TabularFeatures:
    """Standardized numbers and one-hot categories.

    Numbers, booleans and dates are standardized (very skewed ones after a logarithm), a gap is the median
    and a column that marks it. Categories become one column each; where there are many, the frequent ones do
    and all are hashed besides. Row numbers and names that never repeat are left out.

    Parameters
    ----------
    max_categories : int
        Categories of a column that get a column of their own.

    Examples
    --------
    >>> import pyarrow as pa, labelscope as ls
    >>> table = pa.table({"age": [31.0, None, 25.0], "city": ["Rome", "Oslo", "Rome"], "y": [0, 1, 0]})
    >>> made = ls.providers.TabularFeatures().make(ls.Dataset(table, "y"), ls.Evidence())
    >>> made.arrays["features"].shape[0], made.facts["columns_used"]
    (3, ['age', 'city'])
    """

    name: ClassVar[str] = "tabular_features"
    makes: ClassVar[tuple[str, ...]] = ("features",)
    needs: ClassVar[tuple[str, ...]] = ()

    max_categories: int = 32

    def make(self, dataset: Dataset | None, evidence: Evidence, *, random_state: int = 0) -> Made:
        """Make ``features`` (n, d) float32.

        Parameters
        ----------
        dataset : Dataset
            Its media are table rows.
        evidence : Evidence
            Not used.
        random_state : int
            Not used.

        Returns
        -------
        Made
            Facts: ``encoder``, ``n_columns``, ``columns_used``, ``columns_left_out`` (name to reason).

        Raises
        ------
        InvalidInputError
            No column says anything.
        """
        if dataset is None:
            raise InvalidTypeError("TabularFeatures needs a dataset of table rows, but dataset is None.")
        if self.max_categories < 1:
            raise InvalidInputError(f"max_categories is {self.max_categories}, but at least 1 is needed.")
        from labelscope.data.frames import column_values

        media: Any = dataset.media
        blocks: list[FloatArray] = []
        used: list[str] = []
        left_out: dict[str, str] = {}
        for name in media.columns:
            block, reason = encode_column(
                column_values(media.frame, name), max_categories=self.max_categories
            )
            if block is None:
                left_out[str(name)] = reason
            else:
                blocks.append(block)
                used.append(str(name))
        features = _joined(blocks, len(media), left_out)
        unread = [name for name, reason in left_out.items() if reason != "constant"]
        if unread and blocks:
            notify(
                "columns_left_out",
                f"{len(unread):,} columns are left out of the features: "
                + ", ".join(f"{name} ({left_out[name]})" for name in unread[:8])
                + ("." if len(unread) <= 8 else ", …"),
                "Pass features= to decide yourself.",
            )
        facts = {
            "encoder": "standardized and one-hot columns",
            "n_columns": int(features.shape[1]),
            "columns_used": used,
            "columns_left_out": left_out,
        }
        return Made({"features": features}, facts)


def _joined(blocks: list[FloatArray], n: int, left_out: dict[str, str]) -> FloatArray:
    if blocks:
        return np.hstack(blocks)
    if n <= 1:
        return np.zeros((n, 1), dtype=np.float32)
    reasons = (
        ", ".join(f"{name}: {reason}" for name, reason in list(left_out.items())[:8])
        or "there are no columns"
    )
    raise InvalidInputError(
        f"No column of the table tells its {n:,} rows apart ({reasons}).",
        "Pass features=, or a table with more columns.",
    )


def encode_column(values: Array, *, max_categories: int = 32) -> tuple[FloatArray | None, str]:
    """Encode one column.

    Parameters
    ----------
    values : (n,) array
        Numbers, booleans, dates, text or any objects; None and NaN are gaps.
    max_categories : int
        Categories with a column of their own.

    Returns
    -------
    block : (n, c) float32 or None
        None where the column says nothing.
    reason : str
        Why, then: ``"constant"``, ``"row number"``, ``"no value repeats"`` or ``"unreadable"``.

    Examples
    --------
    >>> import numpy as np
    >>> encode_column(np.array(["a", "b", "a"], dtype=object))[0].tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    values = np.asarray(values)
    numbers = _as_numbers(values)
    if numbers is not None:
        return _encode_numbers(numbers)
    return _encode_categories(values, max_categories)


def _as_numbers(values: Array) -> FloatArray | None:
    """The column as float64 with NaN for gaps; None where it holds categories."""
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if values.dtype.kind in "mM":
        out = values.astype("datetime64[s]" if values.dtype.kind == "M" else "timedelta64[s]").astype(
            np.float64
        )
        return np.where(np.isnat(values), np.nan, out)
    present = [value for value in values.tolist() if not _is_gap(value)]
    if not present:
        return np.full(len(values), np.nan)
    if all(
        isinstance(value, bool | int | float | np.number) or _seconds(value) is not None for value in present
    ):
        return np.array([np.nan if _is_gap(value) else _as_float(value) for value in values.tolist()])
    if all(isinstance(value, str) for value in present) and len(set(present)) > 2:
        return _parsed(values, present)
    return None


def _parsed(values: Array, present: list[Any]) -> FloatArray | None:
    """Numbers or dates written as text, where (nearly) all entries are."""
    for read in (float, lambda text: _as_float(datetime.datetime.fromisoformat(text))):
        out = np.full(len(values), np.nan)
        found = 0
        for row, value in enumerate(values.tolist()):
            if _is_gap(value):
                continue
            try:
                out[row] = read(value.strip().replace(",", "") if read is float else value.strip())
                found += 1
            except (ValueError, OverflowError):
                if row > 20 and found == 0:
                    break
        if found >= 0.95 * len(present):
            return out
    return None


def _is_gap(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        return str(value) in ("<NA>", "NaT")


def _seconds(value: Any) -> float | None:
    if isinstance(value, datetime.datetime):
        return (value.replace(tzinfo=None) - datetime.datetime(1970, 1, 1)).total_seconds()
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).total_seconds()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, datetime.time):
        return value.hour * 3600 + value.minute * 60 + value.second
    return None


def _as_float(value: Any) -> float:
    seconds = _seconds(value)
    return float(value) if seconds is None else float(seconds)


def _encode_numbers(numbers: FloatArray) -> tuple[FloatArray | None, str]:
    missing = ~np.isfinite(numbers)
    present = numbers[~missing]
    if len(present) == 0:
        return None, "empty"
    columns = []
    if len(numbers) > 20 and _is_row_number(numbers):
        return None, "row number"
    if present.max() > present.min():
        center = float(np.median(present))
        values = np.where(missing, center, numbers)
        if _is_skewed(present):
            values = np.sign(values - center) * np.log1p(np.abs(values - center) / _spread(present, center))
        deviation = values.std()
        columns.append(
            np.clip((values - values.mean()) / (deviation if deviation > 0 else 1), -_FARTHEST, _FARTHEST)
        )
    if missing.any():
        columns.append(missing.astype(np.float64))
    if not columns:
        return None, "constant"
    return np.column_stack(columns).astype(np.float32), ""


def _is_row_number(numbers: FloatArray) -> bool:
    """Whether the column counts the rows, in their order."""
    return bool(np.isfinite(numbers).all() and (np.diff(numbers) == 1).all())


def _is_skewed(present: FloatArray) -> bool:
    deviation = present.std()
    if not np.isfinite(deviation):
        return True
    return bool(
        deviation > 0
        and len(np.unique(present[:1000])) > 10
        and np.abs(present - present.mean()).max() > 10 * deviation
    )


def _spread(present: FloatArray, center: float) -> float:
    spread = float(np.median(np.abs(present - center)))
    return spread if spread > 0 else max(float(np.abs(present - center).mean()), 1e-300)


def _encode_categories(values: Array, max_categories: int) -> tuple[FloatArray | None, str]:
    names = ["" if _is_gap(value) else f"{type(value).__name__}:{value}" for value in values.tolist()]
    kinds, inverse, counts = np.unique(
        np.array(names, dtype=object).astype(str), return_inverse=True, return_counts=True
    )
    n = len(names)
    if len(kinds) < 2:
        return None, "constant"
    if len(kinds) > max(20, 0.9 * n):
        return None, "no value repeats"
    keep = np.sort(np.argsort(-counts, kind="stable")[:max_categories])
    block = (inverse[:, None] == keep).astype(np.float32)
    if len(kinds) > max_categories:
        block = np.hstack([block, _hashed(kinds)[inverse]])
    return block, ""


def _hashed(kinds: Array) -> FloatArray:
    """Pseudo-random unit vectors by name, so that rare categories differ without a column each."""
    out = np.empty((len(kinds), _HASHED_COLUMNS), dtype=np.float32)
    for row, name in enumerate(kinds.tolist()):
        digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_HASHED_COLUMNS).digest()
        out[row] = np.frombuffer(digest, dtype=np.uint8).astype(np.float32) - 127.5
    return np.asarray(out / np.linalg.norm(out, axis=1, keepdims=True))
