"""Tags and targets come back as they went in, whatever their form, and texts of sets can be read back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.data.labels import Labels, encode
from labelscope.data.tags import Tags

NAME = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4) | st.sampled_from(
    ["a|b", "?a", "\\", "\\e", "|", "?", "\\|", "?\\|?", "", " a", "a"]
)


@settings(max_examples=300, deadline=None)
@given(names=st.lists(NAME, unique=True, max_size=6), data=st.data())
def test_the_text_of_a_set_is_read_back(names: list[str], data: st.DataObject) -> None:
    tags = Tags(tuple(names), np.zeros((0, len(names)), dtype=np.int8), "matrix", negatives=True)
    row = np.array(
        data.draw(st.lists(st.sampled_from([1, 0, -1]), min_size=len(names), max_size=len(names))),
        dtype=np.int8,
    )
    assert tags.parse(tags.set_text(row)).tolist() == row.tolist()


@settings(max_examples=200, deadline=None)
@given(names=st.lists(NAME, unique=True, min_size=1, max_size=5), data=st.data())
def test_different_sets_have_different_texts(names: list[str], data: st.DataObject) -> None:
    tags = Tags(tuple(names), np.zeros((0, len(names)), dtype=np.int8), "matrix", negatives=True)
    rows = st.lists(st.sampled_from([1, 0, -1]), min_size=len(names), max_size=len(names))
    one, other = data.draw(rows), data.draw(rows)
    assert (tags.set_text(one) == tags.set_text(other)) == (one == other)


def listed(container: Any) -> list[Any]:
    if hasattr(container, "to_pylist"):
        return list(container.to_pylist())
    return container.to_list() if hasattr(container, "to_list") else list(container)


def as_sets(container: Any) -> list[Any]:
    rows = [
        None if row is None or row is pd.NA or isinstance(row, float) else row for row in listed(container)
    ]
    return [None if row is None else {str(tag) for tag in row} for row in rows]


SETS: dict[str, Any] = {
    "sets": lambda rows: [None if r is None else set(r) for r in rows],
    "frozensets": lambda rows: tuple(None if r is None else frozenset(r) for r in rows),
    "lists": lambda rows: rows,
    "tuples": lambda rows: [None if r is None else tuple(r) for r in rows],
    "arrays": lambda rows: [None if r is None else np.array(r, dtype=object) for r in rows],
    "series": lambda rows: pd.Series(rows, dtype=object),
    "polars": lambda rows: pl.Series("t", rows, dtype=pl.List(pl.String)),
    "arrow": lambda rows: pa.array(rows, pa.list_(pa.string())),
}


@st.composite
def tag_rows(draw: st.DrawFn) -> list[Any]:
    names = draw(st.lists(NAME, unique=True, min_size=1, max_size=5))
    row = st.lists(st.sampled_from(names), unique=True, max_size=len(names))
    rows = draw(st.lists(st.one_of(st.none(), row), min_size=1, max_size=12))
    return [draw(row), *rows]


@pytest.mark.parametrize("form", SETS)
@settings(max_examples=50, deadline=None)
@given(rows=tag_rows(), data=st.data())
def test_sets_round_trip_and_change(form: str, rows: list[Any], data: st.DataObject) -> None:
    held = SETS[form](rows)
    labels = encode(held, task="multilabel")
    same = labels.rebuild(labels.codes)
    assert type(same) is type(held)
    assert as_sets(same) == as_sets(held)
    if "sets" not in form:  # which have no order
        assert [None if r is None else list(r) for r in listed(same)] == rows

    check_change(labels, held, data)


def check_change(labels: Labels, held: Any, data: st.DataObject) -> None:
    """Give every row any set; what comes back is read as these sets, in the same container."""
    assert labels.tags is not None
    k = labels.tags.n_tags
    values = [1, 0, -1] if labels.tags.knows_unknown else [1, 0]
    row = st.one_of(st.none(), st.lists(st.sampled_from(values), min_size=k, max_size=k))
    wanted = data.draw(st.lists(row, min_size=labels.n, max_size=labels.n), label="wanted")
    matrix = np.array([[-1] * k if r is None else r for r in wanted], dtype=np.int8).reshape(labels.n, k)
    classes = labels.classes.tolist()
    codes = []
    for one in matrix:
        text = labels.as_new_class(one)
        if k and (one < 0).all():
            codes.append(-1)
            continue
        classes += [text] if text not in classes else []
        codes.append(classes.index(text))
    back = labels.rebuild(codes, classes)
    assert type(back) is type(held)
    again = encode(back, task="multilabel", class_names=names_for(labels))
    assert again.tags is not None
    assert again.tags.matrix.tolist() == matrix.tolist()
    assert encode(held, task="multilabel").tags.matrix.tolist() == labels.tags.matrix.tolist()


def names_for(labels: Labels) -> Any:
    return None if labels.tags.form == "matrix" else list(labels.tags.values)


def framed(array: Any) -> Any:
    return pd.DataFrame(array, columns=[f"t{j}" for j in range(array.shape[1])])


MATRICES: dict[str, Any] = {
    "float": lambda array: array,
    "object": lambda array: array.astype(object),
    "frame": framed,
    "nullable": lambda array: framed(array).astype("Int8"),
    "polars": lambda array: pl.from_pandas(framed(array)),
    "arrow": lambda array: pa.Table.from_pandas(framed(array)),
    "masked": lambda array: np.ma.array(np.nan_to_num(array).astype(int), mask=np.isnan(array)),
}


@pytest.mark.parametrize("form", MATRICES)
@settings(max_examples=40, deadline=None)
@given(data=st.data(), k=st.integers(1, 4), n=st.integers(1, 8))
def test_matrices_round_trip_and_change(form: str, data: st.DataObject, k: int, n: int) -> None:
    cells = st.sampled_from([0.0, 1.0, np.nan])
    array = np.array(data.draw(st.lists(cells, min_size=n * k, max_size=n * k))).reshape(n, k)
    held = MATRICES[form](array)
    labels = encode(held, task="multilabel")
    assert labels.tags is not None
    np.testing.assert_array_equal(labels.tags.as_float(), array)
    same = labels.rebuild(labels.codes)
    assert type(same) is type(held)
    np.testing.assert_array_equal(encode(same, task="multilabel").tags.matrix, labels.tags.matrix)
    if hasattr(held, "dtypes"):
        assert list(same.dtypes) == list(held.dtypes)
    check_change(labels, held, data)


PLAIN = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=1, max_size=4)


@pytest.mark.parametrize("separator", ["|", ";", ",", "; ", ", "])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_texts_round_trip_and_change(separator: str, data: st.DataObject) -> None:
    names = data.draw(st.lists(PLAIN, unique=True, min_size=2, max_size=5))
    row = st.lists(st.sampled_from(names), unique=True, max_size=4)
    rows = [names, *data.draw(st.lists(st.one_of(st.none(), row), max_size=8))]
    held = [None if r is None else separator.join(r) for r in rows]
    labels = encode(held, task="multilabel")
    assert labels.rebuild(labels.codes) == held
    assert labels.tags.separator == separator
    check_change(labels, held, data)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.integers(-(2**40), 2**40)
TARGETS: dict[str, Any] = {
    "list": list,
    "tuple": tuple,
    "array": lambda v: np.array(v, dtype=float),
    "column": lambda v: np.array(v, dtype=float)[:, None],
    "series": lambda v: pd.Series(v, dtype=float),
    "Float64": lambda v: pd.Series([None if x is None or x != x else x for x in v], dtype="Float64"),
    "polars": lambda v: pl.Series("y", v, dtype=pl.Float64, strict=False),
    "arrow": lambda v: pa.array(v, pa.float64()),
}


def plain(container: Any) -> list[Any]:
    values = container.ravel().tolist() if isinstance(container, np.ndarray) else listed(container)
    return [None if v is None or v is pd.NA or v != v else float(v) for v in values]


@pytest.mark.parametrize("form", TARGETS)
@settings(max_examples=50, deadline=None)
@given(values=st.lists(st.one_of(st.none(), NUMBERS), min_size=1, max_size=12), new=NUMBERS, data=st.data())
def test_targets_round_trip_and_change(form: str, values: list[Any], new: Any, data: st.DataObject) -> None:
    held = TARGETS[form](values)
    labels = encode(held, task="regression")
    same = labels.rebuild(labels.codes)
    assert type(same) is type(held)
    assert plain(same) == plain(held) == [None if v is None else float(v) for v in values]
    row = data.draw(st.integers(0, len(values) - 1))
    codes = labels.codes.copy()
    codes[row] = labels.n_classes
    back = labels.rebuild(codes, [*labels.classes, labels.as_new_class(new)])
    expected = plain(held)
    expected[row] = float(new)
    assert type(back) is type(held)
    assert plain(back) == expected


@settings(max_examples=60, deadline=None)
@given(rows=tag_rows(), seed=st.integers(0, 99))
def test_fingerprints_of_tags_ignore_the_form(rows: list[Any], seed: int) -> None:
    labels = encode(rows, task="multilabel")
    shuffled = [None if r is None else list(np.random.default_rng(seed).permutation(r)) for r in rows]
    assert encode(shuffled, task="multilabel").fingerprint_bytes() == labels.fingerprint_bytes()
    order = np.random.default_rng(seed).permutation(labels.tags.n_tags)
    matrix = labels.tags.as_float()[:, order]
    names = [labels.tags.names[j] for j in order]
    other = encode(matrix, task="multilabel", class_names=names)
    if not np.isnan(matrix).all():
        assert other.fingerprint_bytes() == labels.fingerprint_bytes()
