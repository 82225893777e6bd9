"""Labels in and out of every container."""

from __future__ import annotations

import datetime
import enum
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from labelscope.data.labels import Labels, encode
from labelscope.errors import InvalidInputError, InvalidTypeError, TaskError


class Color(str, enum.Enum):  # noqa: UP042 (its str() is not its value)
    RED = "red"
    BLUE = "blue"


IN = {
    "int list": ([0, 1, None, 1], [0, 1, -1, 1], [0, 1]),
    "negative int": ([-1, 3, -1], [0, 1, 0], [-1, 3]),
    "str list": (["b", "a", None, float("nan")], [1, 0, -1, -1], ["a", "b"]),
    "bool list": ([True, False, None], [1, 0, -1], [False, True]),
    "tuple": (("b", "a"), [1, 0], ["a", "b"]),
    "enum": ([Color.RED, Color.BLUE], [1, 0], ["blue", "red"]),
    "numpy scalars": ([np.int8(2), np.int8(1)], [1, 0], [1, 2]),
    "int and whole float": ([1, 2.0, float("nan")], [0, 1, -1], [1, 2]),
    "uint8": (np.array([9, 7], np.uint8), [1, 0], [7, 9]),
    "float with gaps": (np.array([1.0, np.nan, 0.0]), [1, -1, 0], [0, 1]),
    "fixed width": (np.array(["bb", "a"]), [1, 0], ["a", "bb"]),
    "object": (np.array(["b", None], object), [0, -1], ["b"]),
    "masked": (np.ma.array([5, 6, 5], mask=[0, 0, 1]), [0, 1, -1], [5, 6]),
    "string dtype": (np.array(["b", "a"], np.dtypes.StringDType()), [1, 0], ["a", "b"]),
    "series": (pd.Series(["b", None, "a"]), [1, -1, 0], ["a", "b"]),
    "categorical": (
        pd.Series(["lo", None], dtype=pd.CategoricalDtype(["mid", "lo"])),
        [1, -1],
        ["mid", "lo"],
    ),
    "int categorical": (pd.Series([3, 1], dtype=pd.CategoricalDtype([3, 1])), [0, 1], [3, 1]),
    "Int8": (pd.Series([4, None], dtype="Int8"), [0, -1], [4]),
    "boolean": (pd.Series([True, None], dtype="boolean"), [0, -1], [True]),
    "string": (pd.Series(["a", None], dtype="string"), [0, -1], ["a"]),
    "arrow string": (pd.Series(["a", None], dtype=pd.ArrowDtype(pa.string())), [0, -1], ["a"]),
    "index": (pd.Index(["b", "a"]), [1, 0], ["a", "b"]),
    "raw categorical": (pd.Categorical(["b", "a"]), [1, 0], ["a", "b"]),
    "polars": (pl.Series("y", ["b", None]), [0, -1], ["b"]),
    "polars enum": (pl.Series(["a", None], dtype=pl.Enum(["z", "a"])), [1, -1], ["z", "a"]),
    "polars categorical": (pl.Series(["b", "a"], dtype=pl.Categorical), [1, 0], ["a", "b"]),
    "polars bool": (pl.Series([True, False]), [1, 0], [False, True]),
    "arrow": (pa.array([3, None, 1]), [1, -1, 0], [1, 3]),
    "chunked": (pa.chunked_array([["a"], ["b"]]), [0, 1], ["a", "b"]),
    "dictionary": (pa.array(["b", "a", None]).dictionary_encode(), [0, 1, -1], ["b", "a"]),
    "no chunk": (pa.chunked_array([], type=pa.string()), [], []),
    "range": (range(2), [0, 1], [0, 1]),
    "empty": ([], [], []),
}


@pytest.mark.parametrize("case", IN)
def test_read(case: str) -> None:
    given, codes, classes = IN[case]
    labels = encode(given)
    assert labels.codes.tolist() == codes
    assert labels.codes.dtype == np.int64
    assert labels.classes.tolist() == classes
    assert labels.names == tuple(str(c) for c in classes)
    assert [type(c) for c in labels.classes.tolist()] == [type(c) for c in classes]


def _list(container: object) -> list[object]:
    if hasattr(container, "to_pylist"):
        return container.to_pylist()
    values = container.tolist() if isinstance(container, np.ndarray) else list(container)
    return [None if v is None or v is pd.NA or v != v else v for v in values]


@pytest.mark.parametrize("case", [c for c in IN if c not in ("no chunk", "empty")])
def test_unchanged_labels_come_back_equal(case: str) -> None:
    given = IN[case][0]
    back = encode(given).rebuild(encode(given).codes)
    assert type(back) is (list if isinstance(given, range) else type(given))
    assert _list(back) == _list(given)
    assert getattr(back, "dtype", None) == getattr(given, "dtype", None)
    assert getattr(back, "type", None) == getattr(given, "type", None)


