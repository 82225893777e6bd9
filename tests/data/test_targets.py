"""Targets of a regression in and out of every container."""

from __future__ import annotations

import pickle
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from labelscope.data.label_values import library_of
from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, TaskError

# (given, dtype after a whole target, dtype after a fractional one)
FORMS: dict[str, tuple[Any, str, str]] = {
    "floats": ([1.5, 3.0, None], "", ""),
    "ints": ([1, 3, None], "", ""),
    "array": (np.array([1.5, 3.0, np.nan]), "float64", "float64"),
    "float32": (np.array([1.5, 3.0, np.nan], np.float32), "float32", "float32"),
    "int8": (np.array([1, 3, 4], np.int8), "int16", "float64"),
    "column": (np.array([[1.5], [3.0], [np.nan]]), "float64", "float64"),
    "series": (pd.Series([1.5, 3.0, None], index=[4, 4, 5], name="y"), "float64", "float64"),
    "Int8": (pd.Series([1, 3, None], dtype="Int8"), "Int16", "Float64"),
    "Float32": (pd.Series([1.5, 3, None], dtype="Float32"), "Float32", "Float32"),
    "arrow series": (
        pd.Series([1, 3, None], dtype=pd.ArrowDtype(pa.int64())),
        "int64[pyarrow]",
        "double[pyarrow]",
    ),
    "polars": (pl.Series("y", [1, 3, None]), "Int64", "Float64"),
    "polars float": (pl.Series("y", [1.5, 3, None], dtype=pl.Float32), "Float32", "Float32"),
    "arrow": (pa.array([1, 3, None], pa.int64()), "int64", "double"),
    "arrow float": (pa.array([1.5, 3, None], pa.float32()), "float", "float"),
    "frame": (pd.DataFrame({"y": [1.5, 3.0, None]}), "", ""),
    "polars frame": (pl.DataFrame({"y": [1.5, 3.0, None]}), "", ""),
    "table": (pa.table({"y": [1.5, 3.0, None]}), "", ""),
    "list of lists": ([[1.5], [3.0], None], "", ""),
}


def numbers(given: Any) -> list[float | None]:
    if isinstance(given, pa.Table):
        given = given["y"]
    if hasattr(given, "to_pylist"):
        values = given.to_pylist()
    elif hasattr(given, "columns"):
        values = given["y"].to_list()
    elif isinstance(given, np.ndarray):
        values = given.ravel().tolist()
    else:
        values = [v[0] if isinstance(v, list) else v for v in list(given)]
    return [None if v is None or v is pd.NA or v != v else v for v in values]


def kind(given: Any) -> str:
    return str(given.dtype if hasattr(given, "dtype") else getattr(given, "type", ""))


@pytest.mark.parametrize("case", FORMS)
def test_targets_are_read_and_come_back(case: str) -> None:
    given, whole, fractional = FORMS[case]
    labels = encode(given, task="regression")
    assert labels.task == "regression"
    assert labels.classes.dtype == np.float64
    before = numbers(given)
    np.testing.assert_array_equal(labels.targets, [np.nan if v is None else v for v in before])
    same = labels.rebuild(labels.codes)
    assert type(same) is type(given)
    assert numbers(same) == before
    assert kind(same) == kind(given)
    for value, dtype in ((300.0, whole), (2.75, fractional)):
        codes = labels.codes.copy()
        codes[1] = labels.n_classes
        back = labels.rebuild(codes, [*labels.classes, labels.as_new_class(value)])
        if library_of(given) != "pyarrow":  # whose arrays have a type per dtype
            assert type(back) is type(given)
        assert numbers(back) == [before[0], value, before[2]]
        assert kind(back) == dtype
        cut = labels.rebuild(codes, [*labels.classes, value], keep=[False, True, True])
        assert numbers(cut) == [value, before[2]]
    assert numbers(labels.original) == before


