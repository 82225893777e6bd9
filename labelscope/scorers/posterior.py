"""What the latent-label model believes of every row, for probabilities alone and few classes, in blocks.

The same function of a row as `labelscope.scorers.latent.LatentModel.posterior`, without a table of all
rows: tiles stay in a core's cache, classes lie along rows of memory, and of what is believed only the given
label's share, the strongest other class and its share are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from labelscope.scorers import noise_kinds
from labelscope.scorers.blockwise import Block, Partial, Shape, Step, chunk_rows, in_memory
from labelscope.scorers.confident.kernels import summarize
from labelscope.scorers.confident.row_sums import Sums
from labelscope.scorers.latent import Component, LatentModel
from labelscope.types import Array, BoolArray, FloatArray, IntArray

MOST_CLASSES = 64
_FLOOR = 1e-8
_TILES_PER_CHUNK = 8
# Below it the exponential of float32 is subnormal, and no longer quick.
_LOWEST_SCORE = -80.0
_NEGLIGIBLE = 0.01
# Sums of shares are kept as whole numbers of billionths, so that they do not depend on the blocks.
_UNIT = 2.0**30


@dataclass(frozen=True)
class Beliefs:
    """What is believed of every row.

    Attributes
    ----------
    suspicion : (n,) float64
        Doubt in the given label, averaged over the model's components; 0 for unlabelled rows.
    given : (n,) float32
        Averaged posterior of the given label; 0 for unlabelled rows.
    other : (n,) float32
        The largest posterior among other classes.
    rival : (n,) int32
        The class that has it, the lowest code among equals.
    joint : (K, K) float64
        Expected number of rows by given label (row) and true label (column).
    """

    suspicion: FloatArray
    given: FloatArray
    other: FloatArray
    rival: IntArray
    joint: FloatArray

    def likeliest(self, codes: IntArray, flagged: BoolArray) -> IntArray:
        """Return (n,) the likeliest class, and for flagged rows the likeliest other than the given one."""
        wins = (self.other > self.given) | ((self.other == self.given) & (self.rival < codes))
        return np.where(flagged | wins | (codes < 0), self.rival, codes).astype(np.int64)


def beliefs(model: LatentModel, probs: FloatArray, codes: IntArray) -> Beliefs:
    """Take beliefs over probabilities in memory.

    Parameters
    ----------
    model : LatentModel
        Fitted to the log of probabilities, its only part.
    probs : (n, K) float
        Checked probabilities, K at most `MOST_CLASSES`.
    codes : (n,) int
        Given labels; -1 is unlabelled.

    Returns
    -------
    Beliefs
    """
    shape = Shape(codes, np.arange(probs.shape[1]), frozenset({"pred_probs"}), str(probs.dtype))
    made = in_memory(shape, {"pred_probs": probs})(step_of(model))
    return Beliefs(**made.rows, joint=made.reduced)


def own_and_top(block: Block) -> tuple[FloatArray, FloatArray, Sums]:
    """Return (n,) log evidence of the given label and of the likeliest class, and slips that were found.

    Both are to the last bit what a table of the logs of all probabilities holds there; 1 stands for the
    label that an unlabelled row has not. From them rows are chosen that the model is fitted on.
    """
    made = summarize(block)
    labelled = block.codes >= 0
    given = made.rows["given"].astype(np.float64)
    other = made.rows["other"].astype(np.float64)
    top = np.where(labelled, np.maximum(given, other), other)
    own = np.where(labelled, np.log(np.maximum(given, _FLOOR)), 1.0)
    return own, np.log(np.maximum(top, _FLOOR)), made.reduced


def step_of(model: LatentModel) -> Step:
    """Return the step that takes beliefs; its reduction is the joint."""
    return Step(partial(_believe, model=model), _added)


def _believe(block: Block, *, model: LatentModel) -> Partial:
    if block.pred_probs is None:
        raise ValueError("this step needs pred_probs")
    n, n_classes = block.pred_probs.shape
    suspicion, given, other = np.zeros(n), np.zeros(n, np.float32), np.zeros(n, np.float32)
    rival, joint = np.zeros(n, np.int32), np.zeros((n_classes, n_classes), np.int64)
    fitted = [_Fitted(one) for one in model.components]
    for rows in _tiles(n, n_classes):
        codes = block.codes[rows]
        fused, suspicion[rows] = _fused(model, fitted, block.pred_probs[rows], codes)
        joint += _counted(fused, codes)
        at, every = np.flatnonzero(codes >= 0), fused.reshape(-1)
        own = codes[at] * len(codes) + at
        given[rows.start + at] = every[own]
        every[own] = -1.0
        fused.max(axis=0, out=other[rows])
        equal = (fused == other[rows]).view(np.uint8)
        equal *= np.arange(n_classes, 0, -1, dtype=np.uint8)[:, None]
        rival[rows] = n_classes - equal.max(axis=0).astype(np.int32)
    found: dict[str, Array] = {"suspicion": suspicion, "given": given, "rival": rival}
    found["other"] = np.maximum(other, 0)
    return Partial(joint, found)


def _tiles(n: int, n_classes: int) -> list[slice]:
    """Cut chunks alike wherever blocks begin: matrix products may round by a column's place in them."""
    chunk = chunk_rows(n_classes)
    size = -(-chunk // _TILES_PER_CHUNK)
    return [
        slice(start, min(start + size, first + chunk, n))
        for first in range(0, n, chunk)
        for start in range(first, min(first + chunk, n), size)
    ]


def _added(parts: Sequence[IntArray]) -> FloatArray:
    return np.asarray(sum(parts[1:], parts[0]) / _UNIT)


def _counted(fused: FloatArray, codes: IntArray) -> IntArray:
    """Return shares by given label and class, in whole units."""
    chosen = np.zeros((len(codes), len(fused)), dtype=np.float32)
    labelled = np.flatnonzero(codes >= 0)
    chosen[labelled, codes[labelled]] = 1.0
    return np.rint((fused @ chosen).T.astype(np.float64) * _UNIT).astype(np.int64)


class _Fitted:
    """A component's tables in single precision.

    Parameters
    ----------
    component : Component
        With one part.
    """

    def __init__(self, component: Component) -> None:
        self.kappa, self.beta = component.kappa, float(component.beta[0])
        tau = component.tau
        # The last column, which code -1 picks, is for unlabelled rows: there the label says nothing.
        own = np.concatenate([tau, np.ones((len(tau), 1))], axis=1)
        if self.kappa == 0:
            own[:, :-1] /= tau.sum(axis=1, keepdims=True)
        self.odds, self.tau = own.astype(np.float32), tau.astype(np.float32)

    def shares(self, logs: FloatArray, codes: IntArray) -> FloatArray:
        """Return (K, b) beliefs that are not normalized; ``logs`` are 0 for the likeliest class."""
        scores = logs * np.float32(self.beta)
        if self.beta * np.log(_FLOOR) < _LOWEST_SCORE:
            np.maximum(scores, np.float32(_LOWEST_SCORE), out=scores)
        found: FloatArray = self.odds.take(codes, axis=1, mode="wrap")
        if self.kappa:
            total = self.tau @ np.exp(scores * np.float32(self.kappa))
            total[:, codes < 0] = 1.0
            found /= total
        found *= np.exp(scores, out=scores)
        return found


def _fused(
    model: LatentModel, fitted: Sequence[_Fitted], probs: FloatArray, codes: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return (K, b) float32 averaged beliefs and (b,) float64 averaged doubts."""
    logs = np.array(probs.T, dtype=np.float32, order="C")
    np.log(np.maximum(logs, np.float32(_FLOOR), out=logs), out=logs)
    labelled = np.flatnonzero(codes >= 0)
    own = codes[labelled] * len(codes) + labelled
    flat = None
    if model.outside >= _NEGLIGIBLE:
        flat = noise_kinds.flatness(logs.T[labelled].astype(np.float64))
    logs -= logs.max(axis=0)
    fused, suspicion = np.zeros_like(logs), np.zeros(len(codes))
    for one, weight in zip(fitted, model.weights, strict=True):
        shares = one.shares(logs, codes)
        every = shares.reshape(-1)
        at = every[own].astype(np.float64)
        every[own] = 0.0
        # Summing the others keeps tiny doubts that 1 - p would round away.
        others = shares.sum(axis=0).astype(np.float64)
        total = others.copy()
        total[labelled] += at
        doubt = others[labelled] / np.maximum(total[labelled], 1e-300)
        scale = np.full(len(codes), weight) / np.maximum(total, 1e-300)
        if flat is not None:
            raised = noise_kinds.tilted(doubt, flat, model.outside)
            scale[labelled] *= np.divide(raised, doubt, out=np.zeros_like(doubt), where=doubt > 0)
            doubt = raised
        suspicion[labelled] += weight * doubt
        shares *= scale.astype(np.float32)
        every[own] = weight * (1.0 - doubt)
        fused += shares
    return fused, np.clip(suspicion, 0.0, 1.0)
