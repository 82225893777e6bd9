"""What all evidence together says of each tag: a small regression, fitted to the given tags.

Two readings come out of it. The plain one weighs the model, the neighbors and what else is known of a tag,
the same way for all tags. The other also looks at the row's other tags: which tags go together, which exclude
each other, and that a row without any tag probably lacks one. Each tag is predicted from the others only, as
in a conditional dependency network (Guo and Gu 2011), and in folds, so that no entry has a say in its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from labelscope.evidence.folds import matrix_keys
from labelscope.evidence.lbfgs import Descent
from labelscope.types import FloatArray, IntArray

_FOLDS = 2
_FIT_ROWS = 20_000
_CELLS = 2_000_000
_STEPS = 60
_FEWEST_ROWS = 40
# Standard deviations of the priors of weights: of parts around what all tags share, and of other tags.
_OTHERS_SPREAD = 2.0
_OWN_SPREAD = 1.0
_FAR = 12.0
# A given tag with less than this share of the probability that such tags have on average is doubted.
_DOUBT = 0.15


@dataclass(frozen=True)
class Fused:
    """Log-odds that a tag is given, out of fold.

    Attributes
    ----------
    plain : (n, K) float32
        By what is known of the tag itself.
    in_context : (n, K) float32
        By the row's other tags too.
    weights : tuple of float
        Of the parts, mean over folds.
    """

    plain: FloatArray
    in_context: FloatArray
    weights: tuple[float, ...]


def fuse(parts: list[FloatArray], tags: IntArray, *, random_state: int = 0) -> Fused:
    """Fit both readings to the known entries.

    Parameters
    ----------
    parts : list of (n, K) float32
        Log-odds of each tag by each kind of evidence, none of which has seen the entry itself.
    tags : (n, K) int8
        1 present, 0 absent, -1 unknown.
    random_state : int
        Seed of the folds, which are dealt by the parts' content.

    Returns
    -------
    Fused
    """
    known = tags >= 0
    n_tags = tags.shape[1]
    plain = np.asarray(np.mean(parts, axis=0), dtype=np.float32)
    labelled = np.flatnonzero(known.any(axis=1))
    if len(labelled) < _FEWEST_ROWS or n_tags == 0 or not ((tags == 1).any() and (tags == 0).any()):
        return Fused(plain, plain, (1.0 / len(parts),) * len(parts))
    # Sorted, so that the order of the tags has no say in the folds either.
    keys = matrix_keys(np.sort(parts[0], axis=1), random_state=random_state)
    fold_of = (keys % np.uint64(_FOLDS)).astype(np.int64)
    most = int(np.clip(_CELLS // n_tags, 2000, _FIT_ROWS))
    used = []
    for fold in range(_FOLDS):
        train = labelled[fold_of[labelled] != fold]
        train = train if len(train) else labelled
        train = np.sort(train[np.argsort(keys[train], kind="stable")[:most]])
        slopes, intercepts = _fit_plain([part[train] for part in parts], tags[train])
        used.append(slopes)
        rows = np.flatnonzero(fold_of == fold)
        plain[rows] = _plain([part[rows] for part in parts], slopes, intercepts)
    believed = _believed(plain, tags)
    context = plain.copy()
    if n_tags > 1:
        for fold in range(_FOLDS):
            train = labelled[fold_of[labelled] != fold]
            train = train if len(train) else labelled
            train = np.sort(train[np.argsort(keys[train], kind="stable")[:most]])
            weights = _fit_context(plain[train], believed[train], tags[train])
            rows = np.flatnonzero(fold_of == fold)
            context[rows] = _with_context(weights, plain[rows], *_others(believed[rows]))
    return Fused(plain, context, tuple(float(w) for w in np.mean(used, axis=0)))


def _plain(parts: list[FloatArray], slopes: FloatArray, intercepts: FloatArray) -> FloatArray:
    level = np.broadcast_to(intercepts, parts[0].shape).astype(np.float32)
    for part, slope in zip(parts, slopes, strict=True):
        level = level + np.float32(slope) * part
    return np.asarray(np.clip(level, -_FAR, _FAR), dtype=np.float32)


def _fit_plain(parts: list[FloatArray], tags: IntArray) -> tuple[FloatArray, FloatArray]:
    """Slopes of the parts, which all tags share, and an intercept for each tag."""
    known = (tags >= 0).astype(np.float32)
    target = (tags == 1).astype(np.float32)
    n, q = max(len(tags), 1), len(parts)
    start = np.zeros(q + tags.shape[1], dtype=np.float32)
    start[:q] = 1.0 / q
    descent = Descent(start, n_steps=_STEPS, tolerance=1e-6)
    while not descent.done:
        trial = descent.trial
        level = np.broadcast_to(trial[q:], tags.shape).copy()
        for part, slope in zip(parts, trial[:q], strict=True):
            level += slope * part
        loss, error = _loss(level, target, known)
        away = trial - start
        gradient = np.concatenate([[float(np.vdot(error, part)) for part in parts], error.sum(axis=0)])
        spread = np.float32(1.0 / _OWN_SPREAD**2)
        value = (loss + 0.5 * float(spread * np.vdot(away, away))) / n
        descent.tell(value, ((gradient + spread * away) / n).astype(np.float32))
    # A part that speaks for the opposite of what it means is noise.
    return np.maximum(descent.best[:q], 0), descent.best[q:]


def _believed(plain: FloatArray, tags: IntArray) -> FloatArray:
    """How far each given tag can be believed: a tag that nothing speaks for should not exclude others.

    Unknown entries are what the evidence makes of them.
    """
    probs = 1 / (1 + np.exp(-plain))
    n_present = np.maximum((tags == 1).sum(axis=0), 1)
    usual = np.where(tags == 1, probs, 0).sum(axis=0) / n_present
    sure = np.minimum(1.0, probs / np.maximum(_DOUBT * usual, 1e-6))
    return np.where(tags == 1, sure, np.where(tags == 0, 0.0, probs)).astype(np.float32)


def _others(believed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Believed tags, and the probability that none but the tag in question is there."""
    absent = np.log1p(-np.minimum(believed, np.float32(0.999)))
    return believed, np.exp(absent.sum(axis=1, keepdims=True) - absent)