@pytest.mark.parametrize("case", [c for c in IN if len(IN[c][1]) > 1 and len(IN[c][2]) > 1])
def test_a_change_keeps_container_and_dtype(case: str) -> None:
    given, codes, classes = IN[case]
    labels = encode(given)
    new = np.where(np.arange(len(codes)) == 0, (codes[0] + 1) % len(classes), codes)
    before = _list(labels.original)
    back = labels.rebuild(new)
    assert type(back) is (list if isinstance(given, range) else type(given))
    assert getattr(back, "dtype", None) == getattr(given, "dtype", None)
    assert getattr(back, "type", None) == getattr(given, "type", None)
    assert _list(back) == [labels.classes[new[0]], *_list(given)[1:]]
    assert _list(labels.original) == before


@pytest.mark.parametrize(
    ("given", "new", "dtype"),
    [
        (np.array([1, 2], np.int8), 300, "int16"),
        (np.array([1, 2], np.uint8), -1, "int16"),
        (np.array([1, 2], np.int64), 300, "int64"),
        (np.array(["a", "b"]), "longer", "<U6"),
        (np.array([1, 2], np.int8), "x", "object"),
        (np.array([1.0, 2.0], np.float16), 4097, "float64"),
        (np.array([True, False]), "maybe", "object"),
        (pd.Series([1, 2], dtype="int8"), 300, "int16"),
        (pd.Series([1, 2], dtype="Int8"), 300, "Int16"),
        (pd.Series([1, None], dtype="UInt8"), -1, "Int16"),
        (pd.Series([1, 2], dtype=pd.ArrowDtype(pa.int8())), 300, "int16[pyarrow]"),
        (pd.Series(["a", "b"], dtype="string"), "longer", "string"),
        (pd.Series(["a", "b"], dtype=object), "longer", "object"),
        (pl.Series([1, 2], dtype=pl.Int8), 300, "Int16"),
        (pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])), "c", "Enum(categories=['a', 'b', 'c'])"),
        (pl.Series(["a", "b"], dtype=pl.Categorical), "c", "Categorical"),
    ],
)
def test_a_new_class_widens_rather_than_truncates(given: object, new: object, dtype: str) -> None:
    labels = encode(given)
    back = labels.rebuild([labels.n_classes, labels.codes[1]], [*labels.classes, new])
    assert str(back.dtype) == dtype
    assert _list(back)[0] == new
    assert _list(back)[1] == _list(given)[1]


def test_arrow_widens_and_extends_the_dictionary() -> None:
    back = encode(pa.array([1, 2], pa.int8())).rebuild([2, 1], [1, 2, 300])
    assert back.type == pa.int16()
    given = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), ["unused", "a"]).cast(
        pa.dictionary(pa.int8(), pa.string())
    )
    back = encode(given).rebuild([2, 0], ["unused", "a", "new"])
    assert back.dictionary.to_pylist() == ["unused", "a", "new"]
    assert back.type == given.type
    assert back.to_pylist() == ["new", "unused"]


def test_series_keeps_index_name_and_ordered_categories() -> None:
    given = pd.Series(
        ["lo", "hi"], index=["r1", "r0"], name="grade", dtype=pd.CategoricalDtype(["lo", "hi"], ordered=True)
    )
    back = encode(given).rebuild([2, 1], ["lo", "hi", "top"])
    assert back.index.tolist() == ["r1", "r0"]
    assert back.name == "grade"
    assert back.cat.ordered
    assert back.cat.categories.tolist() == ["lo", "hi", "top"]


def test_rows_can_lose_and_gain_a_label() -> None:
    assert encode([1, None]).rebuild([-1, 0]) == [None, 1]
    back = encode(np.array([1, 2])).rebuild([-1, 0])
    assert back.dtype == np.float64
    assert np.isnan(back[0])
    assert back[1] == 1
    assert encode(pd.Series([1, None], dtype="Int8")).rebuild([-1, 0]).tolist() == [pd.NA, 1]
    masked = encode(np.ma.array([5, 6], mask=[0, 1])).rebuild([-1, 0])
    assert masked.mask.tolist() == [True, False]
    assert encode(pl.Series(["a", None])).rebuild([-1, 0]).to_list() == [None, "a"]
    assert encode(pd.Series([1.0, None])).rebuild([0, 0]).tolist() == [1.0, 1.0]


