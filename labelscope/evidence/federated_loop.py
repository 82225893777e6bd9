"""Federated semi-supervised training of a small network, by whoever gives the pseudo-labels.

After Cho, Joshi, Dimitriadis, "Local or global: selective knowledge assimilation for federated learning with
limited labels" (FedLabel, ICCV 2023). All parties are trained abreast, as one stack of networks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.errors import InvalidInputError
from labelscope.types import FloatArray, IntArray

TEACHERS = ("selected", "local", "global", "none")


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How parties train together.

    Attributes
    ----------
    teacher : {"selected", "local", "global", "none"}
        Whose pseudo-labels unlabelled rows get: those of the surer of the party's own model and the round's
        global one, always of the one or the other, or none.
    tau : float
        Confidence from which a pseudo-label counts.
    consistency : float
        Weight of the divergence of the party's from the global model's probabilities of the weak view, where
        both models name the same class.
    noise, dropout : float
        Deviation of the noise and share of gaps that make the strong view; the weak one has a third of the
        noise.
    n_hidden, n_rounds, n_steps : int
        Units of the hidden layer, rounds, and full steps of each party in a round.
    learning_rate, momentum, decay : float
    random_state : int
    """

    teacher: str = "selected"
    tau: float = 0.6
    consistency: float = 0.5
    noise: float = 0.6
    dropout: float = 0.2
    n_hidden: int = 64
    n_rounds: int = 40
    n_steps: int = 8
    learning_rate: float = 0.3
    momentum: float = 0.9
    decay: float = 1e-3
    random_state: int = 0

    def __post_init__(self) -> None:
        if self.teacher not in TEACHERS:
            raise InvalidInputError.unknown("teacher", self.teacher, TEACHERS)


