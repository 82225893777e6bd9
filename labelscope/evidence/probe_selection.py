"""Which probe fits these features, and how strongly it is held back; decided by held-out log-loss.

Three are tried: nearest class means (which win where a thousand classes have a handful of rows each), a
straight logistic regression, and a curved one on random Fourier features (Rahimi and Recht 2007), which wins
on raw pixels and tables and loses on the embeddings of deep networks.

Of few rows the first two are also tried with all columns in one unit. Scores of principal components need
that: brought to one deviation each, as many of them as there are rows put all rows at the same distance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from labelscope.evidence.probe import centers, fit, predict, whiten
from labelscope.types import FloatArray, IntArray

PENALTIES = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
_TRAINING_ROWS = 4000
_CHECKED_ROWS = 500
_LARGE_WORK = 10_000_000
# Rows per column and rows in all below which both ways to scale the columns are tried.
_FEW_PER_COLUMN, _FEW_ROWS = 4, 1000
# What is slower or harder to explain has to earn its place.
_BETTER = 0.97
# The best penalty of the mean loss falls with this power of the number of rows; -1 would be a fixed prior.
_GROWTH = -0.8

Splits: TypeAlias = list[tuple[IntArray, IntArray]]
Pieces: TypeAlias = "list[_Piece]"


@dataclass(frozen=True)
class Curved:
    """Random Fourier features.

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
        sample = features[:: max(1, len(features) // 20_000)]
        deviation = sample.std(axis=0, dtype=np.float64)
        scale = np.ones(len(deviation))
        if deviation.max() > 10 * np.median(deviation):
            # In very different units the kernel would see one column only.
            scale = 1 / np.where(deviation > 0, deviation, 1)
        spread = float(np.square(deviation * scale).sum())
        rng = np.random.default_rng(random_state)
        waves = rng.standard_normal((features.shape[1], n_waves), dtype=np.float32)
        waves *= (scale * np.sqrt(2 * width / max(spread, 1e-30)))[:, None].astype(np.float32)
        return cls(sample.mean(axis=0, dtype=np.float64).astype(np.float32), waves)

    def apply(self, features: FloatArray) -> FloatArray:
        """Map (m, d) features to (m, 2 n_waves) float32."""
        phase = (features - self.mean) @ self.waves
        return np.hstack([np.cos(phase), np.sin(phase)])


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    scale : float
        Sharpness of nearest class means; a regression starts from these.
    penalty : float or None
        Strength of the squared penalty of a regression on all rows; None where nearest class means are
        chosen. It is found on fewer rows and scaled to the number that there are.
    curved : Curved or None
        The map to apply before whitening, None for a straight probe.
    one_unit : bool
        Whether whitening takes all columns to be in the same unit.
    losses : dict
        Held-out log-loss of the best probe of each kind.
    """

    scale: float = 1.0
    penalty: float | None = 0.03
    curved: Curved | None = None
    one_unit: bool = False
    losses: dict[str, float] = field(default_factory=dict)

    @property
    def shrinkage(self) -> float:
        """Share of the mean variance added before whitening."""
        return _shrinkage(self.curved)

    @property
    def kind(self) -> str:
        """The probe in words."""
        if self.penalty is None:
            return "nearest class means"
        return "logistic regression" if self.curved is None else "curved logistic regression"


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

    Returns
    -------
    Choice
    """
    n_classes = len(np.unique(codes))
    splits = _splits(codes, folds, max(_TRAINING_ROWS, 20 * n_classes))
    if not splits:
        return Choice()
    pieces = _pieces(features, codes, splits, None)
    mean_loss, scale = _best_scale(pieces)
    if len(codes) * n_classes > _LARGE_WORK:
        return Choice(scale, None, losses={"nearest class means": mean_loss})
    straight, penalty = _best_penalty(pieces, scale)
    one_unit = False
    if len(codes) < min(_FEW_PER_COLUMN * features.shape[1], _FEW_ROWS):
        alike = _pieces(features, codes, splits, None, one_unit=True)
        alike_mean, alike_scale = _best_scale(alike)
        alike_straight, alike_penalty = _best_penalty(alike, alike_scale)
        one_unit = min(alike_mean, alike_straight) < _BETTER * min(mean_loss, straight)
        if one_unit:
            mean_loss, scale, straight, penalty = alike_mean, alike_scale, alike_straight, alike_penalty
    losses = {"nearest class means": mean_loss, "logistic regression": straight}
    # A fold's model will have more rows than were tried here.
    grown = len(codes) * (1 - 1 / max(len(np.unique(folds)), 2)) / max(len(splits[0][0]), 1)
    growth = max(grown, 1.0) ** _GROWTH
    best = Choice(scale, penalty * growth, one_unit=one_unit, losses=losses)
    # With fewer rows than this no border but a straight one can be told from chance.
    if len(codes) >= 100 and features.shape[1] > 1:
        curved = Curved.of(features, random_state=random_state)
        bent_pieces = _pieces(features, codes, splits, curved)
        bent_scale = _best_scale(bent_pieces)[1]
        bent, bent_penalty = _best_penalty(bent_pieces, bent_scale)
        losses["curved logistic regression"] = bent
        if bent < _BETTER * straight:
            best = Choice(bent_scale, bent_penalty * growth, curved, losses=losses)
    if mean_loss < _BETTER * min(losses[best.kind], straight):
        return Choice(scale, None, one_unit=one_unit, losses=losses)
    return best


def _shrinkage(curved: Curved | None) -> float:
    return 0.1 if curved is None else 0.3


def _splits(codes: IntArray, folds: IntArray, most: int) -> Splits:
    """Training and check rows of as many folds as a steady estimate needs."""
    splits: Splits = []
    checked = 0
    for fold in np.unique(folds):
        train = _thinned(np.flatnonzero(folds != fold), codes, most)
        check = _thinned(np.flatnonzero(folds == fold), codes, most // 2)
        check = check[np.isin(codes[check], np.unique(codes[train]))]
        if len(check) and len(np.unique(codes[train])) > 1:
            splits.append((train, check))
            checked += len(check)
        if checked >= _CHECKED_ROWS:
            break
    return splits


def _thinned(rows: IntArray, codes: IntArray, most: int) -> IntArray:
    """At most so many rows; every m-th of a class-sorted order keeps the shares of the classes."""
    if len(rows) <= most:
        return rows
    rows = rows[np.argsort(codes[rows], kind="stable")]
    return np.asarray(rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)])


def _pieces(
    features: FloatArray, codes: IntArray, splits: Splits, curved: Curved | None, one_unit: bool = False
) -> Pieces:
    """Whitened training and check rows of each split, with classes numbered as the split has them."""
    rows = np.unique(np.concatenate([np.concatenate(split) for split in splits]))
    used = features[rows] if curved is None else curved.apply(features[rows])
    map_ = whiten(used, shrinkage=_shrinkage(curved), one_unit=one_unit)
    pieces: Pieces = []
    for train, check in splits:
        present, local = np.unique(codes[train], return_inverse=True)
        target = np.searchsorted(present, codes[check])
        inner, outer = np.searchsorted(rows, train), np.searchsorted(rows, check)
        pieces.append(_Piece(map_.apply(used, inner), local, map_.apply(used, outer), target, map_.ridge))
    return pieces


@dataclass(frozen=True)
class _Piece:
    """What one split trains on and is checked with."""

    whitened: FloatArray
    codes: IntArray
    held: FloatArray
    target: IntArray
    ridge: FloatArray

    @property
    def all_train(self) -> IntArray:
        return np.full(len(self.codes), -1)

    def centers(self, scale: float) -> FloatArray:
        return centers(self.whitened, self.codes, self.all_train, int(self.codes.max()) + 1, scale)

    def fitted(self, start: FloatArray, penalty: float) -> FloatArray:
        ridge = np.float32(penalty) * self.ridge
        return fit(self.whitened, self.codes, self.all_train, start, ridge, n_steps=8)


def _log_loss(pieces: Pieces, weights: list[FloatArray]) -> float:
    total, count = 0.0, 0
    for piece, own in zip(pieces, weights, strict=True):
        given = predict(piece.held, own[0])[np.arange(len(piece.target)), piece.target]
        total -= float(np.log(np.maximum(given, 1e-9), dtype=np.float64).sum())
        count += len(piece.target)
    return total / count


def _best_penalty(pieces: Pieces, scale: float) -> tuple[float, float]:
    """Held-out log-loss and penalty of the best regression along the path from strong to weak penalties."""
    weights = [piece.centers(scale) for piece in pieces]
    best = (np.inf, PENALTIES[0])
    for penalty in PENALTIES:
        weights = [piece.fitted(start, penalty) for piece, start in zip(pieces, weights, strict=True)]
        loss = _log_loss(pieces, weights)
        if loss < best[0]:
            best = (loss, penalty)
        elif loss > 1.005 * best[0]:
            break
    return best


def _best_scale(pieces: Pieces) -> tuple[float, float]:
    """Held-out log-loss and sharpness of the best nearest class means."""
    return min((_log_loss(pieces, [piece.centers(scale) for piece in pieces]), scale) for scale in SCALES)
