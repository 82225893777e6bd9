from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labelscope.auditing.cache import Cache, content_key, default_folder
from labelscope.types import Made


def test_what_is_put_comes_back(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    made = Made({"features": np.arange(6, dtype=np.float32).reshape(2, 3)}, {"features": "pixels", "d": 3})
    assert cache.get("a") is None
    assert cache.put("a", made)
    found = cache.get("a")
    assert found is not None
    np.testing.assert_array_equal(found.arrays["features"], made.arrays["features"])
    assert found.arrays["features"].dtype == np.float32
    assert found.facts == made.facts


def test_a_damaged_entry_is_dropped(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a", Made({"x": np.ones(4)}))
    path = tmp_path / "a.npz"
    path.write_bytes(path.read_bytes()[:40])
    assert cache.get("a") is None
    assert not path.exists()


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=30_000)
    for age, name in ((300, "old"), (200, "middle"), (100, "new")):
        cache.put(name, Made({"x": np.zeros(1_000)}))
        os.utime(tmp_path / f"{name}.npz", (time.time() - age,) * 2)
    cache.get("old")  # used again, so "middle" is now the one unused for longest
    cache.put("newest", Made({"x": np.zeros(1_000)}))
    assert cache.get("middle") is None
    assert cache.get("old") is not None and cache.get("newest") is not None
    assert cache.size() <= 30_000


def test_clear_frees_everything(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("a", Made({"x": np.zeros(100)}))
    assert cache.clear() > 800
    assert cache.get("a") is None and cache.size() == 0


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert not Cache(blocked / "cache").put("a", Made({"x": np.zeros(1)}))
    assert Cache(blocked / "cache").get("a") is None


def test_objects_are_never_pickled(tmp_path: Path) -> None:
    assert not Cache(tmp_path).put("a", Made({"x": np.array([{"no": 1}], dtype=object)}))


def test_environment_moves_the_folder(tmp_path: Path, monkeypatch: object) -> None:
    os.environ["LABELSCOPE_CACHE"], before = str(tmp_path / "moved"), os.environ["LABELSCOPE_CACHE"]
    try:
        assert default_folder() == tmp_path / "moved"
    finally:
        os.environ["LABELSCOPE_CACHE"] = before


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=5)))
def test_key_depends_on_content_shape_and_type(array: np.ndarray) -> None:
    assert content_key(array) == content_key(array.copy())
    assert content_key(array) == content_key(np.asfortranarray(array))
    assert content_key(array) != content_key(array.astype(np.complex128))
    assert content_key(array) != content_key(array.reshape(1, *array.shape))


@given(st.lists(st.text(max_size=4), min_size=2, max_size=4))
def test_key_separates_its_parts(parts: list[str]) -> None:
    assert content_key(*parts) != content_key("".join(parts))
