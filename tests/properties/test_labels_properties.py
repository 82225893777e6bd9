"""Labels come back as they went in, whatever the container, and changes touch only the rows changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.data.labels import encode

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)
VALUES = {
    "int": st.integers(-5, 12),
    "str": TEXT,
    "bool": st.booleans(),
}
CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "object": lambda v: np.array(v, dtype=object),
    "series": lambda v: pd.Series(v, dtype=object),
    "category": lambda v: pd.Series(v, dtype="category"),
    "polars": lambda v: pl.Series("y", v),
    "arrow": pa.array,
    "dictionary": lambda v: pa.array(v).dictionary_encode(),
    "chunked": lambda v: pa.chunked_array([pa.array(v)]),
}


def plain(container: Any) -> list[Any]:
    if hasattr(container, "to_pylist"):
        return list(container.to_pylist())
    values = container.to_list() if hasattr(container, "to_list") else list(container)
    return [None if v is None or v != v else v for v in values]


@st.composite
def labels_of(draw: st.DrawFn) -> list[Any]:
    kind = draw(st.sampled_from(sorted(VALUES)))
    values = draw(st.lists(st.one_of(st.none(), VALUES[kind]), min_size=1, max_size=20))
    return [draw(VALUES[kind]), *values]


@pytest.mark.parametrize("container", CONTAINERS)
@settings(max_examples=40, deadline=None)
@given(values=labels_of(), data=st.data())
def test_round_trip_and_change(container: str, values: list[Any], data: st.DataObject) -> None:
    held = CONTAINERS[container](values)
    labels = encode(held)
    assert plain(labels.values(labels.codes)) == values
    same = labels.rebuild(labels.codes)
    assert type(same) is type(held)
    assert plain(same) == values
    codes = data.draw(
        st.lists(st.integers(-1, labels.n_classes - 1), min_size=labels.n, max_size=labels.n), label="codes"
    )
    back = labels.rebuild(codes)
    assert type(back) is type(held)
    assert plain(back) == [None if c < 0 else labels.classes[c] for c in codes]
    assert encode(back, class_names=labels.classes.tolist()).codes.tolist() == codes
    assert plain(held) == values


@settings(max_examples=60, deadline=None)
@given(values=labels_of(), new=st.one_of(st.integers(-(2**40), 2**40), TEXT))
def test_fixed_width_arrays_never_truncate(values: list[Any], new: Any) -> None:
    present = [v for v in values if v is not None]
    array = np.array(present)
    labels = encode(array)
    codes = labels.codes.copy()
    codes[0] = labels.n_classes
    back = (
        labels.rebuild(codes, [*labels.classes.tolist(), new]) if new not in labels.classes.tolist() else None
    )
    if back is not None:
        assert back[0] == new
        assert back[1:].tolist() == present[1:]


@settings(max_examples=60, deadline=None)
@given(values=labels_of(), seed=st.integers(0, 99))
def test_rows_permute_with_their_labels(values: list[Any], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(values))
    shuffled = encode([values[i] for i in order])
    assert shuffled.codes.tolist() == encode(values).codes[order].tolist()
    assert shuffled.classes.tolist() == encode(values).classes.tolist()


@settings(max_examples=60, deadline=None)
@given(a=labels_of(), b=labels_of())
def test_fingerprints_agree_only_for_equal_labels(a: list[Any], b: list[Any]) -> None:
    same = [(type(v), v) for v in a] == [(type(v), v) for v in b]
    assert (encode(a).fingerprint_bytes() == encode(b).fingerprint_bytes()) == same
