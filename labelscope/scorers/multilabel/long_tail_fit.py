"""Training of head, tail and balanced models on partial labels with a long tail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from labelscope.scorers.multilabel.batches import standardized, standardizing
from labelscope.scorers.multilabel.heads import Adam, Head, one_cycle, sigmoid, start_head
from labelscope.scorers.multilabel.multi_focal import (
    corrected,
    distillation_loss,
    multi_focal_loss,
    rarity_weights,
)
from labelscope.types import BoolArray, FloatArray, IntArray

_MOST_VISITS, _FEWEST_EPOCHS, _FEWEST_STEPS = 400_000, 6, 200
_USUAL_ROWS, _RATE, _DECAY = 2500, 0.05, 1.0
_MARGIN = 1.0
_POWER, _CORRECTOR_POWER = 1 / 3, 1 / 6
_MOMENTUM = 0.9
ROLES = ("balanced", "head", "tail")


@dataclass(frozen=True, kw_only=True)
class LongTailSettings:
    """Settings of the training; see `labelscope.scorers.LongTailPartial`."""

    tau: float = 0.7
    alpha: float = 2.0
    gamma_neg: float = 3.0
    gamma_pos: float = 0.0
    clip: float = 0.05
    rlc_weight: float = 0.2
    distill_weight: float = 0.5
    corrector: bool = True
    modifier: bool = True
    balancer: bool = True
    epochs: int = 40
    batch_size: int = 256
    random_state: int = 0


@dataclass(frozen=True)
class LongTailModel:
    """What was trained, and what happened on the way.

    Attributes
    ----------
    heads : dict of str to Head
        ``balanced``, and with the balancer ``head`` and ``tail``.
    center, scale : (d,) float32
        Features are centered and multiplied.
    seen : (K,) bool
        Tags with a positive among the training rows.
    mean : (K,) float
        Running average of each tag's probability.
    corrections : (epochs, K) int
        Entries taken to be present in each epoch.
    snapshots : tuple of Head
        The balanced head after each epoch.
    """

    heads: dict[str, Head]
    center: FloatArray
    scale: FloatArray
    seen: BoolArray
    mean: FloatArray
    corrections: IntArray
    snapshots: tuple[Head, ...]

    def logits(self, features: FloatArray, role: str = "balanced") -> FloatArray:
        """Logits (m, K) of one of the models; NaN for tags that were not seen."""
        found = self.heads.get(role, self.heads["balanced"]).logits(
            standardized(features, self.center, self.scale)
        )
        found[:, ~self.seen] = np.nan
        return found

    def first_recovered(self, features: FloatArray, positive: BoolArray, tau: float) -> IntArray:
        """Epoch (m, K), from 1, from which on an entry stays above its threshold; 0 for never."""
        points = standardized(features, self.center, self.scale)
        first = np.zeros(positive.shape, dtype=np.int16)
        for epoch, head in enumerate(self.snapshots, start=1):
            now = corrected(sigmoid(head.logits(points)), positive, self.mean, tau) & self.seen
            first = np.where(now, np.where(first > 0, first, epoch), 0).astype(np.int16)
        return first


class _Run:
    """One training in progress."""

    def __init__(self, points: FloatArray, positive: BoolArray, settings: LongTailSettings) -> None:
        self.points, self.positive, self.settings = points, positive, settings
        self.rng = np.random.default_rng(settings.random_state)
        width, n_tags = points.shape[1], positive.shape[1]
        roles = ROLES if settings.balancer else ROLES[:1]
        self.heads = {role: start_head(width, n_tags) for role in roles}
        for head in self.heads.values():
            head.layers[-1][-1] = -1.0
        self.adams = {role: Adam(head, decay=_DECAY) for role, head in self.heads.items()}
        self.given = positive.sum(axis=0).astype(np.float64)
        self.mean = np.zeros(n_tags)
        self.found = np.zeros(n_tags, dtype=np.int64)
        self.recount(np.zeros(n_tags))

    def recount(self, extra: FloatArray) -> None:
        """Take weights of tags and odds of rows from the given tags and the corrections of an epoch."""
        counts = self.given + extra
        n_tags = len(counts)
        self.weights = rarity_weights(counts, _POWER) if self.settings.modifier else np.ones(n_tags)
        self.softer = rarity_weights(counts, _CORRECTOR_POWER) if self.settings.modifier else np.ones(n_tags)
        rare = counts.max(initial=1.0) / np.maximum(counts, 1.0)
        n_given = self.positive.sum(axis=1)
        tail = np.where(n_given > 0, (self.positive * rare).sum(axis=1) / np.maximum(n_given, 1), 1.0)
        raw = np.ones(len(tail))
        tail, raw = tail / tail.sum(), raw / raw.sum()
        self.odds = {
            "head": raw,
            "tail": tail,
            "balanced": (raw + tail) / 2 if self.settings.balancer else raw,
        }

    def batches(self, role: str, size: int) -> Iterator[IntArray]:
        """Rows of the batches of an epoch: all of them once, or drawn by the odds of the role."""
        n = len(self.points)
        n_batches = max(1, n // size)
        if role == "head" or not self.settings.balancer:
            rows = self.rng.permutation(n)
        else:
            # Systematic sampling: as even as the odds allow.
            steps = (np.arange(n) + self.rng.random()) / n
            order = self.rng.permutation(n)
            rows = order[np.minimum(np.searchsorted(np.cumsum(self.odds[role][order]), steps), n - 1)]
            rows = self.rng.permutation(rows)
        yield from np.array_split(rows, n_batches)

    def loss(self, logits: FloatArray, targets: BoolArray, weights: FloatArray) -> tuple[float, FloatArray]:
        """Multi-focal loss, or plain cross-entropy without the modifier."""
        chosen = self.settings
        gammas = (chosen.gamma_pos, chosen.gamma_neg) if chosen.modifier else (0.0, 0.0)
        clip = chosen.clip if chosen.modifier else 0.0
        return multi_focal_loss(logits, targets, weights, gamma_pos=gammas[0], gamma_neg=gammas[1], clip=clip)

    def slopes(
        self, rows: IntArray, logits: FloatArray, *, late: bool, counts: bool
    ) -> tuple[float, FloatArray]:
        """Loss of a batch and its gradient, the corrector's part included once it has begun."""
        positive = self.positive[rows]
        value, slope = self.loss(logits, positive, self.weights)
        p = sigmoid(logits)
        if counts:
            self.mean = _MOMENTUM * self.mean + (1 - _MOMENTUM) * p.mean(axis=0)
        if late and self.settings.corrector:
            more = corrected(p, positive, self.mean, self.settings.tau)
            if counts:
                self.found += more.sum(axis=0)
            targets = positive | more
            shifted = logits - _MARGIN * positive
            _, extra = self.loss(shifted, targets, self.softer)
            # The loss is a mean over rows; the corrector's is one over the tags that are there.
            share = self.settings.rlc_weight * len(rows) / max(int(targets.sum()), 1) * _MARGIN
            slope = slope + share * extra
        return value, slope

    def epoch(self, number: int, n_epochs: int, size: int, peak: float) -> None:
        """Go once through the rows with each model."""
        late = number >= 1
        self.found[:] = 0
        dealt = [list(self.batches(role, size)) for role in self.heads]
        n_batches = len(dealt[0])
        for place in range(n_batches):
            rate = one_cycle(number * n_batches + place, n_epochs * n_batches, peak)
            losses = {}
            for role, batches in reversed(list(zip(self.heads, dealt, strict=True))):
                rows = batches[place]
                head, x = self.heads[role], self.points[rows]
                outputs = head.run(x)
                balanced = role == "balanced"
                losses[role], slope = self.slopes(rows, outputs[-1], late=late, counts=balanced)
                if balanced and self.settings.balancer and late:
                    slope = slope + self.distilled(x, outputs[-1], losses)
                self.adams[role].step(head.gradients(x, outputs, slope.astype(np.float32)), rate)
        if late and self.settings.corrector:
            self.recount(self.found.astype(np.float64))

    def distilled(self, x: FloatArray, logits: FloatArray, losses: dict[str, float]) -> FloatArray:
        """Gradient of the distance from the head and the tail model, each weighed by its loss."""
        powers = {role: max(losses[role], 1e-9) ** self.settings.alpha for role in ("head", "tail")}
        slope = np.zeros_like(logits)
        for role, power in powers.items():
            _, own = distillation_loss(logits, sigmoid(self.heads[role].run(x)[-1]))
            slope += self.settings.distill_weight * power / sum(powers.values()) * own
        return slope


