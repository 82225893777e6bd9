"""Candidates that are kept are those that would be found anew, and change nothing about the score."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from labelscope.auditing.executors import Local
from labelscope.auditing.executors.scoring import score_in_blocks
from labelscope.errors import InvalidInputError
from labelscope.scorers import Ensemble, kept_candidates
from labelscope.scorers.blockwise import Block, Shape, chunk_rows
from labelscope.scorers.evidence_tables import table_of, values_of
from labelscope.scorers.kept_candidates import KEPT_FROM, KEPT_ROWS, Kept, keeps, keyed_and_kept
from labelscope.scorers.row_keys import keys_of
from labelscope.types import Evidence

K = KEPT_FROM + 16
CHUNK = chunk_rows(K)


def drawn(n: int, dtype: Any = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Labels, of which a tenth are wrong and some are not there; in every 50th row's sum is a slip."""
    rng = np.random.default_rng(n)
    true = rng.integers(0, K, n)
    level = rng.gumbel(size=(n, K))
    level[np.arange(n), true] += 8.0
    probs = np.exp(level - level.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    probs[::50] *= 1.003
    codes = np.where(rng.random(n) < 0.1, rng.integers(0, K, n), true)
    codes[rng.random(n) < 0.02] = -1
    return codes, probs.astype(dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_is_kept_is_what_would_be_found(dtype: Any) -> None:
    n = CHUNK + 300
    codes, probs = drawn(n, dtype)
    block = Block(0, n, codes, K, probs)
    made = keyed_and_kept(block)
    key, seen = keys_of(block)
    assert np.array_equal(made.rows["key"], key)
    assert np.array_equal(made.reduced.repaired, seen.repaired)
    assert made.reduced.furthest == seen.furthest
    assert dtype == np.float16 or np.array_equal(seen.repaired, np.arange(0, n, 50))
    kept = Kept(made.rows["classes"], made.rows["values"])
    for rows in (slice(0, CHUNK), slice(CHUNK, n), np.arange(3, n, 7)):
        wanted = table_of(values_of(block, rows, seen.repaired), codes[rows], dense=False)
        found = kept.table(rows, codes[rows])
        assert np.array_equal(found.parts["model"], wanted.parts["model"])
        assert np.array_equal(found.classes, wanted.classes)
        assert np.array_equal(found.given, wanted.given)


@pytest.mark.parametrize("more", [1, 50])
def test_the_score_is_the_same_to_the_last_bit(more: int, monkeypatch: pytest.MonkeyPatch) -> None:
    codes, probs = drawn(2 * CHUNK + more)
    evidence = Evidence(given_labels=codes, pred_probs=probs, classes=np.arange(K))
    with_them = [Ensemble().score(evidence)]
    with_them += [score_in_blocks(Ensemble(), evidence, Local(block_rows=rows)) for rows in (1, 2 * CHUNK)]
    monkeypatch.setattr(kept_candidates, "KEPT_ROWS", 0)
    without = Ensemble().score(evidence)
    assert without.flagged is not None and without.flagged.any()
    for score in with_them:
        assert np.array_equal(score.suspicion, without.suspicion)
        assert np.array_equal(score.suggested, without.suggested)
        assert np.array_equal(score.details["p_suggested"], without.details["p_suggested"])
        assert np.array_equal(score.meta["joint"], without.meta["joint"])


def test_bad_rows_are_refused_before_candidates_matter() -> None:
    codes, probs = drawn(400)
    for value in (np.nan, -0.5, np.inf):
        bad = probs.copy()
        bad[17, 5] = value
        with pytest.raises(InvalidInputError, match="17"):
            Ensemble().score(Evidence(given_labels=codes, pred_probs=bad, classes=np.arange(K)))


def test_they_are_kept_where_that_costs_little() -> None:
    def shape(n: int, n_classes: int) -> Shape:
        return Shape(np.zeros(n, dtype=np.int64), np.arange(n_classes))

    alone = ("pred_probs",)
    assert keeps(shape(KEPT_ROWS, KEPT_FROM), alone)
    assert not keeps(shape(KEPT_ROWS + 1, KEPT_FROM), alone)
    assert not keeps(shape(10, KEPT_FROM - 1), alone)
    assert not keeps(shape(10, KEPT_FROM), (*alone, "knn_ids", "all_codes"))
    assert not keeps(shape(10, 1 << 16), alone)
