"""Training of a head on positive and unlabelled tags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.scorers.multilabel.batches import deal_batches, standardized, standardizing
from labelscope.scorers.multilabel.heads import Adam, Head, one_cycle, sigmoid, start_head
from labelscope.scorers.multilabel.pu_loss import (
    constants,
    mixed_features,
    mixed_targets,
    mixup_loss,
    temperatures,
    variational_loss,
)
from labelscope.types import BoolArray, FloatArray

# Rows that training may look at in all; larger data is gone through fewer times.
_MOST_VISITS = 500_000
_FEWEST_EPOCHS = 8
# A few hundred rows are one batch; so many steps it takes for the usual number of epochs all the same.
_FEWEST_STEPS, _EPOCHS = 250, 60
_USUAL_ROWS = 2500
_START = -1.0


@dataclass(frozen=True)
class TrainedHead:
    """A head together with how features are scaled for it and how sharp its logits are.

    Attributes
    ----------
    head : Head
    center, scale : (d,) float32
        Features are centered and multiplied.
    heat : (K,) float32
        Temperatures.
    seen : (K,) bool
        Tags with a positive among the training rows; of the others nothing was learned.
    """

    head: Head
    center: FloatArray
    scale: FloatArray
    heat: FloatArray
    seen: BoolArray

    def logits(self, features: FloatArray) -> FloatArray:
        """Logits (m, K) over their temperatures; NaN for tags that were not seen."""
        found = self.head.logits(standardized(features, self.center, self.scale)) / self.heat
        found[:, ~self.seen] = np.nan
        return found


@dataclass(frozen=True, kw_only=True)
class PUSettings:
    """Settings of the training; see `labelscope.scorers.PositiveUnlabeled`."""

    gamma: float = 0.55
    alpha: float = 1.0
    mix: float = 0.3
    epochs: int = 60
    n_hidden: int = 0
    batch_size: int = 256
    rate: float = 0.02
    decay: float = 0.5
    random_state: int = 0


def fit_positive_unlabeled(
    features: FloatArray,
    positive: BoolArray,
    settings: PUSettings | None = None,
    *,
    negative: BoolArray | None = None,
) -> TrainedHead:
    """Train one head for all tags by the variational loss and mixup.

    Parameters
    ----------
    features : (m, d) float32
        Finite numbers.
    positive : (m, K) bool
        Tags that are given; all other entries are unlabelled.
    settings : PUSettings, optional
    negative : (m, K) bool, optional
        Tags that a person said are absent.

    Returns
    -------
    TrainedHead
        The same for the same rows in the same order.
    """
    chosen = settings or PUSettings()
    rng = np.random.default_rng(chosen.random_state)
    center, scale = standardizing(features)
    points = standardized(features, center, scale)
    head = start_head(
        points.shape[1], positive.shape[1], n_hidden=chosen.n_hidden, random_state=chosen.random_state
    )
    head.layers[-1][-1] = _START
    adam = Adam(head, decay=chosen.decay)
    m = len(points)
    n_batches = max(1, m // min(max(chosen.batch_size, m // 64), 1024))
    epochs = min(chosen.epochs, max(_FEWEST_EPOCHS, _MOST_VISITS // max(m, 1)))
    epochs = max(epochs, round(chosen.epochs / _EPOCHS * _FEWEST_STEPS) // n_batches)
    # More rows are more steps, and each goes less far.
    peak = chosen.rate * min(1.0, (_USUAL_ROWS / m) ** 0.5)
    for epoch in range(epochs):
        for place, rows in enumerate(deal_batches(positive, n_batches, rng)):
            rate = one_cycle(epoch * n_batches + place, epochs * n_batches, peak)
            no = None if negative is None else negative[rows]
            adam.step(_gradients(head, points[rows], positive[rows], no, chosen, rng), rate)
    return TrainedHead(
        head, center, scale, temperatures(head.logits(points), chosen.alpha), np.asarray(positive.any(axis=0))
    )


def _gradients(
    head: Head,
    points: FloatArray,
    positive: BoolArray,
    negative: BoolArray | None,
    settings: PUSettings,
    rng: np.random.Generator,
) -> list[FloatArray]:
    """Gradients of the whole loss of one batch."""
    outputs = head.run(points)
    logits = outputs[-1]
    held = constants(logits, settings.alpha, settings.gamma)
    _, slope = variational_loss(logits, positive, negative=negative, held=held)
    # Without a positive in the batch, the unlabelled term alone would push a rare tag to nothing.
    there = positive.any(axis=0) if negative is None else (positive | negative).any(axis=0)
    gradients = head.gradients(points, outputs, (slope * there).astype(np.float32))
    if settings.mix <= 0 or len(points) < 2:
        return gradients
    share = np.float32(rng.beta(settings.mix, settings.mix))
    order = rng.permutation(len(points) // 2)
    heat = held[0]
    mixed = mixed_features(points, order, float(share)).astype(np.float32)
    targets = mixed_targets(sigmoid(logits / heat), positive, order, float(share))
    outputs = head.run(mixed)
    _, slope = mixup_loss(outputs[-1] / heat, targets)
    more = head.gradients(mixed, outputs, (slope / heat).astype(np.float32))
    return [one + other for one, other in zip(gradients, more, strict=True)]


__all__ = ["PUSettings", "TrainedHead", "fit_positive_unlabeled"]