@dataclass(frozen=True)
class Network:
    """One hidden layer of rectified units; axes before the last two are networks of a stack.

    Attributes
    ----------
    first : (..., d + 1, h) float64
    second : (..., h + 1, K) float64
        The last row of each holds the intercepts.
    """

    first: FloatArray
    second: FloatArray

    def predict(self, inputs: FloatArray) -> FloatArray:
        """Return (..., m, K) probabilities of (..., m, d) inputs."""
        return _softmax(self.logits(inputs)[1])

    def logits(self, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return activations (..., m, h) and logits (..., m, K)."""
        hidden = np.maximum(inputs @ self.first[..., :-1, :] + self.first[..., -1:, :], 0.0)
        return hidden, hidden @ self.second[..., :-1, :] + self.second[..., -1:, :]


def train_federated(
    features: FloatArray, codes: IntArray, groups: IntArray, n_classes: int, settings: LoopSettings
) -> Network:
    """Train the global network; only parameters pass between parties.

    Parameters
    ----------
    features : (n, d) float
        Standardized.
    codes : (n,) int
        -1 for unlabelled rows.
    groups : (n,) int
        Party of each row, from 0.
    n_classes : int
    settings : LoopSettings

    Returns
    -------
    Network
        The average of all parties' networks, each in proportion to its rows, after the last round.
    """
    rng = np.random.default_rng(settings.random_state)
    x, y, w = _stacked(features, codes, groups)
    share = w.sum(axis=1)
    share = share / share.sum()
    d, h = features.shape[1], settings.n_hidden
    shared = Network(
        np.vstack([rng.normal(size=(d, h)) * np.sqrt(2 / d), np.zeros((1, h))]),
        np.vstack([rng.normal(size=(h, n_classes)) * np.sqrt(1 / h), np.zeros((1, n_classes))]),
    )
    for round_ in range(settings.n_rounds):
        rate = settings.learning_rate * 0.5 * (1 + np.cos(np.pi * round_ / settings.n_rounds))
        stack = _round(shared, x, y, w, settings, rate, rng)
        shared = Network(np.tensordot(share, stack.first, axes=1), np.tensordot(share, stack.second, axes=1))
    return shared


def _stacked(
    features: FloatArray, codes: IntArray, groups: IntArray
) -> tuple[FloatArray, IntArray, FloatArray]:
    """Rows of each party side by side, filled up with rows of weight 0."""
    sizes = np.bincount(groups)
    x = np.zeros((len(sizes), sizes.max(), features.shape[1]))
    y, w = np.full(x.shape[:2], -1, dtype=np.int64), np.zeros(x.shape[:2])
    for group, size in enumerate(sizes.tolist()):
        rows = np.flatnonzero(groups == group)
        x[group, :size], y[group, :size], w[group, :size] = features[rows], codes[rows], 1.0
    return x, y, w


def _round(
    shared: Network,
    x: FloatArray,
    y: IntArray,
    w: FloatArray,
    settings: LoopSettings,
    rate: float,
    rng: np.random.Generator,
) -> Network:
    """One round of all parties, from the shared network."""
    n_parties, n_classes = len(x), shared.second.shape[-1]
    first = np.repeat(shared.first[None], n_parties, axis=0)
    second = np.repeat(shared.second[None], n_parties, axis=0)
    speed = [np.zeros_like(first), np.zeros_like(second)]
    labelled = (y >= 0) & (w > 0)
    free = (y < 0) & (w > 0)
    truth = np.eye(n_classes)[np.maximum(y, 0)]
    n_labelled = np.maximum(labelled.sum(axis=1, keepdims=True), 1)
    n_free = np.maximum(free.sum(axis=1, keepdims=True), 1)
    for _ in range(settings.n_steps):
        net = Network(first, second)
        weak = x + settings.noise / 3 * rng.normal(size=x.shape)
        strong = x + settings.noise * rng.normal(size=x.shape)
        strong *= rng.random(x.shape) >= settings.dropout
        targets, weight = truth * labelled[..., None], labelled / n_labelled
        steps: list[tuple[FloatArray, FloatArray]] = []
        if settings.teacher != "none":
            seen, logits = net.logits(weak)
            own, other = _softmax(logits), shared.predict(weak)
            guess, sure = _pseudo(own, other, settings)
            targets = np.where(free[..., None], guess, targets)
            weight = weight + free * sure / n_free
            if settings.teacher == "selected" and settings.consistency > 0:
                apart = settings.consistency * (free / n_free)[..., None] * apart_from(own, other)
                steps.append(_gradients(weak, seen, apart, net))
        views = np.where(free[..., None], strong, weak)
        hidden, logits = net.logits(views)
        error = (_softmax(logits) - targets) * weight[..., None]
        steps.append(_gradients(views, hidden, error, net))
        for at, value in enumerate((first, second)):
            grad = np.sum([step[at] for step in steps], axis=0)
            speed[at] = settings.momentum * speed[at] - rate * (grad + settings.decay * value)
        first, second = first + speed[0], second + speed[1]
    return Network(first, second)


def _pseudo(local: FloatArray, frozen: FloatArray, settings: LoopSettings) -> tuple[FloatArray, FloatArray]:
    """Targets (P, m, K) for unlabelled rows, and the weight (P, m) that they have."""
    own, other = local.max(axis=-1), frozen.max(axis=-1)
    is_local = {"local": np.ones_like(own, dtype=bool), "global": np.zeros_like(own, dtype=bool)}.get(
        settings.teacher, own >= other
    )
    chosen = np.where(is_local[..., None], local, frozen)
    hard = np.eye(local.shape[-1])[chosen.argmax(axis=-1)]
    sure = (chosen.max(axis=-1) >= settings.tau).astype(np.float64)
    return hard, sure


def apart_from(local: FloatArray, other: FloatArray) -> FloatArray:
    """Return the gradient of the divergence of local from global predictions, where both name the same class.

    Parameters
    ----------
    local, other : (..., K) float
        Probabilities of the party's own model and of the round's global one, for the same view.

    Returns
    -------
    (..., K) float
        In the local logits; 0 where the models disagree.

    Examples
    --------
    >>> apart = apart_from(np.array([[0.75, 0.25], [0.25, 0.75]]), np.array([[0.5, 0.5], [0.5, 0.5]]))
    >>> apart[0].tolist(), bool(apart[1].any())
    ([0.25, -0.25], False)
    """
    agree = local.argmax(axis=-1) == other.argmax(axis=-1)
    return np.asarray(agree[..., None] * (local - other))


def _gradients(
    inputs: FloatArray, hidden: FloatArray, error: FloatArray, net: Network
) -> tuple[FloatArray, FloatArray]:
    second = np.concatenate([np.swapaxes(hidden, -1, -2) @ error, error.sum(axis=-2, keepdims=True)], axis=-2)
    back = (error @ np.swapaxes(net.second[..., :-1, :], -1, -2)) * (hidden > 0)
    first = np.concatenate([np.swapaxes(inputs, -1, -2) @ back, back.sum(axis=-2, keepdims=True)], axis=-2)
    return first, second


def _softmax(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
