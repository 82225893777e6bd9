"""Tags in and out of every container."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from labelscope.data.labels import Labels, encode
from labelscope.errors import InvalidInputError, LabelscopeWarning

ROWS = [["b", "a"], [], None, ["a"]]
BITS = [[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]]

SETS: dict[str, Any] = {
    "sets": [{"a", "b"}, set(), None, {"a"}],
    "frozensets": [frozenset("ab"), frozenset(), None, frozenset("a")],
    "lists": ROWS,
    "tuples": [("b", "a"), (), None, ("a",)],
    "arrays": [np.array(["b", "a"]), np.array([], dtype="<U1"), None, np.array(["a"])],
    "tuple of sets": ({"a", "b"}, set(), None, {"a"}),
    "object array": np.array([{"a", "b"}, set(), None, {"a"}], dtype=object),
    "series": pd.Series(ROWS, index=[7, 7, 8, 9], name="q"),
    "series of sets": pd.Series([{"a", "b"}, set(), np.nan, {"a"}]),
    "arrow series": pd.Series(ROWS, dtype=pd.ArrowDtype(pa.list_(pa.string()))),
    "polars": pl.Series("q", ROWS),
    "arrow": pa.array(ROWS),
    "large list": pa.array(ROWS, pa.large_list(pa.string())),
    "chunked": pa.chunked_array([ROWS[:2], ROWS[2:]]),
}


def listed(container: Any) -> list[Any]:
    if hasattr(container, "to_pylist"):
        return list(container.to_pylist())
    return container.to_list() if hasattr(container, "to_list") else list(container)


def as_sets(container: Any) -> list[Any]:
    return [
        None if row is None or row is pd.NA or isinstance(row, float) else set(row)
        for row in listed(container)
    ]


def changed(labels: Labels, row: int, tags: Any) -> Any:
    codes = labels.codes.copy()
    codes[row] = labels.n_classes
    return labels.rebuild(codes, [*labels.classes, labels.as_new_class(tags)])


@pytest.mark.parametrize("case", SETS)
def test_sets_are_read_and_come_back(case: str) -> None:
    given = SETS[case]
    labels = encode(given)
    assert labels.task == "multilabel"
    assert labels.tags is not None
    assert (labels.tags.names, labels.tags.form, labels.tags.negatives) == (("a", "b"), "sets", False)
    assert labels.codes.tolist() == [2, 0, -1, 1]
    assert labels.classes.tolist() == ["", "a", "a|b"]
    assert labels.names == ("(no tags)", "a", "a|b")
    same = labels.rebuild(labels.codes)
    assert type(same) is type(given)
    assert as_sets(same) == as_sets(given)
    other = changed(labels, 1, {"b"})
    assert type(other) is type(given)
    assert as_sets(other) == [{"a", "b"}, {"b"}, None, {"a"}]
    rows = listed(other)
    assert type(rows[1]) is type(rows[0])
    assert getattr(other, "dtype", None) == getattr(given, "dtype", None)
    assert getattr(other, "type", None) == getattr(given, "type", None)
    assert as_sets(changed(labels, 2, [])) == [{"a", "b"}, set(), set(), {"a"}]
    assert as_sets(labels.rebuild([-1, 0, 1, 2])) == [None, set(), {"a"}, {"a", "b"}]
    assert as_sets(labels.rebuild([-1, 0, 1, 2], keep=[True, False, False, True])) == [None, {"a", "b"}]
    assert as_sets(labels.original) == as_sets(given)


def test_index_and_name_of_a_series_stay() -> None:
    back = changed(encode(SETS["series"]), 1, {"b"})
    assert back.index.tolist() == [7, 7, 8, 9]
    assert back.name == "q"
    assert encode(SETS["series"]).rebuild([0] * 4, keep=[False, True, True, False]).index.tolist() == [7, 8]


def test_order_of_a_list_stays_and_new_tags_go_last() -> None:
    labels = encode([["c", "a", "b"], ["d"]])
    assert changed(labels, 0, {"a", "c", "d"})[0] == ["c", "a", "d"]


def test_the_callers_sets_are_not_shared() -> None:
    mine = [{"a"}, {"b"}]
    labels = encode(mine)
    mine[0].add("z")
    assert labels.rebuild(labels.codes) == [{"a"}, {"b"}]


def test_tags_of_int() -> None:
    labels = encode([{3, 10}, {2}])
    assert labels.tags is not None
    assert (labels.tags.names, labels.tags.values) == (("2", "3", "10"), (2, 3, 10))
    assert changed(labels, 1, ["3", 2])[1] == {2, 3}
    named = encode([{0, 2}, {1}], class_names=["joy", "awe", "fear"])
    assert named.classes.tolist() == ["awe", "joy|fear"]
    assert changed(named, 1, "fear")[1] == {2}
    assert encode([{"x"}], class_names=["y", "x"]).tags.names == ("y", "x")
    assert encode([{5}], class_names={5: "five", 4: "four"}).tags.names == ("five", "four")
    for names, match in (
        (["a", "b"], "range from 0 to 2"),
        ({0: "a"}, "no tag 1"),
        (["a", "a", "b"], "twice"),
    ):
        with pytest.raises(InvalidInputError, match=match):
            encode([{0, 2}, {1}], class_names=names)


def matrices() -> dict[str, Any]:
    sparse = pytest.importorskip("scipy.sparse")
    torch = pytest.importorskip("torch")
    ints = np.array(BITS)
    frame = pd.DataFrame(ints, columns=list("abc"), index=[5, 5, 6, 7])
    return {
        "int": ints,
        "uint8": ints.astype(np.uint8),
        "bool": ints.astype(bool),
        "float": ints.astype(np.float32),
        "object": ints.astype(object),
        "lists": BITS,
        "rows": [np.array(row) for row in BITS],
        "series": pd.Series(BITS),
        "frame": frame.astype({"b": bool, "c": "Int8"}),
        "polars": pl.DataFrame({"a": [1, 0, 0, 1], "b": [False, False, True, True], "c": [1.0, 0, 0, 1]}),
        "arrow": pa.table({"a": [1, 0, 0, 1], "b": [False, False, True, True], "c": [1.0, 0, 0, 1]}),
        "csr": sparse.csr_matrix(ints),
        "csc array": sparse.csc_array(ints),
        "tensor": torch.tensor(ints),
        "masked": np.ma.array(ints, mask=np.zeros_like(ints)),
    }


def numbers(given: Any) -> np.ndarray:
    if hasattr(given, "toarray"):
        given = given.toarray()
    if isinstance(given, np.ma.MaskedArray):
        given = np.ma.filled(given.astype(float), np.nan)
    if isinstance(given, pa.Table):
        given = given.to_pandas()
    if hasattr(given, "to_numpy") and hasattr(given, "columns"):
        given = given.to_numpy()
    width = len(next(row for row in listed(given) if row is not None))
    rows = [[None] * width if row is None else list(row) for row in listed(given)]
    return np.array([[np.nan if v is None or v is pd.NA else float(v) for v in row] for row in rows])


@pytest.mark.parametrize("case", sorted(matrices()))
def test_matrices_are_read_and_come_back(case: str) -> None:
    given = matrices()[case]
    with pytest.raises(InvalidInputError, match=r'(?s)person.*task="multilabel".*task="annotators"'):
        encode(given)
    labels = encode(given, task="multilabel")
    assert labels.tags is not None
    assert labels.tags.matrix.tolist() == BITS
    assert (labels.tags.form, labels.tags.negatives) == ("matrix", False)
    framed = hasattr(given, "columns")
    assert labels.tags.names == (("a", "b", "c") if framed else ("0", "1", "2"))
    same = labels.rebuild(labels.codes)
    assert type(same) is type(given)
    assert numbers(same).tolist() == BITS
    other = changed(labels, 1, [labels.tags.values[1]])
    assert type(other) is type(given)
    assert numbers(other).tolist() == [BITS[0], [0, 1, 0], *BITS[2:]]
    for attribute in ("dtype", "dtypes", "schema"):
        one, two = getattr(other, attribute, None), getattr(given, attribute, None)
        assert (one == two) is True or list(one) == list(two)
    cut = labels.rebuild(labels.codes, keep=[True, False, False, True])
    assert numbers(cut).tolist() == [BITS[0], BITS[3]]
    assert numbers(labels.original).tolist() == BITS
    gone = numbers(labels.rebuild([-1, *labels.codes[1:].tolist()]))
    assert np.isnan(gone[0]).all()
    assert gone[1:].tolist() == BITS[1:]


@pytest.mark.parametrize("kind", ["float", "frame", "polars", "lists", "masked"])
def test_unknown_tags_stay_unknown(kind: str) -> None:
    array = np.array([[1, np.nan, 0], [0, 1, 1], [np.nan] * 3])
    given: Any = {
        "float": array,
        "frame": pd.DataFrame(array, columns=list("abc")),
        "polars": pl.DataFrame({"a": [1, 0, None], "b": [None, 1, None], "c": [0, 1, None]}),
        "lists": [[1, None, 0], [0, 1, 1], [None] * 3],
        "masked": np.ma.array(np.nan_to_num(array).astype(int), mask=np.isnan(array)),
    }[kind]
    labels = encode(given, task="multilabel")
    assert labels.tags is not None
    assert labels.tags.negatives
    first, second = labels.tags.names[:2]
    assert labels.codes.tolist() == [0, 1, -1]
    assert labels.classes[0] == f"{first}|?{second}"
    back = changed(labels, 1, np.array([1, -1, 0]))
    expected = np.array([[1, np.nan, 0], [1, np.nan, 0], [np.nan] * 3])
    if kind == "masked":
        np.testing.assert_array_equal(np.ma.filled(back.astype(float), np.nan), expected)
    else:
        np.testing.assert_array_equal(numbers(back), expected)


def test_columns_of_a_frame_keep_their_types_index_and_duplicates_of_it() -> None:
    frame = matrices()["frame"]
    labels = encode(frame, task="multilabel")
    back = changed(labels, 1, ["a", "c"])
    assert back.index.tolist() == [5, 5, 6, 7]
    assert back.dtypes.tolist() == frame.dtypes.tolist()
    assert back.iloc[1].tolist() == [1, False, 1]


def test_sparse_columns_stay_sparse() -> None:
    frame = pd.DataFrame(BITS, columns=list("abc")).astype(pd.SparseDtype("int8", 0))
    frame["d"] = pd.arrays.SparseArray([True, False, False, True], fill_value=False)
    labels = encode(frame, task="multilabel")
    back = changed(labels, 1, ["a", "d"])
    assert back.dtypes.tolist() == frame.dtypes.tolist()
    others = [0, 2, 3]
    assert back.iloc[1].tolist() == [1, 0, 0, True]
    assert (back.iloc[others] == frame.iloc[others]).all(axis=None)
    gone = labels.rebuild([-1, *labels.codes[1:].tolist()])
    assert np.isnan(gone["a"].astype(float)[0]) and gone["a"][1:].tolist() == [0, 0, 1]


def test_lists_of_one_length_are_read_in_every_arrow_type() -> None:
    for kind in (pa.list_(pa.int64(), 3), pa.list_(pa.int64())):
        labels = encode(pd.Series(BITS, dtype=pd.ArrowDtype(kind)), task="multilabel")
        assert labels.tags.matrix.tolist() == BITS


def test_matrix_names() -> None:
    labels = encode(np.array(BITS), class_names=["joy", "awe", "fear"], task="tags")
    assert labels.names == ("(no tags)", "awe", "joy|awe|fear", "joy|fear")
    assert labels.code_of([0, "fear"]) == 3
    frame = pd.DataFrame(BITS, columns=list("abc"))
    assert encode(frame, class_names={"b": "bee"}, task="tags").tags.names == ("a", "bee", "c")
    for names, match in (
        (["a"], "3 columns"),
        (["c", "a", "b"], "another order"),
        ({"z": "zed"}, "no tag 'z'"),
    ):
        with pytest.raises(InvalidInputError, match=match):
            encode(frame, class_names=names, task="tags")


TEXTS = ["a; b", "b", None, "", "c;a"]


@pytest.mark.parametrize(
    "given",
    [TEXTS, np.array(TEXTS, dtype=object), pd.Series(TEXTS), pl.Series(TEXTS), pa.array(TEXTS)],
    ids=lambda v: type(v).__module__ + type(v).__name__,
)
def test_joined_texts(given: Any) -> None:
    assert encode(given).task == "classification"
    labels = encode(given, task="multilabel")
    assert labels.tags is not None
    assert labels.classes.tolist() == ["", "a|b", "a|c", "b"]
    assert labels.codes.tolist() == [1, 3, -1, 0, 2]
    back = changed(labels, 4, {"a", "b"})
    assert type(back) is type(given)
    plain = [None if v is None or v != v else v for v in listed(back)]
    assert plain == ["a; b", "b", None, "", plain[4]]
    assert [tag.strip() for tag in plain[4].split(";")] == ["a", "b"]


def test_separators() -> None:
    assert encode(["a|b", "b"], task="tags").tags.separator == "|"
    assert encode(["a, b", "b"], task="tags").tags.separator == ", "
    assert encode(["a", "b"], task="tags").classes.tolist() == ["a", "b"]
    with pytest.raises(InvalidInputError, match=r"(?s)';' in 1 rows, ',' in 1 rows.*split"):
        encode(["a;b", "a,b"], task="tags")


@pytest.mark.parametrize(
    "texts",
    [
        ["['joy', 'awe']", "[]", None, "['awe']"],  # a column of lists, once it was in a CSV file
        ['["joy"]', '["awe", "joy"]', ""],
        ["{'joy'}", "set()", "{'awe', 'joy'}"],
        ["[1, 4]", "[]", "[2]"],
        ["('a',)", "('a', 'b')"],
    ],
    ids=str,
)
def test_printed_lists_are_not_tags_with_brackets(texts: list[Any]) -> None:
    for task in (None, "multilabel"):
        with pytest.raises(InvalidInputError, match=r"(?s)row 0.*printed.*ast\.literal_eval"):
            encode(pd.Series(texts), task=task)
    assert encode(texts, task="classification").task == "classification"


def test_brackets_alone_do_not_make_a_list() -> None:
    assert encode(["[PER]|[LOC]", "[LOC]"], task="tags").tags.names == ("[LOC]", "[PER]")
    assert encode(["[b], x", "{a}"], task="tags").tags.names == ("[b]", "x", "{a}")
    assert encode(["[PER]", "[LOC]"]).task == "classification"
    assert encode(["(1)", "(2)"]).task == "classification"


def test_one_separator_that_is_not_read_is_told() -> None:
    with pytest.warns(LabelscopeWarning, match=r"(?s)'/' in 2 of 3 rows.*split\('/'\)"):
        assert encode(["a/b", "b", "c/b"], task="tags").tags.n_tags == 3
    assert encode(["a\tb", "b"], task="tags").tags.names == ("a", "b")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encode(["a", "b c", "d"], task="tags")
        encode(["rock/pop", "jazz", "folk", "soul", "funk"], task="tags")


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ([{"a"}, "b"], "str in row 1"),
        (pd.DataFrame([[1, 0], [0, 1]], columns=["a", "a"]), "more than one column 'a'"),
        ([{"a"}, {1}], "all str or all int"),
        ([{"a", None}, {"b"}], "Row 0 holds"),
        ([{0.5}, {1.5}], "must be str or int"),
        ([{True}, {False}], "all str or all int"),
        (np.array([[0.5, 1], [1, 0]]), "0.5 in row 0, column 0"),
        (np.array([[-1, 1], [1, 0]]), "-1 means unknown"),
        (pd.DataFrame({"a": ["x", "y"], "b": [1, 0]}), "'x' in row 0"),
    ],
)
def test_bad_tags(given: Any, match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        encode(given, task="multilabel")


def test_lists_that_could_be_people_or_tokens_are_asked_about() -> None:
    with pytest.raises(InvalidInputError, match=r"(?s)Row 1 lists the same.*tokens.*task=\"multilabel\""):
        encode([["a"], ["b", "b"]])
    with pytest.warns(LabelscopeWarning, match="1 tags are listed twice"):
        assert encode([["a"], ["b", "b"]], task="multilabel").classes.tolist() == ["a", "b"]
    with pytest.raises(InvalidInputError, match=r"(?s)2 entries in every row.*annotators"):
        encode([["a", "b"], ["b", "c"]])
    assert encode([["a", "b"], ["b", "c"]], task="tags").tags.names == ("a", "b", "c")
    with pytest.raises(InvalidInputError, match="each row lists its tags"):
        encode([[3, 4], [4, 5]])
    assert encode([[3, 4], [4, 5]], task="tags").tags.values == (3, 4, 5)
    assert encode([["a"], ["b"]]).task == "multilabel"


def test_rows_can_be_marked_as_missing() -> None:
    labels = encode([{"a"}, {"b"}], missing=[True, False])
    assert labels.codes.tolist() == [-1, 0]
    assert labels.tags.matrix[0].tolist() == [-1, -1]
    nothing = encode([None, set()])
    assert nothing.codes.tolist() == [-1, 0]
    assert encode([None, None], task="multilabel").codes.tolist() == [-1, -1]
    with pytest.raises(InvalidInputError, match="2 entries, but the data has 3"):
        encode([{"a"}, {"b"}], n=3)


def test_code_of_and_new_classes() -> None:
    labels = encode([{"a", "b"}, {"c"}])
    assert labels.is_open
    assert labels.code_of(["b", "a"]) == labels.code_of("b|a") == 0
    with pytest.raises(InvalidInputError, match="no label 'a'"):
        labels.code_of({"a"})
    with pytest.raises(InvalidInputError, match="no tag 'd'"):
        labels.as_new_class({"d"})


def test_pred_probs_say_how_many_tags_there_are() -> None:
    wide = encode([{0, 2}, None]).aligned_to(4)
    assert wide.tags.names == ("0", "1", "2", "3")
    assert wide.tags.matrix.tolist() == [[1, 0, 1, 0], [-1] * 4]
    assert wide.classes.tolist() == ["0|2"]
    assert encode([{"a"}]).aligned_to(1).tags.names == ("a",)
    with pytest.raises(InvalidInputError, match="3 columns, but there are 1 tags"):
        encode([{"a"}]).aligned_to(3)
    assert encode([None], task="multilabel").aligned_to(2).tags.matrix.tolist() == [[-1, -1]]


def test_fingerprint_ignores_the_form_and_tags_in_no_row() -> None:
    sets = [{"a", "b"}, set(), None, {"b"}]
    frame = pd.DataFrame(
        {"z": [0, 0, np.nan, 0], "b": [1, 0, np.nan, 1], "a": [1, 0, np.nan, 0]}
    )  # another order, and one tag more
    prints = {
        encode(sets).fingerprint_bytes(),
        encode([["b", "a"], [], None, ["b"]]).fingerprint_bytes(),
        encode(["a,b", "", None, "b"], task="tags").fingerprint_bytes(),
        encode(frame, task="tags").fingerprint_bytes(),
    }
    assert len(prints) == 1
    others = {
        encode(given, task="tags").fingerprint_bytes()
        for given in ([{"a"}, set()], [{"a"}, None], [{"b"}, set()], [set(), {"a"}], [{"a", "b"}, set()])
    }
    assert len(others) == 5


def test_with_classes_names_new_sets() -> None:
    labels = encode([{"a"}, {"b"}]).with_classes(["a", "b", "", "a|b"])
    assert labels.names == ("a", "b", "(no tags)", "a|b")
    assert labels.counts().tolist() == [1, 1, 0, 0]
    assert labels.values([3, -1]).tolist() == ["a|b", None]


def test_many_rows_with_many_sets() -> None:
    rng = np.random.default_rng(0)
    matrix = (rng.random((20_000, 28)) < 0.08).astype(np.int8)
    labels = encode(matrix, task="multilabel")
    assert labels.n_classes == len(np.unique(matrix, axis=0))
    assert (labels.tags.parse_all(labels.classes[labels.codes[:500]]) == matrix[:500]).all()
