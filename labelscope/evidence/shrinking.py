"""A small network that learns from unlabelled rows, from uncertain ones too: training of the shrunk probe."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from labelscope.types import BoolArray, FloatArray, IntArray

Weights = dict[str, FloatArray]
_ROUNDING = 1e-9
_ALIGNED_BATCHES = 32
_NESTEROV = 0.9
_AVERAGE = 0.99


@dataclass(frozen=True)
class Shrunk:
    """What a batch of predictions teaches.

    Attributes
    ----------
    certain : (m,) bool
        The likeliest class reaches tau: the whole prediction is a target.
    top : (m,) int64
        The likeliest class.
    kept : (m, K) bool
        The likeliest class and the tail among which it is certain.
    weight : (m,) float64
        Of uncertain rows: probability of the likeliest class, 0 where tau is not reached with one class left.
    """

    certain: BoolArray
    top: IntArray
    kept: BoolArray
    weight: FloatArray


def shrink(probs: FloatArray, tau: float) -> Shrunk:
    """Remove as few runners-up as possible, until the likeliest class is certain among the rest.

    Parameters
    ----------
    probs : (m, K) float
        Probabilities.
    tau : float
        Certainty to reach.

    Returns
    -------
    Shrunk

    Notes
    -----
    Ranks 2 … r + 1 are removed with the smallest r from 1 on so that p(1) / (p(1) + rest) ≥ tau. With two
    classes nothing is left.

    Examples
    --------
    >>> found = shrink(np.array([[0.5, 0.44, 0.01, 0.05], [0.96, 0.02, 0.01, 0.01]]), tau=0.95)
    >>> found.certain.tolist(), found.kept[0].tolist(), found.weight.tolist()
    ([False, True], [True, False, True, False], [0.5, 0.0])
    """
    m, k = probs.shape
    order = np.argsort(-probs, axis=1, kind="stable")
    ranked = np.take_along_axis(probs, order, axis=1).astype(np.float64)
    best = ranked[:, 0]
    certain = best >= tau * ranked.sum(axis=1) - _ROUNDING
    # tails[:, r] is the rest when ranks 2 … r + 1 are removed.
    tails = np.cumsum(ranked[:, ::-1], axis=1)[:, ::-1][:, 1:]
    reached = tails <= (best * (1 - tau) / tau)[:, None] + _ROUNDING
    reached[:, :1] = False
    possible = reached.any(axis=1) if k > 2 else np.zeros(m, dtype=bool)
    removed = np.where(certain, 0, np.where(possible, reached.argmax(axis=1) if k > 2 else 0, k - 1))
    ranks = np.arange(k)[None, :]
    kept = np.empty((m, k), dtype=bool)
    np.put_along_axis(kept, order, (ranks == 0) | (ranks > removed[:, None]), axis=1)
    return Shrunk(certain, order[:, 0], kept, np.where(possible & ~certain, best, 0.0))


def initial(d: int, k: int, width: int, rng: np.random.Generator) -> Weights:
    """Draw the weights: a hidden layer, the main head on it, and an auxiliary head of three layers."""
    shapes = {"in": (d, width), "main": (width, k), "aux1": (width, width), "aux2": (width, width)}
    shapes["aux3"] = (width, k)
    weights: Weights = {}
    for name, (rows, columns) in shapes.items():
        scale = np.sqrt(2.0 / rows) if columns == width else np.sqrt(1.0 / rows)
        weights[name] = (scale * rng.standard_normal((rows, columns))).astype(np.float32)
        weights[f"{name}_bias"] = np.zeros(columns, dtype=np.float32)
    return weights


def main_probs(weights: Weights, x: FloatArray) -> FloatArray:
    """Probabilities (m, K) of the main head for features (m, d)."""
    hidden = np.maximum(x @ weights["in"] + weights["in_bias"], 0)
    return softmax(hidden @ weights["main"] + weights["main_bias"])


def softmax(logits: FloatArray, kept: BoolArray | None = None) -> FloatArray:
    """Softmax along the last axis, among the classes kept."""
    inside = logits if kept is None else np.where(kept, logits, -np.inf)
    raised = np.exp(inside - inside.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def loss_and_gradient(
    weights: Weights,
    labelled: FloatArray,
    targets: FloatArray,
    strong: FloatArray,
    probs: FloatArray,
    taught: Shrunk,
    share: float,
) -> tuple[float, Weights]:
    """Return the loss of one step and its gradient.

    Parameters
    ----------
    weights : dict
        See `initial`.
    labelled : (b, d) float
        Features of labelled rows.
    targets : (b, K) float
        Their classes, one-hot.
    strong : (m, d) float
        Strong views of unlabelled rows.
    probs : (m, K) float
        Predictions for their weak views, which are constants here.
    taught : Shrunk
        Of ``probs``.
    share : float
        Factor of the shrunk loss: the moving average of the share of certain rows.

    Returns
    -------
    loss : float
        Cross-entropy of the labels, plus that of certain rows against their predictions, plus ``share`` times
        that of uncertain rows' auxiliary logits among the classes kept, weighted; each a mean over its batch.
    gradient : dict
    """
    b, m = len(labelled), len(strong)
    x = np.concatenate([labelled, strong])
    hidden = np.maximum(x @ weights["in"] + weights["in_bias"], 0)
    out = softmax(hidden @ weights["main"] + weights["main_bias"])
    whole = np.concatenate([targets, probs * taught.certain[:, None]]).astype(out.dtype)
    scale = np.concatenate([np.full(b, 1 / max(b, 1)), taught.certain / max(m, 1)]).astype(out.dtype)
    loss = -float((scale[:, None] * whole * np.log(np.maximum(out, 1e-12))).sum(dtype=np.float64))
    pull = scale[:, None] * (out * whole.sum(axis=1, keepdims=True) - whole)
    gradient: Weights = {"main": hidden.T @ pull, "main_bias": pull.sum(axis=0)}
    back = pull @ weights["main"].T
    rows = np.flatnonzero(taught.weight > 0)
    aux_loss, aux_gradient, aux_back = _auxiliary(
        weights,
        hidden[b + rows],
        taught.top[rows],
        taught.kept[rows],
        share * taught.weight[rows] / max(m, 1),
    )
    back[b + rows] += aux_back
    back *= hidden > 0
    gradient |= {"in": x.T @ back, "in_bias": back.sum(axis=0), **aux_gradient}
    return loss + aux_loss, gradient


def _auxiliary(
    weights: Weights, hidden: FloatArray, top: IntArray, kept: BoolArray, scale: FloatArray
) -> tuple[float, Weights, FloatArray]:
    """Weighted cross-entropy of the auxiliary head among classes kept, its gradient, and what goes back."""
    first = np.maximum(hidden @ weights["aux1"] + weights["aux1_bias"], 0)
    second = np.maximum(first @ weights["aux2"] + weights["aux2_bias"], 0)
    pull = softmax(second @ weights["aux3"] + weights["aux3_bias"], kept)
    rows = np.arange(len(top))
    own = pull[rows, top].astype(np.float64)
    loss = -float((scale * np.log(np.maximum(own, 1e-12))).sum())
    pull[rows, top] -= 1
    pull *= scale[:, None].astype(pull.dtype)
    back2 = (pull @ weights["aux3"].T) * (second > 0)
    back1 = (back2 @ weights["aux2"].T) * (first > 0)
    gradient: Weights = {}
    for name, below, back in (("aux3", second, pull), ("aux2", first, back2), ("aux1", hidden, back1)):
        gradient[name], gradient[f"{name}_bias"] = below.T @ back, back.sum(axis=0)
    return loss, gradient, back1 @ weights["aux1"].T


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hyper-parameters of `train`; see `labelscope.evidence.shrunk_probe.ShrunkProbe`."""

    tau: float
    shrink: bool
    momentum: float
    n_steps: int
    width: int
    noise: float
    mask: float
    learning_rate: float
    weight_decay: float
    batch_size: int
    unlabelled_ratio: int