def fit_long_tail(
    features: FloatArray, positive: BoolArray, settings: LongTailSettings | None = None
) -> LongTailModel:
    """Train the models.

    Parameters
    ----------
    features : (m, d) float32
        Finite numbers.
    positive : (m, K) bool
        Given tags; all other entries are unknown.
    settings : LongTailSettings, optional

    Returns
    -------
    LongTailModel
    """
    chosen = settings or LongTailSettings()
    center, scale = standardizing(features)
    run = _Run(standardized(features, center, scale), positive, chosen)
    m = len(features)
    size = min(max(chosen.batch_size, m // 64), 1024)
    epochs = min(chosen.epochs, max(_FEWEST_EPOCHS, _MOST_VISITS // max(m, 1)))
    epochs = max(epochs, min(_FEWEST_STEPS, 5 * chosen.epochs) // max(1, m // size))
    peak = _RATE * min(1.0, (_USUAL_ROWS / max(m, 1)) ** 0.5)
    snapshots, corrections = [], []
    for number in range(epochs):
        run.epoch(number, epochs, size, peak)
        snapshots.append(Head(tuple(layer.copy() for layer in run.heads["balanced"].layers)))
        corrections.append(run.found.copy())
    return LongTailModel(
        run.heads,
        center,
        scale,
        np.asarray(positive.any(axis=0)),
        run.mean,
        np.array(corrections),
        tuple(snapshots),
    )


__all__ = ["ROLES", "LongTailModel", "LongTailSettings", "fit_long_tail"]
