"""Shared by all tests: a cache of their own, and the folder of real data where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every run of the whole suite; without CI=true each run draws new ones.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the user's cache."""
    before = os.environ.get("LABELSCOPE_CACHE")
    os.environ["LABELSCOPE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["LABELSCOPE_CACHE"]
    else:
        os.environ["LABELSCOPE_CACHE"] = before


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data with human verdicts, or skip."""
    for folder in (os.environ.get("LABELSCOPE_SHARED"), ROOT.parent / "shared" / "data"):
        if folder and Path(folder).is_dir():
            return Path(folder)
    pytest.skip("the shared data with human verdicts is not on this machine")