def test_keep_drops_rows() -> None:
    mask = [True, False, True]
    for given in (
        ["a", "b", "c"],
        np.array(["a", "b", "c"]),
        pl.Series(["a", "b", "c"]),
        pa.array(["a", "b", "c"]),
    ):
        back = encode(given).rebuild([0, 1, 2], keep=mask)
        assert type(back) is type(given)
        assert _list(back) == ["a", "c"]
    back = encode(pd.Series(["a", "b", "c"], index=[7, 8, 9])).rebuild([0, 1, 2], keep=mask)
    assert back.index.tolist() == [7, 9]


def test_classes_of_rebuild_may_come_in_another_order() -> None:
    assert encode(["a", "b"]).rebuild([0, 1], ["b", "a"]) == ["b", "a"]


def test_the_callers_container_is_neither_changed_nor_shared() -> None:
    for given in ([0, 1], np.array([0, 1]), pd.Series([0, 1])):
        labels = encode(given)
        labels.rebuild([1, 1])
        assert _list(given) == [0, 1]
        given[0] = 1
        assert _list(labels.rebuild([0, 1])) == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        encode([0, 1]).codes[0] = 1


def test_tensor() -> None:
    torch = pytest.importorskip("torch")
    labels = encode(torch.tensor([3, 1], dtype=torch.int8))
    assert labels.codes.tolist() == [1, 0]
    back = labels.rebuild([0, 0])
    assert back.dtype == torch.int8
    assert back.tolist() == [1, 1]
    assert labels.rebuild([2, 0], [1, 3, 300]).tolist() == [300, 1]


def test_values_and_codes() -> None:
    labels = encode(["cat", "dog", None])
    assert labels.values([1, 0]).tolist() == ["dog", "cat"]
    assert labels.values([1, -1]).tolist() == ["dog", None]
    assert encode([5, 6]).values([1]).dtype == np.int64
    assert labels.code_of("dog") == labels.value_to_code(np.str_("dog")) == 1
    with pytest.raises(InvalidInputError, match="Did you mean 'dog'"):
        labels.code_of("dgo")
    with pytest.raises(InvalidInputError):
        encode([0, 1]).code_of(True)
    with pytest.raises(InvalidInputError):
        labels.code_of(["cat"])
    with pytest.raises(InvalidInputError, match="from -1 to 1"):
        labels.values([2])
    with pytest.raises(InvalidInputError, match="2 entries"):
        labels.rebuild([0, 1])


def test_as_new_class() -> None:
    assert encode([1, 2]).as_new_class("7") == 7
    assert encode(["a"]).as_new_class("7") == "7"
    assert encode(np.array([1.0, np.nan])).as_new_class(7.0) == 7
    assert encode([None]).as_new_class("first") == "first"
    for labels, value in (
        (encode([1, 2]), "x"),
        (encode([1, 2]), 1.5),
        (encode([True]), "x"),
        (encode(["a"]), 3),
    ):
        with pytest.raises(InvalidInputError, match="type"):
            labels.as_new_class(value)
    with pytest.raises(InvalidInputError, match="name"):
        encode(["a"]).as_new_class("  ")


def test_class_names() -> None:
    labels = encode([2, 0, None], class_names=["cat", "dog", "fox"])
    assert labels.classes.tolist() == [0, 1, 2]
    assert labels.names == ("cat", "dog", "fox")
    assert encode([1, 2], class_names={1: "cat", 2: "dog"}).names == ("cat", "dog")
    assert encode([True, False], class_names=["no", "yes"]).names == ("no", "yes")
    ordered = encode(["lo", "hi"], class_names=["lo", "mid", "hi"])
    assert ordered.codes.tolist() == [0, 2]
    assert encode([3, 1], class_names=[3, 2, 1]).codes.tolist() == [0, 2]
    assert encode([None, None], class_names=["a", "b"]).n_classes == 2
    with pytest.raises(InvalidInputError, match="range from 1 to 3"):
        encode([1, 3], class_names=["a", "b", "c"])
    with pytest.raises(InvalidInputError, match="no class 'dog'"):
        encode(["cat", "dog"], class_names=["cat", "fog"])
    with pytest.raises(InvalidInputError, match="twice"):
        encode(["cat"], class_names=["cat", "cat"])


def test_aligned_to_pred_probs() -> None:
    assert encode([0, 2]).aligned_to(4).classes.tolist() == [0, 1, 2, 3]
    assert encode([0, 2]).aligned_to(4).codes.tolist() == [0, 2]
    assert encode(["a", "b"]).aligned_to(2).names == ("a", "b")
    with pytest.raises(InvalidInputError, match="3 columns"):
        encode(["a", "b"]).aligned_to(3)
    with pytest.raises(InvalidInputError, match="-1 counts as a class"):
        encode([-1, 0, 1]).aligned_to(2)


