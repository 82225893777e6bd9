"""Decimals as labels: computed with as floats, written back as decimals."""

from __future__ import annotations

import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import labelscope as ls
from labelscope.data.labels import encode
from labelscope.errors import InvalidInputError, LabelscopeWarning

PRICES = [Decimal("12.50"), Decimal("0.10"), None, Decimal("7.00"), Decimal("3.33")]
KIND = pa.decimal128(6, 2)
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "numpy": lambda values: np.array(values, dtype=object),
    "pandas": lambda values: pd.Series(values, name="price"),
    "pandas_arrow": lambda values: pd.Series(values, dtype=pd.ArrowDtype(KIND), name="price"),
    "arrow": lambda values: pa.array(values, type=KIND),
    "chunked": lambda values: pa.chunked_array([values[:2], values[2:]], type=KIND),
    "polars": lambda values: pl.Series("price", values, dtype=pl.Decimal(6, 2)),
}


def plain(column: Any) -> list[Any]:
    items = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return [None if value is None or value is pd.NA else value for value in items]


@pytest.mark.parametrize("name", CONTAINERS)
def test_decimal_targets_go_in_as_floats_and_come_out_as_decimals(name: str) -> None:
    given = CONTAINERS[name](PRICES)
    with pytest.warns(LabelscopeWarning, match="labels are decimals and are computed with as 64-bit floats"):
        labels = encode(given, task="regression")
    assert labels.task == "regression" and labels.targets.dtype == np.float64
    assert labels.targets[[0, 1, 3, 4]].tolist() == [12.5, 0.1, 7.0, 3.33] and np.isnan(labels.targets[2])
    classes = [*labels.classes.tolist(), 8.0, 2.5, 123456.0]
    codes = labels.codes.copy()
    codes[[0, 2, 3, 4]] = [classes.index(0.1), classes.index(8.0), classes.index(2.5), len(classes) - 1]
    found = labels.rebuild(codes, classes)
    assert type(found) is type(given)
    values = plain(found)
    assert all(isinstance(value, Decimal) for value in values)
    assert [str(value) for value in values] == ["0.10", "0.10", "8.00", "2.50", "123456.00"]
    same = labels.rebuild(labels.codes)
    assert plain(same) == PRICES and type(same) is type(given)
    short = labels.rebuild(codes, classes, keep=np.array([True, False, True, False, False]))
    assert [str(value) for value in plain(short)] == ["0.10", "8.00"]


def test_the_whole_way_from_a_frame_to_a_file(tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    size = rng.normal(size=60)
    prices = [Decimal(f"{10 + 3 * value:.2f}") for value in size]
    prices[4] = Decimal("99.95")
    frame = pd.DataFrame({"size": size, "price": pd.Series(prices, dtype=pd.ArrowDtype(pa.decimal128(8, 2)))})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelscopeWarning)
        dataset = ls.Dataset(frame[["size"]].to_numpy(), frame["price"])
        audit = ls.audit(dataset)
    assert audit.task == "regression" and int(audit.suspicion.argmax()) == 4
    session = ls.Session(audit, journal=None)
    session.relabel(4, 11.5)
    assert session.labels()[4] == Decimal("11.50") and session.labels()[5] == prices[5]
    for suffix in ("parquet", "csv", "jsonl"):
        assert ls.export(session, tmp_path / f"prices.{suffix}").stat().st_size
    rows = (tmp_path / "prices.csv").read_text().splitlines()
    assert rows[5].split(",")[1:3] == ["99.95", "11.50"]
    lines = (tmp_path / "prices.jsonl").read_text().splitlines()
    assert '"given": 99.95, "current": 11.5,' in lines[4]
    back = pd.read_parquet(tmp_path / "prices.parquet")
    assert back["current"][4] == Decimal("11.50") and back["given"][4] == Decimal("99.95")


def test_digits_beyond_a_float_are_told_of_and_kept_where_nothing_changed() -> None:
    long = Decimal("0.12345678901234567890123")
    with pytest.warns(LabelscopeWarning, match="1 of them have more digits than a float keeps"):
        labels = encode([long, Decimal("2.5"), Decimal("NaN")], task="regression")
    assert np.isnan(labels.targets[2])
    found = labels.rebuild(np.array([0, 0, 1]))
    assert found == [long, long, Decimal("2.5")]
    for value in ("1e400", "1e-400"):
        with pytest.raises(InvalidInputError, match="a decimal that a 64-bit float cannot hold"):
            encode([Decimal(value), Decimal(1)], task="regression")
    with pytest.raises(InvalidInputError, match="infinite"), pytest.warns(LabelscopeWarning):
        encode([Decimal("Infinity"), Decimal("1.5")], task="regression")
    with pytest.raises(InvalidInputError, match="mixed types"):
        encode([Decimal("1.5"), "cheap"])


def test_whole_decimals_can_be_classes() -> None:
    with pytest.warns(LabelscopeWarning, match="decimals"):
        labels = encode([Decimal(1), Decimal(2), Decimal(1)], task="classification")
    assert labels.classes.tolist() == [1, 2]
    assert labels.rebuild(np.array([1, 1, 0])) == [Decimal(2), Decimal(2), Decimal(1)]
    assert all(isinstance(value, Decimal) for value in labels.rebuild(np.array([1, 1, 0])))