@dataclass(frozen=True)
class Trained:
    """Averaged weights, and how the share of certain rows and the factor of the shrunk loss went."""

    weights: Weights
    certain_share: FloatArray
    factor: FloatArray


def train(
    labelled: FloatArray,
    codes: IntArray,
    k: int,
    unlabelled: FloatArray,
    settings: Settings,
    seed: int | list[int],
) -> Trained:
    """Train the network.

    Parameters
    ----------
    labelled : (b, d) float32
        Standardized features of labelled rows.
    codes : (b,) int
        Their classes, in range(k).
    k : int
        Number of classes.
    unlabelled : (m, d) float32
        Standardized features of rows without labels; none is fine.
    settings : Settings
    seed : int or list of int
        Seed of weights, batches and views.

    Returns
    -------
    Trained
        Weights are a moving average over steps.
    """
    rng = np.random.default_rng(seed)
    weights = initial(labelled.shape[1], k, settings.width, rng)
    velocity = {name: np.zeros_like(array) for name, array in weights.items()}
    averaged = {name: array.copy() for name, array in weights.items()}
    recent: deque[FloatArray] = deque(maxlen=_ALIGNED_BATCHES)
    one_hot = np.eye(k, dtype=np.float32)
    shares, factors, factor = [], [], 0.0
    n_free = min(settings.batch_size * settings.unlabelled_ratio, len(unlabelled))
    for step in range(settings.n_steps):
        rows = rng.integers(0, len(labelled), min(settings.batch_size, len(labelled)))
        free = rng.choice(len(unlabelled), n_free, replace=False) if n_free else np.empty(0, dtype=np.int64)
        weak = unlabelled[free]
        probs = _aligned(main_probs(weights, weak), recent) if n_free else np.empty((0, k), dtype=np.float32)
        taught = shrink(probs, settings.tau)
        share = float(taught.certain.mean()) if n_free else 0.0
        # Carried on through all of the training: it grows as the model does.
        factor = settings.momentum * factor + (1 - settings.momentum) * share
        shares.append(share)
        factors.append(factor)
        _, gradient = loss_and_gradient(
            weights,
            _viewed(labelled[rows], settings, rng),
            one_hot[codes[rows]],
            _viewed(weak, settings, rng),
            probs,
            taught,
            factor if settings.shrink else 0.0,
        )
        rate = settings.learning_rate * np.cos(7 * np.pi * step / (16 * settings.n_steps))
        keep = min(_AVERAGE, (1 + step) / (10 + step))
        for name, array in weights.items():
            slope = gradient[name] + np.float32(settings.weight_decay) * array
            velocity[name] = np.float32(_NESTEROV) * velocity[name] + slope
            array -= np.float32(rate) * (slope + np.float32(_NESTEROV) * velocity[name])
            averaged[name] += np.float32(1 - keep) * (array - averaged[name])
    return Trained(averaged, np.array(shares), np.array(factors))


def _aligned(probs: FloatArray, recent: deque[FloatArray]) -> FloatArray:
    """Divide by the mean of recent predictions, so that no class takes over."""
    recent.append(probs.mean(axis=0))
    even = probs / np.maximum(np.mean(recent, axis=0), 1e-6)
    return np.asarray(even / even.sum(axis=1, keepdims=True))


def _viewed(x: FloatArray, settings: Settings, rng: np.random.Generator) -> FloatArray:
    """Strong view: noise on every feature, and some features blanked out."""
    noisy = x + np.float32(settings.noise) * rng.standard_normal(x.shape, dtype=np.float32)
    noisy *= rng.random(x.shape, dtype=np.float32) >= settings.mask
    return np.asarray(noisy)