def test_with_classes_needs_all_in_use() -> None:
    assert encode(["a", "b"]).with_classes(["b", "x", "a"]).codes.tolist() == [2, 0]
    with pytest.raises(InvalidInputError, match="no class 'b'"):
        encode(["a", "b"]).with_classes(["a", "c"])


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ([1, "a", None], r"int \(1 rows, first: row 0 = 1\) and str \(1 rows, first: row 1 = 'a'\)"),
        ([True, 1], "mixed types"),
        (np.array([True, 2], object), "mixed types"),
        ([b"a", b"b"], "decode"),
        (np.array([b"a"]), "np.char.decode"),
        ([datetime.date(2020, 1, 1)], "dates"),
        (np.array(["2020-01-01"], "M8[D]"), "astype"),
        ([1 + 2j], "complex"),
        ([2**70, 1], "64 bits"),
        (np.array([2**64 - 1], np.uint64), "2\\*\\*63"),
        (np.array([1.0, np.inf]), "infinite"),
        (np.zeros((3, 1)), "ravel"),
        (pa.table({"a": [1]}), "frame"),
        (pd.DataFrame({"a": [1]}), "frame"),
    ],
)
def test_bad_labels(given: object, match: str) -> None:
    with pytest.raises(InvalidInputError, match=match):
        encode(given)


@pytest.mark.parametrize(
    "given", ["label", {"a": 1}, {1, 2}, iter([1]), 3, pl.col("a")], ids=lambda v: type(v).__name__
)
def test_bad_containers(given: object) -> None:
    with pytest.raises(InvalidTypeError, match="label"):
        encode(given)


def test_wrong_length() -> None:
    with pytest.raises(InvalidInputError, match="2 entries, but the data has 3 rows"):
        encode([0, 1], n=3)


def test_ambiguous_labels_show_both_readings() -> None:
    for matrix in (
        [[0, 1], [1, 1]],
        np.array([[0, 1], [1, np.nan]]),
        pl.DataFrame({"a": [0, 1], "b": [1, 1]}),
    ):
        with pytest.raises(InvalidInputError, match=r'(?s)tag.*person.*task="multilabel".*task="annotators"'):
            encode(matrix)
    with pytest.raises(InvalidInputError, match="argmax"):
        encode(np.eye(3))
    with pytest.raises(InvalidInputError, match="pred_probs="):
        encode(np.full((4, 2), 0.5))
    with pytest.raises(InvalidInputError, match=r'(?s)regression.*task="classification"'):
        encode(list(range(31)))
    assert encode(list(range(31)), task="classification").n_classes == 31
    assert encode(list(range(30))).n_classes == 30
    assert encode(list(range(31)), class_names=[f"c{i}" for i in range(31)]).n_classes == 31


def test_tasks_are_known_by_name() -> None:
    for spelled in ("multilabel", "multi-label", "Multi_Label", "tags"):
        assert encode([["a", "b"], ["a"]], task=spelled).task == "multilabel"
    assert encode([1, 2], task="regression").task == "regression"
    assert encode([1, 2], task="concepts").task == "concepts"
    assert encode(list(range(40)), task="concepts").n_classes == 40
    with pytest.raises(TaskError, match="several labels per row"):
        encode([{"a"}, {"b"}], task="classification")
    with pytest.raises(InvalidInputError, match="one int per row"):
        encode([0, 1], task="multi-label")
    with pytest.raises(InvalidInputError, match='task="annotators"'):
        encode(np.array([["a", "b"], ["a", "a"]]))
    with pytest.raises(InvalidInputError, match="Did you mean 'regression'"):
        encode([0, 1], task="regresion")
    assert encode([0.5, 1.5, 0.5], task="classification").classes.tolist() == [0.5, 1.5]


def test_fingerprint_ignores_container_and_order_of_classes() -> None:
    prints = {
        encode(given).fingerprint_bytes()
        for given in (["a", "b", None], np.array(["a", "b", None], object), pd.Series(["a", "b", None]))
    }
    prints.add(encode(["a", "b", None], class_names=["z", "b", "a"]).fingerprint_bytes())
    assert len(prints) == 1
    others = {
        encode(g).fingerprint_bytes()
        for g in (["b", "a", None], ["a", "b", "a"], [0, 1, None], ["0", "1", None])
    }
    assert len(others) == 4


def test_fingerprint_is_the_same_in_another_process() -> None:
    code = (
        "from labelscope.data.labels import encode; print(encode(['x', 'y', None]).fingerprint_bytes().hex())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == encode(["x", "y", None]).fingerprint_bytes().hex()


def test_pickles() -> None:
    labels = pickle.loads(pickle.dumps(encode(pd.Series(["a", None], dtype="category"))))
    assert isinstance(labels, Labels)
    assert labels.codes.tolist() == [0, -1]
    assert labels.code_of("a") == 0


def test_names_are_resolved_in_the_public_module() -> None:
    import labelscope as ls

    assert ls.labels.encode is encode
