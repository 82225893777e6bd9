"""The confident family in blocks: the same bits however rows are cut, and little memory."""

from __future__ import annotations

import itertools
import pickle
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from confident_reference import evidence_of, prune_by_noise_rate, random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.scorers import (
    ConfidenceWeightedEntropy,
    ConfidentLearning,
    ConfusionPairPrior,
    LogRatio,
    NormalizedMargin,
    SelfConfidence,
    blockwise,
    confident_family,
)
from labelscope.scorers.blockwise import Block, Shape, Step, Stepped, chunk_rows, drive, gathered
from labelscope.scorers.confident import kernels
from labelscope.scorers.confident.family import family_plan
from labelscope.scorers.confident.groups import bound_kth_highest, lowest_of_groups
from labelscope.scorers.confident.margins import lowest, margins
from labelscope.scorers.confident.noise_rate import Wanted, leaders
from labelscope.scorers.confident.selection import SELECTIONS
from labelscope.scorers.inputs import read
from labelscope.types import Score

SCORERS = [
    SelfConfidence(),
    SelfConfidence(adjust=True),
    NormalizedMargin(),
    NormalizedMargin(adjust=True),
    ConfidenceWeightedEntropy(),
    LogRatio(),
    LogRatio(adjust=True),
    ConfusionPairPrior(),
    *(ConfidentLearning(select=how) for how in SELECTIONS),
    ConfidentLearning(rule="library", rank="confidence_weighted_entropy"),
    ConfidentLearning(frac_noise=0.5, min_examples_per_class=3),
]


def in_blocks(labels: Any, probs: Any, n_blocks: int) -> tuple[Shape, Callable[[Step], Stepped]]:
    """Return a driver of blocks, each pickled and copied as if it came from a file on another machine."""
    shape = Shape(labels, np.arange(probs.shape[1]), frozenset({"pred_probs"}), str(probs.dtype))
    ends = np.linspace(0, len(labels), n_blocks + 1).astype(int)

    def run(step: Step) -> Stepped:
        function = pickle.loads(pickle.dumps(step.function))
        blocks = [
            Block(start, stop, labels[start:stop].copy(), probs.shape[1], probs[start:stop].copy())
            for start, stop in itertools.pairwise(ends)
        ]
        return gathered(step, [pickle.loads(pickle.dumps(function(block))) for block in blocks])

    return shape, run


def same(one: Score, other: Score) -> None:
    np.testing.assert_array_equal(one.suspicion, other.suspicion)
    np.testing.assert_array_equal(one.flagged, other.flagged)
    np.testing.assert_array_equal(one.suggested, other.suggested)
    for name in one.details:
        np.testing.assert_array_equal(one.details[name], other.details[name])
    for name, fact in one.meta.items():
        np.testing.assert_equal(fact, other.meta[name])


@pytest.mark.parametrize("scorer", SCORERS, ids=repr)
@pytest.mark.parametrize("n_classes", [1, 2, 5, 60])
def test_one_two_and_seven_blocks_give_the_same_bits(scorer: Any, n_classes: int) -> None:
    labels, probs = random_case(n_classes, 701, n_classes, ties=n_classes == 5, extreme=True)
    labels[::13] = -1
    whole = scorer.score(evidence_of(labels, probs))
    for n_blocks in (1, 2, 7):
        shape, run = in_blocks(labels, probs, n_blocks)
        same(whole, drive(scorer.plan(shape), run))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [10, 100])
