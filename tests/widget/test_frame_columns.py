"""Columns of the user's frame: one answer for the same values from every library."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labelscope as ls
from labelscope.errors import InvalidInputError, UnknownColumnError
from labelscope.widget.frame_columns import MAX_CATEGORIES, MISSING, FrameColumns

pytestmark = pytest.mark.filterwarnings("ignore::labelscope.errors.LabelscopeWarning")
DAY = 86_400_000.0
BASE = {
    "label": ["x", "y", "x", "y", "x", "y"],
    "half": [0.5, None, 2.0, 3.0, 4.0, 5.0],
    "yes": [True, False, None, True, True, False],
    "farm": ["north", "south", None, "north", "north", "west"],
    "when": [dt.datetime(1970, 1, 2), None, *[dt.datetime(1970, 1, 4)] * 4],
}
MAKERS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def columns_of(frame):
    return FrameColumns(ls.Dataset(frame, "label"))


@pytest.mark.parametrize("library", MAKERS)
def test_every_library_gives_the_same(library):
    columns = columns_of(MAKERS[library](BASE))
    assert columns.names == list(BASE)
    half = columns.one("half")
    assert half.info == {
        "name": "half",
        "kind": "numeric",
        "format": "number",
        "n_missing": 1,
        "min": 0.5,
        "max": 5.0,
    }
    assert half.values.dtype == "<f4"
    np.testing.assert_array_equal(half.values, np.array([0.5, np.nan, 2, 3, 4, 5], np.float32))
    yes = columns.one("yes")
    assert yes.info["categories"] == ["true", "false"] and yes.info["counts"] == [3, 2]
    assert yes.values.tolist() == [0, 1, MISSING, 0, 0, 1] and yes.values.dtype == "<u2"
    farm = columns.one("farm")
    assert farm.info["categories"] == ["north", "south", "west"] and farm.info["n_missing"] == 1
    assert farm.values.tolist() == [0, 1, MISSING, 0, 0, 2]
    when = columns.one("when")
    assert when.info["format"] == "date" and when.values.dtype == "<f8"
    np.testing.assert_array_equal(when.values, [DAY, np.nan, *[3 * DAY] * 4])


def test_nullable_zoned_and_plain_objects_of_pandas():
    frame = pd.DataFrame(
        {
            "label": BASE["label"],
            "whole": pd.array([1, None, 3, 4, 5, 6], dtype="Int64"),
            "kind": pd.Categorical(["a", "b", None, "a", "a", "b"]),
            "zoned": pd.to_datetime(BASE["when"], utc=True),
            "day": [dt.date(1970, 1, 2)] * 5 + [None],
            "mixed": [1, "a", None, 2.5, True, b"xy"],
            "big": [2**40 + k for k in range(6)],
            "infinite": [np.inf, -np.inf, np.nan, 1.0, 2.0, 3.0],
        }
    )
    columns = columns_of(frame)
    assert columns.one("whole").info["format"] == "integer"
    assert columns.one("whole").info["n_missing"] == 1
    assert columns.one("kind").values.tolist() == [0, 1, MISSING, 0, 0, 1]
    assert columns.one("zoned").values[0] == DAY
    assert columns.one("day").values[0] == DAY and np.isnan(columns.one("day").values[-1])
    assert sorted(columns.one("mixed").info["categories"]) == ["1", "2 bytes", "2.5", "a", "true"]
    assert columns.one("big").values.tolist() == frame["big"].tolist()
    assert columns.one("infinite").info["min"] == 1.0 and columns.one("infinite").info["n_missing"] == 3


def test_empty_columns_have_no_ends():
    columns = columns_of(pd.DataFrame({"label": ["x", "y"], "gap": [np.nan, np.nan], "none": [None, None]}))
    assert "min" not in columns.one("gap").info and columns.one("gap").info["n_missing"] == 2
    assert columns.one("none").info["n_missing"] == 2


def test_ids_and_long_lists_are_text():
    n = MAX_CATEGORIES + 10
    frame = pa.table(
        {
            "label": ["x", "y"] * (n // 2),
            "id": [f"r{k}" for k in range(n)],
            "many": [f"r{k % (MAX_CATEGORIES + 1)}" for k in range(n)],
            "few": [f"r{k % 30}" for k in range(n)],
        }
    )
    columns = columns_of(frame)
    assert [columns.one(name).info["kind"] for name in ("id", "many", "few")] == [
        "text",
        "text",
        "categorical",
    ]
    with pytest.raises(InvalidInputError, match="text"):
        columns.packed("many")
    with pytest.raises(UnknownColumnError, match="many"):
        columns.one("manny")


def test_groups_are_a_fact_about_rows():
    dataset = ls.Dataset(["a", "b", "c", "d"], ["x", "y", "x", "y"], groups=["one", "one", "two", "two"])
    found = FrameColumns(dataset).one(":cluster")
    assert found.info["kind"] == "categorical" and found.values.tolist() == [0, 0, 1, 1]


def test_an_odd_column_is_left_out_and_the_rest_stay():
    frame = pl.DataFrame({"label": ["x", "y"], "list": [[1], [2, 3]], "age": [1, 2]})
    infos = columns_of(frame).infos()
    assert {"label", "age"} <= {info["name"] for info in infos}


def test_large_frames_are_read_in_the_background(monkeypatch):
    from labelscope.widget import frame_columns

    monkeypatch.setattr(frame_columns, "_AT_ONCE", 3)
    columns = columns_of(pa.table(BASE))
    assert columns.known_infos() == [] and not columns.complete
    columns.infos()
    assert len(columns.known_infos()) == len(BASE) and columns.complete


@given(st.lists(st.none() | st.text(max_size=3), min_size=1, max_size=40))
def test_codes_and_categories_give_the_values_back(values):
    frame = pa.table({"label": ["x"] * len(values), "c": pa.array(values, pa.string())})
    found = columns_of(frame).one("c")
    if found.values is None:
        assert len(set(values)) > 20
        return
    shown = [None if code == MISSING else found.info["categories"][code] for code in found.values]
    assert shown == values
    assert sum(found.info["counts"]) + found.info["n_missing"] == len(values)
    assert found.info["counts"] == sorted(found.info["counts"], reverse=True)
