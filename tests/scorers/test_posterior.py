"""Beliefs in blocks are those of the latent-label model."""

from __future__ import annotations

import numpy as np
import pytest
from confident_reference import random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.scorers import blockwise, latent
from labelscope.scorers.blockwise import Block, Step, Stepped, chunk_rows, gathered
from labelscope.scorers.latent import Component, LatentModel
from labelscope.scorers.posterior import Beliefs, beliefs, own_and_top, step_of


def _model(k: int, seed: int, outside: float) -> LatentModel:
    rng = np.random.default_rng(seed)
    parts = []
    for kappa in (0.0, 0.4):
        tau = rng.random((k, k)) * 0.1 + 1e-6
        np.fill_diagonal(tau, 1.0)
        parts.append(Component(kappa, np.array([rng.choice([0.3, 1.0, 6.0])]), tau))
    return LatentModel(tuple(parts), np.array([0.3, 0.7]), 0.5, outside)


@settings(max_examples=120, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 80),
    st.integers(2, 9),
    st.booleans(),
    st.sampled_from([0.0, 0.6]),
)
def test_beliefs_equal_the_posterior_of_the_model(
    seed: int, n: int, k: int, extreme: bool, outside: float
) -> None:
    codes, probs = random_case(seed, n, k, extreme=extreme)
    codes[::7] = -1
    model = _model(k, seed, outside)
    fused, doubts = model.posterior([np.log(np.maximum(probs, 1e-8))], codes)
    found = beliefs(model, probs, codes)
    expected = doubts @ model.weights
    np.testing.assert_allclose(found.suspicion, expected, rtol=3e-4, atol=1e-12)
    labelled = np.flatnonzero(codes >= 0)
    np.testing.assert_allclose(found.given[labelled], fused[labelled, codes[labelled]], atol=2e-5)
    assert not found.given[codes < 0].any()
    others = fused.copy()
    others[labelled, codes[labelled]] = -1.0
    np.testing.assert_allclose(found.other, others.max(axis=1), atol=2e-5)
    np.testing.assert_allclose(others[np.arange(n), found.rival], others.max(axis=1), atol=2e-5)
    joint = np.zeros((k, k))
    np.add.at(joint, codes[labelled], fused[labelled])
    np.testing.assert_allclose(found.joint, joint, atol=1e-3)


def test_likeliest_classes_and_suggestions_for_flagged_rows() -> None:
    found = Beliefs(
        np.zeros(4), np.array([0.6, 0.4, 0.6, 0.0]), np.array([0.3, 0.6, 0.3, 0.9]), np.array([2, 0, 1, 1]),
        np.zeros((3, 3)),
    )  # fmt: skip
    codes, flagged = np.array([0, 1, 0, -1]), np.array([False, False, True, False])
    assert found.likeliest(codes, flagged).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_blocks_and_threads_give_the_same_bits(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blockwise, "_CHUNK_CELLS", 6 * 500)
    codes, probs = random_case(3, 7001, 6)
    probs, model = probs.astype(dtype), _model(6, 1, 0.0)
    whole, size = beliefs(model, probs, codes), chunk_rows(6)

    def run(step: Step, ends: list[int]) -> Stepped:
        blocks = [
            Block(a, b, codes[a:b], 6, probs[a:b]) for a, b in zip(ends, [*ends[1:], 7001], strict=True)
        ]
        return gathered(step, map(step.function, blocks))

    for ends in ([0], [0, 3 * size], [0, *(size * place for place in (1, 2, 5, 9, 11, 13))]):
        made = run(step_of(model), ends)
        for name, values in made.rows.items():
            np.testing.assert_array_equal(values, getattr(whole, name))
        np.testing.assert_array_equal(made.reduced, whole.joint)


def test_a_fitted_model_believes_the_same() -> None:
    codes, probs = random_case(5, 3000, 5)
    logs = np.log(np.maximum(probs, 1e-8))
    model = latent.fit([logs], codes)
    expected = model.posterior([logs], codes)[1] @ model.weights
    np.testing.assert_allclose(beliefs(model, probs, codes).suspicion, expected, rtol=3e-4, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_rows_are_chosen_by_is_what_a_table_holds(dtype: type) -> None:
    codes, probs = random_case(6, 400, 5, extreme=True)
    codes[::9] = -1
    probs = probs.astype(dtype)
    own, top, seen = own_and_top(Block(0, 400, codes, 5, probs))
    logs = np.log(np.maximum(probs.astype(np.float64), 1e-8))
    expected = np.where(codes >= 0, logs[np.arange(400), np.maximum(codes, 0)], 1.0)
    np.testing.assert_array_equal(own, expected)
    np.testing.assert_array_equal(top, logs.max(axis=1))
    assert not len(seen.repaired)
