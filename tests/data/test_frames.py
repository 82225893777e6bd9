"""The room that knows frames."""

from __future__ import annotations

import importlib.util
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from labelscope.data import frames
from labelscope.data.columns import ArrowItems
from labelscope.errors import InvalidTypeError, UnknownColumnError

COLUMNS = {
    "row": np.arange(2),
    "given": np.array(["a", None], dtype=object),
    "share": np.array([0.5, np.nan]),
}
LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


@pytest.mark.parametrize("library", LIBRARIES)
def test_results_come_in_the_callers_library(library: str) -> None:
    like = LIBRARIES[library]({"x": [1]})
    frame = frames.to_caller(COLUMNS, like)
    assert type(frame) is type(like)
    assert frames.column_names(frame) == ["row", "given", "share"]
    assert frames.column_values(frame, "row").tolist() == [0, 1]
    assert frames.record(frame, 1) == {"row": 1, "given": None, "share": None}


def test_without_a_frame_results_come_in_pandas_or_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(frames.to_caller(COLUMNS), pd.DataFrame)
    assert isinstance(frames.to_caller(COLUMNS, frames.borrowed(pa.table({"x": [1]}))), pd.DataFrame)
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pandas" else find(name))
    assert isinstance(frames.to_caller(COLUMNS), pa.Table)


def test_columns_of_lists_and_of_nothing_fit_everywhere() -> None:
    for make in LIBRARIES.values():
        frame = frames.to_caller({"tags": objects_of([["a"], []]), "none": [None, None]}, make({"x": [1]}))
        assert frames.n_rows(frame) == 2


def objects_of(values: list[list[str]]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def test_what_is_a_frame() -> None:
    for make in LIBRARIES.values():
        assert frames.is_frame(make({"x": [1]}))
    assert frames.is_frame(pl.LazyFrame({"x": [1]}))
    for other in (
        [1],
        {"x": [1]},
        "x",
        np.zeros((2, 2)),
        pd.Series([1]),
        pl.Series([1]),
        pa.array([1]),
        None,
    ):
        assert not frames.is_frame(other)


def test_errors() -> None:
    with pytest.raises(UnknownColumnError, match="Did you mean 'given'"):
        frames.column_values(pa.table({"given": [1]}), "givn")
    with pytest.raises(UnknownColumnError):
        frames.select(pl.DataFrame({"x": [1]}), ["y"])
    with pytest.raises(InvalidTypeError, match="not a frame"):
        frames.n_rows([1])


def test_values_keep_gaps() -> None:
    frame = pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "s": ["a", None]})
    assert frames.column_values(frame, "i").tolist()[0] == 1
    assert frames.column_list(frame, "s")[0] == "a"


def test_arrow_columns_are_read_row_by_row() -> None:
    column = pa.chunked_array([[{"bytes": b"1", "path": "a"}], [{"bytes": None, "path": "b"}, None]])
    items = pickle.loads(pickle.dumps(ArrowItems(column)))
    assert len(items) == 3
    assert items[0] == {"bytes": b"1", "path": "a"}
    assert list(items)[2] is None
    assert [items.path_at(row) for row in range(3)] == ["a", "b", ""]
    assert ArrowItems(pa.array([b"1"])).path_at(0) == ""
