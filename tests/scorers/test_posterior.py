"""Beliefs in blocks are those of the latent-label model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from confident_reference import random_case
from hypothesis import given, settings
from hypothesis import strategies as st

from labelscope.scorers import blockwise, latent
from labelscope.scorers.blockwise import Block, Shape, Step, Stepped, chunk_rows, gathered, in_memory
from labelscope.scorers.latent import Component, LatentModel
from labelscope.scorers.posterior import step_of

NONE = np.zeros(0, dtype=np.int64)


def beliefs(model: LatentModel, probs: np.ndarray, codes: np.ndarray) -> Stepped:
    """Take beliefs over probabilities in memory."""
    shape = Shape(codes, np.arange(probs.shape[1]), frozenset({"pred_probs"}), str(probs.dtype))
    return in_memory(shape, {"pred_probs": probs})(step_of(model, NONE))


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
    rows = found.rows
    np.testing.assert_allclose(rows["suspicion"], expected, rtol=3e-4, atol=1e-12)
    labelled = np.flatnonzero(codes >= 0)
    np.testing.assert_allclose(rows["given"][labelled], fused[labelled, codes[labelled]], atol=2e-5)
    assert not rows["given"][codes < 0].any()
    others = fused.copy()
    others[labelled, codes[labelled]] = -1.0
    np.testing.assert_allclose(rows["other"], others.max(axis=1), atol=2e-5)
    np.testing.assert_allclose(others[np.arange(n), rows["rival"]], others.max(axis=1), atol=2e-5)
    joint = np.zeros((k, k))
    np.add.at(joint, codes[labelled], fused[labelled])
    np.testing.assert_allclose(found.reduced, joint, atol=1e-3)
    np.testing.assert_allclose(found.reduced.sum(axis=1), np.bincount(codes[labelled], minlength=k))


@pytest.mark.parametrize("kappa", [0.0, 0.4])
@pytest.mark.parametrize("outside", [0.0, 0.6])
def test_beliefs_about_candidates_equal_the_posterior_over_them(kappa: float, outside: float) -> None:
    rng = np.random.default_rng(1)
    n, k = 700, 90
    probs = rng.dirichlet(np.full(k, 0.1), n).astype(np.float32)
    codes = np.where(rng.random(n) < 0.5, probs.argmax(axis=1), rng.integers(-1, k, n))
    one = Component(kappa, np.array([1.3]), np.array([[0.002]]))
    model = LatentModel((one, replace(one, kappa=0.2)), np.array([0.8, 0.2]), 0.5, outside)
    level = probs.copy()
    labelled = np.flatnonzero(codes >= 0)
    level[labelled, codes[labelled]] = np.inf
    kept = np.argsort(-level, axis=1, kind="stable")[:, :32]
    logs = np.log(np.maximum(np.take_along_axis(probs, kept, axis=1).astype(np.float64), 1e-8))
    own = np.where(codes >= 0, (kept == codes[:, None]).argmax(axis=1), -1)
    fused, doubts = model.posterior([logs], own)
    found = beliefs(model, probs, codes)
    np.testing.assert_allclose(found.rows["suspicion"], doubts @ model.weights, rtol=3e-4, atol=1e-12)
    joint = np.zeros((k, k))
    np.add.at(joint, (codes[labelled][:, None], kept[labelled]), fused[labelled])
    np.testing.assert_allclose(found.reduced, joint, atol=1e-3)
    np.testing.assert_allclose(found.reduced.sum(axis=1), np.bincount(codes[labelled], minlength=k))
    fused[labelled, own[labelled]] = -1.0
    best = kept[np.arange(n), fused.argmax(axis=1)]
    assert (found.rows["rival"] == best).mean() > 0.99  # equal but for rounding


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
        made = run(step_of(model, NONE), ends)
        for name, values in made.rows.items():
            np.testing.assert_array_equal(values, whole.rows[name])
        np.testing.assert_array_equal(made.reduced, whole.reduced)


def test_a_fitted_model_believes_the_same() -> None:
    codes, probs = random_case(5, 3000, 5)
    logs = np.log(np.maximum(probs, 1e-8))
    model = latent.fit([logs], codes)
    expected = model.posterior([logs], codes)[1] @ model.weights
    np.testing.assert_allclose(
        beliefs(model, probs, codes).rows["suspicion"], expected, rtol=3e-4, atol=1e-12
    )