def _with_context(
    weights: FloatArray, plain: FloatArray, believed: FloatArray, alone: FloatArray
) -> FloatArray:
    """Log-odds under weights (K, K + 3): of other tags, of being alone, slope and intercept."""
    n_tags = plain.shape[1]
    level = believed @ weights[:, :n_tags].T
    level += alone * weights[:, n_tags] + plain * weights[:, n_tags + 1] + weights[:, n_tags + 2]
    return np.asarray(np.clip(level, -_FAR, _FAR), dtype=np.float32)


def _fit_context(plain: FloatArray, believed: FloatArray, tags: IntArray) -> FloatArray:
    """Weights (K, K + 3); priors keep what few rows say close to what the tag itself says."""
    n, n_tags = max(len(tags), 1), tags.shape[1]
    believed, alone = _others(believed)
    known, target = (tags >= 0).astype(np.float32), (tags == 1).astype(np.float32)
    start = np.zeros((n_tags, n_tags + 3), dtype=np.float32)
    start[:, n_tags + 1] = 1.0
    spread = np.full(n_tags + 3, 1.0 / _OTHERS_SPREAD**2, dtype=np.float32)
    spread[n_tags + 1] = 1.0 / 0.3**2
    own = np.arange(n_tags)
    descent = Descent(start, n_steps=_STEPS, tolerance=1e-6)
    while not descent.done:
        trial = descent.trial
        loss, error = _loss(_with_context(trial, plain, believed, alone), target, known)
        gradient = np.empty_like(trial)
        gradient[:, :n_tags] = error.T @ believed
        gradient[own, own] = 0  # no tag vouches for itself
        gradient[:, n_tags] = (error * alone).sum(axis=0)
        gradient[:, n_tags + 1] = (error * plain).sum(axis=0)
        gradient[:, n_tags + 2] = error.sum(axis=0)
        away = (trial - start) * spread
        value = (loss + 0.5 * float(np.vdot(away, trial - start))) / n
        descent.tell(value, ((gradient + away) / n).astype(np.float32))
    return descent.best


def _loss(level: FloatArray, target: FloatArray, known: FloatArray) -> tuple[float, FloatArray]:
    """Summed log-loss of the known entries, and its derivative by the levels."""
    small = np.exp(-np.abs(level))
    bent = (np.log1p(small) + np.maximum(level, 0) - target * level) * known
    error = (np.where(level >= 0, 1, small) / (1 + small) - target) * known
    return float(bent.sum(dtype=np.float64)), error.astype(np.float32)
