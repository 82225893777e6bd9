"""Matrices in files give the rows that were written, whatever the range, and say what is wrong with a path."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.data.matrices import ArrayMatrix, MappedMatrix, as_source, check_rows, is_file_backed
from labelscope.errors import InvalidInputError, InvalidTypeError

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
zarr = pytest.importorskip("zarr")

KINDS = ("npy", "npy_fortran", "npy_big_endian", "columns", "lists", "fixed_lists", "zarr2", "zarr3")


def written(array: Any, kind: str, folder: Path) -> Path:
    """Write a matrix in one of the ways that are read."""
    if kind.startswith("npy"):
        kept = np.asfortranarray(array) if kind == "npy_fortran" else array
        kept = array.astype(array.dtype.newbyteorder(">")) if kind == "npy_big_endian" else kept
        np.save(folder / f"{kind}.npy", kept)
        return folder / f"{kind}.npy"
    if kind.startswith("zarr"):
        path = folder / f"{kind}.zarr"
        made = zarr.create_array(
            str(path), shape=array.shape, chunks=(max(1, min(300, len(array))), max(1, array.shape[1])),
            dtype=array.dtype, zarr_format=int(kind[-1]),
        )  # fmt: skip
        made[:] = array
        return path
    if kind == "columns":
        table = pa.table({f"p{j}": array[:, j] for j in range(array.shape[1])[::-1]})
        table = table.append_column("note", pa.array(["x"] * len(array)))
    else:
        values = pa.array(array.ravel())
        if kind == "fixed_lists":
            lists = pa.FixedSizeListArray.from_arrays(values, array.shape[1])
        else:
            lists = pa.array(array.tolist(), type=pa.list_(values.type))
        table = pa.table({"id": np.arange(len(array)), "probs": lists})
    pq.write_table(table, folder / f"{kind}.parquet", row_group_size=700)
    return folder / f"{kind}.parquet"


@pytest.mark.parametrize("kind", KINDS)
def test_any_range_is_what_was_written(kind: str, tmp_path: Path) -> None:
    array = np.random.default_rng(0).random((2000, 12)).astype(np.float32)
    source = as_source(written(array, kind, tmp_path))
    assert source.shape == array.shape and source.dtype.name == "float32" and source.shared
    ranges = [
        (0, 2000),
        (0, 10),
        (10, 700),
        (700, 701),
        (699, 1402),
        (50, 60),
        (1999, 2000),
        (40, 40),
        (1400, 2000),
    ]
    for start, stop in [*ranges, (1990, 3000)]:
        got = source.read(start, stop)
        assert np.array_equal(got, array[start:stop]), (start, stop)
        assert got.flags.c_contiguous
    again = pickle.loads(pickle.dumps(source))
    assert np.array_equal(again.read(3, 900), array[3:900])
    assert again.content_key() == source.content_key()


@settings(max_examples=25, deadline=None)
@given(ranges=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8))
def test_parquet_goes_back_and_forth(ranges: list[tuple[int, int]], tmp_path_factory: Any) -> None:
    array = np.arange(1500, dtype=np.float64).reshape(500, 3)
    path = tmp_path_factory.getbasetemp() / "back.parquet"
    if not path.exists():
        pq.write_table(pa.table({f"p{j}": array[:, j] for j in range(3)}), path, row_group_size=90)
    source = as_source(path)
    for start, stop in ranges:
        assert np.array_equal(source.read(start, stop), array[start:stop])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", ["npy", "columns", "fixed_lists", "zarr3"])
def test_types_are_kept(dtype: str, kind: str, tmp_path: Path) -> None:
    array = np.random.default_rng(1).random((50, 3)).astype(dtype)
    source = as_source(written(array, kind, tmp_path))
    assert source.dtype == dtype and np.array_equal(source.read(7, 31), array[7:31])


def test_missing_numbers_of_parquet_are_nan(tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"p0": [0.5, None], "p1": pa.array([1, None], pa.int64())}), tmp_path / "a.parquet"
    )
    got = as_source(tmp_path / "a.parquet").read(0, 2)
    assert np.array_equal(got, [[0.5, 1.0], [np.nan, np.nan]], equal_nan=True)


@pytest.mark.parametrize("rows", [[[0.1, 0.9], [1.0]], [[0.1, 0.9], None]])
def test_lists_of_other_lengths_name_the_row(rows: list[Any], tmp_path: Path) -> None:
    pq.write_table(pa.table({"p": pa.array([*[[0.5, 0.5]] * 5, *rows])}), tmp_path / "a.parquet")
    with pytest.raises(InvalidInputError, match="Row 6 of the column 'p'"):
        as_source(tmp_path / "a.parquet").read(0, 7)


@pytest.mark.parametrize("order", ["C", "F"])
def test_views_of_memory_maps_are_read_from_their_file(order: str, tmp_path: Path) -> None:
    array = np.asarray(np.random.default_rng(2).random((60, 4)), order=order)
    np.save(tmp_path / "a.npy", array)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    cut = mapped[20:50] if order == "C" else mapped[:, 1:3]
    for view, wanted in (
        (mapped, array),
        (np.asarray(mapped), array),
        (cut, array[20:50] if order == "C" else array[:, 1:3]),
    ):
        source = as_source(view)
        assert isinstance(source, MappedMatrix) and is_file_backed(view)
        assert np.array_equal(source.read(3, 25), wanted[3:25])
        assert np.array_equal(source.mapped(), wanted)
    spread = as_source(mapped[::2, ::2])
    assert isinstance(spread, ArrayMatrix) and np.array_equal(spread.read(2, 9), array[::2, ::2][2:9])


def test_raw_memory_maps_with_an_offset(tmp_path: Path) -> None:
    array = np.arange(40, dtype=np.float32).reshape(10, 4)
    made = np.memmap(tmp_path / "raw.bin", dtype=np.float32, mode="w+", offset=128, shape=(10, 4))
    made[:] = array
    assert np.array_equal(as_source(made).read(2, 9), array[2:9])
    private = np.memmap(tmp_path / "raw.bin", dtype=np.float32, mode="c", offset=128, shape=(10, 4))
    private[3] = 7  # only this process sees it
    assert np.array_equal(as_source(private).read(3, 4), np.full((1, 4), 7))


def test_open_zarr_arrays(tmp_path: Path) -> None:
    array = np.random.default_rng(3).random((30, 5))
    opened = zarr.open(str(written(array, "zarr3", tmp_path)), mode="r")
    source = as_source(opened)
    assert source.shared and is_file_backed(opened)
    assert np.array_equal(pickle.loads(pickle.dumps(source)).read(5, 20), array[5:20])
    kept = zarr.array(array)
    assert not as_source(kept).shared and np.array_equal(as_source(kept).read(5, 20), array[5:20])


def test_arrays_of_a_zarr_group(tmp_path: Path) -> None:
    group = zarr.open_group(str(tmp_path / "g.zarr"), mode="w")
    group.create_array("probs", data=np.eye(3), chunks=(3, 3))
    assert np.array_equal(as_source(tmp_path / "g.zarr" / "probs").read(1, 3), np.eye(3)[1:])
    with pytest.raises(InvalidInputError, match=r"a group of the arrays probs[\s\S]*g\.zarr/probs"):
        as_source(tmp_path / "g.zarr")


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1)])
def test_empty_and_tiny_matrices(shape: tuple[int, int], tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones(shape))
    source = as_source(tmp_path / "a.npy")
    assert source.shape == shape and source.read(0, shape[0]).shape == shape


def test_a_file_that_changes_is_noticed(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((10, 2)))
    source = as_source(tmp_path / "a.npy")
    np.save(tmp_path / "a.npy", np.ones((11, 2)))
    with pytest.raises(InvalidInputError, match="has changed"):
        source.read(0, 5)
    (tmp_path / "a.npy").unlink()
    with pytest.raises(InvalidInputError, match="disk that all of them see"):
        source.read(0, 5)


def test_paths_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    np.save(tmp_path / "probs.npy", np.ones((3, 2)))
    np.save(tmp_path / "flat.npy", np.ones(3))
    np.save(tmp_path / "models.npy", np.ones((2, 3, 2)))
    np.save(tmp_path / "words.npy", np.array([["a", "b"]]))
    (tmp_path / "junk.npy").write_bytes(b"not numpy")
    (tmp_path / "junk.parquet").write_bytes(b"not parquet")
    (tmp_path / "empty.zarr").mkdir()
    pq.write_table(pa.table({"a": ["x"], "b": [1]}), tmp_path / "what.parquet")
    said = {
        "prob.npy": "Did you mean 'probs.npy'",
        "nothing/probs.npy": "There is no folder",
        "probs.np": "Did you mean 'probs.npy'",
        "probs.npz": "archive cannot be read by ranges",
        "probs": r"read from \.npy, \.parquet, \.zarr",
        "flat.npy": r"shape \(3,\), but two axes",
        "models.npy": "several models",
        "junk.npy": "cannot be read by ranges",
        "junk.parquet": "Pass a Parquet file",
        "empty.zarr": "no Zarr array",
        "what.parquet": "cannot be told from a, b",
    }
    for name, words in said.items():
        with pytest.raises(InvalidInputError, match=words):
            as_source(tmp_path / name)
    with pytest.raises(InvalidTypeError, match="numbers are needed"):
        as_source(tmp_path / "words.npy")
    with pytest.raises(InvalidTypeError, match="matrix of numbers"):
        as_source([["a"]])
    with pytest.raises(InvalidInputError, match=r"3 entries, but given_labels has 4 rows"):
        check_rows(as_source(tmp_path / "probs.npy"), "pred_probs", 4)