def test_ints_stay_ints_while_targets_are_whole() -> None:
    labels = encode([3, 40, 7], task="regression")
    assert [type(v) for v in labels.rebuild([1, 0, 2])] == [int, int, int]
    assert labels.rebuild([3, 0, 0], [*labels.classes, 2.5]) == [2.5, 3, 3]
    assert encode(np.array([1.5, 2.0], np.float32)).rebuild([2, 1], [1.5, 2.0, 3.1]).dtype == np.float32


def test_names_stay_distinct() -> None:
    assert encode([1.0, 2.0], task="regression").names == ("1", "2")
    assert encode([0.1, 0.1 + 1e-12]).names == ("0.1", "0.10000000000100001")
    assert encode([-0.0, 0.0, 0.5]).names == ("0.0", "0.5")
    assert encode([1.5, 2.5]).with_classes([1.5, 2.5, 4]).names == ("1.5", "2.5", "4.0")


def test_any_finite_number_may_become_a_target() -> None:
    labels = encode([1.5, 2.5])
    assert labels.is_open
    assert labels.as_new_class("3.25") == 3.25
    assert labels.as_new_class(np.int8(4)) == 4.0
    for wrong in ("x", "", None, True, float("nan"), "inf", [1]):
        with pytest.raises(InvalidInputError, match="no finite number"):
            labels.as_new_class(wrong)


def test_values_of_codes_are_numbers() -> None:
    labels = encode([1.5, None, 2.5])
    np.testing.assert_array_equal(labels.values([1, -1]), [2.5, np.nan])
    assert labels.values([0, 1]).tolist() == [1.5, 2.5]
    with pytest.raises(TaskError, match="no targets"):
        encode(["a"]).targets


@pytest.mark.parametrize(
    ("given", "task", "error", "match"),
    [
        ([1.5, float("inf"), 2, float("-inf")], None, InvalidInputError, "infinite in 2 rows: 1, 3"),
        (["1.5", "2"], "regression", InvalidInputError, "to_numeric"),
        ([True, False], "regression", InvalidInputError, "bool"),
        ([Decimal("1e999"), Decimal(2)], "regression", InvalidInputError, r"(?s)64-bit float.*Scale"),
        (pl.Series([Decimal("1.5"), True], dtype=pl.Object), None, InvalidInputError, "mixed types"),
        ([Fraction(1, 3)], "regression", InvalidInputError, r"(?s)Fraction.*float\(label\)"),
        (np.zeros((4, 2)), "regression", TaskError, r"(?s)2 targets a row.*labels\[:, 0\]"),
        (np.array([[0.5, 1.2], [3, 4]]), None, InvalidInputError, r"(?s)several targets.*one column"),
        (np.arange(40), None, InvalidInputError, r'(?s)amounts.*task="regression"'),
        (np.zeros((3, 1)), None, InvalidInputError, "ravel"),
    ],
)
def test_bad_targets(given: Any, task: str | None, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        encode(given, task=task)


def test_fractional_columns_are_targets_unasked() -> None:
    assert encode(np.array([[0.5], [1.5]])).task == "regression"
    assert encode([0.5, 1.5]).task == "regression"
    assert encode([0.5, 1.5, 0.5], task="classification").classes.tolist() == [0.5, 1.5]


def test_fingerprint_ignores_the_container() -> None:
    prints = {
        encode(given, task="regression").fingerprint_bytes()
        for given in ([1, 2, None], np.array([1.0, 2.0, np.nan]), pd.Series([1, 2, None], dtype="Int8"))
    }
    assert len(prints) == 1
    assert encode([1, 2, 3], task="regression").fingerprint_bytes() not in prints
    assert encode([1, 2, None]).fingerprint_bytes() not in prints


def test_pickles() -> None:
    labels = pickle.loads(pickle.dumps(encode([1.5, None])))
    assert labels.rebuild(labels.codes) == [1.5, None]
