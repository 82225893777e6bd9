"""Which probe fits these features: a straight or a curved one, and how strongly it is held back.

The choice is made by held-out log-loss on part of the folds. The curved probe adds random Fourier features
(Rahimi and Recht 2007), which let a linear model draw curved borders: it wins on raw pixels and tables, and
loses on the embeddings of deep networks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from labelscope.evidence.probe import fit, predict, whiten
from labelscope.types import FloatArray, IntArray

PENALTIES = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001)
_TRAINING_ROWS = 4000
_CHECKED_ROWS = 500


@dataclass(frozen=True)
class Curved:
    """Random Fourier features of scaled rows, the rows themselves kept beside them.

    Attributes
    ----------
    mean : (d,) float32
        Center of the features.
    waves : (d, m) float32
        Directions whose cosines and sines are taken, scaling included.
    """

    mean: FloatArray
    waves: FloatArray

    @classmethod
    def of(
        cls, features: FloatArray, *, n_waves: int = 256, width: float = 0.5, random_state: int = 0
    ) -> Curved:
        """Draw waves for a Gaussian kernel; ``width`` is its exponent where the mean squared norm is one."""
        step = max(1, len(features) // 20_000)
        mean = features.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = float(
            np.square(features[::step] - mean, dtype=np.float32).sum(axis=1, dtype=np.float64).mean()
        )
        rng = np.random.default_rng(random_state)
        waves = rng.standard_normal((features.shape[1], n_waves), dtype=np.float32)
        return cls(mean, waves * np.float32(np.sqrt(2 * width / max(spread, 1e-30))))

    def apply(self, features: FloatArray) -> FloatArray:
        """Map (m, d) features to (m, 2 n_waves) float32."""
        phase = (features - self.mean) @ self.waves
        return np.hstack([np.cos(phase), np.sin(phase)])


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    penalty : float
        Strength of the squared penalty.
    curved : Curved or None
        The map to apply before whitening, None for a straight probe.
    losses : dict
        Held-out log-loss of the best straight and the best curved probe.
    """

    penalty: float
    curved: Curved | None
    losses: dict[str, float] = field(default_factory=dict)

    @property
    def shrinkage(self) -> float:
        """Share of the mean variance added before whitening."""
        return 0.1 if self.curved is None else 0.3


def choose(features: FloatArray, codes: IntArray, folds: IntArray, *, random_state: int = 0) -> Choice:
    """Choose the probe for labelled rows.

    Parameters
    ----------
    features : (n, d) float32
        Finite numbers.
    codes : (n,) int
        Classes, all of them ≥ 0.
    folds : (n,) int
        Fold of each row.
    random_state : int
        Seed of the random features.
    """
    splits = _splits(codes, folds)
    straight = _best(features, codes, splits, shrinkage=0.1)
    if straight is None:
        return Choice(0.03, None)
    losses = {"straight": straight[0]}
    # With fewer rows than this no border but a straight one can be told from chance.
    if len(codes) < 100 or features.shape[1] < 2:
        return Choice(straight[1], None, losses)
    # Columns in very different units would leave the kernel with one column only.
    curved = Curved.of(features, random_state=random_state)
    rows = np.unique(np.concatenate([np.concatenate(split) for split in splits]))
    where = np.full(len(codes), -1, dtype=np.int64)
    where[rows] = np.arange(len(rows))
    local: list[tuple[IntArray, IntArray]] = [(where[train], where[check]) for train, check in splits]
    bent = _best(curved.apply(features[rows]), codes[rows], local, shrinkage=0.3)
    if bent is None:
        return Choice(straight[1], None, losses)
    losses["curved"] = bent[0]
    # It is slower and harder to explain, so it has to earn its place.
    if bent[0] < 0.97 * straight[0]:
        return Choice(bent[1], curved, losses)
    return Choice(straight[1], None, losses)


def _splits(codes: IntArray, folds: IntArray) -> list[tuple[IntArray, IntArray]]:
    """Training and check rows of as many folds as a steady estimate needs."""
    splits: list[tuple[IntArray, IntArray]] = []
    checked = 0
    for fold in np.unique(folds):
        train = np.flatnonzero(folds != fold)
        check = np.flatnonzero(folds == fold)
        seen = np.isin(codes[check], np.unique(codes[train]))
        check = check[seen]
        if len(train) > _TRAINING_ROWS:
            # Every m-th row of a class-sorted order keeps the shares of the classes.
            train = train[np.argsort(codes[train], kind="stable")]
            train = train[np.linspace(0, len(train) - 1, _TRAINING_ROWS).astype(np.int64)]
            check = check[np.isin(codes[check], np.unique(codes[train]))][: _TRAINING_ROWS // 2]
        if len(train) and len(check) and len(np.unique(codes[train])) > 1:
            splits.append((train, check))
            checked += len(check)
        if checked >= _CHECKED_ROWS:
            break
    return splits


def _best(
    features: FloatArray, codes: IntArray, splits: list[tuple[IntArray, IntArray]], *, shrinkage: float
) -> tuple[float, float] | None:
    """Held-out log-loss and penalty of the best probe along the path from strong to weak penalties."""
    if not splits:
        return None
    map_ = whiten(features, shrinkage=shrinkage)
    pieces = []
    for train, check in splits:
        present, local = np.unique(codes[train], return_inverse=True)
        target = np.searchsorted(present, codes[check])
        pieces.append((map_.apply(features, train), local, map_.apply(features, check), target, len(present)))
    starts: list[FloatArray | None] = [None] * len(pieces)
    best: tuple[float, float] | None = None
    for penalty in PENALTIES:
        total, count = 0.0, 0
        for i, (whitened, local, held, target, n_classes) in enumerate(pieces):
            weights = fit([(whitened, local)], n_classes, penalty, n_steps=8, start=starts[i])
            starts[i] = weights
            own = predict(held, weights)[np.arange(len(target)), target]
            total -= float(np.log(np.maximum(own, 1e-9), dtype=np.float64).sum())
            count += len(target)
        loss = total / count
        if best is None or loss < best[0]:
            best = (loss, penalty)
        elif loss > 1.02 * best[0]:
            break
    return best
