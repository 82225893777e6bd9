"""Small methods in blocks, for tests: workers import them from here."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from labelscope.errors import InvalidInputError, notify
from labelscope.scorers.blockwise import Block, Partial, Plan, Shape, Step
from labelscope.types import Score


@dataclass(frozen=True, kw_only=True)
class AgainstTheMean:
    """Suspicion is how far the label's probability is below its class's mean: a reduction, then rows."""

    name: ClassVar[str] = "against_the_mean"
    family: ClassVar[str] = "tests"
    needs: ClassVar[tuple[str, ...]] = ("given_labels", "pred_probs")
    tasks: ClassVar[tuple[str, ...]] = ("classification",)
    reference: ClassVar[str] = "tests"
    fitted: ClassVar[bool] = False

    folder: str = ""  # where blocks that kill their worker leave a mark, so that they do it once
    deadly: tuple[int, ...] = ()
    always: bool = False

    def score(self, evidence: Any) -> Score:
        raise AssertionError("this method only runs in blocks")

    def plan(self, shape: Shape) -> Plan:
        deaths = partial(_die_once, folder=self.folder, deadly=self.deadly, always=self.always)
        first = yield Step(partial(_sums, deaths=deaths), _added)
        counts = np.bincount(shape.codes[shape.codes >= 0], minlength=len(shape.classes))
        means = first.reduced / 2.0**40 / np.maximum(counts, 1)
        second = yield Step(partial(_below, means=means, deaths=deaths))
        assert np.array_equal(second.rows["row"], np.arange(len(shape.codes)))
        return Score(second.rows["below"], details={"own": first.rows["own"]}, meta={"means": means.tolist()})


def _own(block: Block) -> Any:
    assert (
        block.pred_probs is not None and len(block.pred_probs) == len(block.codes) == block.stop - block.start
    )
    if np.isnan(block.pred_probs).any():
        row = block.start + int(np.flatnonzero(np.isnan(block.pred_probs).any(axis=1))[0])
        raise InvalidInputError(f"NaN in row {row}.", "Mend it.")
    return np.where(
        block.codes >= 0, block.pred_probs[np.arange(len(block.codes)), np.maximum(block.codes, 0)], 1
    )


def _sums(block: Block, deaths: Any) -> Partial:
    deaths(block)
    if block.start == 0:
        notify("first_rows", "A word about the first rows.")
    own, labelled = _own(block), block.codes >= 0
    whole = np.zeros(block.n_classes, dtype=np.int64)
    np.add.at(
        whole, block.codes[labelled], np.rint(own[labelled].astype(np.float64) * 2.0**40).astype(np.int64)
    )
    return Partial(whole, {"own": own})


def _added(made: Sequence[Any]) -> Any:
    return np.sum(made, axis=0)


def _below(block: Block, means: Any, deaths: Any) -> Partial:
    deaths(block)
    below = np.clip(means[np.maximum(block.codes, 0)] - _own(block), 0, 1)
    rows = {
        "row": np.arange(block.start, block.stop),
        "below": np.where(block.codes >= 0, below, 0).astype(np.float32),
    }
    return Partial(None, rows)


def _die_once(block: Block, folder: str, deadly: tuple[int, ...], always: bool) -> None:
    place = len(list(Path(folder).glob(f"{block.start}.*"))) if deadly else 0
    if block.start in deadly and (always or place == 0):
        (Path(folder) / f"{block.start}.{os.getpid()}").touch()
        os.kill(os.getpid(), signal.SIGKILL)


def same(one: Any, other: Any) -> None:
    """Assert that two scores are equal to the last bit."""
    for name in ("suspicion", "suggested", "flagged", "details", "meta"):
        assert alike(getattr(one, name), getattr(other, name)), name


def alike(one: Any, other: Any) -> bool:
    """Whether two values are of one type and equal to the last bit."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(value, other[name]) for name, value in one.items())
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return type(one) is type(other) and bool(one == other)


def planted(n: int, n_classes: int, seed: int = 0) -> dict[str, Any]:
    """Make labels, probabilities and a graph; some rows are unlabelled and the last class is absent."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(-1, max(n_classes - 1, 1), n)
    probs = rng.random((n, n_classes), dtype=np.float32)
    probs /= probs.sum(axis=1, keepdims=True)
    ids = rng.integers(-1, n, (n, 4)).astype(np.int32)
    distances = np.sort(rng.random((n, 4), dtype=np.float32), axis=1)
    return {
        "given_labels": codes, "classes": np.arange(n_classes), "pred_probs": probs, "knn_ids": ids,
        "knn_distances": distances,
    }  # fmt: skip