def test_sizes_that_cross_every_limit_give_the_same_bits(dtype: type, n_classes: int) -> None:
    n = 2 * max(chunk_rows(n_classes), kernels._TILE_CELLS // n_classes, 1 << 15) // (n_classes // 10) + 17
    labels, probs = random_case(3, n, n_classes, ties=True)
    probs = probs.astype(dtype)
    whole = confident_family(evidence_of(labels, probs))
    for n_blocks in (1, 2, 7):
        shape, run = in_blocks(labels, probs, n_blocks)
        parts = drive(family_plan(shape), run)
        assert list(parts) == list(whole)
        for name, score in parts.items():
            same(whole[name], score)


def test_repaired_rows_do_not_depend_on_their_block() -> None:
    labels, probs = random_case(4, 300, 6)
    probs[[3, 77, 250]] *= 1.004
    for scorer in (ConfidentLearning(), NormalizedMargin(adjust=True)):
        with pytest.warns(UserWarning, match="3 of 300 rows"):
            whole = scorer.score(evidence_of(labels, probs))
        for n_blocks in (2, 7):
            shape, run = in_blocks(labels, probs, n_blocks)
            with pytest.warns(UserWarning, match="renormalized"):
                same(whole, drive(scorer.plan(shape), run))
    untouched = SelfConfidence().score(evidence_of(labels[4:70], probs[4:70]))
    np.testing.assert_array_equal(whole.suggested[4:70], untouched.suggested)


def test_two_threads_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, probs = random_case(5, 9000, 12)
    evidence = evidence_of(labels, probs)
    monkeypatch.setattr(blockwise, "_CHUNK_CELLS", 12 * 500)
    monkeypatch.setattr(blockwise, "_cores", lambda: 2)
    two = confident_family(evidence)
    monkeypatch.setattr(blockwise, "_cores", lambda: 1)
    for name, score in confident_family(evidence).items():
        same(two[name], score)


def test_the_family_is_what_its_members_are() -> None:
    labels, probs = random_case(6, 800, 5, absent=True, extreme=True)
    evidence = evidence_of(labels, probs)
    family = confident_family(evidence)
    members = [SelfConfidence(), NormalizedMargin(), ConfidenceWeightedEntropy(), LogRatio()]
    assert len(family) == 12
    for scorer in (*members, ConfusionPairPrior()):
        same(scorer.score(evidence), family[scorer.name])
    for how in SELECTIONS:
        same(ConfidentLearning(select=how).score(evidence), family[how])


@pytest.mark.parametrize("n_classes", [3, 40, 80])
def test_precisions_agree_on_values_that_all_of_them_hold(n_classes: int) -> None:
    labels, probs = random_case(8, 1500, n_classes)
    # Sixteenths of a thousand are exact in every precision, and rows still sum to one.
    halves = np.floor(probs * 512) / 512
    halves[np.arange(1500), probs.argmax(axis=1)] += 1.0 - halves.sum(axis=1)
    scores = [
        confident_family(evidence_of(labels, halves.astype(one)))
        for one in (np.float16, np.float32, np.float64)
    ]
    for name, score in scores[0].items():
        for other in scores[1:]:
            np.testing.assert_array_equal(score.suspicion, other[name].suspicion)
            np.testing.assert_array_equal(score.flagged, other[name].flagged)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 10_000), st.integers(1, 60), st.integers(2, 7), st.booleans(), st.booleans(), st.booleans()
)
def test_leaders_of_all_pairs_equal_the_definition(
    seed: int, n: int, k: int, ties: bool, extreme: bool, only_doubted: bool
) -> None:
    labels, probs = random_case(seed, n, k, ties=ties, extreme=extreme)
    counts = np.random.default_rng(seed).integers(0, 4, (k, k))
    np.fill_diagonal(counts, 0)
    _, run = in_blocks(labels, probs, 3)
    rows = margins(read(evidence_of(labels, probs), "test", probs=True))
    doubted = np.flatnonzero(~rows.agrees)
    found = drive(leaders(Wanted(labels, rows, doubted, counts, only_doubted), np.zeros(0, int)), run)
    kept = doubted if only_doubted else np.arange(n)
    expected = np.zeros(n, dtype=bool)
    expected[kept] = prune_by_noise_rate(labels[kept], probs[kept], counts)
    # Where few are wanted of a pair, agreeing rows can lead; what they are in the end is decided later.
    np.testing.assert_array_equal(found[doubted], expected[doubted])


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 80), st.integers(1, 6))
def test_selecting_in_groups_equals_selecting_in_each(seed: int, m: int, n_groups: int) -> None:
    rng = np.random.default_rng(seed)
    groups, wanted = rng.integers(0, n_groups, m), rng.integers(0, 9, n_groups)
    values, then = rng.integers(0, 6, m) / 8.0, rng.integers(0, 3, m) / 4.0
    for then_by in (None, then):
        marked = lowest_of_groups(groups, values, wanted, then_by)
        for group in range(n_groups):
            inside = groups == group
            second = None if then_by is None else then_by[inside]
            assert (marked[inside] == lowest(values[inside], int(wanted[group]), second)).all()
    bounds = bound_kth_highest(groups, values, wanted)
    for group in range(n_groups):
        inside, rank = np.sort(values[groups == group])[::-1], int(wanted[group])
        exact = np.inf if rank == 0 else -np.inf if rank > len(inside) else inside[rank - 1]
        assert bounds[group] <= exact
        assert bounds[group] == exact or exact - bounds[group] < 3e-9


def test_a_bound_is_never_above_what_it_bounds() -> None:
    values = np.array([-1e-20, -1.0, 1.0, 1e-20, np.nextafter(0.5, 0)])
    for place, value in enumerate(values):
        bound = bound_kth_highest(np.zeros(1, int), values[place : place + 1], np.ones(1, int))[0]
        assert bound <= value


@pytest.mark.parametrize(("n", "k", "most"), [(200_000, 10, 13e6), (60_000, 100, 0.25 * 24e6)])
def test_little_memory_beyond_what_is_returned(n: int, k: int, most: float) -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, k, n)
    probs = rng.random((n, k), dtype=np.float32) ** 8
    probs[np.arange(n), true] += 3
    probs /= probs.sum(axis=1, keepdims=True)
    labels = np.where(rng.random(n) < 0.05, rng.integers(0, k, n), true)
    evidence = evidence_of(labels, probs)
    for call in (ConfidentLearning().score, ConfidenceWeightedEntropy().score, confident_family):
        call(evidence)  # whatever is imported on first use
        tracemalloc.start()
        result = call(evidence)
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - kept <= most, (call, (peak - kept) / 1e6)
        del result


@pytest.mark.parametrize("scorer", [SelfConfidence(), ConfidentLearning()])
def test_no_rows(scorer: Any) -> None:
    score = scorer.score(evidence_of(np.zeros(0, dtype=np.int64), np.zeros((0, 3))))
    assert score.suspicion.shape == score.flagged.shape == (0,)
